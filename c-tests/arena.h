/* arena.h - what the tests of arenas share. */
#ifndef LIFECYCLE_TESTS_ARENA_H
#define LIFECYCLE_TESTS_ARENA_H

#include <stdint.h>

#include "expect.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline lifecycle_arena *make(const lifecycle_arena_options *options)
{
    lifecycle_arena *arena = NULL;
    EXPECT_OK(lifecycle_arena_create(options, &arena));
    if (arena == NULL)
        exit(1);
    return arena;
}

static inline lifecycle_arena *make_limited(size_t limit)
{
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    options.hard_limit = limit;
    return make(&options);
}

static inline lifecycle_arena_stats arena_stats_of(const lifecycle_arena *arena)
{
    lifecycle_arena_stats stats;
    EXPECT_OK(lifecycle_arena_stats_get(arena, &stats, sizeof stats));
    return stats;
}

static inline int holds(const unsigned char *at, size_t size, int byte)
{
    size_t i;
    for (i = 0; i < size; i++)
        if (at[i] != (unsigned char)byte)
            return 0;
    return 1;
}

/* Fills so many pieces of 64 KiB; 0 when memory runs out. */
static inline int fill_64_kib_pieces(lifecycle_arena *arena, int pieces)
{
    int i;
    for (i = 0; i < pieces; i++) {
        char *at = lifecycle_arena_alloc(arena, 64 * KIB);
        if (at == NULL)
            return 0;
        memset(at, i, 64 * KIB);
    }
    return 1;
}

/* Whether AddressSanitizer or valgrind is watching the arena. */
static inline int is_watched(const lifecycle_arena *arena)
{
    return arena->limit == arena->cursor;
}

#endif /* LIFECYCLE_TESTS_ARENA_H */
