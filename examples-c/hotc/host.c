/* host.c - see host.h. */
#include "host.h"

#include "compile.h"
#include "loader.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 120000

static bool library(struct fault *fault)
{
    return wrong(fault, "%s", lifecycle_last_error());
}

void host_sleep(unsigned ms)
{
    struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&time, NULL);
}

bool host_open(struct host *host, struct program *programs, size_t count,
               struct fault *fault)
{
    *host = (struct host){ .programs = programs, .count = count };
    if (lifecycle_create(NULL, &host->manager) != LIFECYCLE_OK)
        return library(fault);
    if (pthread_mutex_init(&host->lock, NULL) == 0)
        return true;
    lifecycle_destroy(host->manager);
    return wrong(fault, "no lock");
}

/* --- loading and swapping --- */

static bool build(struct host *host, struct program *program,
                  lifecycle_module module, struct fault *fault)
{
    void *bytes;
    size_t size;
    bool ok = compile_file(program->path, &bytes, &size, fault) &&
              load_object(host->manager, module, program->path, "run", bytes,
                          size, fault);
    free(bytes);
    return ok;
}

static bool find_entry(struct host *host, struct program *program,
                       struct fault *fault)
{
    char name[4200];
    void *callable;
    snprintf(name, sizeof name, "%s:run", program->path);
    if (lifecycle_entry(host->manager, name, &callable) != LIFECYCLE_OK)
        return library(fault);
    program->run = (run_function *)(uintptr_t)callable;
    return true;
}

bool host_load(struct host *host, struct program *program,
               struct fault *fault)
{
    watch_look(&program->watch, program->path);
    if (lifecycle_on_module_load(host->manager, program->path,
                                 &program->module) != LIFECYCLE_OK)
        return library(fault);
    if (build(host, program, program->module, fault) &&
        find_entry(host, program, fault))
        return true;
    lifecycle_unload_module(host->manager, program->module, 0, NULL, 0);
    program->module = 0;
    return false;
}

enum host_change host_look(struct host *host, struct program *program,
                           struct fault *fault)
{
    lifecycle_module fresh;
    if (!watch_look(&program->watch, program->path))
        return HOST_SAME;
    if (lifecycle_reload_begin(host->manager, program->module, &fresh) !=
        LIFECYCLE_OK) {
        library(fault);
        return HOST_KEPT;
    }
    if (build(host, program, fresh, fault)) {
        if (lifecycle_reload_commit(host->manager, fresh) == LIFECYCLE_OK) {
            program->module = fresh;
            return HOST_SWAPPED;
        }
        library(fault);
    }
    lifecycle_reload_abort(host->manager, fresh);
    return HOST_KEPT;
}

/* --- the worker --- */

static bool stopped(struct host *host)
{
    bool stop;
    pthread_mutex_lock(&host->lock);
    stop = host->stop;
    pthread_mutex_unlock(&host->lock);
    return stop;
}

static void *work(void *user)
{
    struct host *host = user;
    lifecycle_reader *reader;
    char text[sizeof host->programs->text];
    if (lifecycle_reader_attach(host->manager, &reader) != LIFECYCLE_OK)
        return NULL;
    while (!stopped(host)) {
        for (size_t k = 0; k < host->count; k++) {
            struct program *program = &host->programs[k];
            int status;
            text[0] = '\0';
            lifecycle_enter(reader);
            status = program->run(text, sizeof text);
            lifecycle_leave(reader);
            pthread_mutex_lock(&host->lock);
            memcpy(program->text, text, sizeof text);
            program->calls++;
            program->failures += status != 0;
            pthread_mutex_unlock(&host->lock);
        }
        host_sleep(host->pause_ms);
    }
    lifecycle_reader_detach(reader);
    return NULL;
}

bool host_start(struct host *host, struct fault *fault)
{
    host->stop = false;
    if (pthread_create(&host->worker, NULL, work, host) != 0)
        return wrong(fault, "no thread");
    host->working = true;
    return true;
}

void host_stop(struct host *host)
{
    if (!host->working)
        return;
    host->working = false;
    pthread_mutex_lock(&host->lock);
    host->stop = true;
    pthread_mutex_unlock(&host->lock);
    pthread_join(host->worker, NULL);
}

static void copy(struct host *host, const struct program *program,
                 struct program *seen)
{
    pthread_mutex_lock(&host->lock);
    *seen = *program;
    pthread_mutex_unlock(&host->lock);
}

bool host_wait(struct host *host, struct program *program,
               struct program *seen)
{
    unsigned long before;
    copy(host, program, seen);
    before = seen->calls;
    for (unsigned ms = 0; ms < WAIT_MS && seen->calls < before + 2; ms++) {
        host_sleep(1);
        copy(host, program, seen);
    }
    return seen->calls >= before + 2;
}

/* --- the end --- */

static bool nothing_left(struct host *host, struct fault *fault)
{
    lifecycle_stats stats;
    size_t leaks;
    if (lifecycle_synchronize(host->manager, UINT64_MAX) != LIFECYCLE_OK ||
        lifecycle_leak_check(host->manager, NULL, NULL, &leaks) !=
            LIFECYCLE_OK ||
        lifecycle_stats_get(host->manager, &stats, sizeof stats) !=
            LIFECYCLE_OK)
        return library(fault);
    if (leaks != 0 || stats.tracked_modules != 0 || stats.symbols_live != 0 ||
        stats.code_bytes_live != 0 || stats.code_bytes_retired != 0)
        return wrong(fault, "%zu things are left over", leaks);
    return true;
}

bool host_close(struct host *host, struct fault *fault)
{
    bool ok = true;
    for (size_t k = 0; k < host->count; k++)
        if (host->programs[k].module != 0 &&
            lifecycle_unload_module(host->manager, host->programs[k].module, 0,
                                    NULL, 0) != LIFECYCLE_OK)
            ok = library(fault);
    ok = ok && nothing_left(host, fault);
    pthread_mutex_destroy(&host->lock);
    if (lifecycle_destroy(host->manager) != LIFECYCLE_OK)
        ok = library(fault);
    return ok;
}
