/* values_lists.c - lists: their text, reading, copies and parts, changing in place under every alias, sorting. */
#include "values.h"

static void a_list_has_a_text_and_elements(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle parts[3], list;
    parts[0] = text(interp, "a");
    parts[1] = text(interp, "b c");
    parts[2] = text(interp, "");
    list = lifecycle_list(interp, parts, 3);
    parts[0] = 0; /* it was copied */
    EXPECT_TEXT(interp, list, "a {b c} {}");
    EXPECT_EQ(lifecycle_list_length(interp, list), 3);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 0), "a");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 1), "b c");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 2), "");
    EXPECT_NIL(lifecycle_list_at(interp, list, 3));
    EXPECT_NIL(lifecycle_list_at(interp, list, SIZE_MAX));
    EXPECT_TEXT(interp, pair(interp, list, number(interp, 1)), "{a {b c} {}} 1");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Whatever the elements are, their list's text is a list of just these elements. */
static void the_text_of_any_list_reads_back(void)
{
    static const char *const odd[] = {"",    " ",     "{",    "}",       "{}",     "}{",   "\\",   "\\\\", "a\\",
                                      "\"",  "\"a\"", "a\"b", "a b",     "a\tb\nc", "#x",   "$x",   "[x]",  ";",
                                      "{a",  "a}",    "{a b", "a {b} c", "\\{",     "\\n",  "\n",   "{\\}", "{a\\",
                                      "\xff", "\xc3\xa4", "a;b", "#",     "{#}",     "\\ ",  "a\\\nb", "\v\f\r"};
    lifecycle_interp *interp = make_interp(NULL);
    handle list = lifecycle_list(interp, NULL, 0), again;
    size_t len;
    const char *bytes;
    for (size_t i = 0; i < COUNT(odd); i++) {
        handle one;
        EXPECT_OK(lifecycle_list_push_in_place(interp, list, text(interp, odd[i])));
        one = text(interp, odd[i]);
        one = lifecycle_list(interp, &one, 1);
        again = text(interp, lifecycle_as_string(interp, one, NULL));
        EXPECT_OK(lifecycle_list_shimmer(interp, again));
        EXPECT_EQ(lifecycle_list_length(interp, again), 1);
        EXPECT_TEXT(interp, lifecycle_list_at(interp, again, 0), odd[i]);
    }
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, lifecycle_string(interp, "a\0 {", 4)));
    bytes = lifecycle_as_string(interp, list, &len);
    again = lifecycle_string(interp, bytes, len);
    EXPECT_OK(lifecycle_list_shimmer(interp, again));
    EXPECT_EQ(lifecycle_list_length(interp, again), COUNT(odd) + 1);
    for (size_t i = 0; i < COUNT(odd); i++)
        EXPECT_TEXT(interp, lifecycle_list_at(interp, again, i), odd[i]);
    EXPECT_BYTES(interp, lifecycle_list_at(interp, again, COUNT(odd)), "a\0 {", 4);
    EXPECT_BYTES(interp, again, bytes, len); /* the text is kept */
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_text_becomes_a_list(void)
{
    static const char *const none[] = {"{", "a {b", "{a}b", "\"a", "\"a\"b", "{a} {b}c"};
    lifecycle_interp *interp = make_interp(NULL);
    handle list = text(interp, "  a\t{b c}\n \"d e\" f\\ g {} ");
    EXPECT_OK(lifecycle_list_shimmer(interp, list));
    EXPECT_EQ(lifecycle_kind(interp, list), LIFECYCLE_LIST);
    EXPECT_EQ(lifecycle_list_length(interp, list), 5);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 0), "a");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 1), "b c");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 2), "d e");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 3), "f g");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 4), "");
    EXPECT_TEXT(interp, list, "  a\t{b c}\n \"d e\" f\\ g {} ");
    EXPECT_OK(lifecycle_list_shimmer(interp, list));
    /* Once it is changed the text is the list's. */
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, text(interp, "h")));
    EXPECT_TEXT(interp, list, "a {b c} {d e} {f g} {} h");
    for (size_t i = 0; i < COUNT(none); i++) {
        handle h = text(interp, none[i]);
        EXPECT_STATUS(lifecycle_list_shimmer(interp, h), LIFECYCLE_E_TYPE);
        EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_STRING);
        EXPECT_TEXT(interp, h, none[i]);
    }
    list = number(interp, 5);
    EXPECT_OK(lifecycle_list_shimmer(interp, list));
    EXPECT_EQ(lifecycle_list_length(interp, list), 1);
    EXPECT_TEXT(interp, list, "5");
    list = lifecycle_string(interp, NULL, 0);
    EXPECT_OK(lifecycle_list_shimmer(interp, list));
    EXPECT_EQ(lifecycle_list_length(interp, list), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_dict_becomes_a_list(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle dict = lifecycle_dict(interp);
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "a"), number(interp, 1)));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "b c"), number(interp, 2)));
    EXPECT_OK(lifecycle_list_shimmer(interp, dict));
    EXPECT_EQ(lifecycle_list_length(interp, dict), 4);
    EXPECT_TEXT(interp, dict, "a 1 {b c} 2");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void ends_are_pushed_and_popped(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = lifecycle_list(interp, NULL, 0), got;
    unsigned long n = expect_scale(20000, 500), low = 0, high = 0;
    for (unsigned long i = 0; i < n; i++) {
        EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, (int64_t)i)));
        EXPECT_OK(lifecycle_list_unshift_in_place(interp, list, number(interp, -(int64_t)i)));
        high++;
        low++;
        if (i % 3 == 0) {
            EXPECT_INT(interp, lifecycle_list_pop_in_place(interp, list), (int64_t)--high);
            EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, (int64_t)high++)));
        }
    }
    EXPECT_EQ(lifecycle_list_length(interp, list), low + high);
    for (unsigned long i = 0; i < n; i++) {
        EXPECT_INT(interp, lifecycle_list_shift_in_place(interp, list), -(int64_t)(n - 1 - i));
        EXPECT_INT(interp, lifecycle_list_pop_in_place(interp, list), (int64_t)(n - 1 - i));
    }
    EXPECT_EQ(lifecycle_list_length(interp, list), 0);
    EXPECT_NIL(lifecycle_list_pop_in_place(interp, list));
    EXPECT_NIL(lifecycle_list_shift_in_place(interp, list));
    /* What was taken out lives on. */
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, numbers(interp, 2)));
    got = lifecycle_list_shift_in_place(interp, list);
    EXPECT_OK(lifecycle_list_push_in_place(interp, got, number(interp, 2)));
    EXPECT_TEXT(interp, got, "0 1 2");
    EXPECT_TEXT(interp, list, "");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void elements_are_replaced(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 3), x = text(interp, "x");
    EXPECT_OK(lifecycle_list_set_at_in_place(interp, list, 1, x));
    EXPECT_TEXT(interp, list, "0 x 2");
    EXPECT_STATUS(lifecycle_list_set_at_in_place(interp, list, 3, x), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_list_set_at_in_place(interp, list, SIZE_MAX, x), LIFECYCLE_E_RANGE);
    EXPECT_TEXT(interp, list, "0 x 2");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void parts_are_spliced(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 6), more = pair(interp, text(interp, "a"), text(interp, "b"));
    EXPECT_OK(lifecycle_list_splice_in_place(interp, list, 1, 2, more));
    EXPECT_TEXT(interp, list, "0 a b 3 4 5");
    EXPECT_OK(lifecycle_list_splice_in_place(interp, list, 1, 1, 0));
    EXPECT_TEXT(interp, list, "0 b 3 4 5");
    EXPECT_OK(lifecycle_list_splice_in_place(interp, list, 5, 0, more));
    EXPECT_TEXT(interp, list, "0 b 3 4 5 a b");
    EXPECT_OK(lifecycle_list_splice_in_place(interp, list, 0, 0, more));
    EXPECT_TEXT(interp, list, "a b 0 b 3 4 5 a b");
    EXPECT_OK(lifecycle_list_splice_in_place(interp, list, 0, 9, 0));
    EXPECT_TEXT(interp, list, "");
    EXPECT_TEXT(interp, more, "a b");
    /* Itself, into itself. */
    EXPECT_OK(lifecycle_list_splice_in_place(interp, more, 1, 0, more));
    EXPECT_TEXT(interp, more, "a a b b");
    EXPECT_OK(lifecycle_list_splice_in_place(interp, more, 0, 4, more));
    EXPECT_TEXT(interp, more, "a a b b");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_splice_is_cut_or_refused_whole(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    static const size_t firsts[] = {0, 3, 4, SIZE_MAX}, removes[] = {0, 2, 10, SIZE_MAX, SIZE_MAX - 2};
    for (size_t f = 0; f < COUNT(firsts); f++) {
        for (size_t r = 0; r < COUNT(removes); r++) {
            handle list = numbers(interp, 4), before = lifecycle_list_copy(interp, list);
            lifecycle_status status = lifecycle_list_splice_in_place(interp, list, firsts[f], removes[r], 0);
            if (status == LIFECYCLE_OK) {
                size_t first = firsts[f] < 4 ? firsts[f] : 4, removed = removes[r] < 4 - first ? removes[r] : 4 - first;
                EXPECT_EQ(lifecycle_list_length(interp, list), 4 - removed);
            } else {
                EXPECT_EQ(status, LIFECYCLE_E_RANGE);
                EXPECT(lifecycle_string_equal(interp, list, before));
            }
        }
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void copies_and_parts_go_their_own_way(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 5), copy = lifecycle_list_copy(interp, list);
    handle part = lifecycle_list_slice(interp, list, 1, 3);
    EXPECT_TEXT(interp, part, "1 2 3");
    EXPECT_TEXT(interp, lifecycle_list_slice(interp, list, 3, 100), "3 4");
    EXPECT_TEXT(interp, lifecycle_list_slice(interp, list, 3, SIZE_MAX), "3 4");
    EXPECT_TEXT(interp, lifecycle_list_slice(interp, list, 5, 1), "");
    EXPECT_TEXT(interp, lifecycle_list_slice(interp, list, SIZE_MAX, SIZE_MAX), "");
    EXPECT_TEXT(interp, lifecycle_list_slice(interp, list, 2, 0), "");
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, text(interp, "l")));
    EXPECT_OK(lifecycle_list_unshift_in_place(interp, copy, text(interp, "c")));
    EXPECT_OK(lifecycle_list_set_at_in_place(interp, part, 0, text(interp, "p")));
    EXPECT_TEXT(interp, list, "0 1 2 3 4 l");
    EXPECT_TEXT(interp, copy, "c 0 1 2 3 4");
    EXPECT_TEXT(interp, part, "p 2 3");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A handle is a reference: whoever holds the list sees it change. */
static void every_alias_sees_a_change(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 2), other = list, outer = pair(interp, list, list), dict = lifecycle_dict(interp);
    handle key = text(interp, "key"), deeper = pair(interp, outer, dict);
    const char *before;
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, key, list));
    EXPECT_TEXT(interp, deeper, "{{0 1} {0 1}} {key {0 1}}");
    before = lifecycle_as_string(interp, list, NULL);
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, 2)));
    EXPECT_TEXT(interp, other, "0 1 2");
    EXPECT_TEXT(interp, outer, "{0 1 2} {0 1 2}");
    EXPECT_TEXT(interp, lifecycle_dict_get(interp, dict, key), "0 1 2");
    EXPECT_TEXT(interp, deeper, "{{0 1 2} {0 1 2}} {key {0 1 2}}");
    /* And through an element that was reached, the other way round. */
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_list_at(interp, outer, 0), number(interp, 3)));
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_dict_get(interp, dict, key), number(interp, 4)));
    EXPECT_TEXT(interp, list, "0 1 2 3 4");
    EXPECT_TEXT(interp, deeper, "{{0 1 2 3 4} {0 1 2 3 4}} {key {0 1 2 3 4}}");
    /* A text that was read stays where it was. */
    EXPECT(strcmp(before, "0 1") == 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* So it is for what came from a stored value: and the value does not change. */
static void elements_of_a_wrapped_list_are_the_same_each_time(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value = NULL;
    handle outer, a, b;
    EXPECT_OK(lifecycle_materialize(interp, pair(interp, numbers(interp, 2), numbers(interp, 3)), &value));
    outer = lifecycle_wrap(interp, value);
    a = lifecycle_list_at(interp, outer, 1);
    b = lifecycle_list_at(interp, outer, 1);
    EXPECT_OK(lifecycle_list_push_in_place(interp, a, text(interp, "x")));
    EXPECT_TEXT(interp, b, "0 1 2 x");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, outer, 1), "0 1 2 x");
    EXPECT_TEXT(interp, outer, "{0 1} {0 1 2 x}");
    EXPECT_OK(lifecycle_list_shift_in_place(interp, b) != 0 ? LIFECYCLE_OK : LIFECYCLE_E_INVALID);
    EXPECT_TEXT(interp, outer, "{0 1} {1 2 x}");
    EXPECT_TEXT(interp, lifecycle_wrap(interp, value), "{0 1} {0 1 2}");
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static int by_length(lifecycle_interp *interp, handle a, handle b, void *user)
{
    size_t la = lifecycle_string_length(interp, a), lb = lifecycle_string_length(interp, b);
    ++*(size_t *)user;
    return (la > lb) - (la < lb);
}

static void sorting_is_stable(void)
{
    static const char *const words[] = {"ccc", "a", "bb", "aaa", "b", "", "cc", "bbb", "c", "aa"};
    lifecycle_interp *interp = make_interp(NULL);
    handle list = lifecycle_list(interp, NULL, 0);
    size_t calls = 0;
    for (size_t i = 0; i < COUNT(words); i++)
        EXPECT_OK(lifecycle_list_push_in_place(interp, list, text(interp, words[i])));
    EXPECT_OK(lifecycle_list_sort_in_place(interp, list, by_length, &calls));
    EXPECT_TEXT(interp, list, "{} a b c bb cc aa ccc aaa bbb");
    EXPECT(calls >= COUNT(words) - 1 && calls < 100);
    EXPECT_OK(lifecycle_list_sort_in_place(interp, list, NULL, NULL));
    EXPECT_TEXT(interp, list, "{} a aa aaa b bb bbb c cc ccc");
    list = lifecycle_list(interp, NULL, 0);
    EXPECT_OK(lifecycle_list_sort_in_place(interp, list, by_length, &calls));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static int by_number(lifecycle_interp *interp, handle a, handle b, void *user)
{
    int64_t na = 0, nb = 0;
    (void)user;
    EXPECT_OK(lifecycle_as_int(interp, a, &na));
    EXPECT_OK(lifecycle_as_int(interp, b, &nb));
    na /= 1000;
    nb /= 1000;
    return (na > nb) - (na < nb);
}

static void many_are_sorted(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    unsigned long n = expect_scale(100000, 2000);
    handle list = lifecycle_list(interp, NULL, 0);
    uint64_t seed = 1;
    int64_t before = -1;
    for (unsigned long i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        EXPECT_OK(lifecycle_list_push_in_place(interp, list,
                                               number(interp, (int64_t)(seed >> 54) * 1000 + (int64_t)i / 1000)));
    }
    EXPECT_OK(lifecycle_list_sort_in_place(interp, list, by_number, NULL));
    EXPECT_EQ(lifecycle_list_length(interp, list), n);
    for (unsigned long i = 0; i < n; i++) {
        int64_t now = -1;
        EXPECT_OK(lifecycle_as_int(interp, lifecycle_list_at(interp, list, i), &now));
        EXPECT(now >= before);
        before = now;
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* An order that is none, and a callback that changes the very list: an order of some kind, and nothing is lost. */
static int by_no_order(lifecycle_interp *interp, handle a, handle b, void *user)
{
    (void)interp, (void)a, (void)b;
    return (int)(++*(unsigned *)user % 3) - 1;
}

struct meddler {
    handle list;
    unsigned calls;
};

static int by_meddling(lifecycle_interp *interp, handle a, handle b, void *user)
{
    struct meddler *meddler = user;
    meddler->calls++;
    (void)lifecycle_list_pop_in_place(interp, meddler->list);
    (void)lifecycle_list_push_in_place(interp, meddler->list, text(interp, "more"));
    (void)lifecycle_list_unshift_in_place(interp, meddler->list, text(interp, "less"));
    if (meddler->calls == 3)
        (void)lifecycle_list_sort_in_place(interp, meddler->list, NULL, NULL);
    return lifecycle_string_compare(interp, a, b);
}

static void a_comparison_may_be_senseless_or_meddle(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 300), copy;
    unsigned calls = 0;
    struct meddler meddler;
    lifecycle_status status;
    EXPECT_OK(lifecycle_list_sort_in_place(interp, list, by_no_order, &calls));
    EXPECT_EQ(lifecycle_list_length(interp, list), 300);
    copy = lifecycle_list_copy(interp, list);
    EXPECT_OK(lifecycle_list_sort_in_place(interp, copy, by_number, NULL));
    for (int i = 0; i < 300; i++)
        EXPECT(holds_text(interp, list, lifecycle_as_string(interp, number(interp, i), NULL)));
    meddler.list = numbers(interp, 50);
    meddler.calls = 0;
    status = lifecycle_list_sort_in_place(interp, meddler.list, by_meddling, &meddler);
    EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_BUSY);
    for (size_t i = 0; i < lifecycle_list_length(interp, meddler.list); i++)
        EXPECT(lifecycle_kind(interp, lifecycle_list_at(interp, meddler.list, i)) > 0);
    EXPECT_OK(lifecycle_list_push_in_place(interp, meddler.list, number(interp, 1)));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The host's own syntax: words between commas. */
static handle from_commas(lifecycle_interp *interp, handle given, void *user)
{
    size_t len, from = 0;
    const char *bytes = lifecycle_as_string(interp, given, &len);
    handle list = lifecycle_list(interp, NULL, 0);
    ++*(int *)user;
    if (memchr(bytes, '!', len) != NULL)
        return 0;
    for (size_t i = 0; i <= len; i++) {
        if (i == len || bytes[i] == ',') {
            EXPECT_OK(lifecycle_list_push_in_place(interp, list, lifecycle_string(interp, bytes + from, i - from)));
            from = i + 1;
        }
    }
    return list;
}

static lifecycle_status to_commas(lifecycle_interp *interp, handle value, handle builder, void *user)
{
    ++*(int *)user;
    if (lifecycle_kind(interp, value) == LIFECYCLE_DOUBLE)
        return lifecycle_builder_bytes(interp, builder, S("a double"));
    if (lifecycle_kind(interp, value) != LIFECYCLE_LIST)
        return LIFECYCLE_E_UNSUPPORTED;
    for (size_t i = 0; i < lifecycle_list_length(interp, value); i++) {
        if (i != 0)
            EXPECT_OK(lifecycle_builder_byte(interp, builder, ','));
        EXPECT_OK(lifecycle_builder_append(interp, builder, lifecycle_list_at(interp, value, i)));
    }
    return LIFECYCLE_OK;
}

static void the_host_may_have_a_syntax_of_its_own(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    lifecycle_interp *interp;
    int calls = 0;
    handle list, dict;
    options.to_list = from_commas;
    options.to_text = to_commas;
    options.user = &calls;
    interp = make_interp(&options);
    list = text(interp, "a,b c,,d");
    EXPECT_OK(lifecycle_list_shimmer(interp, list));
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(lifecycle_list_length(interp, list), 4);
    EXPECT_TEXT(interp, lifecycle_list_at(interp, list, 1), "b c");
    EXPECT_STATUS(lifecycle_list_shimmer(interp, text(interp, "a,b!")), LIFECYCLE_E_TYPE);
    EXPECT_TEXT(interp, numbers(interp, 3), "0,1,2");
    EXPECT_TEXT(interp, pair(interp, numbers(interp, 2), lifecycle_double(interp, 1)), "0,1,a double");
    /* The callback's failure is the text's. */
    dict = lifecycle_dict(interp);
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "k"), text(interp, "v")));
    EXPECT_TEXT(interp, dict, "");
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 1);
    calls = 0;
    list = numbers(interp, 2);
    EXPECT_TEXT(interp, list, "0,1");
    EXPECT_TEXT(interp, list, "0,1");
    EXPECT_EQ(calls, 1); /* it is kept */
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_million_elements(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    unsigned long n = expect_scale(1000000, 5000);
    handle list = numbers(interp, n), copy;
    EXPECT_EQ(lifecycle_list_length(interp, list), n);
    EXPECT_INT(interp, lifecycle_list_at(interp, list, n / 2), (int64_t)n / 2);
    copy = lifecycle_list_copy(interp, list);
    EXPECT_OK(lifecycle_list_push_in_place(interp, copy, number(interp, -1)));
    EXPECT_INT(interp, lifecycle_list_shift_in_place(interp, copy), 0);
    EXPECT_OK(lifecycle_list_set_at_in_place(interp, copy, n / 2, number(interp, -2)));
    EXPECT_EQ(lifecycle_list_length(interp, copy), n);
    EXPECT_EQ(lifecycle_list_length(interp, list), n);
    EXPECT_INT(interp, lifecycle_list_at(interp, list, n / 2 + 1), (int64_t)n / 2 + 1);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(a_list_has_a_text_and_elements);
    RUN(the_text_of_any_list_reads_back);
    RUN(a_text_becomes_a_list);
    RUN(a_dict_becomes_a_list);
    RUN(ends_are_pushed_and_popped);
    RUN(elements_are_replaced);
    RUN(parts_are_spliced);
    RUN(a_splice_is_cut_or_refused_whole);
    RUN(copies_and_parts_go_their_own_way);
    RUN(every_alias_sees_a_change);
    RUN(elements_of_a_wrapped_list_are_the_same_each_time);
    RUN(sorting_is_stable);
    RUN(many_are_sorted);
    RUN(a_comparison_may_be_senseless_or_meddle);
    RUN(the_host_may_have_a_syntax_of_its_own);
    RUN(a_million_elements);
    return expect_done();
}
