/* Instructions that take terms apart and build them. In write mode m->s is
 * the next cell of a structure to be written, in read mode the next to be
 * read. */
#include "instructions.h"

#include <string.h>

const word *do_GET_VAR(machine *m, const word *pc)
{
    *reg(m, pc[1]) = m->x[pc[2]];
    return pc + 3;
}

const word *do_GET_VAL(machine *m, const word *pc)
{
    return unify(m, *reg(m, pc[1]), m->x[pc[2]]) ? pc + 3 : fail(m);
}

const word *do_GET_CONST(machine *m, const word *pc)
{
    cell c = deref(m, m->x[pc[2]]);
    if (c == pc[1]) return pc + 3;
    if (IS_REF(c) && bind(m, INDEX(c), pc[1])) return pc + 3;
    return fail(m);
}

const word *do_GET_STRUCT(machine *m, const word *pc)
{
    cell c = deref(m, m->x[pc[2]]);
    if (IS_STR(c)) {
        if (heap_cells(m)[INDEX(c)] != pc[1]) return fail(m);
        m->s = INDEX(c) + 1;
        m->writing = false;
        return pc + 3;
    }
    if (!IS_REF(c)) return fail(m);
    uint64_t at = alloc(m, (uint64_t)lifecycle_fun_arity(pc[1]) + 1);
    if (!at) return no_heap(m);
    heap_cells(m)[at] = pc[1];
    m->s = at + 1;
    m->writing = true;
    return bind(m, INDEX(c), lifecycle_make_str(at)) ? pc + 3 : fail(m);
}

const word *do_GET_LIST(machine *m, const word *pc)
{
    cell c = deref(m, m->x[pc[1]]);
    if (IS_LIS(c)) {
        m->s = INDEX(c);
        m->writing = false;
        return pc + 2;
    }
    if (!IS_REF(c)) return fail(m);
    uint64_t at = alloc(m, 2);
    if (!at) return no_heap(m);
    m->s = at;
    m->writing = true;
    return bind(m, INDEX(c), lifecycle_make_lis(at)) ? pc + 2 : fail(m);
}

/* A copy of the string that stands in the code; 0 without room. */
static cell build_string(machine *m, const word *pc)
{
    uint64_t at = alloc(m, pc[2]);
    if (at) memcpy(heap_cells(m) + at, pc + 3, pc[2] * sizeof(cell));
    return at ? lifecycle_make_str(at) : 0;
}

const word *do_GET_STRING(machine *m, const word *pc)
{
    cell c = deref(m, m->x[pc[1]]);
    if (is_blob(m, c))
        return memcmp(heap_cells(m) + INDEX(c), pc + 3,
                      ((size_t)lifecycle_blob_bytes(pc[3]) + 8)) == 0
                   ? pc + 3 + pc[2] : fail(m);
    if (!IS_REF(c)) return fail(m);
    cell s = build_string(m, pc);
    if (!s) return no_heap(m);
    return bind(m, INDEX(c), s) ? pc + 3 + pc[2] : fail(m);
}

const word *do_UNIFY_VAR(machine *m, const word *pc)
{
    cell *at = heap_cells(m) + m->s;
    if (m->writing) *at = lifecycle_make_ref(m->s);
    *reg(m, pc[1]) = *at;
    m->s++;
    return pc + 2;
}

const word *do_UNIFY_VAL(machine *m, const word *pc)
{
    uint64_t s = m->s++;
    if (m->writing) {
        heap_cells(m)[s] = deref(m, *reg(m, pc[1]));
        return pc + 2;
    }
    return unify(m, *reg(m, pc[1]), heap_cells(m)[s]) ? pc + 2 : fail(m);
}

const word *do_UNIFY_CONST(machine *m, const word *pc)
{
    uint64_t s = m->s++;
    if (m->writing) {
        heap_cells(m)[s] = pc[1];
        return pc + 2;
    }
    cell c = deref(m, heap_cells(m)[s]);
    if (c == pc[1] || (IS_REF(c) && bind(m, INDEX(c), pc[1])))
        return pc + 2;
    return fail(m);
}

const word *do_UNIFY_VOID(machine *m, const word *pc)
{
    if (m->writing) heap_cells(m)[m->s] = lifecycle_make_ref(m->s);
    m->s++;
    return pc + 2;
}

/* Of a structure that is being built: what comes here is built next. */
const word *do_UNIFY_SLOT(machine *m, const word *pc)
{
    *reg(m, pc[1]) = m->s++;
    return pc + 2;
}

const word *do_PUT_VAR(machine *m, const word *pc)
{
    uint64_t at = alloc(m, 1);
    if (!at) return no_heap(m);
    cell c = lifecycle_make_ref(at);
    heap_cells(m)[at] = c;
    *reg(m, pc[1]) = m->x[pc[2]] = c;
    return pc + 3;
}

const word *do_PUT_VAL(machine *m, const word *pc)
{
    m->x[pc[2]] = *reg(m, pc[1]);
    return pc + 3;
}

const word *do_PUT_CONST(machine *m, const word *pc)
{
    m->x[pc[2]] = pc[1];
    return pc + 3;
}

static const word *write_structure(machine *m, const word *pc, cell *to)
{
    uint64_t at = alloc(m, (uint64_t)lifecycle_fun_arity(pc[1]) + 1);
    if (!at) return no_heap(m);
    heap_cells(m)[at] = pc[1];
    *to = lifecycle_make_str(at);
    m->s = at + 1;
    m->writing = true;
    return pc + 3;
}

static const word *write_list(machine *m, const word *pc, cell *to)
{
    uint64_t at = alloc(m, 2);
    if (!at) return no_heap(m);
    *to = lifecycle_make_lis(at);
    m->s = at;
    m->writing = true;
    return pc + 2;
}

static const word *write_string(machine *m, const word *pc, cell *to)
{
    cell s = build_string(m, pc);
    if (!s) return no_heap(m);
    *to = s;
    return pc + 3 + pc[2];
}

const word *do_PUT_STRUCT(machine *m, const word *pc)
{
    return write_structure(m, pc, &m->x[pc[2]]);
}

const word *do_PUT_LIST(machine *m, const word *pc)
{
    return write_list(m, pc, &m->x[pc[1]]);
}

const word *do_PUT_STRING(machine *m, const word *pc)
{
    return write_string(m, pc, &m->x[pc[1]]);
}

const word *do_STRUCT_AT(machine *m, const word *pc)
{
    return write_structure(m, pc, heap_cells(m) + m->x[pc[2]]);
}

const word *do_LIST_AT(machine *m, const word *pc)
{
    return write_list(m, pc, heap_cells(m) + m->x[pc[1]]);
}

const word *do_STRING_AT(machine *m, const word *pc)
{
    return write_string(m, pc, heap_cells(m) + m->x[pc[1]]);
}

const word *do_INIT(machine *m, const word *pc)
{
    uint64_t at = alloc(m, 1);
    if (!at) return no_heap(m);
    *reg(m, pc[1]) = heap_cells(m)[at] = lifecycle_make_ref(at);
    return pc + 2;
}
