// naive.cpp - what most language runtimes begin with: pages of their own for each function, written, then protected.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "backend.hpp"

namespace {

size_t whole_pages(size_t size)
{
    static const size_t page = size_t(sysconf(_SC_PAGESIZE));
    return (size + page - 1) / page * page;
}

bool alloc(Span &span, size_t size)
{
    span.size = whole_pages(size);
    span.rx = mmap(nullptr, span.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return span.rx != MAP_FAILED;
}

bool publish(Span &span, const void *code, size_t size)
{
    std::memcpy(span.rx, code, size);
    return mprotect(span.rx, span.size, PROT_READ | PROT_EXEC) == 0;
}

bool release(Span &span)
{
    return munmap(span.rx, span.size) == 0;
}

}  // namespace

const Backend backend = {alloc,   publish, release, nullptr, nullptr,
                         nullptr, nullptr, nullptr, nullptr, nullptr};
