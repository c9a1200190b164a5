// entry.cpp [stub] - a call of a function that returns at once: direct, through its stable entry, through the entry's
// slot, and with use marked by the host or (with "stub": a manager that was told to) by the entry itself. One thread, and
// two that call the same function. The empty loop is taken off.
#include <lifecycle.h>

#include <cstring>
#include <thread>

#include "../common/bench.hpp"

namespace {

const uint64_t CALLS = 3000000;
const int ROUNDS = 7;
using Function = int (*)();

lifecycle_manager *manager;
Function direct, entry;
void *const *cell;
uint64_t *mark;
const uint64_t *epoch_clock;

void must(lifecycle_status status)
{
    if (status != LIFECYCLE_OK)
        bench::die("%s", lifecycle_last_error());
}

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

// The slower of the threads, for both must have run at the same time.
template <typename What> double loop_in(unsigned threads)
{
    if (threads == 1)
        return loop<What>();
    double other = 0;
    std::thread beside([&] { other = loop<What>(); });
    double own = loop<What>();
    beside.join();
    return std::max(own, other);
}

template <typename What> void measure(bench::Report &report, const std::string &name)
{
    for (unsigned threads = 1; threads <= 2; threads++) {
        double best = 1e9, empty = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
            empty = std::min(empty, loop<Empty>());
            best = std::min(best, loop_in<What>(threads));
        }
        report.put(name + (threads == 1 ? "_1" : "_2"), std::max(0.0, best - empty));
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
    measure<Direct>(report, "direct");
    if (stub) {
        measure<Entry>(report, "stub_mark");
    } else {
        measure<Entry>(report, "entry");
        measure<Slot>(report, "slot");
        measure<HostMark>(report, "entry_host_mark");
        measure<SlotMark>(report, "slot_host_mark");
    }
    return EXIT_SUCCESS;
}
