/*
 * host.h - the running program: source files as modules that are called all
 * the time and swapped while they are.
 *
 * A file defines `int run(char *text, size_t size)`: it writes a line that
 * tells what it did and returns 0 if that was right. One thread, the worker,
 * calls the files in turn through their entries; another loads, looks for
 * changes, swaps and unloads.
 */
#ifndef HOTC_HOST_H
#define HOTC_HOST_H

#include "fault.h"
#include "watch.h"

#include <lifecycle.h>
#include <pthread.h>

typedef int run_function(char *text, size_t size);

struct program {
    const char *path;
    lifecycle_module module;
    run_function *run; /* its entry: the same for all versions */
    struct watch watch;
    /* What the worker saw; under the host's lock. */
    char text[256];
    unsigned long calls, failures;
};

struct host {
    lifecycle_manager *manager;
    struct program *programs;
    size_t count;
    pthread_t worker;
    pthread_mutex_t lock;
    bool working;
    bool stop; /* under the lock */
    unsigned pause_ms; /* the worker's, between rounds */
};

enum host_change { HOST_SAME, HOST_SWAPPED, HOST_KEPT };

/* Makes the manager. The programs have their paths; they are borrowed. */
bool host_open(struct host *host, struct program *programs, size_t count,
               struct fault *fault);

/* Loads a file for the first time: before the worker starts. */
bool host_load(struct host *host, struct program *program,
               struct fault *fault);

/* Starts and stops the thread that calls the programs, if it runs. */
bool host_start(struct host *host, struct fault *fault);
void host_stop(struct host *host);

/* Looks at the file. If it changed, its new version takes the old one's place
   at once, or, with `fault` set, none of it does. */
enum host_change host_look(struct host *host, struct program *program,
                           struct fault *fault);

/* Waits until the program was called twice again, so that one of the calls
   began after this one, and copies what the worker saw. */
bool host_wait(struct host *host, struct program *program,
               struct program *seen);

/* Unloads all; false with `fault` if anything is left. The worker has been
   stopped. */
bool host_close(struct host *host, struct fault *fault);

void host_sleep(unsigned ms);

#endif
