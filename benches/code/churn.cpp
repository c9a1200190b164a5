// churn.cpp - the steady state of a JIT: COUNT symbols live; a random one goes, a new one comes.
//
// First whole cycles, with no clock between them; then the same with each step timed. Every symbol that is live at the
// end is read through its executable address and must hold its own number.
#include "workload.hpp"

namespace {

class Live {
public:
    explicit Live(const Arguments &arguments)
        : sizes_(draw_sizes(65536, arguments.sizes)), names_(draw_names(arguments.count)), spans_(arguments.count)
    {
        for (size_t i = 0; i < spans_.size(); i++) {
            spans_[i].name = names_[i].c_str();
            make(spans_[i], code_.stamp(uint32_t(i)), next_size());
        }
    }

    void cycles(size_t count, bench::Report &report)
    {
        bench::Stretches stretches;
        stretches.time(count, [&] {
            size_t victim = random_.below(spans_.size());
            drop(spans_[victim]);
            make(spans_[victim], code_.stamp(uint32_t(victim)), next_size());
        });
        report.put("cycle_ns", stretches.each());
    }

    void steps(size_t count, bench::Report &report)
    {
        bench::Samples allocs(count), publishes(count), frees(count);
        for (size_t i = 0; i < count; i++) {
            size_t victim = random_.below(spans_.size());
            size_t size = next_size();
            const void *bytes = code_.stamp(uint32_t(victim));
            uint64_t before = bench::now();
            drop(spans_[victim]);
            uint64_t freed = bench::now();
            if (backend.alloc != nullptr && !backend.alloc(spans_[victim], size))
                bench::die("no room for %zu bytes of code", size);
            uint64_t allocated = bench::now();
            if (!backend.publish(spans_[victim], bytes, size))
                bench::die("%zu bytes of code were not published", size);
            uint64_t published = bench::now();
            frees.add(freed - before);
            allocs.add(allocated - freed);
            publishes.add(published - allocated);
        }
        frees.report(report, "free");
        publishes.report(report, "publish");
        if (backend.alloc != nullptr)
            allocs.report(report, "alloc");
    }

    void verify() const
    {
        for (size_t i = 0; i < spans_.size(); i++)
            if (stamp_of(spans_[i].rx) != i)
                bench::die("symbol %zu holds other bytes", i);
    }

private:
    size_t next_size() { return sizes_[drawn_++ % sizes_.size()]; }

    Code code_;
    bench::Random random_;
    size_t drawn_ = 0;
    std::vector<uint32_t> sizes_;
    std::vector<std::string> names_;
    std::vector<Span> spans_;
};

}  // namespace

void churn(const Arguments &arguments)
{
    bench::Report report;
    Live live(arguments);
    live.cycles(arguments.operations, report);
    live.steps(arguments.operations, report);
    live.verify();
}
