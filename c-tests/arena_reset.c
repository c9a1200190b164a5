/* Arenas: what is forgotten and what stays: resets, marks, cleanups, the caller's memory. */
#include <setjmp.h>
#include <sys/resource.h>

#include "arena.h"

/* --- resetting --- */

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static void a_second_round_takes_no_page_fault(void)
{
    lifecycle_arena *arena = make(NULL);
    long before = faults(), first, second;
    size_t capacity;
    EXPECT(fill_64_kib_pieces(arena, 255));
    first = faults() - before;
    capacity = lifecycle_arena_capacity(arena);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    before = faults();
    EXPECT(fill_64_kib_pieces(arena, 255));
    second = faults() - before;
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    /* A checker's own memory faults whenever it likes. */
    EXPECT(is_watched(arena) || second * 8 <= first);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void rounds(lifecycle_arena *arena, int number, int pieces)
{
    int round;
    for (round = 0; round < number; round++) {
        EXPECT(fill_64_kib_pieces(arena, pieces));
        EXPECT_OK(lifecycle_arena_reset(arena));
    }
}

static void many_rounds_alike_take_no_page_fault(void)
{
    lifecycle_arena *arena = make(NULL);
    size_t capacity;
    long before;
    rounds(arena, 70, 32);
    capacity = lifecycle_arena_capacity(arena);
    before = faults();
    rounds(arena, 300, 32);
    EXPECT(is_watched(arena) || faults() - before < 32);
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void what_one_large_round_took_goes_back(void)
{
    lifecycle_arena_options all = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_arena *arena = make(NULL);
    size_t capacity;
    rounds(arena, 1, 640);
    capacity = lifecycle_arena_capacity(arena);
    EXPECT(capacity >= 40 * MIB);
    rounds(arena, 190, 1);
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    rounds(arena, 1, 1);
    EXPECT(lifecycle_arena_capacity(arena) < capacity);
    EXPECT(lifecycle_arena_capacity(arena) >= capacity - 16 * MIB);
    rounds(arena, 64 * 8, 1);
    EXPECT(lifecycle_arena_capacity(arena) <= 128 * KIB);
    rounds(arena, 1, 640);
    EXPECT_EQ(arena_stats_of(arena).failed_releases, 0);
    EXPECT_OK(lifecycle_arena_destroy(arena));

    all.retained = SIZE_MAX;
    arena = make(&all);
    rounds(arena, 1, 640);
    capacity = lifecycle_arena_capacity(arena);
    rounds(arena, 64 * 4, 1);
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
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
    EXPECT_EQ(arena_stats_of(arena).side_bytes, 50 * MIB);
    EXPECT_EQ(arena_stats_of(arena).side_count, 1);
    EXPECT_EQ(lifecycle_arena_used(arena), 224 + 50 * MIB);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(lifecycle_arena_capacity(arena), capacity);
    EXPECT_EQ(arena_stats_of(arena).high_water, 224 + 50 * MIB);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void statistics_add_up(void)
{
    lifecycle_arena *arena = make_limited(10 * MIB);
    lifecycle_arena_stats stats;
    uint64_t used = 1;
    EXPECT(lifecycle_arena_alloc(arena, 1000) != NULL);
    EXPECT(lifecycle_arena_alloc(arena, 2 * MIB) != NULL);
    stats = arena_stats_of(arena);
    EXPECT_EQ(stats.used, 1008 + 2 * MIB);
    EXPECT_EQ(stats.used, lifecycle_arena_used(arena));
    EXPECT_EQ(stats.hard_limit, 10 * MIB);
    EXPECT_EQ(stats.first_region, 0);
    EXPECT(stats.committed >= stats.used && stats.reserved >= stats.committed);
    EXPECT_EQ(stats.failed_releases, 0);
    EXPECT_EQ(stats.resets, 0);
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(arena_stats_of(arena).resets, 1);
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
    EXPECT_EQ(arena_stats_of(arena).reserved, 0);
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
    EXPECT_EQ(arena_stats_of(arena).side_count, 1);
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

static jmp_buf out_of_here;

static void jumps(void *resource, void *user)
{
    (void)resource;
    (void)user;
    longjmp(out_of_here, 1);
}

static void hazard_mem_20_a_longjmp_out_of_a_cleanup(void)
{
    lifecycle_arena *volatile arena = make(NULL);
    unsigned char *volatile kept = lifecycle_arena_alloc(arena, 100);
    memset(kept, 5, 100);
    ran = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(1), &ran));
    EXPECT_OK(lifecycle_arena_on_reset(arena, jumps, NULL, NULL));
    if (setjmp(out_of_here) == 0) {
        lifecycle_arena_reset(arena);
        EXPECT(!"it jumps");
    }
    /* Nothing was forgotten and nothing is: it can be used to the end. */
    EXPECT(holds(kept, 100, 5));
    EXPECT_EQ(ran, 0);
    EXPECT(lifecycle_arena_alloc(arena, 50000) != NULL);
    EXPECT_STATUS(lifecycle_arena_reset(arena), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_destroy(arena), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_arena_on_reset(arena, note, number(2), &ran));
    EXPECT(holds(kept, 100, 5));
}

int main(void)
{
    RUN(a_second_round_takes_no_page_fault);
    RUN(many_rounds_alike_take_no_page_fault);
    RUN(what_one_large_round_took_goes_back);
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
    RUN(hazard_mem_20_a_longjmp_out_of_a_cleanup);
    return expect_done();
}
