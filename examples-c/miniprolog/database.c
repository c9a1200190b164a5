/* Clauses: adding and erasing them, first-argument indexing, and giving the
 * memory of erased ones back. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

/* ---- indexing ---- */

/* What a first argument must be equal to; 0 for a variable. */
cell key_of(machine *m, cell c)
{
    c = deref(m, c);
    if (IS_REF(c)) return 0;
    if (IS_LIS(c)) return LIFECYCLE_TAG_LIS;
    if (IS_STR(c)) {
        cell header = heap_cells(m)[INDEX(c)];
        return TAG(header) == LIFECYCLE_TAG_BLOB ? LIFECYCLE_TAG_BLOB
                                                 : header;
    }
    return c;
}

static cell record_key(const record *r)
{
    cell c = r->at[0];
    if (IS_STR(c) && r->at[INDEX(c)] == lifecycle_make_fun(A_NECK, 2))
        c = r->at[INDEX(c) + 1];
    if (IS_LIS(c)) c = r->at[INDEX(c)];
    else if (IS_STR(c)) c = r->at[INDEX(c) + 1];
    else return 0;
    if (IS_REF(c)) return 0;
    if (IS_LIS(c)) return LIFECYCLE_TAG_LIS;
    if (!IS_STR(c)) return c;
    cell header = r->at[INDEX(c)];
    return TAG(header) == LIFECYCLE_TAG_BLOB ? LIFECYCLE_TAG_BLOB : header;
}

/* The next clause that a goal of a generation may match, or NULL. */
clause *next_clause(machine *m, clause *from, cell key, uint64_t generation)
{
    (void)m;
    for (clause *c = from; c; c = c->next)
        if ((!c->key || !key || c->key == key) && c->born <= generation &&
            generation < c->died)
            return c;
    return NULL;
}

/* ---- references: a slot and how often it has been used ---- */

static cell reference_cell(machine *m, const clause *c)
{
    return lifecycle_make_host((m->refs[c->slot].serial << 28 | c->slot)
                               << 1);
}

static void take_reference(machine *m, clause *c)
{
    size_t slot = m->ref_free;
    while (slot < m->ref_count && m->refs[slot].clause) slot++;
    if (slot == m->ref_count) {
        m->refs = grow(m->refs, &m->ref_room, slot + 1, sizeof *m->refs);
        m->refs[m->ref_count++] = (struct reference){ NULL, 0 };
    }
    m->ref_free = slot + 1;
    m->refs[slot].clause = c;
    m->refs[slot].serial++;
    c->slot = (uint32_t)slot;
}

/* NULL for a clause that is gone. */
static clause *referenced(machine *m, cell ref)
{
    if (TAG(ref) != LIFECYCLE_TAG_HOST) return NULL;
    uint64_t n = lifecycle_host_payload(ref) >> 1;
    uint64_t slot = n & 0xfffffff;
    if (slot >= m->ref_count || m->refs[slot].serial != n >> 28) return NULL;
    return m->refs[slot].clause;
}

/* ---- adding ---- */

/* The head of a clause term, and what it is a clause of. */
static outcome head_of(machine *m, cell term, functor *out)
{
    functor f = functor_of(m, term);
    cell head = term;
    if (f.name == A_NECK && f.arity == 2) head = argument(m, f, 0);
    if (IS_REF(head)) return instantiation_error(m);
    if (!is_callable(m, head)) return type_error(m, A_CALLABLE, head);
    *out = functor_of(m, head);
    if (IS_CON(head)) out->name = lifecycle_con_atom(head);
    if (out->arity > MOST_ARGUMENTS)
        return representation_error(m, A_MAX_ARITY);
    return DONE;
}

static outcome refuse_change(machine *m, const pred *p, atom action,
                             atom type)
{
    if (!reserve(m, 16)) return resource_error(m, "heap");
    return permission_error(m, action, type,
                            indicator(m, p->name, p->arity));
}

static void link_clause(pred *p, clause *c, bool last)
{
    if (!p->first) {
        p->first = p->last = c;
    } else if (last) {
        p->last->next = c;
        p->last = c;
    } else {
        c->next = p->first;
        p->first = c;
    }
    p->count++;
}

outcome add_clause(machine *m, cell term, bool last)
{
    functor f;
    outcome result;
    term = deref(m, term);
    if (head_of(m, term, &f) == RAISED) return RAISED;
    pred *p = find_pred(m, f.name, f.arity, true);
    if (p->system)
        return refuse_change(m, p, A_MODIFY, A_STATIC);
    record *r = make_record(m, term);
    clause *c = compile(m, r, &result);
    if (!c) {
        free(r);
        if (result == RAISED) return RAISED;
        return type_error(m, A_CALLABLE,
                          argument(m, functor_of(m, term), 1));
    }
    c->of = p;
    c->source = r;
    c->key = record_key(r);
    c->born = ++m->generation;
    c->died = UINT64_MAX;
    take_reference(m, c);
    p->known = true;
    link_clause(p, c, last);
    return DONE;
}

/* ---- erasing ---- */

/* It is unlinked at once but keeps its own link: whoever stands on it goes
 * on from there. */
void erase(machine *m, clause *c)
{
    pred *p = c->of;
    if (c->died != UINT64_MAX) return;
    c->died = ++m->generation;
    if (p->first == c) {
        p->first = c->next;
        if (p->last == c) p->last = NULL;
    } else {
        clause *before = p->first;
        while (before->next != c) before = before->next;
        before->next = c->next;
        if (p->last == c) p->last = before;
    }
    p->count--;
    c->next_erased = m->erased;
    m->erased = c;
    m->erased_count++;
    m->refs[c->slot].clause = NULL;
    if (c->slot < m->ref_free) m->ref_free = c->slot;
}

void erase_all(machine *m, pred *p)
{
    while (p->first) erase(m, p->first);
}

/* ---- the memory of erased clauses ---- */

static void mark_code(const void *code)
{
    clause *owner = (clause *)(uintptr_t)((const word *)code)[-1];
    if (owner && owner->died != UINT64_MAX) owner->used = true;
}

/* Each environment once: a bit for each 8 bytes of the stack. */
static void mark_frames(machine *m, const lifecycle_frame *e,
                        const void *code, uint8_t *seen)
{
    for (;;) {
        mark_code(code);
        if (!e) return;
        size_t at = (size_t)((const char *)e - m->stack) / 8;
        if (seen[at / 8] & 1u << at % 8) return;
        seen[at / 8] |= (uint8_t)(1u << at % 8);
        code = e->code;
        e = e->prev;
    }
}

/* A clause that was erased is freed when neither a choicepoint nor code that
 * goes on needs it, nor another one that is kept leads to it. */
static void mark_used(machine *m)
{
    void *top;
    stack_room(m, 0, &top);
    uint8_t *seen = must(calloc((size_t)((char *)top - m->stack) / 64 + 1,
                                1));
    mark_frames(m, m->wam.e, m->wam.code, seen);
    for (lifecycle_choice *b = m->wam.b; b; b = b->prev) {
        const word *next = b->alternative;
        mark_frames(m, b->env, b->code, seen);
        clause *c = (clause *)(uintptr_t)next;
        if (*next == CLAUSE_MARK && c->died != UINT64_MAX) c->used = true;
    }
    free(seen);
    for (clause *c = m->erased; c; c = c->next_erased)
        for (clause *d = c; d->used && d->next && !d->next->used &&
                            d->next->died != UINT64_MAX; d = d->next)
            d->next->used = true;
}

void code_collect(machine *m)
{
    clause **link = &m->erased;
    mark_used(m);
    m->erased_count = 0;
    while (*link) {
        clause *c = *link;
        if (c->used) {
            link = &c->next_erased;
            m->erased_count++;
        } else {
            *link = c->next_erased;
            free(c->source);
            free(c);
        }
    }
    for (clause *c = m->erased; c; c = c->next_erased) c->used = false;
    m->erased_limit = m->erased_count * 2 + 1000;
    m->code_collections++;
}

/* ---- builtins ---- */

static outcome assertz(machine *m, cell *x)
{
    functor f;
    cell term = deref(m, x[0]);
    if (head_of(m, term, &f) == RAISED) return RAISED;
    pred *p = find_pred(m, f.name, f.arity, true);
    if (!p->known) p->dynamic = true;
    return add_clause(m, term, true);
}

static outcome asserta(machine *m, cell *x)
{
    functor f;
    cell term = deref(m, x[0]);
    if (head_of(m, term, &f) == RAISED) return RAISED;
    pred *p = find_pred(m, f.name, f.arity, true);
    if (!p->known) p->dynamic = true;
    return add_clause(m, term, false);
}

/* '$consult_clause'(+Clause): a predicate of an earlier consultation, or of
 * the library, is replaced. */
static outcome consult_clause(machine *m, cell *x)
{
    functor f;
    cell term = deref(m, x[0]);
    if (head_of(m, term, &f) == RAISED) return RAISED;
    pred *p = find_pred(m, f.name, f.arity, true);
    if (p->load != m->load && !p->system && !p->dynamic) {
        erase_all(m, p);
        p->library = false;
    }
    p->load = m->load;
    return add_clause(m, term, true);
}

static outcome begin_consult(machine *m, cell *x)
{
    (void)x;
    m->load++;
    return DONE;
}

static outcome pred_argument(machine *m, cell spec, pred **out)
{
    functor f = functor_of(m, spec);
    int64_t arity;
    atom name;
    if (IS_REF(spec)) return instantiation_error(m);
    if (f.name != A_SLASH || f.arity != 2)
        return type_error(m, intern_z(m, "predicate_indicator"), spec);
    if (!get_atom(m, argument(m, f, 0), &name) ||
        !get_int(m, argument(m, f, 1), &arity))
        return RAISED;
    if (arity < 0 || arity > MOST_ARGUMENTS)
        return representation_error(m, A_MAX_ARITY);
    *out = find_pred(m, name, (uint32_t)arity, true);
    return DONE;
}

static outcome dynamic(machine *m, cell *x)
{
    pred *p;
    if (pred_argument(m, deref(m, x[0]), &p) == RAISED) return RAISED;
    if (p->system) return refuse_change(m, p, A_MODIFY, A_STATIC);
    if (p->library) erase_all(m, p);
    p->library = false;
    p->dynamic = p->known = true;
    p->load = m->load;
    return DONE;
}

static outcome abolish(machine *m, cell *x)
{
    pred *p;
    if (pred_argument(m, deref(m, x[0]), &p) == RAISED) return RAISED;
    if (p->system || !p->dynamic)
        return refuse_change(m, p, A_MODIFY, A_STATIC);
    erase_all(m, p);
    return DONE;
}

/* '$clauses'(+Head, +Action, -References): those that may match now.
 * Builtins and the library are private. */
static outcome clauses(machine *m, cell *x)
{
    functor f;
    atom action;
    cell head = deref(m, x[0]);
    if (head_of(m, head, &f) == RAISED || !get_atom(m, x[1], &action))
        return RAISED;
    pred *p = find_pred(m, f.name, f.arity, false);
    if (!p) return unify(m, x[2], CON(A_NIL));
    if (p->system || p->library || (action == A_MODIFY && !p->dynamic &&
                                    p->known))
        return refuse_change(m, p, action,
                             action == A_ACCESS ? A_PRIVATE : A_STATIC);
    cell key = f.arity ? key_of(m, heap_cells(m)[f.args]) : 0;
    cells list = { 0 };
    for (clause *c = p->first; c; c = c->next)
        if ((c = next_clause(m, c, key, m->generation)) == NULL) break;
        else push(&list, reference_cell(m, c));
    outcome o = RAISED;
    if (reserve(m, 2 * list.count))
        o = unify(m, m->x[2], make_list(m, list.at, list.count,
                                        CON(A_NIL)));
    else
        resource_error(m, "heap");
    free(list.at);
    return o;
}

/* '$clause'(+Reference, -Head, -Body): fails if it was erased. */
static outcome clause_term(machine *m, cell *x)
{
    const clause *c = referenced(m, deref(m, x[0]));
    if (!c) return FAILED;
    if (!reserve(m, c->source->count)) return resource_error(m, "heap");
    cell term = load_record(m, c->source), body = CON(A_TRUE);
    functor f = functor_of(m, term);
    if (f.name == A_NECK && f.arity == 2) {
        body = argument(m, f, 1);
        term = argument(m, f, 0);
    }
    return unify(m, m->x[1], term) && unify(m, m->x[2], body);
}

static outcome erase_reference(machine *m, cell *x)
{
    clause *c = referenced(m, deref(m, x[0]));
    if (!c) return FAILED;
    erase(m, c);
    return DONE;
}

/* '$predicate'(+Name, +Arity, -Kind) */
static outcome predicate(machine *m, cell *x)
{
    atom name;
    int64_t n;
    if (!get_atom(m, x[0], &name) || !get_int(m, x[1], &n)) return RAISED;
    const pred *p = find_pred(m, name, (uint32_t)n, false);
    if (!p || !p->known) return FAILED;
    return unify(m, x[2], CON(intern_z(m, p->dynamic ? "dynamic"
                                          : p->system || p->library
                                              ? "system" : "static")));
}

/* '$arities'(+Name, -List): of the predicates with clauses of this name. */
static outcome arities(machine *m, cell *x)
{
    atom name;
    cells list = { 0 };
    if (!get_atom(m, x[0], &name)) return RAISED;
    for (uint32_t n = 0; n < 16; n++) {
        const pred *p = find_pred(m, name, n, false);
        if (p && p->known && !p->system && !p->library) push(&list, INT(n));
    }
    if (!reserve(m, 2 * list.count)) {
        free(list.at);
        return resource_error(m, "heap");
    }
    cell c = make_list(m, list.at, list.count, CON(A_NIL));
    free(list.at);
    return unify(m, m->x[1], c);
}

const struct builtin_entry database_builtins[] = {
    { "assertz", 1, assertz },
    { "assert", 1, assertz },
    { "asserta", 1, asserta },
    { "$consult_clause", 1, consult_clause },
    { "$begin_consult", 0, begin_consult },
    { "$dynamic", 1, dynamic },
    { "$abolish", 1, abolish },
    { "$clauses", 3, clauses },
    { "$clause", 3, clause_term },
    { "$erase", 1, erase_reference },
    { "$predicate", 3, predicate },
    { "$arities", 2, arities },
    { NULL, 0, NULL }
};
