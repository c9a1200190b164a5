/*
 * expect.h - what every C test is written with: expectations that say where
 * they failed, tests that are named when they run, and one exit status.
 *
 *     static void a_module_is_loaded_once(void) { EXPECT_OK(...); }
 *     int main(void) { RUN(a_module_is_loaded_once); return expect_done(); }
 */
#ifndef LIFECYCLE_TESTS_EXPECT_H
#define LIFECYCLE_TESTS_EXPECT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle.h"

static int expect_failures;
static int expect_tests;
static const char *expect_test = "(none)";

static inline void expect_fail(const char *file, int line, const char *what)
{
    expect_failures++;
    fprintf(stderr, "%s:%d: in %s: %s\n", file, line, expect_test, what);
}

static inline void expect_status(const char *file, int line, const char *what,
                                 lifecycle_status got, lifecycle_status want)
{
    if (got != want) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %s is %s, not %s (%s)\n", file, line,
                expect_test, what, lifecycle_status_name((int)got),
                lifecycle_status_name((int)want),
                got == LIFECYCLE_OK ? "no failure" : lifecycle_last_error());
    }
}

static inline void expect_sentence(const char *file, int line, const char *part)
{
    if (strstr(lifecycle_last_error(), part) == NULL) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: the sentence \"%s\" lacks \"%s\"\n",
                file, line, expect_test, lifecycle_last_error(), part);
    }
}

static inline void expect_equal(const char *file, int line, const char *what,
                                unsigned long long got, unsigned long long want)
{
    if (got != want) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %s is %llu, not %llu\n", file, line,
                expect_test, what, got, want);
    }
}

/* Nothing below evaluates its argument twice. */
#define EXPECT(condition)                                                      \
    ((condition) ? (void)0 : expect_fail(__FILE__, __LINE__, #condition))
#define EXPECT_EQ(got, want)                                                   \
    expect_equal(__FILE__, __LINE__, #got, (unsigned long long)(got),          \
                 (unsigned long long)(want))
#define EXPECT_OK(call)                                                        \
    expect_status(__FILE__, __LINE__, #call, (call), LIFECYCLE_OK)
#define EXPECT_STATUS(call, want)                                              \
    expect_status(__FILE__, __LINE__, #call, (call), (want))
/* This thread's last sentence names the thing. */
#define EXPECT_SENTENCE(part) expect_sentence(__FILE__, __LINE__, (part))

#define RUN(test)                                                              \
    do {                                                                       \
        expect_test = #test;                                                   \
        expect_tests++;                                                        \
        test();                                                                \
    } while (0)

/* Tests that take long take less where everything is slow (valgrind). */
static inline unsigned long expect_scale(unsigned long full, unsigned long small)
{
    const char *scale = getenv("LIFECYCLE_TEST_SCALE");
    return scale != NULL && strcmp(scale, "small") == 0 ? small : full;
}

static inline int expect_done(void)
{
    printf("%d tests, %d failures\n", expect_tests, expect_failures);
    return expect_failures == 0 && expect_tests > 0 ? EXIT_SUCCESS
                                                    : EXIT_FAILURE;
}

#endif
