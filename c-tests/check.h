/*
 * The little that the C tests share. A test is a function that promises one
 * thing; main runs each with RUN and returns check_result(). A failed check
 * prints where it is and what was wrong, and the test goes on.
 *
 * Everything here is for one thread: threads of a test count for themselves.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle.h"

static int check_failures;
static int check_count;

static inline void check_one(int good, const char *file, int line,
                             const char *what)
{
    check_count++;
    if (!good) {
        check_failures++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
}

static inline void check_numbers(long long got, long long wanted,
                                 const char *file, int line, const char *what)
{
    check_count++;
    if (got != wanted) {
        check_failures++;
        fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, got,
                wanted);
    }
}

static inline void check_sentence(const char *word, const char *file, int line)
{
    check_count++;
    if (strstr(lifecycle_last_error(), word) == NULL) {
        check_failures++;
        fprintf(stderr, "%s:%d: \"%s\" does not say \"%s\"\n", file, line,
                lifecycle_last_error(), word);
    }
}

static inline void check_statuses(lifecycle_status got, lifecycle_status wanted,
                                  const char *file, int line, const char *what)
{
    check_count++;
    if (got != wanted) {
        check_failures++;
        fprintf(stderr, "%s:%d: %s is %s (%s), not %s\n", file, line, what,
                lifecycle_status_name(got), lifecycle_last_error(),
                lifecycle_status_name(wanted));
    }
}

/* The condition holds. */
#define CHECK(condition) \
    check_one((condition) ? 1 : 0, __FILE__, __LINE__, #condition)

/* Two numbers are equal. */
#define CHECK_EQ(got, wanted)                                              \
    check_numbers((long long)(got), (long long)(wanted), __FILE__, __LINE__, \
                  #got)

/* A call returns a status. */
#define CHECK_STATUS(call, wanted) \
    check_statuses((call), (wanted), __FILE__, __LINE__, #call)

/* A call succeeds. */
#define CHECK_OK(call) CHECK_STATUS(call, LIFECYCLE_OK)

/* This thread's last sentence holds some words. */
#define CHECK_SAYS(words) check_sentence((words), __FILE__, __LINE__)

/* Runs a test, naming it if one of its checks fails. */
#define RUN(test)                                                   \
    do {                                                            \
        int before = check_failures;                                \
        test();                                                     \
        if (check_failures != before) {                             \
            fprintf(stderr, "in %s: %d failed\n", #test,            \
                    check_failures - before);                       \
        }                                                           \
    } while (0)

/* `rounds`, or a hundredth of them where the program runs slowly. */
static inline long check_scaled(long rounds)
{
    const char *scale = getenv("LIFECYCLE_TEST_SCALE");
    int small = scale != NULL && strcmp(scale, "small") == 0;
    return small && rounds >= 100 ? rounds / 100 : rounds;
}

/* What main returns. */
static inline int check_result(void)
{
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures == 0 && check_count != 0 ? 0 : 1;
}

#endif /* CHECK_H */
