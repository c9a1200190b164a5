// race.hpp - threads that begin together and work until they are told to stop: what each gets done in a second.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "bench.hpp"

namespace bench {

class Race {
public:
    // Prepares, waits at the gate, works while it is open, and returns how many operations that were.
    using Work = std::function<uint64_t(Race &)>;

    void add(Work work) { works_.push_back(std::move(work)); }
    void wait()
    {
        ready_++;
        while (!start_.load(std::memory_order_acquire)) {
        }
    }
    bool open() const { return !stop_.load(std::memory_order_relaxed); }

    // In the order in which they were added.
    std::vector<double> run(unsigned milliseconds = 150)
    {
        std::vector<uint64_t> done(works_.size());
        std::vector<std::thread> pool;
        for (size_t i = 0; i < works_.size(); i++)
            pool.emplace_back([this, &done, i] { done[i] = works_[i](*this); });
        while (ready_ < works_.size())
            std::this_thread::yield();
        uint64_t before = now();
        start_ = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        stop_ = true;
        double seconds = double(now() - before) / 1e9;
        for (auto &thread : pool)
            thread.join();
        std::vector<double> rates;
        for (uint64_t operations : done)
            rates.push_back(double(operations) / seconds);
        return rates;
    }

private:
    std::vector<Work> works_;
    std::atomic<bool> start_{false}, stop_{false};
    std::atomic<size_t> ready_{0};
};

// One thread, then two, some times in turn: `work(which, race)` as Race::Work. The typical of each, and the typical of
// how many times as much two of them do as the one before them.
template <typename Work> double one_and_two(Report &report, Work work)
{
    std::vector<double> ones, twos, scaling;
    for (int round = 0; round < 5; round++) {
        double rates[2];
        for (unsigned count : {1, 2}) {
            Race race;
            for (unsigned which = 0; which < count; which++)
                race.add([&work, which](Race &own) { return work(which, own); });
            rates[count - 1] = 0;
            for (double rate : race.run())
                rates[count - 1] += rate;
        }
        ones.push_back(rates[0]);
        twos.push_back(rates[1]);
        scaling.push_back(rates[1] / rates[0]);
    }
    report.put("one_thread", middle(ones));
    report.put("two_threads", middle(twos));
    report.put("scaling", middle(scaling));
    return middle(ones);
}

}  // namespace bench
