/* Procedures, and what reaches from one activation into another. */
#include "tinytcl.h"

#include <string.h>

static int cmd_proc(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    text name = text_of(t, argv[1]);
    place at = split_name(t, name);
    value params;
    if (!lifecycle_ns_exists(t->interp, at.ns.at, at.ns.len))
        return fail(t, "can't create procedure \"%.*s\": unknown namespace",
                    SHOW(name));
    int code = make_params(t, argv[2], &params);
    if (code) return code;
    trace_renamed(t, join_name(t, at.ns, at.name), (text){ "", 0 });
    ok_empty(t);
    return check(t, lifecycle_command_set(t->interp, at.ns.at, at.ns.len,
                                          at.name.at, at.name.len, KIND_PROC,
                                          NULL, params, argv[3]));
}

/* A lambda is a list: parameters, body, and perhaps a namespace. */
static int cmd_apply(tcl *t, size_t argc, const value *argv) {
    size_t n;
    value lambda = argv[1];
    int code = get_list(t, lambda, &n);
    if (code || n < 2 || n > 3)
        return fail(t, "can't interpret \"%.*s\" as a lambda expression",
                    SHOW(text_of(t, lambda)));
    command c = { .kind = KIND_PROC };
    c.at.ns = (text){ "::", 2 };
    if (n == 3) {
        text ns = text_of(t, lifecycle_list_at(t->interp, lambda, 2));
        c.at.ns = full_path(t, join_name(t, c.at.ns, ns));
        if (!lifecycle_ns_exists(t->interp, c.at.ns.at, c.at.ns.len))
            return fail(t, "namespace \"%.*s\" not found", SHOW(c.at.ns));
    }
    c.body = lifecycle_list_at(t->interp, lambda, 1);
    code = make_params(t, lifecycle_list_at(t->interp, lambda, 0), &c.params);
    return code ? code : call_body(t, &c, lambda, argc, argv);
}

static int delete_command(tcl *t, place at) {
    trace_renamed(t, join_name(t, at.ns, at.name), (text){ "", 0 });
    ok_empty(t);
    return check(t, lifecycle_command_delete(t->interp, at.ns.at, at.ns.len,
                                             at.name.at, at.name.len));
}

/* Where a command is, here or in the global namespace; false if nowhere. */
static bool locate(tcl *t, text name, place *out) {
    *out = split_name(t, name);
    for (int round = 0; round < 2; round++) {
        if (lifecycle_command_get(t->interp, out->ns.at, out->ns.len,
                                  out->name.at, out->name.len, NULL, NULL,
                                  NULL) > 0)
            return true;
        *out = split_name(t, join_name(t, (text){ "::", 2 }, name));
    }
    return false;
}

static int cmd_rename(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    text from = text_of(t, argv[1]), to = text_of(t, argv[2]);
    place was, is = split_name(t, to);
    if (!locate(t, from, &was))
        return fail(t, "can't %s \"%.*s\": command doesn't exist",
                    to.len ? "rename" : "delete", SHOW(from));
    if (to.len == 0) return delete_command(t, was);
    if (lifecycle_command_get(t->interp, is.ns.at, is.ns.len, is.name.at,
                              is.name.len, NULL, NULL, NULL) > 0)
        return fail(t, "can't rename to \"%.*s\": command already exists",
                    SHOW(to));
    if (!lifecycle_ns_exists(t->interp, is.ns.at, is.ns.len))
        return fail(t, "can't rename to \"%.*s\": bad command name",
                    SHOW(to));
    int code = check(t, lifecycle_command_copy(
                            t->interp, was.ns.at, was.ns.len, was.name.at,
                            was.name.len, is.ns.at, is.ns.len, is.name.at,
                            is.name.len));
    if (!code)
        code = check(t, lifecycle_command_delete(t->interp, was.ns.at,
                                                 was.ns.len, was.name.at,
                                                 was.name.len));
    if (code) return code;
    trace_renamed(t, join_name(t, was.ns, was.name),
                  join_name(t, is.ns, is.name));
    return ok_empty(t);
}

/* ---- eval, uplevel, upvar, global, variable ---- */

static value joined(tcl *t, size_t count, const value *parts) {
    if (count == 1) return parts[0];
    value builder = lifecycle_builder_new(t->interp, 64);
    for (size_t k = 0; k < count; k++) {
        if (k) lifecycle_builder_byte(t->interp, builder, ' ');
        lifecycle_builder_append(t->interp, builder, parts[k]);
    }
    return lifecycle_builder_finish(t->interp, builder);
}

static int cmd_eval(tcl *t, size_t argc, const value *argv) {
    value script = joined(t, argc - 1, argv + 1);
    if (!script) return fail_library(t);
    int code = eval_value(t, script);
    if (code == TCL_ERROR)
        boundary(t, "\"eval\" body line %u", (unsigned)t->error_line);
    return code;
}

static int cmd_uplevel(tcl *t, size_t argc, const value *argv) {
    text first = text_of(t, argv[1]);
    bool given = argc > 2 && is_level(first);
    call *other = call_at(t, given ? first : literal("1"));
    if (!other) return TCL_ERROR;
    size_t skip = given ? 2 : 1;
    value script = joined(t, argc - skip, argv + skip);
    if (!script) return fail_library(t);
    entered here = enter(t, other);
    int code = eval_value(t, script);
    leave(t, here);
    if (code == TCL_ERROR)
        boundary(t, "\"uplevel\" body line %u", (unsigned)t->error_line);
    return code;
}

static int cmd_upvar(tcl *t, size_t argc, const value *argv) {
    text first = text_of(t, argv[1]);
    bool given = argc % 2 == 0;
    call *other = call_at(t, given ? first : literal("1"));
    if (!other) return TCL_ERROR;
    for (size_t k = given ? 2 : 1; k + 1 < argc; k += 2) {
        int code = var_link_frame(t, text_of(t, argv[k + 1]), other,
                                  text_of(t, argv[k]));
        if (code) return code;
    }
    return ok_empty(t);
}

static text tail(tcl *t, text name) { return split_name(t, name).name; }

static int cmd_global(tcl *t, size_t argc, const value *argv) {
    text root = { "::", 2 };
    if (t->active->is_ns && t->active->ns.len == 2) return ok_empty(t);
    for (size_t k = 1; k < argc; k++) {
        text name = text_of(t, argv[k]);
        place at = split_name(t, join_name(t, root, name));
        int code = var_link_ns(t, tail(t, name), at.ns, at.name);
        if (code) return code;
    }
    return ok_empty(t);
}

static int cmd_variable(tcl *t, size_t argc, const value *argv) {
    for (size_t k = 1; k < argc; k += 2) {
        text name = text_of(t, argv[k]);
        place at = split_name(t, name);
        if (!lifecycle_ns_exists(t->interp, at.ns.at, at.ns.len))
            return fail(t, "can't define \"%.*s\": parent namespace doesn't "
                           "exist", SHOW(name));
        int code = TCL_OK;
        if (!t->active->is_ns)
            code = var_link_ns(t, tail(t, name), at.ns, at.name);
        if (!code && k + 1 < argc)
            code = var_set_text(t, join_name(t, at.ns, at.name), argv[k + 1]);
        if (code) return code;
    }
    return ok_empty(t);
}

const builtin procedure_commands[] = {
    { "proc", cmd_proc, 3, 3, "name args body" },
    { "apply", cmd_apply, 1, ANY, "lambdaExpr ?arg ...?" },
    { "rename", cmd_rename, 2, 2, "oldName newName" },
    { "eval", cmd_eval, 1, ANY, "arg ?arg ...?" },
    { "uplevel", cmd_uplevel, 1, ANY, "?level? command ?arg ...?" },
    { "upvar", cmd_upvar, 2, ANY,
      "?level? otherVar localVar ?otherVar localVar ...?" },
    { "global", cmd_global, 0, ANY, "" },
    { "variable", cmd_variable, 1, ANY, "?name value...? name ?value?" },
    { "namespace", namespace_command, 1, ANY, "subcommand ?arg ...?" },
    { "trace", trace_command, 1, ANY, "subcommand ?arg ...?" },
    { NULL, NULL, 0, 0, NULL },
};
