// ours_raw.cpp - our code memory as an allocator and nothing more: comparable with allocators that check nothing.
#include "ours.hpp"

namespace {

bool alloc(Span &span, size_t size)
{
    lifecycle_code code;
    if (!worked(lifecycle_code_reserve(manager(), size, 0, nullptr, &code)))
        return false;
    span.rx = code.rx;
    span.rw = code.rw;
    span.size = code.size;
    span.id = code.id;
    return true;
}

bool publish(Span &span, const void *code, size_t size)
{
    std::memcpy(span.rw, code, size);
    return true;
}

bool release(Span &span)
{
    lifecycle_code code = {span.rx, span.rw, span.size, span.id};
    return worked(lifecycle_code_abort(manager(), &code));
}

}  // namespace

const Backend backend = {alloc,   publish, release, nullptr, our_metadata, nullptr,
                         nullptr, nullptr, nullptr, nullptr};
