/*
 * hazards_executors.c - hazards 3, 5, 7 and 11 of docs/hazards.md for SOAK_SECONDS (1 when nothing is said) each and in
 * each mode: eight threads run code while others publish, free, replace and fork, and one more reads /proc/self/maps all
 * the time: never a page that is writable and executable, never a page with live code that is not executable.
 *
 * test-skip: valgrind (runs one thread at a time: nothing would meet; hazards_code.c runs there)
 */
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

#include "support.h"

enum {
    EXECUTORS = 8,
    KEPT = 64,    /* functions that stay; number i returns i */
    SHOWN = 16,   /* functions that come and go, found in a table of the host's */
    SHOWN_FROM = 1000,
    HOT_FROM = 2000, /* what the replaced entry returns */
    NUMBERS = 1000,
    MISSING = -7, /* what it returns while there is no code */
};

typedef struct stress {
    lifecycle_manager *manager;
    lifecycle_module module;
    void *kept[KEPT];
    int kept_count;
    void *shown[SHOWN];
    void *hot;
    void *empty;
    int ready, stop;
    unsigned long calls, wrong, samples, rounds, children, least_children;
    pthread_mutex_t publishing;
} stress;

static int missing(void)
{
    return MISSING;
}
static void *resolve_missing(const char *name, void *user)
{
    int_fn function = missing;
    void *address;
    (void)name;
    (void)user;
    memcpy(&address, &function, sizeof function);
    return address;
}

static int stopped(const stress *it)
{
    return __atomic_load_n(&it->stop, __ATOMIC_ACQUIRE);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t duration_ns(void)
{
    const char *seconds = getenv("SOAK_SECONDS");
    return seconds != NULL ? strtoull(seconds, NULL, 10) * 1000000000u : expect_scale(1000, 200) * 1000000u;
}

static uint32_t random_of(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static int in_numbers(int value, int from)
{
    return value >= from && value < from + NUMBERS;
}

/* --- who runs code --- */

/* One stay: something that is always there, something that may be freed meanwhile, something that may be replaced. */
static unsigned long stay(stress *it, lifecycle_reader *reader, uint32_t *random)
{
    unsigned long wrong = lifecycle_enter(reader) != LIFECYCLE_OK;
    uint32_t which = random_of(random);
    int kept = __atomic_load_n(&it->kept_count, __ATOMIC_ACQUIRE);
    void *shown = __atomic_load_n(&it->shown[which % SHOWN], __ATOMIC_ACQUIRE);
    if (kept != 0)
        wrong += call(it->kept[which % (uint32_t)kept]) != (int)(which % (uint32_t)kept);
    if (shown != NULL) {
        int first = call(shown);
        wrong += !in_numbers(first, SHOWN_FROM);
        if (which % 64 == 0)
            usleep(which % 4096 == 0 ? 10000 : 50);
        wrong += call(shown) != first;
    }
    if (it->hot != NULL) {
        int value = call(it->hot);
        wrong += !in_numbers(value, HOT_FROM) && value != MISSING;
    }
    return wrong + (lifecycle_leave(reader) != LIFECYCLE_OK);
}

typedef struct executor {
    stress *it;
    uint32_t random;
    pthread_t thread;
} executor;

static void *execute(void *user)
{
    executor *me = user;
    lifecycle_reader *reader;
    unsigned long calls = 0, wrong = 0;
    EXPECT_OK(lifecycle_reader_attach(me->it->manager, &reader));
    __atomic_fetch_add(&me->it->ready, 1, __ATOMIC_RELEASE);
    while (!stopped(me->it)) {
        wrong += stay(me->it, reader, &me->random);
        calls++;
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
    __atomic_fetch_add(&me->it->calls, calls, __ATOMIC_RELAXED);
    __atomic_fetch_add(&me->it->wrong, wrong, __ATOMIC_RELAXED);
    return NULL;
}

/* --- who looks at the memory --- */

static size_t read_maps(char *to, size_t room)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got;
    while (fd >= 0 && len < room - 1 && (got = read(fd, to + len, room - 1 - len)) > 0)
        len += (size_t)got;
    if (fd >= 0)
        close(fd);
    to[len] = '\0';
    return len;
}

/*
 * Reads once and says how many of the functions that stay it has seen. Each line is true at some time between the start
 * and the end of reading.
 */
static int sample_once(const stress *it, int kept, char *text, size_t room)
{
    char *line = text, *end;
    int found = 0;
    EXPECT(read_maps(text, room) < room - 1);
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        unsigned long from, to;
        char can[5];
        *end = '\0';
        if (sscanf(line, "%lx-%lx %4s", &from, &to, can) != 3)
            continue;
        if (can[1] == 'w' && can[2] == 'x')
            expect_fail(__FILE__, __LINE__, line);
        for (int i = 0; i < kept; i++)
            if ((uintptr_t)it->kept[i] - from < to - from) {
                found++;
                if (can[2] != 'x' || can[1] == 'w')
                    expect_fail(__FILE__, __LINE__, line);
            }
        if (it->hot != NULL && (uintptr_t)it->hot - from < to - from && can[2] != 'x')
            expect_fail(__FILE__, __LINE__, line);
    }
    return found;
}

static void *sample_all_the_time(void *user)
{
    static char text[1 << 20];
    stress *it = user;
    while (!stopped(it)) {
        int kept = __atomic_load_n(&it->kept_count, __ATOMIC_ACQUIRE), tries = 0;
        /* A new kernel reads without its lock and may pass over an area that is just split; not time after time. */
        while (sample_once(it, kept, text, sizeof text) < kept && tries < 10)
            tries++;
        EXPECT(tries < 10);
        it->samples++;
    }
    return NULL;
}

/* --- who changes the code --- */

static lifecycle_symbol publish(stress *it, lifecycle_module module, const char *name, int value, uint32_t flags)
{
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    options.flags = flags;
    EXPECT_OK(lifecycle_map_symbol(it->manager, module, name, returns(code, value), sizeof code, &options, &symbol));
    return symbol;
}

static void keep_one_more(stress *it)
{
    char name[24];
    int count = it->kept_count;
    if (count == KEPT)
        return;
    snprintf(name, sizeof name, "kept%d", count);
    it->kept[count] = lifecycle_symbol_address(it->manager, publish(it, it->module, name, count, 0));
    __atomic_store_n(&it->kept_count, count + 1, __ATOMIC_RELEASE);
}

/* Code that is live for a moment, beside code that stays. */
static void *publish_beside(void *user)
{
    stress *it = user;
    for (unsigned long i = 0; !stopped(it); i++) {
        lifecycle_symbol one, two;
        pthread_mutex_lock(&it->publishing);
        one = publish(it, it->module, "one", 1, 0);
        two = publish(it, it->module, "two", 2, 0);
        EXPECT_EQ(call(lifecycle_symbol_address(it->manager, one)), 1);
        EXPECT_EQ(call(lifecycle_symbol_address(it->manager, two)), 2);
        EXPECT_OK(lifecycle_unmap_symbol(it->manager, one));
        EXPECT_OK(lifecycle_unmap_symbol(it->manager, two));
        if (i % 16 == 0)
            keep_one_more(it);
        pthread_mutex_unlock(&it->publishing);
        __atomic_fetch_add(&it->rounds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Code that is freed as soon as it is out of the host's table, whoever runs it: a module each, symbols, JIT code. */
static void *free_under_them(void *user)
{
    stress *it = user;
    lifecycle_module modules[SHOWN] = {0};
    char path[24];
    unsigned long i;
    for (i = 0; !stopped(it); i++) {
        unsigned at = (unsigned)(i % SHOWN);
        lifecycle_module old = modules[at];
        pthread_mutex_lock(&it->publishing);
        __atomic_store_n(&it->shown[at], NULL, __ATOMIC_RELEASE);
        if (old != 0)
            EXPECT_OK(unload(it->manager, old));
        snprintf(path, sizeof path, "shown%u", at);
        modules[at] = load(it->manager, path);
        __atomic_store_n(&it->shown[at],
                         lifecycle_symbol_address(it->manager, publish(it, modules[at], path, SHOWN_FROM + (int)(i % NUMBERS),
                                                                       i % 2 ? LIFECYCLE_MAP_JIT : 0)),
                         __ATOMIC_RELEASE);
        pthread_mutex_unlock(&it->publishing);
        __atomic_fetch_add(&it->rounds, 1, __ATOMIC_RELAXED);
    }
    for (i = 0; i < SHOWN; i++) {
        __atomic_store_n(&it->shown[i], NULL, __ATOMIC_RELEASE);
        if (modules[i] != 0)
            EXPECT_OK(unload(it->manager, modules[i]));
    }
    return NULL;
}

typedef struct writer {
    stress *it;
    const char *path;
} writer;

/* Replaces what the entry runs; now and then the module that owns the newest body is unloaded. */
static void *replace(void *user)
{
    writer *me = user;
    lifecycle_module module = load(me->it->manager, me->path);
    for (unsigned long i = 0; !stopped(me->it); i++) {
        publish(me->it, module, "hot", HOT_FROM + (int)(i % NUMBERS), LIFECYCLE_MAP_REPLACE);
        if (i % 100 == 99) {
            EXPECT_OK(unload(me->it->manager, module));
            module = load(me->it->manager, me->path);
        }
        __atomic_fetch_add(&me->it->rounds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* --- all together --- */

static void begin(stress *it, uint32_t mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    memset(it, 0, sizeof *it);
    pthread_mutex_init(&it->publishing, NULL);
    config.code_mode = mode;
    it->manager = make_manager(&config);
    it->module = load(it->manager, "m");
    EXPECT_OK(lifecycle_set_resolver(it->manager, resolve_missing, NULL));
    it->hot = CAN_RUN_CODE ? entry_of(it->manager, "hot") : NULL;
    it->empty = CAN_RUN_CODE ? entry_of(it->manager, "empty") : NULL;
    publish(it, it->module, "hot", HOT_FROM, 0);
    keep_one_more(it);
}

/* Runs the changers beside executors and sampler, and `meanwhile` here, until the time is over. */
static void run_all(stress *it, int changers, void *(*const change[])(void *), void *const users[],
                    void (*meanwhile)(stress *it))
{
    executor executors[EXECUTORS];
    pthread_t others[4], sampler;
    uint64_t end = now_ns() + duration_ns();
    lifecycle_stats stats;
    for (int i = 0; i < EXECUTORS; i++) {
        executors[i].it = it;
        executors[i].random = (uint32_t)i * 2654435761u;
        EXPECT_EQ(pthread_create(&executors[i].thread, NULL, execute, &executors[i]), 0);
    }
    while (__atomic_load_n(&it->ready, __ATOMIC_ACQUIRE) < EXECUTORS)
        sched_yield();
    EXPECT_EQ(pthread_create(&sampler, NULL, sample_all_the_time, it), 0);
    for (int i = 0; i < changers; i++)
        EXPECT_EQ(pthread_create(&others[i], NULL, change[i], users[i]), 0);
    while (now_ns() < end || it->children < it->least_children)
        meanwhile(it);
    __atomic_store_n(&it->stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < changers; i++)
        pthread_join(others[i], NULL);
    for (int i = 0; i < EXECUTORS; i++)
        pthread_join(executors[i].thread, NULL);
    pthread_join(sampler, NULL);
    EXPECT_EQ(it->wrong, 0);
    EXPECT(it->calls != 0 && it->rounds != 0 && it->samples != 0);
    printf("%s: %lu stays, %lu changes, %lu samples of the memory, %lu children\n", expect_test, it->calls, it->rounds,
           it->samples, it->children);
    EXPECT_OK(lifecycle_reclaim(it->manager, NULL));
    stats = stats_of(it->manager);
    EXPECT_EQ(stats.code_bytes_retired, 0);
    EXPECT(stats.symbols_live - (uint64_t)it->kept_count <= 1);
    EXPECT_OK(lifecycle_destroy(it->manager));
    pthread_mutex_destroy(&it->publishing);
}

static void wait_a_little(stress *it)
{
    (void)it;
    usleep(1000);
}

static const uint32_t modes[2] = {LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT};

static void hazard_code_03_publish_beside_eight_executors(void)
{
    for (int mode = 0; mode < 2; mode++) {
        void *(*const change[1])(void *) = {publish_beside};
        stress it;
        void *const users[1] = {&it};
        begin(&it, modes[mode]);
        run_all(&it, 1, change, users, wait_a_little);
    }
}

static void hazard_code_05_free_under_eight_executors(void)
{
    for (int mode = 0; mode < 2; mode++) {
        void *(*const change[2])(void *) = {free_under_them, publish_beside};
        stress it;
        void *const users[2] = {&it, &it};
        begin(&it, modes[mode]);
        run_all(&it, 2, change, users, wait_a_little);
    }
}

static void hazard_code_07_replace_under_eight_executors(void)
{
    for (int mode = 0; mode < 2; mode++) {
        void *(*const change[2])(void *) = {replace, replace};
        stress it;
        writer writers[2] = {{&it, "a"}, {&it, "b"}};
        void *const users[2] = {&writers[0], &writers[1]};
        begin(&it, modes[mode]);
        run_all(&it, 2, change, users, wait_a_little);
    }
}

/* What a child finds: everything that stays, by address, by program counter and through entries. */
static int child(stress *it, lifecycle_reader *reader, int may_map)
{
    int wrong = lifecycle_enter(reader) != LIFECYCLE_OK, kept = it->kept_count;
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < kept; i++) {
            lifecycle_symbol at = 0;
            wrong += call(it->kept[i]) != i;
            wrong += lifecycle_symbol_at(it->manager, (char *)it->kept[i] + 2, &at) != LIFECYCLE_OK || at == 0;
        }
    wrong += it->hot != NULL && call(it->hot) != HOT_FROM;
    wrong += lifecycle_leave(reader) != LIFECYCLE_OK;
    if (may_map) {
        unsigned char code[RETURNS_SIZE];
        lifecycle_symbol symbol = 0;
        lifecycle_status status = lifecycle_map_symbol(it->manager, it->module, "child's", returns(code, 5), sizeof code, NULL,
                                                       &symbol);
        wrong += status == LIFECYCLE_OK ? call(lifecycle_symbol_address(it->manager, symbol)) != 5
                                        : status != LIFECYCLE_E_FORKED;
        wrong += it->empty != NULL && call(it->empty) != MISSING;
        wrong += lifecycle_symbol_find(it->manager, "kept0", &symbol) != LIFECYCLE_OK;
        for (int i = 0; i < kept; i++)
            wrong += call(it->kept[i]) != i;
    }
    return wrong;
}

/* A child of a process in which eight threads run code and two publish. Every other one is made at a moment when none of
 * them is in the library; that one uses what takes the manager's lock, too. */
static void fork_once(stress *it)
{
    lifecycle_reader *reader;
    int status = 0, quiet = it->children % 2 != 0;
    pid_t pid;
    EXPECT_OK(lifecycle_reader_attach(it->manager, &reader));
    if (quiet)
        pthread_mutex_lock(&it->publishing);
    pid = fork();
    if (pid == 0) {
        alarm(20);
        _exit(child(it, reader, quiet) == 0 ? 0 : 1);
    }
    if (quiet)
        pthread_mutex_unlock(&it->publishing);
    EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    it->children++;
    EXPECT_OK(lifecycle_reader_detach(reader));
}

static void hazard_code_11_fork_under_eight_executors(void)
{
    for (int mode = 0; mode < 2; mode++) {
        void *(*const change[2])(void *) = {free_under_them, publish_beside};
        stress it;
        void *const users[2] = {&it, &it};
        begin(&it, modes[mode]);
        it.least_children = 4;
        run_all(&it, 2, change, users, fork_once);
    }
}

int main(void)
{
    say_if_code_cannot_run();
    setvbuf(stdout, NULL, _IOLBF, 0);
    RUN(hazard_code_03_publish_beside_eight_executors);
    RUN(hazard_code_05_free_under_eight_executors);
    RUN(hazard_code_07_replace_under_eight_executors);
    RUN(hazard_code_11_fork_under_eight_executors);
    return expect_done();
}
