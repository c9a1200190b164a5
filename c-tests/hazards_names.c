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

/* Names that come and go at a constant number leave neither tables that grow nor lookups that do not end. */
static void hazard_mem_16_churn(void)
{
    counting count;
    lifecycle_manager *manager = make_counted(&count);
    lifecycle_module module = load(manager, "m");
    size_t early = 0;
    char name[32];
    for (unsigned long i = 0; i < expect_scale(200000, 3000); i++) {
        snprintf(name, sizeof name, "name %lu", i);
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, name, (int64_t)i, 0));
        if (i >= 50) {
            snprintf(name, sizeof name, "name %lu", i - 50);
            EXPECT_EQ(look_up(manager, name, LIFECYCLE_OK).value, i - 50);
            EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, name));
            look_up(manager, name, LIFECYCLE_E_NOT_FOUND);
        }
        if (i == 2000)
            early = count.bytes;
    }
    EXPECT(count.bytes <= early + 4096);
    EXPECT_EQ(stats_of(manager).names_func, 50);
    EXPECT(stats_of(manager).tombstones <= 1000);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(count.bytes, 0);
}

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

struct walk {
    lifecycle_manager *manager;
    lifecycle_module own;
    int seen;
    lifecycle_status status;
};
static int unload_while_walking(lifecycle_module module, const char *path, void *user)
{
    struct walk *walk = user;
    lifecycle_status status = unload(walk->manager, module);
    EXPECT(path[0] == 'm');
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_STALE);
    walk->seen++;
    return 0;
}
static void unload_from_finaliser(void *resource, void *user)
{
    struct walk *walk = user;
    (void)resource;
    walk->status = unload(walk->manager, walk->own);
}

static void hazard_mem_18_unload_while_in_use(void)
{
    struct walk walk = {make_manager(NULL), 0, 0, LIFECYCLE_OK};
    lifecycle_binding cached;
    char name[16];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "m%d", i);
        load(walk.manager, name);
    }
    EXPECT_OK(lifecycle_each_module(walk.manager, unload_while_walking, &walk));
    EXPECT_EQ(walk.seen, 5);
    EXPECT_EQ(stats_of(walk.manager).tracked_modules, 0);
    walk.own = bind_in(walk.manager, "m", "f", 10);
    EXPECT_OK(lifecycle_on_interp_module_parsed(walk.manager, walk.own, 10, 19));
    cached = look_up(walk.manager, "f", LIFECYCLE_OK);
    EXPECT(lifecycle_did_is_live(walk.manager, cached.value));
    EXPECT_OK(lifecycle_own(walk.manager, walk.own, NULL, unload_from_finaliser, &walk, NULL));
    EXPECT_OK(unload(walk.manager, walk.own));
    EXPECT_STATUS(walk.status, LIFECYCLE_E_STALE); /* from within its own end: it is gone */
    EXPECT_STATUS(unload(walk.manager, walk.own), LIFECYCLE_E_STALE);
    EXPECT(!lifecycle_did_is_live(walk.manager, cached.value));
    EXPECT(!lifecycle_decl_is_live(walk.manager, cached.decl));
    EXPECT_STATUS(unload(walk.manager, 12345), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(walk.manager));
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
    RUN(hazard_mem_17_shadow_chain);
    RUN(hazard_mem_17_shadow_chain_reload);
    RUN(hazard_mem_18_unload_while_in_use);
    RUN(hazard_mem_19_arena_arithmetic);
    RUN(hazard_mem_20_arena_cleanups_call_back);
    return expect_done();
}
