/*
 * hazards_fork.c - what a forked child may do: run and look up code in either mode, nothing that its parent notices, and
 * no waiting for threads that it does not have.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "support.h"

static lifecycle_manager *manager_in(uint32_t mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 8 << 20;
    config.code_mode = mode;
    return make_manager(&config);
}

/* Runs `body` in a child and fails if it finds a failure or dies. */
static void in_a_child(void (*body)(void *user), void *user)
{
    int status = 0;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        expect_failures = 0;
        alarm(20);
        body(user);
        fflush(NULL);
        _exit(expect_failures == 0 ? 0 : 1);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

struct family {
    lifecycle_manager *manager;
    lifecycle_module module, spare;
    lifecycle_symbol symbol, doomed;
    void *callable;
    lifecycle_code room;
    uint32_t mode;
};

static void child_tries_everything(void *user)
{
    struct family *f = user;
    bool dual = f->mode == LIFECYCLE_CODE_DUAL;
    lifecycle_status may_write = dual ? LIFECYCLE_E_FORKED : LIFECYCLE_OK;
    unsigned char code[RETURNS_SIZE];
    lifecycle_symbol at;
    lifecycle_code room;
    lifecycle_manager *own;
    void *data = NULL;
    EXPECT_EQ(call(f->callable), 5);
    EXPECT_OK(lifecycle_symbol_at(f->manager, lifecycle_symbol_address(f->manager, f->symbol), &at));
    EXPECT(at == f->symbol);
    EXPECT_STATUS(lifecycle_map_symbol(f->manager, f->module, "new", returns(code, 6), sizeof code, NULL, NULL), may_write);
    EXPECT_STATUS(lifecycle_code_reserve(f->manager, 100, 0, NULL, &room), may_write);
    EXPECT_STATUS(lifecycle_code_commit(f->manager, &f->room, f->module, "late", 6, NULL, NULL), may_write);
    if (dual)
        EXPECT_OK(lifecycle_code_abort(f->manager, &f->room));
    EXPECT_OK(lifecycle_data_reserve(f->manager, f->module, 100, 0, &data));
    EXPECT_OK(lifecycle_unmap_symbol(f->manager, f->doomed));
    EXPECT_OK(unload(f->manager, f->spare));
    EXPECT_OK(lifecycle_reclaim(f->manager, NULL));
    EXPECT_OK(lifecycle_unmap_owner(f->manager, "m", NULL));
    EXPECT_EQ(stats_of(f->manager).symbols_live, 0);
    EXPECT_OK(lifecycle_destroy(f->manager));
    own = manager_in(f->mode);
    map_returning(own, load(own, "own"), "f", 8, 0);
    EXPECT_EQ(call(entry_of(own, "f")), 8);
    EXPECT_OK(lifecycle_destroy(own));
}

static void a_child_tries_everything(uint32_t mode)
{
    struct family f;
    unsigned char *bytes, *doomed, before[2][RETURNS_SIZE];
    memset(&f, 0, sizeof f);
    f.mode = mode;
    f.manager = manager_in(mode);
    f.module = load(f.manager, "m");
    f.spare = load(f.manager, "spare");
    f.symbol = map_returning(f.manager, f.module, "f", 5, 0);
    f.doomed = map_returning(f.manager, f.module, "doomed", 6, 0);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "spare %d", i);
        map_returning(f.manager, f.spare, name, i, 0);
    }
    f.callable = entry_of(f.manager, "f");
    EXPECT_OK(lifecycle_code_reserve(f.manager, 100, 0, NULL, &f.room));
    memset(f.room.rw, 0xc3, 100);
    bytes = lifecycle_symbol_address(f.manager, f.symbol);
    doomed = lifecycle_symbol_address(f.manager, f.doomed);
    memcpy(before[0], bytes, RETURNS_SIZE);
    memcpy(before[1], doomed, RETURNS_SIZE);
    in_a_child(child_tries_everything, &f);
    EXPECT(memcmp(before[0], bytes, RETURNS_SIZE) == 0);
    EXPECT(memcmp(before[1], doomed, RETURNS_SIZE) == 0);
    EXPECT_EQ(call(f.callable), 5);
    EXPECT_EQ(call(doomed), 6);
    EXPECT_EQ(stats_of(f.manager).symbols_live, 102);
    EXPECT_OK(lifecycle_code_commit(f.manager, &f.room, f.module, "late", 6, NULL, NULL));
    map_returning(f.manager, f.module, "works on", 7, 0);
    EXPECT_OK(unload(f.manager, f.spare));
    EXPECT_EQ(call(f.callable), 5);
    EXPECT_OK(lifecycle_destroy(f.manager));
}

static void hazard_code_11_fork_shares_code_dual(void)
{
    a_child_tries_everything(LIFECYCLE_CODE_DUAL);
}

static void hazard_code_11_fork_copies_code_mprotect(void)
{
    a_child_tries_everything(LIFECYCLE_CODE_MPROTECT);
}

/* --- readers of threads that the child does not have --- */

struct elsewhere {
    lifecycle_manager *manager;
    lifecycle_reader *mine;
    int inside, stop;
};

static void *stay_inside(void *user)
{
    struct elsewhere *it = user;
    lifecycle_reader *reader;
    EXPECT_OK(lifecycle_reader_attach(it->manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    __atomic_store_n(&it->inside, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&it->stop, __ATOMIC_ACQUIRE))
        usleep(100);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reader_detach(reader));
    return NULL;
}

static void child_waits_for_nobody(void *user)
{
    struct elsewhere *it = user;
    lifecycle_stats stats = stats_of(it->manager);
    EXPECT_EQ(stats.readers, 1);
    EXPECT_EQ(stats.readers_inside, 1); /* the one that forked, from inside */
    EXPECT_STATUS(lifecycle_destroy(it->manager), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_leave(it->mine));
    EXPECT_OK(lifecycle_unmap_owner(it->manager, "m", NULL));
    EXPECT_OK(lifecycle_synchronize(it->manager, 1000000000));
    EXPECT_EQ(stats_of(it->manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_reader_detach(it->mine));
    EXPECT_OK(lifecycle_destroy(it->manager));
}

static void hazard_code_11_fork_leaves_readers_behind(void)
{
    struct elsewhere it;
    pthread_t thread;
    memset(&it, 0, sizeof it);
    it.manager = manager_in(LIFECYCLE_CODE_AUTO);
    map_returning(it.manager, load(it.manager, "m"), "f", 5, 0);
    EXPECT_OK(lifecycle_reader_attach(it.manager, &it.mine));
    EXPECT_OK(lifecycle_enter(it.mine));
    EXPECT_EQ(pthread_create(&thread, NULL, stay_inside, &it), 0);
    while (!__atomic_load_n(&it.inside, __ATOMIC_ACQUIRE))
        usleep(100);
    in_a_child(child_waits_for_nobody, &it);
    EXPECT_OK(lifecycle_leave(it.mine));
    EXPECT_EQ(stats_of(it.manager).readers_inside, 1);
    __atomic_store_n(&it.stop, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    EXPECT_OK(lifecycle_destroy(it.manager));
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(hazard_code_11_fork_shares_code_dual);
    RUN(hazard_code_11_fork_copies_code_mprotect);
    RUN(hazard_code_11_fork_leaves_readers_behind);
    return expect_done();
}
