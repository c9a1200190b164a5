/* The command line: a file, a dialogue, or the same file again and again. */
#include "tinytcl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file or input that is being collected: not a value, only its text. */
typedef struct source {
    char *at;
    size_t len, room;
} source;

static bool add(source *s, const char *at, size_t len) {
    if (s->room - s->len < len) {
        size_t room = (s->len + len) * 2 + 256;
        char *more = realloc(s->at, room);
        if (!more) return false;
        s->at = more;
        s->room = room;
    }
    memcpy(s->at + s->len, at, len);
    s->len += len;
    return true;
}

static bool read_source(const char *path, source *s) {
    char chunk[8192];
    size_t n;
    FILE *file = fopen(path, "rb");
    bool good = file != NULL;
    while (good && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        good = add(s, chunk, n);
    good = good && !ferror(file);
    if (file) fclose(file);
    if (!good) fprintf(stderr, "couldn't read file \"%s\"\n", path);
    return good;
}

/* ---- one eval ---- */

typedef enum { QUIET, RESULT } show;

static void print_error(tcl *t, bool story) {
    value v = story && t->info ? t->info : result_of(t);
    text x = text_of(t, v);
    fflush(stdout);
    fwrite(x.at, 1, x.len, stderr);
    fputc('\n', stderr);
}

/* Nothing that the eval made outlives it, but what it stored. */
static int run(tcl *t, text script, text file, show what) {
    if (lifecycle_eval_enter(t->interp) != LIFECYCLE_OK) {
        fprintf(stderr, "%s\n", lifecycle_last_error());
        return TCL_ERROR;
    }
    tcl_begin(t);
    int code = tcl_top_level(t, script, file);
    if (code == TCL_ERROR) {
        print_error(t, file.len > 0);
    } else if (what == RESULT && code != TCL_EXIT) {
        text x = text_of(t, t->result);
        fwrite(x.at, 1, x.len, stdout);
        if (x.len) putchar('\n');
    }
    if (lifecycle_eval_leave(t->interp, LIFECYCLE_NIL, NULL)) {
        fprintf(stderr, "%s\n", lifecycle_last_error());
        return TCL_ERROR;
    }
    return code;
}

static bool set_arguments(tcl *t, const char *script, int count,
                          char **arguments) {
    lifecycle_interp *interp = t->interp;
    if (lifecycle_eval_enter(interp) != LIFECYCLE_OK) return false;
    value list = lifecycle_list(interp, NULL, 0);
    for (int k = 0; k < count; k++)
        lifecycle_list_push_in_place(
            interp, list,
            lifecycle_string(interp, arguments[k], strlen(arguments[k])));
    value name = lifecycle_string(interp, script, strlen(script));
    bool good =
        !lifecycle_ns_var_set(interp, "::", 2, "argv", 4, list) &&
        !lifecycle_ns_var_set(interp, "::", 2, "argc", 4,
                              lifecycle_int(interp, count)) &&
        !lifecycle_ns_var_set(interp, "::", 2, "argv0", 5, name);
    return lifecycle_eval_leave(interp, LIFECYCLE_NIL, NULL) ==
               LIFECYCLE_OK && good;
}

/* ---- memory ---- */

typedef struct figure {
    const char *name;
    size_t at;
} figure;

static const figure figures[] = {
    { "scratch_handles", offsetof(lifecycle_memory, scratch_handles) },
    { "scratch_bytes", offsetof(lifecycle_memory, scratch_bytes) },
    { "arena_used", offsetof(lifecycle_memory, arena_used) },
    { "high_water", offsetof(lifecycle_memory, high_water) },
    { "values", offsetof(lifecycle_memory, values) },
    { "value_bytes", offsetof(lifecycle_memory, value_bytes) },
    { "pending_values", offsetof(lifecycle_memory, pending_values) },
    { "held_values", offsetof(lifecycle_memory, held_values) },
    { "namespaces", offsetof(lifecycle_memory, namespaces) },
    { "procs", offsetof(lifecycle_memory, procs) },
    { "variables", offsetof(lifecycle_memory, variables) },
    { "traces", offsetof(lifecycle_memory, traces) },
    { "frames", offsetof(lifecycle_memory, frames) },
    { "scopes", offsetof(lifecycle_memory, scopes) },
    { "eval_depth", offsetof(lifecycle_memory, eval_depth) },
};

static unsigned long long figure_of(const lifecycle_memory *m, size_t k) {
    uint64_t n;
    memcpy(&n, (const char *)m + figures[k].at, sizeof n);
    return n;
}

static bool memory(tcl *t, lifecycle_memory *m) {
    memset(m, 0, sizeof *m);
    return lifecycle_memory_stats(t->interp, m, sizeof *m) == LIFECYCLE_OK;
}

static void print_memory(const char *when, const lifecycle_memory *m) {
    printf("memory %s:", when);
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
        printf(" %s %llu", figures[k].name, figure_of(m, k));
    printf("\n");
}

/* Says which figure differs; true if none does. */
static bool equal_memory(const lifecycle_memory *a,
                         const lifecycle_memory *b) {
    bool equal = true;
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++) {
        if (figure_of(a, k) == figure_of(b, k)) continue;
        fprintf(stderr, "tinytcl: memory is not flat: %s was %llu and is "
                        "%llu at the end\n", figures[k].name,
                figure_of(a, k), figure_of(b, k));
        equal = false;
    }
    return equal;
}

/* ---- the ways to run ---- */

static int run_file(tcl *t, const char *path, const source *s) {
    int code = run(t, (text){ s->at, s->len }, literal(path), QUIET);
    return code == TCL_EXIT ? t->exit_status : code == TCL_ERROR ? 1 : 0;
}

/* The memory of a later eval must be that of an early one, to the byte. */
static int run_evals(tcl *t, const char *path, const source *s, long evals) {
    long early = evals > 1000 ? 1000 : (evals + 1) / 2;
    bool terminal = isatty(STDERR_FILENO);
    char when[64];
    lifecycle_memory first = { 0 }, last = { 0 };
    for (long k = 1; k <= evals; k++) {
        int code = run(t, (text){ s->at, s->len }, literal(path), QUIET);
        if (code == TCL_EXIT) return t->exit_status;
        if (code == TCL_ERROR) return 1;
        if (k == early && !memory(t, &first)) return 1;
        if (terminal && (k % 10000 == 0 || k == evals))
            fprintf(stderr, "\r%ld of %ld evals%s", k, evals,
                    k == evals ? "\n" : "");
    }
    if (!memory(t, &last)) return 1;
    snprintf(when, sizeof when, "after %ld evals", early);
    print_memory(when, &first);
    snprintf(when, sizeof when, "after %ld evals", evals);
    print_memory(when, &last);
    fflush(stdout);
    if (!equal_memory(&first, &last)) return 1;
    printf("memory is flat to the byte\n");
    return 0;
}

static bool complete(tcl *t, const source *s) {
    if (lifecycle_eval_enter(t->interp) != LIFECYCLE_OK) return true;
    tcl_begin(t);
    bool whole = script_complete(t, (text){ s->at, s->len });
    lifecycle_eval_leave(t->interp, LIFECYCLE_NIL, NULL);
    return whole;
}

static int run_dialogue(tcl *t) {
    source s = { 0 };
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int code = TCL_OK;
    bool terminal = isatty(STDIN_FILENO);
    for (;;) {
        if (terminal) {
            fputs(s.len ? "> " : "% ", stdout);
            fflush(stdout);
        }
        if ((n = getline(&line, &room, stdin)) < 0) break;
        if (!add(&s, line, (size_t)n)) break;
        if (!complete(t, &s)) continue;
        code = run(t, (text){ s.at, s.len }, (text){ "", 0 }, RESULT);
        s.len = 0;
        if (code == TCL_EXIT) break;
    }
    if (s.len) /* the end came in the middle: say what is missing */
        code = run(t, (text){ s.at, s.len }, (text){ "", 0 }, RESULT);
    free(line);
    free(s.at);
    return code == TCL_EXIT ? t->exit_status : 0;
}

static int usage(void) {
    fputs("usage: tinytcl [--stats] [FILE [ARGUMENT...]]\n"
          "       tinytcl [--stats] --evals N FILE [ARGUMENT...]\n"
          "without a file: a dialogue on standard input\n"
          "--stats: what memory is held at the end\n"
          "--evals: the file N times, each an eval of its own; fails if "
          "memory grows\n",
          stderr);
    return 2;
}

int main(int argc, char **argv) {
    bool stats = false;
    long evals = 0;
    int k = 1;
    for (; k < argc && strncmp(argv[k], "--", 2) == 0; k++) {
        char *end = NULL;
        if (strcmp(argv[k], "--stats") == 0) {
            stats = true;
        } else if (strcmp(argv[k], "--evals") == 0 && k + 2 < argc) {
            evals = strtol(argv[++k], &end, 10);
            if (*end || evals < 1) return usage();
        } else {
            return usage();
        }
    }
    tcl t;
    source s = { 0 };
    lifecycle_memory m;
    int status = 1;
    const char *path = k < argc ? argv[k] : NULL;
    if (path && !read_source(path, &s)) {
        free(s.at);
        return 1;
    }
    if (tcl_start(&t) &&
        set_arguments(&t, path ? path : argv[0], path ? argc - k - 1 : 0,
                      argv + k + 1)) {
        status = !path ? run_dialogue(&t)
                 : evals ? run_evals(&t, path, &s, evals)
                         : run_file(&t, path, &s);
        if (stats && memory(&t, &m)) print_memory("at the end", &m);
    } else {
        fprintf(stderr, "tinytcl: %s\n", lifecycle_last_error());
    }
    free(s.at);
    if (!tcl_stop(&t)) {
        fprintf(stderr, "tinytcl: %s\n", lifecycle_last_error());
        status = 1;
    }
    return fflush(stdout) == 0 ? status : 1;
}
