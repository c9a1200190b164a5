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
    return expect_done();
}
