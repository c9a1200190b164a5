/* What the manager's observer hears: header section 2. */
#include "support.h"

enum { MOST = 64 };

typedef struct heard {
    uint64_t kind, module, id, value;
    char name[32];
    const void *address;
    size_t bytes;
    int stale;
} heard;

typedef struct ears {
    lifecycle_manager *manager;
    heard events[MOST];
    size_t count;
    size_t wrong;
} ears;

static void hear(const lifecycle_event *event, void *user)
{
    ears *it = user;
    heard *next = &it->events[it->count % MOST];
    lifecycle_module_info info;
    it->wrong += event->size != sizeof *event || event->reserved != 0 || event->kind == 0;
    *next = (heard){event->kind, event->module, event->id, event->value, "", event->address, event->bytes, 0};
    snprintf(next->name, sizeof next->name, "%s", event->name == NULL ? "" : event->name);
    /* It may call the library: no lock is held. */
    if (event->module != 0)
        next->stale = lifecycle_module_info_get(it->manager, event->module, &info, sizeof info) == LIFECYCLE_E_STALE;
    it->count++;
}

static void expect_event(const ears *it, size_t at, uint64_t kind, lifecycle_module module, const char *name)
{
    const heard *event = &it->events[at % MOST];
    if (at >= it->count || event->kind != kind || event->module != module || strcmp(event->name, name) != 0) {
        expect_fail(__FILE__, __LINE__, "another event");
        fprintf(stderr, "    event %zu of %zu: kind %u not %u, name \"%s\" not \"%s\", module %#llx not %#llx\n", at,
                it->count, (unsigned)event->kind, (unsigned)kind, event->name, name, (unsigned long long)event->module,
                (unsigned long long)module);
    }
}

static lifecycle_manager *make_observed(ears *it)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    memset(it, 0, sizeof *it);
    it->manager = manager;
    observer.on_event = hear;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, it));
    return manager;
}

static void loading_and_unloading_is_told_in_order(void)
{
    ears it;
    lifecycle_manager *manager = make_observed(&it);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_symbol own = map_returning(manager, module, "f", 1, 0);
    lifecycle_symbol jit = map_returning(manager, module, "j", 2, LIFECYCLE_MAP_JIT);
    void *own_at = lifecycle_symbol_address(manager, own), *jit_at = lifecycle_symbol_address(manager, jit);
    lifecycle_mapping mapping;
    size_t at = 4;
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "bytes", "abcd", 4, &mapping));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, "key"));
    EXPECT_OK(lifecycle_on_interp_enum_registered(manager, module, "E", 1));
    expect_event(&it, 0, LIFECYCLE_EVENT_MODULE_LOADED, module, "a.smf");
    expect_event(&it, 1, LIFECYCLE_EVENT_SYMBOL_MAPPED, module, "f");
    EXPECT(it.events[1].id == own && it.events[1].address == own_at && it.events[1].bytes == RETURNS_SIZE);
    expect_event(&it, 2, LIFECYCLE_EVENT_SYMBOL_MAPPED, module, "j");
    EXPECT(it.events[2].id == jit && it.events[2].address == jit_at);
    expect_event(&it, 3, LIFECYCLE_EVENT_MAPPING_OPENED, module, "bytes");
    EXPECT(it.events[3].id == mapping.id && it.events[3].address == mapping.data && it.events[3].bytes == 4);
    EXPECT_EQ(it.count, at);
    EXPECT_OK(unload(manager, module));
    expect_event(&it, at, LIFECYCLE_EVENT_SYMBOL_RETIRED, module, "j");
    EXPECT(it.events[at].id == jit && it.events[at].address == jit_at && it.events[at].bytes == RETURNS_SIZE);
    /* After it took effect: the module is gone by now. */
    EXPECT(it.events[at].stale);
    expect_event(&it, at + 1, LIFECYCLE_EVENT_SYMBOL_RETIRED, module, "f");
    expect_event(&it, at + 2, LIFECYCLE_EVENT_METADATA_DROPPED, module, "key");
    expect_event(&it, at + 3, LIFECYCLE_EVENT_NAME_REMOVED, module, "E");
    EXPECT_EQ(it.events[at + 3].value, LIFECYCLE_ENUM);
    expect_event(&it, at + 4, LIFECYCLE_EVENT_MODULE_UNLOADED, module, "a.smf");
    EXPECT_EQ(it.events[at + 4].bytes, 2 * RETURNS_SIZE);
    /* Nobody was inside, so what was retired is free already. */
    for (size_t i = at + 5; i < at + 8; i++) {
        const heard *event = &it.events[i];
        if (event->kind == LIFECYCLE_EVENT_MAPPING_EVICTED)
            EXPECT(event->id == mapping.id && event->bytes == 4 && strcmp(event->name, "bytes") == 0);
        else
            EXPECT(event->kind == LIFECYCLE_EVENT_SYMBOL_FREED && event->bytes == RETURNS_SIZE &&
                   event->address == (event->name[0] == 'f' ? own_at : jit_at));
    }
    EXPECT_EQ(it.count, at + 8);
    EXPECT_EQ(it.wrong, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void freeing_is_told_when_the_last_reader_has_left(void)
{
    ears it;
    lifecycle_manager *manager = make_observed(&it);
    lifecycle_symbol symbol = map_returning(manager, load(manager, "a"), "f", 1, 0);
    lifecycle_reader *reader;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
    EXPECT_EQ(it.count, 3);
    EXPECT_EQ(it.events[2].kind, LIFECYCLE_EVENT_SYMBOL_RETIRED);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_EQ(it.count, 3);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(it.count, 4);
    EXPECT_EQ(it.events[3].kind, LIFECYCLE_EVENT_SYMBOL_FREED);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void names_are_told_when_they_go_and_when_they_come_back(void)
{
    ears it;
    lifecycle_manager *manager = make_observed(&it);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b"), c = load(manager, "c");
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, a, "f", 1, 0));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, b, "f", 2, 0));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, c, "f", 3, 0));
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
    expect_event(&it, 3, LIFECYCLE_EVENT_NAME_RESTORED, b, "f");
    EXPECT_EQ(it.events[3].value, LIFECYCLE_FUNC);
    EXPECT_EQ(it.count, 4);
    /* A shadowed binding goes without a word about the name: its answer did not change. */
    EXPECT_OK(unload(manager, a));
    expect_event(&it, 4, LIFECYCLE_EVENT_MODULE_UNLOADED, a, "a");
    EXPECT_EQ(it.count, 5);
    EXPECT_OK(unload(manager, b));
    EXPECT_EQ(it.events[5].kind, LIFECYCLE_EVENT_NAME_REMOVED);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void epochs_and_sweeps_are_told(void)
{
    ears it;
    lifecycle_manager *manager = make_observed(&it);
    map_returning(manager, load(manager, "a"), "j", 1, LIFECYCLE_MAP_JIT);
    for (int i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
    expect_event(&it, 4, LIFECYCLE_EVENT_EPOCH_ADVANCED, 0, "");
    EXPECT_EQ(it.events[4].value, 4);
    EXPECT_OK(lifecycle_sweep_unused(manager, 2, NULL, 0));
    EXPECT_EQ(it.events[5].kind, LIFECYCLE_EVENT_SYMBOL_RETIRED);
    {
        const heard *last = &it.events[it.count - 1];
        EXPECT_EQ(last->kind, LIFECYCLE_EVENT_SWEEP_DONE);
        EXPECT_EQ(last->value, 1);
        EXPECT_EQ(last->bytes, RETURNS_SIZE);
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_prefetched_mapping_is_told_with_no_module(void)
{
    ears it;
    lifecycle_manager *manager = make_observed(&it);
    const char *path = "observer.file";
    write_file(path, "hello", 5);
    EXPECT_OK(lifecycle_smf_prefetch(manager, &path, 1, NULL));
    expect_event(&it, 0, LIFECYCLE_EVENT_MAPPING_OPENED, 0, path);
    EXPECT_OK(lifecycle_smf_release(manager, 0, path));
    expect_event(&it, 1, LIFECYCLE_EVENT_MAPPING_EVICTED, 0, path);
    EXPECT_EQ(it.events[1].id, it.events[0].id);
    unlink(path);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void there_is_one_observer_at_a_time_and_none_hears_nothing(void)
{
    ears it, other = {NULL, {{0}}, 0, 0};
    lifecycle_manager *manager = make_observed(&it);
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    struct { lifecycle_observer observer; uint64_t later; } longer = {LIFECYCLE_OBSERVER_INIT, 1};
    other.manager = manager;
    EXPECT_STATUS(lifecycle_set_observer(manager, &observer, &other), LIFECYCLE_E_INVALID);
    longer.observer.size = sizeof longer;
    longer.observer.on_event = hear;
    EXPECT_STATUS(lifecycle_set_observer(manager, &longer.observer, &other), LIFECYCLE_E_UNSUPPORTED);
    load(manager, "a");
    EXPECT_EQ(it.count, 1);
    observer.on_event = hear;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &other));
    load(manager, "b");
    EXPECT_EQ(it.count, 1);
    EXPECT_EQ(other.count, 1);
    EXPECT_OK(lifecycle_set_observer(manager, NULL, NULL));
    load(manager, "c");
    EXPECT_EQ(other.count, 1);
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &other));
    /* The end of the manager is told like any unload. */
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(other.count, 4);
}

static void hear_and_unload(const lifecycle_event *event, void *user)
{
    ears *it = user;
    it->count++;
    if (event->kind == LIFECYCLE_EVENT_MODULE_LOADED)
        EXPECT_OK(unload(it->manager, event->module));
    if (event->kind == LIFECYCLE_EVENT_MODULE_UNLOADED)
        it->wrong += stats_of(it->manager).tracked_modules != 0;
}

static void an_observer_may_unload_what_it_hears_of(void)
{
    ears it = {NULL, {{0}}, 0, 0};
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_manager *manager = make_manager(NULL);
    it.manager = manager;
    observer.on_event = hear_and_unload;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &it));
    EXPECT_STATUS(unload(manager, load(manager, "a")), LIFECYCLE_E_STALE);
    EXPECT_EQ(it.count, 2);
    EXPECT_EQ(it.wrong, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct totals {
    lifecycle_manager *manager;
    uint64_t unloads;
} totals;

static void count_unloads(const lifecycle_event *event, void *user)
{
    totals *it = user;
    if (event->kind == LIFECYCLE_EVENT_MODULE_UNLOADED)
        it->unloads = stats_of(it->manager).unloads;
}

static void a_module_unloaded_by_the_end_is_counted_once(void)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_manager *manager = make_manager(NULL);
    totals it = {manager, 0};
    observer.on_event = count_unloads;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &it));
    load(manager, "a");
    load(manager, "b");
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(it.unloads, 2);
}

int main(void)
{
    RUN(loading_and_unloading_is_told_in_order);
    RUN(freeing_is_told_when_the_last_reader_has_left);
    RUN(names_are_told_when_they_go_and_when_they_come_back);
    RUN(epochs_and_sweeps_are_told);
    RUN(a_prefetched_mapping_is_told_with_no_module);
    RUN(there_is_one_observer_at_a_time_and_none_hears_nothing);
    RUN(an_observer_may_unload_what_it_hears_of);
    RUN(a_module_unloaded_by_the_end_is_counted_once);
    return expect_done();
}
