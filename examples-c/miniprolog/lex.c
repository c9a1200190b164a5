/* Text into tokens. */
#include "prolog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool is_symbol_char(int c)
{
    return c > 0 && c < 128 && strchr("+-*/\\^<>=~:.?@#&$", c);
}

bool is_alnum_char(int c)
{
    return c >= 128 || c == '_' || (c > 0 && isalnum(c));
}

/* One more line of a stream; what was read of the text is dropped where
 * nothing else points into it, between two terms. */
bool fill_source(source *s)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = s->stream ? getline(&line, &room, s->stream) : -1;
    if (n > 0) add_text(&s->text, line, (size_t)n);
    free(line);
    return n > 0;
}

/* The character `ahead` places on, or -1 at the end. */
static int peek(source *s, size_t ahead)
{
    while (s->at + ahead >= s->text.len)
        if (!fill_source(s)) return -1;
    return (unsigned char)s->text.at[s->at + ahead];
}

static int fail_token(token *t, const char *error)
{
    t->kind = T_ERROR;
    t->error = error;
    return -1;
}

/* Layout and comments; false where a comment has no end. */
static bool skip_layout(source *s, token *t)
{
    for (;;) {
        int c = peek(s, 0);
        if (c == '%') {
            while (c != '\n' && c != -1) {
                s->at++;
                c = peek(s, 0);
            }
        } else if (c == '/' && peek(s, 1) == '*') {
            s->at += 2;
            while (peek(s, 0) != '*' || peek(s, 1) != '/') {
                if (peek(s, 0) == -1) return false;
                s->at++;
            }
            s->at += 2;
        } else if (c != -1 && isspace(c)) {
            s->at++;
        } else {
            return true;
        }
        t->layout = true;
    }
}

static int digit_value(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return 99;
}

/* Digits of a base; false where the number has more than 61 bits. */
static bool digits(source *s, int base, int64_t *out)
{
    int64_t n = 0;
    for (int d; (d = digit_value(peek(s, 0))) < base; s->at++) {
        if (n > (INT_MAX61 - d) / base) return false;
        n = n * base + d;
    }
    *out = n;
    return true;
}

static int simple_escape(int c)
{
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'a': return 7;
    case 'b': return 8;
    case 'f': return '\f';
    case 'v': return 11;
    case 'e': return 27;
    case 's': return ' ';
    case '\\': case '\'': case '"': case '`': return c;
    default: return -1;
    }
}

/* Behind a backslash: the character, -2 for none (a line goes on), -1 for
 * an error. */
static int escaped(source *s, token *t)
{
    int64_t n;
    int c = peek(s, 0);
    if (c == '\n') {
        s->at++;
        return -2;
    }
    if (c == 'x' || (c >= '0' && c <= '7')) {
        if (c == 'x') s->at++;
        if (!digits(s, c == 'x' ? 16 : 8, &n) || n > 0x10ffff)
            return fail_token(t, "illegal_escape");
        if (peek(s, 0) == '\\') s->at++;
        return (int)n;
    }
    c = simple_escape(c);
    if (c < 0) return fail_token(t, "undefined_char_escape");
    s->at++;
    return c;
}

static void quoted(source *s, token *t, int quote)
{
    for (;;) {
        int c = peek(s, 0);
        if (c == -1) {
            fail_token(t, "end_of_file_in_quoted");
            return;
        }
        s->at++;
        if (c == quote) {
            if (peek(s, 0) != quote) return;
            s->at++;
        } else if (c == '\\') {
            c = escaped(s, t);
            if (c == -1) return;
            if (c >= 0) add_char(&t->text, (uint32_t)c);
            continue;
        }
        char byte = (char)c;
        add_text(&t->text, &byte, 1);
    }
}

/* 0'c */
static void char_code(source *s, token *t)
{
    uint32_t ch;
    int c = peek(s, 0);
    if (c == '\\') {
        s->at++;
        c = escaped(s, t);
        if (c == -2) fail_token(t, "illegal_number");
        t->number = c;
        return;
    }
    if (c == '\'') s->at++; /* 0''' */
    while (c >= 0x80 && s->text.len - s->at < 4 && fill_source(s)) continue;
    s->at += read_utf8(s->text.at + s->at, s->text.at + s->text.len, &ch);
    t->number = ch;
}

static void number(source *s, token *t)
{
    static const struct { int letter, base; } bases[] = {
        { 'x', 16 }, { 'o', 8 }, { 'b', 2 },
    };
    t->kind = T_INTEGER;
    if (peek(s, 0) == '0') {
        if (peek(s, 1) == '\'' && peek(s, 2) != -1 &&
            (peek(s, 2) != '\'' || peek(s, 3) == '\'')) {
            s->at += 2;
            char_code(s, t);
            return;
        }
        for (size_t k = 0; k < 3; k++) {
            if (peek(s, 1) != bases[k].letter ||
                digit_value(peek(s, 2)) >= bases[k].base)
                continue;
            s->at += 2;
            if (!digits(s, bases[k].base, &t->number))
                fail_token(t, "integer_too_large");
            return;
        }
    }
    if (!digits(s, 10, &t->number)) fail_token(t, "integer_too_large");
    else if (peek(s, 0) == '.' && isdigit(peek(s, 1)))
        fail_token(t, "no_floats");
}

static void take_while(source *s, token *t, bool (*good)(int))
{
    size_t from = s->at;
    while (good(peek(s, 0))) s->at++;
    add_text(&t->text, s->text.at + from, s->at - from);
}

static void word_or_punct(source *s, token *t, int c)
{
    char byte = (char)c;
    if (c == '_' || isupper(c)) {
        t->kind = T_VARIABLE;
        take_while(s, t, is_alnum_char);
    } else if (is_alnum_char(c)) {
        t->kind = T_NAME;
        take_while(s, t, is_alnum_char);
    } else if (is_symbol_char(c)) {
        t->kind = T_NAME;
        take_while(s, t, is_symbol_char);
    } else if (strchr("()[]{},|!;", c)) {
        t->kind = c == '!' || c == ';' ? T_NAME : T_PUNCT;
        s->at++;
        add_text(&t->text, &byte, 1);
    } else {
        s->at++;
        fail_token(t, "illegal_character");
    }
}

void next_token(machine *m, source *s, token *t)
{
    (void)m;
    t->layout = t->functional = false;
    t->text.len = 0;
    add_text(&t->text, "", 0);
    if (!skip_layout(s, t)) {
        fail_token(t, "end_of_file_in_block_comment");
        return;
    }
    int c = peek(s, 0);
    if (c == -1) {
        t->kind = T_EOF;
        return;
    }
    if (c == '.') {
        int after = peek(s, 1);
        if (after == -1 || isspace(after) || after == '%') {
            s->at++;
            t->kind = T_END;
            return;
        }
    }
    if (c == '\'' || c == '"' || c == '`') {
        s->at++;
        t->kind = c == '\'' ? T_QUOTED : c == '"' ? T_STRING : T_BACKQUOTED;
        quoted(s, t, c);
    } else if (isdigit(c)) {
        number(s, t);
    } else {
        word_or_punct(s, t, c);
    }
    t->functional = peek(s, 0) == '(';
}

/* The whole of a text as a number: atom_number/2 and the like. */
bool next_number(const char *at, size_t len, int64_t *out)
{
    source s = { 0 };
    token t = { 0 };
    bool minus;
    while (len && isspace((unsigned char)*at)) at++, len--;
    minus = len && *at == '-';
    if (len && (*at == '-' || *at == '+')) at++, len--;
    add_text(&s.text, at, len);
    bool good = len > 0 && isdigit((unsigned char)*at);
    if (good) {
        number(&s, &t);
        good = t.kind == T_INTEGER && s.at == s.text.len;
        *out = minus ? -t.number : t.number;
    }
    free(s.text.at);
    return good;
}
