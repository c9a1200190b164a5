/* Arenas: one test function for each promise of lifecycle.h. */
#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static lifecycle_arena *make(const lifecycle_arena_options *options)
{
    lifecycle_arena *arena = NULL;
    EXPECT_OK(lifecycle_arena_create(options, &arena));
    if (arena == NULL)
        exit(1);
    return arena;
}

static lifecycle_arena *make_limited(size_t limit)
{
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    options.hard_limit = limit;
    return make(&options);
}

static lifecycle_arena_stats stats_of(const lifecycle_arena *arena)
{
    lifecycle_arena_stats stats;
    EXPECT_OK(lifecycle_arena_stats_get(arena, &stats, sizeof stats));
    return stats;
}

static int holds(const unsigned char *at, size_t size, int byte)
{
    size_t i;
    for (i = 0; i < size; i++)
        if (at[i] != (unsigned char)byte)
            return 0;
    return 1;
}

/* --- allocating --- */

static void bytes_are_aligned_apart_and_kept(void)
{
    enum { NUMBER = 2000 };
    static unsigned char *blocks[NUMBER];
    static size_t sizes[NUMBER];
    lifecycle_arena *arena = make(NULL);
    int i, round;
    for (round = 0; round < 3; round++) {
        unsigned seed = 12345 + (unsigned)round;
        for (i = 0; i < NUMBER; i++) {
            seed = seed * 1103515245u + 12345u;
            sizes[i] = (seed >> 16) % (i % 50 == 0 ? 9000 : 130);
            blocks[i] = lifecycle_arena_alloc(arena, sizes[i]);
            EXPECT(blocks[i] != NULL && (uintptr_t)blocks[i] % 16 == 0);
            memset(blocks[i], i, sizes[i]);
        }
        for (i = 0; i < NUMBER; i++)
            EXPECT(holds(blocks[i], sizes[i], i));
        EXPECT_OK(lifecycle_arena_reset(arena));
        EXPECT_EQ(lifecycle_arena_used(arena), 0);
    }
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void the_inline_and_the_called_allocation_are_one(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *a = lifecycle_arena_alloc(arena, 5);
    unsigned char *b = lifecycle_arena_alloc_slow(arena, 16);
    unsigned char *c = lifecycle_arena_alloc(arena, 17);
    unsigned char *d = lifecycle_arena_alloc_aligned(arena, 1, 1);
    EXPECT(b == a + 16 && c == b + 16 && d == c + 32);
    EXPECT_EQ(lifecycle_arena_used(arena), 80);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void code_generators_may_rely_on_the_two_words(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *next;
    EXPECT_EQ(offsetof(lifecycle_arena, cursor), 0);
    EXPECT_EQ(offsetof(lifecycle_arena, limit), sizeof(void *));
    EXPECT(lifecycle_arena_alloc(arena, 16) != NULL);
    next = arena->cursor;
    EXPECT((uintptr_t)next % 16 == 0 && arena->limit >= next);
    EXPECT((uintptr_t)arena->limit % 16 == 0);
    EXPECT(lifecycle_arena_alloc(arena, 40) == next);
    EXPECT(arena->cursor == next + 48);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void nothing_is_something_of_its_own(void)
{
    lifecycle_arena *arena = make(NULL);
    char *a = lifecycle_arena_alloc(arena, 0);
    char *b = lifecycle_arena_alloc_slow(arena, 0);
    char *c = lifecycle_arena_alloc_aligned(arena, 0, 64);
    char *d = lifecycle_arena_alloc(arena, 0);
    EXPECT(a && b && c && d && a != b && b != c && c != d && a != d);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void alignments_are_kept(void)
{
    lifecycle_arena *arena = make(NULL);
    size_t align;
    for (align = 1; align <= LIFECYCLE_ARENA_ALIGN_MAX; align *= 2) {
        unsigned char *at = lifecycle_arena_alloc_aligned(arena, 100, align);
        unsigned char *huge = lifecycle_arena_alloc_aligned(arena, MIB, align);
        EXPECT(at != NULL && (uintptr_t)at % align == 0);
        EXPECT(huge != NULL && (uintptr_t)huge % align == 0);
        memset(at, 1, 100);
        memset(huge, 2, MIB);
        EXPECT(lifecycle_arena_alloc(arena, 1) != NULL);
    }
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void texts_are_copied(void)
{
    lifecycle_arena *arena = make(NULL);
    char text[] = "a text\0with a NUL";
    char *copy = lifecycle_arena_strdup(arena, text, sizeof text - 1);
    char *empty = lifecycle_arena_strdup(arena, NULL, 0);
    char *part = lifecycle_arena_strdup(arena, text, 1);
    EXPECT(copy != NULL && memcmp(copy, text, sizeof text) == 0);
    EXPECT(copy != text);
    EXPECT(empty != NULL && *empty == '\0');
    EXPECT(part != NULL && strcmp(part, "a") == 0);
    EXPECT(lifecycle_arena_strdup(arena, NULL, 1) == NULL);
    EXPECT_SENTENCE("NULL");
    EXPECT(lifecycle_arena_strdup(arena, text, SIZE_MAX) == NULL);
    EXPECT(lifecycle_arena_strdup(arena, text, SIZE_MAX / 2) == NULL);
    EXPECT(lifecycle_arena_strdup(NULL, text, 1) == NULL);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

/* --- numbers at their edges --- */

static void hazard_mem_19_alignments(void)
{
    static const size_t bad[] = { 0, 3, 24, (size_t)1 << 31, SIZE_MAX,
                                  (size_t)1 << 63,
                                  (size_t)LIFECYCLE_ARENA_ALIGN_MAX * 2 };
    lifecycle_arena *arena = make(NULL);
    size_t i;
    for (i = 0; i < COUNT(bad); i++) {
        EXPECT(lifecycle_arena_alloc_aligned(arena, 16, bad[i]) == NULL);
        EXPECT_SENTENCE("alignment");
    }
    EXPECT_EQ(lifecycle_arena_used(arena), 0);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void hazard_mem_19_sizes(void)
{
    static const size_t bad[] = { SIZE_MAX,      SIZE_MAX - 1,
                                  SIZE_MAX - 15, SIZE_MAX - 16,
                                  SIZE_MAX - 31, SIZE_MAX / 2 + 1,
                                  SIZE_MAX / 2,  SIZE_MAX / 4 };
    lifecycle_arena *arena = make(NULL);
    char *before, *after;
    size_t i;
    before = lifecycle_arena_alloc(arena, 16);
    for (i = 0; i < COUNT(bad); i++) {
        EXPECT(lifecycle_arena_alloc(arena, bad[i]) == NULL);
        EXPECT_SENTENCE("bytes");
        EXPECT(lifecycle_arena_alloc_slow(arena, bad[i]) == NULL);
        EXPECT(lifecycle_arena_alloc_aligned(arena, bad[i], 4096) == NULL);
    }
    after = lifecycle_arena_alloc(arena, 16);
    EXPECT(after == before + 16);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void hazard_mem_19_the_limit_in_the_middle_of_growing(void)
{
    lifecycle_arena *arena = make_limited(200 * KIB);
    size_t got = 0;
    while (lifecycle_arena_alloc(arena, 1000) != NULL)
        got += 1008;
    EXPECT_SENTENCE("limit of 204800");
    EXPECT(got <= 200 * KIB && got + 1008 > 200 * KIB);
    EXPECT_EQ(lifecycle_arena_used(arena), got);
    while (lifecycle_arena_alloc(arena, 16) != NULL)
        got += 16;
    EXPECT_EQ(got, 200 * KIB);
    EXPECT(lifecycle_arena_alloc(arena, 0) == NULL);
    EXPECT(lifecycle_arena_alloc(arena, 5 * MIB) == NULL);
    EXPECT_SENTENCE("limit");
    EXPECT_STATUS(lifecycle_arena_on_reset(arena, NULL, NULL, NULL),
                 LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT(lifecycle_arena_alloc(arena, 200 * KIB) != NULL);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void hazard_mem_19_growth_on_failing_rounds(void)
{
    lifecycle_arena *arena = make_limited(64 * MIB);
    size_t capacity;
    int i;
    EXPECT(lifecycle_arena_alloc(arena, 16) != NULL);
    capacity = lifecycle_arena_capacity(arena);
    for (i = 0; i < 36; i++) {
        lifecycle_arena_mark mark = lifecycle_arena_save(arena);
        EXPECT(lifecycle_arena_alloc(arena, 30 * KIB) != NULL);
        EXPECT(lifecycle_arena_alloc(arena, 8 * MIB) != NULL);
        EXPECT(lifecycle_arena_alloc(arena, 100 * MIB) == NULL);
        EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    }
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    EXPECT_EQ(lifecycle_arena_used(arena), 16);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void the_limit_counts_everything_in_use(void)
{
    lifecycle_arena *arena = make_limited(4 * MIB);
    lifecycle_arena_mark mark;
    EXPECT(lifecycle_arena_alloc(arena, 256 * KIB) != NULL);
    mark = lifecycle_arena_save(arena);
    EXPECT(lifecycle_arena_alloc(arena, 3 * MIB) != NULL);
    EXPECT(lifecycle_arena_alloc(arena, MIB) == NULL);
    EXPECT_SENTENCE("limit");
    EXPECT(lifecycle_arena_alloc(arena, 700 * KIB) != NULL);
    EXPECT(lifecycle_arena_alloc(arena, 100 * KIB) == NULL);
    EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    EXPECT(lifecycle_arena_alloc(arena, 3 * MIB) != NULL);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT(lifecycle_arena_alloc(arena, 4 * MIB) != NULL);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

/* --- resetting --- */

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static long fill_64_kib_pieces(lifecycle_arena *arena, int pieces)
{
    long before = faults();
    int i;
    for (i = 0; i < pieces; i++) {
        char *at = lifecycle_arena_alloc(arena, 64 * KIB);
        if (at == NULL)
            return -1;
        memset(at, i, 64 * KIB);
    }
    return faults() - before;
}

static void a_second_round_takes_no_page_fault(void)
{
    lifecycle_arena *arena = make(NULL);
    long first = fill_64_kib_pieces(arena, 255), second;
    size_t capacity = lifecycle_arena_capacity(arena);
    int watched = arena->limit == arena->cursor;
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    second = fill_64_kib_pieces(arena, 255);
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    EXPECT(first >= 0 && second >= 0);
    /* A checker's own memory faults whenever it likes. */
    EXPECT(watched || second * 8 <= first);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void what_is_not_retained_goes_back(void)
{
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena;
    int round;
    options.retained = 100 * KIB;
    arena = make(&options);
    for (round = 0; round < 3; round++) {
        unsigned char *at = lifecycle_arena_alloc(arena, 900 * KIB);
        EXPECT(at != NULL);
        EXPECT(lifecycle_arena_capacity(arena) >= 900 * KIB);
        memset(at, 7, 900 * KIB);
        EXPECT_OK(lifecycle_arena_reset(arena));
        EXPECT_EQ(lifecycle_arena_capacity(arena), 100 * KIB);
    }
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void one_huge_request_does_not_stay(void)
{
    lifecycle_arena *arena = make(NULL);
    size_t capacity;
    unsigned char *huge, *small;
    EXPECT(lifecycle_arena_alloc(arena, 100) != NULL);
    capacity = lifecycle_arena_capacity(arena);
    huge = lifecycle_arena_alloc(arena, 50 * MIB);
    small = lifecycle_arena_alloc(arena, 100);
    EXPECT(huge != NULL && small != NULL);
    memset(huge, 1, 50 * MIB);
    EXPECT_EQ(stats_of(arena).side_bytes, 50 * MIB);
    EXPECT_EQ(stats_of(arena).side_count, 1);
    EXPECT_EQ(lifecycle_arena_used(arena), 224 + 50 * MIB);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    EXPECT_EQ(stats_of(arena).high_water, 224 + 50 * MIB);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void statistics_add_up(void)
{
    lifecycle_arena *arena = make_limited(10 * MIB);
    lifecycle_arena_stats stats;
    uint64_t used = 1;
    EXPECT(lifecycle_arena_alloc(arena, 1000) != NULL);
    EXPECT(lifecycle_arena_alloc(arena, 2 * MIB) != NULL);
    stats = stats_of(arena);
    EXPECT_EQ(stats.used, 1008 + 2 * MIB);
    EXPECT_EQ(stats.used, lifecycle_arena_used(arena));
    EXPECT_EQ(stats.hard_limit, 10 * MIB);
    EXPECT_EQ(stats.first_region, 0);
    EXPECT(stats.committed >= stats.used && stats.reserved >= stats.committed);
    EXPECT_EQ(stats.failed_releases, 0);
    EXPECT_EQ(stats.resets, 0);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(stats_of(arena).resets, 1);
    /* Another version's struct: shorter is filled, longer is zeroed. */
    EXPECT_OK(lifecycle_arena_stats_get(arena, (lifecycle_arena_stats *)&used,
                                       sizeof used));
    EXPECT_EQ(used, 0);
    EXPECT_STATUS(lifecycle_arena_stats_get(arena, &stats, 0),
                 LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_arena_stats_get(arena, NULL, sizeof stats),
                 LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

/* --- the caller's memory --- */

static void the_first_region_comes_first(void)
{
    static unsigned char region[1000];
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena;
    lifecycle_arena_mark mark;
    unsigned char *inside, *outside, *again;
    memset(region, 9, sizeof region);
    options.first_region = region + 3;
    options.first_region_size = sizeof region - 3;
    arena = make(&options);
    EXPECT_EQ(stats_of(arena).reserved, 0);
    inside = lifecycle_arena_alloc(arena, 900);
    EXPECT(inside >= region + 3 && inside + 900 <= region + sizeof region);
    mark = lifecycle_arena_save(arena);
    outside = lifecycle_arena_alloc(arena, 900);
    EXPECT(outside + 900 <= region || outside >= region + sizeof region);
    memset(inside, 1, 900);
    memset(outside, 2, 900);
    EXPECT_EQ(lifecycle_arena_used(arena), 912 + 912);
    EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    EXPECT_EQ(lifecycle_arena_used(arena), 912);
    again = lifecycle_arena_alloc(arena, 16);
    EXPECT(again == inside + 912);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT(lifecycle_arena_alloc(arena, 900) == inside);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    /* It is the caller's again, all of it. */
    memset(region, 5, sizeof region);
    EXPECT(holds(region, sizeof region, 5));
}

static void first_regions_that_are_none(void)
{
    unsigned char region[64];
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena = (lifecycle_arena *)region;
    size_t size;
    for (size = 0; size < 20; size++) {
        options.first_region = region + 1;
        options.first_region_size = size;
        arena = make(&options);
        EXPECT(lifecycle_arena_alloc(arena, 100) != NULL);
        EXPECT_OK(lifecycle_arena_destroy(arena));
    }
    options.first_region = NULL;
    options.first_region_size = 100;
    EXPECT_STATUS(lifecycle_arena_create(&options, &arena),
                 LIFECYCLE_E_INVALID);
    EXPECT(arena == NULL);
    options.first_region = region;
    options.first_region_size = SIZE_MAX;
    EXPECT_STATUS(lifecycle_arena_create(&options, &arena),
                 LIFECYCLE_E_INVALID);
}

/* --- marks --- */

static void marks_nest(void)
{
    enum { LEVELS = 300 };
    static lifecycle_arena_mark marks[LEVELS];
    static size_t used[LEVELS];
    lifecycle_arena *arena = make(NULL);
    int i;
    for (i = 0; i < LEVELS; i++) {
        used[i] = lifecycle_arena_used(arena);
        marks[i] = lifecycle_arena_save(arena);
        EXPECT(lifecycle_arena_alloc(arena, 100 + (size_t)i * 16) != NULL);
    }
    for (i = LEVELS - 1; i >= 0; i--) {
        EXPECT_OK(lifecycle_arena_rewind(arena, marks[i]));
        EXPECT_EQ(lifecycle_arena_used(arena), used[i]);
        /* The mark stays good. */
        EXPECT(lifecycle_arena_alloc(arena, 5000) != NULL);
        EXPECT_OK(lifecycle_arena_rewind(arena, marks[i]));
        EXPECT_EQ(lifecycle_arena_used(arena), used[i]);
        if (i + 1 < LEVELS)
            EXPECT_STATUS(lifecycle_arena_rewind(arena, marks[i + 1]),
                         LIFECYCLE_E_STALE);
    }
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void a_rewind_keeps_what_is_older(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *kept = lifecycle_arena_alloc(arena, 200 * KIB);
    unsigned char *huge = lifecycle_arena_alloc(arena, 2 * MIB);
    lifecycle_arena_mark mark = lifecycle_arena_save(arena);
    memset(kept, 3, 200 * KIB);
    memset(huge, 4, 2 * MIB);
    EXPECT(lifecycle_arena_alloc(arena, 3 * MIB) != NULL);
    EXPECT(lifecycle_arena_alloc(arena, 900 * KIB) != NULL);
    EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    EXPECT_EQ(stats_of(arena).side_count, 1);
    EXPECT(holds(kept, 200 * KIB, 3) && holds(huge, 2 * MIB, 4));
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void stale_and_foreign_marks_are_refused(void)
{
    lifecycle_arena *arena = make(NULL), *other = make(NULL);
    lifecycle_arena_mark outer, inner, theirs, forged, zero;
    size_t used;
    memset(&zero, 0, sizeof zero);
    theirs = lifecycle_arena_save(other);
    outer = lifecycle_arena_save(arena);
    EXPECT(lifecycle_arena_alloc(arena, 100) != NULL);
    inner = lifecycle_arena_save(arena);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, theirs), LIFECYCLE_E_INVALID);
    EXPECT_SENTENCE("not one of");
    EXPECT_STATUS(lifecycle_arena_rewind(arena, zero), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_arena_rewind(NULL, outer), LIFECYCLE_E_INVALID);
    memset(&forged, 0xff, sizeof forged);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, forged), LIFECYCLE_E_INVALID);

    EXPECT_OK(lifecycle_arena_rewind(arena, outer));
    EXPECT_STATUS(lifecycle_arena_rewind(arena, inner), LIFECYCLE_E_STALE);
    /* Nor when the arena has grown past the place again. */
    EXPECT(lifecycle_arena_alloc(arena, 10 * KIB) != NULL);
    used = lifecycle_arena_used(arena);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, inner), LIFECYCLE_E_STALE);
    EXPECT_EQ(lifecycle_arena_used(arena), used);
    EXPECT_OK(lifecycle_arena_rewind(arena, outer));

    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT(lifecycle_arena_alloc(arena, 10 * KIB) != NULL);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, outer), LIFECYCLE_E_STALE);
    EXPECT_SENTENCE("reset");

    /* The next arena may have the same address: its marks are others. */
    outer = lifecycle_arena_save(arena);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_STATUS(lifecycle_arena_rewind(arena, outer), LIFECYCLE_E_STALE);
    arena = make(NULL);
    EXPECT(lifecycle_arena_alloc(arena, 20 * KIB) != NULL);
    EXPECT(lifecycle_arena_save(arena).arena != outer.arena);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, outer), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_OK(lifecycle_arena_destroy(other));
    zero = lifecycle_arena_save(NULL);
    EXPECT_EQ(zero.arena, 0);
}

/* --- cleanups --- */

static int order[64];
static int ran;

static void note(void *number, void *user)
{
    EXPECT(user == &ran);
    if (ran < 64)
        order[ran] = (int)(intptr_t)number;
    ran++;
}

static void *number(int n)
{
    return (void *)(intptr_t)n;
}

static void cleanups_run_newest_first(void)
{
    lifecycle_arena *arena = make(NULL);
    lifecycle_arena_mark mark;
    int i;
    ran = 0;
    for (i = 1; i <= 5; i++)
        EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(i), &ran));
    EXPECT_EQ(ran, 0);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(ran, 5);
    for (i = 0; i < 5; i++)
        EXPECT_EQ(order[i], 5 - i);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(ran, 5);

    /* A rewind runs those registered since the mark, and no others. */
    ran = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(1), &ran));
    mark = lifecycle_arena_save(arena);
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(2), &ran));
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(3), &ran));
    EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    EXPECT_EQ(ran, 2);
    EXPECT(order[0] == 3 && order[1] == 2);
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(4), &ran));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_EQ(ran, 4);
    EXPECT(order[2] == 4 && order[3] == 1);
}

static void registers_more(void *arena, void *user)
{
    int left = --*(int *)user;
    unsigned char *at = lifecycle_arena_alloc(arena, 300);
    EXPECT(at != NULL);
    memset(at, 1, 300);
    order[ran++] = left;
    if (left > 0)
        EXPECT_OK(lifecycle_arena_on_reset(arena, registers_more, arena, user));
}

static void hazard_mem_20_a_cleanup_may_allocate_and_register(void)
{
    lifecycle_arena *arena = make(NULL);
    int left = 10, i;
    ran = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(77), &ran));
    EXPECT_OK(lifecycle_arena_on_reset(arena, registers_more, arena, &left));
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(ran, 11);
    for (i = 0; i < 10; i++)
        EXPECT_EQ(order[i], 9 - i);
    EXPECT_EQ(order[10], 77);
    EXPECT_EQ(lifecycle_arena_used(arena), 0);
    left = 5;
    ran = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, registers_more, arena, &left));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_EQ(ran, 5);
}

static lifecycle_arena_mark cleanup_mark;

static void is_refused(void *arena, void *kept)
{
    lifecycle_arena_mark here = lifecycle_arena_save(arena);
    EXPECT_STATUS(lifecycle_arena_reset(arena), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("cleanup");
    EXPECT_STATUS(lifecycle_arena_destroy(arena), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, cleanup_mark),
                 LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, here), LIFECYCLE_E_BUSY);
    /* What was allocated is still there: the cleanup reads it. */
    EXPECT(holds(kept, 5000, 6));
    EXPECT(lifecycle_arena_used(arena) >= 5000);
    ran++;
}

static void hazard_mem_20_a_cleanup_may_not_reset(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *kept;
    int how;
    for (how = 0; how < 3; how++) {
        cleanup_mark = lifecycle_arena_save(arena);
        kept = lifecycle_arena_alloc(arena, 5000);
        EXPECT(kept != NULL);
        memset(kept, 6, 5000);
        ran = 0;
        EXPECT_OK(lifecycle_arena_on_reset(arena, is_refused, arena, kept));
        if (how == 0)
            EXPECT_OK(lifecycle_arena_reset(arena));
        else if (how == 1)
            EXPECT_OK(lifecycle_arena_rewind(arena, cleanup_mark));
        else
            EXPECT_OK(lifecycle_arena_destroy(arena));
        EXPECT_EQ(ran, 1);
    }
    EXPECT_STATUS(lifecycle_arena_reset(arena), LIFECYCLE_E_STALE);
}

static void uses_others(void *other, void *user)
{
    lifecycle_arena *fresh = make(NULL);
    EXPECT(lifecycle_arena_alloc(fresh, 10) != NULL);
    EXPECT_OK(lifecycle_arena_destroy(fresh));
    EXPECT_OK(lifecycle_arena_destroy(other));
    (void)user;
    ran++;
}

static void hazard_mem_20_a_cleanup_may_use_other_arenas(void)
{
    lifecycle_arena *arena = make(NULL), *other = make(NULL);
    ran = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, uses_others, other, NULL));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_EQ(ran, 1);
    EXPECT_STATUS(lifecycle_arena_destroy(other), LIFECYCLE_E_STALE);
}

static void a_cleanup_that_does_not_fit_is_never_called(void)
{
    lifecycle_arena *arena = make_limited(64);
    ran = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(1), &ran));
    EXPECT_STATUS(lifecycle_arena_on_reset(arena, note, number(2), &ran),
                 LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_EQ(ran, 1);
}

/* --- misuse --- */

static void pointers_that_are_no_arena(void)
{
    static lifecycle_arena zeroed;
    lifecycle_arena *arena = make(NULL);
    lifecycle_arena *inside = (lifecycle_arena *)((char *)arena + 16);
    lifecycle_arena *bad[3];
    lifecycle_arena_mark mark;
    lifecycle_arena_stats stats;
    size_t i;
    memset(&mark, 0, sizeof mark);
    bad[0] = NULL;
    bad[1] = &zeroed;
    bad[2] = inside;
    for (i = 0; i < COUNT(bad); i++) {
        lifecycle_arena *it = bad[i];
        if (it != inside) /* The inline allocation trusts its pointer. */
            EXPECT(lifecycle_arena_alloc(it, 16) == NULL);
        EXPECT(lifecycle_arena_alloc_slow(it, 16) == NULL);
        EXPECT(lifecycle_arena_alloc_aligned(it, 16, 16) == NULL);
        EXPECT(lifecycle_arena_strdup(it, "x", 1) == NULL);
        EXPECT_EQ(lifecycle_arena_save(it).arena, 0);
        EXPECT_EQ(lifecycle_arena_used(it), 0);
        EXPECT_EQ(lifecycle_arena_capacity(it), 0);
        EXPECT_STATUS(lifecycle_arena_rewind(it, mark), LIFECYCLE_E_INVALID);
        EXPECT_STATUS(lifecycle_arena_reset(it), LIFECYCLE_E_INVALID);
        EXPECT_STATUS(lifecycle_arena_destroy(it), LIFECYCLE_E_INVALID);
        EXPECT_STATUS(lifecycle_arena_on_reset(it, note, NULL, NULL),
                     LIFECYCLE_E_INVALID);
        EXPECT_STATUS(lifecycle_arena_stats_get(it, &stats, sizeof stats),
                     LIFECYCLE_E_INVALID);
    }
    EXPECT_STATUS(lifecycle_arena_create(NULL, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void a_destroyed_arena_is_stale(void)
{
    lifecycle_arena *arena = make(NULL);
    lifecycle_arena_stats stats;
    EXPECT(lifecycle_arena_alloc(arena, 100) != NULL);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT(lifecycle_arena_alloc(arena, 16) == NULL);
    EXPECT_SENTENCE("destroyed");
    EXPECT(lifecycle_arena_alloc_aligned(arena, 16, 16) == NULL);
    EXPECT(lifecycle_arena_strdup(arena, "x", 1) == NULL);
    EXPECT_EQ(lifecycle_arena_used(arena), 0);
    EXPECT_STATUS(lifecycle_arena_reset(arena), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_arena_destroy(arena), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_arena_on_reset(arena, note, NULL, NULL),
                 LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_arena_stats_get(arena, &stats, sizeof stats),
                 LIFECYCLE_E_STALE);
}

static void options_of_other_versions(void)
{
    struct {
        lifecycle_arena_options known;
        uint64_t later;
    } longer = { LIFECYCLE_ARENA_OPTIONS_INIT, 0 };
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena;
    longer.known.size = sizeof longer;
    EXPECT_OK(lifecycle_arena_create(&longer.known, &arena));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    longer.later = 1;
    EXPECT_STATUS(lifecycle_arena_create(&longer.known, &arena),
                 LIFECYCLE_E_UNSUPPORTED);
    EXPECT(arena == NULL);
    /* What is beyond the size of a shorter one is not looked at. */
    options.size = offsetof(lifecycle_arena_options, flags);
    options.flags = 0xffffffffu;
    EXPECT_OK(lifecycle_arena_create(&options, &arena));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    options.size = sizeof options;
    EXPECT_STATUS(lifecycle_arena_create(&options, &arena),
                 LIFECYCLE_E_INVALID);
    options.flags = 0;
    options.reserved = 1;
    EXPECT_STATUS(lifecycle_arena_create(&options, &arena),
                 LIFECYCLE_E_INVALID);
    options.reserved = 0;
    options.size = 0;
    EXPECT_STATUS(lifecycle_arena_create(&options, &arena),
                 LIFECYCLE_E_INVALID);
}

static void options_at_their_edges(void)
{
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena;
    unsigned char *at;
    options.chunk_size = SIZE_MAX;
    options.hard_limit = 8 * MIB;
    options.retained = SIZE_MAX;
    arena = make(&options);
    at = lifecycle_arena_alloc(arena, 100);
    EXPECT(at != NULL);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    options.chunk_size = 1;
    options.hard_limit = SIZE_MAX;
    options.retained = 1;
    arena = make(&options);
    EXPECT(lifecycle_arena_alloc(arena, 100 * KIB) != NULL);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(lifecycle_arena_capacity(arena), 4 * KIB);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    options.hard_limit = 1;
    arena = make(&options);
    EXPECT(lifecycle_arena_alloc(arena, 0) == NULL);
    EXPECT_SENTENCE("limit of 1");
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

/* --- many, and many threads --- */

static void many_arenas_leave_room_for_others(void)
{
    enum { MOST = 6000 };
    static lifecycle_arena *arenas[MOST];
    int count = (int)expect_scale(MOST, MOST / 100), i;
    void *theirs;
    for (i = 0; i < count; i++) {
        unsigned char *at;
        arenas[i] = make(NULL);
        at = lifecycle_arena_alloc(arenas[i], 100);
        EXPECT(at != NULL);
        memset(at, i, 100);
    }
    /* However little the last one got: it is extended. */
    EXPECT(fill_64_kib_pieces(arenas[count - 1], 200) >= 0);
    theirs = malloc((size_t)1 << 30);
    EXPECT(theirs != NULL);
    free(theirs);
    for (i = 0; i < count; i++)
        EXPECT_OK(lifecycle_arena_destroy(arenas[i]));
}

static void *works_alone(void *failed)
{
    lifecycle_arena *arena = NULL;
    int round, i;
    if (lifecycle_arena_create(NULL, &arena) != LIFECYCLE_OK)
        return failed;
    for (round = 0; round < 20; round++) {
        for (i = 0; i < 500; i++) {
            unsigned char *at = lifecycle_arena_alloc(arena, 50);
            if (at == NULL)
                return failed;
            memset(at, i, 50);
        }
        if (lifecycle_arena_reset(arena) != LIFECYCLE_OK)
            return failed;
    }
    return lifecycle_arena_destroy(arena) == LIFECYCLE_OK ? NULL : failed;
}

static void threads_with_an_arena_each(void)
{
    pthread_t threads[4];
    int i;
    for (i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, works_alone, &ran) == 0);
    for (i = 0; i < 4; i++) {
        void *failed = NULL;
        EXPECT(pthread_join(threads[i], &failed) == 0 && failed == NULL);
    }
}

static void *goes_on(void *arena)
{
    unsigned char *at = lifecycle_arena_alloc(arena, 100);
    if (at != NULL)
        memset(at, 2, 100);
    return at;
}

static void an_arena_may_change_its_thread(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *here = lifecycle_arena_alloc(arena, 100);
    void *there = NULL;
    pthread_t thread;
    memset(here, 1, 100);
    EXPECT(pthread_create(&thread, NULL, goes_on, arena) == 0);
    EXPECT(pthread_join(thread, &there) == 0);
    EXPECT(there == here + 112 && holds(there, 100, 2));
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void feather_before_anything(void)
{
    EXPECT_EQ(feather_arena_used(), 0);
    EXPECT_EQ(feather_arena_capacity(), 0);
    feather_arena_reset();
    EXPECT_EQ(feather_arena_used(), 0);
}

static void *feathers(void *failed)
{
    unsigned char *mine[200];
    int i;
    for (i = 0; i < 200; i++) {
        mine[i] = feather_arena_alloc(100);
        if (mine[i] == NULL || (uintptr_t)mine[i] % 16 != 0)
            return failed;
        memset(mine[i], (int)(intptr_t)&mine[i], 100);
    }
    for (i = 0; i < 200; i++)
        if (!holds(mine[i], 100, (int)(intptr_t)&mine[i]))
            return failed;
    return NULL;
}

static void feathers_from_many_threads(void)
{
    pthread_t threads[4];
    size_t capacity;
    int i;
    for (i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, feathers, &ran) == 0);
    for (i = 0; i < 4; i++) {
        void *failed = NULL;
        EXPECT(pthread_join(threads[i], &failed) == 0 && failed == NULL);
    }
    EXPECT_EQ(feather_arena_used(), 4 * 200 * 112);
    capacity = feather_arena_capacity();
    EXPECT(capacity >= feather_arena_used());
    feather_arena_reset();
    EXPECT_EQ(feather_arena_used(), 0);
    EXPECT_EQ(feather_arena_capacity(), capacity);
    EXPECT(feather_arena_alloc(SIZE_MAX) == NULL);
    EXPECT_SENTENCE("bytes");
    EXPECT(feather_arena_alloc(0) != NULL);
    feather_arena_reset();
}

static void hazard_mem_20_a_forked_child_has_its_own(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *ours = lifecycle_arena_alloc(arena, 1000);
    int status = -1;
    pid_t child;
    memset(ours, 8, 1000);
    child = fork();
    if (child == 0) {
        int good = holds(ours, 1000, 8) &&
                   lifecycle_arena_reset(arena) == LIFECYCLE_OK;
        unsigned char *theirs = lifecycle_arena_alloc(arena, 1000);
        good = good && theirs == ours;
        memset(theirs, 9, 1000);
        good = good && feather_arena_alloc(10) != NULL &&
               lifecycle_arena_destroy(arena) == LIFECYCLE_OK;
        _exit(good ? 0 : 1);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(holds(ours, 1000, 8));
    EXPECT_EQ(lifecycle_arena_used(arena), 1008);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void without_marks_everything_is_the_same(void)
{
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena;
    int round, i;
    options.flags = LIFECYCLE_ARENA_NO_POISON;
    options.retained = 4 * KIB;
    arena = make(&options);
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 500; i++) {
            unsigned char *at = lifecycle_arena_alloc(arena, 200);
            EXPECT(at != NULL);
            memset(at, i, 200);
        }
        /* A checker has nothing against a look at old bytes here. */
        EXPECT(arena->limit > arena->cursor);
        EXPECT_OK(lifecycle_arena_reset(arena));
    }
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void memory_is_whole_for_its_next_user(void)
{
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    unsigned char *heap = malloc(4096);
    lifecycle_arena *arena;
    int round;
    EXPECT(heap != NULL);
    options.first_region = heap;
    options.first_region_size = 4096;
    for (round = 0; round < 3; round++) {
        arena = make(&options);
        EXPECT(lifecycle_arena_alloc(arena, 3000) == (void *)heap);
        memset(heap, round, 3000);
        EXPECT(lifecycle_arena_alloc(arena, 3000) != NULL);
        EXPECT(lifecycle_arena_alloc(arena, 2 * MIB) != NULL);
        EXPECT_OK(lifecycle_arena_reset(arena));
        EXPECT(lifecycle_arena_alloc(arena, 3000) == (void *)heap);
        memset(heap, round, 3000);
        EXPECT_OK(lifecycle_arena_destroy(arena));
        memset(heap, round, 4096);
    }
    EXPECT(holds(heap, 4096, 2));
    free(heap);
}

int main(void)
{
    RUN(feather_before_anything);
    RUN(bytes_are_aligned_apart_and_kept);
    RUN(the_inline_and_the_called_allocation_are_one);
    RUN(code_generators_may_rely_on_the_two_words);
    RUN(nothing_is_something_of_its_own);
    RUN(alignments_are_kept);
    RUN(texts_are_copied);
    RUN(hazard_mem_19_alignments);
    RUN(hazard_mem_19_sizes);
    RUN(hazard_mem_19_the_limit_in_the_middle_of_growing);
    RUN(hazard_mem_19_growth_on_failing_rounds);
    RUN(the_limit_counts_everything_in_use);
    RUN(a_second_round_takes_no_page_fault);
    RUN(what_is_not_retained_goes_back);
    RUN(one_huge_request_does_not_stay);
    RUN(statistics_add_up);
    RUN(the_first_region_comes_first);
    RUN(first_regions_that_are_none);
    RUN(marks_nest);
    RUN(a_rewind_keeps_what_is_older);
    RUN(stale_and_foreign_marks_are_refused);
    RUN(cleanups_run_newest_first);
    RUN(hazard_mem_20_a_cleanup_may_allocate_and_register);
    RUN(hazard_mem_20_a_cleanup_may_not_reset);
    RUN(hazard_mem_20_a_cleanup_may_use_other_arenas);
    RUN(a_cleanup_that_does_not_fit_is_never_called);
    RUN(pointers_that_are_no_arena);
    RUN(a_destroyed_arena_is_stale);
    RUN(options_of_other_versions);
    RUN(options_at_their_edges);
    RUN(many_arenas_leave_room_for_others);
    RUN(threads_with_an_arena_each);
    RUN(an_arena_may_change_its_thread);
    RUN(feathers_from_many_threads);
    RUN(hazard_mem_20_a_forked_child_has_its_own);
    RUN(without_marks_everything_is_the_same);
    RUN(memory_is_whole_for_its_next_user);
    return expect_done();
}
