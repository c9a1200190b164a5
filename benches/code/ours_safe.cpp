// ours_safe.cpp - our code memory as it is meant to be used: code has a name and an owner, ids are checked, and what
// was unmapped is freed when no reader is inside.
#include "ours.hpp"

namespace {

const unsigned MODULES = 1000;
lifecycle_module modules[MODULES];
unsigned current;

lifecycle_module owner()
{
    if (modules[current] == 0) {
        char path[32];
        std::snprintf(path, sizeof path, "module_%u", current);
        if (!worked(lifecycle_on_module_load(manager(), path, &modules[current])))
            bench::die("no module: %s", lifecycle_last_error());
    }
    return modules[current];
}

bool map(Span &span, const void *code, size_t size, uint32_t flags)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = flags;
    if (!worked(lifecycle_map_symbol(manager(), owner(), span.name, code, size, &options, &span.id)))
        return false;
    span.rx = lifecycle_symbol_address(manager(), span.id);
    return true;
}

bool publish(Span &span, const void *code, size_t size)
{
    return map(span, code, size, 0);
}

bool release(Span &span)
{
    return worked(lifecycle_unmap_symbol(manager(), span.id));
}

uint64_t query(const void *pc)
{
    lifecycle_symbol symbol;
    return worked(lifecycle_symbol_at(manager(), pc, &symbol)) ? symbol : 0;
}

void module(unsigned index)
{
    current = index;
}

bool unload(unsigned index)
{
    return worked(lifecycle_unload_module(manager(), modules[index], 0, nullptr, 0));
}

uint64_t execute(const std::atomic<Function> *functions, unsigned count, const std::atomic<bool> &stop)
{
    lifecycle_reader *reader = nullptr;
    if (!worked(lifecycle_reader_attach(manager(), &reader)))
        bench::die("no reader: %s", lifecycle_last_error());
    uint64_t calls = 0;
    while (!stop.load(std::memory_order_relaxed)) {
        for (unsigned i = 0; i < 64; i++, calls++) {
            lifecycle_enter(reader);
            bench::keep(functions[calls % count].load(std::memory_order_acquire)());
            lifecycle_leave(reader);
        }
    }
    lifecycle_reader_detach(reader);
    return calls;
}

void settle()
{
    lifecycle_reclaim(manager(), nullptr);
}

// What threads call is the entry: set once, it stays, and calls reach the new code.
bool replace(Span &span, const void *code, size_t size, std::atomic<Function> &pointer)
{
    if (span.size == 0) {
        void *callable = nullptr;
        if (!worked(lifecycle_entry(manager(), span.name, &callable)))
            return false;
        Function function;
        std::memcpy(&function, &callable, sizeof function);
        pointer.store(function);
        span.size = size;
    }
    return map(span, code, size, LIFECYCLE_MAP_REPLACE);
}

}  // namespace

const Backend backend = {nullptr, publish, release, query, our_metadata, module, unload, execute, settle, replace};
