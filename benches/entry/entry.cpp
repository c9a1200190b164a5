// entry.cpp [stub] - a call of a function that returns at once: direct, through its stable entry, through the entry's
// slot, and with use marked by the host or (with "stub": a manager that was told to) by the entry itself. One thread,
// and two that call the same function. The empty loop is taken off.
#include <atomic>
#include <cstring>
#include <thread>

#include "../common/ours.hpp"

namespace {

const uint64_t CALLS = 400000;
const int ROUNDS = 31;
using Function = int (*)();

lifecycle_manager *manager;
Function direct, entry;
void *const *cell;
uint64_t *mark;
const uint64_t *epoch_clock;

Function function_at(void *address)
{
    Function function;
    std::memcpy(&function, &address, sizeof function);
    return function;
}

// Hidden from the compiler, as a pointer in a register is to a JIT.
template <typename T> T opaque(T value)
{
    asm volatile("" : "+r"(value));
    return value;
}

struct Empty {
    static void once() { asm volatile("" : : : "memory"); }
};
struct Direct {
    static void once() { bench::keep(opaque(direct)()); }
};
struct Entry {
    static void once() { bench::keep(opaque(entry)()); }
};
struct Slot {
    static void once() { bench::keep(function_at(__atomic_load_n(opaque(cell), __ATOMIC_RELAXED))()); }
};
struct HostMark {
    static void once()
    {
        lifecycle_mark(mark, epoch_clock);
        bench::keep(opaque(entry)());
    }
};
struct SlotMark {
    static void once()
    {
        lifecycle_mark(mark, epoch_clock);
        Slot::once();
    }
};

template <typename What> double loop()
{
    uint64_t start = bench::now();
    for (uint64_t i = 0; i < CALLS; i++)
        What::once();
    return double(bench::now() - start) / double(CALLS);
}

// Another thread does the same all the while.
template <typename What> double loop_beside()
{
    std::atomic<bool> started(false), stop(false);
    std::thread beside([&] {
        started = true;
        while (!stop.load(std::memory_order_relaxed))
            for (int i = 0; i < 100; i++)
                What::once();
    });
    while (!started)
        std::this_thread::yield();
    double own = loop<What>();
    stop = true;
    beside.join();
    return own;
}

struct Way {
    const char *name;
    double (*one)();
    double (*two)();
};

template <typename What> Way way(const char *name)
{
    return {name, loop<What>, loop_beside<What>};
}

// The ways take turns, so that each meets the machine as the others do; the best of each counts.
void measure(const std::vector<Way> &ways, bench::Report &report)
{
    std::vector<double> one(ways.size(), 1e9), two(ways.size(), 1e9);
    double empty = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        empty = std::min(empty, loop<Empty>());
        for (size_t i = 0; i < ways.size(); i++) {
            one[i] = std::min(one[i], ways[i].one());
            two[i] = std::min(two[i], ways[i].two());
        }
    }
    for (size_t i = 0; i < ways.size(); i++) {
        report.put(std::string(ways[i].name) + "_1", std::max(0.0, one[i] - empty));
        report.put(std::string(ways[i].name) + "_2", std::max(0.0, two[i] - empty));
    }
}

}  // namespace

int main(int argc, char **argv)
{
    bool stub = argc > 1 && std::strcmp(argv[1], "stub") == 0;
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    if (stub)
        config.flags = LIFECYCLE_CONFIG_MARK_ENTRIES;
    must(lifecycle_create(&config, &manager));
    const unsigned char code[] = {0xb8, 7, 0, 0, 0, 0xc3};
    lifecycle_module module;
    lifecycle_symbol symbol;
    must(lifecycle_on_module_load(manager, "module", &module));
    must(lifecycle_map_symbol(manager, module, "callee", code, sizeof code, nullptr, &symbol));
    direct = function_at(lifecycle_symbol_address(manager, symbol));
    void *callable;
    must(lifecycle_entry(manager, "callee", &callable));
    entry = function_at(callable);
    must(lifecycle_entry_slot(manager, "callee", &cell));
    must(lifecycle_usage_slot(manager, symbol, &mark, &epoch_clock));

    bench::Report report;
    if (stub)
        measure({way<Direct>("direct"), way<Entry>("stub_mark")}, report);
    else
        measure({way<Direct>("direct"), way<Entry>("entry"), way<Slot>("slot"), way<HostMark>("entry_host_mark"),
                 way<SlotMark>("slot_host_mark")},
                report);
    return EXIT_SUCCESS;
}
