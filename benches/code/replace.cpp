// replace.cpp - 64 functions are replaced while another thread calls them: replacements a second, and how long one
// takes.
//
// A backend that replaces by itself also waits with freeing until nobody runs the old code. For the others this keeps
// pointers of its own and frees the old code 1,024 replacements later, which proves nothing but is what is done.
#include <thread>

#include "workload.hpp"

namespace {

const unsigned FUNCTIONS = 64;
const size_t SIZE = 300;
const size_t DELAY = 1024;

class Replacer {
public:
    Replacer() : names_(draw_names(FUNCTIONS)), spans_(FUNCTIONS), old_(DELAY)
    {
        for (unsigned i = 0; i < FUNCTIONS; i++) {
            spans_[i].name = names_[i].c_str();
            make(spans_[i], code_.stamp(i), SIZE);
            pointers[i] = function_at(spans_[i].rx);
        }
    }

    void replace(unsigned which, uint32_t number)
    {
        const void *code = code_.stamp(number);
        if (backend.replace != nullptr) {
            if (!backend.replace(spans_[which], code, SIZE, pointers[which]))
                bench::die("function %u was not replaced", which);
            return;
        }
        Span &due = old_[number % DELAY];
        if (due.rx != nullptr)
            drop(due);
        due = spans_[which];
        make(spans_[which], code, SIZE);
        pointers[which].store(function_at(spans_[which].rx), std::memory_order_release);
    }

    std::atomic<Function> pointers[FUNCTIONS];

private:
    Code code_;
    std::vector<std::string> names_;
    std::vector<Span> spans_, old_;
};

}  // namespace

void replace(const Arguments &arguments)
{
    bench::Report report;
    Replacer replacer;
    std::atomic<bool> stop(false);
    std::thread executor([&] { bench::keep(execute(replacer.pointers, FUNCTIONS, stop)); });
    bench::Samples samples(arguments.operations);
    bench::Random random;
    uint64_t start = bench::now();
    for (size_t i = 0; i < arguments.operations; i++) {
        uint64_t before = bench::now();
        replacer.replace(unsigned(random.below(FUNCTIONS)), uint32_t(i));
        samples.add(bench::now() - before);
        if (i % 64 == 63)
            settle();
    }
    report.put("replacements", double(arguments.operations) * 1e9 / double(bench::now() - start));
    stop = true;
    executor.join();
    samples.report(report, "replace");
}
