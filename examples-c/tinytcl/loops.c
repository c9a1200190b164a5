/* Loops: each round has a scope, so that a long loop needs no more scratch
 * memory than a short one. */
#include "tinytcl.h"

#include <string.h>

/* One round of `while` and `for`: the test, the body, the step. */
static int round_of(tcl *t, const value *test, const value *body,
                    const value *next, bool *more) {
    int code = expr_bool(t, *test, more);
    if (code || !*more) return code;
    code = eval_round(t, body);
    return code || !next ? code : eval_word(t, next);
}

static int loop(tcl *t, const value *test, const value *body,
                const value *next) {
    for (bool more = true; more;) {
        lifecycle_scope scope;
        int code = open_scope(t, &scope);
        if (code) return code;
        code = close_round(t, scope, round_of(t, test, body, next, &more));
        if (code == TCL_BREAK) break;
        if (code) return code;
    }
    return ok_empty(t);
}

/* The texts are made before the first scope, where they last. */
static int cmd_while(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    text_of(t, argv[1]), text_of(t, argv[2]);
    return loop(t, &argv[1], &argv[2], NULL);
}

static int cmd_for(tcl *t, size_t argc, const value *argv) {
    (void)argc;
    for (size_t k = 2; k < 5; k++) text_of(t, argv[k]);
    int code = eval_word(t, &argv[1]);
    return code ? code : loop(t, &argv[2], &argv[4], &argv[3]);
}

/* ---- foreach and lmap ---- */

static int count_rounds(tcl *t, size_t pairs, const value *argv,
                        size_t *rounds) {
    *rounds = 0;
    for (size_t k = 0; k < pairs; k++) {
        size_t names, items;
        int code = get_list(t, argv[2 * k], &names);
        if (!code) code = get_list(t, argv[2 * k + 1], &items);
        if (code) return code;
        if (names == 0) return fail(t, "foreach varlist is empty");
        size_t needed = items / names + (items % names != 0);
        if (needed > *rounds) *rounds = needed;
    }
    return TCL_OK;
}

static int set_variables(tcl *t, value names, value items, size_t round) {
    size_t n = lifecycle_list_length(t->interp, names);
    size_t count = lifecycle_list_length(t->interp, items);
    for (size_t k = 0; k < n; k++) {
        size_t at = round * n + k;
        value v = at < count ? lifecycle_list_at(t->interp, items, at)
                             : lifecycle_string(t->interp, "", 0);
        if (!v) return fail_library(t);
        int code = var_set(t, lifecycle_list_at(t->interp, names, k), v);
        if (code) return code;
    }
    return TCL_OK;
}

/* Adds what a round of lmap gave; a continue gives nothing. */
static int run_round(tcl *t, size_t pairs, const value *argv, size_t round,
                     value *collected) {
    int code = TCL_OK;
    for (size_t k = 0; !code && k < pairs; k++)
        code = set_variables(t, argv[1 + 2 * k], argv[2 + 2 * k], round);
    if (code) return code;
    code = eval_word(t, &argv[1 + 2 * pairs]);
    if (!code && collected)
        code = check(t, lifecycle_list_push_in_place(t->interp, *collected,
                                                     result_of(t)));
    return code == TCL_CONTINUE ? TCL_OK : code;
}

static int each(tcl *t, size_t argc, const value *argv, value *collected) {
    size_t pairs = (argc - 2) / 2, rounds;
    if (argc % 2)
        return wrong_args(t, text_of(t, argv[0]),
                          "varList list ?varList list ...? command");
    int code = count_rounds(t, pairs, argv + 1, &rounds);
    if (code) return code;
    text_of(t, argv[argc - 1]);
    for (size_t round = 0; round < rounds; round++) {
        lifecycle_scope scope;
        if (!collected && (code = open_scope(t, &scope)) != TCL_OK)
            return code;
        code = run_round(t, pairs, argv, round, collected);
        if (!collected) code = close_round(t, scope, code);
        if (code == TCL_BREAK) break;
        if (code) return code;
    }
    return ok_empty(t);
}

static int cmd_foreach(tcl *t, size_t argc, const value *argv) {
    return each(t, argc, argv, NULL);
}

/* What its rounds give is kept, so they have no scopes. */
static int cmd_lmap(tcl *t, size_t argc, const value *argv) {
    value collected = lifecycle_list(t->interp, NULL, 0);
    if (!collected) return fail_library(t);
    int code = each(t, argc, argv, &collected);
    return code ? code : ok(t, collected);
}

const builtin loop_commands[] = {
    { "while", cmd_while, 2, 2, "test command" },
    { "for", cmd_for, 4, 4, "start test next command" },
    { "foreach", cmd_foreach, 3, ANY,
      "varList list ?varList list ...? command" },
    { "lmap", cmd_lmap, 3, ANY, "varList list ?varList list ...? command" },
    { NULL, NULL, 0, 0, NULL },
};
