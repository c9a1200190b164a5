// sweep.hpp - COUNT tracked symbols, one in a hundred of them stale: counting, evicting, and a sweep every epoch while
// some are used. The same numbers drive ours and the map.
//
// A tracker has add(i) (in the epoch that is now), advance(), use(i), stale(age), sweep(age) = how many went.
#pragma once

#include "../common/bench.hpp"

namespace sweep {

const uint64_t AGE = 4;
const int EPOCHS = 40;

// Ranks by Zipf's law with exponent 1: the inverse of its sum, which is about ln(n).
inline size_t zipf(bench::Random &random, size_t count)
{
    double rank = std::exp(random.unit() * std::log(double(count) + 1));
    return std::min(count - 1, size_t(rank) - 1);
}

template <typename Tracker> void steady(Tracker &tracker, size_t count, bench::Report &report)
{
    bench::Random random;
    bench::Samples samples(EPOCHS);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        tracker.advance();
        for (size_t i = 0; i < 10000; i++)
            tracker.use(count / 100 + zipf(random, count - count / 100));
        uint64_t before = bench::now();
        // Nothing is that old: what is left to pay is looking.
        if (tracker.sweep(1000) != 0)
            bench::die("a symbol went that was used");
        samples.add(bench::now() - before);
    }
    samples.report(report, "steady");
}

// Each symbol is used every tenth epoch, so that none goes and a tenth of them has been used since it was looked at.
template <typename Tracker> void rotating(Tracker &tracker, size_t count, bench::Report &report)
{
    bench::Samples samples(EPOCHS);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        tracker.advance();
        for (size_t i = count / 100 + size_t(epoch % 10); i < count; i += 10)
            tracker.use(i);
        uint64_t before = bench::now();
        if (tracker.sweep(14) != 0)
            bench::die("a symbol went that was used");
        samples.add(bench::now() - before);
    }
    samples.report(report, "rotating");
}

template <typename Tracker> int run(int argc, char **argv)
{
    size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10000;
    Tracker tracker(count);
    bench::Report report;
    uint64_t start = bench::now();
    for (size_t i = 0; i < count / 100; i++)
        tracker.add(i);
    for (int i = 0; i < 4; i++)
        tracker.advance();
    for (size_t i = count / 100; i < count; i++)
        tracker.add(i);
    report.put("track_ns", double(bench::now() - start) / double(count));
    for (int i = 0; i < 3; i++)
        tracker.advance();

    start = bench::now();
    size_t stale = tracker.stale(AGE);
    report.put("count_ns", double(bench::now() - start) - bench::clock_cost());
    start = bench::now();
    size_t evicted = tracker.sweep(AGE);
    double total = double(bench::now() - start) - bench::clock_cost();
    if (stale != count / 100 || evicted != stale)
        bench::die("%zu stale and %zu evicted of %zu", stale, evicted, count / 100);
    report.put("sweep_ns", total);
    report.put("evict_ns", total / double(evicted));
    rotating(tracker, count, report);
    steady(tracker, count, report);
    return EXIT_SUCCESS;
}

}  // namespace sweep
