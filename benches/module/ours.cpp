// ours.cpp - modules of a manager, by call into the shared library: whole cycles, their parts, cycles beside others and
// by the million, and what it takes to unload where modules depend on each other.
#include "../common/ours.hpp"
#include "module.hpp"

namespace {

void release(void *, void *user)
{
    ++*static_cast<uint64_t *>(user);
}

lifecycle_manager *make_manager(size_t modules)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = nullptr;
    config.code_capacity = (size_t(64) << 20) + 2 * modules * module::SYMBOLS * module::CODE;
    must(lifecycle_create(&config, &manager));
    return manager;
}

class Ours {
public:
    // As many modules beside the one that comes and goes, each with files of its own.
    explicit Ours(size_t others) : files_((others + 1) * module::MAPPINGS, 4096), manager_(make_manager(others))
    {
        std::memset(code_, 0xc3, sizeof code_);
        jit_.flags = LIFECYCLE_MAP_JIT;
        for (size_t i = 1; i <= others; i++) {
            module::Shape shape(i);
            load(shape);
            fill(shape, i);
        }
    }
    Ours(const Ours &) = delete;
    ~Ours() { must(lifecycle_destroy(manager_)); }

    void load(const module::Shape &shape) { must(lifecycle_on_module_load(manager_, shape.path.c_str(), &module_)); }
    void unload()
    {
        lifecycle_unload_report report;
        must(lifecycle_unload_module(manager_, module_, 0, &report, sizeof report));
        unloaded_ = report;
    }
    void fill(const module::Shape &shape, size_t number)
    {
        map(shape);
        access(number);
        bind(shape);
        own();
    }
    void cycle(const module::Shape &shape)
    {
        load(shape);
        fill(shape, 0);
        unload();
        if (unloaded_.exec_symbols + unloaded_.jit_symbols != module::SYMBOLS || unloaded_.names != module::NAMES ||
            unloaded_.mappings != module::MAPPINGS || unloaded_.resources != module::RESOURCES)
            bench::die("a module left something behind");
    }

    void map(const module::Shape &shape)
    {
        for (size_t i = 0; i < module::SYMBOLS; i++)
            must(lifecycle_map_symbol(manager_, module_, shape.symbols[i].c_str(), code_, sizeof code_,
                                      i % 2 == 0 ? nullptr : &jit_, &symbols_[i]));
    }
    void unmap()
    {
        for (lifecycle_symbol symbol : symbols_)
            must(lifecycle_unmap_symbol(manager_, symbol));
    }
    void access(size_t number)
    {
        for (size_t i = 0; i < module::MAPPINGS; i++) {
            size_t which = number * module::MAPPINGS + i;
            lifecycle_mapping mapping;
            must(lifecycle_on_smf_accessed(manager_, module_, files_.path(which), &mapping));
            bench::must_be(mapping.data, which);
        }
    }
    void leave()
    {
        for (size_t i = 0; i < module::MAPPINGS; i++)
            must(lifecycle_smf_release(manager_, module_, files_.path(i)));
    }
    void bind(const module::Shape &shape)
    {
        for (size_t i = 0; i < module::NAMES; i++)
            must(lifecycle_on_interp_func_registered(manager_, module_, shape.names[i].c_str(), int64_t(i), 0));
    }
    void unbind(const module::Shape &shape)
    {
        for (const std::string &name : shape.names)
            must(lifecycle_unbind(manager_, LIFECYCLE_FUNC, name.c_str()));
    }
    void own()
    {
        for (lifecycle_resource &resource : resources_)
            must(lifecycle_own(manager_, module_, nullptr, release, &released_, &resource));
    }
    void disown()
    {
        for (lifecycle_resource resource : resources_)
            must(lifecycle_disown(manager_, resource));
    }

private:
    bench::Files files_;
    lifecycle_manager *manager_;
    lifecycle_module module_ = 0;
    lifecycle_unload_report unloaded_ = {};
    lifecycle_map_options jit_ = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbols_[module::SYMBOLS];
    lifecycle_resource resources_[module::RESOURCES];
    unsigned char code_[module::CODE];
    uint64_t released_ = 0;
};

// Each part alone, in a module that stays.
void parts(Ours &ours, bench::Report &report)
{
    module::Shape shape(0), stays(1000000);
    double sum = module::each([&] {
        ours.load(shape);
        ours.unload();
    });
    report.put("module_ns", sum);
    ours.load(stays);
    auto part = [&](const char *name, double took) {
        report.put(name, took);
        sum += took;
    };
    part("symbols_ns", module::each([&] {
        ours.map(shape);
        ours.unmap();
    }));
    part("mappings_ns", module::each([&] {
        ours.access(0);
        ours.leave();
    }));
    part("names_ns", module::each([&] {
        ours.bind(shape);
        ours.unbind(shape);
    }));
    part("resources_ns", module::each([&] {
        ours.own();
        ours.disown();
    }));
    report.put("sum_ns", sum);
    ours.unload();
}

// COUNT others of the same shape.
void cycle(size_t others, bench::Report &report)
{
    const size_t CYCLES = 20000;
    Ours ours(others);
    module::Shape shape(0);
    bench::Samples samples(CYCLES);
    for (size_t i = 0; i < CYCLES / 10; i++)
        ours.cycle(shape);
    for (size_t i = 0; i < CYCLES; i++) {
        uint64_t before = bench::now();
        ours.cycle(shape);
        samples.add(bench::now() - before);
    }
    samples.report(report, "cycle");
    report.put("cycle_ns", module::each([&] { ours.cycle(shape); }));
    parts(ours, report);
}

// COUNT cycles of one manager: the typical and the mean of those since the last power of ten. Modules take turns, and
// half of their names are of their own.
void cycles(size_t count, bench::Report &report)
{
    const size_t TURNS = 64, LENGTH = 10;
    const uint64_t LIMIT = 50000000000u;
    std::vector<module::Shape> shapes;
    for (size_t i = 0; i < TURNS; i++) {
        shapes.emplace_back(i);
        for (size_t j = 0; j < module::NAMES; j += 2)
            shapes[i].names[j] = module::Shape(0).names[j];
    }
    Ours ours(0);
    ours.cycle(shapes[0]);
    uint64_t began = bench::now(), start = began;
    for (size_t done = 0, mark = 100; mark <= count; mark *= 10) {
        bench::Stretches stretches(LENGTH);
        size_t since = mark - done;
        stretches.time(since, [&] { ours.cycle(shapes[done++ % TURNS]); });
        uint64_t now = bench::now();
        report.put("to_" + std::to_string(mark), stretches.each());
        report.put("mean_to_" + std::to_string(mark), double(now - start) / double(since));
        start = now;
        // Ten times as many as all before would take too long.
        if ((now - began) * 10 > LIMIT)
            break;
    }
}

lifecycle_module load(lifecycle_manager *manager, size_t number)
{
    char path[32];
    lifecycle_module module;
    std::snprintf(path, sizeof path, "mod%zu.smf", number);
    must(lifecycle_on_module_load(manager, path, &module));
    return module;
}

// COUNT modules that need one: one of them goes, and comes again.
void star(size_t count, bench::Report &report)
{
    const size_t TIMED = 1000;
    lifecycle_manager *manager = make_manager(0);
    lifecycle_module hub = load(manager, count);
    std::vector<lifecycle_module> leaves(count);
    bench::Random random;
    bench::Samples unloads(TIMED), depends(TIMED);
    for (size_t i = 0; i < count; i++) {
        leaves[i] = load(manager, i);
        must(lifecycle_module_depend(manager, leaves[i], hub));
    }
    for (size_t i = 0; i < TIMED; i++) {
        size_t which = random.below(count);
        uint64_t before = bench::now();
        must(lifecycle_unload_module(manager, leaves[which], 0, nullptr, 0));
        unloads.add(bench::now() - before);
        leaves[which] = load(manager, which);
        before = bench::now();
        must(lifecycle_module_depend(manager, leaves[which], hub));
        depends.add(bench::now() - before);
    }
    report.put("leaf_ns", unloads.at(0.5));
    report.put("depend_ns", depends.at(0.5));
    double all = bench::time([&] {
        must(lifecycle_unload_module(manager, hub, LIFECYCLE_UNLOAD_CASCADE, nullptr, 0));
    });
    report.put("cascade_ns", all / double(count + 1));
    must(lifecycle_destroy(manager));
}

// COUNT modules, each of which needs the one before it: all of them go with the first.
void chain(size_t count, bench::Report &report)
{
    lifecycle_manager *manager = make_manager(0);
    std::vector<double> all;
    for (int round = 0; round < 3; round++) {
        lifecycle_module first = 0, last = 0;
        for (size_t i = 0; i < count; i++) {
            lifecycle_module module = load(manager, i);
            if (i == 0)
                first = module;
            else
                must(lifecycle_module_depend(manager, module, last));
            last = module;
        }
        all.push_back(bench::time([&] {
            must(lifecycle_unload_module(manager, first, LIFECYCLE_UNLOAD_CASCADE, nullptr, 0));
        }));
        if (lifecycle_module_info_get(manager, last, nullptr, 0) == LIFECYCLE_OK)
            bench::die("the last module stays");
    }
    report.put("cascade_ns", bench::middle(all) / double(count));
    must(lifecycle_destroy(manager));
}

}  // namespace

int main(int argc, char **argv)
{
    return bench::run(argc, argv, {{"cycle", cycle}, {"cycles", cycles}, {"star", star}, {"chain", chain}});
}
