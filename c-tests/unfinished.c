/*
 * unfinished.c - a program that ends without destroying anything: an
 * execution manager made through the drop-ins, a manager with a module that
 * owns something of everything, an arena, an interpreter in an eval. What is
 * still held is no leak to valgrind or LeakSanitizer, because somebody still
 * points at it.
 */
#include "expect.h"

static void never(void *resource, void *user)
{
    (void)resource, (void)user;
    EXPECT(!"released though nobody unloaded it");
}

static void everything_is_still_held_at_exit(void)
{
    lifecycle_manager *manager = NULL;
    lifecycle_module module = 0, other = 0;
    lifecycle_mapping mapping;
    lifecycle_arena *arena = NULL;
    lifecycle_reader *reader = NULL;
    lifecycle_stats stats;
    lifecycle_interp *interp = NULL;
    lifecycle_value *value = NULL;
    lifecycle_handle list;
    lifecycle_scope scope;
    void *entry;
    int i;

    EXPECT(rt_exec_manager_create("jit") > 0);
    EXPECT_OK(lifecycle_create(NULL, &manager));
    EXPECT_OK(lifecycle_on_module_load(manager, "never unloaded", &module));
    EXPECT_OK(lifecycle_on_module_load(manager, "needed", &other));
    EXPECT_OK(lifecycle_module_depend(manager, module, other));
    for (i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "name%d", i);
        EXPECT_OK(lifecycle_map_symbol(manager, module, name, "\xc3", 1, NULL,
                                       NULL));
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, name, i,
                                                      0));
        EXPECT_OK(lifecycle_own(manager, module, NULL, never, NULL, NULL));
    }
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, "types"));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, module, 0, 99));
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "bytes", "abc", 3,
                                       &mapping));
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
#if defined(__x86_64__)
    EXPECT_OK(lifecycle_entry(manager, "name1", &entry));
#else
    (void)entry;
#endif
    EXPECT_OK(lifecycle_arena_create(NULL, &arena));
    EXPECT(lifecycle_arena_alloc(arena, 100) != NULL);
    EXPECT_OK(lifecycle_interp_create(NULL, &interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    list = lifecycle_list(interp, NULL, 0);
    for (i = 0; i < 1000; i++)
        EXPECT_OK(lifecycle_list_push_in_place(interp, list,
                                               lifecycle_int(interp, i)));
    EXPECT_OK(lifecycle_ns_create(interp, "::a::b", 6));
    EXPECT_OK(lifecycle_ns_var_set(interp, "::a::b", 6, "v", 1, list));
    EXPECT_OK(lifecycle_command_set(interp, "::a::b", 6, "c", 1, 1, interp, 0,
                                    list));
    EXPECT_OK(lifecycle_trace_add(interp, 1, "v", 1, "read", 4, list));
    EXPECT_OK(lifecycle_frame_push(interp, list, list));
    EXPECT_OK(lifecycle_var_set(interp, "local", 5, list));
    EXPECT_OK(lifecycle_materialize(interp, list, &value));
    EXPECT_OK(lifecycle_stats_get(manager, &stats, sizeof stats));
    EXPECT_EQ(stats.symbols_live, 100);
}

int main(void)
{
    RUN(everything_is_still_held_at_exit);
    return expect_done();
}
