// crate.cpp - the Rust crate jit-allocator, through benches/peers. It has no lock, so threads share it under one.
// Steady churn makes version 0.2.8 crash or panic in its own release(), from Rust too: that is what its rows then say.
#include <cstring>
#include <mutex>

#include "backend.hpp"

extern "C" {
bool peer_jit_alloc(size_t size, void **rx, void **rw);
bool peer_jit_release(void *rx);
void *peer_jit_query(const void *pc);
}

namespace {

std::mutex lock;

bool alloc(Span &span, size_t size)
{
    std::lock_guard<std::mutex> guard(lock);
    span.size = size;
    if (!peer_jit_alloc(size, &span.rx, &span.rw))
        return false;
    span.id = uint64_t(span.rx);
    return true;
}

bool publish(Span &span, const void *code, size_t size)
{
    std::memcpy(span.rw, code, size);
    return true;
}

bool release(Span &span)
{
    std::lock_guard<std::mutex> guard(lock);
    return peer_jit_release(span.rx);
}

uint64_t query(const void *pc)
{
    std::lock_guard<std::mutex> guard(lock);
    return uint64_t(peer_jit_query(pc));
}

}  // namespace

const Backend backend = {alloc,   publish, release, query,   nullptr,
                         nullptr, nullptr, nullptr, nullptr, nullptr};
