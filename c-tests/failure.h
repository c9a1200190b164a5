/*
 * failure.h - how failure.c fails: an allocator whose k-th allocation is refused, and the loop over k.
 */
#ifndef LIFECYCLE_TESTS_FAILURE_H
#define LIFECYCLE_TESTS_FAILURE_H

#include "support.h"

struct stage {
    lifecycle_manager *manager;
    lifecycle_module a, b, fresh, many[12];
    lifecycle_code code[8];
    lifecycle_reader *readers[8];
    unsigned owned, released, events; /* every resource is released once, whatever failed */
    /* the allocator */
    counting count;
    long until;     /* allocations until the one that fails; 0 = none does */
    bool persistent; /* those after it fail too */
    unsigned refused;
};

/* What an operation leaves behind when it fails. */
enum { ENTRIES_MAY_STAY = 1, MAY_BE_HALF_DONE = 2 };

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
    (void)event;
    ((struct stage *)user)->events++;
}

static bool refuses(struct stage *stage)
{
    if (stage->until == 0)
        return false;
    if (stage->until > 1) {
        stage->until--;
        return false;
    }
    if (!stage->persistent)
        stage->until = 0;
    stage->refused++;
    return true;
}
static void *stage_alloc(size_t bytes, void *user)
{
    struct stage *stage = user;
    return refuses(stage) ? NULL : counting_alloc(bytes, &stage->count);
}
static void *stage_realloc(void *ptr, size_t old_bytes, size_t new_bytes, void *user)
{
    struct stage *stage = user;
    return refuses(stage) ? NULL : counting_realloc(ptr, old_bytes, new_bytes, &stage->count);
}
static void stage_free(void *ptr, size_t bytes, void *user)
{
    counting_free(ptr, bytes, &((struct stage *)user)->count);
}

#ifdef FAIL_MALLOC
/* The C library's own functions fail, for the library, its crates and its standard library alike. */
static struct stage *failing;
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *ptr, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void *malloc(size_t bytes)
{
    return failing != NULL && refuses(failing) ? NULL : __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes)
{
    return failing != NULL && refuses(failing) ? NULL : __libc_calloc(count, bytes);
}
void *realloc(void *ptr, size_t bytes)
{
    return failing != NULL && refuses(failing) ? NULL : __libc_realloc(ptr, bytes);
}
int posix_memalign(void **out, size_t align, size_t bytes)
{
    *out = failing != NULL && refuses(failing) ? NULL : __libc_memalign(align, bytes);
    return *out == NULL ? 12 : 0;
}
#endif

static lifecycle_config stage_config(struct stage *stage)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 1 << 21;
#ifdef FAIL_MALLOC
    failing = stage;
#endif
#ifdef FAIL_MALLOC
    (void)stage_alloc;
    (void)stage_realloc;
    (void)stage_free;
#else
    config.allocator.alloc = stage_alloc;
    config.allocator.realloc = stage_realloc;
    config.allocator.free = stage_free;
    config.allocator.user = stage;
#endif
    return config;
}

static void begin_stage(struct stage *stage, const struct operation *operation, bool persistent, bool observed)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_config config;
    memset(stage, 0, sizeof *stage);
    config = stage_config(stage);
    stage->persistent = persistent;
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
    if (stage->count.blocks != 0 || stage->count.bytes != 0 || stage->count.wrong != 0) {
        expect_failures++;
        fprintf(stderr, "%s: %zu blocks and %zu bytes are still out, %zu calls were wrong\n", name,
                stage->count.blocks, stage->count.bytes, stage->count.wrong);
    }
}

/* Everything there is to see, as far as it must not change. */
struct seen {
    lifecycle_stats stats;
    lifecycle_module_info info[3];
    size_t leaks;
    unsigned released;
};

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
    return seen;
}

/* The first field that differs, for whoever has to find out why. */
static void compare(const char *name, int round, long k, const struct seen *before, const struct seen *after)
{
    const uint64_t *a = (const uint64_t *)(const void *)before, *b = (const uint64_t *)(const void *)after;
    for (size_t i = 0; i < sizeof *before / 8; i++) {
        if (a[i] != b[i]) {
            expect_failures++;
            fprintf(stderr, "%s, round %d, allocation %ld failed: word %zu of what can be seen was %llu and is %llu\n",
                    name, round, k, i, (unsigned long long)a[i], (unsigned long long)b[i]);
            return;
        }
    }
}

/* True when nothing was refused any more. */
static bool try_once(struct stage *stage, const struct operation *operation, int round, long k, bool *done)
{
    struct seen before = look(stage, operation), after;
    lifecycle_status status;
    stage->refused = 0;
    stage->until = k;
    status = operation->act(stage, round);
    stage->until = 0;
    *done = status == LIFECYCLE_OK;
    if (status != LIFECYCLE_OK && (stage->refused == 0 || status != LIFECYCLE_E_NOMEM)) {
        expect_failures++;
        fprintf(stderr, "%s, round %d, allocation %ld: %s (%s)\n", operation->name, round, k,
                lifecycle_status_name((int)status), lifecycle_last_error());
        *done = true;
    }
    if (!*done && !(operation->leaves & MAY_BE_HALF_DONE)) {
        after = look(stage, operation);
        compare(operation->name, round, k, &before, &after);
    }
    return stage->refused == 0;
}

static void try_variant(const struct operation *operation, bool persistent, bool observed)
{
    struct stage stage;
    long start = 1;
    int round = 0;
    begin_stage(&stage, operation, persistent, observed);
    while (round < operation->times) {
        bool done = false, through = false;
        long k;
        for (k = start; !done && k < 10000; k++)
            through = try_once(&stage, operation, round, k, &done);
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
            stage.persistent = persistent != 0;
            stage.until = k;
            status = lifecycle_create(&config, &stage.manager);
            stage.until = 0;
            if (status == LIFECYCLE_OK) {
                EXPECT_EQ(stage.refused, 0);
                end_stage(&stage, "create");
                break;
            }
            EXPECT_STATUS(status, LIFECYCLE_E_NOMEM);
            EXPECT(stage.manager == NULL);
            EXPECT_EQ(stage.count.blocks, 0);
        }
    }
}

#endif
