/*
 * failure.c - memory runs out. Every operation that takes memory is tried with its first allocation failing, then with
 * its second, and so on until it succeeds; once only that allocation fails, once all after it do too; with and without
 * an observer. Each time the answer is E_NOMEM and everything is as it was; then the retry works. In the end every byte
 * is back. System calls that fail: failure_system.c.
 */
#include "failure.h"
#include "frames.h"

/* --- what is tried: prepare() is not disturbed, act() is --- */

static lifecycle_status load_one(struct stage *s, int i)
{
    lifecycle_module module;
    return lifecycle_on_module_load(s->manager, numbered("module", i), &module);
}

static lifecycle_status own_one(struct stage *s, int i)
{
    lifecycle_status status = lifecycle_own(s->manager, s->a, NULL, count_release, s, NULL);
    (void)i;
    s->owned += status == LIFECYCLE_OK;
    return status;
}

static lifecycle_status note_metadata(struct stage *s, int i)
{
    return lifecycle_on_metadata_loaded(s->manager, s->a, numbered("key", i));
}

static void load_many(struct stage *s)
{
    for (int i = 0; i < 12; i++)
        s->many[i] = load(s->manager, numbered("many", i));
}
static lifecycle_status depend_one(struct stage *s, int i)
{
    return lifecycle_module_depend(s->manager, s->a, s->many[i]);
}

static lifecycle_status map_one(struct stage *s, int i)
{
    return lifecycle_map_symbol(s->manager, s->a, numbered("symbol", i), seven, sizeof seven, NULL, NULL);
}

static lifecycle_status map_jit_one(struct stage *s, int i)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_PINNED;
    return lifecycle_map_symbol(s->manager, s->a, numbered("symbol", i), seven, sizeof seven, &options, NULL);
}

static void map_some(struct stage *s)
{
    void *callable;
    for (int i = 0; i < 6; i++)
        EXPECT_OK(map_one(s, i));
    EXPECT_OK(lifecycle_entry(s->manager, numbered("symbol", 0), &callable));
}
static lifecycle_status replace_one(struct stage *s, int i)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = LIFECYCLE_MAP_REPLACE;
    return lifecycle_map_symbol(s->manager, s->b, numbered("symbol", i), seven, sizeof seven, &options, NULL);
}

static lifecycle_status map_with_frames(struct stage *s, int i)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    frames table = frames_with_rbp(ENCODING_PCREL_SDATA4);
    options.eh_frame = table.bytes;
    options.eh_frame_size = table.size;
    return lifecycle_map_symbol(s->manager, s->a, numbered("unwound", i), code_with_rbp, sizeof code_with_rbp, &options,
                                NULL);
}

/* Entries that a relocation names may stay when the mapping fails. */
static lifecycle_status map_relocated(struct stage *s, int i)
{
    static const unsigned char call_it[24];
    char target[64];
    lifecycle_relocation relocations[2];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    memset(relocations, 0, sizeof relocations);
    snprintf(target, sizeof target, "a target of a relocation, number %d", i);
    relocations[0].kind = LIFECYCLE_RELOC_ABS64;
    relocations[0].symbol = target;
    relocations[1].kind = LIFECYCLE_RELOC_ABS64;
    relocations[1].offset = 8;
    relocations[1].target = call_it;
    options.relocations = relocations;
    options.relocation_count = 2;
    return lifecycle_map_symbol(s->manager, s->a, numbered("relocated", i), call_it, sizeof call_it, &options, NULL);
}

static lifecycle_status map_a_batch(struct stage *s, int i)
{
    lifecycle_batch_item items[5], fresh = LIFECYCLE_BATCH_ITEM_INIT;
    lifecycle_map_options replace = LIFECYCLE_MAP_OPTIONS_INIT;
    char names[5][64];
    replace.flags = LIFECYCLE_MAP_REPLACE | LIFECYCLE_MAP_JIT;
    for (int n = 0; n < 5; n++) {
        items[n] = fresh;
        snprintf(names[n], sizeof names[n], "number %d of a batch, and so on, %d", n, n == 4 ? 0 : i);
        items[n].name = names[n];
        items[n].code = seven;
        items[n].len = sizeof seven;
    }
    items[4].options = &replace;
    return lifecycle_map_batch(s->manager, s->b, items, 5, NULL);
}

static lifecycle_status reserve_one(struct stage *s, int i)
{
    return lifecycle_code_reserve(s->manager, 100 + (size_t)i * 1000, 0, NULL, &s->code[i]);
}
static void reserve_some(struct stage *s)
{
    for (int i = 0; i < 8; i++) {
        EXPECT_OK(reserve_one(s, i));
        memcpy(s->code[i].rw, seven, sizeof seven);
    }
}
static lifecycle_status commit_one(struct stage *s, int i)
{
    return lifecycle_code_commit(s->manager, &s->code[i], s->a, numbered("committed", i), sizeof seven, NULL, NULL);
}
static lifecycle_status abort_one(struct stage *s, int i)
{
    return lifecycle_code_abort(s->manager, &s->code[i]);
}

static lifecycle_status take_data(struct stage *s, int i)
{
    void *data;
    return lifecycle_data_reserve(s->manager, s->a, 64 + 4096 * (size_t)(i % 3), 0, &data);
}

static lifecycle_status adopt_one(struct stage *s, int i)
{
    static char host_code[64][64];
    lifecycle_status status = lifecycle_on_symbol_mapped(s->manager, s->a, numbered("adopted", i), host_code[i], 64,
                                                         count_release, s, NULL);
    s->owned += status == LIFECYCLE_OK;
    return status;
}

static lifecycle_status await_one(struct stage *s, int i)
{
    return lifecycle_on_jit_triggered(s->manager, s->a, numbered("awaited", i));
}
static lifecycle_status take_over_one(struct stage *s, int i)
{
    return lifecycle_on_jit_triggered(s->manager, s->b, numbered("symbol", i));
}

static lifecycle_status entry_one(struct stage *s, int i)
{
    void *callable;
    void *const *slot;
    if (i % 2 == 0)
        return lifecycle_entry(s->manager, numbered("entry", i), &callable);
    return lifecycle_entry_slot(s->manager, numbered("entry", i), &slot);
}

static lifecycle_status access_one(struct stage *s, int i)
{
    lifecycle_mapping mapping;
    return lifecycle_on_smf_accessed(s->manager, s->a, failure_files[i % 4], &mapping);
}
static lifecycle_status keep_bytes(struct stage *s, int i)
{
    lifecycle_mapping mapping;
    return lifecycle_smf_from_bytes(s->manager, s->a, numbered("bytes", i), "bytes", 5, &mapping);
}
static lifecycle_mapping to_share;
static void access_one_to_share(struct stage *s)
{
    EXPECT_OK(lifecycle_on_smf_accessed(s->manager, s->a, failure_files[0], &to_share));
}
static lifecycle_status share_one(struct stage *s, int i)
{
    lifecycle_mapping mapping;
    (void)i;
    return lifecycle_smf_share(s->manager, s->b, to_share.id, &mapping);
}
static lifecycle_status prefetch_one(struct stage *s, int i)
{
    return lifecycle_smf_prefetch(s->manager, &failure_files[i], 1, NULL);
}
static void prefetch_some(struct stage *s)
{
    EXPECT_OK(lifecycle_smf_prefetch(s->manager, failure_files, 4, NULL));
}
static lifecycle_status drop_prefetched(struct stage *s, int i)
{
    return lifecycle_smf_release(s->manager, 0, failure_files[i]);
}
static void access_some(struct stage *s)
{
    for (int i = 0; i < 8; i++)
        EXPECT_OK(access_one(s, i));
}
static lifecycle_status release_one(struct stage *s, int i)
{
    return lifecycle_smf_release(s->manager, s->a, failure_files[i % 4]);
}

static lifecycle_status bind_one(struct stage *s, int i)
{
    switch (i % 4) {
    case 0:
        return lifecycle_on_interp_func_registered(s->manager, s->a, numbered("name", i), i, i);
    case 1:
        return lifecycle_on_interp_struct_registered(s->manager, s->a, numbered("name", i), i);
    case 2:
        return lifecycle_on_interp_enum_registered(s->manager, s->a, numbered("name", i), i);
    default:
        return lifecycle_on_interp_global_registered(s->manager, s->a, numbered("name", i), i);
    }
}
static lifecycle_status shadow_one(struct stage *s, int i)
{
    return lifecycle_on_interp_func_registered(s->manager, i % 2 ? s->a : s->b, "shadowed", i, i);
}
static void shadow_some(struct stage *s)
{
    for (int i = 0; i < 6; i++)
        EXPECT_OK(shadow_one(s, i));
}
static lifecycle_status unbind_one(struct stage *s, int i)
{
    (void)i;
    return lifecycle_unbind(s->manager, LIFECYCLE_FUNC, "shadowed");
}
static lifecycle_status parse_one(struct stage *s, int i)
{
    return lifecycle_on_interp_module_parsed(s->manager, s->a, i * 100, i * 100 + 99);
}

/* A module with something of everything. */
static void fill_module(struct stage *s, lifecycle_module module, int base)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_mapping mapping;
    void *data;
    options.flags = LIFECYCLE_MAP_JIT;
    for (int i = base; i < base + 3; i++) {
        EXPECT_OK(lifecycle_map_symbol(s->manager, module, numbered("full", i), seven, sizeof seven, NULL, NULL));
        EXPECT_OK(lifecycle_map_symbol(s->manager, module, numbered("jit", i), seven, sizeof seven, &options, NULL));
        EXPECT_OK(lifecycle_on_jit_triggered(s->manager, module, numbered("expected", i)));
        EXPECT_OK(lifecycle_own(s->manager, module, NULL, count_release, s, NULL));
        s->owned++;
        EXPECT_OK(lifecycle_on_metadata_loaded(s->manager, module, numbered("key", i)));
        EXPECT_OK(lifecycle_on_interp_func_registered(s->manager, module, numbered("func", i % 3), i, 0));
        EXPECT_OK(lifecycle_on_interp_global_registered(s->manager, module, numbered("glob", i), i));
        EXPECT_OK(lifecycle_on_interp_module_parsed(s->manager, module, i * 10, i * 10 + 9));
        EXPECT_OK(lifecycle_on_smf_accessed(s->manager, module, failure_files[i % 4], &mapping));
        EXPECT_OK(lifecycle_data_reserve(s->manager, module, 100, 0, &data));
        EXPECT_OK(lifecycle_smf_from_bytes(s->manager, module, numbered("kept", i), "bytes", 5, &mapping));
    }
}
static void fill_both(struct stage *s)
{
    fill_module(s, s->a, 0);
    fill_module(s, s->b, 3);
}
static lifecycle_status unload_full(struct stage *s, int i)
{
    return unload(s->manager, i == 0 ? s->b : s->a);
}
static void fill_dependent(struct stage *s)
{
    fill_both(s);
    load_many(s);
    for (int i = 0; i < 12; i++)
        EXPECT_OK(lifecycle_module_depend(s->manager, s->many[i], i == 0 ? s->a : s->many[i - 1]));
    EXPECT_OK(lifecycle_module_depend(s->manager, s->b, s->many[3]));
}
static lifecycle_status unload_cascade(struct stage *s, int i)
{
    (void)i;
    return lifecycle_unload_module(s->manager, s->a, LIFECYCLE_UNLOAD_CASCADE, NULL, 0);
}

static lifecycle_status begin_reload(struct stage *s, int i)
{
    lifecycle_module fresh;
    lifecycle_status status = lifecycle_reload_begin(s->manager, i == 0 ? s->a : s->b, &fresh);
    s->fresh = status == LIFECYCLE_OK ? fresh : s->fresh;
    return status;
}
static void stage_reload(struct stage *s)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    void *callable;
    fill_both(s);
    EXPECT_OK(lifecycle_module_depend(s->manager, s->b, s->a));
    EXPECT_OK(lifecycle_entry(s->manager, numbered("full", 1), &callable));
    EXPECT_OK(lifecycle_reload_begin(s->manager, s->a, &s->fresh));
    for (int i = 0; i < 3; i++) {
        options.flags = 0;
        EXPECT_OK(lifecycle_map_symbol(s->manager, s->fresh, numbered("full", i), seven, sizeof seven, &options, NULL));
        options.flags = LIFECYCLE_MAP_JIT;
        EXPECT_OK(lifecycle_map_symbol(s->manager, s->fresh, numbered("fresh", i), seven, sizeof seven, &options, NULL));
        EXPECT_OK(lifecycle_on_interp_func_registered(s->manager, s->fresh, numbered("func", i), 70 + i, 0));
        EXPECT_OK(lifecycle_on_interp_enum_registered(s->manager, s->fresh, numbered("new", i), i));
        EXPECT_OK(lifecycle_own(s->manager, s->fresh, NULL, count_release, s, NULL));
        s->owned++;
        EXPECT_OK(lifecycle_on_metadata_loaded(s->manager, s->fresh, numbered("key", i)));
    }
}
static lifecycle_status map_staged(struct stage *s, int i)
{
    return lifecycle_map_symbol(s->manager, s->fresh, numbered("staged", i), seven, sizeof seven, NULL, NULL);
}
static lifecycle_status bind_staged(struct stage *s, int i)
{
    return lifecycle_on_interp_func_registered(s->manager, s->fresh, numbered("func", i), i, i);
}
/* All that may hang on a fresh side, each in its turn. */
static lifecycle_status give_staged(struct stage *s, int i)
{
    lifecycle_mapping mapping;
    lifecycle_status status;
    void *data;
    switch (i % 9) {
    case 0:
        return lifecycle_module_depend(s->manager, s->fresh, s->many[i]);
    case 1:
        return lifecycle_module_depend(s->manager, s->many[i], s->fresh);
    case 2:
        status = lifecycle_own(s->manager, s->fresh, NULL, count_release, s, NULL);
        s->owned += status == LIFECYCLE_OK;
        return status;
    case 3:
        return lifecycle_on_metadata_loaded(s->manager, s->fresh, numbered("staged key", i));
    case 4:
        return lifecycle_on_interp_module_parsed(s->manager, s->fresh, 1000 + i * 100, 1000 + i * 100 + 99);
    case 5:
        return lifecycle_on_interp_struct_registered(s->manager, s->fresh, numbered("staged", i), i);
    case 6:
        return lifecycle_data_reserve(s->manager, s->fresh, 100, 0, &data);
    case 7:
        return lifecycle_on_jit_triggered(s->manager, s->fresh, numbered("staged", i));
    default:
        return lifecycle_smf_from_bytes(s->manager, s->fresh, numbered("staged", i), "bytes", 5, &mapping);
    }
}
static void stage_among_many(struct stage *s)
{
    stage_reload(s);
    load_many(s);
    for (int i = 0; i < 12; i++)
        EXPECT_OK(lifecycle_module_depend(s->manager, s->many[i], i % 2 ? s->a : s->fresh));
}
static void retire_under_a_reader(struct stage *s)
{
    stage_among_many(s);
    EXPECT_OK(lifecycle_reader_attach(s->manager, &s->readers[0]));
    EXPECT_OK(lifecycle_enter(s->readers[0]));
    EXPECT_OK(unload(s->manager, s->many[0]));
    EXPECT_OK(lifecycle_leave(s->readers[0]));
}
static lifecycle_status map_a_staged_batch(struct stage *s, int i)
{
    lifecycle_batch_item items[2], fresh = LIFECYCLE_BATCH_ITEM_INIT;
    char names[2][64];
    for (int n = 0; n < 2; n++) {
        items[n] = fresh;
        snprintf(names[n], sizeof names[n], "number %d of a batch that is staged, %d", n, i);
        items[n].name = names[n];
        items[n].code = seven;
        items[n].len = sizeof seven;
    }
    return lifecycle_map_batch(s->manager, s->fresh, items, 2, NULL);
}
static lifecycle_status commit_reload(struct stage *s, int i)
{
    (void)i;
    return lifecycle_reload_commit(s->manager, s->fresh);
}
static lifecycle_status abort_reload(struct stage *s, int i)
{
    (void)i;
    return lifecycle_reload_abort(s->manager, s->fresh);
}

static lifecycle_status unmap_one(struct stage *s, int i)
{
    lifecycle_symbol symbol;
    EXPECT_OK(lifecycle_symbol_find(s->manager, numbered("symbol", i), &symbol));
    return lifecycle_unmap_symbol(s->manager, symbol);
}
static lifecycle_status unmap_a(struct stage *s, int i)
{
    (void)i;
    return lifecycle_unmap_owner(s->manager, "a module", NULL);
}
static lifecycle_status unmap_jit(struct stage *s, int i)
{
    (void)i;
    return lifecycle_unmap_owner(s->manager, "__jit__", NULL);
}
static void age_jit(struct stage *s)
{
    fill_both(s);
    for (int i = 0; i < 5; i++)
        EXPECT_OK(lifecycle_advance_epoch(s->manager, NULL));
}
static lifecycle_status sweep(struct stage *s, int i)
{
    (void)i;
    return lifecycle_sweep_unused(s->manager, 2, NULL, 0);
}
static lifecycle_status sweep_all(struct stage *s, int i)
{
    (void)i;
    return lifecycle_sweep_to_budget(s->manager, 0, NULL, 0);
}
static lifecycle_status advance(struct stage *s, int i)
{
    (void)i;
    return lifecycle_advance_epoch(s->manager, NULL);
}

static lifecycle_status check_leaks(struct stage *s, int i)
{
    size_t leaks;
    (void)i;
    return lifecycle_leak_check(s->manager, NULL, NULL, &leaks);
}
static int visit(lifecycle_module module, const char *path, void *user)
{
    (void)module;
    (void)path;
    (void)user;
    return 0;
}
static lifecycle_status walk_modules(struct stage *s, int i)
{
    (void)i;
    return lifecycle_each_module(s->manager, visit, NULL);
}
static int swallow(const char *bytes, size_t len, void *user)
{
    (void)bytes;
    (void)len;
    (void)user;
    return 0;
}
static lifecycle_status print_stats(struct stage *s, int i)
{
    return lifecycle_stats_print(s->manager, (lifecycle_format)i, swallow, NULL);
}
static lifecycle_status observe(struct stage *s, int i)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    (void)i;
    observer.on_event = count_event;
    return lifecycle_set_observer(s->manager, &observer, s);
}
static lifecycle_status attach_one(struct stage *s, int i)
{
    return lifecycle_reader_attach(s->manager, &s->readers[i]);
}
static lifecycle_status enter_load(struct stage *s, int i)
{
    return lifecycle_load_enter(s->manager, numbered("load", i));
}
static lifecycle_status bind_handle(struct stage *s, int i)
{
    return lifecycle_exec_manager_bind(s->manager, 2000000 + i, s->a);
}

static void retire_some(struct stage *s)
{
    lifecycle_reader *reader;
    fill_both(s);
    EXPECT_OK(lifecycle_reader_attach(s->manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(unload(s->manager, s->b));
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reader_detach(reader));
}
static lifecycle_status reclaim(struct stage *s, int i)
{
    (void)i;
    return lifecycle_reclaim(s->manager, NULL);
}
static lifecycle_status synchronize(struct stage *s, int i)
{
    (void)i;
    return lifecycle_synchronize(s->manager, 1000000000);
}

static const struct operation operations[] = {
    {"load", NULL, load_one, 20, 0},
    {"own", NULL, own_one, 20, 0},
    {"metadata", NULL, note_metadata, 12, 0},
    {"depend", load_many, depend_one, 12, 0},
    {"map", NULL, map_one, 20, 0},
    {"map JIT", NULL, map_jit_one, 20, 0},
    {"map, replacing", map_some, replace_one, 6, 0},
    {"map, relocated", NULL, map_relocated, 6, ENTRIES_MAY_STAY},
    {"map, with frames", NULL, map_with_frames, 6, 0},
    {"map a batch", NULL, map_a_batch, 6, 0},
    {"reserve", NULL, reserve_one, 8, 0},
    {"commit", reserve_some, commit_one, 8, 0},
    {"abort", reserve_some, abort_one, 8, 0},
    {"data", NULL, take_data, 8, 0},
    {"adopt", NULL, adopt_one, 20, 0},
    {"JIT triggered", NULL, await_one, 20, 0},
    {"JIT triggered, mapped", map_some, take_over_one, 6, 0},
    {"entry", NULL, entry_one, 20, 0},
    {"entry of a symbol", map_some, entry_one, 4, 0},
    {"access a file", NULL, access_one, 12, 0},
    {"access what was prefetched", prefetch_some, access_one, 4, 0},
    {"share a mapping", access_one_to_share, share_one, 12, 0},
    {"keep bytes", NULL, keep_bytes, 12, 0},
    {"prefetch", NULL, prefetch_one, 4, 0},
    {"drop what was prefetched", prefetch_some, drop_prefetched, 4, 0},
    {"release a file", access_some, release_one, 8, 0},
    {"bind", NULL, bind_one, 40, 0},
    {"bind, shadowing", NULL, shadow_one, 12, 0},
    {"unbind", shadow_some, unbind_one, 6, 0},
    {"parse", NULL, parse_one, 20, 0},
    {"unload", fill_both, unload_full, 2, 0},
    {"unload, cascading", fill_dependent, unload_cascade, 1, 0},
    {"begin a reload", fill_both, begin_reload, 2, 0},
    {"map in a reload", stage_reload, map_staged, 4, IN_A_RELOAD},
    {"map a batch in a reload", stage_reload, map_a_staged_batch, 4, IN_A_RELOAD},
    {"bind in a reload", stage_reload, bind_staged, 4, IN_A_RELOAD},
    {"give to the fresh side", stage_among_many, give_staged, 12, IN_A_RELOAD},
    {"commit a reload", stage_reload, commit_reload, 1, IN_A_RELOAD},
    {"commit a reload that many need", stage_among_many, commit_reload, 1, IN_A_RELOAD},
    {"commit a reload while something waits", retire_under_a_reader, commit_reload, 1, 0},
    {"abort a reload", stage_reload, abort_reload, 1, IN_A_RELOAD},
    {"abort a reload that many need", stage_among_many, abort_reload, 1, IN_A_RELOAD},
    {"unmap", map_some, unmap_one, 6, 0},
    {"unmap a module's", fill_both, unmap_a, 1, 0},
    {"unmap all JIT", fill_both, unmap_jit, 1, 0},
    {"sweep", age_jit, sweep, 1, MAY_BE_HALF_DONE},
    {"sweep to a budget", age_jit, sweep_all, 1, MAY_BE_HALF_DONE},
    {"advance", NULL, advance, 3, 0},
    {"check for leaks", fill_both, check_leaks, 1, 0},
    {"walk the modules", load_many, walk_modules, 1, 0},
    {"print", fill_both, print_stats, 3, 0},
    {"observe", NULL, observe, 2, 0},
    {"attach", NULL, attach_one, 8, 0},
    {"enter a load", NULL, enter_load, 8, 0},
    {"bind a handle", NULL, bind_handle, 8, 0},
    {"reclaim", retire_some, reclaim, 1, MAY_BE_HALF_DONE},
    {"synchronize", retire_some, synchronize, 1, MAY_BE_HALF_DONE},
};

static void every_allocation_of_every_operation(void)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        try_operation(&operations[i]);
}

/* Destroying does not fail for good: it is tried again. */
static void every_allocation_of_destruction(void)
{
    static const struct operation full = {"destroy", fill_dependent, NULL, 0, 0};
    for (int persistent = 0; persistent < (int)expect_scale(2, 1); persistent++) {
        bool through = false;
        for (long k = 1; !through && k < 10000; k++) {
            struct stage stage;
            lifecycle_status status;
            begin_stage(&stage, &full, persistent != 0, true);
            stage.memory.refused = 0;
            stage.memory.until = k;
            status = lifecycle_destroy(stage.manager);
            stage.memory.until = 0;
            through = stage.memory.refused == 0;
            if (status == LIFECYCLE_OK) {
                EXPECT_EQ(stage.memory.count.blocks, 0);
                EXPECT_EQ(stage.released, 6);
                continue;
            }
            EXPECT_STATUS(status, LIFECYCLE_E_NOMEM);
            end_stage(&stage, "destroy");
            EXPECT_EQ(stage.released, 6);
        }
    }
}

int main(void)
{
    static const char large[20000];
    for (int i = 0; i < 4; i++)
        write_file(failure_files[i], large, i == 3 ? sizeof large : 10);
    RUN(every_allocation_of_every_operation);
    RUN(every_allocation_of_creation);
    RUN(every_allocation_of_destruction);
    for (int i = 0; i < 4; i++)
        unlink(failure_files[i]);
    return expect_done();
}
