/* Modules and what they own: header section 3, apart from reloads. */
#include <pthread.h>

#include "support.h"

static void a_module_is_loaded_once_and_found_by_its_path(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_module other = 7;
    EXPECT(module != 0);
    EXPECT_STATUS(lifecycle_on_module_load(manager, "a.smf", &other), LIFECYCLE_E_EXISTS);
    EXPECT_SENTENCE("a.smf");
    EXPECT_EQ(other, 0);
    EXPECT_OK(lifecycle_module_find(manager, "a.smf", &other));
    EXPECT_EQ(other, module);
    EXPECT_STATUS(lifecycle_module_find(manager, "b.smf", &other), LIFECYCLE_E_NOT_FOUND);
    EXPECT_SENTENCE("b.smf");
    EXPECT_EQ(other, 0);
    EXPECT_STATUS(lifecycle_on_module_load(manager, "", &other), LIFECYCLE_E_INVALID);
    EXPECT_OK(unload(manager, module));
    EXPECT_STATUS(lifecycle_module_find(manager, "a.smf", &other), LIFECYCLE_E_NOT_FOUND);
    other = load(manager, "a.smf");
    EXPECT(other != module);
    EXPECT_STATUS(lifecycle_module_info_get(manager, module, &(lifecycle_module_info){0}, sizeof(lifecycle_module_info)),
                  LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void release_nothing(void *resource, void *user)
{
    (void)resource;
    (void)user;
}

static void info_tells_what_a_module_owns(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_module_info info = info_of(manager, module);
    lifecycle_mapping mapping;
    uint64_t generation = info.generation;
    EXPECT(strcmp(info.path, "a.smf") == 0);
    EXPECT(info.load_time_us > UINT64_C(1577836800) * 1000000);
    EXPECT_EQ(info.exec_symbols + info.jit_symbols + info.mappings + info.metadata + info.names + info.resources +
                  info.code_bytes, 0);
    map_returning(manager, module, "f", 1, 0);
    map_returning(manager, module, "g", 2, LIFECYCLE_MAP_JIT);
    map_returning(manager, module, "h", 3, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "bytes", "abc", 3, &mapping));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, "key"));
    EXPECT_OK(lifecycle_on_interp_struct_registered(manager, module, "S", 4));
    EXPECT_OK(lifecycle_own(manager, module, NULL, release_nothing, NULL, NULL));
    info = info_of(manager, module);
    EXPECT_EQ(info.exec_symbols, 1);
    EXPECT_EQ(info.jit_symbols, 2);
    EXPECT_EQ(info.mappings, 1);
    EXPECT_EQ(info.metadata, 1);
    EXPECT_EQ(info.names, 1);
    EXPECT_EQ(info.resources, 1);
    EXPECT_EQ(info.code_bytes, 3 * RETURNS_SIZE);
    EXPECT_OK(unload(manager, module));
    info = info_of(manager, load(manager, "a.smf"));
    EXPECT(info.generation > generation);
    /* A shorter struct gets what fits, a longer one zeroes behind it. */
    {
        struct { lifecycle_module_info info; uint64_t later[2]; } longer;
        lifecycle_module_info shorter;
        memset(&longer, 0xee, sizeof longer);
        memset(&shorter, 0xee, sizeof shorter);
        EXPECT_OK(lifecycle_module_find(manager, "a.smf", &module));
        EXPECT_OK(lifecycle_module_info_get(manager, module, &longer.info, sizeof longer));
        EXPECT_EQ(longer.later[0] | longer.later[1], 0);
        EXPECT_OK(lifecycle_module_info_get(manager, module, &shorter, offsetof(lifecycle_module_info, generation)));
        EXPECT(strcmp(shorter.path, "a.smf") == 0);
        EXPECT_EQ(shorter.generation, UINT64_C(0xeeeeeeeeeeeeeeee));
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct walk {
    lifecycle_manager *manager;
    int seen;
    int stop_at;
    int stale;
} walk;

static int note_module(lifecycle_module module, const char *path, void *user)
{
    walk *it = user;
    lifecycle_module found;
    it->seen++;
    EXPECT(strncmp(path, "module", 6) == 0);
    EXPECT_OK(lifecycle_module_find(it->manager, path, &found));
    EXPECT_EQ(found, module);
    return it->seen == it->stop_at;
}

static int unload_all(lifecycle_module module, const char *path, void *user)
{
    walk *it = user;
    char name[24];
    lifecycle_module found;
    it->seen++;
    EXPECT(strncmp(path, "module", 6) == 0);
    if (unload(it->manager, module) == LIFECYCLE_E_STALE)
        it->stale++;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "module%d", i);
        if (lifecycle_module_find(it->manager, name, &found) == LIFECYCLE_OK)
            EXPECT_OK(unload(it->manager, found));
    }
    return 0;
}

static void each_visits_every_module_even_while_they_are_unloaded(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    walk it = {manager, 0, 0, 0};
    EXPECT_OK(lifecycle_each_module(manager, note_module, &it));
    EXPECT_EQ(it.seen, 0);
    load(manager, "module0");
    load(manager, "module1");
    load(manager, "module2");
    EXPECT_OK(lifecycle_each_module(manager, note_module, &it));
    EXPECT_EQ(it.seen, 3);
    it = (walk){manager, 0, 2, 0};
    EXPECT_OK(lifecycle_each_module(manager, note_module, &it));
    EXPECT_EQ(it.seen, 2);
    it = (walk){manager, 0, 0, 0};
    EXPECT_OK(lifecycle_each_module(manager, unload_all, &it));
    EXPECT_EQ(it.seen, 3);
    EXPECT_EQ(it.stale, 2);
    EXPECT_STATUS(lifecycle_each_module(manager, NULL, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_metadata_key_counts_once(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, a, "key"));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, a, "key"));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, b, "key"));
    EXPECT_EQ(info_of(manager, a).metadata, 1);
    EXPECT_EQ(stats_of(manager).metadata, 2);
    EXPECT_STATUS(lifecycle_on_metadata_loaded(manager, a, ""), LIFECYCLE_E_INVALID);
    EXPECT_OK(unload(manager, a));
    EXPECT_EQ(stats_of(manager).metadata, 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct order {
    int released[8];
    int count;
} order;

static void note_release(void *resource, void *user)
{
    order *it = user;
    if (it->count < 8)
        it->released[it->count] = *(int *)resource;
    it->count++;
}

static void resources_are_released_newest_first_and_disowned_ones_not_at_all(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_resource resource[4];
    int numbers[4] = {0, 1, 2, 3};
    order it = {{0}, 0};
    for (int i = 0; i < 4; i++)
        EXPECT_OK(lifecycle_own(manager, module, &numbers[i], note_release, &it, &resource[i]));
    EXPECT_OK(lifecycle_disown(manager, resource[1]));
    EXPECT_STATUS(lifecycle_disown(manager, resource[1]), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_disown(manager, module), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_disown(manager, 0), LIFECYCLE_E_INVALID);
    EXPECT_EQ(stats_of(manager).resources, 3);
    EXPECT_EQ(it.count, 0);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(it.count, 3);
    EXPECT(it.released[0] == 3 && it.released[1] == 2 && it.released[2] == 0);
    EXPECT_STATUS(lifecycle_disown(manager, resource[0]), LIFECYCLE_E_STALE);
    /* What is refused stays the caller's. */
    EXPECT_STATUS(lifecycle_own(manager, module, &numbers[0], note_release, &it, &resource[0]), LIFECYCLE_E_STALE);
    EXPECT_EQ(resource[0], 0);
    module = load(manager, "a");
    EXPECT_STATUS(lifecycle_own(manager, module, &numbers[0], NULL, &it, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(it.count, 3);
}

static void a_needed_module_is_unloaded_only_after_those_that_need_it(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module base = load(manager, "base"), user = load(manager, "user");
    lifecycle_unload_report report;
    EXPECT_OK(lifecycle_module_depend(manager, user, base));
    EXPECT_OK(lifecycle_module_depend(manager, user, base));
    EXPECT_STATUS(lifecycle_module_depend(manager, base, base), LIFECYCLE_E_CYCLE);
    map_returning(manager, base, "f", 1, 0);
    memset(&report, 0xee, sizeof report);
    EXPECT_STATUS(lifecycle_unload_module(manager, base, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("base");
    EXPECT_SENTENCE("user");
    EXPECT_EQ(report.blocker_module, user);
    EXPECT_EQ(report.exec_symbols + report.names + report.code_bytes + report.blocker_symbol, 0);
    EXPECT_EQ(info_of(manager, base).exec_symbols, 1);
    EXPECT_OK(unload(manager, user));
    EXPECT_OK(unload(manager, base));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void cascade_takes_dependants_first_and_circles_whole(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module base = load(manager, "base"), user = load(manager, "user"), top = load(manager, "top");
    lifecycle_module left = load(manager, "left"), right = load(manager, "right");
    lifecycle_unload_report report;
    int numbers[3] = {0, 1, 2};
    order it = {{0}, 0};
    EXPECT_OK(lifecycle_module_depend(manager, user, base));
    EXPECT_OK(lifecycle_module_depend(manager, top, user));
    EXPECT_OK(lifecycle_own(manager, base, &numbers[0], note_release, &it, NULL));
    EXPECT_OK(lifecycle_own(manager, user, &numbers[1], note_release, &it, NULL));
    EXPECT_OK(lifecycle_own(manager, top, &numbers[2], note_release, &it, NULL));
    EXPECT_OK(lifecycle_unload_module(manager, base, LIFECYCLE_UNLOAD_CASCADE, &report, sizeof report));
    EXPECT_EQ(report.resources, 3);
    EXPECT(it.released[0] == 2 && it.released[1] == 1 && it.released[2] == 0);
    EXPECT_EQ(stats_of(manager).tracked_modules, 2);
    EXPECT_EQ(stats_of(manager).unloads, 3);
    EXPECT_OK(lifecycle_module_depend(manager, left, right));
    EXPECT_OK(lifecycle_module_depend(manager, right, left));
    EXPECT_STATUS(unload(manager, left), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(unload(manager, right), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_unload_module(manager, left, LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
    EXPECT_STATUS(unload(manager, right), LIFECYCLE_E_STALE);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_report_counts_what_went(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_unload_report report;
    lifecycle_mapping mapping;
    memset(&report, 0xee, sizeof report);
    map_returning(manager, module, "f", 1, 0);
    map_returning(manager, module, "g", 2, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "k", "abc", 3, &mapping));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, "one"));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, "two"));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, "f", 1, 2));
    EXPECT_OK(lifecycle_on_interp_enum_registered(manager, module, "E", 1));
    EXPECT_OK(lifecycle_on_interp_global_registered(manager, module, "g", 1));
    EXPECT_OK(lifecycle_own(manager, module, NULL, release_nothing, NULL, NULL));
    EXPECT_STATUS(lifecycle_unload_module(manager, module, 4, &report, sizeof report), LIFECYCLE_E_INVALID);
    EXPECT_EQ(report.exec_symbols + report.names + report.blocker_module, 0);
    EXPECT_OK(lifecycle_unload_module(manager, module, 0, &report, sizeof report));
    EXPECT_EQ(report.exec_symbols, 1);
    EXPECT_EQ(report.jit_symbols, 1);
    EXPECT_EQ(report.mappings, 1);
    EXPECT_EQ(report.metadata, 2);
    EXPECT_EQ(report.names, 3);
    EXPECT_EQ(report.resources, 1);
    EXPECT_EQ(report.code_bytes, 2 * RETURNS_SIZE);
    EXPECT_EQ(report.blocker_module + report.blocker_symbol, 0);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_pin_refuses_the_unload_unless_it_is_forced(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a"), user = load(manager, "user");
    lifecycle_symbol pinned = map_returning(manager, user, "p", 1, LIFECYCLE_MAP_PINNED);
    lifecycle_unload_report report;
    EXPECT_OK(lifecycle_module_depend(manager, user, module));
    map_returning(manager, module, "f", 2, 0);
    /* The pin is in a module that would go along: nothing of either goes. */
    EXPECT_STATUS(lifecycle_unload_module(manager, module, LIFECYCLE_UNLOAD_CASCADE, &report, sizeof report),
                  LIFECYCLE_E_PINNED);
    EXPECT_SENTENCE("'p'");
    EXPECT_EQ(report.blocker_symbol, pinned);
    EXPECT_EQ(report.exec_symbols, 0);
    EXPECT_EQ(stats_of(manager).symbols_live, 2);
    EXPECT_OK(lifecycle_unload_module(manager, module, LIFECYCLE_UNLOAD_CASCADE | LIFECYCLE_UNLOAD_FORCE_PINNED, &report,
                                      sizeof report));
    EXPECT_EQ(report.exec_symbols, 2);
    EXPECT_EQ(stats_of(manager).symbols_pinned, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void loading_nests_to_the_limit_and_shows_its_circles(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    char path[24];
    for (int i = 1; i <= 16; i++) {
        snprintf(path, sizeof path, "level%d", i);
        EXPECT_OK(lifecycle_load_enter(manager, path));
    }
    EXPECT_STATUS(lifecycle_load_enter(manager, "level17"), LIFECYCLE_E_DEPTH);
    EXPECT_SENTENCE("level17");
    EXPECT_STATUS(lifecycle_load_enter(manager, "level14"), LIFECYCLE_E_CYCLE);
    EXPECT_SENTENCE("level14 -> level15 -> level16 -> level14");
    EXPECT_STATUS(lifecycle_load_leave(manager, "level15"), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_load_leave(manager, "level17"), LIFECYCLE_E_INVALID);
    for (int i = 16; i >= 1; i--) {
        snprintf(path, sizeof path, "level%d", i);
        EXPECT_OK(lifecycle_load_leave(manager, path));
    }
    EXPECT_STATUS(lifecycle_load_leave(manager, "level1"), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_load_enter(manager, "level14"));
    EXPECT_OK(lifecycle_load_leave(manager, "level14"));
    EXPECT_OK(lifecycle_destroy(manager));
    config.load_depth_limit = 2;
    manager = make_manager(&config);
    EXPECT_OK(lifecycle_load_enter(manager, "a"));
    EXPECT_OK(lifecycle_load_enter(manager, "b"));
    EXPECT_STATUS(lifecycle_load_enter(manager, "c"), LIFECYCLE_E_DEPTH);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *load_beside(void *manager)
{
    /* The other thread is loading "a": this one may too, and leaves nothing of it. */
    EXPECT_STATUS(lifecycle_load_leave(manager, "a"), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_load_enter(manager, "a"));
    EXPECT_STATUS(lifecycle_load_enter(manager, "a"), LIFECYCLE_E_CYCLE);
    EXPECT_OK(lifecycle_load_leave(manager, "a"));
    return NULL;
}

static void *load_and_end(void *manager)
{
    EXPECT_OK(lifecycle_load_enter(manager, "left behind"));
    return NULL;
}

static void a_threads_loads_are_not_the_next_ones(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    pthread_t thread;
    /* The system likes to give the second thread the first one's number and stack. */
    for (int i = 0; i < 20; i++)
        EXPECT(pthread_create(&thread, NULL, load_and_end, manager) == 0 && pthread_join(thread, NULL) == 0);
    EXPECT_OK(lifecycle_load_enter(manager, "left behind"));
    EXPECT_OK(lifecycle_load_leave(manager, "left behind"));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void each_thread_nests_by_itself(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    pthread_t thread;
    EXPECT_OK(lifecycle_load_enter(manager, "a"));
    EXPECT(pthread_create(&thread, NULL, load_beside, manager) == 0 && pthread_join(thread, NULL) == 0);
    EXPECT_OK(lifecycle_load_leave(manager, "a"));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_stale_id_is_stale_for_ever(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module first = load(manager, "a"), last = first;
    unsigned long cycles = expect_scale(100000, 2000), same = 0, wrong = 0;
    EXPECT_OK(unload(manager, first));
    for (unsigned long i = 0; i < cycles; i++) {
        lifecycle_module module = 0;
        wrong += lifecycle_on_module_load(manager, "a", &module) != LIFECYCLE_OK;
        same += module == first || module == last;
        wrong += unload(manager, first) != LIFECYCLE_E_STALE || unload(manager, last) != LIFECYCLE_E_STALE;
        wrong += unload(manager, module) != LIFECYCLE_OK;
        last = module;
    }
    EXPECT_EQ(same, 0);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(stats_of(manager).loads, cycles + 1);
    EXPECT_EQ(stats_of(manager).unloads, cycles + 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static size_t calls_of_an_unload_beside(unsigned long others)
{
    counting count;
    lifecycle_manager *manager = make_counted(&count);
    lifecycle_module crowd = load(manager, "crowd"), module;
    size_t calls;
    char name[32];
    for (unsigned long i = 0; i < others; i++) {
        snprintf(name, sizeof name, "other%lu", i);
        map_returning(manager, crowd, name, 1, i % 2 ? LIFECYCLE_MAP_JIT : 0);
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, crowd, name, 1, 0));
        EXPECT_OK(lifecycle_own(manager, crowd, NULL, release_nothing, NULL, NULL));
    }
    module = load(manager, "one");
    map_returning(manager, module, "f", 1, 0);
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, "f", 1, 0));
    EXPECT_OK(lifecycle_own(manager, module, NULL, release_nothing, NULL, NULL));
    calls = count.calls;
    EXPECT_OK(unload(manager, module));
    calls = count.calls - calls;
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(count.blocks, 0);
    return calls;
}

static void an_unload_costs_the_same_whatever_others_own(void)
{
    size_t alone = calls_of_an_unload_beside(0);
    size_t crowded = calls_of_an_unload_beside(expect_scale(10000, 1000));
    EXPECT(alone > 0);
    EXPECT(crowded <= alone + 2);
}

int main(void)
{
    RUN(a_module_is_loaded_once_and_found_by_its_path);
    RUN(info_tells_what_a_module_owns);
    RUN(each_visits_every_module_even_while_they_are_unloaded);
    RUN(a_metadata_key_counts_once);
    RUN(resources_are_released_newest_first_and_disowned_ones_not_at_all);
    RUN(a_needed_module_is_unloaded_only_after_those_that_need_it);
    RUN(cascade_takes_dependants_first_and_circles_whole);
    RUN(the_report_counts_what_went);
    RUN(a_pin_refuses_the_unload_unless_it_is_forced);
    RUN(loading_nests_to_the_limit_and_shows_its_circles);
    RUN(each_thread_nests_by_itself);
    RUN(a_threads_loads_are_not_the_next_ones);
    RUN(a_stale_id_is_stale_for_ever);
    RUN(an_unload_costs_the_same_whatever_others_own);
    return expect_done();
}
