/* Outcomes of commands, scopes, and the interpreter as a whole. */
#include "tinytcl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* ---- texts and values ---- */

/* A list that is not empty has a text that is not empty; if it has none (it
 * is nested too deep, or memory ran out), the command that asked fails. */
static void check_text(tcl *t, value v) {
    char why[sizeof t->no_text];
    snprintf(why, sizeof why, "%s", lifecycle_last_error());
    if (lifecycle_kind(t->interp, v) == LIFECYCLE_DICT
            ? lifecycle_dict_size(t->interp, v)
            : lifecycle_kind(t->interp, v) == LIFECYCLE_LIST &&
                  lifecycle_list_length(t->interp, v))
        memcpy(t->no_text, why, sizeof why);
}

text text_of(tcl *t, value v) {
    text x = { "", 0 };
    if (v == LIFECYCLE_NIL) return x;
    x.at = lifecycle_as_string(t->interp, v, &x.len);
    if (x.len == 0) check_text(t, v);
    return x;
}

text literal(const char *s) { return (text){ s, strlen(s) }; }

bool same_text(text a, text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool same(text a, const char *s) { return same_text(a, literal(s)); }

/* Bytes that go with the scope; NULL when the limit is reached. */
void *scratch(tcl *t, size_t size) {
    return lifecycle_arena_alloc(lifecycle_interp_arena(t->interp),
                                 size ? size : 1);
}

value new_text(tcl *t, text x) {
    return lifecycle_string(t->interp, x.at, x.len);
}

/* ---- outcomes ---- */

value result_of(tcl *t) {
    if (t->result == LIFECYCLE_NIL && t->message[0])
        return new_text(t, literal(t->message));
    return t->result ? t->result : lifecycle_string(t->interp, "", 0);
}

/* A function that makes a value answers nil when it could not. */
int ok(tcl *t, value v) {
    if (v == LIFECYCLE_NIL) return fail_library(t);
    t->result = v;
    return TCL_OK;
}

int ok_int(tcl *t, int64_t n) { return ok(t, lifecycle_int(t->interp, n)); }

int ok_text(tcl *t, const char *at, size_t len) {
    return ok(t, lifecycle_string(t->interp, at, len));
}

int ok_empty(tcl *t) {
    t->result = LIFECYCLE_NIL;
    return TCL_OK;
}

static int fail_text(tcl *t, text message) {
    t->info = t->error_code = LIFECYCLE_NIL;
    t->logged = false;
    t->error_line = 1;
    t->result = new_text(t, message);
    t->message[0] = '\0';
    if (t->result == LIFECYCLE_NIL)
        snprintf(t->message, sizeof t->message, "%s",
                 lifecycle_last_error());
    return TCL_ERROR;
}

int fail(tcl *t, const char *format, ...) {
    char buffer[5000];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    if (n < 0) n = 0;
    if ((size_t)n >= sizeof buffer) n = (int)sizeof buffer - 1;
    return fail_text(t, (text){ buffer, (size_t)n });
}

int fail_library(tcl *t) {
    char why[256];
    snprintf(why, sizeof why, "%s", lifecycle_last_error());
    return fail_text(t, literal(why));
}

int check(tcl *t, lifecycle_status status) {
    return status == LIFECYCLE_OK ? TCL_OK : fail_library(t);
}

int wrong_args(tcl *t, text name, const char *usage) {
    return fail(t, "wrong # args: should be \"%.*s%s%s\"", SHOW(name),
                *usage ? " " : "", usage);
}

/* Appends to the error's story; without memory the story just ends there. */
void add_info(tcl *t, text more) {
    value had = t->info ? t->info : result_of(t);
    value added = new_text(t, more);
    value both = lifecycle_string_concat(t->interp, had, added);
    if (both != LIFECYCLE_NIL) t->info = both;
}

/* Says which body the error came out of; the caller's command is next. */
void boundary(tcl *t, const char *format, ...) {
    char buffer[500];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    if (n < 0) return;
    if ((size_t)n >= sizeof buffer) n = (int)sizeof buffer - 1;
    add_info(t, literal("\n    ("));
    add_info(t, (text){ buffer, (size_t)n });
    add_info(t, literal(")"));
    t->logged = false;
}

/* ---- scopes ---- */

int open_scope(tcl *t, lifecycle_scope *scope) {
    return check(t, lifecycle_scope_open(t->interp, scope));
}

/* The outcome escapes: the result, and with an error its story. */
int close_scope(tcl *t, lifecycle_scope scope, int code) {
    if (code == TCL_OK || (!t->info && !t->error_code)) {
        value *escape = t->result ? &t->result : NULL;
        lifecycle_status status =
            lifecycle_scope_close(t->interp, scope, escape);
        if (status == LIFECYCLE_OK) return code;
        t->info = t->error_code = LIFECYCLE_NIL;
        return fail_library(t);
    }
    value none = lifecycle_string(t->interp, "", 0);
    value parts[3] = { result_of(t), t->info ? t->info : none,
                       t->error_code ? t->error_code : none };
    bool info = t->info, error_code = t->error_code;
    value all = lifecycle_list(t->interp, parts, 3);
    lifecycle_status status = lifecycle_scope_close(t->interp, scope, &all);
    t->result = t->info = t->error_code = LIFECYCLE_NIL;
    if (status != LIFECYCLE_OK || all == LIFECYCLE_NIL)
        return fail_library(t);
    t->result = lifecycle_list_at(t->interp, all, 0);
    if (info) t->info = lifecycle_list_at(t->interp, all, 1);
    if (error_code) t->error_code = lifecycle_list_at(t->interp, all, 2);
    return code;
}

/* A round of a loop: what it gave is dropped unless it leaves the loop. */
int close_round(tcl *t, lifecycle_scope scope, int code) {
    if (code == TCL_OK || code == TCL_BREAK || code == TCL_CONTINUE) {
        t->result = t->info = t->error_code = LIFECYCLE_NIL;
    }
    return close_scope(t, scope, code);
}

/* ---- the whole ---- */

/* Every recursion over what a program wrote or made asks this. */
bool stack_used_up(const tcl *t) {
    return (uintptr_t)__builtin_frame_address(0) < t->stack_limit;
}

static uintptr_t stack_limit(void) {
    struct rlimit limit;
    size_t room = (size_t)6 << 20;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 4 * 3 < room)
        room = (size_t)limit.rlim_cur / 4 * 3;
    return (uintptr_t)__builtin_frame_address(0) - room;
}

static bool add_commands(tcl *t, const builtin *table) {
    for (; table->name; table++) {
        union { const void *in; void *out; } fn = { .in = table };
        if (lifecycle_command_set(t->interp, "::", 2, table->name,
                                  strlen(table->name), KIND_BUILTIN, fn.out,
                                  LIFECYCLE_NIL, LIFECYCLE_NIL))
            return false;
    }
    return true;
}

bool tcl_start(tcl *t) {
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (tcl){ .random = (uint64_t)now.tv_nsec + 1 };
    t->stack_limit = stack_limit();
    options.user = t;
    options.arena_limit = (size_t)4 << 30;
    if (lifecycle_interp_create(&options, &t->interp) != LIFECYCLE_OK)
        return false;
    return add_commands(t, control_commands) &&
           add_commands(t, loop_commands) && add_commands(t, list_commands) &&
           add_commands(t, string_commands) &&
           add_commands(t, procedure_commands) &&
           add_commands(t, other_commands);
}

bool tcl_stop(tcl *t) {
    return !t->interp ||
           lifecycle_interp_destroy(t->interp) == LIFECYCLE_OK;
}

/* To be called right after lifecycle_eval_enter. */
void tcl_begin(tcl *t) {
    t->global = (call){ .ns = { "::", 2 }, .is_ns = true };
    t->active = &t->global;
    t->words = NULL;
    t->word_count = 0;
    t->firing = NULL;
    t->depth = 0;
    t->result = t->info = t->error_code = t->script = LIFECYCLE_NIL;
    t->return_code = TCL_OK;
    t->return_level = 1;
    t->logged = false;
    t->message[0] = t->no_text[0] = '\0';
}

/* Within an eval. An error's story is put into the variable errorInfo. */
int tcl_top_level(tcl *t, text script, text file) {
    if (file.len) t->script = new_text(t, file);
    int code = eval_text(t, script, 1);
    if (code == TCL_RETURN) code = t->return_code;
    if (code == TCL_BREAK || code == TCL_CONTINUE)
        code = fail(t, "invoked \"%s\" outside of a loop",
                    code == TCL_BREAK ? "break" : "continue");
    if (code != TCL_ERROR) return code;
    if (file.len)
        boundary(t, "file \"%.*s\" line %u", SHOW(file),
                 (unsigned)t->error_line);
    value info = t->info ? t->info : result_of(t);
    lifecycle_ns_var_set(t->interp, "::", 2, "errorInfo", 9, info);
    value none = t->error_code ? t->error_code
                               : new_text(t, literal("NONE"));
    lifecycle_ns_var_set(t->interp, "::", 2, "errorCode", 9, none);
    return code;
}
