/* The format command. */
#include "tinytcl.h"

#include <string.h>

/* One conversion: %[position$][flags][width][.precision][size]letter. */
typedef struct conversion {
    char flags[8];
    bool left, zero;
    int64_t width, precision; /* -1: not given */
    char letter;
} conversion;

typedef struct formatting {
    tcl *t;
    size_t argc, next;
    const value *argv;
    value out;
} formatting;

static int next_arg(formatting *f, value *out) {
    if (f->next >= f->argc)
        return fail(f->t, "not enough arguments for all format specifiers");
    *out = f->argv[f->next++];
    return TCL_OK;
}

static bool read_digits(const char **at, const char *end, int64_t *n) {
    const char *start = *at;
    for (*n = 0; *at < end && **at >= '0' && **at <= '9' && *n < 100000000;)
        *n = *n * 10 + (*(*at)++ - '0');
    return *at > start;
}

static int read_size(formatting *f, const char **at, const char *end,
                     int64_t *n) {
    value v = LIFECYCLE_NIL;
    if (*at < end && **at == '*') {
        ++*at;
        int code = next_arg(f, &v);
        return code ? code : get_int(f->t, v, n);
    }
    read_digits(at, end, n);
    return TCL_OK;
}

static int read_conversion(formatting *f, const char **at, const char *end,
                           conversion *c) {
    size_t flags = 0;
    int64_t position;
    const char *start = *at;
    *c = (conversion){ .width = -1, .precision = -1 };
    if (read_digits(at, end, &position) && *at < end && **at == '$') {
        ++*at;
        if (position < 1 || (size_t)position + 1 >= f->argc)
            return fail(f->t, "\"%%n$\" argument index out of range");
        f->next = (size_t)position + 1;
    } else {
        *at = start;
    }
    for (; *at < end && **at && strchr("-+ 0#", **at); ++*at) {
        c->left = c->left || **at == '-';
        c->zero = c->zero || **at == '0';
        if (flags < 5 && !memchr(c->flags, **at, flags))
            c->flags[flags++] = **at;
    }
    int code = TCL_OK;
    if (*at < end && (**at == '*' || (**at >= '0' && **at <= '9')))
        code = read_size(f, at, end, &c->width);
    if (!code && *at < end && **at == '.') {
        ++*at;
        c->precision = 0;
        code = read_size(f, at, end, &c->precision);
    }
    while (*at < end && **at && strchr("hlL", **at)) ++*at;
    if (code) return code;
    if (*at == end)
        return fail(f->t, "format string ended in middle of field specifier");
    c->letter = *(*at)++;
    if (c->width < -1) c->width = -c->width, c->left = true;
    return TCL_OK;
}

/* Width and precision count characters here, which printf does not. */
static int put_text(formatting *f, const conversion *c, text x) {
    if (c->precision >= 0) x.len = utf8_offset(x, (size_t)c->precision);
    int64_t count = (int64_t)utf8_count(x);
    lifecycle_interp *interp = f->t->interp;
    for (int64_t k = count; !c->left && k < c->width; k++)
        lifecycle_builder_byte(interp, f->out, c->zero ? '0' : ' ');
    int code = check(f->t, lifecycle_builder_bytes(interp, f->out, x.at,
                                                   x.len));
    for (int64_t k = count; c->left && k < c->width; k++)
        lifecycle_builder_byte(interp, f->out, ' ');
    return code;
}

static int put_binary(formatting *f, const conversion *c, uint64_t n) {
    char digits[66];
    size_t at = sizeof digits;
    conversion plain = *c;
    plain.precision = -1;
    do digits[--at] = (char)('0' + (n & 1));
    while (n >>= 1);
    return put_text(f, &plain, (text){ digits + at, sizeof digits - at });
}

static int put_number(formatting *f, const conversion *c, value v) {
    char spec[64], *out;
    int64_t i = 0;
    double d = 0;
    bool real = strchr("eEfgGaA", c->letter) != NULL;
    int code = real ? get_double(f->t, v, &d) : get_int(f->t, v, &i);
    if (code) return code;
    if (c->letter == 'b') return put_binary(f, c, (uint64_t)i);
    int width = c->width < 0 ? 0 : (int)c->width;
    char precision[32] = "";
    if (c->precision >= 0)
        snprintf(precision, sizeof precision, ".%d", (int)c->precision);
    snprintf(spec, sizeof spec, "%%%s*%s%s%c", c->flags, precision,
             real ? "" : "ll", c->letter);
    if (c->precision > 100000)
        return fail(f->t, "result exceeds max size for a Tcl value");
    size_t room = (size_t)width + 420 +
                  (c->precision > 0 ? (size_t)c->precision : 0);
    out = scratch(f->t, room);
    if (!out) return fail_library(f->t);
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    int n = real ? snprintf(out, room, spec, width, d)
                 : snprintf(out, room, spec, width, (long long)i);
#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif
    if (n < 0 || (size_t)n >= room) return fail(f->t, "bad field specifier");
    return check(f->t, lifecycle_builder_bytes(f->t->interp, f->out, out,
                                               (size_t)n));
}

static int put_conversion(formatting *f, const conversion *c) {
    value v = LIFECYCLE_NIL;
    int64_t n;
    char bytes[4];
    if (c->letter == '%')
        return check(f->t, lifecycle_builder_byte(f->t->interp, f->out, '%'));
    int code = next_arg(f, &v);
    if (code) return code;
    switch (c->letter) {
    case 's': return put_text(f, c, text_of(f->t, v));
    case 'c':
        code = get_int(f->t, v, &n);
        if (code) return code;
        return put_text(f, c, (text){ bytes, utf8_write((uint32_t)n, bytes) });
    case 'd': case 'i': case 'u': case 'x': case 'X': case 'o': case 'b':
    case 'e': case 'E': case 'f': case 'g': case 'G': case 'a': case 'A':
        return put_number(f, c, v);
    default: return fail(f->t, "bad field specifier \"%c\"", c->letter);
    }
}

int format_command(tcl *t, size_t argc, const value *argv) {
    formatting f = { .t = t, .argc = argc, .next = 2, .argv = argv };
    text x = text_of(t, argv[1]);
    const char *at = x.at, *end = x.at + x.len;
    f.out = lifecycle_builder_new(t->interp, 64);
    int code = f.out ? TCL_OK : fail_library(t);
    while (!code && at < end) {
        const char *percent = memchr(at, '%', (size_t)(end - at));
        const char *stop = percent ? percent : end;
        conversion c;
        code = check(t, lifecycle_builder_bytes(t->interp, f.out, at,
                                                (size_t)(stop - at)));
        if (!percent) break;
        at = percent + 1;
        if (!code) code = read_conversion(&f, &at, end, &c);
        if (!code) code = put_conversion(&f, &c);
    }
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, f.out));
}
