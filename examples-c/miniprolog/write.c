/* Terms into text, with a stack of what is still to be written. */
#include "prolog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { W_TERM, W_TEXT, W_TAIL, W_ARGUMENTS };

typedef struct item {
    int kind;
    int priority;
    uint32_t k;       /* W_ARGUMENTS: the next one */
    cell c;
    const char *text;
} item;

typedef struct writer {
    machine *m;
    text *out;
    int flags;
    item *items;
    size_t count, room;
    size_t start; /* what stands before it is not this term's */
} writer;

static void later(writer *w, item i)
{
    w->items = grow(w->items, &w->room, w->count + 1, sizeof *w->items);
    w->items[w->count++] = i;
}

static void text_later(writer *w, const char *text)
{
    later(w, (item){ .kind = W_TEXT, .text = text });
}

static void term_later(writer *w, cell c, int priority)
{
    later(w, (item){ .kind = W_TERM, .c = c, .priority = priority });
}

/* A token; a space goes before it where it would join the one before. */
static void put(writer *w, const char *at, size_t len)
{
    text *out = w->out;
    if (out->len > w->start && len > 0) {
        int a = (unsigned char)out->at[out->len - 1];
        int b = (unsigned char)at[0];
        if ((is_alnum_char(a) && is_alnum_char(b)) ||
            (is_symbol_char(a) && is_symbol_char(b)))
            add_text(out, " ", 1);
    }
    add_text(out, at, len);
}

/* ---- atoms ---- */

static bool is_plain(const char *at, size_t len)
{
    if (len == 0) return false;
    if ((len == 2 && (!memcmp(at, "[]", 2) || !memcmp(at, "{}", 2))) ||
        (len == 1 && strchr("!;", *at)))
        return true;
    if (islower((unsigned char)*at) || (unsigned char)*at >= 0x80) {
        for (size_t k = 1; k < len; k++)
            if (!is_alnum_char((unsigned char)at[k])) return false;
        return true;
    }
    for (size_t k = 0; k < len; k++)
        if (!is_symbol_char((unsigned char)at[k])) return false;
    return !(len == 1 && *at == '.');
}

static void put_quoted(writer *w, const char *at, size_t len, char quote)
{
    text t = { 0 };
    add_text(&t, &quote, 1);
    for (size_t k = 0; k < len; k++) {
        char c = at[k];
        if (c == quote || c == '\\') {
            add_text(&t, "\\", 1);
            add_text(&t, &c, 1);
        } else if (c == '\n') {
            add_text(&t, "\\n", 2);
        } else if (c == '\t') {
            add_text(&t, "\\t", 2);
        } else {
            add_text(&t, &c, 1);
        }
    }
    add_text(&t, &quote, 1);
    put(w, t.at, t.len);
    free(t.at);
}

static void put_atom(writer *w, atom a)
{
    size_t len;
    const char *at = atom_text(w->m, a, &len);
    if ((w->flags & QUOTED) && !is_plain(at, len))
        put_quoted(w, at, len, '\'');
    else
        put(w, at, len);
}

static bool any_op(machine *m, atom a, int *priority)
{
    *priority = 0;
    for (int k = 0; k < 3; k++)
        if (atom_op(m, a, k)->priority > *priority)
            *priority = atom_op(m, a, k)->priority;
    return *priority > 0;
}

static void put_simple(writer *w, cell c, int priority)
{
    char number[40];
    int n, most;
    if (IS_CON(c)) {
        atom a = lifecycle_con_atom(c);
        bool brackets = priority < 999 && any_op(w->m, a, &most);
        if (brackets) put(w, "(", 1);
        put_atom(w, a);
        if (brackets) put(w, ")", 1);
        return;
    }
    if (IS_INT(c))
        n = snprintf(number, sizeof number, "%lld",
                     (long long)lifecycle_int_value(c));
    else if (IS_REF(c))
        n = snprintf(number, sizeof number, "_G%llu",
                     (unsigned long long)INDEX(c));
    else
        n = snprintf(number, sizeof number, "<%llu>",
                     (unsigned long long)lifecycle_host_payload(c));
    put(w, number, (size_t)n);
}

static void put_blob(writer *w, cell c)
{
    const cell *at = heap_cells(w->m) + INDEX(c);
    size_t len = lifecycle_blob_bytes(*at);
    if (w->flags & QUOTED) put_quoted(w, (const char *)(at + 1), len, '"');
    else put(w, (const char *)(at + 1), len);
}

/* ---- compounds ---- */

static void list(writer *w, functor f)
{
    put(w, "[", 1);
    later(w, (item){ .kind = W_TAIL,
                     .c = argument(w->m, f, 1) });
    term_later(w, argument(w->m, f, 0), 999);
}

static void tail(writer *w, cell c)
{
    functor f = functor_of(w->m, c);
    if (IS_LIS(c)) {
        later(w, (item){ .kind = W_TAIL, .c = argument(w->m, f, 1) });
        term_later(w, argument(w->m, f, 0), 999);
        text_later(w, ",");
    } else {
        text_later(w, "]");
        if (c != CON(A_NIL)) {
            term_later(w, c, 999);
            text_later(w, "|");
        }
    }
}

static bool prefix(writer *w, functor f, int priority)
{
    const op *o = atom_op(w->m, f.name, 0);
    cell arg = argument(w->m, f, 0);
    int most;
    if (!o->priority || f.name == A_COMMA) return false;
    bool brackets = o->priority > priority;
    if (brackets) {
        put(w, "(", 1);
        text_later(w, ")");
    }
    put_atom(w, f.name);
    functor g = functor_of(w->m, arg);
    bool opens = IS_INT(arg) ||
                 (g.arity == 2 && atom_op(w->m, g.name, 1)->priority >
                                      o->right) ||
                 (g.arity == 1 && atom_op(w->m, g.name, 0)->priority >
                                      o->right) ||
                 (IS_CON(arg) &&
                  any_op(w->m, lifecycle_con_atom(arg), &most));
    term_later(w, arg, o->right);
    if (opens) text_later(w, " ");
    return true;
}

static bool infix(writer *w, functor f, int priority)
{
    const op *o = atom_op(w->m, f.name, 1);
    size_t len;
    if (!o->priority) return false;
    if (o->priority > priority) {
        put(w, "(", 1);
        text_later(w, ")");
    }
    const char *name = atom_text(w->m, f.name, &len);
    bool wide = is_alnum_char((unsigned char)*name);
    term_later(w, argument(w->m, f, 1), o->right);
    if (wide) text_later(w, " ");
    if (f.name == A_COMMA) text_later(w, ",");
    else later(w, (item){ .kind = W_TERM, .c = CON(f.name),
                          .priority = 1200 });
    if (wide) text_later(w, " ");
    term_later(w, argument(w->m, f, 0), o->left);
    return true;
}

static bool number_var(writer *w, functor f)
{
    cell arg = argument(w->m, f, 0);
    char name[32];
    if (f.name != A_NUMBERVAR || !(w->flags & NUMBERVARS) || !IS_INT(arg))
        return false;
    int64_t n = lifecycle_int_value(arg);
    if (n < 0) return false;
    int len = n < 26 ? snprintf(name, sizeof name, "%c", (char)('A' + n))
                     : snprintf(name, sizeof name, "%c%lld",
                                (char)('A' + n % 26), (long long)(n / 26));
    put(w, name, (size_t)len);
    return true;
}

static void compound(writer *w, cell c, int priority)
{
    functor f = functor_of(w->m, c);
    bool ops = !(w->flags & IGNORE_OPS);
    if (IS_LIS(c)) {
        list(w, f);
        return;
    }
    if (f.arity == 1) {
        if (number_var(w, f)) return;
        if (f.name == A_CURLY && ops) {
            put(w, "{", 1);
            text_later(w, "}");
            term_later(w, argument(w->m, f, 0), 1200);
            return;
        }
        if (ops && prefix(w, f, priority)) return;
    }
    if (f.arity == 2 && ops && infix(w, f, priority)) return;
    put_atom(w, f.name);
    add_text(w->out, "(", 1);
    later(w, (item){ .kind = W_ARGUMENTS, .c = c, .k = 0 });
}

static void arguments(writer *w, item i)
{
    functor f = functor_of(w->m, i.c);
    if (i.k == f.arity) {
        put(w, ")", 1);
        return;
    }
    if (i.k > 0) put(w, ",", 1);
    uint32_t k = i.k++;
    later(w, i);
    term_later(w, argument(w->m, f, k), 999);
}

void write_term(machine *m, text *out, cell c, int flags, int priority)
{
    writer w = { m, out, flags, NULL, 0, 0, out->len };
    add_text(out, "", 0);
    term_later(&w, c, priority);
    while (w.count > 0) {
        item i = w.items[--w.count];
        if (i.kind == W_TEXT) {
            put(&w, i.text, strlen(i.text));
        } else if (i.kind == W_TAIL) {
            tail(&w, i.c);
        } else if (i.kind == W_ARGUMENTS) {
            arguments(&w, i);
        } else {
            cell t = deref(m, i.c);
            if (is_blob(m, t)) put_blob(&w, t);
            else if (functor_of(m, t).arity) compound(&w, t, i.priority);
            else put_simple(&w, t, i.priority);
        }
    }
    free(w.items);
}

void flush_text(machine *m, FILE *file, text *t)
{
    (void)m;
    if (file == stderr) fflush(stdout);
    if (t->len) fwrite(t->at, 1, t->len, file);
    t->len = 0;
}
