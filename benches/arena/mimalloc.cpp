// mimalloc.cpp - a heap of mimalloc, destroyed as a whole. Debian's library takes over malloc in the whole process.
#include <mimalloc.h>

#include "arena.hpp"

namespace {

class Mimalloc : public arena::Scheme<Mimalloc> {
public:
    Mimalloc() : heap_(mi_heap_new()) {}
    Mimalloc(const Mimalloc &) = delete;
    ~Mimalloc() { mi_heap_destroy(heap_); }
    void *alloc(size_t size) { return mi_heap_malloc(heap_, size); }
    void *grow(void *at, size_t, size_t more) { return mi_heap_realloc(heap_, at, more); }
    void reset()
    {
        mi_heap_destroy(heap_);
        heap_ = mi_heap_new();
    }

private:
    mi_heap_t *heap_;
};

}  // namespace

int main(int argc, char **argv)
{
    return arena::run<Mimalloc>(argc, argv);
}
