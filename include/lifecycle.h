/*
 * lifecycle.h - one owner for everything the modules of a C language runtime bring in: machine code, file
 * mappings, names, values, and whatever the runtime hands over with a release function.
 *
 * Generated from the Rust sources by `make header`: edit those. This header is the manual; how to read it:
 *
 * Results. Every function that can fail returns a lifecycle_status: LIFECYCLE_OK is 0, errors are negative, and
 * numbers are never reused. lifecycle_status_name and lifecycle_strerror tell what a number means,
 * lifecycle_last_error says in one sentence what this thread's last failure was about. Results come back through
 * the last parameters, which are set to 0 or NULL on failure.
 *
 * Arguments. NULL where a thing is needed is LIFECYCLE_E_INVALID; (NULL, 0) is a legal empty slice; an unknown
 * flag or kind is LIFECYCLE_E_INVALID. No input makes the library crash, abort, exit, print, or lose what it
 * held; a defect of its own is caught at this boundary and told as LIFECYCLE_E_PANIC.
 *
 * Things. Contexts (lifecycle_manager, lifecycle_arena, lifecycle_reader) are pointers. What comes and goes by the
 * million (lifecycle_module, lifecycle_symbol, lifecycle_resource, lifecycle_decl) is a 64-bit id: 0 is never
 * valid, and an id used after its thing is gone is LIFECYCLE_E_STALE for ever, never another thing.
 *
 * Structs. One that the caller fills begins with its own size and is set up with a LIFECYCLE_..._INIT macro; one
 * that the library fills is passed with its size (out, sizeof *out). Either may be longer or shorter than the
 * library's own, so programs and libraries of different versions work together; a field that is set and that the
 * library does not know is LIFECYCLE_E_UNSUPPORTED.
 *
 * Ownership words. "Borrowed": the callee reads it during the call and keeps nothing. "Copied": borrowed, and its
 * contents are kept. "Taken": the library owns it once the call has succeeded, not before. "Returned, valid
 * until X": the library keeps owning it, and it must not be used after X.
 *
 * Threads. A manager may be used from any threads at once. An arena belongs to one thread at a time, a reader to
 * the thread that attached it. No lock is held while a callback runs, so callbacks may call the library unless
 * their comment says otherwise, and each of them gets the `user` pointer it was registered with.
 *
 * Memory. What a manager holds comes from and goes back to lifecycle_config.allocator; malloc, realloc and free
 * where none is given.
 *
 * Names beginning with lifecycle_ and LIFECYCLE_ are the library's. Linking: `cc program.c -llifecycle`, or what
 * `pkg-config --cflags --libs lifecycle` says; dlopen takes liblifecycle.so.0.
 */

#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Version of this header; lifecycle_version_number() tells the version of the library that runs. */
#define LIFECYCLE_VERSION_MAJOR 0
#define LIFECYCLE_VERSION_MINOR 1
#define LIFECYCLE_VERSION_PATCH 0
#define LIFECYCLE_VERSION_STRING "0.1.0"
#define LIFECYCLE_VERSION_NUMBER \
    (LIFECYCLE_VERSION_MAJOR * 1000000 + LIFECYCLE_VERSION_MINOR * 1000 + LIFECYCLE_VERSION_PATCH)
/** True if this header is of version a.b.c or later; usable in #if. */
#define LIFECYCLE_VERSION_AT_LEAST(a, b, c) \
    (LIFECYCLE_VERSION_NUMBER >= (a) * 1000000 + (b) * 1000 + (c))
/** What lifecycle_abi_version() returns in a library that this header fits. */
#define LIFECYCLE_ABI_VERSION 0

/** Defaults for a lifecycle_config: `lifecycle_config config = LIFECYCLE_CONFIG_INIT;` */
#define LIFECYCLE_CONFIG_INIT \
    { sizeof(lifecycle_config), 0, 0, 0, 0, 0, 0, { NULL, NULL, NULL, NULL } }
/** Defaults for a lifecycle_map_options. */
#define LIFECYCLE_MAP_OPTIONS_INIT \
    { sizeof(lifecycle_map_options), 0, 0, 0, NULL, NULL, 0, NULL, 0, NULL }
/** Defaults for a lifecycle_arena_options. */
#define LIFECYCLE_ARENA_OPTIONS_INIT \
    { sizeof(lifecycle_arena_options), 0, 0, NULL, 0, 0, 0, 0 }
/** An observer that hears nothing yet: set on_event. */
#define LIFECYCLE_OBSERVER_INIT { sizeof(lifecycle_observer), NULL }

/** Arena flag: do not mark unused bytes for AddressSanitizer and valgrind. */
#define LIFECYCLE_ARENA_NO_POISON 1u

/** Map: the owner is "__jit__", the module is where the code came from; the sweeper may evict it. */
#define LIFECYCLE_MAP_JIT 1u

/** Map: a symbol of this name is replaced, entries follow at once, the old code is retired. */
#define LIFECYCLE_MAP_REPLACE 2u

/** Map: the symbol starts with one pin. */
#define LIFECYCLE_MAP_PINNED 4u

/** Symbol flag: the host mapped this code itself (lifecycle_on_symbol_mapped). */
#define LIFECYCLE_MAP_ADOPTED 8u

/** Relocation: 64-bit absolute address. */
#define LIFECYCLE_RELOC_ABS64 1u

/** Relocation: 32-bit distance from the field (x86-64 PC32; the addend includes the usual -4). */
#define LIFECYCLE_RELOC_PC32 2u

/** Feature: a defect of the library is caught at its boundary and told as LIFECYCLE_E_PANIC. */
#define LIFECYCLE_FEATURE_PANICS_CAUGHT 1u

/** Feature: lifecycle_entry works on this processor. */
#define LIFECYCLE_FEATURE_ENTRIES 2u

/** Feature: a debug build, with assertions on. */
#define LIFECYCLE_FEATURE_DEBUG 4u

/** Code mode: the best the system allows, DUAL first. */
#define LIFECYCLE_CODE_AUTO 0u

/**
 * Code mode: one memory file, mapped executable at one address and writable at another. Publishing costs no system
 * call. A forked child cannot map code (LIFECYCLE_E_FORKED).
 */
#define LIFECYCLE_CODE_DUAL 1u

/**
 * Code mode: private pages that are writable first and executable after; a page never holds two symbols, so that no
 * page with live code is ever toggled. A forked child has its own copy.
 */
#define LIFECYCLE_CODE_MPROTECT 2u

/**
 * Mapping mode: files are mapped. Fast; a file that another program truncates while it is mapped raises SIGBUS in
 * whoever reads the missing part.
 */
#define LIFECYCLE_MAPPING_MAP 0u

/** Mapping mode: files are copied when first accessed, so that nothing done to the file later can be seen. */
#define LIFECYCLE_MAPPING_SNAPSHOT 1u

/** Fork policy: a child runs and looks up code but cannot map any. */
#define LIFECYCLE_FORK_READ_ONLY 1u

/** Fork policy: a child has its own copy of everything. */
#define LIFECYCLE_FORK_COPY 2u

/** Section type: template code. */
#define LIFECYCLE_SMF_TEMPLATE_CODE 12u

/** Section type: template metadata. */
#define LIFECYCLE_SMF_TEMPLATE_METADATA 13u

/** Unload: the modules that depend on this one are unloaded first. */
#define LIFECYCLE_UNLOAD_CASCADE 1u

/** Unload: pinned symbols go too. */
#define LIFECYCLE_UNLOAD_FORCE_PINNED 2u

/** Name kind: functions; value = declaration id, aux = return type. */
#define LIFECYCLE_FUNC 0u

/** Name kind: structs; value = declaration id. */
#define LIFECYCLE_STRUCT 1u

/** Name kind: enums; value = declaration id. */
#define LIFECYCLE_ENUM 2u

/** Name kind: globals; value = whatever the host keeps there. */
#define LIFECYCLE_GLOBAL 3u

/** What a fallible function returns: 0 or a negative number. Numbers are never reused. */
typedef enum lifecycle_status {
    /** It worked. */
    LIFECYCLE_OK = 0,
    /** An argument is NULL, out of its range, of another manager, or was never valid. */
    LIFECYCLE_E_INVALID = -1,
    /** No such module, symbol, name, mapping or file. */
    LIFECYCLE_E_NOT_FOUND = -2,
    /** It is there already. */
    LIFECYCLE_E_EXISTS = -3,
    /** The thing was valid once and is gone. */
    LIFECYCLE_E_STALE = -4,
    /** Somebody still uses it. */
    LIFECYCLE_E_BUSY = -5,
    /** A pin forbids it. */
    LIFECYCLE_E_PINNED = -6,
    /** No memory. */
    LIFECYCLE_E_NOMEM = -7,
    /** A configured limit is reached. */
    LIFECYCLE_E_LIMIT = -8,
    /** It would not fit even if everything else were gone. */
    LIFECYCLE_E_TOO_BIG = -9,
    /** An address or number is out of the range it must be in. */
    LIFECYCLE_E_RANGE = -10,
    /** A thing of another kind. */
    LIFECYCLE_E_TYPE = -11,
    /** Bytes are not in the format they should be in. */
    LIFECYCLE_E_FORMAT = -12,
    /** Nested too deep. */
    LIFECYCLE_E_DEPTH = -13,
    /** It would close a cycle. */
    LIFECYCLE_E_CYCLE = -14,
    /** The system's policy forbids it. */
    LIFECYCLE_E_DENIED = -15,
    /** The system refused; lifecycle_last_errno() tells. */
    LIFECYCLE_E_SYSTEM = -16,
    /** Not possible in a forked child. */
    LIFECYCLE_E_FORKED = -17,
    /** The time ran out. */
    LIFECYCLE_E_TIMEOUT = -18,
    /** It would wait for itself for ever. */
    LIFECYCLE_E_DEADLOCK = -19,
    /** This build or version cannot do it. */
    LIFECYCLE_E_UNSUPPORTED = -20,
    /** A defect of the library, caught at its boundary. */
    LIFECYCLE_E_PANIC = -21,
} lifecycle_status;

/** Which form lifecycle_stats_print writes: one of LIFECYCLE_TEXT, _JSON, _PROMETHEUS. */
typedef uint32_t lifecycle_format;

/** What an event tells of: one of LIFECYCLE_EVENT_*. */
typedef uint32_t lifecycle_event_kind;

/** What a leak is: one of LIFECYCLE_LEAK_*. */
typedef uint32_t lifecycle_leak_kind;

/** A line a statistic, for people. */
#define LIFECYCLE_TEXT 0u

/** One JSON object. */
#define LIFECYCLE_JSON 1u

/** Prometheus text format 0.0.4. */
#define LIFECYCLE_PROMETHEUS 2u

/** A module was loaded: module, name = path. */
#define LIFECYCLE_EVENT_MODULE_LOADED 1u

/** A module was unloaded: module (stale by now), name = path, bytes = code bytes it had. */
#define LIFECYCLE_EVENT_MODULE_UNLOADED 2u

/** Code was mapped: module, id = symbol, name, address, bytes. */
#define LIFECYCLE_EVENT_SYMBOL_MAPPED 3u

/** Code was unlinked and waits for its readers: id = symbol (stale by now), name, address, bytes. */
#define LIFECYCLE_EVENT_SYMBOL_RETIRED 4u

/** Code memory was given back: address, bytes, name. */
#define LIFECYCLE_EVENT_SYMBOL_FREED 5u

/** A metadata key went with its module: module, name = key. */
#define LIFECYCLE_EVENT_METADATA_DROPPED 6u

/** A file was mapped: id = mapping, name = path, address, bytes. */
#define LIFECYCLE_EVENT_MAPPING_OPENED 7u

/** A mapping's last reference is gone: id = mapping, name = path, bytes. */
#define LIFECYCLE_EVENT_MAPPING_EVICTED 8u

/** A name is bound no more: value = name kind, name. */
#define LIFECYCLE_EVENT_NAME_REMOVED 9u

/** A name means again what it meant before: value = name kind, name, module = whose binding it is now. */
#define LIFECYCLE_EVENT_NAME_RESTORED 10u

/** A sweep ended: value = symbols evicted, bytes. */
#define LIFECYCLE_EVENT_SWEEP_DONE 11u

/** The epoch advanced: value = the new one. */
#define LIFECYCLE_EVENT_EPOCH_ADVANCED 12u

/** A module is still loaded. */
#define LIFECYCLE_LEAK_MODULE 1u

/** A code symbol is still mapped. */
#define LIFECYCLE_LEAK_SYMBOL 2u

/** Code is reserved, neither committed nor aborted. */
#define LIFECYCLE_LEAK_RESERVATION 3u

/** Code is retired and not reclaimed. */
#define LIFECYCLE_LEAK_RETIRED 4u

/** A mapping is still referenced, or was prefetched and never used. */
#define LIFECYCLE_LEAK_MAPPING 5u

/** A metadata key is still there. */
#define LIFECYCLE_LEAK_METADATA 6u

/** A name is still bound. */
#define LIFECYCLE_LEAK_NAME 7u

/** A resource is not released. */
#define LIFECYCLE_LEAK_RESOURCE 8u

/** The system refused to take something back. */
#define LIFECYCLE_LEAK_FAILED_RELEASE 9u

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the library that runs: major * 1000000 + minor * 1000 + patch.
 *
 * Compare it with LIFECYCLE_VERSION_NUMBER, the version of the header the program was compiled with.
 *
 * \returns the number; cannot fail.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers included. Fork: the same
 * in a child. Since: 0.1.0
 */
uint32_t lifecycle_version_number(void);

/**
 * Returns the version of the library that runs, such as "0.1.0".
 *
 * \returns a NUL-terminated text, never NULL; cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_version_string(void);

/**
 * Returns the number in the shared library's name (liblifecycle.so.NUMBER).
 *
 * It is raised when a program linked against the library before would break. A program that opens the library at run
 * time compares it with LIFECYCLE_ABI_VERSION.
 *
 * \returns the number; cannot fail.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers included. Fork: the same
 * in a child. Since: 0.1.0
 */
uint32_t lifecycle_abi_version(void);

/**
 * Returns what this build can do: LIFECYCLE_FEATURE_*, or-ed.
 *
 * What the system allows a manager on top of that is told by lifecycle_caps_get.
 *
 * \returns the bits; bits this header does not name are of a later version. Cannot fail.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers included. Fork: the same
 * in a child. Since: 0.1.0
 */
uint64_t lifecycle_features(void);

/**
 * Returns one line for a bug report: version, ABI number, target, profile and compiler.
 *
 * \returns a NUL-terminated text, never NULL; its form may change. Cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_build_info(void);

/**
 * Returns the name of a status, such as "LIFECYCLE_E_STALE".
 *
 * \param status  any number; one that no version has handed out is "LIFECYCLE_E_UNKNOWN".
 *
 * \returns a NUL-terminated text, never NULL; cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_status_name(int status);

/**
 * Returns what a status means, in a few words for people; lifecycle_last_error says more about one failure.
 *
 * \param status  any number; one that no version has handed out has a text too.
 *
 * \returns a NUL-terminated text without a full stop, never NULL; cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_strerror(int status);

/**
 * Returns this thread's last failure in one sentence that names the thing, such as "symbol 'f' is already mapped by
 * module 'a.smf'".
 *
 * A call that succeeds leaves the sentence as it was: look at the status first. The sentence is at most 255 bytes; a
 * longer one is cut between characters.
 *
 * \returns a NUL-terminated text, never NULL; empty when nothing has failed on this thread yet. Cannot fail.
 *
 * Ownership: borrowed; this thread's next failure overwrites it, and it ends with the thread. Threads: each has its
 * own. Re-entry: from any callback. Fork: a child starts with its parent thread's. Since: 0.1.0
 */
const char *lifecycle_last_error(void);

/**
 * Returns the system's error number (errno) behind this thread's last failure.
 *
 * \returns the number; 0 when the system was not to blame or nothing has failed on this thread yet. Cannot fail.
 *
 * Ownership: nothing changes hands. Threads: each has its own. Re-entry: from any callback. Fork: a child starts with
 * its parent thread's. Since: 0.1.0
 */
int lifecycle_last_errno(void);

/**
 * Proves that this very build of the library, as it was linked, catches its own defects at its boundary: raises one on
 * purpose and sees it come out as LIFECYCLE_E_PANIC. Prints nothing.
 *
 * \returns LIFECYCLE_OK, with lifecycle_last_error telling of the defect that was raised;
 *          LIFECYCLE_E_UNSUPPORTED if the library was built to abort instead;
 *          LIFECYCLE_E_PANIC if something else came out.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from any callback, not from a signal handler. Fork: may be
 * called in a child. Since: 0.1.0
 */
lifecycle_status lifecycle_self_test(void);

int64_t lifecycle_exec_manager_create(const uint8_t*);

int64_t lifecycle_exec_manager_has_function(int64_t, const uint8_t*);

void lifecycle_exec_manager_cleanup(int64_t h);

extern void lifecycle_shim_free(uint8_t *p);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIFECYCLE_H */

#include "lifecycle_inline.h"
#include "lifecycle_dropins.h"
