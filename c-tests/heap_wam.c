/* Heaps: binding, choicepoints, and cells that come back when the machine goes back. */
#include "heap.h"

/* --- binding --- */

static void a_binding_is_trailed_when_it_must_be(void)
{
    struct machine m;
    struct choice choice;
    uint64_t old, fresh;
    machine(&m);
    EXPECT(m.wam.tr != NULL && m.wam.tr_capacity > 0 && m.wam.tr_count == 0);
    old = variable(m.heap);
    EXPECT_OK(lifecycle_wam_bind(m.heap, old, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 0);
    old = variable(m.heap);
    push(&m, &choice);
    fresh = variable(m.heap);
    EXPECT(m.heap->hb > old && m.heap->hb <= fresh);
    EXPECT_OK(lifecycle_wam_bind(m.heap, fresh, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_OK(lifecycle_wam_bind(m.heap, old, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 1);
    EXPECT_EQ(m.wam.tr[0], lifecycle_make_ref(old));
    EXPECT(value_of(&m, old) == SEVEN && value_of(&m, fresh) == SEVEN);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(&m, old) && m.wam.tr_count == 0);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_EQ(m.heap->hb, 0);
    EXPECT_OK(lifecycle_wam_bind(m.heap, old, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 0);
    end(m.heap);
}

static void what_is_no_cell_is_not_bound(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_heap_options options = verified();
    static const uint64_t places[] = {0, 1ull << 32, 1ull << 61, UINT64_MAX};
    lifecycle_heap *heap;
    size_t i;
    machine(&m);
    alloc(m.heap, 10);
    push(&m, &choice);
    for (i = 0; i < COUNT(places); i++) {
        EXPECT_STATUS(lifecycle_wam_bind(m.heap, places[i], SEVEN), LIFECYCLE_E_RANGE);
        EXPECT_STATUS(lifecycle_wam_assign(m.heap, places[i], SEVEN), LIFECYCLE_E_RANGE);
    }
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_EQ(*lifecycle_heap_base(m.heap), 0);
    EXPECT_OK(lifecycle_heap_destroy(m.heap));

    /* Without a machine a binding is a store; the rest cannot be. */
    options.max_cells = 1000;
    heap = make(&options);
    EXPECT_OK(lifecycle_wam_bind(heap, variable(heap), SEVEN));
    EXPECT_STATUS(lifecycle_wam_choice_push(heap, &choice.head, 0, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_wam_choice_pop(heap), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_wam_cut(heap, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_wam_backtrack(heap), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(heap, 1), LIFECYCLE_E_INVALID);
    end(heap);
}

/* --- choicepoints --- */

static void a_choicepoint_notes_where_everything_is(void)
{
    struct machine m;
    struct frame frame, other;
    struct choice first, second;
    machine(&m);
    enter_frame(&m, &frame, "code");
    litter(m.heap, 10);
    push(&m, &first);
    EXPECT(m.wam.b == &first.head && first.head.prev == NULL);
    EXPECT(first.head.env == &frame.head && strcmp(first.head.code, "code") == 0);
    EXPECT(strcmp(first.head.alternative, "alternative") == 0);
    EXPECT_EQ(first.head.count, ARGUMENTS);
    EXPECT_EQ(first.head.reserved, 0);
    EXPECT_EQ(first.head.trail, 0);
    EXPECT_EQ(first.head.top, heap_stats(m.heap).frontier);
    EXPECT_EQ(m.heap->hb, first.head.top);
    EXPECT(lifecycle_choice_cells(&first.head) == first.arguments);
    EXPECT(lifecycle_frame_cells(&frame.head) == frame.slots);
    litter(m.heap, 10);
    EXPECT_OK(lifecycle_wam_bind(m.heap, 1, SEVEN));
    enter_frame(&m, &other, "elsewhere");
    push(&m, &second);
    EXPECT(m.wam.b == &second.head && second.head.prev == &first.head);
    EXPECT(second.head.env == &other.head && second.head.trail == 1 && second.head.top == first.head.top + 10);
    m.wam.e = NULL;
    m.wam.code = NULL;
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(m.wam.b == &second.head && m.wam.e == &other.head && strcmp(m.wam.code, "elsewhere") == 0);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT(m.wam.b == &first.head && m.heap->hb == first.head.top);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(m.wam.e == &frame.head && strcmp(m.wam.code, "code") == 0);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT(m.wam.b == NULL && m.heap->hb == 0);
    EXPECT_STATUS(lifecycle_wam_choice_pop(m.heap), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_wam_backtrack(m.heap), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_wam_choice_push(m.heap, NULL, 0, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_wam_choice_push(m.heap, (lifecycle_choice *)(void *)((char *)&first + 4), 0, NULL),
                  LIFECYCLE_E_INVALID);
    end(m.heap);
}

static void a_pop_keeps_what_happened_and_a_cut_drops_all_that_are_newer(void)
{
    struct machine m;
    struct choice choices[5];
    uint64_t vars[5];
    int i;
    machine(&m);
    for (i = 0; i < 5; i++)
        vars[i] = variable(m.heap);
    for (i = 0; i < 5; i++) {
        push(&m, &choices[i]);
        EXPECT_OK(lifecycle_wam_bind(m.heap, vars[i], lifecycle_make_int(i)));
        m.x[i] = lifecycle_make_ref(vars[i]);
    }
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_EQ(value_of(&m, vars[4]), lifecycle_make_int(4));
    EXPECT(m.wam.b == &choices[3].head);
    EXPECT_OK(lifecycle_wam_cut(m.heap, &choices[1].head));
    EXPECT(m.wam.b == &choices[1].head && m.heap->hb == choices[1].head.top);
    EXPECT_OK(lifecycle_wam_cut(m.heap, &choices[1].head));
    EXPECT(m.wam.b == &choices[1].head);
    /* What the newer ones noted is undone with the older one. */
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(value_of(&m, vars[0]), lifecycle_make_int(0));
    for (i = 1; i < 5; i++)
        EXPECT(is_unbound(&m, vars[i]));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    EXPECT(m.wam.b == NULL && m.heap->hb == 0);
    EXPECT_EQ(value_of(&m, vars[0]), lifecycle_make_int(0));
    EXPECT_STATUS(lifecycle_wam_backtrack(m.heap), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, 0);
    end(m.heap);
}

/* --- cells come back --- */

enum { CELLS = 400 };

static void take(struct machine *m, uint64_t *cells, int n)
{
    int i;
    for (i = 0; i < n; i++) {
        cells[i] = alloc(m->heap, 1);
        *cell_at(m->heap, cells[i]) = lifecycle_make_int(-2);
    }
}

/* Pairs with holes of three or four cells between them, held by a register. */
static uint64_t with_holes(struct machine *m, int pairs)
{
    int i;
    m->x[0] = NIL;
    for (i = 0; i < pairs; i++) {
        litter(m->heap, (uint64_t)i % 2 + 3);
        m->x[0] = cons(m->heap, lifecycle_make_int(i), m->x[0]);
    }
    EXPECT_OK(lifecycle_heap_collect(m->heap));
    return heap_stats(m->heap).frontier;
}

static int holds_pairs(struct machine *m, int pairs)
{
    lifecycle_cell list = m->x[0];
    while (pairs-- > 0) {
        if (*part(m->heap, list, 0) != lifecycle_make_int(pairs))
            return 0;
        list = *part(m->heap, list, 1);
    }
    return list == NIL;
}

static void cells_come_back_at_once(void)
{
    struct machine m;
    struct choice choice;
    static uint64_t first[CELLS], again[CELLS];
    lifecycle_heap_stats before, after;
    machine(&m);
    litter(m.heap, 100);
    push(&m, &choice);
    before = heap_stats(m.heap);
    take(&m, first, CELLS);
    EXPECT_EQ(heap_stats(m.heap).used, before.used + CELLS);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    after = heap_stats(m.heap);
    EXPECT_EQ(after.used, before.used);
    EXPECT_EQ(after.allocated, before.allocated);
    EXPECT_EQ(after.frontier, before.frontier);
    EXPECT_EQ(after.reclaimed, 0);
    take(&m, again, CELLS);
    EXPECT(memcmp(first, again, sizeof first) == 0);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    end(m.heap);
}

/* In holes, over the last of them, and behind. */
static void hazard_mem_14_cells_in_holes_come_back_at_once(void)
{
    static const int takes[] = {1, 2, 50, 349, 350, 351, CELLS};
    static uint64_t first[CELLS], again[CELLS];
    size_t i;
    int before;
    for (i = 0; i < COUNT(takes); i++) {
        for (before = 0; before <= 360; before += 40) {
            struct machine m;
            struct choice choice;
            uint64_t frontier;
            lifecycle_heap_stats then;
            machine(&m);
            frontier = with_holes(&m, 100);
            take(&m, first, before);
            push(&m, &choice);
            EXPECT_EQ(choice.head.top, before > 350 ? frontier + (uint64_t)before - 350 : frontier);
            then = heap_stats(m.heap);
            take(&m, first, takes[i]);
            EXPECT((first[0] < frontier) == (before < 350));
            EXPECT_OK(lifecycle_wam_backtrack(m.heap));
            EXPECT_EQ(heap_stats(m.heap).used, then.used);
            EXPECT_EQ(heap_stats(m.heap).frontier, then.frontier);
            take(&m, again, takes[i]);
            EXPECT(memcmp(first, again, (size_t)takes[i] * sizeof *first) == 0);
            EXPECT(holds_pairs(&m, 100));
            EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
            end(m.heap);
        }
    }
}

/* No cell is handed out that lives: what is older keeps its numbers, however often it goes back and collects. */
static void cells_come_back_after_a_collection(void)
{
    static uint64_t cells[CELLS];
    int survivors;
    for (survivors = 0; survivors <= 60; survivors += 20) {
        struct machine m;
        struct choice choice;
        lifecycle_heap_stats then;
        int i, round;
        machine(&m);
        with_holes(&m, 100);
        push(&m, &choice);
        choice.arguments[0] = m.x[0];
        for (round = 0; round < 4; round++) {
            m.x[1] = NIL;
            for (i = 0; i < survivors; i++)
                m.x[1] = cons(m.heap, lifecycle_make_int(i), m.x[1]);
            take(&m, cells, 100);
            EXPECT_OK(lifecycle_heap_collect(m.heap));
            EXPECT_EQ(heap_stats(m.heap).live, 200 + 2 * (uint64_t)survivors);
            EXPECT(choice.head.top <= heap_stats(m.heap).frontier);
            take(&m, cells, CELLS);
            m.x[1] = 0;
            EXPECT_OK(lifecycle_wam_backtrack(m.heap));
            EXPECT(heap_stats(m.heap).used <= 200 + 2 * (uint64_t)survivors);
            EXPECT_EQ(heap_stats(m.heap).frontier, choice.head.top);
            take(&m, cells, CELLS);
            EXPECT(holds_pairs(&m, 100));
            EXPECT_OK(lifecycle_heap_collect(m.heap));
            EXPECT_EQ(heap_stats(m.heap).live, 200);
            then = heap_stats(m.heap);
            take(&m, cells, CELLS);
            EXPECT(holds_pairs(&m, 100));
            EXPECT_EQ(heap_stats(m.heap).used, then.used + CELLS);
        }
        EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
        end(m.heap);
    }
}

/* Holes that lie above a choicepoint's top are no holes any more when it is gone back to, or they would be handed out
 * twice: as holes, and by the frontier that comes up from below. */
static void hazard_mem_14_no_cell_is_handed_out_twice(void)
{
    enum { OLD = 100, NEW = 2000, MOST = 40000 };
    static unsigned char taken[MOST];
    struct machine m;
    struct choice choice;
    uint64_t n;
    int i, round;
    machine(&m);
    with_holes(&m, OLD);
    push(&m, &choice);
    choice.arguments[0] = m.x[0];
    for (round = 0; round < 3; round++) {
        m.x[1] = NIL;
        for (i = 0; i < NEW; i++) {
            litter(m.heap, 3);
            m.x[1] = cons(m.heap, lifecycle_make_int(i), m.x[1]);
        }
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT(heap_stats(m.heap).frontier > choice.head.top + 5 * NEW / 2);
        m.x[1] = 0;
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(heap_stats(m.heap).frontier, choice.head.top);
        memset(taken, 0, sizeof taken);
        for (n = 0; n < 8 * NEW; n++) {
            uint64_t at = alloc(m.heap, 1);
            EXPECT(at < MOST && !taken[at % MOST]);
            taken[at % MOST] = 1;
            *cell_at(m.heap, at) = lifecycle_make_int(-3);
        }
        EXPECT(holds_pairs(&m, OLD));
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    }
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

/* At the frontier, at once; in a hole of their own, with the next collection. Nobody gets their cells before. */
static void large_objects_come_back_too(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_cell big;
    lifecycle_heap_stats then;
    uint64_t at, i;
    machine(&m);
    big = structure(m.heap, 999, 0);
    m.x[0] = list_of(m.heap, 10);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    push(&m, &choice);
    then = heap_stats(m.heap);
    EXPECT(is_structure(m.heap, structure(m.heap, 5000, 1), 5000, 1));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(heap_stats(m.heap).frontier, then.frontier);
    EXPECT_EQ(heap_stats(m.heap).used, then.used);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    m.x[1] = structure(m.heap, 499, 3);
    at = lifecycle_cell_index(m.x[1]);
    EXPECT(at >= lifecycle_cell_index(big) && at + 500 <= then.frontier);
    for (i = 0; i < 1000; i++) {
        uint64_t cell = alloc(m.heap, 1);
        EXPECT(cell < at || cell >= at + 500);
        *cell_at(m.heap, cell) = lifecycle_make_int(-4);
    }
    EXPECT(is_structure(m.heap, m.x[1], 499, 3));
    m.x[1] = 0;
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(heap_stats(m.heap).used <= then.used + 500);
    for (i = 0; i < 400; i++)
        EXPECT(is_structure(m.heap, structure(m.heap, 4, 1), 4, 1));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).used, then.used);
    EXPECT(is_list_of(m.heap, m.x[0], 10));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

int main(void)
{
    RUN(a_binding_is_trailed_when_it_must_be);
    RUN(what_is_no_cell_is_not_bound);
    RUN(a_choicepoint_notes_where_everything_is);
    RUN(a_pop_keeps_what_happened_and_a_cut_drops_all_that_are_newer);
    RUN(cells_come_back_at_once);
    RUN(hazard_mem_14_cells_in_holes_come_back_at_once);
    RUN(cells_come_back_after_a_collection);
    RUN(hazard_mem_14_no_cell_is_handed_out_twice);
    RUN(large_objects_come_back_too);
    return expect_done();
}
