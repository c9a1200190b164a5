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

/* --- Declarations (lifecycle_on_interp_module_parsed) --- */

/*
 * lifecycle_did_is_live without a call where the answer is yes and is known,
 * as it is once somebody has asked about an id near it: a load, a few shifts
 * and three comparisons. Whatever else it is, the function itself answers.
 *
 * The manager shows a table of words, one for a page of 1,024 ids: from the
 * low bits up one more than the page's last live id (11 bits), the first one
 * (10), the upper bits of the page's number (43). Its lower 11 bits are the
 * place in the table.
 *
 * It trusts the pointer: something that is neither a manager nor was one must
 * not be passed. To have the function, write (lifecycle_did_is_live)(...).
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks
 * too. Fork: works. Since: 0.1.0
 */
static inline bool lifecycle_did_is_live_inline(lifecycle_manager *manager,
                                                int64_t did)
{
    if (manager != NULL) {
        const uint64_t *live =
            __atomic_load_n(&manager->live, __ATOMIC_ACQUIRE);
        uint64_t page = (uint64_t)did >> 10;
        uint64_t at = (uint64_t)did & 1023;
        uint64_t known = __atomic_load_n(&live[page & 2047], __ATOMIC_RELAXED);
        if (known >> 21 == page >> 11 && at >= (known >> 11 & 1023) &&
            at < (known & 2047))
            return true;
    }
    return (lifecycle_did_is_live)(manager, did);
}
#define lifecycle_did_is_live(manager, did)                                    \
    lifecycle_did_is_live_inline((manager), (did))

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

/* --- Heaps: cells (lifecycle_cell) --- */

/* The tag of a cell, LIFECYCLE_TAG_... */
static inline uint64_t lifecycle_cell_tag(lifecycle_cell cell)
{
    return cell & 7;
}

/* The index that a REF, STR or LIS refers to. */
static inline uint64_t lifecycle_cell_index(lifecycle_cell cell)
{
    return cell >> 3;
}

/* A reference to the cell at an index. */
static inline lifecycle_cell lifecycle_make_ref(uint64_t index)
{
    return index << 3 | LIFECYCLE_TAG_REF;
}

/* A structure or blob whose header is at an index. */
static inline lifecycle_cell lifecycle_make_str(uint64_t index)
{
    return index << 3 | LIFECYCLE_TAG_STR;
}

/* A list pair whose head is at an index and whose tail is behind it. */
static inline lifecycle_cell lifecycle_make_lis(uint64_t index)
{
    return index << 3 | LIFECYCLE_TAG_LIS;
}

/* An atom, by the host's number for it, below 2^61; as a functor's name below
 * 2^40. */
static inline lifecycle_cell lifecycle_make_con(uint64_t atom)
{
    return atom << 3 | LIFECYCLE_TAG_CON;
}

/* The number of an atom. */
static inline uint64_t lifecycle_con_atom(lifecycle_cell cell)
{
    return cell >> 3;
}

/* A number from -2^60 to 2^60 - 1; of others the low 61 bits. */
static inline lifecycle_cell lifecycle_make_int(int64_t value)
{
    return (uint64_t)value << 3 | LIFECYCLE_TAG_INT;
}

/* The value of an INT. */
static inline int64_t lifecycle_int_value(lifecycle_cell cell)
{
    /* Of a negative number the shift would be the compiler's to define. */
    uint64_t bits = cell >> 3;
    return (int64_t)(bits ^ (uint64_t)1 << 60) - ((int64_t)1 << 60);
}

/* The header of a structure: an atom below 2^40 and up to LIFECYCLE_ARITY_MAX
 * arguments, which follow it. */
static inline lifecycle_cell lifecycle_make_fun(uint64_t atom, uint32_t arity)
{
    return atom << 24 | (uint64_t)arity << 3 | LIFECYCLE_TAG_FUN;
}

/* The atom of a structure's header. */
static inline uint64_t lifecycle_fun_atom(lifecycle_cell header)
{
    return header >> 24;
}

/* The number of arguments of a structure's header. */
static inline uint32_t lifecycle_fun_arity(lifecycle_cell header)
{
    return (uint32_t)(header >> 3) & 0x1fffff;
}

/* The header of a blob: raw words follow it, as many as the bytes need. */
static inline lifecycle_cell lifecycle_make_blob(uint64_t bytes)
{
    return bytes << 3 | LIFECYCLE_TAG_BLOB;
}

/* The bytes of a blob's header. */
static inline uint64_t lifecycle_blob_bytes(lifecycle_cell header)
{
    return header >> 3;
}

/* The host's own 61 bits. */
static inline lifecycle_cell lifecycle_make_host(uint64_t payload)
{
    return payload << 3 | LIFECYCLE_TAG_HOST;
}

/* The host's own bits. */
static inline uint64_t lifecycle_host_payload(lifecycle_cell cell)
{
    return cell >> 3;
}

/* --- Heaps: allocation (lifecycle_heap_create) --- */

/*
 * The cells of a heap, counted by index; NULL for NULL. They never move while
 * the heap lives.
 *
 * Ownership: the heap's. Threads: the one that uses the heap. Re-entry: from
 * anywhere. Fork: the child has its own copy. Since: 0.1.0
 */
static inline lifecycle_cell *lifecycle_heap_base(lifecycle_heap *heap)
{
    return heap != NULL ? heap->cells : NULL;
}

/*
 * Allocates cells side by side. They hold anything until the program writes
 * them, and all of them must be written before the next safepoint. It never
 * collects.
 *
 * Returns the index of the first one; LIFECYCLE_NO_CELL on failure,
 * lifecycle_last_error() telling: heap is NULL, not a heap or destroyed; no
 * cells are asked for; LIFECYCLE_E_LIMIT (max_cells); LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_BUSY (a collection or verification runs). The heap is then as it
 * was.
 *
 * Where the cells are at hand this is a comparison and a store. It trusts the
 * pointer: something that is neither a heap nor was one must not be passed.
 *
 * Ownership: the heap's: valid as long as a root reaches them at safepoints,
 * and no choicepoint made before is backtracked to. Threads: the one that uses
 * the heap. Re-entry: not from root callbacks. Fork: the child has its own
 * copy. Since: 0.1.0
 */
static inline uint64_t lifecycle_heap_alloc(lifecycle_heap *heap,
                                            uint32_t cells)
{
    if (heap != NULL) {
        uint64_t at = heap->cursor;
        /* For 0 cells this wraps around, and is refused by the call. */
        if ((uint64_t)cells - 1 < heap->limit - at) {
            heap->cursor = at + cells;
            return at;
        }
    }
    return lifecycle_heap_alloc_slow(heap, cells);
}

/*
 * A place in the program where every live cell is reached by a root and every
 * allocated cell is written: if a collection is due, it happens here. Free
 * otherwise: a load and a comparison.
 *
 * Returns LIFECYCLE_OK, collected or not (inside a critical section it is put
 * off); LIFECYCLE_E_INVALID for NULL; else as lifecycle_heap_collect.
 * Ownership: cells that no root reaches are gone. Threads: the one that uses
 * the heap. Re-entry: from finalizers, not from root callbacks. Fork: works.
 * Since: 0.1.0
 */
static inline lifecycle_status lifecycle_heap_safepoint(lifecycle_heap *heap)
{
    if (heap == NULL)
        return LIFECYCLE_E_INVALID;
    if (heap->due == 0)
        return LIFECYCLE_OK;
    return lifecycle_heap_safepoint_slow(heap);
}

/* --- Heaps: environments, choicepoints, bindings --- */

/* The slots of an environment, lifecycle_frame.count of them. */
static inline lifecycle_cell *lifecycle_frame_cells(lifecycle_frame *frame)
{
    return (lifecycle_cell *)(void *)(frame + 1);
}

/* The arguments of a choicepoint, lifecycle_choice.count of them. */
static inline lifecycle_cell *lifecycle_choice_cells(lifecycle_choice *choice)
{
    return (lifecycle_cell *)(void *)(choice + 1);
}

/* Sets up an environment's head. Its slots are the program's to write, before
 * the next safepoint unless lifecycle_wam.live says that they are not alive. */
static inline void lifecycle_frame_init(lifecycle_frame *frame,
                                        lifecycle_frame *prev,
                                        const void *code, uint32_t count)
{
    frame->prev = prev;
    frame->code = code;
    frame->visited = 0;
    frame->count = count;
    frame->reserved = 0;
}

/*
 * Binds the cell at an index: writes value there, and notes it on the trail if
 * a choicepoint may be backtracked to that is younger than the cell.
 *
 * Returns LIFECYCLE_OK; LIFECYCLE_E_INVALID for NULL; LIFECYCLE_E_RANGE for an
 * index that is not a cell's; LIFECYCLE_E_LIMIT (the host's trail is full),
 * LIFECYCLE_E_NOMEM (the heap's trail cannot grow): then nothing is bound. It
 * trusts the pointer, as lifecycle_heap_alloc.
 * Ownership: nothing changes hands. Threads: the one that uses the heap.
 * Re-entry: not from root callbacks. Fork: works. Since: 0.1.0
 */
static inline lifecycle_status lifecycle_wam_bind(lifecycle_heap *heap,
                                                  uint64_t ref,
                                                  lifecycle_cell value)
{
    if (heap == NULL)
        return LIFECYCLE_E_INVALID;
    /* For 0 this wraps around. */
    if (ref - 1 >= heap->bound)
        return LIFECYCLE_E_RANGE;
    if (ref < heap->hb) {
        lifecycle_wam *wam = heap->wam;
        if (wam->tr_count >= wam->tr_capacity) {
            lifecycle_status status = lifecycle_wam_trail_reserve(heap, 1);
            if (status != LIFECYCLE_OK)
                return status;
        }
        wam->tr[wam->tr_count++] = lifecycle_make_ref(ref);
    }
    heap->cells[ref] = value;
    return LIFECYCLE_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* LIFECYCLE_INLINE_H */
