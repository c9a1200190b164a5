/*
 * Heaps: damage of every kind, made on purpose, is named with its place; a collection that meets it goes on. What was
 * reclaimed is never looked into.
 */
#include "heap.h"

/* --- one fault, exactly --- */

struct damage {
    struct machine m;
    struct frame frame;
    struct choice choice;
    lifecycle_cell called;
    lifecycle_cell term; /* a structure of nine arguments */
};

static void hand_over(lifecycle_visitor *visitor, void *user)
{
    EXPECT_OK(lifecycle_visit(visitor, user));
}

static void set_up_with(struct damage *d, uint32_t flags)
{
    lifecycle_heap_options options = verified();
    memset(d, 0, sizeof *d);
    options.flags = flags;
    machine_with(&d->m, &options);
    EXPECT_OK(lifecycle_heap_add_roots(d->m.heap, hand_over, &d->called));
    d->m.globals[0] = d->term = structure(d->m.heap, 9, 0);
    enter_frame(&d->m, &d->frame, NULL);
    push(&d->m, &d->choice);
    EXPECT_WHOLE(d->m.heap);
}

static void set_up(struct damage *d)
{
    set_up_with(d, 0);
}

static uint64_t index_of_term(const struct damage *d)
{
    return lifecycle_cell_index(d->term);
}

static void expect_fault(const char *file, int line, struct damage *d, uint32_t kind, uint32_t place, uint64_t index,
                         lifecycle_cell cell, const void *holder)
{
    struct found found = verify(d->m.heap);
    const lifecycle_heap_fault *fault = &found.faults[0];
    if (found.counted != 1 || fault->kind != kind || fault->place != place || fault->index != index ||
        fault->cell != cell || fault->holder != holder || fault->size != sizeof *fault) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %zu faults, kind %u (not %u), place %u (not %u), index %llu, %llx\n",
                file, line, expect_test, found.counted, fault->kind, kind, fault->place, place,
                (unsigned long long)fault->index, (unsigned long long)fault->cell);
    }
}
#define EXPECT_FAULT(...) expect_fault(__FILE__, __LINE__, __VA_ARGS__)

/* A collection that meets the damage counts it and does no more harm; with the damage mended all is well. */
static void survive_and_end(struct damage *d, lifecycle_cell *place, lifecycle_cell mended)
{
    uint64_t faults = heap_stats(d->m.heap).faults;
    EXPECT_OK(lifecycle_heap_collect(d->m.heap));
    EXPECT(heap_stats(d->m.heap).faults > faults);
    *place = mended;
    EXPECT_OK(lifecycle_heap_collect(d->m.heap));
    EXPECT_WHOLE(d->m.heap);
    EXPECT_OK(lifecycle_wam_cut(d->m.heap, NULL));
    EXPECT_OK(lifecycle_heap_destroy(d->m.heap));
}

/* --- references to nowhere, from everywhere --- */

static void references_to_cells_that_are_not_there(void)
{
    static const uint64_t nowhere[] = {1ull << 32, (1ull << 32) + 5, 1ull << 40, (1ull << 61) - 1};
    size_t i;
    for (i = 0; i < COUNT(nowhere); i++) {
        lifecycle_cell cells[3];
        size_t k;
        cells[0] = lifecycle_make_ref(nowhere[i]);
        cells[1] = lifecycle_make_str(nowhere[i]);
        cells[2] = lifecycle_make_lis(nowhere[i]);
        for (k = 0; k < COUNT(cells); k++) {
            struct damage d;
            struct {
                lifecycle_cell *at;
                uint32_t place;
                uint64_t index;
                const void *holder;
            } places[6] = {{&d.m.x[3], LIFECYCLE_PLACE_X, 3, NULL},
                           {&d.m.globals[1], LIFECYCLE_PLACE_GLOBAL, 1, NULL},
                           {&d.frame.slots[2], LIFECYCLE_PLACE_FRAME, 2, &d.frame},
                           {&d.choice.arguments[3], LIFECYCLE_PLACE_CHOICE, 3, &d.choice},
                           {&d.called, LIFECYCLE_PLACE_CALLBACK, 0, NULL},
                           {NULL, LIFECYCLE_PLACE_HEAP, 0, NULL}};
            size_t p;
            for (p = 0; p < COUNT(places); p++) {
                set_up(&d);
                if (places[p].place == LIFECYCLE_PLACE_HEAP) {
                    places[p].at = part(d.m.heap, d.term, 5);
                    places[p].index = index_of_term(&d) + 5;
                }
                *places[p].at = cells[k];
                EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, places[p].place, places[p].index, cells[k], places[p].holder);
                survive_and_end(&d, places[p].at, 0);
            }
        }
    }
}

/* Where a heap ends: the last cell is one, the next is none, and half a pair is none. */
static void references_to_the_edge(void)
{
    struct damage d;
    uint64_t last;
    set_up(&d);
    last = index_of_term(&d) + 9;
    EXPECT_EQ(heap_stats(d.m.heap).frontier, last + 1);
    d.m.x[0] = lifecycle_make_ref(last);
    d.m.x[1] = lifecycle_make_lis(last - 1);
    EXPECT_WHOLE(d.m.heap);
    d.m.x[1] = 0;
    d.m.x[0] = lifecycle_make_ref(last + 1);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, LIFECYCLE_PLACE_X, 0, d.m.x[0], NULL);
    d.m.x[0] = lifecycle_make_lis(last);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, LIFECYCLE_PLACE_X, 0, d.m.x[0], NULL);
    d.m.x[0] = lifecycle_make_str(last + 1);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, LIFECYCLE_PLACE_X, 0, d.m.x[0], NULL);
    d.m.x[0] = lifecycle_make_str(0);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, LIFECYCLE_PLACE_X, 0, d.m.x[0], NULL);
    d.m.x[0] = lifecycle_make_lis(0);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, LIFECYCLE_PLACE_X, 0, d.m.x[0], NULL);
    d.m.x[0] = lifecycle_make_lis(last + 1);
    survive_and_end(&d, &d.m.x[0], 0);
}

/* --- headers --- */

static void a_structure_whose_header_is_none(void)
{
    static const lifecycle_cell not_headers[] = {3 << 3 | LIFECYCLE_TAG_INT, 3 << 3 | LIFECYCLE_TAG_CON, 0,
                                                 3 << 3 | LIFECYCLE_TAG_HOST};
    size_t i;
    for (i = 0; i < COUNT(not_headers); i++) {
        struct damage d;
        set_up(&d);
        *part(d.m.heap, d.term, 4) = not_headers[i];
        d.m.x[2] = lifecycle_make_str(index_of_term(&d) + 4);
        EXPECT_FAULT(&d, LIFECYCLE_FAULT_HEADER, LIFECYCLE_PLACE_X, 2, d.m.x[2], NULL);
        survive_and_end(&d, &d.m.x[2], 0);
    }
}

static void references_to_a_header(void)
{
    struct damage d;
    set_up(&d);
    d.called = lifecycle_make_ref(index_of_term(&d));
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_HEADER, LIFECYCLE_PLACE_CALLBACK, 0, d.called, NULL);
    d.called = lifecycle_make_lis(index_of_term(&d));
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_HEADER, LIFECYCLE_PLACE_CALLBACK, 0, d.called, NULL);
    d.called = 0;
    EXPECT_WHOLE(d.m.heap);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

static void headers_that_say_more_than_there_is(void)
{
    lifecycle_cell headers[5];
    size_t i;
    headers[0] = lifecycle_make_fun(7, 10);
    headers[1] = lifecycle_make_fun(7, LIFECYCLE_ARITY_MAX);
    headers[2] = lifecycle_make_fun(7, LIFECYCLE_ARITY_MAX + 1);
    headers[3] = lifecycle_make_blob(9 * 8 + 1);
    headers[4] = lifecycle_make_blob((1ull << 61) - 1);
    for (i = 0; i < COUNT(headers); i++) {
        struct damage d;
        struct found found;
        set_up(&d);
        *part(d.m.heap, d.term, 0) = headers[i];
        found = verify(d.m.heap);
        EXPECT_EQ(found.counted, 1);
        EXPECT_EQ(found.faults[0].kind, LIFECYCLE_FAULT_WHOLE);
        EXPECT(found.faults[0].place == LIFECYCLE_PLACE_GLOBAL || found.faults[0].index == index_of_term(&d));
        survive_and_end(&d, &d.m.globals[0], 0);
    }
}

static void a_header_where_a_value_belongs(void)
{
    struct damage d;
    set_up(&d);
    *part(d.m.heap, d.term, 6) = lifecycle_make_fun(7, 0);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_VALUE, LIFECYCLE_PLACE_HEAP, index_of_term(&d) + 6, lifecycle_make_fun(7, 0),
                 NULL);
    *part(d.m.heap, d.term, 6) = 0;
    d.frame.slots[1] = lifecycle_make_blob(8);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_VALUE, LIFECYCLE_PLACE_FRAME, 1, lifecycle_make_blob(8), &d.frame);
    d.frame.slots[1] = 0;
    EXPECT_WHOLE(d.m.heap);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

/* --- what was reclaimed --- */

static void references_to_what_was_reclaimed(void)
{
    struct damage d;
    lifecycle_cell gone[3];
    size_t i;
    set_up(&d);
    gone[0] = structure(d.m.heap, 3, 0);
    gone[1] = cons(d.m.heap, NIL, NIL);
    gone[2] = lifecycle_make_ref(variable(d.m.heap));
    /* Something alive above them, or they would be beyond the end. */
    d.m.globals[2] = structure(d.m.heap, 0, 0);
    EXPECT_OK(lifecycle_heap_collect(d.m.heap));
    for (i = 0; i < COUNT(gone); i++) {
        d.m.x[7] = gone[i];
        EXPECT_FAULT(&d, LIFECYCLE_FAULT_RECLAIMED, LIFECYCLE_PLACE_X, 7, gone[i], NULL);
        d.m.x[7] = 0;
        *part(d.m.heap, d.term, 2) = gone[i];
        EXPECT_FAULT(&d, LIFECYCLE_FAULT_RECLAIMED, LIFECYCLE_PLACE_HEAP, index_of_term(&d) + 2, gone[i], NULL);
        *part(d.m.heap, d.term, 2) = 0;
    }
    EXPECT_WHOLE(d.m.heap);
    /* Half of a structure. */
    gone[0] = structure(d.m.heap, 100, 0);
    *part(d.m.heap, gone[0], 60) = lifecycle_make_int(3);
    d.m.x[7] = lifecycle_make_ref(lifecycle_cell_index(gone[0]) + 60);
    EXPECT_OK(lifecycle_heap_collect(d.m.heap));
    EXPECT_WHOLE(d.m.heap);
    d.m.x[6] = lifecycle_make_lis(lifecycle_cell_index(gone[0]) + 59);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RECLAIMED, LIFECYCLE_PLACE_X, 6, d.m.x[6], NULL);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

/* What backtracking took back is as gone. */
static void references_to_what_was_taken_back(void)
{
    struct damage d;
    lifecycle_cell gone;
    set_up(&d);
    gone = structure(d.m.heap, 3, 0);
    d.m.x[0] = gone;
    EXPECT_WHOLE(d.m.heap);
    EXPECT_OK(lifecycle_wam_backtrack(d.m.heap));
    EXPECT_EQ(verify(d.m.heap).counted, 1);
    d.m.x[0] = 0;
    EXPECT_WHOLE(d.m.heap);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

struct fickle {
    lifecycle_cell cell;
    int calls;
};

/* Hands its cell over once: to the collector, not to who looks after it. */
static void hand_over_once(lifecycle_visitor *visitor, void *user)
{
    struct fickle *fickle = user;
    if (fickle->calls++ == 0)
        EXPECT_OK(lifecycle_visit(visitor, &fickle->cell));
}

static void what_was_kept_for_nothing(void)
{
    struct damage d;
    struct fickle fickle;
    set_up_with(&d, LIFECYCLE_HEAP_VERIFY);
    fickle.calls = 0;
    fickle.cell = structure(d.m.heap, 3, 0);
    EXPECT_OK(lifecycle_heap_add_roots(d.m.heap, hand_over_once, &fickle));
    EXPECT_OK(lifecycle_heap_collect(d.m.heap));
    EXPECT_EQ(fickle.calls, 2);
    EXPECT(heap_stats(d.m.heap).faults > 0);
    EXPECT_EQ(heap_stats(d.m.heap).live, 14);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

/* --- the trail --- */

static void entries_that_are_none(void)
{
    static const lifecycle_cell entries[] = {5 << 3 | LIFECYCLE_TAG_INT, 5 << 3 | LIFECYCLE_TAG_STR,
                                             1 << 3 | LIFECYCLE_TAG_LIS, /* the value would lie below the trail */
                                             (1ull << 61) - 8,           /* a REF to nowhere */
                                             5 << 3 | LIFECYCLE_TAG_FUN};
    size_t i;
    for (i = 0; i < COUNT(entries); i++) {
        struct damage d;
        set_up(&d);
        EXPECT_OK(lifecycle_wam_bind(d.m.heap, index_of_term(&d) + 1, lifecycle_make_int(1)));
        EXPECT_EQ(d.m.wam.tr_count, 1);
        d.m.wam.tr[0] = entries[i];
        EXPECT_FAULT(&d, LIFECYCLE_FAULT_TRAIL, LIFECYCLE_PLACE_TRAIL, 0, entries[i], NULL);
        EXPECT_OK(lifecycle_heap_collect(d.m.heap));
        /* One that seems younger than the choicepoint goes without a look. */
        EXPECT_EQ(heap_stats(d.m.heap).faults, lifecycle_cell_tag(entries[i]) != LIFECYCLE_TAG_REF);
        /* It is gone with that, and there is nothing wrong to undo. */
        EXPECT_OK(lifecycle_wam_backtrack(d.m.heap));
        EXPECT_EQ(d.m.wam.tr_count, 0);
        EXPECT_WHOLE(d.m.heap);
        EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
    }
}

static void hazard_mem_07_an_entry_whose_cell_was_reclaimed(void)
{
    struct damage d;
    uint64_t gone;
    set_up(&d);
    gone = variable(d.m.heap);
    d.m.globals[2] = structure(d.m.heap, 0, 0);
    EXPECT_OK(lifecycle_heap_collect(d.m.heap));
    EXPECT_OK(lifecycle_wam_bind(d.m.heap, index_of_term(&d) + 1, lifecycle_make_int(1)));
    d.m.wam.tr[0] = lifecycle_make_ref(gone);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_TRAIL, LIFECYCLE_PLACE_TRAIL, 0, lifecycle_make_ref(gone), NULL);
    EXPECT_OK(lifecycle_heap_collect(d.m.heap));
    EXPECT_EQ(d.m.wam.tr_count, 0);
    EXPECT_WHOLE(d.m.heap);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

static void an_old_value_that_is_nonsense(void)
{
    struct damage d;
    set_up(&d);
    EXPECT_OK(lifecycle_wam_assign(d.m.heap, index_of_term(&d) + 1, lifecycle_make_int(1)));
    d.m.wam.tr[0] = lifecycle_make_str(1ull << 40);
    EXPECT_FAULT(&d, LIFECYCLE_FAULT_RANGE, LIFECYCLE_PLACE_TRAIL, 0, d.m.wam.tr[0], NULL);
    survive_and_end(&d, &d.m.wam.tr[0], 0);
}

/* --- choicepoints --- */

static void expect_choice_fault(struct damage *d, struct choice *in)
{
    struct found found = verify(d->m.heap);
    EXPECT(found.counted >= 1);
    EXPECT_EQ(found.faults[0].kind, LIFECYCLE_FAULT_CHOICE);
    EXPECT_EQ(found.faults[0].place, LIFECYCLE_PLACE_CHOICE);
    EXPECT(found.faults[0].holder == in);
}

static void choicepoints_out_of_order(void)
{
    struct damage d;
    struct choice newer;
    lifecycle_choice was;
    set_up(&d);
    litter(d.m.heap, 10);
    EXPECT_OK(lifecycle_wam_bind(d.m.heap, index_of_term(&d) + 1, lifecycle_make_int(1)));
    push(&d.m, &newer);
    EXPECT_WHOLE(d.m.heap);
    was = newer.head;
    newer.head.trail = 2;
    expect_choice_fault(&d, &newer);
    newer.head.trail = UINT64_MAX;
    expect_choice_fault(&d, &newer);
    EXPECT_OK(lifecycle_heap_collect(d.m.heap));
    EXPECT(newer.head.trail <= d.m.wam.tr_count && newer.head.top <= heap_stats(d.m.heap).frontier);
    newer.head = was;
    newer.head.top = UINT64_MAX;
    expect_choice_fault(&d, &newer);
    newer.head.top = heap_stats(d.m.heap).frontier + 1;
    expect_choice_fault(&d, &newer);
    newer.head.top = d.choice.head.top;
    was = d.choice.head;
    d.choice.head.trail = 5;
    newer.head.trail = d.m.wam.tr_count;
    EXPECT(verify(d.m.heap).counted >= 1);
    d.choice.head = was;
    d.choice.head.top = heap_stats(d.m.heap).frontier;
    newer.head.top = d.choice.head.top - 1;
    EXPECT(verify(d.m.heap).counted >= 1);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

/* --- telling --- */

static void a_report_may_stop_it(void)
{
    struct damage d;
    struct found found;
    size_t i, faults = 99;
    set_up(&d);
    for (i = 0; i < X_COUNT; i++)
        d.m.x[i] = lifecycle_make_str(1ull << 40 | i);
    EXPECT_EQ(verify(d.m.heap).counted, X_COUNT);
    for (i = 1; i <= X_COUNT; i++) {
        memset(&found, 0, sizeof found);
        found.stop_at = i;
        EXPECT_OK(lifecycle_heap_verify(d.m.heap, note_fault, &found, &faults));
        EXPECT_EQ(faults, i);
        EXPECT_EQ(found.told, i);
    }
    EXPECT_OK(lifecycle_heap_verify(d.m.heap, NULL, NULL, &faults));
    EXPECT_EQ(faults, X_COUNT);
    EXPECT_OK(lifecycle_heap_verify(d.m.heap, NULL, NULL, NULL));
    memset(&found, 0, sizeof found);
    EXPECT_OK(lifecycle_heap_verify(d.m.heap, note_fault, &found, NULL));
    EXPECT_EQ(found.told, X_COUNT);
    for (i = 0; i < X_COUNT; i++)
        EXPECT_EQ(found.faults[i].index, i);
    EXPECT_EQ(heap_stats(d.m.heap).faults, 0);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

static int misreport(const lifecycle_heap_fault *fault, void *user)
{
    lifecycle_heap *heap = user;
    lifecycle_heap_stats stats;
    EXPECT_EQ(fault->kind, LIFECYCLE_FAULT_RANGE);
    EXPECT_OK(lifecycle_heap_stats_get(heap, &stats, sizeof stats));
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_verify(heap, NULL, NULL, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_add_roots(heap, hand_over, NULL), LIFECYCLE_E_BUSY);
    EXPECT_EQ(lifecycle_heap_alloc(heap, 1), LIFECYCLE_NO_CELL);
    return 0;
}

static void hazard_mem_20_a_report_that_does_what_it_must_not(void)
{
    struct damage d;
    size_t faults = 0;
    lifecycle_heap_stats before, after;
    set_up(&d);
    d.m.x[0] = lifecycle_make_str(1ull << 40);
    before = heap_stats(d.m.heap);
    EXPECT_OK(lifecycle_heap_verify(d.m.heap, misreport, d.m.heap, &faults));
    EXPECT_EQ(faults, 1);
    after = heap_stats(d.m.heap);
    EXPECT(before.used == after.used && before.root_callbacks == after.root_callbacks);
    d.m.x[0] = 0;
    EXPECT(alloc(d.m.heap, 1) != LIFECYCLE_NO_CELL);
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

static void the_flag_verifies_after_each_collection(void)
{
    uint32_t flag;
    for (flag = 0; flag <= LIFECYCLE_HEAP_VERIFY; flag++) {
        struct damage d;
        set_up_with(&d, flag);
        *part(d.m.heap, d.term, 6) = lifecycle_make_fun(7, 0);
        EXPECT_OK(lifecycle_heap_collect(d.m.heap));
        /* The collector has no need to look at it. */
        EXPECT_EQ(heap_stats(d.m.heap).faults, flag);
        EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
    }
}

/* Looked at in the middle of things, wherever a safepoint may be, a heap that is well is well. */
static void a_verification_changes_nothing(void)
{
    struct damage d;
    lifecycle_heap_stats before, after;
    int i;
    set_up(&d);
    for (i = 0; i < 50; i++) {
        struct choice *choice = malloc(sizeof *choice);
        d.m.x[i % X_COUNT] = sample(d.m.heap, i);
        push(&d.m, choice);
        EXPECT_OK(lifecycle_wam_assign(d.m.heap, index_of_term(&d) + 1, d.m.x[i % 3]));
        litter(d.m.heap, 7);
        if (i % 9 == 0)
            EXPECT_OK(lifecycle_heap_collect(d.m.heap));
        before = heap_stats(d.m.heap);
        EXPECT_WHOLE(d.m.heap);
        after = heap_stats(d.m.heap);
        EXPECT(memcmp(&before, &after, sizeof after) == 0);
        EXPECT_OK(lifecycle_wam_choice_pop(d.m.heap));
        free(choice);
    }
    EXPECT(is_sample(d.m.heap, d.m.x[1], 49));
    EXPECT_OK(lifecycle_heap_destroy(d.m.heap));
}

int main(void)
{
    RUN(references_to_cells_that_are_not_there);
    RUN(references_to_the_edge);
    RUN(a_structure_whose_header_is_none);
    RUN(references_to_a_header);
    RUN(headers_that_say_more_than_there_is);
    RUN(a_header_where_a_value_belongs);
    RUN(references_to_what_was_reclaimed);
    RUN(references_to_what_was_taken_back);
    RUN(what_was_kept_for_nothing);
    RUN(entries_that_are_none);
    RUN(hazard_mem_07_an_entry_whose_cell_was_reclaimed);
    RUN(an_old_value_that_is_nonsense);
    RUN(choicepoints_out_of_order);
    RUN(a_report_may_stop_it);
    RUN(hazard_mem_20_a_report_that_does_what_it_must_not);
    RUN(the_flag_verifies_after_each_collection);
    RUN(a_verification_changes_nothing);
    return expect_done();
}
