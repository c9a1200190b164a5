/* What the two halves of the compiler share: compile.c takes a clause apart
 * into items and finds out about its variables; emit.c writes the code.
 *
 * An item is a goal or a piece of control. The items between two calls, or
 * between a call and control, are a chunk. A variable that is in one chunk
 * only has an X register, any other a Y slot of the environment. */
#ifndef COMPILE_H
#define COMPILE_H

#include "prolog.h"

enum { ITEM_CALL, ITEM_UNIFY, ITEM_IS, ITEM_NUM_COMPARE, ITEM_COMPARE,
       ITEM_TYPE, ITEM_CUT, ITEM_FAIL, ITEM_MARK, ITEM_CUT_MARK,
       ITEM_SOFT_CUT, ITEM_TRY, ITEM_ELSE, ITEM_JUMP, ITEM_LABEL, ITEM_TEST,
       ITEM_TEST_END, ITEM_TEST_ELSE };

enum { META = 1 }; /* a call of call/1 with the goal as its argument */

typedef struct body_item {
    int kind, code;
    cell goal;          /* within the record */
    uint32_t branch, chunk, label, slot;
    uint64_t *live_in;  /* Y slots that hold something that is used later: */
    uint64_t *live_out; /* before the item, and after it */
} body_item;

/* A branch of a disjunction; what comes before and after it is its
 * parent's. */
typedef struct branch {
    uint32_t parent, depth, opened_by;
} branch;

typedef struct var {
    uint32_t uses, first_chunk, last_chunk, branch, first_branch;
    int64_t first_item;  /* -1: the head */
    int64_t init_before; /* an item before which it gets a cell, or -2 */
    bool permanent, seen;
    word reg;
    int64_t home;        /* argument register that it stays in, or -1 */
} var;

enum { NO_ITEM = -2 };

typedef struct compiler {
    machine *m;
    const record *r;
    cell head, body;
    outcome result; /* DONE so far, or RAISED */
    body_item *items;
    size_t item_count, item_room;
    branch *branches;
    size_t branch_count, branch_room;
    uint32_t label_count, chunk;
    var *vars;
    size_t var_count, var_room;
    uint32_t *var_at;    /* by index in the record: number + 1 */
    uint32_t *chunk_need;
    bool environment, level;
    uint32_t slots, level_slot, max_arity;
    size_t live_words;
    /* emit.c */
    word *code;
    size_t code_count, code_room;
    size_t *label_at;
    cells label_uses, owners;
    cells temps;         /* free ones */
    uint32_t next_temp, max_temp;
} compiler;

static inline cell look_up(const compiler *c, cell x)
{
    while (IS_REF(x) && c->r->at[INDEX(x)] != x) x = c->r->at[INDEX(x)];
    return x;
}
functor compound_of(const compiler *c, cell x);
bool is_string(const compiler *c, cell x);
static inline cell arg_of(const compiler *c, functor f, uint32_t k)
{
    return look_up(c, c->r->at[f.args + k]);
}
static inline var *var_of(const compiler *c, cell x)
{
    return &c->vars[c->var_at[INDEX(x)] - 1];
}
functor goal_functor(const compiler *c, cell goal);
void emit_clause(compiler *);

#endif
