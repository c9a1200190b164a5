/* Dictionaries. As with lists, what is changed in place is a copy or a
 * variable's own fresh handle. */
#include "tinytcl.h"

#include <string.h>

static int get_dict(tcl *t, value v) {
    lifecycle_status status = lifecycle_dict_shimmer(t->interp, v);
    if (status == LIFECYCLE_OK) return TCL_OK;
    size_t n;
    if (status == LIFECYCLE_E_TYPE) {
        int code = get_list(t, v, &n);
        return code ? code : fail(t, "missing value to go with key");
    }
    return fail_library(t);
}

/* A dictionary of its own with the same entries. */
static value own_dict(tcl *t, value v) {
    if (get_dict(t, v)) return LIFECYCLE_NIL;
    value copy = lifecycle_dict_copy(t->interp, v);
    if (!copy) fail_library(t);
    return copy;
}

static int put(tcl *t, value dict, value key, value v) {
    if (!v) return fail_library(t);
    return check(t, lifecycle_dict_set_in_place(t->interp, dict, key, v));
}

/* The variable's dictionary, to be changed; a new one if it is not set. */
static int dict_of_variable(tcl *t, value name, value *out) {
    *out = var_peek(t, text_of(t, name));
    if (*out) return get_dict(t, *out);
    *out = lifecycle_dict(t->interp);
    return *out ? TCL_OK : fail_library(t);
}

/* Goes down the keys; each dictionary on the way is this variable's own. */
static int walk(tcl *t, value *dict, const value *keys, size_t count,
                bool make) {
    for (size_t k = 0; k < count; k++) {
        value child = lifecycle_dict_get(t->interp, *dict, keys[k]);
        if (!child && !make)
            return fail(t, "key \"%.*s\" not known in dictionary",
                        SHOW(text_of(t, keys[k])));
        child = child ? own_dict(t, child) : lifecycle_dict(t->interp);
        if (!child) return TCL_ERROR;
        int code = put(t, *dict, keys[k], child);
        if (code) return code;
        *dict = child;
    }
    return TCL_OK;
}

static int d_set(tcl *t, size_t argc, const value *argv) {
    value whole, dict;
    int code = dict_of_variable(t, argv[1], &whole);
    dict = whole;
    if (!code) code = walk(t, &dict, argv + 2, argc - 4, true);
    if (!code) code = put(t, dict, argv[argc - 2], argv[argc - 1]);
    return code ? code : var_store(t, argv[1], whole);
}

static int d_unset(tcl *t, size_t argc, const value *argv) {
    value whole, dict;
    int code = dict_of_variable(t, argv[1], &whole);
    dict = whole;
    if (!code) code = walk(t, &dict, argv + 2, argc - 3, false);
    if (code) return code;
    lifecycle_dict_remove_in_place(t->interp, dict, argv[argc - 1]);
    return var_store(t, argv[1], whole);
}

static int d_create(tcl *t, size_t argc, const value *argv) {
    value dict = lifecycle_dict(t->interp);
    if (argc % 2 == 0)
        return wrong_args(t, literal("dict create"), "?key value ...?");
    int code = dict ? TCL_OK : fail_library(t);
    for (size_t k = 1; !code && k + 1 < argc; k += 2)
        code = put(t, dict, argv[k], argv[k + 1]);
    return code ? code : ok(t, dict);
}

static int d_get(tcl *t, size_t argc, const value *argv) {
    value v = argv[1];
    if (argc == 2) return get_dict(t, v) ? TCL_ERROR : ok(t, v);
    for (size_t k = 2; k < argc; k++) {
        if (get_dict(t, v)) return TCL_ERROR;
        v = lifecycle_dict_get(t->interp, v, argv[k]);
        if (!v)
            return fail(t, "key \"%.*s\" not known in dictionary",
                        SHOW(text_of(t, argv[k])));
    }
    return ok(t, v);
}

static int d_exists(tcl *t, size_t argc, const value *argv) {
    value v = argv[1];
    for (size_t k = 2; k < argc; k++) {
        if (lifecycle_dict_shimmer(t->interp, v)) return ok_int(t, 0);
        v = lifecycle_dict_get(t->interp, v, argv[k]);
        if (!v) return ok_int(t, 0);
    }
    return ok_int(t, 1);
}

static int d_size(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    if (get_dict(t, argv[1])) return TCL_ERROR;
    return ok_int(t, (int64_t)lifecycle_dict_size(t->interp, argv[1]));
}

static int keys_or_values(tcl *t, size_t argc, const value *argv, bool keys) {
    if (get_dict(t, argv[1])) return TCL_ERROR;
    value out = lifecycle_list(t->interp, NULL, 0), key, v;
    int code = out ? TCL_OK : fail_library(t);
    for (size_t k = 0; !code; k++) {
        if (!lifecycle_dict_entry(t->interp, argv[1], k, &key, &v)) break;
        value one = keys ? key : v;
        if (argc > 2 && !glob(text_of(t, argv[2]), text_of(t, one), false))
            continue;
        code = check(t, lifecycle_list_push_in_place(t->interp, out, one));
    }
    return code ? code : ok(t, out);
}

static int d_keys(tcl *t, size_t argc, const value *argv) {
    return keys_or_values(t, argc, argv, true);
}

static int d_values(tcl *t, size_t argc, const value *argv) {
    return keys_or_values(t, argc, argv, false);
}

static int d_incr(tcl *t, size_t argc, const value *argv) {
    value dict;
    int64_t n = 0, by = 1;
    int code = dict_of_variable(t, argv[1], &dict);
    if (code) return code;
    value had = lifecycle_dict_get(t->interp, dict, argv[2]);
    if (had) code = get_int(t, had, &n);
    if (!code && argc > 3) code = get_int(t, argv[3], &by);
    if (code) return code;
    if (__builtin_add_overflow(n, by, &n))
        return fail(t, "integer value too large to represent");
    code = put(t, dict, argv[2], lifecycle_int(t->interp, n));
    return code ? code : var_store(t, argv[1], dict);
}

static int d_lappend(tcl *t, size_t argc, const value *argv) {
    value dict, list;
    size_t n;
    int code = dict_of_variable(t, argv[1], &dict);
    if (code) return code;
    value had = lifecycle_dict_get(t->interp, dict, argv[2]);
    if (had && get_list(t, had, &n)) return TCL_ERROR;
    list = had ? lifecycle_list_copy(t->interp, had)
               : lifecycle_list(t->interp, NULL, 0);
    for (size_t k = 3; !code && k < argc; k++)
        code = check(t, lifecycle_list_push_in_place(t->interp, list,
                                                     argv[k]));
    if (!code) code = put(t, dict, argv[2], list);
    return code ? code : var_store(t, argv[1], dict);
}

static int d_append(tcl *t, size_t argc, const value *argv) {
    value dict;
    int code = dict_of_variable(t, argv[1], &dict);
    if (code) return code;
    value v = lifecycle_dict_get(t->interp, dict, argv[2]);
    if (!v) v = lifecycle_string(t->interp, "", 0);
    for (size_t k = 3; k < argc; k++)
        v = lifecycle_string_concat(t->interp, v, argv[k]);
    code = put(t, dict, argv[2], v);
    return code ? code : var_store(t, argv[1], dict);
}

static int d_merge(tcl *t, size_t argc, const value *argv) {
    value out = argc > 1 ? own_dict(t, argv[1]) : lifecycle_dict(t->interp);
    value key, v;
    int code = out ? TCL_OK : TCL_ERROR;
    for (size_t k = 2; !code && k < argc; k++) {
        code = get_dict(t, argv[k]);
        for (size_t i = 0; !code; i++) {
            if (!lifecycle_dict_entry(t->interp, argv[k], i, &key, &v)) break;
            code = put(t, out, key, v);
        }
    }
    return code ? code : ok(t, out);
}

static int d_replace(tcl *t, size_t argc, const value *argv) {
    if (argc % 2) return wrong_args(t, literal("dict replace"),
                                    "dictionary ?key value ...?");
    value out = own_dict(t, argv[1]);
    int code = out ? TCL_OK : TCL_ERROR;
    for (size_t k = 2; !code && k + 1 < argc; k += 2)
        code = put(t, out, argv[k], argv[k + 1]);
    return code ? code : ok(t, out);
}

static int d_remove(tcl *t, size_t argc, const value *argv) {
    value out = own_dict(t, argv[1]);
    if (!out) return TCL_ERROR;
    for (size_t k = 2; k < argc; k++)
        lifecycle_dict_remove_in_place(t->interp, out, argv[k]);
    return ok(t, out);
}

/* One round of `dict for` and `dict map`. */
static int run_entry(tcl *t, const value *argv, size_t k, bool *more) {
    value key, v;
    *more = lifecycle_dict_entry(t->interp, argv[2], k, &key, &v);
    if (!*more) return TCL_OK;
    int code = var_set(t, lifecycle_list_at(t->interp, argv[1], 0), key);
    if (!code)
        code = var_set(t, lifecycle_list_at(t->interp, argv[1], 1), v);
    return code ? code : eval_word(t, &argv[3]);
}

static int check_pair(tcl *t, const value *argv) {
    size_t n;
    int code = get_list(t, argv[1], &n);
    if (!code && n != 2)
        code = fail(t, "must have exactly two variable names");
    if (!code) code = get_dict(t, argv[2]);
    text_of(t, argv[3]);
    return code;
}

static int d_for(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    bool more = true;
    int code = check_pair(t, argv);
    for (size_t k = 0; !code && more; k++) {
        lifecycle_scope scope;
        code = open_scope(t, &scope);
        if (code) return code;
        code = close_round(t, scope, run_entry(t, argv, k, &more));
        if (code == TCL_CONTINUE) code = TCL_OK;
    }
    return code && code != TCL_BREAK ? code : ok_empty(t);
}

static int d_map(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    bool more = true;
    value out = lifecycle_dict(t->interp), key, v;
    int code = check_pair(t, argv);
    for (size_t k = 0; !code && more; k++) {
        code = run_entry(t, argv, k, &more);
        if (!code && more &&
            lifecycle_dict_entry(t->interp, argv[2], k, &key, &v))
            code = put(t, out, key, result_of(t));
        if (code == TCL_CONTINUE) code = TCL_OK;
    }
    return code && code != TCL_BREAK ? code : ok(t, out);
}

/* Puts back what a body did to its variables; a variable unset is a key
 * removed. The outcome stays what the body gave. */
static int put_back(tcl *t, value name, const value *keys, size_t count,
                    size_t step, int code) {
    value result = t->result, dict;
    if (!var_exists(t, text_of(t, name))) return code;
    if (dict_of_variable(t, name, &dict)) return TCL_ERROR;
    for (size_t k = 0; k + step - 1 < count; k += step) {
        value v = var_peek(t, text_of(t, keys[k + step - 1]));
        if (v) {
            if (put(t, dict, keys[k], v)) return TCL_ERROR;
        } else {
            lifecycle_dict_remove_in_place(t->interp, dict, keys[k]);
        }
    }
    if (var_set(t, name, dict)) return TCL_ERROR;
    t->result = result;
    return code;
}

static int d_update(tcl *t, size_t argc, const value *argv) {
    if (argc % 2 == 0)
        return wrong_args(t, literal("dict update"),
                          "dictVarName key varName ?key varName ...? script");
    value dict = var_get(t, argv[1]);
    if (!dict || get_dict(t, dict)) return TCL_ERROR;
    for (size_t k = 2; k + 2 < argc; k += 2) {
        value v = lifecycle_dict_get(t->interp, dict, argv[k]);
        int code = v ? var_set(t, argv[k + 1], v)
                     : var_unset(t, text_of(t, argv[k + 1]), false);
        if (code) return code;
    }
    int code = eval_word(t, &argv[argc - 1]);
    return put_back(t, argv[1], argv + 2, argc - 3, 2, code);
}

static int d_with(tcl *t, size_t argc, const value *argv) {
    if (argc != 3) return fail(t, "dict with: nested keys are not supported");
    value dict = var_get(t, argv[1]), key, v;
    if (!dict || get_dict(t, dict)) return TCL_ERROR;
    size_t n = lifecycle_dict_size(t->interp, dict);
    value *keys = scratch(t, n * sizeof *keys);
    if (!keys) return fail_library(t);
    for (size_t k = 0; k < n; k++) {
        lifecycle_dict_entry(t->interp, dict, k, &key, &v);
        keys[k] = key;
        if (var_set(t, key, v)) return TCL_ERROR;
    }
    int code = eval_word(t, &argv[2]);
    return put_back(t, argv[1], keys, n, 1, code);
}

int dict_command(tcl *t, size_t argc, const value *argv) {
    static const builtin table[] = {
        { "append", d_append, 2, ANY, "dictVarName key ?value ...?" },
        { "create", d_create, 0, ANY, "?key value ...?" },
        { "exists", d_exists, 2, ANY, "dictionary key ?key ...?" },
        { "for", d_for, 3, 3, "{keyVarName valueVarName} dictionary script" },
        { "get", d_get, 1, ANY, "dictionary ?key ...?" },
        { "incr", d_incr, 2, 3, "dictVarName key ?increment?" },
        { "keys", d_keys, 1, 2, "dictionary ?pattern?" },
        { "lappend", d_lappend, 2, ANY, "dictVarName key ?value ...?" },
        { "map", d_map, 3, 3, "{keyVarName valueVarName} dictionary script" },
        { "merge", d_merge, 0, ANY, "?dictionary ...?" },
        { "remove", d_remove, 1, ANY, "dictionary ?key ...?" },
        { "replace", d_replace, 1, ANY, "dictionary ?key value ...?" },
        { "set", d_set, 3, ANY, "dictVarName key ?key ...? value" },
        { "size", d_size, 1, 1, "dictionary" },
        { "unset", d_unset, 2, ANY, "dictVarName key ?key ...?" },
        { "update", d_update, 4, ANY,
          "dictVarName key varName ?key varName ...? script" },
        { "values", d_values, 1, 2, "dictionary ?pattern?" },
        { "with", d_with, 2, ANY, "dictVarName ?key ...? script" },
        { NULL, NULL, 0, 0, NULL },
    };
    return dispatch(t, table, argc, argv);
}
