/* Builtins that write: terms, and format/2. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

/* user_error, or anything else for standard output. */
static outcome emit(machine *m, cell stream, text *t)
{
    cell c = deref(m, stream);
    bool error = IS_CON(c) && strcmp(atom_text(m, lifecycle_con_atom(c),
                                               NULL), "user_error") == 0;
    flush_text(m, error ? stderr : stdout, t);
    return DONE;
}

/* '$write'(+Stream, +Term, +Flags) */
static outcome write_3(machine *m, cell *x)
{
    int64_t flags;
    if (!get_int(m, x[2], &flags)) return RAISED;
    write_term(m, &m->out, x[1], (int)flags, 1200);
    return emit(m, x[0], &m->out);
}

static outcome put_char(machine *m, cell *x)
{
    if (!get_text(m, x[1], &m->out)) return RAISED;
    return emit(m, x[0], &m->out);
}

static outcome tab(machine *m, cell *x)
{
    int64_t n;
    if (evaluate(m, x[1], &n) == RAISED) return RAISED;
    while (n-- > 0) add_text(&m->out, " ", 1);
    return emit(m, x[0], &m->out);
}

static outcome flush(machine *m, cell *x)
{
    (void)m;
    (void)x;
    fflush(stdout);
    return DONE;
}

/* ---- format ---- */

typedef struct formatting {
    machine *m;
    cell args; /* those that are left */
    text out;
    size_t column; /* where the text of the current column begins */
    size_t fills[16];
    size_t fill_count;
} formatting;

static outcome format_error(formatting *f, const char *message)
{
    machine *m = f->m;
    cell args[1] = { CON(intern_z(m, message)) };
    if (!reserve(m, 16)) return resource_error(m, "heap");
    cell both[2] = { make_structure(m, A_ERROR_FORMAT, 1, args),
                     make_var(m) };
    return raise(m, make_structure(m, A_ERROR, 2, both));
}

static bool next_argument(formatting *f, cell *out)
{
    cell c = deref(f->m, f->args);
    if (!IS_LIS(c)) {
        format_error(f, "not enough arguments");
        return false;
    }
    functor pair = functor_of(f->m, c);
    *out = argument(f->m, pair, 0);
    f->args = argument(f->m, pair, 1);
    return true;
}

/* ~Nd: with a point before the last N digits. */
static outcome format_integer(formatting *f, cell c, int64_t places,
                              bool groups)
{
    char digits[40];
    int64_t n;
    if (evaluate(f->m, c, &n) == RAISED) return RAISED;
    int len = snprintf(digits, sizeof digits, "%0*lld",
                       (int)(places > 30 ? 30 : places) + 1 + (n < 0),
                       (long long)n);
    for (int k = 0; k < len; k++) {
        int left = len - k - (int)places;
        if (places > 0 && left == 0) add_text(&f->out, ".", 1);
        add_text(&f->out, digits + k, 1);
        if (groups && left > 1 && (left - 1) % 3 == 0 && digits[k] != '-')
            add_text(&f->out, ",", 1);
    }
    return DONE;
}

/* Fills the current column up to a width, where the ~t stand. */
static void end_column(formatting *f, size_t to)
{
    size_t line = f->out.len;
    while (line > 0 && f->out.at[line - 1] != '\n') line--;
    size_t now = f->out.len - line, pad = to > now ? to - now : 0;
    size_t at = f->fill_count ? f->fills[0] : f->out.len;
    for (size_t k = 0; k < pad; k++) add_text(&f->out, " ", 1);
    if (at < f->out.len && pad > 0) {
        memmove(f->out.at + at + pad, f->out.at + at,
                f->out.len - pad - at);
        memset(f->out.at + at, ' ', pad);
    }
    f->column = f->out.len;
    f->fill_count = 0;
}

static size_t column_start(const formatting *f)
{
    size_t line = f->out.len;
    while (line > 0 && f->out.at[line - 1] != '\n') line--;
    return f->column > line ? f->column - line : 0;
}

static outcome write_argument(formatting *f, int directive)
{
    cell c;
    if (!next_argument(f, &c)) return RAISED;
    switch (directive) {
    case 'w': write_term(f->m, &f->out, c, NUMBERVARS, 1200); break;
    case 'i': break;
    case 'a': case 's': return get_text(f->m, c, &f->out) ? DONE : RAISED;
    default: write_term(f->m, &f->out, c, QUOTED | NUMBERVARS, 1200);
    }
    return DONE;
}

/* `n` is the number before the directive, or -1. */
static outcome directive(formatting *f, int d, int64_t n)
{
    cell c;
    int64_t code;
    switch (d) {
    case 'w': case 'p': case 'q': case 'a': case 's': case 'i':
        return write_argument(f, d);
    case 'd': case 'D':
        if (!next_argument(f, &c)) return RAISED;
        if (!IS_INT(c)) {
            return IS_REF(c) ? instantiation_error(f->m)
                             : type_error(f->m, A_INTEGER, c);
        }
        return format_integer(f, c, n > 0 ? n : 0, d == 'D');
    case 'c':
        if (!next_argument(f, &c) || !get_int(f->m, c, &code)) return RAISED;
        for (int64_t k = 0; k < (n < 0 ? 1 : n); k++)
            add_char(&f->out, (uint32_t)code);
        return DONE;
    case 'n':
        for (int64_t k = 0; k < (n < 0 ? 1 : n); k++)
            add_text(&f->out, "\n", 1);
        return DONE;
    case '~': add_text(&f->out, "~", 1); return DONE;
    case 't':
        if (f->fill_count < 16) f->fills[f->fill_count++] = f->out.len;
        return DONE;
    case '|': case '+':
        end_column(f, (size_t)(d == '+' ? (int64_t)column_start(f) +
                                              (n < 0 ? 8 : n)
                                        : n < 0 ? 0 : n));
        return DONE;
    default: return format_error(f, "unknown directive");
    }
}

static outcome format_text(formatting *f, const text *t)
{
    outcome o = DONE;
    for (size_t k = 0; o == DONE && k < t->len; k++) {
        int64_t n = -1;
        if (t->at[k] != '~') {
            add_text(&f->out, t->at + k, 1);
            continue;
        }
        k++;
        if (k < t->len && t->at[k] == '*') {
            cell c;
            if (!next_argument(f, &c) || !get_int(f->m, c, &n))
                return RAISED;
            k++;
        }
        for (; k < t->len && t->at[k] >= '0' && t->at[k] <= '9'; k++)
            n = (n < 0 ? 0 : n > 100000 ? n : n * 10) + (t->at[k] - '0');
        if (k == t->len) return format_error(f, "truncated directive");
        o = directive(f, t->at[k], n);
    }
    if (o == DONE && IS_LIS(deref(f->m, f->args)))
        return format_error(f, "too many arguments");
    return o;
}

/* What format/3 has instead of a stream: atom(A), string(S), codes(C). */
static outcome to_term(machine *m, functor sink, const text *t)
{
    const char *kind = atom_text(m, sink.name, NULL);
    cells list = { 0 };
    cell to = argument(m, sink, 0);
    uint32_t c;
    if (strcmp(kind, "atom") == 0)
        return unify(m, to, CON(intern(m, t->at ? t->at : "", t->len)));
    if (strcmp(kind, "string") == 0) {
        if (!reserve(m, t->len / 8 + 2)) return resource_error(m, "heap");
        return unify(m, to, make_string(m, t->at, t->len));
    }
    for (size_t k = 0; k < t->len;) {
        k += read_utf8(t->at + k, t->at + t->len, &c);
        push(&list, INT((int64_t)c));
    }
    bool room = reserve(m, 2 * list.count);
    cell l = room ? make_list(m, list.at, list.count, CON(A_NIL)) : 0;
    free(list.at);
    return room ? (outcome)unify(m, to, l) : resource_error(m, "heap");
}

/* '$format'(+Stream, +Format, +Arguments) */
static outcome format(machine *m, cell *x)
{
    text t = { 0 };
    formatting f = { .m = m };
    cell sink = deref(m, x[0]);
    functor s = functor_of(m, sink);
    outcome o = RAISED;
    f.args = deref(m, x[2]);
    if (get_text(m, x[1], &t)) o = format_text(&f, &t);
    if (o == DONE && s.arity == 1) o = to_term(m, s, &f.out);
    else if (o == DONE) o = emit(m, sink, &f.out);
    free(t.at);
    free(f.out.at);
    return o;
}

const struct builtin_entry write_builtins[] = {
    { "$write", 3, write_3 },
    { "$put_char", 2, put_char },
    { "$tab", 2, tab },
    { "flush_output", 0, flush },
    { "$format", 3, format },
    { NULL, 0, NULL }
};
