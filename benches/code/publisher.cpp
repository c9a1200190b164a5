// publisher.cpp - one thread runs code, another publishes and frees 300 bytes again and again: what each costs the
// other.
#include <thread>

#include "workload.hpp"

namespace {

class Executor {
public:
    explicit Executor(const std::atomic<Function> &function)
        : thread_([this, &function] {
              uint64_t start = bench::now();
              uint64_t calls = execute(&function, 1, stop_);
              rate_ = double(calls) * 1e9 / double(bench::now() - start);
          })
    {
    }
    double finish()
    {
        stop_ = true;
        thread_.join();
        return rate_;
    }

private:
    std::atomic<bool> stop_{false};
    double rate_ = 0;
    std::thread thread_;
};

double cycle_for(uint64_t milliseconds)
{
    Span span;
    Code code;
    span.name = "published";
    uint32_t cycles = 0;
    bench::Stretches stretches;
    for (uint64_t end = bench::now() + milliseconds * 1000000; bench::now() < end;)
        stretches.time(bench::Stretches::LENGTH, [&] {
            make(span, code.stamp(cycles), 300);
            drop(span);
            cycles++;
        });
    return stretches.each();
}

}  // namespace

void publisher(const Arguments &arguments)
{
    bench::Report report;
    Span span;
    Code code;
    span.name = "executed";
    make(span, code.stamp(7), 300);
    std::atomic<Function> function(function_at(span.rx));

    report.put("cycle_alone_ns", cycle_for(arguments.operations));
    Executor idle(function);
    std::this_thread::sleep_for(std::chrono::milliseconds(arguments.operations));
    double alone = idle.finish();
    Executor busy(function);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    report.put("cycle_ns", cycle_for(arguments.operations));
    double beside = busy.finish();
    report.put("calls_alone", alone);
    report.put("calls_beside", beside);
    report.put("calls_lost_percent", 100 * (1 - beside / alone));
}
