/*
 * policy.c - systems that forbid code made at run time, or some ways to it. Each policy is really put in force, in a
 * child process, which never gets rid of it. What this system or its rights do not allow is said and left out.
 *
 * test-skip: valgrind (it runs under the same policies, and makes code at run time itself)
 */
#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "support.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

enum { CANNOT_TRY = 77 };

/* Runs `body` in a child: what it answers, and fails if it finds a failure or dies. */
static int in_a_child(int (*body)(void))
{
    int status = 0, answer;
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        expect_failures = 0;
        alarm(20);
        answer = body();
        fflush(NULL);
        _exit(expect_failures == 0 ? answer : 1);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status));
    EXPECT(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CANNOT_TRY);
    return WEXITSTATUS(status);
}

static uint32_t mode_of(lifecycle_manager *manager)
{
    lifecycle_caps caps;
    memset(&caps, 0, sizeof caps);
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    return caps.code_mode;
}

/* Code, entries and all in the mode that the system leaves; neither does a fork ask for more. */
static void works(lifecycle_manager *manager)
{
    size_t leaks = leaks_of(manager);
    lifecycle_module module = load(manager, "m");
    char name[32];
    map_returning(manager, module, "f", 1, 0);
    EXPECT_EQ(call(entry_of(manager, "f")), 1);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "entry %d", i);
        entry_of(manager, name);
        map_returning(manager, module, name, i, 0);
        EXPECT_EQ(call(entry_of(manager, name)), i);
    }
    map_returning(manager, module, "f", 2, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(call(entry_of(manager, "f")), 2);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(leaks_of(manager), leaks);
}

static void is_denied(uint32_t mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    config.code_mode = mode;
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_DENIED);
    EXPECT(lifecycle_last_errno() == EACCES || lifecycle_last_errno() == EPERM);
}

/* No page gains the right to run (PR_MDWE_REFUSE_EXEC_GAIN). */
static int where_no_page_becomes_executable(void)
{
    lifecycle_manager *manager;
    pid_t child;
    int status = 0;
    if (prctl(PR_SET_MDWE, 1ul, 0ul, 0ul, 0ul) != 0)
        return CANNOT_TRY;
    is_denied(LIFECYCLE_CODE_MPROTECT);
    manager = make_manager(NULL);
    EXPECT_EQ(mode_of(manager), LIFECYCLE_CODE_DUAL);
    works(manager);
    map_returning(manager, load(manager, "again"), "g", 3, 0);
    child = fork();
    if (child == 0) {
        expect_failures = 0;
        works(manager);
        EXPECT_EQ(call(entry_of(manager, "g")), 3);
        _exit(expect_failures == 0 ? 0 : 1);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    works(manager);
    EXPECT_EQ(call(entry_of(manager, "g")), 3);
    EXPECT_OK(lifecycle_destroy(manager));
    return 0;
}

static void a_system_that_refuses_to_make_pages_executable_gives_dual(void)
{
    if (in_a_child(where_no_page_becomes_executable) == CANNOT_TRY)
        printf("skipped: this kernel has no PR_SET_MDWE\n");
}

/* vm.memfd_noexec belongs to a pid namespace and can only be raised. */
static bool restrict_memory_files(const char *level)
{
    int fd = open("/proc/sys/vm/memfd_noexec", O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, level, 1) == 1;
    if (fd >= 0)
        close(fd);
    return written;
}

static int where_memory_files_are_restricted(void)
{
    int status = 0;
    pid_t child;
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        return CANNOT_TRY;
    fflush(NULL);
    child = fork(); /* the first process of the new namespace */
    if (child == 0) {
        lifecycle_manager *manager;
        expect_failures = 0;
        if (!restrict_memory_files("1"))
            _exit(CANNOT_TRY);
        manager = make_manager(NULL);
        EXPECT_EQ(mode_of(manager), LIFECYCLE_CODE_DUAL);
        works(manager);
        if (restrict_memory_files("2")) {
            lifecycle_module module = load(manager, "late");
            unsigned char code[RETURNS_SIZE];
            void *big = calloc(1, 3 << 20);
            /* The policy came later: what needs a new file is refused, the rest goes on. */
            EXPECT_STATUS(lifecycle_map_symbol(manager, module, "big", big, 3 << 20, NULL, NULL), LIFECYCLE_E_DENIED);
            EXPECT_OK(lifecycle_map_symbol(manager, module, "f", returns(code, 1), sizeof code, NULL, NULL));
            free(big);
            EXPECT_OK(lifecycle_destroy(manager));
            is_denied(LIFECYCLE_CODE_DUAL);
            manager = make_manager(NULL);
            EXPECT_EQ(mode_of(manager), LIFECYCLE_CODE_MPROTECT);
            works(manager);
            EXPECT_OK(lifecycle_destroy(manager));
            if (prctl(PR_SET_MDWE, 1ul, 0ul, 0ul, 0ul) == 0) {
                lifecycle_symbol symbol;
                manager = make_manager(NULL);
                EXPECT_EQ(mode_of(manager), LIFECYCLE_CODE_NONE);
                module = load(manager, "names only");
                EXPECT_STATUS(lifecycle_map_symbol(manager, module, "f", returns(code, 1), sizeof code, NULL, &symbol),
                              LIFECYCLE_E_DENIED);
                EXPECT_EQ(lifecycle_last_errno(), EACCES);
                EXPECT_OK(unload(manager, module));
                EXPECT_OK(lifecycle_destroy(manager));
            }
        } else {
            EXPECT_OK(lifecycle_destroy(manager));
        }
        fflush(NULL);
        _exit(expect_failures == 0 ? 0 : 1);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_system_that_restricts_memory_files_gives_what_is_left(void)
{
    if (in_a_child(where_memory_files_are_restricted) == CANNOT_TRY)
        printf("skipped: no right to set vm.memfd_noexec in a namespace\n");
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(a_system_that_refuses_to_make_pages_executable_gives_dual);
    RUN(a_system_that_restricts_memory_files_gives_what_is_left);
    return expect_done();
}
