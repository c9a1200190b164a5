/* File mappings: header section 6. Reading SMF files has a program of its own. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "support.h"

/* The library's calls of munmap come here, linked either way: one address is refused. */
static void *refused;
static int refusals;

int munmap(void *address, size_t len)
{
    if (refused != NULL && address == refused) {
        refusals++;
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_munmap, address, len);
}

static lifecycle_mapping access_file(lifecycle_manager *manager, lifecycle_module module, const char *path)
{
    lifecycle_mapping mapping;
    memset(&mapping, 0xee, sizeof mapping);
    EXPECT_OK(lifecycle_on_smf_accessed(manager, module, path, &mapping));
    return mapping;
}

static size_t references(lifecycle_manager *manager, const char *path)
{
    size_t count = 999;
    lifecycle_status status = lifecycle_smf_refcount(manager, path, &count);
    EXPECT(status == LIFECYCLE_OK || (status == LIFECYCLE_E_NOT_FOUND && count == 0));
    return count;
}

static bool holds(lifecycle_mapping mapping, const char *text)
{
    return mapping.size == strlen(text) && memcmp(mapping.data, text, mapping.size) == 0;
}

static void a_file_is_in_memory_once_however_it_is_reached(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_mapping first, second, third, fourth, fifth, other;
    write_file("one", "hello", 5);
    write_file("other", "hello", 5);
    EXPECT(symlink("one", "by symlink") == 0 && link("one", "by link") == 0);
    first = access_file(manager, a, "one");
    EXPECT(holds(first, "hello") && first.id != 0);
    second = access_file(manager, a, "one");
    third = access_file(manager, b, "by symlink");
    fourth = access_file(manager, b, "by link");
    EXPECT(second.data == first.data && third.data == first.data && fourth.data == first.data);
    EXPECT(second.id == first.id && third.id == first.id && fourth.id == first.id);
    fifth = access_file(manager, a, "./one");
    EXPECT(fifth.data == first.data && fifth.id == first.id);
    EXPECT_OK(lifecycle_smf_release(manager, a, "./one"));
    other = access_file(manager, b, "other");
    EXPECT(other.id != first.id && other.data != first.data);
    EXPECT_EQ(stats_of(manager).mappings, 2);
    EXPECT_EQ(stats_of(manager).mapped_bytes, 10);
    EXPECT_EQ(stats_of(manager).smf_tracked_count, 5);
    EXPECT(references(manager, "one") == 4 && references(manager, "by link") == 4 && references(manager, "other") == 1);
    EXPECT(info_of(manager, a).mappings == 2 && info_of(manager, b).mappings == 3);
    EXPECT_OK(lifecycle_smf_release(manager, a, "one"));
    EXPECT_EQ(references(manager, "one"), 3);
    EXPECT_OK(unload(manager, a));
    EXPECT_EQ(references(manager, "by symlink"), 2);
    EXPECT(holds(first, "hello"));
    EXPECT_OK(lifecycle_smf_release(manager, b, "by symlink"));
    EXPECT_STATUS(lifecycle_smf_release(manager, b, "by symlink"), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_smf_release(manager, b, "by link"));
    EXPECT_EQ(references(manager, "one"), 0);
    EXPECT_EQ(stats_of(manager).mappings, 1);
    EXPECT_OK(unload(manager, b));
    EXPECT_EQ(stats_of(manager).mappings + stats_of(manager).mapped_bytes + stats_of(manager).smf_tracked_count, 0);
    unlink("one"), unlink("other"), unlink("by symlink"), unlink("by link");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_first_access_takes_over_what_was_prefetched(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    const char *paths[3] = {"one", "two", "missing"};
    size_t mapped = 99;
    uint64_t before;
    write_file("one", "1", 1);
    write_file("two", "22", 2);
    EXPECT_OK(lifecycle_smf_prefetch(manager, NULL, 0, &mapped));
    EXPECT_EQ(mapped, 0);
    EXPECT_STATUS(lifecycle_smf_prefetch(manager, paths, 3, &mapped), LIFECYCLE_E_NOT_FOUND);
    EXPECT_SENTENCE("missing");
    EXPECT_EQ(mapped, 2);
    EXPECT_OK(lifecycle_smf_prefetch(manager, paths, 2, NULL));
    EXPECT_EQ(references(manager, "one"), 1);
    EXPECT_EQ(leaks_of(manager), 3);
    before = stats_of(manager).mappings;
    EXPECT(holds(access_file(manager, module, "one"), "1"));
    EXPECT_EQ(stats_of(manager).mappings, before);
    EXPECT_EQ(references(manager, "one"), 1);
    access_file(manager, module, "one");
    EXPECT_EQ(references(manager, "one"), 2);
    /* Nobody wants the other one. */
    EXPECT_STATUS(lifecycle_smf_release(manager, 0, "one"), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_smf_release(manager, 0, "two"));
    EXPECT_STATUS(lifecycle_smf_release(manager, 0, "two"), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_smf_prefetch(manager, paths, 1, NULL));
    unlink("one"), unlink("two");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void bytes_without_a_file_are_kept_under_a_key(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_mapping mapping, again;
    char bytes[] = "bytes";
    EXPECT_OK(lifecycle_smf_from_bytes(manager, a, "key", bytes, 5, &mapping));
    memset(bytes, 'x', 5);
    EXPECT(holds(mapping, "bytes"));
    EXPECT_STATUS(lifecycle_smf_from_bytes(manager, b, "key", bytes, 5, &again), LIFECYCLE_E_EXISTS);
    EXPECT_SENTENCE("key");
    EXPECT(again.data == NULL && again.size == 0 && again.id == 0);
    EXPECT_STATUS(lifecycle_smf_from_bytes(manager, b, "empty", bytes, 0, &again), LIFECYCLE_E_FORMAT);
    EXPECT_STATUS(lifecycle_smf_from_bytes(manager, b, "empty", NULL, 0, &again), LIFECYCLE_E_FORMAT);
    EXPECT_STATUS(lifecycle_smf_from_bytes(manager, b, "null", NULL, 5, &again), LIFECYCLE_E_INVALID);
    EXPECT_EQ(references(manager, "key"), 1);
    EXPECT_OK(lifecycle_smf_release(manager, a, "key"));
    EXPECT_OK(lifecycle_smf_from_bytes(manager, b, "key", bytes, 5, &again));
    EXPECT(again.id != mapping.id && holds(again, "xxxxx"));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_mapping_is_shared_by_its_id(void)
{
    lifecycle_manager *manager = make_manager(NULL), *other = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_mapping mapping, shared;
    const char *path = "file";
    write_file(path, "first", 5);
    EXPECT(symlink(path, "by symlink") == 0);
    mapping = access_file(manager, a, path);
    write_file("new one", "second", 6);
    EXPECT(rename("new one", path) == 0);
    EXPECT_OK(lifecycle_smf_share(manager, b, mapping.id, &shared));
    EXPECT(shared.data == mapping.data && shared.id == mapping.id && holds(shared, "first"));
    EXPECT_EQ(references(manager, path), 2);
    EXPECT_EQ(stats_of(manager).mappings, 1);
    EXPECT(holds(access_file(manager, b, "by symlink"), "second"));
    EXPECT_OK(unload(manager, a));
    EXPECT(holds(shared, "first"));
    /* What is shared is released by the path that reached it first, also where the path leads elsewhere by now. */
    access_file(manager, b, path);
    EXPECT_EQ(references(manager, path), 2);
    EXPECT_OK(lifecycle_smf_release(manager, b, path));
    EXPECT_EQ(references(manager, path), 1);
    EXPECT_EQ(stats_of(manager).mappings, 2);
    EXPECT_OK(lifecycle_smf_release(manager, b, path));
    EXPECT_EQ(stats_of(manager).mappings, 1);
    EXPECT_STATUS(lifecycle_smf_share(manager, b, mapping.id, &shared), LIFECYCLE_E_STALE);
    EXPECT(shared.data == NULL && shared.size == 0 && shared.id == 0);
    EXPECT_STATUS(lifecycle_smf_share(manager, b, b, &shared), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_smf_share(manager, b, 0, &shared), LIFECYCLE_E_INVALID);
    mapping = access_file(manager, b, path);
    EXPECT_STATUS(lifecycle_smf_share(other, load(other, "b"), mapping.id, &shared), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_smf_share(manager, a, mapping.id, &shared), LIFECYCLE_E_STALE);
    EXPECT_OK(unload(manager, b));
    EXPECT_EQ(stats_of(manager).mappings, 0);
    unlink(path), unlink("by symlink");
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_OK(lifecycle_destroy(other));
}

static sigjmp_buf after_the_fault;

static void go_on_after_the_fault(int signal)
{
    siglongjmp(after_the_fault, signal);
}

static bool a_write_faults(lifecycle_mapping mapping, size_t at)
{
    struct sigaction action, before;
    volatile bool faulted = true;
    memset(&action, 0, sizeof action);
    action.sa_handler = go_on_after_the_fault;
    EXPECT(sigaction(SIGSEGV, &action, &before) == 0);
    if (sigsetjmp(after_the_fault, 1) == 0) {
        *((volatile char *)(uintptr_t)mapping.data + at) = 'w';
        faulted = false;
    }
    EXPECT(sigaction(SIGSEGV, &before, NULL) == 0);
    return faulted;
}

static void what_is_in_memory_is_read_only_and_begins_a_page_that_ends_in_zeros(void)
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 16384, 16385};
    static const uint32_t modes[2] = {LIFECYCLE_MAPPING_MAP, LIFECYCLE_MAPPING_SNAPSHOT};
    static char bytes[16385];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    lifecycle_mapping writable = {bytes, sizeof bytes, 1};
    EXPECT(!a_write_faults(writable, 0));
    memset(bytes, 'b', sizeof bytes);
    for (size_t i = 0; i < 24; i++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        size_t size = sizes[i / 4], whole = (size + page - 1) / page * page;
        lifecycle_manager *manager;
        lifecycle_module module;
        lifecycle_mapping mapping, before;
        config.mapping_mode = modes[i / 2 % 2];
        manager = make_manager(&config);
        module = load(manager, "a");
        /* Something was there before. */
        EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "before", bytes, 16384, &before));
        EXPECT_OK(lifecycle_smf_release(manager, module, "before"));
        write_file("file", bytes, size);
        if (i % 2 == 0)
            mapping = access_file(manager, module, "file");
        else
            EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "key", bytes, size, &mapping));
        EXPECT(mapping.size == size && memcmp(mapping.data, bytes, size) == 0);
        EXPECT_EQ((uintptr_t)mapping.data % page, 0);
        for (size_t at = size; at < whole; at++)
            EXPECT_EQ(((const char *)mapping.data)[at], 0);
        EXPECT(a_write_faults(mapping, 0) && a_write_faults(mapping, size - 1));
        EXPECT_OK(lifecycle_destroy(manager));
    }
    unlink("file");
}

static void replace_file(const char *path, const char *text)
{
    write_file("new one", text, strlen(text));
    EXPECT(rename("new one", path) == 0);
}

static void new_users_get_new_bytes_and_old_users_keep_theirs(void)
{
    static const uint32_t modes[2] = {LIFECYCLE_MAPPING_MAP, LIFECYCLE_MAPPING_SNAPSHOT};
    for (int mode = 0; mode < 2; mode++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        lifecycle_manager *manager;
        lifecycle_module a, b, c;
        lifecycle_mapping before, after, grown;
        int fd;
        config.mapping_mode = modes[mode];
        manager = make_manager(&config);
        a = load(manager, "a"), b = load(manager, "b"), c = load(manager, "c");
        write_file("file", "old bytes", 9);
        before = access_file(manager, a, "file");
        replace_file("file", "new");
        after = access_file(manager, b, "file");
        EXPECT(holds(before, "old bytes") && holds(after, "new") && after.id != before.id);
        EXPECT_EQ(references(manager, "file"), 1);
        /* Grown in place: another size, another file. */
        fd = open("file", O_WRONLY | O_APPEND);
        EXPECT(write(fd, "er", 2) == 2);
        close(fd);
        grown = access_file(manager, c, "file");
        EXPECT(holds(grown, "newer") && after.size == 3 && memcmp(after.data, "new", 3) == 0);
        EXPECT(holds(before, "old bytes"));
        EXPECT(unlink("file") == 0);
        EXPECT(holds(grown, "newer"));
        EXPECT_STATUS(lifecycle_on_smf_accessed(manager, c, "file", &after), LIFECYCLE_E_NOT_FOUND);
        /* Each releases what it got. */
        EXPECT_OK(lifecycle_smf_release(manager, a, "file"));
        EXPECT_EQ(stats_of(manager).mappings, 2);
        EXPECT_OK(unload(manager, b));
        EXPECT_OK(lifecycle_smf_release(manager, c, "file"));
        EXPECT_EQ(stats_of(manager).mappings, 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

static void a_snapshot_keeps_its_bytes_when_the_file_is_cut_off(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager;
    lifecycle_mapping mapping;
    char *bytes = malloc(100000);
    config.mapping_mode = LIFECYCLE_MAPPING_SNAPSHOT;
    manager = make_manager(&config);
    memset(bytes, 'b', 100000);
    write_file("file", bytes, 100000);
    mapping = access_file(manager, load(manager, "a"), "file");
    EXPECT(truncate("file", 0) == 0);
    EXPECT(mapping.size == 100000 && memcmp(mapping.data, bytes, 100000) == 0);
    free(bytes);
    unlink("file");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void what_cannot_be_mapped_is_told_and_changes_nothing(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a"), gone = load(manager, "b");
    lifecycle_symbol symbol = map_returning(manager, module, "f", 1, 0);
    lifecycle_mapping mapping;
    size_t count;
    write_file("empty", "", 0);
    write_file("secret", "s", 1);
    write_file("fine", "f", 1);
    mkdir("folder", 0755);
    EXPECT(mkfifo("fifo", 0644) == 0 && chmod("secret", 0) == 0 && symlink("nowhere", "dangling") == 0);
    memset(&mapping, 0xee, sizeof mapping);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "missing", &mapping), LIFECYCLE_E_NOT_FOUND);
    EXPECT_SENTENCE("missing");
    EXPECT_EQ(lifecycle_last_errno(), ENOENT);
    EXPECT(mapping.data == NULL && mapping.size == 0 && mapping.id == 0);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "dangling", &mapping), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "fine/below", &mapping), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "folder", &mapping), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "fifo", &mapping), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "/dev/null", &mapping), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "empty", &mapping), LIFECYCLE_E_FORMAT);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "", &mapping), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, NULL, &mapping), LIFECYCLE_E_INVALID);
    if (geteuid() == 0)
        printf("skipped: a file without permission (root has every permission)\n");
    else
        EXPECT_STATUS(lifecycle_on_smf_accessed(manager, module, "secret", &mapping), LIFECYCLE_E_DENIED);
    EXPECT_OK(unload(manager, gone));
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, gone, "fine", &mapping), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, symbol, "fine", &mapping), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_on_smf_accessed(manager, 0, "fine", &mapping), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_smf_release(manager, module, "fine"), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_smf_refcount(manager, "fine", &count), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(stats_of(manager).mappings + stats_of(manager).smf_tracked_count, 0);
    EXPECT_EQ(info_of(manager, module).mappings, 0);
    chmod("secret", 0644);
    unlink("empty"), unlink("secret"), unlink("fine"), unlink("fifo"), unlink("dangling"), rmdir("folder");
    EXPECT_OK(lifecycle_destroy(manager));
}

static void what_the_system_refuses_to_take_back_is_tried_again(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_mapping mapping, again;
    char *bytes = malloc(20000);
    memset(bytes, 'b', 20000);
    write_file("file", bytes, 20000);
    mapping = access_file(manager, module, "file");
    refused = (void *)(uintptr_t)mapping.data;
    refusals = 0;
    EXPECT_OK(unload(manager, module));
    if (refusals == 0) {
        printf("skipped: a munmap that fails (this program's own is not the one that is called)\n");
    } else {
        EXPECT_EQ(stats_of(manager).failed_releases, 1);
        EXPECT_EQ(stats_of(manager).tracked_modules, 0);
        EXPECT_EQ(leaks_of(manager), 1);
        EXPECT_EQ(((const char *)mapping.data)[19999], 'b');
        EXPECT_OK(lifecycle_reclaim(manager, NULL));
        EXPECT(refusals == 2 && stats_of(manager).failed_releases == 1);
        /* The path is free for a mapping of its own meanwhile. */
        again = access_file(manager, load(manager, "b"), "file");
        EXPECT(again.size == 20000 && references(manager, "file") == 1);
        EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_SYSTEM);
        EXPECT_EQ(stats_of(manager).failed_releases, 1);
        refused = NULL;
        EXPECT_OK(lifecycle_reclaim(manager, NULL));
        EXPECT_EQ(stats_of(manager).failed_releases, 0);
        EXPECT_EQ(leaks_of(manager), 0);
    }
    refused = NULL;
    free(bytes);
    unlink("file");
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    char folder[] = "mapping.XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return EXIT_FAILURE;
    RUN(a_file_is_in_memory_once_however_it_is_reached);
    RUN(the_first_access_takes_over_what_was_prefetched);
    RUN(bytes_without_a_file_are_kept_under_a_key);
    RUN(a_mapping_is_shared_by_its_id);
    RUN(what_is_in_memory_is_read_only_and_begins_a_page_that_ends_in_zeros);
    RUN(new_users_get_new_bytes_and_old_users_keep_theirs);
    RUN(a_snapshot_keeps_its_bytes_when_the_file_is_cut_off);
    RUN(what_cannot_be_mapped_is_told_and_changes_nothing);
    RUN(what_the_system_refuses_to_take_back_is_tried_again);
    return expect_done();
}
