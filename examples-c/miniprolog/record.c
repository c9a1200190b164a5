/* Terms outside the heap: clauses, what findall/3 collects, what is thrown.
 * A copy is made in the manner of Cheney: cells that still mean the heap are
 * translated from the first to the last, and what they refer to is added
 * behind. So it needs no stack, however deep the term. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

/* While a record is made, a variable that has a place in it holds a HOST
 * cell that says where; odd payloads are used for nothing else. */
static cell forward(uint64_t at)
{
    return lifecycle_make_host(at << 1 | 1);
}

static bool is_forward(cell c)
{
    return TAG(c) == LIFECYCLE_TAG_HOST && (lifecycle_host_payload(c) & 1);
}

static size_t copy_words(machine *m, uint64_t from, uint64_t count)
{
    cells *to = &m->copy;
    size_t at = to->count;
    to->at = grow(to->at, &to->room, at + count, sizeof(cell));
    memcpy(to->at + at, heap_cells(m) + from, count * sizeof(cell));
    to->count += count;
    return at;
}

static cell translate(machine *m, cell c, size_t here)
{
    c = deref(m, c);
    if (IS_REF(c)) {
        heap_cells(m)[INDEX(c)] = forward(here);
        push(&m->undo, c);
        return lifecycle_make_ref(here);
    }
    if (is_forward(c))
        return lifecycle_make_ref(lifecycle_host_payload(c) >> 1);
    if (IS_LIS(c))
        return lifecycle_make_lis(copy_words(m, INDEX(c), 2));
    if (IS_STR(c)) {
        cell header = heap_cells(m)[INDEX(c)];
        uint64_t count = TAG(header) == LIFECYCLE_TAG_FUN
                             ? lifecycle_fun_arity(header)
                             : (lifecycle_blob_bytes(header) + 7) / 8;
        return lifecycle_make_str(copy_words(m, INDEX(c), count + 1));
    }
    return c;
}

static void copy_all(machine *m, cell c)
{
    m->copy.count = m->undo.count = 0;
    push(&m->copy, c);
    for (size_t k = 0; k < m->copy.count; k++) {
        cell here = m->copy.at[k];
        if (TAG(here) == LIFECYCLE_TAG_BLOB) {
            k += (lifecycle_blob_bytes(here) + 7) / 8;
        } else if (TAG(here) != LIFECYCLE_TAG_FUN) {
            here = translate(m, here, k);
            m->copy.at[k] = here;
        }
    }
    while (m->undo.count > 0) {
        cell var = m->undo.at[--m->undo.count];
        heap_cells(m)[INDEX(var)] = var;
    }
}

record *make_record(machine *m, cell c)
{
    copy_all(m, c);
    record *r = must(malloc(sizeof *r + m->copy.count * sizeof(cell)));
    r->count = m->copy.count;
    memcpy(r->at, m->copy.at, r->count * sizeof(cell));
    return r;
}

/* The first cell is not copied, unless it is the variable itself. */
static cell load_cells(machine *m, const cell *from, size_t count)
{
    bool immediate = count == 1 && !IS_REF(from[0]);
    if (immediate) return from[0];
    uint64_t at = alloc(m, count);
    if (!at) {
        m->trouble = true;
        return CON(A_NIL);
    }
    cell *to = heap_cells(m) + at;
    for (size_t k = 0; k < count; k++) {
        cell c = from[k];
        uint64_t tag = TAG(c);
        to[k] = tag <= LIFECYCLE_TAG_LIS ? c + (at << 3) : c;
        if (tag == LIFECYCLE_TAG_BLOB) {
            size_t words = (lifecycle_blob_bytes(c) + 7) / 8;
            memcpy(to + k + 1, from + k + 1, words * sizeof(cell));
            k += words;
        }
    }
    return to[0];
}

cell load_record(machine *m, const record *r)
{
    return load_cells(m, r->at, r->count);
}

outcome copy_term(machine *m, cell *x)
{
    copy_all(m, x[0]);
    if (!reserve(m, m->copy.count)) return resource_error(m, "heap");
    return unify(m, m->x[1], load_cells(m, m->copy.at, m->copy.count));
}
