/* What the modules held and what was left, measured: every figure comes from the library's statistics, from the
 * runtime's counters that the release functions count down, or from the system. */
#include "minirt.h"

#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_POINTS 5
#define MAX_GROWTH 1024   /* KiB that the second half of the cycles may add: the allocator's and the system's own */

typedef struct {
    const char *name;
    uint64_t count;
} row;

#define ROWS 16

static bool soft_file_exists(int64_t handle) {
    char path[64];
    snprintf(path, sizeof path, "tmp/jit/simple_soft_jit_%lld.spl", (long long)handle);
    return handle != 0 && access(path, F_OK) == 0;
}

static int count_owned(lifecycle_module id, const char *path, void *user) {
    (void)path;
    uint64_t *exec_symbols = ((void **)user)[1];
    lifecycle_module_info info;
    if (lifecycle_module_info_get(((void **)user)[0], id, &info, sizeof info) == LIFECYCLE_OK)
        *exec_symbols += info.exec_symbols;
    return 0;
}

static void measure(runtime *rt, int64_t handle, row *rows) {
    lifecycle_stats s;
    uint64_t exec_symbols = 0;
    void *context[] = { rt->manager, &exec_symbols };
    memset(&s, 0, sizeof s);
    lifecycle_stats_get(rt->manager, &s, sizeof s);
    lifecycle_each_module(rt->manager, count_owned, context);
    const row now[ROWS] = {
        { "modules", s.tracked_modules },
        { "executable pages: symbols mapped from SMF files", exec_symbols },
        { "JIT pages: symbols compiled while running", s.total_jit_symbols },
        { "code bytes, live and waiting", s.code_bytes_live + s.code_bytes_retired },
        { "SMF file mappings", s.mappings },
        { "template metadata", s.metadata },
        { "compiler contexts", rt->live.contexts },
        { "source texts", rt->live.sources },
        { "AST nodes", rt->live.nodes },
        { "value strings kept by globals", rt->live.strings },
        { "value lists and structs kept by globals", rt->live.containers },
        { "function table entries", s.names_func },
        { "struct and enum table entries", s.names_struct + s.names_enum },
        { "global table entries", s.names_global },
        { "resources with a release function", s.resources },
        { "soft-JIT files", soft_file_exists(handle) },
    };
    memcpy(rows, now, sizeof now);
}

/* True when nothing is left; else it says what is. */
bool check_all_released(runtime *rt) {
    row rows[ROWS];
    bool clean = true;
    measure(rt, 0, rows);
    for (int k = 0; k < ROWS; k++) {
        if (rows[k].count == 0) continue;
        fprintf(stderr, "left over: %s: %llu\n", rows[k].name, (unsigned long long)rows[k].count);
        clean = false;
    }
    return clean;
}

/* Resident memory in KiB. */
static long resident(void) {
    long pages = 0, all;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A soft-JIT function: a file that an execution manager's handle stands for, bound to a module. */
static int64_t make_soft_file(runtime *rt) {
    char path[64];
    int64_t handle = rt_exec_manager_create("soft_jit");
    if (handle == 0 || !rt->modules) return 0;
    mkdir("tmp", 0777);
    mkdir("tmp/jit", 0777);
    snprintf(path, sizeof path, "tmp/jit/simple_soft_jit_%lld.spl", (long long)handle);
    FILE *file = fopen(path, "w");
    if (file) fputs("# soft-JIT\n", file), fclose(file);
    lifecycle_exec_manager_bind(rt->manager, handle, rt->modules->id);
    return handle;
}

/* One cycle: load and run, look, unload, look. */
static bool cycle(runtime *rt, char **files, int count, row *loaded, row *left) {
    for (int k = 0; k < count; k++)
        if (!module_named(rt, files[k]) && !module_load(rt, files[k], NULL, 0)) return false;
    int64_t handle = make_soft_file(rt);
    measure(rt, handle, loaded);
    rt_exec_manager_cleanup(handle);
    if (!unload_all(rt)) return false;
    measure(rt, handle, left);
    return true;
}

static void print_table(const row *source, const row *cached, const row *left, long cycles) {
    printf("\n%-50s %14s %14s %14s\n", "", "loaded,", "loaded,", "left, most of");
    printf("%-50s %14s %14s %7ld cycles\n", "resource class", "from source", "from cache", cycles);
    for (int k = 0; k < ROWS; k++)
        printf("%-50s %14llu %14llu %14llu\n", source[k].name, (unsigned long long)source[k].count,
               (unsigned long long)cached[k].count, (unsigned long long)left[k].count);
}

/* False when memory grew while the cycles went on. */
static bool print_memory(const long *points, const long *memory, int count, long cycles) {
    long half = 0;
    printf("\nresident memory after n cycles, KiB:");
    for (int k = 0; k < count; k++) {
        printf("  %ld: %ld", points[k], memory[k]);
        if (points[k] <= cycles / 2) half = memory[k];
    }
    printf("\n");
    return half == 0 || memory[count - 1] - half <= MAX_GROWTH;
}

static bool all_zero(const row *rows) {
    for (int k = 0; k < ROWS; k++)
        if (rows[k].count) return false;
    return true;
}

/* After which cycles memory is looked at: five at most. */
static bool is_point(long done, long cycles) {
    return done == 10 || done == cycles / 4 || done == cycles / 2 || done == cycles * 3 / 4 || done == cycles;
}

/* Odd cycles compile; even ones map what the odd ones wrote to the cache. */
int run_table(runtime *rt, long cycles, char **files, int count) {
    row source[ROWS] = { 0 }, cached[ROWS] = { 0 }, left[ROWS] = { 0 }, now[ROWS];
    long points[MAX_POINTS], memory[MAX_POINTS];
    int point_count = 0;
    rt->quiet = true;
    for (long k = 0; k < cycles; k++) {
        rt->ignore_cache = k % 2 == 0;
        if (!cycle(rt, files, count, k % 2 ? cached : source, now)) return 1;
        for (int r = 0; r < ROWS; r++)
            if (k == 0 || now[r].count > left[r].count) left[r] = now[r];
        long done = k + 1;
        if (!is_point(done, cycles)) continue;
        points[point_count] = done;
        memory[point_count++] = resident();
    }
    print_table(source, cached, left, cycles);
    return print_memory(points, memory, point_count, cycles) && all_zero(left) ? 0 : 1;
}
