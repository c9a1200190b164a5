/* Variables of the active frame and of namespaces, and their traces. */
#include "tinytcl.h"

#include <stdlib.h>
#include <string.h>

/* Where a variable is: among the frame's own, or in a namespace. */
typedef struct where {
    bool local;
    place at;
} where;

static bool in_ns(tcl *t, place at) {
    return lifecycle_ns_var_exists(t->interp, at.ns.at, at.ns.len,
                                   at.name.at, at.name.len);
}

/* A qualified name is looked for here, then from the global namespace. */
static where find_variable(tcl *t, text name) {
    where w = { true, { t->active->ns, name } };
    if (qualified(name)) {
        w.local = false;
        w.at = split_name(t, name);
        if (name.at[0] == ':' || in_ns(t, w.at)) return w;
        text from_root = join_name(t, (text){ "::", 2 }, name);
        place other = split_name(t, from_root);
        if (in_ns(t, other) ||
            !lifecycle_ns_exists(t->interp, w.at.ns.at, w.at.ns.len))
            w.at = other;
        return w;
    }
    if (t->active->is_ns && t->active->ns.len > 2 &&
        !lifecycle_var_exists(t->interp, name.at, name.len)) {
        place global = { { "::", 2 }, name };
        if (in_ns(t, global)) w = (where){ false, global };
    }
    return w;
}

static value read_at(tcl *t, const where *w) {
    if (w->local)
        return lifecycle_var_get(t->interp, w->at.name.at, w->at.name.len);
    return lifecycle_ns_var_get(t->interp, w->at.ns.at, w->at.ns.len,
                                w->at.name.at, w->at.name.len);
}

/* ---- traces ---- */

/* What traces know a variable by, wherever links lead to it: "::ns::name" or
 * "#frame name". Empty if there is no memory, or if it is that of a namespace
 * that was deleted while a link still holds it: the library tells which. */
static text key_here(tcl *t, text name) {
    size_t level;
    value ns;
    lifecycle_var_place(t->interp, name.at, name.len, &level, &ns);
    if (!ns && !level) return (text){ "", 0 };
    value end = lifecycle_var_resolve(t->interp, name.at, name.len);
    if (!end) return (text){ "", 0 };
    text target = text_of(t, end);
    if (ns) return join_name(t, text_of(t, ns), target);
    char *out = scratch(t, target.len + 32);
    if (!out) return (text){ "", 0 };
    int n = snprintf(out, 32, "#%zu ", level);
    if (target.len) memcpy(out + n, target.at, target.len);
    return (text){ out, (size_t)n + target.len };
}

/* The library tells of names that the frame has; so it works on the
 * namespace's variables meanwhile. */
static text trace_key(tcl *t, const where *w) {
    if (w->local) return key_here(t, w->at.name);
    if (lifecycle_frame_push_locals(t->interp, w->at.ns.at, w->at.ns.len) !=
        LIFECYCLE_OK)
        return join_name(t, w->at.ns, w->at.name);
    text key = key_here(t, w->at.name);
    lifecycle_frame_pop_locals(t->interp);
    return key;
}

/* One trace: its script, and the words that come after it. */
typedef struct firing_call {
    tcl *t;
    value *more;
    size_t count;
    int code;
} firing_call;

static lifecycle_status run_trace(lifecycle_interp *interp, value script,
                                  const char *name, size_t name_len,
                                  const char *op, size_t op_len, void *user) {
    firing_call *f = user;
    tcl *t = f->t;
    (void)name, (void)name_len, (void)op, (void)op_len;
    value more = lifecycle_list(interp, f->more, f->count);
    value space = lifecycle_string(interp, " ", 1);
    value half = lifecycle_string_concat(interp, script, space);
    value all = lifecycle_string_concat(interp, half, more);
    f->code = all ? eval_value(t, all) : fail_library(t);
    return f->code == TCL_ERROR || f->code == TCL_EXIT ? LIFECYCLE_E_INVALID
                                                        : LIFECYCLE_OK;
}

static int fire(tcl *t, int kind, text key, const char *op, value more[],
                size_t count) {
    firing_call f = { t, more, count, TCL_OK };
    value result = t->result;
    lifecycle_status status =
        lifecycle_trace_fire(t->interp, kind, key.at, key.len, op, strlen(op),
                             run_trace, &f);
    if (f.code == TCL_ERROR || f.code == TCL_EXIT) return f.code;
    t->result = result;
    return check(t, status);
}

/* An error of a trace is the error of the access. */
static int fire_variable(tcl *t, const where *w, text shown, const char *op) {
    if (!t->traces) return TCL_OK;
    firing mine = { t->firing, trace_key(t, w) };
    if (!mine.key.len) return TCL_OK;
    for (firing *f = t->firing; f; f = f->next)
        if (same_text(f->key, mine.key)) return TCL_OK;
    value more[3] = { new_text(t, shown), lifecycle_string(t->interp, "", 0),
                      new_text(t, literal(op)) };
    t->firing = &mine;
    int code = fire(t, TRACE_VARIABLE, mine.key, op, more, 3);
    t->firing = mine.next;
    if (code != TCL_ERROR || op[0] == 'u') return TCL_OK;
    value why = result_of(t);
    fail(t, "can't %s \"%.*s\": %.*s", op[0] == 'r' ? "read" : "set",
         SHOW(shown), SHOW(text_of(t, why)));
    return TCL_ERROR;
}

bool fire_command(tcl *t, int kind, text name, const char *op, value more[],
                  size_t count) {
    firing mine = { t->firing, name };
    for (firing *f = t->firing; f; f = f->next)
        if (same_text(f->key, name)) return true;
    t->firing = &mine;
    int code = fire(t, kind, name, op, more, count);
    t->firing = mine.next;
    return code == TCL_OK;
}

/* Takes all traces of a name away, or to another name. */
static void move_traces(tcl *t, int kind, text key, const text *to) {
    value all = lifecycle_trace_info(t->interp, kind, key.at, key.len);
    size_t n = all ? lifecycle_list_length(t->interp, all) : 0;
    while (n-- > 0) {
        value one = lifecycle_list_at(t->interp, all, n);
        text ops = text_of(t, lifecycle_list_at(t->interp, one, 0));
        value script = lifecycle_list_at(t->interp, one, 1);
        if (to)
            lifecycle_trace_add(t->interp, kind, to->at, to->len, ops.at,
                                ops.len, script);
        lifecycle_trace_remove(t->interp, kind, key.at, key.len, ops.at,
                               ops.len, script);
    }
}

/* A command that goes, or gets another name: its traces hear of it first. */
void trace_renamed(tcl *t, text from, text to) {
    if (!t->watches) return;
    const char *op = to.len ? "rename" : "delete";
    value more[3] = { new_text(t, from), new_text(t, to),
                      new_text(t, literal(op)) };
    fire_command(t, TRACE_COMMAND, from, op, more, 3);
    move_traces(t, TRACE_COMMAND, from, to.len ? &to : NULL);
    move_traces(t, TRACE_EXECUTION, from, to.len ? &to : NULL);
}

/* ---- access ---- */

/* Without traces, and without an error when there is none. */
value var_peek(tcl *t, text name) {
    where w = find_variable(t, name);
    return read_at(t, &w);
}

value var_get_text(tcl *t, text name) {
    where w = find_variable(t, name);
    if (fire_variable(t, &w, name, "read")) return LIFECYCLE_NIL;
    value v = read_at(t, &w);
    if (!v) fail(t, "can't read \"%.*s\": no such variable", SHOW(name));
    return v;
}

value var_get(tcl *t, value name) {
    return var_get_text(t, text_of(t, name));
}

int var_set_text(tcl *t, text name, value v) {
    where w = find_variable(t, name);
    if (!v) return fail_library(t);
    lifecycle_status status =
        w.local ? lifecycle_var_set(t->interp, name.at, name.len, v)
                : lifecycle_ns_var_set(t->interp, w.at.ns.at, w.at.ns.len,
                                       w.at.name.at, w.at.name.len, v);
    if (status == LIFECYCLE_E_NOT_FOUND)
        return fail(t, "can't set \"%.*s\": parent namespace doesn't exist",
                    SHOW(name));
    if (status != LIFECYCLE_OK) return fail_library(t);
    return fire_variable(t, &w, name, "write");
}

int var_set(tcl *t, value name, value v) {
    return var_set_text(t, text_of(t, name), v);
}

/* Sets the variable; with traces it may then hold something else. */
int var_store(tcl *t, value name, value v) {
    int code = var_set(t, name, v);
    if (code) return code;
    t->result = t->traces ? var_peek(t, text_of(t, name)) : v;
    return TCL_OK;
}

int var_unset(tcl *t, text name, bool complain) {
    where w = find_variable(t, name);
    value had = read_at(t, &w);
    if (!had && complain)
        return fail(t, "can't unset \"%.*s\": no such variable", SHOW(name));
    if (!had) return TCL_OK;
    text key = { "", 0 };
    if (t->traces) key = trace_key(t, &w);
    lifecycle_status status =
        w.local ? lifecycle_var_unset(t->interp, name.at, name.len)
                : lifecycle_ns_var_unset(t->interp, w.at.ns.at, w.at.ns.len,
                                         w.at.name.at, w.at.name.len);
    if (status != LIFECYCLE_OK) return fail_library(t);
    if (!t->traces) return TCL_OK;
    int code = fire_variable(t, &w, name, "unset");
    move_traces(t, TRACE_VARIABLE, key, NULL);
    return code;
}

bool var_exists(tcl *t, text name) {
    where w = find_variable(t, name);
    if (fire_variable(t, &w, name, "read")) return false;
    if (w.local) return lifecycle_var_exists(t->interp, name.at, name.len);
    return in_ns(t, w.at);
}

static int check_local(tcl *t, text local) {
    if (qualified(local))
        return fail(t, "bad variable name \"%.*s\": can't create a scalar "
                       "variable that looks like an array element",
                    SHOW(local));
    if (lifecycle_var_exists(t->interp, local.at, local.len) &&
        !lifecycle_var_is_link(t->interp, local.at, local.len))
        return fail(t, "variable \"%.*s\" already exists", SHOW(local));
    return TCL_OK;
}

static int made_link(tcl *t, lifecycle_status status) {
    if (status == LIFECYCLE_E_CYCLE)
        return fail(t, "can't upvar from variable to itself");
    return check(t, status);
}

int var_link_ns(tcl *t, text local, text ns, text name) {
    int code = check_local(t, local);
    if (code) return code;
    return made_link(t, lifecycle_var_link_ns(t->interp, local.at, local.len,
                                              ns.at, ns.len, name.at,
                                              name.len));
}

/* `name` as the other activation sees it. */
int var_link_frame(tcl *t, text local, call *other, text name) {
    entered here = enter(t, other);
    where w = find_variable(t, name);
    leave(t, here);
    if (!w.local || other->is_ns)
        return var_link_ns(t, local, w.at.ns, w.at.name);
    int code = check_local(t, local);
    if (code) return code;
    return made_link(t, lifecycle_var_link(t->interp, local.at, local.len,
                                           other->frame, name.at, name.len));
}

/* A procedure's own variables go: their traces hear of it and go too. */
void var_release_locals(tcl *t) {
    value names = t->traces ? lifecycle_var_names(t->interp) : LIFECYCLE_NIL;
    size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
    for (size_t k = 0; k < n; k++) {
        text name = text_of(t, lifecycle_list_at(t->interp, names, k));
        if (!lifecycle_var_is_link(t->interp, name.at, name.len))
            var_unset(t, name, false);
    }
}

static bool is_link_in(tcl *t, text ns, text name) {
    if (lifecycle_frame_push_locals(t->interp, ns.at, ns.len) != LIFECYCLE_OK)
        return false;
    bool link = lifecycle_var_is_link(t->interp, name.at, name.len);
    lifecycle_frame_pop_locals(t->interp);
    return link;
}

/* A namespace goes: so do its variables, and the traces of its commands. */
void trace_namespace_gone(tcl *t, text path) {
    value names = LIFECYCLE_NIL;
    if (t->traces)
        names = lifecycle_ns_var_names(t->interp, path.at, path.len);
    size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
    for (size_t k = 0; k < n; k++) {
        text name = text_of(t, lifecycle_list_at(t->interp, names, k));
        if (!is_link_in(t, path, name))
            var_unset(t, join_name(t, path, name), false);
    }
    names = LIFECYCLE_NIL;
    if (t->watches)
        names = lifecycle_command_names(t->interp, path.at, path.len);
    n = names ? lifecycle_list_length(t->interp, names) : 0;
    for (size_t k = 0; k < n; k++) {
        text name = text_of(t, lifecycle_list_at(t->interp, names, k));
        trace_renamed(t, join_name(t, path, name), (text){ "", 0 });
    }
}

/* ---- the trace command ---- */

typedef struct target {
    int kind;
    text key;
} target;

static int find_target(tcl *t, value type, value name, target *out) {
    static const char *const types[] = { "variable", "command", "execution",
                                         NULL };
    int kind;
    if (choose(t, type, "option", types, &kind)) return TCL_ERROR;
    out->kind = kind + 1;
    text x = text_of(t, name);
    if (out->kind == TRACE_VARIABLE) {
        where w = find_variable(t, x);
        out->key = trace_key(t, &w);
        return out->key.len ? TCL_OK : fail_library(t);
    }
    command c = find_command(t, x);
    if (!c.kind) return fail(t, "unknown command \"%.*s\"", SHOW(x));
    out->key = join_name(t, c.at.ns, c.at.name);
    return TCL_OK;
}

/* The operations, each checked, with one space between. */
static int read_ops(tcl *t, int kind, value list, value *out) {
    static const char *const of[3][5] = {
        { "array", "read", "unset", "write", NULL },
        { "delete", "rename", NULL },
        { "enter", "leave", NULL },
    };
    size_t n;
    int code = get_list(t, list, &n), which;
    if (!code && n == 0)
        code = fail(t, "bad operation list \"\": must be one or more of %s",
                    kind == TRACE_VARIABLE    ? "array, read, unset, or write"
                    : kind == TRACE_COMMAND   ? "delete or rename"
                                              : "enter or leave");
    value builder = lifecycle_builder_new(t->interp, 32);
    for (size_t k = 0; !code && k < n; k++) {
        value op = lifecycle_list_at(t->interp, list, k);
        code = choose(t, op, "operation", of[kind - 1], &which);
        if (code) break;
        if (k) lifecycle_builder_byte(t->interp, builder, ' ');
        code = check(t, lifecycle_builder_bytes(
                            t->interp, builder, of[kind - 1][which],
                            strlen(of[kind - 1][which])));
    }
    if (code) return code;
    *out = lifecycle_builder_finish(t->interp, builder);
    return *out ? TCL_OK : fail_library(t);
}

static int trace_change(tcl *t, const value *argv, bool add) {
    target to = { 0 };
    value list = LIFECYCLE_NIL;
    int code = find_target(t, argv[1], argv[2], &to);
    if (!code) code = read_ops(t, to.kind, argv[3], &list);
    if (code) return code;
    text ops = text_of(t, list);
    if (add) {
        code = check(t, lifecycle_trace_add(t->interp, to.kind, to.key.at,
                                            to.key.len, ops.at, ops.len,
                                            argv[4]));
        if (!code && to.kind == TRACE_VARIABLE) t->traces = 1;
        else if (!code) t->watches = 1;
    } else {
        lifecycle_trace_remove(t->interp, to.kind, to.key.at, to.key.len,
                               ops.at, ops.len, argv[4]);
    }
    return code ? code : ok_empty(t);
}

static int trace_add(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    return trace_change(t, argv, true);
}

static int trace_remove(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    return trace_change(t, argv, false);
}

static int trace_info(tcl *t, size_t argc, const value *argv) {
    target to = { 0 };
    (void)argc;
    if (find_target(t, argv[1], argv[2], &to)) return TCL_ERROR;
    return ok(t, lifecycle_trace_info(t->interp, to.kind, to.key.at,
                                      to.key.len));
}

int trace_command(tcl *t, size_t argc, const value *argv) {
    static const builtin table[] = {
        { "add", trace_add, 4, 4, "type name opList command" },
        { "info", trace_info, 2, 2, "type name" },
        { "remove", trace_remove, 4, 4, "type name opList command" },
        { NULL, NULL, 0, 0, NULL },
    };
    return dispatch(t, table, argc, argv);
}
