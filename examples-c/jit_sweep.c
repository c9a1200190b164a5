/*
 * jit_sweep.c - one idea: code that nobody calls any more makes room, and
 * comes back by itself when somebody does.
 *
 * A JIT compiles a thousand functions. Epochs pass; a few functions are called
 * in each and marked. The sweeper evicts the rest. Calling an evicted one
 * through its entry asks the resolver, which compiles it again.
 *
 *     cc jit_sweep.c -llifecycle && ./a.out
 */
#include <lifecycle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS = 1000, HOT = 10, EPOCHS = 5 };

struct jit {
    lifecycle_manager *manager;
    lifecycle_module module;
    unsigned compiled;
};

static void must(lifecycle_status status, const char *what)
{
    if (status != LIFECYCLE_OK) {
        fprintf(stderr, "%s: %s\n", what, lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
}

/* Compiles `f<n>`, which returns n: mov eax, n; ret. */
static lifecycle_symbol compile(struct jit *jit, const char *name)
{
    unsigned char code[] = { 0xB8, 0, 0, 0, 0, 0xC3 };
    uint32_t n = (uint32_t)strtoul(name + 1, NULL, 10);
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol;

    memcpy(code + 1, &n, sizeof n);
    options.flags = LIFECYCLE_MAP_JIT;
    must(lifecycle_map_symbol(jit->manager, jit->module, name, code,
                              sizeof code, &options, &symbol),
         "compile");
    jit->compiled++;
    return symbol;
}

static void *compile_again(const char *name, void *user)
{
    struct jit *jit = user;
    printf("    resolver: compiling %s again\n", name);
    return lifecycle_symbol_address(jit->manager, compile(jit, name));
}

static void tell(struct jit *jit, const char *when)
{
    lifecycle_stats stats;
    must(lifecycle_stats_get(jit->manager, &stats, sizeof stats), "stats");
    printf("%-22s %4llu functions, %6llu bytes of code, %4llu stale\n", when,
           (unsigned long long)stats.total_jit_symbols,
           (unsigned long long)stats.code_bytes_live,
           (unsigned long long)stats.sweeper_stale);
}

int main(void)
{
    struct jit jit = { NULL, 0, 0 };
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_sweep_report report;
    uint64_t *slots[FUNCTIONS];
    const uint64_t *clock = NULL;
    char name[16];
    void *entry;
    int i, epoch;

    config.sweep_max_age = 3;
    must(lifecycle_create(&config, &jit.manager), "create");
    must(lifecycle_on_module_load(jit.manager, "program", &jit.module), "load");
    must(lifecycle_set_resolver(jit.manager, compile_again, &jit), "resolver");
    for (i = 0; i < FUNCTIONS; i++) {
        snprintf(name, sizeof name, "f%d", i);
        must(lifecycle_usage_slot(jit.manager, compile(&jit, name), &slots[i],
                                  &clock),
             "usage slot");
    }
    tell(&jit, "compiled:");

    for (epoch = 0; epoch < EPOCHS; epoch++) {
        must(lifecycle_advance_epoch(jit.manager, NULL), "epoch");
        for (i = 0; i < HOT; i++)
            lifecycle_mark(slots[i], clock);
    }
    tell(&jit, "five epochs later:");

    must(lifecycle_sweep_unused(jit.manager, 3, &report, sizeof report),
         "sweep");
    printf("sweep: looked at %llu, evicted %llu, %llu bytes\n",
           (unsigned long long)report.examined,
           (unsigned long long)report.evicted,
           (unsigned long long)report.code_bytes);
    tell(&jit, "after the sweep:");

    must(lifecycle_entry(jit.manager, "f777", &entry), "entry");
#if defined(__x86_64__)
    printf("f777() = %d\n", ((int (*)(void))(uintptr_t)entry)());
    printf("f777() = %d\n", ((int (*)(void))(uintptr_t)entry)());
#endif
    tell(&jit, "after calling f777:");
    must(lifecycle_destroy(jit.manager), "destroy");
    return EXIT_SUCCESS;
}
