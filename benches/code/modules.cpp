// modules.cpp - COUNT modules of 100 functions; one goes at a time, in random order: function by function, and, where
// the backend knows modules, as one.
#include "workload.hpp"

namespace {

const size_t FUNCTIONS = 100;
const size_t TIMED = 40;

struct Module {
    std::vector<std::string> names;
    std::vector<Span> spans;
};

}  // namespace

void modules(const Arguments &arguments)
{
    auto sizes = draw_sizes(arguments.count * FUNCTIONS, arguments.sizes);
    std::vector<Module> all(arguments.count);
    Code code;
    for (size_t i = 0; i < all.size(); i++) {
        if (backend.module != nullptr)
            backend.module(unsigned(i));
        all[i].names.resize(FUNCTIONS);
        all[i].spans.resize(FUNCTIONS);
        for (size_t j = 0; j < FUNCTIONS; j++) {
            all[i].names[j] = "module_" + std::to_string(i) + "_" + std::to_string(j);
            all[i].spans[j].name = all[i].names[j].c_str();
            make(all[i].spans[j], code.stamp(uint32_t(j)), sizes[i * FUNCTIONS + j]);
        }
    }
    std::vector<size_t> order(all.size());
    bench::Random random;
    for (size_t i = 0; i < order.size(); i++)
        order[i] = i;
    for (size_t i = order.size(); i > 1; i--)
        std::swap(order[i - 1], order[random.below(i)]);

    bench::Report report;
    bench::Samples singles(TIMED), whole(TIMED);
    for (size_t i = 0; i < TIMED; i++) {
        uint64_t before = bench::now();
        for (auto &span : all[order[i]].spans)
            drop(span);
        singles.add(bench::now() - before);
        if (backend.unload == nullptr)
            continue;
        before = bench::now();
        if (!backend.unload(unsigned(order[TIMED + i])))
            bench::die("a module was not unloaded");
        whole.add(bench::now() - before);
    }
    report.put("singles_ns", singles.at(0.5));
    if (backend.unload != nullptr)
        report.put("unload_ns", whole.at(0.5));
}
