// bumpalo.hpp - the Rust crate bumpalo through benches/peers: Bump<8>, its fastest, which aligns to 8.
#pragma once

#include "arena.hpp"

extern "C" {
void *peer_bump_new();
void peer_bump_free(void *bump);
void *peer_bump_alloc(void *bump, size_t size);
void *peer_bump_grow(void *bump, void *at, size_t size, size_t more);
void peer_bump_fill(void *bump, const uint32_t *sizes, size_t count);
void peer_bump_reset(void *bump);
}

class Bumpalo {
public:
    Bumpalo() : bump_(peer_bump_new()) {}
    Bumpalo(const Bumpalo &) = delete;
    ~Bumpalo() { peer_bump_free(bump_); }
    void *alloc(size_t size) { return peer_bump_alloc(bump_, size); }
    void *grow(void *at, size_t size, size_t more) { return peer_bump_grow(bump_, at, size, more); }
    void reset() { peer_bump_reset(bump_); }

protected:
    void *bump_;
};
