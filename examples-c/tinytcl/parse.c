/* Scripts: parsed and run in one go, word by word. What is skipped (the side
 * of `&&` that does not count, a text that is only asked whether it is
 * complete) goes the same way without making a value. */
#include "tinytcl.h"

#include <ctype.h>
#include <string.h>

#define WORDS 8

/* The words of one command; the first few need no memory of their own. */
typedef struct words {
    value *at;
    uint32_t *lines;
    size_t count, room;
    value first[WORDS];
    uint32_t first_lines[WORDS];
} words;

/* A word that is being put together. One piece stays what it is. */
typedef struct assembly {
    value single, builder;
    text stable; /* a piece of the script itself */
} assembly;

static int eval_commands(tcl *, cursor *, bool nested);

/* ---- putting together ---- */

static int start_builder(tcl *t, assembly *a) {
    if (a->builder) return TCL_OK;
    a->builder = lifecycle_builder_new(t->interp, 64);
    if (!a->builder) return fail_library(t);
    int code = TCL_OK;
    if (a->single)
        code = check(t, lifecycle_builder_append(t->interp, a->builder,
                                                 a->single));
    else if (a->stable.len)
        code = check(t, lifecycle_builder_bytes(t->interp, a->builder,
                                                a->stable.at, a->stable.len));
    return code;
}

static bool is_empty(const assembly *a) {
    return !a->builder && !a->single && a->stable.len == 0;
}

static int add_bytes(tcl *t, assembly *a, const char *at, size_t len) {
    int code = start_builder(t, a);
    return code ? code
                : check(t, lifecycle_builder_bytes(t->interp, a->builder, at,
                                                   len));
}

static int add_piece(tcl *t, assembly *a, const char *at, size_t len) {
    if (len == 0) return TCL_OK;
    if (!is_empty(a)) return add_bytes(t, a, at, len);
    a->stable = (text){ at, len };
    return TCL_OK;
}

static int add_value(tcl *t, assembly *a, value v) {
    if (is_empty(a)) {
        a->single = v;
        return TCL_OK;
    }
    int code = start_builder(t, a);
    return code ? code
                : check(t, lifecycle_builder_append(t->interp, a->builder, v));
}

static int finish(tcl *t, assembly *a, value *out) {
    if (a->builder) *out = lifecycle_builder_finish(t->interp, a->builder);
    else if (a->single) *out = a->single;
    else *out = new_text(t, a->stable);
    return *out ? TCL_OK : fail_library(t);
}

/* ---- pieces ---- */

static void step(cursor *c) {
    if (*c->at == '\n') c->line++;
    c->at++;
}

static bool name_char(char ch) {
    return isalnum((unsigned char)ch) || ch == '_';
}

static int substitute(tcl *, cursor *, const char *stops, int flags,
                      assembly *);

/* `$name(index)`: an element is a variable whose name has parentheses. */
static int parse_element(tcl *t, cursor *c, text name, value *out) {
    assembly a = { 0 };
    int code = add_bytes(t, &a, name.at, name.len + 1);
    c->at++;
    if (!code) code = substitute(t, c, ")", 7, &a);
    if (code) return code;
    if (c->at == c->end) return fail(t, "missing )");
    code = add_bytes(t, &a, c->at++, 1);
    value full;
    if (!code) code = finish(t, &a, &full);
    if (code || c->skip) return code;
    *out = var_get(t, full);
    return *out ? TCL_OK : TCL_ERROR;
}

/* At a `$`; *out stays nil when it is just a dollar sign. */
int parse_dollar(tcl *t, cursor *c, value *out) {
    const char *start = ++c->at;
    text name;
    *out = LIFECYCLE_NIL;
    if (c->at < c->end && *c->at == '{') {
        name.at = ++c->at;
        while (c->at < c->end && *c->at != '}') step(c);
        if (c->at == c->end)
            return fail(t, "missing close-brace for variable name");
        name.len = (size_t)(c->at++ - name.at);
    } else {
        while (c->at < c->end) {
            if (name_char(*c->at)) c->at++;
            else if (c->end - c->at > 1 && c->at[0] == ':' && c->at[1] == ':')
                while (c->at < c->end && *c->at == ':') c->at++;
            else break;
        }
        name = (text){ start, (size_t)(c->at - start) };
        if (c->at < c->end && *c->at == '(' && name.len)
            return parse_element(t, c, name, out);
        if (name.len == 0) return TCL_OK;
    }
    if (c->skip) return TCL_OK;
    *out = var_get_text(t, name);
    return *out ? TCL_OK : TCL_ERROR;
}

/* At a `[`. */
int parse_command_substitution(tcl *t, cursor *c, value *out) {
    if (stack_used_up(t))
        return fail(t, "too many nested evaluations (infinite loop?)");
    c->at++;
    int code = eval_commands(t, c, true);
    if (code == TCL_OK && !c->skip) *out = result_of(t);
    return code;
}

/* Up to one of the stops, or the end; flags are what is substituted. */
static int substitute(tcl *t, cursor *c, const char *stops, int flags,
                      assembly *a) {
    const char *from = c->at;
    int code = TCL_OK;
    while (!code && c->at < c->end) {
        char ch = *c->at;
        if (ch && strchr(stops, ch)) break;
        int what = ch == '\\'  ? SUBST_BACKSLASH
                   : ch == '[' ? SUBST_COMMAND
                   : ch == '$' ? SUBST_VARIABLE
                               : 0;
        if (!(what & flags)) {
            step(c);
            continue;
        }
        if (what == SUBST_BACKSLASH && stops[0] != '"' && stops[0] != ')' &&
            stops[0] && c->end - c->at > 1 && c->at[1] == '\n')
            break; /* ends a bare word */
        if (!c->skip) code = add_piece(t, a, from, (size_t)(c->at - from));
        if (code) return code;
        value v = LIFECYCLE_NIL;
        if (what == SUBST_BACKSLASH) {
            char out[4];
            size_t len, used = escape(c->at, c->end, out, &len);
            if (used > 1 && c->at[1] == '\n') c->line++;
            c->at += used;
            if (!c->skip) code = add_bytes(t, a, out, len);
        } else {
            const char *start = c->at;
            code = what == SUBST_COMMAND
                       ? parse_command_substitution(t, c, &v)
                       : parse_dollar(t, c, &v);
            if (!code && !c->skip)
                code = v ? add_value(t, a, v)
                         : add_piece(t, a, start, (size_t)(c->at - start));
        }
        from = c->at;
    }
    if (!code && !c->skip) code = add_piece(t, a, from,
                                            (size_t)(c->at - from));
    return code;
}

/* ---- words ---- */

static bool ends_word(const cursor *c, bool nested) {
    if (c->at == c->end) return true;
    char ch = *c->at;
    return ch == ' ' || ch == '\t' || ch == '\n' || ch == ';' || ch == '\r' ||
           ch == '\f' || ch == '\v' || (nested && ch == ']') ||
           (ch == '\\' && c->end - c->at > 1 && c->at[1] == '\n');
}

/* At a `{`; a backslash at a line's end is the only thing that counts. */
int parse_braced(tcl *t, cursor *c, value *out) {
    const char *start = ++c->at;
    size_t depth = 1;
    bool joined = false;
    for (; c->at < c->end; step(c)) {
        if (*c->at == '\\' && c->end - c->at > 1) {
            joined = joined || c->at[1] == '\n';
            c->at++;
        } else if (*c->at == '{') {
            depth++;
        } else if (*c->at == '}' && --depth == 0) {
            break;
        }
    }
    if (c->at == c->end) return fail(t, "missing close-brace");
    const char *end = c->at++;
    if (c->skip) return TCL_OK;
    if (!joined) {
        *out = lifecycle_string(t->interp, start, (size_t)(end - start));
        return *out ? TCL_OK : fail_library(t);
    }
    assembly a = { 0 };
    int code = start_builder(t, &a);
    const char *from = start;
    for (const char *at = start; !code && at < end; at++) {
        if (*at != '\\' || at + 1 == end) continue;
        if (*++at != '\n') continue;
        char space[4];
        size_t len;
        code = add_bytes(t, &a, from, (size_t)(at - 1 - from));
        at += escape(at - 1, end, space, &len) - 2;
        if (!code) code = add_bytes(t, &a, space, len);
        from = at + 1;
    }
    if (!code) code = add_bytes(t, &a, from, (size_t)(end - from));
    return code ? code : finish(t, &a, out);
}

/* At a `"`. */
int parse_quoted(tcl *t, cursor *c, value *out) {
    assembly a = { 0 };
    c->at++;
    int code = substitute(t, c, "\"", 7, &a);
    if (code) return code;
    if (c->at == c->end) return fail(t, "missing \"");
    c->at++;
    return c->skip ? TCL_OK : finish(t, &a, out);
}

static int parse_word(tcl *t, cursor *c, bool nested, value *out) {
    char first = *c->at;
    if (first == '{' || first == '"') {
        int code = first == '{' ? parse_braced(t, c, out)
                                : parse_quoted(t, c, out);
        if (!code && !ends_word(c, nested))
            return fail(t, "extra characters after close-%s",
                        first == '{' ? "brace" : "quote");
        return code;
    }
    assembly a = { 0 };
    int code = substitute(t, c, nested ? " \t\n;\r\f\v]" : " \t\n;\r\f\v", 7,
                          &a);
    return code || c->skip ? code : finish(t, &a, out);
}

static int add_word(tcl *t, words *w, value v, uint32_t line) {
    if (w->count == w->room) {
        size_t room = w->room * 2;
        value *at = scratch(t, room * sizeof *at);
        uint32_t *lines = scratch(t, room * sizeof *lines);
        if (!at || !lines) return fail_library(t);
        memcpy(at, w->at, w->count * sizeof *at);
        memcpy(lines, w->lines, w->count * sizeof *lines);
        *w = (words){ .at = at, .lines = lines, .count = w->count,
                      .room = room };
    }
    w->at[w->count] = v;
    w->lines[w->count++] = line;
    return TCL_OK;
}

/* `{*}` in front of a word: its elements are words. */
static int add_elements(tcl *t, words *w, value v, uint32_t line) {
    size_t n;
    int code = get_list(t, v, &n);
    for (size_t k = 0; !code && k < n; k++) {
        value element = lifecycle_list_at(t->interp, v, k);
        code = element ? add_word(t, w, element, line) : fail_library(t);
    }
    return code;
}

static void skip_space(cursor *c) {
    for (; c->at < c->end; step(c)) {
        if (*c->at == '\\' && c->end - c->at > 1 && c->at[1] == '\n') {
            c->at++;
            continue;
        }
        if (!isspace((unsigned char)*c->at) || *c->at == '\n') break;
    }
}

static int parse_command(tcl *t, cursor *c, bool nested, words *w) {
    for (;;) {
        skip_space(c);
        if (c->at == c->end || *c->at == '\n' || *c->at == ';' ||
            (nested && *c->at == ']'))
            return TCL_OK;
        bool expand = false;
        if (c->end - c->at > 3 && memcmp(c->at, "{*}", 3) == 0) {
            cursor ahead = *c;
            ahead.at += 3;
            expand = !ends_word(&ahead, nested);
            if (expand) c->at += 3;
        }
        value v = LIFECYCLE_NIL;
        uint32_t line = c->line;
        int code = parse_word(t, c, nested, &v);
        if (!code && !c->skip)
            code = expand ? add_elements(t, w, v, line)
                          : add_word(t, w, v, line);
        if (code) return code;
    }
}

/* ---- commands ---- */

static void skip_comment(cursor *c) {
    for (; c->at < c->end && *c->at != '\n'; step(c))
        if (*c->at == '\\' && c->end - c->at > 1) c->at++;
}

/* The innermost command of a body tells where an error came from. */
static void log_error(tcl *t, cursor *c, bool nested, const char *start,
                      uint32_t line, bool parsed) {
    if (t->logged) return;
    if (!parsed) { /* it ended somewhere in the middle: find the end */
        c->at = start;
        value result = t->result, info = t->info, why = t->error_code;
        words none = { .at = none.first, .lines = none.first_lines,
                       .room = WORDS };
        c->skip = true;
        if (parse_command(t, c, nested, &none)) c->at = c->end;
        t->result = result, t->info = info, t->error_code = why;
    }
    size_t len = (size_t)(c->at - start);
    const char *dots = "";
    if (len > 150) {
        for (len = 150; len && ((unsigned char)start[len] & 0xC0) == 0x80;)
            len--;
        dots = "...";
    }
    add_info(t, literal(t->info ? "\n    invoked from within\n\""
                                : "\n    while executing\n\""));
    add_info(t, (text){ start, len });
    add_info(t, literal(dots));
    add_info(t, literal("\""));
    t->logged = true;
    t->error_line = line;
    lifecycle_frame_set_line(t->interp, line);
}

/* Runs commands to the end, or to the `]` that ends a substitution. */
static int eval_commands(tcl *t, cursor *c, bool nested) {
    bool skip = c->skip;
    if (!skip) ok_empty(t);
    for (;;) {
        while (c->at < c->end) {
            skip_space(c);
            if (c->at == c->end || (*c->at != '\n' && *c->at != ';')) break;
            step(c);
        }
        if (c->at == c->end)
            return nested ? fail(t, "missing close-bracket") : TCL_OK;
        if (nested && *c->at == ']') {
            c->at++;
            return TCL_OK;
        }
        if (*c->at == '#') {
            skip_comment(c);
            continue;
        }
        words w;
        w.at = w.first, w.lines = w.first_lines;
        w.count = 0, w.room = WORDS;
        const char *start = c->at;
        uint32_t line = c->line;
        int code = parse_command(t, c, nested, &w);
        bool parsed = code == TCL_OK;
        if (parsed && w.count) {
            const value *words = t->words;
            const uint32_t *lines = t->lines;
            size_t count = t->word_count;
            t->words = w.at, t->lines = w.lines, t->word_count = w.count;
            code = invoke(t, w.count, w.at);
            t->words = words, t->lines = lines, t->word_count = count;
        }
        if (code == TCL_ERROR && !skip)
            log_error(t, c, nested, start, line, parsed);
        if (code) return code;
    }
}

int eval_text(tcl *t, text script, uint32_t line) {
    if (t->depth >= 1000 || stack_used_up(t))
        return fail(t, "too many nested evaluations (infinite loop?)");
    cursor c = { script.at, script.at + script.len, line, false };
    return eval_commands(t, &c, false);
}

/* A script of its own: counts against the limit of nesting. */
int eval_value(tcl *t, value script) {
    t->depth++;
    int code = eval_text(t, text_of(t, script), 1);
    t->depth--;
    return code;
}

/* A body that is a word of the command that runs: its lines go on. */
int eval_word(tcl *t, const value *script) {
    uint32_t line = 1;
    if (script >= t->words && script < t->words + t->word_count)
        line = t->lines[script - t->words];
    return eval_text(t, text_of(t, *script), line);
}

/* A loop's body. TCL_CONTINUE is TCL_OK to the loop. */
int eval_round(tcl *t, const value *script) {
    int code = eval_word(t, script);
    return code == TCL_CONTINUE ? TCL_OK : code;
}

bool script_complete(tcl *t, text script) {
    cursor c = { script.at, script.at + script.len, 1, true };
    value result = t->result;
    int code = eval_commands(t, &c, false);
    text why = text_of(t, t->result);
    bool missing = code && why.len > 8 && memcmp(why.at, "missing ", 8) == 0;
    t->result = result;
    return !missing;
}

/* The `subst` command. A break ends it, a continue gives nothing. */
int substitute_text(tcl *t, text x, int flags) {
    cursor c = { x.at, x.at + x.len, 1, false };
    assembly a = { 0 };
    int code = start_builder(t, &a);
    while (!code && c.at < c.end) {
        code = substitute(t, &c, "", flags, &a);
        if (code == TCL_BREAK) {
            c.at = c.end;
            code = TCL_OK;
        } else if (code == TCL_CONTINUE || code == TCL_RETURN) {
            value v = result_of(t);
            bool given = code == TCL_RETURN;
            c.skip = true; /* to the end of the substitution */
            code = eval_commands(t, &c, true);
            c.skip = false;
            if (!code && given) code = add_value(t, &a, v);
        }
    }
    value v;
    if (!code) code = finish(t, &a, &v);
    return code ? code : ok(t, v);
}
