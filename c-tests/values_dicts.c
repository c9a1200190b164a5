/* values_dicts.c - dicts: keys by their text, in the order they came; changed in place under every alias. */
#include "values.h"

static void set(lifecycle_interp *interp, handle dict, const char *key, const char *value)
{
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, key), text(interp, value)));
}

static handle get(lifecycle_interp *interp, handle dict, const char *key)
{
    return lifecycle_dict_get(interp, dict, text(interp, key));
}

static void keys_are_kept_in_the_order_they_came(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle dict = lifecycle_dict(interp), key = 1, value = 1;
    set(interp, dict, "z", "1");
    set(interp, dict, "a", "2");
    set(interp, dict, "m x", "3");
    EXPECT_TEXT(interp, dict, "z 1 a 2 {m x} 3");
    set(interp, dict, "z", "one"); /* in its place */
    EXPECT_TEXT(interp, dict, "z one a 2 {m x} 3");
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 3);
    EXPECT(lifecycle_dict_entry(interp, dict, 1, &key, &value));
    EXPECT_TEXT(interp, key, "a");
    EXPECT_TEXT(interp, value, "2");
    EXPECT(lifecycle_dict_entry(interp, dict, 2, NULL, &value));
    EXPECT_TEXT(interp, value, "3");
    EXPECT(!lifecycle_dict_entry(interp, dict, 3, &key, &value));
    EXPECT(key == 0 && value == 0);
    EXPECT(!lifecycle_dict_entry(interp, dict, SIZE_MAX, &key, NULL));
    EXPECT_OK(lifecycle_dict_remove_in_place(interp, dict, text(interp, "a")));
    EXPECT_STATUS(lifecycle_dict_remove_in_place(interp, dict, text(interp, "a")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_TEXT(interp, dict, "z one {m x} 3");
    EXPECT(lifecycle_dict_entry(interp, dict, 1, &key, &value));
    EXPECT_TEXT(interp, key, "m x");
    set(interp, dict, "a", "back"); /* at the end now */
    EXPECT_TEXT(interp, dict, "z one {m x} 3 a back");
    EXPECT_NIL(get(interp, dict, "none"));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void keys_compare_by_their_text(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle dict = lifecycle_dict(interp), list_key = numbers(interp, 2);
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, number(interp, 1), text(interp, "int")));
    EXPECT_TEXT(interp, get(interp, dict, "1"), "int");
    set(interp, dict, "1", "text");
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 1);
    EXPECT_NIL(get(interp, dict, "1.0"));
    EXPECT_NIL(get(interp, dict, " 1"));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, list_key, text(interp, "list")));
    EXPECT_TEXT(interp, get(interp, dict, "0 1"), "list");
    /* A key that is changed afterwards is still found under the text it had. */
    EXPECT_OK(lifecycle_list_push_in_place(interp, list_key, number(interp, 2)));
    EXPECT_TEXT(interp, get(interp, dict, "0 1"), "list");
    EXPECT_NIL(get(interp, dict, "0 1 2"));
    EXPECT_TEXT(interp, dict, "1 text {0 1} list");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void odd_keys_are_keys(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle dict = lifecycle_dict(interp), with_nul, with_other_nul, huge;
    size_t n = (size_t)1 << 20;
    char *bytes = malloc(n);
    memset(bytes, 'k', n);
    with_nul = lifecycle_string(interp, "a\0b", 3);
    with_other_nul = lifecycle_string(interp, "a\0c", 3);
    huge = lifecycle_string(interp, bytes, n);
    set(interp, dict, "", "empty");
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, with_nul, number(interp, 1)));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, with_other_nul, number(interp, 2)));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, huge, number(interp, 3)));
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 4);
    EXPECT_TEXT(interp, get(interp, dict, ""), "empty");
    EXPECT_NIL(get(interp, dict, "a"));
    EXPECT_INT(interp, lifecycle_dict_get(interp, dict, with_nul), 1);
    EXPECT_INT(interp, lifecycle_dict_get(interp, dict, with_other_nul), 2);
    bytes[n - 1] = 'x';
    EXPECT_NIL(lifecycle_dict_get(interp, dict, lifecycle_string(interp, bytes, n)));
    bytes[n - 1] = 'k';
    EXPECT_INT(interp, lifecycle_dict_get(interp, dict, lifecycle_string(interp, bytes, n)), 3);
    EXPECT_OK(lifecycle_dict_remove_in_place(interp, dict, lifecycle_string(interp, "a\0b", 3)));
    EXPECT_INT(interp, lifecycle_dict_get(interp, dict, with_other_nul), 2);
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 3);
    free(bytes);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_text_or_a_list_becomes_a_dict(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle dict = text(interp, "a 1 {b c} {2 3} a  4"), odd = text(interp, "a 1 b"), list = numbers(interp, 4);
    handle key = 0, value = 0;
    EXPECT_OK(lifecycle_dict_shimmer(interp, dict));
    EXPECT_EQ(lifecycle_kind(interp, dict), LIFECYCLE_DICT);
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 2);
    EXPECT_TEXT(interp, get(interp, dict, "a"), "4"); /* later keys win */
    EXPECT_TEXT(interp, get(interp, dict, "b c"), "2 3");
    EXPECT(lifecycle_dict_entry(interp, dict, 0, &key, &value));
    EXPECT_TEXT(interp, key, "a");
    set(interp, dict, "d", "5");
    EXPECT_TEXT(interp, dict, "a 4 {b c} {2 3} d 5");
    EXPECT_STATUS(lifecycle_dict_shimmer(interp, odd), LIFECYCLE_E_TYPE);
    EXPECT_TEXT(interp, odd, "a 1 b");
    EXPECT_STATUS(lifecycle_dict_shimmer(interp, text(interp, "a {b")), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_dict_shimmer(interp, numbers(interp, 3)), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_dict_shimmer(interp, number(interp, 3)), LIFECYCLE_E_TYPE);
    EXPECT_OK(lifecycle_dict_shimmer(interp, list));
    EXPECT_TEXT(interp, get(interp, list, "2"), "3");
    EXPECT_OK(lifecycle_dict_shimmer(interp, list));
    dict = lifecycle_string(interp, NULL, 0);
    EXPECT_OK(lifecycle_dict_shimmer(interp, dict));
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void copies_go_their_own_way_and_aliases_do_not(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle dict = lifecycle_dict(interp), copy, outer, inner = lifecycle_dict(interp);
    set(interp, dict, "a", "1");
    outer = pair(interp, dict, dict);
    copy = lifecycle_dict_copy(interp, dict);
    set(interp, copy, "b", "2");
    EXPECT_TEXT(interp, dict, "a 1");
    EXPECT_TEXT(interp, outer, "{a 1} {a 1}");
    set(interp, dict, "c", "3");
    EXPECT_TEXT(interp, outer, "{a 1 c 3} {a 1 c 3}");
    EXPECT_TEXT(interp, copy, "a 1 b 2");
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "in"), inner));
    set(interp, inner, "x", "y");
    EXPECT_TEXT(interp, dict, "a 1 c 3 in {x y}");
    set(interp, get(interp, dict, "in"), "x", "z");
    EXPECT_TEXT(interp, inner, "x z");
    EXPECT_OK(lifecycle_dict_remove_in_place(interp, lifecycle_list_at(interp, outer, 1), text(interp, "a")));
    EXPECT_TEXT(interp, outer, "{c 3 in {x z}} {c 3 in {x z}}");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void elements_of_a_wrapped_dict_are_the_same_each_time(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value = NULL;
    handle dict = lifecycle_dict(interp), wrapped, by_entry = 0, key = 0;
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "k"), numbers(interp, 2)));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "l"), numbers(interp, 1)));
    EXPECT_OK(lifecycle_materialize(interp, dict, &value));
    wrapped = lifecycle_wrap(interp, value);
    EXPECT_EQ(lifecycle_kind(interp, wrapped), LIFECYCLE_DICT);
    EXPECT_OK(lifecycle_list_push_in_place(interp, get(interp, wrapped, "k"), text(interp, "x")));
    EXPECT_TEXT(interp, get(interp, wrapped, "k"), "0 1 x");
    EXPECT(lifecycle_dict_entry(interp, wrapped, 0, &key, &by_entry));
    EXPECT_TEXT(interp, by_entry, "0 1 x");
    EXPECT_OK(lifecycle_list_push_in_place(interp, by_entry, text(interp, "y")));
    EXPECT_TEXT(interp, wrapped, "k {0 1 x y} l 0");
    set(interp, wrapped, "m", "n");
    EXPECT_OK(lifecycle_dict_remove_in_place(interp, wrapped, text(interp, "l")));
    EXPECT_TEXT(interp, wrapped, "k {0 1 x y} m n");
    EXPECT_TEXT(interp, lifecycle_wrap(interp, value), "k {0 1} l 0");
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Against the plainest model there is: an array in the order of insertion. */
static void many_keys_come_and_go(void)
{
    enum { KEYS = 500 };
    lifecycle_interp *interp = make_interp(NULL);
    unsigned long rounds = expect_scale(60000, 3000);
    handle dict = lifecycle_dict(interp);
    int model[KEYS], values[KEYS], n = 0;
    uint32_t seed = 7;
    for (unsigned long round = 0; round < rounds; round++) {
        int key, at;
        handle h;
        seed = seed * 1664525u + 1013904223u;
        key = (int)(seed >> 8) % KEYS;
        h = number(interp, key);
        for (at = 0; at < n && model[at] != key; at++)
            ;
        if ((seed >> 4) % 3 == 0) {
            lifecycle_status status = lifecycle_dict_remove_in_place(interp, dict, h);
            EXPECT_EQ(status, at < n ? LIFECYCLE_OK : LIFECYCLE_E_NOT_FOUND);
            if (at < n) {
                memmove(model + at, model + at + 1, (size_t)(n - at - 1) * sizeof *model);
                memmove(values + at, values + at + 1, (size_t)(n - at - 1) * sizeof *values);
                n--;
            }
        } else {
            EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, h, number(interp, (int64_t)round)));
            if (at == n) {
                model[n++] = key;
            }
            values[at] = (int)round;
        }
        EXPECT_EQ(lifecycle_dict_size(interp, dict), n);
        if (n > 0) {
            handle k = 0, v = 0;
            at = (int)(seed >> 12) % n;
            EXPECT(lifecycle_dict_entry(interp, dict, (size_t)at, &k, &v));
            EXPECT_INT(interp, k, model[at]);
            EXPECT_INT(interp, v, values[at]);
            EXPECT_INT(interp, lifecycle_dict_get(interp, dict, number(interp, model[at])), values[at]);
        }
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_big_dict_goes_to_a_value_and_back(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    unsigned long n = expect_scale(100000, 2000);
    lifecycle_value *value = NULL;
    handle dict, again;
    EXPECT_OK(lifecycle_eval_enter(interp));
    dict = lifecycle_dict(interp);
    for (unsigned long i = 0; i < n; i++)
        EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, number(interp, (int64_t)i), number(interp, -(int64_t)i)));
    EXPECT_OK(lifecycle_eval_leave(interp, dict, &value));
    again = lifecycle_wrap(interp, value);
    EXPECT_EQ(lifecycle_dict_size(interp, again), n);
    for (unsigned long i = 0; i < n; i += 7)
        EXPECT_INT(interp, lifecycle_dict_get(interp, again, number(interp, (int64_t)i)), -(int64_t)i);
    EXPECT_NIL(get(interp, again, "-1"));
    for (unsigned long i = 0; i < n; i += 2)
        EXPECT_OK(lifecycle_dict_remove_in_place(interp, again, number(interp, (int64_t)i)));
    EXPECT_EQ(lifecycle_dict_size(interp, again), n / 2);
    EXPECT_INT(interp, get(interp, again, "1"), -1);
    again = lifecycle_wrap(interp, value);
    EXPECT_EQ(lifecycle_dict_size(interp, again), n);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(keys_are_kept_in_the_order_they_came);
    RUN(keys_compare_by_their_text);
    RUN(odd_keys_are_keys);
    RUN(a_text_or_a_list_becomes_a_dict);
    RUN(copies_go_their_own_way_and_aliases_do_not);
    RUN(elements_of_a_wrapped_dict_are_the_same_each_time);
    RUN(many_keys_come_and_go);
    RUN(a_big_dict_goes_to_a_value_and_back);
    return expect_done();
}
