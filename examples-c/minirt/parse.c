/* Tokens to a tree. Everything is allocated in the module's own arena, so that an error may leave at any depth
 * with a longjmp: whoever owns the arena releases what was built. Local names become slots here; every other name
 * is looked up when it is used. */
#include "minirt.h"

#include <setjmp.h>
#include <string.h>

#define MAX_NESTING 200
#define MAX_LOCALS 250
#define MAX_FIELDS 64

typedef struct {
    text name;
    int slot, scope;
    bool variable;
} local;

typedef struct {
    runtime *rt;
    module *module;
    lexer lexer;
    token now;
    int nesting, scope, slot_count, local_count, loops;
    bool in_function;
    local locals[MAX_LOCALS];
    jmp_buf out;
} parser;

static node *parse_expression(parser *);
static node *parse_block(parser *);
static node *parse_statement(parser *);

/* ---- helpers ---- */

static _Noreturn void give_up(parser *p, int line, const char *what) {
    fail_at(p->rt, p->module, line, "%s", what);
    longjmp(p->out, 1);
}

static void *tree_alloc(parser *p, size_t size) {
    void *block = lifecycle_arena_alloc(p->module->tree, size ? size : 1);
    if (!block) give_up(p, p->now.line, "no memory for the syntax tree");
    return memset(block, 0, size);
}

static const char *tree_name(parser *p, text t) {
    char *copy = tree_alloc(p, t.len + 1);
    memcpy(copy, t.at, t.len);
    return copy;
}

static node *new_node(parser *p, node_kind kind, int line) {
    node *n = tree_alloc(p, sizeof *n);
    n->kind = (uint8_t)kind;
    n->line = line;
    p->module->node_count++;
    p->rt->live.nodes++;
    return n;
}

static void advance(parser *p) {
    p->now = lex_next(&p->lexer);
    if (p->now.kind == T_BAD) give_up(p, p->now.line, p->now.problem);
}

static bool accept(parser *p, token_kind kind) {
    if (p->now.kind != kind) return false;
    advance(p);
    return true;
}

static void expect(parser *p, token_kind kind, const char *what) {
    if (p->now.kind != kind) give_up(p, p->now.line, what);
    advance(p);
}

static text expect_name(parser *p, const char *what) {
    text name = p->now.text;
    expect(p, T_NAME, what);
    return name;
}

static void nest(parser *p) {
    if (++p->nesting > MAX_NESTING || stack_used_up(p->rt)) give_up(p, p->now.line, "nested too deep");
}

/* ---- locals ---- */

static const local *find_local(const parser *p, text name) {
    for (int k = p->local_count; k-- > 0;)
        if (p->locals[k].name.len == name.len && memcmp(p->locals[k].name.at, name.at, name.len) == 0)
            return &p->locals[k];
    return NULL;
}

static int add_local(parser *p, text name, bool variable) {
    if (p->local_count == MAX_LOCALS) give_up(p, p->now.line, "too many local names");
    local *l = &p->locals[p->local_count];
    *l = (local){ name, p->local_count++, p->scope, variable };
    if (p->local_count > p->slot_count) p->slot_count = p->local_count;
    return l->slot;
}

static void close_scope(parser *p) {
    p->scope--;
    while (p->local_count > 0 && p->locals[p->local_count - 1].scope > p->scope) p->local_count--;
}

/* ---- expressions ---- */

static char unescape(parser *p, char c) {
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case '"': case '\\': return c;
    default: give_up(p, p->now.line, "unknown escape in a string");
    }
}

static value string_literal(parser *p, text raw) {
    string *s = tree_alloc(p, sizeof *s + raw.len + 1);
    s->heap.kind = V_STR;
    for (size_t k = 0; k < raw.len; k++)
        s->data[s->len++] = raw.at[k] == '\\' ? unescape(p, raw.at[++k]) : raw.at[k];
    return (value){ .kind = V_STR, .as.str = s };
}

static node *constant(parser *p, value v) {
    node *n = new_node(p, N_CONST, p->now.line);
    n->constant = v;
    advance(p);
    return n;
}

/* Items up to `close`, which is consumed; how many goes to `count`. */
static node *parse_items(parser *p, token_kind close, const char *what, int *count) {
    node *first = NULL, **tail = &first;
    while (p->now.kind != close) {
        *tail = parse_expression(p);
        tail = &(*tail)->next;
        if (++*count > MAX_LOCALS && close == T_RPAREN) give_up(p, p->now.line, "too many arguments");
        if (!accept(p, T_COMMA)) break;
    }
    expect(p, close, what);
    return first;
}

static node *parse_name(parser *p) {
    const local *l = find_local(p, p->now.text);
    node *n = new_node(p, l ? N_LOCAL : N_NAME, p->now.line);
    n->name = tree_name(p, p->now.text);
    if (l) n->slot = l->slot;
    advance(p);
    return n;
}

static node *parse_primary(parser *p) {
    token t = p->now;
    switch (t.kind) {
    case T_INT: return constant(p, int_value(t.number));
    case T_STRING: return constant(p, string_literal(p, t.text));
    case T_TRUE: case T_FALSE: return constant(p, bool_value(t.kind == T_TRUE));
    case T_NIL: return constant(p, nil_value());
    case T_NAME: return parse_name(p);
    case T_LPAREN: {
        advance(p);
        node *inner = parse_expression(p);
        expect(p, T_RPAREN, "expected ')'");
        return inner;
    }
    case T_LBRACKET: {
        node *n = new_node(p, N_LIST, t.line);
        advance(p);
        n->a = parse_items(p, T_RBRACKET, "expected ']'", &n->slot);
        return n;
    }
    default: give_up(p, t.line, "expected an expression");
    }
}

/* a(b...), a[b], a.name: each must start on the line where `a` ended. */
static node *parse_postfix(parser *p) {
    node *n = parse_primary(p);
    int wraps = 0;
    while (!p->now.first_on_line) {
        int line = p->now.line;
        node *outer;
        if (++wraps > MAX_NESTING) give_up(p, line, "nested too deep");
        if (accept(p, T_LPAREN)) {
            outer = new_node(p, N_CALL, line);
            outer->b = parse_items(p, T_RPAREN, "expected ')'", &outer->slot);
        } else if (accept(p, T_LBRACKET)) {
            outer = new_node(p, N_INDEX, line);
            outer->b = parse_expression(p);
            expect(p, T_RBRACKET, "expected ']'");
        } else if (accept(p, T_DOT)) {
            outer = new_node(p, N_FIELD, line);
            outer->name = tree_name(p, expect_name(p, "expected a field name after '.'"));
        } else {
            break;
        }
        outer->a = n;
        n = outer;
    }
    return n;
}

static node *parse_unary(parser *p) {
    token t = p->now;
    if (t.kind != T_MINUS && t.kind != T_NOT) return parse_postfix(p);
    nest(p);
    advance(p);
    node *n = new_node(p, t.kind == T_NOT ? N_NOT : N_NEGATE, t.line);
    n->a = parse_unary(p);
    p->nesting--;
    return n;
}

static int precedence(token_kind kind) {
    switch (kind) {
    case T_OR: return 1;
    case T_AND: return 2;
    case T_EQ: case T_NE: case T_LT: case T_LE: case T_GT: case T_GE: return 3;
    case T_PLUS: case T_MINUS: return 4;
    case T_STAR: case T_SLASH: case T_PERCENT: return 5;
    default: return 0;
    }
}

/* A chain a + b + c leans left: its depth counts as nesting, because the evaluator walks it by recursion. */
static node *parse_binary(parser *p, int least) {
    nest(p);
    node *left = parse_unary(p);
    int entered = p->nesting;
    for (;;) {
        token op = p->now;
        int level = precedence(op.kind);
        if (level < least || level == 0 || op.first_on_line) break;
        nest(p);
        advance(p);
        node *n = new_node(p, op.kind == T_AND ? N_AND : op.kind == T_OR ? N_OR : N_BINARY, op.line);
        n->op = (uint8_t)op.kind;
        n->a = left;
        n->b = parse_binary(p, level + 1);
        left = n;
    }
    p->nesting = entered - 1;
    return left;
}

static node *parse_expression(parser *p) { return parse_binary(p, 1); }

/* ---- statements ---- */

/* val x = e, var x = e: a slot inside a function or block, a global at the top of a module. */
static node *parse_let(parser *p) {
    bool variable = p->now.kind == T_VAR;
    int line = p->now.line;
    advance(p);
    text name = expect_name(p, "expected a name");
    expect(p, T_ASSIGN, "expected '='");
    node *init = parse_expression(p);
    bool top = !p->in_function && p->scope == 0;
    node *n = new_node(p, top ? N_GLOBAL : N_LET, line);
    n->a = init;
    n->name = tree_name(p, name);
    n->op = variable;
    if (!top) {
        n->slot = add_local(p, name, variable);
        return n;
    }
    for (const global *g = p->module->globals; g; g = g->next)
        if (strcmp(g->name, n->name) == 0) give_up(p, line, "this module has a global of that name already");
    global *g = tree_alloc(p, sizeof *g);
    *g = (global){ .name = n->name, .module = p->module, .variable = variable, .next = p->module->globals };
    p->module->globals = g;
    n->target = g;
    return n;
}

/* if a { b } else { c } */
static node *parse_if(parser *p) {
    nest(p);
    node *n = new_node(p, N_IF, p->now.line);
    advance(p);
    n->a = parse_expression(p);
    n->b = parse_block(p);
    if (accept(p, T_ELSE)) n->c = p->now.kind == T_IF ? parse_if(p) : parse_block(p);
    p->nesting--;
    return n;
}

/* while a { b } */
static node *parse_while(parser *p) {
    node *n = new_node(p, N_WHILE, p->now.line);
    advance(p);
    n->a = parse_expression(p);
    p->loops++;
    n->b = parse_block(p);
    p->loops--;
    return n;
}

/* for x in a { b }, for x in a..c { b }: slot = x, which counts; the next slot is the range's end in native code. */
static node *parse_for(parser *p) {
    node *n = new_node(p, N_FOR, p->now.line);
    advance(p);
    text name = expect_name(p, "expected a name after 'for'");
    expect(p, T_IN, "expected 'in'");
    n->a = parse_expression(p);
    if (accept(p, T_RANGE)) n->c = parse_expression(p);
    p->scope++;
    n->slot = add_local(p, name, false);
    add_local(p, (text){ "", 0 }, false);
    p->loops++;
    n->b = parse_block(p);
    p->loops--;
    close_scope(p);
    return n;
}

static node *parse_return(parser *p) {
    if (!p->in_function) give_up(p, p->now.line, "'return' outside a function");
    node *n = new_node(p, N_RETURN, p->now.line);
    advance(p);
    if (!p->now.first_on_line && p->now.kind != T_RBRACE && p->now.kind != T_SEMICOLON) n->a = parse_expression(p);
    return n;
}

static node *parse_jump(parser *p, node_kind kind) {
    if (p->loops == 0) give_up(p, p->now.line, "'break' or 'continue' outside a loop");
    node *n = new_node(p, kind, p->now.line);
    advance(p);
    return n;
}

/* An expression, or `target = value`. */
static node *parse_simple(parser *p) {
    int line = p->now.line;
    node *left = parse_expression(p);
    if (p->now.kind != T_ASSIGN || p->now.first_on_line) {
        node *n = new_node(p, N_EXPR, line);
        n->a = left;
        return n;
    }
    if (left->kind == N_LOCAL) {
        if (!find_local(p, (text){ left->name, strlen(left->name) })->variable)
            give_up(p, line, "a 'val' cannot be assigned");
    } else if (left->kind != N_NAME && left->kind != N_INDEX && left->kind != N_FIELD) {
        give_up(p, line, "this cannot be assigned");
    }
    advance(p);
    node *n = new_node(p, N_ASSIGN, line);
    n->a = left;
    n->b = parse_expression(p);
    return n;
}

static node *parse_statement(parser *p) {
    switch (p->now.kind) {
    case T_VAL: case T_VAR: return parse_let(p);
    case T_IF: return parse_if(p);
    case T_WHILE: return parse_while(p);
    case T_FOR: return parse_for(p);
    case T_RETURN: return parse_return(p);
    case T_BREAK: return parse_jump(p, N_BREAK);
    case T_CONTINUE: return parse_jump(p, N_CONTINUE);
    case T_LBRACE: return parse_block(p);
    default: return parse_simple(p);
    }
}

/* A statement ends where its line ends, at ';' or before '}'. */
static void end_statement(parser *p) {
    if (accept(p, T_SEMICOLON)) return;
    if (p->now.kind != T_RBRACE && p->now.kind != T_END && !p->now.first_on_line)
        give_up(p, p->now.line, "expected the end of the statement");
}

static node *parse_block(parser *p) {
    nest(p);
    node *block = new_node(p, N_BLOCK, p->now.line), **tail = &block->a;
    expect(p, T_LBRACE, "expected '{'");
    p->scope++;
    while (p->now.kind != T_RBRACE && p->now.kind != T_END) {
        *tail = parse_statement(p);
        tail = &(*tail)->next;
        end_statement(p);
    }
    expect(p, T_RBRACE, "expected '}'");
    close_scope(p);
    p->nesting--;
    return block;
}

/* ---- declarations ---- */

static type parse_type(parser *p) {
    static const char *const names[] = { "any", "int", "bool", "str", "list" };
    text t = expect_name(p, "expected a type");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strlen(names[k]) == t.len && memcmp(names[k], t.at, t.len) == 0) return (type)k;
    give_up(p, p->now.line, "unknown type (any, int, bool, str, list)");
}

static void parse_fields(parser *p, decl *d, token_kind open, token_kind close, const char *what) {
    text names[MAX_FIELDS];
    type types[MAX_FIELDS];
    int count = 0;
    expect(p, open, what);
    while (p->now.kind == T_NAME) {
        if (count == MAX_FIELDS) give_up(p, p->now.line, "too many fields or parameters");
        names[count] = expect_name(p, what);
        types[count++] = accept(p, T_COLON) ? parse_type(p) : TYPE_ANY;
        if (!accept(p, T_COMMA)) break;
    }
    expect(p, close, "expected a name or the end of the list");
    d->field_count = count;
    d->fields = tree_alloc(p, (size_t)count * sizeof *d->fields);
    for (int k = 0; k < count; k++) {
        d->fields[k] = (field){ tree_name(p, names[k]), types[k] };
        for (int j = 0; j < k; j++)
            if (strcmp(d->fields[j].name, d->fields[k].name) == 0) give_up(p, d->line, "the same name twice");
    }
}

static decl *new_decl(parser *p, decl_kind kind) {
    decl *d = tree_alloc(p, sizeof *d);
    d->kind = kind;
    d->line = p->now.line;
    d->module = p->module;
    advance(p);
    d->name = tree_name(p, expect_name(p, "expected a name"));
    for (const decl *other = p->module->decls; other; other = other->next)
        if (other->kind == kind && strcmp(other->name, d->name) == 0)
            give_up(p, d->line, "this module has a declaration of that name already");
    return d;
}

static decl *parse_function(parser *p) {
    decl *d = new_decl(p, D_FUNC);
    /* The top level's own slots wait while the function has its turn. */
    int top_locals = p->local_count, top_slots = p->slot_count;
    p->local_count = p->slot_count = 0;
    p->in_function = true;
    parse_fields(p, d, T_LPAREN, T_RPAREN, "expected '('");
    p->scope++;
    for (int k = 0; k < d->field_count; k++)
        add_local(p, (text){ d->fields[k].name, strlen(d->fields[k].name) }, true);
    if (accept(p, T_ARROW)) d->returns = parse_type(p);
    d->body = parse_block(p);
    close_scope(p);
    d->slot_count = p->slot_count;
    p->in_function = false;
    p->local_count = top_locals;
    p->slot_count = top_slots;
    return d;
}

static decl *parse_shape(parser *p, decl_kind kind) {
    decl *d = new_decl(p, kind);
    parse_fields(p, d, T_LBRACE, T_RBRACE, "expected '{'");
    return d;
}

/* use name, use name {a, b} */
static import *parse_use(parser *p) {
    import *use = tree_alloc(p, sizeof *use);
    use->line = p->now.line;
    advance(p);
    use->name = tree_name(p, expect_name(p, "expected a module name after 'use'"));
    if (p->now.first_on_line || !accept(p, T_LBRACE)) return use;
    const char *names[MAX_FIELDS];
    while (p->now.kind == T_NAME) {
        if (use->name_count == MAX_FIELDS) give_up(p, use->line, "too many names imported");
        names[use->name_count++] = tree_name(p, expect_name(p, "expected a name"));
        if (!accept(p, T_COMMA)) break;
    }
    expect(p, T_RBRACE, "expected '}'");
    use->names = tree_alloc(p, use->name_count * sizeof *use->names);
    memcpy(use->names, names, use->name_count * sizeof *names);
    return use;
}

/* Ids are given in the order of the text; by_did finds a declaration again. */
static void number_decls(parser *p) {
    module *m = p->module;
    m->first_did = p->rt->next_did;
    m->by_did = tree_alloc(p, (size_t)m->decl_count * sizeof *m->by_did);
    for (decl *d = m->decls; d; d = d->next) {
        d->did = p->rt->next_did++;
        m->by_did[d->did - m->first_did] = d;
    }
}

static void parse_top(parser *p) {
    node **statements = &p->module->body;
    decl **decls = &p->module->decls;
    import **imports = &p->module->imports;
    while (p->now.kind != T_END) {
        token_kind kind = p->now.kind;
        if (kind == T_USE) {
            *imports = parse_use(p);
            imports = &(*imports)->next;
        } else if (kind == T_FN || kind == T_STRUCT || kind == T_ENUM) {
            *decls = kind == T_FN ? parse_function(p) : parse_shape(p, kind == T_STRUCT ? D_STRUCT : D_ENUM);
            decls = &(*decls)->next;
            p->module->decl_count++;
        } else {
            *statements = parse_statement(p);
            statements = &(*statements)->next;
        }
        if (p->now.kind == T_RBRACE) give_up(p, p->now.line, "'}' without '{'");
        end_statement(p);
    }
    number_decls(p);
    p->module->slot_count = p->slot_count;
}

bool parse_module(runtime *rt, module *m) {
    parser p = { .rt = rt, .module = m };
    lex_start(&p.lexer, m->source, m->source_len);
    if (setjmp(p.out)) return false;
    advance(&p);
    parse_top(&p);
    return true;
}
