/* Reloads: header section 3. */
#include "support.h"

static int64_t meaning(lifecycle_manager *manager, const char *name)
{
    lifecycle_binding binding;
    if (lifecycle_lookup(manager, LIFECYCLE_FUNC, name, strlen(name), &binding) != LIFECYCLE_OK)
        return -1;
    return binding.value;
}

static void bind(lifecycle_manager *manager, lifecycle_module module, const char *name, int64_t value)
{
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, name, value, 0));
}

static lifecycle_module begin(lifecycle_manager *manager, lifecycle_module old)
{
    lifecycle_module fresh = 0;
    EXPECT_OK(lifecycle_reload_begin(manager, old, &fresh));
    EXPECT(fresh != 0 && fresh != old);
    return fresh;
}

/* What a call of the name's entry answers; -1 if it is not mapped, so that nothing would be called. */
static int answer(lifecycle_manager *manager, const char *name)
{
    lifecycle_symbol symbol;
    void *const *slot = NULL;
    if (lifecycle_symbol_find(manager, name, &symbol) != LIFECYCLE_OK)
        return -1;
    EXPECT_OK(lifecycle_entry_slot(manager, name, &slot));
    EXPECT(*slot == lifecycle_symbol_address(manager, symbol));
    return call(entry_of(manager, name));
}

static void nothing_of_the_fresh_side_is_seen_before_the_commit(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh, found;
    lifecycle_symbol before = map_returning(manager, old, "f", 1, 0), staged, seen;
    void *entry = entry_of(manager, "f");
    bind(manager, old, "f", 1);
    fresh = begin(manager, old);
    bind(manager, fresh, "f", 2);
    bind(manager, fresh, "new", 3);
    staged = map_returning(manager, fresh, "f", 2, 0);
    map_returning(manager, fresh, "new", 3, 0);
    EXPECT_EQ(meaning(manager, "f"), 1);
    EXPECT_EQ(meaning(manager, "new"), -1);
    EXPECT_OK(lifecycle_symbol_find(manager, "f", &seen));
    EXPECT_EQ(seen, before);
    EXPECT_STATUS(lifecycle_symbol_find(manager, "new", &seen), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(call(entry), 1);
    EXPECT_OK(lifecycle_module_find(manager, "a", &found));
    EXPECT_EQ(found, old);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(meaning(manager, "f"), 2);
    EXPECT_EQ(meaning(manager, "new"), 3);
    EXPECT_OK(lifecycle_symbol_find(manager, "f", &seen));
    EXPECT_EQ(seen, staged);
    EXPECT_EQ(call(entry), 2);
    EXPECT_EQ(answer(manager, "new"), 3);
    EXPECT(lifecycle_symbol_address(manager, before) == NULL);
    EXPECT_OK(lifecycle_module_find(manager, "a", &found));
    EXPECT_EQ(found, fresh);
    EXPECT_STATUS(unload(manager, old), LIFECYCLE_E_STALE);
    EXPECT_EQ(stats_of(manager).reloads, 1);
    EXPECT_EQ(stats_of(manager).unloads, 0);
    EXPECT_EQ(stats_of(manager).tracked_modules, 1);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void count_release(void *resource, void *user)
{
    (void)user;
    ++*(int *)resource;
}

static void an_abort_leaves_no_trace(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh;
    lifecycle_symbol before = map_returning(manager, old, "f", 1, 0), jit;
    int of_old = 0, of_fresh = 0;
    lifecycle_mapping mapping;
    bind(manager, old, "f", 1);
    jit = map_returning(manager, old, "j", 5, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_own(manager, old, &of_old, count_release, NULL, NULL));
    fresh = begin(manager, old);
    bind(manager, fresh, "f", 2);
    map_returning(manager, fresh, "f", 2, 0);
    /* Announced by the fresh side: the old side's symbol is not touched by that. */
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "j"));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "k"));
    EXPECT_OK(lifecycle_own(manager, fresh, &of_fresh, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_smf_from_bytes(manager, fresh, "bytes", "abc", 3, &mapping));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, fresh, 1, 9));
    EXPECT(lifecycle_did_is_live(manager, 5));
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT_EQ(of_fresh, 1);
    EXPECT_EQ(of_old, 0);
    EXPECT(!lifecycle_did_is_live(manager, 5));
    EXPECT_EQ(meaning(manager, "f"), 1);
    EXPECT_EQ(answer(manager, "f"), 1);
    EXPECT_EQ(answer(manager, "j"), 5);
    EXPECT(lifecycle_symbol_address(manager, before) != NULL && lifecycle_symbol_address(manager, jit) != NULL);
    EXPECT_EQ(info_of(manager, old).jit_symbols, 1);
    EXPECT_STATUS(lifecycle_reload_abort(manager, fresh), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_STALE);
    EXPECT_EQ(stats_of(manager).mappings, 0);
    EXPECT_EQ(stats_of(manager).reloads, 0);
    /* And it may be reloaded again, or unloaded. */
    EXPECT_OK(lifecycle_reload_abort(manager, begin(manager, old)));
    EXPECT_OK(unload(manager, old));
    EXPECT_EQ(of_old, 1);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_commit_that_fails_keeps_both_sides(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), other = load(manager, "b"), fresh;
    lifecycle_symbol pinned = map_returning(manager, old, "f", 1, LIFECYCLE_MAP_PINNED), taken;
    bind(manager, old, "f", 1);
    fresh = begin(manager, old);
    map_returning(manager, fresh, "f", 2, 0);
    map_returning(manager, fresh, "g", 2, 0);
    bind(manager, fresh, "f", 2);
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_PINNED);
    EXPECT_SENTENCE("'f'");
    EXPECT_OK(lifecycle_unpin(manager, pinned));
    taken = map_returning(manager, other, "g", 3, 0);
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_EXISTS);
    EXPECT_SENTENCE("'g'");
    EXPECT_EQ(meaning(manager, "f"), 1);
    EXPECT_EQ(answer(manager, "f"), 1);
    EXPECT_EQ(info_of(manager, fresh).exec_symbols, 2);
    EXPECT_EQ(info_of(manager, old).exec_symbols, 1);
    EXPECT_EQ(stats_of(manager).reloads, 0);
    EXPECT_OK(lifecycle_unmap_symbol(manager, taken));
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(meaning(manager, "f"), 2);
    EXPECT_EQ(answer(manager, "f"), 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void one_reload_of_a_module_at_a_time(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh = begin(manager, old), nested = 7;
    lifecycle_unload_report report;
    EXPECT_STATUS(lifecycle_reload_begin(manager, old, &nested), LIFECYCLE_E_BUSY);
    EXPECT_EQ(nested, 0);
    EXPECT_STATUS(lifecycle_reload_begin(manager, fresh, &nested), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_reload_commit(manager, old), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_reload_abort(manager, old), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_unload_module(manager, old, LIFECYCLE_UNLOAD_CASCADE, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, fresh);
    EXPECT_STATUS(unload(manager, fresh), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_reload_begin(manager, old, &nested), LIFECYCLE_E_STALE);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void dependants_follow_to_the_fresh_side(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module base = load(manager, "base"), user = load(manager, "user"), lower = load(manager, "lower"), fresh;
    lifecycle_unload_report report;
    EXPECT_OK(lifecycle_module_depend(manager, user, base));
    EXPECT_OK(lifecycle_module_depend(manager, base, lower));
    fresh = begin(manager, base);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_STATUS(lifecycle_unload_module(manager, fresh, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, user);
    /* What the old side needed is not needed any more unless the fresh side says so. */
    EXPECT_OK(unload(manager, lower));
    EXPECT_OK(lifecycle_unload_module(manager, fresh, LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
    EXPECT_EQ(stats_of(manager).tracked_modules, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void what_the_fresh_side_lacks_disappears(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module below = load(manager, "below"), old = load(manager, "a"), fresh;
    void *const *slot = NULL;
    void *filled;
    bind(manager, below, "shadowed", 0);
    bind(manager, old, "shadowed", 1);
    bind(manager, old, "gone", 1);
    map_returning(manager, old, "gone", 1, 0);
    EXPECT_OK(lifecycle_entry_slot(manager, "gone", &slot));
    filled = *slot;
    fresh = begin(manager, old);
    bind(manager, fresh, "kept", 2);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(meaning(manager, "gone"), -1);
    EXPECT_EQ(meaning(manager, "kept"), 2);
    EXPECT_EQ(meaning(manager, "shadowed"), 0);
    EXPECT_EQ(answer(manager, "gone"), -1);
    EXPECT(*slot != filled);
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_module_in_the_middle_keeps_its_place(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b"), c = load(manager, "c"), fresh;
    bind(manager, a, "f", 1);
    bind(manager, b, "f", 2);
    bind(manager, c, "f", 3);
    fresh = begin(manager, b);
    bind(manager, fresh, "f", 20);
    bind(manager, fresh, "f", 21);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(meaning(manager, "f"), 3);
    EXPECT_OK(unload(manager, c));
    EXPECT_EQ(meaning(manager, "f"), 21);
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
    EXPECT_EQ(meaning(manager, "f"), 20);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(meaning(manager, "f"), 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static lifecycle_module origin_of(lifecycle_manager *manager, const char *name)
{
    lifecycle_module origin = 0;
    return lifecycle_jit_origin(manager, name, &origin) == LIFECYCLE_OK ? origin : 0;
}

static void jit_symbols_are_reloaded_too(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh;
    map_returning(manager, old, "j", 1, LIFECYCLE_MAP_JIT);
    map_returning(manager, old, "gone", 1, LIFECYCLE_MAP_JIT);
    fresh = begin(manager, old);
    map_returning(manager, fresh, "j", 2, LIFECYCLE_MAP_JIT);
    EXPECT_EQ(stats_of(manager).sweeper_tracked, 2);
    EXPECT_EQ(answer(manager, "j"), 1);
    EXPECT_EQ(origin_of(manager, "j"), old);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(answer(manager, "j"), 2);
    EXPECT_EQ(answer(manager, "gone"), -1);
    EXPECT_EQ(origin_of(manager, "j"), fresh);
    EXPECT_EQ(origin_of(manager, "gone"), 0);
    EXPECT_EQ(stats_of(manager).sweeper_tracked, 1);
    EXPECT_EQ(stats_of(manager).total_jit_symbols, 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void an_announcement_of_the_old_side_gives_way_to_the_fresh_sides_code(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh;
    void *const *slot = NULL;
    lifecycle_symbol symbol;
    EXPECT_OK(lifecycle_entry_slot(manager, "j", &slot));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, old, "j"));
    fresh = begin(manager, old);
    symbol = map_returning(manager, fresh, "j", 2, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT(*slot == lifecycle_symbol_address(manager, symbol));
    EXPECT_EQ(answer(manager, "j"), 2);
    EXPECT_EQ(origin_of(manager, "j"), fresh);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(answer(manager, "j"), -1);
    EXPECT_EQ(stats_of(manager).total_jit_symbols, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void an_announcement_of_another_module_is_honoured_at_the_commit(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), other = load(manager, "b"), fresh = begin(manager, old);
    map_returning(manager, fresh, "j", 2, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_on_jit_triggered(manager, other, "j"));
    EXPECT_EQ(origin_of(manager, "j"), other);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(answer(manager, "j"), 2);
    EXPECT_EQ(origin_of(manager, "j"), other);
    EXPECT_EQ(info_of(manager, other).jit_symbols, 1);
    EXPECT_EQ(info_of(manager, fresh).jit_symbols, 0);
    EXPECT_OK(unload(manager, other));
    EXPECT_EQ(answer(manager, "j"), -1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void an_announcement_of_the_fresh_side_waits_for_the_commit(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), other = load(manager, "b"), fresh;
    map_returning(manager, old, "of old", 1, LIFECYCLE_MAP_JIT);
    map_returning(manager, other, "of other", 2, LIFECYCLE_MAP_JIT);
    fresh = begin(manager, old);
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "of old"));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "of other"));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "later"));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "later"));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "mapped"));
    map_returning(manager, fresh, "mapped", 4, LIFECYCLE_MAP_JIT);
    map_returning(manager, fresh, "own", 5, 0);
    EXPECT_OK(lifecycle_on_jit_triggered(manager, fresh, "own"));
    EXPECT_EQ(origin_of(manager, "of old"), old);
    EXPECT_EQ(origin_of(manager, "of other"), other);
    EXPECT_EQ(origin_of(manager, "later"), 0);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    /* The old side's code went with it; the name is expected. */
    EXPECT_EQ(answer(manager, "of old"), -1);
    EXPECT_EQ(origin_of(manager, "of old"), fresh);
    EXPECT_EQ(answer(manager, "of other"), 2);
    EXPECT_EQ(origin_of(manager, "of other"), fresh);
    EXPECT_EQ(answer(manager, "mapped"), 4);
    EXPECT_EQ(answer(manager, "own"), 5);
    EXPECT_EQ(origin_of(manager, "own"), fresh);
    map_returning(manager, other, "later", 3, LIFECYCLE_MAP_JIT);
    EXPECT_EQ(origin_of(manager, "later"), fresh);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_EQ(leaks_of(manager), 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void resources_and_mappings_of_the_old_side_go_at_the_commit(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh;
    lifecycle_mapping before, after;
    lifecycle_reader *reader;
    int of_old = 0, of_fresh = 0;
    void *data;
    write_file("reload.file", "abc", 3);
    EXPECT_OK(lifecycle_own(manager, old, &of_old, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_on_smf_accessed(manager, old, "reload.file", &before));
    EXPECT_OK(lifecycle_data_reserve(manager, old, 100, 0, &data));
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, old, "key"));
    fresh = begin(manager, old);
    EXPECT_OK(lifecycle_own(manager, fresh, &of_fresh, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_on_smf_accessed(manager, fresh, "reload.file", &after));
    EXPECT_EQ(before.id, after.id);
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    /* A thread is inside: it may still use what the old side had. */
    EXPECT_EQ(of_old, 0);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(of_old, 1);
    EXPECT_EQ(of_fresh, 0);
    EXPECT(memcmp(after.data, "abc", 3) == 0);
    EXPECT_EQ(stats_of(manager).mappings, 1);
    EXPECT_EQ(stats_of(manager).metadata, 0);
    EXPECT_OK(unload(manager, fresh));
    EXPECT_EQ(of_fresh, 1);
    EXPECT_EQ(stats_of(manager).mappings, 0);
    unlink("reload.file");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_fresh_side_may_not_take_what_is_anothers(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), other = load(manager, "b"), fresh;
    lifecycle_map_options replace = LIFECYCLE_MAP_OPTIONS_INIT;
    unsigned char code[RETURNS_SIZE];
    lifecycle_symbol symbol = 7;
    size_t count;
    map_returning(manager, other, "f", 1, 0);
    fresh = begin(manager, old);
    returns(code, 2);
    EXPECT_STATUS(lifecycle_map_symbol(manager, fresh, "f", code, sizeof code, NULL, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_EQ(symbol, 0);
    replace.flags = LIFECYCLE_MAP_REPLACE;
    EXPECT_STATUS(lifecycle_map_symbol(manager, fresh, "f", code, sizeof code, &replace, &symbol), LIFECYCLE_E_BUSY);
    /* Its own staged code it may replace, and nobody unmaps that by the owner's name. */
    map_returning(manager, fresh, "g", 1, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_map_symbol(manager, fresh, "g", code, sizeof code, &replace, &symbol));
    EXPECT_EQ(info_of(manager, fresh).exec_symbols + info_of(manager, fresh).jit_symbols, 1);
    map_returning(manager, fresh, "h", 3, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_unmap_owner(manager, "__jit__", &count));
    EXPECT_EQ(count, 0);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(answer(manager, "g"), 2);
    EXPECT_EQ(answer(manager, "h"), 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- modules that others need --- */

/* Code of a module that needs another calls it by name: after the reload it runs the fresh side's. */
static void the_code_of_a_dependant_calls_the_fresh_side(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module base = load(manager, "base"), user = load(manager, "user"), fresh;
    unsigned char jump[JUMP_SIZE];
    lifecycle_relocation relocation = jump_to(jump, "f");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_module_info before, after;
    lifecycle_symbol caller;
    void *entry = entry_of(manager, "f");
    options.relocations = &relocation;
    options.relocation_count = 1;
    map_returning(manager, base, "f", 1, 0);
    EXPECT_OK(lifecycle_map_symbol(manager, user, "caller", jump, sizeof jump, &options, &caller));
    bind(manager, user, "name", 5);
    EXPECT_OK(lifecycle_module_depend(manager, user, base));
    before = info_of(manager, user);
    fresh = begin(manager, base);
    map_returning(manager, fresh, "f", 2, 0);
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(lifecycle_symbol_address(manager, caller)), 1);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(lifecycle_symbol_address(manager, caller)), 2);
    EXPECT(entry_of(manager, "f") == entry);
    after = info_of(manager, user);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    EXPECT_STATUS(unload(manager, fresh), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void what_is_said_of_the_fresh_side_counts_from_the_commit(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module base = load(manager, "base"), user = load(manager, "user"), both = load(manager, "both");
    lifecycle_module lower = load(manager, "lower"), fresh;
    lifecycle_unload_report report;
    EXPECT_OK(lifecycle_module_depend(manager, both, base));
    fresh = begin(manager, base);
    EXPECT_OK(lifecycle_module_depend(manager, user, fresh));
    EXPECT_OK(lifecycle_module_depend(manager, both, fresh));
    EXPECT_OK(lifecycle_module_depend(manager, fresh, lower));
    EXPECT_OK(lifecycle_module_depend(manager, fresh, base));
    EXPECT_OK(lifecycle_module_depend(manager, base, fresh));
    /* What the fresh side needs may not go under it, and a cascade would take a reload along. */
    EXPECT_STATUS(lifecycle_unload_module(manager, lower, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, fresh);
    EXPECT_STATUS(lifecycle_unload_module(manager, lower, LIFECYCLE_UNLOAD_CASCADE, &report, sizeof report),
                  LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, fresh);
    EXPECT_EQ(stats_of(manager).tracked_modules, 5);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_STATUS(lifecycle_unload_module(manager, lower, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, fresh);
    EXPECT_STATUS(unload(manager, fresh), LIFECYCLE_E_BUSY);
    EXPECT_OK(unload(manager, both));
    EXPECT_STATUS(lifecycle_unload_module(manager, fresh, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, user);
    EXPECT_OK(unload(manager, user));
    EXPECT_OK(unload(manager, fresh));
    EXPECT_OK(unload(manager, lower));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void an_abort_leaves_the_needs_that_changed_meanwhile(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module base = load(manager, "base"), early = load(manager, "early"), late = load(manager, "late");
    lifecycle_module lower = load(manager, "lower"), fresh;
    lifecycle_unload_report report;
    EXPECT_OK(lifecycle_module_depend(manager, early, base));
    fresh = begin(manager, base);
    EXPECT_OK(lifecycle_module_depend(manager, late, base));
    EXPECT_OK(lifecycle_module_depend(manager, base, lower));
    EXPECT_OK(lifecycle_module_depend(manager, fresh, early));
    EXPECT_OK(lifecycle_module_depend(manager, lower, fresh));
    EXPECT_STATUS(unload(manager, early), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    /* What the fresh side needed, and who needed it, is free of it. */
    EXPECT_OK(unload(manager, early));
    EXPECT_STATUS(lifecycle_unload_module(manager, base, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, late);
    EXPECT_STATUS(lifecycle_unload_module(manager, lower, 0, &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_EQ(report.blocker_module, base);
    EXPECT_OK(lifecycle_unload_module(manager, lower, LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
    EXPECT_EQ(stats_of(manager).tracked_modules, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_cascade_stops_at_a_reload_and_takes_nothing(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module lower = load(manager, "lower"), base = load(manager, "base"), top = load(manager, "top"), fresh;
    lifecycle_unload_report report;
    lifecycle_stats before, after;
    EXPECT_OK(lifecycle_module_depend(manager, base, lower));
    EXPECT_OK(lifecycle_module_depend(manager, top, base));
    bind(manager, top, "f", 1);
    fresh = begin(manager, base);
    before = stats_of(manager);
    EXPECT_STATUS(lifecycle_unload_module(manager, lower, LIFECYCLE_UNLOAD_CASCADE | LIFECYCLE_UNLOAD_FORCE_PINNED,
                                          &report, sizeof report), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("module 'base' is in a reload");
    EXPECT_EQ(report.blocker_module, fresh);
    after = stats_of(manager);
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    EXPECT_EQ(meaning(manager, "f"), 1);
    EXPECT_STATUS(unload(manager, base), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    /* The fresh side does not need it any more. */
    EXPECT_OK(unload(manager, lower));
    EXPECT_OK(lifecycle_unload_module(manager, fresh, LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
    EXPECT_EQ(stats_of(manager).tracked_modules, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Two modules that need each other are reloaded at once, and committed in either order. */
static void two_of_a_circle_are_reloaded_at_once(void)
{
    for (int first = 0; first < 2; first++) {
        lifecycle_manager *manager = make_manager(NULL);
        lifecycle_module old[2], fresh[2];
        lifecycle_unload_report report;
        old[0] = load(manager, "left");
        old[1] = load(manager, "right");
        for (int i = 0; i < 2; i++)
            EXPECT_OK(lifecycle_module_depend(manager, old[i], old[1 - i]));
        for (int i = 0; i < 2; i++)
            fresh[i] = begin(manager, old[i]);
        /* Each needs the other's old side, as it is all that is seen of it. */
        for (int i = 0; i < 2; i++)
            EXPECT_OK(lifecycle_module_depend(manager, fresh[i], old[1 - i]));
        EXPECT_OK(lifecycle_reload_commit(manager, fresh[first]));
        EXPECT_OK(lifecycle_reload_commit(manager, fresh[1 - first]));
        for (int i = 0; i < 2; i++) {
            EXPECT_STATUS(lifecycle_unload_module(manager, fresh[i], 0, &report, sizeof report), LIFECYCLE_E_BUSY);
            EXPECT_EQ(report.blocker_module, fresh[1 - i]);
            EXPECT_STATUS(unload(manager, old[i]), LIFECYCLE_E_STALE);
        }
        EXPECT_EQ(stats_of(manager).tracked_modules, 2);
        EXPECT_OK(lifecycle_unload_module(manager, fresh[0], LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
        EXPECT_EQ(stats_of(manager).tracked_modules, 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

/* --- who counts, and the end --- */

struct tally {
    int loaded, unloaded;
};

static void count_modules(const lifecycle_event *event, void *user)
{
    struct tally *it = user;
    it->loaded += event->kind == LIFECYCLE_EVENT_MODULE_LOADED;
    it->unloaded += event->kind == LIFECYCLE_EVENT_MODULE_UNLOADED;
}

static void each_side_is_told_once_when_it_comes_and_once_when_it_goes(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    struct tally it = {0, 0};
    lifecycle_module module, fresh;
    uint64_t generation;
    observer.on_event = count_modules;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &it));
    module = load(manager, "a");
    generation = info_of(manager, module).generation;
    fresh = begin(manager, module);
    EXPECT(it.loaded == 2 && it.unloaded == 0);
    EXPECT(info_of(manager, fresh).generation > generation);
    generation = info_of(manager, fresh).generation;
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT(it.loaded == 2 && it.unloaded == 1);
    fresh = begin(manager, module);
    EXPECT(info_of(manager, fresh).generation > generation);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT(it.loaded == 3 && it.unloaded == 2);
    /* Neither is a load or an unload of the host's. */
    EXPECT_EQ(stats_of(manager).loads, 1);
    EXPECT_EQ(stats_of(manager).unloads, 0);
    EXPECT_EQ(stats_of(manager).reloads, 1);
    EXPECT_OK(unload(manager, fresh));
    EXPECT(it.loaded == 3 && it.unloaded == 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_end_takes_both_sides_of_a_reload(void)
{
    counting memory;
    lifecycle_manager *manager = make_counted(&memory);
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_module old = load(manager, "a"), user = load(manager, "user"), fresh;
    struct tally it = {0, 0};
    int of_old = 0, of_fresh = 0, of_user = 0;
    EXPECT_OK(lifecycle_module_depend(manager, user, old));
    map_returning(manager, old, "f", 1, LIFECYCLE_MAP_PINNED);
    bind(manager, old, "f", 1);
    fresh = begin(manager, old);
    EXPECT_OK(lifecycle_module_depend(manager, fresh, user));
    map_returning(manager, fresh, "f", 2, LIFECYCLE_MAP_PINNED);
    bind(manager, fresh, "f", 2);
    EXPECT_OK(lifecycle_own(manager, old, &of_old, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_own(manager, fresh, &of_fresh, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_own(manager, user, &of_user, count_release, NULL, NULL));
    observer.on_event = count_modules;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &it));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT(of_old == 1 && of_fresh == 1 && of_user == 1);
    EXPECT_EQ(it.unloaded, 3);
    EXPECT_EQ(memory.blocks, 0);
}

/* A commit that was refused may be given up as well: nothing of either try is left. */
static void a_refused_commit_may_be_aborted(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), other = load(manager, "b"), user = load(manager, "user"), fresh;
    lifecycle_stats before, after;
    EXPECT_OK(lifecycle_module_depend(manager, user, old));
    bind(manager, old, "f", 1);
    map_returning(manager, old, "f", 1, 0);
    before = stats_of(manager);
    fresh = begin(manager, old);
    bind(manager, fresh, "f", 2);
    map_returning(manager, fresh, "f", 2, 0);
    map_returning(manager, fresh, "g", 2, 0);
    EXPECT_OK(lifecycle_module_depend(manager, other, fresh));
    map_returning(manager, other, "g", 3, 0);
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_EXISTS);
    EXPECT_EQ(answer(manager, "f"), 1);
    EXPECT_EQ(meaning(manager, "f"), 1);
    EXPECT_STATUS(unload(manager, old), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT_EQ(answer(manager, "g"), 3);
    EXPECT_OK(unload(manager, other));
    after = stats_of(manager);
    /* All but the module that was unloaded. */
    after.unloads--;
    after.tracked_modules++;
    before.code_bytes_reserved = after.code_bytes_reserved = 0;
    before.code_bytes_metadata = after.code_bytes_metadata = 0;
    before.entries = after.entries = 0;
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    EXPECT_STATUS(unload(manager, old), LIFECYCLE_E_BUSY);
    EXPECT_OK(unload(manager, user));
    EXPECT_OK(unload(manager, old));
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(nothing_of_the_fresh_side_is_seen_before_the_commit);
    RUN(an_abort_leaves_no_trace);
    RUN(a_commit_that_fails_keeps_both_sides);
    RUN(one_reload_of_a_module_at_a_time);
    RUN(dependants_follow_to_the_fresh_side);
    RUN(what_the_fresh_side_lacks_disappears);
    RUN(a_module_in_the_middle_keeps_its_place);
    RUN(jit_symbols_are_reloaded_too);
    RUN(an_announcement_of_the_old_side_gives_way_to_the_fresh_sides_code);
    RUN(an_announcement_of_another_module_is_honoured_at_the_commit);
    RUN(an_announcement_of_the_fresh_side_waits_for_the_commit);
    RUN(resources_and_mappings_of_the_old_side_go_at_the_commit);
    RUN(the_fresh_side_may_not_take_what_is_anothers);
    RUN(the_code_of_a_dependant_calls_the_fresh_side);
    RUN(what_is_said_of_the_fresh_side_counts_from_the_commit);
    RUN(an_abort_leaves_the_needs_that_changed_meanwhile);
    RUN(a_cascade_stops_at_a_reload_and_takes_nothing);
    RUN(two_of_a_circle_are_reloaded_at_once);
    RUN(each_side_is_told_once_when_it_comes_and_once_when_it_goes);
    RUN(the_end_takes_both_sides_of_a_reload);
    RUN(a_refused_commit_may_be_aborted);
    return expect_done();
}
