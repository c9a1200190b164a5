// threads.cpp - one allocator shared by one thread, then by two: pairs of allocate and free in a second.
#include <thread>

#include "workload.hpp"

namespace {

const size_t LIVE = 1000;
const size_t SIZE = 300;

// Each thread has symbols of its own and replaces a random one at a time until told to stop.
void work(unsigned which, std::atomic<bool> &start, std::atomic<bool> &stop, std::atomic<uint64_t> &total)
{
    std::vector<std::string> names(LIVE);
    std::vector<Span> spans(LIVE);
    Code code;
    bench::Random random(which + 1);
    for (size_t i = 0; i < LIVE; i++) {
        names[i] = "thread_" + std::to_string(which) + "_" + std::to_string(i);
        spans[i].name = names[i].c_str();
        make(spans[i], code.stamp(uint32_t(i)), SIZE);
    }
    while (!start.load(std::memory_order_acquire)) {
    }
    uint64_t pairs = 0;
    while (!stop.load(std::memory_order_relaxed)) {
        for (unsigned i = 0; i < 16; i++, pairs++) {
            Span &victim = spans[random.below(LIVE)];
            drop(victim);
            make(victim, code.stamp(1), SIZE);
        }
    }
    total.fetch_add(pairs);
    for (auto &span : spans)
        drop(span);
}

double pairs_per_second(unsigned count, uint64_t milliseconds)
{
    std::atomic<bool> start(false), stop(false);
    std::atomic<uint64_t> total(0);
    std::vector<std::thread> pool;
    for (unsigned i = 0; i < count; i++)
        pool.emplace_back(work, i, std::ref(start), std::ref(stop), std::ref(total));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    uint64_t before = bench::now();
    start = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    stop = true;
    double seconds = double(bench::now() - before) / 1e9;
    for (auto &thread : pool)
        thread.join();
    return double(total) / seconds;
}

}  // namespace

void threads(const Arguments &arguments)
{
    bench::Report report;
    double one = pairs_per_second(1, arguments.operations);
    double two = pairs_per_second(2, arguments.operations);
    report.put("one_thread", one);
    report.put("two_threads", two);
    report.put("scaling", two / one);
}
