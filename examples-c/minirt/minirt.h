/* minirt: a small language runtime that keeps no resource of its own. Source text, syntax trees, names, global
 * values, machine code and cache files all belong to a module of the lifecycle manager, and go when it goes.
 *
 * The four rules everything here follows:
 * - A value made while evaluating lives in the scratch arena and dies with the evaluation.
 * - A value stored in a global is copied out, whole: what a module keeps is a forest of trees, each owned by one
 *   global. What a store replaces is freed when the outermost evaluation ends.
 * - A name is looked up in the library's tables; a call site remembers the answer and the tables' version.
 * - A declaration id is checked for life before a function value is called: it may outlive its module. */
#ifndef MINIRT_H
#define MINIRT_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L   /* getrlimit, isatty, mkdir: every file includes this one first */
#endif

#include "lifecycle.h"
#include "lifecycle_dropins.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct runtime runtime;
typedef struct module module;
typedef struct decl decl;
typedef struct node node;

/* ---- values ---- */

typedef enum { V_NIL, V_INT, V_BOOL, V_STR, V_LIST, V_OBJECT, V_ENUM, V_FUNC } value_kind;

/* What every value on a heap starts with. `link` chains persistent values that wait to be freed. */
typedef struct heap_value {
    struct heap_value *link;
    bool persistent;
    uint8_t kind;
} heap_value;

typedef struct {
    heap_value heap;
    int64_t len;
    char data[];
} string;

typedef struct value {
    value_kind kind;
    int32_t variant;   /* V_ENUM: which */
    union {
        int64_t i;     /* V_INT, V_BOOL; V_ENUM and V_FUNC: declaration id */
        heap_value *heap;
        string *str;
        struct list *list;
        struct object *object;
    } as;
} value;

typedef struct list {
    heap_value heap;
    int64_t len, cap;
    value *items;
} list;

typedef struct object {
    heap_value heap;
    int64_t did;       /* of its struct */
    int64_t len;
    value fields[];
} object;

/* ---- syntax ---- */

typedef struct {
    const char *at;
    size_t len;
} text;

typedef enum {
    T_END, T_BAD, T_INT, T_STRING, T_NAME,
    /* keywords, in the order of lex.c's table */
    T_USE, T_FN, T_VAL, T_VAR, T_STRUCT, T_ENUM, T_IF, T_ELSE, T_WHILE, T_FOR, T_IN, T_RETURN, T_BREAK, T_CONTINUE,
    T_TRUE, T_FALSE, T_NIL, T_AND, T_OR, T_NOT,
    /* two characters, then one, in the order of lex.c's tables */
    T_EQ, T_NE, T_LE, T_GE, T_ARROW, T_RANGE,
    T_LT, T_GT, T_ASSIGN, T_PLUS, T_MINUS, T_STAR, T_SLASH, T_PERCENT, T_LPAREN, T_RPAREN, T_LBRACE, T_RBRACE,
    T_LBRACKET, T_RBRACKET, T_COMMA, T_DOT, T_COLON, T_SEMICOLON
} token_kind;

typedef struct {
    token_kind kind;
    int line;
    bool first_on_line;   /* an operator on a new line starts a new statement */
    text text;
    int64_t number;
    const char *problem;  /* T_BAD */
} token;

typedef struct {
    const char *at, *end;
    int line;
} lexer;

typedef enum {
    /* expressions */
    N_CONST, N_LIST, N_LOCAL, N_NAME, N_BINARY, N_AND, N_OR, N_NOT, N_NEGATE, N_CALL, N_INDEX, N_FIELD,
    /* statements */
    N_LET, N_ASSIGN, N_IF, N_WHILE, N_FOR, N_RETURN, N_BREAK, N_CONTINUE, N_EXPR, N_BLOCK, N_GLOBAL
} node_kind;

typedef enum { R_NONE, R_FUNC, R_STRUCT, R_ENUM, R_GLOBAL, R_BUILTIN } name_kind;

/* One shape for all: what a, b, c mean is told where parse.c makes the node. */
struct node {
    uint8_t kind;
    uint8_t op;            /* N_BINARY: a token_kind; N_GLOBAL: 1 = var */
    uint8_t cached;        /* what the cache holds: a name_kind */
    int32_t line;
    int32_t slot;          /* N_LOCAL, N_LET, N_FOR; N_CALL, N_LIST: how many; N_FIELD: the cached index */
    node *a, *b, *c, *next;
    const char *name;      /* NUL-terminated, in the module's tree */
    value constant;        /* N_CONST */
    uint64_t version;      /* the inline cache: the tables' version when `target` was looked up */
    void *target;
};

typedef enum { TYPE_ANY, TYPE_INT, TYPE_BOOL, TYPE_STR, TYPE_LIST } type;

typedef struct {
    const char *name;
    type type;
} field;

typedef enum { D_FUNC, D_STRUCT, D_ENUM } decl_kind;

struct decl {
    decl_kind kind;
    int line;
    int64_t did;
    const char *name;
    module *module;
    decl *next;
    field *fields;         /* parameters, fields or variants */
    int field_count;
    /* D_FUNC */
    type returns;
    int slot_count;
    node *body;
    uint32_t calls;
    /* native code; see jit.c */
    char *symbol;          /* "module.function"; NULL if it is never compiled */
    struct native_code *code;
    decl *next_native;
    bool native;           /* promised: its symbol's entry may be called */
    uint64_t refused_at;   /* tables' version when compiling last failed */
    lifecycle_symbol mapped;
    void *entry;
    uint64_t *usage;
    const uint64_t *clock;
};

typedef struct global {
    const char *name;
    module *module;
    value value;
    bool variable, ready;
    struct global *next;
} global;

typedef struct import {
    const char *name;
    int line;
    const char **names;    /* NULL: all */
    size_t name_count;
    struct import *next;
} import;

/* ---- modules ---- */

struct module {
    lifecycle_module id;
    runtime *rt;
    char *path;
    char *name;            /* the file's name without directory and extension */
    char *source;
    size_t source_len;
    lifecycle_arena *tree; /* every node, decl, name and literal */
    uint64_t node_count;
    decl *decls;
    int64_t first_did, decl_count;
    decl **by_did;         /* declaration first_did + k is by_did[k] */
    global *globals;
    import *imports;
    node *body;
    int slot_count;
    struct native_unit *unit;
    module *importer;
    module *next;
    bool loading;          /* its evaluation has not ended */
    bool staged;           /* a reload that is not committed: its code is only interpreted */
    bool echo;             /* print the value of an expression statement: the REPL */
};

/* What native code needs of its runtime; jit_x86_64.c knows the offsets. */
typedef struct {
    uintptr_t stack_limit;
    int32_t error;
    int32_t line;
    void *pc;
} native_state;

typedef enum { NATIVE_OK, NATIVE_STACK, NATIVE_DIVISION, NATIVE_NO_RETURN, NATIVE_GONE } native_error;

/* Live things the library does not count by class: each goes up where it is made and down in its release function. */
typedef struct {
    uint64_t sources, nodes, contexts, strings, containers;
} counters;

struct runtime {
    lifecycle_manager *manager;
    lifecycle_reader *reader;
    lifecycle_arena *scratch;
    const uint64_t *versions[4];
    module *modules;       /* newest first */
    int64_t next_did;
    value *stack, *stack_top, *stack_end;
    native_state native;
    decl *natives;
    size_t code_budget;    /* bytes of native code to keep to; 0: no limit */
    uint64_t native_calls, compiled_again;
    uint64_t natives_checked;  /* tables' version for which every promise was last checked */
    bool jit;
    const char *cache_dir;     /* NULL: no cache */
    uint64_t stores;       /* counts stores into scratch containers: see call_function */
    int depth;             /* nested evaluations */
    heap_value *garbage;   /* persistent values replaced during this evaluation */
    bool quiet;
    bool ignore_cache;         /* compile even what the cache has */
    bool failed, unplaced;     /* unplaced: the message does not say where yet */
    char message[1024];
    counters live;
};

typedef struct {
    module *module;
    value *slots;
    value result;
} frame;

/* lex.c */
void lex_start(lexer *, const char *source, size_t len);
token lex_next(lexer *);

/* parse.c: false with the runtime's error set */
bool parse_module(runtime *, module *);

/* value.c */
value nil_value(void);
value int_value(int64_t);
value bool_value(bool);
bool is_heap(value);
string *string_new(runtime *, int64_t len);
bool string_from(runtime *, const char *, size_t, value *out);
list *list_new(runtime *, int64_t cap);
bool list_push(runtime *, list *, value);
object *object_new(runtime *, decl *);
bool value_equal(const runtime *, value, value, int depth);
bool value_text(runtime *, value, string **out);
const char *value_kind_name(value);
bool value_persist(runtime *, value from, value *to);
bool value_store(runtime *, heap_value *holder, value *place, value);
void value_discard(runtime *, value);
void garbage_free(runtime *);

/* eval.c */
bool eval_module(runtime *, module *);
void eval_begin(runtime *);
void eval_end(runtime *);
decl *resolve_function(runtime *, const module *, const char *name);
bool stack_used_up(const runtime *);
uint64_t names_version(const runtime *);
decl *decl_of(runtime *, int64_t did);
bool fail_at(runtime *, const module *, int line, const char *format, ...);
bool fail(runtime *, const char *format, ...);
bool check(runtime *, lifecycle_status, const module *, int line);

/* builtin.c */
typedef struct {
    const char *name;
    int least, most;
    bool (*run)(runtime *, value *args, int count, value *out);
} builtin;
const builtin *builtin_find(const char *name);

/* modules.c */
module *module_load(runtime *, const char *path, module *importer, int line);
module *module_load_text(runtime *, const char *path, char *source, size_t len, module *importer);
module *module_named(runtime *, const char *name);
bool module_reload(runtime *, module *, const char *path);
bool module_unload(runtime *, module *, lifecycle_unload_report *);
bool unload_all(runtime *);
char *read_file(runtime *, const char *path, size_t *len);

/* jit.c */
typedef struct native_call {
    uint32_t offset;       /* of the 8-byte address in the code */
    uint8_t arguments, returns;
    char *symbol;
    int64_t did;           /* which function the symbol is, as far as it was checked */
} native_call;

typedef struct native_code {
    char *name;
    uint8_t *bytes;        /* position-independent; the addresses of callees are filled in when it is mapped.
                              NULL: given up for the code budget, to be compiled again */
    uint32_t len;
    native_call *calls;
    size_t call_count;
    bool cached;           /* from the cache file: the loader's code, not the JIT's */
    struct native_code *next;
} native_code;

/* A module's compiler context: the native code of its functions, ready to be mapped again after an eviction and
 * to be written to the cache file. */
typedef struct native_unit {
    native_code *codes;
    bool dirty;            /* holds code that the cache file does not */
} native_unit;

bool jit_start(runtime *);
bool jit_adopt(runtime *, module *);
native_code *jit_code_new(const char *name, size_t name_len, const uint8_t *bytes, uint32_t len, size_t calls);
void jit_code_free(native_code *);
bool jit_ready(runtime *, decl *);
bool jit_call(runtime *, decl *, const value *args, value *out);
void jit_forget(runtime *, decl *);
bool jit_signature(const decl *);

/* jit_x86_64.c or jit_none.c */
#define JIT_MAX_PARAMETERS 5
#define JIT_VERSION 1
bool jit_available(void);
native_code *jit_compile(runtime *, decl *);

/* smf.c */
bool smf_load(runtime *, module *);
void caches_save(runtime *);
uint64_t hash_bytes(uint64_t seed, const void *, size_t);

/* repl.c, table.c */
int run_repl(runtime *);
int run_table(runtime *, long cycles, char **files, int count);
bool check_all_released(runtime *);

#endif
