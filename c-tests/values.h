/*
 * values.h - what the tests of interpreter values share: an interpreter in one line, an allocator that counts, texts
 * and handles compared, statistics, and a thread with a small stack.
 */
#ifndef LIFECYCLE_TESTS_VALUES_H
#define LIFECYCLE_TESTS_VALUES_H

#include <pthread.h>

#include "support.h"

/* A literal or a C string as the pair of arguments that every text is. */
#define S(text) (text), strlen(text)
#define NOTHING NULL, 0
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef lifecycle_handle handle;

/* Handles of the present are 28 bits of index below 36 of generation. */
#define INDEX_BITS 28
#define ONE_GENERATION ((uint64_t)1 << INDEX_BITS)

static inline lifecycle_interp *make_interp(const lifecycle_interp_options *options)
{
    lifecycle_interp *interp = NULL;
    EXPECT_OK(lifecycle_interp_create(options, &interp));
    if (interp == NULL) {
        fprintf(stderr, "no interpreter, no tests: %s\n", lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
    return interp;
}

static inline lifecycle_interp_options counted_options(counting *count)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    memset(count, 0, sizeof *count);
    options.allocator.alloc = counting_alloc;
    options.allocator.realloc = counting_realloc;
    options.allocator.free = counting_free;
    options.allocator.user = count;
    return options;
}

static inline lifecycle_interp *make_counted_interp(counting *count)
{
    lifecycle_interp_options options = counted_options(count);
    return make_interp(&options);
}

static inline void nothing_is_left(const counting *count)
{
    EXPECT_EQ(count->blocks, 0);
    EXPECT_EQ(count->bytes, 0);
    EXPECT_EQ(count->wrong, 0);
}

static inline lifecycle_memory memory_of(lifecycle_interp *interp)
{
    lifecycle_memory memory;
    memset(&memory, 0xee, sizeof memory);
    EXPECT_OK(lifecycle_memory_stats(interp, &memory, sizeof memory));
    return memory;
}

static inline handle text(lifecycle_interp *interp, const char *bytes)
{
    handle made = lifecycle_string(interp, bytes, strlen(bytes));
    EXPECT(made != 0);
    return made;
}

static inline handle number(lifecycle_interp *interp, int64_t value)
{
    handle made = lifecycle_int(interp, value);
    EXPECT(made != 0);
    return made;
}

static inline handle pair(lifecycle_interp *interp, handle a, handle b)
{
    handle both[2];
    handle made;
    both[0] = a;
    both[1] = b;
    made = lifecycle_list(interp, both, 2);
    EXPECT(made != 0);
    return made;
}

/* A list of 0, 1, ..., n - 1. */
static inline handle numbers(lifecycle_interp *interp, size_t n)
{
    handle list = lifecycle_list(interp, NULL, 0);
    EXPECT(list != 0);
    for (size_t i = 0; i < n; i++)
        EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, (int64_t)i)));
    return list;
}

static inline void expect_text(const char *file, int line, lifecycle_interp *interp, const char *what, handle got,
                               const char *want, size_t want_len)
{
    size_t len = 999;
    const char *bytes = lifecycle_as_string(interp, got, &len);
    if (bytes == NULL) {
        expect_fail(file, line, "a text is NULL");
        return;
    }
    if (len != want_len || memcmp(bytes, want, len) != 0 || bytes[len] != '\0') {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %s is \"%.60s\" (%zu bytes), not \"%.60s\" (%zu) (%s)\n", file, line,
                expect_test, what, bytes, len, want, want_len, lifecycle_last_error());
    }
}
#define EXPECT_TEXT(interp, got, want) \
    expect_text(__FILE__, __LINE__, (interp), #got, (got), (want), strlen(want))
#define EXPECT_BYTES(interp, got, want, len) expect_text(__FILE__, __LINE__, (interp), #got, (got), (want), (len))

static inline void expect_int(const char *file, int line, lifecycle_interp *interp, const char *what, handle got,
                              int64_t want)
{
    int64_t value = -999;
    lifecycle_status status = lifecycle_as_int(interp, got, &value);
    if (status != LIFECYCLE_OK || value != want) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %s is %lld (%s), not %lld (%s)\n", file, line, expect_test, what,
                (long long)value, lifecycle_status_name((int)status), (long long)want,
                status == LIFECYCLE_OK ? "no failure" : lifecycle_last_error());
    }
}
#define EXPECT_INT(interp, got, want) expect_int(__FILE__, __LINE__, (interp), #got, (got), (want))

/* A handle that names nothing any more, or never did: no function takes it for a value. */
static inline void expect_dead(const char *file, int line, lifecycle_interp *interp, const char *what, handle dead,
                               int want)
{
    int kind = lifecycle_kind(interp, dead);
    size_t len = 999;
    int64_t value = 5;
    if (kind != want && !(want == 0 && (kind == LIFECYCLE_E_STALE || kind == LIFECYCLE_E_INVALID))) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: %s is of kind %d (%s)\n", file, line, expect_test, what, kind,
                lifecycle_last_error());
    }
    if (*lifecycle_as_string(interp, dead, &len) != '\0' || len != 0)
        expect_fail(file, line, "a dead handle has a text");
    if (lifecycle_as_int(interp, dead, &value) == LIFECYCLE_OK || value != 0)
        expect_fail(file, line, "a dead handle is a number");
    if (lifecycle_list_at(interp, dead, 0) != 0 || lifecycle_list_length(interp, dead) != 0)
        expect_fail(file, line, "a dead handle has elements");
}
#define EXPECT_STALE(interp, dead) expect_dead(__FILE__, __LINE__, (interp), #dead, (dead), LIFECYCLE_E_STALE)
#define EXPECT_FORGED(interp, dead) expect_dead(__FILE__, __LINE__, (interp), #dead, (dead), LIFECYCLE_E_INVALID)
/* E_STALE or E_INVALID */
#define EXPECT_DEAD(interp, dead) expect_dead(__FILE__, __LINE__, (interp), #dead, (dead), 0)

/* nil, and a sentence that says so: one that was not there before. */
static inline void leave_other_sentence(void)
{
    lifecycle_manager *none = NULL;
    (void)lifecycle_module_find(none, "another failure", NULL);
}
#define EXPECT_NIL(call)                                                                      \
    do {                                                                                      \
        char before_[512];                                                                    \
        leave_other_sentence();                                                               \
        snprintf(before_, sizeof before_, "%s", lifecycle_last_error());                      \
        EXPECT((call) == 0);                                                                  \
        EXPECT(strcmp(before_, lifecycle_last_error()) != 0 && *lifecycle_last_error() != 0); \
    } while (0)

static inline bool holds_text(lifecycle_interp *interp, handle list, const char *wanted)
{
    size_t n = lifecycle_list_length(interp, list), len;
    for (size_t i = 0; i < n; i++) {
        const char *bytes = lifecycle_as_string(interp, lifecycle_list_at(interp, list, i), &len);
        if (len == strlen(wanted) && memcmp(bytes, wanted, len) == 0)
            return true;
    }
    return false;
}

/* Everything runs in a thread whose stack is as small as the hazard list asks for. */
static inline void run_in_a_small_stack(void *(*body)(void *))
{
    pthread_attr_t small;
    pthread_t thread;
    EXPECT(pthread_attr_init(&small) == 0);
    EXPECT(pthread_attr_setstacksize(&small, (size_t)64 << 10) == 0);
    EXPECT(pthread_create(&thread, &small, body, NULL) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&small);
}

#endif
