/*
 * lifecycle.h - one owner for everything the modules of a C language runtime bring in: machine
 * code, file mappings, names, values, and whatever the runtime hands over with a release function.
 *
 * Generated from the Rust sources by `make header`: edit those. This header is the manual; how to
 * read it:
 *
 * Results. Every function that can fail returns a lifecycle_status: LIFECYCLE_OK is 0, errors are
 * negative, and numbers are never reused. lifecycle_status_name and lifecycle_strerror tell what a
 * number means, lifecycle_last_error says in one sentence what this thread's last failure was
 * about. Results come back through the last parameters, which are set to 0 or NULL on failure.
 *
 * Arguments. NULL where a thing is needed is LIFECYCLE_E_INVALID; (NULL, 0) is a legal empty
 * slice; an unknown flag or kind is LIFECYCLE_E_INVALID. No input makes the library crash, abort,
 * exit, print, or lose what it held; a defect of its own is caught at this boundary and told as
 * LIFECYCLE_E_PANIC.
 *
 * Things. Contexts (lifecycle_manager, lifecycle_arena, lifecycle_reader) are pointers. What comes
 * and goes by the million (lifecycle_module, lifecycle_symbol, lifecycle_resource, lifecycle_decl)
 * is a 64-bit id: 0 is never valid, and an id used after its thing is gone is LIFECYCLE_E_STALE
 * for ever, never another thing.
 *
 * Structs. One that the caller fills begins with its own size and is set up with a
 * LIFECYCLE_..._INIT macro; one that the library fills is passed with its size (out, sizeof *out).
 * Either may be longer or shorter than the library's own, so programs and libraries of different
 * versions work together; a field that is set and that the library does not know is
 * LIFECYCLE_E_UNSUPPORTED.
 *
 * Ownership words. "Borrowed": the callee reads it during the call and keeps nothing. "Copied":
 * borrowed, and its contents are kept. "Taken": the library owns it once the call has succeeded,
 * not before. "Returned, valid until X": the library keeps owning it, and it must not be used
 * after X.
 *
 * Threads. A manager may be used from any threads at once. An arena belongs to one thread at a
 * time, a reader to the thread that attached it. No lock is held while a callback runs, so
 * callbacks may call the library unless their comment says otherwise, and each of them gets the
 * `user` pointer it was registered with.
 *
 * Memory. What a manager holds comes from and goes back to lifecycle_config.allocator; malloc,
 * realloc and free where none is given.
 *
 * Names beginning with lifecycle_ and LIFECYCLE_ are the library's.
 *
 * Linking. `cc program.c -llifecycle`, or what `pkg-config --cflags --libs lifecycle` says. That
 * replaces a runtime's weak rt_exec_manager_* by the library's; a runtime that is to keep its own,
 * defined without weak, links -l:liblifecycle.so.0. dlopen takes liblifecycle.so.0.
 * Static: the archive liblifecycle.a, and behind it what `pkg-config --static --libs lifecycle`
 * names beside the library.
 */

#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Version of this header; lifecycle_version_number() tells that of the library that runs. */
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
/** Defaults for a lifecycle_batch_item. */
#define LIFECYCLE_BATCH_ITEM_INIT \
    { sizeof(lifecycle_batch_item), NULL, NULL, 0, NULL, NULL }
/** Defaults for a lifecycle_arena_options. */
#define LIFECYCLE_ARENA_OPTIONS_INIT \
    { sizeof(lifecycle_arena_options), 0, 0, NULL, 0, 0, 0, 0 }
/** Defaults for a lifecycle_interp_options. */
#define LIFECYCLE_INTERP_OPTIONS_INIT \
    { sizeof(lifecycle_interp_options), NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, \
                               { NULL, NULL, NULL, NULL }, 0 }
/** Defaults for a lifecycle_heap_options. */
#define LIFECYCLE_HEAP_OPTIONS_INIT \
    { sizeof(lifecycle_heap_options), 0, 0, 0, 0, 1, 0, 0, { NULL, NULL, NULL, NULL }, 0 }
/** A lifecycle_wam with no registers yet; lifecycle_heap_set_wam gives it a trail. */
#define LIFECYCLE_WAM_INIT \
    { sizeof(lifecycle_wam), NULL, 0, NULL, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
/** An observer that hears nothing yet: set on_event. */
#define LIFECYCLE_OBSERVER_INIT { sizeof(lifecycle_observer), NULL }

/** Arena flag: do not mark unused bytes for AddressSanitizer and valgrind. */
#define LIFECYCLE_ARENA_NO_POISON 1u

/** The largest alignment an arena allocates with: 2 MiB. */
#define LIFECYCLE_ARENA_ALIGN_MAX 2097152u

/** Map: the owner is "__jit__", the module is where the code came from; a sweep may evict it. */
#define LIFECYCLE_MAP_JIT 1u

/**
 * Map: a symbol of this name is replaced; entries follow at once, and the old code goes as by
 * lifecycle_unmap_symbol.
 */
#define LIFECYCLE_MAP_REPLACE 2u

/** Map: the symbol starts with one pin. */
#define LIFECYCLE_MAP_PINNED 4u

/** Symbol flag: the host mapped this code itself (lifecycle_on_symbol_mapped). */
#define LIFECYCLE_MAP_ADOPTED 8u

/** Relocation: 64-bit absolute address (any processor). */
#define LIFECYCLE_RELOC_ABS64 1u

/** Relocation: 32-bit distance from the field (x86-64 PC32; the addend includes the usual -4). */
#define LIFECYCLE_RELOC_PC32 2u

/**
 * Relocation: as PC32, for a call or jump (x86-64 PLT32): a target out of reach is reached through
 * a jump behind the code.
 */
#define LIFECYCLE_RELOC_PLT32 3u

/**
 * Relocation: 32-bit distance from the field to a word behind the code that holds the target's
 * address (x86-64 GOTPCREL, GOTPCRELX, REX_GOTPCRELX). The addend, usually -4, is the distance's.
 */
#define LIFECYCLE_RELOC_GOTPCREL 4u

/**
 * Relocation: 26-bit distance in instructions of a `b` or `bl` (aarch64 CALL26, JUMP26); a target
 * out of reach is reached through a jump behind the code, which changes x16.
 */
#define LIFECYCLE_RELOC_CALL26 5u

/** Relocation: the distance in pages of an `adrp` (aarch64 ADR_PREL_PG_HI21). */
#define LIFECYCLE_RELOC_ADR_PREL_PG_HI21 6u

/** Relocation: the low 12 bits of an address in an `add` (aarch64 ADD_ABS_LO12_NC). */
#define LIFECYCLE_RELOC_ADD_ABS_LO12 7u

/** Tag of a cell: a reference to a cell, or unbound. */
#define LIFECYCLE_TAG_REF 0u

/** Tag of a cell: a structure or blob, by the index of its header. */
#define LIFECYCLE_TAG_STR 1u

/** Tag of a cell: a list pair, by the index of its head. */
#define LIFECYCLE_TAG_LIS 2u

/** Tag of a cell: an atom. */
#define LIFECYCLE_TAG_CON 3u

/** Tag of a cell: a number. */
#define LIFECYCLE_TAG_INT 4u

/** Tag of a cell: the header of a structure. */
#define LIFECYCLE_TAG_FUN 5u

/** Tag of a cell: the header of raw words. */
#define LIFECYCLE_TAG_BLOB 6u

/** Tag of a cell: the host's own. */
#define LIFECYCLE_TAG_HOST 7u

/** What lifecycle_heap_alloc returns when it fails. */
#define LIFECYCLE_NO_CELL 0u

/** The most arguments a structure has. */
#define LIFECYCLE_ARITY_MAX 1048576u

/** The most cells a heap has: 32 GiB. */
#define LIFECYCLE_HEAP_CELLS_MAX 4294967296

/**
 * Heap flag: each collection is followed by lifecycle_heap_verify, and faults are counted
 * (lifecycle_heap_stats.faults); where there is no memory for that, it is left out.
 */
#define LIFECYCLE_HEAP_VERIFY 1u

/** Heap flag: do not mark free cells for AddressSanitizer and valgrind. */
#define LIFECYCLE_HEAP_NO_POISON 2u

/** Fault: a reference to a cell that is not there. */
#define LIFECYCLE_FAULT_RANGE 1u

/** Fault: a STR that refers to no header, or a REF or LIS that refers to one. */
#define LIFECYCLE_FAULT_HEADER 2u

/** Fault: a header that says more than there is, or an arity above LIFECYCLE_ARITY_MAX. */
#define LIFECYCLE_FAULT_WHOLE 3u

/** Fault: a header where a value belongs. */
#define LIFECYCLE_FAULT_VALUE 4u

/** Fault: a reference to a cell that was reclaimed. */
#define LIFECYCLE_FAULT_RECLAIMED 5u

/** Fault: the collector kept a cell that nothing refers to, told right after a collection only. */
#define LIFECYCLE_FAULT_KEPT 6u

/** Fault: a trail entry that is none, or whose cell is not there or was reclaimed. */
#define LIFECYCLE_FAULT_TRAIL 7u

/** Fault: a choicepoint that is not in order with those around it. */
#define LIFECYCLE_FAULT_CHOICE 8u

/** Where a fault is: in a cell of the heap. */
#define LIFECYCLE_PLACE_HEAP 1u

/** Where a fault is: an argument register. */
#define LIFECYCLE_PLACE_X 2u

/** Where a fault is: a slot of an environment. */
#define LIFECYCLE_PLACE_FRAME 3u

/** Where a fault is: a choicepoint or an argument of it. */
#define LIFECYCLE_PLACE_CHOICE 4u

/** Where a fault is: the trail. */
#define LIFECYCLE_PLACE_TRAIL 5u

/** Where a fault is: a global. */
#define LIFECYCLE_PLACE_GLOBAL 6u

/** Where a fault is: a cell that a root callback handed over. */
#define LIFECYCLE_PLACE_CALLBACK 7u

/** Feature: a defect of the library is caught at its boundary and told as LIFECYCLE_E_PANIC. */
#define LIFECYCLE_FEATURE_PANICS_CAUGHT 1u

/** Feature: lifecycle_entry works on this processor. */
#define LIFECYCLE_FEATURE_ENTRIES 2u

/** Feature: a debug build, with assertions on. */
#define LIFECYCLE_FEATURE_DEBUG 4u

/**
 * Config: calls through entries note their use, so that the sweeper sees what is called without a
 * word from the host.
 */
#define LIFECYCLE_CONFIG_MARK_ENTRIES 1u

/**
 * Config: each symbol is written to /tmp/perf-PID.map, where perf(1) looks names up. That format
 * takes nothing back: where an address was used again, perf takes one of its names for all
 * samples. perf uses the map for private memory only, so with this flag LIFECYCLE_CODE_AUTO tries
 * LIFECYCLE_CODE_MPROTECT first.
 */
#define LIFECYCLE_CONFIG_PERF_MAP 2u

/**
 * Config: each symbol with its code is written to jit-PID.dump, for `perf inject --jit`, in the
 * folder that JITDUMPDIR in the environment names, or else in the current one. Code that the host
 * mapped itself is not.
 */
#define LIFECYCLE_CONFIG_JITDUMP 4u

/** Config: each symbol is told to a debugger (the GDB JIT interface) until it is freed. */
#define LIFECYCLE_CONFIG_GDB 8u

/**
 * Code mode: the best the system allows: DUAL, else MPROTECT, else NONE (but see
 * LIFECYCLE_CONFIG_PERF_MAP).
 */
#define LIFECYCLE_CODE_AUTO 0u

/**
 * Code mode: memory files, mapped executable at one address and writable at another. Symbols are
 * packed, and publishing costs no system call. After a fork both processes run the same pages,
 * until one of them frees code in a slab of 2 MiB (the parent) or changes anything in it (a
 * child): then that one copies the slab's used pages first, once per fork, about a millisecond for
 * a full slab.
 *
 * For all hosts that do not fork, and for prefork hosts whose workers mostly run what was there
 * before. A parent that goes on freeing or replacing code while its workers live pays a copy of
 * each slab that it frees from, after each fork: such a host takes LIFECYCLE_CODE_MPROTECT.
 */
#define LIFECYCLE_CODE_DUAL 1u

/**
 * Code mode: private pages that are writable first and executable after. A page never holds two
 * symbols, not even two of a batch, so that no page with live code is ever toggled: each symbol
 * costs a page at least, and system calls. After a fork the system copies page by page whatever
 * either process writes. For prefork hosts whose parent and workers all go on changing code here
 * and there.
 *
 * The page before a symbol may be inaccessible. Callers that read the bytes before a function
 * (-fsanitize=function makes them) call through entries, or the host takes LIFECYCLE_CODE_DUAL.
 */
#define LIFECYCLE_CODE_MPROTECT 2u

/**
 * Code mode: no code. Mapping code and making entries answer LIFECYCLE_E_DENIED with the reason;
 * everything else works, code that the host mapped itself included. What AUTO becomes where the
 * system forbids code made at run time.
 */
#define LIFECYCLE_CODE_NONE 3u

/**
 * Mapping mode: files of more than 16 KiB are mapped, smaller ones copied. Fast; a mapped file
 * that another program truncates raises SIGBUS in whoever reads the missing part.
 */
#define LIFECYCLE_MAPPING_MAP 0u

/**
 * Mapping mode: files are copied when first accessed, so that nothing done to the file later can
 * be seen.
 */
#define LIFECYCLE_MAPPING_SNAPSHOT 1u

/** Fork policy: a child can do all that its parent can, and neither changes what the other runs. */
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

/** Kind: no value. */
#define LIFECYCLE_NIL 0

/** Kind: text, any bytes. */
#define LIFECYCLE_STRING 1

/** Kind: a number of 64 bits with a sign. */
#define LIFECYCLE_INT 2

/** Kind: a double. */
#define LIFECYCLE_DOUBLE 3

/** Kind: a list of values. */
#define LIFECYCLE_LIST 4

/** Kind: pairs of a key and a value, in the order in which the keys came. */
#define LIFECYCLE_DICT 5

/** Kind: something of the host's, with a type name and a text. */
#define LIFECYCLE_FOREIGN 6

/** Kind: a text in the making. */
#define LIFECYCLE_BUILDER 7

/** Lists and dicts have a string form if they are not nested deeper than this. */
#define LIFECYCLE_TEXT_DEPTH_MAX 10000u

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

/**
 * A persistent value: immutable, counted. It belongs to the interpreter that made it. Numbers may
 * be kept in the pointer itself: never follow it.
 */
typedef struct lifecycle_value lifecycle_value;

/** What lifecycle_visit hands cells to. Opaque. */
typedef struct lifecycle_visitor lifecycle_visitor;

/**
 * The host's memory functions: what a manager keeps books in comes from these. What must be mapped
 * or must stay readable for who looks without a lock (code and where it is, files, names) comes
 * from the system. All three are given, or none (then malloc, realloc and free). They must return
 * 16-byte aligned memory and may be called from any thread that calls the manager, several at once;
 * they must not call the library.
 */
typedef struct lifecycle_allocator {
    /** Returns `bytes` bytes (never 0) or NULL. */
    void *(*alloc)(size_t bytes, void *user);
    /** Resizes, keeping the contents; NULL leaves the old block as it was. */
    void *(*realloc)(void *ptr, size_t old_bytes, size_t new_bytes, void *user);
    /** Gives back a block with the size it was asked with. */
    void (*free)(void *ptr, size_t bytes, void *user);
    /** Handed to each of the three. */
    void *user;
} lifecycle_allocator;

/** How a manager is set up. Start from LIFECYCLE_CONFIG_INIT; zero means the default. */
typedef struct lifecycle_config {
    /** sizeof(lifecycle_config) */
    size_t size;
    /**
     * Most bytes of executable memory, rounded up to 2 MiB; default 256 MiB, at most 1 GiB. In
     * dual mode the first 64 bytes of every 2 MiB stay unused. Address space is reserved for all
     * of it, memory is taken as it is used.
     */
    size_t code_capacity;
    /**
     * LIFECYCLE_CODE_AUTO, _DUAL, _MPROTECT or _NONE. Hosts that fork workers choose: see
     * LIFECYCLE_CODE_DUAL.
     */
    uint32_t code_mode;
    /** LIFECYCLE_MAPPING_MAP or _SNAPSHOT. */
    uint32_t mapping_mode;
    /** Age in epochs past which statistics count a symbol as stale; default 100. */
    uint64_t sweep_max_age;
    /** How deep lifecycle_load_enter nests; default 16. */
    uint32_t load_depth_limit;
    /** LIFECYCLE_CONFIG_*, or-ed. */
    uint32_t flags;
    /** Default malloc, realloc and free. */
    lifecycle_allocator allocator;
} lifecycle_config;

/**
 * Owns everything the modules of one runtime bring in. Made by lifecycle_create; what is in it is
 * for the header's inline functions alone.
 */
typedef struct lifecycle_manager {
    /** Which declaration ids are known to be live: lifecycle_did_is_live. */
    const uint64_t *live;
} lifecycle_manager;

/** What the system allowed this manager. */
typedef struct lifecycle_caps {
    /** LIFECYCLE_CODE_DUAL, _MPROTECT or _NONE. */
    uint32_t code_mode;
    /** LIFECYCLE_FORK_COPY. */
    uint32_t fork_policy;
    /** 1 = readers pay a plain store and the reclaimer a membarrier; 0 = readers pay a fence. */
    uint32_t membarrier;
    /**
     * 1 = entries call the resolver on this processor; 0 = lifecycle_entry answers
     * LIFECYCLE_E_UNSUPPORTED, or LIFECYCLE_E_DENIED where there is no code.
     */
    uint32_t entries;
    /** Bytes of executable memory at most; 0 where there is none. */
    size_t code_capacity;
    /** Bytes of a system page. */
    size_t page_size;
    /** Bytes that every code symbol's size is rounded up to. */
    size_t code_granule;
    /**
     * Those of LIFECYCLE_CONFIG_PERF_MAP, _JITDUMP and _GDB that were asked for and work. One
     * whose file could not be written any more is missing: no mapping fails for that.
     */
    uint32_t tools;
    /** 1 = the process has an unwinder that takes lifecycle_map_options.eh_frame. */
    uint32_t unwinder;
} lifecycle_caps;

/** Everything counted, right now or since the manager was made. */
typedef struct lifecycle_stats {
    /** Modules loaded now. */
    uint64_t tracked_modules;
    /** JIT symbols live now. */
    uint64_t total_jit_symbols;
    /** Paths with a mapping now. */
    uint64_t smf_tracked_count;
    /** The epoch. */
    uint64_t sweeper_epoch;
    /** Symbols the sweeper watches. */
    uint64_t sweeper_tracked;
    /** Those older than lifecycle_config.sweep_max_age. */
    uint64_t sweeper_stale;
    /** Bytes of live code. */
    uint64_t code_bytes_live;
    /** Bytes of code unlinked but not yet free. */
    uint64_t code_bytes_retired;
    /** Bytes of memory mapped for code. */
    uint64_t code_bytes_reserved;
    /** Bytes of bookkeeping for code. */
    uint64_t code_bytes_metadata;
    /** Code symbols live. */
    uint64_t symbols_live;
    /** Those with a pin. */
    uint64_t symbols_pinned;
    /** Entries. */
    uint64_t entries;
    /** File mappings. */
    uint64_t mappings;
    /** Their bytes. */
    uint64_t mapped_bytes;
    /** Function bindings, shadowed ones included. */
    uint64_t names_func;
    /** Struct bindings. */
    uint64_t names_struct;
    /** Enum bindings. */
    uint64_t names_enum;
    /** Global bindings. */
    uint64_t names_global;
    /** Declaration ids whose module was unloaded, since the start. */
    uint64_t tombstones;
    /** Resources registered with lifecycle_own. */
    uint64_t resources;
    /** Metadata keys. */
    uint64_t metadata;
    /**
     * Modules loaded since the start; those that a reload put in the place of others are not
     * counted.
     */
    uint64_t loads;
    /** Modules unloaded since the start. */
    uint64_t unloads;
    /** Reloads committed since the start. */
    uint64_t reloads;
    /** Sweeps since the start. */
    uint64_t sweeps;
    /** Symbols evicted since the start. */
    uint64_t evictions;
    /** Releases the system refused that are still to be retried. */
    uint64_t failed_releases;
    /** Attached readers. */
    uint64_t readers;
    /** Readers inside code. */
    uint64_t readers_inside;
    /**
     * The reader that holds back what has waited longest to be freed, by the system's number of
     * its thread (gettid); 0 = nothing waits for a reader.
     */
    uint64_t blocking_reader_thread;
    /** Nanoseconds that it has been seen to: since a call first would have freed something. */
    uint64_t blocking_reader_ns;
    /** Heaps that modules own. */
    uint64_t heaps;
    /** Cells of theirs that survived the last collections. */
    uint64_t heap_cells_live;
    /** Cells of theirs that have memory. */
    uint64_t heap_cells_committed;
    /** Collections of theirs since the start. */
    uint64_t heap_collections;
} lifecycle_stats;

/** Which form lifecycle_stats_print writes: one of LIFECYCLE_TEXT, _JSON, _PROMETHEUS. */
typedef uint32_t lifecycle_format;

/** Receives `len` bytes of text (not NUL-terminated); a non-zero return stops the writing. */
typedef int (*lifecycle_write_fn)(const char *bytes, size_t len, void *user);

/** What a leak is: one of LIFECYCLE_LEAK_*. */
typedef uint32_t lifecycle_leak_kind;

/** One thing still held; valid for the call. */
typedef struct lifecycle_leak {
    /** sizeof(lifecycle_leak) of the library. */
    size_t size;
    /** LIFECYCLE_LEAK_* */
    lifecycle_leak_kind kind;
    /** 0. */
    uint32_t reserved;
    /** The module that owns it; 0 if none does. */
    uint64_t module;
    /** Its id; 0 if it has none. */
    uint64_t id;
    /** Its name, path or key; NULL if it has none. */
    const char *name;
    /** Path of the owning module; NULL if none owns it. */
    const char *owner;
    /** Bytes it holds, where that is known. */
    size_t bytes;
} lifecycle_leak;

/** Hears one leak. */
typedef void (*lifecycle_leak_fn)(const lifecycle_leak *leak, void *user);

/** What an event tells of: one of LIFECYCLE_EVENT_*. */
typedef uint32_t lifecycle_event_kind;

/** One event; valid for the call. Fields an event does not name are 0 or NULL. */
typedef struct lifecycle_event {
    /** sizeof(lifecycle_event) of the library: later versions may be longer. */
    size_t size;
    /** LIFECYCLE_EVENT_* */
    lifecycle_event_kind kind;
    /** 0. */
    uint32_t reserved;
    /** The module. */
    uint64_t module;
    /** The symbol or mapping. */
    uint64_t id;
    /** A number; see the event. */
    uint64_t value;
    /** Path, key or name: NUL-terminated. */
    const char *name;
    /** First byte. */
    const void *address;
    /** Bytes. */
    size_t bytes;
} lifecycle_event;

/**
 * Hears the manager's events, so that a host can drop its own caches. Called with no lock held, on
 * the thread whose call made the event, after it took effect; it may call the library.
 */
typedef struct lifecycle_observer {
    /** sizeof(lifecycle_observer) */
    size_t size;
    /** Called for each event. */
    void (*on_event)(const lifecycle_event *event, void *user);
} lifecycle_observer;

/** A loaded module: a 64-bit id with a generation, never reused. 0 is never valid. */
typedef uint64_t lifecycle_module;

/** What a module owns right now. */
typedef struct lifecycle_module_info {
    /** NUL-terminated, valid until the module is unloaded. */
    const char *path;
    /** Counts loads over the manager's life: a reloaded module has a higher one. */
    uint64_t generation;
    /** When it was loaded, in microseconds of the system's real-time clock since 1970. */
    uint64_t load_time_us;
    /** Code symbols it owns. */
    uint64_t exec_symbols;
    /** JIT symbols it triggered. */
    uint64_t jit_symbols;
    /** References to file mappings. */
    uint64_t mappings;
    /** Metadata keys. */
    uint64_t metadata;
    /** Bindings in the name tables. */
    uint64_t names;
    /** Resources registered with lifecycle_own. */
    uint64_t resources;
    /** Bytes of code of its own and triggered symbols. */
    uint64_t code_bytes;
} lifecycle_module_info;

/** Hears one loaded module; a non-zero return ends the walk. */
typedef int (*lifecycle_module_fn)(lifecycle_module module, const char *path, void *user);

/** Releases `resource`; called once, with no lock held, so it may call the library. */
typedef void (*lifecycle_release_fn)(void *resource, void *user);

/** A resource registered with lifecycle_own. 0 is never valid. */
typedef uint64_t lifecycle_resource;

/**
 * A word of a heap: the low three bits are its tag, the rest is its payload.
 *
 * | tag  | payload                                    | made by             |
 * |------|--------------------------------------------|---------------------|
 * | REF  | index of a cell; unbound = refers to itself | lifecycle_make_ref  |
 * | STR  | index of a header: FUN or BLOB             | lifecycle_make_str  |
 * | LIS  | index of two cells: head and tail          | lifecycle_make_lis  |
 * | CON  | an atom's number, 61 bits                  | lifecycle_make_con  |
 * | INT  | a signed number, 61 bits                   | lifecycle_make_int  |
 * | FUN  | header: atom (40 bits), arity (to 2^20); the arguments follow | lifecycle_make_fun |
 * | BLOB | header: bytes; raw words follow, the last one filled up | lifecycle_make_blob |
 * | HOST | the host's own, never followed             | lifecycle_make_host |
 *
 * Indexes count cells from lifecycle_heap_base. Cell 0 is nobody's: a word of zeros is a REF to
 * it, and is passed over wherever a heap looks, so that zeroed registers and frames are legal.
 */
typedef uint64_t lifecycle_cell;

/**
 * An environment: the host's memory, with `count` cells right behind it (the Y slots,
 * lifecycle_frame_cells). Set up with lifecycle_frame_init.
 */
typedef struct lifecycle_frame {
    /** The caller's environment, or NULL. */
    struct lifecycle_frame *prev;
    /** Where the caller goes on: says which slots of `prev` are alive (lifecycle_live_fn). */
    const void *code;
    /** The collector's. */
    uint64_t visited;
    /** Slots. */
    uint32_t count;
    /** 0. */
    uint32_t reserved;
} lifecycle_frame;

/**
 * A choicepoint: the host's memory, with `count` cells right behind it (the arguments,
 * lifecycle_choice_cells). Made one by lifecycle_wam_choice_push.
 */
typedef struct lifecycle_choice {
    /** The next older one, or NULL. */
    struct lifecycle_choice *prev;
    /** The environment to go on in. */
    lifecycle_frame *env;
    /** Where `env` goes on (lifecycle_wam.code). */
    const void *code;
    /** The host's own: the next clause. */
    const void *alternative;
    /** Entries of the trail that are older. The heap's, as the next three. */
    uint64_t trail;
    /** Cells from this index on are younger. */
    uint64_t top;
    /** Where in the holes below allocation was. */
    uint64_t hole;
    /** Cells in use since the last collection. */
    uint64_t taken;
    /** Finalizers and weak references that are older. The heap's. */
    uint64_t watches;
    /** Arguments. */
    uint32_t count;
    /** 0. */
    uint32_t reserved;
} lifecycle_choice;

/**
 * Says which slots of an environment hold cells when its code goes on at `code`: bit i of the
 * result stands for slot `first` + i; bits past the last slot count for nothing. `first` is a
 * multiple of 64. It is called while a collection runs: it looks into the host's tables, and may
 * call nothing of the heap's but lifecycle_heap_stats_get. It returns, as a lifecycle_root_fn does.
 */
typedef uint64_t (*lifecycle_live_fn)(const lifecycle_frame *frame,
                  const void *code,
                  uint32_t first,
                  void *user);

/**
 * The registers of a WAM. It is the host's, stays where it is while the heap has it, and is read at
 * each collection and written where said; start from LIFECYCLE_WAM_INIT.
 */
typedef struct lifecycle_wam {
    /** sizeof(lifecycle_wam) */
    size_t size;
    /** The argument registers, those that hold something. */
    lifecycle_cell *x;
    /** How many. */
    uint64_t x_count;
    /** The current environment, or NULL. */
    lifecycle_frame *e;
    /** Where the code of `e` goes on (CP). */
    const void *code;
    /** The newest choicepoint, or NULL. Written by lifecycle_wam_choice_push and its like only. */
    lifecycle_choice *b;
    /**
     * The trail: oldest entry first; a REF cell names the cell to reset, and a LIS cell that to give
     * the value back which is the word before it. NULL when it is handed over: the heap makes a
     * trail that grows.
     */
    lifecycle_cell *tr;
    /** Words in use. Written by lifecycle_wam_bind and its like, and by a collection. */
    uint64_t tr_count;
    /** Words there are. */
    uint64_t tr_capacity;
    /** Cells that live as long as the machine. */
    lifecycle_cell *globals;
    /** How many. */
    uint64_t globals_count;
    /** Says which slots of an environment are alive; NULL = all. */
    lifecycle_live_fn live;
    /** Handed to `live`. */
    void *user;
} lifecycle_wam;

/**
 * A heap of cells. The words are for the inline functions and for code generators: an allocation
 * of n cells may take them from `cursor` up to `limit` by adding n to `cursor`; where they do not
 * suffice it calls lifecycle_heap_alloc_slow. The rest is private.
 */
typedef struct lifecycle_heap {
    /** The cells; never moves while the heap lives. */
    lifecycle_cell *cells;
    /** Index of the next free cell. */
    uint64_t cursor;
    /** Index of the end of what may be handed out without a call. */
    uint64_t limit;
    /** Cells below it may be older than the newest choicepoint: binding one is trailed. */
    uint64_t hb;
    /** What lifecycle_heap_set_wam was given, or NULL. */
    lifecycle_wam *wam;
    /** Cells from 1 up to and including this one may be touched. */
    uint64_t bound;
    /** Not 0: a collection is due at the next safepoint. */
    uint32_t due;
    /** Not 0: it collects or verifies just now, and is only looked at. */
    uint32_t busy;
} lifecycle_heap;

/** What an unload freed, or what stood in its way. */
typedef struct lifecycle_unload_report {
    /** Code symbols unmapped. */
    uint64_t exec_symbols;
    /** JIT symbols unmapped. */
    uint64_t jit_symbols;
    /** Mapping references dropped. */
    uint64_t mappings;
    /** Metadata keys dropped. */
    uint64_t metadata;
    /** Bindings removed. */
    uint64_t names;
    /** Resources released. */
    uint64_t resources;
    /** Bytes of code given up. */
    uint64_t code_bytes;
    /** With LIFECYCLE_E_BUSY: a module that depends on this one; else 0. */
    uint64_t blocker_module;
    /** With LIFECYCLE_E_PINNED: a pinned symbol; else 0. */
    uint64_t blocker_symbol;
} lifecycle_unload_report;

/** A reservation: write the code through `rw`, it will run at `rx`. */
typedef struct lifecycle_code {
    /** Where it will run. */
    void *rx;
    /** Where it is written; dead after commit or abort. */
    void *rw;
    /** Bytes. */
    size_t size;
    /** Names the reservation. */
    uint64_t id;
} lifecycle_code;

/**
 * One place in the code that needs an address filled in.
 *
 * A name's address is its entry (lifecycle_entry), made if need be: it stays whatever the name
 * comes to mean, so it may be called, compared and kept. What a field cannot reach is reached
 * through bytes behind the code, in the symbol's own memory and freed with it, 8-byte aligned: 16
 * for each different target of calls out of reach, 8 for each different target of
 * LIFECYCLE_RELOC_GOTPCREL. lifecycle_map_symbol makes room for them; a reservation must have it
 * (lifecycle_code_commit). They belong to no symbol for lifecycle_symbol_at, and are not counted
 * in its size.
 */
typedef struct lifecycle_relocation {
    /** One of LIFECYCLE_RELOC_*. */
    uint32_t kind;
    /** 0. */
    uint32_t reserved;
    /** Bytes from the start of the code to the field. */
    uint64_t offset;
    /** The target's name: its entry is used. NULL when `target` is given. */
    const char *symbol;
    /** The target's address, when `symbol` is NULL. */
    const void *target;
    /** Added to the target. */
    int64_t addend;
} lifecycle_relocation;

/** How code is mapped. Start from LIFECYCLE_MAP_OPTIONS_INIT. */
typedef struct lifecycle_map_options {
    /** sizeof(lifecycle_map_options) */
    size_t size;
    /** LIFECYCLE_MAP_JIT, _REPLACE, _PINNED, or-ed. */
    uint32_t flags;
    /** 0. */
    uint32_t reserved;
    /** Alignment of the first byte: a power of two up to 4096; 0 = 64. */
    size_t align;
    /** The code must lie within 2 GiB of this address; NULL = anywhere. */
    const void *near_address;
    /** `relocation_count` relocations, applied before the code can run. */
    const lifecycle_relocation *relocations;
    /** How many. */
    size_t relocation_count;
    /**
     * How to unwind the code, or NULL: CIEs and FDEs as in a section .eh_frame; copied. The
     * initial location of each FDE counts from the first byte of the code, whatever its encoding
     * (absptr, udata, sdata of 2, 4 or 8 bytes; pcrel or not): the library fills the address in.
     * Pointers to a personality and to its data must be absolute and are left as they are. The
     * process's unwinder knows it from before the symbol can be called until it is freed; a host
     * must not register the same code itself.
     */
    const void *eh_frame;
    /** Its bytes, with or without the empty record that ends a section. */
    size_t eh_frame_size;
    /** The host's own pointer, told back by lifecycle_symbol_info_get. */
    void *user;
} lifecycle_map_options;

/** One symbol of lifecycle_map_batch. Start from LIFECYCLE_BATCH_ITEM_INIT. */
typedef struct lifecycle_batch_item {
    /** sizeof(lifecycle_batch_item) */
    size_t size;
    /** As for lifecycle_map_symbol. No two items of a batch have the same. */
    const char *name;
    /** `len` bytes, copied; NULL when the code was written into `reserved`. */
    const void *code;
    /** Bytes. */
    size_t len;
    /** The reservation that the code was written into; NULL when `code` is given. */
    lifecycle_code *reserved;
    /** As for lifecycle_map_symbol; NULL = defaults. */
    const lifecycle_map_options *options;
} lifecycle_batch_item;

/** A code symbol: a 64-bit id with a generation, never reused. 0 is never valid. */
typedef uint64_t lifecycle_symbol;

/** What is known of a symbol. */
typedef struct lifecycle_symbol_info {
    /** NUL-terminated, valid until the symbol is freed. */
    const char *name;
    /** Path of the owning module, or "__jit__"; valid until that module is unloaded. */
    const char *owner;
    /** The owning module; for a JIT symbol the module it came from. */
    lifecycle_module module;
    /** First byte. */
    void *address;
    /** Bytes. */
    size_t size;
    /** Counts symbols mapped over the manager's life. */
    uint64_t generation;
    /** The epoch it was last used in, as far as marking tells. */
    uint64_t last_used_epoch;
    /** Pins held. */
    uint32_t pins;
    /** LIFECYCLE_MAP_JIT, LIFECYCLE_MAP_ADOPTED. */
    uint32_t flags;
    /** The host's pointer from lifecycle_map_options. */
    void *user;
} lifecycle_symbol_info;

/**
 * Returns the code to run for an entry that has none, or NULL when there is none to be had. Called
 * on the thread that made the call, with no lock held; it may map code.
 */
typedef void *(*lifecycle_resolve_fn)(const char *name, void *user);

/**
 * A thread that runs code. The inline functions use its first fields; treat all of them as
 * private.
 */
typedef struct lifecycle_reader {
    /** The grace counter's value when the thread entered; 0 while it is outside. */
    uint64_t entered;
    /** The manager's grace counter; NULL once detached. */
    const uint64_t *grace;
    /** How deep lifecycle_enter is nested. */
    uint32_t nesting;
    /** Non-zero where the system has no membarrier, so that the reader must fence. */
    uint32_t fence;
    /** Nesting kept while parked. */
    uint32_t parked;
    /** 0. */
    uint32_t reserved;
} lifecycle_reader;

/** What a sweep did. */
typedef struct lifecycle_sweep_report {
    /** Symbols looked at. */
    uint64_t examined;
    /** Symbols evicted. */
    uint64_t evicted;
    /** Bytes of code evicted: the sum of the symbols' sizes. */
    uint64_t code_bytes;
    /** Stale symbols kept because of a pin. */
    uint64_t pinned;
} lifecycle_sweep_report;

/** A read-only file in memory. */
typedef struct lifecycle_mapping {
    /** First byte; valid while the module that acquired it holds it. */
    const void *data;
    /** Bytes. */
    size_t size;
    /** Names the mapping: two accesses that share memory have the same one. */
    uint64_t id;
} lifecycle_mapping;

/** The trailer of an SMF file: its last 128 bytes, checked. */
typedef struct lifecycle_smf_header {
    /** Format version. */
    uint8_t major;
    /** Format version. */
    uint8_t minor;
    /** Platform the code is for. */
    uint8_t platform;
    /** Processor the code is for. */
    uint8_t arch;
    /** Flags of the file. */
    uint32_t flags;
    /** Entries of the section table. */
    uint32_t section_count;
    /** Symbols in the symbol table. */
    uint32_t symbol_count;
    /** Exported ones of those. */
    uint32_t exported_count;
    /** How the payload is compressed; 0 = not. */
    uint32_t compression;
    /** Bytes from the file's start to the section table. */
    uint64_t section_table_offset;
    /** Bytes from the file's start to the symbol table. */
    uint64_t symbol_table_offset;
    /** Entry point. */
    uint64_t entry_point;
    /** Bytes of the executable stub before the data. */
    uint64_t stub_size;
    /** Bytes from the file's start to the SMF data. */
    uint64_t smf_data_offset;
} lifecycle_smf_header;

/** A binding: a 64-bit id with a generation, never reused. 0 is never valid. */
typedef uint64_t lifecycle_decl;

/** What a name means now. */
typedef struct lifecycle_binding {
    /** Declaration id, or a global's value. */
    int64_t value;
    /** Return type of a function; else 0. */
    int64_t aux;
    /** This very binding: stale once it is removed. */
    lifecycle_decl decl;
    /** The module that bound it. */
    lifecycle_module module;
} lifecycle_binding;

/** How an arena is set up. Start from LIFECYCLE_ARENA_OPTIONS_INIT; zero means the default. */
typedef struct lifecycle_arena_options {
    /** sizeof(lifecycle_arena_options) */
    size_t size;
    /** Bytes committed at a time, at least; rounded up to pages; default 64 KiB. */
    size_t chunk_size;
    /** Most bytes in use at once; default 64 GiB. */
    size_t hard_limit;
    /** Memory of the caller used before any other, or NULL; it must outlive the arena. */
    void *first_region;
    /** Its bytes. */
    size_t first_region_size;
    /**
     * Bytes that stay committed after every reset, rounded up to pages; SIZE_MAX: all of them;
     * default: what the recent rounds needed (see lifecycle_arena_reset).
     */
    size_t retained;
    /** LIFECYCLE_ARENA_NO_POISON: do not mark unused bytes for AddressSanitizer and valgrind. */
    uint32_t flags;
    /** 0. */
    uint32_t reserved;
} lifecycle_arena_options;

/**
 * A bump allocator for things that die together. The two words are for the inline allocation and
 * for code generators: `cursor` at offset 0 is the next free byte (16-aligned), `limit` at offset
 * 8 (on 64-bit) the end of what may be handed out without a call. An allocation may take bytes
 * from `cursor` up to `limit` by moving `cursor` by a multiple of 16; where they do not suffice it
 * calls lifecycle_arena_alloc_slow. The rest is private.
 */
typedef struct lifecycle_arena {
    /** Next free byte. */
    uint8_t *cursor;
    /** End of what may be handed out without a call. */
    uint8_t *limit;
} lifecycle_arena;

/** A place in an arena to rewind to: opaque words. */
typedef struct lifecycle_arena_mark {
    /** Private. */
    size_t position;
    /** Private. */
    uint64_t arena;
    /** Private. */
    uint64_t sequence;
} lifecycle_arena_mark;

/** What an arena holds. */
typedef struct lifecycle_arena_stats {
    /** Bytes in use: what was handed out, rounded up to 16, and the gaps that alignments left. */
    uint64_t used;
    /** The most that was ever in use at once. */
    uint64_t high_water;
    /** The most that may be in use at once. */
    uint64_t hard_limit;
    /** Bytes of the caller's first region that are usable. */
    uint64_t first_region;
    /** Bytes of address space set aside, huge allocations included. */
    uint64_t reserved;
    /** Bytes of it that may be touched. */
    uint64_t committed;
    /** Bytes in use by allocations that have a mapping of their own because they are huge. */
    uint64_t side_bytes;
    /** Those allocations. */
    uint64_t side_count;
    /** Mappings that the system refused to take back; tried again at each reset. */
    uint64_t failed_releases;
    /** Resets since it was made. */
    uint64_t resets;
} lifecycle_arena_stats;

/**
 * What a handle stands for. For the inline functions: the text, if it has one by now. The rest is
 * private.
 */
typedef struct lifecycle_slot {
    /** Its bytes, or NULL: it has none yet. */
    const uint8_t *text;
    /** How many; 0 where it has none, or where it may get others. */
    size_t text_len;
    /** Private. */
    uint64_t payload;
    /** Private. */
    uint32_t kind;
    /** Private. */
    uint32_t stamp;
} lifecycle_slot;

/**
 * One interpreter's values. The three words are for the inline functions: the newest `count`
 * handles are `first` and those that follow it, and `slots` is what they stand for. The rest is
 * private.
 */
typedef struct lifecycle_interp {
    /** The first of the newest handles. */
    uint64_t first;
    /** How many there are. */
    uint64_t count;
    /** What they stand for. */
    lifecycle_slot *slots;
} lifecycle_interp;

/**
 * A scratch value: a generation of 36 bits above an index of 28 bits; 0 is nil. It names what it
 * was made for until the outermost eval ends (or its scope closes), and nothing ever after.
 */
typedef uint64_t lifecycle_handle;

/**
 * Writes the string form of a double, list or dict into a builder. The string forms of lists and
 * dicts in it are there already, so that asking for them does not call it once more, however deep
 * they are nested.
 */
typedef enum lifecycle_status (*lifecycle_to_text_fn)(struct lifecycle_interp *interp,
                               lifecycle_handle value,
                               lifecycle_handle builder,
                               void *user);

/** Makes the list that a text is in the host's language; nil = it is none. */
typedef lifecycle_handle (*lifecycle_to_list_fn)(lifecycle_interp *interp,
                          lifecycle_handle text,
                          void *user);

/** Takes a foreign thing back: called once for each. */
typedef void (*lifecycle_foreign_release_fn)(void *ptr, void *user);

/** Makes another foreign thing like this one; NULL = it cannot. */
typedef void *(*lifecycle_foreign_clone_fn)(void *ptr, void *user);

/** How an interpreter is set up. Start from LIFECYCLE_INTERP_OPTIONS_INIT; zero means the default. */
typedef struct lifecycle_interp_options {
    /** sizeof(lifecycle_interp_options) */
    size_t size;
    /** Handed to each of the four functions below; lifecycle_interp_user returns it. */
    void *user;
    /**
     * The language's string form of a double, list or dict; default: the shortest text that reads
     * back as the double, and Tcl's list syntax.
     */
    lifecycle_to_text_fn to_text;
    /** The language's list syntax; default: Tcl's. */
    lifecycle_to_list_fn to_list;
    /** Takes a foreign thing back; default: nothing is done. */
    lifecycle_foreign_release_fn foreign_release;
    /** Makes another one, to be kept; default: what is kept is its type name and text. */
    lifecycle_foreign_clone_fn foreign_clone;
    /** Most frames at once, the global one included; default 10,000. */
    size_t frame_limit;
    /** Most handles at once; default 2^27, which is also the most. */
    size_t handle_limit;
    /** Most bytes of scratch memory in use at once, for each open scope; default 64 GiB. */
    size_t arena_limit;
    /** Most bytes of persistent values at once; default: no limit. */
    size_t value_limit;
    /** Where all memory but the scratch bytes comes from; all NULL = malloc, realloc, free. */
    lifecycle_allocator allocator;
    /** 0. */
    uint64_t reserved;
} lifecycle_interp_options;

/** An open scope; 0 is none. */
typedef uint64_t lifecycle_scope;

/** What an interpreter holds. */
typedef struct lifecycle_memory {
    /** Handles alive. */
    uint64_t scratch_handles;
    /** Bytes that the scratch side has in use: the handles' slots and arena_used. */
    uint64_t scratch_bytes;
    /** Bytes of the scratch arenas in use, all open scopes together. */
    uint64_t arena_used;
    /** Namespaces, the global one included. */
    uint64_t namespaces;
    /** Commands that have a body. */
    uint64_t procs;
    /** Evals entered and not left. */
    uint64_t eval_depth;
    /**
     * Blocks of persistent values alive: a string is one, a list one for up to 32 elements; small
     * numbers take none.
     */
    uint64_t values;
    /** Their bytes. */
    uint64_t value_bytes;
    /** The most that scratch_bytes ever was at the end of an eval or scope. */
    uint64_t high_water;
    /** Values that nobody keeps any more but a handle may still name; freed when it cannot. */
    uint64_t pending_values;
    /** Frames, the global one included. */
    uint64_t frames;
    /** Scopes open. */
    uint64_t scopes;
    /** Variables that have a value, in all namespaces and frames. */
    uint64_t variables;
    /** Traces. */
    uint64_t traces;
    /** References to values that the host holds. */
    uint64_t held_values;
} lifecycle_memory;

/** Compares two elements: negative, 0 or positive as `a` comes before, with or after `b`. */
typedef int (*lifecycle_compare_fn)(lifecycle_interp *interp,
             lifecycle_handle a,
             lifecycle_handle b,
             void *user);

/**
 * Runs one trace: `script` is what was added, `name` and `op` what is fired, neither ended by a
 * NUL. A status other than LIFECYCLE_OK ends the firing.
 */
typedef enum lifecycle_status (*lifecycle_trace_fn)(struct lifecycle_interp *interp,
                               lifecycle_handle script,
                               const char *name,
                               size_t name_len,
                               const char *op,
                               size_t op_len,
                               void *user);

/** What a frame is. */
typedef struct lifecycle_frame_info {
    /** What lifecycle_frame_push was given. */
    lifecycle_handle cmd;
    /** What lifecycle_frame_push was given. */
    lifecycle_handle args;
    /** What lifecycle_frame_set_lambda was given last, or nil. */
    lifecycle_handle lambda;
    /** Path of its namespace, NUL-terminated; valid until the frame gets another one or is popped. */
    const char *ns;
    /** Bytes of it. */
    size_t ns_len;
    /** Where it is: 0 is the global frame. */
    size_t level;
    /** What lifecycle_frame_set_line was given last. */
    size_t line;
} lifecycle_frame_info;

/**
 * How a heap is set up. Start from LIFECYCLE_HEAP_OPTIONS_INIT; zero means the default where one
 * is named.
 */
typedef struct lifecycle_heap_options {
    /** sizeof(lifecycle_heap_options) */
    size_t size;
    /** Cells committed at once when it is made; default: as they are used. */
    uint64_t initial_cells;
    /** Most cells, holes included; default: 2^32, or as many as the system has addresses for. */
    uint64_t max_cells;
    /** No collection is due before so many cells are in use; default 2^20 (8 MiB). */
    uint64_t threshold;
    /**
     * A collection is due when the cells in use are so many percent of those that survived the last
     * one; above 100; default 200.
     */
    uint32_t growth;
    /** 0: the heap never collects. LIFECYCLE_HEAP_OPTIONS_INIT says 1. */
    uint32_t gc_enabled;
    /** N: every N-th safepoint collects, and what is reclaimed is filled with a pattern; 0: no. */
    uint32_t stress;
    /** LIFECYCLE_HEAP_VERIFY, LIFECYCLE_HEAP_NO_POISON. */
    uint32_t flags;
    /** Where lists of roots and the like come from; all NULL = malloc, realloc, free. */
    lifecycle_allocator allocator;
    /** 0. */
    uint64_t reserved;
} lifecycle_heap_options;

/**
 * Hands each cell that the host keeps somewhere to lifecycle_visit. It is called while a collection
 * or verification runs: what it may call of this heap is lifecycle_visit and
 * lifecycle_heap_stats_get; all else is LIFECYCLE_E_BUSY. It returns: a longjmp out of it leaves the
 * heap in the middle of the collection.
 */
typedef void (*lifecycle_root_fn)(lifecycle_visitor *visitor, void *user);

/** Something wrong that lifecycle_heap_verify has found. */
typedef struct lifecycle_heap_fault {
    /** sizeof(lifecycle_heap_fault) of the library. */
    size_t size;
    /** LIFECYCLE_FAULT_... */
    uint32_t kind;
    /** LIFECYCLE_PLACE_... */
    uint32_t place;
    /** Which cell, register, slot, argument, entry or global; for callbacks, the how-manieth cell. */
    uint64_t index;
    /** What stands there. */
    lifecycle_cell cell;
    /** The frame or choicepoint; NULL elsewhere. */
    const void *holder;
} lifecycle_heap_fault;

/** Hears of faults; anything but 0 stops the verification. */
typedef int (*lifecycle_verify_fn)(const lifecycle_heap_fault *fault, void *user);

/** What a heap holds and has done. Cells are 8 bytes, times nanoseconds. */
typedef struct lifecycle_heap_stats {
    /** Collections finished. */
    uint64_t collections;
    /** Safepoints that had one due. */
    uint64_t safepoints;
    /** Cells handed out; those that backtracking took back at once are not counted. */
    uint64_t allocated;
    /** Cells that collections found dead. */
    uint64_t reclaimed;
    /** Cells that survived the last collection. */
    uint64_t live;
    /** Cells in use: those, and what was handed out since. */
    uint64_t used;
    /** The most that were in use at once. */
    uint64_t high_water;
    /** Cells below the first one that was never used, or lies above all that lives. */
    uint64_t frontier;
    /** Cells that have memory. */
    uint64_t committed;
    /** Most cells. */
    uint64_t max_cells;
    /** A collection is due when more cells than this are in use. */
    uint64_t trigger;
    /** Cells whose memory was given back to the system. */
    uint64_t given_back;
    /** Bytes beside the cells: marks, stacks, tables. */
    uint64_t side_bytes;
    /** Bytes outside that lifecycle_heap_external has told of. */
    uint64_t external;
    /** Time of all collections; the phases add up to it. */
    uint64_t time_total;
    /** Phase: walking the roots. */
    uint64_t time_roots;
    /** Phase: the trail. */
    uint64_t time_trail;
    /** Phase: marking. */
    uint64_t time_mark;
    /** Phase: counting what lives, and giving memory back. */
    uint64_t time_count;
    /** Looking for holes, outside the pauses. */
    uint64_t time_sweep;
    /** The last collection's time, and its phases. */
    uint64_t last_total;
    /** As time_roots, of the last one. */
    uint64_t last_roots;
    /** As time_trail, of the last one. */
    uint64_t last_trail;
    /** As time_mark, of the last one. */
    uint64_t last_mark;
    /** As time_count, of the last one. */
    uint64_t last_count;
    /** The longest collection. */
    uint64_t longest_pause;
    /** Holes that the last collection left below the frontier. */
    uint64_t runs;
    /** Cells of the largest of them. */
    uint64_t largest_run;
    /** Their cells. */
    uint64_t free_cells;
    /** The most words that were on the mark stack. */
    uint64_t mark_stack;
    /** Times that the system refused the mark stack room and marking went over the heap again. */
    uint64_t mark_rescans;
    /** Trail entries that collections dropped. */
    uint64_t trail_dropped;
    /** Cells that collections reset because nothing but an older choicepoint reaches them. */
    uint64_t early_resets;
    /** Root callbacks registered. */
    uint64_t root_callbacks;
    /** Finalizers registered and not run. */
    uint64_t finalizers;
    /** Finalizers run. */
    uint64_t finalized;
    /** Weak references. */
    uint64_t weak;
    /** Weak references whose target has died. */
    uint64_t weak_cleared;
    /**
     * References outside the heap or into nothing, met by collections, and faults found by the
     * verification that follows each one (LIFECYCLE_HEAP_VERIFY).
     */
    uint64_t faults;
} lifecycle_heap_stats;

/** Names a weak reference for ever; 0 is none. */
typedef uint64_t lifecycle_weak;

/** A line a statistic, for people. */
#define LIFECYCLE_TEXT 0u

/** One JSON object. */
#define LIFECYCLE_JSON 1u

/** Prometheus text format 0.0.4. */
#define LIFECYCLE_PROMETHEUS 2u

/**
 * A module was loaded, or a reload of it was begun: module (of a reload the fresh side), name =
 * path.
 */
#define LIFECYCLE_EVENT_MODULE_LOADED 1u

/**
 * A module was unloaded, replaced by its fresh side, or a fresh side given up: module (stale by
 * now), name = path, bytes = code bytes it had.
 */
#define LIFECYCLE_EVENT_MODULE_UNLOADED 2u

/** Code was mapped: module, id = symbol, name, address, bytes. */
#define LIFECYCLE_EVENT_SYMBOL_MAPPED 3u

/**
 * Code was unlinked and waits for its readers: module, id = symbol (stale by now), name, address,
 * bytes.
 */
#define LIFECYCLE_EVENT_SYMBOL_RETIRED 4u

/** Code memory was given back: module, id = symbol (both may be stale), name, address, bytes. */
#define LIFECYCLE_EVENT_SYMBOL_FREED 5u

/** A metadata key went with its module: module, name = key. */
#define LIFECYCLE_EVENT_METADATA_DROPPED 6u

/** A file was mapped: module (0 = prefetched), id = mapping, name = path, address, bytes. */
#define LIFECYCLE_EVENT_MAPPING_OPENED 7u

/** A mapping's last reference is gone: id = mapping, name = path, bytes. */
#define LIFECYCLE_EVENT_MAPPING_EVICTED 8u

/** A name is bound no more: value = name kind, name, module = whose binding it was. */
#define LIFECYCLE_EVENT_NAME_REMOVED 9u

/**
 * A name means again what it meant before: value = name kind, name, module = whose binding it is
 * now.
 */
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
 * Compare it with LIFECYCLE_VERSION_NUMBER, the version of the header the program was compiled
 * with.
 *
 * \returns the number; cannot fail.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
uint32_t lifecycle_version_number(void);

/**
 * Returns the version of the library that runs, such as "0.1.0".
 *
 * \returns a NUL-terminated text, never NULL; cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
 * anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_version_string(void);

/**
 * Returns the number in the shared library's name (liblifecycle.so.NUMBER).
 *
 * It is raised when a program linked against the library before would break. A program that opens
 * the library at run time compares it with LIFECYCLE_ABI_VERSION.
 *
 * \returns the number; cannot fail.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
uint32_t lifecycle_abi_version(void);

/**
 * Returns what this build can do: LIFECYCLE_FEATURE_*, or-ed.
 *
 * What the system allows a manager on top of that is told by lifecycle_caps_get.
 *
 * \returns the bits; bits this header does not name are of a later version. Cannot fail.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: the same in a child. Since: 0.1.0
 */
uint64_t lifecycle_features(void);

/**
 * Returns one line for a bug report: version, ABI number, target, profile and compiler.
 *
 * \returns a NUL-terminated text, never NULL; its form may change. Cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
 * anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_build_info(void);

/**
 * Returns the name of a status, such as "LIFECYCLE_E_STALE".
 *
 * \param status  any number; one that no version has handed out is "LIFECYCLE_E_UNKNOWN".
 *
 * \returns a NUL-terminated text, never NULL; cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
 * anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_status_name(int status);

/**
 * Returns what a status means, in a few words for people; lifecycle_last_error says more about one
 * failure.
 *
 * \param status  any number; one that no version has handed out has a text too.
 *
 * \returns a NUL-terminated text without a full stop, never NULL; cannot fail.
 *
 * Ownership: borrowed, valid as long as the library is loaded. Threads: any. Re-entry: from
 * anywhere, signal handlers included. Fork: the same in a child. Since: 0.1.0
 */
const char *lifecycle_strerror(int status);

/**
 * Returns this thread's last failure in one sentence that names the thing, such as "symbol 'f' is
 * already mapped by module 'a.smf'".
 *
 * A call that succeeds leaves the sentence as it was: look at the status first. The sentence is at
 * most 255 bytes; a longer one is cut between characters.
 *
 * \returns a NUL-terminated text, never NULL; empty when nothing has failed on this thread yet.
 * Cannot fail.
 *
 * Ownership: borrowed; this thread's next failure overwrites it, and it ends with the thread.
 * Threads: each has its own. Re-entry: from any callback. Fork: a child starts with its parent
 * thread's. Since: 0.1.0
 */
const char *lifecycle_last_error(void);

/**
 * Returns the system's error number (errno) behind this thread's last failure.
 *
 * \returns the number; 0 when the system was not to blame or nothing has failed on this thread
 * yet. Cannot fail.
 *
 * Ownership: nothing changes hands. Threads: each has its own. Re-entry: from any callback. Fork:
 * a child starts with its parent thread's. Since: 0.1.0
 */
int lifecycle_last_errno(void);

/**
 * Proves that this very build of the library, as it was linked, catches its own defects at its
 * boundary: raises one on purpose and sees it come out as LIFECYCLE_E_PANIC. Prints nothing.
 *
 * \returns LIFECYCLE_OK, with lifecycle_last_error telling of the defect that was raised;
 *          LIFECYCLE_E_UNSUPPORTED if the library was built to abort instead;
 *          LIFECYCLE_E_PANIC if something else came out.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from any callback, not from a signal
 * handler. Fork: may be called in a child. Since: 0.1.0
 */
lifecycle_status lifecycle_self_test(void);

/**
 * Makes a manager: the owner of everything that one runtime's modules bring in.
 *
 * Address space is reserved at once (lifecycle_config.code_capacity, twice in dual mode, and room
 * for data and bookkeeping); memory is taken as it is used.
 *
 * A forked child can do everything with its copy of a manager, and neither process notices what
 * the other does. fork() waits until no other thread is inside a call of the library, so that the
 * child begins with whole managers (pthread_atfork; a host allocator that takes locks in fork
 * handlers of its own registers them before the first manager is made). A process made past the C
 * library (a bare clone, _Fork) must come from one with no other thread inside a call, and its
 * parent cannot notice it: in dual mode it must not free code that the child goes on running.
 *
 * \param config  how it is set up, or NULL for the defaults; borrowed, its allocator is copied.
 * \param[out] out  the manager; NULL on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (`out` is NULL, an unknown mode or flag, an allocator
 * with a function missing); LIFECYCLE_E_UNSUPPORTED (the config sets a field this version does not
 * know); LIFECYCLE_E_TOO_BIG (a code capacity over 1 GiB); LIFECYCLE_E_DENIED (the system forbids
 * the code mode that was asked for; never for LIFECYCLE_CODE_AUTO); LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_LIMIT (65536 managers); LIFECYCLE_E_SYSTEM. LIFECYCLE_E_DENIED,
 * LIFECYCLE_E_NOT_FOUND and LIFECYCLE_E_SYSTEM also where the file of a tool that `flags` asks for
 * cannot be had: the sentence names it.
 *
 * Ownership: returned; the caller gives it back with lifecycle_destroy. Threads: any. Re-entry:
 * from callbacks too, except the allocator's. Fork: a child may make its own managers. Since:
 * 0.1.0
 */
lifecycle_status lifecycle_create(const lifecycle_config *config,
                                  lifecycle_manager **out);

/**
 * Unloads every module, whatever is pinned or in a reload and each before those that it needs,
 * gives everything back, and ends the manager.
 *
 * Release callbacks and events run as for an unload. Entry addresses, slots, clocks and
 * names_version pointers of this manager must not be used afterwards; the manager's own address is
 * refused by every function (LIFECYCLE_E_STALE) until another manager is made in its place.
 * Readers still attached are detached.
 *
 * \param manager  the manager; NULL is LIFECYCLE_E_INVALID.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (destroyed already);
 * LIFECYCLE_E_BUSY (a reader is inside its code, or the caller is a callback of the manager's own:
 * nothing has changed); LIFECYCLE_E_SYSTEM (the system refused to unmap a file: everything else is
 * gone, the manager lives on and may be destroyed again); LIFECYCLE_E_NOMEM (likewise).
 *
 * Ownership: taken. Threads: any, but no other thread may be in a call with this manager.
 * Re-entry: from callbacks of other managers; from those of the same it is refused. Fork: a child
 * may destroy its copy; its parent does not notice. Since: 0.1.0
 */
lifecycle_status lifecycle_destroy(lifecycle_manager *manager);

/**
 * Returns the process-wide manager, made with the defaults on first use: the one behind the
 * drop-ins that take no handle.
 *
 * \returns the manager, or NULL when it cannot be made (lifecycle_last_error tells why).
 *
 * Ownership: the library's; a program that wants to end clean may destroy it, and the next call
 * makes a new one. Threads: any. Re-entry: from anywhere but the allocator. Fork: see
 * lifecycle_create. Since: 0.1.0
 */
lifecycle_manager *lifecycle_default(void);

/**
 * Tells what the system allowed this manager: the write protection mode it got, how a fork is
 * handled, limits.
 *
 * \param manager  the manager.
 * \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_caps_get(lifecycle_manager *manager,
                                    lifecycle_caps *out,
                                    size_t size);

/**
 * Counts everything: what is held right now, and what happened since the start.
 *
 * \param manager  the manager.
 * \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_stats_get(lifecycle_manager *manager,
                                     lifecycle_stats *out,
                                     size_t size);

/**
 * Writes the statistics as text, piece by piece.
 *
 * \param manager  the manager.
 * \param format  LIFECYCLE_TEXT (a line each), LIFECYCLE_JSON (one object), LIFECYCLE_PROMETHEUS
 * (format 0.0.4).
 * \param write  gets each piece; not NULL. A non-zero return stops, and is not a failure.
 * \param user  handed to `write`.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an unknown format); LIFECYCLE_E_STALE.
 *
 * Ownership: the pieces are borrowed by `write` for its call. Threads: any; `write` runs on the
 * caller's, with no lock held. Re-entry: `write` may call the library. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_stats_print(lifecycle_manager *manager,
                                       lifecycle_format format,
                                       lifecycle_write_fn write,
                                       void *user);

/**
 * Tells everything that the manager still holds: modules and what they own, code that waits for
 * readers, reservations neither committed nor aborted, mappings nobody used, what the system
 * refused to take back.
 *
 * A host that has unloaded everything expects none.
 *
 * \param manager  the manager.
 * \param leak  called for each thing; NULL to count only.
 * \param user  handed to `leak`.
 * \param[out] leaks  how many; may be NULL.
 *
 * \returns LIFECYCLE_OK, whether there are leaks or not; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM (then none was told).
 *
 * Ownership: what `leak` gets is borrowed for its call. Threads: any; it tells what was held when
 * the call began. Re-entry: `leak` may call the library. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_leak_check(lifecycle_manager *manager,
                                      lifecycle_leak_fn leak,
                                      void *user,
                                      size_t *leaks);

/**
 * Sets who hears the manager's events; there is one observer at a time.
 *
 * \param manager  the manager.
 * \param observer  set up with LIFECYCLE_OBSERVER_INIT; copied. NULL = nobody.
 * \param user  handed to the observer.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an observer without a function);
 * LIFECYCLE_E_STALE; LIFECYCLE_E_UNSUPPORTED.
 *
 * Ownership: `user` stays the host's and must live until another observer is set and calls begun
 * before have ended. Threads: any. Re-entry: from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_set_observer(lifecycle_manager *manager,
                                        const lifecycle_observer *observer,
                                        void *user);

/**
 * Starts to track a module.
 *
 * \param manager  the manager.
 * \param path  what the host calls it, not empty; copied. It need not be a file.
 * \param[out] out  the module; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (a module of
 * this path is loaded: unload it, or replace it with lifecycle_reload_begin); LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_LIMIT (2^24 modules).
 *
 * Ownership: the module owns what is registered for it until it is unloaded. Threads: any.
 * Re-entry: from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_on_module_load(lifecycle_manager *manager,
                                          const char *path,
                                          lifecycle_module *out);

/**
 * Finds the loaded module of a path. During a reload that is the old side.
 *
 * \param manager  the manager.
 * \param path  as given to lifecycle_on_module_load; borrowed.
 * \param[out] out  the module; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_module_find(lifecycle_manager *manager,
                                       const char *path,
                                       lifecycle_module *out);

/**
 * Tells what a module owns right now.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE (another kind's id);
 * LIFECYCLE_E_STALE.
 *
 * Ownership: out->path is returned, valid until the module is unloaded. Threads: any. Re-entry:
 * from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_module_info_get(lifecycle_manager *manager,
                                           lifecycle_module module,
                                           lifecycle_module_info *out,
                                           size_t size);

/**
 * Visits every module that was loaded when the call began.
 *
 * \param manager  the manager.
 * \param visit  called with each module and its path; a non-zero return ends the walk.
 * \param user  handed to `visit`.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (then none was
 * visited).
 *
 * Ownership: the path is borrowed by `visit` for its call. Threads: any. Re-entry: `visit` may
 * call the library, unload modules included; those it has not reached yet are visited all the
 * same, with ids that are stale by then. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_each_module(lifecycle_manager *manager,
                                       lifecycle_module_fn visit,
                                       void *user);

/**
 * Notes that a module's metadata is loaded under a key; twice is once. The host keeps the
 * metadata; at unload the observer hears the key (LIFECYCLE_EVENT_METADATA_DROPPED), so that the
 * host can drop it.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param key  not empty; copied.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 keys).
 *
 * Ownership: the key's copy is the module's. Threads: any. Re-entry: from callbacks too. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_on_metadata_loaded(lifecycle_manager *manager,
                                              lifecycle_module module,
                                              const char *key);

/**
 * Gives a module a resource of the host's: source text, a syntax tree, a compiler context,
 * anything with a way to release it.
 *
 * At unload resources are released newest first, once no reader is inside that was when the unload
 * began.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param resource  the thing; may be NULL.
 * \param release  called once as release(resource, user), with no lock held; not NULL.
 * \param user  handed to `release`.
 * \param[out] out  names the resource for lifecycle_disown; may be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 resources). On failure the resource stays the
 * caller's and `release` is not called.
 *
 * Ownership: taken on success. Threads: any; `release` runs on whichever thread unloads or
 * reclaims. Re-entry: `release` may call the library. Fork: a child that unloads releases its own
 * copy. Since: 0.1.0
 */
lifecycle_status lifecycle_own(lifecycle_manager *manager,
                               lifecycle_module module,
                               void *resource,
                               lifecycle_release_fn release,
                               void *user,
                               lifecycle_resource *out);

/**
 * Gives a module a heap: it is destroyed when the module is unloaded, and what it holds is part of
 * the manager's statistics.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param heap  from lifecycle_heap_create.
 * \param[out] out  names it for lifecycle_disown, which makes it the host's again; may be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_EXISTS (a module owns it already); LIFECYCLE_E_BUSY (it collects or verifies just
 * now); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 resources). On failure the heap stays the
 * caller's.
 *
 * Ownership: taken on success; lifecycle_heap_destroy is LIFECYCLE_E_BUSY from then on. A heap that
 * is at work when its module goes (a root callback or finalizer of its own unloads) becomes the
 * host's again instead. Threads: the one that uses the heap; whichever thread unloads or reclaims
 * destroys it, while no other uses it. Re-entry: from callbacks, but not the heap's own root
 * callbacks. Fork: a child that unloads destroys its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_own_heap(lifecycle_manager *manager,
                                    lifecycle_module module,
                                    lifecycle_heap *heap,
                                    lifecycle_resource *out);

/**
 * Takes a resource back: its release function will not be called.
 *
 * \param manager  the manager.
 * \param resource  from lifecycle_own.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE (released or
 * disowned already).
 *
 * Ownership: returned to the caller. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_disown(lifecycle_manager *manager,
                                  lifecycle_resource resource);

/**
 * Notes that one module needs another, which can then be unloaded only after it or together with
 * it. Twice is once; circles of several modules are allowed, and go together.
 *
 * \param manager  the manager.
 * \param user_of  the module that needs.
 * \param on  the module that is needed.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_CYCLE (a module cannot need itself); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24
 * needs). On failure nothing has changed.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_module_depend(lifecycle_manager *manager,
                                         lifecycle_module user_of,
                                         lifecycle_module on);

/**
 * Unloads a module and frees everything it owns: JIT code it triggered, its code, mapping
 * references, metadata keys, names, declaration ranges, data, resources, its record.
 *
 * What may refuse is asked first, so a refused unload changes nothing; one that has begun frees
 * everything. What a running thread could still use (code, data, mappings, resources) is freed at
 * once when no reader is inside, else by the first lifecycle_reclaim, or other call that looks at
 * the readers (lifecycle_unmap_symbol), after the last one left. Costs what the module owns.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param flags  0, or LIFECYCLE_UNLOAD_CASCADE (the modules that need it go first) and
 * LIFECYCLE_UNLOAD_FORCE_PINNED (pinned code goes too), or-ed.
 * \param[out] out  what was freed, summed over all modules that went; when refused, all zero but
 * the blocker. May be NULL.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_BUSY (another module needs it, or a reload of it is in progress:
 * out->blocker_module); LIFECYCLE_E_PINNED (out->blocker_symbol); LIFECYCLE_E_NOMEM (nothing has
 * changed).
 *
 * Ownership: taken from the module; release functions run before this returns, or in the call that
 * frees the rest. Threads: any. Re-entry: from callbacks, and from code of the module itself if
 * its thread has entered. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_unload_module(lifecycle_manager *manager,
                                         lifecycle_module module,
                                         uint32_t flags,
                                         lifecycle_unload_report *out,
                                         size_t size);

/**
 * Begins to replace a loaded module: what is registered for `fresh` stays unseen until the reload
 * is committed, and the old side goes on working.
 *
 * Names and code symbols of the fresh side become visible at commit, all at once; its mappings,
 * resources and declaration ids are its own from the start. The fresh side may map symbols that
 * the old side has.
 *
 * \param manager  the manager.
 * \param old  the module to replace.
 * \param[out] fresh  the fresh side; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_BUSY (a reload of it is in progress); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24
 * modules). On failure nothing has changed.
 *
 * Ownership: end it with lifecycle_reload_commit or lifecycle_reload_abort. Threads: any.
 * Re-entry: from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_reload_begin(lifecycle_manager *manager,
                                        lifecycle_module old,
                                        lifecycle_module *fresh);

/**
 * The fresh side takes the old one's place: its names (at the old ones' place among those of other
 * modules) and its code become visible, entries point at it, modules that needed the old side need
 * it, and the old side is unloaded. What the old side needed is needed no more, unless the fresh
 * side has said so, too (lifecycle_module_depend works on either side from the start).
 *
 * A thread that is inside may go on running the old side's code. Calls of that code through
 * entries, which relocations by name are too, run the fresh side's functions from now on; where
 * the fresh side has no function of that name any more, they end in the resolver, or in the trap
 * (lifecycle_entry). So a module whose next version may drop a function calls that function
 * directly, or the host has a resolver.
 *
 * \param manager  the manager.
 * \param fresh  from lifecycle_reload_begin.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also a module that is no fresh side);
 * LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_PINNED (the old side has a pinned symbol);
 * LIFECYCLE_E_EXISTS (another module has mapped one of its symbols meanwhile); LIFECYCLE_E_NOMEM.
 * On failure nothing has changed and the reload is still in progress.
 *
 * Ownership: the old side's is released as by lifecycle_unload_module. Threads: any; other threads
 * see either side, never a mixture within one name. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_reload_commit(lifecycle_manager *manager,
                                         lifecycle_module fresh);

/**
 * Drops the fresh side and all it brought in; the old side never noticed. What modules said of
 * needing the fresh side goes with it.
 *
 * \param manager  the manager.
 * \param fresh  from lifecycle_reload_begin.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM (nothing has changed).
 *
 * Ownership: the fresh side's is released as by lifecycle_unload_module. Threads: any. Re-entry:
 * from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_reload_abort(lifecycle_manager *manager,
                                        lifecycle_module fresh);

/**
 * Notes that the calling thread begins to load a path, so that endless and circular loading is
 * caught.
 *
 * \param manager  the manager.
 * \param path  not empty; copied.
 *
 * \returns LIFECYCLE_OK: call lifecycle_load_leave when the load is over, however it ended;
 * LIFECYCLE_E_CYCLE (this thread is loading the path already; lifecycle_last_error shows the
 * circle); LIFECYCLE_E_DEPTH (nested deeper than lifecycle_config.load_depth_limit, 16 if not
 * set); LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM.
 *
 * Ownership: nothing changes hands. Threads: any; each thread nests by itself. Re-entry: from
 * callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_load_enter(lifecycle_manager *manager, const char *path);

/**
 * Notes that the calling thread has ended the load that it began last.
 *
 * \param manager  the manager.
 * \param path  as given to lifecycle_load_enter; borrowed.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also when it is not the load this thread began last:
 * nothing has changed); LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that entered. Re-entry: from callbacks too.
 * Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_load_leave(lifecycle_manager *manager, const char *path);

/**
 * Maps many symbols, all or none: all that may refuse is asked, written and relocated first, then
 * the symbols are shown one after the other, which cannot fail half-way.
 *
 * Relocations that name symbols of the same batch go to their entries, as any others do. A thread
 * that runs meanwhile may call one symbol of the batch before the next one is shown; on the fresh
 * side of a reload (lifecycle_reload_begin) all of them are shown at once, by its commit.
 *
 * \param manager  the manager.
 * \param module  as for lifecycle_map_symbol, for all items.
 * \param items  `count` items, each with its size set (LIFECYCLE_BATCH_ITEM_INIT); borrowed. One
 * with `reserved` is as lifecycle_code_commit: its rw is set to NULL on success, and on failure
 * the reservation stays the caller's.
 * \param count  items; 0 does nothing.
 * \param[out] out  `count` symbols, in the order of the items; all 0 on failure. May be NULL.
 *
 * \returns as lifecycle_map_symbol and lifecycle_code_commit, for the first item that is refused;
 * LIFECYCLE_E_INVALID also for an item with neither or both of code and reserved, with another
 * size than the first, or with a reservation that stands in the batch twice; LIFECYCLE_E_EXISTS
 * also for a name that stands in the batch twice. On failure nothing has changed, except that
 * entries named by relocations have been made.
 *
 * Ownership: the code is the module's on success. Threads: any. Re-entry: from callbacks too.
 * Fork: as lifecycle_map_symbol, and for reservations as lifecycle_code_commit. Since: 0.1.0
 */
lifecycle_status lifecycle_map_batch(lifecycle_manager *manager,
                                     lifecycle_module module,
                                     const lifecycle_batch_item *items,
                                     size_t count,
                                     lifecycle_symbol *out);

/**
 * Copies machine code into executable memory and names it.
 *
 * The code is packed with other code into slabs of 2 MiB that are never writable and executable at
 * one address, and can be run when this returns. An entry of this name (lifecycle_entry) points at
 * it at once. Tools that the config asked for are told before that, and the unwinder of eh_frame;
 * what they can forget is taken back when the code is freed.
 *
 * \param manager  the manager.
 * \param module  the owner; with LIFECYCLE_MAP_JIT the module whose code made the JIT produce it.
 * \param name  not empty; copied. One symbol of a name is mapped at a time.
 * \param code  `len` bytes; copied.
 * \param len  bytes, not 0.
 * \param options  flags, alignment, where, relocations, eh_frame; NULL = defaults; borrowed.
 * \param[out] out  the symbol; 0 on failure. May be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an alignment that is no power of two up to
 * 4096, or a relocation whose field is not the instruction that its kind is for);
 * LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (the name is mapped and
 * LIFECYCLE_MAP_REPLACE is not set); LIFECYCLE_E_PINNED (what would be replaced is pinned);
 * LIFECYCLE_E_BUSY (a reload cannot replace another module's symbol); LIFECYCLE_E_RANGE (not
 * within 2 GiB of near_address; a relocation's field or target out of range; an FDE of eh_frame
 * about bytes outside the code); LIFECYCLE_E_TOO_BIG (never fits in code_capacity);
 * LIFECYCLE_E_LIMIT (does not fit now); LIFECYCLE_E_FORMAT (eh_frame is malformed or describes no
 * frame); LIFECYCLE_E_UNSUPPORTED (a relocation kind that is unknown or another processor's; an
 * encoding in eh_frame; a process without an unwinder that takes one); LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_DENIED; LIFECYCLE_E_SYSTEM. On failure nothing has changed, except that entries
 * named by relocations have been made.
 *
 * Ownership: the code is the module's. Threads: any. Re-entry: from callbacks too. Fork: works;
 * what the first change costs is told at LIFECYCLE_CODE_DUAL. Since: 0.1.0
 */
lifecycle_status lifecycle_map_symbol(lifecycle_manager *manager,
                                      lifecycle_module module,
                                      const char *name,
                                      const void *code,
                                      size_t len,
                                      const lifecycle_map_options *options,
                                      lifecycle_symbol *out);

/**
 * Takes room for code that the caller writes in place: through out->rw, to be run at out->rx.
 *
 * \param manager  the manager.
 * \param size  bytes, not 0; out->size may be more.
 * \param align  a power of two up to 4096; 0 = 64.
 * \param near_address  the room must lie within 2 GiB of it; NULL = anywhere.
 * \param[out] out  the room; all zero on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_RANGE (near_address
 * is out of reach); LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM; LIFECYCLE_E_DENIED;
 * LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the caller's until lifecycle_code_commit or lifecycle_code_abort. Threads: any.
 * Re-entry: from callbacks too. Fork: works; in dual mode only the process that reserved the room
 * can write and commit it, and it goes on doing so after a fork. Since: 0.1.0
 */
lifecycle_status lifecycle_code_reserve(lifecycle_manager *manager,
                                        size_t size,
                                        size_t align,
                                        const void *near_address,
                                        lifecycle_code *out);

/**
 * Names the code written into a reservation and makes it run; what is not used is given back.
 *
 * \param manager  the manager.
 * \param code  the reservation; on success its rw is set to NULL and must not be used any more.
 * \param module  as for lifecycle_map_symbol.
 * \param name  as for lifecycle_map_symbol.
 * \param used  bytes written, from 1 to code->size.
 * \param options  as for lifecycle_map_symbol; align and near_address were settled by the
 * reservation.
 * \param[out] out  the symbol; 0 on failure. May be NULL.
 *
 * \returns as lifecycle_map_symbol; LIFECYCLE_E_RANGE also when `used` is 0 or more than was
 * reserved, or when what relocations need behind the code (lifecycle_relocation) does not fit
 * between `used` and code->size: the sentence says how many bytes are missing; LIFECYCLE_E_FORKED
 * (dual mode: the room was reserved before this process was forked; lifecycle_code_abort is all
 * that is left to do with it); LIFECYCLE_E_STALE also when the reservation was committed or
 * aborted already. On failure the reservation stays the caller's, as large as it was; where the
 * system does not make its pages writable again, lifecycle_code_abort is all that is left to do
 * with it.
 *
 * Ownership: the code is the module's on success. Threads: any. Re-entry: from callbacks too.
 * Fork: see lifecycle_code_reserve. Since: 0.1.0
 */
lifecycle_status lifecycle_code_commit(lifecycle_manager *manager,
                                       lifecycle_code *code,
                                       lifecycle_module module,
                                       const char *name,
                                       size_t used,
                                       const lifecycle_map_options *options,
                                       lifecycle_symbol *out);

/**
 * Gives a reservation back.
 *
 * \param manager  the manager.
 * \param code  the reservation; all zero afterwards, unchanged on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (committed or aborted already);
 * LIFECYCLE_E_BUSY (another thread is committing it).
 *
 * Ownership: taken on success. Threads: any. Re-entry: from callbacks too. Fork: works. Since:
 * 0.1.0
 */
lifecycle_status lifecycle_code_abort(lifecycle_manager *manager,
                                      lifecycle_code *code);

/**
 * Gives a module zeroed memory beside the code: writable, never executable, within 2 GiB of all
 * code of this manager.
 *
 * \param manager  the manager.
 * \param module  the owner.
 * \param size  bytes, not 0.
 * \param align  a power of two up to 4096; 0 = 64.
 * \param[out] out  the memory; NULL on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_LIMIT (as much data as code_capacity, at most 512 MiB);
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the module's; freed with it, when no reader is inside any more. Threads: any.
 * Re-entry: from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_data_reserve(lifecycle_manager *manager,
                                        lifecycle_module module,
                                        size_t size,
                                        size_t align,
                                        void **out);

/**
 * Notes code that the host mapped itself, so that it is found, entered, retired and released like
 * any other.
 *
 * \param manager  the manager.
 * \param module  the owner.
 * \param name  as for lifecycle_map_symbol.
 * \param address  first byte, not NULL.
 * \param len  bytes, not 0. The range may not overlap another symbol's.
 * \param release  called as release(address, user) once no reader is inside; NULL = nothing to
 * release.
 * \param user  handed to `release`, and told by lifecycle_symbol_info_get.
 * \param[out] out  the symbol; 0 on failure. May be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also memory of the manager itself);
 * LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE; LIFECYCLE_E_EXISTS (the name or part of the range is
 * mapped); LIFECYCLE_E_RANGE (the range goes around the end of memory); LIFECYCLE_E_LIMIT (2^18
 * such ranges); LIFECYCLE_E_NOMEM. On failure the code stays the caller's.
 *
 * Ownership: taken on success. Threads: any. Re-entry: from callbacks too. Fork: works; in a child
 * `release` gives back the child's own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_on_symbol_mapped(lifecycle_manager *manager,
                                            lifecycle_module module,
                                            const char *name,
                                            void *address,
                                            size_t len,
                                            lifecycle_release_fn release,
                                            void *user,
                                            lifecycle_symbol *out);

/**
 * Notes which module made the JIT produce a symbol, so that unloading that module frees it.
 *
 * A symbol that is mapped becomes a JIT symbol of that module (owner "__jit__"), and the sweeper
 * may evict it. A name that is not mapped yet is expected: when it is mapped with
 * LIFECYCLE_MAP_JIT, whoever maps it, it belongs to this module.
 *
 * \param manager  the manager.
 * \param origin  the module.
 * \param jit_symbol  the symbol's name; copied.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM.
 *
 * Ownership: the symbol is the origin's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_on_jit_triggered(lifecycle_manager *manager,
                                            lifecycle_module origin,
                                            const char *jit_symbol);

/**
 * Finds the module that made the JIT produce a symbol.
 *
 * \param manager  the manager.
 * \param jit_symbol  the symbol's name; borrowed.
 * \param[out] out  the module; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_jit_origin(lifecycle_manager *manager,
                                      const char *jit_symbol,
                                      lifecycle_module *out);

/**
 * Finds the code symbol of a name. What a reload in progress has mapped is not found before it is
 * committed.
 *
 * \param manager  the manager.
 * \param name  borrowed.
 * \param[out] out  the symbol; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_symbol_find(lifecycle_manager *manager,
                                       const char *name,
                                       lifecycle_symbol *out);

/**
 * Tells what is known of a symbol.
 *
 * \param manager  the manager.
 * \param symbol  the symbol.
 * \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE.
 *
 * Ownership: out->name is returned, valid until the symbol is freed; out->owner until the module
 * is unloaded. Threads: any. Re-entry: from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_symbol_info_get(lifecycle_manager *manager,
                                           lifecycle_symbol symbol,
                                           lifecycle_symbol_info *out,
                                           size_t size);

/**
 * Tells where a symbol's code is.
 *
 * \param manager  the manager.
 * \param symbol  the symbol.
 *
 * \returns the first byte; NULL if the symbol is stale or anything else is wrong
 * (lifecycle_last_error tells).
 *
 * Ownership: returned, valid until the symbol is retired and no reader is inside; for an address
 * that stays callable see lifecycle_entry. Threads: any. Re-entry: from callbacks too. Fork:
 * works. Since: 0.1.0
 */
void *lifecycle_symbol_address(lifecycle_manager *manager, lifecycle_symbol symbol);

/**
 * Finds the symbol that an address lies in: its first byte, its last, or any between.
 *
 * Takes no lock, allocates nothing and writes no error sentence, so a signal handler may ask. Code
 * that is retired belongs to nobody.
 *
 * \param manager  the manager.
 * \param pc  any address.
 * \param[out] out  the symbol; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE (the manager was destroyed);
 * LIFECYCLE_E_NOT_FOUND.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from anywhere, signal handlers
 * included. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_symbol_at(lifecycle_manager *manager,
                                     const void *pc,
                                     lifecycle_symbol *out);

/**
 * Unmaps one symbol: its name is free and its entry empty at once, its bytes when no reader is
 * inside any more that could have found it.
 *
 * Where no reader is attached, the bytes come back before this returns. Where some are, to look
 * who is inside costs a system call; so that is done once for many: at the latest when 256 symbols
 * or 1 MiB of code were given up since the last look, when lifecycle_map_symbol or
 * lifecycle_code_reserve would find no room otherwise, and by every unload, end of a reload,
 * sweep, lifecycle_unmap_owner, lifecycle_reclaim and lifecycle_synchronize. What a reader holds
 * back waits for the next look. The same goes for code that LIFECYCLE_MAP_REPLACE has replaced;
 * code that the host mapped itself is looked after at once.
 *
 * \param manager  the manager.
 * \param symbol  the symbol; stale afterwards.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE (unmapped
 * already); LIFECYCLE_E_PINNED; LIFECYCLE_E_NOMEM (nothing has changed).
 *
 * Ownership: taken from its module. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_unmap_symbol(lifecycle_manager *manager,
                                        lifecycle_symbol symbol);

/**
 * Unmaps every symbol of an owner, all or, if one is pinned, none.
 *
 * \param manager  the manager.
 * \param owner  a module's path (its own code, not what it made the JIT produce), or "__jit__"
 * (all JIT code of all modules); borrowed.
 * \param[out] count  how many; 0 on failure. May be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (no such
 * module); LIFECYCLE_E_PINNED; LIFECYCLE_E_NOMEM.
 *
 * Ownership: taken from their modules. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_unmap_owner(lifecycle_manager *manager,
                                       const char *owner,
                                       size_t *count);

/**
 * Adds a pin to a symbol: pinned code is not unmapped, replaced, swept or (unless forced)
 * unloaded.
 *
 * \param manager  the manager.
 * \param symbol  the symbol.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_RANGE (2^32 pins).
 *
 * Ownership: pins are counted; take each one back with lifecycle_unpin. Threads: any. Re-entry:
 * from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_pin(lifecycle_manager *manager, lifecycle_symbol symbol);

/**
 * Takes a pin back.
 *
 * \param manager  the manager.
 * \param symbol  the symbol.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_RANGE (it has no pin).
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_unpin(lifecycle_manager *manager, lifecycle_symbol symbol);

/**
 * Finds, or makes, the entry of a name: an address that stays callable as long as the manager
 * lives, whatever is mapped, replaced, evicted, reloaded or unloaded under that name.
 *
 * A call through it runs the code the name has now. While it has none, the resolver is asked
 * (lifecycle_set_resolver) with all argument registers kept, vector registers of any width
 * included (on aarch64 those of the base convention: SVE's are not), and what it returns is run.
 * If there is nothing to run, the call ends in an illegal instruction (SIGILL) in a function named
 * call_without_code: a call that expects a result cannot go on without. There the register of the
 * first argument (rdi, x0) holds the address of a NUL-terminated sentence that names the symbol,
 * for a debugger, a core file or the host's own handler; the other registers and the stack are as
 * the caller left them. It is the thread's lifecycle_last_error.
 *
 * The address may change r11 and the flags on x86-64, x16 and x17 on aarch64, as a linker's
 * veneers do. With LIFECYCLE_CONFIG_MARK_ENTRIES each call also notes that the name's code is in
 * use: a compare, and a store once an epoch.
 *
 * \param manager  the manager.
 * \param name  the symbol's name, mapped or not; copied.
 * \param[out] callable  the address; NULL on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_UNSUPPORTED (no stubs
 * for this processor); LIFECYCLE_E_LIMIT (2^20 - 1 entries); LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_DENIED; LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the manager's. A thread that calls through an entry while others unload does so
 * between lifecycle_enter and lifecycle_leave. Threads: any. Re-entry: from callbacks too. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_entry(lifecycle_manager *manager,
                                 const char *name,
                                 void **callable);

/**
 * Finds, or makes, the slot of a name's entry, for code that a JIT emits: `call [slot]` saves the
 * stub's jump. It notes no use, whatever the config says; lifecycle_entry_usage_slot is for that.
 *
 * The slot is within 2 GiB of all code of the manager. In such code, with the slot as target of
 * the relocations in brackets, the call is
 *
 *   x86-64:   FF 15 00000000   call [rip + slot]   [2: PC32, addend -4]
 *   aarch64:  90000010         adrp x16, slot      [0: ADR_PREL_PG_HI21]
 *             91000210         add x16, x16, slot  [4: ADD_ABS_LO12]
 *             F9400210         ldr x16, [x16]
 *             D63F0200         blr x16
 *
 * and anywhere on x86-64 `49 BB imm64; 41 FF 13`: mov r11, slot; call [r11]. The bytes are shown
 * as they lie in memory for x86-64, as instruction words for aarch64.
 *
 * \param manager  the manager.
 * \param name  the symbol's name, mapped or not; copied.
 * \param[out] slot  where the address to call is kept; NULL on failure.
 *
 * \returns as lifecycle_entry.
 *
 * Ownership: the manager's; read only, with one aligned 8-byte load. Threads: any. Re-entry: from
 * callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_entry_slot(lifecycle_manager *manager,
                                      const char *name,
                                      void *const **slot);

/**
 * Finds, or makes, the word in which the use of a name's entry is noted, and tells where the epoch
 * is read: as lifecycle_usage_slot, but known before there is code, so that the code can hold it.
 * A symbol was last used in the later of the two words' epochs, its own and its entry's.
 *
 * Both are within 2 GiB of all code of the manager. A JIT may emit the following anywhere before
 * or in the named code, with slot and clock as targets of the relocations in brackets:
 *
 *   x86-64, 23 bytes, changes r11 and the flags:
 *     4C 8B 1D 00000000   mov r11, [rip + clock]   [3: PC32, addend -4]
 *     4C 3B 1D 00000000   cmp r11, [rip + slot]    [10: PC32, addend -4]
 *     74 07               je the end
 *     4C 89 1D 00000000   mov [rip + slot], r11    [19: PC32, addend -4]
 *
 *   aarch64, 9 instructions, changes x15 to x17 and the flags:
 *     90000010   adrp x16, clock       [0: ADR_PREL_PG_HI21]
 *     91000210   add x16, x16, clock   [4: ADD_ABS_LO12]
 *     F9400210   ldr x16, [x16]
 *     90000011   adrp x17, slot        [12: ADR_PREL_PG_HI21]
 *     91000231   add x17, x17, slot    [16: ADD_ABS_LO12]
 *     F940022F   ldr x15, [x17]
 *     EB1001FF   cmp x15, x16
 *     54000040   b.eq the end
 *     F9000230   str x16, [x17]
 *
 * From farther away lifecycle_mark does it, or the sequence of lifecycle_usage_slot.
 *
 * \param manager  the manager.
 * \param name  the symbol's name, mapped or not; copied.
 * \param[out] slot  the entry's word; NULL on failure.
 * \param[out] clock  a copy of the manager's epoch, read only; NULL on failure.
 *
 * \returns as lifecycle_entry.
 *
 * Ownership: the manager's; both words stay as long as it lives. Threads: any. Re-entry: from
 * callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_entry_usage_slot(lifecycle_manager *manager,
                                            const char *name,
                                            uint64_t **slot,
                                            const uint64_t **clock);

/**
 * Sets who finds code for entries that have none; there is one resolver at a time.
 *
 * The resolver runs on the thread that made the call, with no lock held. It returns what to run,
 * usually the address of code it has just mapped under that name. After NULL the name's code is
 * run if it has some by then all the same; otherwise there is none.
 *
 * Several threads may be resolving one name at a time. Where they map with LIFECYCLE_MAP_REPLACE,
 * each may replace what the other has just mapped: lifecycle_symbol_address is NULL for a symbol
 * that was replaced meanwhile (find the name's symbol and ask again, or return NULL), and an
 * address that the resolver took from its own symbol may be freed before it is run, unless the
 * calling thread is inside a reader (lifecycle_enter) since before.
 *
 * \param manager  the manager.
 * \param resolve  the function; NULL = nobody.
 * \param user  handed to it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
 *
 * Ownership: `user` stays the host's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_set_resolver(lifecycle_manager *manager,
                                        lifecycle_resolve_fn resolve,
                                        void *user);

/**
 * Attaches the calling thread as a reader: between lifecycle_enter and lifecycle_leave no code,
 * data, mapping or resource that was there when it entered is freed under it.
 *
 * \param manager  the manager.
 * \param[out] out  the reader; NULL on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_LIMIT (65536 readers).
 *
 * Ownership: returned; the thread gives it back with lifecycle_reader_detach, or the manager's
 * destruction does. A thread that ends without detaching leaves a reader behind that is found when
 * it is in the way, and detached: inside or not, it blocks nobody for long. (Two it does: the main
 * thread of a process that goes on without it, and a thread whose number the system has given to
 * another meanwhile, until that ends too. lifecycle_stats.blocking_reader_thread shows them.)
 * Threads: any; a thread may attach several readers. Re-entry: from callbacks too. Fork: the
 * readers of the thread that forks go on in the child, inside or outside as they were; those of
 * all other threads are detached there. Since: 0.1.0
 */
lifecycle_status lifecycle_reader_attach(lifecycle_manager *manager,
                                         lifecycle_reader **out);

/**
 * Detaches a reader.
 *
 * \param reader  the reader; not to be used afterwards.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also from another thread); LIFECYCLE_E_STALE;
 * LIFECYCLE_E_BUSY (it is inside: leave first).
 *
 * Ownership: taken. Threads: the one that attached. Re-entry: from callbacks too. Fork: see
 * lifecycle_reader_attach. Since: 0.1.0
 */
lifecycle_status lifecycle_reader_detach(lifecycle_reader *reader);

/**
 * Says, before a call that blocks, that the thread uses nothing of the manager's until
 * lifecycle_unpark, however deep it has entered. No frame of the manager's code may be on its
 * stack.
 *
 * \param reader  the reader.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also from another thread); LIFECYCLE_E_STALE;
 * LIFECYCLE_E_BUSY (parked already).
 *
 * Ownership: nothing changes hands. Threads: the one that attached. Re-entry: from callbacks too.
 * Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_park(lifecycle_reader *reader);

/**
 * Ends lifecycle_park: the thread is inside again, as deep as it was.
 *
 * \param reader  the reader.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also from another thread, or not parked);
 * LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that attached. Re-entry: from callbacks too.
 * Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_unpark(lifecycle_reader *reader);

/**
 * Frees everything retired that no reader can be inside any more, and asks the system again for
 * what it refused before. Never waits for a reader. Much is freed in goes, between which other
 * threads use the manager and release functions run.
 *
 * \param manager  the manager.
 * \param[out] bytes  bytes of code memory given back; may be NULL.
 *
 * \returns LIFECYCLE_OK, also when nothing was due; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM (nothing is lost; try again).
 *
 * Ownership: release functions run before this returns. Threads: any. Re-entry: from callbacks
 * too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_reclaim(lifecycle_manager *manager, size_t *bytes);

/**
 * Waits until every reader that is inside now has left or entered anew, then reclaims.
 *
 * \param manager  the manager.
 * \param timeout_ns  nanoseconds to wait at most; 0 = do not wait, UINT64_MAX = as long as it
 * takes.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_TIMEOUT;
 * LIFECYCLE_E_DEADLOCK (the calling thread is itself inside); LIFECYCLE_E_SYSTEM (the system
 * refuses the barrier that it had promised); LIFECYCLE_E_NOMEM.
 *
 * Ownership: release functions run before this returns. Threads: any, outside code. Re-entry: not
 * from code of the manager. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_synchronize(lifecycle_manager *manager, uint64_t timeout_ns);

/**
 * Notes that a symbol is used in this epoch. Code that is called often marks without a call:
 * lifecycle_usage_slot and the inline lifecycle_mark.
 *
 * \param manager  the manager.
 * \param symbol  the symbol.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_mark_used(lifecycle_manager *manager,
                                     lifecycle_symbol symbol);

/**
 * Tells where a symbol's use is noted and where the epoch is read, for lifecycle_mark or for
 * marking code that a JIT emits: `if (*slot != *clock) *slot = *clock`, two aligned 8-byte loads
 * and rarely a store. A symbol's own code cannot hold its slot, which is known only once it is
 * mapped: lifecycle_entry_usage_slot. Code anywhere else on x86-64 may note its use so (31 bytes
 * as they lie in memory; changes r10, r11 and the flags):
 *
 *   49 BB imm64   mov r11, clock
 *   4D 8B 1B      mov r11, [r11]
 *   49 BA imm64   mov r10, slot
 *   4D 39 1A      cmp [r10], r11
 *   74 03         je the end
 *   4D 89 1A      mov [r10], r11
 *
 * \param manager  the manager.
 * \param symbol  the symbol.
 * \param[out] slot  the symbol's word; NULL on failure.
 * \param[out] clock  the manager's epoch, read only; NULL on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE.
 *
 * Ownership: the manager's. The slot may be stored to as long as the symbol's code may run, the
 * clock be read as long as the manager lives. Threads: any. Re-entry: from callbacks too. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_usage_slot(lifecycle_manager *manager,
                                      lifecycle_symbol symbol,
                                      uint64_t **slot,
                                      const uint64_t **clock);

/**
 * The next epoch begins: a host does this every so many calls, or on a timer.
 *
 * \param manager  the manager.
 * \param[out] epoch  the new one; the first is 1. May be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (nothing has
 * changed).
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_advance_epoch(lifecycle_manager *manager, uint64_t *epoch);

/**
 * Evicts every JIT symbol that was not used for more than `max_age` epochs: one last used in epoch
 * e goes once epoch - e is more than max_age.
 *
 * Never evicted, whatever max_age: pinned symbols, code that modules own, and symbols mapped or
 * used within the last two epochs. The entry of an evicted symbol is empty: the next call asks the
 * resolver. Costs what is evicted and what was used again since it was last looked at, not what is
 * tracked.
 *
 * \param manager  the manager.
 * \param max_age  epochs.
 * \param[out] out  what was done; may be NULL.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (some may have
 * been evicted).
 *
 * Ownership: what is evicted is freed when no reader is inside any more. Threads: any. Re-entry:
 * from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_sweep_unused(lifecycle_manager *manager,
                                        uint64_t max_age,
                                        lifecycle_sweep_report *out,
                                        size_t size);

/**
 * Evicts JIT symbols, those unused for longest first, until no more than `max_code_bytes` of code
 * are live or nothing more may go: see lifecycle_sweep_unused for what is never evicted.
 *
 * \param manager  the manager.
 * \param max_code_bytes  bytes, as lifecycle_stats.code_bytes_live counts them.
 * \param[out] out  what was done; may be NULL.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK, also when more than the budget stays live; LIFECYCLE_E_INVALID;
 * LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM (some may have been evicted).
 *
 * Ownership: what is evicted is freed when no reader is inside any more. Threads: any. Re-entry:
 * from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_sweep_to_budget(lifecycle_manager *manager,
                                           size_t max_code_bytes,
                                           lifecycle_sweep_report *out,
                                           size_t size);

/**
 * Counts the JIT symbols that were not used for more than `max_age` epochs, pinned ones included.
 *
 * \param manager  the manager.
 * \param max_age  epochs.
 * \param[out] out  how many; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_stale_count(lifecycle_manager *manager,
                                       uint64_t max_age,
                                       size_t *out);

/**
 * Gives a module a reference to a file in memory, read-only. Any file may be mapped, SMF or not.
 *
 * A file (same device, inode, size and time of change) is in memory once, however many paths and
 * modules reach it. A file that was replaced or changed is another one: new users get the new
 * bytes, those who have the old ones keep them. So each call asks the file system what the path
 * leads to; where that is in memory already, the file is not opened again. A module that wants
 * what another one has, whatever became of the file, calls lifecycle_smf_share.
 *
 * A file of up to 16 KiB is copied in either mode, as git does with small files: reading it costs
 * less than mapping it. With LIFECYCLE_MAPPING_MAP larger ones are mapped: what is written into
 * one in place shows in the mapping, and if somebody truncates it in place, SIGBUS is raised in
 * who reads the missing part. Replace files by renaming, or use LIFECYCLE_MAPPING_SNAPSHOT.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param path  the file; copied.
 * \param[out] out  the bytes; all zero on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND;
 * LIFECYCLE_E_DENIED (no permission); LIFECYCLE_E_TYPE (a directory or another thing that is no
 * regular file, or another kind's id); LIFECYCLE_E_FORMAT (empty, or changing whenever it is
 * copied); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_SYSTEM. On
 * failure nothing has changed.
 *
 * Ownership: the reference is the module's, dropped by lifecycle_smf_release or at unload;
 * out->data is valid until then. Threads: any. Re-entry: from callbacks too. Fork: works. Since:
 * 0.1.0
 */
lifecycle_status lifecycle_on_smf_accessed(lifecycle_manager *manager,
                                           lifecycle_module module,
                                           const char *path,
                                           lifecycle_mapping *out);

/**
 * Drops one reference of a module, the newest by this path. The last reference of all unmaps the
 * file, once no reader is inside. With module 0 it drops what lifecycle_smf_prefetch mapped and
 * nobody used.
 *
 * \param manager  the manager.
 * \param module  the module, or 0.
 * \param path  as it was accessed; borrowed.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOT_FOUND (the module holds no reference by this path); LIFECYCLE_E_NOMEM. A file
 * that the system refuses to unmap is kept and tried again (statistics: failed_releases).
 *
 * Ownership: the mapping's bytes are the module's no more. Threads: any. Re-entry: from callbacks
 * too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_smf_release(lifecycle_manager *manager,
                                       lifecycle_module module,
                                       const char *path);

/**
 * Gives a module one more reference to a mapping that is in memory, by its id. Costs no call of
 * the system and does not look at the file, which may have changed or gone: this is how modules
 * agree on one version, and how a host that has a mapping hands it on. To get what a path leads to
 * now, call lifecycle_on_smf_accessed.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param mapping  the id, from lifecycle_mapping.id.
 * \param[out] out  the bytes; all zero on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE (the mapping is
 * gone, or the module is); LIFECYCLE_E_NOMEM.
 *
 * Ownership: as lifecycle_on_smf_accessed; lifecycle_smf_release finds the reference by the path
 * or key that reached the mapping first. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_smf_share(lifecycle_manager *manager,
                                     lifecycle_module module,
                                     uint64_t mapping,
                                     lifecycle_mapping *out);

/**
 * Tells how many references the mapping has that a path led to last.
 *
 * \param manager  the manager.
 * \param path  as it was accessed; borrowed.
 * \param[out] out  references of all modules; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (not
 * mapped).
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_smf_refcount(lifecycle_manager *manager,
                                        const char *path,
                                        size_t *out);

/**
 * Brings files into memory before a module needs them: small ones are read, the system is told to
 * read ahead what is mapped. The first access takes the reference over; what nobody
 * accesses stays until it is released with module 0 or the manager is destroyed.
 *
 * \param manager  the manager.
 * \param paths  `n` paths; borrowed.
 * \param n  how many; (NULL, 0) is fine.
 * \param[out] mapped  how many are in memory now; files after the first failure are not tried. May
 * be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND;
 * LIFECYCLE_E_DENIED (no permission); LIFECYCLE_E_TYPE (a directory or another thing that is no
 * regular file, or another kind's id); LIFECYCLE_E_FORMAT (empty, or changing whenever it is
 * copied); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the manager's until accessed. Threads: any. Re-entry: from callbacks too. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_smf_prefetch(lifecycle_manager *manager,
                                        const char *const *paths,
                                        size_t n,
                                        size_t *mapped);

/**
 * As lifecycle_on_smf_accessed, for bytes that are in no file: a read-only copy is kept under a
 * key.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param key  stands for the path in the other functions; copied.
 * \param bytes  `len` bytes; copied.
 * \param len  bytes, not 0.
 * \param[out] out  the copy; all zero on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_EXISTS (the key is taken); LIFECYCLE_E_FORMAT (no bytes); LIFECYCLE_E_NOMEM;
 * LIFECYCLE_E_LIMIT; LIFECYCLE_E_SYSTEM.
 *
 * Ownership: as lifecycle_on_smf_accessed. Threads: any. Re-entry: from callbacks too. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_smf_from_bytes(lifecycle_manager *manager,
                                          lifecycle_module module,
                                          const char *key,
                                          const void *bytes,
                                          size_t len,
                                          lifecycle_mapping *out);

/**
 * Reads and checks the trailer of an SMF file: its last 128 bytes.
 *
 * \param mapping  a mapping that is still held; borrowed.
 * \param[out] out  filled; as much as fits in `size` bytes, the rest zero.
 * \param size  sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_FORMAT (too short, no magic "SMF", or a
 * field that points outside the file; lifecycle_last_error names it); LIFECYCLE_E_UNSUPPORTED (a
 * major version over 1).
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_smf_header_get(const lifecycle_mapping *mapping,
                                          lifecycle_smf_header *out,
                                          size_t size);

/**
 * Finds the first section of a type in an SMF file.
 *
 * \param mapping  a mapping that is still held; borrowed.
 * \param kind  the type: LIFECYCLE_SMF_TEMPLATE_CODE, LIFECYCLE_SMF_TEMPLATE_METADATA, or any
 * other number.
 * \param[out] data  its first byte; NULL on failure.
 * \param[out] len  its bytes; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_FORMAT (as
 * lifecycle_smf_header_get, or a section that lies outside the file); LIFECYCLE_E_UNSUPPORTED
 * (also a compressed file).
 *
 * Ownership: the bytes are the mapping's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_smf_section(const lifecycle_mapping *mapping,
                                       uint32_t kind,
                                       const void **data,
                                       size_t *len);

/**
 * Notes that a module's declarations have the ids first_did to last_did, both included. They are
 * live until the module is unloaded. A module may have several ranges; ranges of loaded modules
 * may not overlap.
 *
 * \param manager  the manager.
 * \param module  the module.
 * \param first_did  first id.
 * \param last_did  last id, not less than the first.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_RANGE (last_did is less than first_did); LIFECYCLE_E_EXISTS (overlaps a live range);
 * LIFECYCLE_E_NOMEM.
 *
 * Ownership: the range is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_on_interp_module_parsed(lifecycle_manager *manager,
                                                   lifecycle_module module,
                                                   int64_t first_did,
                                                   int64_t last_did);

/**
 * Binds the name of a function for a module. A name that is bound already means the new function
 * from now on, and again the older one when this binding is gone.
 *
 * \param manager  the manager.
 * \param module  the module. In a reload's fresh side the binding becomes visible at commit.
 * \param name  not empty; copied once for all bindings of it.
 * \param did  its declaration id: lifecycle_binding.value.
 * \param return_type  what the host means by it: lifecycle_binding.aux.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
 * the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_on_interp_func_registered(lifecycle_manager *manager,
                                                     lifecycle_module module,
                                                     const char *name,
                                                     int64_t did,
                                                     int64_t return_type);

/**
 * Binds the name of a struct for a module. A name that is bound already means the new struct from
 * now on, and again the older one when this binding is gone.
 *
 * \param manager  the manager.
 * \param module  the module. In a reload's fresh side the binding becomes visible at commit.
 * \param name  not empty; copied once for all bindings of it.
 * \param did  its declaration id: lifecycle_binding.value.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
 * the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_on_interp_struct_registered(lifecycle_manager *manager,
                                                       lifecycle_module module,
                                                       const char *name,
                                                       int64_t did);

/**
 * Binds the name of an enum for a module. A name that is bound already means the new enum from now
 * on, and again the older one when this binding is gone.
 *
 * \param manager  the manager.
 * \param module  the module. In a reload's fresh side the binding becomes visible at commit.
 * \param name  not empty; copied once for all bindings of it.
 * \param did  its declaration id: lifecycle_binding.value.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
 * the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_on_interp_enum_registered(lifecycle_manager *manager,
                                                     lifecycle_module module,
                                                     const char *name,
                                                     int64_t did);

/**
 * Binds the name of a global for a module. A name that is bound already means the new global from
 * now on, and again the older one when this binding is gone.
 *
 * \param manager  the manager.
 * \param module  the module. In a reload's fresh side the binding becomes visible at commit.
 * \param name  not empty; copied once for all bindings of it.
 * \param value  what the host keeps there, such as an index or a pointer: lifecycle_binding.value.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (2^24 bindings, or lines of 64 bytes for
 * the names); LIFECYCLE_E_TOO_BIG (a name of 2^30 bytes); LIFECYCLE_E_SYSTEM.
 *
 * Ownership: the binding is the module's. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_on_interp_global_registered(lifecycle_manager *manager,
                                                       lifecycle_module module,
                                                       const char *name,
                                                       int64_t value);

/**
 * Looks up what a name means now. Takes no lock, and is not held up by others that bind and
 * unbind: it answers with a whole binding, the one before a change or the one after. While
 * lifecycle_reload_commit switches the names of a module, lookups wait for it, so that none finds
 * names of both sides.
 *
 * Inline cache: once, `version = lifecycle_names_version(manager, kind)`. At each use of a name
 * keep a binding and a number. If the number is `*version`, the binding is what the name means;
 * if not, read `*version` into the number first, and then look the name up into the binding (in
 * this order: what changes in between is then noticed the next time). Threads that share a place
 * must guard it themselves. A name that is not bound may be kept in the same way.
 *
 * \param manager  the manager.
 * \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
 * \param name  `len` bytes; borrowed. It need not be NUL-terminated.
 * \param len  bytes.
 * \param[out] out  the binding; all zero on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (also an unknown kind); LIFECYCLE_E_STALE;
 * LIFECYCLE_E_NOT_FOUND.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_lookup(lifecycle_manager *manager,
                                  uint32_t kind,
                                  const char *name,
                                  size_t len,
                                  lifecycle_binding *out);

/**
 * Removes what a name means now, so that it means again what it meant before, if anything:
 * func_table_remove, struct_table_remove, enum_table_remove and env_remove_global of the runtimes
 * that had those.
 *
 * \param manager  the manager.
 * \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
 * \param name  borrowed.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND;
 * LIFECYCLE_E_NOMEM (nothing has changed).
 *
 * Ownership: taken from its module. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_unbind(lifecycle_manager *manager,
                                  uint32_t kind,
                                  const char *name);

/**
 * Tells whether every one of these names is bound: a selective import whose names are all there
 * loads nothing.
 *
 * \param manager  the manager.
 * \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
 * \param names  `n` names; borrowed.
 * \param n  how many; none are all there.
 * \param[out] all  the answer; false on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_has_all(lifecycle_manager *manager,
                                   uint32_t kind,
                                   const char *const *names,
                                   size_t n,
                                   bool *all);

/**
 * Tells whether a declaration id is in a range of a module that is still loaded: the check before
 * every call of a function value. An id whose module is unloaded is a tombstone; one that no
 * module registered is not live either.
 *
 * In C the name is also a macro for an inline function (lifecycle_inline.h), which asks this one
 * only when the answer is not known already.
 *
 * \param manager  the manager.
 * \param did  the id.
 *
 * \returns true or false; false also when the manager is not valid.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
bool lifecycle_did_is_live(lifecycle_manager *manager, int64_t did);

/**
 * Tells whether a binding is still there, shadowed or not.
 *
 * \param manager  the manager.
 * \param decl  lifecycle_binding.decl.
 *
 * \returns true or false; false also when the manager or the id is not valid.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
bool lifecycle_decl_is_live(lifecycle_manager *manager, lifecycle_decl decl);

/**
 * Tells where the version of a kind of names is kept: a number that changes whenever the answer of
 * some lookup of that kind changes. See lifecycle_lookup for how a cache uses it.
 *
 * \param manager  the manager.
 * \param kind  LIFECYCLE_FUNC, _STRUCT, _ENUM or _GLOBAL.
 *
 * \returns where it is, read only, with an aligned 8-byte load; NULL if the kind or the manager is
 * not valid.
 *
 * Ownership: the manager's, valid until it is destroyed. Threads: any. Re-entry: from callbacks
 * too. Fork: works. Since: 0.1.0
 */
const uint64_t *lifecycle_names_version(lifecycle_manager *manager, uint32_t kind);

/**
 * Makes an arena: memory for things that die together. Address space is reserved, memory is taken
 * as it is used.
 *
 * \param options   how to set it up, starting from LIFECYCLE_ARENA_OPTIONS_INIT; NULL = the
 *                  defaults. Copied; the first region, if any, is used until the arena is
 *                  destroyed and must not be freed or used before that.
 * \param[out] out  the arena on LIFECYCLE_OK, else NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (out is NULL, options not set up with the macro,
 *          unknown flags, a first region that is NULL with a size); LIFECYCLE_E_UNSUPPORTED
 *          (options of a later version that sets more); LIFECYCLE_E_NOMEM (no address space);
 *          LIFECYCLE_E_LIMIT (65,536 arenas exist).
 *
 * Ownership: the caller's, until lifecycle_arena_destroy. Threads: any thread; each arena is used
 * by one thread at a time. Re-entry: may be called from a cleanup. Fork: the child has a copy,
 * separate from then on. Since: 0.1.0
 */
lifecycle_status lifecycle_arena_create(const lifecycle_arena_options *options,
                                        lifecycle_arena **out);

/**
 * Runs the arena's cleanups, newest first, and gives all of its memory back.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (NULL or not an arena); LIFECYCLE_E_STALE (destroyed
 *          already); LIFECYCLE_E_BUSY (called from a cleanup of this arena, or an interpreter's
 *          own arena); LIFECYCLE_E_SYSTEM, LIFECYCLE_E_NOMEM (the system does not take memory
 *          back: the arena is empty and still valid, call again).
 *
 * Ownership: the arena and everything allocated from it are gone; the first region is the caller's
 * again. Threads: the one that uses the arena. Re-entry: not from a cleanup of this arena. Fork: a
 * child destroys its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_arena_destroy(lifecycle_arena *arena);

/**
 * What lifecycle_arena_alloc calls when the bytes between cursor and limit do not suffice; does
 * the same by itself.
 *
 * \param size  bytes; 0 gives a pointer that is not NULL and that no other allocation has.
 *
 * \returns `size` bytes, aligned to 16, not zeroed. NULL on failure, lifecycle_last_error()
 *          telling: not an arena (invalid, stale), LIFECYCLE_E_LIMIT (the hard limit),
 *          LIFECYCLE_E_TOO_BIG, LIFECYCLE_E_NOMEM. The arena is then as it was.
 *
 * Ownership: the arena's: valid until a reset, a rewind to an older mark, or its destruction.
 * Threads: the one that uses the arena. Re-entry: may be called from a cleanup. Fork: the child
 * has its own copy of the bytes. Since: 0.1.0
 */
void *lifecycle_arena_alloc_slow(lifecycle_arena *arena, size_t size);

/**
 * Allocates with an alignment.
 *
 * \param size   bytes; 0 gives a pointer that no other allocation has.
 * \param align  a power of two up to LIFECYCLE_ARENA_ALIGN_MAX; what is below 16 counts as 16.
 *
 * \returns `size` bytes, not zeroed. NULL on failure, lifecycle_last_error() telling: as
 *          lifecycle_arena_alloc_slow, and LIFECYCLE_E_INVALID for an alignment that is not a
 *          power of two in range.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_arena_alloc_slow. The gap before the bytes
 * counts as used. Since: 0.1.0
 */
void *lifecycle_arena_alloc_aligned(lifecycle_arena *arena, size_t size, size_t align);

/**
 * Gives an allocation another size, as realloc does. It stays where it is when it shrinks, and
 * when it is the arena's last allocation and there is room behind it; otherwise its bytes are
 * copied. What the last allocation gives up when it shrinks, or moves into a mapping of its own,
 * can be allocated again at once, unless a mark was saved or a cleanup registered since; what any
 * other gives up comes back with the reset.
 *
 * \param at        an allocation of this arena; NULL, with an old_size of 0, allocates.
 * \param old_size  its size in bytes, as it was asked for.
 * \param new_size  the size in bytes that it is to have; 0 keeps an address of its own.
 *
 * \returns the allocation with its first bytes, as many as both sizes have; the others are not
 *          zeroed. It is aligned to 16; a larger alignment is kept only where it does not move.
 *          NULL on failure, the old bytes untouched, lifecycle_last_error() telling: as
 *          lifecycle_arena_alloc_slow, and LIFECYCLE_E_INVALID for bytes that are not in use in
 *          the arena.
 *
 * Ownership: the arena's; the old address is dead unless it is what is returned. A rewind to a
 * mark saved before forgets the change: the allocation has its first old_size bytes again if it
 * had not moved, and is gone if it had. Threads, re-entry, fork: as lifecycle_arena_alloc_slow.
 * Since: 0.1.0
 */
void *lifecycle_arena_grow(lifecycle_arena *arena,
                           void *at,
                           size_t old_size,
                           size_t new_size);

/**
 * Copies `len` bytes of text and ends the copy with a NUL.
 *
 * \param text  `len` bytes, which may hold NULs and are copied as they are; (NULL, 0) is the empty
 *              text.
 * \param len   bytes, without a terminator.
 *
 * \returns the copy, or NULL on failure, lifecycle_last_error() telling: as
 *          lifecycle_arena_alloc_slow, and LIFECYCLE_E_INVALID for a NULL text or a length that no
 *          memory has.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_arena_alloc_slow. Since: 0.1.0
 */
char *lifecycle_arena_strdup(lifecycle_arena *arena, const char *text, size_t len);

/**
 * Marks where the arena is, so that lifecycle_arena_rewind can forget what is allocated from now
 * on.
 *
 * \returns the mark; one of zeros, which rewind refuses as invalid, when the arena is not one
 *          (lifecycle_last_error() tells).
 *
 * Ownership: a mark holds nothing and need not be given back. Threads: the one that uses the
 * arena. Re-entry: may be called from a cleanup. Fork: a mark is as good in the child's copy.
 * Since: 0.1.0
 */
lifecycle_arena_mark lifecycle_arena_save(lifecycle_arena *arena);

/**
 * Forgets everything allocated since a mark, after running the cleanups registered since, newest
 * first. The mark stays good, marks saved after it do not.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena, or not a mark of this arena);
 *          LIFECYCLE_E_STALE (the arena is gone, or was reset or rewound below the mark);
 *          LIFECYCLE_E_BUSY (called from a cleanup of this arena, or an interpreter's own arena).
 *          On failure nothing is forgotten. That a mark is stale is told for certain up to 64
 *          levels of marks that were each rewound and built upon.
 *
 * Ownership: what was allocated since the mark is gone. Threads: the one that uses the arena.
 * Re-entry: not from a cleanup of this arena. Fork: the child rewinds its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_arena_rewind(lifecycle_arena *arena,
                                        lifecycle_arena_mark mark);

/**
 * Registers a function to run when what is allocated now is forgotten: at a reset, the
 * destruction, or a rewind to a mark saved before. Newest first.
 *
 * The function finds the arena whole: it may allocate from it, and register more, which runs next.
 * It must return (a longjmp out of it leaves the arena refusing to be reset), and must not reset,
 * rewind or destroy the arena, which is LIFECYCLE_E_BUSY.
 *
 * \param release  what to call, with `ptr` and `user`; not NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena, release is NULL); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_LIMIT and LIFECYCLE_E_NOMEM (the record takes 48 bytes of the arena, which
 *          count as used). On failure the function will not be called.
 *
 * Ownership: `ptr` is the cleanup's from now on; `user` stays the caller's and must live as long.
 * Threads: the one that uses the arena. Re-entry: may be called from a cleanup. Fork: the child's
 * copy runs it too, if the child gets there. Since: 0.1.0
 *
 * Requires:
 * `release` may be called with `ptr` and `user`, once, at any of those times. No other thread is
 * using the arena.
 */
lifecycle_status lifecycle_arena_on_reset(lifecycle_arena *arena,
                                          lifecycle_release_fn release,
                                          void *ptr,
                                          void *user);

/**
 * Runs the arena's cleanups, newest first, and forgets everything allocated from it. That takes as
 * long as the cleanups do and a few stores, whatever was allocated. Under AddressSanitizer and
 * valgrind the old bytes are marked: whoever still uses one is reported.
 *
 * The pages stay, so that the next round takes no page fault and calls nothing: as many as the
 * largest of the last 128 rounds reached, and a quarter more (chunk_size at least). Once in
 * 64 resets, of what is committed beyond that, half goes back to the system in one call, 1 MiB at
 * least and 16 MiB at most. Where lifecycle_arena_options.retained is set, what exceeds it goes
 * back at each reset instead. Huge allocations (of 1 MiB and more, where that was not committed)
 * go back at the reset; if all of 64 rounds used more than was committed, that much is committed.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena); LIFECYCLE_E_STALE (destroyed);
 *          LIFECYCLE_E_BUSY (called from a cleanup of this arena, or an interpreter's own arena).
 *
 * Ownership: everything allocated from the arena is gone, the arena stays the caller's. Threads:
 * the one that uses the arena. Re-entry: not from a cleanup of this arena. Fork: the child resets
 * its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_arena_reset(lifecycle_arena *arena);

/**
 * Bytes in use: what was handed out, each rounded up to 16, with the gaps that alignments left and
 * 48 for each cleanup.
 *
 * \returns the bytes; 0 when it is not an arena, lifecycle_last_error() telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the arena. Re-entry: may be called
 * from a cleanup. Fork: the child asks its own copy. Since: 0.1.0
 */
size_t lifecycle_arena_used(const lifecycle_arena *arena);

/**
 * Bytes that the arena holds, used or not: the first region, what is committed, and huge
 * allocations.
 *
 * \returns the bytes; 0 when it is not an arena, lifecycle_last_error() telling.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_arena_used. Since: 0.1.0
 */
size_t lifecycle_arena_capacity(const lifecycle_arena *arena);

/**
 * Tells what an arena holds.
 *
 * \param[out] out  filled in, or zeroed on failure.
 * \param size      sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an arena, out is NULL, size is 0 or more than 64
 *          KiB); LIFECYCLE_E_STALE.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_arena_used. Since: 0.1.0
 */
lifecycle_status lifecycle_arena_stats_get(const lifecycle_arena *arena,
                                           lifecycle_arena_stats *out,
                                           size_t size);

/**
 * Makes an interpreter: one owner for all values of one interpreter, scratch and persistent.
 *
 * A handle (lifecycle_handle) names a scratch value until the outermost eval ends; a value
 * (lifecycle_value) is persistent, immutable and counted. lifecycle_materialize makes a value of a
 * handle, lifecycle_wrap a handle of a value. Variables, commands and traces keep values by
 * themselves. In lists and dicts handles are references: what is changed in place is seen through
 * every handle and list that names it, and never by what is kept.
 *
 * \param options   how to set it up, starting from LIFECYCLE_INTERP_OPTIONS_INIT; NULL = the
 *                  defaults. Copied.
 * \param[out] out  the interpreter on LIFECYCLE_OK, else NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (out is NULL, options not set up with the macro, an
 *          allocator that lacks a function); LIFECYCLE_E_UNSUPPORTED (options of a later version
 *          that sets more); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (65,536 interpreters exist, or
 *          all generations of handles are used up).
 *
 * Ownership: the caller's, until lifecycle_interp_destroy. Threads: any thread; each interpreter is
 * used by one thread at a time. Re-entry: from anywhere. Fork: the child has a copy, separate from
 * then on. Since: 0.1.0
 */
lifecycle_status lifecycle_interp_create(const lifecycle_interp_options *options,
                                         lifecycle_interp **out);

/**
 * Forgets everything that was defined, drops the scratch side, releases all foreign things and
 * gives all memory back, but for values that the host still holds: those stay valid for
 * lifecycle_value_retain and lifecycle_value_release, and the last release gives back the rest.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (NULL or not an interpreter); LIFECYCLE_E_STALE
 *          (destroyed already); LIFECYCLE_E_BUSY (in an eval, or called from a function that
 *          releases a foreign thing); LIFECYCLE_E_SYSTEM, LIFECYCLE_E_NOMEM (the system does not
 *          take scratch memory back: the interpreter is empty and still valid, call again).
 *
 * Ownership: the interpreter and its handles are gone. Threads: the one that uses it. Re-entry: not
 * from an eval. Fork: a child destroys its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_interp_destroy(lifecycle_interp *interp);

/**
 * The pointer that lifecycle_interp_options.user was.
 *
 * \returns the pointer; NULL when it is not an interpreter, lifecycle_last_error() telling.
 *
 * Ownership: the host's. Threads: the one that uses the interpreter. Re-entry: from anywhere. Fork:
 * works. Since: 0.1.0
 */
void *lifecycle_interp_user(lifecycle_interp *interp);

/**
 * The arena of the outermost scratch level, for bytes of the host's that an eval needs: they are
 * gone when the outermost eval ends. The interpreter owns the arena: allocating, saving and
 * registering cleanups is the host's, while resetting, rewinding and destroying it are
 * LIFECYCLE_E_BUSY.
 *
 * \returns the arena; NULL when it is not an interpreter, lifecycle_last_error() telling.
 *
 * Ownership: the interpreter's. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_arena *lifecycle_interp_arena(lifecycle_interp *interp);

/**
 * An eval begins. Evals nest, and each is left by lifecycle_eval_leave, or with those inside it by
 * lifecycle_eval_unwind.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_BUSY (called from a function that releases a foreign thing, or a cleanup of
 *          the arena); LIFECYCLE_E_NOMEM. On failure no eval has begun.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks, but not while handles are dropped. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_eval_enter(lifecycle_interp *interp);

/**
 * An eval ends. Scopes opened and frames pushed in it and left behind are closed and popped. At the
 * end of the outermost eval every handle is gone, and all scratch memory is free for the next one:
 * a few stores, however much there was.
 *
 * \param result     what the eval results in, or nil.
 * \param[out] kept  the result's value, to be released by the host; NULL = it is not wanted. NULL
 *                   is put there for nil, and on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, or in no eval); LIFECYCLE_E_STALE;
 *          and if the result is wanted what lifecycle_materialize returns: the eval is left all the
 *          same.
 *
 * Ownership: the value is the caller's. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Functions that release foreign things and cleanups of the arena are called. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_eval_leave(lifecycle_interp *interp,
                                      lifecycle_handle result,
                                      lifecycle_value **kept);

/**
 * How many evals were entered and not left.
 *
 * \returns the number; 0 when it is not an interpreter, lifecycle_last_error() telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
size_t lifecycle_eval_depth(lifecycle_interp *interp);

/**
 * Leaves evals until `depth` are left, for a host that leaves them by longjmp: after landing it
 * calls this with the depth that there was when it called setjmp.
 *
 * \param depth  evals that stay; 0 = none: the scratch side is dropped.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_RANGE (there are fewer evals).
 *
 * Ownership, threads, re-entry, fork: as lifecycle_eval_leave. A callback may be left by longjmp,
 * but not one that the library calls while it drops handles. Since: 0.1.0
 */
lifecycle_status lifecycle_eval_unwind(lifecycle_interp *interp, size_t depth);

/**
 * Drops the scratch side where there is no eval: handles that were made outside of one, and all
 * bytes behind them.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_BUSY (in an eval: nothing is dropped).
 *
 * Ownership: all handles are gone. Threads: the one that uses the interpreter. Re-entry: not from
 * an eval. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_force_reset(lifecycle_interp *interp);

/**
 * Opens a scope: what is made from now on goes when the scope is closed, so that one long eval
 * needs no more scratch memory than one of its rounds. Scopes nest.
 *
 * \param[out] out  the scope on LIFECYCLE_OK, else 0.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, out is NULL); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_LIMIT (4,096 scopes are open); LIFECYCLE_E_NOMEM.
 *
 * Ownership: a scope is closed by lifecycle_scope_close, with a scope around it, or by the end of
 * the eval that it was opened in. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_scope_open(lifecycle_interp *interp, lifecycle_scope *out);

/**
 * Closes a scope and those opened inside it: the handles made in it are gone. What was stored in a
 * list or dict of a scope outside stays: there it is a copy, made when it was stored.
 *
 * \param scope           the scope.
 * \param[in,out] escape  a handle that is to outlive the scope: it is set to a new handle outside
 *                        that names an equal value, or the same one if it was made outside. NULL or
 *                        nil = nothing escapes. Set to nil on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, no scope, or one that is not
 *          open yet); LIFECYCLE_E_STALE (the interpreter, the scope or the handle is gone);
 *          LIFECYCLE_E_CYCLE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (what escapes cannot be copied).
 *          On failure the scope stays open, unless there was no room for the new handle.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_eval_leave. Since: 0.1.0
 */
lifecycle_status lifecycle_scope_close(lifecycle_interp *interp,
                                       lifecycle_scope scope,
                                       lifecycle_handle *escape);

/**
 * Tells what an interpreter holds.
 *
 * \param[out] out  filled in, or zeroed on failure.
 * \param size      sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, out is NULL, size is 0 or more
 *          than 64 KiB); LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_memory_stats(lifecycle_interp *interp,
                                        lifecycle_memory *out,
                                        size_t size);

/**
 * Makes an empty dict. Its keys compare by their text; entries stay in the order in which their
 * keys were added.
 *
 * \returns a DICT; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an
 *          interpreter), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or
 *          scratch memory), LIFECYCLE_E_BUSY (handles are being dropped).
 *
 * Ownership: the handle lives until its scope is closed or the outermost eval ends. Threads: the
 * one that uses the interpreter. Re-entry: from anywhere, but not while handles are dropped. Fork:
 * works. Since: 0.1.0
 */
lifecycle_handle lifecycle_dict(lifecycle_interp *interp);

/**
 * Makes a handle name a dict: a LIST, or what has a text that is one (lifecycle_list_shimmer),
 * becomes the dict of its elements, each two a key and a value. Where a key comes twice the last
 * value counts, in the first one's place. The text stays the same until the dict is changed in
 * place. A DICT stays as it is.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a list, or one with an odd number of elements; a
 *          foreign thing or a builder); LIFECYCLE_E_INVALID (not an interpreter, the handle is nil
 *          or none of it); LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY, LIFECYCLE_E_RANGE (a function of
 *          the options changed what the handle names); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; and
 *          what the to_text function of the options returns. On failure nothing has changed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere; calls to_list, and to_text for keys that are lists or doubles. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_dict_shimmer(lifecycle_interp *interp,
                                        lifecycle_handle value);

/**
 * Makes another dict of the same entries: changing one dict does not change the other. Values that
 * handles name are the same in both. Of a dict that was wrapped this takes as long as there are
 * changes in it.
 *
 * \returns a DICT; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a DICT:
 *          lifecycle_dict_shimmer makes it one), LIFECYCLE_E_INVALID (not an interpreter, the
 *          handle is nil or none of it), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT
 *          (of handles or scratch memory).
 *
 * Ownership, threads, re-entry, fork: as lifecycle_dict. Since: 0.1.0
 */
lifecycle_handle lifecycle_dict_copy(lifecycle_interp *interp, lifecycle_handle dict);

/**
 * How many entries a dict has.
 *
 * \returns the number; 0 on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a
 *          DICT), LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it),
 *          LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
size_t lifecycle_dict_size(lifecycle_interp *interp, lifecycle_handle dict);

/**
 * The value of a key. It is as an element of a list is (lifecycle_list_at): the handle that was
 * stored, or one made now; a list or dict of a dict that was wrapped gets the same one each time,
 * within the scope that the dict was made in.
 *
 * \param key  of any kind but a builder; its text counts.
 *
 * \returns the value's handle; nil on failure, lifecycle_last_error() telling:
 *          LIFECYCLE_E_NOT_FOUND (the dict has no such key), LIFECYCLE_E_TYPE (not a DICT, or the
 *          key is a builder), LIFECYCLE_E_INVALID (not an interpreter, a handle is nil or none of
 *          it), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or scratch
 *          memory), and what the to_text function of the options returns.
 *
 * Ownership: the handle lives as its value does, a new one until its scope is closed or the
 * outermost eval ends. Threads: the one that uses the interpreter. Re-entry: from anywhere; calls
 * to_text for a key that is a list, a dict or a double. Fork: works. Since: 0.1.0
 */
lifecycle_handle lifecycle_dict_get(lifecycle_interp *interp,
                                    lifecycle_handle dict,
                                    lifecycle_handle key);

/**
 * Gives a key a value: in the place of the one that it had, or as a new entry, the last one. Every
 * handle and list that names the dict sees it; a persistent value that the dict came from does
 * not. The key is copied: what is done with its handle afterwards does not change it. A value of a
 * newer scope than the dict's is stored as a copy, which stays when that scope is closed.
 *
 * \param dict   what is changed.
 * \param key    of any kind but a builder; its text counts.
 * \param value  of any kind but a builder; the dict itself is allowed, but then it cannot be kept.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a DICT, or the key or value is a builder);
 *          LIFECYCLE_E_INVALID (not an interpreter, a handle is nil or none of it);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (of scratch memory);
 *          LIFECYCLE_E_CYCLE (a copy was to be made of what contains itself); and what the to_text
 *          function of the options returns. On failure nothing has changed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere; calls to_text for a key that is a list, a dict or a double. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_dict_set_in_place(lifecycle_interp *interp,
                                             lifecycle_handle dict,
                                             lifecycle_handle key,
                                             lifecycle_handle value);

/**
 * Removes a key and its value.
 *
 * \param dict  what is changed, as in lifecycle_dict_set_in_place.
 * \param key   of any kind but a builder; its text counts.
 *
 * \returns LIFECYCLE_E_NOT_FOUND (the dict has no such key), or as lifecycle_dict_set_in_place.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_dict_set_in_place. Since: 0.1.0
 */
lifecycle_status lifecycle_dict_remove_in_place(lifecycle_interp *interp,
                                                lifecycle_handle dict,
                                                lifecycle_handle key);

/**
 * An entry of a dict, by its place: asking for all of them one after the other is linear, also
 * where entries were removed.
 *
 * \param i           the place, from 0, in the order in which keys were added.
 * \param[out] key    a handle for the key, a STRING of its own; NULL = it is not wanted. Nil on
 *                    failure.
 * \param[out] value  a handle for the value, as lifecycle_dict_get gives it; NULL = it is not
 *                    wanted. Nil on failure.
 *
 * \returns whether there is such an entry; false also on failure, lifecycle_last_error() telling:
 *          LIFECYCLE_E_RANGE (the dict has no such entry), LIFECYCLE_E_TYPE (not a DICT),
 *          LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it),
 *          LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or scratch memory).
 *
 * Ownership: as lifecycle_dict_get. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
bool lifecycle_dict_entry(lifecycle_interp *interp,
                          lifecycle_handle dict,
                          size_t i,
                          lifecycle_handle *key,
                          lifecycle_handle *value);

/**
 * Makes a list of what handles name. In lists handles are references: the element is the very
 * value, and what is changed in place is seen in every list that has it.
 *
 * \param elements  their handles, copied; NULL if there are none.
 * \param n         how many.
 *
 * \returns a LIST; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an
 *          interpreter, a handle that is nil or none of it, NULL with n > 0), LIFECYCLE_E_STALE,
 *          LIFECYCLE_E_TYPE (a builder), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or
 *          scratch memory).
 *
 * Ownership: the handle lives until its scope is closed or the outermost eval ends. Threads: the
 * one that uses the interpreter. Re-entry: from anywhere, but not while handles are dropped. Fork:
 * works. Since: 0.1.0
 */
lifecycle_handle lifecycle_list(lifecycle_interp *interp,
                                const lifecycle_handle *elements,
                                size_t n);

/**
 * Makes a handle name a list: what it names becomes the list that its text is, as the to_list
 * function of the options says, or else Tcl's list syntax. The text stays the same until the list
 * is changed in place. A DICT becomes the list of its keys and values; a LIST stays as it is.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (its text is not a list, or it is a foreign thing or a
 *          builder); LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (the to_list function changed what the handle
 *          names); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT. On failure nothing has changed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere; calls to_list. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_list_shimmer(lifecycle_interp *interp,
                                        lifecycle_handle value);

/**
 * How many elements a list has.
 *
 * \returns the number; 0 on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a LIST:
 *          lifecycle_list_shimmer makes it one), LIFECYCLE_E_INVALID (not an interpreter, the
 *          handle is nil or none of it), LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
size_t lifecycle_list_length(lifecycle_interp *interp, lifecycle_handle list);

/**
 * An element of a list. One that was stored as a handle comes back as the same handle. One of a
 * list that was wrapped gets a handle now; if it is a list or dict, the same one each time, so
 * that changing it in place is seen in the list. That holds within the scope that the list was
 * made in: reached inside a newer scope, such an element is a copy of its own each time.
 *
 * \param i  its place, from 0.
 *
 * \returns its handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_RANGE (the list
 *          has no such element), LIFECYCLE_E_TYPE (not a LIST), LIFECYCLE_E_INVALID (not an
 *          interpreter, the handle is nil or none of it), LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM,
 *          LIFECYCLE_E_LIMIT (of handles or scratch memory).
 *
 * Ownership: the handle lives as its value does, a new one until its scope is closed or the
 * outermost eval ends. Threads: the one that uses the interpreter. Re-entry: from anywhere. Fork:
 * works. Since: 0.1.0
 */
lifecycle_handle lifecycle_list_at(lifecycle_interp *interp,
                                   lifecycle_handle list,
                                   size_t i);

/**
 * Makes another list of the same elements: changing one list does not change the other. The
 * elements that handles name are the same values in both. Of a list that was wrapped this takes
 * as long as there are changes in it.
 *
 * \returns a LIST; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_TYPE (not a LIST),
 *          LIFECYCLE_E_INVALID (not an interpreter, the handle is nil or none of it),
 *          LIFECYCLE_E_STALE, LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (of handles or scratch memory).
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list. Since: 0.1.0
 */
lifecycle_handle lifecycle_list_copy(lifecycle_interp *interp, lifecycle_handle list);

/**
 * Makes a list of some elements of another one, as lifecycle_list_copy does.
 *
 * \param first  the place of the first one, from 0.
 * \param count  how many; both are cut to what there is, so the result may be empty.
 *
 * \returns as lifecycle_list_copy.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list. Since: 0.1.0
 */
lifecycle_handle lifecycle_list_slice(lifecycle_interp *interp,
                                      lifecycle_handle list,
                                      size_t first,
                                      size_t count);

/**
 * Appends an element: O(1), on the average of many. Every handle and list that names the list sees
 * it; a persistent value that the list came from does not.
 *
 * An element of a newer scope than the list's is stored as a copy, which stays when that scope is
 * closed.
 *
 * \param list     what is changed.
 * \param element  what it gets; the list itself is allowed, but then it cannot be kept.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a LIST, or the element is a builder);
 *          LIFECYCLE_E_INVALID (not an interpreter, a handle is nil or none of it);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (of scratch memory);
 *          LIFECYCLE_E_CYCLE (a copy was to be made of what contains itself). On failure nothing
 *          has changed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_list_push_in_place(lifecycle_interp *interp,
                                              lifecycle_handle list,
                                              lifecycle_handle element);

/**
 * Puts an element in front of all others; otherwise as lifecycle_list_push_in_place. For a list
 * that was wrapped the first time takes as long as it has elements.
 *
 * \returns as lifecycle_list_push_in_place.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list_push_in_place. Since: 0.1.0
 */
lifecycle_status lifecycle_list_unshift_in_place(lifecycle_interp *interp,
                                                 lifecycle_handle list,
                                                 lifecycle_handle element);

/**
 * Takes the last element out of a list: O(1).
 *
 * \returns its handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_RANGE (the list
 *          is empty), or as lifecycle_list_at. On failure nothing has changed.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list_at. Since: 0.1.0
 */
lifecycle_handle lifecycle_list_pop_in_place(lifecycle_interp *interp,
                                             lifecycle_handle list);

/**
 * Takes the first element out of a list: O(1).
 *
 * \returns as lifecycle_list_pop_in_place.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list_at. Since: 0.1.0
 */
lifecycle_handle lifecycle_list_shift_in_place(lifecycle_interp *interp,
                                               lifecycle_handle list);

/**
 * Puts an element in the place of another one: O(1).
 *
 * \param i        the place, from 0.
 * \param element  what it gets, as in lifecycle_list_push_in_place.
 *
 * \returns LIFECYCLE_E_RANGE (the list has no such element), or as lifecycle_list_push_in_place.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list_push_in_place. Since: 0.1.0
 */
lifecycle_status lifecycle_list_set_at_in_place(lifecycle_interp *interp,
                                                lifecycle_handle list,
                                                size_t i,
                                                lifecycle_handle element);

/**
 * Puts the elements of a list in the place of others: inserts, replaces and removes.
 *
 * \param first   the place of the first element that goes; the list's length to append.
 * \param remove  how many go; cut to what there is.
 * \param insert  the LIST whose elements come; nil = none. It stays as it is, and may be the same
 *                list.
 *
 * \returns LIFECYCLE_E_RANGE (first is more than the length), or as lifecycle_list_push_in_place.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_list_push_in_place. Since: 0.1.0
 */
lifecycle_status lifecycle_list_splice_in_place(lifecycle_interp *interp,
                                                lifecycle_handle list,
                                                size_t first,
                                                size_t remove,
                                                lifecycle_handle insert);

/**
 * Sorts a list. Elements that compare equal stay in their order.
 *
 * The comparison is called with handles of elements. It may do anything: whatever order it makes
 * up, sorting ends, after about n log2 n calls; what it changes in the list meanwhile is
 * replaced by the sorted elements. It may be left by longjmp: then the list is as it was.
 *
 * \param compare  the order; NULL = by the bytes of the elements' texts, as memcmp, shorter first.
 * \param user     passed to it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_TYPE (not a LIST); LIFECYCLE_E_INVALID (not an interpreter,
 *          the handle is nil or none of it); LIFECYCLE_E_STALE (also when the comparison dropped
 *          the list); LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT; and what the to_text function of the
 *          options returns. On failure the list was not sorted.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere; calls the comparison and to_text. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_list_sort_in_place(lifecycle_interp *interp,
                                              lifecycle_handle list,
                                              lifecycle_compare_fn compare,
                                              void *user);

/**
 * Makes a string.
 *
 * \param text  any bytes, NULs among them too; copied. NULL if there are none.
 * \param len   how many.
 *
 * \returns the handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an
 *          interpreter, NULL with a length); LIFECYCLE_E_STALE (it was destroyed);
 *          LIFECYCLE_E_LIMIT (handles, or scratch memory); LIFECYCLE_E_BUSY (handles are being
 *          dropped); LIFECYCLE_E_NOMEM.
 *
 * Ownership: a handle belongs to the interpreter and is gone when its scope or the outermost eval
 * ends. Threads: the one that uses the interpreter. Re-entry: from callbacks, but not while handles
 * are dropped. Fork: works. Since: 0.1.0
 */
lifecycle_handle lifecycle_string(lifecycle_interp *interp, const char *text, size_t len);

/**
 * Makes an integer.
 *
 * \returns the handle; nil on failure as lifecycle_string.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_int(lifecycle_interp *interp, int64_t value);

/**
 * Makes a double.
 *
 * \returns the handle; nil on failure as lifecycle_string.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_double(lifecycle_interp *interp, double value);

/**
 * Tells of what kind a value is.
 *
 * \returns LIFECYCLE_STRING and the like; LIFECYCLE_NIL for nil; a negative status on failure:
 *          LIFECYCLE_E_INVALID (not an interpreter, or a handle that it never made);
 *          LIFECYCLE_E_STALE (the interpreter, or the handle, is gone).
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
int lifecycle_kind(lifecycle_interp *interp, lifecycle_handle handle);

/**
 * The string form of any value. It is made when it is asked for first and kept with the value. An
 * integer is written in decimal; a double as the shortest text that reads back as the same one, as
 * in Tcl: "1.0", "0.0001", "1e-5", "1e+17", "Inf", "-Inf", "NaN"; a list or dict in Tcl's list
 * syntax; a builder's is what it holds so far. lifecycle_interp_options.to_text writes the last
 * three but the builder in its own way, and is called for inner lists and dicts first. A list or
 * dict that was made from a text has that text until it, or anything in it, is changed.
 *
 * \param[out] len  bytes of it, or 0 on failure; NULL = not wanted.
 *
 * \returns the bytes, with a NUL behind; never NULL. "" for nil, which is no failure, and on
 *          failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID (not an interpreter, or a
 *          handle that it never made); LIFECYCLE_E_STALE (the interpreter or the handle is gone);
 *          LIFECYCLE_E_CYCLE (a list is a part of itself); LIFECYCLE_E_DEPTH (nested deeper than
 *          LIFECYCLE_TEXT_DEPTH_MAX); LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM; what to_text returned.
 *
 * Ownership: the bytes are the interpreter's: they are valid, and do not change, as long as the
 * handle is valid. Threads: the one that uses the interpreter. Re-entry: from callbacks, but not
 * while handles are dropped. Fork: works. Since: 0.1.0
 */
const char *lifecycle_as_string(lifecycle_interp *interp,
                                lifecycle_handle handle,
                                size_t *len);

/**
 * A value as an integer: an integer; a double without a fraction; or whatever has a string form
 * that is one: blanks around, a sign, decimal digits, or 0x, 0o or 0b and digits of that base. A 0
 * in front means nothing.
 *
 * \param[out] out  the integer, or 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made, nil,
 *          out is NULL); LIFECYCLE_E_STALE (the interpreter or the handle is gone);
 *          LIFECYCLE_E_TYPE (it is no integer); LIFECYCLE_E_RANGE (it does not fit into 64 bits);
 *          and where the string form cannot be made what lifecycle_as_string tells.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: as
 * lifecycle_as_string. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_as_int(lifecycle_interp *interp,
                                  lifecycle_handle handle,
                                  int64_t *out);

/**
 * A value as a double: a double; an integer; or whatever has a string form that is one: blanks
 * around, and what lifecycle_as_int takes, decimal fractions and exponents, inf, infinity and nan
 * in any case.
 *
 * \param[out] out  the double, or 0 on failure.
 *
 * \returns as lifecycle_as_int; LIFECYCLE_E_RANGE where a text is too large a number.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_as_int. Since: 0.1.0
 */
lifecycle_status lifecycle_as_double(lifecycle_interp *interp,
                                     lifecycle_handle handle,
                                     double *out);

/**
 * The integer, if the value is one already: nothing is converted.
 *
 * \param[out] out  the integer, or 0; NULL = not wanted.
 *
 * \returns whether it is one. False for nil, and on failure, lifecycle_last_error() telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
bool lifecycle_peek_int(lifecycle_interp *interp, lifecycle_handle handle, int64_t *out);

/**
 * The double, if the value is one already: nothing is converted.
 *
 * \param[out] out  the double, or 0; NULL = not wanted.
 *
 * \returns whether it is one. False for nil, and on failure, lifecycle_last_error() telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
bool lifecycle_peek_double(lifecycle_interp *interp, lifecycle_handle handle, double *out);

/**
 * Makes a handle for something of the host's. The handle owns it:
 * lifecycle_interp_options.foreign_release is called with it once, when the handle's scope or the
 * outermost eval ends, or when lifecycle_foreign_release asks for it. What is kept of it
 * (lifecycle_materialize, a variable) is what lifecycle_interp_options.foreign_clone makes, which
 * is released when nobody keeps it any more.
 *
 * \param type  a name that the host knows it by, NUL-terminated; copied.
 * \param ptr   the thing; NULL is possible, and never released.
 * \param text  its string form, any bytes; copied. NULL if there are none.
 * \param len   how many.
 *
 * \returns the handle; nil on failure as lifecycle_string, and LIFECYCLE_E_INVALID where type is
 *          NULL.
 *
 * Ownership: the thing is the handle's; on failure it is still the host's. Threads, re-entry, fork:
 * as lifecycle_string; in a forked child copies of handles release what they own there, too. Since:
 * 0.1.0
 */
lifecycle_handle lifecycle_foreign(lifecycle_interp *interp,
                                   const char *type,
                                   void *ptr,
                                   const char *text,
                                   size_t len);

/**
 * The type and pointer of a foreign thing, if the value is one.
 *
 * \param[out] type  its type's name, or NULL; NULL = not wanted.
 * \param[out] ptr   the thing; NULL once it was released, or where it was kept without being
 *                   cloned. NULL = not wanted.
 *
 * \returns whether it is one. False for nil, and on failure, lifecycle_last_error() telling.
 *
 * Ownership: the name is the interpreter's, valid as long as the handle. The thing stays its
 * owner's. Threads: the one that uses the interpreter. Re-entry: from anywhere. Fork: works. Since:
 * 0.1.0
 */
bool lifecycle_peek_foreign(lifecycle_interp *interp,
                            lifecycle_handle handle,
                            const char **type,
                            void **ptr);

/**
 * Releases a foreign thing before its time: lifecycle_interp_options.foreign_release is called at
 * once. Every handle and value that has this very thing has NULL from then on. Where it was
 * released already nothing happens.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made,
 *          nil); LIFECYCLE_E_STALE (the interpreter or the handle is gone); LIFECYCLE_E_TYPE (not a
 *          foreign thing).
 *
 * Ownership: the thing goes back to the host. Threads: the one that uses the interpreter. Re-entry:
 * from anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_foreign_release(lifecycle_interp *interp,
                                           lifecycle_handle handle);

/**
 * Makes a builder: a text that is written piece by piece. Its string form is what was written by
 * then; lifecycle_builder_finish makes a string of that without a copy. A builder is no element of
 * a list or dict; what is kept of it is what was written by then, a string.
 *
 * \param capacity  bytes to make room for; 0 = unknown. It grows by itself.
 *
 * \returns the handle; nil on failure as lifecycle_string, and LIFECYCLE_E_TOO_BIG.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_builder_new(lifecycle_interp *interp, size_t capacity);

/**
 * Writes one byte.
 *
 * \param byte  0 to 255.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made,
 *          nil); LIFECYCLE_E_STALE (the interpreter or the handle is gone); LIFECYCLE_E_TYPE (not a
 *          builder); LIFECYCLE_E_RANGE (not a byte); LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM. On
 *          failure nothing was written.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_builder_byte(lifecycle_interp *interp,
                                        lifecycle_handle builder,
                                        int byte);

/**
 * Writes bytes.
 *
 * \param bytes  any bytes; copied. NULL if there are none.
 * \param len    how many.
 *
 * \returns as lifecycle_builder_byte; LIFECYCLE_E_INVALID also for NULL with a length, and
 *          LIFECYCLE_E_TOO_BIG.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_builder_byte. Since: 0.1.0
 */
lifecycle_status lifecycle_builder_bytes(lifecycle_interp *interp,
                                         lifecycle_handle builder,
                                         const char *bytes,
                                         size_t len);

/**
 * Writes the string form of a value, which may be the builder itself.
 *
 * \param value  any value; nil has no bytes.
 *
 * \returns as lifecycle_builder_bytes, and what lifecycle_as_string tells of the value.
 *
 * Ownership: nothing changes hands. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
 */
lifecycle_status lifecycle_builder_append(lifecycle_interp *interp,
                                          lifecycle_handle builder,
                                          lifecycle_handle value);

/**
 * Makes a string of what was written, without a copy. The builder is empty then, and may go on.
 *
 * \returns the string; nil on failure, lifecycle_last_error() telling as lifecycle_string and
 *          lifecycle_builder_byte: the builder is then as it was.
 *
 * Ownership: as lifecycle_string. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_handle lifecycle_builder_finish(lifecycle_interp *interp,
                                          lifecycle_handle builder);

/**
 * Bytes of the string form of a value.
 *
 * \returns the length; 0 for nil, and on failure as lifecycle_as_string.
 *
 * Ownership: nothing changes hands. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
 */
size_t lifecycle_string_length(lifecycle_interp *interp, lifecycle_handle handle);

/**
 * lifecycle_string_byte_at for what is not at hand: it is called by that and need not be called
 * by a program.
 *
 * \returns the byte, 0 to 255; -1 past the end, and on failure as lifecycle_as_string.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string_length. Since: 0.1.0
 */
int lifecycle_string_byte_at_slow(lifecycle_interp *interp,
                                  lifecycle_handle handle,
                                  size_t at);

/**
 * A string of some of a value's bytes. A long one shares them with the value.
 *
 * \param from  the first byte, counted from 0.
 * \param to    the one behind the last. Both are cut to what there is; where `to` is not more than
 *              `from` the string is empty.
 *
 * \returns the handle; nil on failure as lifecycle_string and lifecycle_as_string.
 *
 * Ownership: as lifecycle_string. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_string_slice(lifecycle_interp *interp,
                                        lifecycle_handle handle,
                                        size_t from,
                                        size_t to);

/**
 * A string of the bytes of one value and those of another behind. To append to what this returned
 * costs what is appended, over all: the bytes are shared where nobody asked for them meanwhile
 * (lifecycle_as_string, which promises a NUL behind them).
 *
 * \returns the handle; nil on failure as lifecycle_string and lifecycle_as_string.
 *
 * Ownership: as lifecycle_string. Threads, re-entry, fork: as lifecycle_as_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_string_concat(lifecycle_interp *interp,
                                         lifecycle_handle left,
                                         lifecycle_handle right);

/**
 * Compares the string forms of two values byte by byte, as memcmp does; a text that another one
 * begins with comes before that one.
 *
 * \returns -1, 0 or 1 as the first comes before, with or after the second; 0 on failure as
 *          lifecycle_as_string.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string_length. Since: 0.1.0
 */
int lifecycle_string_compare(lifecycle_interp *interp,
                             lifecycle_handle a,
                             lifecycle_handle b);

/**
 * Whether two values have the same string form.
 *
 * \returns whether they have; false on failure as lifecycle_as_string.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string_length. Since: 0.1.0
 */
bool lifecycle_string_equal(lifecycle_interp *interp,
                            lifecycle_handle a,
                            lifecycle_handle b);

/**
 * The handle that stands for a text: the same one each time, until the scope that it was asked for
 * first in, or the outermost eval, ends. A handle that was changed in place since does not stand
 * for its text any more.
 *
 * \param text  any bytes; copied. NULL if there are none.
 * \param len   how many.
 *
 * \returns the handle; nil on failure as lifecycle_string.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_string_intern(lifecycle_interp *interp,
                                         const char *text,
                                         size_t len);

/**
 * Makes a persistent value of what a handle names: it outlives the eval, is never changed, and is
 * freed when nobody counts it. What was wrapped and not changed since is shared and costs nothing;
 * of what was changed all that was not is shared. Foreign things in it are cloned.
 *
 * \param[out] out  the value, counted once for the caller; NULL for nil, and on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a handle that it never made, out
 *          is NULL); LIFECYCLE_E_STALE (the interpreter or the handle is gone); LIFECYCLE_E_CYCLE
 *          (it is a part of itself); LIFECYCLE_E_LIMIT (lifecycle_interp_options.value_limit);
 *          LIFECYCLE_E_TOO_BIG; LIFECYCLE_E_BUSY (lifecycle_interp_options.foreign_clone makes new
 *          things to be cloned again and again); LIFECYCLE_E_NOMEM. On failure nothing is kept.
 *
 * Ownership: the caller gives it back by lifecycle_value_release, also after the interpreter was
 * destroyed. Threads: the one that uses the interpreter. Re-entry: from callbacks. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_materialize(lifecycle_interp *interp,
                                       lifecycle_handle handle,
                                       lifecycle_value **out);

/**
 * Makes a handle that refers to a value, whatever its size: elements are wrapped when they are
 * reached. What is changed in place is a copy of the handle's own.
 *
 * \param value  a value of this interpreter, or NULL, which gives nil.
 *
 * \returns the handle; nil on failure as lifecycle_string, and LIFECYCLE_E_INVALID for a value of
 *          another interpreter, or something that is none and is known not to be.
 *
 * Ownership: the value stays its owner's; the handle is good until it is dropped, even if the value
 * is released before. Threads, re-entry, fork: as lifecycle_string. Since: 0.1.0
 */
lifecycle_handle lifecycle_wrap(lifecycle_interp *interp, lifecycle_value *value);

/**
 * Counts a value once more.
 *
 * \param value  a value; NULL does nothing.
 *
 * \returns the value; NULL on failure, lifecycle_last_error() telling: LIFECYCLE_E_STALE (it was
 *          released, as far as that can be told), LIFECYCLE_E_INVALID (it is none).
 *
 * Ownership: the caller gives it back by lifecycle_value_release once more. Threads: the one that
 * uses the value's interpreter. Re-entry: from anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_value *lifecycle_value_retain(lifecycle_value *value);

/**
 * Counts a value once less: it is freed when nobody counts it any more, without recursion, and
 * foreign things in it are released.
 *
 * \param value  a value; NULL does nothing. What is none, or was released as far as that can be
 *               told, is left alone, lifecycle_last_error() telling.
 *
 * Ownership: one of the caller's references is gone. Threads: the one that uses the value's
 * interpreter. Re-entry: from anywhere. Fork: works. Since: 0.1.0
 */
void lifecycle_value_release(lifecycle_value *value);

/**
 * Makes a namespace, and those above it that do not exist.
 *
 * A path is names with two or more colons between them; colons in front and at the end say
 * nothing, so "::a::b", "a::b" and "::a::::b::" are one namespace, and "" and "::" are the global
 * one. A single colon is part of a name, but not at its start or end. Names are any bytes.
 *
 * \param path      the path; NULL with a length of 0 is the global namespace.
 * \param path_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_EXISTS; LIFECYCLE_E_INVALID (not an interpreter, or a name
 *          begins or ends with a colon); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
 *          On failure none was made.
 *
 * Ownership: the interpreter's, until lifecycle_ns_delete. Threads: the one that uses the
 * interpreter. Re-entry: from callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_ns_create(lifecycle_interp *interp,
                                     const char *path,
                                     size_t path_len);

/**
 * Deletes a namespace and all below it, with their variables, commands and exports. Variables that
 * a frame works on or a link leads to stay until those are gone; a namespace that is made again
 * under the path has none of them.
 *
 * \param path      the path.
 * \param path_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_BUSY (the global one);
 *          LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE.
 *
 * Ownership: nobody keeps the values any more; what was read of them stays. Threads: the one that
 * uses the interpreter. Re-entry: from callbacks. The function that releases foreign things is
 * called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_ns_delete(lifecycle_interp *interp,
                                     const char *path,
                                     size_t path_len);

/**
 * Whether there is a namespace.
 *
 * \param path      the path.
 * \param path_len  bytes of it.
 *
 * \returns true if there is; false also when it is not an interpreter, lifecycle_last_error()
 *          telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Fork: works. Since: 0.1.0
 */
bool lifecycle_ns_exists(lifecycle_interp *interp, const char *path, size_t path_len);

/**
 * The namespaces right below one.
 *
 * \param path      the path.
 * \param path_len  bytes of it.
 *
 * \returns a list of full paths, sorted by their bytes; nil on failure, lifecycle_last_error()
 *          telling: LIFECYCLE_E_NOT_FOUND, LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
 *          interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
 *
 * Ownership: the handle goes with its eval or scope. Threads: the one that uses the interpreter.
 * Re-entry: from callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_handle lifecycle_ns_children(lifecycle_interp *interp,
                                       const char *path,
                                       size_t path_len);

/**
 * The patterns that a namespace exports.
 *
 * \param path      the path.
 * \param path_len  bytes of it.
 *
 * \returns the list that lifecycle_ns_exports_set has made, at first an empty one; nil on failure,
 *          as lifecycle_ns_children.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_ns_children. Since: 0.1.0
 */
lifecycle_handle lifecycle_ns_exports(lifecycle_interp *interp,
                                      const char *path,
                                      size_t path_len);

/**
 * Sets the patterns that a namespace exports, or adds to them.
 *
 * \param path      the path.
 * \param path_len  bytes of it.
 * \param patterns  a list, or a text in the host's list syntax.
 * \param clear     true = these in place of all that there were; false = those of them that are
 *                  not there yet are added at the end.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_TYPE (not a list); LIFECYCLE_E_INVALID
 *          (not an interpreter, a nil or forged handle); LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE;
 *          LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has changed.
 *
 * Ownership: the interpreter keeps the list. Threads: the one that uses the interpreter. Re-entry:
 * from callbacks. Functions that clone and release foreign things are called. Fork: works. Since:
 * 0.1.0
 */
lifecycle_status lifecycle_ns_exports_set(lifecycle_interp *interp,
                                          const char *path,
                                          size_t path_len,
                                          lifecycle_handle patterns,
                                          bool clear);

/**
 * Reads a variable of a namespace.
 *
 * \param ns        the namespace's path.
 * \param ns_len    bytes of it.
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns as lifecycle_var_get; nil with LIFECYCLE_E_NOT_FOUND also if there is no such
 * namespace.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
 */
lifecycle_handle lifecycle_ns_var_get(lifecycle_interp *interp,
                                      const char *ns,
                                      size_t ns_len,
                                      const char *name,
                                      size_t name_len);

/**
 * Sets a variable of a namespace, or what it is a link to.
 *
 * \param ns        the namespace's path.
 * \param ns_len    bytes of it.
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 * \param value     its value; not nil.
 *
 * \returns as lifecycle_var_set; LIFECYCLE_E_NOT_FOUND if there is no such namespace.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_set. Since: 0.1.0
 */
lifecycle_status lifecycle_ns_var_set(lifecycle_interp *interp,
                                      const char *ns,
                                      size_t ns_len,
                                      const char *name,
                                      size_t name_len,
                                      lifecycle_handle value);

/**
 * Unsets a variable of a namespace, or what it is a link to.
 *
 * \param ns        the namespace's path.
 * \param ns_len    bytes of it.
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns as lifecycle_var_unset; LIFECYCLE_E_NOT_FOUND also if there is no such namespace.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_unset. Since: 0.1.0
 */
lifecycle_status lifecycle_ns_var_unset(lifecycle_interp *interp,
                                        const char *ns,
                                        size_t ns_len,
                                        const char *name,
                                        size_t name_len);

/**
 * Whether a variable of a namespace has a value.
 *
 * \param ns        the namespace's path.
 * \param ns_len    bytes of it.
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns as lifecycle_var_exists; false if there is no such namespace.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_exists. Since: 0.1.0
 */
bool lifecycle_ns_var_exists(lifecycle_interp *interp,
                             const char *ns,
                             size_t ns_len,
                             const char *name,
                             size_t name_len);

/**
 * The names of a namespace's variables that have a value, links to such among them.
 *
 * \param ns      the namespace's path.
 * \param ns_len  bytes of it.
 *
 * \returns a list of strings, sorted by their bytes; nil on failure, as lifecycle_ns_children.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_ns_children. Since: 0.1.0
 */
lifecycle_handle lifecycle_ns_var_names(lifecycle_interp *interp,
                                        const char *ns,
                                        size_t ns_len);

/**
 * Reads a variable of the active frame: a handle that is made in constant time, whatever its value
 * is. What was read stays what it is when the variable is set or unset; changing it in place
 * changes the handle's value, not the variable's.
 *
 * \param name      the variable's name, any bytes; NULL with a length of 0 is the empty name.
 * \param name_len  bytes of it.
 *
 * \returns the handle; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_NOT_FOUND (no
 *          such variable, or a link to none), LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
 *          interpreter), LIFECYCLE_E_LIMIT, LIFECYCLE_E_NOMEM (no room for a handle),
 *          LIFECYCLE_E_BUSY (handles are being dropped).
 *
 * Ownership: the handle goes with its eval or scope. Threads: the one that uses the interpreter.
 * Re-entry: from callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_handle lifecycle_var_get(lifecycle_interp *interp,
                                   const char *name,
                                   size_t name_len);

/**
 * Sets a variable of the active frame, or what it is a link to. What the handle names is kept
 * (lifecycle_materialize): a later change in place is not seen in the variable.
 *
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 * \param value     its value; not nil.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a nil or forged handle);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE (a list that holds itself); LIFECYCLE_E_NOMEM,
 *          LIFECYCLE_E_LIMIT. On failure the variable is what it was.
 *
 * Ownership: the interpreter keeps the value until the variable is set, unset or gone. Threads:
 * the one that uses the interpreter. Re-entry: from callbacks. Functions that clone and release
 * foreign things are called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_var_set(lifecycle_interp *interp,
                                   const char *name,
                                   size_t name_len,
                                   lifecycle_handle value);

/**
 * Unsets a variable of the active frame. Through a link it is the target that is unset; the link
 * stays, and makes the target anew when it is set.
 *
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (it has no value); LIFECYCLE_E_INVALID (not an
 *          interpreter); LIFECYCLE_E_STALE.
 *
 * Ownership: nobody keeps the value any more. Threads: the one that uses the interpreter.
 * Re-entry: from callbacks. The function that releases foreign things is called. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_var_unset(lifecycle_interp *interp,
                                     const char *name,
                                     size_t name_len);

/**
 * Whether a variable of the active frame has a value; for a link, whether what it leads to has
 * one.
 *
 * \param name      the variable's name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns true if it has; false also when it is not an interpreter, lifecycle_last_error()
 *          telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Fork: works. Since: 0.1.0
 */
bool lifecycle_var_exists(lifecycle_interp *interp, const char *name, size_t name_len);

/**
 * The names of the active frame's variables that have a value, links to such among them.
 *
 * \returns a list of strings, sorted by their bytes; nil on failure, lifecycle_last_error()
 *          telling: LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no interpreter), LIFECYCLE_E_NOMEM,
 *          LIFECYCLE_E_LIMIT.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
 */
lifecycle_handle lifecycle_var_names(lifecycle_interp *interp);

/**
 * Makes a name of the active frame a link to a variable of the frame at a level, as Tcl's upvar.
 * Both are one variable from then on. A link to a link leads where that one leads now. The target
 * needs no value yet. A link may be made to lead elsewhere.
 *
 * \param local      the link's name, any bytes.
 * \param local_len  bytes of it.
 * \param level      level of the frame; 0 is the global one. The variables are those that the
 *                   frame works on now (lifecycle_frame_push_locals).
 * \param name       the target's name, any bytes.
 * \param name_len   bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_RANGE (the level is above the active frame's);
 *          LIFECYCLE_E_EXISTS (the name is a variable with a value); LIFECYCLE_E_CYCLE (it would
 *          lead to itself); LIFECYCLE_E_INVALID (not an interpreter, or a namespace's variable
 *          would lead to that of a procedure's frame, which ends first); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has changed.
 *
 * Ownership: the link goes with the frame or namespace that it is in, and keeps the variables it
 * leads to. Threads: the one that uses the interpreter. Re-entry: from callbacks. Fork: works.
 * Since: 0.1.0
 */
lifecycle_status lifecycle_var_link(lifecycle_interp *interp,
                                    const char *local,
                                    size_t local_len,
                                    size_t level,
                                    const char *name,
                                    size_t name_len);

/**
 * Makes a name of the active frame a link to a variable of a namespace, as Tcl's variable and
 * global. The variable outlives its namespace as long as the link is there.
 *
 * \param local      the link's name, any bytes.
 * \param local_len  bytes of it.
 * \param ns         the namespace's path.
 * \param ns_len     bytes of it.
 * \param name       the target's name, any bytes.
 * \param name_len   bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); else as
 *          lifecycle_var_link.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_link. Since: 0.1.0
 */
lifecycle_status lifecycle_var_link_ns(lifecycle_interp *interp,
                                       const char *local,
                                       size_t local_len,
                                       const char *ns,
                                       size_t ns_len,
                                       const char *name,
                                       size_t name_len);

/**
 * Whether a name of the active frame is a link, to a variable that has a value or not.
 *
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns true if it is; false also when it is not an interpreter, lifecycle_last_error()
 * telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Fork: works. Since: 0.1.0
 */
bool lifecycle_var_is_link(lifecycle_interp *interp, const char *name, size_t name_len);

/**
 * The name that a variable of the active frame has at the end of its links, in the frame or
 * namespace that it is in; what is no link has its own name.
 *
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns a string; nil on failure, lifecycle_last_error() telling: LIFECYCLE_E_INVALID,
 *          LIFECYCLE_E_STALE (no interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
 */
lifecycle_handle lifecycle_var_resolve(lifecycle_interp *interp,
                                       const char *name,
                                       size_t name_len);

/**
 * Where the variable is that a name of the active frame leads to: with lifecycle_var_resolve, what
 * tells it from others of its name. What has no value yet is where setting it would make it.
 *
 * \param name        the name, any bytes.
 * \param name_len    bytes of it.
 * \param[out] level  the level of the frame whose own variable it is, 1 at least; 0 = it is a
 *                    namespace's. NULL = it is not wanted. 0 on failure.
 * \param[out] ns     the path of the namespace whose variable it is, a STRING: "::" for global
 *                    ones, also those of the frame at level 0; nil = it is a frame's own. NULL =
 *                    it is not wanted. Nil on failure.
 *
 * \returns true if the variable has a value. If it has none, false with the places filled in, and
 *          no error. On failure false, with 0 and nil there, lifecycle_last_error() telling:
 *          LIFECYCLE_E_STALE (no interpreter, or the variable's namespace was deleted while a link
 *          or a frame still uses it), LIFECYCLE_E_INVALID (not an interpreter, a place is not
 *          aligned), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (no room for a path that is wanted),
 *          LIFECYCLE_E_BUSY (handles are being dropped).
 *
 * Ownership, threads, re-entry, fork: as lifecycle_var_get. Since: 0.1.0
 */
bool lifecycle_var_place(lifecycle_interp *interp,
                         const char *name,
                         size_t name_len,
                         size_t *level,
                         lifecycle_handle *ns);

/**
 * Finds a command of a namespace, in that namespace alone.
 *
 * \param ns           the namespace's path.
 * \param ns_len       bytes of it.
 * \param name         the command's name, any bytes.
 * \param name_len     bytes of it.
 * \param[out] fn      the host's pointer; NULL = it is not wanted. NULL is put there where there
 *                     is no command.
 * \param[out] params  a handle for its parameters, nil if it has none; NULL = not wanted.
 * \param[out] body    a handle for its body, nil if it has none; NULL = not wanted. What was read
 *                     stays, even if the command is deleted while it runs.
 *
 * \returns its kind, above 0; 0 on failure, lifecycle_last_error() telling: LIFECYCLE_E_NOT_FOUND
 *          (no such command or namespace), LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
 *          interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (no room for a handle).
 *
 * Ownership: the handles go with their eval or scope. Threads: the one that uses the interpreter.
 * Re-entry: from callbacks. Fork: works. Since: 0.1.0
 */
int lifecycle_command_get(lifecycle_interp *interp,
                          const char *ns,
                          size_t ns_len,
                          const char *name,
                          size_t name_len,
                          void **fn,
                          lifecycle_handle *params,
                          lifecycle_handle *body);

/**
 * Sets a command of a namespace; what was under the name is replaced.
 *
 * \param ns        the namespace's path; the namespace exists.
 * \param ns_len    bytes of it.
 * \param name      the command's name, any bytes.
 * \param name_len  bytes of it.
 * \param kind      what the host says it is, above 0.
 * \param fn        any pointer of the host's; may be NULL.
 * \param params    its parameters, kept (lifecycle_materialize); may be nil.
 * \param body      its body, kept; may be nil. Commands that have one are counted as procedures.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); LIFECYCLE_E_INVALID
 *          (not an interpreter, the kind, a forged handle); LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE;
 *          LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has changed.
 *
 * Ownership: `fn` stays the host's. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Functions that clone and release foreign things are called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_command_set(lifecycle_interp *interp,
                                       const char *ns,
                                       size_t ns_len,
                                       const char *name,
                                       size_t name_len,
                                       int kind,
                                       void *fn,
                                       lifecycle_handle params,
                                       lifecycle_handle body);

/**
 * Deletes a command.
 *
 * \param ns        the namespace's path.
 * \param ns_len    bytes of it.
 * \param name      the command's name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such command or namespace);
 *          LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE.
 *
 * Ownership: nobody keeps its parameters and body any more; what was read of them stays. Threads:
 * the one that uses the interpreter. Re-entry: from callbacks. The function that releases foreign
 * things is called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_command_delete(lifecycle_interp *interp,
                                          const char *ns,
                                          size_t ns_len,
                                          const char *name,
                                          size_t name_len);

/**
 * Puts a command under another name too, for imports and, with lifecycle_command_delete, renaming;
 * what is there is replaced. Both are commands of their own from then on. Parameters and body are
 * shared: it takes the same time whatever they are.
 *
 * \param ns           path of the namespace that has it.
 * \param ns_len       bytes of it.
 * \param name         its name there, any bytes.
 * \param name_len     bytes of it.
 * \param to_ns        path of the namespace that gets it, which exists.
 * \param to_ns_len    bytes of it.
 * \param to_name      its name there, any bytes.
 * \param to_name_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such command or namespace);
 *          LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM,
 *          LIFECYCLE_E_LIMIT. On failure nothing has changed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. The function that releases foreign things is called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_command_copy(lifecycle_interp *interp,
                                        const char *ns,
                                        size_t ns_len,
                                        const char *name,
                                        size_t name_len,
                                        const char *to_ns,
                                        size_t to_ns_len,
                                        const char *to_name,
                                        size_t to_name_len);

/**
 * The names of a namespace's commands.
 *
 * \param ns      the namespace's path.
 * \param ns_len  bytes of it.
 *
 * \returns a list of strings, sorted by their bytes; nil on failure, as lifecycle_ns_children.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_ns_children. Since: 0.1.0
 */
lifecycle_handle lifecycle_command_names(lifecycle_interp *interp,
                                         const char *ns,
                                         size_t ns_len);

/**
 * Adds a trace: a script that is kept for a name, and that lifecycle_trace_fire runs. A name need
 * not be that of anything.
 *
 * \param kind      what the host says the name is, any number: names of different kinds are
 *                  different names.
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 * \param ops       what it is for: words with a space between them.
 * \param ops_len   bytes of it.
 * \param script    what is handed to the function that runs it, kept (lifecycle_materialize); not
 *                  nil.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a nil or forged handle);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_CYCLE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure
 *          nothing has changed.
 *
 * Ownership: the interpreter keeps the script until lifecycle_trace_remove. Threads: the one that
 * uses the interpreter. Re-entry: from callbacks, that of a trace too. The function that clones
 * foreign things is called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_trace_add(lifecycle_interp *interp,
                                     int kind,
                                     const char *name,
                                     size_t name_len,
                                     const char *ops,
                                     size_t ops_len,
                                     lifecycle_handle script);

/**
 * Removes the newest trace of a name that was added with the same ops, byte for byte, and a script
 * with the same string form.
 *
 * \param kind      as lifecycle_trace_add.
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 * \param ops       what it is for.
 * \param ops_len   bytes of it.
 * \param script    its script.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_INVALID (not an interpreter, a forged
 *          handle); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT, or what the host's
 *          to_text returned (a string form cannot be made).
 *
 * Ownership: nobody keeps the script any more. Threads: the one that uses the interpreter.
 * Re-entry: from callbacks, that of a trace too. The host's to_text is called for scripts that are
 * not texts; the function that releases foreign things is called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_trace_remove(lifecycle_interp *interp,
                                        int kind,
                                        const char *name,
                                        size_t name_len,
                                        const char *ops,
                                        size_t ops_len,
                                        lifecycle_handle script);

/**
 * The traces of a name, newest first.
 *
 * \param kind      as lifecycle_trace_add.
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns a list with a list of ops and script for each, empty if there are none; nil on failure,
 *          lifecycle_last_error() telling: LIFECYCLE_E_INVALID, LIFECYCLE_E_STALE (no
 *          interpreter), LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
 *
 * Ownership: the handle goes with its eval or scope. Threads: the one that uses the interpreter.
 * Re-entry: from callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_handle lifecycle_trace_info(lifecycle_interp *interp,
                                      int kind,
                                      const char *name,
                                      size_t name_len);

/**
 * Runs the traces of a name that have `op` among the words of their ops, newest first. The library
 * fires none by itself: the host does where its language says so.
 *
 * The function may do anything that may be done in an eval: it runs in one that is entered for
 * it, unless there is nothing to run, so that its own evals are not the outermost ones. A trace
 * that is removed before its turn is not run; one that is added meanwhile is not run either. The
 * function may be left by longjmp (lifecycle_eval_unwind).
 *
 * \param kind      as lifecycle_trace_add.
 * \param name      the name, any bytes; it stays unchanged meanwhile.
 * \param name_len  bytes of it.
 * \param op        what happens, one word; it stays unchanged meanwhile.
 * \param op_len    bytes of it.
 * \param run       runs one trace; a status other than LIFECYCLE_OK ends the firing.
 * \param user      handed to it.
 *
 * \returns LIFECYCLE_OK, also if there are none; the status that ended it; LIFECYCLE_E_INVALID
 *          (not an interpreter, run is NULL); LIFECYCLE_E_STALE (no interpreter, or the function
 *          has left the eval that it was called in); LIFECYCLE_E_BUSY (handles are being
 *          dropped); LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT (no room for a handle).
 *
 * Ownership: the script's handle goes with the eval or scope around this. Threads: the one that
 * uses the interpreter. Re-entry: from callbacks, that of a trace too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_trace_fire(lifecycle_interp *interp,
                                      int kind,
                                      const char *name,
                                      size_t name_len,
                                      const char *op,
                                      size_t op_len,
                                      lifecycle_trace_fn run,
                                      void *user);

/**
 * Pushes a frame, with variables of its own, which becomes the active one. It is in the namespace
 * that the active frame is in, until lifecycle_frame_set_ns.
 *
 * A frame is popped before the eval that it was pushed in ends, or by that end: it holds handles
 * as they are.
 *
 * \param cmd   what it runs, for lifecycle_frame_info_get; may be nil.
 * \param args  what with; may be nil.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_LIMIT (there are as many as lifecycle_interp_options allows);
 *          LIFECYCLE_E_INVALID (not an interpreter, a forged handle); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOMEM. On failure no frame was pushed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_push(lifecycle_interp *interp,
                                      lifecycle_handle cmd,
                                      lifecycle_handle args);

/**
 * Pops the newest frame, and with it its variables and links. The one that was active when it was
 * pushed is active again.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, or only the global frame is
 *          left, which stays); LIFECYCLE_E_STALE.
 *
 * Ownership: nobody keeps the variables' values any more; what was read of them stays. Threads:
 * the one that uses the interpreter. Re-entry: from callbacks. The function that releases foreign
 * things is called. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_pop(lifecycle_interp *interp);

/**
 * How many frames there are, the global one included.
 *
 * \returns the number, 1 at least; 0 when it is not an interpreter, lifecycle_last_error()
 * telling.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
size_t lifecycle_frame_count(lifecycle_interp *interp);

/**
 * The level of the active frame. The global one is at 0, and one that is pushed is at the level
 * that lifecycle_frame_count was before, whichever is active then.
 *
 * \returns the level; 0 also when it is not an interpreter, lifecycle_last_error() telling.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
 */
size_t lifecycle_frame_level(lifecycle_interp *interp);

/**
 * Makes another frame the active one, as Tcl's uplevel: the one whose variables the functions for
 * variables work on. When the eval ends that this was called in, the frame is active again that
 * was when it began.
 *
 * \param level  its level.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_RANGE (there is no such frame); LIFECYCLE_E_INVALID (not an
 *          interpreter); LIFECYCLE_E_STALE.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_set_active(lifecycle_interp *interp, size_t level);

/**
 * Tells what a frame is.
 *
 * \param level     its level.
 * \param[out] out  filled in, or zeroed on failure. The handles are those that were given, even if
 *                  their scope was closed since.
 * \param size      sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_RANGE (there is no such frame); LIFECYCLE_E_INVALID (not an
 *          interpreter, out is NULL, size is 0 or more than 64 KiB); LIFECYCLE_E_STALE.
 *
 * Ownership: the path is the frame's. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_info_get(lifecycle_interp *interp,
                                          size_t level,
                                          lifecycle_frame_info *out,
                                          size_t size);

/**
 * Says which namespace the active frame is in. It is a path for lifecycle_frame_info_get, and
 * stays when the namespace is deleted; which variables the frame works on is
 * lifecycle_frame_push_locals.
 *
 * \param ns      the namespace's path.
 * \param ns_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); LIFECYCLE_E_INVALID
 *          (not an interpreter); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the interpreter. Re-entry: from
 * callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_set_ns(lifecycle_interp *interp,
                                        const char *ns,
                                        size_t ns_len);

/**
 * Says which line the active frame is in.
 *
 * \param line  a number for lifecycle_frame_info_get.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter); LIFECYCLE_E_STALE.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_set_line(lifecycle_interp *interp, size_t line);

/**
 * Says which lambda the active frame runs.
 *
 * \param lambda  a handle for lifecycle_frame_info_get; may be nil.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, a forged handle);
 *          LIFECYCLE_E_STALE.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_frame_count. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_set_lambda(lifecycle_interp *interp,
                                            lifecycle_handle lambda);

/**
 * The active frame works on a namespace's variables from now on, as in Tcl's namespace eval; its
 * own wait below. The variables stay while the frame works on them, even if the namespace is
 * deleted.
 *
 * \param ns      the namespace's path.
 * \param ns_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND (there is no such namespace); LIFECYCLE_E_INVALID
 *          (not an interpreter); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT.
 *
 * Ownership: until lifecycle_frame_pop_locals, or until the frame is popped, or the eval ends that
 * this was called in. Threads: the one that uses the interpreter. Re-entry: from callbacks. Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_push_locals(lifecycle_interp *interp,
                                             const char *ns,
                                             size_t ns_len);

/**
 * The active frame works on the variables again that it worked on before
 * lifecycle_frame_push_locals.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, or it works on its own);
 *          LIFECYCLE_E_STALE.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_frame_pop. Since: 0.1.0
 */
lifecycle_status lifecycle_frame_pop_locals(lifecycle_interp *interp);

/**
 * Puts a thing of the host's under a name; what is there is replaced.
 *
 * \param space     a number of the host's: names of different spaces are different names.
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 * \param type      its type's name, NUL-terminated, copied.
 * \param ptr       any pointer; may be NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not an interpreter, the type is NULL);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM, LIFECYCLE_E_LIMIT. On failure nothing has
 *          changed.
 *
 * Ownership: `ptr` stays the host's. Threads: the one that uses the interpreter. Re-entry: from
 * anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_registry_set(lifecycle_interp *interp,
                                        int space,
                                        const char *name,
                                        size_t name_len,
                                        const char *type,
                                        void *ptr);

/**
 * Finds a thing of the host's by its name.
 *
 * \param space      as lifecycle_registry_set.
 * \param name       the name, any bytes.
 * \param name_len   bytes of it.
 * \param[out] type  its type's name, NUL-terminated, valid until the thing is replaced or removed;
 *                   NULL = it is not wanted. NULL is put there where there is no such thing.
 * \param[out] ptr   its pointer; NULL = it is not wanted. NULL is put there where there is no such
 *                   thing.
 *
 * \returns true if there is one; false also when it is not an interpreter, lifecycle_last_error()
 *          telling.
 *
 * Ownership: the type's name is the interpreter's. Threads: the one that uses the interpreter.
 * Re-entry: from anywhere. Fork: works. Since: 0.1.0
 */
bool lifecycle_registry_get(lifecycle_interp *interp,
                            int space,
                            const char *name,
                            size_t name_len,
                            const char **type,
                            void **ptr);

/**
 * Forgets a thing of the host's.
 *
 * \param space     as lifecycle_registry_set.
 * \param name      the name, any bytes.
 * \param name_len  bytes of it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_NOT_FOUND; LIFECYCLE_E_INVALID (not an interpreter);
 *          LIFECYCLE_E_STALE.
 *
 * Ownership: the thing was the host's all the time. Threads: the one that uses the interpreter.
 * Re-entry: from anywhere. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_registry_remove(lifecycle_interp *interp,
                                           int space,
                                           const char *name,
                                           size_t name_len);

/**
 * Makes a heap: cells that a stop-the-world mark and sweep reclaims when no root reaches them.
 * Address space is reserved, memory is taken as it is used. A collection happens at safepoints
 * only (lifecycle_heap_safepoint, lifecycle_heap_reserve, lifecycle_heap_collect), so between two
 * of them a program may keep cells wherever it likes.
 *
 * A machine of the WAM's kind tells its registers once (lifecycle_heap_set_wam); any other program
 * registers callbacks (lifecycle_heap_add_roots).
 *
 * \param options   how to set it up, starting from LIFECYCLE_HEAP_OPTIONS_INIT; NULL = the
 *                  defaults. Copied.
 * \param[out] out  the heap on LIFECYCLE_OK, else NULL.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (out is NULL, options not set up with the macro,
 *          unknown flags, growth of 1 to 100, an allocator that lacks a function);
 *          LIFECYCLE_E_TOO_BIG (max_cells above LIFECYCLE_HEAP_CELLS_MAX, initial_cells above
 *          max_cells); LIFECYCLE_E_UNSUPPORTED (options of a later version that sets more);
 *          LIFECYCLE_E_NOMEM; LIFECYCLE_E_LIMIT (65,536 heaps exist).
 *
 * Ownership: the caller's, until lifecycle_heap_destroy or lifecycle_own_heap. Threads: any thread;
 * each heap is used by one thread at a time. Re-entry: from anywhere. Fork: the child has a copy,
 * separate from then on. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_create(const lifecycle_heap_options *options,
                                       lifecycle_heap **out);

/**
 * Runs the finalizers that have not run, and gives all memory back.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (NULL or not a heap); LIFECYCLE_E_STALE (destroyed
 *          already); LIFECYCLE_E_BUSY (a collection or verification runs, a finalizer calls, or a
 *          module owns the heap).
 *
 * Ownership: the heap and all its cells are gone; the lifecycle_wam is the host's again, its trail
 * gone if the heap made it. Threads: the one that uses it. Re-entry: not from callbacks of this
 * heap. Fork: a child destroys its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_destroy(lifecycle_heap *heap);

/**
 * What lifecycle_heap_alloc calls when the cells between cursor and limit do not suffice; does the
 * same by itself.
 *
 * \param cells  how many, 1 or more.
 *
 * \returns the index of the first cell; LIFECYCLE_NO_CELL on failure, lifecycle_last_error()
 *          telling: LIFECYCLE_E_INVALID (not a heap, no cells), LIFECYCLE_E_STALE,
 *          LIFECYCLE_E_LIMIT (max_cells; a collection may help, see lifecycle_heap_reserve),
 *          LIFECYCLE_E_NOMEM, LIFECYCLE_E_BUSY (a collection or verification runs). The heap is
 *          then as it was.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_heap_alloc. Since: 0.1.0
 */
uint64_t lifecycle_heap_alloc_slow(lifecycle_heap *heap, uint32_t cells);

/**
 * Makes sure that the next allocations succeed, as long as they take no more than so many cells
 * together. Collects if that is due or needed, so it is a safepoint: call it before a structure is
 * begun, not in the middle of one.
 *
 * \param cells  how many.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_LIMIT
 *          (max_cells, after a collection where one was possible); LIFECYCLE_E_NOMEM;
 *          LIFECYCLE_E_BUSY (a collection or verification runs). On failure less room is sure.
 *
 * Ownership: as lifecycle_heap_safepoint. Threads: the one that uses the heap. Re-entry: from
 * finalizers, not from root callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_reserve(lifecycle_heap *heap, uint64_t cells);

/**
 * Tells a heap the registers of a WAM, which it reads at each collection. It forgets those it was
 * told before.
 *
 * \param wam  the registers; NULL = none. They stay where they are until another call or the
 *             heap's destruction. With tr NULL and tr_capacity 0 the heap makes a trail that
 *             grows, up to 2^32 words, and fills in tr and tr_capacity; with anything else the
 *             trail is the host's.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap; size is not that of a lifecycle_wam; a
 *          count without a pointer; b is not NULL; tr_count is not 0); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOMEM (no addresses for a trail); LIFECYCLE_E_BUSY (a collection or
 *          verification runs). On failure the heap keeps the ones it had.
 *
 * Ownership: borrowed until then; a trail that the heap made is the heap's. Threads: the one that
 * uses the heap. Re-entry: from finalizers, not from root callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_set_wam(lifecycle_heap *heap,
                                        lifecycle_wam *wam);

/**
 * Registers a callback that hands over roots. Callbacks are called at each collection, oldest
 * first; a pair that is registered twice is called twice.
 *
 * \param roots  calls lifecycle_visit for each cell; see lifecycle_root_fn.
 * \param user   handed to it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, roots is NULL); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOMEM; LIFECYCLE_E_BUSY (a collection or verification runs).
 *
 * Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from
 * finalizers, not from root callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_add_roots(lifecycle_heap *heap,
                                          lifecycle_root_fn roots,
                                          void *user);

/**
 * Takes the newest registration of a pair back.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, roots is NULL); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOT_FOUND (the pair is not registered); LIFECYCLE_E_BUSY (a collection or
 *          verification runs).
 *
 * Ownership, threads, re-entry, fork: as lifecycle_heap_add_roots. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_remove_roots(lifecycle_heap *heap,
                                             lifecycle_root_fn roots,
                                             void *user);

/**
 * For a root callback: the cell at `cell` is a root. What it refers to stays; the cell itself may
 * lie anywhere.
 *
 * \param visitor  what the callback was given.
 * \param cell     the cell. It may be written, when a collection moves cells one day.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a visitor, cell is NULL or not aligned, or no
 *          collection or verification runs); LIFECYCLE_E_STALE (its heap was destroyed).
 *
 * Ownership: nothing changes hands. Threads: the one that runs the callback. Re-entry: from root
 * callbacks only. Fork: no. Since: 0.1.0
 */
lifecycle_status lifecycle_visit(lifecycle_visitor *visitor, lifecycle_cell *cell);

/**
 * What lifecycle_heap_safepoint calls when a collection is due; does the same by itself.
 *
 * \returns as lifecycle_heap_safepoint.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_heap_safepoint. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_safepoint_slow(lifecycle_heap *heap);

/**
 * Collects now, whether due or not: what gc/0 of a Prolog is. Finalizers of what was found dead run
 * at its end.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (in
 *          a critical section; or a collection or verification runs, a root callback calling);
 *          LIFECYCLE_E_DENIED (gc_enabled is 0: this heap never collects). On failure nothing is
 *          collected.
 *
 * Ownership: cells that no root reaches are gone. Threads: the one that uses the heap. Re-entry:
 * from finalizers, not from root callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_collect(lifecycle_heap *heap);

/**
 * Where an order-keeping compaction will be: does not exist yet.
 *
 * \returns LIFECYCLE_E_UNSUPPORTED; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from anywhere.
 * Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_compact(lifecycle_heap *heap);

/**
 * A critical section begins: the machine is in the middle of something (a unification), and
 * nothing may be collected. Sections nest.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_LIMIT
 *          (2^32 - 1 deep).
 *
 * Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from anywhere.
 * Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_critical_enter(lifecycle_heap *heap);

/**
 * A critical section ends. A collection that was put off stays due.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or in no critical section);
 *          LIFECYCLE_E_STALE.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_heap_critical_enter. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_critical_leave(lifecycle_heap *heap);

/**
 * Looks at everything that the roots reach, by a trace of its own: are tags and headers legal and
 * whole, do references stay inside the heap and away from what was reclaimed, are the trail and
 * the choicepoints in order? It changes nothing and may be called wherever a safepoint may be.
 *
 * \param report       hears of each fault; NULL = they are only counted.
 * \param user         handed to it.
 * \param[out] faults  how many there are, counting stopped where report said so; may be NULL.
 *
 * \returns LIFECYCLE_OK, faults or not; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOMEM (no memory for the trace: nothing is known); LIFECYCLE_E_BUSY (a
 *          collection or verification runs).
 *
 * Ownership: a fault is borrowed. Threads: the one that uses the heap. Re-entry: root callbacks are
 * called, and `report`, which may call what a root callback may. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_verify(lifecycle_heap *heap,
                                       lifecycle_verify_fn report,
                                       void *user,
                                       size_t *faults);

/**
 * Tells what a heap holds and has done. The first call after a collection looks over its marks, a
 * bit for each cell up to the frontier.
 *
 * \param[out] out  filled in, or zeroed on failure.
 * \param size      sizeof *out.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL, size is 0 or more than 64
 *          KiB); LIFECYCLE_E_STALE.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from anywhere.
 * Fork: the child asks its own copy. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_stats_get(lifecycle_heap *heap,
                                          lifecycle_heap_stats *out,
                                          size_t size);

/**
 * Makes a blob: a header and `len` raw bytes, which the collector does not look into.
 *
 * \param bytes     what it holds; copied. NULL = zeros.
 * \param len       bytes.
 * \param[out] out  a STR cell that refers to it; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_TOO_BIG (more than 2^32 cells); LIFECYCLE_E_LIMIT; LIFECYCLE_E_NOMEM;
 *          LIFECYCLE_E_BUSY, as lifecycle_heap_alloc.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_heap_alloc. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_blob(lifecycle_heap *heap,
                                     const void *bytes,
                                     size_t len,
                                     lifecycle_cell *out);

/**
 * Registers what is to be done when a structure, blob or pair is gone: found dead by a collection,
 * taken back by backtracking, or destroyed with the heap. It may have several; the newest runs
 * first.
 *
 * \param cell      a STR, LIS or REF cell that refers to it.
 * \param release   called once, with `resource` and `user`, at the end of the collection or at the
 *                  next safepoint, never within an allocation or backtracking. The cells are gone
 *                  by then. It may use the heap, but not destroy it.
 * \param resource  what is to be released.
 * \param user      handed to it.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, release is NULL); LIFECYCLE_E_TYPE (the
 *          cell is no reference); LIFECYCLE_E_RANGE (to no cell); LIFECYCLE_E_STALE;
 *          LIFECYCLE_E_NOMEM; LIFECYCLE_E_BUSY (a collection or verification runs).
 *
 * Ownership: the resource is taken. Threads: the one that uses the heap, which is also where
 * release is called. Re-entry: from finalizers, not from root callbacks. Fork: the child's copy
 * runs its own. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_finalize(lifecycle_heap *heap,
                                         lifecycle_cell cell,
                                         lifecycle_release_fn release,
                                         void *resource,
                                         void *user);

/**
 * Makes a weak reference: it names a structure, blob, pair or variable without keeping it.
 *
 * \param cell      a STR, LIS or REF cell that refers to it.
 * \param[out] out  the weak reference; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL); LIFECYCLE_E_TYPE (the cell
 *          is no reference); LIFECYCLE_E_RANGE (to no cell); LIFECYCLE_E_STALE; LIFECYCLE_E_NOMEM;
 *          LIFECYCLE_E_LIMIT (2^24 of them); LIFECYCLE_E_BUSY (a collection or verification runs).
 *
 * Ownership: the caller drops it with lifecycle_weak_drop, or the heap with itself. Threads: the
 * one that uses the heap. Re-entry: from finalizers, not from root callbacks. Fork: as good in the
 * child's copy. Since: 0.1.0
 */
lifecycle_status lifecycle_weak_create(lifecycle_heap *heap,
                                       lifecycle_cell cell,
                                       lifecycle_weak *out);

/**
 * What a weak reference refers to.
 *
 * \param[out] out  the cell that lifecycle_weak_create was given; 0 on failure.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, out is NULL, not a weak reference of this
 *          heap); LIFECYCLE_E_TYPE (another kind's id); LIFECYCLE_E_STALE (dropped, or the heap is
 *          gone); LIFECYCLE_E_NOT_FOUND (what it referred to has died); LIFECYCLE_E_BUSY (a
 *          collection or verification runs).
 *
 * Ownership: the cell is the heap's: keep it in a root before the next safepoint. Threads: the one
 * that uses the heap. Re-entry: from finalizers, not from root callbacks (LIFECYCLE_E_BUSY). Fork:
 * works. Since: 0.1.0
 */
lifecycle_status lifecycle_weak_get(lifecycle_heap *heap,
                                    lifecycle_weak weak,
                                    lifecycle_cell *out);

/**
 * Drops a weak reference.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, not a weak reference of this heap);
 *          LIFECYCLE_E_TYPE (another kind's id); LIFECYCLE_E_STALE (dropped already, or the heap is
 *          gone); LIFECYCLE_E_BUSY (a collection or verification runs).
 *
 * Ownership: the weak reference is gone. Threads, re-entry, fork: as lifecycle_weak_create. Since:
 * 0.1.0
 */
lifecycle_status lifecycle_weak_drop(lifecycle_heap *heap, lifecycle_weak weak);

/**
 * Tells of memory outside the heap that lives and dies with cells of it, so that a collection is
 * due in time: what came since the last one counts as cells of 8 bytes.
 *
 * \param bytes  how many more (or, negative, fewer).
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap); LIFECYCLE_E_STALE; LIFECYCLE_E_RANGE
 *          (fewer than were told of, or more than 2^63 - 1 together); LIFECYCLE_E_BUSY (a
 *          collection or verification runs). On failure nothing has changed.
 *
 * Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: from
 * finalizers, not from root callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_heap_external(lifecycle_heap *heap, int64_t bytes);

/**
 * Makes room on the trail of the heap's lifecycle_wam.
 *
 * \param words  how many more.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_LIMIT (the trail is the host's and has less room, or the
 *          heap's has 2^32 words); LIFECYCLE_E_NOMEM; LIFECYCLE_E_BUSY (a collection or
 *          verification runs).
 *
 * Ownership: nothing changes hands. Threads: the one that uses the heap. Re-entry: not from root
 * callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_wam_trail_reserve(lifecycle_heap *heap, uint64_t words);

/**
 * Gives the cell at an index another value, which backtracking takes back: setarg/3, b_setval/2.
 * The trail notes the old value if a younger choicepoint may be backtracked to.
 *
 * \param ref    index of the cell.
 * \param value  what it becomes.
 *
 * \returns as lifecycle_wam_bind.
 *
 * Ownership, threads, re-entry, fork: as lifecycle_wam_bind. Since: 0.1.0
 */
lifecycle_status lifecycle_wam_assign(lifecycle_heap *heap,
                                      uint64_t ref,
                                      lifecycle_cell value);

/**
 * Makes a choicepoint, the newest one. It notes the environment and code of the heap's
 * lifecycle_wam, and where trail and heap are.
 *
 * \param choice       memory for it and its arguments, in place until it is popped or cut.
 * \param count        arguments, which the host writes to lifecycle_choice_cells(choice) before
 *                     the next safepoint.
 * \param alternative  the host's own: where to go on.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, it has no lifecycle_wam, choice is NULL
 *          or not aligned to 8); LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (a collection or verification
 *          runs).
 *
 * Ownership: the memory is the host's, borrowed until it is popped or cut. Threads: the one that
 * uses the heap. Re-entry: not from root callbacks. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_wam_choice_push(lifecycle_heap *heap,
                                           lifecycle_choice *choice,
                                           uint32_t count,
                                           const void *alternative);

/**
 * Drops the newest choicepoint; what happened since stays.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (there is none); LIFECYCLE_E_BUSY (a collection
 *          or verification runs).
 *
 * Ownership: the choicepoint's memory is the host's again. Threads, re-entry, fork: as
 * lifecycle_wam_choice_push. Since: 0.1.0
 */
lifecycle_status lifecycle_wam_choice_pop(lifecycle_heap *heap);

/**
 * Drops all choicepoints that are newer than one; what happened since stays. Costs the same however
 * many there are; what the trail need not know any more goes with the next collection.
 *
 * \param choice  the one that becomes the newest; NULL = all go. It must be one of them, or the
 *                program's word is wrong and nothing tells: looking would cost as many steps as
 *                there are newer ones.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_BUSY (a collection or verification runs).
 *
 * Ownership: the memory of those is the host's again. Threads, re-entry, fork: as
 * lifecycle_wam_choice_push. Since: 0.1.0
 */
lifecycle_status lifecycle_wam_cut(lifecycle_heap *heap,
                                   lifecycle_choice *choice);

/**
 * Goes back to the newest choicepoint, which stays: what the trail has since then is undone, cells
 * allocated since are free again at once (but for objects of more than 128 cells that lie in holes:
 * those wait for a collection), and e and code of the lifecycle_wam are what they were.
 * The arguments are the host's to copy back, from lifecycle_choice_cells.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID (not a heap, or it has no lifecycle_wam);
 *          LIFECYCLE_E_STALE; LIFECYCLE_E_NOT_FOUND (there is none: the program has failed);
 *          LIFECYCLE_E_BUSY (a collection or verification runs).
 *
 * Ownership: cells allocated since are gone; finalizers of such blobs run at the next safepoint.
 * Threads, re-entry, fork: as lifecycle_wam_choice_push. Since: 0.1.0
 */
lifecycle_status lifecycle_wam_backtrack(lifecycle_heap *heap);

/**
 * Makes an execution manager: a handle with a module of lifecycle_default() to own its code. The
 * twin of rt_exec_manager_create.
 *
 * \param backend  "auto", "jit", "soft_jit" or "native"; NULL = "auto"; borrowed.
 *
 * \returns the handle, over 0; 0 for a backend that is not known, or on failure
 * (lifecycle_last_error tells).
 *
 * Ownership: ended by lifecycle_exec_manager_cleanup. Threads: any. Re-entry: from callbacks too.
 * Fork: works. Since: 0.1.0
 */
int64_t lifecycle_exec_manager_create(const char *backend);

/**
 * Tells whether a handle's module has mapped code of this name. The twin of
 * rt_exec_manager_has_function.
 *
 * \param handle  from lifecycle_exec_manager_create, or bound with lifecycle_exec_manager_bind.
 * \param name  borrowed.
 *
 * \returns 1 or 0; 0 also for a handle that is not known.
 *
 * Ownership: nothing changes hands. Threads: any. Re-entry: from callbacks too. Fork: works.
 * Since: 0.1.0
 */
int64_t lifecycle_exec_manager_has_function(int64_t handle, const char *name);

/**
 * Removes a handle's soft-JIT file, tmp/jit/simple_soft_jit_HANDLE.spl under the working
 * directory, and frees the code mapped for the handle. The twin of rt_exec_manager_cleanup.
 *
 * \param handle  over 0; other numbers are nobody's, and nothing is touched. Twice is once.
 *
 * Ownership: a module that lifecycle_exec_manager_create made is unloaded; one that the host bound
 * loses its code, stays loaded, and is bound to the handle no more. What fails (a pinned symbol, a
 * file that cannot be removed) is told by lifecycle_last_error. Threads: any. Re-entry: from
 * callbacks too. Fork: works; the file is one for a process and its children. Since: 0.1.0
 */
void lifecycle_exec_manager_cleanup(int64_t handle);

/**
 * Says that the code of an execution manager's handle is that of a module, so that
 * rt_exec_manager_cleanup frees it.
 *
 * \param manager  the manager.
 * \param handle  the runtime's own number, over 0; the whole process has one module for it.
 * \param module  the module.
 *
 * \returns LIFECYCLE_OK; LIFECYCLE_E_INVALID; LIFECYCLE_E_TYPE; LIFECYCLE_E_STALE;
 * LIFECYCLE_E_EXISTS (the handle is bound, in whatever manager); LIFECYCLE_E_LIMIT (handles bound
 * in more than 64 managers); LIFECYCLE_E_NOMEM.
 *
 * Ownership: nothing changes hands; unloading the module unbinds the handle. Threads: any.
 * Re-entry: from callbacks too. Fork: works. Since: 0.1.0
 */
lifecycle_status lifecycle_exec_manager_bind(lifecycle_manager *manager,
                                             int64_t handle,
                                             lifecycle_module module);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LIFECYCLE_H */

#include "lifecycle_inline.h"
#include "lifecycle_dropins.h"
