/*
 * failure.h - how failure.c fails: a manager with something of everything, and the loop over the allocation that is
 * refused.
 */
#ifndef LIFECYCLE_TESTS_FAILURE_H
#define LIFECYCLE_TESTS_FAILURE_H

#include "refusals.h"

struct stage {
    lifecycle_manager *manager;
    lifecycle_module a, b, fresh, many[12];
    lifecycle_code code[8];
    lifecycle_reader *readers[8];
    unsigned owned, released, events; /* every resource is released once, whatever failed */
    struct refusals memory;
};

/* What an operation leaves behind when it fails. */
enum { ENTRIES_MAY_STAY = 1, MAY_BE_HALF_DONE = 2, IN_A_RELOAD = 4 };

struct operation {
    const char *name;
    void (*prepare)(struct stage *stage);
    lifecycle_status (*act)(struct stage *stage, int i);
    int times;
    unsigned leaves;
};

static const unsigned char seven[] = RETURNS_SEVEN;
static const char *const failure_files[] = {"failure.0.tmp", "failure.1.tmp", "failure.2.tmp", "failure.3.tmp"};

static void count_release(void *resource, void *user)
{
    (void)resource;
    ((struct stage *)user)->released++;
}

static void count_event(const lifecycle_event *event, void *user)
{
    /* What is freed may be freed later, where memory to tell it was refused. */
    if (event->kind != LIFECYCLE_EVENT_SYMBOL_FREED && event->kind != LIFECYCLE_EVENT_MAPPING_EVICTED)
        ((struct stage *)user)->events++;
}

static lifecycle_config stage_config(struct stage *stage)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 1 << 21;
#ifdef FAIL_MALLOC
    failing = &stage->memory;
#else
    config.allocator = refusing_allocator(&stage->memory);
#endif
    return config;
}

static void begin_stage(struct stage *stage, const struct operation *operation, bool persistent, bool observed)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_config config;
    memset(stage, 0, sizeof *stage);
    config = stage_config(stage);
    stage->memory.persistent = persistent;
    stage->manager = make_manager(&config);
    observer.on_event = count_event;
    if (observed)
        EXPECT_OK(lifecycle_set_observer(stage->manager, &observer, stage));
    stage->a = load(stage->manager, "a module");
    stage->b = load(stage->manager, "b module");
    if (operation->prepare != NULL)
        operation->prepare(stage);
}

static void end_stage(struct stage *stage, const char *name)
{
    EXPECT_OK(lifecycle_destroy(stage->manager));
    EXPECT_EQ(stage->released, stage->owned);
    all_is_back(&stage->memory, name);
}

/* Everything there is to see, as far as it must not change. */
struct seen {
    lifecycle_stats stats;
    lifecycle_module_info info[3];
    size_t leaks;
    unsigned released, blocked; /* which of the modules may not be unloaded, as far as that can be asked */
    struct {
        lifecycle_module module;
        lifecycle_symbol symbol, fresh_symbol;
        lifecycle_binding names[3][2];
        uint64_t versions[4], dids;
        lifecycle_module origin;
    } answers;
};

static const char *numbered(const char *what, int i)
{
    static char name_buffer[64];
    snprintf(name_buffer, sizeof name_buffer, "%s %d of a length that fits nowhere inline", what, i);
    return name_buffer;
}

/* What lookups of every sort say of what fill_module and stage_reload make; misses are answers too. */
static void ask(struct stage *stage, struct seen *seen)
{
    const char *name;
    (void)lifecycle_module_find(stage->manager, "a module", &seen->answers.module);
    (void)lifecycle_symbol_find(stage->manager, numbered("full", 1), &seen->answers.symbol);
    (void)lifecycle_symbol_find(stage->manager, numbered("fresh", 1), &seen->answers.fresh_symbol);
    (void)lifecycle_jit_origin(stage->manager, numbered("jit", 1), &seen->answers.origin);
    for (int i = 0; i < 3; i++) {
        name = numbered("func", i);
        (void)lifecycle_lookup(stage->manager, LIFECYCLE_FUNC, name, strlen(name), &seen->answers.names[i][0]);
        name = numbered("new", i);
        (void)lifecycle_lookup(stage->manager, LIFECYCLE_ENUM, name, strlen(name), &seen->answers.names[i][1]);
    }
    for (uint32_t kind = 0; kind < 4; kind++)
        seen->answers.versions[kind] = *lifecycle_names_version(stage->manager, kind);
    for (int i = 0; i < 60; i++)
        seen->answers.dids |= (uint64_t)lifecycle_did_is_live(stage->manager, i * 5) << i;
}

/* Asking is trying: a module that is needed, or in a reload, says so without anything being changed. */
static unsigned blocked(struct stage *stage)
{
    lifecycle_unload_report report;
    lifecycle_module modules[2];
    unsigned blocked = 0;
    modules[0] = stage->a;
    modules[1] = stage->fresh;
    for (int i = 0; i < 2 && stage->fresh != 0; i++) {
        memset(&report, 0, sizeof report);
        if (lifecycle_unload_module(stage->manager, modules[i], 0, &report, sizeof report) == LIFECYCLE_E_BUSY)
            blocked |= (report.blocker_module == stage->b ? 1u : 2u) << i * 2;
    }
    return blocked;
}

static struct seen look(struct stage *stage, const struct operation *operation)
{
    struct seen seen;
    lifecycle_module modules[3];
    modules[0] = stage->a;
    modules[1] = stage->b;
    modules[2] = stage->fresh;
    memset(&seen, 0, sizeof seen);
    EXPECT_OK(lifecycle_stats_get(stage->manager, &seen.stats, sizeof seen.stats));
    seen.stats.code_bytes_metadata = 0; /* room in a table may stay for the next try */
    seen.stats.code_bytes_reserved = 0; /* so may an empty slab */
    if (operation->leaves & ENTRIES_MAY_STAY)
        seen.stats.entries = 0;
    for (int i = 0; i < 3; i++)
        (void)lifecycle_module_info_get(stage->manager, modules[i], &seen.info[i], sizeof seen.info[i]);
    EXPECT_OK(lifecycle_leak_check(stage->manager, NULL, NULL, &seen.leaks));
    seen.released = stage->released;
    ask(stage, &seen);
    if (operation->leaves & IN_A_RELOAD)
        seen.blocked = blocked(stage);
    return seen;
}

/* True when nothing was refused any more. */
static bool try_once(struct stage *stage, const struct operation *operation, int round, long k, bool *done)
{
    struct seen before = look(stage, operation), after;
    lifecycle_status status;
    stage->memory.refused = 0;
    stage->memory.until = k;
    status = operation->act(stage, round);
    stage->memory.until = 0;
    *done = status == LIFECYCLE_OK;
    if (status != LIFECYCLE_OK && (stage->memory.refused == 0 || status != LIFECYCLE_E_NOMEM)) {
        expect_failures++;
        fprintf(stderr, "%s, round %d, allocation %ld: %s (%s)\n", operation->name, round, k,
                lifecycle_status_name((int)status), lifecycle_last_error());
        *done = true;
    }
    if (!*done && !(operation->leaves & MAY_BE_HALF_DONE)) {
        after = look(stage, operation);
        compare_words(operation->name, round, k, &before, &after, sizeof before);
    }
    return stage->memory.refused == 0;
}

static void lost_word_of(const struct operation *operation, int round, long k, long told, unsigned now)
{
    expect_failures++;
    fprintf(stderr, "%s, round %d, allocation %ld: %u events are heard, and %ld with one refused before\n",
            operation->name, round, k, now, told);
}

static void try_variant(const struct operation *operation, bool persistent, bool observed)
{
    struct stage stage;
    long start = 1, told = -1;
    int round = 0;
    begin_stage(&stage, operation, persistent, observed);
    while (round < operation->times) {
        bool done = false, through = false;
        unsigned before = 0;
        long k;
        for (k = start; !done && k < 10000; k++) {
            before = stage.events;
            through = try_once(&stage, operation, round, k, &done);
        }
        /* However it came about, it was told. */
        if (told >= 0 && told != (long)(stage.events - before) && !(operation->leaves & MAY_BE_HALF_DONE))
            lost_word_of(operation, round, k - 1, told, stage.events - before);
        told = through ? -1 : (long)(stage.events - before);
        start = 1;
        if (!done || through) {
            EXPECT(done);
            round++;
            continue;
        }
        /* It coped with a refusal. So that the next one is tried too: the same from the beginning. */
        end_stage(&stage, operation->name);
        begin_stage(&stage, operation, persistent, observed);
        for (int before = 0; before < round; before++)
            EXPECT_OK(operation->act(&stage, before));
        start = k;
    }
    end_stage(&stage, operation->name);
}

static void try_operation(const struct operation *operation)
{
    try_variant(operation, false, true);
    if (expect_scale(1, 0)) {
        try_variant(operation, true, false);
        try_variant(operation, true, true);
        try_variant(operation, false, false);
    }
}

static void every_allocation_of_creation(void)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        for (long k = 1;; k++) {
            struct stage stage;
            lifecycle_config config;
            lifecycle_status status;
            memset(&stage, 0, sizeof stage);
            config = stage_config(&stage);
            stage.memory.persistent = persistent != 0;
            stage.memory.until = k;
            status = lifecycle_create(&config, &stage.manager);
            stage.memory.until = 0;
            if (status == LIFECYCLE_OK) {
                EXPECT_EQ(stage.memory.refused, 0);
                end_stage(&stage, "create");
                break;
            }
            EXPECT_STATUS(status, LIFECYCLE_E_NOMEM);
            EXPECT(stage.manager == NULL);
            EXPECT_EQ(stage.memory.count.blocks, 0);
        }
    }
}

#endif
