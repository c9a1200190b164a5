// values.hpp - what hosts of values are asked for: handles, dropping them all, keeping what they name, getting it back.
// The same loops drive ours, Lua, SWI-Prolog and slotmap; what only some can do is in their own files.
//
// A host is a class: begin(count) = up to `count` handles may be made now, end() = all of them go; make_get(number) and
// make_get_text(text, len) = a handle is made and read; list(count, len) = numbers (len 0) or texts; dict(count);
// nest(levels) = lists in lists; twice(levels) = a list of the same list twice, and so on; keep(handle) = it outlives
// end(); wrap(kept) = a handle for it; walk(handle, count) = reads every element; walk_down(handle, levels); release.
#pragma once

#include <cstring>
#include <initializer_list>

#include "../common/bench.hpp"
#include "../common/memory.hpp"
#include "../common/workloads.hpp"

namespace values {

const size_t HANDLES = 1000;   // of one eval
const size_t ELEMENTS = 1000;  // of one list
const int ROUNDS = 201;

// A thousand characters, of which tests take as many as they need, each time others.
class Text {
public:
    Text() : text_(2000, 'a') {}
    const char *next()
    {
        at_ = (at_ + 1) % 1000;
        text_[at_]++;
        return text_.data() + at_;
    }

private:
    std::string text_;
    size_t at_ = 0;
};

template <typename Host> void handles(size_t, bench::Report &report)
{
    Host host;
    int64_t sum = 0;
    double all = bench::median_of(
        ROUNDS, [&] { host.begin(HANDLES); },
        [&] {
            for (size_t i = 0; i < HANDLES; i++)
                sum += host.make_get(int64_t(i));
        },
        [&] { host.end(); });
    report.put("make_get_ns", all / double(HANDLES));
    report.put("eval_ns", bench::median_of(
        ROUNDS, [] {},
        [&] {
            for (size_t i = 0; i < HANDLES; i++) {
                host.begin(0);
                host.end();
            }
        },
        [] {}) / double(HANDLES));
    if (sum != ROUNDS * int64_t(HANDLES * (HANDLES - 1) / 2))
        bench::die("what was read is not what was made");
}

template <typename Host> void texts(size_t, bench::Report &report)
{
    Host host;
    Text text;
    for (size_t len : {8, 32, 1000}) {
        double all = bench::median_of(
            ROUNDS, [&] { host.begin(HANDLES); },
            [&] {
                for (size_t i = 0; i < HANDLES; i++)
                    bench::keep(host.make_get_text(text.next(), len));
            },
            [&] { host.end(); });
        report.put("text" + std::to_string(len) + "_ns", all / double(HANDLES));
    }
}

// All handles of an eval go at once.
template <typename Host> void drop(size_t count, bench::Report &report)
{
    Host host;
    report.put("drop_ns", bench::median_of(
        count > 100000 ? 11 : ROUNDS,
        [&] {
            host.begin(count);
            for (size_t i = 0; i < count; i++)
                host.make_get(int64_t(i));
        },
        [&] { host.end(); }, [] {}));
}

// Keeps what `make` makes, gets it back, lets it go. Figures are for one of `count` parts. `walk` may be nullptr.
template <typename Host, typename Make, typename Walk>
void keeping(const std::string &name, size_t count, int rounds, Host &host, bench::Report &report, Make make, Walk walk)
{
    std::vector<double> keeps, wraps, walks, releases;
    for (int round = 0; round < rounds; round++) {
        typename Host::Kept kept{};
        host.begin(3 * count + 100);
        auto made = make();
        keeps.push_back(bench::time([&] { kept = host.keep(made); }));
        host.end();
        host.begin(3 * count + 100);
        decltype(made) wrapped{};
        if (Host::WRAPS)
            wraps.push_back(bench::time([&] { wrapped = host.wrap(kept); }));
        else
            wrapped = host.wrap(kept);
        walks.push_back(bench::time([&] { walk(wrapped); }));
        host.end();
        releases.push_back(bench::time([&] { host.release(kept); }));
    }
    report.put(name + "_keep_ns", bench::middle(keeps) / double(count));
    if (Host::WRAPS)
        report.put(name + "_wrap_ns", bench::middle(wraps) / double(count));
    report.put(name + "_walk_ns", bench::middle(walks) / double(count));
    if (Host::WRAPS)
        report.put(name + "_read_ns", (bench::middle(wraps) + bench::middle(walks)) / double(count));
    report.put(name + "_release_ns", bench::middle(releases) / double(count));
}

template <typename Host> void lists(size_t, bench::Report &report)
{
    Host host;
    for (size_t len : {0, 8, 32, 1000}) {
        std::string name = len == 0 ? "ints" : "text" + std::to_string(len);
        keeping(name, ELEMENTS, ROUNDS, host, report, [&] { return host.list(ELEMENTS, len); },
                [&](typename Host::Handle list) {
                    if (host.walk(list, len) != int64_t(len == 0 ? ELEMENTS * (ELEMENTS - 1) / 2 : ELEMENTS * len))
                        bench::die("what was kept is not what was made");
                });
    }
    keeping("dict", ELEMENTS, ROUNDS, host, report, [&] { return host.dict(ELEMENTS); },
            [&](typename Host::Handle dict) {
                if (host.dict_get(dict, ELEMENTS / 2) != int64_t(ELEMENTS / 2))
                    bench::die("what was kept is not what was made");
            });
}

template <typename Host> void deep(size_t count, bench::Report &report)
{
    Host host;
    std::vector<double> builds;
    keeping("deep", count, 5, host, report,
            [&] {
                typename Host::Handle made{};
                builds.push_back(bench::time([&] { made = host.nest(count); }));
                return made;
            },
            [&](typename Host::Handle nest) {
                if (host.walk_down(nest) != count)
                    bench::die("it is not as deep as it was made");
            });
    report.put("deep_build_ns", bench::middle(builds) / double(count));
}

// Whoever loses the sharing has 2^count parts to keep.
template <typename Host> void shared(size_t count, bench::Report &report)
{
    Host host;
    keeping("shared", 1, 21, host, report, [&] { return host.twice(count); },
            [&](typename Host::Handle top) {
                if (host.walk_down(top) != count)
                    bench::die("it is not as deep as it was made");
            });
}

inline int rounds_for(size_t count)
{
    return count > 100000 ? 1 : count > 1000 ? 3 : 11;
}

// One element more for a variable, `count` times, from nothing: what each takes on the average.
template <typename Host> void append(size_t count, bench::Report &report)
{
    Host host;
    Text text;
    std::vector<double> lists, dicts;
    for (int round = 0; round < rounds_for(count); round++) {
        host.clear_variables();
        lists.push_back(bench::time([&] {
            for (size_t i = 0; i < count; i++)
                host.append("x", int64_t(i));
        }));
        dicts.push_back(bench::time([&] {
            for (size_t i = 0; i < count; i++)
                host.set_key("d", int64_t(i));
        }));
        if (host.length("x") != count || host.size("d") != count)
            bench::die("the variable has not what was put there");
    }
    report.put("append_ns", bench::middle(lists) / double(count));
    report.put("set_key_ns", bench::middle(dicts) / double(count));
}

// One element of a variable of so many, each in an eval of its own.
template <typename Host> void read_one(size_t count, bench::Report &report)
{
    Host host;
    host.fill_variable("x", count);
    bench::Random random;
    const size_t reads = 1000;
    report.put("read_ns", bench::median_of(
        21, [] {},
        [&] {
            for (size_t i = 0; i < reads; i++)
                bench::keep(host.read("x", random.below(count)));
        },
        [] {}) / double(reads));
}

// Variables of numbers by name, a hundred of them; and calls.
template <typename Host> void variables(size_t, bench::Report &report)
{
    Host host;
    const size_t names = 100;
    std::vector<std::string> name(names);
    for (size_t i = 0; i < names; i++)
        name[i] = "variable_" + std::to_string(i);
    auto all = [&](auto operation) {
        return bench::median_of(
            ROUNDS, [&] { host.begin(HANDLES); },
            [&] {
                for (size_t i = 0; i < names; i++)
                    operation(name[i]);
            },
            [&] { host.end(); }) / double(names);
    };
    report.put("set_ns", all([&](const std::string &of) { host.set(of, 7); }));
    report.put("get_ns", all([&](const std::string &of) { bench::keep(host.get(of)); }));
    report.put("frame_ns", all([&](const std::string &) { host.call(); }));
}

// The operations of a script, in evals of their own: ten thousand of them, then `count` more.
template <typename Host> void stress(size_t count, bench::Report &report)
{
    Host host;
    const size_t warm = 10000;
    for (size_t i = 0; i < warm; i++)
        host.eval();
    double early = host.bytes(), resident = bench::memory().all;
    report.put("eval_ns", bench::time([&] {
        for (size_t i = 0; i < count; i++)
            host.eval();
    }) / double(count));
    double late = host.bytes();
    report.put("bytes_early", early);
    report.put("bytes_late", late);
    report.put("bytes_grown", late - early);
    report.put("resident_grown", bench::memory().all - resident);
}

}  // namespace values
