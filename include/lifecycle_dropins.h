/*
 * lifecycle_dropins.h - functions that existing runtimes call by their own
 * names. Included by lifecycle.h; include that.
 *
 * The Simple runtime's types are only named here, never defined: a runtime
 * includes its own definitions beside lifecycle.h, in either order. They are
 *
 *     struct SplValue     { int tag; union of 8 bytes; }, 16 bytes in all
 *     struct SplArray     { struct SplValue *items; int64_t len, cap; }
 *     struct SplDict      { entries; int64_t cap, len, tombstones; }
 *     an entry of a SplDict
 *                         { char *key; struct SplValue value; uint64_t hash;
 *                           int occupied; }
 *
 * with the tags NIL, BOOL, INT, FLOAT, STRING (char *), ARRAY (SplArray *) and
 * DICT (SplDict *) as 0 to 6, `cap` places in a dictionary, and `occupied` 1
 * for an entry in use, 0 for an empty one, -1 for one that was removed.
 *
 * A runtime whose own declarations of these functions differ defines
 * LIFECYCLE_NO_DROPINS before it includes lifecycle.h, or
 * LIFECYCLE_NO_EXEC_MANAGER for the rt_exec_manager_* alone.
 */
#ifndef LIFECYCLE_DROPINS_H
#define LIFECYCLE_DROPINS_H

#ifndef LIFECYCLE_NO_DROPINS

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct SplValue;
struct SplArray;
struct SplDict;

/* --- Values of the Simple runtime --- */

/*
 * Frees what a value owns, deeply: texts, arrays with their items,
 * dictionaries with the keys and values of the entries in use. Every block is
 * freed once, even where values share texts, arrays or cycles; what is shared
 * with another value is freed under it. Depth is no matter: a million levels
 * need no stack.
 *
 * Blocks go to the program's own `void spl_free(void *)` where it defines one
 * (and exports it, if the library is opened with dlopen), else to free. A
 * program that defines spl_free_value itself links all the same, and its own
 * is the one that its calls reach.
 *
 * Failure: when memory for telling shared blocks apart runs out, nothing is
 * freed, and lifecycle_last_error() says so; scalars and a single text need
 * none. A value with an unknown tag owns nothing as far as this can tell.
 * Ownership: everything the value reaches is gone. Threads: any, as long as no
 * other thread uses anything the value reaches. Re-entry: from callbacks too.
 * Fork: works. Since: 0.1.0
 */
void spl_free_value(struct SplValue value);

/*
 * Frees what `count` values own, as spl_free_value would all of them at once:
 * what they share among them is freed once. They become NIL; the array they
 * lie in stays the caller's (unless it is a block that one of them owns).
 *
 * values: NULL does nothing. count: 0 or less does nothing.
 * Failure: as spl_free_value; all values are then as they were. Ownership,
 * threads, re-entry, fork: as spl_free_value. Since: 0.1.0
 */
void spl_free_all_values(struct SplValue *values, int64_t count);

/* --- One arena for the whole process --- */

/*
 * Allocates from an arena that the first call makes; see lifecycle_arena_alloc
 * for one that belongs to a thread and costs no lock.
 *
 * size: bytes; 0 gives a pointer that no other allocation has.
 *
 * Returns `size` bytes, aligned to 16, not zeroed. NULL on failure,
 * lifecycle_last_error() telling: LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (64 GiB
 * are in use), LIFECYCLE_E_TOO_BIG. Ownership: the arena's: valid until
 * feather_arena_reset. Threads: any. Re-entry: it calls nothing back. Fork:
 * the child has a copy of everything, separate from then on. Since: 0.1.0
 */
void *feather_arena_alloc(size_t size);

/*
 * Forgets everything allocated from the process-wide arena, whoever allocated
 * it; what stays for the next round is as with lifecycle_arena_reset. Under
 * AddressSanitizer and valgrind, whoever still uses an old byte is reported.
 *
 * Ownership: every pointer from feather_arena_alloc is dead. Threads: any, as
 * long as no thread uses such a pointer. Re-entry, fork: as
 * feather_arena_alloc. Since: 0.1.0
 */
void feather_arena_reset(void);

/*
 * Bytes in use in the process-wide arena: what was handed out, each rounded up
 * to 16; 0 before the first allocation.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry, fork: as
 * feather_arena_alloc. Since: 0.1.0
 */
size_t feather_arena_used(void);

/*
 * Bytes that the process-wide arena holds, used or not; 0 before the first
 * allocation.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry, fork: as
 * feather_arena_alloc. Since: 0.1.0
 */
size_t feather_arena_capacity(void);

/* --- Execution managers of the Simple runtime --- */

#ifndef LIFECYCLE_NO_EXEC_MANAGER

/*
 * As lifecycle_exec_manager_create: a handle over 0, or 0 for a backend that
 * is not known and on failure (lifecycle_last_error() tells).
 *
 * backend: "auto", "jit", "soft_jit" or "native"; NULL = "auto"; borrowed.
 * Ownership: ended by rt_exec_manager_cleanup. Threads: any. Re-entry: from
 * callbacks too. Fork: works. Since: 0.1.0
 */
int64_t rt_exec_manager_create(const char *backend);

/*
 * As lifecycle_exec_manager_has_function: whether the handle has mapped code
 * of this name. Runtimes that declare it with an int64_t result get the right
 * one too: it fills a whole register with 0 or 1.
 *
 * name: borrowed. Ownership: nothing changes hands. Threads: any. Re-entry:
 * from callbacks too. Fork: works. Since: 0.1.0
 */
bool rt_exec_manager_has_function(int64_t handle, const char *name);

/*
 * As lifecycle_exec_manager_cleanup: removes the handle's soft-JIT file,
 * tmp/jit/simple_soft_jit_HANDLE.spl under the working directory, and frees
 * the code mapped for the handle. Twice is once.
 *
 * Ownership: the handle is gone. Threads: any. Re-entry: from callbacks too.
 * Fork: works; the file is one for a process and its children. Since: 0.1.0
 */
void rt_exec_manager_cleanup(int64_t handle);

#endif /* LIFECYCLE_NO_EXEC_MANAGER */

#ifdef __cplusplus
}
#endif

#endif /* LIFECYCLE_NO_DROPINS */

#endif /* LIFECYCLE_DROPINS_H */
