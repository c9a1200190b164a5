/* The first half of the compiler: a clause into items, and where its
 * variables are kept. */
#include "compile.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NESTED = 1000, MOST_NUMBERS = 48 };

functor compound_of(const compiler *c, cell x)
{
    functor f = { 0, 0, 0 };
    if (IS_LIS(x)) return (functor){ A_DOT, 2, INDEX(x) };
    if (IS_STR(x) && TAG(c->r->at[INDEX(x)]) == LIFECYCLE_TAG_FUN) {
        cell header = c->r->at[INDEX(x)];
        f = (functor){ lifecycle_fun_atom(header),
                       lifecycle_fun_arity(header), INDEX(x) + 1 };
    }
    return f;
}

bool is_string(const compiler *c, cell x)
{
    return IS_STR(x) && TAG(c->r->at[INDEX(x)]) == LIFECYCLE_TAG_BLOB;
}

/* Atoms too have one, with arity 0. */
functor goal_functor(const compiler *c, cell goal)
{
    functor f = compound_of(c, goal);
    if (IS_CON(goal)) f.name = lifecycle_con_atom(goal);
    return f;
}

/* ---- items ---- */

static body_item *add(compiler *c, int kind, uint32_t branch, cell goal)
{
    c->items = grow(c->items, &c->item_room, c->item_count + 1,
                    sizeof *c->items);
    body_item *i = &c->items[c->item_count++];
    *i = (body_item){ .kind = kind, .goal = goal, .branch = branch };
    /* control is a chunk of its own */
    if (kind >= ITEM_TRY) c->chunk++;
    i->chunk = c->chunk;
    if (kind == ITEM_CALL || kind >= ITEM_TRY) c->chunk++;
    if (kind >= ITEM_CUT_MARK || kind == ITEM_MARK) c->environment = true;
    return i;
}

static uint32_t new_branch(compiler *c, uint32_t parent)
{
    c->branches = grow(c->branches, &c->branch_room, c->branch_count + 1,
                       sizeof *c->branches);
    uint32_t depth = c->branch_count ? c->branches[parent].depth + 1 : 0;
    c->branches[c->branch_count] =
        (branch){ parent, depth, (uint32_t)c->item_count };
    return (uint32_t)c->branch_count++;
}

/* Can this be computed without a term in the heap? */
static bool plain_number(const compiler *c, cell x, int deep)
{
    word code;
    functor f = compound_of(c, x);
    if (IS_REF(x) || IS_INT(x)) return true;
    if (deep >= MOST_NUMBERS || f.arity < 1 || f.arity > 2 ||
        !is_arithmetic(f.name, f.arity, &code))
        return false;
    for (uint32_t k = 0; k < f.arity; k++)
        if (!plain_number(c, arg_of(c, f, k), deep + 1)) return false;
    return true;
}

/* Goals that need no call: the kind of item, or ITEM_CALL. */
static int inline_kind(const compiler *c, cell goal, int *code)
{
    functor f = goal_functor(c, goal);
    if (f.arity == 1 && (*code = type_code(f.name)) >= 0) return ITEM_TYPE;
    if (f.arity != 2) return ITEM_CALL;
    cell a = arg_of(c, f, 0), b = arg_of(c, f, 1);
    *code = compare_code(f.name);
    switch (f.name) {
    case A_EQUALS: return ITEM_UNIFY;
    case A_IS: return IS_REF(a) && plain_number(c, b, 0) ? ITEM_IS
                                                         : ITEM_CALL;
    case A_NUM_EQ: case A_NUM_NE: case A_NUM_LT: case A_NUM_LE:
    case A_NUM_GT: case A_NUM_GE:
        return plain_number(c, a, 0) && plain_number(c, b, 0)
                   ? ITEM_NUM_COMPARE : ITEM_CALL;
    case A_SAME: case A_NOT_SAME: case A_BEFORE: case A_NOT_AFTER:
    case A_AFTER: case A_NOT_BEFORE: return ITEM_COMPARE;
    default: return ITEM_CALL;
    }
}

/* A condition that binds nothing and builds nothing needs no choicepoint. */
static bool is_test(const compiler *c, cell goal)
{
    int code;
    for (;;) {
        functor f = goal_functor(c, goal);
        cell last = goal;
        bool both = f.name == A_COMMA && f.arity == 2;
        if (both) last = arg_of(c, f, 0);
        if (IS_REF(last)) return false;
        int kind = inline_kind(c, last, &code);
        functor g = goal_functor(c, last);
        if (kind == ITEM_COMPARE) {
            for (uint32_t k = 0; k < 2; k++) {
                cell a = arg_of(c, g, k);
                if (compound_of(c, a).arity || is_string(c, a)) return false;
            }
        } else if (kind == ITEM_TYPE) {
            cell a = arg_of(c, g, 0);
            if (compound_of(c, a).arity || is_string(c, a)) return false;
        } else if (kind != ITEM_NUM_COMPARE) {
            return false;
        }
        if (!both) return true;
        goal = arg_of(c, f, 1);
    }
}

/* A cut in a condition is the condition's own: that one is called. */
static bool has_cut(compiler *c, cell goal)
{
    cells *todo = &c->m->undo;
    bool found = false;
    todo->count = 0;
    push(todo, goal);
    while (todo->count > 0 && !found) {
        goal = look_up(c, todo->at[--todo->count]);
        functor f = compound_of(c, goal);
        found = goal == CON(A_CUT);
        if (f.arity != 2 || (f.name != A_COMMA && f.name != A_SEMI &&
                             f.name != A_ARROW && f.name != A_SOFT))
            continue;
        push(todo, c->r->at[f.args]);
        push(todo, c->r->at[f.args + 1]);
    }
    return found;
}

static void flatten(compiler *, cell body, uint32_t branch, int deep);

static void label_here(compiler *c, int kind, uint32_t branch, uint32_t label)
{
    add(c, kind, branch, 0)->label = label;
}

/* (If -> Then ; Else), (If *-> Then ; Else), \+ If. */
static void if_then_else(compiler *c, cell test, cell then, cell otherwise,
                         uint32_t around, int deep, atom arrow)
{
    uint32_t other = c->label_count++, end = c->label_count++, slot = 0;
    bool simple = arrow != A_SOFT && is_test(c, test);
    uint32_t inner = new_branch(c, around);
    uint32_t second = new_branch(c, around);
    if (simple) {
        label_here(c, ITEM_TEST, around, other);
    } else {
        slot = c->slots++;
        if (arrow != A_SOFT) {
            c->branches[inner].opened_by++;
            c->branches[second].opened_by++;
            add(c, ITEM_MARK, around, 0)->slot = slot;
        }
        label_here(c, ITEM_TRY, around, other);
        if (arrow == A_SOFT) add(c, ITEM_MARK, inner, 0)->slot = slot;
    }
    if (has_cut(c, test)) add(c, ITEM_CALL, inner, test)->code = META;
    else flatten(c, test, inner, deep + 1);
    if (simple)
        label_here(c, ITEM_TEST_END, inner, other);
    else
        add(c, arrow == A_SOFT ? ITEM_SOFT_CUT : ITEM_CUT_MARK, inner,
            0)->slot = slot;
    if (arrow == A_NOT) {
        add(c, ITEM_FAIL, inner, 0);
    } else {
        flatten(c, then, inner, deep + 1);
        label_here(c, ITEM_JUMP, inner, end);
    }
    label_here(c, simple ? ITEM_TEST_ELSE : ITEM_ELSE, second, other);
    if (arrow != A_NOT) flatten(c, otherwise, second, deep + 1);
    label_here(c, ITEM_LABEL, around, end);
}

static void either(compiler *c, cell a, cell b, uint32_t around, int deep)
{
    uint32_t other = c->label_count++, end = c->label_count++;
    uint32_t first = new_branch(c, around), second = new_branch(c, around);
    label_here(c, ITEM_TRY, around, other);
    flatten(c, a, first, deep + 1);
    label_here(c, ITEM_JUMP, first, end);
    label_here(c, ITEM_ELSE, second, other);
    flatten(c, b, second, deep + 1);
    label_here(c, ITEM_LABEL, around, end);
}

/* Control other than a conjunction; false where it is a goal. */
static bool control(compiler *c, cell goal, uint32_t branch, int deep)
{
    functor f = goal_functor(c, goal);
    cell fails = CON(A_FAIL);
    if (f.name == A_NOT && f.arity == 1) {
        if_then_else(c, arg_of(c, f, 0), fails, fails, branch, deep, A_NOT);
        return true;
    }
    if (f.arity != 2) return false;
    cell a = arg_of(c, f, 0), b = arg_of(c, f, 1);
    if (f.name == A_ARROW || f.name == A_SOFT) {
        if_then_else(c, a, b, fails, branch, deep, f.name);
        return true;
    }
    if (f.name != A_SEMI) return false;
    functor g = compound_of(c, a);
    if (g.arity == 2 && (g.name == A_ARROW || g.name == A_SOFT))
        if_then_else(c, arg_of(c, g, 0), arg_of(c, g, 1), b, branch, deep,
                     g.name);
    else
        either(c, a, b, branch, deep);
    return true;
}

static void one_goal(compiler *c, cell goal, uint32_t branch, int deep)
{
    int code = 0;
    functor f = goal_functor(c, goal);
    if (f.arity > MOST_ARGUMENTS) {
        c->result = representation_error(c->m, A_MAX_ARITY);
    } else if (!IS_REF(goal) && !IS_CON(goal) && f.arity == 0) {
        c->result = FAILED; /* not callable */
    } else if (goal == CON(A_CUT)) {
        add(c, ITEM_CUT, branch, 0);
    } else if (goal == CON(A_FAIL) || goal == CON(A_FALSE)) {
        add(c, ITEM_FAIL, branch, 0);
    } else if (goal != CON(A_TRUE) &&
               (IS_REF(goal) || !control(c, goal, branch, deep))) {
        int kind = IS_REF(goal) ? ITEM_CALL : inline_kind(c, goal, &code);
        add(c, kind, branch, goal)->code =
            kind != ITEM_CALL ? code : IS_REF(goal) ? META : 0;
        if (kind == ITEM_CALL && f.arity > c->max_arity)
            c->max_arity = f.arity;
    }
}

static void flatten(compiler *c, cell body, uint32_t branch, int deep)
{
    if (deep > MOST_NESTED && c->result == DONE)
        c->result = representation_error(c->m, A_CLAUSE_TOO_DEEP);
    while (c->result == DONE) {
        functor f = compound_of(c, body);
        if (f.name != A_COMMA || f.arity != 2) break;
        cell first = arg_of(c, f, 0);
        functor g = compound_of(c, first);
        if (g.name == A_COMMA && g.arity == 2)
            flatten(c, first, branch, deep + 1);
        else
            one_goal(c, first, branch, deep);
        body = arg_of(c, f, 1);
    }
    if (c->result == DONE) one_goal(c, body, branch, deep);
}

/* ---- variables ---- */

static uint32_t common(const compiler *c, uint32_t a, uint32_t b)
{
    while (a != b) {
        if (c->branches[a].depth < c->branches[b].depth)
            b = c->branches[b].parent;
        else
            a = c->branches[a].parent;
    }
    return a;
}

static void occurs(compiler *c, cell x, int64_t item, uint32_t chunk,
                   uint32_t branch)
{
    uint32_t *at = &c->var_at[INDEX(x)];
    if (*at == 0) {
        c->vars = grow(c->vars, &c->var_room, c->var_count + 1,
                       sizeof *c->vars);
        c->vars[c->var_count++] = (var){
            .first_chunk = chunk, .first_item = item, .branch = branch,
            .first_branch = branch, .init_before = NO_ITEM, .home = -1
        };
        *at = (uint32_t)c->var_count;
    }
    var *v = &c->vars[*at - 1];
    v->uses++;
    v->last_chunk = chunk;
    v->branch = common(c, v->branch, branch);
}

static void occurrences(compiler *c, cell term, int64_t item, uint32_t chunk,
                        uint32_t branch)
{
    cells *todo = &c->m->undo;
    todo->count = 0;
    push(todo, term);
    while (todo->count > 0) {
        cell x = look_up(c, todo->at[--todo->count]);
        functor f = compound_of(c, x);
        if (IS_REF(x)) occurs(c, x, item, chunk, branch);
        for (uint32_t k = f.arity; k-- > 0;)
            push(todo, c->r->at[f.args + k]);
    }
}

/* A variable that is met first inside a branch, but is also known outside,
 * gets its cell before the branches begin. */
static void place_inits(compiler *c)
{
    for (size_t k = 0; k < c->var_count; k++) {
        var *v = &c->vars[k];
        uint32_t b = v->first_branch;
        if (b == v->branch) continue;
        while (c->branches[b].parent != v->branch) b = c->branches[b].parent;
        v->init_before = c->branches[b].opened_by;
    }
}

/* An argument that the only call before the next chunk has in the same place
 * stays where it is. */
static void find_homes(compiler *c)
{
    functor head = goal_functor(c, c->head);
    const body_item *call = NULL;
    for (size_t k = 0; k < c->item_count && !call; k++)
        if (c->items[k].kind == ITEM_CALL) call = &c->items[k];
    if (!call || call->chunk != 0 || call->code == META) return;
    functor f = goal_functor(c, call->goal);
    for (uint32_t k = 0; k < head.arity && k < f.arity; k++) {
        cell x = arg_of(c, head, k);
        if (!IS_REF(x) || arg_of(c, f, k) != x) continue;
        var *v = var_of(c, x);
        if (v->first_chunk == v->last_chunk && v->home < 0) v->home = k;
    }
}

static void place_variables(compiler *c)
{
    uint32_t temps = c->max_arity;
    functor head = goal_functor(c, c->head);
    for (uint32_t k = 0; k < head.arity; k++)
        occurrences(c, arg_of(c, head, k), -1, 0, 0);
    for (size_t k = 0; k < c->item_count; k++) {
        const body_item *i = &c->items[k];
        if (i->goal)
            occurrences(c, i->goal, (int64_t)k, i->chunk, i->branch);
    }
    place_inits(c);
    find_homes(c);
    for (size_t k = 0; k < c->var_count; k++) {
        var *v = &c->vars[k];
        v->permanent = v->first_chunk != v->last_chunk ||
                       v->init_before != NO_ITEM;
        if (v->permanent) v->reg = REG_Y(c->slots++);
        else v->reg = REG_X(v->home >= 0 ? (uint32_t)v->home : temps++);
    }
    c->next_temp = c->max_temp = temps;
}

/* ---- liveness: one pass from the end, for all jumps go forward ---- */

static void live_goal(compiler *c, uint64_t *live, const body_item *i,
                      int64_t at)
{
    cells *todo = &c->m->undo;
    todo->count = 0;
    if (i->goal) push(todo, i->goal);
    while (todo->count > 0) {
        cell x = look_up(c, todo->at[--todo->count]);
        functor f = compound_of(c, x);
        if (IS_REF(x) && var_of(c, x)->permanent) {
            const var *v = var_of(c, x);
            uint64_t bit = (uint64_t)1 << (v->reg >> 1) % 64;
            uint64_t *w = &live[(v->reg >> 1) / 64];
            if (v->first_item == at && v->init_before == NO_ITEM) *w &= ~bit;
            else *w |= bit;
        }
        for (uint32_t k = 0; k < f.arity; k++)
            push(todo, c->r->at[f.args + k]);
    }
}

static void drop_inits(const compiler *c, uint64_t *live, int64_t at)
{
    for (size_t k = 0; k < c->var_count; k++)
        if (c->vars[k].init_before == at)
            live[(c->vars[k].reg >> 1) / 64] &=
                ~((uint64_t)1 << (c->vars[k].reg >> 1) % 64);
}

static void find_live(compiler *c)
{
    size_t n = c->live_words = (c->slots + 63) / 64;
    if (n == 0) return;
    uint64_t *live = must(calloc(n, sizeof *live));
    uint64_t *labels = must(calloc(n * (c->label_count + 1), sizeof *labels));
    for (size_t k = c->item_count; k-- > 0;) {
        body_item *i = &c->items[k];
        uint64_t *label = labels + n * i->label;
        i->live_out = must(malloc(2 * n * sizeof *live));
        i->live_in = i->live_out + n;
        if (i->kind == ITEM_JUMP) memcpy(live, label, n * sizeof *live);
        if (i->kind == ITEM_FAIL) memset(live, 0, n * sizeof *live);
        memcpy(i->live_out, live, n * sizeof *live);
        /* while it is tested, what the other branch needs lives too */
        if (i->kind == ITEM_TEST_END)
            for (size_t w = 0; w < n; w++) live[w] |= label[w];
        if (i->kind == ITEM_TRY || i->kind == ITEM_TEST) {
            for (size_t w = 0; w < n; w++) live[w] |= label[w];
            drop_inits(c, live, (int64_t)k);
        }
        live_goal(c, live, i, (int64_t)k);
        if (i->kind == ITEM_LABEL || i->kind == ITEM_ELSE ||
            i->kind == ITEM_TEST_ELSE)
            memcpy(label, live, n * sizeof *live);
        memcpy(i->live_in, live, n * sizeof *live);
    }
    free(labels);
    free(live);
}

/* ---- the whole ---- */

static void take_apart(compiler *c)
{
    c->head = look_up(c, c->r->at[0]);
    c->body = CON(A_TRUE);
    functor f = compound_of(c, c->head);
    if (f.name == A_NECK && f.arity == 2) {
        c->body = arg_of(c, f, 1);
        c->head = arg_of(c, f, 0);
    }
    c->max_arity = goal_functor(c, c->head).arity;
    if (c->max_arity < 1) c->max_arity = 1;
    new_branch(c, 0);
    flatten(c, c->body, 0, 0);
    for (size_t k = 0; k + 1 < c->item_count; k++)
        if (c->items[k].kind == ITEM_CALL) c->environment = true;
    for (size_t k = 0; k < c->item_count; k++)
        if (c->items[k].kind == ITEM_CUT && c->items[k].chunk > 0)
            c->level = true;
    if (c->level) c->level_slot = c->slots++;
}

/* NULL with *result FAILED where the body is no goal, or RAISED. */
clause *compile(machine *m, const record *r, outcome *result)
{
    compiler c = { .m = m, .r = r, .result = DONE };
    clause *out = NULL;
    c.var_at = must(calloc(r->count, sizeof *c.var_at));
    take_apart(&c);
    if (c.result == DONE) {
        place_variables(&c);
        find_live(&c);
        emit_clause(&c);
        out = must(calloc(1, sizeof *out + c.code_count * sizeof(word)));
        out->mark = CLAUSE_MARK;
        out->need = c.chunk_need[0];
        memcpy(out->code, c.code, c.code_count * sizeof(word));
        for (size_t k = 0; k < c.owners.count; k++)
            out->code[c.owners.at[k]] = (word)(uintptr_t)out;
        m->x = grow(m->x, &m->x_room, c.max_temp + 64, sizeof *m->x);
        m->wam.x = m->x;
    }
    *result = c.result;
    for (size_t k = 0; k < c.item_count; k++) free(c.items[k].live_out);
    free(c.items);
    free(c.branches);
    free(c.vars);
    free(c.var_at);
    free(c.chunk_need);
    free(c.code);
    free(c.label_at);
    free(c.label_uses.at);
    free(c.owners.at);
    free(c.temps.at);
    return out;
}
