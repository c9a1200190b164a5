/* Namespaces, and where a name points: paths such as ::a::b, normalised. */
#include "tinytcl.h"

#include <string.h>

bool qualified(text name) {
    for (size_t k = 1; k < name.len; k++)
        if (name.at[k] == ':' && name.at[k - 1] == ':') return true;
    return false;
}

static bool absolute(text name) {
    return name.len > 1 && name.at[0] == ':' && name.at[1] == ':';
}

/* Writes ::part for each part of the path; two colons or more divide. */
static size_t normalise(char *out, text path) {
    size_t n = 0, k = 0;
    while (k < path.len) {
        size_t colons = 0;
        while (k + colons < path.len && path.at[k + colons] == ':') colons++;
        bool divides = colons > 1;
        if (divides) {
            k += colons;
            if (k == path.len) break;
        }
        if (divides || k == 0) out[n++] = ':', out[n++] = ':';
        do out[n++] = path.at[k++];
        while (k < path.len && !(path.at[k] == ':' && k + 1 < path.len &&
                                 path.at[k + 1] == ':'));
    }
    return n;
}

static text root(void) { return (text){ "::", 2 }; }

/* The path of a namespace, seen from another one. */
static text path_from(tcl *t, text from, text path) {
    if (absolute(path)) from = root();
    char *out = scratch(t, from.len + 2 * path.len + 4);
    if (!out) return root();
    size_t n = from.len > 2 ? from.len : 0;
    memcpy(out, from.at, n);
    n += normalise(out + n, path);
    return n ? (text){ out, n } : root();
}

text full_path(tcl *t, text path) {
    return path_from(t, t->active->ns, path);
}

static size_t tail_of(text name) {
    size_t tail = name.len;
    while (tail > 0 && !(tail > 1 && name.at[tail - 1] == ':' &&
                         name.at[tail - 2] == ':'))
        tail--;
    return tail;
}

static place split_from(tcl *t, text from, text name) {
    size_t tail = qualified(name) ? tail_of(name) : 0;
    place at = { from, { name.at + tail, name.len - tail } };
    if (tail) at.ns = path_from(t, from, (text){ name.at, tail });
    return at;
}

place split_name(tcl *t, text name) {
    return split_from(t, t->active->ns, name);
}

text join_name(tcl *t, text ns, text name) {
    size_t n = ns.len > 2 ? ns.len : 0;
    char *out = scratch(t, n + 2 + name.len);
    if (!out) return name;
    memcpy(out, ns.at, n);
    memcpy(out + n, "::", 2);
    if (name.len) memcpy(out + n + 2, name.at, name.len);
    return (text){ out, n + 2 + name.len };
}

static bool look(tcl *t, command *c) {
    c->kind = lifecycle_command_get(t->interp, c->at.ns.at, c->at.ns.len,
                                    c->at.name.at, c->at.name.len, &c->fn,
                                    &c->params, &c->body);
    if (c->kind < 0) c->kind = 0;
    return c->kind > 0;
}

/* In the current namespace, then in the global one. Imports are followed. */
command find_command(tcl *t, text name) {
    command c = { 0 };
    c.at = split_name(t, name);
    if (!look(t, &c) && !absolute(name)) {
        c.at = split_from(t, root(), name);
        look(t, &c);
    }
    for (int hops = 0; c.kind == KIND_IMPORT && hops < 100; hops++) {
        c.at = split_from(t, root(), text_of(t, c.params));
        look(t, &c);
    }
    return c;
}

/* ---- the namespace command ---- */

static int ns_current(tcl *t, size_t argc, const value *argv) {
    (void)argc, (void)argv;
    return ok(t, new_text(t, t->active->ns));
}

static bool exists(tcl *t, text path) {
    return lifecycle_ns_exists(t->interp, path.at, path.len);
}

/* Runs a script in a frame of its own whose variables are the namespace's. */
static int run_in(tcl *t, text path, value script, value cmd) {
    call here = { .caller = t->active, .level = t->active->level + 1,
                  .ns = path, .is_ns = true };
    value args = lifecycle_list(t->interp, &cmd, 1);
    if (!args) return fail_library(t);
    int code = check(t, lifecycle_frame_push(t->interp, cmd, args));
    if (code) return code;
    here.frame = lifecycle_frame_level(t->interp);
    t->active = &here;
    code = check(t, lifecycle_frame_set_ns(t->interp, path.at, path.len));
    if (!code)
        code = check(t, lifecycle_frame_push_locals(t->interp, path.at,
                                                    path.len));
    if (!code) {
        code = eval_value(t, script);
        lifecycle_frame_pop_locals(t->interp);
    }
    lifecycle_frame_pop(t->interp);
    t->active = here.caller;
    lifecycle_frame_set_active(t->interp, t->active->frame);
    if (code == TCL_ERROR)
        boundary(t, "in namespace eval \"%.*s\" script line %u", SHOW(path),
                 (unsigned)t->error_line);
    return code;
}

static value joined(tcl *t, size_t count, const value *parts) {
    if (count == 1) return parts[0];
    value builder = lifecycle_builder_new(t->interp, 64);
    for (size_t k = 0; k < count; k++) {
        if (k) lifecycle_builder_byte(t->interp, builder, ' ');
        lifecycle_builder_append(t->interp, builder, parts[k]);
    }
    return lifecycle_builder_finish(t->interp, builder);
}

static int ns_eval(tcl *t, size_t argc, const value *argv) {
    text path = full_path(t, text_of(t, argv[1]));
    if (!exists(t, path)) {
        int code = check(t, lifecycle_ns_create(t->interp, path.at, path.len));
        if (code) return code;
    }
    value script = joined(t, argc - 2, argv + 2);
    return script ? run_in(t, path, script, argv[0]) : fail_library(t);
}

static int ns_inscope(tcl *t, size_t argc, const value *argv) {
    text path = full_path(t, text_of(t, argv[1]));
    if (!exists(t, path))
        return fail(t, "namespace \"%.*s\" not found", SHOW(path));
    value script = argv[2];
    if (argc > 3) {
        value more = lifecycle_list(t->interp, argv + 3, argc - 3);
        value both[2] = { argv[2], more };
        script = more ? joined(t, 2, both) : LIFECYCLE_NIL;
    }
    return script ? run_in(t, path, script, argv[0]) : fail_library(t);
}

static int ns_code(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    value parts[4] = { new_text(t, literal("::namespace")),
                       new_text(t, literal("inscope")),
                       new_text(t, t->active->ns), argv[1] };
    return ok(t, lifecycle_list(t->interp, parts, 4));
}

static int ns_exists(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    return ok_int(t, exists(t, full_path(t, text_of(t, argv[1]))));
}

/* Tells of a namespace and all below it, however deep, that they go. */
static int tell_gone(tcl *t, text path) {
    value todo = lifecycle_list(t->interp, NULL, 0);
    int code = check(t, lifecycle_list_push_in_place(t->interp, todo,
                                                     new_text(t, path)));
    while (!code && lifecycle_list_length(t->interp, todo)) {
        text one = text_of(t, lifecycle_list_pop_in_place(t->interp, todo));
        value below = lifecycle_ns_children(t->interp, one.at, one.len);
        trace_namespace_gone(t, one);
        if (below)
            code = check(t, lifecycle_list_splice_in_place(t->interp, todo, 0,
                                                           0, below));
    }
    return code;
}

static int ns_delete(tcl *t, size_t argc, const value *argv) {
    for (size_t k = 1; k < argc; k++) {
        text name = text_of(t, argv[k]), path = full_path(t, name);
        if (!exists(t, path))
            return fail(t, "unknown namespace \"%.*s\" in namespace delete "
                           "command", SHOW(name));
        int code = t->traces || t->watches ? tell_gone(t, path) : TCL_OK;
        if (code) return code;
        code = check(t, lifecycle_ns_delete(t->interp, path.at, path.len));
        if (code) return code;
    }
    return ok_empty(t);
}

static int ns_children(tcl *t, size_t argc, const value *argv) {
    text path = argc > 1 ? full_path(t, text_of(t, argv[1])) : t->active->ns;
    if (!exists(t, path))
        return fail(t, "namespace \"%.*s\" not found in \"%.*s\"",
                    SHOW(path), SHOW(t->active->ns));
    value all = lifecycle_ns_children(t->interp, path.at, path.len);
    if (argc < 3 || !all) return ok(t, all);
    text pattern = text_of(t, argv[2]);
    if (!absolute(pattern)) pattern = join_name(t, path, pattern);
    value some = lifecycle_list(t->interp, NULL, 0);
    for (size_t k = 0; k < lifecycle_list_length(t->interp, all); k++) {
        value child = lifecycle_list_at(t->interp, all, k);
        if (glob(pattern, text_of(t, child), false))
            lifecycle_list_push_in_place(t->interp, some, child);
    }
    return ok(t, some);
}

static int ns_parent(tcl *t, size_t argc, const value *argv) {
    text path = argc > 1 ? full_path(t, text_of(t, argv[1])) : t->active->ns;
    if (!exists(t, path))
        return fail(t, "namespace \"%.*s\" not found in \"%.*s\"",
                    SHOW(path), SHOW(t->active->ns));
    if (path.len == 2) return ok_empty(t);
    size_t tail = tail_of(path);
    return ok_text(t, path.at, tail > 2 ? tail - 2 : 2);
}

static int ns_qualifiers(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    text name = text_of(t, argv[1]);
    size_t tail = tail_of(name);
    while (tail > 0 && name.at[tail - 1] == ':') tail--;
    return ok_text(t, name.at, tail);
}

static int ns_tail(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    text name = text_of(t, argv[1]);
    size_t tail = tail_of(name);
    return ok_text(t, name.at + tail, name.len - tail);
}

static int ns_export(tcl *t, size_t argc, const value *argv) {
    text ns = t->active->ns;
    size_t from = 1;
    bool clear = argc > 1 && same(text_of(t, argv[1]), "-clear");
    if (clear) from++;
    if (argc == 1)
        return ok(t, lifecycle_ns_exports(t->interp, ns.at, ns.len));
    value patterns = lifecycle_list(t->interp, argv + from, argc - from);
    if (!patterns) return fail_library(t);
    ok_empty(t);
    return check(t, lifecycle_ns_exports_set(t->interp, ns.at, ns.len,
                                             patterns, clear));
}

static bool is_exported(tcl *t, value exports, text name) {
    size_t n = exports ? lifecycle_list_length(t->interp, exports) : 0;
    for (size_t k = 0; k < n; k++) {
        value pattern = lifecycle_list_at(t->interp, exports, k);
        if (glob(text_of(t, pattern), name, false)) return true;
    }
    return false;
}

/* An import is a command that names another one. */
static int import_one(tcl *t, text source, text name, bool force) {
    text ns = t->active->ns;
    text target = join_name(t, source, name);
    int there = lifecycle_command_get(t->interp, ns.at, ns.len, name.at,
                                      name.len, NULL, NULL, NULL);
    if (there > 0 && there != KIND_IMPORT && !force)
        return fail(t, "can't import command \"%.*s\": already exists",
                    SHOW(name));
    return check(t, lifecycle_command_set(
                        t->interp, ns.at, ns.len, name.at, name.len,
                        KIND_IMPORT, NULL, new_text(t, target),
                        LIFECYCLE_NIL));
}

static int import_pattern(tcl *t, value word, bool force) {
    place at = split_name(t, text_of(t, word));
    if (!exists(t, at.ns))
        return fail(t, "unknown namespace in import pattern \"%.*s\"",
                    SHOW(text_of(t, word)));
    if (same_text(at.ns, t->active->ns))
        return fail(t, "import pattern \"%.*s\" tries to import from "
                       "namespace \"%.*s\" into itself",
                    SHOW(text_of(t, word)), SHOW(at.ns));
    value exports = lifecycle_ns_exports(t->interp, at.ns.at, at.ns.len);
    value names = lifecycle_command_names(t->interp, at.ns.at, at.ns.len);
    size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
    for (size_t k = 0; k < n; k++) {
        text name = text_of(t, lifecycle_list_at(t->interp, names, k));
        if (!glob(at.name, name, false) || !is_exported(t, exports, name))
            continue;
        int code = import_one(t, at.ns, name, force);
        if (code) return code;
    }
    return TCL_OK;
}

static int ns_import(tcl *t, size_t argc, const value *argv) {
    bool force = argc > 1 && same(text_of(t, argv[1]), "-force");
    for (size_t k = force ? 2 : 1; k < argc; k++) {
        int code = import_pattern(t, argv[k], force);
        if (code) return code;
    }
    return ok_empty(t);
}

static int ns_forget(tcl *t, size_t argc, const value *argv) {
    text ns = t->active->ns;
    for (size_t k = 1; k < argc; k++) {
        place at = split_name(t, text_of(t, argv[k]));
        text pattern = join_name(t, at.ns, at.name);
        value names = lifecycle_command_names(t->interp, ns.at, ns.len);
        size_t n = names ? lifecycle_list_length(t->interp, names) : 0;
        for (size_t i = 0; i < n; i++) {
            text name = text_of(t, lifecycle_list_at(t->interp, names, i));
            value target;
            if (lifecycle_command_get(t->interp, ns.at, ns.len, name.at,
                                      name.len, NULL, &target, NULL) ==
                    KIND_IMPORT &&
                glob(pattern, text_of(t, target), false))
                lifecycle_command_delete(t->interp, ns.at, ns.len, name.at,
                                         name.len);
        }
    }
    return ok_empty(t);
}

/* Where a command really is; `namespace which` stops at an import. */
static int ns_origin(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    text name = text_of(t, argv[1]);
    command c = find_command(t, name);
    if (!c.kind)
        return fail(t, "invalid command name \"%.*s\"", SHOW(name));
    return ok(t, new_text(t, join_name(t, c.at.ns, c.at.name)));
}

static int ns_which(tcl *t, size_t argc, const value *argv) {
    static const char *const names[] = { "-command", "-variable", NULL };
    int variable = 0;
    if (argc > 2 && choose(t, argv[1], "option", names, &variable))
        return TCL_ERROR;
    text name = text_of(t, argv[argc - 1]);
    place at = split_name(t, name);
    for (int round = 0; round < 2; round++) {
        bool there =
            variable ? lifecycle_ns_var_exists(t->interp, at.ns.at, at.ns.len,
                                               at.name.at, at.name.len)
                     : lifecycle_command_get(t->interp, at.ns.at, at.ns.len,
                                             at.name.at, at.name.len, NULL,
                                             NULL, NULL) > 0;
        if (there) return ok(t, new_text(t, join_name(t, at.ns, at.name)));
        at = split_from(t, root(), name);
    }
    return ok_empty(t);
}

/* namespace upvar ns ?other local ...? */
static int ns_upvar(tcl *t, size_t argc, const value *argv) {
    text path = full_path(t, text_of(t, argv[1]));
    if (argc % 2) return wrong_args(t, literal("namespace upvar"),
                                    "ns ?otherVar myVar ...?");
    for (size_t k = 2; k + 1 < argc; k += 2) {
        int code = var_link_ns(t, text_of(t, argv[k + 1]), path,
                               text_of(t, argv[k]));
        if (code) return code;
    }
    return ok_empty(t);
}

int namespace_command(tcl *t, size_t argc, const value *argv) {
    static const builtin table[] = {
        { "children", ns_children, 0, 2, "?name? ?pattern?" },
        { "code", ns_code, 1, 1, "script" },
        { "current", ns_current, 0, 0, "" },
        { "delete", ns_delete, 0, ANY, "?name name...?" },
        { "eval", ns_eval, 2, ANY, "name arg ?arg...?" },
        { "exists", ns_exists, 1, 1, "name" },
        { "export", ns_export, 0, ANY, "?-clear? ?pattern pattern...?" },
        { "forget", ns_forget, 0, ANY, "?pattern pattern...?" },
        { "import", ns_import, 0, ANY, "?-force? ?pattern pattern...?" },
        { "inscope", ns_inscope, 2, ANY, "name arg ?arg...?" },
        { "origin", ns_origin, 1, 1, "name" },
        { "parent", ns_parent, 0, 1, "?name?" },
        { "qualifiers", ns_qualifiers, 1, 1, "string" },
        { "tail", ns_tail, 1, 1, "string" },
        { "upvar", ns_upvar, 1, ANY, "ns ?otherVar myVar ...?" },
        { "which", ns_which, 1, 2, "?-command? ?-variable? name" },
        { NULL, NULL, 0, 0, NULL },
    };
    return dispatch(t, table, argc, argv);
}
