/*
 * One idea: a machine of your own on the heap, without a WAM. It computes with
 * lists on a stack of cells; the one thing that it tells the heap is where
 * that stack is. Everything that no root reaches is garbage, and goes.
 */
#include <stdio.h>

#include "lifecycle.h"

typedef lifecycle_cell cell;

struct machine {
    lifecycle_heap *heap;
    cell stack[64];
    unsigned depth;
};

/* All roots there are. What lies above the stack's top is nobody's. */
static void roots(lifecycle_visitor *visitor, void *user)
{
    struct machine *m = user;
    unsigned i;

    for (i = 0; i < m->depth; i++)
        lifecycle_visit(visitor, &m->stack[i]);
}

static void push(struct machine *m, cell value)
{
    m->stack[m->depth++] = value;
}

static cell pop(struct machine *m)
{
    return m->stack[--m->depth];
}

static cell nil(void)
{
    return lifecycle_make_con(0);
}

static cell *pair(struct machine *m, cell list)
{
    return lifecycle_heap_base(m->heap) + lifecycle_cell_index(list);
}

/*
 * head tail -- pair. Before a structure is begun, everything that lives is on
 * the stack: there the machine makes sure that it will fit, and that is where a
 * collection may happen. The allocation itself never collects.
 */
static int cons(struct machine *m)
{
    uint64_t at;
    cell *cells = lifecycle_heap_base(m->heap);

    if (lifecycle_heap_reserve(m->heap, 2) != LIFECYCLE_OK)
        return 0;
    at = lifecycle_heap_alloc(m->heap, 2);
    if (at == LIFECYCLE_NO_CELL)
        return 0;
    cells[at + 1] = pop(m);
    cells[at] = pop(m);
    push(m, lifecycle_make_lis(at));
    return 1;
}

/* -- list: the numbers from 1 to n. */
static int count_to(struct machine *m, long n)
{
    push(m, nil());
    for (; n > 0; n--) {
        cell rest = pop(m);

        push(m, lifecycle_make_int(n));
        push(m, rest);
        if (!cons(m))
            return 0;
    }
    return 1;
}

/* list -- reversed list. The old one is garbage as soon as it is walked. */
static int reverse(struct machine *m)
{
    push(m, nil());
    while (lifecycle_cell_tag(m->stack[m->depth - 2]) == LIFECYCLE_TAG_LIS) {
        cell reversed = pop(m), list = pop(m);

        push(m, pair(m, list)[1]);
        push(m, pair(m, list)[0]);
        push(m, reversed);
        if (!cons(m))
            return 0;
    }
    m->stack[m->depth - 2] = m->stack[m->depth - 1];
    m->depth--;
    return 1;
}

/* list -- */
static long sum(struct machine *m)
{
    cell list = pop(m);
    long total = 0;

    for (; lifecycle_cell_tag(list) == LIFECYCLE_TAG_LIS;
         list = pair(m, list)[1])
        total += (long)lifecycle_int_value(pair(m, list)[0]);
    return total;
}

int main(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    lifecycle_heap_stats stats;
    struct machine m = {NULL, {0}, 0};
    long rounds = 200, length = 20000, total = 0, i;

    options.threshold = 100000; /* collect early: this is a small machine */
    options.max_cells = 1000000;
    if (lifecycle_heap_create(&options, &m.heap) != LIFECYCLE_OK ||
        lifecycle_heap_add_roots(m.heap, roots, &m) != LIFECYCLE_OK ||
        !count_to(&m, length)) {
        fprintf(stderr, "%s\n", lifecycle_last_error());
        return 1;
    }
    /* The list on the stack lives through all of this; it is reversed in each
     * round, and what it was before is garbage. */
    for (i = 0; i < rounds; i++) {
        if (!reverse(&m)) {
            fprintf(stderr, "%s\n", lifecycle_last_error());
            return 1;
        }
        push(&m, m.stack[0]);
        total += sum(&m);
    }
    lifecycle_heap_stats_get(m.heap, &stats, sizeof stats);
    printf("%ld reversals of %ld numbers, their sums together %ld\n", rounds,
           length, total);
    printf("%lu cells were allocated, in a heap that never had more than %lu\n",
           (unsigned long)stats.allocated, (unsigned long)stats.high_water);
    printf("the machine collected more than once: %s\n",
           stats.collections > 1 ? "yes" : "no");
    lifecycle_heap_destroy(m.heap);
    return total == rounds * (length * (length + 1) / 2) &&
                   stats.collections > 1 && stats.high_water < 1000000
               ? 0
               : 1;
}
