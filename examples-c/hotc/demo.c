/* demo.c - see demo.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "demo.h"

#include "compile.h"
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROGRAMS = 4, RELOADS = 200, SETTLED = 20 };

static const char *const names[PROGRAMS] = { "hash.c", "sort.c", "lz.c",
                                             "matrix.c" };

struct demo {
    struct host host;
    struct program programs[PROGRAMS];
    char paths[PROGRAMS][96];
    char *sources[PROGRAMS];
    char work[64];
    struct fault fault;
};

static bool library(struct demo *demo)
{
    return wrong(&demo->fault, "%s", lifecycle_last_error());
}

/* --- the sources --- */

/* Puts a whole new file in the old one's place. */
static bool put(struct demo *demo, int which, const char *before,
                const char *text)
{
    char path[80];
    FILE *file;
    bool ok;
    snprintf(path, sizeof path, "%s/new", demo->work);
    file = fopen(path, "w");
    ok = file != NULL && fprintf(file, "%s%s", before, text) >= 0;
    if (file != NULL && fclose(file) != 0)
        ok = false;
    if (!ok || rename(path, demo->paths[which]) != 0)
        return wrong(&demo->fault, "cannot write '%s'", demo->paths[which]);
    return true;
}

static bool copy_sources(struct demo *demo, const char *directory)
{
    const char *scratch = getenv("TMPDIR");
    char path[4200];
    size_t size;
    if (scratch == NULL || strlen(scratch) > sizeof demo->work - 16)
        scratch = "/tmp";
    snprintf(demo->work, sizeof demo->work, "%s/hotc-XXXXXX", scratch);
    if (mkdtemp(demo->work) == NULL) {
        demo->work[0] = '\0';
        return wrong(&demo->fault, "no folder for the sources");
    }
    for (int k = 0; k < PROGRAMS; k++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[k]);
        snprintf(demo->paths[k], sizeof demo->paths[k], "%s/%s", demo->work,
                 names[k]);
        demo->programs[k].path = demo->paths[k];
        demo->sources[k] = read_file(path, &size, &demo->fault);
        if (demo->sources[k] == NULL || !put(demo, k, "", demo->sources[k]))
            return false;
    }
    return true;
}

static void remove_sources(struct demo *demo)
{
    for (int k = 0; k < PROGRAMS; k++) {
        free(demo->sources[k]);
        remove(demo->paths[k]);
    }
    if (demo->work[0] != '\0')
        rmdir(demo->work);
}

/* --- what the worker sees --- */

static bool tell(struct demo *demo, int which)
{
    struct program seen;
    if (!host_wait(&demo->host, &demo->programs[which], &seen))
        return wrong(&demo->fault, "the worker does not call %s",
                     names[which]);
    if (seen.failures != 0)
        return wrong(&demo->fault, "%s was wrong: %s", names[which],
                     seen.text);
    printf("    %-9s %s\n", names[which], seen.text);
    return true;
}

/* Puts a version in place and looks; the outcome must be the wanted one. */
static bool edit(struct demo *demo, int which, const char *before,
                 enum host_change wanted)
{
    enum host_change got;
    if (!put(demo, which, before, demo->sources[which]))
        return false;
    got = host_look(&demo->host, &demo->programs[which], &demo->fault);
    if (got == HOST_KEPT && wanted == HOST_KEPT)
        printf("    refused:  %s\n", demo->fault.text);
    if (got == HOST_KEPT || got == wanted)
        return got == wanted;
    return wrong(&demo->fault, "%s: the change was not %s", names[which],
                 got == HOST_SAME ? "seen" : "refused");
}

/* --- memory --- */

static bool measure(struct demo *demo, lifecycle_stats *stats)
{
    return (lifecycle_synchronize(demo->host.manager, UINT64_MAX) ==
                LIFECYCLE_OK &&
            lifecycle_stats_get(demo->host.manager, stats, sizeof *stats) ==
                LIFECYCLE_OK) ||
           library(demo);
}

static bool same(struct demo *demo, const char *what, uint64_t early,
                 uint64_t late)
{
    return early == late ||
           wrong(&demo->fault, "%s grew from %llu to %llu", what,
                 (unsigned long long)early, (unsigned long long)late);
}

/* Every other version has lost a function which the worker may be about to
   call: the call that it is in ends in the version that it began in.

   Each version is waited for to be free before the next: how many wait at once
   would else depend on how often the worker gets to run. */
static bool reload_often(struct demo *demo)
{
    lifecycle_stats early = { 0 }, late;
    for (int k = 1; k <= RELOADS; k++) {
        const char *before = k % 2 != 0 ? "#define match longest\n" : "";
        if (!edit(demo, 2, before, HOST_SWAPPED) || !measure(demo, &late))
            return false;
        if (k == SETTLED)
            early = late;
    }
    if (!same(demo, "live code", early.code_bytes_live,
              late.code_bytes_live) ||
        !same(demo, "retired code", 0, late.code_bytes_retired) ||
        !same(demo, "memory for code", early.code_bytes_reserved,
              late.code_bytes_reserved) ||
        !same(demo, "bookkeeping", early.code_bytes_metadata,
              late.code_bytes_metadata) ||
        !same(demo, "entries", early.entries, late.entries))
        return false;
    printf("    after %d reloads the manager holds what it held after %d\n",
           RELOADS, SETTLED);
    return true;
}

/* Looks for memory that is writable and executable until it is stopped. */
struct sampler {
    pthread_t thread;
    pthread_mutex_t lock;
    bool stop;
    unsigned long found;
};

static unsigned long writable_and_executable(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long found = maps == NULL;
    char line[512];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        const char *rights = strchr(line, ' ');
        found += rights != NULL && strncmp(rights, " rwx", 4) == 0;
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

static void *sample(void *user)
{
    struct sampler *sampler = user;
    bool stop = false;
    while (!stop) {
        unsigned long found = writable_and_executable();
        pthread_mutex_lock(&sampler->lock);
        sampler->found += found;
        stop = sampler->stop;
        pthread_mutex_unlock(&sampler->lock);
        host_sleep(1);
    }
    return NULL;
}

/* --- the script --- */

static bool script(struct demo *demo)
{
    puts("four programs, compiled, loaded and called by another thread:");
    for (int k = 0; k < PROGRAMS; k++)
        if (!host_load(&demo->host, &demo->programs[k], &demo->fault))
            return false;
    if (!host_start(&demo->host, &demo->fault))
        return false;
    for (int k = 0; k < PROGRAMS; k++)
        if (!tell(demo, k))
            return false;
    puts("version 2 of sort.c sorts more numbers:");
    if (!edit(demo, 1, "#define COUNT 800\n#line 1\n", HOST_SWAPPED) ||
        !tell(demo, 1))
        return false;
    puts("version 3 has a syntax error; version 2 goes on:");
    if (!edit(demo, 1, "int broken(void) { return 1 }\n", HOST_KEPT) ||
        !tell(demo, 1))
        return false;
    puts("version 4 compiles but calls what nobody has; version 2 goes on:");
    if (!edit(demo, 1, "int missing(int);\nint use(void) { return "
                       "missing(1); }\n", HOST_KEPT) ||
        !tell(demo, 1))
        return false;
    puts("version 5 is mended:");
    if (!edit(demo, 1, "#define COUNT 900\n", HOST_SWAPPED) || !tell(demo, 1))
        return false;
    puts("lz.c is swapped again and again:");
    if (!reload_often(demo))
        return false;
    puts("and the last versions, none of which was ever wrong:");
    for (int k = 0; k < PROGRAMS; k++)
        if (!tell(demo, k))
            return false;
    return true;
}

int demo(const char *directory)
{
    static struct demo demo;
    /* As in a large program: the manager's code lies further from the C
       library than a call reaches. */
    void *gap = mmap(NULL, (size_t)4 << 30, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct sampler sampler = { .lock = PTHREAD_MUTEX_INITIALIZER };
    /* A process under valgrind has such memory of its own. */
    bool sampled = writable_and_executable() == 0 &&
                   pthread_create(&sampler.thread, NULL, sample, &sampler) == 0;
    bool ok = host_open(&demo.host, demo.programs, PROGRAMS, &demo.fault);
    if (ok) {
        ok = copy_sources(&demo, directory) && script(&demo);
        host_stop(&demo.host);
        ok = host_close(&demo.host, &demo.fault) && ok;
        remove_sources(&demo);
    }
    if (gap != MAP_FAILED)
        munmap(gap, (size_t)4 << 30);
    if (sampled) {
        pthread_mutex_lock(&sampler.lock);
        sampler.stop = true;
        pthread_mutex_unlock(&sampler.lock);
        pthread_join(sampler.thread, NULL);
        if (sampler.found != 0)
            ok = wrong(&demo.fault, "memory was writable and executable");
    }
    if (!ok) {
        printf("FAILED: %s\n", demo.fault.text);
        return EXIT_FAILURE;
    }
    puts("all unloaded: nothing is left");
    puts(sampled ? "memory was never writable and executable at once"
                 : "memory: not watched, as the process has some that is "
                   "writable and executable by itself");
    return EXIT_SUCCESS;
}
