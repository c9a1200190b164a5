// backend.hpp - what an owner of executable memory looks like to the workloads. One executable is linked for each, so
// that no backend's allocations, mappings or statics are in another's way.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

struct Span {
    const char *name = nullptr;  // set by the workload, for backends that name code
    void *rx = nullptr;
    void *rw = nullptr;
    size_t size = 0;
    uint64_t id = 0;             // the backend's own, or the address where it has none
};

using Function = int (*)();

struct Backend {
    // Room for `size` bytes; NULL where allocating and publishing is one step.
    bool (*alloc)(Span &span, size_t size);
    // The bytes are in place and may be run at span.rx.
    bool (*publish)(Span &span, const void *code, size_t size);
    bool (*release)(Span &span);
    // The id of the code that an address lies in, or 0; NULL where there is no such question.
    uint64_t (*query)(const void *pc);
    // Bytes of bookkeeping; NULL where it is not told.
    size_t (*metadata)();
    // Following code belongs to this module; NULL where nothing does.
    void (*module)(unsigned index);
    bool (*unload)(unsigned index);
    // A thread that calls `*function` until it is told to stop, by the backend's rules; NULL = just calls.
    uint64_t (*execute)(const std::atomic<Function> *functions, unsigned count, const std::atomic<bool> &stop);
    // Called now and then by who frees: what is due may go. NULL = there is nothing to do.
    void (*settle)();
    // Code of a name that threads run is replaced; NULL = the workload does it with a pointer of its own.
    bool (*replace)(Span &span, const void *code, size_t size, std::atomic<Function> &pointer);
};

extern const Backend backend;
