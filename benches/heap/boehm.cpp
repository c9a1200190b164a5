// boehm.cpp - libgc by Hans Boehm: conservative, its objects from free lists by size. It is told that references into
// the middle of objects come from roots only, which saves it a byte of each object, and does not collect while objects
// are held where it does not look.
#include <gc/gc.h>

#include "heap.hpp"

namespace {

class Boehm {
public:
    // The low two bits: 00 an address, 01 a number, 11 the first word of a structure.
    using Value = uintptr_t;
    static constexpr double BYTES_OF_CELL = 16;

    class Frame {
    public:
        explicit Frame(Boehm &) : values_{1, 1} {}
        Value &operator[](size_t at) { return values_[at]; }

    private:
        Value values_[2];
    };

    static Value number(int64_t number) { return Value(number) << 2 | 1; }
    static bool is_object(Value value) { return (value & 1) == 0; }

    Value pair() { return made(GC_MALLOC(2 * sizeof(Value))); }
    Value structure(unsigned arity)
    {
        Value made_one = made(GC_MALLOC((1 + arity) * sizeof(Value)));
        at(made_one, 0) = Value(arity) << 2 | 3;
        return made_one;
    }
    Value variable()
    {
        Value made_one = made(GC_MALLOC(sizeof(Value)));
        at(made_one, 0) = made_one;
        return made_one;
    }
    Value raw(size_t bytes) { return made(std::memset(GC_MALLOC_ATOMIC(bytes), 0, bytes)); }

    static void put(Value object, unsigned slot, Value value) { at(object, slot + shift(object)) = value; }
    static Value get(Value object, unsigned slot) { return at(object, slot + shift(object)); }

    Value *roots() { return roots_; }
    void safepoint() {}
    void quiet() { GC_disable(); }
    void collect()
    {
        if (GC_is_disabled())
            GC_enable();
        GC_gcollect();
        GC_disable();
    }
    void collected(size_t) {}
    void tell(bench::Report &) {}
    void tell_all(bench::Report &report, size_t) { report.put("collections", double(GC_get_gc_no())); }

private:
    static Value &at(Value object, size_t word) { return reinterpret_cast<Value *>(object)[word]; }
    static unsigned shift(Value object) { return (at(object, 0) & 3) == 3; }
    static Value made(void *object)
    {
        if (object == nullptr)
            bench::die("libgc has no memory");
        return Value(object);
    }

    // Where it looks: in the program's data.
    static Value roots_[heap::ROOTS];
};

Boehm::Value Boehm::roots_[heap::ROOTS];

}  // namespace

int main(int argc, char **argv)
{
    setenv("GC_MARKERS", MARKERS, 1);
    GC_set_all_interior_pointers(0);
    GC_INIT();
    return heap::run<Boehm>(argc, argv, {});
}
