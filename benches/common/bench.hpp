// bench.hpp - what every driver needs: a clock whose own cost is known, samples, one JSON object a run, random numbers.
//
// A driver measures one thing in a fresh process and prints one JSON object; benches/run.py runs it again and again,
// interleaved with the others, and benches/report.py compares. Nothing here knows of any backend.
#pragma once

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

inline uint64_t now()
{
    timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return uint64_t(at.tv_sec) * 1000000000u + uint64_t(at.tv_nsec);
}

// What two readings in a row differ by: the mean, for the clock ticks in steps of about its own cost.
inline double clock_cost()
{
    static const double cost = [] {
        double best = 1e9;
        for (int round = 0; round < 20; round++) {
            const int reads = 2000;
            uint64_t start = now();
            for (int i = 0; i < reads; i++)
                now();
            best = std::min(best, double(now() - start) / (reads + 1));
        }
        return best;
    }();
    return cost;
}

[[noreturn]] inline void die(const char *format, ...)
{
    va_list rest;
    va_start(rest, format);
    std::vfprintf(stderr, format, rest);
    va_end(rest);
    std::fputc('\n', stderr);
    std::exit(EXIT_FAILURE);
}

// Keeps a value, and whatever it took to make it, from being optimised away.
template <typename T> inline void keep(T const &value)
{
    asm volatile("" : : "r,m"(value) : "memory");
}

// The one JSON object that a run prints: names and numbers.
class Report {
public:
    void put(const std::string &name, double value)
    {
        char text[64];
        std::snprintf(text, sizeof text, "%.6g", value);
        fields_ += (fields_.empty() ? "" : ", ") + ("\"" + name + "\": " + text);
    }
    ~Report()
    {
        put("clock_ns", clock_cost());
        std::printf("{%s}\n", fields_.c_str());
    }

private:
    std::string fields_;
};

// What an operation takes, the clock's cost taken off.
template <typename Operation> double time(Operation operation)
{
    uint64_t start = now();
    operation();
    return std::max(0.0, double(now() - start) - clock_cost());
}

inline double middle(std::vector<double> values)
{
    std::nth_element(values.begin(), values.begin() + long(values.size() / 2), values.end());
    return values[values.size() / 2];
}

// The median of so many rounds; what a round prepares first and cleans up after is not timed.
template <typename Before, typename Operation, typename After>
double median_of(int rounds, Before before, Operation operation, After after)
{
    std::vector<double> all;
    for (int round = 0; round < rounds; round++) {
        before();
        all.push_back(time(operation));
        after();
    }
    return middle(all);
}

// Durations of single operations. The clock's cost is taken off when they are reported.
class Samples {
public:
    explicit Samples(size_t room) { values_.reserve(room); }
    void add(uint64_t nanoseconds) { values_.push_back(nanoseconds); }
    double at(double part)
    {
        if (values_.empty())
            return 0;
        size_t index = std::min(values_.size() - 1, size_t(part * double(values_.size())));
        std::nth_element(values_.begin(), values_.begin() + long(index), values_.end());
        return std::max(0.0, double(values_[index]) - clock_cost());
    }
    void report(Report &report, const std::string &name)
    {
        report.put(name + "_p50", at(0.50));
        report.put(name + "_p99", at(0.99));
        report.put(name + "_p999", at(0.999));
        report.put(name + "_max", at(1.0));
    }

private:
    std::vector<uint64_t> values_;
};

// Operations too short for a clock around each: stretches of them are timed, and the median stretch counts, so that
// what else the machine does stays out of it. The longer an operation is, the fewer make a stretch that is not
// disturbed.
class Stretches {
public:
    static const size_t LENGTH = 200;
    explicit Stretches(size_t length = LENGTH) : length_(length) {}
    template <typename Operation> void time(size_t count, Operation operation)
    {
        for (size_t done = 0; done < count; done += length_) {
            uint64_t start = now();
            for (size_t i = 0; i < length_; i++)
                operation();
            samples_.add(now() - start);
        }
    }
    double each() { return samples_.at(0.5) / double(length_); }

private:
    size_t length_;
    Samples samples_{1024};
};

// xorshift64*: the same numbers on every machine, from a fixed seed.
class Random {
public:
    explicit Random(uint64_t seed = 0x9E3779B97F4A7C15u) : state_(seed) {}
    uint64_t next()
    {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 2685821657736338717u;
    }
    uint64_t below(uint64_t bound) { return (next() >> 11) % bound; }
    double unit() { return double((next() >> 11) + 1) * (1.0 / 9007199254740993.0); }

private:
    uint64_t state_;
};

}  // namespace bench
