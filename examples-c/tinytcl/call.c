/* How a command is called: built in, a procedure, or a lambda. */
#include "tinytcl.h"

#include <string.h>

/* ---- activations ---- */

entered enter(tcl *t, call *other) {
    entered here = { t->active };
    t->active = other;
    lifecycle_frame_set_active(t->interp, other->frame);
    return here;
}

void leave(tcl *t, entered here) {
    t->active = here.active;
    lifecycle_frame_set_active(t->interp, here.active->frame);
}

bool is_level(text x) {
    return x.len && (x.at[0] == '#' || (x.at[0] >= '0' && x.at[0] <= '9'));
}

/* "#0" counts from the outermost, "1" from here; NULL with an error set. */
call *call_at(tcl *t, text level) {
    int64_t n;
    text digits = level;
    bool from_top = level.len && level.at[0] == '#';
    if (from_top) digits.at++, digits.len--;
    call *c = t->active;
    if (!read_int(digits, &n) || n < 0) c = NULL;
    if (c && !from_top) n = (int64_t)c->level - n;
    while (c && (int64_t)c->level != n) c = c->caller;
    if (!c) fail(t, "bad level \"%.*s\"", SHOW(level));
    return c;
}

/* ---- parameters ---- */

/* A list of specifiers, each a list of the name and perhaps a default. */
int make_params(tcl *t, value spec, value *out) {
    size_t n, fields;
    int code = get_list(t, spec, &n);
    if (code) return code;
    value list = lifecycle_list(t->interp, NULL, 0);
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(t->interp, spec, k);
        if (!one) return fail_library(t);
        text whole = text_of(t, one);
        if ((code = get_list(t, one, &fields)) != TCL_OK) return code;
        if (fields > 2)
            return fail(t, "too many fields in argument specifier \"%.*s\"",
                        SHOW(whole));
        text name = { "", 0 };
        if (fields) name = text_of(t, lifecycle_list_at(t->interp, one, 0));
        if (name.len == 0) return fail(t, "argument with no name");
        if (qualified(name))
            return fail(t, "formal parameter \"%.*s\" is not a simple name",
                        SHOW(name));
        code = check(t, lifecycle_list_push_in_place(t->interp, list, one));
        if (code) return code;
    }
    *out = list;
    return list ? TCL_OK : fail_library(t);
}

static int wrong_call(tcl *t, value params, text called) {
    value usage = lifecycle_builder_new(t->interp, 64);
    size_t n = lifecycle_list_length(t->interp, params);
    lifecycle_builder_bytes(t->interp, usage, called.at, called.len);
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(t->interp, params, k);
        bool optional = lifecycle_list_length(t->interp, one) > 1;
        text name = text_of(t, lifecycle_list_at(t->interp, one, 0));
        bool rest = k + 1 == n && same(name, "args");
        lifecycle_builder_bytes(t->interp, usage, optional ? " ?" : " ",
                                optional ? 2 : 1);
        if (rest) name = literal("?arg ...?");
        lifecycle_builder_bytes(t->interp, usage, name.at, name.len);
        if (optional) lifecycle_builder_byte(t->interp, usage, '?');
    }
    text all = text_of(t, lifecycle_builder_finish(t->interp, usage));
    return fail(t, "wrong # args: should be \"%.*s\"", SHOW(all));
}

static int set_param(tcl *t, value name, value v) {
    text x = text_of(t, name);
    if (!v) return fail_library(t);
    return check(t, lifecycle_var_set(t->interp, x.at, x.len, v));
}

/* Sets the parameters in the new frame. argv[0] is the first argument. */
static int bind_params(tcl *t, value params, size_t argc, const value *argv,
                       text called) {
    size_t n = lifecycle_list_length(t->interp, params), used = 0;
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(t->interp, params, k);
        value name = one ? lifecycle_list_at(t->interp, one, 0) : one;
        if (!name) return fail_library(t);
        value v;
        if (k + 1 == n && same(text_of(t, name), "args")) {
            v = lifecycle_list(t->interp, argv + used, argc - used);
            used = argc;
        } else if (used < argc) {
            v = argv[used++];
        } else if (lifecycle_list_length(t->interp, one) > 1) {
            v = lifecycle_list_at(t->interp, one, 1);
        } else {
            return wrong_call(t, params, called);
        }
        int code = set_param(t, name, v);
        if (code) return code;
    }
    return used < argc ? wrong_call(t, params, called) : TCL_OK;
}

/* ---- calls ---- */

static int proc_outcome(tcl *t, int code) {
    if (code == TCL_RETURN && --t->return_level <= 0) code = t->return_code;
    else if (code == TCL_BREAK || code == TCL_CONTINUE)
        code = fail(t, "invoked \"%s\" outside of a loop",
                    code == TCL_BREAK ? "break" : "continue");
    return code;
}

static void tell_body(tcl *t, value lambda, text name) {
    lifecycle_frame_info info = { 0 };
    size_t line = t->error_line;
    if (lifecycle_frame_info_get(t->interp, t->active->frame, &info,
                                 sizeof info) == LIFECYCLE_OK && info.line)
        line = info.line;
    text shown = lambda ? text_of(t, lambda) : name;
    const char *dots = shown.len > 60 ? "..." : "";
    if (shown.len > 60) shown.len = 60;
    boundary(t, "%s \"%.*s%s\" line %zu", lambda ? "lambda term" : "procedure",
             SHOW(shown), dots, line);
}

static int in_frame(tcl *t, const command *c, value lambda, size_t argc,
                    const value *argv) {
    text ns = t->active->ns;
    text called = lambda ? literal("apply lambdaExpr") : text_of(t, argv[0]);
    size_t skip = lambda ? 2 : 1;
    int code = check(t, lifecycle_frame_set_ns(t->interp, ns.at, ns.len));
    if (!code && lambda)
        code = check(t, lifecycle_frame_set_lambda(t->interp, lambda));
    if (!code)
        code = bind_params(t, c->params, argc - skip, argv + skip, called);
    if (!code) {
        code = eval_value(t, c->body);
        if (code == TCL_ERROR) tell_body(t, lambda, called);
        code = proc_outcome(t, code);
    }
    if (t->traces) {
        value result = t->result;
        var_release_locals(t);
        t->result = result;
    }
    return code;
}

/* Runs the body in a frame and a scope of its own. */
int call_body(tcl *t, const command *c, value lambda, size_t argc,
              const value *argv) {
    call here = { .caller = t->active, .level = t->active->level + 1,
                  .ns = c->at.ns };
    lifecycle_scope scope;
    if (t->depth >= 1000 || stack_used_up(t))
        return fail(t, "too many nested evaluations (infinite loop?)");
    int code = open_scope(t, &scope);
    if (code) return code;
    t->result = LIFECYCLE_NIL;
    value args = lifecycle_list(t->interp, argv, argc);
    code = args ? check(t, lifecycle_frame_push(t->interp, argv[0], args))
                : fail_library(t);
    if (!code) {
        here.frame = lifecycle_frame_level(t->interp);
        t->active = &here;
        code = in_frame(t, c, lambda, argc, argv);
        lifecycle_frame_pop(t->interp);
        t->active = here.caller;
        lifecycle_frame_set_active(t->interp, t->active->frame);
    }
    return close_scope(t, scope, code);
}

static int call_builtin(tcl *t, const builtin *b, size_t argc,
                        const value *argv) {
    if (argc - 1 < b->least || argc - 1 > b->most)
        return wrong_args(t, text_of(t, argv[0]), b->usage);
    return b->run(t, argc, argv);
}

static int call_unknown(tcl *t, text name, size_t argc, const value *argv) {
    command c = find_command(t, literal("::unknown"));
    if (!c.kind)
        return fail(t, "invalid command name \"%.*s\"", SHOW(name));
    value *words = scratch(t, (argc + 1) * sizeof *words);
    if (!words) return fail_library(t);
    words[0] = new_text(t, literal("::unknown"));
    memcpy(words + 1, argv, argc * sizeof *words);
    return words[0] ? invoke(t, argc + 1, words) : fail_library(t);
}

static int call_found(tcl *t, const command *c, size_t argc,
                      const value *argv) {
    if (c->kind == KIND_PROC)
        return call_body(t, c, LIFECYCLE_NIL, argc, argv);
    t->result = LIFECYCLE_NIL;
    int code = call_builtin(t, c->fn, argc, argv);
    if (!t->no_text[0]) return code;
    char why[sizeof t->no_text];
    memcpy(why, t->no_text, sizeof why);
    t->no_text[0] = '\0';
    return code == TCL_OK ? fail(t, "%s", why) : code;
}

/* With execution traces: before it, and after it with what came out. */
static int call_watched(tcl *t, const command *c, size_t argc,
                        const value *argv) {
    text key = join_name(t, c->at.ns, c->at.name);
    value more[4] = { lifecycle_list(t->interp, argv, argc) };
    more[1] = lifecycle_string(t->interp, "enter", 5);
    if (!fire_command(t, TRACE_EXECUTION, key, "enter", more, 2))
        return TCL_ERROR;
    int code = call_found(t, c, argc, argv);
    more[1] = lifecycle_int(t->interp, code);
    more[2] = result_of(t);
    more[3] = lifecycle_string(t->interp, "leave", 5);
    if (!fire_command(t, TRACE_EXECUTION, key, "leave", more, 4))
        return TCL_ERROR;
    return code;
}

int invoke(tcl *t, size_t argc, const value *argv) {
    text name = text_of(t, argv[0]);
    command c = find_command(t, name);
    if (!c.kind) return call_unknown(t, name, argc, argv);
    return t->watches ? call_watched(t, &c, argc, argv)
                      : call_found(t, &c, argc, argv);
}

/* A command prefix, which is a list, with more words. */
int invoke_prefix(tcl *t, value prefix, size_t count, const value more[]) {
    size_t n;
    int code = get_list(t, prefix, &n);
    if (code) return code;
    value *words = scratch(t, (n + count) * sizeof *words);
    if (!words) return fail_library(t);
    for (size_t k = 0; k < n; k++)
        if (!(words[k] = lifecycle_list_at(t->interp, prefix, k)))
            return fail_library(t);
    if (count) memcpy(words + n, more, count * sizeof *words);
    return n + count ? invoke(t, n + count, words) : ok_empty(t);
}

/* A subcommand of argv[0]; to it, its own name is argv[0]. */
int dispatch(tcl *t, const builtin *table, size_t argc, const value *argv) {
    const char *names[40];
    int n = 0, which;
    if (argc < 2)
        return wrong_args(t, text_of(t, argv[0]), "subcommand ?arg ...?");
    for (; table[n].name && n < 39; n++) names[n] = table[n].name;
    names[n] = NULL;
    if (choose(t, argv[1], "subcommand", names, &which)) return TCL_ERROR;
    const builtin *b = &table[which];
    if (argc - 2 < b->least || argc - 2 > b->most) {
        char full[100];
        text family = text_of(t, argv[0]);
        snprintf(full, sizeof full, "%.*s %s", SHOW(family), b->name);
        return wrong_args(t, literal(full), b->usage);
    }
    return b->run(t, argc - 1, argv + 1);
}
