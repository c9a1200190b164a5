/*
 * heap.h - what the tests of heaps share: a heap in one line, terms that can be told from each other, what a
 * verification has found, and a machine with registers.
 */
#ifndef LIFECYCLE_TESTS_HEAP_H
#define LIFECYCLE_TESTS_HEAP_H

#include <stdint.h>

#include "expect.h"

#define KI ((uint64_t)1024)
#define MI (KI * KI)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline lifecycle_heap *make(const lifecycle_heap_options *options)
{
    lifecycle_heap *heap = NULL;
    EXPECT_OK(lifecycle_heap_create(options, &heap));
    if (heap == NULL) {
        fprintf(stderr, "no heap, no tests: %s\n", lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
    return heap;
}

/* Every collection is followed by a verification: end() asks what came of it. */
static inline lifecycle_heap_options verified(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    options.max_cells = 16 * MI;
    options.flags = LIFECYCLE_HEAP_VERIFY;
    return options;
}

static inline lifecycle_heap *make_verified(void)
{
    lifecycle_heap_options options = verified();
    return make(&options);
}

static inline lifecycle_heap_stats heap_stats(lifecycle_heap *heap)
{
    lifecycle_heap_stats stats;
    memset(&stats, 0xee, sizeof stats);
    EXPECT_OK(lifecycle_heap_stats_get(heap, &stats, sizeof stats));
    return stats;
}

/* --- what a verification finds --- */

struct found {
    size_t told, counted;
    size_t stop_at; /* report no more than so many; 0 = all */
    lifecycle_heap_fault faults[16];
};

static inline int note_fault(const lifecycle_heap_fault *fault, void *user)
{
    struct found *found = user;
    if (found->told < COUNT(found->faults))
        found->faults[found->told] = *fault;
    found->told++;
    return found->told == found->stop_at;
}

static inline struct found verify(lifecycle_heap *heap)
{
    struct found found;
    memset(&found, 0, sizeof found);
    found.counted = 999;
    EXPECT_OK(lifecycle_heap_verify(heap, note_fault, &found, &found.counted));
    EXPECT_EQ(found.counted, found.told);
    return found;
}

static inline void expect_whole(const char *file, int line, lifecycle_heap *heap)
{
    struct found found = verify(heap);
    if (found.counted != 0) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %zu faults, the first of kind %u at place %u, index %llu: %llx\n", file, line,
                expect_test, found.counted, found.faults[0].kind, found.faults[0].place,
                (unsigned long long)found.faults[0].index, (unsigned long long)found.faults[0].cell);
    }
}
#define EXPECT_WHOLE(heap) expect_whole(__FILE__, __LINE__, (heap))

/* The heap is whole, no collection has met a fault, and it goes. */
static inline void end(lifecycle_heap *heap)
{
    EXPECT_WHOLE(heap);
    EXPECT_EQ(heap_stats(heap).faults, 0);
    EXPECT_OK(lifecycle_heap_destroy(heap));
}

/* --- cells --- */

static inline uint64_t alloc(lifecycle_heap *heap, uint32_t cells)
{
    uint64_t at = lifecycle_heap_alloc(heap, cells);
    if (at == LIFECYCLE_NO_CELL) {
        fprintf(stderr, "in %s: no room for %u cells: %s\n", expect_test, cells, lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
    return at;
}

/* The cell at an index; of an index that is none, a cell of zeros: a test that fails goes on. */
static inline lifecycle_cell *cell_at(lifecycle_heap *heap, uint64_t index)
{
    static lifecycle_cell nowhere;
    nowhere = 0;
    return index - 1 < heap->bound ? lifecycle_heap_base(heap) + index : &nowhere;
}

/* The cell so many behind the one that a STR, LIS or REF refers to. */
static inline lifecycle_cell *part(lifecycle_heap *heap, lifecycle_cell cell, uint64_t behind)
{
    return cell_at(heap, lifecycle_cell_index(cell) + behind);
}

static inline lifecycle_cell cons(lifecycle_heap *heap, lifecycle_cell head, lifecycle_cell tail)
{
    uint64_t at = alloc(heap, 2);
    *cell_at(heap, at) = head;
    *cell_at(heap, at + 1) = tail;
    return lifecycle_make_lis(at);
}

/* A structure whose arguments are numbers, each one more than the last. */
static inline lifecycle_cell structure(lifecycle_heap *heap, uint32_t arity, int64_t first)
{
    uint64_t at = alloc(heap, arity + 1);
    uint32_t i;
    *cell_at(heap, at) = lifecycle_make_fun(7, arity);
    for (i = 0; i < arity; i++)
        *cell_at(heap, at + 1 + i) = lifecycle_make_int(first + i);
    return lifecycle_make_str(at);
}

static inline int is_structure(lifecycle_heap *heap, lifecycle_cell cell, uint32_t arity, int64_t first)
{
    uint32_t i;
    if (lifecycle_cell_tag(cell) != LIFECYCLE_TAG_STR || *part(heap, cell, 0) != lifecycle_make_fun(7, arity))
        return 0;
    for (i = 0; i < arity; i++)
        if (*part(heap, cell, 1 + i) != lifecycle_make_int(first + i))
            return 0;
    return 1;
}

/* A blob whose words are all the same, but for the low byte that counts them. */
static inline lifecycle_cell blob_of(lifecycle_heap *heap, uint32_t words, uint64_t word)
{
    uint64_t at = alloc(heap, words + 1);
    uint32_t i;
    *cell_at(heap, at) = lifecycle_make_blob((uint64_t)words * 8);
    for (i = 0; i < words; i++)
        *cell_at(heap, at + 1 + i) = word ^ (i & 255);
    return lifecycle_make_str(at);
}

static inline int is_blob_of(lifecycle_heap *heap, lifecycle_cell cell, uint32_t words, uint64_t word)
{
    uint32_t i;
    if (lifecycle_cell_tag(cell) != LIFECYCLE_TAG_STR ||
        *part(heap, cell, 0) != lifecycle_make_blob((uint64_t)words * 8))
        return 0;
    for (i = 0; i < words; i++)
        if (*part(heap, cell, 1 + i) != (word ^ (i & 255)))
            return 0;
    return 1;
}

static inline uint64_t variable(lifecycle_heap *heap)
{
    uint64_t at = alloc(heap, 1);
    *cell_at(heap, at) = lifecycle_make_ref(at);
    return at;
}

/* [n - 1, ..., 1, 0 | nil] */
#define NIL lifecycle_make_con(1)
static inline lifecycle_cell list_of(lifecycle_heap *heap, uint64_t n)
{
    lifecycle_cell list = NIL;
    uint64_t i;
    for (i = 0; i < n; i++)
        list = cons(heap, lifecycle_make_int((int64_t)i), list);
    return list;
}

static inline int is_list_of(lifecycle_heap *heap, lifecycle_cell list, uint64_t n)
{
    while (n-- > 0) {
        if (lifecycle_cell_tag(list) != LIFECYCLE_TAG_LIS || *part(heap, list, 0) != lifecycle_make_int((int64_t)n))
            return 0;
        list = *part(heap, list, 1);
    }
    return list == NIL;
}

/* f(seed, [2, 1, 0], blob, X): one of everything. */
#define SAMPLE_CELLS 14
static inline lifecycle_cell sample(lifecycle_heap *heap, int64_t seed)
{
    lifecycle_cell list = list_of(heap, 3), blob = blob_of(heap, 2, (uint64_t)seed << 12);
    lifecycle_cell term = structure(heap, 4, seed);
    *part(heap, term, 2) = list;
    *part(heap, term, 3) = blob;
    *part(heap, term, 4) = lifecycle_make_ref(lifecycle_cell_index(term) + 4);
    return term;
}

static inline int is_sample(lifecycle_heap *heap, lifecycle_cell cell, int64_t seed)
{
    return lifecycle_cell_tag(cell) == LIFECYCLE_TAG_STR && *part(heap, cell, 0) == lifecycle_make_fun(7, 4) &&
           *part(heap, cell, 1) == lifecycle_make_int(seed) && is_list_of(heap, *part(heap, cell, 2), 3) &&
           is_blob_of(heap, *part(heap, cell, 3), 2, (uint64_t)seed << 12) &&
           *part(heap, cell, 4) == lifecycle_make_ref(lifecycle_cell_index(cell) + 4);
}

/* Cells that nothing refers to, written all over. */
static inline void litter(lifecycle_heap *heap, uint64_t cells)
{
    while (cells-- > 0)
        *cell_at(heap, alloc(heap, 1)) = lifecycle_make_int(-1);
}

/* --- a machine --- */

enum { X_COUNT = 8, GLOBALS_COUNT = 4, SLOTS = 4, ARGUMENTS = 4 };

struct frame {
    lifecycle_frame head;
    lifecycle_cell slots[SLOTS];
};

struct choice {
    lifecycle_choice head;
    lifecycle_cell arguments[ARGUMENTS];
};

struct machine {
    lifecycle_heap *heap;
    lifecycle_wam wam;
    lifecycle_cell x[X_COUNT], globals[GLOBALS_COUNT];
};

static inline void machine_with(struct machine *m, const lifecycle_heap_options *options)
{
    const lifecycle_wam init = LIFECYCLE_WAM_INIT;
    memset(m, 0, sizeof *m);
    m->heap = make(options);
    m->wam = init;
    m->wam.x = m->x;
    m->wam.x_count = X_COUNT;
    m->wam.globals = m->globals;
    m->wam.globals_count = GLOBALS_COUNT;
    EXPECT_OK(lifecycle_heap_set_wam(m->heap, &m->wam));
}

static inline void machine(struct machine *m)
{
    lifecycle_heap_options options = verified();
    machine_with(m, &options);
}

static inline void enter_frame(struct machine *m, struct frame *frame, const void *code)
{
    memset(frame->slots, 0, sizeof frame->slots);
    lifecycle_frame_init(&frame->head, m->wam.e, m->wam.code, SLOTS);
    m->wam.e = &frame->head;
    m->wam.code = code;
}

static inline void push(struct machine *m, struct choice *choice)
{
    memset(choice, 0xee, sizeof *choice);
    EXPECT_OK(lifecycle_wam_choice_push(m->heap, &choice->head, ARGUMENTS, "alternative"));
    memset(choice->arguments, 0, sizeof choice->arguments);
}

static inline lifecycle_cell value_of(struct machine *m, uint64_t ref)
{
    return *cell_at(m->heap, ref);
}

static inline int is_unbound(struct machine *m, uint64_t ref)
{
    return value_of(m, ref) == lifecycle_make_ref(ref);
}

#define SEVEN lifecycle_make_int(7)

/* Puts whatever cells are free to use, so that an answer that should be wrong is. */
static inline void collect_and_litter(lifecycle_heap *heap, uint64_t cells)
{
    EXPECT_OK(lifecycle_heap_collect(heap));
    litter(heap, cells);
}

#endif /* LIFECYCLE_TESTS_HEAP_H */
