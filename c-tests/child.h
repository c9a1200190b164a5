/*
 * child.h - running a part of a test in a forked child.
 */
#ifndef LIFECYCLE_TEST_CHILD_H
#define LIFECYCLE_TEST_CHILD_H

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

/* Runs `body` in a child, beside what its parent does. */
static inline pid_t start_child(void (*body)(void *user), void *user)
{
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        expect_failures = 0;
        alarm(60);
        body(user);
        fflush(NULL);
        _exit(expect_failures == 0 ? 0 : 1);
    }
    EXPECT(child > 0);
    return child;
}

/* Fails if the child found a failure or died. */
static inline void end_child(pid_t child)
{
    int status = 0;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

static inline void in_a_child(void (*body)(void *user), void *user)
{
    end_child(start_child(body, user));
}

#endif
