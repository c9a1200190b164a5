/* values_handles.c - kinds of values, reading them, and handles that are stale, foreign, forged or of a wrong kind. */
#include <math.h>

#include "values.h"

static void an_interpreter_is_made_and_destroyed(void)
{
    counting count;
    lifecycle_interp_options options = counted_options(&count);
    lifecycle_interp *interp = NULL;
    int mine = 5;
    options.user = &mine;
    EXPECT_OK(lifecycle_interp_create(&options, &interp));
    EXPECT(lifecycle_interp_user(interp) == &mine);
    EXPECT(lifecycle_interp_arena(interp) != NULL);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT_STATUS(lifecycle_interp_destroy(interp), LIFECYCLE_E_STALE);
    nothing_is_left(&count);
    EXPECT_OK(lifecycle_interp_create(NULL, &interp));
    EXPECT(lifecycle_interp_user(interp) == NULL);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT_STATUS(lifecycle_interp_destroy(NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_interp_create(NULL, NULL), LIFECYCLE_E_INVALID);
}

static void options_are_checked(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    lifecycle_interp *interp = (lifecycle_interp *)(void *)&options;
    options.size = 4;
    EXPECT_STATUS(lifecycle_interp_create(&options, &interp), LIFECYCLE_E_INVALID);
    EXPECT(interp == NULL);
    options.size = sizeof options;
    options.reserved = 1;
    EXPECT_STATUS(lifecycle_interp_create(&options, &interp), LIFECYCLE_E_INVALID);
    options.reserved = 0;
    options.allocator.alloc = counting_alloc;
    EXPECT_STATUS(lifecycle_interp_create(&options, &interp), LIFECYCLE_E_INVALID);
    EXPECT(interp == NULL);
    /* A shorter struct, of an older program, does. */
    memset(&options, 0, sizeof options);
    options.size = offsetof(lifecycle_interp_options, frame_limit);
    EXPECT_OK(lifecycle_interp_create(&options, &interp));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void every_value_has_its_kind(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    int thing;
    handle s = text(interp, "text"), i = number(interp, 42), d = lifecycle_double(interp, 0.5);
    handle l = lifecycle_list(interp, NULL, 0), m = lifecycle_dict(interp);
    handle f = lifecycle_foreign(interp, "file", &thing, S("file5")), b = lifecycle_builder_new(interp, 10);
    EXPECT_EQ(lifecycle_kind(interp, 0), LIFECYCLE_NIL);
    EXPECT_EQ(lifecycle_kind(interp, s), LIFECYCLE_STRING);
    EXPECT_EQ(lifecycle_kind(interp, i), LIFECYCLE_INT);
    EXPECT_EQ(lifecycle_kind(interp, d), LIFECYCLE_DOUBLE);
    EXPECT_EQ(lifecycle_kind(interp, l), LIFECYCLE_LIST);
    EXPECT_EQ(lifecycle_kind(interp, m), LIFECYCLE_DICT);
    EXPECT_EQ(lifecycle_kind(interp, f), LIFECYCLE_FOREIGN);
    EXPECT_EQ(lifecycle_kind(interp, b), LIFECYCLE_BUILDER);
    EXPECT_EQ(lifecycle_kind(NULL, s), LIFECYCLE_E_INVALID);
    EXPECT_TEXT(interp, s, "text");
    EXPECT_TEXT(interp, i, "42");
    EXPECT_TEXT(interp, d, "0.5");
    EXPECT_TEXT(interp, l, "");
    EXPECT_TEXT(interp, m, "");
    EXPECT_TEXT(interp, f, "file5");
    /* Reading a text changes no kind. */
    EXPECT_EQ(lifecycle_kind(interp, i), LIFECYCLE_INT);
    EXPECT_EQ(lifecycle_kind(interp, l), LIFECYCLE_LIST);
    EXPECT_EQ(lifecycle_kind(interp, f), LIFECYCLE_FOREIGN);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void numbers_are_read(void)
{
    static const int64_t some[] = {0, 1, -1, 42, INT64_MAX, INT64_MIN, (int64_t)1 << 53, -((int64_t)1 << 31)};
    lifecycle_interp *interp = make_interp(NULL);
    for (size_t i = 0; i < COUNT(some); i++) {
        char want[32];
        handle h = number(interp, some[i]), copy;
        int64_t got = 7;
        snprintf(want, sizeof want, "%lld", (long long)some[i]);
        EXPECT_TEXT(interp, h, want);
        EXPECT(lifecycle_peek_int(interp, h, &got) && got == some[i]);
        EXPECT_INT(interp, h, some[i]);
        copy = text(interp, want);
        EXPECT(!lifecycle_peek_int(interp, copy, &got));
        EXPECT_INT(interp, copy, some[i]);
        EXPECT_TEXT(interp, copy, want);
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void doubles_are_read(void)
{
    static const double some[] = {0.1, 0.5, -0.25, 1e300, 5e-324, 1.7976931348623157e308, 3.0, -0.0, 1e22,
                                  123456789.125};
    lifecycle_interp *interp = make_interp(NULL);
    double got = 7;
    EXPECT_TEXT(interp, lifecycle_double(interp, 0.1), "0.1");
    EXPECT_TEXT(interp, lifecycle_double(interp, -2.5), "-2.5");
    for (size_t i = 0; i < COUNT(some); i++) {
        handle h = lifecycle_double(interp, some[i]), copy;
        size_t len;
        const char *bytes = lifecycle_as_string(interp, h, &len);
        copy = lifecycle_string(interp, bytes, len);
        EXPECT(lifecycle_peek_double(interp, h, &got) && memcmp(&got, &some[i], 8) == 0);
        EXPECT(!lifecycle_peek_double(interp, copy, &got));
        EXPECT_OK(lifecycle_as_double(interp, copy, &got));
        EXPECT(memcmp(&got, &some[i], 8) == 0);
        /* Whoever reads the text sees that it is no integer. */
        EXPECT(strpbrk(bytes, ".eE") != NULL);
    }
    for (int sign = -1; sign <= 1; sign += 2) {
        handle h = lifecycle_double(interp, sign * HUGE_VAL), copy;
        copy = text(interp, lifecycle_as_string(interp, h, NULL));
        EXPECT_OK(lifecycle_as_double(interp, copy, &got));
        EXPECT(got == sign * HUGE_VAL);
    }
    EXPECT(lifecycle_peek_double(interp, lifecycle_double(interp, NAN), &got) && isnan(got));
    EXPECT_OK(lifecycle_as_double(interp, number(interp, -3), &got));
    EXPECT(got == -3.0);
    EXPECT(!lifecycle_peek_double(interp, number(interp, 3), &got));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void what_is_no_number_is_refused(void)
{
    static const char *const words[] = {"", "abc", "12abc", "1 2", "--1", "+", "-", "9223372036854775808", "0x", "."};
    lifecycle_interp *interp = make_interp(NULL);
    double d = 7;
    for (size_t i = 0; i < COUNT(words); i++) {
        handle h = text(interp, words[i]);
        int64_t n = 7;
        lifecycle_status status = lifecycle_as_int(interp, h, &n);
        EXPECT(status == LIFECYCLE_E_TYPE || (i == 7 && status == LIFECYCLE_E_RANGE));
        EXPECT_EQ(n, 0);
        EXPECT_TEXT(interp, h, words[i]);
        EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_STRING);
    }
    EXPECT_STATUS(lifecycle_as_double(interp, text(interp, "1.5x"), &d), LIFECYCLE_E_TYPE);
    EXPECT(d == 0);
    /* A NUL is a byte like others, not an end. */
    EXPECT_STATUS(lifecycle_as_int(interp, lifecycle_string(interp, "12\0", 3), &(int64_t){0}), LIFECYCLE_E_TYPE);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void foreign_things_are_looked_at(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    char type[] = "channel";
    int thing;
    const char *got_type = "x";
    void *got = &thing;
    handle f = lifecycle_foreign(interp, type, &thing, S("channel1"));
    type[0] = 'X'; /* it was copied */
    EXPECT(lifecycle_peek_foreign(interp, f, &got_type, &got));
    EXPECT(got_type != NULL && strcmp(got_type, "channel") == 0 && got == &thing);
    EXPECT(lifecycle_peek_foreign(interp, f, NULL, NULL));
    EXPECT(!lifecycle_peek_foreign(interp, text(interp, "channel1"), &got_type, &got));
    EXPECT(got_type == NULL && got == NULL);
    EXPECT_NIL(lifecycle_foreign(interp, NULL, &thing, S("x")));
    EXPECT_STATUS(lifecycle_foreign_release(interp, text(interp, "channel1")), LIFECYCLE_E_TYPE);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void an_ended_eval_leaves_only_stale_handles(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle all[7];
    int thing;
    EXPECT_OK(lifecycle_eval_enter(interp));
    all[0] = text(interp, "abc");
    all[1] = number(interp, 1);
    all[2] = lifecycle_double(interp, 1);
    all[3] = pair(interp, all[0], all[1]);
    all[4] = lifecycle_dict(interp);
    all[5] = lifecycle_foreign(interp, "t", &thing, S("f"));
    all[6] = lifecycle_builder_new(interp, 0);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(all); i++)
            EXPECT_STALE(interp, all[i]);
        /* The same places, filled again: no old handle means a new thing. */
        EXPECT_OK(lifecycle_eval_enter(interp));
        for (int i = 0; i < 20; i++) {
            handle fresh = number(interp, i);
            for (size_t n = 0; n < COUNT(all); n++)
                EXPECT(fresh != all[n]);
        }
        for (size_t i = 0; i < COUNT(all); i++)
            EXPECT_STALE(interp, all[i]);
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void another_interpreters_handles_are_refused(void)
{
    lifecycle_interp *a = make_interp(NULL), *b = make_interp(NULL);
    handle of_a[50], of_b[50];
    for (int i = 0; i < 50; i++) {
        of_a[i] = number(a, i);
        of_b[i] = text(b, "theirs");
    }
    for (int i = 0; i < 50; i++) {
        EXPECT(of_a[i] != of_b[i]);
        EXPECT_DEAD(a, of_b[i]);
        EXPECT_DEAD(b, of_a[i]);
        EXPECT_INT(a, of_a[i], i);
        EXPECT_TEXT(b, of_b[i], "theirs");
    }
    EXPECT_NIL(lifecycle_list(a, of_b, 1));
    EXPECT(lifecycle_list_push_in_place(a, numbers(a, 1), of_b[0]) < 0);
    EXPECT(lifecycle_var_set(a, S("x"), of_b[0]) < 0);
    EXPECT(!lifecycle_var_exists(a, S("x")));
    EXPECT_OK(lifecycle_interp_destroy(a));
    EXPECT_OK(lifecycle_interp_destroy(b));
}

/* Many short-lived interpreters: what one of them gave out means nothing to a later one in its place. */
static void a_destroyed_interpreters_handles_are_refused(void)
{
    handle old = 0;
    for (unsigned long round = 0; round < expect_scale(300, 20); round++) {
        lifecycle_interp *interp = make_interp(NULL);
        handle fresh = number(interp, 1);
        EXPECT(fresh != old);
        if (old != 0)
            EXPECT_DEAD(interp, old);
        old = fresh;
        EXPECT_OK(lifecycle_interp_destroy(interp));
        EXPECT(lifecycle_kind(interp, fresh) < 0);
        EXPECT_NIL(lifecycle_string(interp, S("x")));
    }
}

static void forged_handles_are_refused(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle h = number(interp, 5);
    EXPECT_FORGED(interp, h + ONE_GENERATION);
    EXPECT_FORGED(interp, h + 1000 * ONE_GENERATION);
    EXPECT_FORGED(interp, h + 1);
    EXPECT_FORGED(interp, h | (ONE_GENERATION - 1));
    EXPECT_DEAD(interp, h - ONE_GENERATION);
    EXPECT_DEAD(interp, 1);
    EXPECT_DEAD(interp, 7);
    EXPECT_DEAD(interp, UINT64_MAX);
    EXPECT_DEAD(interp, UINT64_MAX - 1);
    EXPECT_DEAD(interp, (uint64_t)1 << 63);
    EXPECT_DEAD(interp, (uint64_t)(uintptr_t)interp);
    EXPECT_DEAD(interp, (uint64_t)(uintptr_t)&h);
    for (int bit = 0; bit < 64; bit++)
        EXPECT_DEAD(interp, h ^ ((uint64_t)1 << bit));
    EXPECT_INT(interp, h, 5);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void the_wrong_kind_is_refused(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle s = text(interp, "{no list"), i = number(interp, 7), b = lifecycle_builder_new(interp, 8);
    handle list = numbers(interp, 2);
    EXPECT_STATUS(lifecycle_list_push_in_place(interp, s, i), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_list_unshift_in_place(interp, s, i), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_list_set_at_in_place(interp, s, 0, i), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_list_splice_in_place(interp, s, 0, 0, 0), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_list_splice_in_place(interp, list, 0, 0, i), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_list_sort_in_place(interp, s, NULL, NULL), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_list_shimmer(interp, s), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_dict_set_in_place(interp, s, i, i), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_dict_remove_in_place(interp, i, i), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_builder_byte(interp, s, 'x'), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_builder_bytes(interp, s, S("x")), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_builder_append(interp, i, s), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_foreign_release(interp, list), LIFECYCLE_E_TYPE);
    EXPECT_NIL(lifecycle_builder_finish(interp, s));
    EXPECT_NIL(lifecycle_list_at(interp, s, 0));
    EXPECT_NIL(lifecycle_list_copy(interp, s));
    EXPECT_NIL(lifecycle_list_slice(interp, i, 0, 1));
    EXPECT_NIL(lifecycle_list_pop_in_place(interp, s));
    EXPECT_NIL(lifecycle_list_shift_in_place(interp, s));
    EXPECT_NIL(lifecycle_dict_copy(interp, s));
    EXPECT_NIL(lifecycle_dict_get(interp, s, i));
    EXPECT_EQ(lifecycle_list_length(interp, s), 0);
    EXPECT_EQ(lifecycle_dict_size(interp, s), 0);
    EXPECT(!lifecycle_dict_entry(interp, s, 0, NULL, NULL));
    /* Nothing of it has left a mark. */
    EXPECT_TEXT(interp, s, "{no list");
    EXPECT_EQ(lifecycle_kind(interp, s), LIFECYCLE_STRING);
    EXPECT_INT(interp, i, 7);
    EXPECT_TEXT(interp, list, "0 1");
    EXPECT_OK(lifecycle_builder_byte(interp, b, 'x'));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void nil_is_no_element_and_no_argument(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 2), dict = lifecycle_dict(interp), one = number(interp, 1), with_nil[2];
    with_nil[0] = one;
    with_nil[1] = 0;
    EXPECT_NIL(lifecycle_list(interp, with_nil, 2));
    EXPECT_NIL(lifecycle_list(interp, NULL, 1));
    EXPECT_STATUS(lifecycle_list_push_in_place(interp, list, 0), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_list_unshift_in_place(interp, list, 0), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_list_set_at_in_place(interp, list, 0, 0), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_list_push_in_place(interp, 0, one), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_dict_set_in_place(interp, dict, one, 0), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_dict_set_in_place(interp, dict, 0, one), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_var_set(interp, S("x"), 0), LIFECYCLE_E_INVALID);
    EXPECT_TEXT(interp, list, "0 1");
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 0);
    EXPECT_TEXT(interp, 0, "");
    EXPECT(!lifecycle_peek_int(interp, 0, &(int64_t){0}));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void the_first_words_serve_inline_functions(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_EQ(offsetof(lifecycle_interp, first), 0);
    EXPECT_EQ(offsetof(lifecycle_interp, count), 8);
    EXPECT_EQ(offsetof(lifecycle_interp, slots), 16);
    EXPECT_EQ(sizeof(lifecycle_slot), 32);
    EXPECT_OK(lifecycle_eval_enter(interp));
    handle h = text(interp, "inline");
    uint64_t at = h - interp->first;
    EXPECT(at < interp->count);
    EXPECT(memcmp(interp->slots[at].text, "inline", 6) == 0 && interp->slots[at].text_len == 6);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT(!(h - interp->first < interp->count));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(an_interpreter_is_made_and_destroyed);
    RUN(options_are_checked);
    RUN(every_value_has_its_kind);
    RUN(numbers_are_read);
    RUN(doubles_are_read);
    RUN(what_is_no_number_is_refused);
    RUN(foreign_things_are_looked_at);
    RUN(an_ended_eval_leaves_only_stale_handles);
    RUN(another_interpreters_handles_are_refused);
    RUN(a_destroyed_interpreters_handles_are_refused);
    RUN(forged_handles_are_refused);
    RUN(the_wrong_kind_is_refused);
    RUN(nil_is_no_element_and_no_argument);
    RUN(the_first_words_serve_inline_functions);
    return expect_done();
}
