/* Heaps: making and ending them, options, allocation, reserving, statistics, memory. */
#include <sys/wait.h>
#include <unistd.h>

#include "heap.h"
#include "support.h"

/* --- making and ending --- */

static void a_heap_is_made_and_destroyed(void)
{
    lifecycle_heap *heap = make(NULL);
    lifecycle_heap_stats stats = heap_stats(heap);
    EXPECT(lifecycle_heap_base(heap) == heap->cells && heap->cells != NULL);
    EXPECT((uintptr_t)heap->cells % 8 == 0);
    EXPECT(lifecycle_heap_base(NULL) == NULL);
    EXPECT_EQ(stats.used, 0);
    EXPECT_EQ(stats.live, 0);
    EXPECT_EQ(stats.collections, 0);
    /* Under a checker there are fewer addresses to share. */
    EXPECT(stats.max_cells >= LIFECYCLE_HEAP_CELLS_MAX / 64 && stats.max_cells <= LIFECYCLE_HEAP_CELLS_MAX);
    EXPECT_EQ(heap->due, 0);
    EXPECT_EQ(heap->hb, 0);
    EXPECT(heap->wam == NULL);
    end(heap);
}

static void no_function_takes_a_destroyed_heap(void)
{
    lifecycle_heap *heap = make(NULL);
    lifecycle_heap_stats stats;
    lifecycle_cell cell = 1;
    EXPECT_OK(lifecycle_heap_destroy(heap));
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_reserve(heap, 1), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_safepoint_slow(heap), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_stats_get(heap, &stats, sizeof stats), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_heap_blob(heap, NULL, 8, &cell), LIFECYCLE_E_STALE);
    EXPECT_EQ(cell, 0);
    EXPECT_EQ(lifecycle_heap_alloc_slow(heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_SENTENCE("destroyed");
    EXPECT_STATUS(lifecycle_heap_collect((lifecycle_heap *)(void *)&stats), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_heap_safepoint(NULL), LIFECYCLE_E_INVALID);
    EXPECT_EQ(lifecycle_heap_alloc(NULL, 1), LIFECYCLE_NO_CELL);
    EXPECT_STATUS(lifecycle_wam_bind(NULL, 1, 0), LIFECYCLE_E_INVALID);
}

static void many_heaps_are_apart(void)
{
    enum { NUMBER = 300 };
    static lifecycle_heap *heaps[NUMBER];
    static lifecycle_cell roots[NUMBER][1];
    static lifecycle_wam wams[NUMBER];
    const lifecycle_wam init = LIFECYCLE_WAM_INIT;
    lifecycle_heap_options options = verified();
    int i;
    options.max_cells = 64 * KI;
    for (i = 0; i < NUMBER; i++) {
        heaps[i] = make(&options);
        wams[i] = init;
        wams[i].globals = roots[i];
        wams[i].globals_count = 1;
        EXPECT_OK(lifecycle_heap_set_wam(heaps[i], &wams[i]));
        roots[i][0] = sample(heaps[i], i);
    }
    for (i = 0; i < NUMBER; i += 2)
        EXPECT_OK(lifecycle_heap_destroy(heaps[i]));
    for (i = 1; i < NUMBER; i += 2) {
        collect_and_litter(heaps[i], 1000);
        EXPECT(is_sample(heaps[i], roots[i][0], i));
        EXPECT_EQ(heap_stats(heaps[i]).collections, 1);
        EXPECT_STATUS(lifecycle_heap_collect(heaps[i - 1]), LIFECYCLE_E_STALE);
        end(heaps[i]);
    }
}

/* --- options --- */

static void options_of_other_versions(void)
{
    struct {
        lifecycle_heap_options known;
        uint64_t unknown;
    } later;
    const lifecycle_heap_options init = LIFECYCLE_HEAP_OPTIONS_INIT;
    lifecycle_heap_options options = init;
    lifecycle_heap *heap;
    /* An older program's ends before the allocator, say. */
    options.size = offsetof(lifecycle_heap_options, allocator);
    options.max_cells = 5000;
    memset(&options.allocator, 0xee, sizeof options.allocator);
    options.reserved = 77;
    heap = make(&options);
    EXPECT_EQ(heap_stats(heap).max_cells, 5000);
    EXPECT_OK(lifecycle_heap_collect(heap));
    end(heap);

    later.known = init;
    later.known.size = sizeof later;
    later.unknown = 0;
    end(make(&later.known));
    later.unknown = 1;
    EXPECT_STATUS(lifecycle_heap_create(&later.known, &heap), LIFECYCLE_E_UNSUPPORTED);
    EXPECT(heap == NULL);
}

static void refused(lifecycle_heap_options options, lifecycle_status want)
{
    lifecycle_heap *heap = (lifecycle_heap *)(void *)&options;
    EXPECT_STATUS(lifecycle_heap_create(&options, &heap), want);
    EXPECT(heap == NULL);
}

static void *no_memory(size_t bytes, void *user)
{
    (void)bytes, (void)user;
    return NULL;
}

static void options_at_their_edges(void)
{
    const lifecycle_heap_options init = LIFECYCLE_HEAP_OPTIONS_INIT;
    static const uint32_t growths[] = {101, 200, 400, UINT32_MAX}, bad_growths[] = {1, 99, 100};
    lifecycle_heap_options options = init;
    lifecycle_heap *heap;
    size_t i;
    EXPECT_STATUS(lifecycle_heap_create(&options, NULL), LIFECYCLE_E_INVALID);
    options.size = 0;
    refused(options, LIFECYCLE_E_INVALID);
    options = init, options.flags = 4;
    refused(options, LIFECYCLE_E_INVALID);
    options = init, options.reserved = 1;
    refused(options, LIFECYCLE_E_INVALID);
    options = init, options.allocator.alloc = no_memory;
    refused(options, LIFECYCLE_E_INVALID);
    options = init, options.max_cells = LIFECYCLE_HEAP_CELLS_MAX + 1;
    refused(options, LIFECYCLE_E_TOO_BIG);
    options = init, options.max_cells = UINT64_MAX;
    refused(options, LIFECYCLE_E_TOO_BIG);
    options = init, options.max_cells = 1000, options.initial_cells = 1001;
    refused(options, LIFECYCLE_E_TOO_BIG);
    options = init, options.initial_cells = UINT64_MAX;
    refused(options, LIFECYCLE_E_TOO_BIG);
    for (i = 0; i < COUNT(bad_growths); i++) {
        options = init, options.growth = bad_growths[i];
        refused(options, LIFECYCLE_E_INVALID);
    }
    for (i = 0; i < COUNT(growths); i++) {
        options = init, options.growth = growths[i];
        heap = make(&options);
        litter(heap, 100);
        EXPECT_OK(lifecycle_heap_collect(heap));
        end(heap);
    }
    options = init, options.threshold = UINT64_MAX, options.max_cells = LIFECYCLE_HEAP_CELLS_MAX;
    heap = make(&options);
    litter(heap, 100);
    EXPECT_EQ(heap->due, 0);
    end(heap);
    options = init, options.max_cells = 1000, options.initial_cells = 1000;
    end(make(&options));
}

static void the_initial_cells_have_memory_at_once(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    lifecycle_heap *small, *large;
    uint64_t before;
    options.max_cells = 64 * MI;
    small = make(&options);
    options.initial_cells = 3 * MI;
    large = make(&options);
    before = heap_stats(large).committed;
    EXPECT(before >= 3 * MI && before <= 4 * MI);
    EXPECT(heap_stats(small).committed < MI);
    litter(large, 2 * MI);
    EXPECT_EQ(heap_stats(large).committed, before);
    end(small);
    end(large);
}

/* --- allocating --- */

static void cells_are_side_by_side(void)
{
    lifecycle_heap *heap = make_verified();
    uint64_t a = alloc(heap, 5), b = lifecycle_heap_alloc_slow(heap, 1), c = alloc(heap, 1000), d = alloc(heap, 1);
    EXPECT(a >= 1 && b == a + 5 && c == b + 1 && d == c + 1000);
    EXPECT_EQ(heap_stats(heap).used, 1007);
    EXPECT_EQ(heap_stats(heap).allocated, 1007);
    EXPECT_EQ(heap_stats(heap).high_water, 1007);
    EXPECT(heap_stats(heap).frontier >= d + 1);
    end(heap);
}

static void nothing_cannot_be_allocated(void)
{
    lifecycle_heap *heap = make_verified();
    EXPECT_EQ(lifecycle_heap_alloc(heap, 0), LIFECYCLE_NO_CELL);
    EXPECT_SENTENCE("cells");
    EXPECT_EQ(lifecycle_heap_alloc_slow(heap, 0), LIFECYCLE_NO_CELL);
    /* At the very end of the cells at hand as well. */
    litter(heap, heap->limit - heap->cursor);
    EXPECT_EQ(lifecycle_heap_alloc(heap, 0), LIFECYCLE_NO_CELL);
    EXPECT(alloc(heap, 1) >= 1);
    end(heap);
}

static void structures_of_the_largest_arity_fit(void)
{
    lifecycle_heap *heap = make_verified();
    lifecycle_cell first = structure(heap, LIFECYCLE_ARITY_MAX, 5), second = structure(heap, LIFECYCLE_ARITY_MAX, -5);
    EXPECT(is_structure(heap, first, LIFECYCLE_ARITY_MAX, 5));
    EXPECT(is_structure(heap, second, LIFECYCLE_ARITY_MAX, -5));
    EXPECT_EQ(heap_stats(heap).used, 2 * (MI + 1));
    end(heap);
}

/* How many single cells there are. */
static uint64_t exhaust(lifecycle_heap *heap)
{
    uint64_t at, count = 0;
    while ((at = lifecycle_heap_alloc(heap, 1)) != LIFECYCLE_NO_CELL) {
        *cell_at(heap, at) = lifecycle_make_int(3);
        count++;
    }
    return count;
}

static void cells_are_handed_out_until_there_are_as_many_as_may_be(void)
{
    static const uint64_t sizes[] = {1000, 8191, 8192, 8193, 100000, 262144, 300001};
    lifecycle_heap_options options = verified();
    size_t i;
    for (i = 0; i < COUNT(sizes); i++) {
        lifecycle_heap *heap;
        lifecycle_heap_stats before, after;
        uint64_t count;
        options.max_cells = sizes[i];
        heap = make(&options);
        count = exhaust(heap);
        EXPECT_SENTENCE("cells");
        /* Cell 0 is nobody's. */
        EXPECT(count == sizes[i] || count == sizes[i] - 1);
        before = heap_stats(heap);
        EXPECT_EQ(before.used, count);
        EXPECT(before.frontier <= sizes[i] + 1);
        EXPECT_EQ(lifecycle_heap_alloc(heap, UINT32_MAX), LIFECYCLE_NO_CELL);
        EXPECT_EQ(lifecycle_heap_alloc(heap, 1), LIFECYCLE_NO_CELL);
        after = heap_stats(heap);
        EXPECT(memcmp(&before, &after, sizeof after) == 0);
        EXPECT_EQ(after.collections, 0);
        /* Nothing refers to them. */
        EXPECT_OK(lifecycle_heap_collect(heap));
        EXPECT_EQ(heap_stats(heap).used, 0);
        EXPECT_EQ(heap_stats(heap).reclaimed, count);
        EXPECT_EQ(exhaust(heap), count);
        end(heap);
    }
}

static void a_failed_allocation_changes_nothing(void)
{
    lifecycle_heap_options options = verified();
    lifecycle_heap *heap;
    uint64_t first;
    options.max_cells = 10000;
    heap = make(&options);
    first = alloc(heap, 1);
    *cell_at(heap, first) = NIL;
    EXPECT_EQ(lifecycle_heap_alloc(heap, 10000), LIFECYCLE_NO_CELL);
    EXPECT_EQ(lifecycle_heap_alloc(heap, UINT32_MAX), LIFECYCLE_NO_CELL);
    EXPECT_EQ(alloc(heap, 1), first + 1);
    EXPECT_EQ(heap_stats(heap).used, 2);
    end(heap);
}

/* --- reserving --- */

static void what_is_reserved_can_be_had(void)
{
    static const uint64_t amounts[] = {0, 1, 63, 8192, 100000, 262140};
    lifecycle_heap_options options = verified();
    size_t i;
    options.max_cells = 256 * KI;
    for (i = 0; i < COUNT(amounts); i++) {
        lifecycle_heap *heap = make(&options);
        uint64_t n;
        litter(heap, 50000);
        EXPECT_OK(lifecycle_heap_reserve(heap, amounts[i]));
        for (n = 0; n + 7 <= amounts[i]; n += 7)
            EXPECT(lifecycle_heap_alloc(heap, 7) != LIFECYCLE_NO_CELL);
        /* The last two were to be had only by a collection. */
        EXPECT_EQ(heap_stats(heap).collections, amounts[i] > 250000);
        EXPECT_STATUS(lifecycle_heap_reserve(heap, 256 * KI + 1), LIFECYCLE_E_LIMIT);
        EXPECT_STATUS(lifecycle_heap_reserve(heap, UINT64_MAX), LIFECYCLE_E_LIMIT);
        EXPECT_OK(lifecycle_heap_destroy(heap));
    }
}

static void reserving_collects_when_it_must_and_may(void)
{
    lifecycle_heap_options options = verified();
    lifecycle_heap *heap;
    options.max_cells = 10000;
    heap = make(&options);
    litter(heap, 9000);
    EXPECT_OK(lifecycle_heap_critical_enter(heap));
    EXPECT_OK(lifecycle_heap_reserve(heap, 900));
    EXPECT_STATUS(lifecycle_heap_reserve(heap, 2000), LIFECYCLE_E_LIMIT);
    EXPECT_EQ(heap_stats(heap).collections, 0);
    EXPECT_OK(lifecycle_heap_critical_leave(heap));
    EXPECT_OK(lifecycle_heap_reserve(heap, 2000));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    EXPECT_EQ(heap_stats(heap).used, 0);
    end(heap);

    options.threshold = 1000;
    heap = make(&options);
    litter(heap, 1500);
    EXPECT(heap->due != 0);
    EXPECT_OK(lifecycle_heap_reserve(heap, 1));
    EXPECT_EQ(heap_stats(heap).collections, 1);
    EXPECT_EQ(heap->due, 0);
    end(heap);
}

static void a_reserved_structure_is_not_collected_in_the_middle(void)
{
    lifecycle_heap_options options = verified();
    struct machine m;
    uint32_t i;
    options.threshold = 500;
    machine_with(&m, &options);
    for (i = 0; i < 2000; i++) {
        uint64_t at;
        if (i % 100 == 0)
            m.x[0] = NIL;
        EXPECT_OK(lifecycle_heap_reserve(m.heap, 4));
        at = alloc(m.heap, 2);
        *cell_at(m.heap, at) = structure(m.heap, 1, i);
        *cell_at(m.heap, at + 1) = m.x[0];
        m.x[0] = lifecycle_make_lis(at);
    }
    EXPECT(heap_stats(m.heap).collections > 3);
    for (i = 1999; i >= 1900; i--) {
        EXPECT(is_structure(m.heap, *part(m.heap, m.x[0], 0), 1, i));
        m.x[0] = *part(m.heap, m.x[0], 1);
    }
    EXPECT_EQ(m.x[0], NIL);
    end(m.heap);
}

/* --- statistics, memory --- */

static void statistics_of_other_sizes(void)
{
    union {
        lifecycle_heap_stats stats;
        unsigned char bytes[sizeof(lifecycle_heap_stats) + 32];
    } out;
    lifecycle_heap *heap = make_verified();
    size_t i;
    EXPECT_OK(lifecycle_heap_collect(heap));
    memset(&out, 0xee, sizeof out);
    EXPECT_OK(lifecycle_heap_stats_get(heap, &out.stats, 8));
    EXPECT_EQ(out.stats.collections, 1);
    for (i = 8; i < sizeof out; i++)
        EXPECT_EQ(out.bytes[i], 0xee);
    EXPECT_OK(lifecycle_heap_stats_get(heap, &out.stats, sizeof out));
    for (i = sizeof out.stats; i < sizeof out; i++)
        EXPECT_EQ(out.bytes[i], 0);
    EXPECT_EQ(out.stats.max_cells, 16 * MI);
    memset(&out, 0xee, sizeof out);
    EXPECT_STATUS(lifecycle_heap_stats_get(NULL, &out.stats, sizeof out.stats), LIFECYCLE_E_INVALID);
    EXPECT_EQ(out.stats.collections, 0);
    EXPECT_STATUS(lifecycle_heap_stats_get(heap, &out.stats, 0), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_heap_stats_get(heap, &out.stats, 65537), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_heap_stats_get(heap, NULL, sizeof out.stats), LIFECYCLE_E_INVALID);
    end(heap);
}

static void the_books_balance(void)
{
    struct machine m;
    lifecycle_heap_stats stats;
    int round;
    machine(&m);
    for (round = 1; round <= 20; round++) {
        m.x[round % X_COUNT] = sample(m.heap, round);
        litter(m.heap, 1000);
        stats = heap_stats(m.heap);
        EXPECT_EQ(stats.used, stats.allocated - stats.reclaimed);
        EXPECT(stats.high_water >= stats.used);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        stats = heap_stats(m.heap);
        EXPECT_EQ(stats.live, (uint64_t)SAMPLE_CELLS * (round < X_COUNT ? round : X_COUNT));
        EXPECT_EQ(stats.used, stats.live);
        EXPECT_EQ(stats.allocated, (uint64_t)round * (1000 + SAMPLE_CELLS));
        EXPECT_EQ(stats.reclaimed, stats.allocated - stats.live);
        EXPECT_EQ(stats.frontier - 1 - stats.live, stats.free_cells);
        EXPECT(stats.largest_run <= stats.free_cells && (stats.runs == 0) == (stats.free_cells == 0));
        EXPECT_EQ(stats.time_total, stats.time_roots + stats.time_trail + stats.time_mark + stats.time_count);
        EXPECT_EQ(stats.last_total, stats.last_roots + stats.last_trail + stats.last_mark + stats.last_count);
        EXPECT(stats.longest_pause >= stats.last_total && stats.time_total >= stats.longest_pause);
    }
    end(m.heap);
}

static void memory_is_given_back_after_a_big_drop(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    lifecycle_heap_stats before, after;
    uint64_t pairs = expect_scale(4 * MI, MI);
    options.threshold = 64 * KI;
    machine_with(&m, &options);
    m.x[1] = sample(m.heap, 9);
    m.x[0] = list_of(m.heap, pairs);
    before = heap_stats(m.heap);
    EXPECT(before.committed >= 2 * pairs);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 2 * pairs + SAMPLE_CELLS);
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    after = heap_stats(m.heap);
    EXPECT_EQ(after.live, SAMPLE_CELLS);
    EXPECT(after.committed < before.committed / 2);
    EXPECT(after.given_back >= pairs);
    EXPECT(is_sample(m.heap, m.x[1], 9));
    /* It can be had again. */
    m.x[0] = list_of(m.heap, pairs);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(is_list_of(m.heap, m.x[0], pairs) && is_sample(m.heap, m.x[1], 9));
    end(m.heap);
}

#if defined(__SANITIZE_ADDRESS__)
enum { ALLOCATIONS = 10000000 };
#else
enum { ALLOCATIONS = 100000000 };
#endif

static void a_long_loop_takes_bounded_memory(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    lifecycle_heap_stats stats;
    uint64_t i, n = expect_scale(ALLOCATIONS, 1000000);
    options.threshold = 128 * KI;
    machine_with(&m, &options);
    for (i = 0; i < n; i++) {
        uint64_t at = lifecycle_heap_alloc(m.heap, 2);
        lifecycle_cell *cells = lifecycle_heap_base(m.heap) + at;
        if (at == LIFECYCLE_NO_CELL)
            break;
        cells[0] = lifecycle_make_int((int64_t)i);
        cells[1] = i % 1000 == 0 ? NIL : m.x[0];
        m.x[0] = lifecycle_make_lis(at);
        EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    }
    EXPECT_EQ(i, n);
    stats = heap_stats(m.heap);
    EXPECT_EQ(stats.allocated, 2 * n);
    EXPECT(stats.collections >= 2 * n / (256 * KI));
    EXPECT(stats.high_water <= 256 * KI);
    EXPECT(stats.committed <= MI);
    EXPECT(stats.side_bytes <= 4 * MI);
    for (i = n; (i - 1) % 1000 != 0; i--) {
        EXPECT_EQ(*part(m.heap, m.x[0], 0), lifecycle_make_int((int64_t)i - 1));
        m.x[0] = *part(m.heap, m.x[0], 1);
    }
    end(m.heap);
}

static void no_roots(lifecycle_visitor *visitor, void *user)
{
    (void)visitor, (void)user;
}

static void lists_of_roots_come_from_the_allocator(void)
{
    lifecycle_heap_options options = verified();
    struct counting count = {0, 0, 0, 0};
    lifecycle_heap *heap;
    int i;
    options.allocator.alloc = counting_alloc;
    options.allocator.realloc = counting_realloc;
    options.allocator.free = counting_free;
    options.allocator.user = &count;
    heap = make(&options);
    for (i = 0; i < 1000; i++)
        EXPECT_OK(lifecycle_heap_add_roots(heap, no_roots, &count));
    EXPECT(count.blocks > 0 && count.bytes >= 16000);
    EXPECT_OK(lifecycle_heap_collect(heap));
    end(heap);
    EXPECT_EQ(count.blocks, 0);
    EXPECT_EQ(count.bytes, 0);
    EXPECT_EQ(count.wrong, 0);
}

static void hazard_mem_20_a_forked_child_has_its_own_heap(void)
{
    struct machine m;
    int status = -1;
    pid_t child;
    machine(&m);
    m.x[0] = sample(m.heap, 1);
    child = fork();
    if (child == 0) {
        int good = is_sample(m.heap, m.x[0], 1);
        m.x[0] = sample(m.heap, 2);
        good = good && lifecycle_heap_collect(m.heap) == LIFECYCLE_OK && is_sample(m.heap, m.x[0], 2);
        litter(m.heap, 5000);
        good = good && is_sample(m.heap, m.x[0], 2) && lifecycle_heap_destroy(m.heap) == LIFECYCLE_OK;
        good = good && lifecycle_heap_collect(m.heap) == LIFECYCLE_E_STALE;
        _exit(good ? 0 : 1);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_EQ(heap_stats(m.heap).collections, 0);
    collect_and_litter(m.heap, 5000);
    EXPECT(is_sample(m.heap, m.x[0], 1));
    end(m.heap);
}

int main(void)
{
    RUN(a_heap_is_made_and_destroyed);
    RUN(no_function_takes_a_destroyed_heap);
    RUN(many_heaps_are_apart);
    RUN(options_of_other_versions);
    RUN(options_at_their_edges);
    RUN(the_initial_cells_have_memory_at_once);
    RUN(cells_are_side_by_side);
    RUN(nothing_cannot_be_allocated);
    RUN(structures_of_the_largest_arity_fit);
    RUN(cells_are_handed_out_until_there_are_as_many_as_may_be);
    RUN(a_failed_allocation_changes_nothing);
    RUN(what_is_reserved_can_be_had);
    RUN(reserving_collects_when_it_must_and_may);
    RUN(a_reserved_structure_is_not_collected_in_the_middle);
    RUN(statistics_of_other_sizes);
    RUN(the_books_balance);
    RUN(memory_is_given_back_after_a_big_drop);
    RUN(a_long_loop_takes_bounded_memory);
    RUN(lists_of_roots_come_from_the_allocator);
    RUN(hazard_mem_20_a_forked_child_has_its_own_heap);
    return expect_done();
}
