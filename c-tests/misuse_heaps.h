/* misuse_heaps.h - of each kind of parameter of heaps the good value and the bad ones. */
#ifndef LIFECYCLE_TESTS_MISUSE_HEAPS_H
#define LIFECYCLE_TESTS_MISUSE_HEAPS_H

#include "misuse_values.h"

static int do_verify(const lifecycle_heap_fault *fault, void *user)
{
    (void)fault, (void)user;
    return 0;
}
static void other_roots(lifecycle_visitor *visitor, void *user)
{
    (void)visitor, (void)user;
}

static void fill_heap_pointers(struct world *w)
{
    static const enum kind kinds[] = {K_HEAP, K_HEAP_UNOWNED, K_HEAP_CRITICAL, K_HEAP_MACHINE, K_HEAP_CHOICE};
    size_t i;
    good(w, K_HEAP, P(w->heap));
    good(w, K_HEAP_UNOWNED, P(w->heap));
    good(w, K_HEAP_CRITICAL, P(w->critical_heap));
    good(w, K_HEAP_MACHINE, P(w->heap));
    good(w, K_HEAP_CHOICE, P(w->choice_heap));
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bad(w, kinds[i], "NULL", 0, INVALID);
        bad(w, kinds[i], "1", 1, INVALID);
        bad(w, kinds[i], "every bit set", UINT64_MAX, INVALID);
        bad(w, kinds[i], "destroyed", P(w->dead_heap), LIFECYCLE_E_STALE);
        bad(w, kinds[i], "inside a heap", P(w->heap) + 8, INVALID);
        bad(w, kinds[i], "its cells", P(lifecycle_heap_base(w->heap)), INVALID);
        bad(w, kinds[i], "its registers", P(&w->wam), INVALID);
        bad(w, kinds[i], "a manager", P(w->manager), INVALID);
        bad(w, kinds[i], "an arena", P(w->arena), INVALID);
        bad(w, kinds[i], "an interpreter", P(w->interp), INVALID);
        bad(w, kinds[i], "the stack", P(&w), INVALID);
    }
    bad(w, K_HEAP_UNOWNED, "one that a module owns", P(w->owned_heap), LIFECYCLE_E_EXISTS);
    bad(w, K_HEAP_CRITICAL, "in no critical section", P(w->heap), INVALID);
    bad(w, K_HEAP_MACHINE, "without a machine", P(w->critical_heap), INVALID);
    bad(w, K_HEAP_CHOICE, "without a machine", P(w->critical_heap), INVALID);
    bad(w, K_HEAP_CHOICE, "without a choicepoint", P(w->heap), LIFECYCLE_E_NOT_FOUND);
    bad(w, K_MANAGER, "a heap", P(w->heap), INVALID);
    bad(w, K_ARENA, "a heap", P(w->heap), INVALID);
    bad(w, K_INTERP, "a heap", P(w->heap), INVALID);
}

static void fill_heap_numbers(struct world *w)
{
    good(w, K_CELLS, 10);
    bad(w, K_CELLS, "0", 0, ANY_FAILURE);
    bad(w, K_CELLS, "more than the heap may have", HEAP_CELLS + 1, ANY_FAILURE);
    bad(w, K_CELLS, "the most there are", UINT32_MAX, ANY_FAILURE);
    good(w, K_CELLS_WANTED, 1000);
    bad(w, K_CELLS_WANTED, "more than the heap may have", HEAP_CELLS + 1, LIFECYCLE_E_LIMIT);
    bad(w, K_CELLS_WANTED, "every bit set", UINT64_MAX, LIFECYCLE_E_LIMIT);
    good(w, K_TRAIL_WORDS, 1000);
    bad(w, K_TRAIL_WORDS, "more than a trail has", ((uint64_t)1 << 32) + 1, LIFECYCLE_E_LIMIT);
    bad(w, K_TRAIL_WORDS, "every bit set", UINT64_MAX, LIFECYCLE_E_LIMIT);
    good(w, K_EXTERNAL, 8);
    bad(w, K_EXTERNAL, "fewer than were told of", UINT64_MAX, LIFECYCLE_E_RANGE);
    bad(w, K_EXTERNAL, "the least there is", (uint64_t)INT64_MIN, LIFECYCLE_E_RANGE);
    good(w, K_BYTES_MAYBE, P("bytes"));
    good(w, K_BLOB_LEN, 5);
    bad(w, K_BLOB_LEN, "more than any heap has", (uint64_t)1 << 36, LIFECYCLE_E_TOO_BIG);
    bad(w, K_BLOB_LEN, "more than the heap may have", HEAP_CELLS * 8, LIFECYCLE_E_LIMIT);
    bad(w, K_BLOB_LEN, "huge", SIZE_MAX, INVALID);
    good(w, K_ARGUMENTS, 2);
}

static void fill_cells(struct world *w)
{
    uint64_t at = lifecycle_cell_index(w->cell);
    good(w, K_CELL_INDEX, at + 1);
    bad(w, K_CELL_INDEX, "0", 0, LIFECYCLE_E_RANGE);
    bad(w, K_CELL_INDEX, "beyond the last", HEAP_CELLS, LIFECYCLE_E_RANGE);
    bad(w, K_CELL_INDEX, "every bit set", UINT64_MAX, LIFECYCLE_E_RANGE);
    good(w, K_CELL, w->cell);
    bad(w, K_CELL, "0", 0, LIFECYCLE_E_RANGE);
    bad(w, K_CELL, "beyond the last", lifecycle_make_str(HEAP_CELLS), LIFECYCLE_E_RANGE);
    bad(w, K_CELL, "beyond all", lifecycle_make_lis((uint64_t)-1), LIFECYCLE_E_RANGE);
    bad(w, K_CELL, "an atom", lifecycle_make_con(at), LIFECYCLE_E_TYPE);
    bad(w, K_CELL, "a number", lifecycle_make_int((int64_t)at), LIFECYCLE_E_TYPE);
    bad(w, K_CELL, "a header", lifecycle_make_fun(1, 1), LIFECYCLE_E_TYPE);
    bad(w, K_CELL, "a blob's header", lifecycle_make_blob(8), LIFECYCLE_E_TYPE);
    bad(w, K_CELL, "the host's", lifecycle_make_host(at), LIFECYCLE_E_TYPE);
    good(w, K_WEAK, w->weak);
    bad_ids(w, K_WEAK, w->weak);
    bad(w, K_WEAK, "dropped", w->dropped_weak, LIFECYCLE_E_STALE);
    bad(w, K_WEAK, "another heap's", w->others_weak, INVALID);
    bad(w, K_WEAK, "a cell", w->cell, ANY_FAILURE);
}

static void fill_heap_functions(struct world *w)
{
    static lifecycle_cell cells[2];
    good(w, K_ROOTS, P(other_roots));
    bad(w, K_ROOTS, "NULL", 0, INVALID);
    good(w, K_ROOTS_KNOWN, P(do_roots));
    bad(w, K_ROOTS_KNOWN, "NULL", 0, INVALID);
    bad(w, K_ROOTS_KNOWN, "not registered", P(other_roots), LIFECYCLE_E_NOT_FOUND);
    good(w, K_VERIFY, P(do_verify));
    /* Nobody visits: it is good in a callback only (accept_visit). */
    good(w, K_VISITOR, P(w->visitor));
    bad(w, K_VISITOR, "NULL", 0, INVALID);
    bad(w, K_VISITOR, "when nothing is visited", P(w->visitor), INVALID);
    bad(w, K_VISITOR, "the stack", P(&w), INVALID);
    bad(w, K_VISITOR, "a manager", P(w->manager), INVALID);
    good(w, K_CELL_PLACE, P(cells));
    bad(w, K_CELL_PLACE, "NULL", 0, INVALID);
    bad(w, K_CELL_PLACE, "misaligned", P(cells) + 1, INVALID);
}

static void fill_machines(struct world *w)
{
    static lifecycle_wam wams[8];
    static struct {
        lifecycle_choice head;
        lifecycle_cell arguments[2];
    } choice;
    const lifecycle_wam init = LIFECYCLE_WAM_INIT;
    size_t i;
    for (i = 0; i < 8; i++)
        wams[i] = init;
    good(w, K_WAM, P(&wams[0]));
    wams[1].size = 0;
    bad(w, K_WAM, "of no size", P(&wams[1]), INVALID);
    wams[2].size = sizeof *wams + 8;
    bad(w, K_WAM, "of another size", P(&wams[2]), INVALID);
    wams[3].x_count = 1;
    bad(w, K_WAM, "registers that are NULL", P(&wams[3]), INVALID);
    wams[4].globals_count = 1;
    bad(w, K_WAM, "globals that are NULL", P(&wams[4]), INVALID);
    wams[5].tr_capacity = 1;
    bad(w, K_WAM, "a trail that is NULL", P(&wams[5]), INVALID);
    wams[6].tr_count = 1;
    bad(w, K_WAM, "a trail that is not empty", P(&wams[6]), INVALID);
    wams[7].b = &choice.head;
    bad(w, K_WAM, "a choicepoint", P(&wams[7]), INVALID);
    bad(w, K_WAM, "misaligned", P(wams) + 1, INVALID);
    good(w, K_CHOICE, P(&choice));
    bad(w, K_CHOICE, "NULL", 0, INVALID);
    bad(w, K_CHOICE, "misaligned", P(&choice) + 4, INVALID);
    good(w, K_CHOICE_MAYBE, 0);
    bad(w, K_CHOICE_MAYBE, "misaligned", P(&choice) + 4, INVALID);
}

static lifecycle_heap_options *heap_with(int *n)
{
    static lifecycle_heap_options some[12];
    lifecycle_heap_options fresh = LIFECYCLE_HEAP_OPTIONS_INIT;
    fresh.max_cells = HEAP_CELLS;
    some[*n] = fresh;
    return &some[(*n)++];
}

static void fill_heap_options(struct world *w)
{
    static struct {
        lifecycle_heap_options known;
        uint64_t unknown;
    } later;
    lifecycle_heap_options *o;
    int n = 0;
    good(w, K_HEAP_OPTIONS, P(heap_with(&n)));
    (o = heap_with(&n))->size = 0;
    bad(w, K_HEAP_OPTIONS, "of no size", P(o), INVALID);
    (o = heap_with(&n))->size = SIZE_MAX;
    bad(w, K_HEAP_OPTIONS, "of a huge size", P(o), INVALID);
    (o = heap_with(&n))->flags = 4;
    bad(w, K_HEAP_OPTIONS, "unknown flags", P(o), INVALID);
    (o = heap_with(&n))->growth = 100;
    bad(w, K_HEAP_OPTIONS, "that never grows", P(o), INVALID);
    (o = heap_with(&n))->reserved = 1;
    bad(w, K_HEAP_OPTIONS, "reserved is not 0", P(o), INVALID);
    (o = heap_with(&n))->max_cells = LIFECYCLE_HEAP_CELLS_MAX + 1;
    bad(w, K_HEAP_OPTIONS, "too many cells", P(o), LIFECYCLE_E_TOO_BIG);
    (o = heap_with(&n))->initial_cells = HEAP_CELLS + 1;
    bad(w, K_HEAP_OPTIONS, "more at once than ever", P(o), LIFECYCLE_E_TOO_BIG);
    (o = heap_with(&n))->allocator.alloc = do_alloc;
    bad(w, K_HEAP_OPTIONS, "an allocator that cannot free", P(o), INVALID);
    later.known = *heap_with(&n);
    later.known.size = sizeof later;
    later.unknown = 1;
    bad(w, K_HEAP_OPTIONS, "a field of a later version", P(&later), LIFECYCLE_E_UNSUPPORTED);
    bad(w, K_HEAP_OPTIONS, "misaligned", P(o) + 1, INVALID);
}

static void fill_heaps(struct world *w)
{
    fill_heap_pointers(w);
    fill_heap_numbers(w);
    fill_cells(w);
    fill_heap_functions(w);
    fill_machines(w);
    fill_heap_options(w);
}

#endif
