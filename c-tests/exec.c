/* Execution managers, the drop-ins of the Simple runtime: header section 4. */
#include <sys/stat.h>

#include "support.h"

static bool there(int64_t handle)
{
    char path[96];
    snprintf(path, sizeof path, "tmp/jit/simple_soft_jit_%lld.spl", (long long)handle);
    return access(path, F_OK) == 0;
}

static void write_soft_jit(int64_t handle)
{
    char path[96];
    snprintf(path, sizeof path, "tmp/jit/simple_soft_jit_%lld.spl", (long long)handle);
    mkdir("tmp", 0755);
    mkdir("tmp/jit", 0755);
    write_file(path, "fn main", 7);
}

static lifecycle_module module_of(int64_t handle)
{
    char path[64];
    lifecycle_module module = 0;
    snprintf(path, sizeof path, "exec-manager:%lld", (long long)handle);
    EXPECT_OK(lifecycle_module_find(lifecycle_default(), path, &module));
    return module;
}

static void create_knows_its_backends(void)
{
    static const char *const backends[] = {"auto", "jit", "soft_jit", "native", NULL};
    int64_t last = 0;
    for (int i = 0; i < 5; i++) {
        int64_t handle = rt_exec_manager_create(backends[i]);
        EXPECT(handle > last);
        last = handle;
        rt_exec_manager_cleanup(handle);
    }
    EXPECT_EQ(rt_exec_manager_create("llvm-of-another-kind"), 0);
    EXPECT_SENTENCE("llvm-of-another-kind");
    EXPECT_EQ(rt_exec_manager_create(""), 0);
    EXPECT_EQ(lifecycle_exec_manager_create("JIT"), 0);
    EXPECT_EQ(stats_of(lifecycle_default()).tracked_modules, 0);
}

static void a_function_is_had_once_it_is_mapped(void)
{
    int64_t handle = rt_exec_manager_create("jit"), other = lifecycle_exec_manager_create("jit");
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 0);
    map_returning(lifecycle_default(), module_of(handle), "f", 1, 0);
    map_returning(lifecycle_default(), module_of(handle), "j", 1, LIFECYCLE_MAP_JIT);
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 1);
    EXPECT_EQ(lifecycle_exec_manager_has_function(handle, "j"), 1);
    EXPECT_EQ(rt_exec_manager_has_function(other, "f"), 0);
    EXPECT_EQ(rt_exec_manager_has_function(handle, NULL), 0);
    EXPECT_EQ(rt_exec_manager_has_function(-1, "f"), 0);
    EXPECT_EQ(rt_exec_manager_has_function(0, "f"), 0);
    EXPECT_EQ(rt_exec_manager_has_function(INT64_MAX, "f"), 0);
    rt_exec_manager_cleanup(handle);
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 0);
    lifecycle_exec_manager_cleanup(other);
}

static void cleanup_removes_the_file_and_frees_the_code(void)
{
    int64_t handle = rt_exec_manager_create("soft_jit"), other = rt_exec_manager_create("soft_jit");
    lifecycle_symbol symbol;
    write_soft_jit(handle);
    write_soft_jit(other);
    symbol = map_returning(lifecycle_default(), module_of(handle), "f", 1, 0);
    map_returning(lifecycle_default(), module_of(other), "g", 1, 0);
    rt_exec_manager_cleanup(handle);
    EXPECT(!there(handle) && there(other));
    EXPECT(lifecycle_symbol_address(lifecycle_default(), symbol) == NULL);
    EXPECT_EQ(stats_of(lifecycle_default()).symbols_live, 1);
    EXPECT_EQ(stats_of(lifecycle_default()).tracked_modules, 1);
    /* Twice is once, with a file somebody made anew too. */
    rt_exec_manager_cleanup(handle);
    EXPECT_EQ(stats_of(lifecycle_default()).tracked_modules, 1);
    lifecycle_exec_manager_cleanup(other);
    EXPECT(!there(other));
    EXPECT_EQ(stats_of(lifecycle_default()).symbols_live, 0);
}

static void handles_that_are_nobodys_touch_nothing(void)
{
    static const int64_t nobodys[] = {0, -1, -7, INT64_MIN};
    int64_t handle = rt_exec_manager_create(NULL);
    for (int i = 0; i < 4; i++) {
        write_soft_jit(nobodys[i]);
        rt_exec_manager_cleanup(nobodys[i]);
        lifecycle_exec_manager_cleanup(nobodys[i]);
        EXPECT(there(nobodys[i]));
    }
    EXPECT_EQ(stats_of(lifecycle_default()).tracked_modules, 1);
    /* The longest name there is, without a manager of its own: the file goes, cut off nowhere. */
    write_soft_jit(INT64_MAX);
    EXPECT(there(INT64_MAX));
    rt_exec_manager_cleanup(INT64_MAX);
    EXPECT(!there(INT64_MAX));
    rt_exec_manager_cleanup(INT64_MAX);
    rt_exec_manager_cleanup(handle);
}

static void a_bound_module_loses_its_code_and_keeps_its_record(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a"), other = load(manager, "b");
    const int64_t handle = INT64_C(1) << 40;
    EXPECT_OK(lifecycle_exec_manager_bind(manager, handle, module));
    EXPECT_STATUS(lifecycle_exec_manager_bind(manager, handle, other), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_exec_manager_bind(manager, 0, other), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_exec_manager_bind(manager, -1, other), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_exec_manager_bind(manager, 5, 0), LIFECYCLE_E_INVALID);
    map_returning(manager, module, "f", 1, 0);
    map_returning(manager, module, "j", 1, LIFECYCLE_MAP_JIT);
    map_returning(manager, other, "g", 1, 0);
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, "name", 1, 0));
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 1);
    EXPECT_EQ(rt_exec_manager_has_function(handle, "g"), 0);
    write_soft_jit(handle);
    rt_exec_manager_cleanup(handle);
    EXPECT(!there(handle));
    EXPECT_EQ(stats_of(manager).symbols_live, 1);
    EXPECT_EQ(info_of(manager, module).names, 1);
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 0);
    /* Bound no more: what it maps later is its own affair, and the handle may be bound anew. */
    map_returning(manager, module, "f", 1, 0);
    rt_exec_manager_cleanup(handle);
    EXPECT_EQ(stats_of(manager).symbols_live, 2);
    EXPECT_OK(lifecycle_exec_manager_bind(manager, handle, other));
    EXPECT_OK(unload(manager, other));
    EXPECT_OK(lifecycle_exec_manager_bind(manager, handle, module));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 0);
    rt_exec_manager_cleanup(handle);
}

static void a_handle_follows_its_module_through_a_reload(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module old = load(manager, "a"), fresh;
    const int64_t handle = INT64_C(1) << 41;
    EXPECT_OK(lifecycle_exec_manager_bind(manager, handle, old));
    EXPECT_OK(lifecycle_reload_begin(manager, old, &fresh));
    map_returning(manager, fresh, "f", 1, 0);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(rt_exec_manager_has_function(handle, "f"), 1);
    rt_exec_manager_cleanup(handle);
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_EQ(info_of(manager, fresh).exec_symbols, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_created_handle_is_never_one_that_the_host_bound(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    int64_t handle = rt_exec_manager_create(NULL), next;
    rt_exec_manager_cleanup(handle);
    EXPECT_OK(lifecycle_exec_manager_bind(manager, handle + 1, module));
    EXPECT_OK(lifecycle_exec_manager_bind(manager, handle + 2, module));
    map_returning(manager, module, "f", 1, 0);
    next = rt_exec_manager_create(NULL);
    EXPECT(next > handle + 2);
    rt_exec_manager_cleanup(next);
    EXPECT_EQ(rt_exec_manager_has_function(handle + 1, "f"), 1);
    EXPECT_EQ(stats_of(lifecycle_default()).tracked_modules, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_process_has_one_module_for_a_handle(void)
{
    lifecycle_manager *one = make_manager(NULL), *two = make_manager(NULL);
    const int64_t handle = INT64_C(1) << 42;
    EXPECT_OK(lifecycle_exec_manager_bind(one, handle, load(one, "a")));
    EXPECT_STATUS(lifecycle_exec_manager_bind(two, handle, load(two, "a")), LIFECYCLE_E_EXISTS);
    EXPECT_OK(lifecycle_destroy(one));
    EXPECT_OK(lifecycle_exec_manager_bind(two, handle, load(two, "b")));
    EXPECT_OK(lifecycle_destroy(two));
}

static void what_fails_is_told(void)
{
    int64_t handle = rt_exec_manager_create(NULL);
    lifecycle_symbol symbol = map_returning(lifecycle_default(), module_of(handle), "held", 1, LIFECYCLE_MAP_PINNED);
    rt_exec_manager_cleanup(handle);
    EXPECT_SENTENCE("'held'");
    EXPECT_EQ(rt_exec_manager_has_function(handle, "held"), 1);
    EXPECT_OK(lifecycle_unpin(lifecycle_default(), symbol));
    rt_exec_manager_cleanup(handle);
    EXPECT_EQ(stats_of(lifecycle_default()).symbols_live, 0);
    EXPECT_OK(lifecycle_destroy(lifecycle_default()));
}

int main(void)
{
    char folder[] = "exec.XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return EXIT_FAILURE;
    RUN(create_knows_its_backends);
    RUN(a_function_is_had_once_it_is_mapped);
    RUN(cleanup_removes_the_file_and_frees_the_code);
    RUN(handles_that_are_nobodys_touch_nothing);
    RUN(a_bound_module_loses_its_code_and_keeps_its_record);
    RUN(a_handle_follows_its_module_through_a_reload);
    RUN(a_created_handle_is_never_one_that_the_host_bound);
    RUN(the_process_has_one_module_for_a_handle);
    RUN(what_fails_is_told);
    return expect_done();
}
