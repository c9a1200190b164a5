// ours.hpp - our arena; `allocate` is the inline function of the header or the call through the shared library.
#pragma once

#include "../common/ours.hpp"
#include "arena.hpp"

template <void *(*allocate)(lifecycle_arena *, size_t)> class Ours : public arena::Scheme<Ours<allocate>> {
public:
    Ours() { must(lifecycle_arena_create(nullptr, &arena_)); }
    Ours(const Ours &) = delete;
    ~Ours() { lifecycle_arena_destroy(arena_); }
    void *alloc(size_t size) { return allocate(arena_, size); }
    void *grow(void *at, size_t size, size_t more) { return lifecycle_arena_grow(arena_, at, size, more); }
    void reset() { lifecycle_arena_reset(arena_); }

private:
    lifecycle_arena *arena_ = nullptr;
};
