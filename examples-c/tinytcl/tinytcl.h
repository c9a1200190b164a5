/* tinytcl: a Tcl that stores not one value itself. Variables, procedures,
 * commands, frames, namespaces, traces and results live in a lifecycle_interp;
 * what is here is syntax and commands.
 *
 * The rules everything here follows:
 * - A C struct of this program lives no longer than one top-level eval. `tcl`
 *   itself keeps only counts between evals.
 * - A value is a handle. Whoever changes one in place has made it, or has just
 *   got it from a variable, which gives a fresh one each time.
 * - A procedure call and each round of a loop has a scope: what it made goes
 *   when it ends, and only the outcome escapes.
 * - Every command answers with a completion code and leaves t->result; nil
 *   stands for the empty string there. */
#ifndef TINYTCL_H
#define TINYTCL_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* getrlimit, getline, clock_gettime */
#endif

#include "lifecycle.h"
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef lifecycle_handle value;
typedef struct tcl tcl;

/* Any bytes; what it points into belongs to a handle or to a script. */
typedef struct text {
    const char *at;
    size_t len;
} text;

#define SHOW(x) (int)((x).len > 4000 ? 4000 : (x).len), (x).at

/* A program may return any other int with `return -code`. */
enum { TCL_EXIT = INT_MIN, TCL_OK = 0, TCL_ERROR, TCL_RETURN, TCL_BREAK,
       TCL_CONTINUE };

typedef int (*command_fn)(tcl *, size_t argc, const value *argv);

/* argv[0] is the name; least and most count what comes after it. */
typedef struct builtin {
    const char *name;
    command_fn run;
    size_t least, most;
    const char *usage; /* what follows the name in "wrong # args" */
} builtin;

#define ANY SIZE_MAX

/* What a command's kind says in the library's tables. */
enum { KIND_BUILTIN = 1, KIND_PROC, KIND_IMPORT };
enum { TRACE_VARIABLE = 1, TRACE_COMMAND, TRACE_EXECUTION };

/* An activation, on the C stack: which frame of the library it is, and whose
 * variables `upvar 1` means. With uplevel the two differ. */
typedef struct call {
    struct call *caller; /* NULL for the global one */
    size_t frame;        /* the library's level */
    size_t level;        /* Tcl's: `info level` */
    text ns;
    bool is_ns;          /* its variables are the namespace's */
} call;

/* A variable whose traces are running; they do not fire again meanwhile. */
typedef struct firing {
    struct firing *next;
    text key;
} firing;

struct tcl {
    lifecycle_interp *interp;
    size_t traces;           /* variable traces that may be there */
    size_t watches;          /* command and execution traces */
    uintptr_t stack_limit;
    uint64_t random;
    /* for one eval */
    call global, *active;
    const value *words;      /* of the command that runs, and the lines */
    const uint32_t *lines;   /* they begin in */
    size_t word_count;
    firing *firing;
    size_t depth;
    int exit_status;
    /* the outcome of a command */
    value result;
    value info, error_code;  /* of an error; nil: none yet */
    value script;            /* the file being sourced, or nil */
    int return_code, return_level;
    uint32_t error_line;
    bool logged;             /* the innermost command is in info */
    char message[256];       /* an error for which there was no memory */
    char no_text[256];       /* why a value has no text, until it is told */
};

/* interp.c: outcomes, and the interpreter as a whole */
bool tcl_start(tcl *);
bool tcl_stop(tcl *);
void tcl_begin(tcl *);
int tcl_top_level(tcl *, text script, text file);
bool stack_used_up(const tcl *);
text text_of(tcl *, value);
text literal(const char *);
bool same(text, const char *);
bool same_text(text, text);
void *scratch(tcl *, size_t size);
value new_text(tcl *, text);
value result_of(tcl *);
int ok(tcl *, value);
int ok_int(tcl *, int64_t);
int ok_text(tcl *, const char *, size_t);
int ok_empty(tcl *);
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
int fail(tcl *, const char *format, ...);
int fail_library(tcl *);
int check(tcl *, lifecycle_status);
int wrong_args(tcl *, text name, const char *usage);
void add_info(tcl *, text);
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
void boundary(tcl *, const char *format, ...);
int open_scope(tcl *, lifecycle_scope *);
int close_scope(tcl *, lifecycle_scope, int code);
int close_round(tcl *, lifecycle_scope, int code);

/* text.c: characters, numbers, patterns */
size_t utf8_width(const char *, const char *end);
uint32_t utf8_read(const char *, size_t width);
size_t utf8_write(uint32_t, char out[4]);
size_t utf8_count(text);
size_t utf8_offset(text, size_t index);
size_t escape(const char *, const char *end, char out[4], size_t *out_len);
bool glob(text pattern, text subject, bool nocase);
int compare_text(text, text, bool nocase, size_t limit);
bool read_int(text, int64_t *);
bool read_double(text, double *);
int get_int(tcl *, value, int64_t *);
int get_double(tcl *, value, double *);
int get_bool(tcl *, value, bool *);
bool read_bool(text, bool *);
int get_index(tcl *, value, size_t length, int64_t *);
int get_list(tcl *, value, size_t *length);
int choose(tcl *, value, const char *what, const char *const names[],
           int *out);

/* parse.c: scripts */
typedef struct cursor {
    const char *at, *end;
    uint32_t line;
    bool skip; /* find the end of it, do nothing */
} cursor;

enum { SUBST_BACKSLASH = 1, SUBST_COMMAND = 2, SUBST_VARIABLE = 4 };
int parse_dollar(tcl *, cursor *, value *);
int parse_command_substitution(tcl *, cursor *, value *);
int parse_quoted(tcl *, cursor *, value *);
int parse_braced(tcl *, cursor *, value *);
int substitute_text(tcl *, text, int flags);
bool script_complete(tcl *, text);
int eval_text(tcl *, text script, uint32_t line);
int eval_value(tcl *, value script);
int eval_word(tcl *, const value *script);
int eval_round(tcl *, const value *script);

/* expr.c */
int expr_text(tcl *, text);
int expr_bool(tcl *, value, bool *);

/* var.c */
value var_get(tcl *, value name);
value var_get_text(tcl *, text name);
value var_peek(tcl *, text name);
int var_set(tcl *, value name, value);
int var_set_text(tcl *, text name, value);
int var_store(tcl *, value name, value);
int var_unset(tcl *, text name, bool complain);
bool var_exists(tcl *, text name);
int var_link_ns(tcl *, text local, text ns, text name);
int var_link_frame(tcl *, text local, call *, text name);
void var_release_locals(tcl *);
bool fire_command(tcl *, int kind, text name, const char *op, value more[],
                  size_t count);
void trace_renamed(tcl *, text from, text to);
void trace_namespace_gone(tcl *, text path);
int trace_command(tcl *, size_t argc, const value *argv);

/* names.c: namespaces and where a name points */
typedef struct place {
    text ns, name;
} place;
typedef struct command {
    int kind;
    void *fn;
    value params, body;
    place at;
} command;
bool qualified(text);
place split_name(tcl *, text name);
text join_name(tcl *, text ns, text name);
text full_path(tcl *, text path);
command find_command(tcl *, text name);
int namespace_command(tcl *, size_t argc, const value *argv);

/* call.c: commands are called here */
int invoke(tcl *, size_t argc, const value *argv);
int call_body(tcl *, const command *, value lambda, size_t argc,
              const value *argv);
int invoke_prefix(tcl *, value prefix, size_t count, const value more[]);
int dispatch(tcl *, const builtin *table, size_t argc, const value *argv);
int make_params(tcl *, value spec, value *out);
call *call_at(tcl *, text level);
bool is_level(text);

typedef struct entered {
    call *active;
} entered;
entered enter(tcl *, call *);
void leave(tcl *, entered);

/* the commands by family; each table ends with a name that is NULL */
extern const builtin control_commands[], list_commands[], string_commands[],
    procedure_commands[], other_commands[], loop_commands[];
int sort_command(tcl *, size_t argc, const value *argv);
int search_command(tcl *, size_t argc, const value *argv);
int format_command(tcl *, size_t argc, const value *argv);
int dict_command(tcl *, size_t argc, const value *argv);
int info_command(tcl *, size_t argc, const value *argv);
int catch_command(tcl *, size_t argc, const value *argv);
int try_command(tcl *, size_t argc, const value *argv);
int return_command(tcl *, size_t argc, const value *argv);

#endif
