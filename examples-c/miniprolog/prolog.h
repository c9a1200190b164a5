/* miniprolog: a Prolog whose terms live in a lifecycle_heap. Environments and
 * choicepoints lie on a stack of this program and have the library's layout.
 *
 * The rules everything here follows:
 * - A safepoint is where a predicate or clause is entered, where an
 *   instruction RESERVE stands, and where a builtin calls `reserve`. There
 *   the roots are X[0..wam.x_count), the environments, choicepoints, trail
 *   and globals that the lifecycle_wam tells of, and what the reader's
 *   callback hands over. A cell kept anywhere else is gone afterwards.
 * - Between two safepoints nothing is collected, so unification, copying and
 *   building need no critical section.
 * - Nothing recurses as deep as a term is: there are explicit stacks.
 * - Clauses, atoms and what findall/3 has collected lie outside the heap. */
#ifndef PROLOG_H
#define PROLOG_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* clock_gettime, getline */
#endif

#include "lifecycle.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "atoms.h"

typedef lifecycle_cell cell;
typedef uint64_t atom;
typedef uint64_t word; /* of code */
typedef struct machine machine;

/* What a builtin answers. */
typedef enum { FAILED, DONE, RAISED, JUMPED } outcome;
typedef outcome (*builtin)(machine *, cell *x);

struct builtin_entry {
    const char *name;
    uint32_t arity;
    builtin run;
};

typedef struct cells {
    cell *at;
    size_t count, room;
} cells;

typedef struct text {
    char *at;
    size_t len, room;
} text;

/* A term outside the heap: references count from its first cell, which
 * stands for the term itself. */
typedef struct record {
    size_t count;
    cell at[];
} record;

#define CLAUSE_MARK UINT64_MAX /* tells a clause from code */

typedef struct pred pred;
typedef struct clause {
    word mark;
    pred *of;
    struct clause *next;
    struct clause *next_erased;
    cell key;            /* of the first argument; 0 = any */
    uint64_t born, died; /* generations */
    uint32_t need;       /* cells of the head and the first chunk */
    uint32_t slot;       /* in machine.refs */
    bool used;           /* code_collect's */
    record *source;
    word code[];
} clause;

struct pred {
    pred *next; /* in the table */
    atom name;
    uint32_t arity;
    builtin run;
    clause *first, *last;
    size_t count;
    bool dynamic, known, system, library;
    uint64_t load; /* the consultation that has defined it last */
};

typedef struct op {
    int priority; /* 0 = none */
    int left, right;
} op;

/* Text that clauses are read from. */
typedef struct source {
    char *name;
    text text;
    size_t at;
    size_t line, line_at; /* the line that begins at line_at */
    FILE *stream;      /* more comes from it, or NULL */
    bool open;
} source;

typedef struct variable {
    atom name;
    cell value;
    size_t times;
} variable;

typedef struct operand {
    cell value;
    int priority;
} operand;

/* What is being read; its cells are roots. */
typedef struct reading {
    operand *operands;
    size_t operand_count, operand_room;
    variable *variables;
    size_t variable_count, variable_room;
} reading;

typedef struct collector { /* what a findall/3 has so far */
    record **records;
    size_t count, room, cells;
} collector;

struct reference {
    clause *clause;
    uint64_t serial;
};

struct global { /* nb_setval/2 */
    atom key;
    record *value;
};

enum { GLOBALS = 64, MOST_ARGUMENTS = 1000 };

struct machine {
    lifecycle_heap *heap;
    lifecycle_wam wam;
    cell *x;
    size_t x_room;
    char *stack, *stack_end;
    lifecycle_choice *b0;  /* what a cut goes back to */
    const word *otherwise; /* where a test that fails goes on, or NULL */
    const word *jump;      /* where to go on after JUMPED */
    pred *next;            /* what the instruction NEXT enters */
    pred *call, *meta_call;
    /* code that no clause has; see run.c */
    word system_code[64];
    const word *catch_code, *catch_return, *drop_code, *next_code;
    const word *nowhere, *stop_done, *stop_failed;
    uint64_t s;            /* the next argument of a structure */
    bool writing;
    bool trouble;          /* binding failed: no room on the trail */
    bool halted, raised, succeeded;
    int status;
    record *ball;
    int64_t numbers[64];
    int number_count;
    uint64_t generation, inferences, load;
    /* tables */
    struct symbol *symbols;
    size_t symbol_count, symbol_room;
    uint32_t *symbol_table;
    size_t symbol_table_room;
    pred **preds;
    size_t pred_count, pred_room;
    struct reference *refs;
    size_t ref_count, ref_room, ref_free;
    clause *erased;
    size_t erased_count, erased_limit;
    source *sources;
    size_t source_count;
    collector *collectors;
    size_t collector_count, collector_room;
    struct global globals[GLOBALS];
    cell global_cells[1];
    reading reading;
    cells work, undo, copy;
    text out;
    atom double_quotes;
    bool unknown_fails, loading_library;
    size_t code_collections;
    uint64_t faults;
};

/* ---- memory (memory.c) ---- */
void *must(void *);
void *grow(void *, size_t *room, size_t need, size_t size);
void push(cells *, cell);
void add_text(text *, const char *, size_t);
void add_char(text *, uint32_t);
size_t read_utf8(const char *, const char *end, uint32_t *);
uint64_t alloc(machine *, uint64_t count);
bool reserve(machine *, uint64_t count);
uint64_t live_slots(const lifecycle_frame *, const void *code, uint32_t first,
                    void *user);
void visit_reading(lifecycle_visitor *, void *user);
void print_statistics(machine *, FILE *);
outcome statistics(machine *, cell *x);

/* ---- tables (tables.c, database.c) ---- */
atom intern(machine *, const char *, size_t);
atom intern_z(machine *, const char *);
const char *atom_text(machine *, atom, size_t *len);
op *atom_op(machine *, atom, int kind); /* 0 prefix, 1 infix, 2 postfix */
pred *find_pred(machine *, atom name, uint32_t arity, bool make);
void free_tables(machine *);
outcome add_clause(machine *, cell term, bool last);
void erase(machine *, clause *);
void erase_all(machine *, pred *);
void code_collect(machine *);
clause *next_clause(machine *, clause *from, cell key, uint64_t generation);
cell key_of(machine *, cell);
extern const struct builtin_entry database_builtins[];

/* ---- terms (terms.c, record.c) ---- */
static inline cell *heap_cells(machine *m)
{
    return lifecycle_heap_base(m->heap);
}
static inline cell deref(machine *m, cell c)
{
    const cell *cells = heap_cells(m);
    while (lifecycle_cell_tag(c) == LIFECYCLE_TAG_REF) {
        cell next = cells[lifecycle_cell_index(c)];
        if (next == c) break;
        c = next;
    }
    return c;
}
#define TAG(c) lifecycle_cell_tag(c)
#define INDEX(c) lifecycle_cell_index(c)
#define IS_REF(c) (TAG(c) == LIFECYCLE_TAG_REF)
#define IS_CON(c) (TAG(c) == LIFECYCLE_TAG_CON)
#define IS_INT(c) (TAG(c) == LIFECYCLE_TAG_INT)
#define IS_LIS(c) (TAG(c) == LIFECYCLE_TAG_LIS)
#define IS_STR(c) (TAG(c) == LIFECYCLE_TAG_STR)
#define CON(a) lifecycle_make_con(a)
#define INT(n) lifecycle_make_int(n)
#define INT_MAX61 (((int64_t)1 << 60) - 1)
#define INT_MIN61 (-((int64_t)1 << 60))

typedef struct functor { /* of a compound, lists included; arity 0: none */
    atom name;
    uint32_t arity;
    uint64_t args; /* index of the first */
} functor;
functor functor_of(machine *, cell);
bool is_blob(machine *, cell);
bool is_callable(machine *, cell);
bool is_text_cell(machine *, cell);
cell argument(machine *, functor, uint32_t k); /* from 0 */
bool bind(machine *, uint64_t ref, cell value);
bool unify(machine *, cell, cell);
int compare(machine *, cell, cell);
cell make_var(machine *);
cell make_structure(machine *, atom name, uint32_t arity, const cell *args);
cell make_pair(machine *, cell head, cell tail);
cell make_string(machine *, const char *, size_t);
cell make_list(machine *, const cell *, size_t count, cell tail);
record *make_record(machine *, cell);
cell load_record(machine *, const record *); /* after reserve */
outcome copy_term(machine *, cell *x);
extern const struct builtin_entry term_builtins[];

/* ---- errors (errors.c) ---- */
outcome raise(machine *, cell ball);
outcome type_error(machine *, atom type, cell culprit);
outcome domain_error(machine *, atom domain, cell culprit);
outcome existence_error(machine *, atom kind, cell what);
outcome permission_error(machine *, atom action, atom type, cell culprit);
outcome instantiation_error(machine *);
outcome evaluation_error(machine *, atom what);
outcome representation_error(machine *, atom what);
outcome resource_error(machine *, const char *what);
outcome unknown_procedure(machine *, const pred *);
outcome syntax_error(machine *, const source *, const char *message);
cell indicator(machine *, atom name, uint32_t arity);
/* Readers of arguments: false with an error raised. */
bool get_int(machine *, cell, int64_t *);
bool get_atom(machine *, cell, atom *);
bool get_list(machine *, cell, cells *out); /* appends */
/* Appends the text of an atom, number, string, code or char list. */
bool get_text(machine *, cell, text *);

/* ---- reading and writing ---- */
enum { T_END, T_EOF, T_NAME, T_QUOTED, T_VARIABLE, T_INTEGER, T_STRING,
       T_BACKQUOTED, T_PUNCT, T_ERROR };
typedef struct token {
    int kind;
    bool layout;     /* before it */
    bool functional; /* "(" follows at once */
    int64_t number;
    const char *error;
    text text;
} token;
void next_token(machine *, source *, token *);
bool next_number(const char *, size_t len, int64_t *);
outcome read_term(machine *, source *, cell *out);
bool fill_source(source *);
extern const struct builtin_entry read_builtins[];

enum { QUOTED = 1, IGNORE_OPS = 2, NUMBERVARS = 4 };
void write_term(machine *, text *, cell, int flags, int priority);
extern const struct builtin_entry write_builtins[];
void flush_text(machine *, FILE *, text *);
bool is_symbol_char(int c);
bool is_alnum_char(int c);

/* ---- compiling and running ---- */
clause *compile(machine *, const record *, outcome *);
outcome call_goal(machine *, cell goal, const cell *more, uint32_t count);
const word *fail(machine *);
const word *unwind(machine *);
const word *enter(machine *, pred *);
const word *enter_next(machine *, pred *);
bool stack_room(machine *, size_t bytes, void **at);
bool run(machine *, cell goal);
bool machine_start(machine *, const lifecycle_heap_options *, size_t stack);
bool machine_stop(machine *);
bool is_arithmetic(atom name, uint32_t arity, word *code);
bool compute(machine *, word code);
int compare_code(atom name);
bool compare_numbers(int64_t, int64_t, int code);
outcome evaluate(machine *, cell, int64_t *out);
extern const struct builtin_entry arithmetic_builtins[], control_builtins[],
    atom_builtins[], list_builtins[], global_builtins[];
bool load_library(machine *);

/* Instructions; r is a register (X or Y), a an argument register. */
#define INSTRUCTIONS(I)                                                       \
    I(GET_VAR) I(GET_VAL) I(GET_CONST) I(GET_STRUCT) I(GET_LIST)              \
    I(GET_STRING) I(UNIFY_VAR) I(UNIFY_VAL) I(UNIFY_CONST) I(UNIFY_VOID)      \
    I(UNIFY_SLOT) I(PUT_VAR) I(PUT_VAL) I(PUT_CONST) I(PUT_STRUCT)            \
    I(PUT_LIST) I(PUT_STRING) I(STRUCT_AT) I(LIST_AT) I(STRING_AT)            \
    I(INIT) I(ALLOCATE) I(DEALLOCATE) I(CALL) I(EXECUTE) I(PROCEED)           \
    I(RESERVE) I(LEVEL) I(MARK) I(CUT) I(CUT_NECK) I(SOFT_CUT) I(TRY)         \
    I(TRUST) I(JUMP) I(FAIL) I(TEST) I(TEST_END) I(TYPE) I(COMPARE)           \
    I(NUM_VAR) I(NUM_INT) I(NUM_UNBOUND) I(NUM_OP) I(NUM_IS) I(NUM_UNIFY)     \
    I(NUM_COMPARE) I(CATCH_PUSH) I(CATCH_EXIT) I(STOP_DONE) I(STOP_FAILED)    \
    I(DROP) I(NEXT)
#define INSTRUCTION_ENUM(name) I_##name,
enum { INSTRUCTIONS(INSTRUCTION_ENUM) I_COUNT };

/* A register: twice its number, odd for Y. */
#define REG_X(n) ((word)(n) << 1)
#define REG_Y(n) ((word)(n) << 1 | 1)

/* Tests by instruction TYPE and by builtins. */
enum { IS_VAR, IS_NONVAR, IS_ATOM, IS_INTEGER, IS_ATOMIC, IS_COMPOUND,
       IS_CALLABLE, IS_STRING, IS_NEVER };
int type_code(atom name);
bool has_type(machine *, cell, int code);

#endif
