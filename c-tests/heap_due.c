/* Heaps: when a collection happens: asked for, due, put off, never. */
#include "heap.h"

static void an_empty_heap_is_collected(void)
{
    lifecycle_heap *heap = make_verified();
    int i;
    for (i = 1; i <= 3; i++) {
        EXPECT_OK(lifecycle_heap_collect(heap));
        EXPECT_EQ(heap_stats(heap).collections, i);
        EXPECT_EQ(heap_stats(heap).live, 0);
    }
    EXPECT(alloc(heap, 1) == 1);
    end(heap);
}

static void a_collection_is_due_at_the_threshold(void)
{
    lifecycle_heap_options options = verified();
    lifecycle_heap *heap;
    uint64_t count = 0;
    options.threshold = 5000;
    heap = make(&options);
    EXPECT_EQ(heap_stats(heap).trigger, 5000);
    while (heap->due == 0 && count < 6000) {
        litter(heap, 1);
        EXPECT_OK(heap->due == 0 ? lifecycle_heap_safepoint(heap) : LIFECYCLE_OK);
        count++;
    }
    EXPECT(count >= 5000 && count <= 5001);
    EXPECT_EQ(heap_stats(heap).collections, 0);
    EXPECT_EQ(heap_stats(heap).safepoints, 0);
    /* An allocation never collects by itself. */
    litter(heap, 5000);
    EXPECT_EQ(heap_stats(heap).collections, 0);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    EXPECT_EQ(heap_stats(heap).safepoints, 1);
    EXPECT_EQ(heap->due, 0);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_OK(lifecycle_heap_safepoint_slow(heap));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    end(heap);
}

/* What the trigger is with 10000 cells alive. */
static uint64_t trigger_with(uint32_t growth, uint64_t threshold)
{
    lifecycle_heap_options options = verified();
    struct machine m;
    uint64_t trigger;
    options.growth = growth;
    options.threshold = threshold;
    machine_with(&m, &options);
    m.x[0] = list_of(m.heap, 5000);
    litter(m.heap, 50000);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 10000);
    trigger = heap_stats(m.heap).trigger;
    end(m.heap);
    return trigger;
}

static void the_trigger_grows_with_what_lives(void)
{
    EXPECT_EQ(trigger_with(0, 1000), 20000);
    EXPECT_EQ(trigger_with(200, 1000), 20000);
    EXPECT_EQ(trigger_with(300, 1000), 30000);
    EXPECT_EQ(trigger_with(150, 1000), 15000);
    EXPECT_EQ(trigger_with(150, 100000), 100000);
    EXPECT_EQ(trigger_with(0, 0), MI);
}

static void a_heap_that_never_collects(void)
{
    lifecycle_heap_options options = verified();
    lifecycle_heap *heap;
    int stress;
    options.gc_enabled = 0;
    options.max_cells = 20000;
    options.threshold = 1000;
    for (stress = 0; stress < 2; stress++) {
        options.stress = (uint32_t)stress;
        heap = make(&options);
        litter(heap, 10000);
        EXPECT_EQ(heap->due, 0);
        EXPECT_OK(lifecycle_heap_safepoint(heap));
        EXPECT_OK(lifecycle_heap_safepoint_slow(heap));
        EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_DENIED);
        EXPECT_OK(lifecycle_heap_reserve(heap, 9000));
        EXPECT_STATUS(lifecycle_heap_reserve(heap, 11000), LIFECYCLE_E_LIMIT);
        litter(heap, 9000);
        EXPECT_EQ(heap_stats(heap).collections, 0);
        EXPECT_EQ(heap_stats(heap).used, 19000);
        end(heap);
    }
}

static void critical_sections_put_a_collection_off(void)
{
    lifecycle_heap_options options = verified();
    lifecycle_heap *heap;
    options.threshold = 1000;
    heap = make(&options);
    EXPECT_STATUS(lifecycle_heap_critical_leave(heap), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_heap_critical_enter(heap));
    EXPECT_OK(lifecycle_heap_critical_enter(heap));
    litter(heap, 2000);
    EXPECT(heap->due != 0);
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_OK(lifecycle_heap_critical_leave(heap));
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_OK(lifecycle_heap_reserve(heap, 10));
    EXPECT_EQ(heap_stats(heap).collections, 0);
    EXPECT_OK(lifecycle_heap_critical_leave(heap));
    EXPECT_STATUS(lifecycle_heap_critical_leave(heap), LIFECYCLE_E_INVALID);
    EXPECT(heap->due != 0);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    /* A heap may go in the middle of one. */
    EXPECT_OK(lifecycle_heap_critical_enter(heap));
    end(heap);
}

static void stress_collects_at_every_so_manieth_safepoint(void)
{
    lifecycle_heap_options options = verified();
    struct machine m;
    lifecycle_heap *heap;
    uint64_t at, above;
    int i;
    options.stress = 3;
    /* What is reclaimed is looked at here. */
    options.flags |= LIFECYCLE_HEAP_NO_POISON;
    machine_with(&m, &options);
    heap = m.heap;
    /* One in a hole, and one above everything. */
    at = alloc(heap, 1);
    m.x[0] = structure(heap, 2, 0);
    above = alloc(heap, 1);
    *cell_at(heap, at) = *cell_at(heap, above) = lifecycle_make_int(12);
    for (i = 1; i <= 9; i++) {
        EXPECT_OK(lifecycle_heap_safepoint(heap));
        EXPECT_EQ(heap_stats(heap).collections, i / 3);
        EXPECT(i < 3 ? lifecycle_heap_base(heap)[at] == lifecycle_make_int(12)
                     : lifecycle_cell_tag(lifecycle_heap_base(heap)[at]) == LIFECYCLE_TAG_HOST);
        EXPECT((i < 3) == (lifecycle_cell_tag(lifecycle_heap_base(heap)[above]) != LIFECYCLE_TAG_HOST));
    }
    EXPECT(is_structure(heap, m.x[0], 2, 0));
    end(heap);
}

static void memory_outside_makes_a_collection_due(void)
{
    lifecycle_heap_options options = verified();
    lifecycle_heap *heap;
    options.threshold = 1000;
    heap = make(&options);
    EXPECT_OK(lifecycle_heap_external(heap, 8 * 500));
    litter(heap, 100);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_EQ(heap_stats(heap).collections, 0);
    EXPECT_EQ(heap_stats(heap).external, 4000);
    EXPECT_OK(lifecycle_heap_external(heap, 8 * 500));
    litter(heap, 1);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    /* What is there since before the last collection presses no more. */
    litter(heap, 100);
    EXPECT_OK(lifecycle_heap_safepoint(heap));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    EXPECT_EQ(heap_stats(heap).external, 8000);
    EXPECT_OK(lifecycle_heap_external(heap, -8000));
    EXPECT_EQ(heap_stats(heap).external, 0);
    EXPECT_STATUS(lifecycle_heap_external(heap, -1), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_heap_external(heap, INT64_MIN), LIFECYCLE_E_RANGE);
    EXPECT_OK(lifecycle_heap_external(heap, INT64_MAX));
    EXPECT_STATUS(lifecycle_heap_external(heap, 1), LIFECYCLE_E_RANGE);
    EXPECT_EQ(heap_stats(heap).external, INT64_MAX);
    EXPECT_OK(lifecycle_heap_external(heap, -INT64_MAX));
    EXPECT_EQ(heap_stats(heap).external, 0);
    end(heap);
}

static void cells_do_not_move_yet(void)
{
    lifecycle_heap *heap = make_verified();
    EXPECT_STATUS(lifecycle_heap_compact(heap), LIFECYCLE_E_UNSUPPORTED);
    EXPECT_STATUS(lifecycle_heap_compact(NULL), LIFECYCLE_E_INVALID);
    end(heap);
}

int main(void)
{
    RUN(an_empty_heap_is_collected);
    RUN(a_collection_is_due_at_the_threshold);
    RUN(the_trigger_grows_with_what_lives);
    RUN(a_heap_that_never_collects);
    RUN(critical_sections_put_a_collection_off);
    RUN(stress_collects_at_every_so_manieth_safepoint);
    RUN(memory_outside_makes_a_collection_due);
    RUN(cells_do_not_move_yet);
    return expect_done();
}
