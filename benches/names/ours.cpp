// ours.cpp - names of functions in a manager, by call into the shared library; and from an inline cache.
#include "../common/ours.hpp"
#include "threads.hpp"

namespace {

class Ours {
public:
    using Found = lifecycle_binding;

    explicit Ours(size_t) { must(lifecycle_create(nullptr, &manager_)); }
    Ours(const Ours &) = delete;
    ~Ours() { must(lifecycle_destroy(manager_)); }
    void modules(size_t count) { modules_.resize(count); }
    void bind(const char *name, const names::Binding &binding)
    {
        lifecycle_module &module = modules_[binding.module];
        if (module == 0)
            load(binding.module);
        must(lifecycle_on_interp_func_registered(manager_, module, name, binding.value, binding.aux));
    }
    bool find(const char *name, size_t len, Found &found) const
    {
        return lifecycle_lookup(manager_, LIFECYCLE_FUNC, name, len, &found) == LIFECYCLE_OK;
    }
    void unbind(const char *name) { must(lifecycle_unbind(manager_, LIFECYCLE_FUNC, name)); }
    size_t forget(uint64_t module)
    {
        lifecycle_unload_report report;
        must(lifecycle_unload_module(manager_, modules_[module], 0, &report, sizeof report));
        modules_[module] = 0;
        return report.names;
    }
    const uint64_t *version() const { return lifecycle_names_version(manager_, LIFECYCLE_FUNC); }

private:
    void load(size_t which)
    {
        char path[32];
        std::snprintf(path, sizeof path, "mod%zu.smf", which);
        must(lifecycle_on_module_load(manager_, path, &modules_[which]));
    }

    lifecycle_manager *manager_ = nullptr;
    std::vector<lifecycle_module> modules_;
};

// What stands beside each use of a name.
struct Site {
    uint64_t version;
    lifecycle_binding binding;
};

// A thousand uses of names, one after the other, again and again; nothing changes meanwhile.
void cached(const names::Arguments &arguments, bench::Report &report)
{
    const size_t SITES = 1000, ROUNDS = 201;
    Ours table(arguments.count);
    table.modules(names::MODULES);
    names::fill(table, arguments.count);
    bench::Random random;
    const uint64_t *version = table.version();
    std::vector<Site> sites(SITES);
    int64_t expected = 0, sum = 0;
    for (Site &site : sites) {
        names::Name name;
        auto number = uint32_t(random.below(arguments.count));
        names::spell(name, number);
        site.version = __atomic_load_n(version, __ATOMIC_ACQUIRE);
        if (!table.find(name.text, names::LENGTH, site.binding))
            bench::die("a name is lost");
        expected += number;
    }
    double all = bench::median_of(
        ROUNDS, [] {},
        [&] {
            for (const Site &site : sites) {
                if (__atomic_load_n(version, __ATOMIC_ACQUIRE) != site.version)
                    bench::die("the version has changed");
                sum += site.binding.value;
                bench::keep(sum);
            }
        },
        [] {});
    if (sum != expected * int64_t(ROUNDS))
        bench::die("what was cached is not what was bound");
    report.put("cached_ns", all / double(SITES));
}

class Live {
public:
    explicit Live(size_t) { must(lifecycle_create(nullptr, &manager_)); }
    Live(const Live &) = delete;
    ~Live() { must(lifecycle_destroy(manager_)); }
    void load(int64_t first, int64_t last)
    {
        lifecycle_module module;
        must(lifecycle_on_module_load(manager_, path(first), &module));
        must(lifecycle_on_interp_module_parsed(manager_, module, first, last));
    }
    void unload(int64_t first)
    {
        lifecycle_module module;
        must(lifecycle_module_find(manager_, path(first), &module));
        must(lifecycle_unload_module(manager_, module, 0, nullptr, 0));
    }
    bool is_live(int64_t id) const { return lifecycle_did_is_live(manager_, id); }

private:
    const char *path(int64_t first)
    {
        std::snprintf(path_, sizeof path_, "mod%lld.smf", static_cast<long long>(first));
        return path_;
    }

    char path_[32];

protected:
    lifecycle_manager *manager_ = nullptr;
};

// Without the header's way around the call.
class Called : public Live {
public:
    using Live::Live;
    bool is_live(int64_t id) const { return (lifecycle_did_is_live)(manager_, id); }
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"lookup", lookup<Ours>}, {"cached", cached}, {"change", change<Ours>},
                            {"churn", churn<Ours>}, {"unload", unload<Ours>}, {"threads", threads<Ours>},
                            {"live", liveness<Live>}, {"live_call", liveness<Called>}});
}
