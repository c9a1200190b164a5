/*
 * values_persistent.c - materialise, wrap, retain and release: what is kept is the same each time, shares what did not
 * change, and is never changed by anybody.
 */
#include "values.h"

static lifecycle_value *kept(lifecycle_interp *interp, handle h)
{
    lifecycle_value *value = NULL;
    EXPECT_OK(lifecycle_materialize(interp, h, &value));
    EXPECT(value != NULL);
    return value;
}

static void each_kind_comes_back_as_it_was(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    static const int64_t ints[] = {0, -1, INT64_MAX, INT64_MIN, (int64_t)1 << 61, -((int64_t)1 << 61) - 1, 12345};
    static const double doubles[] = {0.0, -0.0, 1.5, 1e308, 5e-324, -1e-300, 3.0};
    lifecycle_value *value;
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    for (size_t i = 0; i < COUNT(ints); i++) {
        int64_t got = 1;
        value = kept(interp, number(interp, ints[i]));
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        EXPECT_OK(lifecycle_eval_enter(interp));
        h = lifecycle_wrap(interp, value);
        EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_INT);
        EXPECT(lifecycle_peek_int(interp, h, &got) && got == ints[i]);
        lifecycle_value_release(value);
    }
    for (size_t i = 0; i < COUNT(doubles); i++) {
        double got = 1;
        value = kept(interp, lifecycle_double(interp, doubles[i]));
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        EXPECT_OK(lifecycle_eval_enter(interp));
        h = lifecycle_wrap(interp, value);
        EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_DOUBLE);
        EXPECT(lifecycle_peek_double(interp, h, &got) && memcmp(&got, &doubles[i], 8) == 0);
        lifecycle_value_release(value);
    }
    value = kept(interp, lifecycle_string(interp, "a\0b", 3));
    h = lifecycle_wrap(interp, value);
    EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_STRING);
    EXPECT_BYTES(interp, h, "a\0b", 3);
    lifecycle_value_release(value);
    value = kept(interp, lifecycle_list(interp, NULL, 0));
    EXPECT_EQ(lifecycle_kind(interp, lifecycle_wrap(interp, value)), LIFECYCLE_LIST);
    lifecycle_value_release(value);
    value = kept(interp, lifecycle_dict(interp));
    EXPECT_EQ(lifecycle_kind(interp, lifecycle_wrap(interp, value)), LIFECYCLE_DICT);
    lifecycle_value_release(value);
    value = kept(interp, lifecycle_string(interp, NULL, 0));
    EXPECT_TEXT(interp, lifecycle_wrap(interp, value), "");
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_EQ(memory_of(interp).value_bytes, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void nil_and_null_are_each_other(void)
{
    lifecycle_interp *interp = make_interp(NULL), *other = make_interp(NULL);
    lifecycle_value *value = (lifecycle_value *)(void *)interp, *theirs;
    EXPECT_OK(lifecycle_materialize(interp, 0, &value));
    EXPECT(value == NULL);
    EXPECT_EQ(lifecycle_wrap(interp, NULL), 0);
    EXPECT(lifecycle_value_retain(NULL) == NULL);
    lifecycle_value_release(NULL);
    EXPECT_STATUS(lifecycle_materialize(interp, 0, NULL), LIFECYCLE_E_INVALID);
    value = (lifecycle_value *)(void *)interp;
    EXPECT_STATUS(lifecycle_materialize(interp, text(interp, "x") + 1, &value), LIFECYCLE_E_INVALID);
    EXPECT(value == NULL);
    theirs = kept(other, text(other, "theirs"));
    EXPECT_NIL(lifecycle_wrap(interp, theirs));
    lifecycle_value_release(theirs);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT_OK(lifecycle_interp_destroy(other));
}

static void a_value_is_freed_with_its_last_reference(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_memory before = memory_of(interp);
    lifecycle_value *value;
    EXPECT_OK(lifecycle_eval_enter(interp));
    value = kept(interp, pair(interp, text(interp, "some text"), numbers(interp, 100)));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT(memory_of(interp).values > 0 && memory_of(interp).value_bytes > 0);
    EXPECT_EQ(memory_of(interp).held_values, 1);
    EXPECT(lifecycle_value_retain(value) == value);
    EXPECT_EQ(memory_of(interp).held_values, 2);
    lifecycle_value_release(value);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, lifecycle_wrap(interp, value), 0), "some text");
    EXPECT_OK(lifecycle_force_reset(interp));
    lifecycle_value_release(value);
    EXPECT_EQ(memory_of(interp).values, before.values);
    EXPECT_EQ(memory_of(interp).value_bytes, before.value_bytes);
    EXPECT_EQ(memory_of(interp).held_values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* Released while a handle wraps it: it can still be read, until the scratch side drops. */
static void what_a_handle_wraps_stays_readable(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_value *value;
    handle h, inner;
    EXPECT_OK(lifecycle_eval_enter(interp));
    value = kept(interp, pair(interp, text(interp, "a text that is long enough to be in a block"),
                              numbers(interp, 50)));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = lifecycle_wrap(interp, value);
    lifecycle_value_release(value);
    EXPECT(memory_of(interp).pending_values >= 1);
    EXPECT_EQ(memory_of(interp).held_values, 0);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, h, 0), "a text that is long enough to be in a block");
    inner = lifecycle_list_at(interp, h, 1);
    EXPECT_INT(interp, lifecycle_list_at(interp, inner, 49), 49);
    /* It may even be kept again. */
    value = kept(interp, h);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(memory_of(interp).pending_values, 0);
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_wrap(interp, value)), 2);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_EQ(memory_of(interp).pending_values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* The same in scopes: a handle of the outer one reads on when the inner one, in which it was released, is gone. */
static void what_an_outer_handle_wraps_outlives_an_inner_scope(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_scope scope, second;
    lifecycle_value *value = kept(interp, numbers(interp, 60)), *other = kept(interp, numbers(interp, 61));
    handle outer = lifecycle_wrap(interp, value), inner;
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    EXPECT_OK(lifecycle_scope_open(interp, &second));
    inner = lifecycle_wrap(interp, value);
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_wrap(interp, other)), 61);
    lifecycle_value_release(value);
    lifecycle_value_release(other);
    EXPECT_OK(lifecycle_scope_close(interp, second, NULL));
    EXPECT_STALE(interp, inner);
    EXPECT_INT(interp, lifecycle_list_at(interp, outer, 59), 59);
    EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
    EXPECT_INT(interp, lifecycle_list_at(interp, outer, 58), 58);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

static void values_outlive_their_interpreter(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_value *values[3];
    values[0] = kept(interp, pair(interp, text(interp, "kept by the host alone"), numbers(interp, 40)));
    values[1] = kept(interp, number(interp, 7));
    values[2] = kept(interp, lifecycle_wrap(interp, values[0]));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), lifecycle_wrap(interp, values[0])));
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT(count.blocks > 0);
    EXPECT(lifecycle_value_retain(values[0]) == values[0]);
    lifecycle_value_release(values[0]);
    EXPECT(lifecycle_wrap(interp, values[0]) == 0);
    lifecycle_value_release(values[2]);
    lifecycle_value_release(values[1]);
    lifecycle_value_release(values[0]);
    nothing_is_left(&count);
}

static void the_stored_value_never_changes(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle made = pair(interp, numbers(interp, 3), lifecycle_dict(interp)), h, dict;
    lifecycle_value *value;
    EXPECT_OK(lifecycle_dict_set_in_place(interp, lifecycle_list_at(interp, made, 1), text(interp, "k"),
                                          numbers(interp, 2)));
    value = kept(interp, made);
    /* Not through what it was made from, */
    EXPECT_OK(lifecycle_list_push_in_place(interp, made, text(interp, "more")));
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_list_at(interp, made, 0), text(interp, "deeper")));
    EXPECT_TEXT(interp, lifecycle_wrap(interp, value), "{0 1 2} {k {0 1}}");
    /* nor through what it is wrapped in, at any depth. */
    h = lifecycle_wrap(interp, value);
    EXPECT_OK(lifecycle_list_set_at_in_place(interp, lifecycle_list_at(interp, h, 0), 1, text(interp, "one")));
    dict = lifecycle_list_at(interp, h, 1);
    EXPECT_OK(lifecycle_list_sort_in_place(interp, lifecycle_list_at(interp, h, 0), NULL, NULL));
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_dict_get(interp, dict, text(interp, "k")),
                                           text(interp, "x")));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "new"), text(interp, "y")));
    EXPECT(lifecycle_list_pop_in_place(interp, h) != 0);
    EXPECT_OK(lifecycle_list_splice_in_place(interp, h, 0, 0, numbers(interp, 2)));
    EXPECT_TEXT(interp, h, "0 1 {0 2 one}");
    EXPECT_TEXT(interp, dict, "k {0 1 x} new y");
    EXPECT_TEXT(interp, lifecycle_wrap(interp, value), "{0 1 2} {k {0 1}}");
    /* A text that becomes a list stays the text that is kept. */
    lifecycle_value_release(value);
    value = kept(interp, text(interp, "1  2"));
    h = lifecycle_wrap(interp, value);
    EXPECT_OK(lifecycle_list_shimmer(interp, h));
    EXPECT_OK(lifecycle_list_push_in_place(interp, h, number(interp, 3)));
    EXPECT_TEXT(interp, h, "1 2 3");
    EXPECT_TEXT(interp, lifecycle_wrap(interp, value), "1  2");
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Wrapping is one handle, whatever is wrapped; elements get theirs when they are reached. */
static void wrapping_takes_no_more_for_a_million(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory before, after;
    lifecycle_value *value;
    unsigned long n = expect_scale(1000000, 20000);
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    value = kept(interp, numbers(interp, n));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_eval_enter(interp));
    before = memory_of(interp);
    h = lifecycle_wrap(interp, value);
    EXPECT_EQ(lifecycle_list_length(interp, h), n);
    EXPECT_INT(interp, lifecycle_list_at(interp, h, n - 1), (int64_t)n - 1);
    after = memory_of(interp);
    EXPECT(after.scratch_handles - before.scratch_handles <= 2);
    EXPECT(after.scratch_bytes - before.scratch_bytes < 4096);
    EXPECT_EQ(after.values, before.values);
    /* Changing it takes the path to the change, not the list. */
    EXPECT_OK(lifecycle_list_push_in_place(interp, h, text(interp, "x")));
    EXPECT_OK(lifecycle_list_set_at_in_place(interp, h, n / 2, text(interp, "y")));
    EXPECT(lifecycle_list_pop_in_place(interp, h) != 0);
    EXPECT(lifecycle_list_shift_in_place(interp, h) != 0);
    after = memory_of(interp);
    EXPECT(after.scratch_bytes - before.scratch_bytes < 32768);
    EXPECT(after.value_bytes - before.value_bytes < 32768);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Kept again without a change: the same value, not a byte more. */
static void keeping_what_did_not_change_shares_it(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory before, after;
    lifecycle_value *value, *again[3];
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    value = kept(interp, pair(interp, numbers(interp, 10000), text(interp, "a text of more than a few bytes")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    before = memory_of(interp);
    h = lifecycle_wrap(interp, value);
    (void)lifecycle_as_string(interp, h, NULL);
    again[0] = kept(interp, h);
    again[1] = kept(interp, lifecycle_list_at(interp, h, 0));
    again[2] = kept(interp, lifecycle_list_at(interp, h, 1));
    after = memory_of(interp);
    EXPECT_EQ(after.values, before.values);
    EXPECT_EQ(after.value_bytes, before.value_bytes);
    /* A new list around it: one small block more. */
    h = pair(interp, lifecycle_wrap(interp, value), lifecycle_list_at(interp, h, 0));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), h));
    EXPECT(memory_of(interp).value_bytes - before.value_bytes < 2048);
    for (int i = 0; i < 3; i++)
        lifecycle_value_release(again[i]);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_var_unset(interp, S("x")));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void what_is_shared_inside_a_value_stays_shared(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value;
    handle part = numbers(interp, 1000), list = lifecycle_list(interp, NULL, 0), h;
    lifecycle_memory one, many;
    value = kept(interp, part);
    one = memory_of(interp);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_force_reset(interp));
    part = numbers(interp, 1000);
    list = lifecycle_list(interp, NULL, 0);
    for (int i = 0; i < 100; i++)
        EXPECT_OK(lifecycle_list_push_in_place(interp, list, part));
    value = kept(interp, list);
    many = memory_of(interp);
    EXPECT(many.value_bytes < one.value_bytes + 8192);
    h = lifecycle_wrap(interp, value);
    for (int i = 0; i < 100; i += 33)
        EXPECT_INT(interp, lifecycle_list_at(interp, lifecycle_list_at(interp, h, (size_t)i), 999), 999);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* One lappend to a variable that holds very many elements copies next to nothing, and so does reading one of them. */
static void a_lappend_does_not_copy_the_list(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory before, after;
    unsigned long n = expect_scale(1000000, 20000);
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), numbers(interp, n)));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    for (int i = 0; i < 40; i++) {
        handle h;
        EXPECT_OK(lifecycle_eval_enter(interp));
        before = memory_of(interp);
        h = lifecycle_var_get(interp, S("x"));
        EXPECT_OK(lifecycle_list_push_in_place(interp, h, number(interp, i)));
        EXPECT_OK(lifecycle_var_set(interp, S("x"), h));
        EXPECT_INT(interp, lifecycle_list_at(interp, lifecycle_var_get(interp, S("x")), n / 2), (int64_t)n / 2);
        after = memory_of(interp);
        EXPECT(after.scratch_bytes - before.scratch_bytes < 16384);
        EXPECT(after.value_bytes - before.value_bytes < 16384);
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_var_get(interp, S("x"))), n + 40);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* All that passes through the allocator, to see what work grows with what. */
struct traffic {
    counting count;
    unsigned long long bytes;
};
static void *traffic_alloc(size_t bytes, void *user)
{
    ((struct traffic *)user)->bytes += bytes;
    return counting_alloc(bytes, &((struct traffic *)user)->count);
}
static void *traffic_realloc(void *ptr, size_t old_bytes, size_t new_bytes, void *user)
{
    ((struct traffic *)user)->bytes += new_bytes;
    return counting_realloc(ptr, old_bytes, new_bytes, &((struct traffic *)user)->count);
}
static void traffic_free(void *ptr, size_t bytes, void *user)
{
    counting_free(ptr, bytes, &((struct traffic *)user)->count);
}

static unsigned long long traffic_of_appends(unsigned long n)
{
    struct traffic traffic;
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    lifecycle_interp *interp;
    memset(&traffic, 0, sizeof traffic);
    options.allocator.alloc = traffic_alloc;
    options.allocator.realloc = traffic_realloc;
    options.allocator.free = traffic_free;
    options.allocator.user = &traffic;
    interp = make_interp(&options);
    EXPECT_OK(lifecycle_var_set(interp, S("x"), lifecycle_list(interp, NULL, 0)));
    for (unsigned long i = 0; i < n; i++) {
        handle h;
        EXPECT_OK(lifecycle_eval_enter(interp));
        h = lifecycle_var_get(interp, S("x"));
        EXPECT_OK(lifecycle_list_push_in_place(interp, h, lifecycle_string(interp, "a text in each", 14)));
        EXPECT_OK(lifecycle_var_set(interp, S("x"), h));
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_var_get(interp, S("x"))), n);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&traffic.count);
    return traffic.bytes;
}

static void appending_in_a_loop_is_linear(void)
{
    unsigned long n = expect_scale(20000, 2000);
    unsigned long long once = traffic_of_appends(n), twice = traffic_of_appends(2 * n);
    EXPECT(once < 10000 * (unsigned long long)n);
    EXPECT(twice < 3 * once);
}

/* A host's mixture of everything, kept, wrapped, changed and dropped, against what it must read. */
static void values_that_are_changed_again_and_again(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    unsigned long rounds = expect_scale(20000, 500);
    lifecycle_value *versions[8] = {0};
    int64_t sums[8] = {0};
    uint32_t seed = 3;
    for (unsigned long round = 0; round < rounds; round++) {
        unsigned from, to;
        handle h;
        int64_t sum, value = 0;
        seed = seed * 1664525u + 1013904223u;
        from = seed >> 8 & 7;
        to = seed >> 12 & 7;
        EXPECT_OK(lifecycle_eval_enter(interp));
        h = versions[from] == NULL ? lifecycle_list(interp, NULL, 0) : lifecycle_wrap(interp, versions[from]);
        sum = sums[from];
        if ((seed >> 16) % 4 == 0 && lifecycle_list_length(interp, h) > 100) {
            EXPECT_OK(lifecycle_as_int(interp, lifecycle_list_shift_in_place(interp, h), &value));
            sum -= value;
        } else {
            EXPECT_OK(lifecycle_list_push_in_place(interp, h, number(interp, (int64_t)round)));
            sum += (int64_t)round;
        }
        lifecycle_value_release(versions[to]);
        EXPECT_OK(lifecycle_eval_leave(interp, h, &versions[to]));
        sums[to] = sum;
    }
    for (int i = 0; i < 8; i++) {
        handle h = lifecycle_wrap(interp, versions[i]);
        int64_t sum = 0, value;
        for (size_t n = 0; n < lifecycle_list_length(interp, h); n++) {
            EXPECT_OK(lifecycle_as_int(interp, lifecycle_list_at(interp, h, n), &value));
            sum += value;
        }
        EXPECT_EQ(sum, sums[i]);
        lifecycle_value_release(versions[i]);
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

int main(void)
{
    RUN(each_kind_comes_back_as_it_was);
    RUN(nil_and_null_are_each_other);
    RUN(a_value_is_freed_with_its_last_reference);
    RUN(what_a_handle_wraps_stays_readable);
    RUN(what_an_outer_handle_wraps_outlives_an_inner_scope);
    RUN(values_outlive_their_interpreter);
    RUN(the_stored_value_never_changes);
    RUN(wrapping_takes_no_more_for_a_million);
    RUN(keeping_what_did_not_change_shares_it);
    RUN(what_is_shared_inside_a_value_stays_shared);
    RUN(a_lappend_does_not_copy_the_list);
    RUN(appending_in_a_loop_is_linear);
    RUN(values_that_are_changed_again_and_again);
    return expect_done();
}
