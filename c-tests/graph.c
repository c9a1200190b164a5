/*
 * graph.c - who needs whom, by the thousand: chains, stars, rings and ladders of modules are refused, unloaded,
 * reloaded and ended, each module before those that it needs, and none of it costs more for there being more.
 */
#include <pthread.h>

#include "support.h"

/* --- modules by number, and the order in which they went --- */

struct graph {
    lifecycle_manager *manager;
    size_t count;
    lifecycle_module *modules;
    lifecycle_module *went; /* in order */
    size_t gone;
    counting memory;
};

static void hear(const lifecycle_event *event, void *user)
{
    struct graph *it = user;
    if (event->kind == LIFECYCLE_EVENT_MODULE_UNLOADED && it->gone < it->count * 2)
        it->went[it->gone++] = event->module;
}

static void observe(struct graph *it, bool listen)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    observer.on_event = hear;
    EXPECT_OK(lifecycle_set_observer(it->manager, listen ? &observer : NULL, it));
}

static void load_all(struct graph *it)
{
    char path[32];
    for (size_t i = 0; i < it->count; i++) {
        snprintf(path, sizeof path, "module %zu", i);
        it->modules[i] = load(it->manager, path);
    }
    it->gone = 0;
}

static struct graph make_graph(size_t count)
{
    struct graph it;
    memset(&it, 0, sizeof it);
    it.count = count;
    it.modules = calloc(count, sizeof *it.modules);
    it.went = calloc(count * 2, sizeof *it.went);
    if (it.modules == NULL || it.went == NULL)
        exit(EXIT_FAILURE);
    return it;
}

static void begin(struct graph *it, size_t count)
{
    *it = make_graph(count);
    it->manager = make_counted(&it->memory);
    load_all(it);
    observe(it, true);
}

static void end(struct graph *it)
{
    EXPECT_OK(lifecycle_destroy(it->manager));
    EXPECT_EQ(it->memory.blocks, 0);
    free(it->modules);
    free(it->went);
}

static void need(struct graph *it, size_t user, size_t on)
{
    if (lifecycle_module_depend(it->manager, it->modules[user], it->modules[on]) != LIFECYCLE_OK)
        expect_fail(__FILE__, __LINE__, lifecycle_last_error());
}

static void chain(struct graph *it)
{
    for (size_t i = 1; i < it->count; i++)
        need(it, i, i - 1);
}

static void all_need_the_first(struct graph *it)
{
    for (size_t i = 1; i < it->count; i++)
        need(it, i, 0);
}

static lifecycle_status cascade(struct graph *it, size_t from)
{
    return lifecycle_unload_module(it->manager, it->modules[from], LIFECYCLE_UNLOAD_CASCADE, NULL, 0);
}

/* Who stands in the way of a module's unloading; 0 if it was not refused, and went. */
static lifecycle_module blocker_of(struct graph *it, lifecycle_module module)
{
    lifecycle_unload_report report;
    lifecycle_status status = lifecycle_unload_module(it->manager, module, 0, &report, sizeof report);
    EXPECT(status == (report.blocker_module == 0 ? LIFECYCLE_OK : LIFECYCLE_E_BUSY));
    return report.blocker_module;
}

/* How many modules did not go as the i-th of `count`, counted down from `first` or, for -1, up. */
static size_t out_of_order(const struct graph *it, size_t first, int step)
{
    size_t wrong = 0;
    for (size_t i = 0; i < it->gone; i++)
        wrong += it->went[i] != it->modules[step < 0 ? first - i : first + i];
    return wrong;
}

static size_t thousands(void)
{
    return expect_scale(10000, 300);
}

/* --- chains --- */

static void a_chain_is_unloaded_from_its_top(void)
{
    struct graph it;
    size_t wrong = 0;
    begin(&it, thousands());
    chain(&it);
    for (size_t i = 0; i + 1 < it.count; i++)
        wrong += blocker_of(&it, it.modules[i]) != it.modules[i + 1];
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(stats_of(it.manager).tracked_modules, it.count);
    EXPECT_EQ(stats_of(it.manager).unloads, 0);
    (void)blocker_of(&it, it.modules[0]);
    EXPECT_STATUS(unload(it.manager, it.modules[0]), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("module 'module 0' is needed by module 'module 1'");
    for (size_t i = it.count; i-- > 0;)
        wrong += blocker_of(&it, it.modules[i]) != 0;
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(it.gone, it.count);
    EXPECT_EQ(out_of_order(&it, it.count - 1, -1), 0);
    EXPECT_EQ(leaks_of(it.manager), 0);
    end(&it);
}

static void a_cascade_takes_a_chain_from_its_top(void)
{
    struct graph it;
    size_t half;
    begin(&it, thousands());
    half = it.count / 2;
    chain(&it);
    /* The upper half: the lower one stays, and is needed by nobody now. */
    EXPECT_OK(cascade(&it, half));
    EXPECT_EQ(it.gone, it.count - half);
    EXPECT_EQ(out_of_order(&it, it.count - 1, -1), 0);
    EXPECT_EQ(stats_of(it.manager).tracked_modules, half);
    it.gone = 0;
    EXPECT_OK(cascade(&it, 0));
    EXPECT_EQ(it.gone, half);
    EXPECT_EQ(out_of_order(&it, half - 1, -1), 0);
    EXPECT_EQ(stats_of(it.manager).unloads, it.count);
    EXPECT_STATUS(cascade(&it, 0), LIFECYCLE_E_STALE);
    end(&it);
}

static void the_end_takes_a_chain_from_its_top(void)
{
    struct graph it;
    begin(&it, thousands());
    chain(&it);
    EXPECT_OK(lifecycle_destroy(it.manager));
    EXPECT_EQ(it.memory.blocks, 0);
    EXPECT_EQ(it.gone, it.count);
    EXPECT_EQ(out_of_order(&it, it.count - 1, -1), 0);
    it.manager = make_counted(&it.memory);
    end(&it);
}

static void *cascade_in_a_small_stack(void *user)
{
    struct graph *it = user;
    EXPECT_OK(cascade(it, 0));
    return NULL;
}

/* As deep as that: whoever goes down by calling itself is out of stack long before. */
static void a_deep_chain_goes_in_a_small_stack(void)
{
    struct graph it;
    pthread_attr_t small;
    pthread_t thread;
    begin(&it, expect_scale(100000, 2000));
    chain(&it);
    EXPECT(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 64 << 10) == 0);
    EXPECT(pthread_create(&thread, &small, cascade_in_a_small_stack, &it) == 0 && pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&small);
    EXPECT_EQ(out_of_order(&it, it.count - 1, -1), 0);
    EXPECT_EQ(it.gone, it.count);
    end(&it);
}

/* --- stars --- */

static void the_centre_of_a_star_goes_last(void)
{
    struct graph it;
    size_t wrong = 0;
    begin(&it, thousands());
    all_need_the_first(&it);
    EXPECT_EQ(blocker_of(&it, it.modules[0]), it.modules[it.count - 1]);
    EXPECT_OK(cascade(&it, 0));
    EXPECT_EQ(it.gone, it.count);
    EXPECT_EQ(it.went[it.gone - 1], it.modules[0]);
    load_all(&it);
    all_need_the_first(&it);
    /* Each user that goes makes another one the first in the way. */
    for (size_t i = it.count; i-- > 1;) {
        wrong += blocker_of(&it, it.modules[0]) != it.modules[i];
        wrong += blocker_of(&it, it.modules[i]) != 0;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_OK(unload(it.manager, it.modules[0]));
    end(&it);
}

static void who_needs_all_goes_first_and_frees_all(void)
{
    struct graph it;
    size_t wrong = 0;
    begin(&it, thousands());
    for (size_t i = 1; i < it.count; i++)
        need(&it, 0, i);
    for (size_t i = 1; i < it.count; i++)
        wrong += blocker_of(&it, it.modules[i]) != it.modules[0];
    EXPECT_OK(unload(it.manager, it.modules[0]));
    for (size_t i = 1; i < it.count; i++)
        wrong += blocker_of(&it, it.modules[i]) != 0;
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(out_of_order(&it, 0, 1), 0);
    end(&it);
}

static void the_centre_of_a_star_is_reloaded(void)
{
    struct graph it;
    lifecycle_module old, fresh;
    lifecycle_module_info before, after;
    size_t wrong = 0;
    begin(&it, thousands());
    all_need_the_first(&it);
    old = it.modules[0];
    before = info_of(it.manager, it.modules[1]);
    EXPECT_OK(lifecycle_reload_begin(it.manager, old, &fresh));
    EXPECT_OK(lifecycle_reload_commit(it.manager, fresh));
    after = info_of(it.manager, it.modules[1]);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    EXPECT_EQ(it.gone, 1);
    it.modules[0] = fresh;
    /* Everyone's need has followed, in the order in which they came. */
    for (size_t i = it.count; i-- > 1;) {
        wrong += blocker_of(&it, fresh) != it.modules[i];
        wrong += blocker_of(&it, it.modules[i]) != 0;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_OK(unload(it.manager, fresh));
    EXPECT_STATUS(unload(it.manager, old), LIFECYCLE_E_STALE);
    end(&it);
}

/* --- circles --- */

static void a_ring_goes_whole_and_each_of_it_once(void)
{
    struct graph it;
    size_t wrong = 0;
    begin(&it, thousands());
    chain(&it);
    need(&it, 0, it.count - 1);
    for (size_t i = 0; i < it.count; i++)
        wrong += blocker_of(&it, it.modules[i]) != it.modules[(i + 1) % it.count];
    EXPECT_EQ(wrong, 0);
    EXPECT_OK(cascade(&it, it.count / 3));
    EXPECT_EQ(it.gone, it.count);
    EXPECT_EQ(it.went[it.gone - 1], it.modules[it.count / 3]);
    EXPECT_EQ(stats_of(it.manager).tracked_modules, 0);
    load_all(&it);
    chain(&it);
    need(&it, 0, it.count - 1);
    /* One of them reloaded: the ring is a chain from it on, and closes when the fresh side says so. */
    EXPECT_OK(lifecycle_reload_begin(it.manager, it.modules[0], &it.modules[0]));
    EXPECT_OK(lifecycle_reload_commit(it.manager, it.modules[0]));
    EXPECT_EQ(blocker_of(&it, it.modules[it.count - 1]), 0);
    end(&it);
}

static size_t place_of(const struct graph *it, size_t module)
{
    size_t at = 0;
    while (at < it->gone && it->went[at] != it->modules[module])
        at++;
    EXPECT(at < it->gone);
    return at;
}

/* 0 and 1 need each other, 2 needs 0, 3 needs 2 and 1, and 4 needs 3 and is in a circle with 5. */
static void who_needs_one_of_a_circle_goes_before_all_of_it(void)
{
    static const size_t edges[][2] = {{0, 1}, {1, 0}, {2, 0}, {3, 2}, {3, 1}, {4, 3}, {4, 5}, {5, 4}};
    for (size_t turn = 0; turn < 8; turn++) {
        for (size_t from = 0; from < 3; from++) {
            struct graph it;
            begin(&it, 6);
            for (size_t e = 0; e < 8; e++)
                need(&it, edges[(e + turn) % 8][0], edges[(e + turn) % 8][1]);
            EXPECT_OK(from == 2 ? lifecycle_destroy(it.manager) : cascade(&it, from));
            EXPECT(from != 2 || it.memory.blocks == 0);
            EXPECT_EQ(it.gone, 6);
            for (size_t circle = 0; circle < 2; circle++)
                EXPECT(place_of(&it, 2) < place_of(&it, circle));
            EXPECT(place_of(&it, 3) < place_of(&it, 2));
            EXPECT(place_of(&it, 4) < place_of(&it, 3) && place_of(&it, 5) < place_of(&it, 3));
            if (from == 2)
                it.manager = make_counted(&it.memory);
            end(&it);
        }
    }
}

/* Each rung is two modules that both need both of the rung below: 2^rungs ways down, each module once. */
static void a_ladder_goes_rung_by_rung(void)
{
    struct graph it;
    size_t wrong = 0;
    begin(&it, thousands() / 10 * 2);
    for (size_t i = 2; i < it.count; i++) {
        need(&it, i, i / 2 * 2 - 2);
        need(&it, i, i / 2 * 2 - 1);
    }
    need(&it, 0, 1);
    EXPECT_OK(cascade(&it, 1));
    EXPECT_EQ(it.gone, it.count);
    for (size_t i = 0; i < it.gone; i++)
        wrong += it.went[i] != it.modules[it.count - 1 - i] && it.went[i] != it.modules[(it.count - 1 - i) ^ 1];
    EXPECT_EQ(wrong, 0);
    end(&it);
}

/* --- what it costs, counted --- */

/* Calls of the allocator that each of these made, for so many modules. */
struct calls {
    size_t refuse, commit, chain_top, chain_cascade, star_user;
};

static struct calls calls_for(size_t count)
{
    struct graph it;
    struct calls calls;
    lifecycle_module fresh;
    size_t start;
    it = make_graph(count);
    it.manager = make_counted(&it.memory);
    load_all(&it);
    all_need_the_first(&it);
    start = it.memory.calls;
    EXPECT(blocker_of(&it, it.modules[0]) != 0);
    calls.refuse = it.memory.calls - start;
    EXPECT_OK(lifecycle_reload_begin(it.manager, it.modules[0], &fresh));
    start = it.memory.calls;
    EXPECT_OK(lifecycle_reload_commit(it.manager, fresh));
    calls.commit = it.memory.calls - start;
    it.modules[0] = fresh;
    start = it.memory.calls;
    EXPECT_OK(unload(it.manager, it.modules[count / 2]));
    calls.star_user = it.memory.calls - start;
    EXPECT_OK(cascade(&it, 0));
    load_all(&it);
    chain(&it);
    start = it.memory.calls;
    EXPECT_OK(unload(it.manager, it.modules[count - 1]));
    calls.chain_top = it.memory.calls - start;
    start = it.memory.calls;
    EXPECT_OK(cascade(&it, 0));
    calls.chain_cascade = it.memory.calls - start;
    end(&it);
    return calls;
}

static void what_does_not_look_at_all_modules_asks_for_no_more_memory(void)
{
    struct calls few = calls_for(100), many = calls_for(expect_scale(10000, 1000));
    EXPECT_EQ(many.refuse, few.refuse);
    EXPECT_EQ(many.commit, few.commit);
    EXPECT_EQ(many.chain_top, few.chain_top);
    EXPECT_EQ(many.star_user, few.star_user);
    /* A list that doubles, and each module's own. */
    EXPECT(many.chain_cascade <= few.chain_cascade / 50 * expect_scale(10000, 1000) + 100);
}

/* Modules, needs, keys and handles that come and go leave nothing of them in any table. */
static void coming_and_going_leaves_the_memory_flat(void)
{
    counting memory;
    lifecycle_manager *manager = make_counted(&memory);
    lifecycle_module base = load(manager, "base"), user, fresh;
    size_t early = 0;
    for (unsigned long i = 0; i < expect_scale(50000, 1000); i++) {
        user = load(manager, "user");
        EXPECT_OK(lifecycle_module_depend(manager, user, base));
        EXPECT_OK(lifecycle_on_metadata_loaded(manager, user, "key"));
        EXPECT_OK(lifecycle_exec_manager_bind(manager, INT64_C(1) << 50, user));
        EXPECT_OK(lifecycle_reload_begin(manager, base, &fresh));
        EXPECT_OK(lifecycle_module_depend(manager, user, fresh));
        EXPECT_OK(i % 2 ? lifecycle_reload_commit(manager, fresh) : lifecycle_reload_abort(manager, fresh));
        base = i % 2 ? fresh : base;
        EXPECT_STATUS(unload(manager, base), LIFECYCLE_E_BUSY);
        EXPECT_OK(unload(manager, user));
        if (i == 200)
            early = memory.bytes;
    }
    EXPECT_EQ(memory.bytes, early);
    EXPECT_OK(unload(manager, base));
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(memory.blocks, 0);
}

int main(void)
{
    RUN(a_chain_is_unloaded_from_its_top);
    RUN(a_cascade_takes_a_chain_from_its_top);
    RUN(the_end_takes_a_chain_from_its_top);
    RUN(a_deep_chain_goes_in_a_small_stack);
    RUN(the_centre_of_a_star_goes_last);
    RUN(who_needs_all_goes_first_and_frees_all);
    RUN(the_centre_of_a_star_is_reloaded);
    RUN(a_ring_goes_whole_and_each_of_it_once);
    RUN(who_needs_one_of_a_circle_goes_before_all_of_it);
    RUN(a_ladder_goes_rung_by_rung);
    RUN(coming_and_going_leaves_the_memory_flat);
    RUN(what_does_not_look_at_all_modules_asks_for_no_more_memory);
    return expect_done();
}
