/* The info command: what is there. */
#include "tinytcl.h"

#include <string.h>

/* Adds those names of a list that the pattern fits, each with a prefix. */
static int add_names(tcl *t, value out, value names, text pattern,
                     text prefix) {
    size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
    int code = TCL_OK;
    for (size_t k = 0; !code && k < n; k++) {
        value name = lifecycle_list_at(t->interp, names, k);
        text x = text_of(t, name);
        if (!glob(pattern, x, false)) continue;
        if (prefix.len) name = new_text(t, join_name(t, prefix, x));
        if (!name) return fail_library(t);
        code = check(t, lifecycle_list_push_in_place(t->interp, out, name));
    }
    return code;
}

static text pattern_of(tcl *t, size_t argc, const value *argv) {
    return argc > 1 ? text_of(t, argv[1]) : literal("*");
}

/* Keeps of a namespace's commands only the procedures. */
static value procs_only(tcl *t, text ns, value names) {
    value out = lifecycle_list(t->interp, NULL, 0);
    size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(t->interp, names, k);
        text x = text_of(t, one);
        if (lifecycle_command_get(t->interp, ns.at, ns.len, x.at, x.len, NULL,
                                  NULL, NULL) == KIND_PROC)
            lifecycle_list_push_in_place(t->interp, out, one);
    }
    return out;
}

/* A qualified pattern is for another namespace, and so are the answers. */
static int commands(tcl *t, size_t argc, const value *argv, bool procs) {
    text pattern = pattern_of(t, argc, argv);
    place at = split_name(t, pattern);
    bool other = qualified(pattern);
    value out = lifecycle_list(t->interp, NULL, 0);
    value names = lifecycle_command_names(t->interp, at.ns.at, at.ns.len);
    if (procs) names = procs_only(t, at.ns, names);
    int code = out ? add_names(t, out, names, at.name,
                               other ? at.ns : (text){ "", 0 })
                   : fail_library(t);
    if (!code && !other && !procs && at.ns.len > 2)
        code = add_names(t, out, lifecycle_command_names(t->interp, "::", 2),
                         at.name, (text){ "", 0 });
    return code ? code : ok(t, out);
}

static int i_commands(tcl *t, size_t argc, const value *argv) {
    return commands(t, argc, argv, false);
}

static int i_procs(tcl *t, size_t argc, const value *argv) {
    return commands(t, argc, argv, true);
}

static int find_proc(tcl *t, value name, command *c) {
    *c = find_command(t, text_of(t, name));
    if (c->kind == KIND_PROC) return TCL_OK;
    return fail(t, "\"%.*s\" isn't a procedure", SHOW(text_of(t, name)));
}

static int i_args(tcl *t, size_t argc, const value *argv) {
    command c;
    (void)argc;
    if (find_proc(t, argv[1], &c)) return TCL_ERROR;
    value out = lifecycle_list(t->interp, NULL, 0);
    size_t n = lifecycle_list_length(t->interp, c.params);
    int code = TCL_OK;
    for (size_t k = 0; !code && k < n; k++) {
        value one = lifecycle_list_at(t->interp, c.params, k);
        code = check(t, lifecycle_list_push_in_place(
                            t->interp, out,
                            lifecycle_list_at(t->interp, one, 0)));
    }
    return code ? code : ok(t, out);
}

static int i_body(tcl *t, size_t argc, const value *argv) {
    command c;
    (void)argc;
    return find_proc(t, argv[1], &c) ? TCL_ERROR : ok(t, c.body);
}

static int i_default(tcl *t, size_t argc, const value *argv) {
    command c;
    (void)argc;
    if (find_proc(t, argv[1], &c)) return TCL_ERROR;
    size_t n = lifecycle_list_length(t->interp, c.params);
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(t->interp, c.params, k);
        value name = lifecycle_list_at(t->interp, one, 0);
        if (!lifecycle_string_equal(t->interp, name, argv[2])) continue;
        bool has = lifecycle_list_length(t->interp, one) > 1;
        int code = var_set(t, argv[3],
                           has ? lifecycle_list_at(t->interp, one, 1)
                               : lifecycle_string(t->interp, "", 0));
        return code ? code : ok_int(t, has);
    }
    return fail(t, "procedure \"%.*s\" doesn't have an argument \"%.*s\"",
                SHOW(text_of(t, argv[1])), SHOW(text_of(t, argv[2])));
}

static int i_exists(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    bool there = var_exists(t, text_of(t, argv[1]));
    return ok_int(t, there);
}

static int i_globals(tcl *t, size_t argc, const value *argv) {
    value out = lifecycle_list(t->interp, NULL, 0);
    int code = add_names(t, out, lifecycle_ns_var_names(t->interp, "::", 2),
                         pattern_of(t, argc, argv), (text){ "", 0 });
    return code ? code : ok(t, out);
}

static int i_vars(tcl *t, size_t argc, const value *argv) {
    text pattern = pattern_of(t, argc, argv);
    value out = lifecycle_list(t->interp, NULL, 0), names;
    place at = split_name(t, pattern);
    bool other = qualified(pattern);
    names = other ? lifecycle_ns_var_names(t->interp, at.ns.at, at.ns.len)
                  : lifecycle_var_names(t->interp);
    int code = add_names(t, out, names, at.name,
                         other ? at.ns : (text){ "", 0 });
    return code ? code : ok(t, out);
}

static int i_locals(tcl *t, size_t argc, const value *argv) {
    value out = lifecycle_list(t->interp, NULL, 0);
    text pattern = pattern_of(t, argc, argv);
    if (t->active->is_ns) return ok(t, out);
    value names = lifecycle_var_names(t->interp);
    size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(t->interp, names, k);
        text x = text_of(t, one);
        if (glob(pattern, x, false) &&
            !lifecycle_var_is_link(t->interp, x.at, x.len))
            lifecycle_list_push_in_place(t->interp, out, one);
    }
    return ok(t, out);
}

static int i_level(tcl *t, size_t argc, const value *argv) {
    if (argc == 1) return ok_int(t, (int64_t)t->active->level);
    int64_t n;
    int code = get_int(t, argv[1], &n);
    if (code) return code;
    if (n <= 0) n += (int64_t)t->active->level;
    call *c = t->active;
    while (c && (int64_t)c->level != n) c = c->caller;
    if (!c || n <= 0)
        return fail(t, "bad level \"%.*s\"", SHOW(text_of(t, argv[1])));
    lifecycle_frame_info info;
    code = check(t, lifecycle_frame_info_get(t->interp, c->frame, &info,
                                             sizeof info));
    return code ? code : ok(t, info.args);
}

static int i_complete(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    return ok_int(t, script_complete(t, text_of(t, argv[1])));
}

static int i_script(tcl *t, size_t argc, const value *argv) {
    (void)argc, (void)argv;
    return t->script ? ok(t, t->script) : ok_empty(t);
}

static int i_tclversion(tcl *t, size_t argc, const value *argv) {
    (void)argc, (void)argv;
    return ok_text(t, "8.6", 3);
}

int info_command(tcl *t, size_t argc, const value *argv) {
    static const builtin table[] = {
        { "args", i_args, 1, 1, "procname" },
        { "body", i_body, 1, 1, "procname" },
        { "commands", i_commands, 0, 1, "?pattern?" },
        { "complete", i_complete, 1, 1, "command" },
        { "default", i_default, 3, 3, "procname arg varname" },
        { "exists", i_exists, 1, 1, "varName" },
        { "globals", i_globals, 0, 1, "?pattern?" },
        { "level", i_level, 0, 1, "?number?" },
        { "locals", i_locals, 0, 1, "?pattern?" },
        { "procs", i_procs, 0, 1, "?pattern?" },
        { "script", i_script, 0, 0, "" },
        { "tclversion", i_tclversion, 0, 0, "" },
        { "vars", i_vars, 0, 1, "?pattern?" },
        { NULL, NULL, 0, 0, NULL },
    };
    return dispatch(t, table, argc, argv);
}
