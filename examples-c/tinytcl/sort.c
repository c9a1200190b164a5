/* lsort and lsearch. */
#include "tinytcl.h"

#include <string.h>

enum { BY_TEXT, BY_INT, BY_REAL, BY_COMMAND };

typedef struct sorting {
    tcl *t;
    int by, code;
    bool decreasing, nocase, unique, indices;
    value command, path;
} sorting;

/* The part of an element that is compared. */
static value key_of(sorting *s, value element) {
    size_t n, depth;
    int64_t i;
    if (!s->path) return element;
    if (get_list(s->t, s->path, &depth)) return LIFECYCLE_NIL;
    for (size_t k = 0; k < depth; k++) {
        value index = lifecycle_list_at(s->t->interp, s->path, k);
        if (get_list(s->t, element, &n) || get_index(s->t, index, n, &i))
            return LIFECYCLE_NIL;
        if (i < 0 || (uint64_t)i >= n) {
            fail(s->t, "element %lld missing from sublist \"%.*s\"",
                 (long long)i, SHOW(text_of(s->t, element)));
            return LIFECYCLE_NIL;
        }
        element = lifecycle_list_at(s->t->interp, element, (size_t)i);
    }
    return element;
}

static int compare_numbers(sorting *s, value a, value b) {
    if (s->by == BY_INT) {
        int64_t x = 0, y = 0;
        if (get_int(s->t, a, &x) || get_int(s->t, b, &y))
            s->code = TCL_ERROR;
        return x < y ? -1 : x > y;
    }
    double x = 0, y = 0;
    if (get_double(s->t, a, &x) || get_double(s->t, b, &y))
        s->code = TCL_ERROR;
    return x < y ? -1 : x > y;
}

static int compare_by_command(sorting *s, value a, value b) {
    value both[2] = { a, b };
    int64_t n = 0;
    s->code = invoke_prefix(s->t, s->command, 2, both);
    if (s->code == TCL_ERROR) boundary(s->t, "-compare command");
    if (s->code) return 0;
    if (!read_int(text_of(s->t, s->t->result), &n))
        s->code = fail(s->t, "-compare command returned non-integer result");
    return n < 0 ? -1 : n > 0;
}

/* After an error everything is equal: the sort comes to its end. */
static int compare(lifecycle_interp *interp, value a, value b, void *user) {
    sorting *s = user;
    if (s->code) return 0;
    a = key_of(s, a), b = key_of(s, b);
    if (!a || !b) {
        s->code = TCL_ERROR;
        return 0;
    }
    int order;
    if (s->by == BY_COMMAND) order = compare_by_command(s, a, b);
    else if (s->by != BY_TEXT) order = compare_numbers(s, a, b);
    else if (s->nocase)
        order = compare_text(text_of(s->t, a), text_of(s->t, b), true,
                             SIZE_MAX);
    else order = lifecycle_string_compare(interp, a, b);
    return s->decreasing ? -order : order;
}

static int sort_options(sorting *s, size_t argc, const value *argv) {
    static const char *const names[] = {
        "-ascii", "-command", "-decreasing", "-increasing", "-index",
        "-integer", "-nocase", "-real", "-unique", "-indices", NULL };
    tcl *t = s->t;
    for (size_t k = 1; k + 1 < argc; k++) {
        int which;
        if (choose(t, argv[k], "option", names, &which)) return TCL_ERROR;
        if ((which == 1 || which == 4) && k + 2 >= argc)
            return fail(t, "\"%s\" option must be followed by %s",
                        names[which], which == 1 ? "comparison command"
                                                 : "list index");
        switch (which) {
        case 0: s->by = BY_TEXT; break;
        case 1: s->by = BY_COMMAND; s->command = argv[++k]; break;
        case 2: s->decreasing = true; break;
        case 3: s->decreasing = false; break;
        case 4: s->path = argv[++k]; break;
        case 5: s->by = BY_INT; break;
        case 6: s->nocase = true; break;
        case 7: s->by = BY_REAL; break;
        case 8: s->unique = true; break;
        default: return fail(t, "-indices is not supported");
        }
    }
    return TCL_OK;
}

/* Of elements that are equal the last stays. */
static value without_equals(sorting *s, value list, size_t n) {
    lifecycle_interp *interp = s->t->interp;
    value out = lifecycle_list(interp, NULL, 0);
    for (size_t k = 0; k < n; k++) {
        value one = lifecycle_list_at(interp, list, k);
        if (k + 1 < n &&
            compare(interp, one, lifecycle_list_at(interp, list, k + 1),
                    s) == 0)
            continue;
        lifecycle_list_push_in_place(interp, out, one);
    }
    return out;
}

int sort_command(tcl *t, size_t argc, const value *argv) {
    sorting s = { .t = t };
    size_t n;
    int code = sort_options(&s, argc, argv);
    if (!code) code = get_list(t, argv[argc - 1], &n);
    if (code) return code;
    value list = lifecycle_list_copy(t->interp, argv[argc - 1]);
    if (!list) return fail_library(t);
    if (n == 1) compare(t->interp, lifecycle_list_at(t->interp, list, 0),
                        lifecycle_list_at(t->interp, list, 0), &s);
    lifecycle_status status =
        lifecycle_list_sort_in_place(t->interp, list, compare, &s);
    if (!s.code && s.unique) list = without_equals(&s, list, n);
    if (s.code) return s.code;
    return status == LIFECYCLE_OK ? ok(t, list) : fail_library(t);
}

/* ---- lsearch ---- */

typedef struct searching {
    sorting sort; /* how two are compared */
    bool exact, all, inlined, not, bool_start;
    int64_t start;
} searching;

static int search_options(searching *s, tcl *t, size_t argc,
                          const value *argv, size_t n) {
    static const char *const names[] = {
        "-all", "-exact", "-glob", "-index", "-inline", "-integer",
        "-nocase", "-not", "-real", "-start", "-ascii", NULL };
    for (size_t k = 1; k + 2 < argc; k++) {
        int which;
        if (choose(t, argv[k], "option", names, &which)) return TCL_ERROR;
        if ((which == 3 || which == 9) && k + 3 >= argc)
            return fail(t, "missing %s", which == 3
                                             ? "index after \"-index\""
                                             : "starting index");
        switch (which) {
        case 0: s->all = true; break;
        case 1: s->exact = true; break;
        case 2: s->exact = false; break;
        case 3: s->sort.path = argv[++k]; break;
        case 4: s->inlined = true; break;
        case 5: s->sort.by = BY_INT; s->exact = true; break;
        case 6: s->sort.nocase = true; break;
        case 7: s->not = true; break;
        case 8: s->sort.by = BY_REAL; s->exact = true; break;
        case 9:
            if (get_index(t, argv[++k], n, &s->start)) return TCL_ERROR;
            if (s->start < 0) s->start = 0;
            break;
        default: s->sort.by = BY_TEXT;
        }
    }
    return TCL_OK;
}

static int matches(searching *s, tcl *t, value element, value pattern,
                   bool *yes) {
    value key = key_of(&s->sort, element);
    if (!key) return TCL_ERROR;
    if (!s->exact)
        *yes = glob(text_of(t, pattern), text_of(t, key), s->sort.nocase);
    else if (s->sort.by != BY_TEXT)
        *yes = compare_numbers(&s->sort, key, pattern) == 0;
    else
        *yes = s->sort.nocase
                   ? compare_text(text_of(t, key), text_of(t, pattern), true,
                                  SIZE_MAX) == 0
                   : lifecycle_string_equal(t->interp, key, pattern);
    *yes = *yes != s->not;
    return s->sort.code;
}

int search_command(tcl *t, size_t argc, const value *argv) {
    searching s = { .sort = { .t = t } };
    value list = argv[argc - 2], pattern = argv[argc - 1];
    size_t n;
    int code = get_list(t, list, &n);
    if (!code) code = search_options(&s, t, argc, argv, n);
    if (code) return code;
    value out = s.all ? lifecycle_list(t->interp, NULL, 0) : LIFECYCLE_NIL;
    for (size_t k = (size_t)s.start; k < n; k++) {
        value one = lifecycle_list_at(t->interp, list, k);
        bool yes;
        if (!one) return fail_library(t);
        if ((code = matches(&s, t, one, pattern, &yes)) != TCL_OK)
            return code;
        if (!yes) continue;
        value found = s.inlined ? one : lifecycle_int(t->interp, (int64_t)k);
        if (!s.all) return ok(t, found);
        code = check(t, lifecycle_list_push_in_place(t->interp, out, found));
        if (code) return code;
    }
    if (s.all) return ok(t, out);
    return s.inlined ? ok_empty(t) : ok_int(t, -1);
}
