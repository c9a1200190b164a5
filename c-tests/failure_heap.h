/*
 * failure_heap.h - how failure_heap.c fails: a heap with something of everything, and the loop over the allocation, or
 * call of the system, that is refused.
 */
#ifndef LIFECYCLE_TESTS_FAILURE_HEAP_H
#define LIFECYCLE_TESTS_FAILURE_HEAP_H

#include "hazards_heap.h"
#include "refusals.h"

#define MOST 10000
#define LONG_LIST 400

struct stage {
    struct machine m;
    struct frame frame;
    struct choice choices[3];
    cell variables[40]; /* arguments of globals[1] */
    lifecycle_weak weak;
    cell held[4]; /* the roots of a callback */
    unsigned watched, finalized; /* every finalizer runs once, whatever failed */
    struct refusals memory;
};

enum {
    NO_MACHINE = 1,    /* it begins without registers and choicepoints */
    NEVER_REFUSED = 2, /* it succeeds whatever the system refuses */
    VERIFIES = 4       /* the heap is verified after each collection */
};

struct operation {
    const char *name;
    void (*prepare)(struct stage *stage, long k); /* before each attempt; not disturbed */
    lifecycle_status (*act)(struct stage *stage, long k);
    unsigned flags;
};

static inline lifecycle_heap_options stage_options(struct stage *stage)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
#ifdef FAIL_MALLOC
    failing = &stage->memory;
#elif !defined(FAIL_SYSTEM)
    options.allocator = refusing_allocator(&stage->memory);
#endif
    (void)stage;
    return options;
}

static inline void count_finalized(void *resource, void *user)
{
    (void)resource;
    ((struct stage *)user)->finalized++;
}

static inline void visit_held(lifecycle_visitor *visitor, void *user)
{
    struct stage *stage = user;
    for (int i = 0; i < 4; i++)
        (void)lifecycle_visit(visitor, &stage->held[i]);
}

static inline void begin_machine(struct stage *s)
{
    lifecycle_heap *heap = s->m.heap;
    EXPECT_OK(lifecycle_heap_set_wam(heap, &s->m.wam));
    s->frame.y[1] = list_of(heap, 20);
    for (int c = 0; c < 3; c++) {
        s->choices[c].arguments[0] = list_of(heap, 10);
        EXPECT_OK(lifecycle_wam_choice_push(heap, &s->choices[c].head, 1, NULL));
        for (int v = 0; v < 8; v++)
            EXPECT_OK(lifecycle_wam_bind(heap, place(s->variables[c * 8 + v]), number(v)));
        EXPECT_OK(lifecycle_wam_assign(heap, place(s->variables[30]), list_of(heap, 5)));
    }
}

static inline void begin_stage(struct stage *s, bool persistent, unsigned flags)
{
    lifecycle_heap_options options;
    lifecycle_heap *heap;
    memset(s, 0, sizeof *s);
    s->memory.persistent = persistent;
    options = stage_options(s);
    options.flags = flags & VERIFIES ? LIFECYCLE_HEAP_VERIFY : 0;
    heap = s->m.heap = make_heap(&options);
    s->m.wam = (lifecycle_wam)LIFECYCLE_WAM_INIT;
    s->m.wam.x = s->m.x;
    s->m.wam.x_count = REGISTERS;
    s->m.wam.globals = s->m.globals;
    s->m.wam.globals_count = REGISTERS;
    lifecycle_frame_init(&s->frame.head, NULL, NULL, 4);
    s->m.wam.e = &s->frame.head;
    s->m.x[0] = chain_with_holes(heap, 100, 5);
    s->m.globals[0] = list_of(heap, LONG_LIST);
    s->m.globals[1] = numbers_from(heap, 40, 0);
    s->held[0] = s->m.globals[0];
    s->held[1] = s->m.globals[1];
    s->held[2] = box(heap, list_of(heap, 30));
    s->held[3] = s->m.x[0];
    for (uint32_t v = 0; v < 40; v++)
        s->variables[v] = make_variable(heap, s->m.globals[1], v);
    EXPECT_OK(lifecycle_heap_add_roots(heap, visit_held, s));
    if (!(flags & NO_MACHINE))
        begin_machine(s);
    EXPECT_OK(lifecycle_heap_finalize(heap, s->held[2], count_finalized, NULL, s));
    s->watched++;
    EXPECT_OK(lifecycle_weak_create(heap, s->held[2], &s->weak));
    EXPECT_OK(lifecycle_heap_collect(heap));
}

/* Everything there is to see, as far as it must not change. */
struct seen {
    uint64_t used, high_water, live, root_callbacks, finalizers, weak, weak_cleared, external, faults;
    uint64_t cursor, hb, trail_words, trail, choices, finalized, sums;
};

static inline uint64_t sum_of(lifecycle_heap *heap, cell list, uint64_t sum)
{
    for (; lifecycle_cell_tag(list) == LIFECYCLE_TAG_LIS; list = heap->cells[place(list) + 1])
        sum = (sum ^ heap->cells[place(list)]) * 1099511628211u;
    return (sum ^ list) * 1099511628211u;
}

static inline struct seen look(struct stage *s)
{
    lifecycle_heap *heap = s->m.heap;
    lifecycle_heap_stats stats = heap_stats(heap);
    struct seen seen;
    cell weak = 0;
    memset(&seen, 0, sizeof seen);
    seen.used = stats.used;
    seen.high_water = stats.high_water;
    seen.live = stats.live;
    seen.root_callbacks = stats.root_callbacks;
    seen.finalizers = stats.finalizers;
    seen.weak = stats.weak;
    seen.weak_cleared = stats.weak_cleared;
    seen.external = stats.external;
    seen.faults = stats.faults;
    seen.cursor = heap->cursor;
    seen.hb = heap->hb;
    seen.finalized = s->finalized;
    if (heap->wam != NULL) {
        seen.trail_words = s->m.wam.tr_count;
        for (uint64_t i = 0; i < s->m.wam.tr_count; i++)
            seen.trail = (seen.trail ^ s->m.wam.tr[i]) * 1099511628211u;
        for (lifecycle_choice *b = s->m.wam.b; b != NULL; b = b->prev)
            seen.choices = (seen.choices ^ b->trail ^ b->top << 20 ^ b->hole << 40) * 1099511628211u;
    }
    EXPECT_OK(lifecycle_weak_get(heap, s->weak, &weak));
    EXPECT_EQ(weak, s->held[2]);
    seen.sums = sum_of(heap, s->m.globals[0], 1);
    seen.sums = sum_of(heap, heap->cells[argument(s->held[2], 0)], seen.sums);
    for (int v = 0; v < 40; v++)
        seen.sums = sum_of(heap, heap->cells[place(s->variables[v])], seen.sums);
    for (cell link = s->m.x[0]; link != lifecycle_make_con(0); link = heap->cells[argument(link, 1)])
        seen.sums = (seen.sums ^ heap->cells[argument(link, 0)]) * 1099511628211u;
    return seen;
}

static inline void end_stage(struct stage *s, const char *name)
{
    EXPECT_LIST(s->m.heap, s->m.globals[0], LONG_LIST);
    EXPECT_SOUND(s->m.heap);
    EXPECT_OK(lifecycle_heap_destroy(s->m.heap));
    EXPECT_EQ(s->finalized, s->watched);
    all_is_back(&s->memory, name);
}

static inline void complain(const struct operation *operation, long k, lifecycle_status status, unsigned refused)
{
    expect_failures++;
    fprintf(stderr, "%s, failure %ld: %s after %u refusals (%s)\n", operation->name, k,
            lifecycle_status_name((int)status), refused, lifecycle_last_error());
}

/* One failure further each time, until nothing is refused any more. What fails changes nothing, and then it works. */
static inline void try_operation(const struct operation *operation, bool persistent)
{
    struct stage stage, *s = &stage;
    bool through = false;
    begin_stage(s, persistent, operation->flags);
    for (long k = 1; !through && k < MOST; k++) {
        struct seen before, after;
        lifecycle_status status;
        unsigned refused;
        if (operation->prepare != NULL)
            operation->prepare(s, k);
        before = look(s);
        arm(&s->memory, k);
        status = operation->act(s, k);
        refused = disarm(&s->memory);
        through = refused == 0;
        if (status != LIFECYCLE_OK) {
            if (status != LIFECYCLE_E_NOMEM || through || operation->flags & NEVER_REFUSED)
                complain(operation, k, status, refused);
            after = look(s);
            compare_words(operation->name, 0, k, &before, &after, sizeof before);
            status = operation->act(s, k);
            if (status != LIFECYCLE_OK)
                complain(operation, k, status, 0);
        }
        EXPECT_OK(lifecycle_heap_collect(s->m.heap));
        EXPECT_SOUND(s->m.heap);
    }
    EXPECT(through);
    end_stage(s, operation->name);
}

#endif
