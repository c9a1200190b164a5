/* Control: conditions, errors, evaluation. The loops are in loops.c. */
#include "tinytcl.h"

#include <string.h>
#include <time.h>

static int cmd_if(tcl *t, size_t argc, const value *argv) {
    size_t k = 1;
    for (;;) {
        bool yes;
        int code = expr_bool(t, argv[k++], &yes);
        if (code) return code;
        if (k < argc && same(text_of(t, argv[k]), "then")) k++;
        if (k == argc)
            return fail(t, "wrong # args: no script following \"%.*s\" "
                           "argument", SHOW(text_of(t, argv[k - 1])));
        if (yes) return eval_word(t, &argv[k]);
        if (++k == argc) return ok_empty(t);
        text word = text_of(t, argv[k]);
        bool is_else = same(word, "else");
        bool elseif = same(word, "elseif");
        if (is_else || elseif) k++;
        if (k == argc)
            return fail(t, "wrong # args: no %s following \"%.*s\" argument",
                        elseif ? "expression" : "script", SHOW(word));
        if (elseif) continue;
        if (k + 1 < argc)
            return fail(t, "wrong # args: extra words after \"else\" clause "
                           "in \"if\" command");
        return eval_word(t, &argv[k]);
    }
}

static int cmd_break(tcl *t, size_t argc, const value *argv) {
    (void)argc, (void)argv;
    ok_empty(t);
    return TCL_BREAK;
}

static int cmd_continue(tcl *t, size_t argc, const value *argv) {
    (void)argc, (void)argv;
    ok_empty(t);
    return TCL_CONTINUE;
}

/* ---- switch ---- */

enum { MATCH_EXACT, MATCH_GLOB };

/* The body of the pattern that fits, as a word of argv or of its list. */
static int run_arm(tcl *t, const value *arms, size_t count, size_t k,
                   bool nocase, int mode, text subject, bool *found) {
    text pattern = text_of(t, arms[k]);
    bool last = k + 2 == count && same(pattern, "default");
    *found = last || (mode == MATCH_GLOB
                          ? glob(pattern, subject, nocase)
                          : compare_text(pattern, subject, nocase,
                                         SIZE_MAX) == 0);
    if (!*found) return TCL_OK;
    size_t body = k + 1;
    while (body < count && same(text_of(t, arms[body]), "-")) body += 2;
    if (body >= count)
        return fail(t, "no body specified for pattern \"%.*s\"",
                    SHOW(pattern));
    return eval_word(t, &arms[body]);
}

static int cmd_switch(tcl *t, size_t argc, const value *argv) {
    static const char *const names[] = { "-exact", "-glob", "-nocase", "--",
                                         NULL };
    int mode = MATCH_EXACT, which;
    bool nocase = false;
    size_t k = 1;
    for (; k < argc; k++) {
        text x = text_of(t, argv[k]);
        if (x.len == 0 || x.at[0] != '-') break;
        if (choose(t, argv[k], "option", names, &which)) return TCL_ERROR;
        if (which == 3) { k++; break; }
        if (which == 2) nocase = true;
        else mode = which;
    }
    if (argc - k < 2)
        return wrong_args(t, literal("switch"),
                          "?-option ...? string ?pattern body ...? "
                          "?default body?");
    text subject = text_of(t, argv[k++]);
    const value *arms = argv + k;
    size_t count = argc - k;
    if (count == 1) {
        int code = get_list(t, argv[k], &count);
        if (code) return code;
        value *list = scratch(t, count * sizeof *list);
        if (!list) return fail_library(t);
        for (size_t i = 0; i < count; i++)
            if (!(list[i] = lifecycle_list_at(t->interp, argv[k], i)))
                return fail_library(t);
        arms = list;
    }
    if (count % 2) return fail(t, "extra switch pattern with no body");
    for (size_t i = 0; i < count; i += 2) {
        bool found;
        int code = run_arm(t, arms, count, i, nocase, mode, subject, &found);
        if (found || code) return code;
    }
    return ok_empty(t);
}

/* ---- errors ---- */

static int cmd_error(tcl *t, size_t argc, const value *argv) {
    fail(t, "%s", "");
    t->result = argv[1];
    if (argc > 2 && text_of(t, argv[2]).len) {
        t->info = argv[2];
        t->logged = true;
    }
    if (argc > 3) t->error_code = argv[3];
    return TCL_ERROR;
}

static int cmd_throw(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    size_t n;
    int code = get_list(t, argv[1], &n);
    if (code) return code;
    if (n == 0) return fail(t, "type must be non-empty list");
    fail(t, "%s", "");
    t->result = argv[2];
    t->error_code = argv[1];
    return TCL_ERROR;
}

static void put_option(tcl *t, value dict, const char *name, value v) {
    value key = new_text(t, literal(name));
    if (key && v) lifecycle_dict_set_in_place(t->interp, dict, key, v);
}

/* What `catch` and `try` tell of an outcome. */
static value options_of(tcl *t, int code) {
    value d = lifecycle_dict(t->interp);
    bool leaves = code == TCL_RETURN;
    put_option(t, d, "-code",
               lifecycle_int(t->interp, leaves ? t->return_code : code));
    put_option(t, d, "-level",
               lifecycle_int(t->interp, leaves ? t->return_level : 0));
    if (code != TCL_ERROR && !t->info) return d;
    put_option(t, d, "-errorcode",
               t->error_code ? t->error_code : new_text(t, literal("NONE")));
    put_option(t, d, "-errorinfo", t->info ? t->info : result_of(t));
    put_option(t, d, "-errorline",
               lifecycle_int(t->interp, (int64_t)t->error_line));
    return d;
}

/* A script whose outcome does not go on: its error is told and forgotten. */
static int eval_caught(tcl *t, const value *script) {
    int code = eval_word(t, script);
    if (code == TCL_ERROR) {
        lifecycle_ns_var_set(t->interp, "::", 2, "errorInfo", 9,
                             t->info ? t->info : result_of(t));
        value none = new_text(t, literal("NONE"));
        lifecycle_ns_var_set(t->interp, "::", 2, "errorCode", 9,
                             t->error_code ? t->error_code : none);
    }
    return code;
}

int catch_command(tcl *t, size_t argc, const value *argv) {
    int code = eval_caught(t, &argv[1]);
    if (code == TCL_EXIT) return code;
    value result = result_of(t);
    value options = argc > 3 ? options_of(t, code) : LIFECYCLE_NIL;
    t->info = t->error_code = LIFECYCLE_NIL;
    t->message[0] = '\0';
    t->logged = false;
    if (argc > 2 && var_set(t, argv[2], result)) return TCL_ERROR;
    if (argc > 3 && var_set(t, argv[3], options)) return TCL_ERROR;
    return ok_int(t, code);
}

/* Whether a handler (on code, or trap pattern) is for this outcome. */
static int handles(tcl *t, const value *handler, int code, bool *yes) {
    static const char *const codes[] = { "ok", "error", "return", "break",
                                         "continue", NULL };
    *yes = false;
    if (same(text_of(t, handler[0]), "on")) {
        int which;
        int64_t n;
        if (read_int(text_of(t, handler[1]), &n)) which = (int)n;
        else if (choose(t, handler[1], "completion code", codes, &which))
            return TCL_ERROR;
        *yes = which == code;
        return TCL_OK;
    }
    size_t n, m;
    value why = t->error_code ? t->error_code : new_text(t, literal("NONE"));
    if (get_list(t, handler[1], &n)) return TCL_ERROR;
    if (code != TCL_ERROR || get_list(t, why, &m)) return TCL_OK;
    *yes = n <= m;
    for (size_t k = 0; *yes && k < n; k++)
        *yes = same_text(
            text_of(t, lifecycle_list_at(t->interp, handler[1], k)),
            text_of(t, lifecycle_list_at(t->interp, why, k)));
    return TCL_OK;
}

static int run_handler(tcl *t, const value *handler, int code) {
    value result = result_of(t), options = options_of(t, code);
    size_t n;
    t->info = t->error_code = LIFECYCLE_NIL;
    t->logged = false;
    if (get_list(t, handler[2], &n)) return TCL_ERROR;
    if (n > 0) {
        value name = lifecycle_list_at(t->interp, handler[2], 0);
        if (var_set(t, name, result)) return TCL_ERROR;
    }
    if (n > 1) {
        value name = lifecycle_list_at(t->interp, handler[2], 1);
        if (var_set(t, name, options)) return TCL_ERROR;
    }
    return eval_word(t, &handler[3]);
}

/* What must be the same after the `finally` script as before it. */
static int run_finally(tcl *t, const value *script, int code) {
    value result = t->result, info = t->info, why = t->error_code;
    int level = t->return_level, returned = t->return_code;
    bool logged = t->logged;
    t->info = t->error_code = LIFECYCLE_NIL;
    int end = eval_word(t, script);
    if (end != TCL_OK) return end;
    t->result = result, t->info = info, t->error_code = why;
    t->return_level = level, t->return_code = returned, t->logged = logged;
    return code;
}

int try_command(tcl *t, size_t argc, const value *argv) {
    const value *finally = NULL;
    size_t end = argc;
    if (argc > 3 && same(text_of(t, argv[argc - 2]), "finally")) {
        finally = &argv[argc - 1];
        end -= 2;
    }
    for (size_t k = 2; k < end; k += 4) {
        text word = text_of(t, argv[k]);
        if (!same(word, "on") && !same(word, "trap"))
            return fail(t, "bad handler type \"%.*s\": must be finally, on, "
                           "or trap", SHOW(word));
        if (end - k < 4)
            return fail(t, "wrong # args to %.*s clause: must be \"... "
                           "%.*s %s variableList script\"", SHOW(word),
                        SHOW(word), same(word, "on") ? "code" : "pattern");
    }
    int code = eval_word(t, &argv[1]);
    for (size_t k = 2; k < end && code != TCL_EXIT; k += 4) {
        bool yes;
        if (handles(t, &argv[k], code, &yes)) {
            code = TCL_ERROR;
            break;
        }
        if (!yes) continue;
        while (k + 4 < end && same(text_of(t, argv[k + 3]), "-")) k += 4;
        code = run_handler(t, &argv[k], code);
        break;
    }
    return finally && code != TCL_EXIT ? run_finally(t, finally, code) : code;
}

static int return_code_of(tcl *t, value v, int *out) {
    static const char *const names[] = { "ok", "error", "return", "break",
                                         "continue", NULL };
    int64_t n;
    text x = text_of(t, v);
    if (read_int(x, &n) && n > INT_MIN && n <= INT_MAX)
        return *out = (int)n, TCL_OK;
    for (int k = 0; names[k]; k++)
        if (same(x, names[k])) return *out = k, TCL_OK;
    return fail(t, "bad completion code \"%.*s\": must be ok, error, return, "
                   "break, continue, or an integer", SHOW(x));
}

/* What a `return` was given; the rest of the options is ignored. */
typedef struct returning {
    int code;
    int64_t level;
    value info, error_code;
} returning;

static int return_option(tcl *t, returning *r, value name, value v) {
    text x = text_of(t, name);
    if (same(x, "-code")) return return_code_of(t, v, &r->code);
    if (same(x, "-errorinfo")) r->info = v;
    if (same(x, "-errorcode")) r->error_code = v;
    if (same(x, "-level")) {
        int code = get_int(t, v, &r->level);
        if (!code && (r->level < 0 || r->level > INT_MAX))
            code = fail(t, "bad -level value: expected non-negative integer "
                           "but got \"%.*s\"", SHOW(text_of(t, v)));
        return code;
    }
    if (!same(x, "-options")) return TCL_OK;
    value key, one;
    int code = check(t, lifecycle_dict_shimmer(t->interp, v));
    for (size_t k = 0; !code; k++) {
        if (!lifecycle_dict_entry(t->interp, v, k, &key, &one)) break;
        if (!same(text_of(t, key), "-options"))
            code = return_option(t, r, key, one);
    }
    return code;
}

int return_command(tcl *t, size_t argc, const value *argv) {
    returning r = { TCL_OK, 1, LIFECYCLE_NIL, LIFECYCLE_NIL };
    size_t k = 1;
    for (; k + 1 < argc; k += 2) {
        int code = return_option(t, &r, argv[k], argv[k + 1]);
        if (code) return code;
    }
    fail(t, "%s", "");
    if (k < argc) t->result = argv[k];
    t->info = r.info;
    t->error_code = r.error_code;
    t->logged = r.info != LIFECYCLE_NIL;
    if (r.code == TCL_RETURN) {
        r.code = TCL_OK;
        r.level++;
    }
    t->return_code = r.code;
    t->return_level = (int)r.level;
    return r.level == 0 ? r.code : TCL_RETURN;
}

/* ---- evaluation ---- */

static int cmd_expr(tcl *t, size_t argc, const value *argv) {
    if (argc == 2) return expr_text(t, text_of(t, argv[1]));
    value builder = lifecycle_builder_new(t->interp, 64);
    for (size_t k = 1; k < argc; k++) {
        if (k > 1) lifecycle_builder_byte(t->interp, builder, ' ');
        lifecycle_builder_append(t->interp, builder, argv[k]);
    }
    value all = lifecycle_builder_finish(t->interp, builder);
    return all ? expr_text(t, text_of(t, all)) : fail_library(t);
}

static int cmd_subst(tcl *t, size_t argc, const value *argv) {
    static const char *const names[] = { "-nobackslashes", "-nocommands",
                                         "-novariables", NULL };
    int flags = 7, which;
    for (size_t k = 1; k + 1 < argc; k++) {
        if (choose(t, argv[k], "option", names, &which)) return TCL_ERROR;
        flags &= ~(1 << which);
    }
    return substitute_text(t, text_of(t, argv[argc - 1]), flags);
}

static int cmd_time(tcl *t, size_t argc, const value *argv) {
    int64_t n = 1;
    struct timespec from, to;
    if (argc > 2 && get_int(t, argv[2], &n)) return TCL_ERROR;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int64_t k = 0; k < n; k++) {
        lifecycle_scope scope;
        int code = open_scope(t, &scope);
        if (code) return code;
        code = close_round(t, scope, eval_word(t, &argv[1]));
        if (code) return code;
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double spent = (double)(to.tv_sec - from.tv_sec) * 1e6 +
                   (double)(to.tv_nsec - from.tv_nsec) / 1e3;
    char out[80];
    int len = snprintf(out, sizeof out, "%.6g microseconds per iteration",
                       n > 0 ? spent / (double)n : 0);
    return ok_text(t, out, (size_t)len);
}

const builtin control_commands[] = {
    { "if", cmd_if, 1, ANY,
      "expr1 ?then? body1 ?elseif expr2 ?then? body2? ... ?else? ?bodyN?" },
    { "break", cmd_break, 0, 0, "" },
    { "continue", cmd_continue, 0, 0, "" },
    { "switch", cmd_switch, 0, ANY, "" },
    { "error", cmd_error, 1, 3, "message ?errorInfo? ?errorCode?" },
    { "throw", cmd_throw, 2, 2, "type message" },
    { "catch", catch_command, 1, 3, "script ?resultVarName? ?optionVarName?" },
    { "try", try_command, 1, ANY, "body ?handler ...? ?finally script?" },
    { "return", return_command, 0, ANY, "?-option value ...? ?result?" },
    { "expr", cmd_expr, 1, ANY, "arg ?arg ...?" },
    { "subst", cmd_subst, 1, 4,
      "?-nobackslashes? ?-nocommands? ?-novariables? string" },
    { "time", cmd_time, 1, 2, "command ?count?" },
    { NULL, NULL, 0, 0, NULL },
};
