/* The machine: calls, failure, exceptions, start and end. */
#include "instructions.h"

#include <stdlib.h>
#include <string.h>

/* Room behind the newest environment and choicepoint. */
bool stack_room(machine *m, size_t bytes, void **at)
{
    const lifecycle_frame *e = m->wam.e;
    const lifecycle_choice *b = m->wam.b;
    char *top = m->stack;
    if (e) top = (char *)(uintptr_t)(e + 1) + e->count * sizeof(cell);
    if (b && (uintptr_t)b > (uintptr_t)e)
        top = (char *)(uintptr_t)(b + 1) + b->count * sizeof(cell);
    *at = top;
    return (size_t)(m->stack_end - top) >= bytes;
}

/* ---- outcomes ---- */

/* Of an instruction: its registers are not roots any more. */
const word *raised(machine *m, outcome o)
{
    (void)o;
    m->number_count = 0;
    return unwind(m);
}

const word *no_heap(machine *m)
{
    return raised(m, resource_error(m, "heap"));
}

static const word *after(machine *m, outcome o)
{
    if (m->trouble) return no_heap(m);
    switch (o) {
    case DONE: return m->wam.code;
    case RAISED: return unwind(m);
    case JUMPED: return m->jump;
    default: return fail(m);
    }
}

/* ---- calls ---- */

/* The safepoint of a call: its arguments are in X, and everything else that
 * is alive is reached from E and B. */
static const word *enter_clause(machine *m, const clause *c)
{
    lifecycle_heap *heap = m->heap;
    lifecycle_heap_safepoint(heap);
    if (heap->limit - heap->cursor < c->need && !reserve(m, c->need))
        return no_heap(m);
    return c->code;
}

static bool push_choice(machine *m, uint32_t arity, const void *alternative,
                        cell last)
{
    void *at;
    size_t bytes = sizeof(lifecycle_choice) + (arity + 1) * sizeof(cell);
    if (!stack_room(m, bytes, &at)) return false;
    lifecycle_wam_choice_push(m->heap, at, arity + 1, alternative);
    cell *to = lifecycle_choice_cells(at);
    memcpy(to, m->x, arity * sizeof(cell));
    to[arity] = last;
    return true;
}

static const word *enter_clauses(machine *m, const pred *p)
{
    if (m->erased_count > m->erased_limit) code_collect(m);
    cell key = p->arity ? key_of(m, m->x[0]) : 0;
    clause *c = next_clause(m, p->first, key, m->generation);
    if (!c) {
        if (!p->known && !m->unknown_fails)
            return after(m, unknown_procedure(m, p));
        return fail(m);
    }
    clause *next = next_clause(m, c->next, key, m->generation);
    if (next &&
        !push_choice(m, p->arity, next, INT((int64_t)m->generation)))
        return after(m, resource_error(m, "local_stack"));
    return enter_clause(m, c);
}

const word *enter(machine *m, pred *p)
{
    m->inferences++;
    m->wam.x_count = p->arity;
    m->b0 = m->wam.b;
    if (!p->run) return enter_clauses(m, p);
    lifecycle_heap_safepoint(m->heap);
    return after(m, p->run(m, m->x));
}

/* By way of an instruction, so that no chain of calls is a chain of C's. */
const word *enter_next(machine *m, pred *p)
{
    m->next = p;
    return m->next_code;
}

/* ---- failure ---- */

static const word *retry(machine *m, lifecycle_choice *b, clause *c)
{
    uint32_t arity = b->count - 1;
    const cell *args = lifecycle_choice_cells(b);
    memcpy(m->x, args, arity * sizeof(cell));
    m->wam.x_count = arity;
    m->b0 = b->prev;
    clause *next = next_clause(m, c->next, arity ? key_of(m, m->x[0]) : 0,
                               (uint64_t)lifecycle_int_value(args[arity]));
    if (next) b->alternative = next;
    else lifecycle_wam_choice_pop(m->heap);
    return enter_clause(m, c);
}

const word *fail(machine *m)
{
    if (m->trouble) return no_heap(m);
    if (m->otherwise) {
        const word *pc = m->otherwise;
        m->otherwise = NULL;
        return pc;
    }
    lifecycle_choice *b = m->wam.b;
    lifecycle_wam_backtrack(m->heap);
    m->wam.x_count = 0;
    const word *next = b->alternative;
    if (*next != CLAUSE_MARK) return next;
    return retry(m, b, (clause *)(uintptr_t)next);
}

/* ---- exceptions ---- */

const word *do_CATCH_PUSH(machine *m, const word *pc)
{
    if (!push_choice(m, 3, m->drop_code, INT((int64_t)m->collector_count)))
        return after(m, resource_error(m, "local_stack"));
    return pc + 1;
}

const word *do_CATCH_EXIT(machine *m, const word *pc)
{
    if (m->wam.b == level_choice(m, *reg(m, pc[1])))
        lifecycle_wam_choice_pop(m->heap);
    return pc + 2;
}

static void drop_collectors(machine *m, size_t count)
{
    while (m->collector_count > count) {
        collector *c = &m->collectors[--m->collector_count];
        for (size_t k = 0; k < c->count; k++) free(c->records[k]);
        free(c->records);
    }
}

/* Back to the state in which catch/3 was called; true if the ball is its. */
static bool catches(machine *m, lifecycle_choice *b)
{
    bool good = false;
    lifecycle_wam_cut(m->heap, b);
    lifecycle_wam_backtrack(m->heap);
    const cell *args = lifecycle_choice_cells(b);
    memcpy(m->x, args, 3 * sizeof(cell));
    m->wam.x_count = 3;
    drop_collectors(m, (size_t)lifecycle_int_value(args[3]));
    if (reserve(m, m->ball->count))
        good = unify(m, m->x[1], load_record(m, m->ball)) && !m->trouble;
    m->trouble = false;
    if (!good) lifecycle_wam_backtrack(m->heap);
    lifecycle_wam_choice_pop(m->heap);
    return good;
}

/* An exception: the environments from the newest on tell which catch/3 has
 * not returned; its first slot names its choicepoint. */
const word *unwind(machine *m)
{
    m->otherwise = NULL;
    m->trouble = false;
    m->number_count = 0;
    for (;;) {
        lifecycle_frame *e = m->wam.e;
        const void *code = m->wam.code;
        while (e && code != m->catch_return) {
            code = e->code;
            e = e->prev;
        }
        if (!e) {
            m->raised = true;
            return NULL;
        }
        if (!catches(m, level_choice(m, *lifecycle_frame_cells(e))))
            continue;
        m->x[0] = m->x[2];
        m->wam.x_count = 1;
        return enter_next(m, m->call);
    }
}

/* ---- the loop ---- */

const word *do_STOP_DONE(machine *m, const word *pc)
{
    (void)pc;
    m->succeeded = true;
    return NULL;
}

const word *do_STOP_FAILED(machine *m, const word *pc)
{
    (void)m;
    (void)pc;
    return NULL;
}

static const word *(*const instructions[])(machine *, const word *) = {
#define INSTRUCTION_ENTRY(name) do_##name,
    INSTRUCTIONS(INSTRUCTION_ENTRY)
};

/* Runs a goal once; false if it fails, raises (m->raised) or halts. */
bool run(machine *m, cell goal)
{
    m->succeeded = m->raised = false;
    m->wam.e = NULL;
    m->wam.code = m->stop_done;
    m->x[0] = goal;
    m->wam.x_count = 1;
    lifecycle_wam_choice_push(m->heap, (void *)m->stack, 0, m->stop_failed);
    const word *pc = enter_next(m, m->call);
    while (pc) pc = instructions[*pc](m, pc);
    lifecycle_wam_cut(m->heap, NULL);
    m->wam.e = NULL;
    m->wam.x_count = 0;
    m->otherwise = NULL;
    drop_collectors(m, 0);
    return m->succeeded;
}

/* ---- start and end ---- */

/* Where code goes on with no slot alive: see emit_site. */
static word *add_site(word *at)
{
    *at++ = 0;
    *at++ = 0;
    return at;
}

static void make_system_code(machine *m)
{
    word *at = add_site(m->system_code);
    m->nowhere = at;
    *at++ = I_FAIL;
    m->stop_done = at = add_site(at);
    *at++ = I_STOP_DONE;
    m->stop_failed = at;
    *at++ = I_STOP_FAILED;
    m->drop_code = at;
    *at++ = I_DROP;
    m->next_code = at;
    *at++ = I_NEXT;
    m->catch_code = at;
    *at++ = I_CATCH_PUSH;
    *at++ = I_ALLOCATE;
    *at++ = 1;
    *at++ = I_MARK;
    *at++ = REG_Y(0);
    *at++ = I_CALL;
    *at++ = (word)(uintptr_t)m->call;
    *at++ = 0;
    m->catch_return = at = add_site(at);
    *at++ = I_CATCH_EXIT;
    *at++ = REG_Y(0);
    *at++ = I_DEALLOCATE;
    *at++ = I_PROCEED;
}

static void add_builtins(machine *m, const struct builtin_entry *b)
{
    for (; b->name; b++) {
        pred *p = find_pred(m, intern_z(m, b->name), b->arity, true);
        p->run = b->run;
        p->known = p->system = true;
    }
}

/* The cell behind b_setval/2: older than every choicepoint. */
static bool make_globals(machine *m)
{
    uint64_t at = alloc(m, GLOBALS + 1);
    if (!at) return false;
    heap_cells(m)[at] = lifecycle_make_fun(A_KEY, GLOBALS);
    for (uint64_t k = 1; k <= GLOBALS; k++)
        heap_cells(m)[at + k] = lifecycle_make_host(0);
    m->global_cells[0] = lifecycle_make_str(at);
    m->wam.globals = m->global_cells;
    m->wam.globals_count = 1;
    return true;
}

bool machine_start(machine *m, const lifecycle_heap_options *options,
                   size_t stack)
{
    memset(m, 0, sizeof *m);
    m->wam = (lifecycle_wam)LIFECYCLE_WAM_INIT;
    m->x = grow(NULL, &m->x_room, 2048, sizeof *m->x);
    m->wam.x = m->x;
    m->wam.live = live_slots;
    m->erased_limit = 1000;
    m->stack = must(malloc(stack));
    m->stack_end = m->stack + stack;
    if (lifecycle_heap_create(options, &m->heap) != LIFECYCLE_OK ||
        lifecycle_heap_set_wam(m->heap, &m->wam) != LIFECYCLE_OK ||
        lifecycle_heap_add_roots(m->heap, visit_reading, m) != LIFECYCLE_OK)
        return false;
    intern(m, "", 0);
    m->double_quotes = A_STRING;
    m->call = find_pred(m, A_CALL, 1, true);
    m->meta_call = find_pred(m, A_META_CALL, 2, true);
    make_system_code(m);
    add_builtins(m, control_builtins);
    add_builtins(m, term_builtins);
    add_builtins(m, atom_builtins);
    add_builtins(m, list_builtins);
    add_builtins(m, arithmetic_builtins);
    add_builtins(m, database_builtins);
    add_builtins(m, global_builtins);
    add_builtins(m, read_builtins);
    add_builtins(m, write_builtins);
    return make_globals(m) && load_library(m);
}

bool machine_stop(machine *m)
{
    bool good = lifecycle_heap_destroy(m->heap) == LIFECYCLE_OK;
    drop_collectors(m, 0);
    free(m->collectors);
    free_tables(m);
    for (size_t k = 0; k < m->source_count; k++) {
        free(m->sources[k].name);
        free(m->sources[k].text.at);
    }
    for (size_t k = 0; k < GLOBALS; k++) free(m->globals[k].value);
    free(m->sources);
    free(m->reading.operands);
    free(m->reading.variables);
    free(m->work.at);
    free(m->undo.at);
    free(m->copy.at);
    free(m->out.at);
    free(m->ball);
    free(m->x);
    free(m->stack);
    return good;
}
