/* Epochs, use and the sweeper: header section 5. */
#include "support.h"

static uint64_t advance(lifecycle_manager *manager, int epochs)
{
    uint64_t epoch = 0;
    for (int i = 0; i < epochs; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, &epoch));
    return epoch;
}

static lifecycle_sweep_report sweep(lifecycle_manager *manager, uint64_t max_age)
{
    lifecycle_sweep_report report;
    memset(&report, 0xee, sizeof report);
    EXPECT_OK(lifecycle_sweep_unused(manager, max_age, &report, sizeof report));
    return report;
}

static size_t stale(lifecycle_manager *manager, uint64_t max_age)
{
    size_t count = 999;
    EXPECT_OK(lifecycle_stale_count(manager, max_age, &count));
    return count;
}

static bool mapped(lifecycle_manager *manager, const char *name)
{
    lifecycle_symbol symbol;
    return lifecycle_symbol_find(manager, name, &symbol) == LIFECYCLE_OK;
}

static void epochs_begin_at_one_and_go_up_by_one(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    uint64_t epoch = 0;
    EXPECT_EQ(stats_of(manager).sweeper_epoch, 1);
    EXPECT_OK(lifecycle_advance_epoch(manager, &epoch));
    EXPECT_EQ(epoch, 2);
    EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
    EXPECT_EQ(stats_of(manager).sweeper_epoch, 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_symbol_is_stale_once_it_is_older_than_the_age_and_not_before(void)
{
    for (uint64_t age = 2; age < 6; age++) {
        lifecycle_manager *manager = make_manager(NULL);
        lifecycle_symbol symbol = map_returning(manager, load(manager, "a"), "j", 1, LIFECYCLE_MAP_JIT);
        lifecycle_sweep_report report;
        advance(manager, (int)age);
        EXPECT_EQ(stale(manager, age), 0);
        EXPECT_EQ(stale(manager, age - 1), 1);
        EXPECT_EQ(sweep(manager, age).evicted, 0);
        EXPECT(lifecycle_symbol_address(manager, symbol) != NULL);
        advance(manager, 1);
        EXPECT_EQ(stale(manager, age), 1);
        report = sweep(manager, age);
        EXPECT_EQ(report.evicted, 1);
        EXPECT_EQ(report.examined, 1);
        EXPECT_EQ(report.code_bytes, RETURNS_SIZE);
        EXPECT_EQ(report.pinned, 0);
        EXPECT(lifecycle_symbol_address(manager, symbol) == NULL);
        EXPECT_EQ(stale(manager, age), 0);
        EXPECT_EQ(stats_of(manager).sweeps, 2);
        EXPECT_EQ(stats_of(manager).evictions, 1);
        EXPECT_EQ(stats_of(manager).sweeper_tracked, 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

static void what_was_used_in_the_last_two_epochs_stays_whatever_is_asked(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    map_returning(manager, module, "two ago", 1, LIFECYCLE_MAP_JIT);
    advance(manager, 1);
    map_returning(manager, module, "one ago", 1, LIFECYCLE_MAP_JIT);
    advance(manager, 1);
    map_returning(manager, module, "now", 1, LIFECYCLE_MAP_JIT);
    EXPECT_EQ(stale(manager, 0), 2);
    EXPECT_EQ(sweep(manager, 0).evicted, 1);
    EXPECT(!mapped(manager, "two ago") && mapped(manager, "one ago") && mapped(manager, "now"));
    EXPECT_EQ(sweep(manager, 0).evicted, 0);
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 0, NULL, 0));
    EXPECT(mapped(manager, "one ago") && mapped(manager, "now"));
    EXPECT_EQ(sweep(manager, UINT64_MAX).evicted, 0);
    EXPECT_EQ(stale(manager, UINT64_MAX), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void pinned_symbols_and_code_of_modules_are_never_evicted(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol pinned = map_returning(manager, module, "pinned", 1, LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_PINNED);
    lifecycle_sweep_report report;
    map_returning(manager, module, "own", 1, 0);
    map_returning(manager, module, "plain", 1, LIFECYCLE_MAP_JIT);
    advance(manager, 1000);
    EXPECT_EQ(stale(manager, 100), 2);
    report = sweep(manager, 100);
    EXPECT_EQ(report.evicted, 1);
    EXPECT_EQ(report.pinned, 1);
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 0, &report, sizeof report));
    EXPECT_EQ(report.evicted, 0);
    EXPECT_EQ(report.pinned, 1);
    EXPECT(mapped(manager, "pinned") && mapped(manager, "own") && !mapped(manager, "plain"));
    EXPECT_OK(lifecycle_unpin(manager, pinned));
    EXPECT_EQ(sweep(manager, 100).evicted, 1);
    EXPECT(mapped(manager, "own"));
    /* A module's own code that a JIT produced after all may go. */
    EXPECT_OK(lifecycle_on_jit_triggered(manager, module, "own"));
    EXPECT_EQ(sweep(manager, 100).evicted, 0);
    advance(manager, 101);
    EXPECT_EQ(sweep(manager, 100).evicted, 1);
    EXPECT(!mapped(manager, "own"));
    EXPECT_EQ(leaks_of(manager), 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void marked_symbols_are_as_young_as_their_mark(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol called = map_returning(manager, module, "called", 1, LIFECYCLE_MAP_JIT);
    lifecycle_symbol inlined = map_returning(manager, module, "inlined", 1, LIFECYCLE_MAP_JIT);
    lifecycle_symbol_info info;
    uint64_t *slot = NULL;
    const uint64_t *clock = NULL;
    map_returning(manager, module, "idle", 1, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_usage_slot(manager, inlined, &slot, &clock));
    EXPECT_EQ(*slot, 1);
    EXPECT_EQ(*clock, 1);
    advance(manager, 5);
    EXPECT_EQ(*clock, 6);
    EXPECT_OK(lifecycle_mark_used(manager, called));
    lifecycle_mark(slot, clock);
    lifecycle_mark(NULL, clock);
    lifecycle_mark(slot, NULL);
    EXPECT_EQ(*slot, 6);
    EXPECT_OK(lifecycle_symbol_info_get(manager, called, &info, sizeof info));
    EXPECT_EQ(info.last_used_epoch, 6);
    EXPECT_EQ(stale(manager, 4), 1);
    EXPECT_EQ(sweep(manager, 4).evicted, 1);
    EXPECT(mapped(manager, "called") && mapped(manager, "inlined") && !mapped(manager, "idle"));
    /* Exactly at the border again, counted from the mark. */
    advance(manager, 4);
    EXPECT_EQ(sweep(manager, 4).evicted, 0);
    lifecycle_mark(slot, clock);
    advance(manager, 1);
    EXPECT_EQ(sweep(manager, 4).evicted, 1);
    EXPECT(!mapped(manager, "called") && mapped(manager, "inlined"));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_budget_is_kept_by_evicting_the_oldest_first(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_caps caps;
    lifecycle_sweep_report report;
    char name[24];
    size_t one;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    map_returning(manager, module, "j0", 0, LIFECYCLE_MAP_JIT);
    one = stats_of(manager).code_bytes_live;
    EXPECT(one >= caps.code_granule);
    for (int i = 1; i < 10; i++) {
        advance(manager, 1);
        snprintf(name, sizeof name, "j%d", i);
        map_returning(manager, module, name, i, LIFECYCLE_MAP_JIT);
    }
    advance(manager, 5);
    EXPECT_EQ(stats_of(manager).code_bytes_live, 10 * one);
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 10 * one, &report, sizeof report));
    EXPECT_EQ(report.evicted, 0);
    /* Four must go and no more: bytes are counted as the statistics count them. */
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 6 * one, &report, sizeof report));
    EXPECT_EQ(report.evicted, 4);
    EXPECT_EQ(stats_of(manager).code_bytes_live, 6 * one);
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "j%d", i);
        EXPECT(mapped(manager, name) == (i >= 4));
    }
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 6 * one - 1, &report, sizeof report));
    EXPECT_EQ(report.evicted, 1);
    EXPECT(!mapped(manager, "j4") && mapped(manager, "j5"));
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 0, NULL, 0));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void adopted_code_does_not_count_for_the_budget(void)
{
    static unsigned char adopted[4096];
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "adopted", adopted, sizeof adopted, NULL, NULL, NULL));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, module, "adopted"));
    advance(manager, 1);
    map_returning(manager, module, "mapped", 1, LIFECYCLE_MAP_JIT);
    advance(manager, 5);
    /* To evict the adopted one first, older though it is, would not bring it a byte nearer. */
    EXPECT_OK(lifecycle_sweep_to_budget(manager, 0, NULL, 0));
    EXPECT(!mapped(manager, "mapped") && mapped(manager, "adopted"));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *remap(const char *name, void *user)
{
    lifecycle_manager *manager = user;
    lifecycle_module module;
    EXPECT(strcmp(name, "j") == 0);
    EXPECT_OK(lifecycle_module_find(manager, "a", &module));
    return lifecycle_symbol_address(manager, map_returning(manager, module, name, 2, LIFECYCLE_MAP_JIT));
}

static void an_evicted_entry_asks_the_resolver(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    void *entry = entry_of(manager, "j");
    void *const *slot;
    EXPECT_OK(lifecycle_set_resolver(manager, remap, manager));
    EXPECT_OK(lifecycle_entry_slot(manager, "j", &slot));
    map_returning(manager, load(manager, "a"), "j", 1, LIFECYCLE_MAP_JIT);
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(entry), 1);
    advance(manager, 3);
    EXPECT_EQ(sweep(manager, 0).evicted, 1);
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(entry), 2);
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(*slot), 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_slot_of_what_is_gone_is_refused(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol = map_returning(manager, module, "j", 1, LIFECYCLE_MAP_JIT);
    uint64_t *slot = (uint64_t *)8;
    const uint64_t *clock = (const uint64_t *)8;
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
    EXPECT_STATUS(lifecycle_usage_slot(manager, symbol, &slot, &clock), LIFECYCLE_E_STALE);
    EXPECT(slot == NULL && clock == NULL);
    EXPECT_STATUS(lifecycle_mark_used(manager, symbol), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_mark_used(manager, module), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_mark_used(manager, 0), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void statistics_count_stale_ones_by_the_configured_age(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager;
    for (uint64_t age = 0; age < 12; age += 5) {
        uint64_t means = age == 0 ? 100 : age;
        config.sweep_max_age = age;
        manager = make_manager(&config);
        map_returning(manager, load(manager, "a"), "j", 1, LIFECYCLE_MAP_JIT);
        advance(manager, (int)means);
        EXPECT_EQ(stats_of(manager).sweeper_stale, 0);
        advance(manager, 1);
        EXPECT_EQ(stats_of(manager).sweeper_stale, 1);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

static void a_sweep_looks_only_at_what_is_old(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    char name[24];
    const unsigned many = (unsigned)expect_scale(5000, 500);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "old%u", i);
        map_returning(manager, module, name, 1, LIFECYCLE_MAP_JIT);
    }
    advance(manager, 10);
    for (unsigned i = 0; i < many; i++) {
        snprintf(name, sizeof name, "new%u", i);
        map_returning(manager, module, name, 1, LIFECYCLE_MAP_JIT);
    }
    advance(manager, 3);
    {
        lifecycle_sweep_report report = sweep(manager, 5);
        EXPECT_EQ(report.examined, 3);
        EXPECT_EQ(report.evicted, 3);
    }
    EXPECT_EQ(sweep(manager, 5).examined, 0);
    EXPECT_EQ(stats_of(manager).sweeper_tracked, many);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Many in use and few that are not: after one look at each that was used, a sweep costs what is stale. */
static void a_sweep_costs_what_is_stale_or_was_used_since(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager;
    lifecycle_module module;
    const unsigned many = (unsigned)expect_scale(100000, 2000), few = 100, touched = 50;
    lifecycle_symbol *symbols = malloc(many * sizeof *symbols);
    lifecycle_sweep_report report;
    char name[24];
    EXPECT(symbols != NULL);
    if (symbols == NULL)
        return;
    config.code_capacity = 64 << 20;
    manager = make_manager(&config);
    module = load(manager, "a");
    for (unsigned i = 0; i < many; i++) {
        snprintf(name, sizeof name, "j%u", i);
        symbols[i] = map_returning(manager, module, name, 1, LIFECYCLE_MAP_JIT);
    }
    advance(manager, 10);
    for (unsigned i = few; i < many; i++)
        EXPECT_OK(lifecycle_mark_used(manager, symbols[i]));
    /* All were used since they were last looked at: each is looked at, this once. */
    EXPECT_EQ(stale(manager, 5), few);
    advance(manager, 3);
    for (unsigned i = few; i < few + touched; i++)
        EXPECT_OK(lifecycle_mark_used(manager, symbols[i]));
    report = sweep(manager, 5);
    EXPECT_EQ(report.examined, few);
    EXPECT_EQ(report.evicted, few);
    EXPECT_EQ(sweep(manager, 5).examined, 0);
    /* Now what was not touched is stale. Of these, a budget takes what it needs and looks at no more. */
    advance(manager, 3);
    EXPECT_OK(lifecycle_sweep_to_budget(manager, stats_of(manager).code_bytes_live - 1, &report, sizeof report));
    EXPECT_EQ(report.evicted, 1);
    EXPECT(report.examined <= 2 + touched);
    report = sweep(manager, 5);
    EXPECT_EQ(report.evicted, many - few - touched - 1);
    EXPECT(report.examined <= many);
    EXPECT_EQ(stats_of(manager).sweeper_tracked, touched);
    free(symbols);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* What is used all the time is more than the budget: sweeps take what is not used, and nothing else, however often. */
static void a_budget_below_what_is_in_use_evicts_nothing_in_use(void)
{
    enum { WORKING = 200, IDLE = 50 };
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol working[WORKING];
    uint64_t *slots[WORKING];
    const uint64_t *clock = NULL;
    lifecycle_sweep_report report;
    uint64_t examined = 0;
    char name[24];
    for (int i = 0; i < WORKING + IDLE; i++) {
        lifecycle_symbol symbol;
        snprintf(name, sizeof name, "j%d", i);
        symbol = map_returning(manager, module, name, i, LIFECYCLE_MAP_JIT);
        if (i < WORKING) {
            working[i] = symbol;
            EXPECT_OK(lifecycle_usage_slot(manager, symbol, &slots[i], &clock));
        }
    }
    for (int round = 0; round < 50; round++) {
        advance(manager, 1);
        for (int i = 0; i < WORKING; i++)
            if (i % 2 == round % 2) /* each is used in every other epoch */
                lifecycle_mark(slots[i], clock);
        EXPECT_OK(lifecycle_sweep_to_budget(manager, 64, &report, sizeof report));
        EXPECT_EQ(report.evicted, round == 1 ? IDLE : 0);
        EXPECT_OK(lifecycle_sweep_unused(manager, 0, &report, sizeof report));
        EXPECT_EQ(report.evicted, 0);
        examined += report.examined;
    }
    for (int i = 0; i < WORKING; i++)
        EXPECT(lifecycle_symbol_address(manager, working[i]) != NULL);
    EXPECT_EQ(stats_of(manager).evictions, IDLE);
    /* The second sweep of an epoch has nothing left to look at. */
    EXPECT_EQ(examined, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(epochs_begin_at_one_and_go_up_by_one);
    RUN(a_symbol_is_stale_once_it_is_older_than_the_age_and_not_before);
    RUN(what_was_used_in_the_last_two_epochs_stays_whatever_is_asked);
    RUN(pinned_symbols_and_code_of_modules_are_never_evicted);
    RUN(marked_symbols_are_as_young_as_their_mark);
    RUN(a_budget_is_kept_by_evicting_the_oldest_first);
    RUN(adopted_code_does_not_count_for_the_budget);
    RUN(an_evicted_entry_asks_the_resolver);
    RUN(a_slot_of_what_is_gone_is_refused);
    RUN(statistics_count_stale_ones_by_the_configured_age);
    RUN(a_sweep_looks_only_at_what_is_old);
    RUN(a_sweep_costs_what_is_stale_or_was_used_since);
    RUN(a_budget_below_what_is_in_use_evicts_nothing_in_use);
    return expect_done();
}
