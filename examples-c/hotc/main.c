/*
 * main.c - hotc: C sources that are compiled, loaded and swapped while they
 * run.
 *
 *     hotc FILE.c...          calls them, watches them; Ctrl-C ends
 *     hotc --demo DIRECTORY   the scripted run (demo.c)
 *     hotc --damage FILE.c N  every Nth byte of its object damaged (damage.c)
 */
#include "demo.h"
#include "host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

/* Prints a program's line when it is another than before. */
static void tell(struct host *host, struct program *program, char *last,
                 size_t size)
{
    pthread_mutex_lock(&host->lock);
    if (program->calls != 0 && strncmp(last, program->text, size - 1) != 0) {
        snprintf(last, size, "%s", program->text);
        printf("%s: %s\n", program->path, last);
        fflush(stdout);
    }
    pthread_mutex_unlock(&host->lock);
}

static void watch_all(struct host *host)
{
    char last[256][sizeof host->programs->text];
    struct fault fault;
    memset(last, 0, sizeof last);
    while (!ended) {
        for (size_t k = 0; k < host->count; k++) {
            struct program *program = &host->programs[k];
            switch (host_look(host, program, &fault)) {
            case HOST_KEPT:
                printf("%s: kept as it was:\n%s\n", program->path, fault.text);
                break;
            case HOST_SWAPPED: printf("%s: swapped\n", program->path); break;
            case HOST_SAME: break;
            }
            tell(host, program, last[k], sizeof last[k]);
        }
        lifecycle_reclaim(host->manager, NULL);
        host_sleep(100);
    }
}

static int watch_files(char **files, size_t count)
{
    static struct program programs[256];
    struct host host;
    struct fault fault;
    bool ok;
    if (count > sizeof programs / sizeof *programs)
        count = sizeof programs / sizeof *programs;
    for (size_t k = 0; k < count; k++)
        programs[k].path = files[k];
    ok = host_open(&host, programs, count, &fault);
    if (ok) {
        host.pause_ms = 200;
        for (size_t k = 0; ok && k < count; k++)
            ok = host_load(&host, &programs[k], &fault);
        ok = ok && host_start(&host, &fault);
        if (ok) {
            signal(SIGINT, end);
            signal(SIGTERM, end);
            watch_all(&host);
            host_stop(&host);
            ok = host_close(&host, &fault);
        } else {
            struct fault other;
            host_close(&host, &other);
        }
    }
    if (!ok)
        fprintf(stderr, "%s\n", fault.text);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--demo") == 0)
        return demo(argv[2]);
    if (argc == 4 && strcmp(argv[1], "--damage") == 0 && atol(argv[3]) > 0)
        return damage(argv[2], strtoul(argv[3], NULL, 10));
    if (argc > 1 && argv[1][0] != '-')
        return watch_files(argv + 1, (size_t)argc - 1);
    fprintf(stderr, "usage: hotc FILE.c...\n"
                    "       hotc --demo DIRECTORY\n"
                    "       hotc --damage FILE.c N\n");
    return 2;
}
