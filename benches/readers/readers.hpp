// readers.hpp - what a way of being inside costs, and how long a retired thing waits while somebody is busy inside.
//
// A scheme is a class: attach() and detach() for a thread, enter() and leave() inline, grace() = something is retired
// and has been reclaimed when it returns. One executable for each.
#pragma once

#include <atomic>
#include <thread>

#include "../common/bench.hpp"

namespace readers {

const uint64_t PAIRS = 500000;
const int ROUNDS = 25;
const size_t GRACES = 2000;

// About 50 ns of work, so that the busy reader is inside nearly always.
inline void work()
{
    for (int i = 0; i < 100; i++)
        asm volatile("");
}

template <typename Scheme> void pairs(Scheme &scheme, bench::Report &report)
{
    double best = 1e9, empty = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = bench::now();
        for (uint64_t i = 0; i < PAIRS; i++)
            asm volatile("" : : : "memory");
        empty = std::min(empty, double(bench::now() - start) / double(PAIRS));
        start = bench::now();
        for (uint64_t i = 0; i < PAIRS; i++) {
            scheme.enter();
            asm volatile("" : : : "memory");
            scheme.leave();
        }
        best = std::min(best, double(bench::now() - start) / double(PAIRS));
    }
    report.put("pair_ns", std::max(0.0, best - empty));
}

template <typename Scheme> void graces(bench::Report &report)
{
    std::atomic<bool> stop(false), ready(false);
    std::thread busy([&] {
        Scheme scheme;
        scheme.attach();
        ready = true;
        while (!stop.load(std::memory_order_relaxed)) {
            scheme.enter();
            work();
            scheme.leave();
        }
        scheme.detach();
    });
    while (!ready)
        std::this_thread::yield();
    Scheme scheme;
    scheme.attach();
    bench::Samples samples(GRACES);
    for (size_t i = 0; i < GRACES; i++) {
        scheme.prepare();
        uint64_t before = bench::now();
        scheme.grace();
        samples.add(bench::now() - before);
    }
    scheme.detach();
    stop = true;
    busy.join();
    samples.report(report, "grace");
}

// For schemes with nothing to do at these points.
struct Scheme {
    void attach() {}
    void detach() {}
    void prepare() {}
};

template <typename Scheme> int run()
{
    bench::Report report;
    {
        Scheme scheme;
        scheme.attach();
        pairs(scheme, report);
        scheme.detach();
    }
    graces<Scheme>(report);
    return EXIT_SUCCESS;
}

}  // namespace readers
