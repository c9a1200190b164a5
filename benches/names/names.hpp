// names.hpp - what a table of names is asked for: what a name means, in tables of every size and beside a thread that
// changes them; that it keeps its speed while names come and go for ever; that a module's names go with the module.
// The same loops drive ours and the peers; what only ours can do is in ours.cpp.
//
// A table is a class: bind(name, binding) = the name was not bound; find(name, found) = whether it is, found.value and
// found.aux being what it was bound to; unbind(name) = it was bound; forget(module) = as many names went as it returns.
// It is made for so many names, and told of modules before they bind (modules). Names end with a NUL, and are copied.
#pragma once

#include <cstring>
#include <initializer_list>

#include "../common/bench.hpp"

namespace names {

// "mod07.function_0123456", in half a line of cache.
const size_t LENGTH = 22;
struct alignas(32) Name {
    char text[32];
};

// What a peer keeps for a name: as much as a lifecycle_binding.
struct Binding {
    int64_t value = 0, aux = 0;
    uint64_t decl = 0, module = 0;
};

const size_t MODULES = 100;
const uint32_t NUMBERS = 10000000;  // and then the first one comes again

// Digit by digit: formatting takes longer than looking up.
inline void digits(char *end, uint32_t number, int count)
{
    for (int i = 1; i <= count; i++, number /= 10)
        end[-i] = char('0' + number % 10);
}

inline void spell(Name &name, uint64_t module, uint32_t number, const char *word = "function")
{
    std::memcpy(name.text, "mod00.", 6);
    digits(name.text + 5, uint32_t(module % MODULES), 2);
    std::memcpy(name.text + 6, word, 8);
    name.text[14] = '_';
    digits(name.text + LENGTH, number % NUMBERS, 7);
    name.text[LENGTH] = '\0';
}

// Number `n` is bound by module n % 100 where nothing else is said.
inline void spell(Name &name, uint32_t number)
{
    spell(name, number % MODULES, number);
}

inline Binding binding_of(uint32_t number, uint64_t module)
{
    Binding binding;
    binding.value = int64_t(number);
    binding.aux = int64_t(number) + 1;
    binding.module = module;
    return binding;
}

struct Arguments {
    size_t count = 0;
    const char *lock = "none";
};

struct Workload {
    const char *name;
    void (*run)(const Arguments &arguments, bench::Report &report);
};

// WORKLOAD [COUNT [LOCK]]
inline int run(int argc, char **argv, std::initializer_list<Workload> workloads)
{
    bench::Report report;
    Arguments arguments;
    if (argc > 2)
        arguments.count = std::strtoul(argv[2], nullptr, 10);
    if (argc > 3)
        arguments.lock = argv[3];
    for (const Workload &workload : workloads) {
        if (argc > 1 && std::strcmp(argv[1], workload.name) == 0) {
            workload.run(arguments, report);
            return EXIT_SUCCESS;
        }
    }
    bench::die("%s WORKLOAD [COUNT [LOCK]]", argv[0]);
}

template <typename Element> void shuffle(std::vector<Element> &all, bench::Random &random)
{
    for (size_t i = all.size(); i > 1; i--)
        std::swap(all[i - 1], all[random.below(i)]);
}

// Binds what is to be there, a few hundred names at a time, so that spelling them is not timed. Each: nanoseconds.
template <typename Table> double fill(Table &table, size_t count)
{
    const size_t BATCH = 256;
    std::vector<Name> batch(BATCH);
    double all = 0;
    for (size_t done = 0; done < count; done += BATCH) {
        size_t now = std::min(BATCH, count - done);
        for (size_t i = 0; i < now; i++)
            spell(batch[i], uint32_t(done + i));
        all += bench::time([&] {
            for (size_t i = 0; i < now; i++)
                table.bind(batch[i].text, binding_of(uint32_t(done + i), (done + i) % MODULES));
        });
    }
    return all / double(count);
}

// The names in the order in which they are asked for, as a parser has just read them: each of them once or, where there
// are few, some thousands of them by chance.
inline std::vector<Name> questions(size_t count, const char *word, int64_t &sum)
{
    bench::Random random;
    std::vector<uint32_t> order(std::max<size_t>(count, 4096));
    for (size_t i = 0; i < order.size(); i++)
        order[i] = uint32_t(i < count ? i : random.below(count));
    shuffle(order, random);
    std::vector<Name> asked(order.size());
    sum = 0;
    for (size_t i = 0; i < order.size(); i++) {
        spell(asked[i], order[i] % MODULES, order[i], word);
        sum += order[i];
    }
    return asked;
}

// One lookup of the typical stretch. The answers are added up, and must be `expected`.
template <typename Table> double ask(const Table &table, const std::vector<Name> &asked, int64_t expected)
{
    const size_t LEAST = 400000;
    size_t rounds = (LEAST + asked.size() - 1) / asked.size() + 1, at = 0;
    int64_t sum = 0;
    bench::Stretches stretches;
    auto one = [&] {
        typename Table::Found found;
        if (table.find(asked[at].text, LENGTH, found))
            sum += found.value;
        at = at + 1 == asked.size() ? 0 : at + 1;
    };
    // Whole rounds, so that the sum is known; stretches that fit in one.
    size_t whole = asked.size() / bench::Stretches::LENGTH * bench::Stretches::LENGTH;
    for (size_t round = 0; round < rounds; round++) {
        stretches.time(whole, one);
        while (at != 0)
            one();
    }
    if (sum != expected * int64_t(rounds))
        bench::die("what was found is not what was bound");
    return stretches.each();
}

// COUNT names.
template <typename Table> void lookup(const Arguments &arguments, bench::Report &report)
{
    Table table(arguments.count);
    table.modules(MODULES);
    report.put("fill_ns", fill(table, arguments.count));
    int64_t sum, none;
    std::vector<Name> asked = questions(arguments.count, "function", sum);
    report.put("hit_ns", ask(table, asked, sum));
    asked = questions(arguments.count, "variable", none);
    report.put("miss_ns", ask(table, asked, 0));
}

// COUNT names, of which some hundred go and as many others come: each of both, in the typical batch.
template <typename Table> void change(const Arguments &arguments, bench::Report &report)
{
    const size_t BATCH = std::min<size_t>(256, arguments.count / 2), ROUNDS = 200;
    Table table(arguments.count + BATCH);
    table.modules(MODULES);
    fill(table, arguments.count);
    bench::Random random;
    std::vector<uint32_t> live(arguments.count);
    for (size_t i = 0; i < live.size(); i++)
        live[i] = uint32_t(i);
    shuffle(live, random);
    std::vector<Name> batch(BATCH);
    std::vector<double> unbind, bind;
    uint32_t fresh = uint32_t(arguments.count);
    size_t at = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < BATCH; i++)
            spell(batch[i], live[(at + i) % live.size()]);
        unbind.push_back(bench::time([&] {
            for (const Name &name : batch)
                table.unbind(name.text);
        }) / double(BATCH));
        for (size_t i = 0; i < BATCH; i++) {
            live[(at + i) % live.size()] = fresh + uint32_t(i);
            spell(batch[i], fresh + uint32_t(i));
        }
        bind.push_back(bench::time([&] {
            for (size_t i = 0; i < BATCH; i++)
                table.bind(batch[i].text, binding_of(fresh + uint32_t(i), (fresh + i) % MODULES));
        }) / double(BATCH));
        fresh += uint32_t(BATCH);
        at += BATCH;
    }
    report.put("unbind_ns", bench::middle(unbind));
    report.put("bind_ns", bench::middle(bind));
}

const size_t CHURNED = 10000000;
const size_t SLICES = 20;

// COUNT names live; one goes, another comes that never was, CHURNED times. A table that has become SLOW times as slow
// as it was is stopped.
template <typename Table> void churn(const Arguments &arguments, bench::Report &report)
{
    const uint64_t LIMIT = 40000000000u;
    const double SLOW = 20;
    Table table(arguments.count + 1);
    table.modules(MODULES);
    fill(table, arguments.count);
    bench::Random random;
    bench::Samples samples(CHURNED);
    std::vector<uint32_t> live(arguments.count);
    for (size_t i = 0; i < live.size(); i++)
        live[i] = uint32_t(i);
    double slices[SLICES] = {};
    size_t slice = 0, operations = 0;
    uint32_t fresh = uint32_t(arguments.count);
    uint64_t began = bench::now(), last = began;
    bool slow = false;
    for (; slice < SLICES && !slow; slice++) {
        uint64_t all = 0;
        size_t done = 0;
        for (; done < CHURNED / SLICES && !slow; done++, fresh++) {
            Name out, in;
            uint32_t &victim = live[random.below(live.size())];
            spell(out, victim);
            spell(in, fresh);
            uint64_t before = bench::now();
            table.unbind(out.text);
            table.bind(in.text, binding_of(fresh, fresh % MODULES));
            last = bench::now();
            victim = fresh % NUMBERS;
            samples.add(last - before);
            all += last - before;
            if (done % 4096 == 4095)
                slow = last - began > LIMIT || (slice > 0 && double(all) > SLOW * slices[0] * double(done));
        }
        operations += done;
        slices[slice] = std::max(0.0, double(all) / double(done) - bench::clock_cost());
        report.put("slice_" + std::to_string((slice + 1) * (CHURNED / SLICES)), slices[slice]);
    }
    for (uint32_t number : live) {
        Name name;
        typename Table::Found found;
        spell(name, number);
        if (!table.find(name.text, LENGTH, found) || found.value % NUMBERS != number)
            bench::die("a name is lost");
    }
    report.put("operations", double(operations));
    samples.report(report, "churn");
    report.put("tail_ratio", samples.at(0.999) / std::max(1.0, samples.at(0.5)));
    // A tenth of all is two slices.
    double mean = 0, early = slices[0] + slices[1], late = slices[SLICES - 2] + slices[SLICES - 1];
    for (size_t i = 0; i < slice; i++)
        mean += slices[i] / double(slice);
    report.put("churn_ns", mean);
    if (operations == CHURNED)
        report.put("drift_ratio", late / early);
}

const size_t NAMES_OF_MODULE = 10000;

inline void spell_module(std::vector<Name> &all, uint64_t module)
{
    for (size_t i = 0; i < all.size(); i++)
        spell(all[i], module, uint32_t(module * NAMES_OF_MODULE + i));
}

template <typename Table> void bind_module(Table &table, std::vector<Name> &own, uint64_t module)
{
    spell_module(own, module);
    for (size_t i = 0; i < own.size(); i++)
        table.bind(own[i].text, binding_of(uint32_t(module * NAMES_OF_MODULE + i), module));
}

// A module of 10,000 names goes, as one and name by name, while others have COUNT. What it takes for one name.
template <typename Table> void unload(const Arguments &arguments, bench::Report &report)
{
    const size_t ROUNDS = 5;
    size_t modules = arguments.count / NAMES_OF_MODULE + 1;
    Table table(modules * NAMES_OF_MODULE);
    table.modules(modules);
    bench::Random random;
    std::vector<Name> own(NAMES_OF_MODULE);
    for (size_t module = 0; module < modules; module++)
        bind_module(table, own, module);
    std::vector<double> whole, singles;
    for (size_t round = 0; round < ROUNDS; round++) {
        uint64_t module = random.below(modules);
        size_t gone = 0;
        whole.push_back(bench::time([&] { gone = table.forget(module); }));
        if (gone != NAMES_OF_MODULE)
            bench::die("%zu names went with their module", gone);
        bind_module(table, own, module);
        module = random.below(modules);
        spell_module(own, module);
        singles.push_back(bench::time([&] {
            for (const Name &name : own)
                table.unbind(name.text);
        }));
        bind_module(table, own, module);
    }
    report.put("unload_ns", bench::middle(whole) / double(NAMES_OF_MODULE));
    report.put("singles_ns", bench::middle(singles) / double(NAMES_OF_MODULE));
}

// A million ids of declarations, numbered one after the other, in COUNT modules, asked for in random order; as many of
// modules that are gone; and those that are left when every other module goes.
const size_t IDS = 1000000;

template <typename Live> double ask_live(const Live &live, const std::vector<int64_t> &ids, size_t expected)
{
    bench::Stretches stretches;
    size_t at = 0, found = 0;
    stretches.time(ids.size(), [&] { found += live.is_live(ids[at++]); });
    if (found != expected)
        bench::die("%zu ids are live", found);
    return stretches.each();
}

// Ids of so many modules, every `step`th.
inline std::vector<int64_t> ids_of(size_t from, size_t to, size_t step, size_t each)
{
    bench::Random random;
    std::vector<int64_t> ids;
    for (size_t module = from; module < to; module += step)
        for (size_t i = 0; i < each; i++)
            ids.push_back(int64_t(module * each + i));
    shuffle(ids, random);
    return ids;
}

template <typename Live> void liveness(const Arguments &arguments, bench::Report &report)
{
    size_t modules = arguments.count, each = IDS / modules;
    Live live(each);
    for (size_t module = 0; module < 2 * modules; module++)
        live.load(int64_t(module * each), int64_t(module * each + each) - 1);
    for (size_t module = modules; module < 2 * modules; module++)
        live.unload(int64_t(module * each));
    std::vector<int64_t> ids = ids_of(0, modules, 1, each);
    report.put("live_ns", ask_live(live, ids, ids.size()));
    report.put("dead_ns", ask_live(live, ids_of(modules, 2 * modules, 1, each), 0));
    if (modules == 1)
        return;
    for (size_t module = 1; module < modules; module += 2)
        live.unload(int64_t(module * each));
    ids = ids_of(0, modules, 2, each);
    report.put("left_ns", ask_live(live, ids, ids.size()));
}

}  // namespace names
