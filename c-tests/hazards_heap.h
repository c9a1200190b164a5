/*
 * hazards_heap.h - what the tests of the hazards of heaps share: a machine with registers, terms in one line, a look
 * at whether all is well.
 */
#ifndef LIFECYCLE_TESTS_HAZARDS_HEAP_H
#define LIFECYCLE_TESTS_HAZARDS_HEAP_H

#include <pthread.h>

#include "support.h"

typedef lifecycle_cell cell;

enum { REGISTERS = 16 };

struct machine {
    lifecycle_heap *heap;
    lifecycle_wam wam;
    cell x[REGISTERS];
    cell globals[REGISTERS];
};

struct choice {
    lifecycle_choice head;
    cell arguments[4];
};

struct frame {
    lifecycle_frame head;
    cell y[4];
};

static inline lifecycle_heap *make_heap(const lifecycle_heap_options *options)
{
    lifecycle_heap *heap = NULL;
    EXPECT_OK(lifecycle_heap_create(options, &heap));
    if (heap == NULL) {
        fprintf(stderr, "no heap, no tests: %s\n", lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
    return heap;
}

/* All registers hold nothing: a word of zeros is passed over. */
static inline void make_machine(struct machine *m, const lifecycle_heap_options *options)
{
    lifecycle_wam none = LIFECYCLE_WAM_INIT;
    memset(m, 0, sizeof *m);
    m->heap = make_heap(options);
    m->wam = none;
    m->wam.x = m->x;
    m->wam.x_count = REGISTERS;
    m->wam.globals = m->globals;
    m->wam.globals_count = REGISTERS;
    EXPECT_OK(lifecycle_heap_set_wam(m->heap, &m->wam));
}

static inline lifecycle_heap_stats heap_stats(lifecycle_heap *heap)
{
    lifecycle_heap_stats stats;
    memset(&stats, 0xee, sizeof stats);
    EXPECT_OK(lifecycle_heap_stats_get(heap, &stats, sizeof stats));
    return stats;
}

static inline int tell_fault(const lifecycle_heap_fault *fault, void *user)
{
    (void)user;
    fprintf(stderr, "fault %u in place %u at %llu: %#llx\n", fault->kind, fault->place,
            (unsigned long long)fault->index, (unsigned long long)fault->cell);
    return 0;
}

static inline void expect_sound(const char *file, int line, lifecycle_heap *heap)
{
    size_t faults = 999;
    expect_status(file, line, "the verification", lifecycle_heap_verify(heap, tell_fault, NULL, &faults),
                  LIFECYCLE_OK);
    expect_equal(file, line, "the number of faults", faults, 0);
}
#define EXPECT_SOUND(heap) expect_sound(__FILE__, __LINE__, (heap))

/* What the last collection left. */
#define EXPECT_LIVE(heap, want) EXPECT_EQ(heap_stats(heap).live, (want))

static inline void drop_machine(struct machine *m)
{
    EXPECT_SOUND(m->heap);
    EXPECT_EQ(heap_stats(m->heap).faults, 0);
    EXPECT_OK(lifecycle_heap_destroy(m->heap));
}

/* --- terms --- */

static inline uint64_t take(lifecycle_heap *heap, uint32_t cells)
{
    uint64_t at = lifecycle_heap_alloc(heap, cells);
    if (at == LIFECYCLE_NO_CELL) {
        fprintf(stderr, "no %u cells: %s\n", cells, lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
    return at;
}

static inline cell number(int64_t value)
{
    return lifecycle_make_int(value);
}

static inline cell new_variable(lifecycle_heap *heap)
{
    uint64_t at = take(heap, 1);
    return heap->cells[at] = lifecycle_make_ref(at);
}

static inline cell cons(lifecycle_heap *heap, cell head, cell tail)
{
    uint64_t at = take(heap, 2);
    heap->cells[at] = head;
    heap->cells[at + 1] = tail;
    return lifecycle_make_lis(at);
}

/* A structure of so many arguments, numbers from `first` on. */
static inline cell numbers_from(lifecycle_heap *heap, uint32_t arity, int64_t first)
{
    uint64_t at = take(heap, arity + 1);
    heap->cells[at] = lifecycle_make_fun(1, arity);
    for (uint32_t i = 0; i < arity; i++)
        heap->cells[at + 1 + i] = number(first + i);
    return lifecycle_make_str(at);
}

static inline cell box(lifecycle_heap *heap, cell content)
{
    uint64_t at = take(heap, 2);
    heap->cells[at] = lifecycle_make_fun(2, 1);
    heap->cells[at + 1] = content;
    return lifecycle_make_str(at);
}

static inline uint64_t place(cell reference)
{
    return lifecycle_cell_index(reference);
}

/* Index of an argument, the first being 0; of a pair's head and tail with the pair's own index. */
static inline uint64_t argument(cell structure, uint32_t i)
{
    return place(structure) + 1 + i;
}

/* An argument that is a variable from now on, by a reference. */
static inline cell make_variable(lifecycle_heap *heap, cell structure, uint32_t i)
{
    return heap->cells[argument(structure, i)] = lifecycle_make_ref(argument(structure, i));
}

static inline bool is_unbound(lifecycle_heap *heap, cell variable)
{
    return heap->cells[place(variable)] == lifecycle_make_ref(place(variable));
}

static inline void expect_numbers(const char *file, int line, lifecycle_heap *heap, cell structure, uint32_t arity,
                                  int64_t first)
{
    bool good = heap->cells[place(structure)] == lifecycle_make_fun(1, arity);
    for (uint32_t i = 0; i < arity; i++)
        good = good && heap->cells[argument(structure, i)] == number(first + i);
    if (!good)
        expect_fail(file, line, "a structure of numbers is as it was");
}
#define EXPECT_NUMBERS(heap, structure, arity, first) \
    expect_numbers(__FILE__, __LINE__, (heap), (structure), (arity), (first))

/* A list of the numbers from `count` down to 1. */
static inline cell list_of(lifecycle_heap *heap, unsigned long count)
{
    cell list = lifecycle_make_con(0);
    for (unsigned long i = 1; i <= count; i++)
        list = cons(heap, number((int64_t)i), list);
    return list;
}

static inline void expect_list(const char *file, int line, lifecycle_heap *heap, cell list, unsigned long count)
{
    while (count > 0 && lifecycle_cell_tag(list) == LIFECYCLE_TAG_LIS &&
           heap->cells[place(list)] == number((int64_t)count)) {
        list = heap->cells[place(list) + 1];
        count--;
    }
    if (count != 0 || list != lifecycle_make_con(0))
        expect_fail(file, line, "a list is as it was");
}
#define EXPECT_LIST(heap, list, count) expect_list(__FILE__, __LINE__, (heap), (list), (count))

/*
 * Structures that live, each with a variable as its first argument and the one before it as its second, and dead ones
 * of `gap` cells between them. Returns the last one, which the caller must keep in a root before it collects.
 */
static inline cell chain_with_holes(lifecycle_heap *heap, unsigned long links, uint32_t gap)
{
    cell chain = lifecycle_make_con(0);
    for (unsigned long i = 0; i < links; i++) {
        cell link;
        (void)numbers_from(heap, gap - 1, 0);
        link = numbers_from(heap, 2, 0);
        (void)make_variable(heap, link, 0);
        heap->cells[argument(link, 1)] = chain;
        chain = link;
    }
    return chain;
}
#define LINK_CELLS 3

/* Roots of a callback. */
struct visits {
    cell cells[64];
    unsigned count;
};

static inline void visit_cells(lifecycle_visitor *visitor, void *user)
{
    struct visits *visits = user;
    for (unsigned i = 0; i < visits->count; i++)
        EXPECT_OK(lifecycle_visit(visitor, &visits->cells[i]));
}

/* A stack of 64 KiB, which nothing recursive survives. */
static inline void run_in_a_small_stack(void *(*body)(void *))
{
    pthread_attr_t small;
    pthread_t thread;
    EXPECT(pthread_attr_init(&small) == 0);
    EXPECT(pthread_attr_setstacksize(&small, (size_t)64 << 10) == 0);
    EXPECT(pthread_create(&thread, &small, body, NULL) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&small);
}

/* The same numbers each time. */
static inline uint32_t random_below(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

#endif
