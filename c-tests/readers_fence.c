/*
 * readers_fence.c - readers where the system has no membarrier from the start: they fence themselves, and everything is
 * freed as elsewhere. A program of its own, because a process asks once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "support.h"

static long (*system_call)(long number, ...);
static unsigned refused;

/* The library calls this one, because a program's own definitions come first. membarrier has no function of its own. */
long syscall(long number, ...)
{
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    if (number != SYS_membarrier)
        return system_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
    errno = ENOSYS;
    return -1;
}

static void readers_are_told_to_fence(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader = attach_reader(manager);
    lifecycle_caps caps;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    EXPECT_EQ(caps.membarrier, 0);
    EXPECT(__atomic_load_n(&refused, __ATOMIC_RELAXED) != 0);
    EXPECT(reader->fence != 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void what_is_retired_waits_and_goes(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_reader *reader = attach_reader(manager);
    void *code = lifecycle_symbol_address(manager, map_returning(manager, module, "f", 7, 0));
    size_t bytes = 1;
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(unload(manager, module));
    EXPECT_OK(lifecycle_reclaim(manager, &bytes));
    EXPECT_EQ(bytes, 0);
    EXPECT_EQ(call(code), 7);
    EXPECT_STATUS(lifecycle_synchronize(manager, 0), LIFECYCLE_E_DEADLOCK);
    EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_park(reader));
    EXPECT_OK(lifecycle_unpark(reader));
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_synchronize(manager, 0));
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static struct {
    lifecycle_manager *manager;
    void *entry;
    int stop, wrong;
    unsigned long calls;
} run;

static void *run_code(void *user)
{
    lifecycle_reader *reader = attach_reader(run.manager);
    int wrong = 0;
    while (!__atomic_load_n(&run.stop, __ATOMIC_ACQUIRE)) {
        int value;
        wrong += lifecycle_enter(reader) != LIFECYCLE_OK;
        value = call(run.entry);
        wrong += value < 1000 || value > 1001;
        wrong += lifecycle_leave(reader) != LIFECYCLE_OK;
        __atomic_fetch_add(&run.calls, 1, __ATOMIC_RELAXED);
    }
    EXPECT_OK(lifecycle_reader_detach(reader));
    __atomic_fetch_add(&run.wrong, wrong, __ATOMIC_RELAXED);
    return user;
}

static void code_may_go_while_others_run_it(void)
{
    lifecycle_module module;
    pthread_t threads[2];
    memset(&run, 0, sizeof run);
    run.manager = make_manager(NULL);
    module = load(run.manager, "a");
    map_returning(run.manager, module, "f", 1000, 0);
    run.entry = CAN_RUN_CODE ? entry_of(run.manager, "f") : NULL;
    for (int i = 0; run.entry != NULL && i < 2; i++)
        EXPECT_EQ(pthread_create(&threads[i], NULL, run_code, NULL), 0);
    while (run.entry != NULL && __atomic_load_n(&run.calls, __ATOMIC_RELAXED) == 0)
        sched_yield();
    for (unsigned long i = 0; i < expect_scale(20000, 200); i++)
        map_returning(run.manager, module, "f", 1000 + (int)(i % 2), LIFECYCLE_MAP_REPLACE);
    __atomic_store_n(&run.stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; run.entry != NULL && i < 2; i++)
        pthread_join(threads[i], NULL);
    EXPECT_EQ(run.wrong, 0);
    EXPECT_OK(lifecycle_reclaim(run.manager, NULL));
    EXPECT_EQ(stats_of(run.manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(run.manager));
}

int main(void)
{
    say_if_code_cannot_run();
    *(void **)&system_call = dlsym(RTLD_NEXT, "syscall");
    RUN(readers_are_told_to_fence);
    RUN(what_is_retired_waits_and_goes);
    RUN(code_may_go_while_others_run_it);
    return expect_done();
}
