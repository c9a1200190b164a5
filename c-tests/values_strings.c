/* values_strings.c - texts of any bytes, parts of them, comparing, interning, and builders. */
#include "values.h"

static handle bytes_of(lifecycle_interp *interp, const char *bytes, size_t len)
{
    handle made = lifecycle_string(interp, bytes, len);
    EXPECT(made != 0);
    return made;
}

static void texts_hold_any_bytes(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    char all[257], copy[257];
    handle h;
    for (int i = 0; i < 257; i++)
        all[i] = (char)i;
    memcpy(copy, all, sizeof all);
    h = bytes_of(interp, copy, sizeof copy);
    memset(copy, 'x', sizeof copy); /* it was copied */
    EXPECT_BYTES(interp, h, all, sizeof all);
    EXPECT_EQ(lifecycle_string_length(interp, h), 257);
    for (size_t i = 0; i < sizeof all; i++) {
        EXPECT_EQ(lifecycle_string_byte_at(interp, h, i), i % 256);
        EXPECT_EQ(lifecycle_string_byte_at_slow(interp, h, i), i % 256);
    }
    EXPECT_BYTES(interp, lifecycle_string(interp, NULL, 0), "", 0);
    EXPECT_BYTES(interp, lifecycle_string(interp, "", 0), "", 0);
    EXPECT_NIL(lifecycle_string(interp, NULL, 1));
    EXPECT_NIL(lifecycle_string(interp, all, SIZE_MAX));
    EXPECT_NIL(lifecycle_string(interp, all, SIZE_MAX / 2));
    EXPECT(lifecycle_as_string(interp, h, NULL) != NULL);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void bytes_past_the_end_are_none(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle h = text(interp, "abc"), i = number(interp, -123), list = numbers(interp, 3);
    static const size_t past[] = {3, 4, 100, SIZE_MAX, SIZE_MAX / 2};
    for (size_t n = 0; n < COUNT(past); n++) {
        EXPECT_EQ(lifecycle_string_byte_at(interp, h, past[n]), -1);
        EXPECT_EQ(lifecycle_string_byte_at_slow(interp, h, past[n]), -1);
    }
    EXPECT_EQ(lifecycle_string_byte_at(interp, 0, 0), -1);
    EXPECT_EQ(lifecycle_string_byte_at(interp, h + ONE_GENERATION, 0), -1);
    EXPECT_EQ(lifecycle_string_byte_at(interp, bytes_of(interp, "", 0), 0), -1);
    /* What is no text yet becomes one first. */
    EXPECT_EQ(lifecycle_string_byte_at(interp, i, 0), '-');
    EXPECT_EQ(lifecycle_string_byte_at(interp, i, 3), '3');
    EXPECT_EQ(lifecycle_string_byte_at(interp, i, 4), -1);
    EXPECT_EQ(lifecycle_string_length(interp, i), 4);
    EXPECT_EQ(lifecycle_string_byte_at(interp, list, 2), '1');
    EXPECT_EQ(lifecycle_string_length(interp, list), 5);
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, i));
    EXPECT_EQ(lifecycle_string_byte_at(interp, list, 6), '-');
    EXPECT_EQ(lifecycle_string_length(interp, list), 10);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void stale_handles_have_no_bytes(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = text(interp, "abc");
    EXPECT_EQ(lifecycle_string_byte_at(interp, h, 0), 'a');
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_string_byte_at(interp, h, 0), -1);
    EXPECT_EQ(lifecycle_string_length(interp, h), 0);
    text(interp, "xyz");
    EXPECT_EQ(lifecycle_string_byte_at(interp, h, 0), -1);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void parts_are_cut_to_what_there_is(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle h = bytes_of(interp, "ab\0cd", 5);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 1, 4), "b\0c", 3);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 0, 5), "ab\0cd", 5);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 3, 100), "cd", 2);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 3, SIZE_MAX), "cd", 2);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 5, 9), "", 0);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, SIZE_MAX, SIZE_MAX), "", 0);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 4, 2), "", 0);
    EXPECT_BYTES(interp, lifecycle_string_slice(interp, h, 2, 2), "", 0);
    EXPECT_EQ(lifecycle_kind(interp, lifecycle_string_slice(interp, number(interp, 12345), 1, 3)), LIFECYCLE_STRING);
    EXPECT_TEXT(interp, lifecycle_string_slice(interp, number(interp, 12345), 1, 3), "23");
    EXPECT_BYTES(interp, h, "ab\0cd", 5);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void texts_are_joined(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle a = text(interp, "ab"), n = number(interp, 7), empty = bytes_of(interp, NULL, 0), all;
    EXPECT_TEXT(interp, lifecycle_string_concat(interp, a, n), "ab7");
    EXPECT_TEXT(interp, lifecycle_string_concat(interp, a, a), "abab");
    EXPECT_TEXT(interp, lifecycle_string_concat(interp, empty, a), "ab");
    EXPECT_TEXT(interp, lifecycle_string_concat(interp, a, empty), "ab");
    EXPECT_TEXT(interp, lifecycle_string_concat(interp, empty, empty), "");
    EXPECT_TEXT(interp, lifecycle_string_concat(interp, a, 0), "ab"); /* nil has no bytes */
    EXPECT_NIL(lifecycle_string_concat(interp, a + ONE_GENERATION, a));
    EXPECT_TEXT(interp, a, "ab");
    all = a;
    for (int i = 0; i < 16; i++)
        all = lifecycle_string_concat(interp, all, all);
    EXPECT_EQ(lifecycle_string_length(interp, all), 2 << 16);
    EXPECT_EQ(lifecycle_string_byte_at(interp, all, (2 << 16) - 1), 'b');
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void texts_are_compared_as_bytes(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } sorted[] = {{"", 0}, {"\0", 1}, {"\0a", 2}, {"A", 1}, {"AB", 2}, {"B", 1}, {"a", 1}, {"a\0", 2}, {"\x7f", 1},
                  {"\x80", 1}, {"\xff", 1}, {"\xff\xff", 2}};
    lifecycle_interp *interp = make_interp(NULL);
    handle all[COUNT(sorted)];
    for (size_t i = 0; i < COUNT(sorted); i++)
        all[i] = bytes_of(interp, sorted[i].bytes, sorted[i].len);
    for (size_t i = 0; i < COUNT(sorted); i++) {
        for (size_t n = 0; n < COUNT(sorted); n++) {
            EXPECT_EQ(sign(lifecycle_string_compare(interp, all[i], all[n])), sign((int)i - (int)n));
            EXPECT_EQ(lifecycle_string_equal(interp, all[i], all[n]), i == n);
        }
    }
    EXPECT(lifecycle_string_equal(interp, number(interp, 10), text(interp, "10")));
    EXPECT(!lifecycle_string_equal(interp, number(interp, 10), text(interp, "10.0")));
    EXPECT(lifecycle_string_equal(interp, numbers(interp, 2), text(interp, "0 1")));
    EXPECT(!lifecycle_string_equal(interp, all[0] + ONE_GENERATION, all[0]));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void the_same_text_interned_is_the_same_handle(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle first[200], again;
    char name[32];
    EXPECT_OK(lifecycle_eval_enter(interp));
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "word %d", i);
        first[i] = lifecycle_string_intern(interp, S(name));
        EXPECT(first[i] != 0);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "word %d", i);
        EXPECT(lifecycle_string_intern(interp, S(name)) == first[i]);
        EXPECT_TEXT(interp, first[i], name);
    }
    EXPECT(lifecycle_string_intern(interp, "word 1", 5) != first[1]);
    again = lifecycle_string_intern(interp, "a\0b", 3);
    EXPECT(again != 0 && again == lifecycle_string_intern(interp, "a\0b", 3));
    EXPECT(again != lifecycle_string_intern(interp, "a\0c", 3));
    EXPECT(lifecycle_string_intern(interp, NULL, 0) == lifecycle_string_intern(interp, "", 0));
    EXPECT(text(interp, "word 1") != first[1]);
    EXPECT_NIL(lifecycle_string_intern(interp, NULL, 3));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_STALE(interp, first[0]);
    again = lifecycle_string_intern(interp, S("word 0"));
    EXPECT(again != first[0]);
    EXPECT_TEXT(interp, again, "word 0");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* What an inner scope has interned is not given out when the scope is gone. */
static void interned_texts_end_with_their_scope(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_scope scope;
    handle outer = lifecycle_string_intern(interp, S("outer")), inner;
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    inner = lifecycle_string_intern(interp, S("inner"));
    EXPECT(lifecycle_string_intern(interp, S("outer")) == outer);
    EXPECT(lifecycle_string_intern(interp, S("inner")) == inner);
    EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
    EXPECT_STALE(interp, inner);
    EXPECT_TEXT(interp, lifecycle_string_intern(interp, S("inner")), "inner");
    EXPECT(lifecycle_string_intern(interp, S("outer")) == outer);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Interning is for names: it must not take a text for a list behind others' backs. */
static void an_interned_text_may_be_used_like_any(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle a = lifecycle_string_intern(interp, S("1 2 3")), list;
    EXPECT_OK(lifecycle_list_shimmer(interp, a));
    EXPECT_EQ(lifecycle_list_length(interp, a), 3);
    list = lifecycle_list_copy(interp, a);
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, 4)));
    EXPECT_TEXT(interp, lifecycle_string_intern(interp, S("1 2 3")), "1 2 3");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void builders_put_texts_together(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle b = lifecycle_builder_new(interp, 0), done, empty;
    EXPECT_OK(lifecycle_builder_byte(interp, b, 'a'));
    EXPECT_OK(lifecycle_builder_byte(interp, b, 0));
    EXPECT_OK(lifecycle_builder_byte(interp, b, 255));
    EXPECT_OK(lifecycle_builder_bytes(interp, b, S("bytes")));
    EXPECT_OK(lifecycle_builder_bytes(interp, b, NULL, 0));
    EXPECT_OK(lifecycle_builder_append(interp, b, number(interp, 12)));
    EXPECT_OK(lifecycle_builder_append(interp, b, numbers(interp, 3)));
    done = lifecycle_builder_finish(interp, b);
    EXPECT_EQ(lifecycle_kind(interp, done), LIFECYCLE_STRING);
    EXPECT_BYTES(interp, done, "a\0\xff" "bytes120 1 2", 15);
    /* It is empty then and goes on; what it gave stays as it is. */
    EXPECT_OK(lifecycle_builder_bytes(interp, b, S("second, of more bytes than the first had, so that it must grow")));
    EXPECT_BYTES(interp, done, "a\0\xff" "bytes120 1 2", 15);
    EXPECT_TEXT(interp, lifecycle_builder_finish(interp, b),
                "second, of more bytes than the first had, so that it must grow");
    empty = lifecycle_builder_finish(interp, b);
    EXPECT_TEXT(interp, empty, "");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void builders_refuse_what_is_no_byte(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle b = lifecycle_builder_new(interp, 16);
    EXPECT_STATUS(lifecycle_builder_byte(interp, b, 256), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_builder_byte(interp, b, -1), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_builder_bytes(interp, b, NULL, 1), LIFECYCLE_E_INVALID);
    EXPECT(lifecycle_builder_bytes(interp, b, "x", SIZE_MAX) < 0);
    EXPECT_OK(lifecycle_builder_append(interp, b, 0)); /* nil has no bytes */
    EXPECT_STATUS(lifecycle_builder_append(interp, b + ONE_GENERATION, b), LIFECYCLE_E_INVALID);
    EXPECT_NIL(lifecycle_builder_new(interp, SIZE_MAX));
    EXPECT_NIL(lifecycle_builder_new(interp, SIZE_MAX / 2));
    EXPECT_TEXT(interp, lifecycle_builder_finish(interp, b), "");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void two_builders_grow_side_by_side(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    unsigned long n = expect_scale(200000, 2000);
    handle a = lifecycle_builder_new(interp, 0), b = lifecycle_builder_new(interp, 1000), done;
    for (unsigned long i = 0; i < n; i++) {
        EXPECT_OK(lifecycle_builder_byte(interp, a, (int)(i % 251)));
        EXPECT_OK(lifecycle_builder_byte(interp, b, (int)(i % 241)));
    }
    done = lifecycle_builder_finish(interp, a);
    EXPECT_EQ(lifecycle_string_length(interp, done), n);
    for (unsigned long i = 0; i < n; i++)
        EXPECT_EQ(lifecycle_string_byte_at(interp, done, i), i % 251);
    done = lifecycle_builder_finish(interp, b);
    for (unsigned long i = 0; i < n; i++)
        EXPECT_EQ(lifecycle_string_byte_at(interp, done, i), i % 241);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A builder of the outer scope that grew inside an inner one keeps what it was given there. */
static void a_builder_outlives_an_inner_scope(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle b = lifecycle_builder_new(interp, 4);
    char want[4001];
    for (int round = 0; round < 400; round++) {
        lifecycle_scope scope;
        EXPECT_OK(lifecycle_scope_open(interp, &scope));
        EXPECT_OK(lifecycle_builder_append(interp, b, number(interp, 1000000000 + round)));
        EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
        snprintf(want + (size_t)round * 10, sizeof want - (size_t)round * 10, "%d", 1000000000 + round);
        text(interp, "something in the same place");
    }
    EXPECT_TEXT(interp, lifecycle_builder_finish(interp, b), want);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_megabyte_is_a_text_too(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    size_t n = (size_t)1 << 20;
    char *bytes = malloc(n);
    lifecycle_value *value = NULL;
    handle h, again;
    memset(bytes, 'm', n);
    h = bytes_of(interp, bytes, n);
    EXPECT_BYTES(interp, h, bytes, n);
    EXPECT_OK(lifecycle_materialize(interp, h, &value));
    again = lifecycle_wrap(interp, value);
    EXPECT_BYTES(interp, again, bytes, n);
    EXPECT(lifecycle_string_intern(interp, bytes, n) == lifecycle_string_intern(interp, bytes, n));
    EXPECT_EQ(lifecycle_string_length(interp, lifecycle_string_concat(interp, h, again)), 2 * n);
    lifecycle_value_release(value);
    free(bytes);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(texts_hold_any_bytes);
    RUN(bytes_past_the_end_are_none);
    RUN(stale_handles_have_no_bytes);
    RUN(parts_are_cut_to_what_there_is);
    RUN(texts_are_joined);
    RUN(texts_are_compared_as_bytes);
    RUN(the_same_text_interned_is_the_same_handle);
    RUN(interned_texts_end_with_their_scope);
    RUN(an_interned_text_may_be_used_like_any);
    RUN(builders_put_texts_together);
    RUN(builders_refuse_what_is_no_byte);
    RUN(two_builders_grow_side_by_side);
    RUN(a_builder_outlives_an_inner_scope);
    RUN(a_megabyte_is_a_text_too);
    return expect_done();
}
