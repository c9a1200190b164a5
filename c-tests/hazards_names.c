/*
 * hazards_names.c - names, ids and arenas: the hazards of the second list of docs/hazards.md that concern what the
 * library has.
 */
#include "support.h"

static lifecycle_binding look_up(lifecycle_manager *manager, const char *name, lifecycle_status want)
{
    lifecycle_binding binding;
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, name, strlen(name), &binding), want);
    return binding;
}

static lifecycle_module bind_in(lifecycle_manager *manager, const char *path, const char *name, int64_t value)
{
    lifecycle_module module = load(manager, path);
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, name, value, 0));
    return module;
}

/* An id of any kind outlives its thing without ever meaning another one. */
static void hazard_mem_05_stale_ids(void)
{
    lifecycle_manager *manager = make_manager(NULL), *other = make_manager(NULL);
    lifecycle_module first = bind_in(manager, "m", "f", 1), again;
    lifecycle_decl decl = look_up(manager, "f", LIFECYCLE_OK).decl;
    lifecycle_module_info info;
    EXPECT_OK(unload(manager, first));
    for (unsigned long i = 0; i < expect_scale(5000, 200); i++) {
        again = bind_in(manager, "m", "f", 2);
        EXPECT(again != first);
        EXPECT(look_up(manager, "f", LIFECYCLE_OK).decl != decl);
        EXPECT(!lifecycle_decl_is_live(manager, decl));
        EXPECT_STATUS(lifecycle_module_info_get(manager, first, &info, sizeof info), LIFECYCLE_E_STALE);
        EXPECT_OK(unload(manager, again));
    }
    again = bind_in(manager, "m", "f", 3);
    EXPECT_STATUS(lifecycle_module_info_get(other, again, &info, sizeof info), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(other));
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- 16: tables full of removed names --- */

static const char *numbered(unsigned long i)
{
    static char name[32];
    snprintf(name, sizeof name, "name %lu", i);
    return name;
}

static lifecycle_status bind_number(lifecycle_manager *manager, lifecycle_module module, unsigned long i)
{
    return lifecycle_on_interp_func_registered(manager, module, numbered(i), (int64_t)i, 0);
}

/* Whether a number's name means it; a miss is no failure here. */
static bool means(lifecycle_manager *manager, unsigned long i)
{
    lifecycle_binding binding;
    const char *name = numbered(i);
    return lifecycle_lookup(manager, LIFECYCLE_FUNC, name, strlen(name), &binding) == LIFECYCLE_OK &&
           binding.value == (int64_t)i;
}

/* Pages that are in memory; 0 where a tool makes them mean something else. */
static size_t resident_pages(void)
{
    size_t pages = 0;
#if !defined(__SANITIZE_ADDRESS__)
    FILE *file = expect_scale(1, 0) ? fopen("/proc/self/statm", "r") : NULL;
    if (file != NULL) {
        if (fscanf(file, "%*u %zu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
#endif
    return pages;
}

/* Names that come and go at a constant number leave neither tables that grow nor lookups that do not end. */
static void hazard_mem_16_churn(void)
{
    enum { ALIVE = 50, EARLY = 20000 };
    counting count;
    lifecycle_manager *manager = make_counted(&count);
    lifecycle_module module = load(manager, "m");
    unsigned long rounds = expect_scale(2500000, 30000), wrong = 0; /* each of four operations */
    size_t bytes = 0, pages = 0;
    uint64_t kept = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        wrong += bind_number(manager, module, i) != LIFECYCLE_OK;
        if (i >= ALIVE) {
            wrong += !means(manager, i - ALIVE / 2);
            wrong += lifecycle_unbind(manager, LIFECYCLE_FUNC, numbered(i - ALIVE)) != LIFECYCLE_OK;
            wrong += means(manager, i - ALIVE);
        }
        if (i == EARLY) {
            bytes = count.bytes;
            pages = resident_pages();
            kept = stats_of(manager).code_bytes_metadata;
        }
    }
    EXPECT_EQ(wrong, 0);
    EXPECT(count.bytes <= bytes + 4096); /* the names got longer */
    EXPECT(resident_pages() <= pages + 64);
    EXPECT(stats_of(manager).code_bytes_metadata <= kept);
    EXPECT_EQ(stats_of(manager).names_func, ALIVE);
    EXPECT_EQ(stats_of(manager).tombstones, 0);
    EXPECT_EQ(info_of(manager, module).names, ALIVE);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(count.bytes, 0);
}

/* The same with modules that come and go whole, each with names of all kinds that others had before. */
static void hazard_mem_16_churn_of_modules(void)
{
    enum { EARLY = 500, NAMES = 20 };
    counting count;
    lifecycle_manager *manager = make_counted(&count);
    lifecycle_module modules[4] = {0};
    unsigned long wrong = 0;
    size_t bytes = 0;
    for (unsigned long i = 0; i < expect_scale(50000, 1500); i++) {
        lifecycle_module *one = &modules[i * 7 % 4];
        char path[16];
        snprintf(path, sizeof path, "m%lu", i * 7 % 4);
        if (*one != 0)
            wrong += unload(manager, *one) != LIFECYCLE_OK;
        *one = load(manager, path);
        for (unsigned long n = 0; n < NAMES; n++) {
            const char *name = numbered((i * 13 + n) % 100);
            wrong += lifecycle_on_interp_func_registered(manager, *one, name, (int64_t)i, 0) != LIFECYCLE_OK;
            wrong += lifecycle_on_interp_global_registered(manager, *one, name, (int64_t)n) != LIFECYCLE_OK;
        }
        wrong += look_up(manager, numbered(i * 13 % 100), LIFECYCLE_OK).value != (int64_t)i;
        if (i == EARLY)
            bytes = count.bytes;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT(count.bytes <= bytes + 1024);
    EXPECT_EQ(stats_of(manager).names_func, 4 * NAMES);
    EXPECT_EQ(stats_of(manager).names_global, 4 * NAMES);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(count.bytes, 0);
}

/* A table that had everything removed, by hand or with its module: a miss ends, and what comes back is there once. */
static void hazard_mem_16_a_miss_where_everything_was_removed(void)
{
    unsigned long names = expect_scale(30000, 1000), wrong = 0;
    for (int whole = 0; whole < 2; whole++) {
        lifecycle_manager *manager = make_manager(NULL);
        lifecycle_module module = load(manager, "m");
        for (int round = 0; round < 3; round++) {
            for (unsigned long i = 0; i < names; i++)
                wrong += bind_number(manager, module, i) != LIFECYCLE_OK;
            EXPECT_EQ(stats_of(manager).names_func, names);
            for (unsigned long i = 0; i < names; i++)
                wrong += !means(manager, i);
            for (unsigned long i = 0; !whole && i < names; i++)
                wrong += lifecycle_unbind(manager, LIFECYCLE_FUNC, numbered(i * 7919 % names)) != LIFECYCLE_OK;
            if (whole) {
                EXPECT_OK(unload(manager, module));
                module = load(manager, "m");
            }
            EXPECT_EQ(stats_of(manager).names_func, 0);
            for (unsigned long i = 0; i < 2 * names; i++)
                wrong += means(manager, i);
        }
        EXPECT_EQ(wrong, 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

/* Of many names some are removed and bound again: each stands there once, wherever its place was before. */
static void hazard_mem_16_what_is_bound_again_is_there_once(void)
{
    enum { NAMES = 700 };
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "m");
    unsigned long wrong = 0;
    for (unsigned long i = 0; i < NAMES; i++)
        EXPECT_OK(bind_number(manager, module, i));
    for (unsigned long turn = 1; turn < expect_scale(200, 20); turn++) {
        for (unsigned long i = turn % 3; i < NAMES; i += 1 + turn % 5)
            wrong += lifecycle_unbind(manager, LIFECYCLE_FUNC, numbered(i)) != LIFECYCLE_OK;
        for (unsigned long i = turn % 3; i < NAMES; i += 1 + turn % 5)
            wrong += means(manager, i) || bind_number(manager, module, i) != LIFECYCLE_OK;
        for (unsigned long i = 0; i < NAMES; i++)
            wrong += !means(manager, i);
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(stats_of(manager).names_func, NAMES);
    for (unsigned long i = 0; i < NAMES; i++)
        wrong += lifecycle_unbind(manager, LIFECYCLE_FUNC, numbered(i)) != LIFECYCLE_OK || means(manager, i);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(stats_of(manager).names_func, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- 17: shadowed names --- */

/* Three modules bind one name; they are unloaded in every order; what it means is always the newest that is left. */
static void hazard_mem_17_shadow_chain(void)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const paths[] = {"a", "b", "c"};
    for (int o = 0; o < 6; o++) {
        lifecycle_manager *manager = make_manager(NULL);
        lifecycle_module modules[3];
        bool left[3] = {true, true, true};
        const uint64_t *version = lifecycle_names_version(manager, LIFECYCLE_FUNC);
        for (int i = 0; i < 3; i++)
            modules[i] = bind_in(manager, paths[i], "f", i + 1);
        for (int i = 0; i < 3; i++) {
            int newest = left[2] ? 2 : left[1] ? 1 : 0, next;
            uint64_t before = *version;
            EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, newest + 1);
            EXPECT_OK(unload(manager, modules[orders[o][i]]));
            left[orders[o][i]] = false;
            next = left[2] ? 2 : left[1] ? 1 : left[0] ? 0 : -1;
            /* A cached lookup is told exactly when it must be. */
            EXPECT(next == newest || *version != before);
            if (next >= 0)
                EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, next + 1);
        }
        look_up(manager, "f", LIFECYCLE_E_NOT_FOUND);
        EXPECT_EQ(stats_of(manager).names_func, 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

/* The middle of the chain is reloaded: it keeps its place, and what shadows it goes on to. */
static void hazard_mem_17_shadow_chain_reload(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = bind_in(manager, "a", "f", 1), b = bind_in(manager, "b", "f", 2), c = bind_in(manager, "c", "f", 3), fresh;
    EXPECT_OK(lifecycle_reload_begin(manager, b, &fresh));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, fresh, "f", 20, 0));
    EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 3);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 3);
    EXPECT_OK(unload(manager, c));
    EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 20);
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, fresh, "f", 21, 0)); /* twice in one module */
    EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 21);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 1);
    EXPECT_OK(unload(manager, a));
    look_up(manager, "f", LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* What a call site keeps: the answer of its last lookup, and the version it had. */
struct inline_cache {
    uint64_t version;
    int64_t value;
    unsigned lookups;
};

/* -1 = not bound. As lifecycle_names_version says: the version first, then the lookup. */
static int64_t cached(lifecycle_manager *manager, struct inline_cache *cache)
{
    uint64_t now = __atomic_load_n(lifecycle_names_version(manager, LIFECYCLE_FUNC), __ATOMIC_ACQUIRE);
    if (now != cache->version || cache->lookups == 0) {
        lifecycle_binding binding;
        cache->value = lifecycle_lookup(manager, LIFECYCLE_FUNC, "f", 1, &binding) == LIFECYCLE_OK ? binding.value : -1;
        cache->version = now;
        cache->lookups++;
    }
    return cache->value;
}

/* An id of a symbol, its entry and an inline cache of the name: what they say is old, then new, then gone. */
static void hazard_mem_17_caches_see_old_new_gone(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = bind_in(manager, "a", "f", 1), b = bind_in(manager, "b", "f", 2), fresh;
    struct inline_cache cache = {0, 0, 0};
    lifecycle_symbol old = map_returning(manager, b, "f", 2, 0), newer;
    void *entry = entry_of(manager, "f");
    void *const *slot = NULL;
    unsigned lookups;
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &slot));
    EXPECT_EQ(cached(manager, &cache), 2);
    EXPECT_OK(lifecycle_reload_begin(manager, b, &fresh));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, fresh, "f", 20, 0));
    newer = map_returning(manager, fresh, "f", 20, 0);
    /* Nothing of the fresh side, nor of another name, is old news to who looks. */
    lookups = cache.lookups;
    EXPECT(cached(manager, &cache) == 2 && lifecycle_symbol_address(manager, old) != NULL);
    EXPECT(cached(manager, &cache) == 2 && cache.lookups <= lookups + 1);
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(entry), 2);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(cached(manager, &cache), 20);
    EXPECT(lifecycle_symbol_address(manager, old) == NULL);
    EXPECT(*slot == lifecycle_symbol_address(manager, newer));
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(entry), 20);
    /* What lies below changes: the answer does not, whether or not the cache looks again. */
    EXPECT_OK(unload(manager, a));
    EXPECT_EQ(cached(manager, &cache), 20);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(cached(manager, &cache), -1);
    EXPECT(lifecycle_symbol_address(manager, newer) == NULL);
    EXPECT_STATUS(lifecycle_symbol_find(manager, "f", &newer), LIFECYCLE_E_NOT_FOUND);
    /* And back: the same name in a new module is seen by the same cache. */
    bind_in(manager, "c", "f", 3);
    EXPECT_EQ(cached(manager, &cache), 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* a, b and c bind one name; b binds it twice, and its fresh side too, or once, or not at all. */
static void hazard_mem_17_one_module_twice(void)
{
    static const int64_t expected[3][5] = {{3, 1, 0, 0, 0}, {3, 20, 1, 0, 0}, {3, 21, 20, 1, 0}};
    for (int fresh_binds = 0; fresh_binds < 3; fresh_binds++) {
        lifecycle_manager *manager = make_manager(NULL);
        lifecycle_module a = bind_in(manager, "a", "f", 1), b = bind_in(manager, "b", "f", 2), fresh;
        lifecycle_decl decl = look_up(manager, "f", LIFECYCLE_OK).decl;
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, b, "f", 22, 0));
        EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 22);
        EXPECT(look_up(manager, "f", LIFECYCLE_OK).decl != decl && lifecycle_decl_is_live(manager, decl));
        bind_in(manager, "c", "f", 3);
        EXPECT_OK(lifecycle_reload_begin(manager, b, &fresh));
        for (int i = 0; i < fresh_binds; i++)
            EXPECT_OK(lifecycle_on_interp_func_registered(manager, fresh, "f", 20 + i, 0));
        EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, 3);
        EXPECT_OK(lifecycle_reload_commit(manager, fresh));
        EXPECT(!lifecycle_decl_is_live(manager, decl));
        EXPECT_EQ(info_of(manager, fresh).names, fresh_binds);
        for (int i = 0; expected[fresh_binds][i] != 0; i++) {
            EXPECT_EQ(look_up(manager, "f", LIFECYCLE_OK).value, expected[fresh_binds][i]);
            EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
        }
        look_up(manager, "f", LIFECYCLE_E_NOT_FOUND);
        EXPECT_EQ(info_of(manager, a).names, 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

/* So many modules bind one name that a walk through its stack would be seen; they go in no order of their own. */
static void hazard_mem_17_a_deep_stack(void)
{
    size_t deep = expect_scale(10000, 500), newest = deep - 1, wrong = 0;
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module *modules = calloc(deep, sizeof *modules), one;
    bool *gone = calloc(deep, sizeof *gone);
    if (modules == NULL || gone == NULL)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < deep; i++)
        modules[i] = bind_in(manager, numbered(i), "f", (int64_t)i);
    EXPECT_EQ(stats_of(manager).names_func, deep);
    for (size_t n = 0; n < deep; n++) {
        size_t at = n * 7919 % deep;
        wrong += look_up(manager, "f", LIFECYCLE_OK).value != (int64_t)newest;
        wrong += unload(manager, modules[at]) != LIFECYCLE_OK;
        gone[at] = true;
        while (newest > 0 && gone[newest])
            newest--;
    }
    EXPECT_EQ(wrong, 0);
    look_up(manager, "f", LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(stats_of(manager).names_func, 0);
    /* And one module that binds it as often. */
    one = load(manager, "one");
    for (size_t i = 0; i < deep; i++)
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, one, "f", (int64_t)i, 0));
    for (size_t i = deep; i-- > deep / 2;) {
        wrong += look_up(manager, "f", LIFECYCLE_OK).value != (int64_t)i;
        wrong += lifecycle_unbind(manager, LIFECYCLE_FUNC, "f") != LIFECYCLE_OK;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(info_of(manager, one).names, deep / 2);
    EXPECT_OK(unload(manager, one));
    look_up(manager, "f", LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_destroy(manager));
    free(modules);
    free(gone);
}

/* Sizes that would go around, a limit that is hit, and an arena that goes on afterwards. */
static void hazard_mem_19_arena_arithmetic(void)
{
    static const size_t huge[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX - 4095, SIZE_MAX / 2 + 1, SIZE_MAX / 2};
    static const size_t odd[] = {3, 5, 24, 48, SIZE_MAX, (SIZE_MAX >> 1) + 1, 1 << 30};
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena = NULL;
    char *last, *next;
    size_t used;
    options.hard_limit = 1 << 20;
    EXPECT_OK(lifecycle_arena_create(&options, &arena));
    last = lifecycle_arena_alloc(arena, 1);
    EXPECT(last != NULL && (uintptr_t)last % 16 == 0);
    used = lifecycle_arena_used(arena);
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
        EXPECT(lifecycle_arena_alloc(arena, huge[i]) == NULL);
        EXPECT(lifecycle_arena_alloc_aligned(arena, huge[i], 4096) == NULL);
        EXPECT(lifecycle_arena_alloc_aligned(arena, 1, odd[i]) == NULL);
    }
    EXPECT_EQ(lifecycle_arena_used(arena), used);
    EXPECT(lifecycle_arena_alloc(arena, 0) != lifecycle_arena_alloc(arena, 0));
    while ((next = lifecycle_arena_alloc(arena, 1000)) != NULL) {
        memset(next, 1, 1000);
        last = next;
    }
    EXPECT(lifecycle_arena_alloc(arena, 2000) == NULL);
    EXPECT(lifecycle_arena_used(arena) <= 1 << 20);
    EXPECT_EQ(last[999], 1);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT(lifecycle_arena_alloc(arena, 1 << 19) != NULL);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

/* --- 20: cleanups that call back --- */

struct cleaning {
    lifecycle_arena *arena;
    lifecycle_arena_mark mark;
    int runs;
};
static void cleanup_and_call(void *resource, void *user)
{
    struct cleaning *it = user;
    (void)resource;
    it->runs++;
    EXPECT(lifecycle_arena_alloc(it->arena, 100) != NULL);
    EXPECT_STATUS(lifecycle_arena_reset(it->arena), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_destroy(it->arena), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_rewind(it->arena, it->mark), LIFECYCLE_E_BUSY);
}

static void hazard_mem_20_arena_cleanups_call_back(void)
{
    struct cleaning it = {NULL, {0, 0, 0}, 0};
    EXPECT_OK(lifecycle_arena_create(NULL, &it.arena));
    it.mark = lifecycle_arena_save(it.arena);
    for (int i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_arena_on_reset(it.arena, cleanup_and_call, NULL, &it));
    EXPECT_OK(lifecycle_arena_reset(it.arena));
    EXPECT_EQ(it.runs, 3);
    EXPECT_OK(lifecycle_arena_reset(it.arena));
    EXPECT_EQ(it.runs, 3);
    EXPECT_OK(lifecycle_arena_destroy(it.arena));
}

int main(void)
{
    RUN(hazard_mem_05_stale_ids);
    RUN(hazard_mem_16_churn);
    RUN(hazard_mem_16_churn_of_modules);
    RUN(hazard_mem_16_a_miss_where_everything_was_removed);
    RUN(hazard_mem_16_what_is_bound_again_is_there_once);
    RUN(hazard_mem_17_shadow_chain);
    RUN(hazard_mem_17_shadow_chain_reload);
    RUN(hazard_mem_17_caches_see_old_new_gone);
    RUN(hazard_mem_17_one_module_twice);
    RUN(hazard_mem_17_a_deep_stack);
    RUN(hazard_mem_19_arena_arithmetic);
    RUN(hazard_mem_20_arena_cleanups_call_back);
    return expect_done();
}
