/* Loading and unloading for a long time: nothing grows. LIFECYCLE_SOAK_CYCLES=1000000 soaks for real. */
#include <dirent.h>
#include <inttypes.h>

#include "support.h"

/* A memory tool has mappings and pages of its own. */
static bool memory_is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#else
    return expect_scale(1, 0) == 0;
#endif
}

typedef struct footprint {
    size_t resident_pages;
    size_t descriptors;
    size_t mappings;
} footprint;

static footprint measure(void)
{
    footprint it = {0, 0, 0};
    size_t all;
    int byte;
    FILE *file = fopen("/proc/self/statm", "r");
    DIR *folder = opendir("/proc/self/fd");
    EXPECT(file != NULL && fscanf(file, "%zu %zu", &all, &it.resident_pages) == 2);
    if (file != NULL)
        fclose(file);
    while (folder != NULL && readdir(folder) != NULL)
        it.descriptors++;
    if (folder != NULL)
        closedir(folder);
    file = fopen("/proc/self/maps", "r");
    while (file != NULL && (byte = fgetc(file)) != EOF)
        it.mappings += byte == '\n';
    if (file != NULL)
        fclose(file);
    return it;
}

static void count_release(void *resource, void *user)
{
    (void)resource;
    ++*(unsigned long *)user;
}

static unsigned long released;

static int cycle(lifecycle_manager *manager, unsigned long number)
{
    lifecycle_module module;
    lifecycle_unload_report report;
    lifecycle_mapping mapping;
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options jit = LIFECYCLE_MAP_OPTIONS_INIT;
    char name[24];
    int wrong = lifecycle_on_module_load(manager, "a.smf", &module) != LIFECYCLE_OK;
    jit.flags = LIFECYCLE_MAP_JIT;
    for (int i = 0; i < 10; i++) {
        lifecycle_symbol symbol;
        snprintf(name, sizeof name, "symbol%d", i);
        wrong += lifecycle_map_symbol(manager, module, name, returns(code, i), sizeof code, i % 2 ? &jit : NULL, &symbol);
        wrong += i == (int)(number % 10) && call(lifecycle_symbol_address(manager, symbol)) != i;
    }
    for (int i = 0; i < 20; i++) {
        /* Some names stay the same, some are new each time. */
        snprintf(name, sizeof name, "name%d.%lu", i, i % 2 ? number : 0);
        wrong += lifecycle_on_interp_func_registered(manager, module, name, i, 0);
    }
    wrong += lifecycle_on_smf_accessed(manager, module, "soak.file", &mapping);
    wrong += lifecycle_smf_from_bytes(manager, module, "bytes", "abc", 3, &mapping);
    for (int i = 0; i < 3; i++)
        wrong += lifecycle_own(manager, module, NULL, count_release, &released, NULL);
    wrong += lifecycle_on_metadata_loaded(manager, module, "key");
    /* The same ids each time: what an unload left of them would be in the way. */
    wrong += lifecycle_on_interp_module_parsed(manager, module, 10, 19);
    wrong += lifecycle_unload_module(manager, module, 0, &report, sizeof report);
    wrong += report.exec_symbols != 5 || report.jit_symbols != 5 || report.mappings != 2 || report.names != 20 ||
             report.resources != 3;
    return wrong;
}

static void a_thousand_loads_leave_what_ten_left(void)
{
    const char *wanted = getenv("LIFECYCLE_SOAK_CYCLES");
    unsigned long cycles = wanted != NULL ? strtoul(wanted, NULL, 10) : expect_scale(1000, 100);
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_stats before, after;
    footprint first, last;
    int wrong = 0;
    write_file("soak.file", "some bytes", 10);
    released = 0;
    for (unsigned long i = 0; i < 50; i++)
        wrong += cycle(manager, i);
    before = stats_of(manager);
    first = measure();
    for (unsigned long i = 0; i < cycles; i++)
        wrong += cycle(manager, 50 + i);
    last = measure();
    after = stats_of(manager);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(released, 3 * (cycles + 50));
    EXPECT_EQ(after.loads, before.loads + cycles);
    EXPECT_EQ(after.unloads, before.unloads + cycles);
    after.loads = before.loads;
    after.unloads = before.unloads;
    after.tombstones = before.tombstones; /* counted since the start */
    EXPECT(memcmp(&before, &after, sizeof before) == 0);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_EQ(last.descriptors, first.descriptors);
    if (!memory_is_watched()) {
        EXPECT(last.mappings <= first.mappings + 2);
        EXPECT(last.resident_pages <= first.resident_pages + 512);
    }
    EXPECT_OK(lifecycle_destroy(manager));
    unlink("soak.file");
}

static void managers_come_and_go_and_leave_nothing(void)
{
    unsigned long rounds = expect_scale(200, 10);
    footprint first = {0, 0, 0}, last;
    int wrong = 0;
    write_file("soak.file", "some bytes", 10);
    for (unsigned long i = 0; i < rounds; i++) {
        lifecycle_manager *manager = make_manager(NULL);
        lifecycle_reader *reader;
        EXPECT_OK(lifecycle_reader_attach(manager, &reader));
        wrong += cycle(manager, i);
        EXPECT_OK(lifecycle_destroy(manager));
        if (i == 4)
            first = measure();
    }
    last = measure();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(last.descriptors, first.descriptors);
    if (!memory_is_watched()) {
        EXPECT(last.mappings <= first.mappings + 2);
        EXPECT(last.resident_pages <= first.resident_pages + 512);
    }
    unlink("soak.file");
}

int main(void)
{
    RUN(a_thousand_loads_leave_what_ten_left);
    RUN(managers_come_and_go_and_leave_nothing);
    return expect_done();
}
