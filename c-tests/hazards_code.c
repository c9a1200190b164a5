/*
 * hazards_code.c - what goes wrong in systems that map, retire and reuse machine code: one named test for each hazard
 * of docs/hazards.md that concerns code. Forking is in hazards_fork.c, refusals of the system in failure_system.c.
 */
#include <pthread.h>

#include "support.h"

static lifecycle_manager *manager_in(uint32_t mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 8 << 20;
    config.code_mode = mode;
    return make_manager(&config);
}

/* A retired id frees nothing, not even when its slot and its address belong to somebody else by then. */
static void hazard_code_01_stale_id_after_reuse(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO);
    lifecycle_module module = load(manager, "m");
    lifecycle_symbol left = map_returning(manager, module, "left", 1, 0), stale, fresh;
    lifecycle_symbol middle = map_returning(manager, module, "middle", 2, 0);
    lifecycle_symbol right = map_returning(manager, module, "right", 3, 0);
    void *was = lifecycle_symbol_address(manager, middle);
    stale = middle;
    EXPECT_OK(lifecycle_unmap_symbol(manager, middle));
    EXPECT_STATUS(lifecycle_unmap_symbol(manager, stale), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_reclaim(manager, NULL)); /* so that the address is free for others */
    fresh = map_returning(manager, module, "middle", 4, 0);
    EXPECT(lifecycle_symbol_address(manager, fresh) == was);
    for (int i = 0; i < 3; i++)
        EXPECT_STATUS(lifecycle_unmap_symbol(manager, stale), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_pin(manager, stale), LIFECYCLE_E_STALE);
    EXPECT(lifecycle_symbol_address(manager, stale) == NULL);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, left)), 1);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, fresh)), 4);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, right)), 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Any interior address finds its symbol; one past the end, and the writable alias, find none. */
static void hazard_code_02_interior_and_alias_addresses(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_DUAL);
    lifecycle_module module = load(manager, "m");
    unsigned char code[200] = {0xc3};
    lifecycle_code room;
    lifecycle_symbol a, b, at = 1;
    char *first, *alias;
    size_t i;
    EXPECT_OK(lifecycle_code_reserve(manager, sizeof code, 0, NULL, &room));
    memcpy(room.rw, code, sizeof code);
    alias = room.rw;
    EXPECT_OK(lifecycle_code_commit(manager, &room, module, "a", sizeof code, NULL, &a));
    b = map_returning(manager, module, "b", 2, 0);
    first = lifecycle_symbol_address(manager, a);
    for (i = 0; i < sizeof code; i++) {
        EXPECT_OK(lifecycle_symbol_at(manager, first + i, &at));
        EXPECT(at == a);
        EXPECT_STATUS(lifecycle_symbol_at(manager, alias + i, &at), LIFECYCLE_E_NOT_FOUND);
    }
    EXPECT_STATUS(lifecycle_symbol_at(manager, first + sizeof code, &at), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(at, 0);
    EXPECT_STATUS(lifecycle_symbol_at(manager, first - 1, &at), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_symbol_at(manager, lifecycle_symbol_address(manager, b), &at));
    EXPECT(at == b);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "c", first + 3, 8, NULL, NULL, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- threads that run code while other code comes and goes --- */

struct race {
    lifecycle_manager *manager;
    void *callable;
    int least, most;
    int stop;
    unsigned long calls, wrong;
};

static void *run_code(void *user)
{
    struct race *race = user;
    lifecycle_reader *reader;
    unsigned long calls = 0, wrong = 0;
    EXPECT_OK(lifecycle_reader_attach(race->manager, &reader));
    while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
        int got;
        wrong += lifecycle_enter(reader) != LIFECYCLE_OK;
        got = call(race->callable);
        wrong += got < race->least || got > race->most;
        wrong += lifecycle_leave(reader) != LIFECYCLE_OK;
        calls++;
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
    __atomic_fetch_add(&race->calls, calls, __ATOMIC_RELAXED);
    __atomic_fetch_add(&race->wrong, wrong, __ATOMIC_RELAXED);
    return NULL;
}

/* Lines of /proc/self/maps that are writable and executable. (valgrind has such of its own.) */
static int writable_and_executable(void)
{
    FILE *maps = expect_scale(1, 0) ? fopen("/proc/self/maps", "r") : NULL;
    char line[512];
    int count = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, " rwx") != NULL;
    if (maps != NULL)
        fclose(maps);
    return count;
}

static void publish_beside(uint32_t mode)
{
    struct race race = {manager_in(mode), NULL, 7, 7, 0, 0, 0};
    lifecycle_module module = load(race.manager, "m");
    unsigned long rounds = expect_scale(2000, 60);
    int before = writable_and_executable();
    pthread_t threads[2];
    race.callable = lifecycle_symbol_address(race.manager, map_returning(race.manager, module, "runs", 7, 0));
    for (int i = 0; i < 2; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, run_code, &race), 0);
    for (unsigned long i = 0; i < rounds; i++) {
        lifecycle_symbol one = map_returning(race.manager, module, "one", 1, 0);
        lifecycle_symbol two = map_returning(race.manager, module, "two", 2, 0);
        EXPECT_EQ(call(lifecycle_symbol_address(race.manager, one)), 1);
        EXPECT_EQ(call(lifecycle_symbol_address(race.manager, two)), 2);
        if (i % 50 == 0)
            EXPECT_EQ(writable_and_executable(), before);
        EXPECT_OK(lifecycle_unmap_symbol(race.manager, one));
        EXPECT_OK(lifecycle_unmap_symbol(race.manager, two));
    }
    __atomic_store_n(&race.stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(race.wrong, 0);
    EXPECT_OK(lifecycle_destroy(race.manager));
}

/* No page with running code is ever toggled: a fault would end the test. */
static void hazard_code_03_publish_beside_running_code(void)
{
    publish_beside(LIFECYCLE_CODE_DUAL);
    publish_beside(LIFECYCLE_CODE_MPROTECT);
}

/* The two views of a reservation are two addresses of the same bytes, and neither is both. */
static void hazard_code_04_never_writable_and_executable(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_DUAL);
    lifecycle_module module = load(manager, "m");
    int before = writable_and_executable();
    lifecycle_code room;
    EXPECT_OK(lifecycle_code_reserve(manager, 4096, 0, NULL, &room));
    EXPECT(room.rx != room.rw);
    for (size_t i = 0; i < 4096; i++)
        ((unsigned char *)room.rw)[i] = (unsigned char)(i * 7);
    EXPECT(memcmp(room.rx, room.rw, 4096) == 0);
    EXPECT_EQ(writable_and_executable(), before);
    EXPECT_OK(lifecycle_code_commit(manager, &room, module, "f", 4096, NULL, NULL));
    EXPECT(room.rw == NULL);
    EXPECT_EQ(writable_and_executable(), before);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* What a reader could be running stays, byte for byte, however much comes and goes meanwhile. */
static void hazard_code_05_free_while_inside(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO);
    lifecycle_module kept = load(manager, "kept"), other = load(manager, "other");
    lifecycle_symbol symbol = map_returning(manager, kept, "held", 99, 0);
    void *address = lifecycle_symbol_address(manager, symbol);
    lifecycle_reader *reader;
    size_t bytes = 1;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(unload(manager, kept));
    for (unsigned long i = 0; i < expect_scale(20000, 300); i++) {
        EXPECT_OK(lifecycle_unmap_symbol(manager, map_returning(manager, other, "churn", (int)i, 0)));
        if (i % 1000 == 0)
            EXPECT_EQ(call(address), 99);
        if (stats_of(manager).code_bytes_retired > 4 << 20)
            break; /* everything retired since waits for this reader */
    }
    EXPECT_EQ(call(address), 99);
    EXPECT_OK(lifecycle_reclaim(manager, &bytes));
    EXPECT_EQ(bytes, 0);
    EXPECT_EQ(stats_of(manager).readers_inside, 1);
    EXPECT_STATUS(lifecycle_synchronize(manager, 0), LIFECYCLE_E_DEADLOCK);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(manager, &bytes));
    EXPECT(bytes >= RETURNS_SIZE);
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *leave_another_threads(void *reader)
{
    EXPECT_STATUS(lifecycle_park(reader), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_INVALID);
    return NULL;
}
static void *exit_without_detaching(void *manager)
{
    lifecycle_reader *reader;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_leave(reader));
    return NULL;
}

static void hazard_code_06_readers_that_nest_stray_and_end(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO);
    lifecycle_module module = load(manager, "m");
    lifecycle_reader *reader;
    pthread_t thread;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    for (int i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_unmap_symbol(manager, map_returning(manager, module, "f", 1, 0)));
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT(stats_of(manager).code_bytes_retired != 0); /* still inside, once */
    EXPECT_EQ(pthread_create(&thread, NULL, leave_another_threads, reader), 0);
    pthread_join(thread, NULL);
    /* Parked, it holds nothing back; left while parked, it is outside afterwards. */
    EXPECT_OK(lifecycle_park(reader));
    EXPECT_STATUS(lifecycle_park(reader), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_unpark(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 0);
    EXPECT_STATUS(lifecycle_leave(reader), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_unpark(reader), LIFECYCLE_E_INVALID);
    EXPECT_EQ(pthread_create(&thread, NULL, exit_without_detaching, manager), 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(stats_of(manager).readers, 2);
    EXPECT_OK(lifecycle_unmap_symbol(manager, map_returning(manager, module, "f", 1, 0)));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0); /* an ended thread blocks nobody */
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Readers that call through an entry see old or new, whole, while two threads replace it. */
struct replacing {
    struct race *race;
    lifecycle_module module;
    int base;
};
static void *replace_often(void *user)
{
    struct replacing *it = user;
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = LIFECYCLE_MAP_REPLACE;
    for (unsigned long i = 0; i < expect_scale(2000, 50); i++)
        EXPECT_OK(lifecycle_map_symbol(it->race->manager, it->module, "hot", returns(code, it->base + (int)(i % 100)),
                                       sizeof code, &options, NULL));
    return NULL;
}
static void hazard_code_07_hot_replace(void)
{
    struct race race = {manager_in(LIFECYCLE_CODE_AUTO), NULL, 1000, 1299, 0, 0, 0};
    struct replacing writers[2];
    pthread_t readers[2], threads[2];
    lifecycle_stats stats;
    writers[0].module = load(race.manager, "a");
    map_returning(race.manager, writers[0].module, "hot", 1000, 0);
    race.callable = entry_of(race.manager, "hot");
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(pthread_create(&readers[i], NULL, run_code, &race), 0);
        writers[i].race = &race;
        writers[i].base = 1000 + i * 200;
        writers[i].module = i == 0 ? writers[0].module : load(race.manager, "b");
        EXPECT_EQ(pthread_create(&threads[i], NULL, replace_often, &writers[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&race.stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    EXPECT_EQ(race.wrong, 0);
    EXPECT_OK(lifecycle_reclaim(race.manager, NULL));
    stats = stats_of(race.manager);
    EXPECT_EQ(stats.symbols_live, 1);
    EXPECT_EQ(stats.code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(race.manager));
}

/* An address is nobody's from retirement on, holds traps once it is free, and the next symbol's after. */
static void hazard_code_08_address_reuse(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_DUAL);
    lifecycle_module module = load(manager, "m");
    lifecycle_symbol old = map_returning(manager, module, "old", 1, 0), at, neighbour;
    unsigned char *address = lifecycle_symbol_address(manager, old);
    lifecycle_reader *reader;
    neighbour = map_returning(manager, module, "neighbour", 2, 0);
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_unmap_symbol(manager, old));
    EXPECT_STATUS(lifecycle_symbol_at(manager, address, &at), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(call(address), 1);
    EXPECT(lifecycle_symbol_address(manager, map_returning(manager, module, "new", 3, 0)) != (void *)address);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
#if defined(__x86_64__)
    for (int i = 0; i < RETURNS_SIZE; i++)
        EXPECT_EQ(address[i], 0xcc);
#elif defined(__aarch64__)
    for (int i = 0; i < RETURNS_SIZE; i++)
        EXPECT_EQ(address[i], 0);
#endif
    EXPECT_STATUS(lifecycle_symbol_at(manager, address, &at), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, neighbour)), 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(hazard_code_01_stale_id_after_reuse);
    RUN(hazard_code_02_interior_and_alias_addresses);
    RUN(hazard_code_03_publish_beside_running_code);
    RUN(hazard_code_04_never_writable_and_executable);
    RUN(hazard_code_05_free_while_inside);
    RUN(hazard_code_06_readers_that_nest_stray_and_end);
    RUN(hazard_code_07_hot_replace);
    RUN(hazard_code_08_address_reuse);
    return expect_done();
}
