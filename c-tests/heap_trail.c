/* Heaps: the trail, what a collection does to it, and whose it is. */
#include "heap.h"

/* --- where cells come from holes, age is not an index --- */

static void hazard_mem_06_a_cell_above_the_hole_is_older(void)
{
    struct machine m;
    struct choice choice;
    uint64_t above, in_hole;
    machine(&m);
    litter(m.heap, 1000);
    above = variable(m.heap);
    m.x[0] = lifecycle_make_ref(above);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    in_hole = variable(m.heap);
    EXPECT(in_hole < above);
    push(&m, &choice);
    choice.arguments[0] = lifecycle_make_ref(above);
    choice.arguments[1] = lifecycle_make_ref(in_hole);
    EXPECT(m.heap->hb > above);
    EXPECT_OK(lifecycle_wam_bind(m.heap, above, structure(m.heap, 2, 0)));
    EXPECT_OK(lifecycle_wam_bind(m.heap, in_hole, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 2);
    /* A new one in a hole may be trailed; that does no harm. */
    EXPECT_OK(lifecycle_wam_bind(m.heap, variable(m.heap), SEVEN));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(&m, above) && is_unbound(&m, in_hole));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 2);
    EXPECT_OK(lifecycle_wam_bind(m.heap, above, structure(m.heap, 2, 0)));
    m.x[0] = lifecycle_make_ref(above);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 5);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(&m, above) && is_unbound(&m, in_hole));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

/* --- the trail and collections --- */

static void hazard_mem_07_an_entry_whose_cell_died_is_dropped(void)
{
    struct machine m;
    struct choice first, second;
    uint64_t dead, alive;
    machine(&m);
    dead = variable(m.heap);
    litter(m.heap, 2);
    alive = variable(m.heap);
    m.globals[0] = lifecycle_make_ref(alive);
    push(&m, &first);
    push(&m, &second);
    EXPECT_OK(lifecycle_wam_bind(m.heap, dead, SEVEN));
    EXPECT_OK(lifecycle_wam_assign(m.heap, dead, lifecycle_make_int(8)));
    EXPECT_OK(lifecycle_wam_bind(m.heap, alive, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 4);
    /* The cut leaves the entries: the older choicepoint may need them. */
    EXPECT_OK(lifecycle_wam_cut(m.heap, &first.head));
    EXPECT_EQ(m.wam.tr_count, 4);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, 1);
    EXPECT_EQ(m.wam.tr[0], lifecycle_make_ref(alive));
    EXPECT_EQ(heap_stats(m.heap).trail_dropped, 2);
    /* The cell is somebody else's now. */
    m.globals[1] = lifecycle_make_ref(alloc(m.heap, 1));
    EXPECT_EQ(lifecycle_cell_index(m.globals[1]), dead);
    *cell_at(m.heap, dead) = lifecycle_make_int(99);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(value_of(&m, dead), lifecycle_make_int(99));
    EXPECT(is_unbound(&m, alive));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

static void a_variable_that_only_the_past_sees_is_reset_early(void)
{
    struct machine m;
    struct choice choice;
    uint64_t var;
    machine(&m);
    var = variable(m.heap);
    push(&m, &choice);
    choice.arguments[0] = lifecycle_make_ref(var);
    EXPECT_OK(lifecycle_wam_bind(m.heap, var, list_of(m.heap, 1000)));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 1);
    EXPECT(is_unbound(&m, var));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_EQ(heap_stats(m.heap).early_resets, 1);
    EXPECT_EQ(heap_stats(m.heap).trail_dropped, 1);
    /* One that the present sees is not. */
    m.x[0] = lifecycle_make_ref(var);
    EXPECT_OK(lifecycle_wam_bind(m.heap, var, list_of(m.heap, 1000)));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 2001);
    EXPECT(is_list_of(m.heap, value_of(&m, var), 1000));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(&m, var));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

/* An entry of a newer choicepoint must not be decided by what only an older one sees. */
static void hazard_mem_08_early_resets_go_from_new_to_old(void)
{
    struct machine m;
    struct choice choices[3];
    uint64_t vars[3];
    int i;
    machine(&m);
    for (i = 0; i < 3; i++)
        vars[i] = variable(m.heap);
    for (i = 0; i < 3; i++) {
        push(&m, &choices[i]);
        choices[i].arguments[0] = lifecycle_make_ref(vars[i]);
        EXPECT_OK(lifecycle_wam_bind(m.heap, vars[i], structure(m.heap, 9, i)));
    }
    /* The newest sees the oldest's variable, bound when it was made. */
    choices[2].arguments[1] = lifecycle_make_ref(vars[0]);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 3 + 10);
    EXPECT_EQ(m.wam.tr_count, 1);
    EXPECT(is_unbound(&m, vars[1]) && is_unbound(&m, vars[2]));
    EXPECT_EQ(choices[0].head.trail, 0);
    EXPECT_EQ(choices[1].head.trail, 1);
    EXPECT_EQ(choices[2].head.trail, 1);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_structure(m.heap, value_of(&m, vars[0]), 9, 0));
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(&m, vars[0]));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

static void values_that_are_assigned_come_back(void)
{
    struct machine m;
    struct choice first, second;
    uint64_t at;
    int i;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    at = lifecycle_cell_index(m.x[0]) + 1;
    EXPECT_OK(lifecycle_wam_assign(m.heap, at, structure(m.heap, 2, 1)));
    EXPECT_EQ(m.wam.tr_count, 0);
    push(&m, &first);
    first.arguments[0] = m.x[0];
    /* What a structure has that is younger need not come back. */
    m.x[1] = structure(m.heap, 1, 0);
    EXPECT_OK(lifecycle_wam_assign(m.heap, lifecycle_cell_index(m.x[1]) + 1, SEVEN));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_OK(lifecycle_wam_assign(m.heap, at, structure(m.heap, 3, 2)));
    EXPECT_EQ(m.wam.tr_count, 2);
    EXPECT_EQ(lifecycle_cell_tag(m.wam.tr[1]), LIFECYCLE_TAG_LIS);
    EXPECT_EQ(lifecycle_cell_index(m.wam.tr[1]), at);
    EXPECT(is_structure(m.heap, m.wam.tr[0], 2, 1));
    push(&m, &second);
    second.arguments[0] = m.x[0];
    for (i = 0; i < 4; i++)
        EXPECT_OK(lifecycle_wam_assign(m.heap, at, structure(m.heap, 4, i)));
    for (i = 0; i < 3; i++) {
        collect_and_litter(m.heap, 300);
        EXPECT(is_structure(m.heap, value_of(&m, at), 4, 3));
    }
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_structure(m.heap, value_of(&m, at), 3, 2));
    EXPECT_OK(lifecycle_wam_assign(m.heap, at, SEVEN));
    collect_and_litter(m.heap, 300);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    collect_and_litter(m.heap, 300);
    EXPECT_EQ(value_of(&m, at), SEVEN);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_structure(m.heap, value_of(&m, at), 2, 1));
    m.x[1] = 0;
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

/* A value that only the past sees is given back early, the oldest of the segment winning. */
static void a_value_that_only_the_past_sees_comes_back_early(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_cell term;
    int i;
    machine(&m);
    term = structure(m.heap, 1, 0);
    *part(m.heap, term, 1) = structure(m.heap, 5, 50);
    push(&m, &choice);
    choice.arguments[0] = term;
    for (i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_wam_assign(m.heap, lifecycle_cell_index(term) + 1, list_of(m.heap, 100)));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 8);
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT(is_structure(m.heap, *part(m.heap, term, 1), 5, 50));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

/* Bound, then assigned, in one segment: undone in the reverse order. */
static void bindings_and_values_are_undone_in_order(void)
{
    struct machine m;
    struct choice choice;
    uint64_t var;
    machine(&m);
    var = variable(m.heap);
    m.x[0] = lifecycle_make_ref(var);
    push(&m, &choice);
    EXPECT_OK(lifecycle_wam_bind(m.heap, var, SEVEN));
    EXPECT_OK(lifecycle_wam_assign(m.heap, var, lifecycle_make_int(8)));
    EXPECT_OK(lifecycle_wam_assign(m.heap, var, lifecycle_make_int(9)));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(value_of(&m, var), lifecycle_make_int(9));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(&m, var));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

enum { SEGMENTS = 20, ENTRIES = 12 };

/* Of each choicepoint's entries some are dropped, more of some than of others: the rest stay its own. */
static void the_trail_is_compacted_and_the_tops_follow(void)
{
    struct machine m;
    static struct choice choices[SEGMENTS];
    static uint64_t vars[SEGMENTS][ENTRIES];
    uint64_t kept = 0, tops[SEGMENTS];
    int i, k;
    machine(&m);
    m.globals[0] = NIL;
    for (i = 0; i < SEGMENTS; i++)
        for (k = 0; k < ENTRIES; k++)
            vars[i][k] = variable(m.heap);
    for (i = 0; i < SEGMENTS; i++) {
        push(&m, &choices[i]);
        tops[i] = kept;
        for (k = 0; k < ENTRIES; k++) {
            if (k % 3 == 2)
                EXPECT_OK(lifecycle_wam_assign(m.heap, vars[i][k], lifecycle_make_int(k)));
            else
                EXPECT_OK(lifecycle_wam_bind(m.heap, vars[i][k], lifecycle_make_int(k)));
            if ((k + i) % 5 < i % 5) {
                m.globals[0] = cons(m.heap, lifecycle_make_ref(vars[i][k]), m.globals[0]);
                kept += k % 3 == 2 ? 2 : 1;
            }
        }
    }
    EXPECT_EQ(m.wam.tr_count, SEGMENTS * ENTRIES * 4 / 3);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, kept);
    for (i = 0; i < SEGMENTS; i++)
        EXPECT_EQ(choices[i].head.trail, tops[i]);
    for (i = SEGMENTS; i-- > 0;) {
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(m.wam.tr_count, tops[i]);
        for (k = 0; k < ENTRIES; k++)
            if ((k + i) % 5 < i % 5)
                EXPECT(is_unbound(&m, vars[i][k]));
        if (i > 1)
            for (k = 0; k < ENTRIES; k++)
                if ((k + i - 1) % 5 < (i - 1) % 5)
                    EXPECT_EQ(value_of(&m, vars[i - 1][k]), lifecycle_make_int(k));
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    }
    m.globals[0] = 0;
    end(m.heap);
}

static void a_hundred_thousand_choicepoints(void)
{
    struct machine m;
    struct frame frame;
    lifecycle_heap_options options = verified();
    uint64_t n = expect_scale(100000, 5000), i;
    struct choice *choices = calloc(n, sizeof *choices);
    EXPECT(choices != NULL);
    options.threshold = 8 * MI;
    machine_with(&m, &options);
    enter_frame(&m, &frame, NULL);
    frame.slots[0] = sample(m.heap, 1);
    for (i = 0; i < n; i++) {
        uint64_t var = variable(m.heap);
        m.x[0] = structure(m.heap, 1, (int64_t)i);
        push(&m, &choices[i]);
        choices[i].arguments[0] = m.x[0];
        choices[i].arguments[1] = lifecycle_make_ref(var);
        litter(m.heap, 1);
        EXPECT_OK(lifecycle_wam_bind(m.heap, var, lifecycle_make_int((int64_t)i)));
    }
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, SAMPLE_CELLS + 3 * n);
    EXPECT_EQ(heap_stats(m.heap).early_resets, n);
    litter(m.heap, n);
    m.x[0] = 0;
    for (i = n; i-- > 0;) {
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT(is_structure(m.heap, choices[i].arguments[0], 1, (int64_t)i));
        EXPECT(is_unbound(&m, lifecycle_cell_index(choices[i].arguments[1])));
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    }
    EXPECT(is_sample(m.heap, frame.slots[0], 1));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, SAMPLE_CELLS);
    end(m.heap);
    free(choices);
}

/* --- whose the trail is --- */

static void a_trail_of_the_host_that_is_full(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_wam mine = LIFECYCLE_WAM_INIT;
    lifecycle_cell trail[5] = {0, 0, 0, 0, 0x5a5a5a5a5a5a5a5aull};
    uint64_t vars[6];
    int i;
    machine(&m);
    mine.tr = trail;
    mine.tr_capacity = 4;
    EXPECT_OK(lifecycle_heap_set_wam(m.heap, &mine));
    EXPECT(mine.tr == trail && mine.tr_capacity == 4);
    for (i = 0; i < 6; i++)
        vars[i] = variable(m.heap);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_trail_reserve(m.heap, 4));
    EXPECT_STATUS(lifecycle_wam_trail_reserve(m.heap, 5), LIFECYCLE_E_LIMIT);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(m.heap, UINT64_MAX), LIFECYCLE_E_LIMIT);
    for (i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_wam_bind(m.heap, vars[i], SEVEN));
    EXPECT_STATUS(lifecycle_wam_assign(m.heap, vars[3], SEVEN), LIFECYCLE_E_LIMIT);
    EXPECT(is_unbound(&m, vars[3]) && mine.tr_count == 3);
    EXPECT_OK(lifecycle_wam_bind(m.heap, vars[3], SEVEN));
    EXPECT_STATUS(lifecycle_wam_bind(m.heap, vars[4], SEVEN), LIFECYCLE_E_LIMIT);
    EXPECT(is_unbound(&m, vars[4]) && mine.tr_count == 4);
    EXPECT_STATUS(lifecycle_wam_assign(m.heap, vars[4], SEVEN), LIFECYCLE_E_LIMIT);
    EXPECT(is_unbound(&m, vars[4]));
    EXPECT_EQ(trail[4], 0x5a5a5a5a5a5a5a5aull);
    /* A collection makes room: nobody sees those cells. */
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(mine.tr_count, 0);
    EXPECT_OK(lifecycle_wam_trail_reserve(m.heap, 4));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

static void the_heaps_own_trail_grows(void)
{
    struct machine m;
    struct choice choice;
    uint64_t n = expect_scale(3000000, 100000), i, vars;
    machine(&m);
    vars = alloc(m.heap, (uint32_t)n);
    for (i = 0; i < n; i++)
        *cell_at(m.heap, vars + i) = lifecycle_make_ref(vars + i);
    push(&m, &choice);
    for (i = 0; i < n; i++)
        EXPECT_OK(lifecycle_wam_bind(m.heap, vars + i, SEVEN));
    EXPECT(m.wam.tr_count == n && m.wam.tr_capacity >= n);
    EXPECT_OK(lifecycle_wam_trail_reserve(m.heap, 10000));
    EXPECT(m.wam.tr_capacity >= n + 10000);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(m.heap, 1ull << 33), LIFECYCLE_E_LIMIT);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(m.heap, UINT64_MAX), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(m.wam.tr_count, 0);
    for (i = 0; i < n; i += 1000)
        EXPECT(is_unbound(&m, vars + i));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
}

int main(void)
{
    RUN(hazard_mem_06_a_cell_above_the_hole_is_older);
    RUN(hazard_mem_07_an_entry_whose_cell_died_is_dropped);
    RUN(a_variable_that_only_the_past_sees_is_reset_early);
    RUN(hazard_mem_08_early_resets_go_from_new_to_old);
    RUN(values_that_are_assigned_come_back);
    RUN(a_value_that_only_the_past_sees_comes_back_early);
    RUN(bindings_and_values_are_undone_in_order);
    RUN(the_trail_is_compacted_and_the_tops_follow);
    RUN(a_hundred_thousand_choicepoints);
    RUN(a_trail_of_the_host_that_is_full);
    RUN(the_heaps_own_trail_grows);
    return expect_done();
}
