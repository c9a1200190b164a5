/* values_evals.c - evals that nest, keep, fail and are left by longjmp; scopes; force reset. */
#include <setjmp.h>

#include "values.h"

static void only_the_outermost_eval_drops(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle outer, inner;
    EXPECT_EQ(lifecycle_eval_depth(interp), 0);
    EXPECT_OK(lifecycle_eval_enter(interp));
    outer = text(interp, "outer");
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_EQ(lifecycle_eval_depth(interp), 3);
    inner = text(interp, "inner");
    EXPECT_OK(lifecycle_eval_leave(interp, inner, NULL));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_eval_depth(interp), 1);
    EXPECT_TEXT(interp, outer, "outer");
    EXPECT_TEXT(interp, inner, "inner");
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_STALE(interp, outer);
    EXPECT_STALE(interp, inner);
    EXPECT_EQ(memory_of(interp).scratch_handles, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void leaving_without_entering_is_refused(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value = (lifecycle_value *)(void *)interp;
    handle h = text(interp, "h");
    EXPECT_STATUS(lifecycle_eval_leave(interp, h, &value), LIFECYCLE_E_INVALID);
    EXPECT(value == NULL);
    EXPECT_TEXT(interp, h, "h");
    EXPECT_EQ(lifecycle_eval_depth(interp), 0);
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_STATUS(lifecycle_eval_leave(interp, 0, NULL), LIFECYCLE_E_INVALID);
    EXPECT_EQ(lifecycle_eval_depth(interp), 0);
    EXPECT_EQ(lifecycle_eval_depth(NULL), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void an_evals_result_may_be_kept(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *kept[4];
    handle h;
    for (int depth = 1; depth <= 3; depth += 2) {
        for (int i = 0; i < depth; i++)
            EXPECT_OK(lifecycle_eval_enter(interp));
        h = numbers(interp, 4);
        for (int i = 0; i < depth; i++)
            EXPECT_OK(lifecycle_eval_leave(interp, h, &kept[i]));
        for (int i = 0; i < depth; i++) {
            EXPECT_TEXT(interp, lifecycle_wrap(interp, kept[i]), "0 1 2 3");
            lifecycle_value_release(kept[i]);
        }
    }
    EXPECT_OK(lifecycle_eval_enter(interp));
    kept[0] = kept[1];
    EXPECT_OK(lifecycle_eval_leave(interp, 0, &kept[0]));
    EXPECT(kept[0] == NULL);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).held_values, 0);
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A result that cannot be kept: the eval is left all the same. */
static void an_eval_is_left_in_any_case(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *kept = (lifecycle_value *)(void *)interp;
    handle cycle;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_STATUS(lifecycle_eval_leave(interp, text(interp, "x") + 1, &kept), LIFECYCLE_E_INVALID);
    EXPECT(kept == NULL);
    EXPECT_EQ(lifecycle_eval_depth(interp), 0);
    EXPECT_EQ(memory_of(interp).scratch_handles, 0);
    EXPECT_OK(lifecycle_eval_enter(interp));
    cycle = numbers(interp, 1);
    EXPECT_OK(lifecycle_list_push_in_place(interp, cycle, cycle));
    kept = (lifecycle_value *)(void *)interp;
    EXPECT_STATUS(lifecycle_eval_leave(interp, cycle, &kept), LIFECYCLE_E_CYCLE);
    EXPECT(kept == NULL);
    EXPECT_EQ(lifecycle_eval_depth(interp), 0);
    EXPECT_STALE(interp, cycle);
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void what_was_left_open_inside_is_closed(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope outer, inner;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "kept"), 0));
    EXPECT_OK(lifecycle_scope_open(interp, &outer));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "left"), 0));
    EXPECT_OK(lifecycle_scope_open(interp, &inner));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "left too"), 0));
    EXPECT_OK(lifecycle_frame_set_active(interp, 1));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::")));
    EXPECT_EQ(lifecycle_frame_count(interp), 4);
    EXPECT_EQ(memory_of(interp).scopes, 2);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_frame_count(interp), 2);
    EXPECT_EQ(lifecycle_frame_level(interp), 1);
    EXPECT_STATUS(lifecycle_frame_pop_locals(interp), LIFECYCLE_E_INVALID);
    EXPECT_EQ(memory_of(interp).scopes, 1);
    EXPECT_STATUS(lifecycle_scope_close(interp, inner, NULL), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_frame_count(interp), 1);
    EXPECT_EQ(lifecycle_frame_level(interp), 0);
    EXPECT_EQ(memory_of(interp).scopes, 0);
    EXPECT_STATUS(lifecycle_scope_close(interp, outer, NULL), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The result of an eval that opened a scope and left it behind is not lost with that scope. */
static void a_result_made_in_a_forgotten_scope_is_kept(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    lifecycle_value *kept = NULL;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    EXPECT_OK(lifecycle_eval_leave(interp, numbers(interp, 3), &kept));
    EXPECT_TEXT(interp, lifecycle_wrap(interp, kept), "0 1 2");
    lifecycle_value_release(kept);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static jmp_buf way_out;

static void run_deep(lifecycle_interp *interp, int levels)
{
    lifecycle_scope scope;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "cmd"), numbers(interp, 2)));
    if (levels % 3 == 0)
        EXPECT_OK(lifecycle_scope_open(interp, &scope));
    EXPECT_OK(lifecycle_var_set(interp, S("local"), number(interp, levels)));
    if (levels > 0)
        run_deep(interp, levels - 1);
    else if (expect_tests > 0)
        longjmp(way_out, 1);
    EXPECT(!"returned from what was left");
}

static void a_host_may_leave_by_longjmp(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory before = memory_of(interp), after;
    handle outer = 0;
    handle volatile kept = 0;
    for (volatile int round = 0; round < 20; round++) {
        EXPECT_OK(lifecycle_eval_enter(interp));
        outer = text(interp, "outer");
        kept = outer;
        if (setjmp(way_out) == 0)
            run_deep(interp, 10);
        EXPECT_EQ(lifecycle_eval_depth(interp), 12);
        EXPECT_STATUS(lifecycle_eval_unwind(interp, 13), LIFECYCLE_E_RANGE);
        EXPECT_OK(lifecycle_eval_unwind(interp, 12));
        EXPECT_EQ(lifecycle_eval_depth(interp), 12);
        EXPECT_OK(lifecycle_eval_unwind(interp, 1));
        EXPECT_EQ(lifecycle_eval_depth(interp), 1);
        EXPECT_EQ(lifecycle_frame_count(interp), 1);
        EXPECT_EQ(memory_of(interp).scopes, 0);
        EXPECT_TEXT(interp, kept, "outer");
        EXPECT_OK(lifecycle_eval_unwind(interp, 0));
        EXPECT_STALE(interp, kept);
        EXPECT_EQ(lifecycle_eval_depth(interp), 0);
        EXPECT_OK(lifecycle_eval_unwind(interp, 0));
    }
    after = memory_of(interp);
    EXPECT_EQ(after.values, before.values);
    EXPECT_EQ(after.value_bytes, before.value_bytes);
    EXPECT_EQ(after.variables, before.variables);
    EXPECT_EQ(after.scratch_handles, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_reset_is_refused_inside_an_eval(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle h = text(interp, "outside");
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_STALE(interp, h);
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = text(interp, "inside");
    EXPECT_STATUS(lifecycle_force_reset(interp), LIFECYCLE_E_BUSY);
    EXPECT_TEXT(interp, h, "inside");
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).scratch_handles, 0);
    EXPECT_EQ(memory_of(interp).arena_used, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void destroying_is_refused_inside_an_eval(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_STATUS(lifecycle_interp_destroy(interp), LIFECYCLE_E_BUSY);
    EXPECT_EQ(lifecycle_kind(interp, text(interp, "x")), LIFECYCLE_STRING);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The host's own scratch bytes go with the handles; only the interpreter drops them. */
static void the_hosts_scratch_bytes_go_with_the_eval(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_arena *arena = lifecycle_interp_arena(interp);
    lifecycle_arena_mark mark;
    char *bytes;
    EXPECT_OK(lifecycle_eval_enter(interp));
    mark = lifecycle_arena_save(arena);
    bytes = lifecycle_arena_alloc(arena, 1000);
    EXPECT(bytes != NULL);
    memset(bytes, 7, 1000);
    EXPECT_STATUS(lifecycle_arena_reset(arena), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_rewind(arena, mark), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_arena_destroy(arena), LIFECYCLE_E_BUSY);
    EXPECT(memory_of(interp).arena_used >= 1000);
    for (int i = 0; i < 100; i++)
        numbers(interp, 20);
    for (int i = 0; i < 1000; i++)
        EXPECT(bytes[i] == 7);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(memory_of(interp).arena_used, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT(lifecycle_arena_reset(arena) < 0);
}

/* --- scopes --- */

static void a_scope_drops_what_was_made_in_it(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    lifecycle_memory before;
    handle outer, inner, list;
    EXPECT_OK(lifecycle_eval_enter(interp));
    outer = text(interp, "outer");
    before = memory_of(interp);
    for (int round = 0; round < 3; round++) {
        EXPECT_OK(lifecycle_scope_open(interp, &scope));
        EXPECT(scope != 0);
        EXPECT_EQ(memory_of(interp).scopes, 1);
        inner = text(interp, "inner");
        list = pair(interp, outer, inner);
        EXPECT_TEXT(interp, list, "outer inner");
        EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
        EXPECT_STALE(interp, inner);
        EXPECT_STALE(interp, list);
        EXPECT_TEXT(interp, outer, "outer");
        EXPECT_EQ(memory_of(interp).scratch_handles, before.scratch_handles);
        EXPECT_EQ(memory_of(interp).arena_used, before.arena_used);
        EXPECT_STATUS(lifecycle_scope_close(interp, scope, NULL), LIFECYCLE_E_STALE);
    }
    list = numbers(interp, 3);
    EXPECT_STALE(interp, inner);
    EXPECT_TEXT(interp, list, "0 1 2");
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void scopes_are_closed_in_any_order(void)
{
    lifecycle_interp *interp = make_interp(NULL), *other = make_interp(NULL);
    lifecycle_scope a, b, c, theirs;
    handle in_a, in_b;
    EXPECT_OK(lifecycle_scope_open(interp, &a));
    in_a = text(interp, "a");
    EXPECT_OK(lifecycle_scope_open(interp, &b));
    in_b = text(interp, "b");
    EXPECT_OK(lifecycle_scope_open(interp, &c));
    EXPECT_EQ(memory_of(interp).scopes, 3);
    EXPECT_OK(lifecycle_scope_close(interp, b, NULL)); /* and c with it */
    EXPECT_STATUS(lifecycle_scope_close(interp, c, NULL), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_scope_close(interp, b, NULL), LIFECYCLE_E_STALE);
    EXPECT_STALE(interp, in_b);
    EXPECT_TEXT(interp, in_a, "a");
    EXPECT_STATUS(lifecycle_scope_close(interp, 0, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_scope_close(interp, UINT64_MAX, NULL), LIFECYCLE_E_INVALID);
    EXPECT(lifecycle_scope_close(interp, a + 1000, NULL) < 0);
    EXPECT_OK(lifecycle_scope_open(other, &theirs));
    EXPECT(theirs == a || lifecycle_scope_close(interp, theirs, NULL) < 0);
    EXPECT_STATUS(lifecycle_scope_open(interp, NULL), LIFECYCLE_E_INVALID);
    EXPECT_EQ(memory_of(interp).scopes, 1);
    EXPECT_OK(lifecycle_scope_close(interp, a, NULL));
    EXPECT_STALE(interp, in_a);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT_OK(lifecycle_interp_destroy(other)); /* a scope that is still open is closed with it */
}

static void one_value_may_escape_a_scope(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    handle outer = numbers(interp, 2), escaped, same;
    char long_text[3000];
    memset(long_text, 'l', sizeof long_text);
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    escaped = pair(interp, pair(interp, text(interp, "in"), outer), lifecycle_string(interp, long_text, 3000));
    EXPECT_OK(lifecycle_scope_close(interp, scope, &escaped));
    for (int i = 0; i < 100; i++)
        text(interp, "something where it was");
    EXPECT_EQ(lifecycle_kind(interp, escaped), LIFECYCLE_LIST);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, escaped, 0), "in {0 1}");
    EXPECT_BYTES(interp, lifecycle_list_at(interp, escaped, 1), long_text, 3000);
    EXPECT_OK(lifecycle_list_push_in_place(interp, escaped, number(interp, 9)));
    EXPECT_EQ(lifecycle_list_length(interp, escaped), 3);
    /* What was outside anyway stays what it is. */
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    same = outer;
    EXPECT_OK(lifecycle_scope_close(interp, scope, &same));
    EXPECT_OK(lifecycle_list_push_in_place(interp, same, number(interp, 2)));
    EXPECT_TEXT(interp, outer, "0 1 2");
    /* nil is nothing to escape. */
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    same = 0;
    EXPECT_OK(lifecycle_scope_close(interp, scope, &same));
    EXPECT_EQ(same, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void each_kind_may_escape(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    handle h;
    double d = 0;
    int thing;
    void *ptr = NULL;
    const char *type = NULL;
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    h = number(interp, INT64_MIN);
    EXPECT_OK(lifecycle_scope_close(interp, scope, &h));
    EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_INT);
    EXPECT_INT(interp, h, INT64_MIN);
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    h = lifecycle_double(interp, -0.0);
    EXPECT_OK(lifecycle_scope_close(interp, scope, &h));
    EXPECT(lifecycle_peek_double(interp, h, &d) && d == 0);
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    h = lifecycle_dict(interp);
    EXPECT_OK(lifecycle_dict_set_in_place(interp, h, text(interp, "k"), numbers(interp, 2)));
    EXPECT_OK(lifecycle_scope_close(interp, scope, &h));
    EXPECT_TEXT(interp, h, "k {0 1}");
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    h = lifecycle_foreign(interp, "type", &thing, S("thing1"));
    EXPECT_OK(lifecycle_scope_close(interp, scope, &h));
    EXPECT_TEXT(interp, h, "thing1");
    if (lifecycle_kind(interp, h) == LIFECYCLE_FOREIGN && lifecycle_peek_foreign(interp, h, &type, &ptr))
        EXPECT(strcmp(type, "type") == 0 && (ptr == &thing || ptr == NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void what_cannot_escape_is_nil_and_the_scope_stays(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    handle cycle, stale;
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    cycle = numbers(interp, 1);
    EXPECT_OK(lifecycle_list_push_in_place(interp, cycle, cycle));
    stale = cycle;
    EXPECT_STATUS(lifecycle_scope_close(interp, scope, &cycle), LIFECYCLE_E_CYCLE);
    EXPECT(cycle == 0);
    EXPECT_EQ(memory_of(interp).scopes, 1);
    EXPECT_EQ(lifecycle_list_length(interp, stale), 2);
    EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
    EXPECT_STALE(interp, stale);
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    EXPECT_STATUS(lifecycle_scope_close(interp, scope, &stale), LIFECYCLE_E_STALE);
    EXPECT(stale == 0);
    EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
    EXPECT_EQ(memory_of(interp).scopes, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* What an inner scope puts into an outer list is there as a copy, so that closing does not hurt the list. */
static void an_outer_container_keeps_what_an_inner_scope_gave(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    handle list = lifecycle_list(interp, NULL, 0), dict = lifecycle_dict(interp), nested = numbers(interp, 1);
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, nested));
    for (int i = 0; i < 50; i++) {
        handle inner;
        EXPECT_OK(lifecycle_scope_open(interp, &scope));
        inner = pair(interp, text(interp, "inner"), number(interp, i));
        switch (i % 4) {
        case 0:
            EXPECT_OK(lifecycle_list_push_in_place(interp, list, inner));
            break;
        case 1:
            EXPECT_OK(lifecycle_list_set_at_in_place(interp, list, 1, inner));
            break;
        case 2:
            EXPECT_OK(lifecycle_list_splice_in_place(interp, list, 1, 1, pair(interp, inner, inner)));
            break;
        default:
            EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_list_at(interp, list, 0), inner));
            EXPECT_OK(lifecycle_list_unshift_in_place(interp, nested, text(interp, "front")));
        }
        EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, number(interp, i), inner));
        EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
        for (int n = 0; n < 20; n++)
            text(interp, "something where it was");
        EXPECT_STALE(interp, inner);
    }
    EXPECT_EQ(lifecycle_list_length(interp, list), 1 + 13 + 12);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 25), "inner 48");
    EXPECT_EQ(lifecycle_list_length(interp, nested), 1 + 2 * 12);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, nested, 24), "inner 47");
    for (int i = 0; i < 50; i++) {
        char want[32];
        snprintf(want, sizeof want, "inner %d", i);
        EXPECT_TEXT(interp, lifecycle_dict_get(interp, dict, number(interp, i)), want);
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A text that an inner scope has made for an outer value, and an outer text that it has read as a list. */
static void what_an_inner_scope_has_computed_does_not_dangle(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    lifecycle_value *value = NULL;
    handle list = numbers(interp, 100), string = text(interp, "{a b} {c d}"), d = lifecycle_double(interp, 0.1);
    handle element, wrapped;
    char want[400] = "";
    for (int i = 0; i < 100; i++)
        snprintf(want + strlen(want), 8, i == 0 ? "%d" : " %d", i);
    EXPECT_OK(lifecycle_materialize(interp, pair(interp, list, numbers(interp, 2)), &value));
    wrapped = lifecycle_wrap(interp, value);
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    EXPECT_TEXT(interp, list, want);
    EXPECT_TEXT(interp, d, "0.1");
    EXPECT_OK(lifecycle_list_shimmer(interp, string));
    element = lifecycle_list_at(interp, string, 1);
    EXPECT_TEXT(interp, element, "c d");
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_list_at(interp, wrapped, 1), text(interp, "x")));
    EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
    for (int i = 0; i < 200; i++)
        text(interp, "something in the place of what is gone, and long enough to reach it");
    EXPECT_TEXT(interp, list, want);
    EXPECT_TEXT(interp, d, "0.1");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, string, 1), "c d");
    /* Reached in the inner scope, it was a copy. */
    EXPECT_TEXT(interp, lifecycle_list_at(interp, wrapped, 1), "0 1");
    EXPECT_STALE(interp, element);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void scopes_and_evals_nest_a_thousand_deep(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scopes[1000];
    handle all[1000];
    for (int i = 0; i < 1000; i++) {
        EXPECT_OK(lifecycle_eval_enter(interp));
        EXPECT_OK(lifecycle_scope_open(interp, &scopes[i]));
        all[i] = number(interp, i);
    }
    for (int i = 0; i < 1000; i++)
        EXPECT_INT(interp, all[i], i);
    for (int i = 999; i >= 0; i--) {
        EXPECT_INT(interp, all[i], i);
        EXPECT_OK(lifecycle_scope_close(interp, scopes[i], NULL));
        EXPECT_STALE(interp, all[i]);
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(only_the_outermost_eval_drops);
    RUN(leaving_without_entering_is_refused);
    RUN(an_evals_result_may_be_kept);
    RUN(an_eval_is_left_in_any_case);
    RUN(what_was_left_open_inside_is_closed);
    RUN(a_result_made_in_a_forgotten_scope_is_kept);
    RUN(a_host_may_leave_by_longjmp);
    RUN(a_reset_is_refused_inside_an_eval);
    RUN(destroying_is_refused_inside_an_eval);
    RUN(the_hosts_scratch_bytes_go_with_the_eval);
    RUN(a_scope_drops_what_was_made_in_it);
    RUN(scopes_are_closed_in_any_order);
    RUN(one_value_may_escape_a_scope);
    RUN(each_kind_may_escape);
    RUN(what_cannot_escape_is_nil_and_the_scope_stays);
    RUN(an_outer_container_keeps_what_an_inner_scope_gave);
    RUN(what_an_inner_scope_has_computed_does_not_dangle);
    RUN(scopes_and_evals_nest_a_thousand_deep);
    return expect_done();
}
