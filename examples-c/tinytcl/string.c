/* The string command. Indices count characters. */
#include "tinytcl.h"

#include <ctype.h>
#include <string.h>

static int s_length(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    return ok_int(t, (int64_t)utf8_count(text_of(t, argv[1])));
}

static int s_bytelength(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    return ok_int(t, (int64_t)lifecycle_string_length(t->interp, argv[1]));
}

/* Characters [from, to], cut to what there is; found without counting if
 * every character is one byte. */
static text part(text x, size_t count, int64_t from, int64_t to) {
    if (from < 0) from = 0;
    if (to >= (int64_t)count) to = (int64_t)count - 1;
    if (from > to) return (text){ x.at, 0 };
    if (count == x.len)
        return (text){ x.at + from, (size_t)(to - from + 1) };
    size_t start = utf8_offset(x, (size_t)from);
    text rest = { x.at + start, x.len - start };
    return (text){ rest.at, utf8_offset(rest, (size_t)(to - from + 1)) };
}

static int s_index(tcl *t, size_t argc, const value *argv) {
    text x = text_of(t, argv[1]);
    size_t count = utf8_count(x);
    int64_t at;
    (void)argc;
    int code = get_index(t, argv[2], count, &at);
    if (code) return code;
    if (at < 0 || at >= (int64_t)count) return ok_empty(t);
    text c = part(x, count, at, at);
    return ok_text(t, c.at, c.len);
}

static int s_range(tcl *t, size_t argc, const value *argv) {
    text x = text_of(t, argv[1]);
    size_t count = utf8_count(x);
    int64_t from, to;
    (void)argc;
    int code = get_index(t, argv[2], count, &from);
    if (!code) code = get_index(t, argv[3], count, &to);
    if (code) return code;
    text r = part(x, count, from, to);
    return ok(t, new_text(t, r));
}

/* Options of compare, equal, match and map. */
static int text_options(tcl *t, size_t argc, const value *argv, size_t last,
                        bool *nocase, int64_t *limit) {
    static const char *const names[] = { "-nocase", "-length", NULL };
    *nocase = false;
    *limit = -1;
    for (size_t k = 1; k + last < argc; k++) {
        int which;
        if (choose(t, argv[k], "option", names, &which)) return TCL_ERROR;
        if (which == 0) *nocase = true;
        else if (k + 1 + last < argc && get_int(t, argv[++k], limit))
            return TCL_ERROR;
    }
    return TCL_OK;
}

static int compare_two(tcl *t, size_t argc, const value *argv, int *order) {
    bool nocase;
    int64_t limit;
    int code = text_options(t, argc, argv, 2, &nocase, &limit);
    if (code) return code;
    value a = argv[argc - 2], b = argv[argc - 1];
    *order = nocase || limit >= 0
                 ? compare_text(text_of(t, a), text_of(t, b), nocase,
                                limit < 0 ? SIZE_MAX : (size_t)limit)
                 : lifecycle_string_compare(t->interp, a, b);
    return TCL_OK;
}

static int s_compare(tcl *t, size_t argc, const value *argv) {
    int order;
    int code = compare_two(t, argc, argv, &order);
    return code ? code : ok_int(t, order < 0 ? -1 : order > 0);
}

static int s_equal(tcl *t, size_t argc, const value *argv) {
    int order;
    int code = compare_two(t, argc, argv, &order);
    return code ? code : ok_int(t, order == 0);
}

static int s_match(tcl *t, size_t argc, const value *argv) {
    bool nocase;
    int64_t limit;
    int code = text_options(t, argc, argv, 2, &nocase, &limit);
    if (code) return code;
    return ok_int(t, glob(text_of(t, argv[argc - 2]),
                          text_of(t, argv[argc - 1]), nocase));
}

static bool starts(text x, size_t at, text with) {
    return with.len <= x.len - at &&
           memcmp(x.at + at, with.at, with.len) == 0;
}

static int find(tcl *t, size_t argc, const value *argv, bool first) {
    text needle = text_of(t, argv[1]), x = text_of(t, argv[2]);
    size_t count = utf8_count(x), found = SIZE_MAX;
    int64_t at = first ? 0 : (int64_t)count - 1;
    if (argc > 3) {
        int code = get_index(t, argv[3], count, &at);
        if (code) return code;
    }
    if (at < 0) at = first ? 0 : -1;
    if (needle.len == 0 || at < 0) return ok_int(t, -1);
    size_t from = first ? utf8_offset(x, (size_t)at) : 0;
    size_t end = first ? x.len : utf8_offset(x, (size_t)at + 1);
    for (size_t k = from; k + needle.len <= x.len; k++) {
        if (!first && k + needle.len > end) break;
        if (!starts(x, k, needle)) continue;
        found = k;
        if (first) break;
    }
    if (found == SIZE_MAX) return ok_int(t, -1);
    return ok_int(t, (int64_t)utf8_count((text){ x.at, found }));
}

static int s_first(tcl *t, size_t argc, const value *argv) {
    return find(t, argc, argv, true);
}

static int s_last(tcl *t, size_t argc, const value *argv) {
    return find(t, argc, argv, false);
}

/* The pair whose key is at this place: its value, and the key's length. */
static bool map_at(tcl *t, value pairs, size_t n, text x, size_t at,
                   bool nocase, value *to, size_t *len) {
    for (size_t k = 0; k + 1 < n; k += 2) {
        text key = text_of(t, lifecycle_list_at(t->interp, pairs, k));
        if (key.len == 0 || key.len > x.len - at) continue;
        text here = { x.at + at, key.len };
        if (nocase ? compare_text(here, key, true, SIZE_MAX) != 0
                   : memcmp(here.at, key.at, key.len) != 0)
            continue;
        *to = lifecycle_list_at(t->interp, pairs, k + 1);
        *len = key.len;
        return true;
    }
    return false;
}

static int s_map(tcl *t, size_t argc, const value *argv) {
    bool nocase;
    int64_t limit;
    size_t n, from = 0, len;
    value pairs = argv[argc - 2], to;
    int code = text_options(t, argc, argv, 2, &nocase, &limit);
    if (!code) code = get_list(t, pairs, &n);
    if (code) return code;
    if (n % 2) return fail(t, "char map list unbalanced");
    text x = text_of(t, argv[argc - 1]);
    value out = lifecycle_builder_new(t->interp, x.len);
    for (size_t at = 0; !code && at < x.len;) {
        if (!map_at(t, pairs, n, x, at, nocase, &to, &len)) {
            at += utf8_width(x.at + at, x.at + x.len);
            continue;
        }
        code = check(t, lifecycle_builder_bytes(t->interp, out, x.at + from,
                                                at - from));
        if (!code) code = check(t, lifecycle_builder_append(t->interp, out,
                                                            to));
        from = at += len;
    }
    if (!code)
        code = check(t, lifecycle_builder_bytes(t->interp, out, x.at + from,
                                                x.len - from));
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, out));
}

static int s_repeat(tcl *t, size_t argc, const value *argv) {
    text x = text_of(t, argv[1]);
    int64_t n;
    (void)argc;
    int code = get_int(t, argv[2], &n);
    if (code) return code;
    size_t size;
    if (n <= 0 || x.len == 0) return ok_empty(t);
    if (__builtin_mul_overflow((size_t)n, x.len, &size) ||
        size > (size_t)1 << 31)
        return fail(t, "result exceeds max size for a Tcl value");
    value out = lifecycle_builder_new(t->interp, size);
    while (!code && n-- > 0)
        code = check(t, lifecycle_builder_bytes(t->interp, out, x.at, x.len));
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, out));
}

static int s_replace(tcl *t, size_t argc, const value *argv) {
    text x = text_of(t, argv[1]);
    size_t count = utf8_count(x);
    int64_t from, to;
    int code = get_index(t, argv[2], count, &from);
    if (!code) code = get_index(t, argv[3], count, &to);
    if (code) return code;
    if (from > to || from >= (int64_t)count || to < 0)
        return ok(t, argv[1]);
    text cut = part(x, count, from, to);
    size_t before = (size_t)(cut.at - x.at), after = before + cut.len;
    value out = lifecycle_builder_new(t->interp, x.len);
    code = check(t, lifecycle_builder_bytes(t->interp, out, x.at, before));
    if (!code && argc > 4)
        code = check(t, lifecycle_builder_append(t->interp, out, argv[4]));
    if (!code)
        code = check(t, lifecycle_builder_bytes(t->interp, out, x.at + after,
                                                x.len - after));
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, out));
}

static int s_reverse(tcl *t, size_t argc, const value *argv) {
    text x = text_of(t, argv[1]);
    char *out = scratch(t, x.len);
    (void)argc;
    if (!out) return fail_library(t);
    for (size_t at = 0; at < x.len;) {
        size_t n = utf8_width(x.at + at, x.at + x.len);
        memcpy(out + x.len - at - n, x.at + at, n);
        at += n;
    }
    return ok_text(t, out, x.len);
}

/* Upper, lower and title case: of ASCII letters. */
static int change_case(tcl *t, size_t argc, const value *argv, int how) {
    text x = text_of(t, argv[1]);
    char *out = scratch(t, x.len);
    size_t count = utf8_count(x);
    int64_t from = 0, to = (int64_t)count - 1;
    if (!out) return fail_library(t);
    if (argc > 2 && get_index(t, argv[2], count, &from)) return TCL_ERROR;
    if (argc > 2) to = from;
    if (argc > 3 && get_index(t, argv[3], count, &to)) return TCL_ERROR;
    text cut = part(x, count, from, to);
    size_t start = (size_t)(cut.at - x.at);
    for (size_t k = 0; k < x.len; k++) {
        unsigned char c = (unsigned char)x.at[k];
        bool upper = how == 'U' || (how == 'T' && k == start);
        bool change = c < 0x80 && k >= start && k - start < cut.len;
        out[k] = (char)(!change ? c : upper ? toupper(c) : tolower(c));
    }
    return ok_text(t, out, x.len);
}

static int s_toupper(tcl *t, size_t argc, const value *argv) {
    return change_case(t, argc, argv, 'U');
}

static int s_tolower(tcl *t, size_t argc, const value *argv) {
    return change_case(t, argc, argv, 'L');
}

static int s_totitle(tcl *t, size_t argc, const value *argv) {
    return change_case(t, argc, argv, 'T');
}

static bool in_set(text set, const char *at, size_t width) {
    const char *end = set.at + set.len;
    for (const char *s = set.at; s < end; s += utf8_width(s, end))
        if (utf8_width(s, end) == width && memcmp(s, at, width) == 0)
            return true;
    return false;
}

static int trim(tcl *t, size_t argc, const value *argv, bool left,
                bool right) {
    text x = text_of(t, argv[1]);
    text set = argc > 2 ? text_of(t, argv[2])
                        : (text){ " \t\n\v\f\r\0", 7 };
    const char *end = x.at + x.len;
    while (left && x.at < end) {
        size_t n = utf8_width(x.at, end);
        if (!in_set(set, x.at, n)) break;
        x.at += n;
    }
    while (right && x.at < end) {
        const char *last = end - 1;
        while (last > x.at && ((unsigned char)*last & 0xC0) == 0x80) last--;
        if (utf8_width(last, end) != (size_t)(end - last)) last = end - 1;
        if (!in_set(set, last, (size_t)(end - last))) break;
        end = last;
    }
    return ok_text(t, x.at, (size_t)(end - x.at));
}

static int s_trim(tcl *t, size_t argc, const value *argv) {
    return trim(t, argc, argv, true, true);
}

static int s_trimleft(tcl *t, size_t argc, const value *argv) {
    return trim(t, argc, argv, true, false);
}

static int s_trimright(tcl *t, size_t argc, const value *argv) {
    return trim(t, argc, argv, false, true);
}

static int s_cat(tcl *t, size_t argc, const value *argv) {
    value out = lifecycle_builder_new(t->interp, 64);
    int code = out ? TCL_OK : fail_library(t);
    for (size_t k = 1; !code && k < argc; k++)
        code = check(t, lifecycle_builder_append(t->interp, out, argv[k]));
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, out));
}

/* ---- string is ---- */

/* Beyond ASCII everything counts as a letter. */
static bool is_class(const char *name, uint32_t c) {
    static const struct {
        const char *name;
        int (*is)(int);
        bool beyond;
    } table[] = {
        { "alnum", isalnum, true },   { "alpha", isalpha, true },
        { "control", iscntrl, false }, { "digit", isdigit, false },
        { "graph", isgraph, true },   { "lower", islower, false },
        { "print", isprint, true },   { "punct", ispunct, false },
        { "space", isspace, false },  { "upper", isupper, false },
        { "xdigit", isxdigit, false },
    };
    if (strcmp(name, "wordchar") == 0) return c > 127 || isalnum((int)c) ||
                                              c == '_';
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (strcmp(table[k].name, name) == 0)
            return c < 128 ? table[k].is((int)c) != 0 : table[k].beyond;
    return c < 128; /* ascii */
}

static bool is_kind(tcl *t, const char *name, value v, bool *known) {
    text x = text_of(t, v);
    int64_t n;
    double d;
    bool b;
    *known = true;
    if (strcmp(name, "integer") == 0 || strcmp(name, "wideinteger") == 0 ||
        strcmp(name, "entier") == 0)
        return read_int(x, &n);
    if (strcmp(name, "double") == 0)
        return read_int(x, &n) || read_double(x, &d);
    if (strcmp(name, "boolean") == 0) return read_bool(x, &b);
    if (strcmp(name, "true") == 0) return read_bool(x, &b) && b;
    if (strcmp(name, "false") == 0) return read_bool(x, &b) && !b;
    if (strcmp(name, "list") == 0)
        return lifecycle_list_shimmer(t->interp, v) == LIFECYCLE_OK;
    *known = false;
    return false;
}

static int s_is(tcl *t, size_t argc, const value *argv) {
    static const char *const names[] = {
        "alnum", "alpha", "ascii", "boolean", "control", "digit", "double",
        "entier", "false", "graph", "integer", "list", "lower", "print",
        "punct", "space", "true", "upper", "wideinteger", "wordchar",
        "xdigit", NULL };
    int which;
    bool strict = false, known;
    if (choose(t, argv[1], "class", names, &which)) return TCL_ERROR;
    for (size_t k = 2; k + 1 < argc; k++) {
        if (!same(text_of(t, argv[k]), "-strict"))
            return fail(t, "bad option \"%.*s\": must be -strict",
                        SHOW(text_of(t, argv[k])));
        strict = true;
    }
    value v = argv[argc - 1];
    text x = text_of(t, v);
    if (x.len == 0 && which != 11) return ok_int(t, !strict);
    bool yes = is_kind(t, names[which], v, &known);
    if (known) return ok_int(t, yes);
    const char *end = x.at + x.len;
    for (yes = true; yes && x.at < end;) {
        size_t n = utf8_width(x.at, end);
        yes = is_class(names[which], utf8_read(x.at, n));
        x.at += n;
    }
    return ok_int(t, yes);
}

static int string_command(tcl *t, size_t argc, const value *argv) {
    static const builtin table[] = {
        { "bytelength", s_bytelength, 1, 1, "string" },
        { "cat", s_cat, 0, ANY, "?arg ...?" },
        { "compare", s_compare, 2, 5,
          "?-nocase? ?-length int? string1 string2" },
        { "equal", s_equal, 2, 5,
          "?-nocase? ?-length int? string1 string2" },
        { "first", s_first, 2, 3, "needleString haystackString ?startIndex?" },
        { "index", s_index, 2, 2, "string charIndex" },
        { "is", s_is, 2, 3, "class ?-strict? str" },
        { "last", s_last, 2, 3, "needleString haystackString ?startIndex?" },
        { "length", s_length, 1, 1, "string" },
        { "map", s_map, 2, 3, "?-nocase? charMap string" },
        { "match", s_match, 2, 3, "?-nocase? pattern string" },
        { "range", s_range, 3, 3, "string first last" },
        { "repeat", s_repeat, 2, 2, "string count" },
        { "replace", s_replace, 3, 4, "string first last ?string?" },
        { "reverse", s_reverse, 1, 1, "string" },
        { "tolower", s_tolower, 1, 3, "string ?first? ?last?" },
        { "totitle", s_totitle, 1, 3, "string ?first? ?last?" },
        { "toupper", s_toupper, 1, 3, "string ?first? ?last?" },
        { "trim", s_trim, 1, 2, "string ?chars?" },
        { "trimleft", s_trimleft, 1, 2, "string ?chars?" },
        { "trimright", s_trimright, 1, 2, "string ?chars?" },
        { NULL, NULL, 0, 0, NULL },
    };
    return dispatch(t, table, argc, argv);
}

const builtin string_commands[] = {
    { "string", string_command, 1, ANY, "subcommand ?arg ...?" },
    { "format", format_command, 1, ANY, "formatString ?arg ...?" },
    { NULL, NULL, 0, 0, NULL },
};
