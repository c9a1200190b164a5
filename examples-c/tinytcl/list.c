/* Lists. What is changed in place is a copy (a copy of what came from a
 * variable costs nothing), or a variable's own fresh handle. */
#include "tinytcl.h"

#include <ctype.h>
#include <string.h>

static int cmd_list(tcl *t, size_t argc, const value *argv) {
    return ok(t, lifecycle_list(t->interp, argv + 1, argc - 1));
}

static int cmd_llength(tcl *t, size_t argc, const value *argv) {
    size_t n;
    (void)argc;
    int code = get_list(t, argv[1], &n);
    return code ? code : ok_int(t, (int64_t)n);
}

static int cmd_lappend(tcl *t, size_t argc, const value *argv) {
    value v = var_peek(t, text_of(t, argv[1]));
    if (!v) return var_store(t, argv[1], lifecycle_list(t->interp, argv + 2,
                                                    argc - 2));
    size_t n;
    int code = get_list(t, v, &n);
    for (size_t k = 2; !code && k < argc; k++)
        code = check(t, lifecycle_list_push_in_place(t->interp, v, argv[k]));
    if (code) return code;
    return var_store(t, argv[1], v);
}

/* The element a path of indices leads to; nothing where there is none. */
static int index_path(tcl *t, value *v, size_t count, const value *path) {
    for (size_t k = 0; k < count; k++) {
        size_t n;
        int64_t i;
        int code = get_list(t, *v, &n);
        if (!code) code = get_index(t, path[k], n, &i);
        if (code) return code;
        *v = i >= 0 && (uint64_t)i < n
                 ? lifecycle_list_at(t->interp, *v, (size_t)i)
                 : lifecycle_string(t->interp, "", 0);
        if (!*v) return fail_library(t);
    }
    return TCL_OK;
}

/* One word may be a whole path: it then is a list. */
static int spread_path(tcl *t, size_t *count, const value **path) {
    size_t n;
    if (*count != 1) return TCL_OK;
    text x = text_of(t, **path);
    bool plain = x.len > 0;
    for (size_t k = 0; k < x.len; k++)
        if (isspace((unsigned char)x.at[k])) plain = false;
    if (plain && x.at[0] != '{') return TCL_OK;
    int code = get_list(t, **path, &n);
    if (code) return code;
    value *list = scratch(t, n * sizeof *list);
    if (!list) return fail_library(t);
    for (size_t k = 0; k < n; k++)
        if (!(list[k] = lifecycle_list_at(t->interp, **path, k)))
            return fail_library(t);
    *path = list;
    *count = n;
    return TCL_OK;
}

static int cmd_lindex(tcl *t, size_t argc, const value *argv) {
    value v = argv[1];
    size_t count = argc - 2;
    const value *path = argv + 2;
    int code = spread_path(t, &count, &path);
    if (!code) code = index_path(t, &v, count, path);
    return code ? code : ok(t, v);
}

/* A range of indices, cut to what there is. */
static int get_range(tcl *t, const value *ends, size_t n, size_t *first,
                     size_t *count) {
    int64_t from, to;
    int code = get_index(t, ends[0], n, &from);
    if (!code) code = get_index(t, ends[1], n, &to);
    if (code) return code;
    if (from < 0) from = 0;
    if (to >= (int64_t)n) to = (int64_t)n - 1;
    *first = (uint64_t)from > n ? n : (size_t)from;
    *count = from > to ? 0 : (size_t)(to - from + 1);
    return TCL_OK;
}

static int cmd_lrange(tcl *t, size_t argc, const value *argv) {
    size_t n, first, count;
    (void)argc;
    int code = get_list(t, argv[1], &n);
    if (!code) code = get_range(t, argv + 2, n, &first, &count);
    if (code) return code;
    return ok(t, lifecycle_list_slice(t->interp, argv[1], first, count));
}

static int splice(tcl *t, value list, size_t first, size_t count,
                  const value *more, size_t n) {
    value copy = lifecycle_list_copy(t->interp, list);
    value insert = lifecycle_list(t->interp, more, n);
    if (!copy || !insert) return fail_library(t);
    int code = check(t, lifecycle_list_splice_in_place(t->interp, copy, first,
                                                       count, insert));
    return code ? code : ok(t, copy);
}

static int cmd_lreplace(tcl *t, size_t argc, const value *argv) {
    size_t n, first, count;
    int code = get_list(t, argv[1], &n);
    if (!code) code = get_range(t, argv + 2, n, &first, &count);
    if (code) return code;
    return splice(t, argv[1], first, count, argv + 4, argc - 4);
}

static int cmd_linsert(tcl *t, size_t argc, const value *argv) {
    size_t n;
    int64_t at;
    int code = get_list(t, argv[1], &n);
    if (!code) code = get_index(t, argv[2], n + 1, &at);
    if (code) return code;
    if (at < 0) at = 0;
    if ((uint64_t)at > n) at = (int64_t)n;
    return splice(t, argv[1], (size_t)at, 0, argv + 3, argc - 3);
}

/* Goes down the path, making each list on it this variable's own. */
static int set_path(tcl *t, value list, size_t count, const value *path,
                    value v) {
    for (size_t k = 0; k < count; k++) {
        size_t n;
        int64_t i;
        int code = get_list(t, list, &n);
        if (!code) code = get_index(t, path[k], n, &i);
        if (code) return code;
        bool last = k + 1 == count;
        if (i < 0 || (uint64_t)i > n || (!last && (uint64_t)i == n))
            return fail(t, "list index out of range");
        value child = v;
        if (!last) {
            value was = lifecycle_list_at(t->interp, list, (size_t)i);
            if (get_list(t, was, &n)) return TCL_ERROR;
            child = lifecycle_list_copy(t->interp, was);
            if (!child) return fail_library(t);
        }
        lifecycle_status status =
            (uint64_t)i == n && last
                ? lifecycle_list_push_in_place(t->interp, list, child)
                : lifecycle_list_set_at_in_place(t->interp, list, (size_t)i,
                                                 child);
        if (status != LIFECYCLE_OK) return fail_library(t);
        list = child;
    }
    return TCL_OK;
}

static int cmd_lset(tcl *t, size_t argc, const value *argv) {
    value v = var_get(t, argv[1]);
    if (!v) return TCL_ERROR;
    size_t count = argc - 3;
    const value *path = argv + 2;
    int code = spread_path(t, &count, &path);
    if (!code && count == 0) v = argv[argc - 1];
    else if (!code) code = set_path(t, v, count, path, argv[argc - 1]);
    return code ? code : var_store(t, argv[1], v);
}

static int cmd_lreverse(tcl *t, size_t argc, const value *argv) {
    size_t n;
    (void)argc;
    int code = get_list(t, argv[1], &n);
    if (code) return code;
    value out = lifecycle_list(t->interp, NULL, 0);
    while (!code && n-- > 0)
        code = check(t, lifecycle_list_push_in_place(
                            t->interp, out,
                            lifecycle_list_at(t->interp, argv[1], n)));
    return code ? code : ok(t, out);
}

static int cmd_lassign(tcl *t, size_t argc, const value *argv) {
    size_t n;
    int code = get_list(t, argv[1], &n);
    for (size_t k = 2; !code && k < argc; k++)
        code = var_set(t, argv[k],
                       k - 2 < n ? lifecycle_list_at(t->interp, argv[1], k - 2)
                                 : lifecycle_string(t->interp, "", 0));
    if (code) return code;
    return ok(t, lifecycle_list_slice(t->interp, argv[1], argc - 2,
                                      n > argc - 2 ? n - (argc - 2) : 0));
}

static int cmd_lrepeat(tcl *t, size_t argc, const value *argv) {
    int64_t n;
    int code = get_int(t, argv[1], &n);
    if (code) return code;
    if (n < 0)
        return fail(t, "bad count \"%.*s\": must be integer >= 0",
                    SHOW(text_of(t, argv[1])));
    value out = lifecycle_list(t->interp, NULL, 0);
    for (int64_t k = 0; !code && argc > 2 && k < n; k++)
        for (size_t i = 2; !code && i < argc; i++)
            code = check(t, lifecycle_list_push_in_place(t->interp, out,
                                                         argv[i]));
    return code ? code : ok(t, out);
}

static int cmd_concat(tcl *t, size_t argc, const value *argv) {
    value out = lifecycle_builder_new(t->interp, 64);
    bool any = false;
    int code = out ? TCL_OK : fail_library(t);
    for (size_t k = 1; !code && k < argc; k++) {
        text x = text_of(t, argv[k]);
        while (x.len && isspace((unsigned char)x.at[0])) x.at++, x.len--;
        while (x.len && isspace((unsigned char)x.at[x.len - 1]) &&
               (x.len < 2 || x.at[x.len - 2] != '\\'))
            x.len--;
        if (x.len == 0) continue;
        if (any) lifecycle_builder_byte(t->interp, out, ' ');
        any = true;
        code = check(t, lifecycle_builder_bytes(t->interp, out, x.at, x.len));
    }
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, out));
}

static int cmd_join(tcl *t, size_t argc, const value *argv) {
    size_t n;
    int code = get_list(t, argv[1], &n);
    value out = lifecycle_builder_new(t->interp, 64);
    for (size_t k = 0; !code && k < n; k++) {
        value one = lifecycle_list_at(t->interp, argv[1], k);
        if (k && argc > 2)
            lifecycle_builder_append(t->interp, out, argv[2]);
        else if (k)
            lifecycle_builder_byte(t->interp, out, ' ');
        code = check(t, lifecycle_builder_append(t->interp, out, one));
    }
    return code ? code : ok(t, lifecycle_builder_finish(t->interp, out));
}

static bool divides(text set, const char *at, size_t width) {
    const char *end = set.at + set.len;
    for (const char *s = set.at; s < end;) {
        size_t n = utf8_width(s, end);
        if (n == width && memcmp(s, at, n) == 0) return true;
        s += n;
    }
    return false;
}

static int cmd_split(tcl *t, size_t argc, const value *argv) {
    text x = text_of(t, argv[1]);
    text set = argc > 2 ? text_of(t, argv[2]) : literal(" \t\n\r");
    const char *end = x.at + x.len, *from = x.at;
    value out = lifecycle_list(t->interp, NULL, 0);
    int code = out ? TCL_OK : fail_library(t);
    if (code || x.len == 0) return code ? code : ok(t, out);
    for (const char *at = x.at; !code && at < end;) {
        size_t n = utf8_width(at, end);
        bool each = set.len == 0;
        if (each || divides(set, at, n)) {
            text part = { from, each ? n : (size_t)(at - from) };
            value v = new_text(t, part);
            code = v ? check(t, lifecycle_list_push_in_place(t->interp, out,
                                                             v))
                     : fail_library(t);
            from = at + n;
        }
        at += n;
    }
    if (!code && set.len) {
        value v = lifecycle_string(t->interp, from, (size_t)(end - from));
        code = v ? check(t, lifecycle_list_push_in_place(t->interp, out, v))
                 : fail_library(t);
    }
    return code ? code : ok(t, out);
}

const builtin list_commands[] = {
    { "list", cmd_list, 0, ANY, "" },
    { "llength", cmd_llength, 1, 1, "list" },
    { "lappend", cmd_lappend, 1, ANY, "varName ?value ...?" },
    { "lindex", cmd_lindex, 1, ANY, "list ?index ...?" },
    { "lrange", cmd_lrange, 3, 3, "list first last" },
    { "lreplace", cmd_lreplace, 3, ANY, "list first last ?element ...?" },
    { "linsert", cmd_linsert, 2, ANY, "list index ?element ...?" },
    { "lset", cmd_lset, 2, ANY, "listVar ?index? ?index ...? value" },
    { "lreverse", cmd_lreverse, 1, 1, "list" },
    { "lassign", cmd_lassign, 1, ANY, "list ?varName ...?" },
    { "lrepeat", cmd_lrepeat, 1, ANY, "count ?value ...?" },
    { "concat", cmd_concat, 0, ANY, "" },
    { "join", cmd_join, 1, 2, "list ?joinString?" },
    { "split", cmd_split, 1, 2, "string ?splitChars?" },
    { "lsort", sort_command, 1, ANY, "?-option value ...? list" },
    { "lsearch", search_command, 2, ANY, "?-option value ...? list pattern" },
    { "dict", dict_command, 1, ANY, "subcommand ?arg ...?" },
    { NULL, NULL, 0, 0, NULL },
};
