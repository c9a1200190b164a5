/* Heaps: at their limits: full in the middle of a structure, large objects, holes in pieces. */
#include "heap.h"

static void full(struct machine *m, uint64_t max_cells)
{
    lifecycle_heap_options options = verified();
    options.max_cells = max_cells;
    options.threshold = max_cells;
    machine_with(m, &options);
}

/* A list as long as there is room for, by one allocation for each pair. */
static uint64_t fill_with_pairs(struct machine *m, lifecycle_cell *list)
{
    uint64_t at, pairs = 0;
    *list = NIL;
    while ((at = lifecycle_heap_alloc(m->heap, 2)) != LIFECYCLE_NO_CELL) {
        *cell_at(m->heap, at) = lifecycle_make_int((int64_t)pairs++);
        *cell_at(m->heap, at + 1) = *list;
        *list = lifecycle_make_lis(at);
    }
    return pairs;
}

static void full_of_what_lives(void)
{
    struct machine m;
    uint64_t pairs;
    int i;
    full(&m, 10001);
    pairs = fill_with_pairs(&m, &m.x[0]);
    EXPECT_EQ(pairs, 5000);
    for (i = 0; i < 3; i++) {
        EXPECT_STATUS(lifecycle_heap_reserve(m.heap, 1), LIFECYCLE_E_LIMIT);
        EXPECT_SENTENCE("10001");
        EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1), LIFECYCLE_NO_CELL);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, 10000);
    }
    EXPECT(is_list_of(m.heap, m.x[0], pairs));
    /* What is let go can be had, and no more. */
    m.x[0] = *part(m.heap, m.x[0], 1);
    EXPECT_STATUS(lifecycle_heap_reserve(m.heap, 3), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_heap_reserve(m.heap, 2));
    m.x[0] = cons(m.heap, lifecycle_make_int(4999), m.x[0]);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1), LIFECYCLE_NO_CELL);
    EXPECT(is_list_of(m.heap, m.x[0], pairs));
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_reserve(m.heap, 10000));
    EXPECT_EQ(fill_with_pairs(&m, &m.x[0]), 5000);
    end(m.heap);
}

/* A machine that is in the middle of building when there is no more: it has what it has, drops it, and goes on. */
static void exhausted_in_the_middle_of_a_structure(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_cell half;
    uint64_t used;
    full(&m, 5000);
    m.x[0] = list_of(m.heap, 1000);
    push(&m, &choice);
    used = heap_stats(m.heap).used;
    EXPECT_OK(lifecycle_heap_critical_enter(m.heap));
    half = structure(m.heap, 10, 0);
    EXPECT(fill_with_pairs(&m, part(m.heap, half, 3)) > 1000);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 2), LIFECYCLE_NO_CELL);
    EXPECT_STATUS(lifecycle_heap_reserve(m.heap, 2), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_heap_critical_leave(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(heap_stats(m.heap).used, used);
    EXPECT_OK(lifecycle_heap_reserve(m.heap, 2000));
    EXPECT(is_structure(m.heap, structure(m.heap, 1999, 3), 1999, 3));
    EXPECT(is_list_of(m.heap, m.x[0], 1000));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

/* Pairs that live with so many free cells after each. */
static void in_pieces(struct machine *m, int pairs, uint32_t hole)
{
    int i;
    m->x[0] = NIL;
    for (i = 0; i < pairs; i++) {
        m->x[0] = cons(m->heap, lifecycle_make_int(i), m->x[0]);
        structure(m->heap, hole - 1, 0);
    }
    EXPECT_OK(lifecycle_heap_collect(m->heap));
}

static void what_does_not_fit_a_hole_goes_behind_them(void)
{
    static const uint32_t holes[] = {3, 4, 63, 64, 65, 127, 128, 129, 200};
    size_t i;
    for (i = 0; i < COUNT(holes); i++) {
        struct machine m;
        uint64_t frontier;
        lifecycle_cell fits, large;
        full(&m, 64 * KI);
        in_pieces(&m, 100, holes[i]);
        frontier = heap_stats(m.heap).frontier;
        EXPECT_EQ(heap_stats(m.heap).largest_run, holes[i]);
        large = m.x[1] = structure(m.heap, holes[i], 7);
        EXPECT(lifecycle_cell_index(large) >= frontier);
        fits = m.x[2] = structure(m.heap, holes[i] - 1, 8);
        EXPECT(is_structure(m.heap, large, holes[i], 7) && is_structure(m.heap, fits, holes[i] - 1, 8));
        EXPECT(is_list_of(m.heap, m.x[0], 100));
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, 200 + 2 * holes[i] + 1);
        EXPECT(is_structure(m.heap, large, holes[i], 7) && is_structure(m.heap, fits, holes[i] - 1, 8));
        /* Holes that were passed over are there again. */
        EXPECT(lifecycle_cell_index(structure(m.heap, holes[i] - 1, 9)) < lifecycle_cell_index(large));
        end(m.heap);
    }
}

static void large_objects_find_holes(void)
{
    struct machine m;
    int i;
    full(&m, 256 * KI);
    in_pieces(&m, 100, 2000);
    /* One a hole, and there is no room for as many behind. */
    m.x[1] = NIL;
    for (i = 0; i < 90; i++) {
        lifecycle_cell term = structure(m.heap, 1990, i);
        m.x[1] = cons(m.heap, term, m.x[1]);
    }
    EXPECT(heap_stats(m.heap).frontier < 215 * 1000);
    for (i = 90; i-- > 0; m.x[1] = *part(m.heap, m.x[1], 1))
        EXPECT(is_structure(m.heap, *part(m.heap, m.x[1], 0), 1990, i));
    EXPECT(is_list_of(m.heap, m.x[0], 100));
    end(m.heap);
}

/* Small ones and large ones in turn: nobody gets another's cells. */
static void small_and_large_objects_share_the_holes(void)
{
    enum { TERMS = 150 };
    struct machine m;
    static const uint32_t arities[] = {1, 1000, 2, 127, 128, 129, 5, 64, 300, 0};
    int i, round;
    full(&m, 512 * KI);
    in_pieces(&m, 60, 1200);
    for (round = 0; round < 4; round++) {
        lifecycle_cell list;
        m.x[1] = NIL;
        for (i = 0; i < TERMS; i++) {
            lifecycle_cell term = structure(m.heap, arities[i % 10], i);
            m.x[1] = cons(m.heap, term, m.x[1]);
            if (i == TERMS / 2 && round % 2 == 1)
                EXPECT_OK(lifecycle_heap_collect(m.heap));
        }
        for (list = m.x[1], i = TERMS; i-- > 0; list = *part(m.heap, list, 1))
            EXPECT(is_structure(m.heap, *part(m.heap, list, 0), arities[i % 10], i));
        EXPECT(is_list_of(m.heap, m.x[0], 60));
        EXPECT_OK(lifecycle_heap_collect(m.heap));
    }
    end(m.heap);
}

/* What does not fit is refused, and that is no reason to lose the holes that were passed over. */
static void fragments_are_told_and_refuse_what_is_larger(void)
{
    enum { UNITS = 2500, LARGE = 10 };
    struct machine m;
    lifecycle_heap_stats stats;
    uint64_t at, small = 0;
    int i;
    full(&m, 1 + 200 * LARGE + 8 * UNITS);
    m.x[0] = m.x[1] = NIL;
    /* Holes of four cells, and some of 204, between pairs that live; there is no room behind. */
    for (i = 0; i < UNITS; i++) {
        if (i % (UNITS / LARGE) == 100)
            structure(m.heap, 199, 0);
        structure(m.heap, 3, 0);
        m.x[0] = cons(m.heap, lifecycle_make_int(i), m.x[0]);
        m.x[1] = cons(m.heap, lifecycle_make_int(i), m.x[1]);
    }
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    stats = heap_stats(m.heap);
    EXPECT_EQ(stats.live, 4 * UNITS);
    EXPECT_EQ(stats.runs, UNITS);
    EXPECT_EQ(stats.largest_run, 204);
    EXPECT_EQ(stats.free_cells, 200 * LARGE + 4 * UNITS);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 205), LIFECYCLE_NO_CELL);
    m.x[2] = NIL;
    for (i = 0; i < LARGE; i++)
        m.x[3 + i % 5] = structure(m.heap, 199, i);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 5), LIFECYCLE_NO_CELL);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 129), LIFECYCLE_NO_CELL);
    while ((at = lifecycle_heap_alloc(m.heap, 4)) != LIFECYCLE_NO_CELL) {
        memset(cell_at(m.heap, at), 0, 4 * sizeof(lifecycle_cell));
        small++;
    }
    EXPECT_EQ(small, UNITS);
    EXPECT(is_list_of(m.heap, m.x[0], UNITS) && is_list_of(m.heap, m.x[1], UNITS));
    for (i = LARGE - 5; i < LARGE; i++)
        EXPECT(is_structure(m.heap, m.x[3 + i % 5], 199, i));
    end(m.heap);
}

/* A reserve says that ALL allocations fit, so holes in pieces are not what it counts on. */
static void a_reserve_is_kept_in_a_heap_of_pieces(void)
{
    static const uint32_t sizes[] = {3, 10, 127, 200, 1000};
    size_t i;
    for (i = 0; i < COUNT(sizes); i++) {
        struct machine m;
        uint64_t wanted = 20000, taken = 0;
        full(&m, 64 * KI);
        in_pieces(&m, 5000, 3);
        EXPECT_OK(lifecycle_heap_reserve(m.heap, wanted));
        for (; taken + sizes[i] <= wanted; taken += sizes[i])
            EXPECT(is_structure(m.heap, structure(m.heap, sizes[i] - 1, 1), sizes[i] - 1, 1));
        EXPECT(is_list_of(m.heap, m.x[0], 5000));
        end(m.heap);
    }
}

static void the_largest_structure_needs_the_largest_heap(void)
{
    struct machine m;
    full(&m, LIFECYCLE_ARITY_MAX + 2);
    EXPECT_OK(lifecycle_heap_reserve(m.heap, LIFECYCLE_ARITY_MAX + 1));
    m.x[0] = structure(m.heap, LIFECYCLE_ARITY_MAX, 1);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(is_structure(m.heap, m.x[0], LIFECYCLE_ARITY_MAX, 1));
    EXPECT_EQ(heap_stats(m.heap).live, LIFECYCLE_ARITY_MAX + 1);
    EXPECT_STATUS(lifecycle_heap_reserve(m.heap, 1), LIFECYCLE_E_LIMIT);
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_reserve(m.heap, LIFECYCLE_ARITY_MAX + 1));
    end(m.heap);
}

int main(void)
{
    RUN(full_of_what_lives);
    RUN(exhausted_in_the_middle_of_a_structure);
    RUN(what_does_not_fit_a_hole_goes_behind_them);
    RUN(large_objects_find_holes);
    RUN(small_and_large_objects_share_the_holes);
    RUN(fragments_are_told_and_refuse_what_is_larger);
    RUN(a_reserve_is_kept_in_a_heap_of_pieces);
    RUN(the_largest_structure_needs_the_largest_heap);
    return expect_done();
}
