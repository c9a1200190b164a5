/*
 * mapping_fork.c - files in memory when a process forks: small ones lie in memory that parent and child share, and
 * neither may see the other put something else there.
 */
#include <pthread.h>

#include "child.h"
#include "support.h"

/* More than one chunk is full of them. */
enum { FILES = 100 };

struct shelf {
    lifecycle_manager *manager;
    lifecycle_module module;
    lifecycle_mapping files[FILES];
    int depth, stop;
    int talk[2]; /* open as long as the other side works */
};

static lifecycle_mapping keep(lifecycle_manager *manager, lifecycle_module module, int number, int with)
{
    lifecycle_mapping mapping;
    char key[32], bytes[6000];
    size_t len = 1000 + (size_t)(number % 50) * 100;
    memset(&mapping, 0, sizeof mapping);
    memset(bytes, with + number, sizeof bytes);
    snprintf(key, sizeof key, "%d with %d", number, with);
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, key, bytes, len, &mapping));
    return mapping;
}

static bool has(lifecycle_mapping mapping, int number, int with)
{
    const char *bytes = mapping.data;
    for (size_t i = 0; i < mapping.size; i++)
        if (bytes[i] != (char)(with + number))
            return false;
    return mapping.size == 1000 + (size_t)(number % 50) * 100;
}

static bool is_untouched(const struct shelf *s, int with)
{
    for (int i = 0; i < FILES; i++)
        if (!has(s->files[i], i, with))
            return false;
    return true;
}

static void fill_shelf(struct shelf *s, int with)
{
    s->module = load(s->manager, "shelf");
    for (int i = 0; i < FILES; i++)
        s->files[i] = keep(s->manager, s->module, i, with);
    EXPECT(is_untouched(s, with));
}

/* What the other process has too goes, and others come, over and over. */
static void change_all(struct shelf *s, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        EXPECT_OK(unload(s->manager, s->module));
        fill_shelf(s, 50 + round % 7);
    }
}

/* Mappings of this process that have packed files in them: two a chunk. */
static size_t chunk_maps(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t count = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        count += strstr(line, "/memfd:lifecycle-files") != NULL;
    if (maps != NULL)
        fclose(maps);
    return count;
}

static void watch_until_told(struct shelf *s, int talk)
{
    unsigned long wrong = 0, rounds = 0;
    char nothing;
    EXPECT_EQ(fcntl(talk, F_SETFL, O_NONBLOCK), 0);
    do {
        wrong += !is_untouched(s, 0);
        rounds++;
    } while (wrong == 0 && read(talk, &nothing, 1) != 0);
    EXPECT(wrong == 0 && rounds != 0);
}

static void child_watches_and_then_changes(void *user)
{
    struct shelf *s = user;
    close(s->talk[1]);
    watch_until_told(s, s->talk[0]);
    change_all(s, 10);
    EXPECT_OK(lifecycle_destroy(s->manager));
    EXPECT_EQ(chunk_maps(), 0);
}

static void the_parent_changes_what_its_child_reads(void)
{
    struct shelf s = {0};
    size_t before;
    pid_t child;
    s.manager = make_manager(NULL);
    fill_shelf(&s, 0);
    before = chunk_maps();
    EXPECT_EQ(pipe(s.talk), 0);
    child = start_child(child_watches_and_then_changes, &s);
    close(s.talk[0]);
    change_all(&s, (int)expect_scale(300, 10));
    close(s.talk[1]);
    end_child(child);
    EXPECT(is_untouched(&s, 50 + (int)(expect_scale(300, 10) - 1) % 7));
    /* What was shared is gone, and no more came in its place. */
    if (before == 0)
        printf("skipped: how many chunks there are (the system gives no memory files)\n");
    EXPECT(chunk_maps() <= before + 2);
    EXPECT_OK(unload(s.manager, s.module));
    EXPECT(chunk_maps() <= 2);
    EXPECT_OK(lifecycle_destroy(s.manager));
    EXPECT_EQ(chunk_maps(), 0);
}

static void child_changes(void *user)
{
    struct shelf *s = user;
    close(s->talk[0]);
    change_all(s, (int)expect_scale(300, 10));
    EXPECT_OK(unload(s->manager, s->module));
    EXPECT(chunk_maps() <= 2);
    EXPECT_EQ(stats_of(s->manager).mappings, 0);
    EXPECT_OK(lifecycle_destroy(s->manager));
}

static void a_child_changes_what_its_parent_reads(void)
{
    struct shelf s = {0};
    pid_t child;
    s.manager = make_manager(NULL);
    fill_shelf(&s, 0);
    EXPECT_EQ(pipe(s.talk), 0);
    child = start_child(child_changes, &s);
    close(s.talk[1]);
    watch_until_told(&s, s.talk[0]);
    close(s.talk[0]);
    end_child(child);
    EXPECT(is_untouched(&s, 0));
    EXPECT_OK(lifecycle_destroy(s.manager));
}

/* Each generation has a child before and one after it changed something, and goes on itself. */
static void descend(void *user)
{
    struct shelf *s = user;
    struct shelf mine = *s;
    pid_t early, late;
    EXPECT(is_untouched(s, 0));
    if (s->depth == 3)
        return;
    mine.depth++;
    early = start_child(descend, &mine);
    /* Half of them goes and comes again: the rest stays what the grandparents have. */
    for (int i = 0; i < FILES; i += 2) {
        char key[32];
        snprintf(key, sizeof key, "%d with %d", i, 0);
        EXPECT_OK(lifecycle_smf_release(mine.manager, mine.module, key));
        mine.files[i] = keep(mine.manager, mine.module, i, 0);
    }
    late = start_child(descend, &mine);
    change_all(&mine, 3);
    end_child(early);
    end_child(late);
    EXPECT(is_untouched(&mine, 52));
    EXPECT_OK(lifecycle_destroy(mine.manager));
}

static void grandchildren(void)
{
    struct shelf s = {0};
    s.manager = make_manager(NULL);
    fill_shelf(&s, 0);
    descend(&s);
}

static void *keep_changing(void *user)
{
    struct shelf *s = user, mine = *s;
    mine.module = load(mine.manager, "busy");
    while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        for (int i = 0; i < 20; i++)
            mine.files[i] = keep(mine.manager, mine.module, i, 100);
        EXPECT_OK(unload(mine.manager, mine.module));
        mine.module = load(mine.manager, "busy");
    }
    return NULL;
}

static void child_of_a_busy_parent(void *user)
{
    struct shelf *s = user;
    alarm(20);
    EXPECT(is_untouched(s, 0));
    change_all(s, 3);
    EXPECT_OK(unload(s->manager, s->module));
    EXPECT_OK(lifecycle_destroy(s->manager));
    /* What the other thread had in its hands, a chunk at most, is lost in any child. No checker gets to see it. */
    EXPECT(chunk_maps() <= 2);
    if (expect_failures == 0)
        execlp("true", "true", (char *)NULL);
}

static void a_fork_in_the_middle_of_another_threads_call_leaves_no_lock_behind(void)
{
    struct shelf s = {0};
    pthread_t thread;
    s.manager = make_manager(NULL);
    fill_shelf(&s, 0);
    EXPECT_EQ(pthread_create(&thread, NULL, keep_changing, &s), 0);
    for (unsigned long i = 0; i < expect_scale(200, 5) && expect_failures == 0; i++)
        end_child(start_child(child_of_a_busy_parent, &s));
    __atomic_store_n(&s.stop, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    EXPECT(is_untouched(&s, 0));
    EXPECT_OK(lifecycle_destroy(s.manager));
    EXPECT_EQ(chunk_maps(), 0);
}

int main(void)
{
    RUN(the_parent_changes_what_its_child_reads);
    RUN(a_child_changes_what_its_parent_reads);
    RUN(grandchildren);
    RUN(a_fork_in_the_middle_of_another_threads_call_leaves_no_lock_behind);
    return expect_done();
}
