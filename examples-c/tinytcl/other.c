/* Variables by name, output, files, time. */
#include "tinytcl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int cmd_set(tcl *t, size_t argc, const value *argv) {
    if (argc > 2) return var_store(t, argv[1], argv[2]);
    value v = var_get(t, argv[1]);
    return v ? ok(t, v) : TCL_ERROR;
}

static int cmd_unset(tcl *t, size_t argc, const value *argv) {
    bool complain = true;
    for (size_t k = 1; k < argc; k++) {
        text x = text_of(t, argv[k]);
        if (k == 1 && same(x, "-nocomplain")) {
            complain = false;
            continue;
        }
        if (k <= 2 && same(x, "--")) continue;
        int code = var_unset(t, x, complain);
        if (code) return code;
    }
    return ok_empty(t);
}

static int cmd_incr(tcl *t, size_t argc, const value *argv) {
    text name = text_of(t, argv[1]);
    int64_t n = 0, by = 1;
    value v = var_peek(t, name);
    if (v && t->traces) v = var_get(t, argv[1]);
    int code = v ? get_int(t, v, &n) : TCL_OK;
    if (!code && argc > 2) code = get_int(t, argv[2], &by);
    if (code) return code;
    if (__builtin_add_overflow(n, by, &n))
        return fail(t, "integer value too large to represent");
    return var_store(t, argv[1], lifecycle_int(t->interp, n));
}

static int cmd_append(tcl *t, size_t argc, const value *argv) {
    value v = argc > 2 ? var_peek(t, text_of(t, argv[1]))
                       : var_get(t, argv[1]);
    if (argc == 2) return v ? ok(t, v) : TCL_ERROR;
    for (size_t k = 2; k < argc; k++) {
        v = v ? lifecycle_string_concat(t->interp, v, argv[k]) : argv[k];
        if (!v) return fail_library(t);
    }
    return var_store(t, argv[1], v);
}

/* ---- output and files ---- */

static int cmd_puts(tcl *t, size_t argc, const value *argv) {
    size_t k = 1;
    bool newline = true;
    FILE *to = stdout;
    if (argc > 2 && same(text_of(t, argv[1]), "-nonewline")) {
        newline = false;
        k++;
    }
    if (argc - k > 1) {
        text channel = text_of(t, argv[k++]);
        if (same(channel, "stderr")) to = stderr;
        else if (!same(channel, "stdout"))
            return fail(t, "can not find channel named \"%.*s\"",
                        SHOW(channel));
    }
    if (argc - k != 1)
        return wrong_args(t, text_of(t, argv[0]),
                          "?-nonewline? ?channelId? string");
    text x = text_of(t, argv[k]);
    if (to == stderr) fflush(stdout);
    fwrite(x.at, 1, x.len, to);
    if (newline) fputc('\n', to);
    return ok_empty(t);
}

static int cmd_flush(tcl *t, size_t argc, const value *argv) {
    (void)argc, (void)argv;
    fflush(stdout);
    return ok_empty(t);
}

/* One line of standard input; the channel is not asked for. */
static int cmd_gets(tcl *t, size_t argc, const value *argv) {
    value line = lifecycle_builder_new(t->interp, 64);
    int c;
    int64_t n = 0;
    while (line && (c = getchar()) != EOF && c != '\n') {
        lifecycle_builder_byte(t->interp, line, c);
        n++;
    }
    value v = lifecycle_builder_finish(t->interp, line);
    if (argc < 3) return ok(t, v);
    int code = var_set(t, argv[2], v);
    return code ? code : ok_int(t, n == 0 && feof(stdin) ? -1 : n);
}

/* A file's bytes, as a value. */
static int read_file(tcl *t, value name, value *out) {
    text x = text_of(t, name);
    char chunk[8192];
    size_t n;
    FILE *file = strlen(x.at) == x.len ? fopen(x.at, "rb") : NULL;
    if (!file)
        return fail(t, "couldn't read file \"%.*s\": no such file or "
                       "directory", SHOW(x));
    value builder = lifecycle_builder_new(t->interp, sizeof chunk);
    int code = builder ? TCL_OK : fail_library(t);
    while (!code && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        code = check(t, lifecycle_builder_bytes(t->interp, builder, chunk,
                                                n));
    if (!code && ferror(file))
        code = fail(t, "error reading \"%.*s\"", SHOW(x));
    fclose(file);
    if (code) return code;
    *out = lifecycle_builder_finish(t->interp, builder);
    return *out ? TCL_OK : fail_library(t);
}

static int cmd_source(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    value text_read = LIFECYCLE_NIL, before = t->script;
    int code = read_file(t, argv[1], &text_read);
    if (code) return code;
    t->script = argv[1];
    code = eval_value(t, text_read);
    t->script = before;
    if (code == TCL_RETURN && --t->return_level <= 0) code = t->return_code;
    if (code == TCL_ERROR)
        boundary(t, "file \"%.*s\" line %u", SHOW(text_of(t, argv[1])),
                 (unsigned)t->error_line);
    return code;
}

/* The subcommands scripts need to find a file beside them. */
static int cmd_file(tcl *t, size_t argc, const value *argv) {
    static const char *const names[] = { "dirname", "join", "tail", NULL };
    int which;
    if (choose(t, argv[1], "subcommand", names, &which)) return TCL_ERROR;
    text x = text_of(t, argv[2]);
    if (which == 0) {
        size_t n = x.len;
        while (n > 0 && x.at[n - 1] != '/') n--;
        while (n > 1 && x.at[n - 1] == '/') n--;
        return n ? ok_text(t, x.at, n) : ok_text(t, ".", 1);
    }
    if (which == 2) {
        size_t n = x.len;
        while (n > 0 && x.at[n - 1] != '/') n--;
        return ok_text(t, x.at + n, x.len - n);
    }
    value out = lifecycle_builder_new(t->interp, 64);
    for (size_t k = 2; k < argc; k++) {
        if (k > 2) lifecycle_builder_byte(t->interp, out, '/');
        lifecycle_builder_append(t->interp, out, argv[k]);
    }
    return ok(t, lifecycle_builder_finish(t->interp, out));
}

/* ---- the rest ---- */

static int cmd_clock(tcl *t, size_t argc, const value *argv) {
    static const char *const names[] = { "clicks", "microseconds",
                                         "milliseconds", "seconds", NULL };
    int which;
    struct timespec now;
    (void)argc;
    if (choose(t, argv[1], "subcommand", names, &which)) return TCL_ERROR;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    return ok_int(t, which < 2 ? us : which == 2 ? us / 1000 : us / 1000000);
}

static int cmd_exit(tcl *t, size_t argc, const value *argv) {
    int64_t n = 0;
    if (argc > 1 && get_int(t, argv[1], &n)) return TCL_ERROR;
    t->exit_status = (int)(n & 255);
    ok_empty(t);
    return TCL_EXIT;
}

const builtin other_commands[] = {
    { "set", cmd_set, 1, 2, "varName ?newValue?" },
    { "unset", cmd_unset, 0, ANY, "?-nocomplain? ?--? ?varName ...?" },
    { "incr", cmd_incr, 1, 2, "varName ?increment?" },
    { "append", cmd_append, 1, ANY, "varName ?value ...?" },
    { "puts", cmd_puts, 1, 3, "?-nonewline? ?channelId? string" },
    { "flush", cmd_flush, 1, 1, "channelId" },
    { "gets", cmd_gets, 1, 2, "channelId ?varName?" },
    { "source", cmd_source, 1, 1, "fileName" },
    { "file", cmd_file, 2, ANY, "subcommand ?arg ...?" },
    { "clock", cmd_clock, 1, 1, "subcommand" },
    { "exit", cmd_exit, 0, 1, "?returnCode?" },
    { "info", info_command, 1, ANY, "subcommand ?arg ...?" },
    { NULL, NULL, 0, 0, NULL },
};
