/*
 * hazards_heap_sweep.c - heaps of cells, the hazards of docs/hazards.md that come with sweeping as allocation goes: 13
 * (marks that stick) and 14 (holes that nobody has looked at yet). The other programs are named in
 * hazards_heap.c.
 */
#include "hazards_heap.h"

/* --- 13: marks that stick --- */

enum { BLOCK = 8192, BLOCKS = 12 };

struct held {
    cell what[4];
    uint32_t arity;
    int64_t first;
};

/* What a block's objects are in this round: gone at a pace of their own, else as they were. Returns their cells. */
static uint64_t hold(struct machine *m, struct held *held, unsigned b, unsigned long round)
{
    m->globals[b] = 0;
    if (round % (b + 1) == 0) {
        held->arity = 0;
        return 0;
    }
    if (held->arity == 0) {
        held->arity = b % 3 == 0 ? 20 : BLOCK / 4 - 1 + b % 3;
        held->first = (int64_t)(round * 10000 + b);
        for (int i = 0; i < 4; i++)
            held->what[i] = numbers_from(m->heap, held->arity, held->first + i);
    }
    for (int i = 0; i < 4; i++) {
        EXPECT_NUMBERS(m->heap, held->what[i], held->arity, held->first + i);
        m->globals[b] = cons(m->heap, held->what[i], m->globals[b]);
    }
    return 4 * (held->arity + 3);
}

/* Blocks that are full, empty, full again, through more collections than a byte counts. */
static void hazard_mem_13_three_hundred_collections(void)
{
    struct machine m;
    struct held held[BLOCKS];
    uint64_t most = 0;
    memset(held, 0, sizeof held);
    make_machine(&m, NULL);
    for (unsigned long round = 1; round <= 300; round++) {
        uint64_t live = 0;
        for (unsigned b = 0; b < BLOCKS; b++)
            live += hold(&m, &held[b], b, round);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, live);
        if (round == 40)
            most = heap_stats(m.heap).frontier;
        EXPECT(most == 0 || heap_stats(m.heap).frontier < most * 2);
    }
    EXPECT_EQ(heap_stats(m.heap).collections, 300);
    memset(m.globals, 0, sizeof m.globals);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 0);
    drop_machine(&m);
}

/* --- 14: sweeping while others allocate --- */

/* Few cells of the first holes are used before the next collection: what was not looked at yet is as free as before. */
static void hazard_mem_14_collections_with_holes_not_looked_at(void)
{
    struct machine m;
    uint64_t frontier;
    cell chain;
    unsigned long links = 20000;
    make_machine(&m, NULL);
    chain = m.x[0] = chain_with_holes(m.heap, links, 16);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    frontier = heap_stats(m.heap).frontier;
    for (int64_t round = 1; round <= 50; round++) {
        lifecycle_heap_stats stats;
        cell kept = numbers_from(m.heap, (uint32_t)round % 9, round), dead = numbers_from(m.heap, 3, round);
        EXPECT(place(kept) < frontier && place(dead) < frontier);
        m.globals[0] = cons(m.heap, kept, 0);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        stats = heap_stats(m.heap);
        EXPECT_EQ(stats.live, links * LINK_CELLS + 2 + 1 + (uint64_t)round % 9);
        EXPECT_EQ(stats.frontier, frontier);
        EXPECT_EQ(stats.free_cells, frontier - 1 - stats.live);
        EXPECT_NUMBERS(m.heap, kept, (uint32_t)round % 9, round);
    }
    for (unsigned long i = 0; i < links; i++) {
        EXPECT_EQ(m.heap->cells[place(chain)], lifecycle_make_fun(1, 2));
        chain = m.heap->cells[argument(chain, 1)];
    }
    EXPECT_EQ(chain, lifecycle_make_con(0));
    drop_machine(&m);
}

/* All holes are used before the heap grows, by objects of every size that fits, and by none twice. */
static void hazard_mem_14_every_hole_is_used(void)
{
    struct machine m;
    uint64_t frontier, holes, used = 0;
    make_machine(&m, NULL);
    m.x[0] = chain_with_holes(m.heap, 5000, 6);
    m.x[1] = cons(m.heap, m.x[0], 0);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    frontier = heap_stats(m.heap).frontier;
    holes = heap_stats(m.heap).free_cells;
    EXPECT_EQ(holes, 5000 * 6);
    for (;;) {
        cell kept = numbers_from(m.heap, 5, (int64_t)used);
        if (place(kept) >= frontier)
            break;
        m.x[1] = cons(m.heap, kept, m.x[1]); /* some of the links lie at the frontier */
        used += 6;
    }
    EXPECT(used * 3 >= holes);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 5000 * LINK_CELLS + 2 + used / 6 * 8);
    for (cell list = m.x[1]; used > 0; list = m.heap->cells[place(list) + 1]) {
        used -= 6;
        EXPECT_NUMBERS(m.heap, m.heap->cells[place(list)], 5, (int64_t)used);
    }
    drop_machine(&m);
}

/* Large objects look for holes with a cursor of their own, which never meets that of the small ones. */
static void hazard_mem_14_large_objects_in_holes(void)
{
    struct machine m;
    struct choice choice;
    cell small, large, chain = 0;
    uint64_t first[3] = {0, 0, 0}, frontier;
    make_machine(&m, NULL);
    for (int i = 0; i < 40; i++) {
        (void)numbers_from(m.heap, 999, 0);
        chain = m.x[0] = cons(m.heap, number(i), chain);
    }
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    frontier = heap_stats(m.heap).frontier;
    for (int round = 0; round < 20; round++) {
        if (round % 5 == 0)
            memset(first, 0, sizeof first);
        m.x[1] = round % 5 == 0 ? numbers_from(m.heap, 400, round) : m.x[1];
        EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
        for (int i = 0; i < 3; i++) {
            large = numbers_from(m.heap, 300, i);
            small = numbers_from(m.heap, 2, 50 + i);
            EXPECT(place(large) < frontier && place(small) < frontier);
            EXPECT(first[i] == 0 || first[i] == place(small));
            first[i] = place(small);
            EXPECT_NUMBERS(m.heap, large, 300, i);
            EXPECT_NUMBERS(m.heap, small, 2, 50 + i);
        }
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
        EXPECT_NUMBERS(m.heap, m.x[1], 400, round / 5 * 5);
    }
    for (int i = 40; i-- > 0; chain = m.heap->cells[place(chain) + 1])
        EXPECT_EQ(m.heap->cells[place(chain)], number(i));
    drop_machine(&m);
}

/* An allocation that the limit refuses has looked through the holes: they are still there for what fits. */
static void hazard_mem_14_holes_after_a_refusal(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    uint64_t holes = 0;
    options.max_cells = 8000;
    make_machine(&m, &options);
    m.x[0] = chain_with_holes(m.heap, 990, 5);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 990 * LINK_CELLS);
    for (int i = 0; i < 3; i++) {
        uint64_t cursor = m.heap->cursor;
        EXPECT_EQ(lifecycle_heap_alloc(m.heap, 100), LIFECYCLE_NO_CELL);
        EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1000), LIFECYCLE_NO_CELL);
        EXPECT_EQ(m.heap->cursor, cursor);
        EXPECT_EQ(lifecycle_heap_alloc(m.heap, 0), LIFECYCLE_NO_CELL);
        (void)numbers_from(m.heap, 4, i);
        holes++;
    }
    for (uint64_t at; (at = lifecycle_heap_alloc(m.heap, 5)) != LIFECYCLE_NO_CELL; holes++)
        for (uint64_t i = 0; i < 5; i++)
            m.heap->cells[at + i] = number(0);
    EXPECT(holes >= 990);
    drop_machine(&m);
}

/* Roots that go between two collections take effect at the next one; until then what they kept stays. */
static void hazard_mem_14_roots_removed_in_the_middle(void)
{
    struct machine m;
    struct visits visits[3];
    memset(visits, 0, sizeof visits);
    make_machine(&m, NULL);
    for (int v = 0; v < 3; v++) {
        visits[v].cells[0] = chain_with_holes(m.heap, 3000, 5);
        visits[v].count = 1;
        EXPECT_OK(lifecycle_heap_add_roots(m.heap, visit_cells, &visits[v]));
    }
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 3 * 3000 * LINK_CELLS);
    m.x[0] = list_of(m.heap, 100);
    EXPECT_OK(lifecycle_heap_remove_roots(m.heap, visit_cells, &visits[1]));
    EXPECT_STATUS(lifecycle_heap_remove_roots(m.heap, visit_cells, &visits[1]), LIFECYCLE_E_NOT_FOUND);
    m.x[1] = list_of(m.heap, 10000); /* all holes and more: nothing that was kept is written over */
    for (cell link = visits[1].cells[0]; link != lifecycle_make_con(0); link = m.heap->cells[argument(link, 1)])
        EXPECT(m.heap->cells[place(link)] == lifecycle_make_fun(1, 2) &&
               is_unbound(m.heap, lifecycle_make_ref(argument(link, 0))));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 2 * 3000 * LINK_CELLS + 200 + 20000);
    EXPECT_LIST(m.heap, m.x[0], 100);
    EXPECT_LIST(m.heap, m.x[1], 10000);
    drop_machine(&m);
}

static void count_finalized(void *resource, void *user)
{
    (void)resource;
    ++*(unsigned *)user;
}

/* A module that owns a heap goes while allocation is in the middle of its holes. */
static void hazard_mem_14_a_module_unloaded_in_the_middle(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a module");
    struct machine m;
    unsigned finalized = 0;
    make_machine(&m, NULL);
    EXPECT_OK(lifecycle_own_heap(manager, module, m.heap, NULL));
    m.x[0] = chain_with_holes(m.heap, 20000, 5);
    EXPECT_OK(lifecycle_heap_finalize(m.heap, m.x[0], count_finalized, NULL, &finalized));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    for (int i = 0; i < 100; i++)
        EXPECT_OK(lifecycle_heap_finalize(m.heap, numbers_from(m.heap, 4, i), count_finalized, NULL, &finalized));
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(finalized, 101);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_STATUS(lifecycle_heap_collect(m.heap), LIFECYCLE_E_STALE);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    RUN(hazard_mem_13_three_hundred_collections);
    RUN(hazard_mem_14_collections_with_holes_not_looked_at);
    RUN(hazard_mem_14_every_hole_is_used);
    RUN(hazard_mem_14_large_objects_in_holes);
    RUN(hazard_mem_14_holes_after_a_refusal);
    RUN(hazard_mem_14_roots_removed_in_the_middle);
    RUN(hazard_mem_14_a_module_unloaded_in_the_middle);
    return expect_done();
}
