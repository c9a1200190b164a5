/*
 * soak.c - loading and unloading for a long time: nothing grows. SOAK_SECONDS=60 and LIFECYCLE_SOAK_CYCLES=1000000 soak
 * for real; SOAK_MODULES and SOAK_CURVE name files for the figures that the first and the last test print.
 */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <time.h>

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

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How far the ids have gone that were handed out: places in their tables, and how often one place was used. */
typedef struct reach {
    uint64_t place;
    uint64_t uses;
} reach;

/* An id is a place (24 bits), what it is of (12), and how often the place was used: see src/base/slots.rs. */
static void reach_id(reach *it, uint64_t id)
{
    uint64_t place = id & 0xffffff, uses = id >> 36;
    it->place = place > it->place ? place : it->place;
    it->uses = uses > it->uses ? uses : it->uses;
}

enum { SAMPLES = 48 };

typedef struct moment {
    double seconds;
    unsigned long cycles;
    footprint memory;
    lifecycle_stats stats;
    reach ids;
} moment;

typedef void print_fn(FILE *out, const moment *moments);

/* Where it is seen, and where it is drawn from. */
static void show(print_fn *print, const moment *moments, const char *path)
{
    print(stdout, moments);
    if (path != NULL) {
        FILE *curve = fopen(path, "w");
        EXPECT(curve != NULL);
        if (curve != NULL) {
            print(curve, moments);
            fclose(curve);
        }
    }
}

/* The most of the second quarter, in which everything has been seen, against the most of the last. */
#define MOST(name, from, to, field)                                                                                         \
    for (int i_ = (from); i_ < (to); i_++)                                                                                  \
        name = moments[i_].field > name ? moments[i_].field : name
#define EXPECT_FLAT(field, slack)                                                                                           \
    do {                                                                                                                    \
        unsigned long long early = 0, late = 0;                                                                             \
        MOST(early, SAMPLES / 4, SAMPLES / 2, field);                                                                       \
        MOST(late, SAMPLES * 3 / 4, SAMPLES, field);                                                                        \
        if (late > early + (slack))                                                                                         \
            expect_equal(__FILE__, __LINE__, #field, late, early);                                                          \
    } while (0)

/* --- modules --- */

static void count_release(void *resource, void *user)
{
    (void)resource;
    ++*(unsigned long *)user;
}

static unsigned long released;
static reach reached;

static int cycle(lifecycle_manager *manager, unsigned long number)
{
    lifecycle_module module;
    lifecycle_unload_report report;
    lifecycle_mapping mapping;
    lifecycle_resource resource;
    lifecycle_binding binding;
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options jit = LIFECYCLE_MAP_OPTIONS_INIT;
    char name[24];
    int wrong = lifecycle_on_module_load(manager, "a.smf", &module) != LIFECYCLE_OK;
    reach_id(&reached, module);
    jit.flags = LIFECYCLE_MAP_JIT;
    for (int i = 0; i < 10; i++) {
        lifecycle_symbol symbol;
        snprintf(name, sizeof name, "symbol%d", i);
        wrong += lifecycle_map_symbol(manager, module, name, returns(code, i), sizeof code, i % 2 ? &jit : NULL, &symbol);
        reach_id(&reached, symbol);
        wrong += i == (int)(number % 10) && call(lifecycle_symbol_address(manager, symbol)) != i;
    }
    for (int i = 0; i < 20; i++) {
        /* Some names stay the same, some are new each time. */
        snprintf(name, sizeof name, "name%d.%lu", i, i % 2 ? number : 0);
        wrong += lifecycle_on_interp_func_registered(manager, module, name, i, 0);
        wrong += lifecycle_lookup(manager, LIFECYCLE_FUNC, name, strlen(name), &binding) || binding.value != i;
        reach_id(&reached, binding.decl);
    }
    wrong += lifecycle_on_smf_accessed(manager, module, "soak.file", &mapping);
    reach_id(&reached, mapping.id);
    wrong += lifecycle_smf_from_bytes(manager, module, "bytes", "abc", 3, &mapping);
    reach_id(&reached, mapping.id);
    for (int i = 0; i < 3; i++) {
        wrong += lifecycle_own(manager, module, NULL, count_release, &released, &resource);
        reach_id(&reached, resource);
    }
    wrong += lifecycle_on_metadata_loaded(manager, module, "key");
    /* The same ids each time: what an unload left of them would be in the way. */
    wrong += lifecycle_on_interp_module_parsed(manager, module, 10, 19);
    wrong += lifecycle_unload_module(manager, module, 0, &report, sizeof report);
    wrong += report.exec_symbols != 5 || report.jit_symbols != 5 || report.mappings != 2 || report.names != 20 ||
             report.resources != 3;
    return wrong;
}

static void print_modules(FILE *out, const moment *moments)
{
    fprintf(out, "# cycles microseconds_a_cycle resident_kib descriptors mappings modules symbols names files resources "
                 "code_bytes_reserved code_bytes_metadata highest_place_of_an_id highest_use_of_a_place\n");
    for (int i = 0; i < SAMPLES; i++) {
        const moment *it = &moments[i];
        const lifecycle_stats *stats = &it->stats;
        fprintf(out,
                "%lu %.2f %zu %zu %zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                " %" PRIu64 " %" PRIu64 "\n",
                it->cycles, it->seconds * 1e6, it->memory.resident_pages * (size_t)sysconf(_SC_PAGESIZE) / 1024,
                it->memory.descriptors, it->memory.mappings, stats->tracked_modules, stats->symbols_live,
                stats->names_func, stats->mappings, stats->resources, stats->code_bytes_reserved,
                stats->code_bytes_metadata, it->ids.place, it->ids.uses);
    }
}

/* What there is after each stretch of so many cycles. */
static int soak_modules(lifecycle_manager *manager, unsigned long first, unsigned long cycles, moment *moments)
{
    int wrong = 0;
    unsigned long done = 0;
    for (int at = 0; at < SAMPLES; at++) {
        unsigned long until = cycles * (unsigned long)(at + 1) / SAMPLES, from = done;
        double start = seconds_now();
        for (; done < until; done++)
            wrong += cycle(manager, first + done);
        moments[at].seconds = (seconds_now() - start) / (double)(done > from ? done - from : 1);
        moments[at].cycles = done;
        moments[at].memory = measure();
        moments[at].stats = stats_of(manager);
        moments[at].ids = reached;
    }
    return wrong;
}

static void loads_leave_what_the_first_left(void)
{
    static moment moments[SAMPLES];
    const char *wanted = getenv("LIFECYCLE_SOAK_CYCLES");
    unsigned long cycles = wanted != NULL ? strtoul(wanted, NULL, 10) : expect_scale(1000, 100);
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_stats before, after;
    footprint first, last;
    int wrong = 0;
    write_file("soak.file", "some bytes", 10);
    released = 0;
    memset(&reached, 0, sizeof reached);
    memset(moments, 0xff, sizeof moments); /* so that writing one down takes no page */
    for (unsigned long i = 0; i < 50; i++)
        wrong += cycle(manager, i);
    before = stats_of(manager);
    first = measure();
    wrong += soak_modules(manager, 50, cycles, moments);
    last = measure();
    after = stats_of(manager);
    show(print_modules, moments, getenv("SOAK_MODULES"));
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
    EXPECT_FLAT(memory.descriptors, 0);
    EXPECT_FLAT(ids.place, 0);
    EXPECT_FLAT(stats.code_bytes_metadata, 0);
    if (!memory_is_watched()) {
        EXPECT(last.mappings <= first.mappings + 2);
        EXPECT(last.resident_pages <= first.resident_pages + 512);
        EXPECT_FLAT(memory.mappings, 0);
        EXPECT_FLAT(memory.resident_pages, 16);
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

/* --- code under readers --- */

enum { ROUND_SYMBOLS = 40, HOT = 4 };

static struct {
    lifecycle_manager *manager;
    void *entries[HOT];
    int stop;
    unsigned long calls, wrong;
} code;

/* What the resolver gives is code of the library's, too: an evicted function is made again when it is called. */
static void *make_again(const char *name, void *user)
{
    unsigned char bytes[RETURNS_SIZE];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_module module = *(const lifecycle_module *)user;
    lifecycle_symbol symbol;
    options.flags = LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_REPLACE;
    for (;;) {
        void *address;
        if (lifecycle_map_symbol(code.manager, module, name, returns(bytes, name[3] - '0'), sizeof bytes, &options, &symbol) !=
            LIFECYCLE_OK)
            return NULL;
        address = lifecycle_symbol_address(code.manager, symbol);
        if (address != NULL)
            return address;
        /* Another thread has replaced it already. */
    }
}

static void *call_entries(void *user)
{
    lifecycle_reader *reader;
    unsigned long calls = 0, wrong = 0;
    EXPECT_OK(lifecycle_reader_attach(code.manager, &reader));
    while (!__atomic_load_n(&code.stop, __ATOMIC_ACQUIRE)) {
        wrong += lifecycle_enter(reader) != LIFECYCLE_OK;
        for (int i = 0; i < HOT; i++)
            wrong += call(code.entries[i]) != i;
        wrong += lifecycle_leave(reader) != LIFECYCLE_OK;
        if (++calls % 1000 == 0)
            usleep(10);
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
    __atomic_fetch_add(&code.calls, calls, __ATOMIC_RELAXED);
    __atomic_fetch_add(&code.wrong, wrong, __ATOMIC_RELAXED);
    return user;
}

/* Maps, replaces, ages, sweeps and unloads; when it returns, only the hot functions may be left. */
static int code_round(lifecycle_module hot, unsigned long number)
{
    unsigned char bytes[4096];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_manager *manager = code.manager;
    lifecycle_module module = load(manager, number % 2 ? "even.smf" : "odd.smf");
    void *data;
    char name[24];
    int wrong = lifecycle_data_reserve(manager, module, 1 + number % 5000, 0, &data) != LIFECYCLE_OK;
    memset(bytes, 0xc3, sizeof bytes);
    for (unsigned long i = 0; i < ROUND_SYMBOLS; i++) {
        snprintf(name, sizeof name, "round%lu", i);
        options.flags = i % 3 ? LIFECYCLE_MAP_JIT : 0;
        wrong += lifecycle_map_symbol(manager, module, name, returns(bytes, (int)i), 6 + (number * 37 + i * 101) % 4000,
                                      &options, NULL) != LIFECYCLE_OK;
    }
    snprintf(name, sizeof name, "hot%lu", number % HOT);
    options.flags = LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_REPLACE;
    wrong += lifecycle_map_symbol(manager, hot, name, returns(bytes, (int)(number % HOT)), RETURNS_SIZE, &options, NULL) !=
             LIFECYCLE_OK;
    wrong += lifecycle_advance_epoch(manager, NULL) != LIFECYCLE_OK;
    if (number % 4 == 3) {
        for (int i = 0; i < 3; i++)
            wrong += lifecycle_advance_epoch(manager, NULL) != LIFECYCLE_OK;
        wrong += (number % 8 == 3 ? lifecycle_sweep_unused(manager, 2, NULL, 0)
                                  : lifecycle_sweep_to_budget(manager, 4096, NULL, 0)) != LIFECYCLE_OK;
    }
    return wrong + (unload(manager, module) != LIFECYCLE_OK);
}

static void print_code(FILE *out, const moment *moments)
{
    fprintf(out, "# seconds resident_kib descriptors mappings symbols code_bytes_live code_bytes_retired "
                 "code_bytes_reserved\n");
    for (int i = 0; i < SAMPLES; i++) {
        const moment *it = &moments[i];
        fprintf(out, "%.2f %zu %zu %zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", it->seconds,
                it->memory.resident_pages * (size_t)sysconf(_SC_PAGESIZE) / 1024, it->memory.descriptors,
                it->memory.mappings, it->stats.symbols_live, it->stats.code_bytes_live, it->stats.code_bytes_retired,
                it->stats.code_bytes_reserved);
    }
}

static void code_comes_and_goes_under_readers_and_nothing_grows(void)
{
    static moment moments[SAMPLES];
    const char *wanted = getenv("SOAK_SECONDS");
    double length = wanted != NULL ? strtod(wanted, NULL) : (double)expect_scale(1000, 300) / 1000;
    double start = seconds_now();
    unsigned long number = 0;
    lifecycle_module hot;
    pthread_t readers[2];
    int wrong = 0;
    memset(&code, 0, sizeof code);
    memset(moments, 0xff, sizeof moments);
    code.manager = make_manager(NULL);
    hot = load(code.manager, "hot.smf");
    EXPECT_OK(lifecycle_set_resolver(code.manager, make_again, &hot));
    for (int i = 0; i < HOT; i++) {
        char name[16];
        snprintf(name, sizeof name, "hot%d", i);
        map_returning(code.manager, hot, name, i, LIFECYCLE_MAP_JIT);
        if (CAN_RUN_CODE)
            code.entries[i] = entry_of(code.manager, name);
    }
    for (int i = 0; CAN_RUN_CODE && i < 2; i++)
        EXPECT_EQ(pthread_create(&readers[i], NULL, call_entries, NULL), 0);
    for (int at = 0; at < SAMPLES; at++) {
        do
            wrong += code_round(hot, number++);
        while (seconds_now() - start < length * (at + 1) / SAMPLES);
        wrong += lifecycle_synchronize(code.manager, UINT64_MAX) != LIFECYCLE_OK;
        moments[at].seconds = seconds_now() - start;
        moments[at].memory = measure();
        moments[at].stats = stats_of(code.manager);
    }
    __atomic_store_n(&code.stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; CAN_RUN_CODE && i < 2; i++)
        pthread_join(readers[i], NULL);
    show(print_code, moments, getenv("SOAK_CURVE"));
    printf("%lu rounds, %lu stays\n", number, code.calls);
    EXPECT_EQ((unsigned long)wrong + code.wrong, 0);
    EXPECT(stats_of(code.manager).evictions > 0 || number < 8);
    /* A reader that the system stops while it is inside makes a queue, and tables keep the room of the longest one. */
    if (!memory_is_watched()) {
        EXPECT_FLAT(memory.resident_pages, 2048);
        EXPECT_FLAT(memory.mappings, 4);
    }
    EXPECT_FLAT(stats.code_bytes_metadata, 1 << 20);
    EXPECT_FLAT(memory.descriptors, 0);
    EXPECT_FLAT(stats.symbols_live, 0);
    EXPECT_FLAT(stats.entries, 0);
    EXPECT_FLAT(stats.code_bytes_reserved, 4 << 20);
    EXPECT_FLAT(stats.code_bytes_live, 64 * HOT);
    EXPECT_OK(lifecycle_reclaim(code.manager, NULL));
    EXPECT_EQ(stats_of(code.manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(code.manager));
}

int main(void)
{
    RUN(loads_leave_what_the_first_left);
    RUN(managers_come_and_go_and_leave_nothing);
    RUN(code_comes_and_goes_under_readers_and_nothing_grows);
    return expect_done();
}
