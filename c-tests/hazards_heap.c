/*
 * hazards_heap.c - heaps of cells, the hazards of docs/hazards.md that come with choicepoints, the trail and
 * environments: 6, 7, 8, 15. The others: hazards_heap_cells.c (2, 3, 9 to 11), hazards_heap_refused.c (12),
 * hazards_heap_sweep.c (13, 14), hazards_heap_use.c (19, 20).
 */
#include "hazards_heap.h"

/* --- 6: choicepoints while allocation is in holes --- */

/* Above the cursor there are older cells; every one that is bound must be on the trail. */
static void hazard_mem_06_hb_and_holes(void)
{
    struct machine m;
    struct choice choice;
    uint64_t frontier;
    cell link, early;
    unsigned long links = 1000, count = 0;
    make_machine(&m, NULL);
    m.x[0] = chain_with_holes(m.heap, links, 5);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, links * LINK_CELLS);
    frontier = heap_stats(m.heap).frontier;
    early = m.x[1] = make_variable(m.heap, numbers_from(m.heap, 4, 0), 0);
    EXPECT(place(early) < frontier); /* or nothing here is about holes */
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    EXPECT(choice.head.top >= frontier);
    EXPECT_EQ(m.heap->hb, choice.head.top);
    for (link = m.x[0]; link != lifecycle_make_con(0); link = m.heap->cells[argument(link, 1)])
        EXPECT_OK(lifecycle_wam_bind(m.heap, argument(link, 0), number((int64_t)++count)));
    EXPECT_EQ(count, links);
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(early), number(0)));
    EXPECT_EQ(m.wam.tr_count, links + 1);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT(is_unbound(m.heap, early));
    count = 0;
    for (link = m.x[0]; link != lifecycle_make_con(0); link = m.heap->cells[argument(link, 1)])
        count += is_unbound(m.heap, lifecycle_make_ref(argument(link, 0)));
    EXPECT_EQ(count, links);
    drop_machine(&m);
}

enum { TAKEN = 3000 };

/* Small ones and some that do not fit in a small hole; the sum of what is told apart by where they are. */
static void take_some(lifecycle_heap *heap, uint64_t *at, int count)
{
    for (int i = 0; i < count; i++)
        at[i] = place(numbers_from(heap, i % 50 == 49 ? 200 : (uint32_t)i % 5, i));
}

/* From holes into fresh cells and back, at whatever place in a hole the choicepoint was made. */
static void hazard_mem_06_what_backtracking_frees_is_free_at_once(void)
{
    struct machine m;
    struct choice outer, inner;
    static uint64_t first[TAKEN], again[TAKEN];
    uint64_t frontier, used;
    make_machine(&m, NULL);
    m.x[0] = chain_with_holes(m.heap, 1000, 6);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    frontier = heap_stats(m.heap).frontier;
    for (int round = 0; round < 12; round++) {
        m.x[1] = numbers_from(m.heap, (uint32_t)round % 3, round); /* moves the place */
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 0, NULL));
        used = heap_stats(m.heap).used;
        take_some(m.heap, first, TAKEN);
        EXPECT(first[0] < frontier && first[TAKEN - 1] >= frontier);
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(heap_stats(m.heap).used, used);
        take_some(m.heap, again, TAKEN / 3);
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 0, NULL));
        take_some(m.heap, again + TAKEN / 3, TAKEN / 3);
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(heap_stats(m.heap).used, used);
        take_some(m.heap, again, TAKEN);
        EXPECT(memcmp(first, again, sizeof first) == 0);
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
        EXPECT_NUMBERS(m.heap, m.x[1], (uint32_t)round % 3, round);
    }
    drop_machine(&m);
}

enum { OBJECTS = 700, CHOICES = 12 };

/* Structures of numbers that nothing but this table keeps. */
struct table {
    cell what[OBJECTS]; /* 0: forgotten */
    uint32_t arity[OBJECTS];
    int64_t first[OBJECTS];
    unsigned count, choices;
    unsigned known[CHOICES]; /* how many there were when the choicepoint was made */
    struct choice choice[CHOICES];
};

static void visit_table(lifecycle_visitor *visitor, void *user)
{
    struct table *table = user;
    for (unsigned i = 0; i < table->count; i++)
        EXPECT_OK(lifecycle_visit(visitor, &table->what[i]));
}

static void check_table(lifecycle_heap *heap, const struct table *table)
{
    for (unsigned i = 0; i < table->count; i++)
        if (table->what[i] != 0)
            EXPECT_NUMBERS(heap, table->what[i], table->arity[i], table->first[i]);
}

static void add_to_table(lifecycle_heap *heap, struct table *table, uint32_t arity, int64_t stamp)
{
    unsigned i = table->count++;
    table->what[i] = numbers_from(heap, arity, stamp);
    table->arity[i] = arity;
    table->first[i] = stamp;
}

static void one_step(struct machine *m, struct table *t, uint64_t *seed, int64_t stamp)
{
    uint32_t dice = random_below(seed, 100), size = random_below(seed, 60);
    if (dice < 62 && t->count < OBJECTS) {
        add_to_table(m->heap, t, size == 0 ? 130 + random_below(seed, 300) : size < 10 ? size * 7 : size % 5, stamp);
    } else if (dice < 80 && t->count > 0) {
        t->what[random_below(seed, t->count)] = 0;
    } else if (dice < 86 && t->choices < CHOICES) {
        t->known[t->choices] = t->count;
        EXPECT_OK(lifecycle_wam_choice_push(m->heap, &t->choice[t->choices++].head, 0, NULL));
    } else if (dice < 93 && t->choices > 0) {
        EXPECT_OK(lifecycle_wam_backtrack(m->heap));
        t->count = t->known[t->choices - 1];
        check_table(m->heap, t);
    } else if (dice < 95 && t->choices > 0) {
        EXPECT_OK(lifecycle_wam_choice_pop(m->heap));
        t->choices--;
    } else if (dice < 96 && t->choices > 0) {
        t->choices = random_below(seed, t->choices);
        EXPECT_OK(lifecycle_wam_cut(m->heap, t->choices == 0 ? NULL : &t->choice[t->choices - 1].head));
    } else if (dice < 98) {
        EXPECT_OK(lifecycle_heap_collect(m->heap));
        check_table(m->heap, t);
    } else if (t->count == OBJECTS) {
        t->choices = 0;
        EXPECT_OK(lifecycle_wam_cut(m->heap, NULL));
        t->count = 0;
    }
}

/* In holes and beyond, before and after backtracking, collections between: nothing that is kept is written over. */
static void hazard_mem_06_no_cell_is_handed_out_twice(void)
{
    static struct table table;
    struct machine m;
    uint64_t seed = 6, live = 0;
    unsigned long steps = expect_scale(300000, 5000);
    make_machine(&m, NULL);
    EXPECT_OK(lifecycle_heap_add_roots(m.heap, visit_table, &table));
    for (unsigned long i = 0; i < steps; i++)
        one_step(&m, &table, &seed, (int64_t)i * 1000);
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    check_table(m.heap, &table);
    for (unsigned i = 0; i < table.count; i++)
        live += table.what[i] != 0 ? table.arity[i] + 1 : 0;
    EXPECT_LIVE(m.heap, live);
    EXPECT(heap_stats(m.heap).high_water < (uint64_t)OBJECTS * 2000);
    drop_machine(&m);
}

enum { TAKEN_ANEW = 600 };

/* Going back below holes that a collection left: they are above the frontier now, and no holes any more. */
static void hazard_mem_06_holes_above_the_frontier(void)
{
    struct machine m;
    struct choice choice;
    static cell anew[TAKEN_ANEW];
    uint64_t frontier;
    make_machine(&m, NULL);
    m.x[0] = chain_with_holes(m.heap, 100, 5);
    frontier = m.heap->cursor;
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    m.x[1] = chain_with_holes(m.heap, 100, 5);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(heap_stats(m.heap).frontier > frontier);
    m.x[1] = 0;
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_EQ(heap_stats(m.heap).frontier, frontier);
    for (int i = 0; i < TAKEN_ANEW; i++)
        anew[i] = numbers_from(m.heap, 4, i * 10);
    for (int i = 0; i < TAKEN_ANEW; i++)
        EXPECT_NUMBERS(m.heap, anew[i], 4, i * 10);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
}

/* A collection between: what comes after it is younger than each choicepoint, wherever those were made. */
static void hazard_mem_06_going_back_to_before_a_collection(void)
{
    for (int variant = 0; variant < 3; variant++) {
        struct machine m;
        struct choice choice;
        uint64_t first, used;
        make_machine(&m, NULL);
        m.x[0] = chain_with_holes(m.heap, 200, 5);
        (void)list_of(m.heap, 5000); /* the frontier comes down by this */
        if (variant > 0)
            EXPECT_OK(lifecycle_heap_collect(m.heap));
        if (variant > 1) /* past most of the holes */
            for (int i = 0; i < 150; i++)
                (void)numbers_from(m.heap, 4, 0);
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
        (void)list_of(m.heap, 100);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(choice.head.top, heap_stats(m.heap).frontier);
        EXPECT_EQ(m.heap->hb, choice.head.top);
        used = heap_stats(m.heap).used;
        first = place(numbers_from(m.heap, 4, 0));
        (void)list_of(m.heap, 6000);
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(heap_stats(m.heap).used, used);
        EXPECT_EQ(place(numbers_from(m.heap, 4, 0)), first);
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
        drop_machine(&m);
    }
}

/* --- 7: trail entries of cells that died --- */

/*
 * A variable is bound after a choicepoint and dies; something that backtracking is to leave alone gets its cell. A
 * value entry is two words, of which both must go.
 */
static void reuse_a_trailed_cell(bool assigned)
{
    struct machine m;
    struct choice choice;
    cell dead, kept, ballast;
    make_machine(&m, NULL);
    dead = numbers_from(m.heap, 7, 0);
    m.heap->cells[argument(dead, 3)] = assigned ? box(m.heap, number(1)) : lifecycle_make_ref(argument(dead, 3));
    ballast = m.x[0] = list_of(m.heap, 100);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    if (assigned)
        EXPECT_OK(lifecycle_wam_assign(m.heap, argument(dead, 3), number(2)));
    else
        EXPECT_OK(lifecycle_wam_bind(m.heap, argument(dead, 3), number(2)));
    EXPECT_EQ(m.wam.tr_count, assigned ? 2 : 1);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_EQ(choice.head.trail, 0);
    EXPECT(heap_stats(m.heap).trail_dropped > 0);
    EXPECT_LIVE(m.heap, 200);
    kept = m.globals[0] = numbers_from(m.heap, 7, 70);
    EXPECT_EQ(place(kept), place(dead)); /* or nothing was tried */
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_NUMBERS(m.heap, kept, 7, 70);
    EXPECT_LIST(m.heap, ballast, 100);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
}

static void hazard_mem_07_an_entry_of_a_dead_cell(void)
{
    reuse_a_trailed_cell(false);
}

static void hazard_mem_07_a_value_entry_of_a_dead_cell(void)
{
    reuse_a_trailed_cell(true);
}

/* A cut leaves entries that no choicepoint needs; the cells of some are dead, of others younger than what is left. */
static void hazard_mem_07_entries_that_a_cut_left(void)
{
    struct machine m;
    struct choice outer, inner;
    cell old, young;
    make_machine(&m, NULL);
    old = m.x[0] = make_variable(m.heap, numbers_from(m.heap, 2, 0), 0);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 0, NULL));
    young = m.x[1] = new_variable(m.heap);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(young), number(1)));
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(old), number(2)));
    EXPECT_EQ(m.wam.tr_count, 2);
    EXPECT_OK(lifecycle_wam_cut(m.heap, &outer.head));
    EXPECT_EQ(m.heap->hb, outer.head.top);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, 1);
    EXPECT_EQ(m.heap->cells[place(young)], number(1));
    EXPECT_EQ(m.heap->cells[place(old)], number(2));
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, 0);
    EXPECT_EQ(m.heap->cells[place(old)], number(2));
    drop_machine(&m);
}

enum { SEGMENTS = 7, EACH = 12 };

static void bind_segment(struct machine *m, int segment, const cell *alive, const cell *dead)
{
    for (int i = 0; i < EACH; i++) {
        int n = segment * EACH + i;
        EXPECT_OK(lifecycle_wam_bind(m->heap, place(dead[n]), number(-1)));
        if (i % 3 == 2)
            EXPECT_OK(lifecycle_wam_assign(m->heap, place(alive[n]), number(n)));
        else
            EXPECT_OK(lifecycle_wam_bind(m->heap, place(alive[n]), number(n)));
    }
}

/* Dead entries between living ones in every segment: what stays is each choicepoint's own. */
static void hazard_mem_07_the_trail_is_compacted_below_every_choicepoint(void)
{
    struct machine m;
    struct choice choices[SEGMENTS];
    cell alive[SEGMENTS * EACH], dead[SEGMENTS * EACH], all;
    uint64_t words = EACH + EACH / 3;
    make_machine(&m, NULL);
    all = m.globals[0] = numbers_from(m.heap, SEGMENTS * EACH, 0);
    for (int i = 0; i < SEGMENTS * EACH; i++) {
        dead[i] = make_variable(m.heap, numbers_from(m.heap, 3, 0), 1);
        alive[i] = make_variable(m.heap, all, (uint32_t)i);
    }
    for (int s = 0; s < SEGMENTS; s++) {
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choices[s].head, 0, NULL));
        bind_segment(&m, s, alive, dead);
    }
    EXPECT_EQ(m.wam.tr_count, SEGMENTS * (words + EACH));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(m.wam.tr_count, SEGMENTS * words);
    EXPECT_LIVE(m.heap, SEGMENTS * EACH + 1);
    for (int s = 0; s < SEGMENTS; s++)
        EXPECT_EQ(choices[s].head.trail, (uint64_t)s * words);
    EXPECT_SOUND(m.heap);
    for (int s = SEGMENTS; s-- > 0;) {
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(m.wam.tr_count, (uint64_t)s * words);
        for (int i = 0; i < SEGMENTS * EACH; i++)
            EXPECT_EQ(m.heap->cells[place(alive[i])], i < s * EACH ? number(i) : alive[i]);
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    }
    EXPECT_STATUS(lifecycle_wam_backtrack(m.heap), LIFECYCLE_E_NOT_FOUND);
    drop_machine(&m);
}

/* --- 8: early reset --- */

/* What only a choicepoint reaches is as the choicepoint will see it: what it was bound to since is garbage. */
static void hazard_mem_08_early_reset(void)
{
    for (int kept = 0; kept < 2; kept++) {
        struct machine m;
        struct choice choice;
        cell term, variable;
        make_machine(&m, NULL);
        term = box(m.heap, 0);
        variable = make_variable(m.heap, term, 0);
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 1, NULL));
        choice.arguments[0] = term;
        EXPECT_OK(lifecycle_wam_bind(m.heap, place(variable), list_of(m.heap, 1000)));
        m.x[0] = kept ? variable : 0;
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, kept ? 2002 : 2);
        EXPECT_EQ(is_unbound(m.heap, variable), !kept);
        EXPECT_EQ(m.wam.tr_count, kept);
        EXPECT_EQ(heap_stats(m.heap).early_resets, !kept);
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT(is_unbound(m.heap, variable));
        m.x[0] = 0;
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, 2);
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
        drop_machine(&m);
    }
}

/* A newer choicepoint sees a binding that an older one does not: its roots are marked before that is reset. */
static void hazard_mem_08_newest_choicepoint_first(void)
{
    struct machine m;
    struct choice outer, inner;
    cell between, after;
    make_machine(&m, NULL);
    outer.arguments[0] = box(m.heap, 0);
    outer.arguments[1] = box(m.heap, 0);
    between = make_variable(m.heap, outer.arguments[0], 0);
    after = make_variable(m.heap, outer.arguments[1], 0);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 2, NULL));
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(between), list_of(m.heap, 10)));
    inner.arguments[0] = between;
    inner.arguments[1] = after;
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 2, NULL));
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(after), list_of(m.heap, 1000)));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 2 + 2 + 20);
    EXPECT(is_unbound(m.heap, after));
    EXPECT_LIST(m.heap, m.heap->cells[place(between)], 10);
    EXPECT_EQ(inner.head.trail, 1);
    EXPECT_EQ(m.wam.tr_count, 1);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_LIST(m.heap, m.heap->cells[place(between)], 10);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(m.heap, between));
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
}

/* What a cell held before it was assigned is a root for as long as backtracking may bring it back. */
static void hazard_mem_08_old_values_stay(void)
{
    struct machine m;
    struct choice outer, inner;
    uint64_t place_of_it;
    make_machine(&m, NULL);
    m.globals[0] = box(m.heap, list_of(m.heap, 10));
    place_of_it = argument(m.globals[0], 0);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_assign(m.heap, place_of_it, list_of(m.heap, 20)));
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_assign(m.heap, place_of_it, list_of(m.heap, 30)));
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, 2 + 2 * (10 + 20 + 30));
        EXPECT_EQ(m.wam.tr_count, 4);
        m.x[1] = list_of(m.heap, 500); /* takes what was reclaimed */
        m.x[1] = 0;
    }
    EXPECT_LIST(m.heap, m.heap->cells[place_of_it], 30);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_LIST(m.heap, m.heap->cells[place_of_it], 20);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_LIST(m.heap, m.heap->cells[place_of_it], 10);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 2 + 20);
    drop_machine(&m);
}

/* A cell that is assigned twice, with or without a choicepoint between, and reached from the oldest one only. */
static void hazard_mem_08_a_cell_assigned_twice(void)
{
    for (int variant = 0; variant < 4; variant++) {
        bool between = variant % 2 != 0, kept = variant >= 2;
        struct machine m;
        struct choice outer, inner;
        cell term;
        make_machine(&m, NULL);
        term = outer.arguments[0] = box(m.heap, list_of(m.heap, 10));
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 1, NULL));
        EXPECT_OK(lifecycle_wam_assign(m.heap, argument(term, 0), list_of(m.heap, 20)));
        if (between)
            EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 0, NULL));
        EXPECT_OK(lifecycle_wam_assign(m.heap, argument(term, 0), list_of(m.heap, 30)));
        m.x[0] = kept ? term : 0;
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIST(m.heap, m.heap->cells[argument(term, 0)], kept ? 30 : 10);
        if (!kept)
            EXPECT_LIVE(m.heap, 2 + 20);
        if (!kept)
            EXPECT_EQ(m.wam.tr_count, 0);
        EXPECT_OK(lifecycle_wam_cut(m.heap, &outer.head));
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_LIST(m.heap, m.heap->cells[argument(term, 0)], 10);
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
        drop_machine(&m);
    }
}

/* An old value is what the newer choicepoint will see: what it reaches must not be reset for an older one. */
static void hazard_mem_08_an_old_value_keeps_what_it_reaches(void)
{
    struct machine m;
    struct choice outer, inner;
    cell variable;
    make_machine(&m, NULL);
    m.globals[0] = box(m.heap, box(m.heap, 0));
    variable = make_variable(m.heap, m.heap->cells[argument(m.globals[0], 0)], 0);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(variable), list_of(m.heap, 10)));
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_assign(m.heap, argument(m.globals[0], 0), number(0)));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 2 + 2 + 20);
    EXPECT_EQ(inner.head.trail, 1);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_LIST(m.heap, m.heap->cells[place(variable)], 10);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(m.heap, variable));
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
}

/* --- 15: shared environments --- */

/* Places in code, by the set of slots that are alive there. */
static const unsigned char sets[256];
static const void *alive_there(unsigned set)
{
    return &sets[set];
}

static unsigned long live_calls;
static uint64_t live_slots(const lifecycle_frame *frame, const void *code, uint32_t first, void *user)
{
    (void)frame;
    (void)user;
    live_calls++;
    if (first != 0)
        return 0;
    return (uint64_t)((const unsigned char *)code - sets) | ~(uint64_t)0xff; /* bits past the slots count for nothing */
}

/* Two choicepoints and the machine go on at different places of one environment; each slot's list has its length. */
static void hazard_mem_15_one_environment_two_live_sets(void)
{
    static const unsigned orders[][3] = {{3, 12, 0}, {12, 3, 0}, {1, 15, 2}, {15, 1, 1}, {0, 0, 15}, {2, 6, 8}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct machine m;
        struct frame shared;
        struct choice outer, inner;
        unsigned all = orders[i][0] | orders[i][1] | orders[i][2];
        uint64_t live = 0;
        make_machine(&m, NULL);
        m.wam.live = live_slots;
        lifecycle_frame_init(&shared.head, NULL, NULL, 4);
        m.wam.e = &shared.head;
        for (unsigned y = 0; y < 4; y++) {
            shared.y[y] = list_of(m.heap, 10 * (y + 1));
            live += all >> y & 1 ? 20 * (y + 1) : 0;
        }
        m.wam.code = alive_there(orders[i][0]);
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &outer.head, 0, NULL));
        m.wam.code = alive_there(orders[i][1]);
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &inner.head, 0, NULL));
        m.wam.code = alive_there(orders[i][2]);
        for (int round = 0; round < 3; round++) {
            EXPECT_OK(lifecycle_heap_collect(m.heap));
            EXPECT_LIVE(m.heap, live);
            m.x[0] = list_of(m.heap, 300); /* takes what was reclaimed */
            m.x[0] = 0;
        }
        for (unsigned y = 0; y < 4; y++)
            if (all >> y & 1)
                EXPECT_LIST(m.heap, shared.y[y], 10 * (y + 1));
        EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
        m.wam.e = NULL;
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, 0);
        drop_machine(&m);
    }
}

/* The chain above the shared environment is the same for all: walked once, however many choicepoints lead there. */
static void many_choicepoints(bool frame_each)
{
    unsigned long choices = expect_scale(100000, 1000), depth = 1000;
    struct frame *chain = calloc(depth, sizeof *chain), *own = calloc(choices, sizeof *own);
    lifecycle_choice *memory = calloc(choices, sizeof *memory);
    struct machine m;
    make_machine(&m, NULL);
    m.wam.live = live_slots;
    EXPECT(chain != NULL && own != NULL && memory != NULL);
    for (unsigned long i = 0; i < depth; i++) {
        lifecycle_frame_init(&chain[i].head, i == 0 ? NULL : &chain[i - 1].head, alive_there(1), 4);
        chain[i].y[0] = numbers_from(m.heap, 1, (int64_t)i);
        chain[i].y[1] = lifecycle_make_str(~(uint64_t)0 >> 3); /* nobody may look at it */
    }
    for (unsigned long i = 0; i < choices; i++) {
        m.wam.e = &chain[depth - 1].head;
        if (frame_each) {
            lifecycle_frame_init(&own[i].head, m.wam.e, alive_there(1), 4);
            own[i].y[0] = own[i].y[2] = box(m.heap, number((int64_t)i));
            m.wam.e = &own[i].head;
        }
        m.wam.code = alive_there(frame_each ? 1 : i % 3 == 0);
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &memory[i], 0, NULL));
    }
    for (int round = 0; round < 3; round++) {
        live_calls = 0;
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT(live_calls >= depth);
        EXPECT(live_calls <= 2 * (choices + depth + 1));
        EXPECT_LIVE(m.heap, 2 * depth + (frame_each ? 2 * choices : 0));
    }
    for (unsigned long i = 0; i < depth; i++)
        EXPECT_NUMBERS(m.heap, chain[i].y[0], 1, (int64_t)i);
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    m.wam.e = NULL;
    drop_machine(&m);
    free(chain);
    free(own);
    free(memory);
}

static void hazard_mem_15_many_choicepoints_over_one_environment(void)
{
    many_choicepoints(false);
}

static void hazard_mem_15_many_choicepoints_with_environments(void)
{
    many_choicepoints(true);
}

int main(void)
{
    RUN(hazard_mem_06_hb_and_holes);
    RUN(hazard_mem_06_what_backtracking_frees_is_free_at_once);
    RUN(hazard_mem_06_holes_above_the_frontier);
    RUN(hazard_mem_06_going_back_to_before_a_collection);
    RUN(hazard_mem_06_no_cell_is_handed_out_twice);
    RUN(hazard_mem_07_an_entry_of_a_dead_cell);
    RUN(hazard_mem_07_a_value_entry_of_a_dead_cell);
    RUN(hazard_mem_07_entries_that_a_cut_left);
    RUN(hazard_mem_07_the_trail_is_compacted_below_every_choicepoint);
    RUN(hazard_mem_08_early_reset);
    RUN(hazard_mem_08_newest_choicepoint_first);
    RUN(hazard_mem_08_old_values_stay);
    RUN(hazard_mem_08_a_cell_assigned_twice);
    RUN(hazard_mem_08_an_old_value_keeps_what_it_reaches);
    RUN(hazard_mem_15_one_environment_two_live_sets);
    RUN(hazard_mem_15_many_choicepoints_over_one_environment);
    RUN(hazard_mem_15_many_choicepoints_with_environments);
    return expect_done();
}
