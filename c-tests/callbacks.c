/*
 * callbacks.c - what the library calls, and what those functions may call: everything. Each kind of callback loads,
 * binds, looks up, unloads, counts and asks for leaks in the manager that called it, makes and destroys one of its
 * own, and is refused when it would destroy the one that called it. Nothing waits for itself.
 */
#include "support.h"

typedef struct world {
    lifecycle_manager *manager;
    int depth; /* what a callback calls has callbacks too */
    unsigned long calls, inner, serial;
} world;

static void stay(void *resource, void *user)
{
    (void)resource;
    ((world *)user)->inner++;
}

/* A manager made and destroyed in a callback of another. */
static void destroy_another(world *it)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *other;
    config.code_mode = LIFECYCLE_CODE_NONE;
    other = make_manager(&config);
    EXPECT_OK(lifecycle_own(other, load(other, "of another"), NULL, stay, it, NULL));
    EXPECT_OK(lifecycle_destroy(other));
    EXPECT_STATUS(lifecycle_destroy(other), LIFECYCLE_E_STALE);
}

static void call_everything(world *it)
{
    lifecycle_module module, found, fresh, user_of;
    lifecycle_binding binding;
    lifecycle_symbol symbol;
    char name[32];
    it->calls++;
    if (it->depth++ == 0) {
        snprintf(name, sizeof name, "by a callback %lu", it->serial++);
        module = load(it->manager, name);
        EXPECT_OK(lifecycle_on_interp_func_registered(it->manager, module, name, 7, -7));
        EXPECT_OK(lifecycle_lookup(it->manager, LIFECYCLE_FUNC, name, strlen(name), &binding));
        EXPECT(binding.value == 7 && binding.aux == -7 && binding.module == module);
        EXPECT_OK(lifecycle_module_find(it->manager, name, &found));
        EXPECT_OK(lifecycle_own(it->manager, module, NULL, stay, it, NULL));
        symbol = map_returning(it->manager, module, name, 7, 0);
        EXPECT_EQ(call(lifecycle_symbol_address(it->manager, symbol)), 7);
        EXPECT_OK(lifecycle_reload_begin(it->manager, module, &fresh));
        EXPECT_OK(lifecycle_reload_commit(it->manager, fresh));
        user_of = load(it->manager, "one that needs it");
        EXPECT_OK(lifecycle_module_depend(it->manager, user_of, fresh));
        EXPECT_OK(lifecycle_unload_module(it->manager, fresh, LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
        EXPECT(stats_of(it->manager).loads != 0 && leaks_of(it->manager) != 0);
        EXPECT_OK(lifecycle_reclaim(it->manager, NULL));
        EXPECT_OK(lifecycle_sweep_unused(it->manager, 2, NULL, 0));
        destroy_another(it);
    }
    it->depth--;
    EXPECT_STATUS(lifecycle_destroy(it->manager), LIFECYCLE_E_BUSY);
}

static void hear(const lifecycle_event *event, void *user)
{
    (void)event;
    call_everything(user);
}
static void release(void *resource, void *user)
{
    (void)resource;
    call_everything(user);
}
static void *resolve(const char *name, void *user)
{
    lifecycle_module module;
    world *it = user;
    call_everything(it);
    /* As a JIT does: what was called is there when this returns. */
    module = load(it->manager, "compiled late");
    return lifecycle_symbol_address(it->manager, map_returning(it->manager, module, name, 5, 0));
}
static int write_piece(const char *bytes, size_t len, void *user)
{
    EXPECT(bytes != NULL && len < 4096);
    call_everything(user);
    return ((world *)user)->calls >= 3;
}
static void see_leak(const lifecycle_leak *leak, void *user)
{
    EXPECT(leak->kind != 0);
    call_everything(user);
}
static int visit(lifecycle_module module, const char *path, void *user)
{
    EXPECT(module != 0 && path[0] != 0);
    call_everything(user);
    return 0;
}

static world begin(void)
{
    world it = {NULL, 0, 0, 0, 0};
    it.manager = make_manager(NULL);
    (void)load(it.manager, "ground");
    return it;
}

static void end(const world *it)
{
    unsigned long calls = it->calls;
    EXPECT(calls != 0 && it->inner >= 2);
    EXPECT_OK(lifecycle_set_observer(it->manager, NULL, NULL));
    EXPECT_OK(lifecycle_destroy(it->manager));
    EXPECT_STATUS(lifecycle_destroy(it->manager), LIFECYCLE_E_STALE);
}

static void an_observer(void)
{
    world it = begin();
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    observer.on_event = hear;
    EXPECT_OK(lifecycle_set_observer(it.manager, &observer, &it));
    EXPECT_OK(unload(it.manager, load(it.manager, "heard")));
    EXPECT_OK(lifecycle_advance_epoch(it.manager, NULL));
    EXPECT(it.calls >= 3);
    end(&it);
}

static void a_release_function(void)
{
    world it = begin();
    lifecycle_module module = load(it.manager, "owns");
    for (int i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_own(it.manager, module, NULL, release, &it, NULL));
    EXPECT_OK(unload(it.manager, module));
    EXPECT_EQ(it.calls, 3);
    end(&it);
}

/* While the manager is being destroyed its callbacks may still call it, and not destroy it. */
static void release_at_the_end(void *resource, void *user)
{
    world *it = user;
    (void)resource;
    it->calls++;
    EXPECT_OK(unload(it->manager, load(it->manager, "at the end")));
    EXPECT_OK(lifecycle_own(it->manager, load(it->manager, "left behind"), NULL, stay, it, NULL));
    EXPECT_STATUS(lifecycle_destroy(it->manager), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("destroys it");
}
static void a_release_function_of_a_manager_that_ends(void)
{
    world it = begin();
    lifecycle_module module = load(it.manager, "owns");
    EXPECT_OK(lifecycle_own(it.manager, module, NULL, release_at_the_end, &it, NULL));
    EXPECT_OK(lifecycle_destroy(it.manager));
    EXPECT(it.calls == 1 && it.inner == 1);
}

static void a_resolver(void)
{
    world it = begin();
    EXPECT_OK(lifecycle_set_resolver(it.manager, resolve, &it));
    if (!CAN_RUN_CODE) {
        call_everything(&it);
        return;
    }
    EXPECT_EQ(call(entry_of(it.manager, "late")), 5);
    EXPECT_EQ(it.calls, 1);
    EXPECT_EQ(call(entry_of(it.manager, "late")), 5);
    EXPECT_EQ(it.calls, 1);
    end(&it);
}

static void a_write_function(void)
{
    world it = begin();
    EXPECT_OK(lifecycle_stats_print(it.manager, LIFECYCLE_PROMETHEUS, write_piece, &it));
    EXPECT_EQ(it.calls, 3);
    end(&it);
}

static void a_leak_function(void)
{
    world it = begin();
    EXPECT_OK(lifecycle_leak_check(it.manager, see_leak, &it, NULL));
    EXPECT_EQ(it.calls, 1);
    end(&it);
}

static void a_function_that_visits_modules(void)
{
    world it = begin();
    (void)load(it.manager, "another");
    EXPECT_OK(lifecycle_each_module(it.manager, visit, &it));
    EXPECT_EQ(it.calls, 2);
    end(&it);
}

/* A callback of one manager calls another, whose callback would destroy the first. */
static void destroy_the_first(void *resource, void *user)
{
    world *it = user;
    it->calls++;
    EXPECT_STATUS(lifecycle_destroy(resource), LIFECYCLE_E_BUSY);
}
static void unload_in_the_second(void *resource, void *user)
{
    world *second = resource;
    world *first = user;
    lifecycle_module module = load(second->manager, "of the second");
    EXPECT_OK(lifecycle_own(second->manager, module, first->manager, destroy_the_first, first, NULL));
    EXPECT_OK(unload(second->manager, module));
    EXPECT_OK(lifecycle_destroy(second->manager));
}
static void a_function_called_by_way_of_another_manager(void)
{
    world first = begin(), second = begin();
    lifecycle_module module = load(first.manager, "of the first");
    EXPECT_OK(lifecycle_own(first.manager, module, &second, unload_in_the_second, &first, NULL));
    EXPECT_OK(unload(first.manager, module));
    EXPECT_EQ(first.calls, 1);
    EXPECT_STATUS(lifecycle_destroy(second.manager), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_destroy(first.manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(an_observer);
    RUN(a_release_function);
    RUN(a_release_function_of_a_manager_that_ends);
    RUN(a_resolver);
    RUN(a_write_function);
    RUN(a_leak_function);
    RUN(a_function_that_visits_modules);
    RUN(a_function_called_by_way_of_another_manager);
    return expect_done();
}
