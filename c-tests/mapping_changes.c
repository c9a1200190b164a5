/*
 * mapping_changes.c - files that are replaced, deleted, cut off, appended to and rewritten while modules have them, in
 * both modes, small (copied in either mode) and large (mapped, or copied).
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "support.h"

enum { SMALL = 16 << 10, LARGE = 100000 };

/* The library reads files through this, linked either way: so many times what is read is cut off just before, or its
   first byte and its time are changed just after. */
static int cuts, touches;
static const char *unquiet_file;

ssize_t pread64(int fd, void *to, size_t len, off_t offset)
{
    ssize_t got;
    struct stat about;
    if (cuts != 0) {
        cuts--;
        EXPECT(stat(unquiet_file, &about) == 0 && truncate(unquiet_file, about.st_size - 1) == 0);
    }
    got = (ssize_t)syscall(SYS_pread64, fd, to, len, offset);
    if (touches != 0) {
        struct timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
        int other = open(unquiet_file, O_WRONLY | O_CLOEXEC);
        times[1].tv_sec = 1000000000 + touches--;
        EXPECT(other >= 0 && write(other, "t", 1) == 1 && futimens(other, times) == 0);
        close(other);
    }
    return got;
}
ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
    return pread64(fd, to, len, offset);
}

static lifecycle_manager *manager_in(uint32_t mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.mapping_mode = mode;
    return make_manager(&config);
}

static lifecycle_mapping access_file(lifecycle_manager *manager, lifecycle_module module, const char *path)
{
    lifecycle_mapping mapping;
    memset(&mapping, 0xee, sizeof mapping);
    EXPECT_OK(lifecycle_on_smf_accessed(manager, module, path, &mapping));
    return mapping;
}

static bool is_all(const void *bytes, size_t len, char expected)
{
    const char *at = bytes;
    for (size_t i = 0; i < len; i++)
        if (at[i] != expected)
            return false;
    return true;
}

static bool holds(lifecycle_mapping mapping, size_t len, char expected)
{
    return mapping.size == len && is_all(mapping.data, len, expected);
}

static void fill_file(const char *path, size_t len, char with)
{
    char *bytes = malloc(len);
    memset(bytes, with, len);
    write_file(path, bytes, len);
    free(bytes);
}

/* In place: the same file, other bytes, and a time that is another one. */
static void rewrite_file(const char *path, size_t len, char with, time_t changed)
{
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    char *bytes = malloc(len);
    memset(bytes, with, len);
    times[1].tv_sec = changed;
    EXPECT(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && futimens(fd, times) == 0);
    close(fd);
    free(bytes);
}

static void append_to(const char *path, char with)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    EXPECT(fd >= 0 && write(fd, &with, 1) == 1);
    close(fd);
}

/* --- every kind of change, between one module's access and another's --- */

static void every_change(uint32_t mode, size_t len)
{
    lifecycle_manager *manager = manager_in(mode);
    lifecycle_module first = load(manager, "first"), second = load(manager, "second");
    bool copied = mode == LIFECYCLE_MAPPING_SNAPSHOT || len <= SMALL;
    lifecycle_mapping a, b, c, d, e;
    fill_file("file", len, 'a');
    a = access_file(manager, first, "file");
    /* Replaced. */
    fill_file("new", len, 'b');
    EXPECT(rename("new", "file") == 0);
    b = access_file(manager, second, "file");
    EXPECT(holds(a, len, 'a') && holds(b, len, 'b') && a.id != b.id);
    /* Rewritten in place, with another time: whose file is mapped sees it. */
    rewrite_file("file", len, 'c', 1000000000);
    c = access_file(manager, first, "file");
    EXPECT(holds(c, len, 'c') && c.id != b.id && holds(b, len, copied ? 'b' : 'c'));
    /* And again, with the time it has for most systems' clocks. */
    rewrite_file("file", len, 'd', 1000000001);
    d = access_file(manager, second, "file");
    EXPECT(holds(d, len, 'd') && d.id != c.id && holds(c, len, copied ? 'c' : 'd'));
    /* Appended to. */
    append_to("file", 'd');
    e = access_file(manager, first, "file");
    EXPECT(holds(e, len + 1, 'd') && e.id != d.id && d.size == len && holds(d, len, 'd'));
    /* Cut off: what was copied is there as before, what is mapped is as long as the file is. */
    EXPECT(truncate("file", (off_t)(len / 2)) == 0);
    EXPECT(holds(access_file(manager, second, "file"), len / 2, 'd'));
    EXPECT(is_all(d.data, copied ? len : len / 2, 'd') && is_all(e.data, copied ? len + 1 : len / 2, 'd'));
    /* Deleted. */
    EXPECT(unlink("file") == 0);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, first, "file", &e), LIFECYCLE_E_NOT_FOUND);
    EXPECT(is_all(d.data, copied ? len : len / 2, 'd') && holds(a, len, 'a'));
    EXPECT_EQ(stats_of(manager).mappings, 6);
    /* What is deleted can be shared all the same. */
    EXPECT_OK(lifecycle_smf_share(manager, second, a.id, &e));
    EXPECT(e.data == a.data && holds(e, len, 'a'));
    EXPECT_OK(unload(manager, first));
    EXPECT(holds(e, len, 'a'));
    EXPECT_OK(unload(manager, second));
    EXPECT_EQ(stats_of(manager).mappings + stats_of(manager).mapped_bytes, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void each_gets_what_the_file_was_when_it_asked(void)
{
    static const size_t sizes[] = {10, 4096, SMALL - 1, LARGE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        every_change(LIFECYCLE_MAPPING_MAP, sizes[i]);
        every_change(LIFECYCLE_MAPPING_SNAPSHOT, sizes[i]);
    }
}

/* Within one tick of the file system's clock the file's time may stay the same; copies are compared then. */
static void a_copy_that_changed_within_a_tick_is_noticed(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_MAPPING_MAP);
    lifecycle_module module = load(manager, "m");
    struct timespec times[2];
    struct stat about;
    lifecycle_mapping before, after;
    fill_file("file", 100, 'a');
    EXPECT(stat("file", &about) == 0);
    before = access_file(manager, module, "file");
    fill_file("file", 100, 'b');
    times[0].tv_nsec = UTIME_OMIT;
    times[1] = about.st_mtim;
    EXPECT(utimensat(AT_FDCWD, "file", times, 0) == 0);
    after = access_file(manager, module, "file");
    EXPECT(holds(before, 100, 'a') && holds(after, 100, 'b') && before.id != after.id);
    EXPECT(access_file(manager, module, "file").id == after.id);
    unlink("file");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_copy_is_of_a_file_that_holds_still(uint32_t mode, size_t len)
{
    lifecycle_manager *manager = manager_in(mode);
    lifecycle_module module = load(manager, "m");
    lifecycle_mapping mapping;
    fill_file("file", len, 'a');
    unquiet_file = "file";
    cuts = 2;
    mapping = access_file(manager, module, "file");
    if (cuts != 0) {
        printf("skipped: a file that is cut off while it is read (this program's pread is not called)\n");
    } else {
        EXPECT(holds(mapping, len - 2, 'a'));
        EXPECT_OK(unload(manager, module));
        module = load(manager, "m");
        cuts = -1;
        EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "file", &mapping), LIFECYCLE_E_FORMAT);
        EXPECT_SENTENCE("file");
        EXPECT(mapping.data == NULL && mapping.size == 0 && mapping.id == 0);
        EXPECT_EQ(stats_of(manager).mappings + stats_of(manager).smf_tracked_count, 0);
        cuts = 0;
        fill_file("file", len, 'a');
        touches = 1;
        mapping = access_file(manager, module, "file");
        EXPECT(mapping.size == len && memcmp(mapping.data, "ta", 2) == 0);
        touches = -1;
        fill_file("file", len, 'a');
        EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "file", &mapping), LIFECYCLE_E_FORMAT);
        touches = 0;
    }
    unlink("file");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_file_that_changes_while_it_is_read_is_read_again(void)
{
    a_copy_is_of_a_file_that_holds_still(LIFECYCLE_MAPPING_MAP, 1000);
    a_copy_is_of_a_file_that_holds_still(LIFECYCLE_MAPPING_SNAPSHOT, 1000);
    a_copy_is_of_a_file_that_holds_still(LIFECYCLE_MAPPING_SNAPSHOT, LARGE);
}

/* --- prefetch --- */

/* Pages of the mapping that are in memory. */
static size_t resident(lifecycle_mapping mapping)
{
    unsigned char pages[LARGE / 4096 + 1];
    size_t count = 0;
    memset(pages, 0, sizeof pages);
    if (mincore((void *)(uintptr_t)mapping.data, mapping.size, pages) != 0)
        return 0;
    for (size_t i = 0; i < sizeof pages; i++)
        count += pages[i] & 1;
    return count;
}

static void what_is_prefetched_is_read_before_anybody_reads_it(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_MAPPING_MAP);
    lifecycle_module module = load(manager, "m");
    const char *path = "file";
    lifecycle_mapping mapping;
    size_t before;
    int fd;
    fill_file(path, LARGE, 'p');
    fd = open(path, O_RDWR | O_CLOEXEC);
    EXPECT(fd >= 0 && fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    mapping = access_file(manager, module, path);
    before = resident(mapping);
    EXPECT_OK(unload(manager, module));
    if (before == LARGE / 4096 + 1) {
        printf("skipped: reading ahead (this file system is memory)\n");
    } else {
        EXPECT(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
        EXPECT_OK(lifecycle_smf_prefetch(manager, &path, 1, NULL));
        module = load(manager, "m");
        mapping = access_file(manager, module, path);
        for (int i = 0; i < 1000 && resident(mapping) <= before; i++)
            usleep(10000);
        EXPECT(resident(mapping) > before);
        EXPECT(holds(mapping, LARGE, 'p'));
    }
    close(fd);
    unlink(path);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- a large file is cut off under a thread that reads it --- */

struct reading {
    lifecycle_mapping mapping;
    unsigned long rounds, wrong;
    int stop, cut;
};

static sigjmp_buf after_the_cut;

static void end_reading(int signal)
{
    siglongjmp(after_the_cut, signal);
}

static void *keep_reading(void *user)
{
    struct reading *it = user;
    if (sigsetjmp(after_the_cut, 1) != 0) {
        __atomic_store_n(&it->cut, 1, __ATOMIC_RELEASE);
        return NULL;
    }
    while (!__atomic_load_n(&it->stop, __ATOMIC_ACQUIRE)) {
        it->wrong += !is_all(it->mapping.data, it->mapping.size, 'r');
        __atomic_fetch_add(&it->rounds, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void read_and_cut(uint32_t mode, int expected)
{
    lifecycle_manager *manager = manager_in(mode);
    struct sigaction action, before;
    struct reading it;
    pthread_t thread;
    unsigned long enough;
    memset(&action, 0, sizeof action);
    memset(&it, 0, sizeof it);
    action.sa_handler = end_reading;
    EXPECT(sigaction(SIGBUS, &action, &before) == 0);
    fill_file("file", LARGE, 'r');
    it.mapping = access_file(manager, load(manager, "m"), "file");
    EXPECT(pthread_create(&thread, NULL, keep_reading, &it) == 0);
    while (__atomic_load_n(&it.rounds, __ATOMIC_ACQUIRE) < 3)
        usleep(100);
    EXPECT(truncate("file", 0) == 0);
    enough = __atomic_load_n(&it.rounds, __ATOMIC_ACQUIRE) + 3;
    while (__atomic_load_n(&it.rounds, __ATOMIC_ACQUIRE) < enough && !__atomic_load_n(&it.cut, __ATOMIC_ACQUIRE))
        usleep(100);
    __atomic_store_n(&it.stop, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    EXPECT(sigaction(SIGBUS, &before, NULL) == 0);
    EXPECT_EQ(it.wrong, 0);
    EXPECT_EQ(it.cut, expected);
    EXPECT_OK(lifecycle_destroy(manager));
    unlink("file");
}

static void a_file_that_is_cut_off_while_it_is_read_raises_sigbus_only_where_it_is_mapped(void)
{
    read_and_cut(LIFECYCLE_MAPPING_MAP, 1);
    read_and_cut(LIFECYCLE_MAPPING_SNAPSHOT, 0);
}

/* --- many threads, and somebody who replaces the files --- */

enum { FILES = 3, THREADS = 4 };

static const char *const busy_files[FILES] = {"busy 0", "busy 1", "busy 2"};

struct busy {
    lifecycle_manager *manager;
    int number, stop;
    unsigned long rounds, wrong, accesses;
};

/* A version is its number all over, in so many bytes: small ones and large ones. */
static size_t size_of(unsigned char version)
{
    return 100 + (size_t)version * 157;
}

static void *keep_replacing(void *user)
{
    struct busy *it = user;
    unsigned char version = 1;
    while (!__atomic_load_n(&it->stop, __ATOMIC_ACQUIRE)) {
        fill_file("next", size_of(version), (char)version);
        EXPECT(rename("next", busy_files[version % FILES]) == 0);
        version++;
    }
    return NULL;
}

static void *keep_accessing(void *user)
{
    struct busy *it = user;
    lifecycle_module module;
    char name[32];
    snprintf(name, sizeof name, "module %d", it->number);
    module = load(it->manager, name);
    for (unsigned long i = 0; i < it->rounds; i++) {
        const char *path = busy_files[(i + (unsigned long)it->number) % FILES];
        lifecycle_mapping one, two;
        const unsigned char *bytes;
        if (lifecycle_on_smf_accessed(it->manager, module, path, &one) != LIFECYCLE_OK) {
            it->wrong++;
            continue;
        }
        bytes = one.data;
        it->accesses++;
        it->wrong += one.size != size_of(bytes[0]) || !is_all(bytes, one.size, (char)bytes[0]);
        if (i % 3 == 0) {
            it->wrong += lifecycle_smf_share(it->manager, module, one.id, &two) != LIFECYCLE_OK || two.data != one.data;
            it->wrong += lifecycle_smf_release(it->manager, module, path) != LIFECYCLE_OK;
        }
        if (i % 4 != 0)
            it->wrong += lifecycle_smf_release(it->manager, module, path) != LIFECYCLE_OK;
        if (i % 50 == 49) {
            it->wrong += unload(it->manager, module) != LIFECYCLE_OK;
            module = load(it->manager, name);
        }
    }
    EXPECT_OK(unload(it->manager, module));
    return NULL;
}

static void each_thread_sees_whole_files(uint32_t mode)
{
    struct busy all[THREADS + 1];
    pthread_t threads[THREADS + 1];
    lifecycle_stats stats;
    memset(all, 0, sizeof all);
    all[0].manager = manager_in(mode);
    for (int i = 0; i < FILES; i++)
        fill_file(busy_files[i], size_of((unsigned char)i), (char)i);
    for (int i = 0; i <= THREADS; i++) {
        all[i].manager = all[0].manager;
        all[i].number = i;
        all[i].rounds = expect_scale(3000, 60);
        EXPECT_EQ(pthread_create(&threads[i], NULL, i == 0 ? keep_replacing : keep_accessing, &all[i]), 0);
    }
    for (int i = 1; i <= THREADS; i++) {
        pthread_join(threads[i], NULL);
        EXPECT_EQ(all[i].wrong, 0);
        EXPECT_EQ(all[i].accesses, all[i].rounds);
    }
    __atomic_store_n(&all[0].stop, 1, __ATOMIC_RELEASE);
    pthread_join(threads[0], NULL);
    stats = stats_of(all[0].manager);
    EXPECT_EQ(stats.mappings + stats.mapped_bytes + stats.smf_tracked_count + stats.failed_releases, 0);
    EXPECT_EQ(leaks_of(all[0].manager), 0);
    for (int i = 0; i < FILES; i++)
        unlink(busy_files[i]);
    unlink("next");
    EXPECT_OK(lifecycle_destroy(all[0].manager));
}

static void threads_see_whole_files_while_they_are_replaced(void)
{
    each_thread_sees_whole_files(LIFECYCLE_MAPPING_MAP);
    each_thread_sees_whole_files(LIFECYCLE_MAPPING_SNAPSHOT);
}

int main(void)
{
    char folder[] = "mapping_changes.XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return EXIT_FAILURE;
    RUN(each_gets_what_the_file_was_when_it_asked);
    RUN(a_copy_that_changed_within_a_tick_is_noticed);
    RUN(a_file_that_changes_while_it_is_read_is_read_again);
    RUN(what_is_prefetched_is_read_before_anybody_reads_it);
    RUN(a_file_that_is_cut_off_while_it_is_read_raises_sigbus_only_where_it_is_mapped);
    RUN(threads_see_whole_files_while_they_are_replaced);
    return expect_done();
}
