/*
 * Header sections 0 and 1: what the library says about itself and about failures; that a defect is caught in this very
 * build, quietly.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lifecycle.h"

static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            failures++; \
        } \
    } while (0)

static void every_status_has_a_name_and_a_sentence(void)
{
    int status, other;
    static const int unknown[] = { 1, 2, LIFECYCLE_E_PANIC - 1, INT_MAX, INT_MIN, -INT_MAX };
    size_t i;

    for (status = LIFECYCLE_OK; status >= LIFECYCLE_E_PANIC; status--) {
        CHECK(strncmp(lifecycle_status_name(status), "LIFECYCLE_", 10) == 0);
        CHECK(strcmp(lifecycle_status_name(status), "LIFECYCLE_E_UNKNOWN") != 0);
        CHECK(lifecycle_strerror(status)[0] != '\0');
        for (other = LIFECYCLE_OK; other > status; other--) {
            CHECK(strcmp(lifecycle_status_name(status), lifecycle_status_name(other)) != 0);
            CHECK(strcmp(lifecycle_strerror(status), lifecycle_strerror(other)) != 0);
        }
    }
    CHECK(strcmp(lifecycle_status_name(LIFECYCLE_E_STALE), "LIFECYCLE_E_STALE") == 0);
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        CHECK(strcmp(lifecycle_status_name(unknown[i]), "LIFECYCLE_E_UNKNOWN") == 0);
        CHECK(lifecycle_strerror(unknown[i])[0] != '\0');
    }
}

/* Everything written to the standard streams while `call` runs, counted. */
static long printed_by(lifecycle_status (*call)(void), lifecycle_status *status)
{
    int out = dup(1), err = dup(2);
    FILE *file = tmpfile();
    long bytes;

    if (!file || out < 0 || err < 0)
        return -1;
    fflush(NULL);
    dup2(fileno(file), 1);
    dup2(fileno(file), 2);
    *status = call();
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    bytes = lseek(fileno(file), 0, SEEK_END);
    fclose(file);
    return bytes;
}

static void a_defect_is_caught_quietly(void)
{
    lifecycle_status status = LIFECYCLE_E_INVALID;
    CHECK(printed_by(lifecycle_self_test, &status) == 0);
    CHECK(status == LIFECYCLE_OK);
    CHECK(strstr(lifecycle_last_error(), "defect") != NULL);
}

static void *fresh_thread(void *unused)
{
    (void)unused;
    CHECK(lifecycle_last_error()[0] == '\0');
    CHECK(lifecycle_last_errno() == 0);
    a_defect_is_caught_quietly();
    return NULL;
}

static void each_thread_has_its_own_failure(void)
{
    pthread_t thread;
    const char *mine = lifecycle_last_error();
    CHECK(mine[0] != '\0');
    if (pthread_create(&thread, NULL, fresh_thread, NULL) != 0) {
        CHECK(!"a thread");
        return;
    }
    pthread_join(thread, NULL);
    CHECK(lifecycle_last_error() == mine && mine[0] != '\0');
}

int main(void)
{
    CHECK(lifecycle_last_error()[0] == '\0');
    every_status_has_a_name_and_a_sentence();
    CHECK(lifecycle_last_error()[0] == '\0');
    a_defect_is_caught_quietly();
    each_thread_has_its_own_failure();
    return failures != 0;
}
