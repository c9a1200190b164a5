/* The second half of the compiler: items into instructions. */
#include "compile.h"

#include <stdlib.h>

static void emit(compiler *c, word w)
{
    c->code = grow(c->code, &c->code_room, c->code_count + 1,
                   sizeof *c->code);
    c->code[c->code_count++] = w;
}

static void emit2(compiler *c, word op, word a)
{
    emit(c, op);
    emit(c, a);
}

static void emit3(compiler *c, word op, word a, word b)
{
    emit2(c, op, a);
    emit(c, b);
}

/* Before a place where code goes on: which slots are alive, in how many
 * words, and whose code it is. */
static void emit_site(compiler *c, const uint64_t *live)
{
    for (size_t k = 0; k < c->live_words; k++) emit(c, live[k]);
    emit(c, c->live_words);
    push(&c->owners, c->code_count);
    emit(c, 0);
}

static void emit_label(compiler *c, word op, uint32_t label)
{
    emit(c, op);
    push(&c->label_uses, c->code_count);
    push(&c->label_uses, label);
    emit(c, 0);
}

static uint32_t take_temp(compiler *c)
{
    if (c->temps.count > 0)
        return (uint32_t)c->temps.at[--c->temps.count];
    if (c->next_temp == c->max_temp) c->max_temp++;
    return c->next_temp++;
}

static void give_temp(compiler *c, uint32_t temp)
{
    push(&c->temps, temp);
}

/* ---- terms ---- */

typedef struct nested { /* compounds still to be taken apart or built */
    cells todo; /* pairs: the term, its register */
    cells found;
    bool get;
} nested;

static void emit_string(compiler *c, word op, word reg, cell x)
{
    const cell *at = &c->r->at[INDEX(x)];
    size_t words = (lifecycle_blob_bytes(*at) + 7) / 8;
    emit3(c, op, reg, words + 1);
    for (size_t k = 0; k <= words; k++) emit(c, at[k]);
}

static void emit_argument(compiler *c, cell x, nested *n)
{
    if (IS_REF(x)) {
        var *v = var_of(c, x);
        if (v->uses == 1) {
            emit2(c, I_UNIFY_VOID, 1);
        } else {
            emit2(c, v->seen ? I_UNIFY_VAL : I_UNIFY_VAR, v->reg);
            v->seen = true;
        }
    } else if (compound_of(c, x).arity || is_string(c, x)) {
        uint32_t temp = take_temp(c);
        emit2(c, n->get ? I_UNIFY_VAR : I_UNIFY_SLOT, REG_X(temp));
        push(&n->found, temp);
        push(&n->found, x);
    } else {
        emit2(c, I_UNIFY_CONST, x);
    }
}

static void emit_compound(compiler *c, cell x, uint32_t reg, bool first,
                          nested *n)
{
    functor f = compound_of(c, x);
    if (is_string(c, x)) {
        emit_string(c, n->get ? I_GET_STRING
                              : first ? I_PUT_STRING : I_STRING_AT, reg, x);
    } else if (IS_LIS(x)) {
        emit2(c, n->get ? I_GET_LIST : first ? I_PUT_LIST : I_LIST_AT, reg);
    } else {
        emit3(c, n->get ? I_GET_STRUCT : first ? I_PUT_STRUCT : I_STRUCT_AT,
              lifecycle_make_fun(f.name, f.arity), reg);
    }
    for (uint32_t k = 0; k < f.arity; k++)
        emit_argument(c, arg_of(c, f, k), n);
    /* the leftmost is next, so that a long list needs few registers */
    while (n->found.count > 0) {
        push(&n->todo, n->found.at[--n->found.count]);
        push(&n->todo, n->found.at[--n->found.count]);
    }
}

static void emit_nested(compiler *c, cell x, uint32_t reg, bool get)
{
    nested n = { .get = get };
    emit_compound(c, x, reg, true, &n);
    while (n.todo.count > 0) {
        uint32_t temp = (uint32_t)n.todo.at[--n.todo.count];
        cell term = n.todo.at[--n.todo.count];
        emit_compound(c, term, temp, false, &n);
        give_temp(c, temp);
    }
    free(n.todo.at);
    free(n.found.at);
}

static void emit_get(compiler *c, cell x, uint32_t reg)
{
    if (IS_REF(x)) {
        var *v = var_of(c, x);
        if (v->seen) emit3(c, I_GET_VAL, v->reg, reg);
        else if (v->uses > 1 && v->reg != REG_X(reg))
            emit3(c, I_GET_VAR, v->reg, reg);
        v->seen = true;
    } else if (compound_of(c, x).arity || is_string(c, x)) {
        emit_nested(c, x, reg, true);
    } else {
        emit3(c, I_GET_CONST, x, reg);
    }
}

static void emit_put(compiler *c, cell x, uint32_t reg)
{
    if (IS_REF(x)) {
        var *v = var_of(c, x);
        if (!v->seen) emit3(c, I_PUT_VAR, v->reg, reg);
        else if (v->reg != REG_X(reg)) emit3(c, I_PUT_VAL, v->reg, reg);
        v->seen = true;
    } else if (compound_of(c, x).arity || is_string(c, x)) {
        emit_nested(c, x, reg, false);
    } else {
        emit3(c, I_PUT_CONST, x, reg);
    }
}

/* Variables first: some stay in their argument registers. */
static void emit_head(compiler *c)
{
    functor f = goal_functor(c, c->head);
    for (int pass = 0; pass < 3; pass++) {
        for (uint32_t k = 0; k < f.arity; k++) {
            cell x = arg_of(c, f, k);
            bool big = compound_of(c, x).arity || is_string(c, x);
            if (pass == (IS_REF(x) ? 0 : big ? 2 : 1)) emit_get(c, x, k);
        }
    }
}

/* ---- goals ---- */

static void emit_unify(compiler *c, cell a, cell b)
{
    uint32_t temp = take_temp(c);
    if (IS_REF(b) && !(IS_REF(a) && !var_of(c, a)->seen)) {
        cell swap = a;
        a = b;
        b = swap;
    }
    if (IS_REF(a) && !var_of(c, a)->seen) {
        emit_put(c, b, temp);
        emit_get(c, a, temp);
    } else {
        emit_put(c, a, temp);
        emit_get(c, b, temp);
    }
    give_temp(c, temp);
}

/* It recurses as deep as compile.c has found it to be. */
static void emit_number(compiler *c, cell x)
{
    functor f = compound_of(c, x);
    word code;
    if (IS_INT(x)) {
        emit2(c, I_NUM_INT, (word)lifecycle_int_value(x));
    } else if (IS_REF(x)) {
        var *v = var_of(c, x);
        if (v->seen) emit2(c, I_NUM_VAR, v->reg);
        else emit(c, I_NUM_UNBOUND);
        v->seen = true;
    } else {
        for (uint32_t k = 0; k < f.arity; k++)
            emit_number(c, arg_of(c, f, k));
        is_arithmetic(f.name, f.arity, &code);
        emit2(c, I_NUM_OP, code);
    }
}

static void emit_is(compiler *c, functor f)
{
    var *v = var_of(c, arg_of(c, f, 0));
    emit_number(c, arg_of(c, f, 1));
    emit2(c, v->seen ? I_NUM_UNIFY : I_NUM_IS, v->reg);
    v->seen = true;
}

static void emit_test(compiler *c, const body_item *i, functor f)
{
    uint32_t temps[2] = { 0, 0 };
    for (uint32_t k = 0; k < f.arity; k++) {
        temps[k] = take_temp(c);
        emit_put(c, arg_of(c, f, k), temps[k]);
    }
    if (i->kind == ITEM_TYPE) emit3(c, I_TYPE, (word)i->code, temps[0]);
    else emit3(c, I_COMPARE, (word)i->code, temps[0]);
    if (i->kind == ITEM_COMPARE) emit(c, temps[1]);
    for (uint32_t k = f.arity; k-- > 0;) give_temp(c, temps[k]);
}

/* Does nothing but the end of the clause follow? */
static bool is_last(const compiler *c, size_t k)
{
    for (k++; k < c->item_count; k++) {
        const body_item *i = &c->items[k];
        if (i->kind == ITEM_JUMP) {
            do k++;
            while (c->items[k].kind != ITEM_LABEL ||
                   c->items[k].label != i->label);
        } else if (i->kind != ITEM_LABEL) {
            return false;
        }
    }
    return true;
}

static void emit_call(compiler *c, size_t k)
{
    const body_item *i = &c->items[k];
    functor f = goal_functor(c, i->goal);
    pred *p;
    if (i->code == META) {
        emit_put(c, i->goal, 0);
        p = find_pred(c->m, A_CALL, 1, true);
    } else {
        for (uint32_t a = 0; a < f.arity; a++)
            emit_put(c, arg_of(c, f, a), a);
        p = find_pred(c->m, f.name, f.arity, true);
    }
    if (is_last(c, k)) {
        if (c->environment) emit(c, I_DEALLOCATE);
        emit2(c, I_EXECUTE, (word)(uintptr_t)p);
    } else {
        emit3(c, I_CALL, (word)(uintptr_t)p, c->live_words);
        emit_site(c, i->live_out);
    }
}

static void emit_control(compiler *c, const body_item *i)
{
    switch (i->kind) {
    case ITEM_CUT:
        if (i->chunk > 0) emit2(c, I_CUT, REG_Y(c->level_slot));
        else emit(c, I_CUT_NECK);
        break;
    case ITEM_FAIL: emit(c, I_FAIL); break;
    case ITEM_MARK: emit2(c, I_MARK, REG_Y(i->slot)); break;
    case ITEM_CUT_MARK: emit2(c, I_CUT, REG_Y(i->slot)); break;
    case ITEM_SOFT_CUT: emit2(c, I_SOFT_CUT, REG_Y(i->slot)); break;
    case ITEM_TRY: emit_label(c, I_TRY, i->label); break;
    case ITEM_TEST: emit_label(c, I_TEST, i->label); break;
    case ITEM_JUMP: emit_label(c, I_JUMP, i->label); break;
    case ITEM_TEST_END: emit(c, I_TEST_END); break;
    case ITEM_ELSE: emit_site(c, i->live_in); break;
    default: break;
    }
    if (i->kind == ITEM_ELSE || i->kind == ITEM_LABEL ||
        i->kind == ITEM_TEST_ELSE)
        c->label_at[i->label] = c->code_count;
    if (i->kind == ITEM_ELSE) emit(c, I_TRUST);
}

static void emit_item(compiler *c, size_t k)
{
    const body_item *i = &c->items[k];
    functor f = i->goal ? goal_functor(c, i->goal) : (functor){ 0, 0, 0 };
    switch (i->kind) {
    case ITEM_CALL: emit_call(c, k); break;
    case ITEM_UNIFY:
        emit_unify(c, arg_of(c, f, 0), arg_of(c, f, 1));
        break;
    case ITEM_IS: emit_is(c, f); break;
    case ITEM_NUM_COMPARE:
        emit_number(c, arg_of(c, f, 0));
        emit_number(c, arg_of(c, f, 1));
        emit2(c, I_NUM_COMPARE, (word)i->code);
        break;
    case ITEM_TYPE: case ITEM_COMPARE: emit_test(c, i, f); break;
    default: emit_control(c, i);
    }
}

/* ---- how many cells a chunk may take, at most ---- */

static uint32_t cells_of(compiler *c, cell x)
{
    cells *todo = &c->m->undo;
    uint32_t need = 0;
    todo->count = 0;
    push(todo, x);
    while (todo->count > 0) {
        x = look_up(c, todo->at[--todo->count]);
        functor f = compound_of(c, x);
        need += 1 + f.arity;
        if (is_string(c, x))
            need += (uint32_t)(lifecycle_blob_bytes(c->r->at[INDEX(x)]) / 8)
                    + 1;
        for (uint32_t k = 0; k < f.arity; k++)
            push(todo, c->r->at[f.args + k]);
    }
    return need;
}

static void find_needs(compiler *c)
{
    functor f = goal_functor(c, c->head);
    c->chunk_need = must(calloc(c->chunk + 1, sizeof *c->chunk_need));
    for (uint32_t k = 0; k < f.arity; k++)
        if (!IS_REF(arg_of(c, f, k)))
            c->chunk_need[0] += cells_of(c, arg_of(c, f, k));
    for (size_t k = 0; k < c->item_count; k++) {
        const body_item *i = &c->items[k];
        if (i->goal && i->kind != ITEM_IS && i->kind != ITEM_NUM_COMPARE)
            c->chunk_need[i->chunk] += cells_of(c, i->goal);
    }
    for (size_t k = 0; k < c->var_count; k++)
        if (c->vars[k].init_before != NO_ITEM)
            c->chunk_need[c->items[c->vars[k].init_before].chunk]++;
}

/* The first chunk's room is reserved when the clause is entered. */
static void emit_chunk_start(compiler *c, size_t k)
{
    const body_item *i = &c->items[k];
    uint32_t need = c->chunk_need[i->chunk];
    bool first = k == 0 || c->items[k - 1].chunk != i->chunk;
    if (i->chunk > 0 && need > 0 && first) {
        emit3(c, I_RESERVE, need, c->live_words);
        emit_site(c, i->live_in);
    }
}

static void emit_inits(compiler *c, size_t item)
{
    int kind = c->items[item].kind;
    if (kind != ITEM_TRY && kind != ITEM_TEST) return;
    for (size_t k = 0; k < c->var_count; k++) {
        if (c->vars[k].init_before != (int64_t)item) continue;
        emit2(c, I_INIT, c->vars[k].reg);
        c->vars[k].seen = true;
    }
}

void emit_clause(compiler *c)
{
    find_needs(c);
    c->label_at = must(calloc(c->label_count + 1, sizeof *c->label_at));
    if (c->environment) emit2(c, I_ALLOCATE, c->slots);
    if (c->level) emit2(c, I_LEVEL, REG_Y(c->level_slot));
    emit_head(c);
    for (size_t k = 0; k < c->item_count; k++) {
        emit_chunk_start(c, k);
        emit_inits(c, k);
        emit_item(c, k);
    }
    if (c->item_count == 0 ||
        c->items[c->item_count - 1].kind != ITEM_CALL) {
        if (c->environment) emit(c, I_DEALLOCATE);
        emit(c, I_PROCEED);
    }
    for (size_t k = 0; k < c->label_uses.count; k += 2) {
        size_t at = c->label_uses.at[k];
        c->code[at] = c->label_at[c->label_uses.at[k + 1]] - at;
    }
}
