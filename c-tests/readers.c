/* Readers, and what waits for them: header section 4. */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "support.h"

static size_t reclaim(lifecycle_manager *manager)
{
    size_t bytes = 999999;
    EXPECT_OK(lifecycle_reclaim(manager, &bytes));
    return bytes;
}

static void count_release(void *resource, void *user)
{
    (void)resource;
    ++*(int *)user;
}

static void entering_nests_and_leaving_without_is_refused(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader = attach_reader(manager);
    lifecycle_stats stats;
    EXPECT_STATUS(lifecycle_leave(reader), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_enter(NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_leave(NULL), LIFECYCLE_E_INVALID);
    for (int i = 0; i < 3; i++)
        EXPECT_OK(lifecycle_enter(reader));
    for (int i = 3; i > 0; i--) {
        stats = stats_of(manager);
        EXPECT(stats.readers == 1 && stats.readers_inside == 1);
        EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_BUSY);
        EXPECT_OK(lifecycle_leave(reader));
    }
    stats = stats_of(manager);
    EXPECT(stats.readers == 1 && stats.readers_inside == 0);
    EXPECT_STATUS(lifecycle_leave(reader), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_EQ(stats_of(manager).readers, 0);
    EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_enter(reader), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_park(reader), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_reader_detach(NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void what_is_retired_waits_for_who_was_inside(void)
{
    static const uint32_t modes[2] = {LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT};
    for (int mode = 0; mode < 2; mode++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        lifecycle_manager *manager;
        lifecycle_reader *reader, *late;
        lifecycle_module module;
        lifecycle_mapping mapping;
        static char adopted[64];
        int released = 0, adopted_released = 0;
        unsigned char before[RETURNS_SIZE], *code;
        uint64_t live;
        void *data;
        config.code_mode = modes[mode];
        manager = make_manager(&config);
        reader = attach_reader(manager);
        late = attach_reader(manager);
        module = load(manager, "a");
        code = lifecycle_symbol_address(manager, map_returning(manager, module, "f", 7, 0));
        EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "g", adopted, 64, count_release, &adopted_released, NULL));
        EXPECT_OK(lifecycle_own(manager, module, NULL, count_release, &released, NULL));
        EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "k", "abc", 3, &mapping));
        EXPECT_OK(lifecycle_data_reserve(manager, module, 64, 0, &data));
        memset(data, 0x11, 64);
        memcpy(before, code, sizeof before);
        live = stats_of(manager).code_bytes_live;
        EXPECT_OK(lifecycle_enter(reader));
        EXPECT_OK(unload(manager, module));
        EXPECT_EQ(reclaim(manager), 0);
        EXPECT(released == 0 && adopted_released == 0);
        EXPECT(stats_of(manager).code_bytes_live == 0 && stats_of(manager).code_bytes_retired == live);
        /* It is all there still, for who is inside. */
        EXPECT_EQ(call(code), 7);
        EXPECT(memcmp(mapping.data, "abc", 3) == 0 && *(char *)data == 0x11);
        /* Who enters now cannot have found it, and blocks nothing. */
        EXPECT_OK(lifecycle_enter(late));
        EXPECT_OK(lifecycle_leave(reader));
        EXPECT_EQ(reclaim(manager), live);
        EXPECT(released == 1 && adopted_released == 1);
        EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
        EXPECT_EQ(stats_of(manager).mappings, 0);
        /* Dual: the memory is still mapped, and no byte of the code is left. */
        if (modes[mode] == LIFECYCLE_CODE_DUAL)
            EXPECT(code[0] == code[5] && memcmp(code, before, sizeof before) != 0);
        EXPECT_EQ(reclaim(manager), 0);
        EXPECT_OK(lifecycle_leave(late));
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

static void each_thing_waits_for_its_own_readers_only(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *first = attach_reader(manager), *second = attach_reader(manager);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    int of_a = 0, of_b = 0;
    EXPECT_OK(lifecycle_own(manager, a, NULL, count_release, &of_a, NULL));
    EXPECT_OK(lifecycle_own(manager, b, NULL, count_release, &of_b, NULL));
    EXPECT_OK(lifecycle_enter(first));
    EXPECT_OK(unload(manager, a));
    EXPECT_OK(lifecycle_enter(second));
    EXPECT_OK(unload(manager, b));
    EXPECT_OK(lifecycle_leave(first));
    reclaim(manager);
    EXPECT(of_a == 1 && of_b == 0);
    /* Entering anew is a new stay. */
    EXPECT_OK(lifecycle_leave(second));
    EXPECT_OK(lifecycle_enter(second));
    reclaim(manager);
    EXPECT_EQ(of_b, 1);
    EXPECT_OK(lifecycle_leave(second));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void parking_is_being_outside_for_a_while(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader = attach_reader(manager);
    lifecycle_module module = load(manager, "a");
    int released = 0;
    EXPECT_OK(lifecycle_own(manager, module, NULL, count_release, &released, NULL));
    EXPECT_STATUS(lifecycle_unpark(reader), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_park(reader));
    EXPECT_STATUS(lifecycle_park(reader), LIFECYCLE_E_BUSY);
    EXPECT_EQ(stats_of(manager).readers_inside, 0);
    EXPECT_OK(lifecycle_synchronize(manager, 0));
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(released, 1);
    EXPECT_OK(lifecycle_unpark(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 1);
    EXPECT_STATUS(lifecycle_unpark(reader), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 1);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 0);
    /* Outside: parking changes nothing. */
    EXPECT_OK(lifecycle_park(reader));
    EXPECT_OK(lifecycle_unpark(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 0);
    /* Entering and leaving while parked is odd, but it must not leave the reader inside for ever, or let go of it. */
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_park(reader));
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_unpark(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 0);
    EXPECT_OK(lifecycle_park(reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(lifecycle_unpark(reader));
    EXPECT_EQ(stats_of(manager).readers_inside, 1);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct other {
    lifecycle_manager *manager;
    lifecycle_reader *reader;
    void *entry;
    int stop;
    int inside;
    int wrong;
    unsigned long calls;
} other;

static void *use_anothers_reader(void *argument)
{
    other *it = argument;
    EXPECT_STATUS(lifecycle_reader_detach(it->reader), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_park(it->reader), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_unpark(it->reader), LIFECYCLE_E_INVALID);
    it->reader = attach_reader(it->manager); /* and ends without detaching it */
    return NULL;
}

static void run_in_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, body, argument) == 0 && pthread_join(thread, NULL) == 0);
}

static void a_reader_is_its_threads_own_and_may_outlive_it(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader = attach_reader(manager);
    other it = {manager, reader, NULL, 0, 0, 0, 0};
    lifecycle_module module = load(manager, "a");
    int released = 0;
    run_in_thread(use_anothers_reader, &it);
    EXPECT_EQ(stats_of(manager).readers, 2);
    /* The one left behind is idle and blocks nobody. */
    EXPECT_OK(lifecycle_own(manager, module, NULL, count_release, &released, NULL));
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(released, 1);
    EXPECT_OK(lifecycle_synchronize(manager, 0));
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_STATUS(lifecycle_enter(it.reader), LIFECYCLE_E_STALE);
}

static void *stay_inside(void *argument)
{
    other *it = argument;
    lifecycle_reader *reader = attach_reader(it->manager);
    EXPECT_OK(lifecycle_enter(reader));
    __atomic_store_n(&it->inside, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&it->stop, __ATOMIC_ACQUIRE))
        usleep(200);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reader_detach(reader));
    return NULL;
}

static void synchronize_waits_no_longer_than_it_may_and_never_for_itself(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader = attach_reader(manager);
    other it = {manager, NULL, NULL, 0, 0, 0, 0};
    pthread_t thread;
    int released = 0;
    lifecycle_module module = load(manager, "a");
    EXPECT_OK(lifecycle_own(manager, module, NULL, count_release, &released, NULL));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_STATUS(lifecycle_synchronize(manager, 0), LIFECYCLE_E_DEADLOCK);
    EXPECT_STATUS(lifecycle_synchronize(manager, UINT64_MAX), LIFECYCLE_E_DEADLOCK);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_synchronize(manager, 0));
    EXPECT(pthread_create(&thread, NULL, stay_inside, &it) == 0);
    while (!__atomic_load_n(&it.inside, __ATOMIC_ACQUIRE))
        usleep(200);
    EXPECT_STATUS(lifecycle_synchronize(manager, 0), LIFECYCLE_E_TIMEOUT);
    EXPECT_STATUS(lifecycle_synchronize(manager, 3000000), LIFECYCLE_E_TIMEOUT);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(released, 0);
    __atomic_store_n(&it.stop, 1, __ATOMIC_RELEASE);
    EXPECT_OK(lifecycle_synchronize(manager, UINT64_MAX));
    EXPECT_EQ(released, 1);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- Threads that end, or stay, without leaving --- */

static void *end_inside(void *argument)
{
    other *it = argument;
    it->reader = attach_reader(it->manager);
    EXPECT_OK(lifecycle_enter(it->reader));
    EXPECT_OK(lifecycle_enter(it->reader));
    return NULL;
}

static void who_ended_inside_is_outside(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    other it = {manager, NULL, NULL, 0, 0, 0, 0};
    lifecycle_module module = load(manager, "a");
    int released = 0;
    EXPECT_OK(lifecycle_own(manager, module, NULL, count_release, &released, NULL));
    run_in_thread(end_inside, &it);
    EXPECT_EQ(stats_of(manager).readers_inside, 1);
    /* The system may take a moment to bury a thread that was joined. */
    EXPECT_OK(lifecycle_synchronize(manager, 10000000000u));
    EXPECT_EQ(stats_of(manager).readers, 0);
    EXPECT_STATUS(lifecycle_leave(it.reader), LIFECYCLE_OK); /* what is inline looks at the word alone */
    EXPECT_STATUS(lifecycle_reader_detach(it.reader), LIFECYCLE_E_STALE);
    run_in_thread(end_inside, &it);
    EXPECT_OK(unload(manager, module));
    for (int i = 0; i < 10000 && released == 0; i++) {
        usleep(1000);
        reclaim(manager);
    }
    EXPECT_EQ(released, 1);
    EXPECT_EQ(stats_of(manager).readers, 0);
    run_in_thread(end_inside, &it);
    for (int i = 0; i < 10000 && lifecycle_destroy(manager) != LIFECYCLE_OK; i++)
        usleep(1000);
    EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_STALE);
}

static void *end_outside(void *argument)
{
    attach_reader(argument);
    return NULL;
}

static void readers_of_threads_that_ended_do_not_pile_up(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *mine = attach_reader(manager);
    for (unsigned long i = 0; i < expect_scale(2000, 300); i++)
        run_in_thread(end_outside, manager);
    EXPECT(stats_of(manager).readers < 200);
    EXPECT_OK(lifecycle_reader_detach(mine));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *stay_and_tell(void *argument)
{
    other *it = argument;
    it->calls = (unsigned long)syscall(SYS_gettid);
    return stay_inside(argument);
}

static void who_holds_something_back_is_told(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    other it = {manager, NULL, NULL, 0, 0, 0, 0};
    lifecycle_module first = load(manager, "a"), second = load(manager, "b");
    lifecycle_reader *mine = attach_reader(manager);
    lifecycle_stats stats, later;
    pthread_t thread;
    int released = 0;
    EXPECT_OK(lifecycle_own(manager, first, NULL, count_release, &released, NULL));
    EXPECT_OK(lifecycle_own(manager, second, NULL, count_release, &released, NULL));
    EXPECT(pthread_create(&thread, NULL, stay_and_tell, &it) == 0);
    while (!__atomic_load_n(&it.inside, __ATOMIC_ACQUIRE))
        usleep(200);
    /* Nothing waits yet, so nobody holds anything back. */
    stats = stats_of(manager);
    EXPECT(stats.blocking_reader_thread == 0 && stats.blocking_reader_ns == 0);
    EXPECT_OK(unload(manager, first));
    EXPECT_OK(lifecycle_enter(mine));
    EXPECT_OK(unload(manager, second));
    stats = stats_of(manager);
    EXPECT_EQ(stats.blocking_reader_thread, it.calls);
    usleep(20000);
    later = stats_of(manager);
    EXPECT_EQ(later.blocking_reader_thread, it.calls);
    EXPECT(later.blocking_reader_ns >= stats.blocking_reader_ns + 20000000);
    __atomic_store_n(&it.stop, 1, __ATOMIC_RELEASE);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(released, 1);
    /* The next one, who has not been seen to for as long. */
    stats = stats_of(manager);
    EXPECT_EQ(stats.blocking_reader_thread, (uint64_t)syscall(SYS_gettid));
    EXPECT(stats.blocking_reader_ns < later.blocking_reader_ns);
    EXPECT_OK(lifecycle_leave(mine));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    stats = stats_of(manager);
    EXPECT(released == 2 && stats.blocking_reader_thread == 0 && stats.blocking_reader_ns == 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- Much at once --- */

static struct {
    lifecycle_manager *manager;
    unsigned long released, waiting;
} much;

static void count_waiting(const lifecycle_leak *leak, void *user)
{
    (void)user;
    much.waiting += leak->kind == LIFECYCLE_LEAK_RETIRED;
}

static void look_at_what_waits(void *resource, void *user)
{
    (void)resource;
    (void)user;
    /* Runs outside the lock, after one go. */
    if (much.released++ == 0)
        EXPECT_OK(lifecycle_leak_check(much.manager, count_waiting, NULL, NULL));
}

static void much_is_freed_in_goes(void)
{
    const unsigned long things = 10000;
    lifecycle_reader *reader;
    lifecycle_module module;
    memset(&much, 0, sizeof much);
    much.manager = make_manager(NULL);
    reader = attach_reader(much.manager);
    module = load(much.manager, "a");
    for (unsigned long i = 0; i < things; i++)
        EXPECT_OK(lifecycle_own(much.manager, module, NULL, look_at_what_waits, NULL, NULL));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(unload(much.manager, module));
    EXPECT_EQ(much.released, 0);
    EXPECT_OK(lifecycle_leave(reader));
    reclaim(much.manager);
    EXPECT_EQ(much.released, things);
    EXPECT(much.waiting >= things - 4096);
    EXPECT_OK(lifecycle_destroy(much.manager));
}

/* --- A thread that runs the code while another changes it --- */

static void *run_code(void *argument)
{
    other *it = argument;
    lifecycle_reader *reader = attach_reader(it->manager);
    unsigned long calls = 0;
    int wrong = 0;
    while (!__atomic_load_n(&it->stop, __ATOMIC_ACQUIRE)) {
        wrong += lifecycle_enter(reader) != LIFECYCLE_OK;
        for (int i = 0; i < 20; i++) {
            int value = call(it->entry);
            wrong += value < 1000 || value > 1003;
            calls++;
        }
        wrong += lifecycle_leave(reader) != LIFECYCLE_OK;
        __atomic_store_n(&it->calls, calls, __ATOMIC_RELAXED);
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
    __atomic_store_n(&it->wrong, wrong, __ATOMIC_RELAXED);
    return NULL;
}

static int nothing_mapped(void)
{
    return 1003;
}

static void *answer_nothing_mapped(const char *name, void *user)
{
    int_fn function = nothing_mapped;
    void *address;
    (void)name;
    (void)user;
    memcpy(&address, &function, sizeof function);
    return address;
}

static void code_may_go_while_another_thread_runs_it(void)
{
    static const uint32_t modes[2] = {LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT};
    for (int mode = 0; mode < 2; mode++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        unsigned long rounds = expect_scale(10000, 100);
        lifecycle_manager *manager;
        other it = {NULL, NULL, NULL, 0, 0, 0, 0};
        pthread_t thread;
        config.code_mode = modes[mode];
        manager = make_manager(&config);
        it.manager = manager;
        it.entry = entry_of(manager, "f");
        EXPECT_OK(lifecycle_set_resolver(manager, answer_nothing_mapped, NULL));
        if (!CAN_RUN_CODE || pthread_create(&thread, NULL, run_code, &it) != 0)
            return;
        /* Where one thread runs at a time, the other may not have begun. */
        while (__atomic_load_n(&it.calls, __ATOMIC_RELAXED) == 0)
            sched_yield();
        for (unsigned long i = 0; i < rounds; i++) {
            lifecycle_module module = load(manager, "a");
            lifecycle_symbol symbol;
            map_returning(manager, module, "f", 1000, 0);
            symbol = map_returning(manager, module, "f", 1001, LIFECYCLE_MAP_REPLACE);
            EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
            map_returning(manager, module, "f", 1002, i % 2 ? LIFECYCLE_MAP_JIT : 0);
            EXPECT_OK(unload(manager, module));
            if (i % 16 == 0)
                EXPECT_OK(lifecycle_reclaim(manager, NULL));
        }
        __atomic_store_n(&it.stop, 1, __ATOMIC_RELEASE);
        EXPECT(pthread_join(thread, NULL) == 0);
        EXPECT_EQ(it.wrong, 0);
        EXPECT_OK(lifecycle_reclaim(manager, NULL));
        EXPECT_EQ(leaks_of(manager), 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

/* --- A module that unloads itself --- */

static lifecycle_manager *self_manager;
static lifecycle_module self_module;
static void *self_code;

static int unload_self(void)
{
    unsigned char first = *(unsigned char *)self_code;
    EXPECT_OK(unload(self_manager, self_module));
    EXPECT_EQ(reclaim(self_manager), 0);
    /* The code that called this, and will be returned to, is still what it was. */
    EXPECT(*(unsigned char *)self_code == first);
    return 5;
}

static void code_may_unload_its_own_module(void)
{
    unsigned char code[ONE_MORE_SIZE];
    lifecycle_reader *reader;
    lifecycle_symbol symbol;
    self_manager = make_manager(NULL);
    self_module = load(self_manager, "a");
    one_more(code, unload_self);
    EXPECT_OK(lifecycle_map_symbol(self_manager, self_module, "f", code, sizeof code, NULL, &symbol));
    self_code = lifecycle_symbol_address(self_manager, symbol);
    reader = attach_reader(self_manager);
    EXPECT_OK(lifecycle_enter(reader));
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(entry_of(self_manager, "f")), 6);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT(!CAN_RUN_CODE || reclaim(self_manager) > 0);
    EXPECT_OK(lifecycle_destroy(self_manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(entering_nests_and_leaving_without_is_refused);
    RUN(what_is_retired_waits_for_who_was_inside);
    RUN(each_thing_waits_for_its_own_readers_only);
    RUN(parking_is_being_outside_for_a_while);
    RUN(a_reader_is_its_threads_own_and_may_outlive_it);
    RUN(synchronize_waits_no_longer_than_it_may_and_never_for_itself);
    RUN(who_ended_inside_is_outside);
    RUN(readers_of_threads_that_ended_do_not_pile_up);
    RUN(who_holds_something_back_is_told);
    RUN(much_is_freed_in_goes);
    RUN(code_may_go_while_another_thread_runs_it);
    RUN(code_may_unload_its_own_module);
    return expect_done();
}
