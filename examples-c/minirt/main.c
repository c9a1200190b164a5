/* The command line, and the one runtime of the process. */
#include "minirt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define STACK_VALUES (256 << 10)

/* How deep the machine stack may be used: half of it, so that whatever a call needs at the limit has room. */
static uintptr_t stack_limit(void) {
    struct rlimit limit;
    size_t room = 4 << 20;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 2 < room)
        room = (size_t)limit.rlim_cur / 2;
    return (uintptr_t)__builtin_frame_address(0) - room;
}

static bool runtime_start(runtime *rt, size_t code_budget) {
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    options.hard_limit = (size_t)1 << 30;
    options.retained = (size_t)1 << 20;
    const char *cache = getenv("MINIRT_CACHE");
    *rt = (runtime){ .cache_dir = cache ? cache : "tmp/minirt", .next_did = 1, .code_budget = code_budget };
    if (*rt->cache_dir == '\0') rt->cache_dir = NULL;
    rt->native.stack_limit = stack_limit();
    rt->stack = rt->stack_top = calloc(STACK_VALUES, sizeof *rt->stack);
    if (!rt->stack) return fail(rt, "out of memory");
    rt->stack_end = rt->stack + STACK_VALUES;
    bool ok = lifecycle_create(NULL, &rt->manager) == LIFECYCLE_OK &&
              lifecycle_reader_attach(rt->manager, &rt->reader) == LIFECYCLE_OK &&
              lifecycle_arena_create(&options, &rt->scratch) == LIFECYCLE_OK;
    for (uint32_t kind = LIFECYCLE_FUNC; ok && kind <= LIFECYCLE_GLOBAL; kind++)
        ok = (rt->versions[kind] = lifecycle_names_version(rt->manager, kind)) != NULL;
    if (!ok) return fail(rt, "%s", lifecycle_last_error());
    return getenv("MINIRT_NO_JIT") || jit_start(rt);
}

/* Gives everything back; false if the library says that something was still held. */
static bool runtime_stop(runtime *rt) {
    bool ok = !rt->manager || (unload_all(rt) && check_all_released(rt));
    if (rt->scratch) lifecycle_arena_destroy(rt->scratch);
    if (rt->reader) lifecycle_reader_detach(rt->reader);
    if (rt->manager && lifecycle_destroy(rt->manager) != LIFECYCLE_OK) ok = fail(rt, "%s", lifecycle_last_error());
    free(rt->stack);
    return ok;
}

static int report(runtime *rt) {
    if (!rt->failed) return 0;
    fflush(stdout);
    fprintf(stderr, "%s\n", rt->message);
    return 1;
}

static void report_budget(runtime *rt) {
    lifecycle_stats stats;
    if (rt->code_budget == 0 || lifecycle_stats_get(rt->manager, &stats, sizeof stats) != LIFECYCLE_OK) return;
    fprintf(stderr, "code budget: %llu evicted, %llu compiled again\n", (unsigned long long)stats.evictions,
            (unsigned long long)rt->compiled_again);
}

static int run_files(runtime *rt, char **files, int count) {
    for (int k = 0; k < count; k++)
        if (!module_named(rt, files[k]) && !module_load(rt, files[k], NULL, 0)) return 1;
    return 0;
}

/* Loads, runs and unloads everything again and again; only the first time is heard. */
static int run_cycles(runtime *rt, long cycles, char **files, int count) {
    int status = 0;
    for (long k = 0; k < cycles && status == 0; k++) {
        rt->quiet = k > 0;
        status = run_files(rt, files, count);
        if (!unload_all(rt) || !check_all_released(rt)) status = 1;
    }
    if (status == 0) fprintf(stderr, "%ld cycles, nothing left over\n", cycles);
    return status;
}

static int usage(void) {
    fputs("usage: minirt [--code-budget BYTES] run FILE...\n"
          "       minirt repl\n"
          "       minirt cycle N FILE...   load, run and unload N times\n"
          "       minirt table N FILE...   the same, and a table of what was held and what was left\n"
          "--code-budget: evict native code beyond so much; it is compiled again when it is called\n"
          "environment: MINIRT_CACHE=DIR  where native code is kept (default tmp/minirt, empty: nowhere)\n"
          "             MINIRT_NO_JIT=1   interpret everything\n",
          stderr);
    return 2;
}

static long count_of(const char *text) {
    char *end;
    long n = strtol(text, &end, 10);
    return *text && !*end && n > 0 && n <= 100000000 ? n : -1;
}

int main(int argc, char **argv) {
    long budget = 0;
    if (argc > 3 && strcmp(argv[1], "--code-budget") == 0 && (budget = count_of(argv[2])) > 0) argc -= 2, argv += 2;
    if (argc < 2 || budget < 0) return usage();
    bool repl = strcmp(argv[1], "repl") == 0 && argc == 2, run = strcmp(argv[1], "run") == 0 && argc > 2;
    bool cycle = strcmp(argv[1], "cycle") == 0 && argc > 3, table = strcmp(argv[1], "table") == 0 && argc > 3;
    long cycles = cycle || table ? count_of(argv[2]) : 0;
    if ((!repl && !run && !cycle && !table) || cycles < 0) return usage();
    static runtime rt;
    int status = 0;
    if (!runtime_start(&rt, (size_t)budget)) status = 1;
    else if (repl) status = run_repl(&rt);
    else if (run) status = run_files(&rt, argv + 2, argc - 2);
    else if (cycle) status = run_cycles(&rt, cycles, argv + 3, argc - 3);
    else status = run_table(&rt, cycles, argv + 3, argc - 3);
    if (report(&rt)) status = 1;
    report_budget(&rt);
    rt.failed = false;
    if (!runtime_stop(&rt)) status = 1;
    if (report(&rt)) status = 1;
    return fflush(stdout) == 0 ? status : 1;
}
