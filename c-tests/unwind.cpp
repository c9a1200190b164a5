/*
 * unwind.cpp - exceptions and backtraces pass through mapped code whose frames were described: the process's own
 * unwinder does the work.
 */
#include <execinfo.h>
#include <unwind.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "expect.h"
#include "frames.h"

#if defined(__x86_64__)

typedef void (*mapped_fn)(void (*callback)());

static const unsigned char encodings[] = {ENCODING_ABSPTR, ENCODING_UDATA4, ENCODING_SDATA8, ENCODING_PCREL_SDATA4};

static lifecycle_manager *make(uint32_t flags = 0)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    config.flags = flags;
    EXPECT_OK(lifecycle_create(&config, &manager));
    return manager;
}

static lifecycle_module load(lifecycle_manager *manager, const char *path)
{
    lifecycle_module module = 0;
    EXPECT_OK(lifecycle_on_module_load(manager, path, &module));
    return module;
}

template <size_t N>
static lifecycle_symbol map(lifecycle_manager *manager, lifecycle_module module, const char *name,
                            const unsigned char (&code)[N], const frames &table, uint32_t flags = 0)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    options.flags = flags;
    options.eh_frame = table.bytes;
    options.eh_frame_size = table.size;
    EXPECT_OK(lifecycle_map_symbol(manager, module, name, code, N, &options, &symbol));
    return symbol;
}

static frames without_rbp()
{
    return make_frames(ENCODING_PCREL_SDATA4, 0, sizeof code_without_rbp, rules_without_rbp, sizeof rules_without_rbp);
}

static mapped_fn function_at(const void *address)
{
    mapped_fn function = nullptr;
    memcpy(&function, &address, sizeof function);
    return function;
}

static mapped_fn function_of(lifecycle_manager *manager, lifecycle_symbol symbol)
{
    return function_at(lifecycle_symbol_address(manager, symbol));
}

static void throw_something()
{
    throw std::runtime_error("through mapped code");
}

/* Destroyed on the way, as what stands between throw and catch is. */
static int destroyed;
struct counted {
    ~counted() { destroyed++; }
};

static bool passes(mapped_fn function)
{
    bool caught = false;
    destroyed = 0;
    try {
        counted here;
        function(throw_something);
    } catch (const std::runtime_error &error) {
        caught = std::string(error.what()) == "through mapped code";
    }
    return caught && destroyed == 1;
}

static void an_exception_passes_through_mapped_code()
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    for (unsigned char encoding : encodings) {
        lifecycle_symbol symbol = map(manager, module, "f", code_with_rbp, frames_with_rbp(encoding), LIFECYCLE_MAP_REPLACE);
        EXPECT(passes(function_of(manager, symbol)));
    }
    EXPECT(passes(function_of(manager, map(manager, module, "g", code_without_rbp, without_rbp()))));
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Through an entry, and with each tool told at the same time. */
static void an_exception_passes_through_an_entry()
{
    lifecycle_manager *manager = make(LIFECYCLE_CONFIG_GDB);
    void *entry = nullptr;
    EXPECT_OK(lifecycle_entry(manager, "f", &entry));
    map(manager, load(manager, "a"), "f", code_with_rbp, frames_with_rbp(ENCODING_PCREL_SDATA4));
    EXPECT(passes(function_at(entry)));
    EXPECT_OK(lifecycle_destroy(manager));
}

static const void *looked_for;
static bool was_seen, went_on;

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *)
{
    const char *at = reinterpret_cast<const char *>(_Unwind_GetIP(context));
    const char *first = static_cast<const char *>(looked_for);
    went_on |= was_seen;
    was_seen |= at > first && at <= first + sizeof code_with_rbp;
    return _URC_NO_REASON;
}

static bool in_backtrace;

static void look_around()
{
    void *frames[64];
    int count = backtrace(frames, 64);
    was_seen = went_on = in_backtrace = false;
    _Unwind_Backtrace(look, nullptr);
    for (int i = 0; i < count; i++) {
        const char *at = static_cast<const char *>(frames[i]), *first = static_cast<const char *>(looked_for);
        in_backtrace |= at > first && at <= first + sizeof code_with_rbp && i + 1 < count;
    }
}

static void a_backtrace_goes_through_mapped_code()
{
    lifecycle_manager *manager = make();
    lifecycle_symbol symbol = map(manager, load(manager, "a"), "f", code_with_rbp, frames_with_rbp(ENCODING_SDATA8));
    looked_for = lifecycle_symbol_address(manager, symbol);
    function_of(manager, symbol)(look_around);
    EXPECT(was_seen && went_on && in_backtrace);
    EXPECT_OK(lifecycle_destroy(manager));
}

static lifecycle_manager *current;
static lifecycle_symbol running;

static void unmap_and_throw()
{
    /* Other code comes in while the retired code waits. */
    EXPECT_OK(lifecycle_unmap_symbol(current, running));
    EXPECT_OK(lifecycle_reclaim(current, NULL));
    map(current, load(current, "b"), "other", code_without_rbp, without_rbp());
    throw_something();
}

static void an_exception_passes_through_retired_code()
{
    lifecycle_reader *reader = NULL;
    lifecycle_module module;
    bool caught = false;
    size_t bytes = 0;
    current = make();
    module = load(current, "a");
    EXPECT_OK(lifecycle_reader_attach(current, &reader));
    running = map(current, module, "f", code_with_rbp, frames_with_rbp(ENCODING_PCREL_SDATA4));
    mapped_fn function = function_of(current, running);
    lifecycle_enter(reader);
    try {
        function(unmap_and_throw);
    } catch (const std::runtime_error &) {
        caught = true;
    }
    lifecycle_leave(reader);
    EXPECT(caught && lifecycle_symbol_address(current, running) == NULL);
    EXPECT_OK(lifecycle_reclaim(current, &bytes));
    EXPECT(bytes != 0);
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(current));
}

static void a_reused_address_has_the_new_table()
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    const void *first = nullptr;
    for (int i = 0; i < 6; i++) {
        lifecycle_symbol symbol = i % 2 == 0
            ? map(manager, module, "f", code_with_rbp, frames_with_rbp(ENCODING_PCREL_SDATA4))
            : map(manager, module, "f", code_without_rbp, without_rbp());
        const void *at = lifecycle_symbol_address(manager, symbol);
        first = i == 0 ? at : first;
        EXPECT(at == first);
        EXPECT(passes(function_of(manager, symbol)));
        EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
        EXPECT_OK(lifecycle_reclaim(manager, NULL));
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Among so many it is the right table that is found, and they go all at once. */
static void one_of_ten_thousand_is_found()
{
    unsigned long many = expect_scale(10000, 200);
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    std::vector<lifecycle_symbol> symbols;
    for (unsigned long i = 0; i < many; i++) {
        std::string name = "f" + std::to_string(i);
        symbols.push_back(i % 2 == 0
            ? map(manager, module, name.c_str(), code_with_rbp, frames_with_rbp(encodings[i / 2 % 4]))
            : map(manager, module, name.c_str(), code_without_rbp, without_rbp()));
    }
    for (unsigned long i : {many / 2, many / 2 + 1, 0ul, many - 1})
        EXPECT(passes(function_of(manager, symbols[i])));
    EXPECT_OK(lifecycle_unload_module(manager, module, 0, NULL, 0));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    /* An exception that has nothing to do with any of it. */
    EXPECT(passes([](void (*callback)()) { callback(); }));
    EXPECT_OK(lifecycle_destroy(manager));
}

int main()
{
    RUN(an_exception_passes_through_mapped_code);
    RUN(an_exception_passes_through_an_entry);
    RUN(a_backtrace_goes_through_mapped_code);
    RUN(an_exception_passes_through_retired_code);
    RUN(a_reused_address_has_the_new_table);
    RUN(one_of_ten_thousand_is_found);
    return expect_done();
}

#else

int main()
{
    printf("skipped: unwinding through machine code (these bytes are for x86-64)\n");
    return EXIT_SUCCESS;
}

#endif
