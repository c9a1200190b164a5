/* Builtins on atoms, strings, codes and characters. */
#include "prolog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { AS_ATOM, AS_STRING, AS_CODES, AS_CHARS, AS_NUMBER, AS_LENGTH,
       AS_ATOMIC };

static size_t count_chars(const char *at, size_t len)
{
    size_t n = 0;
    uint32_t c;
    for (const char *end = at + len; at < end; n++)
        at += read_utf8(at, end, &c);
    return n;
}

static outcome as_list(machine *m, cell *x, const text *t, bool codes)
{
    cells list = { 0 };
    const char *at = t->at, *end = t->at + t->len;
    (void)x;
    while (at < end) {
        uint32_t c;
        size_t n = read_utf8(at, end, &c);
        push(&list, codes ? INT((int64_t)c) : CON(intern(m, at, n)));
        at += n;
    }
    bool room = reserve(m, 2 * list.count);
    cell c = room ? make_list(m, list.at, list.count, CON(A_NIL)) : 0;
    free(list.at);
    return room ? (outcome)unify(m, m->x[1], c) : resource_error(m, "heap");
}

/* Gives X[1] a text in another form. */
static outcome give(machine *m, cell *x, const text *t, int form)
{
    int64_t n;
    bool number = next_number(t->at, t->len, &n);
    switch (form) {
    case AS_CODES: case AS_CHARS:
        return as_list(m, x, t, form == AS_CODES);
    case AS_STRING:
        if (!reserve(m, t->len / 8 + 2)) return resource_error(m, "heap");
        return unify(m, m->x[1], make_string(m, t->at, t->len));
    case AS_LENGTH:
        return unify(m, x[1], INT((int64_t)count_chars(t->at, t->len)));
    case AS_NUMBER: return number && unify(m, x[1], INT(n));
    case AS_ATOMIC: if (number) return unify(m, x[1], INT(n)); break;
    default: break;
    }
    return unify(m, x[1], CON(intern(m, t->at, t->len)));
}

/* From X[from] into the other argument, which is given the place of X[1]. */
static outcome convert(machine *m, cell *x, int from, int form)
{
    text t = { 0 };
    outcome o = RAISED;
    if (get_text(m, x[from], &t)) {
        if (from == 1) {
            cell swap = x[0];
            x[0] = x[1];
            x[1] = swap;
        }
        o = give(m, x, &t, form);
    }
    free(t.at);
    return o;
}

/* Both ways: from the first argument where it is known. A list of codes of
 * "[]" is empty text, not the atom. */
static outcome both_ways(machine *m, cell *x, int there, int back)
{
    if (!IS_REF(deref(m, x[0]))) return convert(m, x, 0, there);
    if (deref(m, x[1]) == CON(A_NIL)) x[1] = CON(A_EMPTY);
    return convert(m, x, 1, back);
}

static outcome atom_codes(machine *m, cell *x)
{
    return both_ways(m, x, AS_CODES, AS_ATOM);
}

static outcome atom_chars(machine *m, cell *x)
{
    return both_ways(m, x, AS_CHARS, AS_ATOM);
}

static outcome atom_string(machine *m, cell *x)
{
    return both_ways(m, x, AS_STRING, AS_ATOM);
}

static outcome string_chars(machine *m, cell *x)
{
    return both_ways(m, x, AS_CHARS, AS_STRING);
}

static outcome string_codes(machine *m, cell *x)
{
    return both_ways(m, x, AS_CODES, AS_STRING);
}

static outcome string_to_atom(machine *m, cell *x)
{
    return both_ways(m, x, AS_ATOM, AS_STRING);
}

static outcome atom_number(machine *m, cell *x)
{
    return both_ways(m, x, AS_NUMBER, AS_ATOM);
}

static outcome number_string(machine *m, cell *x)
{
    if (!IS_REF(deref(m, x[1]))) return convert(m, x, 1, AS_NUMBER);
    return convert(m, x, 0, AS_STRING);
}

static outcome from_number(machine *m, cell *x, int form)
{
    cell c = deref(m, x[0]);
    if (IS_INT(c)) return convert(m, x, 0, form);
    if (!IS_REF(c)) return type_error(m, A_NUMBER, c);
    outcome o = convert(m, x, 1, AS_NUMBER);
    if (o != FAILED) return o;
    cell args[1] = { CON(A_ILLEGAL_NUMBER) };
    if (!reserve(m, 16)) return resource_error(m, "heap");
    cell both[2] = { make_structure(m, A_SYNTAX_ERROR, 1, args),
                     make_var(m) };
    return raise(m, make_structure(m, A_ERROR, 2, both));
}

static outcome number_codes(machine *m, cell *x)
{
    return from_number(m, x, AS_CODES);
}

static outcome number_chars(machine *m, cell *x)
{
    return from_number(m, x, AS_CHARS);
}

static outcome text_length(machine *m, cell *x)
{
    cell c = deref(m, x[0]);
    cell n = deref(m, x[1]);
    if (functor_of(m, c).arity) return type_error(m, A_ATOMIC, c);
    if (!IS_REF(n) && !IS_INT(n)) return type_error(m, A_INTEGER, n);
    return convert(m, x, 0, AS_LENGTH);
}

static outcome term_string(machine *m, cell *x)
{
    text t = { 0 };
    write_term(m, &t, x[0], QUOTED | NUMBERVARS, 1200);
    outcome o = give(m, x, &t, AS_STRING);
    free(t.at);
    return o;
}

static outcome char_code(machine *m, cell *x)
{
    text t = { 0 };
    int64_t code;
    cell c = deref(m, x[0]);
    uint32_t n = 0;
    if (IS_CON(c)) {
        size_t len;
        const char *at = atom_text(m, lifecycle_con_atom(c), &len);
        if (len == 0 || read_utf8(at, at + len, &n) != len)
            return type_error(m, A_CHARACTER, c);
        return unify(m, x[1], INT((int64_t)n));
    }
    if (!get_int(m, x[1], &code)) return RAISED;
    if (code < 0 || code > 0x10ffff)
        return representation_error(m, A_CHARACTER_CODE);
    add_char(&t, (uint32_t)code);
    outcome o = unify(m, x[0], CON(intern(m, t.at, t.len)));
    free(t.at);
    return o;
}

static outcome change_case(machine *m, cell *x, int (*change)(int), int form)
{
    text t = { 0 };
    outcome o = RAISED;
    if (get_text(m, x[0], &t)) {
        for (size_t k = 0; k < t.len; k++)
            if ((unsigned char)t.at[k] < 0x80)
                t.at[k] = (char)change((unsigned char)t.at[k]);
        o = give(m, x, &t, form);
    }
    free(t.at);
    return o;
}

static outcome upcase_atom(machine *m, cell *x)
{
    return change_case(m, x, toupper, AS_ATOM);
}

static outcome downcase_atom(machine *m, cell *x)
{
    return change_case(m, x, tolower, AS_ATOM);
}

static outcome string_upper(machine *m, cell *x)
{
    return change_case(m, x, toupper, AS_STRING);
}

/* '$concat'(+A, +B, ?C, +Kind) */
static outcome concat(machine *m, cell *x)
{
    text t = { 0 };
    bool string = deref(m, x[3]) == CON(A_STRING);
    outcome o = RAISED;
    if (get_text(m, x[0], &t) && get_text(m, x[1], &t)) {
        x[1] = x[2];
        o = give(m, x, &t, string ? AS_STRING : AS_ATOM);
    }
    free(t.at);
    return o;
}

static size_t char_offset(const text *t, int64_t n)
{
    size_t at = 0;
    uint32_t c;
    while (n-- > 0 && at < t->len)
        at += read_utf8(t->at + at, t->at + t->len, &c);
    return at;
}

/* '$sub_text'(+Text, -Sub, +Before, +Length, +Kind) */
static outcome sub_text(machine *m, cell *x)
{
    text t = { 0 };
    int64_t before, length;
    bool string = deref(m, x[4]) == CON(A_STRING);
    outcome o = RAISED;
    if (get_text(m, x[0], &t) && get_int(m, x[2], &before) &&
        get_int(m, x[3], &length)) {
        size_t from = char_offset(&t, before);
        size_t to = char_offset(&t, before + length);
        text part = { t.at + from, to - from, 0 };
        o = give(m, x, &part, string ? AS_STRING : AS_ATOM);
    }
    free(t.at);
    return o;
}

/* '$find_text'(+Text, +Sub, +From, -Before): the first one from there on. */
static outcome find_text(machine *m, cell *x)
{
    text t = { 0 }, sub = { 0 };
    int64_t from;
    outcome o = RAISED;
    if (get_text(m, x[0], &t) && get_text(m, x[1], &sub) &&
        get_int(m, x[2], &from)) {
        size_t at = char_offset(&t, from);
        bool past = (size_t)from > count_chars(t.at, t.len);
        while (at + sub.len <= t.len && memcmp(t.at + at, sub.at, sub.len))
            at++;
        o = past || at + sub.len > t.len
                ? FAILED
                : (outcome)unify(m, x[3],
                                 INT((int64_t)count_chars(t.at, at)));
    }
    free(t.at);
    free(sub.at);
    return o;
}

/* ---- atomic_list_concat/3 ---- */

static outcome split(machine *m, cell *x, const text *sep)
{
    text t = { 0 };
    cells parts = { 0 };
    if (sep->len == 0) return domain_error(m, A_NOT_EMPTY, x[1]);
    if (!get_text(m, x[2], &t)) {
        free(t.at);
        return RAISED;
    }
    size_t from = 0;
    for (size_t at = 0; at + sep->len <= t.len;) {
        if (memcmp(t.at + at, sep->at, sep->len) == 0) {
            push(&parts, CON(intern(m, t.at + from, at - from)));
            at = from = at + sep->len;
        } else {
            at++;
        }
    }
    push(&parts, CON(intern(m, t.at + from, t.len - from)));
    free(t.at);
    bool room = reserve(m, 2 * parts.count);
    cell c = room ? make_list(m, parts.at, parts.count, CON(A_NIL)) : 0;
    free(parts.at);
    return room ? (outcome)unify(m, m->x[0], c) : resource_error(m, "heap");
}

/* False where the list is not one of texts only. */
static bool join(machine *m, cell list, const text *sep, text *out)
{
    cell c = deref(m, list);
    bool first = true;
    for (; IS_LIS(c); first = false) {
        functor f = functor_of(m, c);
        cell head = argument(m, f, 0);
        if (!is_text_cell(m, head)) return false;
        if (!first) add_text(out, sep->at, sep->len);
        get_text(m, head, out);
        c = argument(m, f, 1);
    }
    add_text(out, "", 0);
    return c == CON(A_NIL);
}

/* atomic_list_concat(?List, +Separator, ?Atom) */
static outcome list_concat(machine *m, cell *x)
{
    text sep = { 0 }, t = { 0 };
    outcome o = RAISED;
    if (get_text(m, x[1], &sep)) {
        if (join(m, x[0], &sep, &t))
            o = unify(m, x[2], CON(intern(m, t.at, t.len)));
        else if (IS_REF(deref(m, x[2])))
            o = instantiation_error(m);
        else
            o = split(m, x, &sep);
    }
    free(sep.at);
    free(t.at);
    return o;
}

const struct builtin_entry atom_builtins[] = {
    { "atom_codes", 2, atom_codes },
    { "atom_chars", 2, atom_chars },
    { "atom_string", 2, atom_string },
    { "string_chars", 2, string_chars },
    { "string_codes", 2, string_codes },
    { "string_to_atom", 2, string_to_atom },
    { "atom_number", 2, atom_number },
    { "number_string", 2, number_string },
    { "number_codes", 2, number_codes },
    { "number_chars", 2, number_chars },
    { "atom_length", 2, text_length },
    { "string_length", 2, text_length },
    { "term_string", 2, term_string },
    { "char_code", 2, char_code },
    { "upcase_atom", 2, upcase_atom },
    { "downcase_atom", 2, downcase_atom },
    { "string_upper", 2, string_upper },
    { "$concat", 4, concat },
    { "$sub_text", 5, sub_text },
    { "$find_text", 4, find_text },
    { "atomic_list_concat", 3, list_concat },
    { NULL, 0, NULL }
};
