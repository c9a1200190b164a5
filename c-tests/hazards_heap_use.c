/*
 * hazards_heap_use.c - heaps of cells, the hazards of docs/hazards.md that come with how they are called: 19 (sizes
 * that go around, limits hit half-way) and 20 (callbacks that call back, other threads, a forked child). The other
 * programs are named in hazards_heap.c.
 */
#include <sys/wait.h>

#include "hazards_heap.h"

/* --- 19: arithmetic --- */

static void hazard_mem_19_options_of_a_heap(void)
{
    static const lifecycle_heap_options init = LIFECYCLE_HEAP_OPTIONS_INIT;
    lifecycle_heap_options options = init;
    lifecycle_heap *heap = (lifecycle_heap *)(void *)&options;
    options.max_cells = LIFECYCLE_HEAP_CELLS_MAX + 1;
    EXPECT_STATUS(lifecycle_heap_create(&options, &heap), LIFECYCLE_E_TOO_BIG);
    EXPECT(heap == NULL);
    options.max_cells = ~(uint64_t)0;
    EXPECT_STATUS(lifecycle_heap_create(&options, &heap), LIFECYCLE_E_TOO_BIG);
    options.max_cells = 1000;
    options.initial_cells = 1001;
    EXPECT_STATUS(lifecycle_heap_create(&options, &heap), LIFECYCLE_E_TOO_BIG);
    options.initial_cells = (uint64_t)1 << 61; /* times 8 is 0 */
    EXPECT_STATUS(lifecycle_heap_create(&options, &heap), LIFECYCLE_E_TOO_BIG);
    for (uint32_t growth = 1; growth <= 100; growth += 33) {
        options = init;
        options.growth = growth;
        EXPECT_STATUS(lifecycle_heap_create(&options, &heap), LIFECYCLE_E_INVALID);
    }
    EXPECT(heap == NULL);
}

/* Thresholds and percentages so large that nothing is ever due, or that every product would go around. */
static void hazard_mem_19_a_trigger_that_does_not_go_around(void)
{
    static const uint64_t thresholds[] = {1, ~(uint64_t)0, (uint64_t)1 << 63, 5000};
    static const uint32_t growths[] = {101, UINT32_MAX, 200, UINT32_MAX};
    for (int i = 0; i < 4; i++) {
        lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
        struct machine m;
        options.threshold = thresholds[i];
        options.growth = growths[i];
        options.stress = i == 3 ? UINT32_MAX : 0;
        make_machine(&m, &options);
        m.x[0] = list_of(m.heap, 5000);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT(heap_stats(m.heap).trigger >= 10000);
        for (int round = 0; round < 20; round++) {
            (void)list_of(m.heap, 10000);
            EXPECT_OK(lifecycle_heap_safepoint(m.heap));
        }
        EXPECT_EQ(heap_stats(m.heap).collections > 1, i == 0);
        EXPECT_LIST(m.heap, m.x[0], 5000);
        drop_machine(&m);
    }
}

static void hazard_mem_19_sizes_of_heaps(void)
{
    static const uint64_t sizes[] = {~(uint64_t)0, (uint64_t)1 << 63, (uint64_t)1 << 61, ((uint64_t)1 << 61) + 1,
                                     LIFECYCLE_HEAP_CELLS_MAX, LIFECYCLE_HEAP_CELLS_MAX - 1, 100001};
    static const int64_t amounts[] = {INT64_MIN, INT64_MIN + 1, -1, -1001};
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    cell blob = 1;
    uint64_t cursor;
    options.max_cells = 100000;
    make_machine(&m, &options);
    m.x[0] = list_of(m.heap, 100);
    cursor = m.heap->cursor;
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 0), LIFECYCLE_NO_CELL);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, UINT32_MAX), LIFECYCLE_NO_CELL);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 100000), LIFECYCLE_NO_CELL);
    EXPECT_EQ(m.heap->cursor, cursor);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        EXPECT_STATUS(lifecycle_heap_reserve(m.heap, sizes[i]), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_heap_reserve(m.heap, 0));
    for (size_t bytes = SIZE_MAX; bytes > SIZE_MAX - 20; bytes--)
        EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, bytes, &blob), LIFECYCLE_E_TOO_BIG);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, (size_t)1 << 61, &blob), LIFECYCLE_E_TOO_BIG);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, (size_t)800001, &blob), LIFECYCLE_E_LIMIT);
    EXPECT_EQ(blob, 0);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(m.heap, ~(uint64_t)0), LIFECYCLE_E_LIMIT);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(m.heap, ((uint64_t)1 << 32) + 1), LIFECYCLE_E_LIMIT);
    EXPECT_STATUS(lifecycle_wam_bind(m.heap, ~(uint64_t)0, number(1)), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_wam_bind(m.heap, m.heap->bound + 1, number(1)), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_wam_assign(m.heap, ~(uint64_t)0, number(1)), LIFECYCLE_E_RANGE);
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
        EXPECT_STATUS(lifecycle_heap_external(m.heap, amounts[i]), LIFECYCLE_E_RANGE);
    EXPECT_OK(lifecycle_heap_external(m.heap, INT64_MAX));
    EXPECT_STATUS(lifecycle_heap_external(m.heap, 1), LIFECYCLE_E_RANGE);
    EXPECT_EQ(heap_stats(m.heap).external, INT64_MAX);
    EXPECT_OK(lifecycle_heap_external(m.heap, -INT64_MAX));
    EXPECT_LIST(m.heap, m.x[0], 100);
    drop_machine(&m);
}

/* The limit is met in the middle: what fits still fits, what was reserved is there, a collection makes room. */
static void hazard_mem_19_the_limit_of_cells_in_the_middle(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    for (uint64_t most = 2; most < 70000; most = most * 3 + 1) {
        struct machine m;
        uint64_t got = 0, at;
        options.max_cells = most;
        make_machine(&m, &options);
        EXPECT_EQ(heap_stats(m.heap).max_cells, most);
        for (uint32_t size = 4096; size > 0; size /= 2)
            while ((at = lifecycle_heap_alloc(m.heap, size)) != LIFECYCLE_NO_CELL) {
                for (uint32_t i = 0; i < size; i++)
                    m.heap->cells[at + i] = number(1);
                EXPECT(at + size <= most + 1);
                got += size;
            }
        EXPECT(got + 1 >= most && got <= most);
        EXPECT_STATUS(lifecycle_heap_reserve(m.heap, most + 1), LIFECYCLE_E_LIMIT);
        EXPECT_OK(lifecycle_heap_reserve(m.heap, got));
        EXPECT_EQ(heap_stats(m.heap).live, 0);
        drop_machine(&m);
    }
}

/* Where indexes need 32 bits: a heap of 2^32 cells, nearly all of which is one dead blob that nobody has touched. */
static void hazard_mem_19_two_to_the_32_cells(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    uint64_t at, top = LIFECYCLE_HEAP_CELLS_MAX - 5000;
    uint32_t blob = (uint32_t)(top - 100000);
    if (expect_scale(1, 0) == 0)
        return;
    options.max_cells = LIFECYCLE_HEAP_CELLS_MAX;
    options.flags = LIFECYCLE_HEAP_NO_POISON;
    m.heap = NULL;
    if (lifecycle_heap_create(&options, &m.heap) != LIFECYCLE_OK) { /* a limit on this process's addresses */
        printf("skipped: 2^32 cells (%s)\n", lifecycle_last_error());
        return;
    }
    EXPECT_OK(lifecycle_heap_destroy(m.heap));
    make_machine(&m, &options);
    at = take(m.heap, blob);
    m.heap->cells[at] = lifecycle_make_blob(((uint64_t)blob - 1) * 8);
    (void)list_of(m.heap, (top - at - blob) / 2);
    m.x[0] = list_of(m.heap, 2000);
    m.x[1] = lifecycle_make_ref(place(m.x[0]));
    EXPECT(place(m.x[0]) > UINT32_MAX - 3000);
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 5000), LIFECYCLE_NO_CELL);
    EXPECT_STATUS(lifecycle_heap_reserve(m.heap, LIFECYCLE_HEAP_CELLS_MAX), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 4000);
    EXPECT_EQ(place(list_of(m.heap, 1)), at); /* the room is used again, from its start */
    EXPECT_OK(lifecycle_heap_reserve(m.heap, LIFECYCLE_HEAP_CELLS_MAX - 10000));
    EXPECT_LIST(m.heap, m.x[0], 2000);
    m.x[0] = m.x[1] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 0);
    drop_machine(&m);
}

/* --- 20: re-entrancy --- */

struct meddler {
    struct machine *m;
    lifecycle_visitor *visitor;
    lifecycle_weak weak;
    unsigned calls;
};

static void meddler_roots(lifecycle_visitor *visitor, void *user);

/* All that would change a heap is refused while it collects or verifies; looking is not. */
static void meddle(struct meddler *meddler)
{
    lifecycle_heap *heap = meddler->m->heap;
    static struct choice choice;
    uint64_t used = heap_stats(heap).used;
    size_t faults = 5;
    lifecycle_weak weak = 1;
    cell out = 1;
    EXPECT_EQ(lifecycle_heap_alloc(heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_SENTENCE("just now");
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_safepoint_slow(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_reserve(heap, 1), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_set_wam(heap, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_add_roots(heap, meddler_roots, meddler), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_remove_roots(heap, meddler_roots, meddler), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_verify(heap, NULL, NULL, &faults), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(heap, 1), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_assign(heap, 1, number(1)), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_choice_push(heap, &choice.head, 0, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_choice_pop(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_cut(heap, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_backtrack(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_blob(heap, NULL, 1, &out), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_weak_create(heap, meddler->m->x[0], &weak), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_weak_get(heap, meddler->weak, &out), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_weak_drop(heap, meddler->weak), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_external(heap, 1), LIFECYCLE_E_BUSY);
    EXPECT_EQ(heap_stats(heap).used, used);
    meddler->calls++;
}

static void meddler_roots(lifecycle_visitor *visitor, void *user)
{
    struct meddler *meddler = user;
    cell root = meddler->m->x[1];
    meddle(meddler);
    EXPECT_STATUS(lifecycle_visit(visitor, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_visit(NULL, &root), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_visit(visitor, &root));
    meddler->visitor = visitor;
}

static uint64_t meddler_live(const lifecycle_frame *frame, const void *code, uint32_t first, void *user)
{
    (void)frame;
    (void)code;
    (void)first;
    meddle(user);
    return ~(uint64_t)0;
}

static int meddler_report(const lifecycle_heap_fault *fault, void *user)
{
    EXPECT_EQ(fault->kind, LIFECYCLE_FAULT_RANGE);
    meddle(user);
    return 0;
}

static void hazard_mem_20_callbacks_of_a_collection_call_back(void)
{
    struct machine m;
    struct frame frame;
    struct meddler meddler;
    cell root;
    size_t faults = 99;
    memset(&frame, 0, sizeof frame);
    memset(&meddler, 0, sizeof meddler);
    make_machine(&m, NULL);
    meddler.m = &m;
    lifecycle_frame_init(&frame.head, NULL, NULL, 4);
    m.wam.e = &frame.head;
    m.wam.live = meddler_live;
    m.wam.user = &meddler;
    m.x[0] = list_of(m.heap, 100);
    root = m.x[1] = list_of(m.heap, 50);
    EXPECT_OK(lifecycle_weak_create(m.heap, m.x[0], &meddler.weak));
    EXPECT_OK(lifecycle_heap_add_roots(m.heap, meddler_roots, &meddler));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(meddler.calls, 2);
    EXPECT_EQ(heap_stats(m.heap).collections, 1);
    EXPECT_STATUS(lifecycle_visit(meddler.visitor, &root), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_heap_verify(m.heap, meddler_report, &meddler, &faults));
    EXPECT_EQ(faults, 0);
    EXPECT_EQ(meddler.calls, 4);
    m.x[2] = lifecycle_make_ref((uint64_t)1 << 40);
    EXPECT_OK(lifecycle_heap_verify(m.heap, meddler_report, &meddler, &faults));
    EXPECT_EQ(faults, 1);
    EXPECT_EQ(meddler.calls, 7);
    m.x[2] = 0;
    EXPECT_OK(lifecycle_heap_remove_roots(m.heap, meddler_roots, &meddler));
    EXPECT_LIST(m.heap, m.x[0], 100);
    EXPECT_OK(lifecycle_heap_destroy(m.heap));
    EXPECT_STATUS(lifecycle_visit(meddler.visitor, &root), LIFECYCLE_E_STALE);
}

/* What a callback of one heap does to another is that one's business. */
static void use_another(lifecycle_visitor *visitor, void *user)
{
    struct machine *other = user;
    (void)visitor;
    other->x[0] = list_of(other->heap, 100);
    (void)list_of(other->heap, 100);
    EXPECT_OK(lifecycle_heap_collect(other->heap));
    EXPECT_LIVE(other->heap, 200);
}

static void hazard_mem_20_callbacks_use_another_heap(void)
{
    struct machine m, other;
    make_machine(&m, NULL);
    make_machine(&other, NULL);
    m.x[0] = list_of(m.heap, 1000);
    EXPECT_OK(lifecycle_heap_add_roots(m.heap, use_another, &other));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 2000);
    EXPECT_LIST(m.heap, m.x[0], 1000);
    EXPECT_LIST(other.heap, other.x[0], 100);
    drop_machine(&m);
    drop_machine(&other);
}

/* --- 20: finalizers --- */

struct finalized {
    struct machine *m;
    unsigned runs, more;
    char order[8];
};

static void finalizer(void *resource, void *user);

static void watch(struct machine *m, cell what, const char *name, struct finalized *finalized)
{
    EXPECT_OK(lifecycle_heap_finalize(m->heap, what, finalizer, (void *)(uintptr_t)name, finalized));
}

/* It allocates, collects, watches something new (which dies at once), and tries to destroy the heap it runs for. */
static void finalizer(void *resource, void *user)
{
    struct finalized *finalized = user;
    struct machine *m = finalized->m;
    finalized->order[finalized->runs++ % 8] = *(const char *)resource;
    EXPECT_STATUS(lifecycle_heap_destroy(m->heap), LIFECYCLE_E_BUSY);
    m->x[5] = list_of(m->heap, 1000);
    EXPECT_OK(lifecycle_heap_safepoint(m->heap));
    EXPECT_OK(lifecycle_heap_reserve(m->heap, 100000));
    if (finalized->more > 0) {
        finalized->more--;
        watch(m, box(m->heap, 0), "n", finalized);
    }
    EXPECT_OK(lifecycle_heap_collect(m->heap));
    EXPECT_LIST(m->heap, m->x[5], 1000);
}

static void hazard_mem_20_finalizers_allocate_and_collect(void)
{
    struct machine m;
    struct finalized finalized;
    memset(&finalized, 0, sizeof finalized);
    make_machine(&m, NULL);
    finalized.m = &m;
    finalized.more = 3;
    m.x[0] = list_of(m.heap, 100);
    watch(&m, box(m.heap, 0), "a", &finalized);
    watch(&m, m.x[0], "k", &finalized);
    watch(&m, box(m.heap, 0), "b", &finalized);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    for (int i = 0; i < 5; i++)
        EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(finalized.runs, 5); /* each once: a, b and three more */
    EXPECT_EQ(finalized.order[0], 'b');
    EXPECT_EQ(heap_stats(m.heap).finalizers, 1);
    EXPECT_LIST(m.heap, m.x[0], 100);
    EXPECT_SOUND(m.heap);
    finalized.more = 0;
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(finalized.runs, 6);
    EXPECT_EQ(heap_stats(m.heap).finalizers, 0);
    EXPECT_EQ(heap_stats(m.heap).finalized, 6);
    drop_machine(&m);
    EXPECT_EQ(finalized.runs, 6);
}

/* Backtracking and destruction run them too: the one at the next safepoint, the other at once; each once. */
static void count_run(void *resource, void *user)
{
    (void)resource;
    ++*(unsigned *)user;
}

static void hazard_mem_20_finalizers_of_what_backtracking_took(void)
{
    struct machine m;
    struct choice choice;
    unsigned taken = 0, kept = 0;
    make_machine(&m, NULL);
    m.x[0] = box(m.heap, 0);
    EXPECT_OK(lifecycle_heap_finalize(m.heap, m.x[0], count_run, NULL, &kept));
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 3; k++)
            EXPECT_OK(lifecycle_heap_finalize(m.heap, box(m.heap, 0), count_run, NULL, &taken));
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_EQ(taken, 3 * i);
        (void)list_of(m.heap, 10); /* their cells are others' already */
        EXPECT_OK(lifecycle_heap_safepoint(m.heap));
        EXPECT_EQ(taken, 3 * (i + 1));
    }
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    EXPECT_EQ(kept, 0);
    drop_machine(&m);
    EXPECT_EQ(kept, 1);
    EXPECT_EQ(taken, 30);
}

/* --- 20: threads and forks --- */

static void *use_it(void *user)
{
    struct machine *m = user;
    m->x[0] = list_of(m->heap, 1000);
    (void)list_of(m->heap, 1000);
    EXPECT_OK(lifecycle_heap_collect(m->heap));
    EXPECT_LIVE(m->heap, 2000);
    return NULL;
}

/* One thread at a time, but any: nothing of a heap is its maker's. */
static void hazard_mem_20_a_heap_wanders_from_thread_to_thread(void)
{
    struct machine m;
    make_machine(&m, NULL);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        EXPECT(pthread_create(&thread, NULL, use_it, &m) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
        EXPECT_LIST(m.heap, m.x[0], 1000);
        (void)use_it(&m);
    }
    drop_machine(&m);
}

static void *many_heaps(void *unused)
{
    for (int i = 0; i < 30; i++) {
        struct machine m;
        make_machine(&m, NULL);
        for (int round = 0; round < 3; round++)
            (void)use_it(&m);
        EXPECT_LIST(m.heap, m.x[0], 1000);
        EXPECT_OK(lifecycle_heap_destroy(m.heap));
    }
    return unused;
}

static void hazard_mem_20_threads_with_heaps_of_their_own(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, many_heaps, NULL) == 0);
    for (int i = 0; i < 4; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
}

/* A child goes on with a copy, holes, choicepoints, trail and all; neither sees what the other does. */
static void hazard_mem_20_a_forked_child_has_its_own_heap(void)
{
    struct machine m;
    struct choice choice;
    cell variable;
    int status = -1, failures;
    pid_t child;
    make_machine(&m, NULL);
    m.x[1] = chain_with_holes(m.heap, 1000, 5);
    variable = lifecycle_make_ref(argument(m.x[1], 0));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    m.x[0] = list_of(m.heap, 10);
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 0, NULL));
    EXPECT_OK(lifecycle_wam_bind(m.heap, place(variable), number(1)));
    failures = expect_failures;
    child = fork();
    EXPECT(child >= 0);
    m.x[2] = list_of(m.heap, child == 0 ? 3000 : 2000);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 1000 * LINK_CELLS + 20 + (child == 0 ? 6000 : 4000));
    EXPECT_LIST(m.heap, m.x[2], child == 0 ? 3000 : 2000);
    m.x[2] = 0;
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT(is_unbound(m.heap, variable));
    EXPECT_LIST(m.heap, m.x[0], 10);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
    if (child == 0)
        _exit(expect_failures == failures ? 0 : 1);
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

/* What was destroyed is stale for ever, also where another heap has taken its place. */
static void hazard_mem_20_a_destroyed_heap_is_stale(void)
{
    struct machine m;
    lifecycle_heap *gone, *again;
    lifecycle_weak weak = 0;
    lifecycle_heap_stats stats;
    cell out;
    make_machine(&m, NULL);
    m.x[0] = box(m.heap, 0);
    EXPECT_OK(lifecycle_weak_create(m.heap, m.x[0], &weak));
    gone = m.heap;
    drop_machine(&m);
    EXPECT_EQ(lifecycle_heap_alloc(gone, 1), LIFECYCLE_NO_CELL);
    EXPECT(lifecycle_heap_safepoint(gone) == LIFECYCLE_OK || lifecycle_heap_safepoint(gone) == LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_destroy(gone), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_collect(gone), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_reserve(gone, 1), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_stats_get(gone, &stats, sizeof stats), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_set_wam(gone, NULL), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_weak_get(gone, weak, &out), LIFECYCLE_E_STALE);
    EXPECT(lifecycle_wam_bind(gone, 1, number(1)) != LIFECYCLE_OK);
    again = make_heap(NULL);
    EXPECT(lifecycle_weak_get(again, weak, &out) != LIFECYCLE_OK);
    EXPECT_EQ(out, 0);
    EXPECT_OK(lifecycle_heap_destroy(again));
}

int main(void)
{
    RUN(hazard_mem_19_options_of_a_heap);
    RUN(hazard_mem_19_a_trigger_that_does_not_go_around);
    RUN(hazard_mem_19_sizes_of_heaps);
    RUN(hazard_mem_19_the_limit_of_cells_in_the_middle);
    RUN(hazard_mem_19_two_to_the_32_cells);
    RUN(hazard_mem_20_callbacks_of_a_collection_call_back);
    RUN(hazard_mem_20_callbacks_use_another_heap);
    RUN(hazard_mem_20_finalizers_allocate_and_collect);
    RUN(hazard_mem_20_finalizers_of_what_backtracking_took);
    RUN(hazard_mem_20_a_heap_wanders_from_thread_to_thread);
    RUN(hazard_mem_20_threads_with_heaps_of_their_own);
    RUN(hazard_mem_20_a_forked_child_has_its_own_heap);
    RUN(hazard_mem_20_a_destroyed_heap_is_stale);
    return expect_done();
}
