// arena.hpp - a million objects of 8 to 64 bytes, touched; all of them gone at once; again, on memory that was used
// before. Then rounds of the size of one eval, and one huge request among small ones. One executable for each backend,
// for a malloc of one's own (mimalloc's library has one) is everybody's.
//
// A scheme is a class: alloc(size), reset() = all of it is gone and the next round may begin, grow(at, size, more) = at
// another size, fill(sizes, count) = allocates that many and touches each, build(piece, size, pieces) = a text that
// grows by a piece at a time. It starts empty and gives everything back in the end.
#pragma once

#include <malloc.h>
#include <sys/resource.h>

#include <cstring>

#include "../common/bench.hpp"
#include "../common/memory.hpp"
#include "../common/syscalls.hpp"

namespace arena {

const size_t OBJECTS = 1000000;        // 36 MB
const size_t EVAL = 1000;              // objects of one eval: 36 kB
const size_t HUGE_BYTES = size_t(16) << 20;
const int ROUNDS = 11;

// The loops, for schemes whose alloc() the compiler sees.
template <typename Own> struct Scheme {
    // For schemes that have nothing of the kind.
    void *grow(void *at, size_t size, size_t more)
    {
        return std::memcpy(static_cast<Own &>(*this).alloc(more), at, size);
    }
    void build(const char *piece, size_t size, size_t pieces)
    {
        Own &own = static_cast<Own &>(*this);
        char *text = static_cast<char *>(own.alloc(size));
        std::memcpy(text, piece, size);
        for (size_t len = size; len < pieces * size; len += size) {
            text = static_cast<char *>(own.grow(text, len, len + size));
            std::memcpy(text + len, piece, size);
        }
    }
    void fill(const uint32_t *sizes, size_t count)
    {
        Own &own = static_cast<Own &>(*this);
        for (size_t i = 0; i < count; i++)
            *static_cast<volatile char *>(own.alloc(sizes[i])) = char(i);
    }
};

inline double faults()
{
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return double(usage.ru_minflt);
}

// From nothing to 36 MB, once; then on the memory of the round before.
template <typename Own> void rounds(const std::vector<uint32_t> &sizes, bench::Report &report)
{
    Own scheme;
    double before = faults();
    report.put("first_ns", bench::time([&] { scheme.fill(sizes.data(), OBJECTS); }) / double(OBJECTS));
    report.put("first_faults", faults() - before);
    report.put("first_reset_ns", bench::time([&] { scheme.reset(); }));
    scheme.fill(sizes.data(), OBJECTS);
    scheme.reset();

    std::vector<double> fills, resets;
    before = faults();
    for (int round = 0; round < ROUNDS; round++) {
        fills.push_back(bench::time([&] { scheme.fill(sizes.data(), OBJECTS); }) / double(OBJECTS));
        resets.push_back(bench::time([&] { scheme.reset(); }));
    }
    report.put("refill_faults", (faults() - before) / ROUNDS);
    report.put("alloc_ns", bench::middle(fills));
    report.put("reset_ns", bench::middle(resets));
    double calls = bench::system_calls([&] { scheme.fill(sizes.data(), OBJECTS); }, [&] { scheme.reset(); });
    if (calls >= 0)
        report.put("reset_calls", calls);
}

// Some objects and a reset, again and again: what evals do. Nanoseconds for one such turn.
template <typename Own> double turn(Own &scheme, const std::vector<uint32_t> &sizes, size_t objects, size_t turns)
{
    std::vector<double> each;
    for (int round = 0; round < ROUNDS; round++) {
        each.push_back(bench::time([&] {
            for (size_t i = 0; i < turns; i++) {
                scheme.fill(sizes.data() + i, objects);
                scheme.reset();
            }
        }));
    }
    return bench::middle(each) / double(turns);
}

template <typename Own> void evals(const std::vector<uint32_t> &sizes, bench::Report &report)
{
    Own scheme;
    report.put("eval_ns", turn(scheme, sizes, EVAL, 100) / double(EVAL));
    report.put("three_ns", turn(scheme, sizes, 3, 10000));
    report.put("one_ns", turn(scheme, sizes, 1, 10000));
    const size_t size = 64, pieces = 4096;
    std::string piece(size, 'x');
    report.put("grow_ns", bench::median_of(
        ROUNDS, [] {}, [&] { scheme.build(piece.data(), size, pieces); }, [&] { scheme.reset(); }) / double(pieces));
}

// One request of 16 MB between small ones, its pages touched, in every round: at first, and when an allocator that
// watches what rounds need has seen enough of them.
template <typename Own> void huge(const std::vector<uint32_t> &sizes, bench::Report &report)
{
    Own scheme;
    double before = bench::memory().all;
    std::vector<double> takes, rounds;
    for (int round = 0; round < 75; round++) {
        rounds.push_back(bench::time([&] {
            scheme.fill(sizes.data(), EVAL);
            volatile char *at = nullptr;
            takes.push_back(bench::time([&] { at = static_cast<volatile char *>(scheme.alloc(HUGE_BYTES)); }));
            for (size_t i = 0; i < HUGE_BYTES; i += 4096)
                at[i] = 1;
            scheme.fill(sizes.data() + EVAL, EVAL);
            scheme.reset();
        }));
    }
    auto last_five = [](const std::vector<double> &all) { return bench::middle({all.end() - 5, all.end()}); };
    report.put("huge_round_ns", bench::middle({rounds.begin(), rounds.begin() + 5}));
    report.put("huge_later_round_ns", last_five(rounds));
    report.put("huge_later_ns", last_five(takes));
    report.put("huge_kept_mb", std::max(0.0, bench::memory().all - before) / 1e6);
}

// "huge" runs in a process of its own: where it finds memory that others gave back it costs nothing.
template <typename Own> int run(int argc, char **argv)
{
    // The C library gives memory back and takes it again each round if it is not told what it told itself later on.
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    bench::Random random;
    std::vector<uint32_t> sizes(OBJECTS);
    for (auto &size : sizes)
        size = uint32_t(8 + random.below(57));
    bench::Report report;
    if (argc > 1 && std::strcmp(argv[1], "huge") == 0) {
        huge<Own>(sizes, report);
    } else {
        rounds<Own>(sizes, report);
        evals<Own>(sizes, report);
    }
    return EXIT_SUCCESS;
}

}  // namespace arena
