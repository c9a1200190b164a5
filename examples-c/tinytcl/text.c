/* Characters (UTF-8; a byte that is none stands for itself), numbers,
 * patterns, indices. */
#include "tinytcl.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- characters ---- */

static bool follows(const char *at, size_t n) {
    for (size_t k = 1; k < n; k++)
        if (((unsigned char)at[k] & 0xC0) != 0x80) return false;
    return true;
}

/* Bytes of the character at `at`, which is before `end`. */
size_t utf8_width(const char *at, const char *end) {
    unsigned char c = (unsigned char)*at;
    size_t n = c < 0xC2 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 1;
    return n <= (size_t)(end - at) && follows(at, n) ? n : 1;
}

uint32_t utf8_read(const char *at, size_t width) {
    unsigned char c = (unsigned char)*at;
    if (width == 1) return c;
    uint32_t code = c & (0xFFu >> (width + 1));
    for (size_t k = 1; k < width; k++)
        code = code << 6 | ((unsigned char)at[k] & 0x3F);
    return code;
}

size_t utf8_write(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code > 0x10FFFF) code = 0xFFFD, n = 3;
    for (size_t k = n - 1; k > 0; k--, code >>= 6)
        out[k] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xFF) | code);
    return n;
}

size_t utf8_count(text x) {
    size_t n = 0;
    const char *end = x.at + x.len;
    for (const char *at = x.at; at < end; at += utf8_width(at, end)) n++;
    return n;
}

/* Where character `index` begins; the length if there are not so many. */
size_t utf8_offset(text x, size_t index) {
    const char *at = x.at, *end = x.at + x.len;
    while (index > 0 && at < end) at += utf8_width(at, end), index--;
    return (size_t)(at - x.at);
}

static uint32_t read_hex(const char **at, const char *end, int most) {
    uint32_t n = 0;
    for (; most > 0 && *at < end && isxdigit((unsigned char)**at); most--)
        n = n * 16 + (uint32_t)(isdigit((unsigned char)**at)
                                    ? **at - '0'
                                    : tolower((unsigned char)**at) - 'a' + 10),
        ++*at;
    return n;
}

/* What the backslash at `at` stands for; gives how many bytes it takes. */
size_t escape(const char *at, const char *end, char out[4], size_t *out_len) {
    static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
    const char *start = at++;
    *out_len = 1;
    if (at == end) {
        out[0] = '\\';
        return 1;
    }
    const char *simple = *at ? strchr(from, *at) : NULL;
    if (simple) {
        out[0] = to[simple - from];
        return 2;
    }
    if (*at == 'x' || *at == 'u' || *at == 'U') {
        int most = *at == 'x' ? 2 : *at == 'u' ? 4 : 8;
        const char *digits = ++at;
        uint32_t code = read_hex(&at, end, most);
        if (at == digits) out[0] = at[-1];
        else *out_len = utf8_write(code, out);
        return (size_t)(at - start);
    }
    if (*at >= '0' && *at <= '7') {
        uint32_t code = 0;
        for (int k = 0; k < 3 && at < end && *at >= '0' && *at <= '7'; k++)
            code = code * 8 + (uint32_t)(*at++ - '0');
        *out_len = utf8_write(code & 0xFF, out);
        return (size_t)(at - start);
    }
    if (*at == '\n') {
        for (at++; at < end && (*at == ' ' || *at == '\t');) at++;
        out[0] = ' ';
        return (size_t)(at - start);
    }
    *out_len = utf8_width(at, end);
    memcpy(out, at, *out_len);
    return 1 + *out_len;
}

static uint32_t fold(uint32_t c) {
    return c < 0x80 ? (uint32_t)tolower((int)c) : c;
}

int compare_text(text a, text b, bool nocase, size_t limit) {
    const char *p = a.at, *pe = p + a.len, *q = b.at, *qe = q + b.len;
    for (; limit > 0 && p < pe && q < qe; limit--) {
        size_t m = utf8_width(p, pe), n = utf8_width(q, qe);
        uint32_t c = utf8_read(p, m), d = utf8_read(q, n);
        if (nocase) c = fold(c), d = fold(d);
        if (c != d) return c < d ? -1 : 1;
        p += m, q += n;
    }
    return limit == 0 ? 0 : p < pe ? 1 : q < qe ? -1 : 0;
}

/* ---- patterns ---- */

/* Matches one character against the pattern's next; moves past both. */
static bool glob_one(const char **p, const char *pe, const char **s,
                     const char *se, bool nocase) {
    size_t n = utf8_width(*s, se);
    uint32_t c = utf8_read(*s, n);
    if (nocase) c = fold(c);
    *s += n;
    if (**p == '?') return ++*p, true;
    if (**p == '[') {
        bool in = false;
        for (++*p; *p < pe && **p != ']';) {
            size_t m = utf8_width(*p, pe);
            uint32_t low = utf8_read(*p, m), high = low;
            *p += m;
            if (pe - *p > 1 && **p == '-' && (*p)[1] != ']') {
                ++*p;
                m = utf8_width(*p, pe);
                high = utf8_read(*p, m);
                *p += m;
            }
            if (nocase) low = fold(low), high = fold(high);
            if (low > high) { uint32_t swap = low; low = high; high = swap; }
            in = in || (c >= low && c <= high);
        }
        if (*p < pe) ++*p;
        return in;
    }
    if (**p == '\\' && pe - *p > 1) ++*p;
    size_t m = utf8_width(*p, pe);
    uint32_t d = utf8_read(*p, m);
    *p += m;
    return c == (nocase ? fold(d) : d);
}

/* Goes back to the last star only: never more than length times length. */
bool glob(text pattern, text subject, bool nocase) {
    const char *p = pattern.at, *pe = p + pattern.len;
    const char *s = subject.at, *se = s + subject.len;
    const char *star = NULL, *resume = NULL;
    while (s < se) {
        if (p < pe && *p == '*') {
            star = ++p;
            resume = s;
        } else if (p == pe || !glob_one(&p, pe, &s, se, nocase)) {
            if (!star) return false;
            p = star;
            resume += utf8_width(resume, se);
            s = resume;
        }
    }
    while (p < pe && *p == '*') p++;
    return p == pe;
}

/* ---- numbers ---- */

static text trimmed(text x) {
    while (x.len && isspace((unsigned char)x.at[0])) x.at++, x.len--;
    while (x.len && isspace((unsigned char)x.at[x.len - 1])) x.len--;
    return x;
}

static int digit_of(char c) {
    unsigned char u = (unsigned char)c;
    return isdigit(u) ? u - '0' : isalpha(u) ? tolower(u) - 'a' + 10 : 99;
}

/* Decimal, 0x, 0o or 0b, with white space around it; 64 bits. */
bool read_int(text x, int64_t *out) {
    x = trimmed(x);
    bool minus = x.len && *x.at == '-';
    if (x.len && (*x.at == '-' || *x.at == '+')) x.at++, x.len--;
    int base = 10;
    if (x.len > 2 && x.at[0] == '0') {
        char c = (char)tolower((unsigned char)x.at[1]);
        base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
        if (base != 10) x.at += 2, x.len -= 2;
    }
    if (x.len == 0) return false;
    uint64_t n = 0;
    for (size_t k = 0; k < x.len; k++) {
        int d = digit_of(x.at[k]);
        if (d >= base || __builtin_mul_overflow(n, (uint64_t)base, &n) ||
            __builtin_add_overflow(n, (uint64_t)d, &n))
            return false;
    }
    if (n > (uint64_t)INT64_MAX + (minus ? 1 : 0)) return false;
    *out = minus ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

bool read_double(text x, double *out) {
    char buffer[400];
    x = trimmed(x);
    if (x.len == 0 || x.len >= sizeof buffer) return false;
    memcpy(buffer, x.at, x.len);
    buffer[x.len] = '\0';
    if (strchr(buffer, 'x') || strchr(buffer, 'X') || strchr(buffer, '('))
        return false;
    char *end;
    double d = strtod(buffer, &end);
    if (end != buffer + x.len || end == buffer) return false;
    *out = d;
    return true;
}

int get_int(tcl *t, value v, int64_t *out) {
    if (lifecycle_peek_int(t->interp, v, out)) return TCL_OK;
    text x = text_of(t, v);
    if (read_int(x, out)) return TCL_OK;
    double d;
    if (read_double(x, &d) && d == floor(d) && fabs(d) > 9e18 &&
        !memchr(x.at, '.', x.len) && !memchr(x.at, 'e', x.len))
        return fail(t, "integer value too large to represent");
    return fail(t, "expected integer but got \"%.*s\"", SHOW(x));
}

int get_double(tcl *t, value v, double *out) {
    int64_t n;
    if (lifecycle_peek_double(t->interp, v, out)) return TCL_OK;
    text x = text_of(t, v);
    if (read_int(x, &n)) {
        *out = (double)n;
        return TCL_OK;
    }
    if (read_double(x, out)) return TCL_OK;
    return fail(t, "expected floating-point number but got \"%.*s\"",
                SHOW(x));
}

bool read_bool(text x, bool *out) {
    static const char *const names[] = { "no", "false", "off", "yes", "true",
                                         "on" };
    int64_t n;
    double d;
    if (read_int(x, &n)) return *out = n != 0, true;
    for (size_t k = 0; k < 6; k++) {
        size_t len = strlen(names[k]);
        if (x.len == 0 || x.len > len || (x.len == 1 && *x.at == 'o'))
            continue;
        if (compare_text(x, (text){ names[k], x.len }, true, SIZE_MAX) == 0)
            return *out = k >= 3, true;
    }
    return read_double(x, &d) && (*out = d != 0, true);
}

int get_bool(tcl *t, value v, bool *out) {
    text x = text_of(t, v);
    return read_bool(x, out)
               ? TCL_OK
               : fail(t, "expected boolean value but got \"%.*s\"", SHOW(x));
}

/* An index: a number, end, or two of them with + or - between. */
static bool read_index(text x, int64_t last, int64_t *out) {
    int64_t sum = 0, n;
    size_t from = 0;
    if (x.len == 0) return false;
    for (int sign = 1;;) {
        size_t to = from + (from < x.len && x.at[from] == '-' && !from);
        while (to < x.len && x.at[to] != '+' && x.at[to] != '-') to++;
        text part = { x.at + from, to - from };
        if (from == 0 && same(part, "end")) n = last;
        else if (!read_int(part, &n)) return false;
        if (sign < 0 && n == INT64_MIN) return false;
        if (__builtin_add_overflow(sum, sign * n, &sum)) return false;
        if (to == x.len) break;
        sign = x.at[to] == '-' ? -1 : 1;
        from = to + 1;
    }
    *out = sum;
    return true;
}

int get_index(tcl *t, value v, size_t length, int64_t *out) {
    if (lifecycle_peek_int(t->interp, v, out)) return TCL_OK;
    text x = text_of(t, v);
    if (read_index(x, (int64_t)length - 1, out)) return TCL_OK;
    return fail(t, "bad index \"%.*s\": must be integer?[+-]integer? or "
                   "end?[+-]integer?", SHOW(x));
}

/* Where an element ends that begins with a brace or quote; NULL: nowhere. */
static const char *element_end(const char *at, const char *end) {
    size_t depth = 0;
    for (bool quoted = *at++ == '"'; at < end; at++) {
        if (*at == '\\' && at + 1 < end) at++;
        else if (quoted ? *at == '"' : *at == '}' && depth-- == 0) return at;
        else if (!quoted && *at == '{') depth++;
    }
    return NULL;
}

/* Says why a text is not a list. */
static int not_a_list(tcl *t, text x) {
    const char *at = x.at, *end = x.at + x.len;
    for (;;) {
        while (at < end && isspace((unsigned char)*at)) at++;
        if (at == end) return fail_library(t);
        const char *what = *at == '{' ? "brace" : "quote";
        if (*at == '{' || *at == '"') {
            at = element_end(at, end);
            if (!at) return fail(t, "unmatched open %s in list", what);
            const char *rest = ++at;
            while (at < end && !isspace((unsigned char)*at)) at++;
            if (at > rest)
                return fail(t, "list element in %ss followed by \"%.*s\" "
                               "instead of space", what, (int)(at - rest),
                            rest);
        }
        for (; at < end && !isspace((unsigned char)*at); at++)
            if (*at == '\\' && at + 1 < end) at++;
    }
}

/* Makes the value a list, if it is one. */
int get_list(tcl *t, value v, size_t *length) {
    *length = 0;
    lifecycle_status status = lifecycle_list_shimmer(t->interp, v);
    if (status == LIFECYCLE_E_TYPE) return not_a_list(t, text_of(t, v));
    if (status != LIFECYCLE_OK) return fail_library(t);
    *length = lifecycle_list_length(t->interp, v);
    return TCL_OK;
}

/* Which of the names an option or subcommand is; a prefix will do. */
int choose(tcl *t, value v, const char *what, const char *const names[],
           int *out) {
    text x = text_of(t, v);
    int found = -1;
    bool ambiguous = false;
    for (int k = 0; names[k]; k++) {
        if (same(x, names[k])) return *out = k, TCL_OK;
        if (x.len && strlen(names[k]) > x.len &&
            memcmp(names[k], x.at, x.len) == 0) {
            ambiguous = found >= 0;
            found = k;
        }
    }
    if (found >= 0 && !ambiguous) return *out = found, TCL_OK;
    char all[600];
    size_t used = 0;
    for (int k = 0; names[k]; k++) {
        int n = snprintf(all + used, sizeof all - used, "%s%s%s",
                         k == 0 ? "" : names[k + 1] || k > 1 ? ", " : " ",
                         k && !names[k + 1] ? "or " : "", names[k]);
        if (n < 0 || (size_t)n >= sizeof all - used) break;
        used += (size_t)n;
    }
    return fail(t, "%s%s \"%.*s\": must be %s",
                strcmp(what, "subcommand") == 0 ? "unknown or ambiguous "
                : ambiguous                     ? "ambiguous "
                                                : "bad ",
                what, SHOW(x), all);
}
