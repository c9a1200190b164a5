// asmjit.cpp - asmjit's JitAllocator, built three times: OPTIONS are dual mapping, dual mapping with poison, and its
// default, which is memory that is writable and executable at once.
#include <asmjit/core.h>

#include <cstring>

#include "../common/bench.hpp"
#include "backend.hpp"

namespace {

asmjit::JitAllocator &allocator()
{
    static asmjit::JitAllocator *made = [] {
        asmjit::JitAllocator::CreateParams parameters;
        parameters.options = asmjit::JitAllocatorOptions(OPTIONS);
        return new asmjit::JitAllocator(&parameters);
    }();
    return *made;
}

bool alloc(Span &span, size_t size)
{
    span.size = size;
    if (allocator().alloc(&span.rx, &span.rw, size) != asmjit::kErrorOk)
        return false;
    span.id = uint64_t(span.rx);
    return true;
}

bool publish(Span &span, const void *code, size_t size)
{
    std::memcpy(span.rw, code, size);
    asmjit::VirtMem::flushInstructionCache(span.rx, size);
    return true;
}

bool release(Span &span)
{
    return allocator().release(span.rx) == asmjit::kErrorOk;
}

uint64_t query(const void *pc)
{
    void *rx = nullptr, *rw = nullptr;
    size_t size = 0;
    void *asked = const_cast<void *>(pc);
    return allocator().query(asked, &rx, &rw, &size) == asmjit::kErrorOk ? uint64_t(rx) : 0;
}

size_t metadata()
{
    return allocator().statistics().overheadSize();
}

}  // namespace

const Backend backend = {alloc,   publish, release, query,   metadata,
                         nullptr, nullptr, nullptr, nullptr, nullptr};
