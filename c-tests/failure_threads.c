/*
 * failure_threads.c - threads meet at a manager's locks for the first time
 * while malloc gives nothing: waiting for a lock takes no memory.
 *
 * test-skip: valgrind (it brings a malloc of its own, which does not fail)
 * test-skip: sanitizers (they bring a malloc of their own, which does not fail)
 */
#include <pthread.h>
#include <stdint.h>

#include "expect.h"

enum { THREADS = 6, ROUNDS = 20000 };

extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

static int no_memory;

static int fails(void)
{
    return __atomic_load_n(&no_memory, __ATOMIC_RELAXED);
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : __libc_malloc(bytes);
}

void *realloc(void *block, size_t bytes)
{
    return fails() ? NULL : __libc_realloc(block, bytes);
}

typedef struct {
    lifecycle_manager *manager;
    pthread_barrier_t *start;
    int wrong;
} worker;

static void *meet(void *argument)
{
    worker *me = argument;
    lifecycle_module found;

    pthread_barrier_wait(me->start);
    for (int i = 0; i < ROUNDS; i++) {
        me->wrong += lifecycle_on_module_load(me->manager, "needs memory",
                                              &found) != LIFECYCLE_E_NOMEM;
        me->wrong += lifecycle_module_find(me->manager, "m", &found) !=
                     LIFECYCLE_OK;
        me->wrong += lifecycle_advance_epoch(me->manager, NULL) != LIFECYCLE_OK;
    }
    return NULL;
}

static void waiting_for_a_lock_takes_no_memory(void)
{
    lifecycle_manager *manager = NULL;
    lifecycle_module module = 0;
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    worker workers[THREADS];

    EXPECT_OK(lifecycle_create(NULL, &manager));
    EXPECT_OK(lifecycle_on_module_load(manager, "m", &module));
    EXPECT(pthread_barrier_init(&start, NULL, THREADS + 1) == 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){manager, &start, 0};
        EXPECT(pthread_create(&threads[i], NULL, meet, &workers[i]) == 0);
    }
    __atomic_store_n(&no_memory, 1, __ATOMIC_RELAXED);
    pthread_barrier_wait(&start);
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    __atomic_store_n(&no_memory, 0, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++) {
        EXPECT_EQ(workers[i].wrong, 0);
    }
    pthread_barrier_destroy(&start);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    RUN(waiting_for_a_lock_takes_no_memory);
    return expect_done();
}
