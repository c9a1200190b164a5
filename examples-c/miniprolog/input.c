/* Builtins that read: terms, files, operators, flags. */
#include "library.h"
#include "prolog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static source *new_source(machine *m, const char *name)
{
    size_t k = 0;
    while (k < m->source_count && m->sources[k].open) k++;
    if (k == m->source_count) {
        m->sources = must(realloc(m->sources,
                                  (k + 1) * sizeof *m->sources));
        m->source_count++;
    } else {
        free(m->sources[k].name);
        free(m->sources[k].text.at);
    }
    m->sources[k] = (source){ .open = true, .line = 1 };
    m->sources[k].name = must(malloc(strlen(name) + 1));
    strcpy(m->sources[k].name, name);
    return &m->sources[k];
}

/* Source 0 is what the user types. */
static source *user_input(machine *m)
{
    if (m->source_count == 0) new_source(m, "user")->stream = stdin;
    return &m->sources[0];
}

static source *get_source(machine *m, cell c)
{
    int64_t k;
    user_input(m);
    if (!get_int(m, c, &k)) return NULL;
    if (k >= 0 && (size_t)k < m->source_count && m->sources[k].open)
        return &m->sources[k];
    existence_error(m, A_STREAM, c);
    return NULL;
}

static bool read_file(const char *path, text *out)
{
    char chunk[8192];
    size_t n;
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        add_text(out, chunk, n);
    bool good = !ferror(file);
    fclose(file);
    add_text(out, "", 0);
    return good;
}

/* '$open'(+File, -Source): with or without ".pl" */
static outcome open_source(machine *m, cell *x)
{
    text name = { 0 }, content = { 0 };
    if (!get_text(m, x[0], &name)) {
        free(name.at);
        return RAISED;
    }
    user_input(m);
    bool good = read_file(name.at, &content);
    if (!good) {
        content.len = 0;
        add_text(&name, ".pl", 3);
        good = read_file(name.at, &content);
    }
    if (!good) {
        free(content.at);
        free(name.at);
        return existence_error(m, A_SOURCE_SINK, x[0]);
    }
    source *s = new_source(m, name.at);
    s->text = content;
    free(name.at);
    return unify(m, x[1], INT(s - m->sources));
}

static outcome close_source(machine *m, cell *x)
{
    source *s = get_source(m, x[0]);
    if (!s) return RAISED;
    s->open = false;
    return DONE;
}

/* '$read'(+Source, -Term, -Bindings): Name=Variable for each variable */
static outcome read_3(machine *m, cell *x)
{
    cell term, list = CON(A_NIL);
    source *s = get_source(m, x[0]);
    if (!s) return RAISED;
    size_t index = (size_t)(s - m->sources);
    if (read_term(m, &m->sources[index], &term) == RAISED) return RAISED;
    /* the variables are roots, the term must become one */
    m->x[m->wam.x_count++] = term;
    size_t n = m->reading.variable_count;
    if (!reserve(m, 5 * n)) return resource_error(m, "heap");
    while (n-- > 0) {
        const variable *v = &m->reading.variables[n];
        cell both[2] = { CON(v->name), v->value };
        list = make_pair(m, make_structure(m, A_EQUALS, 2, both), list);
    }
    m->reading.variable_count = 0;
    return unify(m, m->x[1], term) && unify(m, m->x[2], list);
}

/* '$text_term'(+Text, -Term, -Bindings) */
static outcome text_term(machine *m, cell *x)
{
    text t = { 0 };
    if (!get_text(m, x[0], &t)) {
        free(t.at);
        return RAISED;
    }
    user_input(m);
    add_text(&t, " .", 2);
    source *s = new_source(m, "text");
    s->text = t;
    size_t k = (size_t)(s - m->sources);
    x[0] = INT((int64_t)k);
    outcome o = read_3(m, x);
    m->sources[k].open = false;
    return o;
}

/* '$line'(-Line): one line that the user types, as an atom */
static outcome read_line(machine *m, cell *x)
{
    source *s = user_input(m);
    size_t from = s->at;
    while (s->at >= s->text.len || !memchr(s->text.at + from, '\n',
                                           s->text.len - from)) {
        s->at = s->text.len;
        if (!fill_source(s)) break;
    }
    if (from >= s->text.len) return unify(m, x[0], CON(A_EOF));
    const char *at = s->text.at + from;
    const char *end = memchr(at, '\n', s->text.len - from);
    size_t len = end ? (size_t)(end - at) : s->text.len - from;
    s->at = from + len + (end != NULL);
    return unify(m, x[0], CON(intern(m, at, len)));
}

/* What is left of the line behind a query is not a query's. */
static outcome skip_line(machine *m, cell *x)
{
    source *s = user_input(m);
    (void)x;
    while (s->at < s->text.len && strchr(" \t\r", s->text.at[s->at])) s->at++;
    if (s->at < s->text.len && s->text.at[s->at] == '\n') s->at++;
    return DONE;
}

/* ---- operators ---- */

static const struct op_type { const char *name; int kind, left, right; }
op_types[] = {
    { "xfx", 1, 1, 1 }, { "xfy", 1, 1, 0 }, { "yfx", 1, 0, 1 },
    { "fy", 0, 0, 0 }, { "fx", 0, 0, 1 }, { "xf", 2, 1, 0 },
    { "yf", 2, 0, 0 },
};

static bool set_op(machine *m, int priority, const char *type, atom name)
{
    for (size_t k = 0; k < sizeof op_types / sizeof *op_types; k++) {
        const struct op_type *t = &op_types[k];
        if (strcmp(t->name, type) != 0) continue;
        *atom_op(m, name, t->kind) =
            (op){ priority, priority - t->left, priority - t->right };
        return true;
    }
    return false;
}

static outcome op_3(machine *m, cell *x)
{
    int64_t priority;
    atom type, name;
    cells names = { 0 };
    cell c = deref(m, x[2]);
    outcome o = DONE;
    if (!get_int(m, x[0], &priority) || !get_atom(m, x[1], &type))
        return RAISED;
    if (priority < 0 || priority > 1200)
        return domain_error(m, A_OPERATOR_PRIORITY, x[0]);
    if (!IS_LIS(c)) push(&names, c);
    else if (!get_list(m, c, &names)) o = RAISED;
    for (size_t k = 0; o == DONE && k < names.count; k++) {
        if (!get_atom(m, names.at[k], &name)) o = RAISED;
        else if (name == A_COMMA || name == A_NIL || name == A_CURLY)
            o = permission_error(m, A_MODIFY, intern_z(m, "operator"),
                                 names.at[k]);
        else if (!set_op(m, (int)priority, atom_text(m, type, NULL), name))
            o = domain_error(m, A_OPERATOR_SPECIFIER, CON(type));
    }
    free(names.at);
    return o;
}

static const char *type_name(const op *o, int kind)
{
    for (size_t k = 0; k < sizeof op_types / sizeof *op_types; k++) {
        const struct op_type *t = &op_types[k];
        if (t->kind == kind && o->right == o->priority - t->right &&
            (kind == 0 || o->left == o->priority - t->left))
            return t->name;
    }
    return "xfx";
}

/* '$ops'(-List): op(Priority, Type, Name) for all there are */
static outcome ops(machine *m, cell *x)
{
    cell list = CON(A_NIL);
    size_t count = 0;
    atom functor_name = intern_z(m, "op");
    (void)x;
    for (int pass = 0; pass < 2; pass++) {
        for (atom a = 0; a < m->symbol_count; a++) {
            for (int kind = 0; kind < 3; kind++) {
                const op *o = atom_op(m, a, kind);
                if (!o->priority) continue;
                if (pass == 0) {
                    count++;
                    continue;
                }
                cell args[3] = { INT(o->priority),
                                 CON(intern_z(m, type_name(o, kind))),
                                 CON(a) };
                list = make_pair(m, make_structure(m, functor_name, 3, args),
                                 list);
            }
        }
        if (pass == 0 && !reserve(m, 6 * count))
            return resource_error(m, "heap");
    }
    return unify(m, m->x[0], list);
}

static outcome set_flag(machine *m, cell *x)
{
    atom flag, value;
    if (!get_atom(m, x[0], &flag) || !get_atom(m, x[1], &value))
        return RAISED;
    if (flag == A_DOUBLE_QUOTES) {
        if (value != A_CODES && value != A_CHARS && value != A_ATOM &&
            value != A_STRING)
            return domain_error(m, A_FLAG, x[1]);
        m->double_quotes = value;
    } else if (flag == A_UNKNOWN) {
        m->unknown_fails = value == A_FAIL;
    } else {
        return domain_error(m, A_FLAG, x[0]);
    }
    return DONE;
}

const struct builtin_entry read_builtins[] = {
    { "$open", 2, open_source },
    { "$close", 1, close_source },
    { "$read", 3, read_3 },
    { "$text_term", 3, text_term },
    { "$line", 1, read_line },
    { "$skip_line", 0, skip_line },
    { "op", 3, op_3 },
    { "$ops", 1, ops },
    { "set_prolog_flag", 2, set_flag },
    { NULL, 0, NULL }
};

/* ---- the library: only clauses ---- */

static void first_operators(machine *m)
{
    static const struct { int priority; const char *type, *names; } list[] = {
        { 1200, "xfx", ":- -->" }, { 1200, "fx", ":- ?-" },
        { 1150, "fx", "dynamic discontiguous initialization" },
        { 1100, "xfy", ";" }, { 1050, "xfy", "-> *->" },
        { 1000, "xfy", "," }, { 900, "fy", "\\+" },
        { 700, "xfx", "= \\= == \\== @< @> @=< @>= =.. is =:= =\\= < > =< "
                      ">=" },
        { 600, "xfy", ":" }, { 500, "yfx", "+ - /\\ \\/ xor" },
        { 400, "yfx", "* / // mod rem div << >>" },
        { 200, "xfx", "**" }, { 200, "xfy", "^" }, { 200, "fy", "- + \\" },
        { 100, "yfx", "." }, { 1, "fx", "$" },
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        const char *at = list[k].names;
        while (*at) {
            size_t len = strcspn(at, " ");
            set_op(m, list[k].priority, list[k].type, intern(m, at, len));
            at += len + (at[len] == ' ');
        }
    }
}

/* What reading a clause has left in the heap goes with a choicepoint. */
static bool load_clauses(machine *m, source *s)
{
    lifecycle_choice *b = (void *)m->stack;
    for (;;) {
        cell term = 0;
        lifecycle_wam_choice_push(m->heap, b, 0, m->stop_failed);
        outcome o = read_term(m, s, &term);
        bool end = o == DONE && term == CON(A_EOF);
        if (o == DONE && !end) o = add_clause(m, term, true);
        lifecycle_wam_backtrack(m->heap);
        lifecycle_wam_choice_pop(m->heap);
        if (o != DONE) {
            fprintf(stderr, "miniprolog: the library is wrong at line "
                            "%zu\n", s->line);
            return false;
        }
        if (end) return true;
    }
}

/* Predicates whose behaviour the rest depends on are not a program's to
 * change; those of lists and texts it may define anew. */
bool load_library(machine *m)
{
    static const struct {
        const char *const *text;
        bool system;
    } parts[] = {
        { library_control, true }, { library_system, true },
        { library_lists, false },
    };
    bool good = true;
    first_operators(m);
    m->wam.code = m->stop_done;
    for (size_t k = 0; good && k < sizeof parts / sizeof *parts; k++) {
        source s = { .line = 1, .name = (char[]){ "library" } };
        for (const char *const *at = parts[k].text; *at; at++)
            add_text(&s.text, *at, strlen(*at));
        good = load_clauses(m, &s);
        free(s.text.at);
        for (size_t i = 0; i < m->pred_room; i++) {
            for (pred *p = m->preds[i]; p; p = p->next) {
                if (!p->first || p->library) continue;
                p->library = true;
                p->system = parts[k].system;
            }
        }
    }
    return good;
}
