/* The command line. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_GOALS = 64 };

typedef struct settings {
    lifecycle_heap_options heap;
    size_t stack;
    bool stats;
    const char *files[MOST_GOALS], *goals[MOST_GOALS];
    int file_count, goal_count;
} settings;

static int usage(void)
{
    fputs("usage: miniprolog [OPTION...] [FILE...] [-g GOAL]...\n"
          "without -g: a dialogue on standard input\n"
          "--gc=on|off|stress  collect when due, never, or at every "
          "safepoint with a\n"
          "                    verification each time\n"
          "--threshold N       no collection before so many cells are in "
          "use\n"
          "--max-cells N       the most cells of the heap\n"
          "--stack BYTES       for environments and choicepoints\n"
          "--stats             figures of the heap at the end, on standard "
          "error\n",
          stderr);
    return 2;
}

static bool number_option(const char *text, uint64_t *out)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    *out = n;
    return *text >= '0' && *text <= '9' && *end == 0 && n > 0;
}

static bool gc_option(settings *s, const char *mode)
{
    if (strcmp(mode, "off") == 0) {
        s->heap.gc_enabled = 0;
    } else if (strcmp(mode, "stress") == 0) {
        s->heap.stress = 1;
        s->heap.flags |= LIFECYCLE_HEAP_VERIFY;
    } else if (strcmp(mode, "on") != 0) {
        return false;
    }
    return true;
}

/* An option with a number behind it; NULL where there is no such option. */
static bool sized_option(settings *s, const char *name, const char *value)
{
    uint64_t n;
    if (!value || !number_option(value, &n)) return false;
    if (strcmp(name, "--threshold") == 0) s->heap.threshold = n;
    else if (strcmp(name, "--max-cells") == 0) s->heap.max_cells = n;
    else if (strcmp(name, "--stack") == 0 && n >= 65536) s->stack = n & ~7u;
    else return false;
    return true;
}

static bool read_settings(settings *s, int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        const char *a = argv[k];
        if (strcmp(a, "-g") == 0) {
            if (k + 1 == argc || s->goal_count == MOST_GOALS) return false;
            s->goals[s->goal_count++] = argv[++k];
        } else if (strncmp(a, "--gc=", 5) == 0) {
            if (!gc_option(s, a + 5)) return false;
        } else if (strcmp(a, "--stats") == 0) {
            s->stats = true;
        } else if (a[0] == '-') {
            if (!sized_option(s, a, argv[k + 1])) return false;
            k++;
        } else {
            if (s->file_count == MOST_GOALS) return false;
            s->files[s->file_count++] = a;
        }
    }
    return true;
}

/* Runs name(Text). */
static bool run_on(machine *m, const char *name, const char *argument)
{
    cell arg = CON(intern_z(m, argument));
    if (!reserve(m, 2)) return false;
    bool good = run(m, make_structure(m, intern_z(m, name), 1, &arg));
    if (m->raised) fputs("miniprolog: not enough memory\n", stderr);
    return good;
}

static int run_all(machine *m, const settings *s)
{
    bool good = true;
    for (int k = 0; k < s->file_count && !m->halted; k++)
        good = run_on(m, "$load_file", s->files[k]) && good;
    for (int k = 0; k < s->goal_count && !m->halted; k++)
        good = run_on(m, "$run_text", s->goals[k]) && good;
    if (s->goal_count == 0 && !m->halted)
        good = run_on(m, "$dialogue", isatty(0) ? "?- " : "");
    return m->halted ? m->status : good ? 0 : 1;
}

int main(int argc, char **argv)
{
    static machine m;
    settings s = { .heap = LIFECYCLE_HEAP_OPTIONS_INIT,
                   .stack = (size_t)256 << 20 };
    lifecycle_heap_stats stats;
    if (!read_settings(&s, argc, argv)) return usage();
    if (!machine_start(&m, &s.heap, s.stack)) {
        fprintf(stderr, "miniprolog: %s\n", lifecycle_last_error());
        return 1;
    }
    int status = run_all(&m, &s);
    fflush(stdout);
    lifecycle_heap_stats_get(m.heap, &stats, sizeof stats);
    if (s.stats) print_statistics(&m, stderr);
    if (stats.faults) {
        fprintf(stderr, "miniprolog: verification found %llu faults\n",
                (unsigned long long)stats.faults);
        status = 3;
    }
    if (!machine_stop(&m)) status = 3;
    return fflush(stdout) == 0 ? status : 1;
}
