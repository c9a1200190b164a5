/*
 * threads.c - everything at once: threads that load, unload, reload, map, replace, look up, sweep, access files, call
 * entries between enter and leave, and read statistics of one manager. Afterwards everything is 0.
 *
 * What a thread may meet is a failure that another thread's work explains (it is there already, it is gone, it is busy);
 * anything else is one of the test. Also run under helgrind and ThreadSanitizer.
 */
#include <pthread.h>

#include "support.h"

enum { THREADS = 6, NAMES = 8 };

static struct {
    lifecycle_manager *manager;
    unsigned long rounds;
    void *entries[NAMES];
    unsigned long owned, released, events;
} all;

static const char *const names[NAMES] = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"};
static const char *const file = "threads.tmp";

static void count_release(void *resource, void *user)
{
    (void)resource;
    (void)user;
    __atomic_fetch_add(&all.released, 1, __ATOMIC_RELAXED);
}
static void count_event(const lifecycle_event *event, void *user)
{
    (void)user;
    (void)event;
    __atomic_fetch_add(&all.events, 1, __ATOMIC_RELAXED);
}
static void *resolve_none(const char *name, void *user)
{
    (void)name;
    return user;
}
static int return_minus_one(void)
{
    return -1;
}

/* The failures that another thread's work explains. */
static bool explained(lifecycle_status status)
{
    switch (status) {
    case LIFECYCLE_OK:
    case LIFECYCLE_E_EXISTS:
    case LIFECYCLE_E_STALE:
    case LIFECYCLE_E_BUSY:
    case LIFECYCLE_E_NOT_FOUND:
    case LIFECYCLE_E_PINNED:
        return true;
    default:
        return false;
    }
}
#define MAY(call) EXPECT(explained(call))

static void fill(lifecycle_module module, uint32_t random)
{
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_mapping mapping;
    lifecycle_symbol symbol;
    const char *name = names[random % NAMES];
    options.flags = LIFECYCLE_MAP_REPLACE | (random & 64 ? LIFECYCLE_MAP_JIT : 0);
    MAY(lifecycle_map_symbol(all.manager, module, name, returns(code, 1000 + (int)(random % NAMES)), sizeof code, &options,
                             &symbol));
    MAY(symbol != 0 && lifecycle_pin(all.manager, symbol) == LIFECYCLE_OK
            ? lifecycle_unpin(all.manager, symbol)
            : LIFECYCLE_E_STALE);
    MAY(lifecycle_on_interp_func_registered(all.manager, module, name, random, 0));
    MAY(lifecycle_on_interp_global_registered(all.manager, module, name, random));
    MAY(lifecycle_on_metadata_loaded(all.manager, module, name));
    MAY(lifecycle_on_smf_accessed(all.manager, module, file, &mapping));
    if (lifecycle_own(all.manager, module, NULL, count_release, NULL, NULL) == LIFECYCLE_OK)
        __atomic_fetch_add(&all.owned, 1, __ATOMIC_RELAXED);
}

static void reload(lifecycle_module module, uint32_t random)
{
    lifecycle_module fresh;
    if (lifecycle_reload_begin(all.manager, module, &fresh) != LIFECYCLE_OK)
        return;
    MAY(lifecycle_on_interp_func_registered(all.manager, fresh, names[random % NAMES], random, 0));
    if (random & 128)
        MAY(lifecycle_reload_abort(all.manager, fresh));
    else if (lifecycle_reload_commit(all.manager, fresh) != LIFECYCLE_OK)
        MAY(lifecycle_reload_abort(all.manager, fresh));
}

static void look(uint32_t random)
{
    const char *name = names[random % NAMES];
    lifecycle_symbol symbol;
    lifecycle_binding binding;
    lifecycle_stats stats;
    uint64_t *slot;
    const uint64_t *clock;
    size_t count;
    if (lifecycle_symbol_find(all.manager, name, &symbol) == LIFECYCLE_OK) {
        MAY(lifecycle_mark_used(all.manager, symbol));
        if (lifecycle_usage_slot(all.manager, symbol, &slot, &clock) == LIFECYCLE_OK)
            lifecycle_mark(slot, clock);
    }
    if (lifecycle_lookup(all.manager, LIFECYCLE_FUNC, name, strlen(name), &binding) == LIFECYCLE_OK)
        (void)lifecycle_decl_is_live(all.manager, binding.decl);
    (void)lifecycle_did_is_live(all.manager, random);
    (void)__atomic_load_n(lifecycle_names_version(all.manager, LIFECYCLE_FUNC), __ATOMIC_ACQUIRE);
    EXPECT_OK(lifecycle_stats_get(all.manager, &stats, sizeof stats));
    EXPECT_OK(lifecycle_leak_check(all.manager, NULL, NULL, &count));
    MAY(lifecycle_smf_refcount(all.manager, file, &count));
}

static void run(lifecycle_reader *reader, uint32_t random)
{
    int which = (int)(random % NAMES), got;
    lifecycle_symbol at;
    EXPECT_OK(lifecycle_enter(reader));
    got = call(all.entries[which]);
    EXPECT(got == 1000 + which || got == -1);
    MAY(lifecycle_symbol_at(all.manager, all.entries[which], &at));
    EXPECT_OK(lifecycle_leave(reader));
}

static void maintain(uint32_t random)
{
    switch (random >> 5 & 7) {
    case 0:
        EXPECT_OK(lifecycle_advance_epoch(all.manager, NULL));
        break;
    case 1:
        EXPECT_OK(lifecycle_sweep_unused(all.manager, 2, NULL, 0));
        break;
    case 2:
        EXPECT_OK(lifecycle_sweep_to_budget(all.manager, 64, NULL, 0));
        break;
    case 3:
        MAY(lifecycle_unmap_owner(all.manager, "__jit__", NULL));
        break;
    case 4:
        MAY(lifecycle_unbind(all.manager, LIFECYCLE_FUNC, names[random % NAMES]));
        break;
    case 5:
        EXPECT_OK(lifecycle_smf_prefetch(all.manager, &file, 1, NULL));
        MAY(lifecycle_smf_release(all.manager, 0, file));
        break;
    case 6: {
        lifecycle_status status = lifecycle_synchronize(all.manager, 100000);
        EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_TIMEOUT);
        break;
    }
    default:
        EXPECT_OK(lifecycle_reclaim(all.manager, NULL));
    }
}

static void *work(void *user)
{
    uint32_t random = (uint32_t)(uintptr_t)user * 2654435761u + 1;
    lifecycle_reader *reader;
    EXPECT_OK(lifecycle_reader_attach(all.manager, &reader));
    for (unsigned long i = 0; i < all.rounds; i++) {
        lifecycle_module module;
        char path[32];
        random = random * 1664525u + 1013904223u;
        snprintf(path, sizeof path, "module %u", random >> 24 & 15);
        if (lifecycle_on_module_load(all.manager, path, &module) == LIFECYCLE_OK ||
            lifecycle_module_find(all.manager, path, &module) == LIFECYCLE_OK) {
            fill(module, random >> 8);
            reload(module, random >> 9);
            if (random & (1 << 30))
                MAY(lifecycle_unload_module(all.manager, module, 0, NULL, 0));
        }
        look(random >> 7);
        run(reader, random >> 11);
        maintain(random >> 13);
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
    return NULL;
}

static int unload_each(lifecycle_module module, const char *path, void *user)
{
    (void)path;
    (void)user;
    EXPECT_OK(lifecycle_unload_module(all.manager, module, LIFECYCLE_UNLOAD_CASCADE | LIFECYCLE_UNLOAD_FORCE_PINNED, NULL, 0));
    return 0;
}

static void everything_at_once(uint32_t mode)
{
    pthread_t threads[THREADS];
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_stats stats;
    int (*missing)(void) = return_minus_one;
    void *address;
    memset(&all, 0, sizeof all);
    all.rounds = expect_scale(3000, 40);
    config.code_capacity = 8 << 20;
    config.code_mode = mode;
    all.manager = make_manager(&config);
    memcpy(&address, &missing, sizeof address);
    EXPECT_OK(lifecycle_set_resolver(all.manager, resolve_none, address));
    observer.on_event = count_event;
    EXPECT_OK(lifecycle_set_observer(all.manager, &observer, NULL));
    for (int i = 0; i < NAMES; i++)
        all.entries[i] = CAN_RUN_CODE ? entry_of(all.manager, names[i]) : NULL;
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT_OK(lifecycle_each_module(all.manager, unload_each, NULL));
    (void)lifecycle_smf_release(all.manager, 0, file);
    EXPECT_OK(lifecycle_reclaim(all.manager, NULL));
    stats = stats_of(all.manager);
    EXPECT_EQ(stats.tracked_modules + stats.symbols_live + stats.total_jit_symbols + stats.symbols_pinned, 0);
    EXPECT_EQ(stats.code_bytes_live + stats.code_bytes_retired, 0);
    EXPECT_EQ(stats.mappings + stats.mapped_bytes + stats.smf_tracked_count + stats.failed_releases, 0);
    EXPECT_EQ(stats.names_func + stats.names_struct + stats.names_enum + stats.names_global, 0);
    EXPECT_EQ(stats.resources + stats.metadata + stats.sweeper_tracked + stats.readers + stats.readers_inside, 0);
    EXPECT_EQ(leaks_of(all.manager), 0);
    EXPECT(all.owned != 0);
    EXPECT_EQ(all.released, all.owned);
    EXPECT_OK(lifecycle_destroy(all.manager));
}

static void everything_at_once_dual(void)
{
    everything_at_once(LIFECYCLE_CODE_DUAL);
}
static void everything_at_once_mprotect(void)
{
    everything_at_once(LIFECYCLE_CODE_MPROTECT);
}

int main(void)
{
    say_if_code_cannot_run();
    write_file(file, "some bytes", 10);
    RUN(everything_at_once_dual);
    RUN(everything_at_once_mprotect);
    unlink(file);
    return expect_done();
}
