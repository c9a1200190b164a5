/*
 * Reads a byte of an arena after its life: `arena_poison reset` after a reset,
 * `arena_poison rewind` after a rewind, `arena_poison grow` after it grew and
 * moved, `arena_poison shrink` behind what shrank. It is run with AddressSanitizer and
 * under valgrind, which must report it with the library as it ships; without a
 * checker it ends with 0, so a success there means that nobody watched.
 */
#include <stdio.h>
#include <string.h>

#include "lifecycle.h"

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    lifecycle_arena *arena = NULL;
    lifecycle_arena_mark mark;
    volatile char *old;

    if (lifecycle_arena_create(NULL, &arena) != LIFECYCLE_OK)
        return 2;
    /* Neighbours that stay alive, so that the page is in use. */
    if (lifecycle_arena_alloc(arena, 24) == NULL)
        return 2;
    mark = lifecycle_arena_save(arena);
    old = lifecycle_arena_strdup(arena, "gone", 4);
    /* Not read before: compilers leave out a check that they have made. */
    if (old == NULL)
        return 2;

    if (strcmp(how, "reset") == 0) {
        if (lifecycle_arena_reset(arena) != LIFECYCLE_OK)
            return 2;
    } else if (strcmp(how, "rewind") == 0) {
        if (lifecycle_arena_rewind(arena, mark) != LIFECYCLE_OK)
            return 2;
    } else if (strcmp(how, "grow") == 0) {
        if (lifecycle_arena_alloc(arena, 1) == NULL ||
            lifecycle_arena_grow(arena, (void *)old, 5, 500) == NULL)
            return 2;
    } else if (strcmp(how, "shrink") == 0) {
        if (lifecycle_arena_grow(arena, (void *)old, 5, 0) != old)
            return 2;
    } else {
        fprintf(stderr, "usage: arena_poison reset|rewind|grow|shrink\n");
        return 2;
    }

    printf("%c\n", old[0]);
    return lifecycle_arena_destroy(arena) == LIFECYCLE_OK ? 0 : 2;
}
