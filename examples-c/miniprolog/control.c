/* Builtins of control: call/N, exceptions, findall/3, globals, halting. */
#include "instructions.h"

#include <stdlib.h>
#include <string.h>

static bool is_control(atom name, uint32_t arity)
{
    if (arity == 0) return name == A_CUT;
    if (arity == 1) return name == A_NOT;
    return arity == 2 && (name == A_COMMA || name == A_SEMI ||
                          name == A_ARROW || name == A_SOFT);
}

/* Is every goal in a body callable, as far as it is known? */
static bool is_body(machine *m, cell body)
{
    size_t base = m->work.count;
    bool good = true;
    push(&m->work, body);
    while (good && m->work.count > base) {
        cell c = deref(m, m->work.at[--m->work.count]);
        functor f = functor_of(m, c);
        good = IS_REF(c) || is_callable(m, c);
        for (uint32_t k = 0; is_control(f.name, f.arity) && k < f.arity; k++)
            push(&m->work, heap_cells(m)[f.args + k]);
    }
    m->work.count = base;
    return good;
}

/* Goes on with a goal and more arguments for it. */
outcome call_goal(machine *m, cell goal, const cell *more, uint32_t count)
{
    goal = deref(m, goal);
    functor f = functor_of(m, goal);
    if (IS_REF(goal)) return instantiation_error(m);
    if (!is_callable(m, goal)) return type_error(m, A_CALLABLE, goal);
    if (IS_CON(goal)) f.name = lifecycle_con_atom(goal);
    if (f.arity + count > MOST_ARGUMENTS)
        return representation_error(m, A_MAX_ARITY);
    if (count == 0 && is_control(f.name, f.arity)) {
        if (!is_body(m, goal)) return type_error(m, A_CALLABLE, goal);
        m->x[0] = goal;
        m->x[1] = level_cell(m, m->wam.b);
        m->jump = enter_next(m, m->meta_call);
        return JUMPED;
    }
    memmove(m->x + f.arity, more, count * sizeof(cell));
    if (f.arity)
        memcpy(m->x, heap_cells(m) + f.args, f.arity * sizeof(cell));
    m->jump = enter_next(m, find_pred(m, f.name, f.arity + count, true));
    return JUMPED;
}

#define CALL_N(n)                                                             \
    static outcome call_##n(machine *m, cell *x)                              \
    {                                                                         \
        return call_goal(m, x[0], x + 1, n - 1);                              \
    }
CALL_N(1) CALL_N(2) CALL_N(3) CALL_N(4) CALL_N(5) CALL_N(6) CALL_N(7) CALL_N(8)

/* '$cut'(+Level) */
static outcome cut(machine *m, cell *x)
{
    cut_to(m, level_choice(m, deref(m, x[0])));
    return DONE;
}

/* '$level'(-Level) */
static outcome level(machine *m, cell *x)
{
    return unify(m, x[0], level_cell(m, m->wam.b));
}

static outcome catch_goal(machine *m, cell *x)
{
    (void)x;
    m->jump = m->catch_code;
    return JUMPED;
}

static outcome throw_ball(machine *m, cell *x)
{
    cell ball = deref(m, x[0]);
    return IS_REF(ball) ? instantiation_error(m) : raise(m, ball);
}

static outcome halt(machine *m, cell *x)
{
    int64_t status;
    if (!get_int(m, x[0], &status)) return RAISED;
    m->halted = true;
    m->status = (int)status;
    m->jump = NULL;
    return JUMPED;
}

/* ---- findall/3: its solutions wait outside the heap, for backtracking
 * takes back what was built in it ---- */

static outcome findall_begin(machine *m, cell *x)
{
    (void)x;
    m->collectors = grow(m->collectors, &m->collector_room,
                         m->collector_count + 1, sizeof *m->collectors);
    m->collectors[m->collector_count++] = (collector){ NULL, 0, 0, 0 };
    return DONE;
}

static outcome findall_add(machine *m, cell *x)
{
    collector *c = &m->collectors[m->collector_count - 1];
    record *r = make_record(m, x[0]);
    c->records = grow(c->records, &c->room, c->count + 1,
                      sizeof *c->records);
    c->records[c->count++] = r;
    c->cells += r->count + 2;
    return DONE;
}

/* '$findall_end'(-List, +Tail) */
static outcome findall_end(machine *m, cell *x)
{
    collector *c = &m->collectors[m->collector_count - 1];
    bool room = reserve(m, c->cells);
    cell list = x[1];
    while (c->count > 0) {
        record *r = c->records[--c->count];
        if (room) list = make_pair(m, load_record(m, r), list);
        free(r);
    }
    free(c->records);
    m->collector_count--;
    if (!room) return resource_error(m, "heap");
    return unify(m, m->x[0], list);
}

/* ---- globals ---- */

static int global_index(machine *m, cell key, bool make)
{
    atom name;
    if (!get_atom(m, key, &name)) return -1;
    int k = 0;
    while (k < GLOBALS && m->globals[k].key && m->globals[k].key != name + 1)
        k++;
    if (k == GLOBALS || (!m->globals[k].key && !make)) {
        if (make) resource_error(m, "global_variables");
        else existence_error(m, A_VARIABLE, key);
        return -1;
    }
    m->globals[k].key = name + 1;
    return k;
}

/* The cell that b_setval/2 assigns; a HOST there means that the value is
 * nb_setval/2's. */
static uint64_t global_cell(const machine *m, int k)
{
    return INDEX(m->global_cells[0]) + 1 + (uint64_t)k;
}

static outcome assign(machine *m, uint64_t ref, cell value)
{
    if (lifecycle_wam_assign(m->heap, ref, value) == LIFECYCLE_OK)
        return DONE;
    return resource_error(m, "trail");
}

static outcome b_setval(machine *m, cell *x)
{
    int k = global_index(m, x[0], true);
    return k < 0 ? RAISED : assign(m, global_cell(m, k), deref(m, x[1]));
}

static outcome nb_setval(machine *m, cell *x)
{
    int k = global_index(m, x[0], true);
    if (k < 0) return RAISED;
    free(m->globals[k].value);
    m->globals[k].value = make_record(m, x[1]);
    /* What b_setval/2 has put there comes back with backtracking. */
    if (TAG(heap_cells(m)[global_cell(m, k)]) == LIFECYCLE_TAG_HOST)
        return DONE;
    return assign(m, global_cell(m, k), lifecycle_make_host(0));
}

static outcome getval(machine *m, cell *x)
{
    int k = global_index(m, x[0], false);
    if (k < 0) return RAISED;
    cell c = heap_cells(m)[global_cell(m, k)];
    if (TAG(c) != LIFECYCLE_TAG_HOST) return unify(m, x[1], c);
    const record *r = m->globals[k].value;
    if (!r) return existence_error(m, A_VARIABLE, x[0]);
    if (!reserve(m, r->count)) return resource_error(m, "heap");
    return unify(m, m->x[1], load_record(m, r));
}

/* setarg(+N, +Term, +Value): backtracking takes it back. */
static outcome setarg(machine *m, cell *x)
{
    int64_t n;
    cell term = deref(m, x[1]);
    functor f = functor_of(m, term);
    if (!get_int(m, x[0], &n)) return RAISED;
    if (IS_REF(term)) return instantiation_error(m);
    if (!f.arity) return type_error(m, A_COMPOUND, term);
    if (n < 1 || n > f.arity) return FAILED;
    return assign(m, f.args + (uint64_t)n - 1, deref(m, x[2]));
}

static outcome garbage_collect(machine *m, cell *x)
{
    (void)x;
    lifecycle_heap_collect(m->heap); /* refused where collecting is off */
    return DONE;
}

const struct builtin_entry control_builtins[] = {
    { "call", 1, call_1 }, { "call", 2, call_2 }, { "call", 3, call_3 },
    { "call", 4, call_4 }, { "call", 5, call_5 }, { "call", 6, call_6 },
    { "call", 7, call_7 }, { "call", 8, call_8 },
    { "$cut", 1, cut },
    { "$level", 1, level },
    { "catch", 3, catch_goal },
    { "throw", 1, throw_ball },
    { "halt", 1, halt },
    { "$findall_begin", 0, findall_begin },
    { "$findall_add", 1, findall_add },
    { "$findall_end", 2, findall_end },
    { "garbage_collect", 0, garbage_collect },
    { NULL, 0, NULL }
};

const struct builtin_entry global_builtins[] = {
    { "b_setval", 2, b_setval },
    { "nb_setval", 2, nb_setval },
    { "b_getval", 2, getval },
    { "nb_getval", 2, getval },
    { "setarg", 3, setarg },
    { "statistics", 2, statistics },
    { NULL, 0, NULL }
};
