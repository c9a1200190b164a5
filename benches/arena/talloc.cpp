// talloc.cpp - children of one talloc context.
#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <talloc.h>

#include "arena.hpp"

namespace {

class Talloc : public arena::Scheme<Talloc> {
public:
    Talloc() : context_(talloc_named_const(nullptr, 0, "arena")) {}
    Talloc(const Talloc &) = delete;
    ~Talloc() { talloc_free(context_); }
    void *alloc(size_t size) { return talloc_named_const(context_, size, "object"); }
    void *grow(void *at, size_t, size_t more) { return _talloc_realloc(context_, at, more, "object"); }
    void reset() { talloc_free_children(context_); }

private:
    void *context_;
};

}  // namespace

int main(int argc, char **argv)
{
    return arena::run<Talloc>(argc, argv);
}
