/* The ten faults of the runtimes that came before, each with the test that it would not pass. */
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "support.h"

struct SplArray;
struct SplDict;
struct SplValue {
    int tag; /* 0 nil, 1 bool, 2 int, 3 float, 4 string, 5 array, 6 dict */
    union {
        int64_t number;
        double real;
        char *text;
        struct SplArray *array;
        struct SplDict *dict;
    } as;
};

static void *refused;

int munmap(void *address, size_t len)
{
    if (refused != NULL && address == refused) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_munmap, address, len);
}

static void count_release(void *resource, void *user)
{
    (void)resource;
    ++*(int *)user;
}

static int64_t meaning(lifecycle_manager *manager, const char *name)
{
    lifecycle_binding binding;
    return lifecycle_lookup(manager, LIFECYCLE_FUNC, name, strlen(name), &binding) == LIFECYCLE_OK ? binding.value : -1;
}

static void fault_01_loading_a_path_twice_loses_nothing(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf"), second;
    int released = 0;
    EXPECT_OK(lifecycle_own(manager, module, NULL, count_release, &released, NULL));
    map_returning(manager, module, "f", 1, 0);
    EXPECT_STATUS(lifecycle_on_module_load(manager, "a.smf", &second), LIFECYCLE_E_EXISTS);
    EXPECT(info_of(manager, module).resources == 1 && info_of(manager, module).exec_symbols == 1);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(released, 1);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void fault_02_a_hook_with_an_unknown_module_changes_nothing(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module gone = load(manager, "gone");
    lifecycle_mapping mapping;
    lifecycle_stats before, after;
    size_t count;
    write_file("faults.file", "abc", 3);
    EXPECT_OK(unload(manager, gone));
    before = stats_of(manager);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, gone, "faults.file", &mapping), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_smf_refcount(manager, "faults.file", &count), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_smf_from_bytes(manager, gone, "key", "abc", 3, &mapping), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_metadata_loaded(manager, gone, "key"), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_jit_triggered(manager, gone, "j"), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_interp_func_registered(manager, gone, "f", 1, 0), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, gone, 1, 2), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_map_symbol(manager, gone, "f", "\xc3", 1, NULL, NULL), LIFECYCLE_E_STALE);
    after = stats_of(manager);
    EXPECT(after.mappings == before.mappings && after.total_jit_symbols == before.total_jit_symbols);
    EXPECT(after.names_func == before.names_func && after.symbols_live == before.symbols_live);
    EXPECT_EQ(after.code_bytes_live, before.code_bytes_live);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT(!lifecycle_did_is_live(manager, 1));
    unlink("faults.file");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void note_unloaded(const lifecycle_event *event, void *user)
{
    lifecycle_event *kept = user;
    if (event->kind == LIFECYCLE_EVENT_MODULE_UNLOADED) {
        EXPECT(strcmp(event->name, "a.smf") == 0);
        *kept = *event;
    }
}

static void fault_03_what_an_unload_freed_is_told_after_the_record_is_gone(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_event heard = {0};
    lifecycle_unload_report report;
    lifecycle_module module = load(manager, "a.smf");
    observer.on_event = note_unloaded;
    EXPECT_OK(lifecycle_set_observer(manager, &observer, &heard));
    map_returning(manager, module, "f", 1, 0);
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, "f", 1, 0));
    EXPECT_OK(lifecycle_unload_module(manager, module, 0, &report, sizeof report));
    EXPECT(report.exec_symbols == 1 && report.names == 1 && report.code_bytes == RETURNS_SIZE);
    EXPECT(heard.module == module && heard.bytes == RETURNS_SIZE);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void fault_04_what_a_sweep_took_is_not_unmapped_again_by_name(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_symbol swept = map_returning(manager, a, "j", 1, LIFECYCLE_MAP_JIT), newer;
    lifecycle_unload_report report;
    for (int i = 0; i < 5; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
    EXPECT_OK(lifecycle_sweep_unused(manager, 2, NULL, 0));
    EXPECT_EQ(info_of(manager, a).jit_symbols, 0);
    newer = map_returning(manager, b, "j", 2, LIFECYCLE_MAP_JIT);
    EXPECT_STATUS(lifecycle_unmap_symbol(manager, swept), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_unload_module(manager, a, 0, &report, sizeof report));
    EXPECT_EQ(report.jit_symbols, 0);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, newer)), 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void fault_05_an_unload_takes_no_other_modules_binding(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, a, "f", 1, 0));
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, b, "f", 2, 0));
    EXPECT_OK(unload(manager, a));
    EXPECT_EQ(meaning(manager, "f"), 2);
    a = load(manager, "a");
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, a, "f", 3, 0));
    EXPECT_OK(unload(manager, a));
    EXPECT_EQ(meaning(manager, "f"), 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct runner {
    lifecycle_manager *manager;
    const void *code;
    int inside;
    int go_on;
    int answer;
} runner;

static void *run_old_code(void *argument)
{
    runner *it = argument;
    lifecycle_reader *reader = NULL;
    EXPECT_OK(lifecycle_reader_attach(it->manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    __atomic_store_n(&it->inside, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&it->go_on, __ATOMIC_ACQUIRE))
        usleep(100);
    it->answer = call(it->code);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reader_detach(reader));
    return NULL;
}

static void fault_06_code_is_there_as_long_as_a_thread_is_in_it(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    runner it = {manager, lifecycle_symbol_address(manager, map_returning(manager, module, "f", 9, 0)), 0, 0, 0};
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, run_old_code, &it) == 0);
    while (!__atomic_load_n(&it.inside, __ATOMIC_ACQUIRE))
        usleep(100);
    /* Not refused, as a pin would, and not under the thread's feet. */
    EXPECT_OK(unload(manager, module));
    map_returning(manager, load(manager, "b"), "f", 10, 0);
    __atomic_store_n(&it.go_on, 1, __ATOMIC_RELEASE);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT_EQ(it.answer, 9);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static size_t calls_to_unmap_one_of(size_t others, uint64_t *examined)
{
    counting count;
    lifecycle_manager *manager = make_counted(&count);
    lifecycle_module crowd = load(manager, "crowd"), module = load(manager, "a");
    lifecycle_sweep_report report;
    char name[24];
    size_t calls, unmapped = 0;
    map_returning(manager, module, "f", 1, 0);
    for (size_t i = 0; i < others; i++) {
        snprintf(name, sizeof name, "f%zu", i);
        map_returning(manager, crowd, name, 1, LIFECYCLE_MAP_JIT);
    }
    calls = count.calls;
    EXPECT_OK(lifecycle_unmap_owner(manager, "a", &unmapped));
    calls = count.calls - calls;
    EXPECT_EQ(unmapped, 1);
    EXPECT_OK(lifecycle_sweep_unused(manager, 50, &report, sizeof report));
    *examined = report.examined;
    EXPECT_OK(lifecycle_destroy(manager));
    return calls;
}

static size_t mapped_regions(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t lines = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        lines += strstr(line, "r-x") != NULL;
    if (maps != NULL)
        fclose(maps);
    return lines;
}

static void fault_07_a_cost_is_that_of_what_changed(void)
{
    uint64_t examined = 99;
    size_t few = calls_to_unmap_one_of(1, &examined), many, before;
    lifecycle_manager *manager;
    lifecycle_module module;
    char name[24];
    EXPECT_EQ(examined, 0);
    many = calls_to_unmap_one_of(expect_scale(5000, 500), &examined);
    EXPECT(many <= few + 2);
    EXPECT_EQ(examined, 0);
    /* Nor does a symbol cost a mapping of its own. */
    manager = make_manager(NULL);
    module = load(manager, "a");
    map_returning(manager, module, "first", 1, 0);
    before = mapped_regions();
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "f%u", i);
        map_returning(manager, module, name, 1, 0);
    }
    EXPECT(mapped_regions() <= before + 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Declared by the header where this build has it; a runtime without such values goes without. */
extern void spl_free_all_values(struct SplValue *values, int64_t count) __attribute__((weak));

static void fault_08_a_shared_string_is_freed_once(void)
{
    struct SplValue values[3];
    if (spl_free_all_values == NULL) {
        printf("skipped: values of the Simple runtime (this library was built without)\n");
        return;
    }
    memset(values, 0, sizeof values);
    for (int i = 0; i < 3; i++)
        values[i].tag = 4;
    values[0].as.text = values[2].as.text = strdup("shared");
    values[1].as.text = strdup("alone");
    spl_free_all_values(values, 3);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(values[i].tag, 0);
}

static void fault_09_cleanup_removes_the_file_and_the_code(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol = map_returning(manager, module, "f", 1, 0);
    const char *file = "tmp/jit/simple_soft_jit_9223372036854775807.spl";
    mkdir("tmp", 0755);
    mkdir("tmp/jit", 0755);
    write_file(file, "code", 4);
    EXPECT_OK(lifecycle_exec_manager_bind(manager, INT64_MAX, module));
    lifecycle_exec_manager_cleanup(INT64_MAX);
    EXPECT(access(file, F_OK) != 0);
    EXPECT(lifecycle_symbol_address(manager, symbol) == NULL);
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    unlink(file), rmdir("tmp/jit"), rmdir("tmp");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void fault_10_what_fails_keeps_what_it_had(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a"), fresh;
    lifecycle_mapping mapping;
    lifecycle_symbol pinned = map_returning(manager, module, "f", 1, LIFECYCLE_MAP_PINNED);
    char *bytes = calloc(1, 20000);
    /* A reload that fails. */
    EXPECT_OK(lifecycle_reload_begin(manager, module, &fresh));
    map_returning(manager, fresh, "f", 2, 0);
    EXPECT_STATUS(lifecycle_reload_commit(manager, fresh), LIFECYCLE_E_PINNED);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, pinned)), 1);
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT_EQ(call(lifecycle_symbol_address(manager, pinned)), 1);
    EXPECT_OK(lifecycle_unpin(manager, pinned));
    /* A munmap that fails. */
    write_file("faults.file", bytes, 20000);
    EXPECT_OK(lifecycle_on_smf_accessed(manager, module, "faults.file", &mapping));
    refused = (void *)(uintptr_t)mapping.data;
    EXPECT_OK(unload(manager, module));
    EXPECT(stats_of(manager).failed_releases == 1 || stats_of(manager).mappings == 0);
    refused = NULL;
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(stats_of(manager).failed_releases, 0);
    EXPECT_EQ(leaks_of(manager), 0);
    free(bytes);
    unlink("faults.file");
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(fault_01_loading_a_path_twice_loses_nothing);
    RUN(fault_02_a_hook_with_an_unknown_module_changes_nothing);
    RUN(fault_03_what_an_unload_freed_is_told_after_the_record_is_gone);
    RUN(fault_04_what_a_sweep_took_is_not_unmapped_again_by_name);
    RUN(fault_05_an_unload_takes_no_other_modules_binding);
    RUN(fault_06_code_is_there_as_long_as_a_thread_is_in_it);
    RUN(fault_07_a_cost_is_that_of_what_changed);
    RUN(fault_08_a_shared_string_is_freed_once);
    RUN(fault_09_cleanup_removes_the_file_and_the_code);
    RUN(fault_10_what_fails_keeps_what_it_had);
    return expect_done();
}
