/*
 * failure_heap.c - memory runs out in a heap. Every operation that takes memory is tried with its first allocation
 * failing, then with its second, and so on until none is refused; once only that allocation fails, once all after it do
 * too. Each time the answer is E_NOMEM, or success where it can do without, and everything is as it was; then the retry
 * works. In the end every byte is back. With malloc itself: failure_heap_malloc.c. With system calls:
 * failure_heap_system.c.
 */
#include "failure_heap.h"

/* What is not needed any more goes, so that the next attempt begins where the first did. */
static void collect_first(struct stage *s, long k)
{
    (void)k;
    s->m.x[1] = s->m.x[2] = 0;
    EXPECT_OK(lifecycle_heap_collect(s->m.heap));
}

static lifecycle_status allocated(uint64_t at)
{
    if (at != LIFECYCLE_NO_CELL)
        return LIFECYCLE_OK;
    return strstr(lifecycle_last_error(), "the system refused") != NULL ||
                   strstr(lifecycle_last_error(), "memory") != NULL
               ? LIFECYCLE_E_NOMEM
               : LIFECYCLE_E_PANIC;
}

/* Larger each time, so that more must be committed, and written to its end. */
static lifecycle_status take_cells(struct stage *s, uint64_t cells)
{
    lifecycle_heap *heap = s->m.heap;
    uint64_t at = lifecycle_heap_alloc(heap, (uint32_t)cells);
    if (at == LIFECYCLE_NO_CELL)
        return allocated(at);
    heap->cells[at] = lifecycle_make_blob((cells - 1) * 8);
    s->m.x[1] = lifecycle_make_str(at);
    EXPECT_OK(lifecycle_wam_bind(heap, at + cells - 1, number(1)));
    return LIFECYCLE_OK;
}
static lifecycle_status alloc_large(struct stage *s, long k)
{
    return take_cells(s, 1000000 * (uint64_t)k);
}
/* Small ones until the next one does not fit in what is committed; no hole is as large. */
static void fill_up(struct stage *s, long k)
{
    collect_first(s, k);
    while (heap_stats(s->m.heap).committed - heap_stats(s->m.heap).frontier >= 90)
        (void)numbers_from(s->m.heap, 79, 0);
}
static lifecycle_status alloc_small(struct stage *s, long k)
{
    (void)k;
    return take_cells(s, 100);
}
static lifecycle_status make_blob(struct stage *s, long k)
{
    return lifecycle_heap_blob(s->m.heap, NULL, 8000000 * (size_t)k, &s->m.x[1]);
}
static lifecycle_status reserve(struct stage *s, long k)
{
    return lifecycle_heap_reserve(s->m.heap, 2000000 * (uint64_t)k);
}

static void without_registers(struct stage *s, long k)
{
    (void)k;
    EXPECT_OK(lifecycle_heap_set_wam(s->m.heap, NULL));
    s->m.wam.tr = NULL;
    s->m.wam.tr_capacity = 0;
}
static lifecycle_status set_registers(struct stage *s, long k)
{
    (void)k;
    return lifecycle_heap_set_wam(s->m.heap, &s->m.wam);
}
static lifecycle_status grow_trail(struct stage *s, long k)
{
    (void)k;
    return lifecycle_wam_trail_reserve(s->m.heap, s->m.wam.tr_capacity - s->m.wam.tr_count + 1);
}
/* The trail is filled with entries of one cell, and the next one does not fit. */
static void fill_trail(struct stage *s, long k)
{
    s->variables[39] = k % 2 == 0 ? s->variables[38] : s->variables[37];
    while (s->m.wam.tr_count < s->m.wam.tr_capacity)
        EXPECT_OK(lifecycle_wam_bind(s->m.heap, place(s->variables[39]), s->variables[39]));
}
static lifecycle_status bind_one(struct stage *s, long k)
{
    (void)k;
    return lifecycle_wam_bind(s->m.heap, place(s->variables[39]), s->variables[39]);
}
static lifecycle_status assign_one(struct stage *s, long k)
{
    (void)k;
    return lifecycle_wam_assign(s->m.heap, place(s->variables[39]), s->variables[39]);
}

static lifecycle_status add_roots(struct stage *s, long k)
{
    (void)k;
    return lifecycle_heap_add_roots(s->m.heap, visit_held, s);
}
static lifecycle_status add_finalizer(struct stage *s, long k)
{
    lifecycle_status status = lifecycle_heap_finalize(s->m.heap, s->m.globals[0], count_finalized, NULL, s);
    (void)k;
    s->watched += status == LIFECYCLE_OK;
    return status;
}
static lifecycle_status add_weak(struct stage *s, long k)
{
    lifecycle_weak weak = 1;
    lifecycle_status status = lifecycle_weak_create(s->m.heap, s->m.globals[0], &weak);
    (void)k;
    EXPECT((weak != 0) == (status == LIFECYCLE_OK));
    return status;
}

/* Garbage of every kind, and so deep that marking wants memory. */
static void make_garbage(struct stage *s, long k)
{
    cell deep = 0;
    s->m.x[1] = 0;
    for (int i = 0; i < 60000; i++)
        deep = cons(s->m.heap, cons(s->m.heap, deep, 0), cons(s->m.heap, number(i), 0));
    (void)list_of(s->m.heap, 100000 + 10000 * (unsigned long)k);
    s->m.x[1] = deep;
    EXPECT_OK(lifecycle_heap_finalize(s->m.heap, box(s->m.heap, 0), count_finalized, NULL, s));
    s->watched++;
}
static lifecycle_status collect(struct stage *s, long k)
{
    lifecycle_status status = lifecycle_heap_collect(s->m.heap);
    (void)k;
    EXPECT_EQ(heap_stats(s->m.heap).finalizers, 1);
    EXPECT_EQ(s->finalized, s->watched - 1);
    return status;
}
static void make_due(struct stage *s, long k)
{
    make_garbage(s, k);
    while (s->m.heap->due == 0)
        (void)list_of(s->m.heap, 10000);
}
static lifecycle_status reach_safepoint(struct stage *s, long k)
{
    uint64_t before = heap_stats(s->m.heap).collections;
    lifecycle_status status = lifecycle_heap_safepoint(s->m.heap);
    (void)k;
    EXPECT_EQ(heap_stats(s->m.heap).collections, before + 1);
    return status;
}
static lifecycle_status verify(struct stage *s, long k)
{
    size_t faults = 7;
    lifecycle_status status = lifecycle_heap_verify(s->m.heap, tell_fault, NULL, &faults);
    (void)k;
    EXPECT_EQ(faults, 0);
    return status;
}
static lifecycle_status go_back(struct stage *s, long k)
{
    static struct choice choice;
    (void)k;
    EXPECT_OK(lifecycle_wam_choice_push(s->m.heap, &choice.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_backtrack(s->m.heap));
    return lifecycle_wam_choice_pop(s->m.heap);
}
static lifecycle_status look_and_drop(struct stage *s, long k)
{
    lifecycle_heap_stats stats;
    cell out;
    (void)k;
    EXPECT_OK(lifecycle_weak_get(s->m.heap, s->weak, &out));
    EXPECT_OK(lifecycle_heap_add_roots(s->m.heap, visit_held, s));
    EXPECT_OK(lifecycle_heap_remove_roots(s->m.heap, visit_held, s));
    EXPECT_OK(lifecycle_heap_external(s->m.heap, 1000));
    EXPECT_OK(lifecycle_heap_external(s->m.heap, -1000));
    return lifecycle_heap_stats_get(s->m.heap, &stats, sizeof stats);
}
static void make_room_for_roots(struct stage *s, long k)
{
    (void)k;
    EXPECT_OK(lifecycle_heap_add_roots(s->m.heap, visit_held, s));
    EXPECT_OK(lifecycle_heap_remove_roots(s->m.heap, visit_held, s));
}

static const struct operation operations[] = {
    {"allocate much", collect_first, alloc_large, 0},
    {"allocate until it grows", fill_up, alloc_small, 0},
    {"make a blob", collect_first, make_blob, 0},
    {"reserve", collect_first, reserve, 0},
    {"set registers", without_registers, set_registers, NO_MACHINE},
    {"grow the trail", NULL, grow_trail, 0},
    {"bind", fill_trail, bind_one, 0},
    {"assign", fill_trail, assign_one, 0},
    {"add roots", NULL, add_roots, 0},
    {"finalize", NULL, add_finalizer, 0},
    {"make a weak reference", NULL, add_weak, 0},
    {"collect", make_garbage, collect, NEVER_REFUSED},
    {"collect and verify", make_garbage, collect, NEVER_REFUSED | VERIFIES},
    {"collect when due", make_due, reach_safepoint, NEVER_REFUSED},
    {"verify", NULL, verify, 0},
    {"go back", NULL, go_back, NEVER_REFUSED},
    {"look and drop", make_room_for_roots, look_and_drop, NEVER_REFUSED},
};

static void every_failure_of_every_operation(void)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        for (int persistent = 0; persistent < 2; persistent++)
            try_operation(&operations[i], persistent != 0);
}

/* Lists take memory only when they are full: each of many, one after the other, is refused once. */
static void every_growth_of_lists(void)
{
    static const struct operation *const growing[] = {&operations[8], &operations[9], &operations[10]};
    for (int i = 0; i < 3; i++) {
        struct stage stage, *s = &stage;
        unsigned refusals = 0;
        begin_stage(s, false, 0);
        for (long k = 1; k < 400; k++) {
            struct seen before = look(s), after;
            lifecycle_status status;
            arm(&s->memory, 1);
            status = growing[i]->act(s, k);
            if (disarm(&s->memory) > 0) {
                EXPECT_STATUS(status, LIFECYCLE_E_NOMEM);
                after = look(s);
                compare_words(growing[i]->name, 1, k, &before, &after, sizeof before);
                status = growing[i]->act(s, k);
                refusals++;
            }
            EXPECT_OK(status);
        }
#ifndef FAIL_SYSTEM
        EXPECT(refusals > 3);
#endif
        EXPECT_OK(lifecycle_heap_collect(s->m.heap));
        end_stage(s, growing[i]->name);
    }
}

static void every_failure_of_creation(void)
{
    for (int variant = 0; variant < 4; variant++) {
        bool through = false;
        for (long k = 1; !through && k < MOST; k++) {
            struct stage stage, *s = &stage;
            lifecycle_heap_options options;
            lifecycle_status status;
            memset(s, 0, sizeof *s);
            s->memory.persistent = variant % 2 != 0;
            options = stage_options(s);
            /* Without a size it makes do with fewer addresses; with one it does not. */
            options.max_cells = variant / 2 == 0 ? 0 : 5000000;
            options.initial_cells = 100000;
            arm(&s->memory, k);
            status = lifecycle_heap_create(&options, &s->m.heap);
            through = disarm(&s->memory) == 0;
            EXPECT(status == LIFECYCLE_OK || (status == LIFECYCLE_E_NOMEM && !through));
            EXPECT((s->m.heap != NULL) == (status == LIFECYCLE_OK));
            if (status == LIFECYCLE_OK) {
                s->m.x[0] = list_of(s->m.heap, 1000);
                EXPECT_OK(lifecycle_heap_collect(s->m.heap));
                EXPECT_OK(lifecycle_heap_destroy(s->m.heap));
            }
            EXPECT_EQ(s->memory.count.blocks, 0);
        }
        EXPECT(through);
    }
}

/* It gives everything back though nothing is to be had, and runs what is to be run. */
static void every_failure_of_destruction(void)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        bool through = false;
        for (long k = 1; !through && k < MOST; k++) {
            struct stage stage, *s = &stage;
            begin_stage(s, persistent != 0, 0);
            make_garbage(s, 1);
            arm(&s->memory, k);
            EXPECT_OK(lifecycle_heap_destroy(s->m.heap));
            through = disarm(&s->memory) == 0;
            EXPECT_EQ(s->finalized, s->watched);
            EXPECT(s->m.wam.tr == NULL || s->m.wam.tr_capacity == 0);
            all_is_back(&s->memory, "destroy");
        }
        EXPECT(through);
    }
}

#ifdef FAIL_SYSTEM
/* What the system would not unmap is asked for again: in the end no address is lost. */
static void no_addresses_are_lost(void)
{
    struct stage stage, *s = &stage;
    long long before = 0;
    for (int i = 0; i < 2; i++) {
        begin_stage(s, false, 0);
        end_stage(s, "once");
        if (i == 0)
            before = system_calls.mapped;
    }
    EXPECT_EQ(system_calls.mapped, before);
    for (long k = 1; k < 12; k++) {
        begin_stage(s, true, 0);
        arm(&s->memory, k);
        EXPECT_OK(lifecycle_heap_destroy(s->m.heap));
        (void)disarm(&s->memory);
        begin_stage(s, false, 0);
        end_stage(s, "after a refused unmapping");
        EXPECT_EQ(system_calls.mapped, before);
    }
}
#endif

int main(void)
{
    RUN(every_failure_of_every_operation);
    RUN(every_growth_of_lists);
    RUN(every_failure_of_creation);
    RUN(every_failure_of_destruction);
#ifdef FAIL_SYSTEM
    RUN(no_addresses_are_lost);
#endif
    return expect_done();
}
