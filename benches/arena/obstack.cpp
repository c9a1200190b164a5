// obstack.cpp - the C library's obstack, over its malloc.
#include <obstack.h>

#include "arena.hpp"

#define obstack_chunk_alloc std::malloc
#define obstack_chunk_free std::free

namespace {

class Obstack : public arena::Scheme<Obstack> {
public:
    Obstack()
    {
        obstack_init(&stack_);
        first_ = obstack_alloc(&stack_, 0);
    }
    Obstack(const Obstack &) = delete;
    ~Obstack() { obstack_free(&stack_, nullptr); }
    void *alloc(size_t size) { return obstack_alloc(&stack_, size); }
    void build(const char *piece, size_t size, size_t pieces)
    {
        for (size_t i = 0; i < pieces; i++)
            obstack_grow(&stack_, piece, size);
        bench::keep(obstack_finish(&stack_));
    }
    void reset() { obstack_free(&stack_, first_); }

private:
    struct obstack stack_;
    void *first_;
};

}  // namespace

int main(int argc, char **argv)
{
    return arena::run<Obstack>(argc, argv);
}
