/* Arenas: misuse, many of them, threads, forks, and the one of the whole process. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"

/* What a thread returns that has failed. */
static int failure;

static void nothing_to_do(void *resource, void *user)
{
    (void)resource;
    (void)user;
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
        EXPECT_STATUS(lifecycle_arena_on_reset(it, nothing_to_do, NULL, NULL),
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
    EXPECT_STATUS(lifecycle_arena_on_reset(arena, nothing_to_do, NULL, NULL),
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
    EXPECT(fill_64_kib_pieces(arenas[count - 1], 200));
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
        EXPECT(pthread_create(&threads[i], NULL, works_alone, &failure) == 0);
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
        EXPECT(pthread_create(&threads[i], NULL, feathers, &failure) == 0);
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
