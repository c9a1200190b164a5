// heap.hpp - what is asked of a garbage collector: what a collection takes, by what lies in the heap; what an object
// takes that lives shortly, its share of the collections included; what one takes that is put into a hole.
//
// A host is what shapes.hpp says, and more: safepoint() = a collection may happen here, roots and frames are all that
// lives; Frame = two values of a running function, frame[0] and frame[1]; raw(bytes) = an object without references;
// quiet() = no collection by itself from now on; collected(cells) = a collection has left so many; tell(report) = what
// it knows itself of those, tell_all(report, objects) = of a program that has made so many.
#pragma once

#include <cstring>
#include <initializer_list>

#include "shapes.hpp"

namespace heap {

const double ENOUGH = 5e8;  // ns of collections: no more of them
const size_t COLLECTIONS = 7;

// A run that would swap is no result.
inline void need(double bytes)
{
    std::FILE *file = std::fopen("/proc/meminfo", "r");
    char line[128];
    unsigned long available = 0;
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
        if (std::sscanf(line, "MemAvailable: %lu kB", &available) == 1 && double(available) * 1024 < bytes)
            bench::die("too little memory: %.1f GB of %.1f", double(available) / 1048576, bytes / 1073741824);
    if (file != nullptr)
        std::fclose(file);
}

// The first collection finds the dead; those after it find what it left. The least of them is what the collector takes,
// for whatever else the machine does only ever adds to it.
template <typename Host> void collections(Host &host, size_t cells, bench::Report &report)
{
    double first = bench::time([&] { host.collect(); });
    std::vector<double> times;
    for (double all = 0; times.size() < COLLECTIONS && all < ENOUGH; all += times.back()) {
        times.push_back(bench::time([&] { host.collect(); }));
        host.collected(cells);
    }
    double least = *std::min_element(times.begin(), times.end());
    report.put("live_cells", double(cells));
    report.put("first_ns", first);
    report.put("collect_ns", bench::middle(times));
    report.put("least_ns", least);
    report.put("first_cell_ns", first / double(cells));
    report.put("cell_ns", least / double(cells));
    host.tell(report);
}

template <typename Host, typename Shape> void shape(Size size, bench::Report &report)
{
    need(double(size.cells) * Host::BYTES_OF_CELL);
    Host host;
    host.quiet();
    size_t cells = Shape::make(host, size);
    collections(host, cells, report);
    if (Shape::count(host, host.roots()[0]) != cells)
        bench::die("what lives is not what was made");
}

// A pair or a structure of one to four arguments, that refers to another one.
template <typename Host> typename Host::Value small(Host &host, size_t kind, typename Host::Value other)
{
    if (kind == 0) {
        auto pair = host.pair();
        host.put(pair, 0, other);
        host.put(pair, 1, Host::number(1));
        return pair;
    }
    auto made = host.structure(unsigned(kind));
    host.put(made, 0, other);
    for (unsigned i = 1; i < kind; i++)
        host.put(made, i, Host::number(i));
    return made;
}

// The last thousand objects live, beside a list of so many cells; every one may be a collection.
template <typename Host> void churn(Size size, bench::Report &report)
{
    const size_t objects = 10000000, kinds = 4096, window = ROOTS - 2;
    Host host;
    bench::Random random;
    std::vector<uint8_t> kind(kinds);
    for (auto &one : kind)
        one = uint8_t(random.below(5));
    size_t cells = size.cells == 0 ? 0 : List<Host>::make(host, {size.cells, 100});
    report.put("object_ns", bench::time([&] {
        for (size_t i = 0; i < objects; i++) {
            host.safepoint();
            host.roots()[2 + i % window] = small(host, kind[i % kinds], Host::number(int64_t(i)));
        }
    }) / double(objects));
    if (cells != 0 && List<Host>::count(host, host.roots()[0]) != cells)
        bench::die("what lives is not what was made");
    for (size_t i = objects - window; i < objects; i++)
        if (host.get(host.roots()[2 + i % window], 0) != Host::number(int64_t(i)))
            bench::die("what lives is not what was made");
    host.tell_all(report, objects);
}

// Every second pair of a list is dead, by chance; then six for each ten of them are made anew, for ours leaves holes
// that are too narrow.
template <typename Host> void holes(Size size, bench::Report &report)
{
    Host host;
    host.quiet();
    size_t live = List<Host>::make(host, {size.cells, 50}), pairs = (size.cells - live) / 2 / 10 * 6;
    host.collect();
    report.put("object_ns", bench::time([&] {
        for (size_t i = 0; i < pairs; i++)
            host.roots()[1] = new_pair(host, i);
    }) / double(pairs));
    if (List<Host>::count(host, host.roots()[0]) != live)
        bench::die("what lives is not what was made");
    host.tell_all(report, pairs);
}

// A tree of so many levels, its leaves first.
template <typename Host> typename Host::Value bottom_up(Host &host, unsigned arity, int depth)
{
    typename Host::Frame frame(host);
    host.safepoint();
    for (unsigned i = 0; i < 2; i++)
        frame[i] = depth == 0 ? Host::number(0) : bottom_up(host, arity, depth - 1);
    auto node = host.structure(arity);
    for (unsigned i = 0; i < arity; i++)
        host.put(node, i, i < 2 ? frame[i] : Host::number(i));
    return node;
}

// The same, each node before what is below it.
template <typename Host> void top_down(Host &host, unsigned arity, int depth, typename Host::Value node)
{
    typename Host::Frame frame(host);
    frame[0] = node;
    frame[1] = Host::number(0);
    for (unsigned i = 0; i < 2 && depth > 0; i++) {
        host.safepoint();
        auto child = host.structure(arity);
        for (unsigned slot = 0; slot < arity; slot++)
            host.put(child, slot, Host::number(slot));
        host.put(frame[0], i, child);
        top_down(host, arity, depth - 1, child);
    }
}

template <typename Host> typename Host::Value new_top_down(Host &host, unsigned arity, int depth)
{
    host.safepoint();
    auto node = host.structure(arity);
    for (unsigned slot = 0; slot < arity; slot++)
        host.put(node, slot, Host::number(slot));
    typename Host::Frame frame(host);
    frame[0] = node;
    frame[1] = Host::number(0);
    top_down(host, arity, depth, node);
    return frame[0];
}

template <typename Host> size_t nodes_in(Host &host, typename Host::Value tree)
{
    return Host::is_object(tree) ? 1 + nodes_in(host, host.get(tree, 0)) + nodes_in(host, host.get(tree, 1)) : 0;
}

inline size_t nodes_of(int depth)
{
    return (size_t(2) << depth) - 1;
}

// GCBench by John Ellis, Pete Kovac and Hans Boehm: a tree of depth 16 and an array of 500,000 numbers live beside many
// small trees, half of them made from the top, half from the bottom. Nodes have four fields.
template <typename Host> void gcbench(Size, bench::Report &report)
{
    const int longest = 16, stretch = 16, least = 4;
    const size_t numbers = 500000;
    Host host;
    size_t nodes = 0;
    double all = bench::time([&] {
        host.roots()[2] = bottom_up(host, 4, stretch);
        host.roots()[2] = Host::number(0);
        host.roots()[0] = new_top_down(host, 4, longest);
        host.roots()[1] = host.raw(numbers * sizeof(double));
        nodes += nodes_of(stretch) + nodes_of(longest);
        for (int depth = least; depth <= longest; depth += 2) {
            size_t times = 2 * nodes_of(stretch) / nodes_of(depth);
            for (size_t i = 0; i < times; i++)
                bench::keep(new_top_down(host, 4, depth));
            for (size_t i = 0; i < times; i++)
                bench::keep(bottom_up(host, 4, depth));
            nodes += 2 * times * nodes_of(depth);
        }
    });
    if (nodes_in(host, host.roots()[0]) != nodes_of(longest))
        bench::die("what lives is not what was made");
    report.put("object_ns", all / double(nodes));
    host.tell_all(report, nodes);
}

// The binary-trees of the Computer Language Benchmarks Game, up to so many levels. Every tree is counted.
template <typename Host> void binary_trees(Size size, bench::Report &report)
{
    const int least = 4, most = int(size.cells);
    Host host;
    size_t nodes = 0;
    double all = bench::time([&] {
        nodes += nodes_in(host, bottom_up(host, 2, most + 1));
        host.roots()[0] = bottom_up(host, 2, most);
        for (int depth = least; depth <= most; depth += 2)
            for (size_t i = 0; i < size_t(1) << (most - depth + least); i++)
                nodes += nodes_in(host, bottom_up(host, 2, depth));
        nodes += nodes_in(host, host.roots()[0]);
    });
    size_t expected = nodes_of(most + 1) + nodes_of(most);
    for (int depth = least; depth <= most; depth += 2)
        expected += nodes_of(depth) << (most - depth + least);
    if (nodes != expected)
        bench::die("what lives is not what was made");
    report.put("object_ns", all / double(nodes));
    host.tell_all(report, nodes);
}

struct Workload {
    const char *name;
    void (*run)(Size size, bench::Report &report);
};

// WORKLOAD [CELLS [LIVE_PERCENT]]
template <typename Host> int run(int argc, char **argv, std::initializer_list<Workload> more)
{
    std::vector<Workload> workloads = {
        {"list", shape<Host, List<Host>>}, {"tree", shape<Host, Tree<Host>>}, {"records", shape<Host, Records<Host>>},
        {"shuffled-tree", shape<Host, ShuffledTree<Host>>}, {"shuffled-list", shape<Host, ShuffledList<Host>>},
        {"churn", churn<Host>}, {"holes", holes<Host>}, {"gcbench", gcbench<Host>}, {"trees", binary_trees<Host>}};
    workloads.insert(workloads.end(), more);
    auto number = [&](int at, size_t otherwise) {
        return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
    };
    Size size = {number(2, 0), number(3, 100)};
    bench::Report report;
    for (const Workload &workload : workloads) {
        if (argc > 1 && std::strcmp(argv[1], workload.name) == 0) {
            workload.run(size, report);
            return EXIT_SUCCESS;
        }
    }
    bench::die("%s WORKLOAD [CELLS [LIVE_PERCENT]]", argv[0]);
}

}  // namespace heap
