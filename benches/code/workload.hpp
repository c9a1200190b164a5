// workload.hpp - what the workloads share: sizes from a fixed seed, code with a number in it, and keeping spans.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "../common/bench.hpp"
#include "../common/memory.hpp"
#include "backend.hpp"

struct Arguments {
    size_t count = 20000;       // symbols live
    size_t operations = 50000;  // operations timed
    char sizes = 'U';           // U: 8..1031, as asmjit's own test; L: lognormal, median 320, sigma 1.1, 16..65536
};

void fill(const Arguments &arguments);
void churn(const Arguments &arguments);
void threads(const Arguments &arguments);
void publisher(const Arguments &arguments);
void replace(const Arguments &arguments);
void modules(const Arguments &arguments);
void lookup(const Arguments &arguments);
void forks(const Arguments &arguments);

// Sizes are drawn before anything is timed.
inline std::vector<uint32_t> draw_sizes(size_t count, char kind)
{
    std::vector<uint32_t> sizes(count);
    bench::Random random;
    for (auto &size : sizes) {
        if (kind == 'U') {
            size = uint32_t(8 + random.below(1024));
        } else {
            double radius = std::sqrt(-2 * std::log(random.unit()));
            double normal = radius * std::cos(2 * 3.14159265358979 * random.unit());
            size = uint32_t(std::clamp(320 * std::exp(1.1 * normal), 16.0, 65536.0));
        }
    }
    return sizes;
}

inline std::vector<std::string> draw_names(size_t count)
{
    std::vector<std::string> names(count);
    for (size_t i = 0; i < count; i++)
        names[i] = "function_" + std::to_string(i);
    return names;
}

// mov eax, number; ret; and as many more bytes as the largest size.
class Code {
public:
    Code() : bytes_(65536, 0x90)
    {
        bytes_[0] = 0xb8;
        bytes_[5] = 0xc3;
        stamp(0);
    }
    const void *stamp(uint32_t number)
    {
        std::memcpy(&bytes_[1], &number, sizeof number);
        return bytes_.data();
    }

private:
    std::vector<unsigned char> bytes_;
};

inline uint32_t stamp_of(const void *code)
{
    uint32_t number;
    std::memcpy(&number, static_cast<const char *>(code) + 1, sizeof number);
    return number;
}

inline Function function_at(void *address)
{
    Function function;
    std::memcpy(&function, &address, sizeof function);
    return function;
}

inline void make(Span &span, const void *code, size_t size)
{
    if ((backend.alloc != nullptr && !backend.alloc(span, size)) || !backend.publish(span, code, size))
        bench::die("no room for %zu bytes of code", size);
}

inline void drop(Span &span)
{
    if (!backend.release(span))
        bench::die("code at %p was not released", span.rx);
}

inline void settle()
{
    if (backend.settle != nullptr)
        backend.settle();
}

// Calls the functions in turn. What a backend without rules of its own does.
inline uint64_t execute(const std::atomic<Function> *functions, unsigned count, const std::atomic<bool> &stop)
{
    if (backend.execute != nullptr)
        return backend.execute(functions, count, stop);
    uint64_t calls = 0;
    while (!stop.load(std::memory_order_relaxed))
        for (unsigned i = 0; i < 64; i++, calls++)
            bench::keep(functions[calls % count].load(std::memory_order_acquire)());
    return calls;
}
