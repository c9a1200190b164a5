/* The interpreter: walks the tree. Every function that can fail answers false with the runtime's error set. */
#include "minirt.h"

#include <string.h>

#define HOT 50   /* calls after which a function is worth compiling */

typedef enum { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN, FLOW_ERROR } flow;

static bool eval(runtime *, frame *, node *, value *out);
static flow exec(runtime *, frame *, node *);

/* ---- errors: the first one stays ---- */

bool fail_at(runtime *rt, const module *m, int line, const char *format, ...) {
    if (rt->failed) return false;
    int n = snprintf(rt->message, sizeof rt->message, "%s:%d: ", m->path, line);
    va_list args;
    va_start(args, format);
    if (n >= 0 && (size_t)n < sizeof rt->message)
        vsnprintf(rt->message + n, sizeof rt->message - (size_t)n, format, args);
    va_end(args);
    rt->failed = true;
    return false;
}

/* Says what went wrong; the innermost expression or statement on the way out adds where. */
bool fail(runtime *rt, const char *format, ...) {
    if (rt->failed) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(rt->message, sizeof rt->message, format, args);
    va_end(args);
    rt->failed = rt->unplaced = true;
    return false;
}

static void place_error(runtime *rt, const frame *f, int line) {
    char what[sizeof rt->message];
    if (!rt->unplaced) return;
    memcpy(what, rt->message, sizeof what);
    rt->failed = rt->unplaced = false;
    fail_at(rt, f->module, line, "%s", what);
}

/* A status of the library as an error of the program. */
bool check(runtime *rt, lifecycle_status status, const module *m, int line) {
    return status == LIFECYCLE_OK || fail_at(rt, m, line, "%s", lifecycle_last_error());
}

/* Every recursion over what a program wrote or made asks this: the program decides how deep it goes. */
bool stack_used_up(const runtime *rt) { return (uintptr_t)__builtin_frame_address(0) < rt->native.stack_limit; }

/* ---- names ---- */

/* Changes when any name does: each of the four only ever grows. */
uint64_t names_version(const runtime *rt) {
    return *rt->versions[LIFECYCLE_FUNC] + *rt->versions[LIFECYCLE_STRUCT] + *rt->versions[LIFECYCLE_ENUM] +
           *rt->versions[LIFECYCLE_GLOBAL];
}

/* NULL when the declaration's module was unloaded. */
decl *decl_of(runtime *rt, int64_t did) {
    if (!lifecycle_did_is_live(rt->manager, did)) return NULL;
    for (module *m = rt->modules; m; m = m->next)
        if (did >= m->first_did && did < m->first_did + m->decl_count) return m->by_did[did - m->first_did];
    return NULL;
}

static decl *own_decl(const module *m, uint32_t kind, const char *name) {
    static const decl_kind kinds[] = { D_FUNC, D_STRUCT, D_ENUM };
    for (decl *d = m->decls; d; d = d->next)
        if (d->kind == kinds[kind] && strcmp(d->name, name) == 0) return d;
    return NULL;
}

/* A module's own name comes before the others', so that two modules may each have their `helper`. */
static decl *find_decl(runtime *rt, const module *m, uint32_t kind, const char *name) {
    lifecycle_binding binding;
    bool bound = lifecycle_lookup(rt->manager, kind, name, strlen(name), &binding) == LIFECYCLE_OK;
    if (!bound || binding.module != m->id) {
        decl *own = own_decl(m, kind, name);
        if (own) return own;
    }
    return bound ? decl_of(rt, binding.value) : NULL;
}

decl *resolve_function(runtime *rt, const module *m, const char *name) {
    return find_decl(rt, m, LIFECYCLE_FUNC, name);
}

static global *find_global(runtime *rt, const module *m, const char *name) {
    for (global *g = m->globals; g; g = g->next)
        if (strcmp(g->name, name) == 0) return g;
    lifecycle_binding binding;
    if (lifecycle_lookup(rt->manager, LIFECYCLE_GLOBAL, name, strlen(name), &binding) != LIFECYCLE_OK) return NULL;
    return (global *)(intptr_t)binding.value;
}

static bool found(node *n, name_kind kind, const void *target, uint64_t version) {
    union { const void *in; void *out; } u = { .in = target };
    n->cached = (uint8_t)kind;
    n->target = u.out;
    n->version = version;
    return target != NULL;
}

/* Fills a name node's cache. A function is looked for first: a cached one is good while the functions' own table has
 * not changed; anything else while no table has. */
static bool resolve(runtime *rt, const module *m, node *n) {
    uint64_t functions = *rt->versions[LIFECYCLE_FUNC];
    if (n->cached == R_FUNC && n->version == functions) return true;
    uint64_t all = names_version(rt);
    if (n->cached > R_FUNC && n->version == all) return true;
    if (found(n, R_FUNC, find_decl(rt, m, LIFECYCLE_FUNC, n->name), functions)) return true;
    if (found(n, R_GLOBAL, find_global(rt, m, n->name), all)) return true;
    if (found(n, R_STRUCT, find_decl(rt, m, LIFECYCLE_STRUCT, n->name), all)) return true;
    if (found(n, R_ENUM, find_decl(rt, m, LIFECYCLE_ENUM, n->name), all)) return true;
    if (found(n, R_BUILTIN, builtin_find(n->name), all)) return true;
    n->cached = R_NONE;
    return fail(rt, "unknown name '%s'", n->name);
}

/* The index of a field or variant; declaration ids are never reused, so one compare checks the cache. */
static int field_index(runtime *rt, node *n, int64_t did) {
    if (n->version == (uint64_t)did + 1) return n->slot;
    const decl *d = decl_of(rt, did);
    for (int k = 0; d && k < d->field_count; k++) {
        if (strcmp(d->fields[k].name, n->name) == 0) {
            n->version = (uint64_t)did + 1;
            return n->slot = k;
        }
    }
    if (d) fail(rt, "'%s' has no '%s'", d->name, n->name);
    else fail(rt, "the type of what has '%s' was unloaded", n->name);
    return -1;
}

/* ---- calls ---- */

static bool fits(value v, type t) {
    return t == TYPE_ANY || (t == TYPE_INT && v.kind == V_INT) || (t == TYPE_BOOL && v.kind == V_BOOL) ||
           (t == TYPE_STR && v.kind == V_STR) || (t == TYPE_LIST && v.kind == V_LIST);
}

static bool check_arguments(runtime *rt, const decl *d, const value *args, int count) {
    static const char *const types[] = { "any", "int", "bool", "str", "list" };
    if (count != d->field_count)
        return fail(rt, "'%s' takes %d argument(s), not %d", d->name, d->field_count, count);
    for (int k = 0; k < count; k++)
        if (!fits(args[k], d->fields[k].type))
            return fail(rt, "'%s' of '%s' must be %s, not %s", d->fields[k].name, d->name, types[d->fields[k].type],
                        value_kind_name(args[k]));
    return true;
}

/* Runs a function whose arguments are the topmost `count` values of the stack. What it made in the scratch arena is
 * dropped at once when nothing can refer to it: no scratch container was written and the result is no scratch value. */
static bool call_function(runtime *rt, decl *fn, int count, value *out) {
    value *slots = rt->stack_top - count;
    if (!check_arguments(rt, fn, slots, count)) return false;
    if (rt->stack_end - slots < fn->slot_count) return fail(rt, "calls are nested too deep");
    if (++fn->calls > HOT && jit_ready(rt, fn)) return jit_call(rt, fn, slots, out);
    for (int k = count; k < fn->slot_count; k++) slots[k] = nil_value();
    rt->stack_top = slots + fn->slot_count;
    uint64_t stores = rt->stores;
    lifecycle_arena_mark mark = lifecycle_arena_save(rt->scratch);
    frame f = { fn->module, slots, nil_value() };
    if (exec(rt, &f, fn->body) == FLOW_ERROR) return false;
    if (!fits(f.result, fn->returns)) {
        fail(rt, "'%s' returned %s against its word", fn->name, value_kind_name(f.result));
        place_error(rt, &f, fn->line);
        return false;
    }
    *out = f.result;
    if (rt->stores == stores && (!is_heap(*out) || out->as.heap->persistent))
        lifecycle_arena_rewind(rt->scratch, mark);
    return true;
}

static bool construct(runtime *rt, decl *shape, int count, value *out) {
    const value *args = rt->stack_top - count;
    if (!check_arguments(rt, shape, args, count)) return false;
    object *o = object_new(rt, shape);
    if (!o) return false;
    for (int k = 0; k < count; k++)
        if (!value_store(rt, &o->heap, &o->fields[k], args[k])) return false;
    *out = (value){ .kind = V_OBJECT, .as.object = o };
    return true;
}

static bool call_builtin(runtime *rt, const builtin *b, int count, value *out) {
    if (count < b->least || count > b->most) return fail(rt, "'%s' takes %d argument(s)", b->name, b->least);
    *out = nil_value();
    return b->run(rt, rt->stack_top - count, count, out);
}

/* Who is called: a named thing, or a function value that must still be alive. */
static bool eval_callee(runtime *rt, frame *f, node *n, name_kind *kind, void **target) {
    value v;
    if (n->kind == N_NAME) {
        if (!resolve(rt, f->module, n)) return false;
        *kind = (name_kind)n->cached;
        *target = n->target;
        if (*kind == R_FUNC || *kind == R_STRUCT || *kind == R_BUILTIN) return true;
    }
    if (!eval(rt, f, n, &v)) return false;
    if (v.kind != V_FUNC) return fail(rt, "%s is no function", value_kind_name(v));
    *kind = R_FUNC;
    *target = decl_of(rt, v.as.i);
    return *target || fail(rt, "function was unloaded");
}

static bool eval_call(runtime *rt, frame *f, node *n, value *out) {
    name_kind kind = R_NONE;
    void *target = NULL;
    if (!eval_callee(rt, f, n->a, &kind, &target)) return false;
    value *base = rt->stack_top;
    for (node *arg = n->b; arg; arg = arg->next) {
        value v;
        if (!eval(rt, f, arg, &v)) return false;
        if (rt->stack_top == rt->stack_end) return fail(rt, "calls are nested too deep");
        *rt->stack_top++ = v;
    }
    bool ok = kind == R_FUNC     ? call_function(rt, target, n->slot, out)
              : kind == R_STRUCT ? construct(rt, target, n->slot, out)
                                 : call_builtin(rt, target, n->slot, out);
    rt->stack_top = base;
    return ok;
}

/* ---- operators: integers wrap around, as in native code ---- */

static bool divide(runtime *rt, int64_t a, int64_t b, bool rest, value *out) {
    if (b == 0) return fail(rt, "division by zero");
    if (b == -1) *out = int_value(rest ? 0 : (int64_t)(0 - (uint64_t)a));
    else *out = int_value(rest ? a % b : a / b);
    return true;
}

static bool int_operation(runtime *rt, int op, int64_t a, int64_t b, value *out) {
    switch (op) {
    case T_PLUS: *out = int_value((int64_t)((uint64_t)a + (uint64_t)b)); return true;
    case T_MINUS: *out = int_value((int64_t)((uint64_t)a - (uint64_t)b)); return true;
    case T_STAR: *out = int_value((int64_t)((uint64_t)a * (uint64_t)b)); return true;
    case T_SLASH: return divide(rt, a, b, false, out);
    case T_PERCENT: return divide(rt, a, b, true, out);
    case T_LT: *out = bool_value(a < b); return true;
    case T_LE: *out = bool_value(a <= b); return true;
    case T_GT: *out = bool_value(a > b); return true;
    default: *out = bool_value(a >= b); return true;
    }
}

static bool concatenate(runtime *rt, value a, value b, value *out) {
    string *x, *y;
    if (!value_text(rt, a, &x) || !value_text(rt, b, &y)) return false;
    string *s = string_new(rt, x->len + y->len);
    if (!s) return false;
    memcpy(s->data, x->data, (size_t)x->len);
    memcpy(s->data + x->len, y->data, (size_t)y->len);
    *out = (value){ .kind = V_STR, .as.str = s };
    return true;
}

static int compare_strings(const string *a, const string *b) {
    int64_t shorter = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->data, b->data, (size_t)shorter);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static bool eval_binary(runtime *rt, frame *f, node *n, value *out) {
    value a, b;
    if (!eval(rt, f, n->a, &a) || !eval(rt, f, n->b, &b)) return false;
    if (n->op == T_EQ || n->op == T_NE) {
        *out = bool_value(value_equal(rt, a, b, 0) == (n->op == T_EQ));
        return true;
    }
    if (a.kind == V_INT && b.kind == V_INT) return int_operation(rt, n->op, a.as.i, b.as.i, out);
    if (n->op == T_PLUS && (a.kind == V_STR || b.kind == V_STR)) return concatenate(rt, a, b, out);
    if (a.kind == V_STR && b.kind == V_STR && n->op >= T_LE && n->op <= T_GT)
        return int_operation(rt, n->op, compare_strings(a.as.str, b.as.str), 0, out);
    return fail(rt, "this operator does not take %s and %s", value_kind_name(a), value_kind_name(b));
}

static bool eval_truth(runtime *rt, frame *f, node *n, bool *out) {
    value v;
    if (!eval(rt, f, n, &v)) return false;
    if (v.kind != V_BOOL) return fail(rt, "expected true or false, not %s", value_kind_name(v));
    *out = v.as.i;
    return true;
}

/* a and b, a or b: b is not looked at when a decides. */
static bool eval_logic(runtime *rt, frame *f, node *n, value *out) {
    bool truth;
    if (!eval_truth(rt, f, n->a, &truth)) return false;
    if (truth == (n->kind == N_AND) && !eval_truth(rt, f, n->b, &truth)) return false;
    *out = bool_value(truth);
    return true;
}

static bool eval_unary(runtime *rt, frame *f, node *n, value *out) {
    if (n->kind == N_NOT) {
        bool truth;
        if (!eval_truth(rt, f, n->a, &truth)) return false;
        *out = bool_value(!truth);
        return true;
    }
    value v;
    if (!eval(rt, f, n->a, &v)) return false;
    if (v.kind != V_INT) return fail(rt, "'-' does not take %s", value_kind_name(v));
    *out = int_value((int64_t)(0 - (uint64_t)v.as.i));
    return true;
}

/* ---- places ---- */

static bool eval_name(runtime *rt, frame *f, node *n, value *out) {
    if (!resolve(rt, f->module, n)) return false;
    if (n->cached == R_FUNC) {
        *out = (value){ .kind = V_FUNC, .as.i = ((const decl *)n->target)->did };
        return true;
    }
    if (n->cached != R_GLOBAL) return fail(rt, "'%s' is no value", n->name);
    const global *g = n->target;
    if (!g->ready) return fail(rt, "'%s' is used before it has a value", n->name);
    *out = g->value;
    return true;
}

static bool check_index(runtime *rt, value of, value index, int64_t len) {
    if (index.kind != V_INT) return fail(rt, "an index must be int, not %s", value_kind_name(index));
    if (index.as.i >= 0 && index.as.i < len) return true;
    return fail(rt, "index %lld is outside a %s of %lld", (long long)index.as.i, value_kind_name(of), (long long)len);
}

static bool eval_index(runtime *rt, frame *f, node *n, value *out) {
    value of, index;
    if (!eval(rt, f, n->a, &of) || !eval(rt, f, n->b, &index)) return false;
    if (of.kind == V_LIST) {
        if (!check_index(rt, of, index, of.as.list->len)) return false;
        *out = of.as.list->items[index.as.i];
        return true;
    }
    if (of.kind != V_STR) return fail(rt, "%s has no elements", value_kind_name(of));
    return check_index(rt, of, index, of.as.str->len) && string_from(rt, of.as.str->data + index.as.i, 1, out);
}

static bool eval_field(runtime *rt, frame *f, node *n, value *out) {
    if (n->a->kind == N_NAME && resolve(rt, f->module, n->a) && n->a->cached == R_ENUM) {
        int64_t did = ((const decl *)n->a->target)->did;
        int variant = field_index(rt, n, did);
        *out = (value){ .kind = V_ENUM, .variant = variant, .as.i = did };
        return variant >= 0;
    }
    value of;
    if (rt->failed || !eval(rt, f, n->a, &of)) return false;
    if (of.kind != V_OBJECT) return fail(rt, "%s has no field '%s'", value_kind_name(of), n->name);
    int index = field_index(rt, n, of.as.object->did);
    if (index < 0) return false;
    *out = of.as.object->fields[index];
    return true;
}

static bool eval_list(runtime *rt, frame *f, node *n, value *out) {
    list *l = list_new(rt, n->slot);
    if (!l) return false;
    for (node *item = n->a; item; item = item->next) {
        value v;
        if (!eval(rt, f, item, &v) || !list_push(rt, l, v)) return false;
    }
    *out = (value){ .kind = V_LIST, .as.list = l };
    return true;
}

static bool eval_kind(runtime *rt, frame *f, node *n, value *out) {
    switch ((node_kind)n->kind) {
    case N_CONST: *out = n->constant; return true;
    case N_LOCAL: *out = f->slots[n->slot]; return true;
    case N_NAME: return eval_name(rt, f, n, out);
    case N_LIST: return eval_list(rt, f, n, out);
    case N_BINARY: return eval_binary(rt, f, n, out);
    case N_AND: case N_OR: return eval_logic(rt, f, n, out);
    case N_NOT: case N_NEGATE: return eval_unary(rt, f, n, out);
    case N_CALL: return eval_call(rt, f, n, out);
    case N_INDEX: return eval_index(rt, f, n, out);
    case N_FIELD: return eval_field(rt, f, n, out);
    default: return fail(rt, "this is no expression");
    }
}

static bool eval(runtime *rt, frame *f, node *n, value *out) {
    if (stack_used_up(rt)) fail(rt, "calls are nested too deep");
    else if (eval_kind(rt, f, n, out)) return true;
    place_error(rt, f, n->line);
    return false;
}

/* ---- statements ---- */

static bool assign_name(runtime *rt, frame *f, node *n, value v) {
    if (!resolve(rt, f->module, n)) return false;
    global *g = n->target;
    if (n->cached != R_GLOBAL || !g->variable) return fail(rt, "'%s' cannot be assigned", n->name);
    g->ready = true;
    return value_store(rt, NULL, &g->value, v);
}

static bool assign_index(runtime *rt, frame *f, node *n, value v) {
    value of, index;
    if (!eval(rt, f, n->a, &of) || !eval(rt, f, n->b, &index)) return false;
    if (of.kind != V_LIST) return fail(rt, "an element of %s cannot be assigned", value_kind_name(of));
    return check_index(rt, of, index, of.as.list->len) &&
           value_store(rt, of.as.heap, &of.as.list->items[index.as.i], v);
}

static bool assign_field(runtime *rt, frame *f, node *n, value v) {
    value of;
    if (!eval(rt, f, n->a, &of)) return false;
    if (of.kind != V_OBJECT) return fail(rt, "%s has no field '%s'", value_kind_name(of), n->name);
    int index = field_index(rt, n, of.as.object->did);
    return index >= 0 && value_store(rt, of.as.heap, &of.as.object->fields[index], v);
}

/* The value is computed first: computing it may move the place. */
static bool exec_assign(runtime *rt, frame *f, node *n) {
    value v;
    if (!eval(rt, f, n->b, &v)) return false;
    switch (n->a->kind) {
    case N_LOCAL: f->slots[n->a->slot] = v; return true;
    case N_NAME: return assign_name(rt, f, n->a, v);
    case N_INDEX: return assign_index(rt, f, n->a, v);
    default: return assign_field(rt, f, n->a, v);
    }
}

static flow exec_if(runtime *rt, frame *f, node *n) {
    bool truth;
    if (!eval_truth(rt, f, n->a, &truth)) return FLOW_ERROR;
    if (truth) return exec(rt, f, n->b);
    return n->c ? exec(rt, f, n->c) : FLOW_NEXT;
}

/* Runs a loop's body once: true to go on, false to end the loop with *result. */
static bool once_more(runtime *rt, frame *f, node *body, flow *result) {
    *result = exec(rt, f, body);
    if (*result == FLOW_NEXT || *result == FLOW_CONTINUE) {
        *result = FLOW_NEXT;
        return true;
    }
    if (*result == FLOW_BREAK) *result = FLOW_NEXT;
    return false;
}

static flow exec_while(runtime *rt, frame *f, node *n) {
    flow result = FLOW_NEXT;
    bool truth;
    do {
        if (!eval_truth(rt, f, n->a, &truth)) return FLOW_ERROR;
    } while (truth && once_more(rt, f, n->b, &result));
    return result;
}

static flow exec_range(runtime *rt, frame *f, node *n, value first) {
    flow result = FLOW_NEXT;
    value last;
    if (!eval(rt, f, n->c, &last)) return FLOW_ERROR;
    if (first.kind != V_INT || last.kind != V_INT) {
        fail(rt, "a range must be int..int");
        return FLOW_ERROR;
    }
    for (int64_t i = first.as.i; i < last.as.i; i++) {
        f->slots[n->slot] = int_value(i);
        if (!once_more(rt, f, n->b, &result)) break;
    }
    return result;
}

static flow exec_for(runtime *rt, frame *f, node *n) {
    flow result = FLOW_NEXT;
    value over;
    if (!eval(rt, f, n->a, &over)) return FLOW_ERROR;
    if (n->c) return exec_range(rt, f, n, over);
    if (over.kind != V_LIST && over.kind != V_STR) {
        fail(rt, "'for' goes over a list, str or range, not %s", value_kind_name(over));
        return FLOW_ERROR;
    }
    for (int64_t k = 0; k < (over.kind == V_LIST ? over.as.list->len : over.as.str->len); k++) {
        value *x = &f->slots[n->slot];
        if (over.kind == V_LIST) *x = over.as.list->items[k];
        else if (!string_from(rt, over.as.str->data + k, 1, x)) return FLOW_ERROR;
        if (!once_more(rt, f, n->b, &result)) break;
    }
    return result;
}

static flow exec_kind(runtime *rt, frame *f, node *n) {
    value v;
    bool ok = true;
    switch ((node_kind)n->kind) {
    case N_LET: ok = eval(rt, f, n->a, &f->slots[n->slot]); break;
    case N_GLOBAL: {
        global *g = n->target;
        ok = eval(rt, f, n->a, &v) && value_store(rt, NULL, &g->value, v);
        g->ready = ok;
        break;
    }
    case N_ASSIGN: ok = exec_assign(rt, f, n); break;
    case N_EXPR: ok = eval(rt, f, n->a, &v); break;
    case N_IF: return exec_if(rt, f, n);
    case N_WHILE: return exec_while(rt, f, n);
    case N_FOR: return exec_for(rt, f, n);
    case N_BREAK: return FLOW_BREAK;
    case N_CONTINUE: return FLOW_CONTINUE;
    case N_RETURN:
        if (n->a && !eval(rt, f, n->a, &f->result)) return FLOW_ERROR;
        return FLOW_RETURN;
    default:
        for (node *s = n->a; s; s = s->next) {
            flow result = exec(rt, f, s);
            if (result != FLOW_NEXT) return result;
        }
    }
    return ok ? FLOW_NEXT : FLOW_ERROR;
}

static flow exec(runtime *rt, frame *f, node *n) {
    flow result = FLOW_ERROR;
    if (stack_used_up(rt)) fail(rt, "calls are nested too deep");
    else result = exec_kind(rt, f, n);
    if (result == FLOW_ERROR) place_error(rt, f, n->line);
    return result;
}

/* ---- modules ---- */

void eval_begin(runtime *rt) { rt->depth++; }

/* The outermost evaluation's end: everything temporary goes. */
void eval_end(runtime *rt) {
    if (--rt->depth > 0) return;
    caches_save(rt);
    rt->stack_top = rt->stack;
    lifecycle_arena_reset(rt->scratch);
    garbage_free(rt);
}

static bool exec_echo(runtime *rt, frame *f, node *n) {
    value v;
    string *s;
    if (!eval(rt, f, n->a, &v)) return false;
    if (v.kind == V_NIL) return true;
    if (!value_text(rt, v, &s)) return false;
    fwrite(s->data, 1, (size_t)s->len, stdout);
    fputc('\n', stdout);
    return true;
}

/* Runs a module's statements. No scratch value outlives the statement it was made in: what is kept was copied. */
bool eval_module(runtime *rt, module *m) {
    value *slots = rt->stack_top;
    if (rt->stack_end - slots < m->slot_count) return fail_at(rt, m, 1, "calls are nested too deep");
    rt->stack_top += m->slot_count;
    frame f = { m, slots, nil_value() };
    bool ok = true;
    for (node *n = m->body; ok && n; n = n->next) {
        lifecycle_arena_mark mark = lifecycle_arena_save(rt->scratch);
        for (int k = 0; k < m->slot_count; k++) slots[k] = nil_value();
        ok = m->echo && n->kind == N_EXPR ? exec_echo(rt, &f, n) : exec(rt, &f, n) != FLOW_ERROR;
        lifecycle_arena_rewind(rt->scratch, mark);
    }
    rt->stack_top = slots;
    return ok;
}
