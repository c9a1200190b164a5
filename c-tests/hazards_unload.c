/*
 * hazards_unload.c - a module is unloaded while something of it is in use: its code runs, its frame is on the stack,
 * the host keeps its ids, tables are walked, its own end calls back. Hazard 18 of the second list of docs/hazards.md.
 */
#include "support.h"

static void count_release(void *resource, void *user)
{
    (void)user;
    ++*(int *)resource;
}

static lifecycle_binding look_up(lifecycle_manager *manager, uint32_t kind, const char *name)
{
    lifecycle_binding binding;
    EXPECT_OK(lifecycle_lookup(manager, kind, name, strlen(name), &binding));
    return binding;
}

/* --- running code --- */

static struct {
    lifecycle_manager *manager;
    lifecycle_module module;
    unsigned char *data;
    const char *file;
    const unsigned char *frame; /* the code of the frame that called */
    unsigned char copy[ONE_MORE_SIZE];
    int released;
    bool reload;
} running;

/* Called by the module's code, which waits for it to return: the module goes, and its memory is wanted by others. */
static int unload_under_the_frame(void)
{
    lifecycle_manager *manager = running.manager;
    lifecycle_module fresh = 0, other;
    char name[24];
    if (running.reload) {
        EXPECT_OK(lifecycle_reload_begin(manager, running.module, &fresh));
        map_returning(manager, fresh, "f", 7, 0);
        EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    } else {
        EXPECT_OK(unload(manager, running.module));
    }
    other = load(manager, "other");
    for (int i = 0; i < 100; i++) {
        void *data;
        snprintf(name, sizeof name, "other %d", i);
        map_returning(manager, other, name, i, 0);
        EXPECT_OK(lifecycle_data_reserve(manager, other, 64, 0, &data));
        memset(data, 0xff, 64);
    }
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT(memcmp(running.frame, running.copy, sizeof running.copy) == 0);
    EXPECT(running.data[0] == 1 && running.data[63] == 64);
    EXPECT(memcmp(running.file, "bytes", 5) == 0);
    EXPECT_EQ(running.released, 0);
    EXPECT_STATUS(unload(manager, running.module), LIFECYCLE_E_STALE);
    return 41;
}

static void a_live_frame(bool reload)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader = attach_reader(manager);
    lifecycle_mapping mapping;
    lifecycle_symbol symbol;
    void *data;
    memset(&running, 0, sizeof running);
    running.manager = manager;
    running.reload = reload;
    running.module = load(manager, "running");
    one_more(running.copy, unload_under_the_frame);
    EXPECT_OK(lifecycle_map_symbol(manager, running.module, "f", running.copy, sizeof running.copy, NULL, &symbol));
    running.frame = lifecycle_symbol_address(manager, symbol);
    EXPECT_OK(lifecycle_data_reserve(manager, running.module, 64, 0, &data));
    running.data = data;
    for (int i = 0; i < 64; i++)
        running.data[i] = (unsigned char)(i + 1);
    EXPECT_OK(lifecycle_smf_from_bytes(manager, running.module, "key", "bytes", 5, &mapping));
    running.file = mapping.data;
    EXPECT_OK(lifecycle_own(manager, running.module, &running.released, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_EQ(call(running.frame), 42);
    EXPECT_EQ(running.released, 0);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(running.released, 1);
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    EXPECT_EQ(stats_of(manager).mappings, 0);
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void hazard_mem_18_a_live_frame(void)
{
    a_live_frame(false);
}

static void hazard_mem_18_a_live_frame_of_a_reloaded_module(void)
{
    a_live_frame(true);
}

/* --- what the host keeps --- */

/* Constants and layouts that compiled code of others refers to by id. */
static void hazard_mem_18_ids_that_the_host_keeps(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module colors = load(manager, "colors"), other = load(manager, "other"), fresh;
    lifecycle_binding red, point, again, others;
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, colors, 100, 199));
    EXPECT_OK(lifecycle_on_interp_enum_registered(manager, other, "Color", 7));
    others = look_up(manager, LIFECYCLE_ENUM, "Color");
    EXPECT_OK(lifecycle_on_interp_enum_registered(manager, colors, "Color", 110));
    EXPECT_OK(lifecycle_on_interp_struct_registered(manager, colors, "Point", 120));
    red = look_up(manager, LIFECYCLE_ENUM, "Color");
    point = look_up(manager, LIFECYCLE_STRUCT, "Point");
    EXPECT(lifecycle_decl_is_live(manager, red.decl) && lifecycle_decl_is_live(manager, point.decl));
    EXPECT(lifecycle_did_is_live(manager, red.value) && lifecycle_did_is_live(manager, point.value));
    /* Reloaded: the old side's ids are dead though the names live on. */
    EXPECT_OK(lifecycle_reload_begin(manager, colors, &fresh));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, fresh, 200, 299));
    EXPECT_OK(lifecycle_on_interp_enum_registered(manager, fresh, "Color", 210));
    EXPECT(lifecycle_decl_is_live(manager, red.decl) && lifecycle_did_is_live(manager, red.value));
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT(!lifecycle_decl_is_live(manager, red.decl) && !lifecycle_decl_is_live(manager, point.decl));
    EXPECT(!lifecycle_did_is_live(manager, red.value) && !lifecycle_did_is_live(manager, point.value));
    again = look_up(manager, LIFECYCLE_ENUM, "Color");
    EXPECT(again.value == 210 && again.module == fresh && again.decl != red.decl);
    EXPECT_OK(unload(manager, fresh));
    EXPECT(!lifecycle_decl_is_live(manager, again.decl) && !lifecycle_did_is_live(manager, again.value));
    /* Another module's constant of the same name is its own. */
    EXPECT(lifecycle_decl_is_live(manager, others.decl));
    EXPECT_EQ(look_up(manager, LIFECYCLE_ENUM, "Color").decl, others.decl);
    /* The same declaration ids once more: live again, but no binding that was kept is. */
    colors = load(manager, "colors");
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, colors, 100, 199));
    EXPECT_OK(lifecycle_on_interp_enum_registered(manager, colors, "Color", 110));
    EXPECT(lifecycle_did_is_live(manager, red.value) && !lifecycle_decl_is_live(manager, red.decl));
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- walks --- */

struct walk {
    lifecycle_manager *manager;
    unsigned seen, unloaded, stale, odd;
};

static void unload_one(struct walk *it, lifecycle_module module)
{
    lifecycle_status status = lifecycle_unload_module(it->manager, module, LIFECYCLE_UNLOAD_CASCADE, NULL, 0);
    it->unloaded += status == LIFECYCLE_OK;
    it->stale += status == LIFECYCLE_E_STALE;
    it->odd += status != LIFECYCLE_OK && status != LIFECYCLE_E_STALE;
}

static int visit_and_unload(lifecycle_module module, const char *path, void *user)
{
    struct walk *it = user;
    it->seen++;
    it->odd += path[0] != 'm';
    unload_one(it, module);
    it->odd += path[0] != 'm'; /* it stays for the call */
    return 0;
}

static void tell_and_unload(const lifecycle_leak *leak, void *user)
{
    struct walk *it = user;
    size_t nested = 0;
    it->seen++;
    if (leak->module != 0)
        unload_one(it, leak->module);
    it->odd += leak->owner != NULL && leak->owner[0] != 'm';
    it->odd += leak->name != NULL && leak->name[0] == 0;
    it->odd += lifecycle_leak_check(it->manager, NULL, NULL, &nested) != LIFECYCLE_OK;
}

/* Five modules with something of everything, each of which needs the one before. */
static lifecycle_manager *full_manager(void)
{
    static int released;
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module last = 0;
    lifecycle_mapping mapping;
    char name[24];
    for (int i = 0; i < 5; i++) {
        lifecycle_module module;
        snprintf(name, sizeof name, "m%d", i);
        module = load(manager, name);
        if (last != 0)
            EXPECT_OK(lifecycle_module_depend(manager, module, last));
        map_returning(manager, module, name, i, i % 2 ? LIFECYCLE_MAP_JIT : 0);
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, "shared", i, 0));
        EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, "key"));
        EXPECT_OK(lifecycle_own(manager, module, &released, count_release, NULL, NULL));
        EXPECT_OK(lifecycle_smf_from_bytes(manager, module, name, "abc", 3, &mapping));
        last = module;
    }
    return manager;
}

static void hazard_mem_18_tables_are_walked(void)
{
    struct walk it;
    size_t leaks = 0;
    memset(&it, 0, sizeof it);
    it.manager = full_manager();
    EXPECT_OK(lifecycle_each_module(it.manager, visit_and_unload, &it));
    EXPECT_EQ(it.seen, 5);
    EXPECT_EQ(it.unloaded + it.stale, 5);
    EXPECT_EQ(it.odd, 0);
    EXPECT_EQ(stats_of(it.manager).tracked_modules, 0);
    EXPECT_OK(lifecycle_destroy(it.manager));
    memset(&it, 0, sizeof it);
    it.manager = full_manager();
    EXPECT_OK(lifecycle_leak_check(it.manager, tell_and_unload, &it, &leaks));
    /* What there was when it was asked is told, though all of it is gone after the first. */
    EXPECT_EQ(it.seen, leaks);
    EXPECT_EQ(leaks, 5 * 6);
    EXPECT_EQ(it.odd, 0);
    EXPECT(it.unloaded >= 1 && it.stale >= 5);
    EXPECT_EQ(leaks_of(it.manager), 0);
    EXPECT_OK(lifecycle_destroy(it.manager));
}

/* --- its own end calls back --- */

struct ending {
    lifecycle_manager *manager;
    lifecycle_module own, next;
    unsigned releases, events, odd;
    lifecycle_event_kind on; /* the event that unloads the next module */
};

static void release_and_unload(void *resource, void *user)
{
    struct ending *it = user;
    lifecycle_module_info info;
    lifecycle_module found;
    (void)resource;
    it->releases++;
    /* From within its own end: it is gone, and nothing can be given to it. */
    it->odd += unload(it->manager, it->own) != LIFECYCLE_E_STALE;
    it->odd += lifecycle_unload_module(it->manager, it->own, LIFECYCLE_UNLOAD_CASCADE, NULL, 0) != LIFECYCLE_E_STALE;
    it->odd += lifecycle_own(it->manager, it->own, NULL, release_and_unload, it, NULL) != LIFECYCLE_E_STALE;
    it->odd += lifecycle_module_info_get(it->manager, it->own, &info, sizeof info) != LIFECYCLE_E_STALE;
    it->odd += lifecycle_module_find(it->manager, "own", &found) != LIFECYCLE_E_NOT_FOUND;
}

static void hear_and_unload(const lifecycle_event *event, void *user)
{
    struct ending *it = user;
    lifecycle_module next = it->next;
    it->events++;
    if (event->kind != it->on || next == 0)
        return;
    it->next = 0;
    it->odd += unload(it->manager, event->module) != LIFECYCLE_E_STALE;
    it->odd += unload(it->manager, next) != LIFECYCLE_OK;
    it->odd += unload(it->manager, next) != LIFECYCLE_E_STALE;
}

static void hazard_mem_18_from_its_own_end(void)
{
    static const lifecycle_event_kind kinds[] = {LIFECYCLE_EVENT_MODULE_UNLOADED, LIFECYCLE_EVENT_SYMBOL_RETIRED,
                                                 LIFECYCLE_EVENT_METADATA_DROPPED, LIFECYCLE_EVENT_NAME_REMOVED,
                                                 LIFECYCLE_EVENT_SYMBOL_FREED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
        struct ending it;
        lifecycle_module own;
        memset(&it, 0, sizeof it);
        it.manager = make_manager(NULL);
        it.on = kinds[i];
        own = it.own = load(it.manager, "own");
        it.next = load(it.manager, "next");
        map_returning(it.manager, own, "f", 1, 0);
        EXPECT_OK(lifecycle_on_metadata_loaded(it.manager, own, "key"));
        EXPECT_OK(lifecycle_on_interp_global_registered(it.manager, own, "g", 1));
        EXPECT_OK(lifecycle_own(it.manager, own, NULL, release_and_unload, &it, NULL));
        EXPECT_OK(lifecycle_own(it.manager, own, NULL, release_and_unload, &it, NULL));
        observer.on_event = hear_and_unload;
        EXPECT_OK(lifecycle_set_observer(it.manager, &observer, &it));
        EXPECT_OK(unload(it.manager, own));
        EXPECT_EQ(it.releases, 2);
        EXPECT_EQ(it.odd, 0);
        EXPECT_EQ(it.next, 0); /* the event came */
        EXPECT_STATUS(unload(it.manager, own), LIFECYCLE_E_STALE);
        EXPECT_EQ(stats_of(it.manager).tracked_modules, 0);
        EXPECT_EQ(stats_of(it.manager).unloads, 2);
        EXPECT_EQ(leaks_of(it.manager), 0);
        EXPECT_OK(lifecycle_destroy(it.manager));
    }
}

/* --- ids that are none --- */

static void hazard_mem_18_gone_unknown_or_of_another_kind(void)
{
    lifecycle_manager *manager = make_manager(NULL), *foreign = make_manager(NULL);
    lifecycle_module module = load(manager, "m"), gone = load(manager, "gone"), others = load(foreign, "m");
    lifecycle_symbol symbol = map_returning(manager, module, "f", 1, 0);
    lifecycle_resource resource = 0;
    lifecycle_mapping mapping;
    lifecycle_code code;
    lifecycle_stats before, after;
    int released = 0;
    EXPECT_OK(lifecycle_own(manager, module, &released, count_release, NULL, &resource));
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "key", "abc", 3, &mapping));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, "f", 1, 0));
    EXPECT_OK(lifecycle_code_reserve(manager, 64, 0, NULL, &code));
    EXPECT_OK(unload(manager, gone));
    {
        struct { uint64_t id; lifecycle_status want; } wrong[10] = {
            {0, LIFECYCLE_E_INVALID},
            {gone, LIFECYCLE_E_STALE},
            {others, LIFECYCLE_E_INVALID},
            {symbol, LIFECYCLE_E_TYPE},
            {resource, LIFECYCLE_E_TYPE},
            {look_up(manager, LIFECYCLE_FUNC, "f").decl, LIFECYCLE_E_TYPE},
            {mapping.id, LIFECYCLE_E_TYPE},
            {code.id, LIFECYCLE_E_TYPE},
            {module + ((uint64_t)1 << 36), LIFECYCLE_E_INVALID}, /* a generation that has not come yet */
            {12345, LIFECYCLE_E_INVALID},
        };
        before = stats_of(manager);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            lifecycle_unload_report report;
            lifecycle_module fresh = 1;
            memset(&report, 0xee, sizeof report);
            EXPECT_STATUS(lifecycle_unload_module(manager, wrong[i].id,
                                                  LIFECYCLE_UNLOAD_CASCADE | LIFECYCLE_UNLOAD_FORCE_PINNED, &report,
                                                  sizeof report), wrong[i].want);
            EXPECT_EQ(report.names + report.resources + report.blocker_module + report.blocker_symbol, 0);
            EXPECT_STATUS(lifecycle_reload_begin(manager, wrong[i].id, &fresh), wrong[i].want);
            EXPECT_EQ(fresh, 0);
            EXPECT_STATUS(lifecycle_reload_commit(manager, wrong[i].id), wrong[i].want);
            EXPECT_STATUS(lifecycle_reload_abort(manager, wrong[i].id), wrong[i].want);
            EXPECT_STATUS(lifecycle_module_depend(manager, module, wrong[i].id), wrong[i].want);
            EXPECT_STATUS(lifecycle_module_depend(manager, wrong[i].id, module), wrong[i].want);
        }
        after = stats_of(manager);
        EXPECT(memcmp(&before, &after, sizeof before) == 0);
    }
    EXPECT_EQ(released, 0);
    EXPECT_OK(lifecycle_code_abort(manager, &code));
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(released, 1);
    EXPECT_OK(lifecycle_destroy(foreign));
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    say_if_code_cannot_run();
    if (CAN_RUN_CODE) {
        RUN(hazard_mem_18_a_live_frame);
        RUN(hazard_mem_18_a_live_frame_of_a_reloaded_module);
    }
    RUN(hazard_mem_18_ids_that_the_host_keeps);
    RUN(hazard_mem_18_tables_are_walked);
    RUN(hazard_mem_18_from_its_own_end);
    RUN(hazard_mem_18_gone_unknown_or_of_another_kind);
    return expect_done();
}
