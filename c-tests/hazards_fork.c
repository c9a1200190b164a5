/*
 * hazards_fork.c - forks: parent and child can do everything, neither changes what the other runs, neither waits for
 * threads it does not have, and a fork in the middle of another thread's call leaves no lock behind.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "child.h"
#include "support.h"

static lifecycle_manager *manager_in(uint32_t mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 8 << 20;
    config.code_mode = mode;
    return make_manager(&config);
}

/* --- all that can be done --- */

struct family {
    lifecycle_manager *manager;
    lifecycle_module module, spare;
    lifecycle_symbol symbol, doomed;
    void *callable;
    lifecycle_code room;
    uint32_t mode;
};

static void child_does_everything(void *user)
{
    struct family *f = user;
    lifecycle_symbol at, found;
    lifecycle_code room;
    lifecycle_manager *own;
    void *data = NULL;
    EXPECT_EQ(call(f->callable), 5);
    EXPECT_OK(lifecycle_symbol_at(f->manager, lifecycle_symbol_address(f->manager, f->symbol), &at));
    EXPECT(at == f->symbol);
    /* Where the code is written the child has not; its parent goes on there. */
    if (f->mode == LIFECYCLE_CODE_DUAL) {
        EXPECT_STATUS(lifecycle_code_commit(f->manager, &f->room, f->module, "late", 6, NULL, NULL), LIFECYCLE_E_FORKED);
        EXPECT_SENTENCE("forked");
        EXPECT_OK(lifecycle_code_abort(f->manager, &f->room));
    } else {
        EXPECT_OK(lifecycle_code_commit(f->manager, &f->room, f->module, "late", 6, NULL, NULL));
    }
    map_returning(f->manager, f->module, "new", 6, 0);
    EXPECT_OK(lifecycle_symbol_find(f->manager, "new", &found));
    EXPECT_EQ(call(lifecycle_symbol_address(f->manager, found)), 6);
    map_returning(f->manager, f->module, "f", 105, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(call(f->callable), 105);
    EXPECT_OK(lifecycle_code_reserve(f->manager, 100, 0, NULL, &room));
    returns(room.rw, 7);
    EXPECT_OK(lifecycle_code_commit(f->manager, &room, f->module, "room", 6, NULL, &found));
    EXPECT_EQ(call(lifecycle_symbol_address(f->manager, found)), 7);
    EXPECT_OK(lifecycle_data_reserve(f->manager, f->module, 100, 0, &data));
    EXPECT_OK(lifecycle_unmap_symbol(f->manager, f->doomed));
    EXPECT_OK(unload(f->manager, f->spare));
    EXPECT_OK(lifecycle_reclaim(f->manager, NULL));
    EXPECT_EQ(stats_of(f->manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_unmap_owner(f->manager, "m", NULL));
    EXPECT_EQ(stats_of(f->manager).symbols_live, 0);
    EXPECT_OK(lifecycle_destroy(f->manager));
    own = manager_in(f->mode);
    map_returning(own, load(own, "own"), "f", 8, 0);
    EXPECT_EQ(call(entry_of(own, "f")), 8);
    EXPECT_OK(lifecycle_destroy(own));
}

static void a_child_does_everything(uint32_t mode)
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
    in_a_child(child_does_everything, &f);
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
    a_child_does_everything(LIFECYCLE_CODE_DUAL);
}

static void hazard_code_11_fork_copies_code_mprotect(void)
{
    a_child_does_everything(LIFECYCLE_CODE_MPROTECT);
}

/* --- one process changes code, the other runs it --- */

enum { FUNCTIONS = 64 };

struct village {
    lifecycle_manager *manager;
    lifecycle_module module;
    lifecycle_symbol symbols[FUNCTIONS];
    void *addresses[FUNCTIONS];
    int changed; /* added to what each function returns by who changes it */
    int talk[2]; /* open as long as the other side works */
};

static void name_of(char name[32], int i)
{
    snprintf(name, 32, "function %d", i);
}

static void settle(struct village *v, uint32_t mode)
{
    memset(v, 0, sizeof *v);
    v->manager = manager_in(mode);
    v->module = load(v->manager, "village");
    for (int i = 0; i < FUNCTIONS; i++) {
        char name[32];
        name_of(name, i);
        v->symbols[i] = map_returning(v->manager, v->module, name, i, 0);
        v->addresses[i] = lifecycle_symbol_address(v->manager, v->symbols[i]);
    }
}

/* As the functions were when the process was made, at their own addresses. */
static bool is_untouched(const struct village *v)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (call(v->addresses[i]) != i)
            return false;
    return true;
}

/* Frees and maps in the same places, over and over. */
static void change_all(struct village *v, unsigned long rounds, int add)
{
    unsigned long wrong = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        int i = (int)(round % FUNCTIONS);
        char name[32];
        name_of(name, i);
        EXPECT_OK(lifecycle_unmap_symbol(v->manager, v->symbols[i]));
        v->symbols[i] = map_returning(v->manager, v->module, name, i + add, 0);
        wrong += call(lifecycle_symbol_address(v->manager, v->symbols[i])) != i + add;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_OK(lifecycle_reclaim(v->manager, NULL)); /* while a thread is attached, some wait for the next call */
    EXPECT_EQ(stats_of(v->manager).code_bytes_retired, 0);
}

static void child_runs_until_told(void *user)
{
    struct village *v = user;
    unsigned long rounds = 0, wrong = 0;
    char nothing;
    close(v->talk[1]);
    EXPECT_EQ(fcntl(v->talk[0], F_SETFL, O_NONBLOCK), 0);
    do {
        wrong += !is_untouched(v);
        rounds++;
    } while (wrong == 0 && read(v->talk[0], &nothing, 1) != 0);
    EXPECT_EQ(wrong, 0);
    EXPECT(rounds != 0);
    change_all(v, FUNCTIONS, 1000);
    EXPECT_OK(lifecycle_destroy(v->manager));
}

static void the_parent_changes_code_that_its_child_runs(uint32_t mode)
{
    struct village v;
    pid_t child;
    settle(&v, mode);
    EXPECT_EQ(pipe(v.talk), 0);
    child = start_child(child_runs_until_told, &v);
    close(v.talk[0]);
    change_all(&v, expect_scale(10000, 300), 5000);
    close(v.talk[1]);
    end_child(child);
    for (int i = 0; i < FUNCTIONS; i++)
        EXPECT_EQ(call(lifecycle_symbol_address(v.manager, v.symbols[i])), i + 5000);
    EXPECT_OK(lifecycle_destroy(v.manager));
}

static void hazard_code_11_parent_changes_what_a_child_runs_dual(void)
{
    the_parent_changes_code_that_its_child_runs(LIFECYCLE_CODE_DUAL);
}

static void hazard_code_11_parent_changes_what_a_child_runs_mprotect(void)
{
    the_parent_changes_code_that_its_child_runs(LIFECYCLE_CODE_MPROTECT);
}

static void child_changes_and_frees_all(void *user)
{
    struct village *v = user;
    close(v->talk[0]);
    change_all(v, expect_scale(10000, 300), 5000);
    EXPECT_OK(lifecycle_unmap_owner(v->manager, "village", NULL));
    EXPECT_EQ(stats_of(v->manager).code_bytes_live, 0);
    map_returning(v->manager, v->module, "other", 1, 0);
    EXPECT_EQ(call(entry_of(v->manager, "other")), 1);
    EXPECT_OK(lifecycle_destroy(v->manager));
}

static void hazard_code_11_child_changes_what_its_parent_runs(void)
{
    struct village v;
    unsigned long wrong = 0;
    char nothing;
    pid_t child;
    settle(&v, LIFECYCLE_CODE_DUAL);
    EXPECT_EQ(pipe(v.talk), 0);
    child = start_child(child_changes_and_frees_all, &v);
    close(v.talk[1]);
    EXPECT_EQ(fcntl(v.talk[0], F_SETFL, O_NONBLOCK), 0);
    do
        wrong += !is_untouched(&v);
    while (read(v.talk[0], &nothing, 1) != 0);
    close(v.talk[0]);
    end_child(child);
    EXPECT_EQ(wrong, 0);
    EXPECT(is_untouched(&v));
    change_all(&v, FUNCTIONS, 2000);
    EXPECT_OK(lifecycle_destroy(v.manager));
}

/* Three generations, each with children before and after it changed something. */
static void descend(void *user)
{
    struct village *v = user, mine = *v;
    EXPECT(is_untouched(v));
    if (v->changed < 3) {
        pid_t early, late;
        mine.changed++;
        early = start_child(descend, &mine);
        /* Half of them: the rest stays what the grandparents have. */
        for (int i = 0; i < FUNCTIONS; i += 2) {
            char name[32];
            name_of(name, i);
            EXPECT_OK(lifecycle_unmap_symbol(mine.manager, mine.symbols[i]));
            mine.symbols[i] = map_returning(mine.manager, mine.module, name, i, 0);
            mine.addresses[i] = lifecycle_symbol_address(mine.manager, mine.symbols[i]);
        }
        late = start_child(descend, &mine);
        EXPECT(is_untouched(&mine));
        change_all(&mine, FUNCTIONS, 1000 * v->changed);
        end_child(early);
        end_child(late);
        for (int i = 0; i < FUNCTIONS; i++)
            EXPECT_EQ(call(lifecycle_symbol_address(mine.manager, mine.symbols[i])), i + 1000 * v->changed);
    }
    if (v->changed != 0)
        EXPECT_OK(lifecycle_destroy(v->manager));
}

static void hazard_code_11_grandchildren(void)
{
    struct village v;
    settle(&v, LIFECYCLE_CODE_DUAL);
    descend(&v);
    EXPECT_OK(lifecycle_destroy(v.manager));
}

/* --- code that is being written when the process forks --- */

struct writing {
    lifecycle_manager *manager;
    lifecycle_module module;
    lifecycle_symbol doomed;
    lifecycle_code room;
    int talk[2];
};

static void child_gives_up_what_was_open(void *user)
{
    struct writing *f = user;
    lifecycle_code mine;
    char nothing;
    /* Its parent frees this, and may not touch it. */
    close(f->talk[1]);
    EXPECT_EQ(read(f->talk[0], &nothing, 1), 0);
    EXPECT_EQ(call(lifecycle_symbol_address(f->manager, f->doomed)), 6);
    EXPECT_STATUS(lifecycle_code_commit(f->manager, &f->room, f->module, "f", 6, NULL, NULL), LIFECYCLE_E_FORKED);
    EXPECT_OK(lifecycle_code_reserve(f->manager, 100, 0, NULL, &mine));
    returns(mine.rw, 9);
    EXPECT_OK(lifecycle_unmap_symbol(f->manager, f->doomed));
    EXPECT_OK(lifecycle_code_abort(f->manager, &f->room));
    EXPECT_OK(lifecycle_code_commit(f->manager, &mine, f->module, "f", 6, NULL, NULL));
    EXPECT_EQ(call(entry_of(f->manager, "f")), 9);
    EXPECT_OK(lifecycle_reclaim(f->manager, NULL));
    EXPECT_EQ(stats_of(f->manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(f->manager));
}

static void hazard_code_11_fork_while_code_is_written(void)
{
    struct writing f;
    lifecycle_symbol symbol;
    void *address;
    pid_t child;
    memset(&f, 0, sizeof f);
    f.manager = manager_in(LIFECYCLE_CODE_DUAL);
    f.module = load(f.manager, "m");
    f.doomed = map_returning(f.manager, f.module, "doomed", 6, 0);
    address = lifecycle_symbol_address(f.manager, f.doomed);
    EXPECT_OK(lifecycle_code_reserve(f.manager, 100, 0, NULL, &f.room));
    returns(f.room.rw, 1);
    EXPECT_EQ(pipe(f.talk), 0);
    child = start_child(child_gives_up_what_was_open, &f);
    /* Its slab is written to, so what is freed there stays as it is until that ends. */
    EXPECT_OK(lifecycle_unmap_symbol(f.manager, f.doomed));
    EXPECT_EQ(call(address), 6);
    EXPECT(stats_of(f.manager).code_bytes_retired != 0);
    EXPECT_OK(lifecycle_reclaim(f.manager, NULL));
    EXPECT(stats_of(f.manager).code_bytes_retired != 0);
    /* Nor does anything new go there, or it would be written to for ever. */
    symbol = map_returning(f.manager, f.module, "goes elsewhere", 7, 0);
    EXPECT((uintptr_t)lifecycle_symbol_address(f.manager, symbol) >> 21 != (uintptr_t)address >> 21);
    close(f.talk[1]);
    end_child(child);
    close(f.talk[0]);
    returns(f.room.rw, 2);
    EXPECT_OK(lifecycle_code_commit(f.manager, &f.room, f.module, "f", 6, NULL, NULL));
    EXPECT_OK(lifecycle_reclaim(f.manager, NULL));
    EXPECT_EQ(stats_of(f.manager).code_bytes_retired, 0);
    EXPECT_EQ(call(entry_of(f.manager, "f")), 2);
    EXPECT_EQ(call(entry_of(f.manager, "goes elsewhere")), 7);
    EXPECT_OK(lifecycle_destroy(f.manager));
}

/* Where the parent writes its code, a child may have something else by now. */
static void child_uses_the_addresses(void *user)
{
    struct writing *f = user;
    char *there = (char *)((uintptr_t)f->room.rw & ~(uintptr_t)4095);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    EXPECT(mmap(there, 4096, PROT_READ | PROT_WRITE, flags, -1, 0) == there);
    strcpy(there, "the child's");
    EXPECT_OK(lifecycle_unmap_symbol(f->manager, f->doomed));
    EXPECT_OK(lifecycle_code_abort(f->manager, &f->room));
    map_returning(f->manager, f->module, "f", 4, 0);
    EXPECT_EQ(call(entry_of(f->manager, "f")), 4);
    EXPECT_OK(lifecycle_destroy(f->manager));
    EXPECT(strcmp(there, "the child's") == 0);
}

static void a_child_leaves_its_parents_addresses_alone(void)
{
    struct writing f;
    if (expect_scale(1, 0) == 0) {
        printf("skipped: valgrind does not know that a child may get fewer addresses\n");
        return;
    }
    memset(&f, 0, sizeof f);
    f.manager = manager_in(LIFECYCLE_CODE_DUAL);
    f.module = load(f.manager, "m");
    f.doomed = map_returning(f.manager, f.module, "doomed", 6, 0);
    EXPECT_OK(lifecycle_code_reserve(f.manager, 100, 0, NULL, &f.room));
    in_a_child(child_uses_the_addresses, &f);
    EXPECT_OK(lifecycle_destroy(f.manager));
}

/* --- what it costs --- */

struct files {
    unsigned long inodes[64];
    size_t count;
};

/* The memory files whose code this process can run. */
static struct files code_files(void)
{
    struct files all = {{0}, 0};
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], access[5];
    unsigned long inode;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, "/memfd:lifecycle-code") != NULL
            && sscanf(line, "%*s %4s %*s %*s %lu", access, &inode) == 2 && strcmp(access, "r-xs") == 0 && all.count < 64)
            all.inodes[all.count++] = inode;
    }
    if (maps != NULL)
        fclose(maps);
    return all;
}

static size_t files_changed(const struct files *before)
{
    struct files now = code_files();
    size_t changed = 0;
    EXPECT_EQ(now.count, before->count);
    for (size_t i = 0; i < now.count && i < before->count; i++)
        changed += now.inodes[i] != before->inodes[i];
    return changed;
}

static void child_runs_once(void *user)
{
    EXPECT(is_untouched(user));
}

static void a_fork_without_changes_copies_nothing(void)
{
    struct village v;
    struct files before;
    void *big = calloc(1, 3 << 20);
    lifecycle_symbol symbol;
    settle(&v, LIFECYCLE_CODE_DUAL);
    EXPECT_OK(lifecycle_map_symbol(v.manager, v.module, "big", big, 3 << 20, NULL, &symbol));
    free(big);
    before = code_files();
    EXPECT_EQ(before.count, 3);
    for (int i = 0; i < 3; i++)
        in_a_child(child_runs_once, &v);
    EXPECT(is_untouched(&v));
    EXPECT_EQ(files_changed(&before), 0);
    /* Free space was free in the child too. */
    map_returning(v.manager, v.module, "new", 1, 0);
    EXPECT_EQ(files_changed(&before), 0);
    EXPECT_OK(lifecycle_unmap_symbol(v.manager, v.symbols[0]));
    EXPECT_EQ(files_changed(&before), 1);
    EXPECT_OK(lifecycle_unmap_symbol(v.manager, v.symbols[1]));
    EXPECT_EQ(files_changed(&before), 1);
    /* What goes back whole is not copied first. */
    EXPECT_OK(lifecycle_unmap_symbol(v.manager, symbol));
    EXPECT_EQ(code_files().count, 1);
    EXPECT_OK(lifecycle_destroy(v.manager));
    EXPECT_EQ(code_files().count, 0);
}

/* No descriptor is kept that a host could close, and its number give to another file. */
static void child_closes_every_descriptor(void *user)
{
    struct village *v = user;
    for (int fd = 3; fd < 1000; fd++)
        close(fd);
    change_all(v, FUNCTIONS, 3);
    EXPECT_OK(lifecycle_destroy(v->manager));
}

static void a_host_that_closes_every_descriptor_loses_nothing(void)
{
    struct village v;
    settle(&v, LIFECYCLE_CODE_DUAL);
    in_a_child(child_closes_every_descriptor, &v);
    EXPECT_OK(lifecycle_destroy(v.manager));
}

/* --- a fork in the middle of other threads' calls --- */

struct busy {
    struct village v;
    int stop;
};

static void *keep_changing(void *user)
{
    struct busy *busy = user;
    while (!__atomic_load_n(&busy->stop, __ATOMIC_ACQUIRE))
        change_all(&busy->v, FUNCTIONS, 100);
    return NULL;
}

static void *keep_making(void *user)
{
    struct busy *busy = user;
    while (!__atomic_load_n(&busy->stop, __ATOMIC_ACQUIRE)) {
        lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO);
        lifecycle_arena *arena = NULL;
        lifecycle_reader *reader = NULL;
        EXPECT_OK(lifecycle_arena_create(NULL, &arena));
        EXPECT_OK(lifecycle_reader_attach(busy->v.manager, &reader));
        EXPECT_OK(lifecycle_reader_detach(reader));
        EXPECT_OK(lifecycle_arena_destroy(arena));
        EXPECT_OK(lifecycle_destroy(manager));
    }
    return NULL;
}

static void child_of_a_busy_parent(void *user)
{
    struct busy *busy = user;
    lifecycle_manager *manager = busy->v.manager, *own;
    lifecycle_reader *reader = NULL;
    lifecycle_arena *arena = NULL;
    lifecycle_symbol mine;
    alarm(20);
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    mine = map_returning(manager, busy->v.module, "the child's", 77, 0);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, mine)), 77);
    EXPECT_OK(lifecycle_unmap_symbol(manager, mine));
    EXPECT_OK(lifecycle_unmap_owner(manager, "village", NULL));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT(stats_of(manager).code_bytes_live <= 64); /* the thread that maps had taken room, and is not here */
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(manager));
    own = manager_in(LIFECYCLE_CODE_AUTO);
    EXPECT_OK(lifecycle_arena_create(NULL, &arena));
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_OK(lifecycle_destroy(own));
    /* What the other threads had in their hands is lost in any child; a checker does not get to see it. */
    if (expect_failures == 0)
        execlp("true", "true", (char *)NULL);
}

static void hazard_code_11_fork_while_other_threads_call(void)
{
    struct busy busy;
    pthread_t threads[2];
    settle(&busy.v, LIFECYCLE_CODE_AUTO);
    busy.stop = 0;
    EXPECT_EQ(pthread_create(&threads[0], NULL, keep_changing, &busy), 0);
    EXPECT_EQ(pthread_create(&threads[1], NULL, keep_making, &busy), 0);
    for (unsigned long i = 0; i < expect_scale(200, 5) && expect_failures == 0; i++)
        in_a_child(child_of_a_busy_parent, &busy);
    __atomic_store_n(&busy.stop, 1, __ATOMIC_RELEASE);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    EXPECT_OK(lifecycle_destroy(busy.v.manager));
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

static void *wait_for_nobody(void *user)
{
    struct elsewhere *it = user;
    EXPECT_EQ(stats_of(it->manager).readers, 1);
    EXPECT_OK(lifecycle_unmap_owner(it->manager, "m", NULL));
    EXPECT_STATUS(lifecycle_synchronize(it->manager, 0), LIFECYCLE_E_TIMEOUT); /* for the one that forked */
    EXPECT_OK(lifecycle_reader_attach(it->manager, &it->mine));
    EXPECT_OK(lifecycle_reader_detach(it->mine));
    return NULL;
}

/* The thread that asks first need not be the one that forked. */
static void child_asks_from_a_new_thread(void *user)
{
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, wait_for_nobody, user), 0);
    pthread_join(thread, NULL);
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
    in_a_child(child_asks_from_a_new_thread, &it);
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
    RUN(hazard_code_11_parent_changes_what_a_child_runs_dual);
    RUN(hazard_code_11_parent_changes_what_a_child_runs_mprotect);
    RUN(hazard_code_11_child_changes_what_its_parent_runs);
    RUN(hazard_code_11_grandchildren);
    RUN(hazard_code_11_fork_while_code_is_written);
    RUN(a_child_leaves_its_parents_addresses_alone);
    RUN(a_fork_without_changes_copies_nothing);
    RUN(a_host_that_closes_every_descriptor_loses_nothing);
    RUN(hazard_code_11_fork_leaves_readers_behind);
    RUN(hazard_code_11_fork_while_other_threads_call);
    return expect_done();
}
