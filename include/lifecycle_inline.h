/*
 * The inline half of lifecycle.h: what is too short to be worth a call.
 *
 * lifecycle.h includes this at its end; do not include it by itself. One
 * section for each section of lifecycle.h that has inline functions. Sections
 * need nothing but the declarations of lifecycle.h.
 */
#ifndef LIFECYCLE_INLINE_H
#define LIFECYCLE_INLINE_H

#ifdef __cplusplus
extern "C" {
#endif

/* -- Section 8: arena ---------------------------------------------------- */

/*
 * Allocates `size` bytes, aligned to 16 and not zeroed. A size of 0 gives a
 * pointer that is not NULL and that no other allocation has.
 *
 * Returns NULL on failure, lifecycle_last_error() telling: arena is NULL, not
 * an arena or destroyed; LIFECYCLE_E_LIMIT (the hard limit);
 * LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_NOMEM. The arena is then as it was.
 *
 * Where the bytes are at hand this is a comparison and a store. It trusts the
 * pointer: something that is neither an arena nor was one must not be passed.
 *
 * Ownership: the arena's: valid until a reset, a rewind to an older mark, or
 * its destruction. Threads: the one that uses the arena. Re-entry: may be
 * called from a cleanup. Fork: the child has its own copy of the bytes.
 */
static inline void *lifecycle_arena_alloc(lifecycle_arena *arena, size_t size)
{
    if (arena != NULL) {
        /* Both are multiples of 16, so what fits still fits rounded up. */
        size_t room = (size_t)((uintptr_t)arena->limit -
                               (uintptr_t)arena->cursor);
        size_t bytes = size + (size_t)(size == 0);

        if (bytes <= room) {
            void *at = arena->cursor;

            arena->cursor += (bytes + 15) & ~(size_t)15;
            return at;
        }
    }
    return lifecycle_arena_alloc_slow(arena, size);
}

#ifdef __cplusplus
}
#endif

#endif /* LIFECYCLE_INLINE_H */
