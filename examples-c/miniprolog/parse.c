/* Tokens into terms: operator precedence with stacks of its own, so that a
 * text may be nested as deep as it likes. The operands are roots, for room
 * is reserved while they wait (visit_reading in memory.c). */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

typedef struct pending {
    atom name;
    int priority, left, right; /* left < 0: a prefix operator */
} pending;

/* What an opening bracket has begun; kind 0: the term itself. */
typedef struct context {
    int kind; /* 'f' for arguments, else the bracket */
    atom name;
    size_t operands, operators;
    bool tail;
} context;

typedef struct parser {
    machine *m;
    source *source;
    reading *r;
    token t, ahead;
    bool peeked;
    const char *error;
    pending *operators;
    size_t operator_count, operator_room;
    context *contexts;
    size_t context_count, context_room;
} parser;

static bool wrong(parser *p, const char *message)
{
    if (!p->error) p->error = message;
    return false;
}

static void advance(parser *p)
{
    if (p->peeked) {
        token t = p->t;
        p->t = p->ahead;
        p->ahead = t;
        p->peeked = false;
    } else {
        next_token(p->m, p->source, &p->t);
    }
    if (p->t.kind == T_ERROR) wrong(p, p->t.error);
}

static const token *look(parser *p)
{
    if (!p->peeked) next_token(p->m, p->source, &p->ahead);
    p->peeked = true;
    return &p->ahead;
}

static bool is_punct(const token *t, char c)
{
    return t->kind == T_PUNCT && t->text.at[0] == c;
}

/* A safepoint: operands and variables are roots. */
static bool room(parser *p, uint64_t count)
{
    lifecycle_heap *heap = p->m->heap;
    lifecycle_heap_safepoint(heap);
    if (heap->limit - heap->cursor >= count) return true;
    return reserve(p->m, count) || wrong(p, "no_memory");
}

static bool operand_is(parser *p, cell value, int priority)
{
    reading *r = p->r;
    r->operands = grow(r->operands, &r->operand_room, r->operand_count + 1,
                       sizeof *r->operands);
    r->operands[r->operand_count++] = (operand){ value, priority };
    return true;
}

static bool open_context(parser *p, int kind, atom name)
{
    p->contexts = grow(p->contexts, &p->context_room, p->context_count + 1,
                       sizeof *p->contexts);
    p->contexts[p->context_count++] = (context){
        kind, name, p->r->operand_count, p->operator_count, false
    };
    return true;
}

static context *here(parser *p)
{
    return &p->contexts[p->context_count - 1];
}

/* ---- operators ---- */

static bool reduce(parser *p)
{
    if (!room(p, 3)) return false;
    pending *o = &p->operators[--p->operator_count];
    operand *top = &p->r->operands[p->r->operand_count - 1];
    uint32_t arity = o->left < 0 ? 1 : 2;
    cell args[2] = { top[1 - (int)arity].value, top->value };
    if (top->priority > o->right) return wrong(p, "operator_clash");
    cell c = make_structure(p->m, o->name, arity, args);
    p->r->operand_count -= arity - 1;
    p->r->operands[p->r->operand_count - 1] =
        (operand){ c, o->priority };
    return true;
}

static bool push_operator(parser *p, pending o)
{
    p->operators = grow(p->operators, &p->operator_room,
                        p->operator_count + 1, sizeof *p->operators);
    p->operators[p->operator_count++] = o;
    return true;
}

/* Behind an operand: what binds tighter to the left is built now. */
static bool infix(parser *p, atom name, const op *o)
{
    size_t base = here(p)->operators;
    while (p->operator_count > base &&
           p->operators[p->operator_count - 1].priority <= o->left)
        if (!reduce(p)) return false;
    if (p->r->operands[p->r->operand_count - 1].priority > o->left)
        return wrong(p, "operator_clash");
    if (p->operator_count > base &&
        o->priority > p->operators[p->operator_count - 1].right)
        return wrong(p, "operator_clash");
    return push_operator(p, (pending){ name, o->priority, o->left,
                                       o->right });
}

static bool reduce_all(parser *p, int most)
{
    while (p->operator_count > here(p)->operators)
        if (!reduce(p)) return false;
    if (p->r->operands[p->r->operand_count - 1].priority > most)
        return wrong(p, "operator_priority");
    p->r->operands[p->r->operand_count - 1].priority = 0;
    return true;
}

/* Is a prefix operator just an atom here? */
static bool stands_alone(parser *p)
{
    const token *t = look(p);
    if (t->kind == T_END || t->kind == T_EOF) return true;
    if (t->kind == T_PUNCT) return !strchr("([{", t->text.at[0]);
    if (t->kind != T_NAME || t->functional) return false;
    atom name = intern(p->m, t->text.at, t->text.len);
    return atom_op(p->m, name, 1)->priority &&
           !atom_op(p->m, name, 0)->priority;
}

static bool prefix(parser *p, atom name, const op *o)
{
    return push_operator(p, (pending){ name, o->priority, -1, o->right });
}

/* ---- operands ---- */

static bool variable_operand(parser *p)
{
    reading *r = p->r;
    const text *t = &p->t.text;
    if (!room(p, 1)) return false;
    if (t->len == 1 && t->at[0] == '_')
        return operand_is(p, make_var(p->m), 0);
    atom name = intern(p->m, t->at, t->len);
    for (size_t k = 0; k < r->variable_count; k++) {
        if (r->variables[k].name != name) continue;
        r->variables[k].times++;
        return operand_is(p, r->variables[k].value, 0);
    }
    r->variables = grow(r->variables, &r->variable_room,
                        r->variable_count + 1, sizeof *r->variables);
    cell c = make_var(p->m);
    r->variables[r->variable_count++] = (variable){ name, c, 1 };
    return operand_is(p, c, 0);
}

static bool string_operand(parser *p, atom kind)
{
    machine *m = p->m;
    const char *at = p->t.text.at, *end = at + p->t.text.len;
    if (kind == A_ATOM)
        return operand_is(p, CON(intern(m, at, p->t.text.len)), 0);
    if (!room(p, 2 * p->t.text.len + 2)) return false;
    if (kind == A_STRING)
        return operand_is(p, make_string(m, at, p->t.text.len), 0);
    cells list = { 0 };
    while (at < end) {
        uint32_t c;
        size_t n = read_utf8(at, end, &c);
        push(&list, kind == A_CODES ? INT((int64_t)c)
                                    : CON(intern(m, at, n)));
        at += n;
    }
    cell c = make_list(m, list.at, list.count, CON(A_NIL));
    free(list.at);
    return operand_is(p, c, 0);
}

static bool minus_number(parser *p)
{
    const token *t = look(p);
    if (t->kind != T_INTEGER || t->layout) return false;
    advance(p);
    return operand_is(p, INT(-p->t.number), 0);
}

/* True with *done where an operand is complete. */
static bool name_operand(parser *p, bool *done)
{
    machine *m = p->m;
    atom name = intern(m, p->t.text.at, p->t.text.len);
    bool bare = p->t.kind == T_NAME;
    if (p->t.functional) {
        *done = false;
        advance(p); /* the bracket */
        return open_context(p, 'f', name);
    }
    if (bare && name == A_MINUS && minus_number(p)) return true;
    const op *o = atom_op(m, name, 0);
    if (bare && o->priority && !stands_alone(p)) {
        *done = false;
        return prefix(p, name, o);
    }
    return operand_is(p, CON(name), 0);
}

static bool bracket_operand(parser *p, bool *done)
{
    char c = p->t.text.at[0];
    bool list = c == '[';
    if (c != '(' && c != '[' && c != '{')
        return wrong(p, "illegal_start_of_term");
    if (c != '(' && is_punct(look(p), list ? ']' : '}')) {
        advance(p);
        atom name = list ? A_NIL : A_CURLY;
        if (!p->t.functional) return operand_is(p, CON(name), 0);
        *done = false;
        advance(p);
        return open_context(p, 'f', name);
    }
    *done = false;
    return open_context(p, c, 0);
}

static bool operand_token(parser *p, bool *done)
{
    *done = true;
    switch (p->t.kind) {
    case T_INTEGER: return operand_is(p, INT(p->t.number), 0);
    case T_VARIABLE: return variable_operand(p);
    case T_STRING: return string_operand(p, p->m->double_quotes);
    case T_BACKQUOTED: return string_operand(p, A_CODES);
    case T_NAME: case T_QUOTED: return name_operand(p, done);
    case T_PUNCT: return bracket_operand(p, done);
    case T_EOF: return wrong(p, "end_of_file");
    default: return wrong(p, "unexpected_end_of_clause");
    }
}

/* ---- closing brackets ---- */

static bool close_arguments(parser *p, const context *c)
{
    reading *r = p->r;
    size_t n = r->operand_count - c->operands;
    cells args = { 0 };
    if (n > LIFECYCLE_ARITY_MAX) return wrong(p, "max_arity");
    if (!room(p, n + 1)) return false;
    for (size_t k = 0; k < n; k++)
        push(&args, r->operands[c->operands + k].value);
    cell s = make_structure(p->m, c->name, (uint32_t)n, args.at);
    free(args.at);
    r->operand_count = c->operands;
    return operand_is(p, s, 0);
}

static bool close_list(parser *p, const context *c)
{
    reading *r = p->r;
    cell list = CON(A_NIL);
    if (!room(p, 2 * (r->operand_count - c->operands))) return false;
    if (c->tail) list = r->operands[--r->operand_count].value;
    while (r->operand_count > c->operands)
        list = make_pair(p->m, r->operands[--r->operand_count].value, list);
    return operand_is(p, list, 0);
}

static bool close_context(parser *p)
{
    context c = *here(p);
    if (!reduce_all(p, c.kind == 'f' || c.kind == '[' ? 999 : 1200))
        return false;
    p->context_count--;
    if (c.kind == 'f') return close_arguments(p, &c);
    if (c.kind == '[') return close_list(p, &c);
    if (c.kind == '{') {
        operand *top = &p->r->operands[p->r->operand_count - 1];
        if (!room(p, 2)) return false;
        top->value = make_structure(p->m, A_CURLY, 1, &top->value);
    }
    return true;
}

static bool closes(const context *c, char bracket)
{
    return (bracket == ')' && (c->kind == 'f' || c->kind == '(')) ||
           (bracket == ']' && c->kind == '[') ||
           (bracket == '}' && c->kind == '{');
}

/* ---- behind an operand ---- */

static bool punct_behind(parser *p, bool *operand_next)
{
    context *c = here(p);
    char sign = p->t.text.at[0];
    *operand_next = false;
    if (closes(c, sign)) return close_context(p);
    *operand_next = true;
    bool separates = c->kind == 'f' || c->kind == '[';
    if (sign == ',' && separates && !c->tail) return reduce_all(p, 999);
    if (sign == '|' && c->kind == '[' && !c->tail) {
        c->tail = true;
        return reduce_all(p, 999);
    }
    if (sign == ',' && !separates)
        return infix(p, A_COMMA, atom_op(p->m, A_COMMA, 1));
    if (sign == '|' && !separates)
        return infix(p, A_SEMI, atom_op(p->m, A_SEMI, 1));
    return wrong(p, "illegal_bracket");
}

static bool token_behind(parser *p, bool *operand_next)
{
    if (p->t.kind == T_PUNCT) return punct_behind(p, operand_next);
    if (p->t.kind == T_NAME || p->t.kind == T_QUOTED) {
        atom name = intern(p->m, p->t.text.at, p->t.text.len);
        const op *o = atom_op(p->m, name, 1);
        *operand_next = true;
        if (o->priority) return infix(p, name, o);
        o = atom_op(p->m, name, 2);
        *operand_next = false;
        if (o->priority) {
            op postfix = { o->priority, o->left, 1200 };
            if (!infix(p, name, &postfix)) return false;
            p->operators[p->operator_count - 1].left = -1;
            return reduce(p);
        }
    }
    return wrong(p, p->t.kind == T_EOF ? "end_of_file" : "operator_expected");
}

/* After an error the rest of the clause is passed over. */
static void skip_clause(parser *p)
{
    while (p->t.kind != T_END && p->t.kind != T_EOF) {
        if (p->peeked) advance(p);
        else next_token(p->m, p->source, &p->t);
    }
}

static void parse(parser *p)
{
    bool operand_next = true, done;
    open_context(p, 0, 0);
    room(p, 64);
    while (!p->error) {
        advance(p);
        if (p->error) break;
        if (operand_next) {
            if (operand_token(p, &done)) operand_next = !done;
        } else if (p->t.kind == T_END) {
            if (p->context_count > 1) wrong(p, "end_of_clause_expected");
            else reduce_all(p, 1200);
            break;
        } else {
            token_behind(p, &operand_next);
        }
    }
    if (p->error) skip_clause(p);
}

static void count_line(source *s)
{
    for (; s->line_at < s->at; s->line_at++)
        s->line += s->text.at[s->line_at] == '\n';
}

/* What was read of a stream goes before the next term is. */
static void drop_read(source *s)
{
    count_line(s);
    if (!s->stream) return;
    memmove(s->text.at, s->text.at + s->at, s->text.len - s->at);
    s->text.len -= s->at;
    s->at = s->line_at = 0;
}

/* The next term; end_of_file at the end. It is a root until the next
 * safepoint only. */
outcome read_term(machine *m, source *s, cell *out)
{
    parser p = { 0 };
    p.m = m;
    p.source = s;
    p.r = &m->reading;
    p.r->operand_count = p.r->variable_count = 0;
    if (s->text.at) drop_read(s);
    lifecycle_heap_safepoint(m->heap);
    if (look(&p)->kind == T_EOF) {
        *out = CON(A_EOF);
    } else {
        count_line(s);
        parse(&p);
        if (!p.error) *out = p.r->operands[0].value;
    }
    p.r->operand_count = 0;
    free(p.t.text.at);
    free(p.ahead.text.at);
    free(p.operators);
    free(p.contexts);
    if (!p.error) return DONE;
    p.r->variable_count = 0;
    if (m->trouble || strcmp(p.error, "no_memory") == 0)
        return resource_error(m, "heap");
    return syntax_error(m, s, p.error);
}
