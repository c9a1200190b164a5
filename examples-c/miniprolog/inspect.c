/* Builtins that take terms apart, and lists. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

static outcome equal(machine *m, cell *x)
{
    return unify(m, x[0], x[1]);
}

static outcome make_functor(machine *m, cell *x)
{
    int64_t n;
    cell name = deref(m, x[1]);
    if (!get_int(m, x[2], &n)) return RAISED;
    if (IS_REF(name)) return instantiation_error(m);
    if (n == 0) return unify(m, x[0], name);
    if (n < 0) return domain_error(m, A_NOT_LESS, INT(n));
    if (functor_of(m, name).arity) return type_error(m, A_ATOMIC, name);
    if (!IS_CON(name)) return type_error(m, A_CALLABLE, name);
    if (n > (int64_t)LIFECYCLE_ARITY_MAX)
        return representation_error(m, A_MAX_ARITY);
    if (!reserve(m, (uint64_t)n + 1)) return resource_error(m, "heap");
    cells args = { 0 };
    for (int64_t k = 0; k < n; k++) push(&args, 0);
    cell c = make_structure(m, lifecycle_con_atom(name), (uint32_t)n,
                            args.at);
    free(args.at);
    if (m->trouble) return FAILED;
    uint64_t at = functor_of(m, c).args;
    for (int64_t k = 0; k < n; k++, at++)
        heap_cells(m)[at] = lifecycle_make_ref(at);
    return unify(m, m->x[0], c);
}

static outcome functor_3(machine *m, cell *x)
{
    cell c = deref(m, x[0]);
    functor f = functor_of(m, c);
    if (IS_REF(c)) return make_functor(m, x);
    if (!f.arity) return unify(m, x[1], c) && unify(m, x[2], INT(0));
    return unify(m, x[1], CON(f.name)) && unify(m, x[2], INT(f.arity));
}

/* '$arg'(+N, +Term, ?Argument) */
static outcome arg(machine *m, cell *x)
{
    int64_t n;
    cell c = deref(m, x[1]);
    functor f = functor_of(m, c);
    if (!get_int(m, x[0], &n)) return RAISED;
    if (IS_REF(c)) return instantiation_error(m);
    if (!f.arity) return type_error(m, A_COMPOUND, c);
    if (n < 1 || n > f.arity) return FAILED;
    return unify(m, x[2], heap_cells(m)[f.args + (uint64_t)n - 1]);
}

static outcome univ_to_list(machine *m, cell c)
{
    functor f = functor_of(m, c);
    if (!reserve(m, 2 * ((uint64_t)f.arity + 1)))
        return resource_error(m, "heap");
    cell list = CON(A_NIL);
    for (uint32_t k = f.arity; k-- > 0;)
        list = make_pair(m, argument(m, f, k), list);
    list = make_pair(m, f.arity ? CON(f.name) : c, list);
    return unify(m, m->x[1], list);
}

static outcome univ_from_list(machine *m, cell *x, cells *list)
{
    if (!get_list(m, x[1], list)) return RAISED;
    if (list->count == 0) return domain_error(m, A_NOT_EMPTY, CON(A_NIL));
    cell name = list->at[0];
    if (list->count == 1) return unify(m, x[0], name);
    if (IS_REF(name)) return instantiation_error(m);
    if (!IS_CON(name)) return type_error(m, A_CALLABLE, name);
    if (!reserve(m, list->count)) return resource_error(m, "heap");
    return unify(m, m->x[0],
                 make_structure(m, lifecycle_con_atom(name),
                                (uint32_t)list->count - 1, list->at + 1));
}

static outcome univ(machine *m, cell *x)
{
    cell c = deref(m, x[0]);
    cells list = { 0 };
    if (!IS_REF(c)) return univ_to_list(m, c);
    outcome o = univ_from_list(m, x, &list);
    free(list.at);
    return o;
}

static outcome compare_3(machine *m, cell *x)
{
    int order = compare(m, x[1], x[2]);
    atom name = order < 0 ? A_NUM_LT : order > 0 ? A_NUM_GT : A_EQUALS;
    return unify(m, x[0], CON(name));
}

/* Each variable once, in order; while it looks, one that was met holds a
 * HOST cell. */
static void variables_of(machine *m, cell c, cells *out)
{
    size_t base = m->work.count;
    push(&m->work, c);
    while (m->work.count > base) {
        c = deref(m, m->work.at[--m->work.count]);
        functor f = functor_of(m, c);
        if (IS_REF(c)) {
            push(out, c);
            heap_cells(m)[INDEX(c)] = lifecycle_make_host(1);
        }
        for (uint32_t k = f.arity; k-- > 0;)
            push(&m->work, heap_cells(m)[f.args + k]);
    }
    for (size_t k = 0; k < out->count; k++)
        heap_cells(m)[INDEX(out->at[k])] = out->at[k];
}

static outcome term_variables(machine *m, cell *x)
{
    cells list = { 0 };
    variables_of(m, x[0], &list);
    bool room = reserve(m, 2 * list.count);
    cell c = room ? make_list(m, list.at, list.count, CON(A_NIL)) : 0;
    free(list.at);
    return room ? (outcome)unify(m, m->x[1], c) : resource_error(m, "heap");
}

static outcome ground(machine *m, cell *x)
{
    cells list = { 0 };
    variables_of(m, x[0], &list);
    size_t count = list.count;
    free(list.at);
    return count == 0;
}

/* ---- lists ---- */

/* '$skip_list'(+List, -Length, -Rest): Rest is [] for a list. */
static outcome skip_list(machine *m, cell *x)
{
    int64_t n = 0;
    cell c = deref(m, x[0]);
    for (; IS_LIS(c); n++) c = argument(m, functor_of(m, c), 1);
    return unify(m, x[1], INT(n)) && unify(m, x[2], c);
}

typedef struct sorting {
    machine *m;
    uint32_t key;  /* argument, or 0 */
    bool down, unique;
} sorting;

static int in_order(const sorting *s, cell a, cell b)
{
    if (s->key > 0) {
        a = argument(s->m, functor_of(s->m, a), s->key - 1);
        b = argument(s->m, functor_of(s->m, b), s->key - 1);
    }
    int order = compare(s->m, a, b);
    return s->down ? -order : order;
}

static void merge(const sorting *s, const cell *a, size_t n, const cell *b,
                  size_t k, cell *out)
{
    while (n > 0 && k > 0) {
        if (in_order(s, *a, *b) <= 0) *out++ = *a++, n--;
        else *out++ = *b++, k--;
    }
    while (n-- > 0) *out++ = *a++;
    while (k-- > 0) *out++ = *b++;
}

/* Runs of 1, 2, 4...: stable. */
static void sort_cells(const sorting *s, cells *v)
{
    cell *other = must(malloc((v->count + 1) * sizeof(cell)));
    for (size_t run = 1; run < v->count; run *= 2) {
        for (size_t at = 0; at < v->count; at += 2 * run) {
            size_t left = v->count - at;
            size_t n = left < run ? left : run;
            size_t k = left - n < run ? left - n : run;
            merge(s, v->at + at, n, v->at + at + n, k, other + at);
        }
        memcpy(v->at, other, v->count * sizeof(cell));
    }
    free(other);
    size_t kept = v->count > 0;
    for (size_t k = 1; s->unique && k < v->count; k++)
        if (in_order(s, v->at[kept - 1], v->at[k]) != 0)
            v->at[kept++] = v->at[k];
    if (s->unique) v->count = kept;
}

static outcome check_keys(machine *m, const sorting *s, const cells *list)
{
    for (size_t k = 0; s->key > 0 && k < list->count; k++) {
        functor f = functor_of(m, list->at[k]);
        if (IS_REF(list->at[k])) return instantiation_error(m);
        if (f.arity < s->key) return type_error(m, A_COMPOUND, list->at[k]);
    }
    return DONE;
}

/* '$sort'(+Key, +Order, +List, -Sorted) */
static outcome sort_4(machine *m, cell *x)
{
    int64_t key;
    atom order;
    cells list = { 0 };
    if (!get_int(m, x[0], &key) || !get_atom(m, x[1], &order))
        return RAISED;
    const char *name = atom_text(m, order, NULL);
    sorting s = { m, (uint32_t)key, strchr(name, '>') != NULL,
                  strchr(name, '=') == NULL };
    outcome o = get_list(m, x[2], &list) ? DONE : RAISED;
    if (o == DONE) o = check_keys(m, &s, &list);
    if (o == DONE) {
        sort_cells(&s, &list);
        if (reserve(m, 2 * list.count))
            o = unify(m, m->x[3], make_list(m, list.at, list.count,
                                            CON(A_NIL)));
        else
            o = resource_error(m, "heap");
    }
    free(list.at);
    return o;
}

const struct builtin_entry term_builtins[] = {
    { "=", 2, equal },
    { "functor", 3, functor_3 },
    { "$arg", 3, arg },
    { "=..", 2, univ },
    { "compare", 3, compare_3 },
    { "copy_term", 2, copy_term },
    { "term_variables", 2, term_variables },
    { "ground", 1, ground },
    { NULL, 0, NULL }
};

const struct builtin_entry list_builtins[] = {
    { "$skip_list", 3, skip_list },
    { "$sort", 4, sort_4 },
    { NULL, 0, NULL }
};
