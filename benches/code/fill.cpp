// fill.cpp - allocates and publishes COUNT symbols, frees them all: what a start and an end cost, what memory is held.
#include "workload.hpp"

namespace {

void report_memory(bench::Report &report, const bench::Memory &before, double requested)
{
    bench::Memory held = bench::memory();
    report.put("resident_ratio", (held.code - before.code) / requested);
    report.put("all_resident_ratio", (held.all - before.all) / requested);
    report.put("reserved_ratio", (held.executable - before.executable) / requested);
    report.put("mappings", held.mappings - before.mappings);
}

}  // namespace

void fill(const Arguments &arguments)
{
    auto sizes = draw_sizes(arguments.count, arguments.sizes);
    auto names = draw_names(arguments.count);
    std::vector<Span> spans(arguments.count);
    Code code;
    double requested = 0;
    for (auto size : sizes)
        requested += size;
    bench::Report report;
    bench::Memory before = bench::memory();

    uint64_t start = bench::now();
    for (size_t i = 0; i < spans.size(); i++) {
        spans[i].name = names[i].c_str();
        make(spans[i], code.stamp(uint32_t(i)), sizes[i]);
    }
    report.put("fill_ns", double(bench::now() - start) / double(arguments.count));

    for (size_t i = 0; i < spans.size(); i++)
        if (stamp_of(spans[i].rx) != i)
            bench::die("symbol %zu holds other bytes", i);
    report_memory(report, before, requested);
    if (backend.metadata != nullptr)
        report.put("metadata_bytes", double(backend.metadata()) / double(arguments.count));

    start = bench::now();
    for (auto &span : spans)
        drop(span);
    settle();
    report.put("empty_ns", double(bench::now() - start) / double(arguments.count));
    report.put("resident_after", (bench::memory().code - before.code) / requested);
}
