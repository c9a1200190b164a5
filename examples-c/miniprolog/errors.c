/* Errors: the terms that are thrown, and arguments that must be of a kind. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

/* The ball is kept outside the heap: what it was built from goes when the
 * machine goes back to the catch/3. */
outcome raise(machine *m, cell ball)
{
    if (m->trouble) return resource_error(m, "heap");
    free(m->ball);
    m->ball = make_record(m, ball);
    return RAISED;
}

/* This one is built without the heap, which is full. */
outcome resource_error(machine *m, const char *what)
{
    record *r = must(malloc(sizeof *r + 7 * sizeof(cell)));
    r->count = 7;
    r->at[0] = lifecycle_make_str(1);
    r->at[1] = lifecycle_make_fun(A_ERROR, 2);
    r->at[2] = lifecycle_make_str(4);
    r->at[3] = lifecycle_make_ref(3);
    r->at[4] = lifecycle_make_fun(A_RESOURCE_ERROR, 1);
    r->at[5] = CON(intern_z(m, what));
    r->at[6] = CON(A_NIL);
    free(m->ball);
    m->ball = r;
    m->trouble = false;
    return RAISED;
}

static outcome raise_error(machine *m, atom kind, uint32_t arity,
                           const cell *args, cell context)
{
    cell both[2];
    if (!reserve(m, 32)) return resource_error(m, "heap");
    both[0] = make_structure(m, kind, arity, args);
    both[1] = context ? context : make_var(m);
    return raise(m, make_structure(m, A_ERROR, 2, both));
}

/* A cell that is not in a register must survive the reserve: it is written
 * to X behind the arguments. */
static cell kept(machine *m, cell c)
{
    m->x[m->wam.x_count++] = c;
    return c;
}

static outcome culprit_error(machine *m, atom kind, atom what, cell culprit)
{
    cell args[2] = { CON(what), kept(m, culprit) };
    return raise_error(m, kind, 2, args, 0);
}

outcome type_error(machine *m, atom type, cell culprit)
{
    return culprit_error(m, A_TYPE_ERROR, type, culprit);
}

outcome domain_error(machine *m, atom domain, cell culprit)
{
    return culprit_error(m, A_DOMAIN_ERROR, domain, culprit);
}

outcome existence_error(machine *m, atom kind, cell what)
{
    return culprit_error(m, A_EXISTENCE_ERROR, kind, what);
}

outcome permission_error(machine *m, atom action, atom type, cell culprit)
{
    cell args[3] = { CON(action), CON(type), kept(m, culprit) };
    return raise_error(m, A_PERMISSION_ERROR, 3, args, 0);
}

outcome instantiation_error(machine *m)
{
    return raise_error(m, A_INSTANTIATION_ERROR, 0, NULL, 0);
}

outcome evaluation_error(machine *m, atom what)
{
    cell args[1] = { CON(what) };
    return raise_error(m, A_EVALUATION_ERROR, 1, args, 0);
}

outcome representation_error(machine *m, atom what)
{
    cell args[1] = { CON(what) };
    return raise_error(m, A_REPRESENTATION_ERROR, 1, args, 0);
}

cell indicator(machine *m, atom name, uint32_t arity)
{
    cell args[2] = { CON(name), INT(arity) };
    return make_structure(m, A_SLASH, 2, args);
}

outcome unknown_procedure(machine *m, const pred *p)
{
    cell args[2], context[2];
    if (!reserve(m, 32)) return resource_error(m, "heap");
    args[0] = CON(A_PROCEDURE);
    args[1] = context[0] = indicator(m, p->name, p->arity);
    context[1] = make_var(m);
    cell where = make_structure(m, A_CONTEXT, 2, context);
    cell both[2] = { make_structure(m, A_EXISTENCE_ERROR, 2, args), where };
    return raise(m, make_structure(m, A_ERROR, 2, both));
}

outcome syntax_error(machine *m, const source *s, const char *message)
{
    cell args[1] = { CON(intern_z(m, message)) };
    cell where[2] = { CON(intern_z(m, s->name)), INT((int64_t)s->line) };
    if (!reserve(m, 32)) return resource_error(m, "heap");
    return raise_error(m, A_SYNTAX_ERROR, 1, args,
                       kept(m, make_structure(m, A_STREAM, 2, where)));
}

/* ---- arguments ---- */

bool get_int(machine *m, cell c, int64_t *out)
{
    c = deref(m, c);
    if (IS_INT(c)) {
        *out = lifecycle_int_value(c);
        return true;
    }
    if (IS_REF(c)) instantiation_error(m);
    else type_error(m, A_INTEGER, c);
    return false;
}

bool get_atom(machine *m, cell c, atom *out)
{
    c = deref(m, c);
    if (IS_CON(c)) {
        *out = lifecycle_con_atom(c);
        return true;
    }
    if (IS_REF(c)) instantiation_error(m);
    else type_error(m, A_ATOM, c);
    return false;
}

bool get_list(machine *m, cell list, cells *out)
{
    cell c = deref(m, list);
    while (IS_LIS(c)) {
        functor f = functor_of(m, c);
        push(out, argument(m, f, 0));
        c = argument(m, f, 1);
    }
    if (c == CON(A_NIL)) return true;
    if (IS_REF(c)) instantiation_error(m);
    else type_error(m, A_LIST, list);
    return false;
}

/* A list of codes or of characters; false where it is neither. */
static bool list_text(machine *m, cell c, text *out)
{
    while (IS_LIS(c)) {
        functor f = functor_of(m, c);
        cell head = argument(m, f, 0);
        if (IS_INT(head)) {
            int64_t n = lifecycle_int_value(head);
            if (n < 0 || n > 0x10ffff) return false;
            add_char(out, (uint32_t)n);
        } else if (IS_CON(head)) {
            size_t len;
            uint32_t ch;
            const char *at = atom_text(m, lifecycle_con_atom(head), &len);
            if (len == 0 || read_utf8(at, at + len, &ch) != len)
                return false;
            add_text(out, at, len);
        } else {
            return false;
        }
        c = argument(m, f, 1);
    }
    return c == CON(A_NIL);
}

bool is_text_cell(machine *m, cell c)
{
    return IS_CON(c) || IS_INT(c) || is_blob(m, c);
}

bool get_text(machine *m, cell c, text *out)
{
    c = deref(m, c);
    add_text(out, "", 0);
    if (c == CON(A_NIL)) {
        add_text(out, "[]", 2);
        return true;
    }
    if (IS_CON(c)) {
        size_t len;
        const char *at = atom_text(m, lifecycle_con_atom(c), &len);
        add_text(out, at, len);
        return true;
    }
    if (IS_INT(c)) {
        char number[32];
        int n = snprintf(number, sizeof number, "%lld",
                         (long long)lifecycle_int_value(c));
        add_text(out, number, (size_t)n);
        return true;
    }
    if (is_blob(m, c)) {
        const cell *at = heap_cells(m) + INDEX(c);
        add_text(out, (const char *)(at + 1), lifecycle_blob_bytes(*at));
        return true;
    }
    if (IS_LIS(c) && list_text(m, c, out)) return true;
    if (IS_REF(c)) instantiation_error(m);
    else type_error(m, A_ATOMIC, c);
    return false;
}
