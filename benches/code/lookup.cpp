// lookup.cpp - which code does an address lie in? First bytes, bytes inside, freed code and foreign addresses are asked
// for; an answer is right if it is the code that was put there, or "none" where there is none.
#include "workload.hpp"

namespace {

struct Question {
    const void *pc;
    uint64_t answer;
};

const int FOREIGN = 0;

}  // namespace

void lookup(const Arguments &arguments)
{
    bench::Report report;
    if (backend.query == nullptr)
        return;
    auto sizes = draw_sizes(arguments.count, arguments.sizes);
    auto names = draw_names(arguments.count);
    std::vector<Span> spans(arguments.count);
    Code code;
    for (size_t i = 0; i < spans.size(); i++) {
        spans[i].name = names[i].c_str();
        make(spans[i], code.stamp(uint32_t(i)), sizes[i]);
    }
    // One in eight is dead.
    size_t dead = spans.size() / 8;
    for (size_t i = 0; i < dead; i++)
        drop(spans[i]);
    settle();

    const char *kinds[] = {"start", "interior", "dead", "foreign"};
    bench::Random random;
    std::vector<Question> all;
    double right = 0;
    for (unsigned kind = 0; kind < 4; kind++) {
        double good = 0;
        for (size_t i = 0; i < arguments.operations; i++) {
            size_t which = kind == 2 ? random.below(dead) : dead + random.below(spans.size() - dead);
            const char *start = static_cast<const char *>(spans[which].rx);
            Question asked = {start, kind == 2 ? 0 : spans[which].id};
            if (kind == 1)
                asked.pc = start + 1 + random.below(sizes[which] - 1);
            if (kind == 3)
                asked = {random.below(2) == 0 ? static_cast<const void *>(&FOREIGN) : &random, 0};
            good += backend.query(asked.pc) == asked.answer;
            all.push_back(asked);
        }
        report.put(std::string("right_") + kinds[kind] + "_percent", 100 * good / double(arguments.operations));
        right += good;
    }
    report.put("right_percent", 100 * right / double(all.size()));

    for (size_t i = all.size(); i > 1; i--)
        std::swap(all[i - 1], all[random.below(i)]);
    uint64_t start = bench::now();
    for (const auto &asked : all)
        bench::keep(backend.query(asked.pc));
    report.put("lookup_ns", double(bench::now() - start) / double(all.size()));
}
