/* Terms: what they are, building, unification, the standard order. */
#include "prolog.h"

#include <string.h>

functor functor_of(machine *m, cell c)
{
    functor f = { 0, 0, 0 };
    if (IS_LIS(c)) {
        f = (functor){ A_DOT, 2, INDEX(c) };
    } else if (IS_STR(c)) {
        cell header = heap_cells(m)[INDEX(c)];
        if (TAG(header) == LIFECYCLE_TAG_FUN)
            f = (functor){ lifecycle_fun_atom(header),
                           lifecycle_fun_arity(header), INDEX(c) + 1 };
    }
    return f;
}

bool is_blob(machine *m, cell c)
{
    return IS_STR(c) && TAG(heap_cells(m)[INDEX(c)]) == LIFECYCLE_TAG_BLOB;
}

bool is_callable(machine *m, cell c)
{
    return IS_CON(c) || functor_of(m, c).arity > 0;
}

cell argument(machine *m, functor f, uint32_t k)
{
    return deref(m, heap_cells(m)[f.args + k]);
}

bool has_type(machine *m, cell c, int code)
{
    bool blob = is_blob(m, c);
    bool compound = IS_LIS(c) || (IS_STR(c) && !blob);
    switch (code) {
    case IS_VAR: return IS_REF(c);
    case IS_NONVAR: return !IS_REF(c);
    case IS_ATOM: return IS_CON(c);
    case IS_INTEGER: return IS_INT(c);
    case IS_ATOMIC: return !IS_REF(c) && !compound;
    case IS_COMPOUND: return compound;
    case IS_CALLABLE: return IS_CON(c) || compound;
    case IS_STRING: return blob;
    default: return false;
    }
}

int type_code(atom name)
{
    switch (name) {
    case A_VAR: return IS_VAR;
    case A_NONVAR: return IS_NONVAR;
    case A_ATOM: return IS_ATOM;
    case A_INTEGER: case A_NUMBER: return IS_INTEGER;
    case A_ATOMIC: return IS_ATOMIC;
    case A_COMPOUND: return IS_COMPOUND;
    case A_CALLABLE: return IS_CALLABLE;
    case A_STRING: return IS_STRING;
    case A_FLOAT: return IS_NEVER;
    default: return -1;
    }
}

/* ---- building: room has been reserved ---- */

cell make_var(machine *m)
{
    uint64_t at = alloc(m, 1);
    cell c = lifecycle_make_ref(at);
    if (at) heap_cells(m)[at] = c;
    else m->trouble = true;
    return at ? c : CON(A_NIL);
}

cell make_pair(machine *m, cell head, cell tail)
{
    uint64_t at = alloc(m, 2);
    if (!at) {
        m->trouble = true;
        return CON(A_NIL);
    }
    heap_cells(m)[at] = head;
    heap_cells(m)[at + 1] = tail;
    return lifecycle_make_lis(at);
}

cell make_structure(machine *m, atom name, uint32_t arity, const cell *args)
{
    if (arity == 0) return CON(name);
    if (name == A_DOT && arity == 2) return make_pair(m, args[0], args[1]);
    uint64_t at = alloc(m, (uint64_t)arity + 1);
    if (!at) {
        m->trouble = true;
        return CON(A_NIL);
    }
    heap_cells(m)[at] = lifecycle_make_fun(name, arity);
    memcpy(heap_cells(m) + at + 1, args, arity * sizeof *args);
    return lifecycle_make_str(at);
}

cell make_string(machine *m, const char *bytes, size_t len)
{
    cell out;
    if (lifecycle_heap_blob(m->heap, len ? bytes : NULL, len, &out) !=
        LIFECYCLE_OK) {
        m->trouble = true;
        return CON(A_EMPTY);
    }
    return out;
}

cell make_list(machine *m, const cell *at, size_t count, cell tail)
{
    while (count > 0 && !m->trouble) tail = make_pair(m, at[--count], tail);
    return tail;
}

/* ---- unification ---- */

/* `trouble` tells a full trail from a failure. */
bool bind(machine *m, uint64_t ref, cell value)
{
    if (lifecycle_wam_bind(m->heap, ref, value) == LIFECYCLE_OK) return true;
    m->trouble = true;
    return false;
}

/* Of two variables the one with the higher index is bound: on the whole it
 * is the younger one, and needs no trail. */
static bool bind_either(machine *m, cell a, cell b)
{
    if (IS_REF(a) && (!IS_REF(b) || a > b)) return bind(m, INDEX(a), b);
    return bind(m, INDEX(b), a);
}

static bool same_bytes(machine *m, cell a, cell b)
{
    const cell *p = heap_cells(m) + INDEX(a), *q = heap_cells(m) + INDEX(b);
    return *p == *q && memcmp(p + 1, q + 1, lifecycle_blob_bytes(*p)) == 0;
}

/* The arguments of two structures with the same functor: all but the first
 * wait on the stack. */
static void push_arguments(machine *m, functor a, functor b, cell *x, cell *y)
{
    const cell *cells = heap_cells(m);
    for (uint32_t k = a.arity; k-- > 1;) {
        push(&m->work, cells[b.args + k]);
        push(&m->work, cells[a.args + k]);
    }
    *x = cells[a.args];
    *y = cells[b.args];
}

bool unify(machine *m, cell a, cell b)
{
    size_t base = m->work.count;
    bool good = true;
    while (good) {
        a = deref(m, a);
        b = deref(m, b);
        if (a == b) {
            /* nothing to do */
        } else if (IS_REF(a) || IS_REF(b)) {
            good = bind_either(m, a, b);
        } else {
            functor f = functor_of(m, a), g = functor_of(m, b);
            if (f.arity && f.arity == g.arity && f.name == g.name) {
                push_arguments(m, f, g, &a, &b);
                continue;
            }
            good = is_blob(m, a) && is_blob(m, b) && same_bytes(m, a, b);
        }
        if (m->work.count == base) break;
        a = m->work.at[--m->work.count];
        b = m->work.at[--m->work.count];
    }
    m->work.count = base;
    return good;
}

/* ---- the standard order: variables, numbers, strings, atoms, compounds */

static int rank(machine *m, cell c)
{
    if (IS_REF(c)) return 0;
    if (IS_INT(c)) return 1;
    if (is_blob(m, c)) return 2;
    if (IS_CON(c)) return 3;
    return TAG(c) == LIFECYCLE_TAG_HOST ? 4 : 5;
}

static int compare_bytes(const char *p, size_t n, const char *q, size_t k)
{
    int order = memcmp(p, q, n < k ? n : k);
    return order ? order : n < k ? -1 : n > k;
}

static int compare_simple(machine *m, cell a, cell b, int kind)
{
    if (kind == 1) {
        int64_t x = lifecycle_int_value(a), y = lifecycle_int_value(b);
        return x < y ? -1 : x > y;
    }
    if (kind == 3) {
        size_t n, k;
        const char *p = atom_text(m, lifecycle_con_atom(a), &n);
        const char *q = atom_text(m, lifecycle_con_atom(b), &k);
        return compare_bytes(p, n, q, k);
    }
    if (kind == 2) {
        const cell *p = heap_cells(m) + INDEX(a);
        const cell *q = heap_cells(m) + INDEX(b);
        return compare_bytes((const char *)(p + 1), lifecycle_blob_bytes(*p),
                             (const char *)(q + 1), lifecycle_blob_bytes(*q));
    }
    return a < b ? -1 : a > b;
}

int compare(machine *m, cell a, cell b)
{
    size_t base = m->work.count;
    int order = 0;
    for (;;) {
        a = deref(m, a);
        b = deref(m, b);
        if (a != b) {
            int x = rank(m, a), y = rank(m, b);
            if (x != y) {
                order = x < y ? -1 : 1;
            } else if (x < 5) {
                order = compare_simple(m, a, b, x);
            } else {
                functor f = functor_of(m, a), g = functor_of(m, b);
                if (f.arity == g.arity && f.name == g.name) {
                    push_arguments(m, f, g, &a, &b);
                    continue;
                }
                order = f.arity != g.arity
                            ? (f.arity < g.arity ? -1 : 1)
                            : compare_simple(m, CON(f.name), CON(g.name), 3);
            }
        }
        if (order || m->work.count == base) break;
        a = m->work.at[--m->work.count];
        b = m->work.at[--m->work.count];
    }
    m->work.count = base;
    return order;
}
