// threads.hpp - a table of names that threads share: lookups in a second of one thread and of two, and of one beside
// a thread that binds and unbinds all the time. Peers have a lock around each operation.
#pragma once

#include <pthread.h>

#include "../common/race.hpp"
#include "names.hpp"

namespace names {

struct NoLock {
    void read() {}
    void write() {}
    void release() {}
};

struct Mutex {
    void read() { pthread_mutex_lock(&lock_); }
    void write() { pthread_mutex_lock(&lock_); }
    void release() { pthread_mutex_unlock(&lock_); }

private:
    pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
};

struct Rwlock {
    void read() { pthread_rwlock_rdlock(&lock_); }
    void write() { pthread_rwlock_wrlock(&lock_); }
    void release() { pthread_rwlock_unlock(&lock_); }

private:
    // Without this kind a writer never has its turn beside readers.
    pthread_rwlock_t lock_ = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
};

template <typename Table, typename Lock> class Shared {
public:
    explicit Shared(size_t count) : table_(count + 1), live_(count)
    {
        table_.modules(MODULES);
        fill(table_, count);
        for (size_t i = 0; i < count; i++)
            live_[i] = uint32_t(i);
    }

    uint64_t read(unsigned which, bool writer, bench::Race &race)
    {
        bench::Random random(which + 1);
        std::vector<Name> asked(1 << 14);
        for (Name &name : asked)
            spell(name, uint32_t(random.below(live_.size())));
        uint64_t done = 0, missing = 0;
        size_t at = 0;
        race.wait();
        while (race.open()) {
            for (unsigned i = 0; i < 64; i++, done++) {
                typename Table::Found found;
                lock_.read();
                bool bound = table_.find(asked[at].text, LENGTH, found);
                lock_.release();
                missing += !bound;
                if (bound && found.aux != found.value + 1)
                    bench::die("half of a binding was seen");
                at = (at + 1) % asked.size();
            }
        }
        if (missing != 0 && !writer)
            bench::die("a name is lost");
        return done;
    }

    // A name goes and comes again with another value: readers find it or not.
    uint64_t write(bench::Race &race)
    {
        bench::Random random(99);
        uint64_t done = 0;
        race.wait();
        for (; race.open(); done++) {
            Name name;
            size_t which = random.below(live_.size());
            spell(name, uint32_t(which));
            lock_.write();
            table_.unbind(name.text);
            lock_.release();
            live_[which] += uint32_t(live_.size());
            lock_.write();
            table_.bind(name.text, binding_of(live_[which], which % MODULES));
            lock_.release();
        }
        return done;
    }

private:
    Table table_;
    Lock lock_;
    std::vector<uint32_t> live_;
};

template <typename Table, typename Lock> void share(size_t count, bench::Report &report)
{
    Shared<Table, Lock> shared(count);
    double one = bench::one_and_two(
        report, [&](unsigned which, bench::Race &race) { return shared.read(which, false, race); });
    std::vector<double> reads, writes;
    for (int round = 0; round < 5; round++) {
        bench::Race race;
        race.add([&](bench::Race &own) { return shared.read(0, true, own); });
        race.add([&](bench::Race &own) { return shared.write(own); });
        std::vector<double> rates = race.run();
        reads.push_back(rates[0]);
        writes.push_back(rates[1]);
    }
    report.put("beside_reads", bench::middle(reads));
    report.put("beside_writes", bench::middle(writes));
    report.put("beside_ratio", bench::middle(reads) / one);
}

// COUNT names, and the lock: none, mutex or rwlock.
template <typename Table> void threads(const Arguments &arguments, bench::Report &report)
{
    if (std::strcmp(arguments.lock, "mutex") == 0)
        share<Table, Mutex>(arguments.count, report);
    else if (std::strcmp(arguments.lock, "rwlock") == 0)
        share<Table, Rwlock>(arguments.count, report);
    else
        share<Table, NoLock>(arguments.count, report);
}

}  // namespace names
