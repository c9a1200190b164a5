/*
 * stress.c - eight threads on one manager and on several: what the threads do is bounded, and whatever they meet on
 * the way, what is left at the end is known. threads.c throws everything together and forgives; here each thread owns
 * what it loads, so nearly every answer is known beforehand.
 *
 * A name that is bound from the beginning to the end is never missed, whatever others bind above it. A binding is
 * whole: its second number is the first one's negative, which says which name it is and which module bound it.
 *
 * Also run under helgrind and ThreadSanitizer. Helgrind takes every load and store for a plain one but those with a
 * lock prefix; so what is shared here is written with exchanges.
 */
#include <pthread.h>

#include "support.h"

enum {
    THREADS = 8,
    KEPT = 12,           /* names that are always bound */
    ENTRIES = 8,         /* names that are called */
    NUMBERS = 1 << 16,   /* modules that bind */
    DIDS = 100,          /* declarations of a module */
    CODE_FROM = 1000,
    MISSING = -1,
};

static struct {
    lifecycle_manager *manager;
    lifecycle_module ground; /* binds every name, and stays */
    unsigned long rounds;
    const uint64_t *version;
    void *entries[ENTRIES];
    uint64_t binders[NUMBERS]; /* the module of each number */
    uint64_t next_number;
    bool ends; /* callbacks would find a manager that is half gone */
    uint64_t loads, loads_within, commits, aborts, owned, released, events, answered, visited;
} all;

static const char *const files[] = {"stress 1.tmp", "stress 2.tmp", "stress 3.tmp"};

/* How deep this thread is in callbacks: what a callback calls has callbacks of its own. */
static __thread int depth;

static uint64_t get(const uint64_t *place)
{
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}
static void put(uint64_t *place, uint64_t value)
{
    (void)__atomic_exchange_n(place, value, __ATOMIC_ACQ_REL);
}
static uint64_t count(uint64_t *place)
{
    return __atomic_fetch_add(place, 1, __ATOMIC_RELAXED);
}

static uint32_t random_of(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* --- names --- */

static const char *kept(char *name, unsigned which)
{
    snprintf(name, 16, "kept %u", which);
    return name;
}

static uint64_t number_of(lifecycle_module module)
{
    uint64_t number = count(&all.next_number) % NUMBERS;
    put(&all.binders[number], module);
    return number;
}

static void bind_kept(lifecycle_module module, uint64_t number, unsigned which)
{
    char name[16];
    int64_t value = (int64_t)(number * KEPT + which) + 1;
    EXPECT_OK(lifecycle_on_interp_func_registered(all.manager, module, kept(name, which), value, -value));
}

static bool is_whole(const lifecycle_binding *binding, unsigned which)
{
    uint64_t value = (uint64_t)(binding->value - 1);
    return binding->aux == -binding->value && value % KEPT == which && binding->decl != 0 &&
           get(&all.binders[value / KEPT % NUMBERS]) == binding->module;
}

static lifecycle_binding look_up(unsigned which)
{
    lifecycle_binding binding = {0, 0, 0, 0};
    char name[16];
    kept(name, which);
    EXPECT_OK(lifecycle_lookup(all.manager, LIFECYCLE_FUNC, name, strlen(name), &binding));
    EXPECT(is_whole(&binding, which));
    return binding;
}

typedef struct cache {
    uint64_t version;
    lifecycle_binding binding;
} cache;

/* As a host's inline cache does; and what is cached is what a lookup says, if nothing changed before and after that. */
static void look_up_cached(cache *caches, unsigned which)
{
    cache *it = &caches[which];
    uint64_t before = get(all.version);
    lifecycle_binding now;
    if (it->binding.decl == 0 || it->version != before) {
        it->version = before;
        it->binding = look_up(which);
    }
    now = look_up(which);
    if (get(all.version) == it->version) {
        EXPECT(now.decl == it->binding.decl && now.value == it->binding.value && now.module == it->binding.module);
        count(&all.answered);
    }
}

/* --- what callbacks do --- */

static void load_and_unload(void)
{
    uint64_t number = count(&all.loads_within);
    lifecycle_module module;
    char path[40];
    snprintf(path, sizeof path, "by a callback %llu", (unsigned long long)number);
    module = load(all.manager, path);
    count(&all.loads);
    bind_kept(module, number_of(module), (unsigned)(number % KEPT));
    EXPECT_OK(unload(all.manager, module));
}

static void call_back(uint64_t number)
{
    if (depth++ == 0 && !all.ends) {
        lifecycle_stats stats;
        size_t leaks;
        (void)look_up((unsigned)(number % KEPT));
        EXPECT(lifecycle_did_is_live(all.manager, 1));
        if (number % 16 == 0)
            load_and_unload();
        if (number % 32 == 1)
            EXPECT_OK(lifecycle_stats_get(all.manager, &stats, sizeof stats));
        if (number % 64 == 2)
            EXPECT_OK(lifecycle_leak_check(all.manager, NULL, NULL, &leaks));
    }
    depth--;
}

static void hear(const lifecycle_event *event, void *user)
{
    (void)user;
    EXPECT(event->kind != 0);
    call_back(count(&all.events));
}

static void release(void *resource, void *user)
{
    (void)user;
    EXPECT(resource == &all);
    call_back(count(&all.released));
}

static void *resolve(const char *name, void *user)
{
    EXPECT(strncmp(name, "entry ", 6) == 0);
    call_back(3);
    return user;
}

static int missing(void)
{
    return MISSING;
}

static void own(lifecycle_module module)
{
    EXPECT_OK(lifecycle_own(all.manager, module, &all, release, NULL, NULL));
    count(&all.owned);
}

/* --- the threads' work; each ends with nothing loaded --- */

typedef struct worker {
    unsigned number;
    uint32_t random;
} worker;

static int64_t first_did(uint64_t number)
{
    return (int64_t)(number + 1) * DIDS;
}

/* A module with some of everything. */
static lifecycle_module bring_in(worker *it, unsigned long round, uint64_t *number)
{
    lifecycle_module module;
    lifecycle_mapping mapping;
    unsigned first = random_of(&it->random) % KEPT;
    int64_t did;
    char text[40];
    snprintf(text, sizeof text, "module %u.%lu", it->number, round);
    module = load(all.manager, text);
    count(&all.loads);
    *number = number_of(module);
    bind_kept(module, *number, first);
    bind_kept(module, *number, (first + 1) % KEPT);
    bind_kept(module, *number, first);
    did = first_did(*number);
    EXPECT_OK(lifecycle_on_interp_module_parsed(all.manager, module, did, did + DIDS - 1));
    EXPECT(lifecycle_did_is_live(all.manager, did + DIDS / 2));
    EXPECT_OK(lifecycle_on_metadata_loaded(all.manager, module, text));
    EXPECT_OK(lifecycle_on_interp_global_registered(all.manager, module, text, it->number));
    EXPECT_OK(lifecycle_on_smf_accessed(all.manager, module, files[round % 3], &mapping));
    EXPECT(mapping.size == 10 && memcmp(mapping.data, "some bytes", 10) == 0);
    own(module);
    own(module);
    snprintf(text, sizeof text, "entry %u", it->number % ENTRIES);
    (void)map_returning(all.manager, module, text, CODE_FROM + (int)(it->number % ENTRIES),
                        LIFECYCLE_MAP_REPLACE | (round & 1 ? LIFECYCLE_MAP_JIT : 0));
    return module;
}

static void expect_gone(lifecycle_module module, uint64_t number)
{
    lifecycle_module_info info;
    EXPECT_STATUS(lifecycle_module_info_get(all.manager, module, &info, sizeof info), LIFECYCLE_E_STALE);
    EXPECT(!lifecycle_did_is_live(all.manager, first_did(number)));
}

/* Loads and unloads: alone, and with what needs it. */
static void churn(worker *it)
{
    lifecycle_module last = 0, module;
    uint64_t last_number = 0, number;
    for (unsigned long i = 0; i < all.rounds; i++) {
        module = bring_in(it, i, &number);
        if (last != 0 && i % 3 == 0) {
            EXPECT_OK(lifecycle_module_depend(all.manager, module, last));
            EXPECT_STATUS(unload(all.manager, last), LIFECYCLE_E_BUSY);
            EXPECT_OK(lifecycle_unload_module(all.manager, last, LIFECYCLE_UNLOAD_CASCADE, NULL, 0));
            expect_gone(last, last_number);
            expect_gone(module, number);
            last = 0;
            continue;
        }
        if (last != 0) {
            EXPECT_OK(unload(all.manager, last));
            expect_gone(last, last_number);
        }
        last = module;
        last_number = number;
    }
    if (last != 0)
        EXPECT_OK(unload(all.manager, last));
}

/* Replaces one module again and again; every third time it thinks better of it. */
static void reload(worker *it)
{
    uint64_t number, fresh_number;
    lifecycle_module module = bring_in(it, 0, &number), fresh;
    int64_t did;
    for (unsigned long i = 1; i <= all.rounds; i++) {
        EXPECT_OK(lifecycle_reload_begin(all.manager, module, &fresh));
        fresh_number = number_of(fresh);
        for (unsigned which = 0; which < KEPT; which++) {
            bind_kept(fresh, fresh_number, which);
            EXPECT(look_up(which).module != fresh);
        }
        own(fresh);
        did = first_did(fresh_number);
        EXPECT_OK(lifecycle_on_interp_module_parsed(all.manager, fresh, did, did));
        (void)map_returning(all.manager, fresh, "reloaded", (int)i, 0);
        if (i % 3 == 0) {
            EXPECT_OK(lifecycle_reload_abort(all.manager, fresh));
            expect_gone(fresh, fresh_number);
            count(&all.aborts);
            continue;
        }
        EXPECT_OK(lifecycle_reload_commit(all.manager, fresh));
        count(&all.commits);
        expect_gone(module, number);
        EXPECT(lifecycle_did_is_live(all.manager, did));
        module = fresh;
        number = fresh_number;
    }
    EXPECT_OK(unload(all.manager, module));
}

/* Calls entries, and looks names up through caches. */
static void read_and_call(worker *it)
{
    cache caches[KEPT];
    lifecycle_reader *reader = attach_reader(all.manager);
    lifecycle_symbol symbol;
    uint64_t *slot;
    const uint64_t *clock;
    memset(caches, 0, sizeof caches);
    for (unsigned long i = 0; i < all.rounds * 4; i++) {
        unsigned which = random_of(&it->random) % ENTRIES;
        char name[16];
        look_up_cached(caches, random_of(&it->random) % KEPT);
        snprintf(name, sizeof name, "entry %u", which);
        EXPECT_OK(lifecycle_enter(reader));
        if (lifecycle_symbol_find(all.manager, name, &symbol) == LIFECYCLE_OK &&
            lifecycle_usage_slot(all.manager, symbol, &slot, &clock) == LIFECYCLE_OK)
            lifecycle_mark(slot, clock);
        if (all.entries[which] != NULL) {
            int got = call(all.entries[which]);
            EXPECT(got == CODE_FROM + (int)which || got == MISSING);
        }
        if (i % 8 == 0) {
            EXPECT_OK(lifecycle_park(reader));
            EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_BUSY);
            EXPECT_OK(lifecycle_unpark(reader));
        }
        EXPECT_OK(lifecycle_leave(reader));
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
}

static void is_one_of(lifecycle_status got, lifecycle_status one, lifecycle_status another)
{
    if (got != one)
        EXPECT_STATUS(got, another);
}

/* Sweeps and epochs, and files that are somebody else's too. */
static void sweep(worker *it)
{
    lifecycle_module module = load(all.manager, "files");
    count(&all.loads);
    for (unsigned long i = 0; i < all.rounds; i++) {
        const char *file = files[random_of(&it->random) % 3];
        lifecycle_mapping mapping;
        char key[32];
        size_t number = 0;
        /* What is released keeps its key until no reader is inside. */
        snprintf(key, sizeof key, "in memory %lu", i);
        EXPECT_OK(lifecycle_advance_epoch(all.manager, NULL));
        EXPECT_OK(lifecycle_sweep_unused(all.manager, 2, NULL, 0));
        if (i % 4 == 0)
            EXPECT_OK(lifecycle_sweep_to_budget(all.manager, 64, NULL, 0));
        if (i % 16 == 0)
            is_one_of(lifecycle_synchronize(all.manager, 100000), LIFECYCLE_OK, LIFECYCLE_E_TIMEOUT);
        EXPECT_OK(lifecycle_reclaim(all.manager, NULL));
        EXPECT_OK(lifecycle_smf_prefetch(all.manager, files, 3, NULL));
        EXPECT_OK(lifecycle_on_smf_accessed(all.manager, module, file, &mapping));
        EXPECT_OK(lifecycle_smf_refcount(all.manager, file, &number));
        EXPECT(number != 0 && memcmp(mapping.data, "some bytes", 10) == 0);
        EXPECT_OK(lifecycle_smf_from_bytes(all.manager, module, key, "bytes", 5, &mapping));
        EXPECT(mapping.size == 5 && memcmp(mapping.data, "bytes", 5) == 0);
        EXPECT_OK(lifecycle_smf_release(all.manager, module, file));
        EXPECT_OK(lifecycle_smf_release(all.manager, module, key));
    }
    EXPECT_OK(unload(all.manager, module));
}

static int visit(lifecycle_module module, const char *path, void *user)
{
    lifecycle_module found;
    EXPECT(module != 0 && path != NULL && user == NULL);
    is_one_of(lifecycle_module_find(all.manager, path, &found), LIFECYCLE_OK, LIFECYCLE_E_NOT_FOUND);
    call_back(count(&all.visited));
    return 0;
}
static void see_leak(const lifecycle_leak *leak, void *user)
{
    (void)user;
    EXPECT(leak->kind != 0);
    call_back(count(&all.visited));
}
static int see_text(const char *bytes, size_t len, void *user)
{
    (void)user;
    EXPECT(bytes != NULL && len != 0);
    call_back(count(&all.visited));
    return 0;
}

/* Asks for everything that is told about the manager. */
static void watch(worker *it)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    observer.on_event = hear;
    (void)it;
    for (unsigned long i = 0; i < all.rounds; i++) {
        lifecycle_stats stats = stats_of(all.manager);
        size_t leaks = 0;
        EXPECT(stats.tracked_modules != 0 && stats.names_func >= KEPT && stats.loads > stats.unloads);
        EXPECT_OK(lifecycle_leak_check(all.manager, i % 8 == 0 ? see_leak : NULL, NULL, &leaks));
        EXPECT(leaks > KEPT);
        if (i % 8 == 1)
            EXPECT_OK(lifecycle_each_module(all.manager, visit, NULL));
        if (i % 16 == 2)
            EXPECT_OK(lifecycle_stats_print(all.manager, LIFECYCLE_JSON, see_text, NULL));
        EXPECT_OK(lifecycle_set_observer(all.manager, i % 2 == 0 ? NULL : &observer, NULL));
    }
}

static void *work(void *user)
{
    static void (*const roles[THREADS])(worker *) = {churn,         churn,         churn, reload,
                                                     read_and_call, read_and_call, sweep, watch};
    worker it = {(unsigned)(uintptr_t)user, (uint32_t)(uintptr_t)user * 2654435761u + 1};
    roles[it.number](&it);
    return NULL;
}

static void run_threads(void *(*run)(void *), unsigned threads)
{
    pthread_t started[THREADS];
    for (uintptr_t i = 0; i < threads; i++)
        EXPECT_EQ(pthread_create(&started[i], NULL, run, (void *)i), 0);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
}

/* A manager with a module that binds every name and a resolver, and nobody at work yet. */
static void begin(const lifecycle_config *config)
{
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    int_fn function = missing;
    void *address;
    uint64_t number;
    memset(&all, 0, sizeof all);
    all.manager = make_manager(config);
    memcpy(&address, &function, sizeof address);
    EXPECT_OK(lifecycle_set_resolver(all.manager, resolve, address));
    all.version = lifecycle_names_version(all.manager, LIFECYCLE_FUNC);
    all.ground = load(all.manager, "ground");
    count(&all.loads);
    number = number_of(all.ground);
    for (unsigned which = 0; which < KEPT; which++)
        bind_kept(all.ground, number, which);
    EXPECT_OK(lifecycle_on_interp_module_parsed(all.manager, all.ground, 1, DIDS - 1));
    observer.on_event = hear;
    EXPECT_OK(lifecycle_set_observer(all.manager, &observer, NULL));
}

static void expect_ground_only(void)
{
    lifecycle_stats stats;
    EXPECT_OK(lifecycle_set_observer(all.manager, NULL, NULL));
    EXPECT_OK(lifecycle_reclaim(all.manager, NULL));
    for (int i = 0; i < 3; i++)
        (void)lifecycle_smf_release(all.manager, 0, files[i]);
    for (unsigned which = 0; which < KEPT; which++)
        EXPECT_EQ(look_up(which).module, all.ground);
    stats = stats_of(all.manager);
    EXPECT_EQ(stats.tracked_modules, 1);
    EXPECT_EQ(stats.names_func, KEPT);
    EXPECT_EQ(stats.names_global + stats.metadata + stats.resources, 0);
    EXPECT_EQ(stats.symbols_live + stats.total_jit_symbols + stats.sweeper_tracked + stats.symbols_pinned, 0);
    EXPECT_EQ(stats.code_bytes_live + stats.code_bytes_retired, 0);
    EXPECT_EQ(stats.mappings + stats.mapped_bytes + stats.smf_tracked_count + stats.failed_releases, 0);
    EXPECT_EQ(stats.readers + stats.readers_inside, 0);
    EXPECT_EQ(stats.reloads, all.commits);
    /* The sides of a reload are not among them. */
    EXPECT_EQ(stats.loads, all.loads);
    EXPECT_EQ(stats.unloads, all.loads - 1);
    EXPECT(all.next_number <= NUMBERS);
    EXPECT_EQ(all.released, all.owned);
    EXPECT_OK(unload(all.manager, all.ground));
    EXPECT_EQ(leaks_of(all.manager), 0);
}

static void eight_threads_on_one_manager(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 8 << 20;
    begin(&config);
    all.rounds = expect_scale(2000, 24);
    for (unsigned i = 0; i < ENTRIES; i++) {
        char name[16];
        snprintf(name, sizeof name, "entry %u", i);
        all.entries[i] = CAN_RUN_CODE ? entry_of(all.manager, name) : NULL;
    }
    run_threads(work, THREADS);
    EXPECT(all.loads_within != 0 && all.answered != 0 && all.visited != 0 && all.events != 0 && all.aborts != 0);
    expect_ground_only();
    EXPECT_OK(lifecycle_destroy(all.manager));
}

/* --- several managers --- */

enum { MANAGERS = 3 };
static lifecycle_manager *shared[MANAGERS];

static void use_shared(unsigned number, unsigned long round, lifecycle_module foreign)
{
    lifecycle_manager *manager = shared[(number + round) % MANAGERS];
    lifecycle_module_info info;
    lifecycle_binding binding;
    lifecycle_module module;
    char path[40];
    snprintf(path, sizeof path, "of thread %u", number);
    module = load(manager, path);
    EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, path, (int64_t)round, -(int64_t)round));
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_FUNC, path, strlen(path), &binding));
    EXPECT(binding.value == (int64_t)round && binding.aux == -binding.value && binding.module == module);
    EXPECT(lifecycle_module_info_get(manager, foreign, &info, sizeof info) != LIFECYCLE_OK);
    EXPECT_EQ(info_of(manager, module).names, 1);
    EXPECT_OK(unload(manager, module));
}

/* Each thread makes and destroys managers of its own while it uses those of all. */
static void *use_several(void *user)
{
    unsigned number = (unsigned)(uintptr_t)user;
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 2 << 20;
    config.code_mode = number % 2 == 0 ? LIFECYCLE_CODE_NONE : LIFECYCLE_CODE_AUTO;
    for (unsigned long i = 0; i < all.rounds; i++) {
        lifecycle_manager *mine = make_manager(&config);
        lifecycle_module module = load(mine, "mine");
        lifecycle_reader *reader = attach_reader(mine);
        EXPECT_OK(lifecycle_enter(reader));
        if (config.code_mode != LIFECYCLE_CODE_NONE)
            EXPECT_EQ(call(lifecycle_symbol_address(mine, map_returning(mine, module, "f", (int)i, 0))), i);
        EXPECT_STATUS(lifecycle_destroy(mine), LIFECYCLE_E_BUSY);
        EXPECT_OK(lifecycle_leave(reader));
        use_shared(number, i, module);
        EXPECT_OK(lifecycle_destroy(mine));
        /* Its place may be another thread's reader by now. */
        is_one_of(lifecycle_reader_detach(reader), LIFECYCLE_E_STALE, LIFECYCLE_E_INVALID);
    }
    return NULL;
}

static void eight_threads_on_several_managers(void)
{
    memset(&all, 0, sizeof all);
    all.rounds = expect_scale(400, 6);
    for (unsigned i = 0; i < MANAGERS; i++)
        shared[i] = make_manager(NULL);
    run_threads(use_several, THREADS);
    for (unsigned i = 0; i < MANAGERS; i++) {
        lifecycle_stats stats = stats_of(shared[i]);
        EXPECT_EQ(stats.tracked_modules + stats.names_func + stats.readers, 0);
        EXPECT_EQ(stats.loads, stats.unloads);
        EXPECT_EQ(leaks_of(shared[i]), 0);
        EXPECT_OK(lifecycle_destroy(shared[i]));
    }
}

/* --- the end of a manager --- */

static pthread_barrier_t barrier;

static void *stay_inside(void *user)
{
    lifecycle_reader *reader = attach_reader(all.manager);
    (void)user;
    EXPECT_OK(lifecycle_enter(reader));
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reader_detach(reader));
    return NULL;
}

static void readers_inside_keep_a_manager(void)
{
    pthread_t readers[THREADS];
    begin(NULL);
    EXPECT_EQ(pthread_barrier_init(&barrier, NULL, THREADS + 1), 0);
    for (int i = 0; i < THREADS; i++)
        EXPECT_EQ(pthread_create(&readers[i], NULL, stay_inside, NULL), 0);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 3; i++)
        EXPECT_STATUS(lifecycle_destroy(all.manager), LIFECYCLE_E_BUSY);
    EXPECT_EQ(look_up(0).module, all.ground);
    EXPECT_EQ(stats_of(all.manager).readers_inside, THREADS);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(readers[i], NULL);
    pthread_barrier_destroy(&barrier);
    expect_ground_only();
    EXPECT_OK(lifecycle_destroy(all.manager));
}

static uint64_t destroyed;

static void *destroy_it(void *user)
{
    lifecycle_status status;
    (void)user;
    pthread_barrier_wait(&barrier);
    status = lifecycle_destroy(all.manager);
    is_one_of(status, LIFECYCLE_OK, LIFECYCLE_E_STALE);
    if (status == LIFECYCLE_OK)
        count(&destroyed);
    return NULL;
}

/* Every answer but OK, "not there" and "destroyed" is wrong; after "destroyed" there is no other. */
static void *ask_until_it_is_gone(void *user)
{
    lifecycle_status status = LIFECYCLE_OK;
    (void)user;
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; status != LIFECYCLE_E_STALE; i++) {
        lifecycle_binding binding;
        lifecycle_symbol symbol;
        lifecycle_module module;
        lifecycle_stats stats;
        if (i % 5 == 0)
            status = lifecycle_lookup(all.manager, LIFECYCLE_FUNC, "kept 1", 6, &binding);
        else if (i % 5 == 1)
            status = lifecycle_symbol_find(all.manager, "entry 1", &symbol);
        else if (i % 5 == 2)
            status = lifecycle_module_find(all.manager, "ground", &module);
        else if (i % 5 == 3)
            status = lifecycle_stats_get(all.manager, &stats, sizeof stats);
        else
            (void)lifecycle_did_is_live(all.manager, 1);
        if (status != LIFECYCLE_OK && status != LIFECYCLE_E_NOT_FOUND)
            EXPECT_STATUS(status, LIFECYCLE_E_STALE);
    }
    EXPECT_STATUS(lifecycle_destroy(all.manager), LIFECYCLE_E_STALE);
    return NULL;
}

static void *end_or_ask(void *user)
{
    return (uintptr_t)user < 2 ? destroy_it(user) : ask_until_it_is_gone(user);
}

static void one_of_two_threads_destroys_while_others_ask(void)
{
    enum { BOTH_AND_OTHERS = 5 };
    unsigned long rounds = expect_scale(300, 6);
    for (unsigned long i = 0; i < rounds; i++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        config.code_capacity = 2 << 20;
        begin(&config);
        for (int more = 0; more < 20; more++) {
            char path[24];
            lifecycle_module module;
            snprintf(path, sizeof path, "more %d", more);
            module = load(all.manager, path);
            bind_kept(module, number_of(module), (unsigned)more % KEPT);
            own(module);
        }
        (void)map_returning(all.manager, all.ground, "entry 1", 1, 0);
        EXPECT_OK(lifecycle_set_observer(all.manager, NULL, NULL));
        all.ends = true;
        destroyed = 0;
        EXPECT_EQ(pthread_barrier_init(&barrier, NULL, BOTH_AND_OTHERS), 0);
        run_threads(end_or_ask, BOTH_AND_OTHERS);
        pthread_barrier_destroy(&barrier);
        EXPECT_EQ(destroyed, 1);
        EXPECT_EQ(all.released, all.owned);
    }
}

/* --- what helgrind must see: a number that two threads change without a lock --- */

static unsigned long raced;

static void *race_with_another(void *user)
{
    lifecycle_binding binding;
    (void)user;
    EXPECT_OK(lifecycle_lookup(all.manager, LIFECYCLE_FUNC, "kept 1", 6, &binding));
    raced++;
    return NULL;
}

static void a_race_of_the_hosts(void)
{
    begin(NULL);
    run_threads(race_with_another, 2);
    EXPECT_OK(lifecycle_destroy(all.manager));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "race") == 0) {
        RUN(a_race_of_the_hosts);
        return expect_done();
    }
    say_if_code_cannot_run();
    for (int i = 0; i < 3; i++)
        write_file(files[i], "some bytes", 10);
    RUN(eight_threads_on_one_manager);
    RUN(eight_threads_on_several_managers);
    RUN(readers_inside_keep_a_manager);
    RUN(one_of_two_threads_destroys_while_others_ask);
    for (int i = 0; i < 3; i++)
        unlink(files[i]);
    return expect_done();
}
