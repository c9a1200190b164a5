// ours.cpp - symbols of 16 bytes in a manager; evicting one unmaps it, empties its entry and frees its memory.
#include <cstring>

#include "../common/ours.hpp"
#include "sweep.hpp"

namespace {

class Ours {
public:
    explicit Ours(size_t count) : slots_(count)
    {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        config.code_capacity = size_t(1) << 30;
        must(lifecycle_create(&config, &manager_));
        must(lifecycle_on_module_load(manager_, "module", &module_));
    }
    void add(size_t which)
    {
        unsigned char code[16];
        char name[32];
        lifecycle_symbol symbol;
        lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
        options.flags = LIFECYCLE_MAP_JIT;
        std::memset(code, 0xc3, sizeof code);
        std::snprintf(name, sizeof name, "f%zu", which);
        must(lifecycle_map_symbol(manager_, module_, name, code, sizeof code, &options, &symbol));
        must(lifecycle_usage_slot(manager_, symbol, &slots_[which], &clock_));
    }
    void advance() { must(lifecycle_advance_epoch(manager_, nullptr)); }
    void use(size_t which) { lifecycle_mark(slots_[which], clock_); }
    size_t stale(uint64_t age)
    {
        size_t count;
        must(lifecycle_stale_count(manager_, age, &count));
        return count;
    }
    size_t sweep(uint64_t age)
    {
        lifecycle_sweep_report report;
        must(lifecycle_sweep_unused(manager_, age, &report, sizeof report));
        return report.evicted;
    }

private:
    lifecycle_manager *manager_ = nullptr;
    lifecycle_module module_ = 0;
    const uint64_t *clock_ = nullptr;
    std::vector<uint64_t *> slots_;
};

}  // namespace

int main(int argc, char **argv)
{
    return sweep::run<Ours>(argc, argv);
}
