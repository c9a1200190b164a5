/*
 * feather_arena.h - one arena for everything in a WebAssembly module's linear
 * memory, for interpreters that are compiled to wasm32.
 *
 * The module feather_arena.wasm exports these functions; feather_arena.o is to
 * be linked with a C core (wasm-ld of LLVM 16 or later, which says where the
 * heap ends). The same arena runs natively: see lifecycle_dropins.h.
 *
 * An eval saves before anything of its own is allocated, its script included,
 * and rewinds when it has ended, however it has ended:
 *
 *     const mark = wasm.feather_arena_save();
 *     try { ... alloc the script, run it, copy the result out ... }
 *     finally { wasm.feather_arena_rewind(mark); }
 *
 * That nests, whoever's the evals are: a trace's eval inside an eval, and
 * another interpreter's inside a command's. Each takes back its own bytes and
 * none of those that an eval around it still uses. Evals that overlap without
 * nesting (suspended and resumed) need an instance of the module each.
 *
 * Nothing here traps, and nothing is lost when memory runs out. The arena owns
 * the heap that the linker laid out and the pages by which it grows the
 * memory; pages that somebody else adds are left alone. One thread at a time.
 */
#ifndef FEATHER_ARENA_H
#define FEATHER_ARENA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * `size` bytes, aligned to 16, not zeroed; 0 gives an address of its own.
 * NULL when the memory cannot grow (or size is beyond it): nothing has changed
 * then. Valid until a rewind to a mark saved before, or a reset.
 */
void *feather_arena_alloc(size_t size);

/*
 * Begins an eval: marks what is there. Takes 48 bytes. 0 when there is no
 * memory; a mark is never 0 and never given twice. For JavaScript a BigInt,
 * to be handed back as it is.
 */
uint64_t feather_arena_save(void);

/*
 * Ends an eval, and all that began after it and have not ended: forgets what
 * was allocated since. Returns 1; 0, and nothing happens, if that mark's eval
 * is over, or never was. Old pointers must not be used.
 */
int32_t feather_arena_rewind(uint64_t mark);

/*
 * Forgets everything, unless an eval is open: then it does nothing, since the
 * rewind of the outermost one will. The memory stays, for the next round.
 */
void feather_arena_reset(void);

/* Bytes in use, each allocation rounded up to 16. */
size_t feather_arena_used(void);

/* Bytes that the arena holds, used or not. */
size_t feather_arena_capacity(void);

/* As feather_arena_alloc, for cores and hosts that know it by this name. */
void *alloc(size_t size);

/*
 * Does nothing. A late or a second free can therefore hurt nobody; what it was
 * for comes back when the eval ends.
 */
void free(void *at);

#ifdef __cplusplus
}
#endif

#endif /* FEATHER_ARENA_H */
