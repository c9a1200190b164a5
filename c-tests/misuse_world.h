/*
 * misuse_world.h - a world to misuse: a manager with one of everything, another
 * manager with the same, and things that were and are no more. And of each kind
 * of parameter the good value and the bad ones.
 */
#ifndef LIFECYCLE_TESTS_MISUSE_WORLD_H
#define LIFECYCLE_TESTS_MISUSE_WORLD_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"

typedef void *as_pointer;
typedef uint64_t as_number;
typedef uint32_t as_u32;
typedef int as_int;
typedef int64_t as_int64;
typedef lifecycle_module_fn as_visit;
typedef lifecycle_leak_fn as_leak;
typedef lifecycle_write_fn as_write;
typedef lifecycle_release_fn as_release;
typedef lifecycle_resolve_fn as_resolve;
typedef bool as_bool;
typedef double as_double;
typedef lifecycle_compare_fn as_compare;
typedef lifecycle_trace_fn as_trace;
typedef lifecycle_root_fn as_roots;
typedef lifecycle_verify_fn as_verify;

/* Kinds of parameters, and what a number is cast to for each. */
#define KINDS                                                                  \
    KIND(MANAGER, as_pointer) KIND(MODULE, as_number)                          \
    KIND(MODULE_NEEDED, as_number) KIND(MODULE_HOLDING, as_number)             \
    KIND(FRESH, as_number) KIND(SYMBOL, as_number)                             \
    KIND(SYMBOL_PINNED, as_number) KIND(RESOURCE, as_number)                   \
    KIND(DECL, as_number) KIND(MAPPING_ID, as_number)                          \
    KIND(READER, as_pointer)                                                   \
    KIND(READER_PARKED, as_pointer) KIND(RESERVATION, as_pointer)              \
    KIND(NAME, as_pointer) KIND(NAME_UNMAPPED, as_pointer)                     \
    KIND(NAME_MAPPED, as_pointer) KIND(NAME_JIT, as_pointer)                   \
    KIND(NAME_BOUND, as_pointer) KIND(NAME_TO_UNBIND, as_pointer)              \
    KIND(NAME_EXEC, as_pointer) KIND(PATH_NEW, as_pointer)                     \
    KIND(PATH_LOADED, as_pointer) KIND(PATH_TO_LOAD, as_pointer)               \
    KIND(PATH_LOADING, as_pointer) KIND(PATH_FILE, as_pointer)                 \
    KIND(PATH_HELD, as_pointer) KIND(KEY_NEW, as_pointer)                      \
    KIND(BACKEND, as_pointer) KIND(CODE, as_pointer)                           \
    KIND(CODE_LEN, as_number) KIND(CODE_SIZE, as_number)                       \
    KIND(BYTES, as_pointer) KIND(BYTES_LEN, as_number)                         \
    KIND(NAME_LEN, as_number) KIND(ALIGN, as_number) KIND(NEAR, as_pointer)    \
    KIND(USED, as_number) KIND(ADDRESS, as_pointer)                            \
    KIND(ADDRESS_LEN, as_number) KIND(PC, as_pointer)                          \
    KIND(OPTIONS, as_pointer) KIND(OPTIONS_COMMIT, as_pointer)                 \
    KIND(CONFIG, as_pointer) KIND(OBSERVER, as_pointer)                        \
    KIND(BATCH, as_pointer) KIND(BATCH_COUNT, as_number)                       \
    KIND(MAPPING, as_pointer) KIND(NAMES, as_pointer) KIND(FILES, as_pointer)  \
    KIND(COUNT, as_number) KIND(VISIT, as_visit) KIND(LEAK, as_leak)           \
    KIND(WRITE, as_write) KIND(RELEASE, as_release)                            \
    KIND(RELEASE_MAYBE, as_release) KIND(RESOLVE, as_resolve)                  \
    KIND(USER, as_pointer) KIND(UNLOAD_FLAGS, as_u32) KIND(FORMAT, as_u32)     \
    KIND(KIND, as_u32) KIND(SECTION, as_u32) KIND(STATUS, as_int)              \
    KIND(DID, as_int64) KIND(DID_LAST, as_int64) KIND(DID_LIVE, as_int64)      \
    KIND(HANDLE, as_int64) KIND(HANDLE_NEW, as_int64) KIND(NUMBER, as_number)  \
    KIND(ARENA, as_pointer) KIND(ARENA_OPTIONS, as_pointer)                    \
    KIND(ARENA_SIZE, as_number) KIND(ARENA_ALIGN, as_number)                   \
    KIND(ARENA_AT, as_pointer) KIND(ARENA_OLD, as_number)                      \
    KIND(TEXT_LEN, as_number) KIND(SPL_PLACE, as_pointer)                      \
    KIND(SPL_COUNT, as_int64) KIND(INTERP, as_pointer)                         \
    KIND(INTERP_INSIDE, as_pointer) KIND(INTERP_LOCALS, as_pointer)            \
    KIND(INTERP_OPTIONS, as_pointer) KIND(H_KNOWN, as_number)                  \
    KIND(H_ANY, as_number) KIND(H_MAYBE, as_number) KIND(H_NIL, as_number)     \
    KIND(H_NUMBER, as_number) KIND(H_INT, as_number) KIND(H_DOUBLE, as_number) \
    KIND(H_LIST, as_number) KIND(H_LIST_MAYBE, as_number)                      \
    KIND(H_LISTISH, as_number) KIND(H_DICT, as_number)                         \
    KIND(H_DICTISH, as_number) KIND(H_KEY, as_number)                          \
    KIND(H_BUILDER, as_number) KIND(H_FOREIGN, as_number)                      \
    KIND(H_SCRIPT, as_number) KIND(H_ELEMENTS, as_pointer)                     \
    KIND(SCOPE, as_number) KIND(ESCAPE, as_pointer) KIND(VALUE, as_pointer)    \
    KIND(NS, as_pointer) KIND(NS_NEW, as_pointer) KIND(NS_LEN, as_number)      \
    KIND(WORD, as_pointer) KIND(WORD_LEN, as_number) KIND(VAR, as_pointer)     \
    KIND(VAR_MADE, as_pointer)                                                 \
    KIND(LINK, as_pointer) KIND(COMMAND, as_pointer) KIND(OPS, as_pointer)     \
    KIND(THING, as_pointer) KIND(KNOWN_LEN, as_number)                         \
    KIND(TYPE, as_pointer) KIND(DEPTH, as_number) KIND(LEVEL, as_number)       \
    KIND(INDEX, as_number) KIND(ZERO, as_number) KIND(CAPACITY, as_number)     \
    KIND(BYTE, as_int) KIND(WHOLE, as_int64) KIND(REAL, as_double)             \
    KIND(FLAG, as_bool) KIND(SPACE, as_int) KIND(SPACE_KNOWN, as_int)          \
    KIND(POSITIVE, as_int) KIND(COMPARE, as_compare) KIND(TRACE, as_trace)     \
    KIND(HEAP, as_pointer) KIND(HEAP_UNOWNED, as_pointer)                      \
    KIND(HEAP_CRITICAL, as_pointer) KIND(HEAP_MACHINE, as_pointer)             \
    KIND(HEAP_CHOICE, as_pointer) KIND(HEAP_OPTIONS, as_pointer)               \
    KIND(CELLS, as_u32) KIND(CELLS_WANTED, as_number) KIND(WAM, as_pointer)    \
    KIND(ROOTS, as_roots) KIND(ROOTS_KNOWN, as_roots)                          \
    KIND(VISITOR, as_pointer) KIND(CELL_PLACE, as_pointer)                     \
    KIND(VERIFY, as_verify) KIND(BYTES_MAYBE, as_pointer)                      \
    KIND(BLOB_LEN, as_number) KIND(CELL, as_number) KIND(WEAK, as_number)      \
    KIND(EXTERNAL, as_int64) KIND(TRAIL_WORDS, as_number)                      \
    KIND(CELL_INDEX, as_number) KIND(CHOICE, as_pointer)                       \
    KIND(ARGUMENTS, as_u32) KIND(CHOICE_MAYBE, as_pointer)                     \
    KIND(OUT8, as_pointer) KIND(OUT8_MAYBE, as_pointer)                        \
    KIND(OUT16_MAYBE, as_pointer)                                              \
    KIND(OUT_BOOL, as_pointer) KIND(OUT_CODE, as_pointer)                      \
    KIND(OUT_MAPPING, as_pointer) KIND(OUT_BINDING, as_pointer)                \
    KIND(OUT_SIZED, as_pointer) KIND(OUT_SIZED_MAYBE, as_pointer)              \
    KIND(OUT_SIZE, as_number)

#define KIND(kind, as) K_##kind,
enum kind { KINDS K_MARK, K_SPL_VALUE, K_NONE };
#undef KIND
#define KIND(kind, as)                                                         \
    static inline as cast_##kind(uint64_t v) { return (as)v; }
KINDS
#undef KIND

/* Two that are passed whole: the number says where they are. */
struct SplValue {
    int tag;
    int64_t payload;
};
static inline lifecycle_arena_mark cast_MARK(uint64_t v)
{
    lifecycle_arena_mark nowhere = {0, 0, 0};
    return v == 0 ? nowhere : *(lifecycle_arena_mark *)(uintptr_t)v;
}
static inline struct SplValue cast_SPL_VALUE(uint64_t v)
{
    struct SplValue nil = {0, 0};
    return v == 0 ? nil : *(struct SplValue *)(uintptr_t)v;
}

#define P(pointer) ((uint64_t)(uintptr_t)(pointer))
#define OUT_BYTES 512 /* what is passed as sizeof *out: longer than any */

/* One way of being bad, and what the contract answers. */
struct bad {
    const char *how;
    uint64_t value;
    int want;
};

struct values {
    uint64_t good;
    struct bad bad[24];
    int bads;
};

struct world {
    lifecycle_manager *manager, *other, *destroyed;
    lifecycle_module module, needed, replaced, fresh, gone, reused, foreign;
    lifecycle_symbol symbol, pinned, gone_symbol, foreign_symbol;
    lifecycle_resource resource, gone_resource, foreign_resource;
    lifecycle_decl decl, gone_decl;
    lifecycle_reader *reader, *parked, *detached, *theirs, *orphan;
    lifecycle_code code, aborted, foreign_code, forged_code;
    lifecycle_mapping mapping, gone_mapping, no_mapping;
    int64_t handle;
    lifecycle_arena *arena, *other_arena, *dead_arena;
    lifecycle_arena_mark mark, rewound, other_mark;
    lifecycle_interp *interp, *inside, *locals, *other_interp, *dead_interp;
    lifecycle_handle string, stale, list, dict, key, builder, foreign_thing;
    lifecycle_handle script, others;
    lifecycle_scope scope, closed;
    lifecycle_value *value, *others_value;
    void *kept, *other_kept;
    lifecycle_heap *heap, *critical_heap, *choice_heap, *owned_heap, *dead_heap;
    lifecycle_visitor *visitor;
    lifecycle_wam wam, choosing;
    struct {
        lifecycle_choice head;
        lifecycle_cell arguments[2];
    } choice;
    lifecycle_cell cell;
    lifecycle_weak weak, dropped_weak, others_weak;
    struct values of[K_NONE];
};

static const unsigned char ret_code[] = {0xb8, 7, 0, 0, 0, 0xc3};

static void do_release(void *resource, void *user)
{
    (void)resource;
    (void)user;
}
static int do_visit(lifecycle_module module, const char *path, void *user)
{
    (void)module;
    (void)path;
    (void)user;
    return 0;
}
static void do_leak(const lifecycle_leak *leak, void *user)
{
    (void)leak;
    (void)user;
}
static int do_write(const char *bytes, size_t len, void *user)
{
    (void)bytes;
    (void)len;
    (void)user;
    return 0;
}
static void *do_resolve(const char *name, void *user)
{
    (void)name;
    return user;
}
static void do_hear(const lifecycle_event *event, void *user)
{
    (void)event;
    (void)user;
}
static void *do_alloc(size_t bytes, void *user)
{
    (void)user;
    return malloc(bytes);
}
static void *attach_elsewhere(void *world)
{
    struct world *w = world;
    EXPECT_OK(lifecycle_reader_attach(w->manager, &w->theirs));
    return NULL;
}

static lifecycle_manager *small_manager(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    config.code_capacity = 1 << 21;
    EXPECT_OK(lifecycle_create(&config, &manager));
    return manager;
}

static void make_gone(struct world *w)
{
    lifecycle_manager *m = w->manager;
    lifecycle_binding binding;
    /* One whose slot is free, and one whose slot has another module now. */
    EXPECT_OK(lifecycle_on_module_load(m, "was.smf", &w->reused));
    EXPECT_OK(lifecycle_unload_module(m, w->reused, 0, NULL, 0));
    EXPECT_OK(lifecycle_on_module_load(m, "m.smf", &w->module));
    EXPECT_OK(lifecycle_on_module_load(m, "gone.smf", &w->gone));
    EXPECT_OK(lifecycle_own(m, w->gone, NULL, do_release, NULL, &w->gone_resource));
    EXPECT_OK(lifecycle_map_symbol(m, w->gone, "gone", ret_code, sizeof ret_code,
                                   NULL, &w->gone_symbol));
    EXPECT_OK(lifecycle_on_interp_func_registered(m, w->gone, "gone", 1, 1));
    EXPECT_OK(lifecycle_lookup(m, LIFECYCLE_FUNC, "gone", 4, &binding));
    w->gone_decl = binding.decl;
    EXPECT_OK(lifecycle_unload_module(m, w->gone, 0, NULL, 0));
    EXPECT_OK(lifecycle_code_reserve(m, 64, 0, NULL, &w->aborted));
    {
        lifecycle_code copy = w->aborted;
        EXPECT_OK(lifecycle_code_abort(m, &copy));
    }
    EXPECT_OK(lifecycle_reader_attach(m, &w->detached));
}

static void make_living(struct world *w)
{
    lifecycle_manager *m = w->manager;
    lifecycle_binding binding;
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    EXPECT_OK(lifecycle_on_module_load(m, "n.smf", &w->needed));
    EXPECT_OK(lifecycle_on_module_load(m, "r.smf", &w->replaced));
    EXPECT_OK(lifecycle_reload_begin(m, w->replaced, &w->fresh));
    EXPECT_OK(lifecycle_own(m, w->module, NULL, do_release, NULL, &w->resource));
    EXPECT_OK(lifecycle_map_symbol(m, w->module, "f", ret_code, sizeof ret_code,
                                   NULL, &w->symbol));
    options.flags = LIFECYCLE_MAP_PINNED;
    EXPECT_OK(lifecycle_map_symbol(m, w->needed, "p", ret_code, sizeof ret_code,
                                   &options, &w->pinned));
    EXPECT_OK(lifecycle_on_jit_triggered(m, w->module, "j"));
    EXPECT_OK(lifecycle_on_interp_func_registered(m, w->module, "g", 7, 8));
    EXPECT_OK(lifecycle_on_interp_module_parsed(m, w->module, 1000, 1999));
    EXPECT_OK(lifecycle_lookup(m, LIFECYCLE_FUNC, "g", 1, &binding));
    w->decl = binding.decl;
    EXPECT_OK(lifecycle_smf_from_bytes(m, w->needed, "held", "bytes", 5, &w->gone_mapping));
    EXPECT_OK(lifecycle_smf_release(m, w->needed, "held"));
    EXPECT_OK(lifecycle_smf_from_bytes(m, w->needed, "held", "bytes", 5, &w->mapping));
    EXPECT_OK(lifecycle_load_enter(m, "l.smf"));
    EXPECT_OK(lifecycle_code_reserve(m, 64, 0, NULL, &w->code));
    EXPECT_OK(lifecycle_reader_attach(m, &w->reader));
    EXPECT_OK(lifecycle_reader_attach(m, &w->parked));
    EXPECT_OK(lifecycle_park(w->parked));
    EXPECT_OK(lifecycle_exec_manager_bind(m, 1000000, w->needed));
    w->handle = 1000000;
}

/* The same ids in another manager: nothing here may be taken for ours. */
static void make_foreign(struct world *w)
{
    lifecycle_manager *o = w->other;
    EXPECT_OK(lifecycle_on_module_load(o, "m.smf", &w->foreign));
    EXPECT_OK(lifecycle_own(o, w->foreign, NULL, do_release, NULL, &w->foreign_resource));
    EXPECT_OK(lifecycle_map_symbol(o, w->foreign, "f", ret_code, sizeof ret_code,
                                   NULL, &w->foreign_symbol));
    EXPECT_OK(lifecycle_code_reserve(o, 64, 0, NULL, &w->foreign_code));
    w->forged_code = w->code;
    w->forged_code.id ^= (uint64_t)1 << 40;
}

static void make_arenas(struct world *w)
{
    EXPECT_OK(lifecycle_arena_create(NULL, &w->arena));
    EXPECT_OK(lifecycle_arena_create(NULL, &w->other_arena));
    EXPECT_OK(lifecycle_arena_create(NULL, &w->dead_arena));
    w->mark = lifecycle_arena_save(w->arena);
    EXPECT(lifecycle_arena_alloc(w->arena, 100) != NULL);
    w->rewound = lifecycle_arena_save(w->arena);
    EXPECT_OK(lifecycle_arena_rewind(w->arena, w->mark));
    EXPECT((w->kept = lifecycle_arena_alloc(w->arena, 200)) != NULL);
    EXPECT((w->other_kept = lifecycle_arena_alloc(w->other_arena, 300)) != NULL);
    w->other_mark = lifecycle_arena_save(w->other_arena);
    EXPECT_OK(lifecycle_arena_destroy(w->dead_arena));
}

#define NAMED(text) (text), (sizeof(text) - 1)

static lifecycle_interp *small_interp(void)
{
    lifecycle_interp *interp = NULL;
    EXPECT_OK(lifecycle_interp_create(NULL, &interp));
    return interp;
}

/* One interpreter with something of everything, and others that are somewhere else. */
static void make_interps(struct world *w)
{
    lifecycle_interp *i = w->interp = small_interp();
    lifecycle_handle one;
    w->inside = small_interp();
    w->locals = small_interp();
    w->other_interp = small_interp();
    w->dead_interp = small_interp();
    EXPECT_OK(lifecycle_eval_enter(w->inside));
    EXPECT_OK(lifecycle_frame_push_locals(w->locals, NAMED("::")));
    w->others = lifecycle_int(w->other_interp, 1);
    one = lifecycle_string(w->other_interp, NAMED("a text of the other's"));
    EXPECT_OK(lifecycle_materialize(w->other_interp, one, &w->others_value));
    w->stale = lifecycle_int(i, 1);
    EXPECT_OK(lifecycle_force_reset(i));
    EXPECT_OK(lifecycle_scope_open(i, &w->closed));
    EXPECT_OK(lifecycle_scope_close(i, w->closed, NULL));
    w->string = lifecycle_string(i, NAMED("a {b c"));
    one = lifecycle_int(i, 1);
    w->list = lifecycle_list(i, &one, 1);
    w->key = lifecycle_string(i, NAMED("key"));
    w->dict = lifecycle_dict(i);
    EXPECT_OK(lifecycle_dict_set_in_place(i, w->dict, w->key, one));
    w->builder = lifecycle_builder_new(i, 100);
    w->script = lifecycle_string(i, NAMED("script"));
    w->foreign_thing = lifecycle_foreign(i, "type", w, NAMED("foreign"));
    EXPECT_OK(lifecycle_materialize(i, lifecycle_string(i, NAMED("a text that is kept")), &w->value));
    EXPECT_OK(lifecycle_ns_create(i, NAMED("::mis")));
    EXPECT_OK(lifecycle_ns_var_set(i, NAMED("::mis"), NAMED("var"), one));
    EXPECT_OK(lifecycle_command_set(i, NAMED("::mis"), NAMED("cmd"), 1, w, w->list, w->string));
    EXPECT_OK(lifecycle_trace_add(i, 1, NAMED("var"), NAMED("ops"), w->script));
    EXPECT_OK(lifecycle_registry_set(i, 1, NAMED("thg"), "type", w));
    EXPECT_OK(lifecycle_frame_push(i, w->string, w->list));
    EXPECT_OK(lifecycle_var_set(i, NAMED("var"), one));
    EXPECT_OK(lifecycle_var_set(i, NAMED("made"), one));
    EXPECT_OK(lifecycle_var_link_ns(i, NAMED("lnk"), NAMED("::mis"), NAMED("var")));
    EXPECT_OK(lifecycle_scope_open(i, &w->scope));
    EXPECT_OK(lifecycle_interp_destroy(w->dead_interp));
}

static void end_interps(struct world *w)
{
    lifecycle_status status = lifecycle_eval_unwind(w->interp, 0);
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_STALE);
    status = lifecycle_interp_destroy(w->interp);
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_eval_unwind(w->inside, 0));
    EXPECT_OK(lifecycle_interp_destroy(w->inside));
    EXPECT_OK(lifecycle_interp_destroy(w->locals));
    EXPECT_OK(lifecycle_interp_destroy(w->other_interp));
    lifecycle_value_release(w->others_value);
    lifecycle_value_release(w->value);
}

#define HEAP_CELLS ((uint64_t)1 << 16)

static lifecycle_heap *small_heap(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    lifecycle_heap *heap = NULL;
    options.max_cells = HEAP_CELLS;
    EXPECT_OK(lifecycle_heap_create(&options, &heap));
    return heap;
}

/* What is to be done in the middle of a collection. */
static void (*while_visiting)(lifecycle_visitor *);

static void do_roots(lifecycle_visitor *visitor, void *user)
{
    struct world *w = user;
    w->visitor = visitor;
    if (while_visiting != NULL)
        while_visiting(visitor);
    EXPECT_OK(lifecycle_visit(visitor, &w->cell));
}

/* A heap with a machine, and others that are somewhere else. */
static void make_heaps(struct world *w)
{
    const lifecycle_wam init = LIFECYCLE_WAM_INIT;
    lifecycle_cell term = 0;
    w->heap = small_heap();
    w->critical_heap = small_heap();
    w->choice_heap = small_heap();
    w->owned_heap = small_heap();
    w->dead_heap = small_heap();
    w->wam = w->choosing = init;
    EXPECT_OK(lifecycle_heap_set_wam(w->heap, &w->wam));
    EXPECT_OK(lifecycle_heap_blob(w->heap, NULL, 100, &w->cell));
    EXPECT_OK(lifecycle_heap_add_roots(w->heap, do_roots, w));
    EXPECT_OK(lifecycle_heap_collect(w->heap));
    EXPECT_OK(lifecycle_weak_create(w->heap, w->cell, &w->dropped_weak));
    EXPECT_OK(lifecycle_weak_drop(w->heap, w->dropped_weak));
    EXPECT_OK(lifecycle_weak_create(w->heap, w->cell, &w->weak));
    EXPECT_OK(lifecycle_heap_blob(w->critical_heap, NULL, 100, &term));
    EXPECT_OK(lifecycle_weak_create(w->critical_heap, term, &w->others_weak));
    EXPECT_OK(lifecycle_heap_critical_enter(w->critical_heap));
    EXPECT_OK(lifecycle_heap_set_wam(w->choice_heap, &w->choosing));
    EXPECT_OK(lifecycle_wam_choice_push(w->choice_heap, &w->choice.head, 2, NULL));
    w->choice.arguments[0] = w->choice.arguments[1] = 0;
    EXPECT_OK(lifecycle_own_heap(w->manager, w->needed, w->owned_heap, NULL));
    EXPECT_OK(lifecycle_heap_destroy(w->dead_heap));
}

/* After the manager is gone, which may have been given the heap. */
static void end_heaps(struct world *w)
{
    lifecycle_status status = lifecycle_heap_destroy(w->heap);
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_heap_destroy(w->critical_heap));
    EXPECT_OK(lifecycle_heap_destroy(w->choice_heap));
    EXPECT_STATUS(lifecycle_heap_destroy(w->owned_heap), LIFECYCLE_E_STALE);
}

static void make_world(struct world *w)
{
    pthread_t thread;
    memset(w, 0, sizeof *w);
    w->manager = small_manager();
    w->other = small_manager();
    w->destroyed = small_manager();
    EXPECT_OK(lifecycle_reader_attach(w->destroyed, &w->orphan));
    make_gone(w);
    make_living(w);
    make_foreign(w);
    make_interps(w); /* first: an interpreter's arena may lie where one was destroyed */
    make_arenas(w);
    make_heaps(w);
    if (pthread_create(&thread, NULL, attach_elsewhere, w) == 0)
        pthread_join(thread, NULL);
    EXPECT_OK(lifecycle_reader_detach(w->detached));
    EXPECT_OK(lifecycle_destroy(w->destroyed));
}

static void end_world(struct world *w)
{
    /* The call that was good may have been the destruction itself. */
    lifecycle_status status = lifecycle_destroy(w->manager);
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_destroy(w->other));
    end_heaps(w);
    end_interps(w);
    status = lifecycle_arena_destroy(w->arena);
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_arena_destroy(w->other_arena));
}

#endif
