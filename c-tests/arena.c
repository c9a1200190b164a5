/* Arenas: allocating, sizes at their edges, giving an allocation another size. */
#include "arena.h"

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

/* --- giving an allocation another size --- */

static void the_last_allocation_grows_where_it_is(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *at = lifecycle_arena_alloc(arena, 10);
    size_t size = 10, next;
    memset(at, 3, 10);
    for (next = 11; next < MIB; next += next / 3) {
        EXPECT(lifecycle_arena_grow(arena, at, size, next) == at);
        EXPECT(at[size - 1] == 3);
        memset(at + size, 3, next - size);
        size = next;
    }
    EXPECT(holds(at, size, 3));
    EXPECT_EQ(lifecycle_arena_used(arena), (size + 15) / 16 * 16);
    /* What it gives back can be had at once. */
    EXPECT(lifecycle_arena_grow(arena, at, size, 40) == at);
    EXPECT_EQ(lifecycle_arena_used(arena), 48);
    EXPECT(lifecycle_arena_alloc(arena, 1) == at + 48);
    EXPECT(holds(at, 40, 3));
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void what_is_not_the_last_moves(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *first = lifecycle_arena_alloc(arena, 100), *last, *huge;
    lifecycle_arena_mark mark;
    memset(first, 1, 100);
    last = lifecycle_arena_alloc(arena, 100);
    memset(last, 2, 100);
    EXPECT(lifecycle_arena_grow(arena, first, 100, 50) == first);
    first = lifecycle_arena_grow(arena, first, 50, 200);
    EXPECT(first > last && holds(first, 50, 1));
    huge = lifecycle_arena_grow(arena, first, 200, 3 * MIB);
    EXPECT(huge != NULL && holds(huge, 50, 1));
    EXPECT_EQ(arena_stats_of(arena).side_bytes, 3 * MIB);
    memset(huge, 4, 3 * MIB);
    huge = lifecycle_arena_grow(arena, huge, 3 * MIB, 4 * MIB);
    EXPECT(huge != NULL && holds(huge, 3 * MIB, 4));
    EXPECT(holds(last, 100, 2));
    EXPECT(lifecycle_arena_grow(arena, NULL, 0, 16) != NULL);

    /* A rewind takes back what was grown since. */
    EXPECT_OK(lifecycle_arena_reset(arena));
    first = lifecycle_arena_alloc(arena, 100);
    memset(first, 1, 100);
    mark = lifecycle_arena_save(arena);
    EXPECT(lifecycle_arena_grow(arena, first, 100, 1000) == first);
    EXPECT(lifecycle_arena_grow(arena, first, 1000, 10) == first);
    EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    EXPECT_EQ(lifecycle_arena_used(arena), 112);
    EXPECT(holds(first, 10, 1));
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

static void hazard_mem_19_growing_at_the_edges(void)
{
    static const size_t bad[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 31,
                                  SIZE_MAX / 2 + 1, SIZE_MAX / 4 };
    lifecycle_arena *arena = make_limited(MIB), *other = make(NULL);
    unsigned char *at = lifecycle_arena_alloc(arena, 100);
    void *theirs = lifecycle_arena_alloc(other, 100);
    size_t size = 100, i;
    memset(at, 7, 100);
    for (i = 0; i < COUNT(bad); i++) {
        EXPECT(lifecycle_arena_grow(arena, at, 100, bad[i]) == NULL);
        EXPECT_SENTENCE("bytes");
        EXPECT(lifecycle_arena_grow(arena, at, bad[i], 10) == NULL);
        EXPECT_SENTENCE("in use");
    }
    EXPECT(lifecycle_arena_grow(arena, theirs, 100, 200) == NULL);
    EXPECT(lifecycle_arena_grow(arena, at + 112, 1, 200) == NULL);
    EXPECT(lifecycle_arena_grow(arena, at - 16, 16, 200) == NULL);
    EXPECT(lifecycle_arena_grow(arena, at + 1, 16, 200) == NULL);
    EXPECT(lifecycle_arena_grow(arena, at, 113, 200) == NULL);
    EXPECT(lifecycle_arena_grow(arena, &size, 8, 200) == NULL);
    EXPECT(lifecycle_arena_grow(arena, NULL, 8, 200) == NULL);
    EXPECT_SENTENCE("NULL");
    EXPECT_EQ(lifecycle_arena_used(arena), 112);
    /* The limit is met in the middle; what is there stays, and can go on. */
    while (lifecycle_arena_grow(arena, at, size, size * 2) == at) {
        memset(at + size, 7, size);
        size *= 2;
    }
    EXPECT_SENTENCE("limit of 1048576");
    EXPECT(size >= MIB / 3 && holds(at, size, 7));
    EXPECT(lifecycle_arena_grow(arena, at, size, MIB) == at);
    EXPECT(lifecycle_arena_grow(arena, at, MIB, MIB + 1) == NULL);
    EXPECT(lifecycle_arena_alloc(arena, 1) == NULL);
    EXPECT(lifecycle_arena_grow(arena, at, MIB, 0) == at);
    EXPECT_EQ(lifecycle_arena_used(arena), 16);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_OK(lifecycle_arena_destroy(other));
    EXPECT(lifecycle_arena_grow(arena, at, 16, 32) == NULL);
    EXPECT_SENTENCE("destroyed");
}

static void nothing_to_do(void *resource, void *calls)
{
    (void)resource;
    ++*(int *)calls;
}

static void hazard_mem_19_growing_keeps_what_marks_and_cleanups_stand_on(void)
{
    lifecycle_arena *arena = make(NULL);
    unsigned char *all = lifecycle_arena_alloc(arena, 32);
    lifecycle_arena_mark mark;
    size_t used;
    int calls = 0;
    EXPECT_OK(lifecycle_arena_on_reset(arena, nothing_to_do, NULL, &calls));
    mark = lifecycle_arena_save(arena);
    used = lifecycle_arena_used(arena);
    /* A lie: that all there is were one allocation. */
    EXPECT(lifecycle_arena_grow(arena, all, used, 1) == NULL);
    EXPECT_SENTENCE("in use");
    EXPECT(lifecycle_arena_grow(arena, all, 32, 1) == all);
    EXPECT_EQ(lifecycle_arena_used(arena), used);
    EXPECT_OK(lifecycle_arena_rewind(arena, mark));
    EXPECT_OK(lifecycle_arena_reset(arena));
    EXPECT_EQ(calls, 1);
    EXPECT_OK(lifecycle_arena_destroy(arena));
}

int main(void)
{
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
    RUN(the_last_allocation_grows_where_it_is);
    RUN(what_is_not_the_last_moves);
    RUN(hazard_mem_19_growing_at_the_edges);
    RUN(hazard_mem_19_growing_keeps_what_marks_and_cleanups_stand_on);
    return expect_done();
}
