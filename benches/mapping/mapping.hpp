// mapping.hpp - files in memory: one more user of one that is mapped, the first and last user of one, with many files
// mapped, and from two threads.
//
// A mapper is a class: user() = somebody who holds mappings; open(user, path, size) = the file's bytes, and close(user,
// path, bytes, size) gives them back; hold(user, path, which) = is one of those from now on, and its id; come(user,
// path) = what a user does who comes to a file that somebody holds, and go(user, path) when he leaves again;
// share(user, id) = who comes to a mapping that somebody holds, where the mapper knows such a thing (SHARES).
#pragma once

#include <cstring>
#include <initializer_list>
#include <utility>

#include "../common/files.hpp"
#include "../common/race.hpp"
#include "../common/workloads.hpp"

namespace mapping {

const size_t SIZE = 4096;
const size_t PAGE = 4096;

// One user comes to each of `order`, a stretch at a time, and leaves them again: what each of both takes.
template <typename Come, typename Go>
std::pair<double, double> come_and_go(const std::vector<size_t> &order, Come come, Go go)
{
    const size_t LENGTH = 50;
    bench::Samples comes(order.size() / LENGTH), goes(order.size() / LENGTH);
    for (size_t at = 0; at + LENGTH <= order.size(); at += LENGTH) {
        uint64_t start = bench::now();
        for (size_t i = 0; i < LENGTH; i++)
            come(order[at + i]);
        uint64_t middle = bench::now();
        for (size_t i = 0; i < LENGTH; i++)
            go(order[at + i]);
        goes.add(bench::now() - middle);
        comes.add(middle - start);
    }
    return {comes.at(0.5) / double(LENGTH), goes.at(0.5) / double(LENGTH)};
}

// COUNT files are mapped; one more user comes to one after the other, in random order, and leaves it.
template <typename Mapper> void hit(size_t count, bench::Report &report)
{
    const size_t LEAST = 50000;
    bench::Files files(count, 512);
    Mapper mapper;
    auto holder = mapper.user(), other = mapper.user();
    std::vector<size_t> order(std::max(count, LEAST));
    std::vector<uint64_t> ids(count);
    bench::Random random;
    for (size_t i = 0; i < count; i++)
        ids[i] = mapper.hold(holder, files.path(i), i);
    for (size_t &which : order)
        which = random.below(count);
    auto go = [&](size_t which) { mapper.go(other, files.path(which)); };
    auto path = come_and_go(order, [&](size_t which) { mapper.come(other, files.path(which)); }, go);
    report.put("path_ns", path.first);
    if constexpr (Mapper::SHARES) {
        auto id = come_and_go(order, [&](size_t which) { mapper.share(other, ids[which]); }, go);
        report.put("id_ns", id.first);
        report.put("release_ns", std::min(path.second, id.second));
    }
    mapper.leave();
}

// A file of BYTES comes and goes: nobody else has it. With and without a look at each of its pages.
template <typename Mapper> void cycle(size_t bytes, bench::Report &report)
{
    const size_t CYCLES = 20000;
    bench::Files files(1, bytes);
    Mapper mapper;
    auto user = mapper.user();
    bench::Stretches plain(20), touched(20);
    // In turns, so that what disturbs one disturbs the other.
    for (int round = 0; round < 10; round++) {
        plain.time(CYCLES / 10, [&] {
            size_t size;
            const char *data = mapper.open(user, files.path(0), size);
            mapper.close(user, files.path(0), data, size);
        });
        touched.time(CYCLES / 10 / (1 + bytes / (64 * PAGE)), [&] {
            size_t size;
            const char *data = mapper.open(user, files.path(0), size);
            for (size_t i = 0; i < size; i += PAGE)
                bench::keep(data[i]);
            if (size != bytes)
                bench::die("%zu bytes of %zu are mapped", size, bytes);
            bench::must_be(data, 0);
            mapper.close(user, files.path(0), data, size);
        });
    }
    report.put("cycle_ns", plain.each());
    report.put("touched_ns", touched.each());
    mapper.leave();
}

// COUNT files that are mapped; each thread is a user and comes to one after the other, by path or by id.
template <typename Mapper, bool BY_ID = false> void threads(size_t count, bench::Report &report)
{
    bench::Files files(count, 512);
    Mapper mapper;
    auto holder = mapper.user();
    decltype(holder) users[] = {mapper.user(), mapper.user()};
    std::vector<uint64_t> ids(count);
    for (size_t i = 0; i < count; i++)
        ids[i] = mapper.hold(holder, files.path(i), i);
    bench::one_and_two(report, [&](unsigned which, bench::Race &race) {
        bench::Random random(which + 1);
        uint64_t done = 0;
        race.wait();
        for (; race.open(); done++) {
            size_t file = random.below(count);
            if constexpr (BY_ID)
                mapper.share(users[which], ids[file]);
            else
                mapper.come(users[which], files.path(file));
            mapper.go(users[which], files.path(file));
        }
        return done;
    });
    mapper.leave();
}

}  // namespace mapping
