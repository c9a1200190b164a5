/*
 * lifecycle_inline.h - the few functions that are worth their instructions in
 * the program itself. Included by lifecycle.h; never include it alone.
 */
#ifndef LIFECYCLE_INLINE_H
#define LIFECYCLE_INLINE_H

#ifndef LIFECYCLE_H
#error "include lifecycle.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- Threads that run code (lifecycle_reader_attach) --- */

/*
 * The thread is inside: nothing that is there now is freed before it leaves.
 * Nests. A plain load and store where the system has membarrier; else a fence.
 *
 * Returns LIFECYCLE_OK; LIFECYCLE_E_INVALID for NULL; LIFECYCLE_E_STALE for a
 * reader that was detached; LIFECYCLE_E_LIMIT when nested 2^32 - 1 deep.
 * Ownership: nothing changes hands. Threads: the one that attached. Re-entry:
 * from anywhere on that thread. Fork: works. Since: 0.1.0
 */
static inline lifecycle_status lifecycle_enter(lifecycle_reader *reader)
{
    if (reader == NULL)
        return LIFECYCLE_E_INVALID;
    if (reader->nesting == 0) {
        if (reader->grace == NULL)
            return LIFECYCLE_E_STALE;
        /* Acquire: what was unlinked before that value is not found.
         * Release: whoever sees it knows that an earlier stay is over. */
        __atomic_store_n(&reader->entered,
                         __atomic_load_n(reader->grace, __ATOMIC_ACQUIRE),
                         __ATOMIC_RELEASE);
        if (reader->fence != 0)
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
        else
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
    } else if (reader->nesting == UINT32_MAX) {
        return LIFECYCLE_E_LIMIT;
    }
    reader->nesting++;
    return LIFECYCLE_OK;
}

/*
 * Undoes one lifecycle_enter; the thread is outside when all are undone.
 *
 * Returns LIFECYCLE_OK; LIFECYCLE_E_INVALID for NULL or a reader that is not
 * inside: then nothing has changed.
 * Ownership: nothing changes hands. Threads: the one that attached. Re-entry:
 * from anywhere on that thread. Fork: works. Since: 0.1.0
 */
static inline lifecycle_status lifecycle_leave(lifecycle_reader *reader)
{
    if (reader == NULL || reader->nesting == 0)
        return LIFECYCLE_E_INVALID;
    if (reader->nesting == 1)
        __atomic_store_n(&reader->entered, (uint64_t)0, __ATOMIC_RELEASE);
    reader->nesting--;
    return LIFECYCLE_OK;
}

/* --- Marking use (lifecycle_usage_slot) --- */

/*
 * Notes that a symbol is used in this epoch: one compare, rarely one store, so
 * that threads which run the same code do not fight over its cache line.
 *
 * slot and clock are what lifecycle_usage_slot gave; NULL does nothing.
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere,
 * signal handlers included. Fork: works. Since: 0.1.0
 */
static inline void lifecycle_mark(uint64_t *slot, const uint64_t *clock)
{
    uint64_t now;
    if (slot == NULL || clock == NULL)
        return;
    now = __atomic_load_n(clock, __ATOMIC_RELAXED);
    if (__atomic_load_n(slot, __ATOMIC_RELAXED) != now)
        __atomic_store_n(slot, now, __ATOMIC_RELAXED);
}

/* --- Arena (lifecycle_arena_create) --- */

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
 * called from a cleanup. Fork: the child has its own copy of the bytes. Since:
 * 0.1.0
 */
static inline void *lifecycle_arena_alloc(lifecycle_arena *arena, size_t size)
{
    if (arena != NULL) {
        size_t room =
            (size_t)((uintptr_t)arena->limit - (uintptr_t)arena->cursor);
        size_t bytes = size + (size_t)(size == 0);
        /* The room is a multiple of 16: what fits in it fits rounded up. */
        if (bytes <= room) {
            void *at = arena->cursor;
            arena->cursor += (bytes + 15) & ~(size_t)15;
            return at;
        }
    }
    return lifecycle_arena_alloc_slow(arena, size);
}

/* --- Values: strings (lifecycle_string) --- */

/*
 * One byte of a value's string form. Where the text is at hand, as that of
 * each string of the newest scope is, this is two comparisons and three loads.
 *
 * Returns the byte, 0 to 255; -1 past the end, for nil, and on failure as
 * lifecycle_as_string, lifecycle_last_error() telling. It trusts the pointer:
 * something that is neither an interpreter nor was one must not be passed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the
 * interpreter. Re-entry: as lifecycle_as_string. Fork: works. Since: 0.1.0
 */
static inline int lifecycle_string_byte_at(lifecycle_interp *interp,
                                           lifecycle_handle handle, size_t at)
{
    if (interp != NULL) {
        /* Wraps around for older handles and nil, which are looked for. */
        uint64_t i = handle - interp->first;
        /* A length that is not 0 says that the text is there, and that it
         * cannot change: lists and dicts that can change have 0 here. */
        if (i < interp->count && at < interp->slots[i].text_len)
            return interp->slots[i].text[at];
    }
    return lifecycle_string_byte_at_slow(interp, handle, at);
}

#ifdef __cplusplus
}
#endif

#endif /* LIFECYCLE_INLINE_H */
