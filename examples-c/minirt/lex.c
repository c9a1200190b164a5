/* Text to tokens. A token points into the source, which outlives the tree. */
#include "minirt.h"

#include <string.h>

static const char *const keywords[] = {
    "use", "fn", "val", "var", "struct", "enum", "if", "else", "while", "for", "in", "return", "break", "continue",
    "true", "false", "nil", "and", "or", "not",
};
static const char pairs[][3] = { "==", "!=", "<=", ">=", "->", ".." };
static const char singles[] = "<>=+-*/%(){}[],.:;";

void lex_start(lexer *lx, const char *source, size_t len) {
    lx->at = source;
    lx->end = source + len;
    lx->line = 1;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c); }

/* Skips blanks and comments; true when a new line began. */
static bool skip_blanks(lexer *lx) {
    bool new_line = false;
    for (; lx->at < lx->end; lx->at++) {
        if (*lx->at == '#') {
            while (lx->at < lx->end && *lx->at != '\n') lx->at++;
            if (lx->at == lx->end) break;
        }
        if (*lx->at == '\n') {
            lx->line++;
            new_line = true;
        } else if (*lx->at != ' ' && *lx->at != '\t' && *lx->at != '\r') {
            break;
        }
    }
    return new_line;
}

static token bad(token t, const char *problem) {
    t.kind = T_BAD;
    t.problem = problem;
    return t;
}

static token lex_number(lexer *lx, token t) {
    t.kind = T_INT;
    uint64_t n = 0;
    for (; lx->at < lx->end && is_digit(*lx->at); lx->at++) {
        uint64_t digit = (uint64_t)(*lx->at - '0');
        if (n > (INT64_MAX - digit) / 10) return bad(t, "number is too large");
        n = n * 10 + digit;
    }
    t.number = (int64_t)n;
    return t;
}

static token lex_word(lexer *lx, token t) {
    t.kind = T_NAME;
    while (lx->at < lx->end && is_name(*lx->at)) lx->at++;
    t.text.len = (size_t)(lx->at - t.text.at);
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++)
        if (strlen(keywords[k]) == t.text.len && memcmp(keywords[k], t.text.at, t.text.len) == 0)
            t.kind = (token_kind)(T_USE + (int)k);
    return t;
}

/* The text of a string token is what stands between the quotes, escapes not yet replaced. */
static token lex_string(lexer *lx, token t) {
    t.kind = T_STRING;
    t.text.at = ++lx->at;
    for (; lx->at < lx->end && *lx->at != '"'; lx->at++) {
        if (*lx->at == '\n') return bad(t, "string does not end on its line");
        if (*lx->at == '\\' && lx->at + 1 < lx->end) lx->at++;
    }
    if (lx->at == lx->end) return bad(t, "string does not end");
    t.text.len = (size_t)(lx->at++ - t.text.at);
    return t;
}

static token lex_sign(lexer *lx, token t) {
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        if (lx->end - lx->at >= 2 && memcmp(lx->at, pairs[k], 2) == 0) {
            t.kind = (token_kind)(T_EQ + (int)k);
            lx->at += 2;
            return t;
        }
    }
    const char *found = *lx->at ? strchr(singles, *lx->at) : NULL;
    lx->at++;
    if (!found) return bad(t, "unexpected character");
    t.kind = (token_kind)(T_LT + (int)(found - singles));
    return t;
}

token lex_next(lexer *lx) {
    token t = { 0 };
    t.first_on_line = skip_blanks(lx);
    t.line = lx->line;
    t.text.at = lx->at;
    if (lx->at >= lx->end) return t;
    if (is_digit(*lx->at)) return lex_number(lx, t);
    if (is_name(*lx->at)) return lex_word(lx, t);
    if (*lx->at == '"') return lex_string(lx, t);
    return lex_sign(lx, t);
}
