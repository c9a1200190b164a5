/*
 * hazards_heap_refused.c - hazard 12 of heaps: the system refuses memory while a collection runs. It completes all the
 * same, and what it leaves is the same to the bit. The other programs are named in
 * hazards_heap.c.
 */
#include "failure_system.h"
#include "hazards_heap.h"

enum { OTHERS = 40 };

/*
 * A shape of which much is waiting to be looked at: each level has the one below as its first or last argument, and
 * next to it many structures that are waiting meanwhile.
 */
static cell chain_through(lifecycle_heap *heap, bool first, unsigned long levels)
{
    cell chain = number(0);
    for (unsigned long i = 0; i < levels; i++) {
        cell level = numbers_from(heap, OTHERS, 0);
        (void)numbers_from(heap, (uint32_t)i % 7, 0); /* dies */
        for (uint32_t k = 0; k < OTHERS; k++)
            heap->cells[argument(level, k)] = box(heap, box(heap, number((int64_t)i)));
        heap->cells[argument(level, first ? 0 : OTHERS - 1)] = chain;
        chain = level;
    }
    return chain;
}

static cell wide(lifecycle_heap *heap, uint32_t arity)
{
    cell term = numbers_from(heap, arity, 0);
    for (uint32_t i = 0; i < arity; i++)
        heap->cells[argument(term, i)] = cons(heap, box(heap, number(i)), box(heap, number(-(int64_t)i)));
    return term;
}

static void make_deep(struct machine *m)
{
    unsigned long levels = expect_scale(10000, 1000);
    make_machine(m, NULL);
    m->x[0] = chain_through(m->heap, true, levels);
    m->x[1] = chain_through(m->heap, false, levels);
    m->x[2] = wide(m->heap, (uint32_t)expect_scale(500000, 20000));
    m->x[3] = list_of(m->heap, levels);
}

/* Everything up to the frontier, and where new cells go, is the same in both. */
static void expect_the_same(struct machine *a, struct machine *b)
{
    lifecycle_heap_stats one = heap_stats(a->heap), other = heap_stats(b->heap);
    EXPECT_EQ(one.live, other.live);
    EXPECT_EQ(one.reclaimed, other.reclaimed);
    EXPECT_EQ(one.frontier, other.frontier);
    EXPECT_EQ(one.runs, other.runs);
    EXPECT_EQ(one.largest_run, other.largest_run);
    EXPECT_EQ(one.free_cells, other.free_cells);
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(a->x[i], b->x[i]);
    for (unsigned long i = 0; i < expect_scale(100000, 5000); i++)
        if (take(a->heap, (uint32_t)(i % 5) + 1) != take(b->heap, (uint32_t)(i % 5) + 1)) {
            EXPECT(!"both give out the same cells");
            return;
        }
}

/* With nothing refused, with all refused from the first on, from the third on, and with a single one refused. */
static void hazard_mem_12_the_mark_stack_is_refused_room(void)
{
    static const struct {
        long from;
        bool persistent;
    } refusals[] = {{1, true}, {2, true}, {3, true}, {1, false}, {2, false}};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct machine free_one, refused_one;
        unsigned refused;
        make_deep(&free_one);
        make_deep(&refused_one);
        EXPECT_OK(lifecycle_heap_collect(free_one.heap));
        EXPECT_EQ(heap_stats(free_one.heap).mark_rescans, 0);
        fail_call(refusals[i].from, refusals[i].persistent, ENOMEM, ANY);
        EXPECT_OK(lifecycle_heap_collect(refused_one.heap));
        refused = calls_refused();
        /* The stack may be large enough before the later ones. */
        EXPECT(refused > 0 || refusals[i].from > 1);
        if (refused > 0)
            EXPECT(heap_stats(refused_one.heap).mark_rescans > 0);
        expect_the_same(&free_one, &refused_one);
        EXPECT_OK(lifecycle_heap_collect(refused_one.heap));
        EXPECT_EQ(heap_stats(refused_one.heap).live, heap_stats(free_one.heap).live);
        drop_machine(&free_one);
        drop_machine(&refused_one);
    }
}

static void *refused_in_a_small_stack(void *unused)
{
    hazard_mem_12_the_mark_stack_is_refused_room();
    return unused;
}

/* Not even then does depth go on the stack. */
static void hazard_mem_12_a_refused_mark_stack_is_not_the_threads(void)
{
    run_in_a_small_stack(refused_in_a_small_stack);
}

/* The trail, choicepoints and early resets are as they are with a mark stack of any size. */
static void hazard_mem_12_refused_in_the_middle_of_choicepoints(void)
{
    struct machine machines[2];
    struct choice choices[2][3];
    cell variables[3];
    unsigned long levels = expect_scale(5000, 1000);
    for (int i = 0; i < 2; i++) {
        struct machine *m = &machines[i];
        make_machine(m, NULL);
        for (int c = 0; c < 3; c++) {
            variables[c] = make_variable(m->heap, m->globals[c] = box(m->heap, 0), 0);
            choices[i][c].arguments[0] = chain_through(m->heap, c % 2 == 0, levels);
            EXPECT_OK(lifecycle_wam_choice_push(m->heap, &choices[i][c].head, 1, NULL));
            EXPECT_OK(lifecycle_wam_bind(m->heap, place(variables[c]), chain_through(m->heap, false, 10)));
            m->globals[c] = c == 1 ? 0 : m->globals[c];
        }
        if (i == 1)
            fail_call(1, true, ENOMEM, ANY);
        EXPECT_OK(lifecycle_heap_collect(m->heap));
        if (i == 1)
            EXPECT(calls_refused() > 0);
    }
    EXPECT_EQ(heap_stats(machines[0].heap).mark_rescans, 0);
    EXPECT(heap_stats(machines[1].heap).mark_rescans > 0);
    EXPECT_EQ(machines[0].wam.tr_count, 2);
    EXPECT_EQ(machines[1].wam.tr_count, 2);
    for (int c = 0; c < 3; c++)
        EXPECT_EQ(choices[0][c].head.trail, choices[1][c].head.trail);
    expect_the_same(&machines[0], &machines[1]);
    for (int i = 0; i < 2; i++) {
        machines[i].globals[0] = machines[i].globals[2] = 0;
        for (int c = 3; c-- > 0;) {
            EXPECT_OK(lifecycle_wam_backtrack(machines[i].heap));
            EXPECT(c > 0 || is_unbound(machines[i].heap, variables[c]));
            EXPECT_OK(lifecycle_wam_choice_pop(machines[i].heap));
        }
        drop_machine(&machines[i]);
    }
}

/*
 * Old values wait on the mark stack without being in any cell that is marked: there are more of them than it holds, and
 * none may be left out. The same for roots of a callback.
 */
enum { MANY = 40000 };

static cell many_roots[MANY];
static void visit_many(lifecycle_visitor *visitor, void *user)
{
    (void)user;
    for (int i = 0; i < MANY; i++)
        EXPECT_OK(lifecycle_visit(visitor, &many_roots[i]));
}

static void hazard_mem_12_roots_that_wait_are_not_left_out(void)
{
    struct machine m;
    struct choice choice;
    cell wide_one;
    make_machine(&m, NULL);
    wide_one = m.x[0] = numbers_from(m.heap, MANY, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        m.heap->cells[argument(wide_one, i)] = box(m.heap, box(m.heap, number(i)));
        many_roots[i] = box(m.heap, box(m.heap, number(i)));
    }
    EXPECT_OK(lifecycle_heap_add_roots(m.heap, visit_many, NULL));
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    for (uint32_t i = 0; i < MANY; i++)
        EXPECT_OK(lifecycle_wam_assign(m.heap, argument(wide_one, i), number(0)));
    fail_call(1, true, ENOMEM, ANY);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    (void)calls_refused();
    EXPECT_LIVE(m.heap, 1 + MANY + 2 * 4 * (uint64_t)MANY);
    (void)list_of(m.heap, 200000); /* takes what was reclaimed */
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    for (uint32_t i = 0; i < MANY; i++) {
        cell inner = m.heap->cells[argument(m.heap->cells[argument(wide_one, i)], 0)];
        cell root = m.heap->cells[argument(many_roots[i], 0)];
        if (m.heap->cells[argument(inner, 0)] != number(i) || m.heap->cells[argument(root, 0)] != number(i)) {
            EXPECT(!"a root was left out");
            break;
        }
    }
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
}

int main(void)
{
    RUN(hazard_mem_12_the_mark_stack_is_refused_room);
    RUN(hazard_mem_12_a_refused_mark_stack_is_not_the_threads);
    RUN(hazard_mem_12_refused_in_the_middle_of_choicepoints);
    RUN(hazard_mem_12_roots_that_wait_are_not_left_out);
    return expect_done();
}
