/* values_names.c - namespaces, variables and links. */
#include "values.h"

static void namespaces_are_made_with_those_above(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    uint64_t before = memory_of(interp).namespaces;
    handle list;
    EXPECT(lifecycle_ns_exists(interp, S("::")));
    EXPECT(!lifecycle_ns_exists(interp, S("::a")));
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::b::c")));
    EXPECT(lifecycle_ns_exists(interp, S("::a")) && lifecycle_ns_exists(interp, S("::a::b")));
    EXPECT(lifecycle_ns_exists(interp, S("::a::b::c")) && !lifecycle_ns_exists(interp, S("::b")));
    EXPECT_EQ(memory_of(interp).namespaces, before + 3);
    EXPECT_STATUS(lifecycle_ns_create(interp, S("::a::b")), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_ns_create(interp, S("::")), LIFECYCLE_E_EXISTS);
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::z")));
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::a")));
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::B")));
    list = lifecycle_ns_children(interp, S("::a"));
    EXPECT_TEXT(interp, list, "::a::B ::a::a ::a::b ::a::z");
    EXPECT_TEXT(interp, lifecycle_ns_children(interp, S("::")), "::a");
    list = lifecycle_ns_children(interp, S("::a::z"));
    EXPECT(list != 0);
    EXPECT_EQ(lifecycle_list_length(interp, list), 0);
    EXPECT_NIL(lifecycle_ns_children(interp, S("::none")));
    EXPECT_OK(lifecycle_ns_delete(interp, S("::a::b")));
    EXPECT(!lifecycle_ns_exists(interp, S("::a::b::c")) && !lifecycle_ns_exists(interp, S("::a::b")));
    EXPECT(lifecycle_ns_exists(interp, S("::a")));
    EXPECT_STATUS(lifecycle_ns_delete(interp, S("::a::b")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_ns_delete(interp, S("::")), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_ns_delete(interp, S("::a")));
    EXPECT_EQ(memory_of(interp).namespaces, before);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Whatever a path looks like, it is made, found and deleted, and what is told as its full path is its path. */
static void odd_paths_are_paths_or_are_refused(void)
{
    static const char *const paths[] = {"",     "a",     "a::b",   "::a::",   "::::",    "::a::::b", ":::a",
                                        "::a:b", "::{x", "::a b", "::\xff", "::a:::b", "::a::b:",  "::0"};
    lifecycle_interp *interp = make_interp(NULL);
    size_t n = (size_t)1 << 20;
    char *huge = malloc(n);
    memset(huge, 'p', n);
    memcpy(huge, "::", 2);
    for (size_t i = 0; i < COUNT(paths) + 2; i++) {
        const char *path = i < COUNT(paths) ? paths[i] : i == COUNT(paths) ? "::a\0b" : huge;
        size_t len = i < COUNT(paths) ? strlen(path) : i == COUNT(paths) ? 5 : n;
        uint64_t before = memory_of(interp).namespaces;
        bool there = lifecycle_ns_exists(interp, path, len);
        lifecycle_status status = lifecycle_ns_create(interp, path, len);
        EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_INVALID || (there && status == LIFECYCLE_E_EXISTS));
        EXPECT_EQ(lifecycle_ns_exists(interp, path, len), there || status == LIFECYCLE_OK);
        if (status == LIFECYCLE_OK) {
            handle children = lifecycle_ns_children(interp, S("::"));
            EXPECT(lifecycle_list_length(interp, children) == 1);
            EXPECT_OK(lifecycle_ns_var_set(interp, path, len, S("v"), number(interp, 1)));
            EXPECT_INT(interp, lifecycle_ns_var_get(interp, path, len, S("v")), 1);
            children = lifecycle_list_at(interp, children, 0);
            EXPECT_OK(lifecycle_ns_delete(interp, lifecycle_as_string(interp, children, NULL),
                                          lifecycle_string_length(interp, children)));
        }
        EXPECT_EQ(memory_of(interp).namespaces, before);
    }
    EXPECT_STATUS(lifecycle_ns_create(interp, NULL, 5), LIFECYCLE_E_INVALID);
    /* Colons in front, behind, or too many say nothing; one is part of a name. */
    EXPECT_OK(lifecycle_ns_create(interp, S("a::b")));
    EXPECT_STATUS(lifecycle_ns_create(interp, S("::a::::b::")), LIFECYCLE_E_EXISTS);
    EXPECT(!lifecycle_ns_exists(interp, S("a:b")));
    EXPECT(lifecycle_ns_exists(interp, NULL, 0));
    free(huge);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The variables of the global frame and of the global namespace are the same ones. */
static void global_variables_have_two_names(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("x"), number(interp, 1)));
    EXPECT_INT(interp, lifecycle_ns_var_get(interp, S("::"), S("x")), 1);
    EXPECT_OK(lifecycle_ns_var_set(interp, S("::"), S("x"), number(interp, 2)));
    EXPECT_INT(interp, lifecycle_var_get(interp, S("x")), 2);
    EXPECT_EQ(memory_of(interp).variables, 1);
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link_ns(interp, S("l"), S("::"), S("x")));
    EXPECT_OK(lifecycle_var_unset(interp, S("l")));
    EXPECT(!lifecycle_ns_var_exists(interp, S("::"), S("x")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_deleted_namespace_takes_everything_along(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_memory before = memory_of(interp), after;
    char path[64], name[64];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 30; i++) {
            snprintf(path, sizeof path, "::top::n%d::below", i);
            EXPECT_OK(lifecycle_ns_create(interp, S(path)));
            for (int n = 0; n < 10; n++) {
                snprintf(name, sizeof name, "v%d", n);
                EXPECT_OK(lifecycle_ns_var_set(interp, S(path), S(name), numbers(interp, 20)));
                EXPECT_OK(lifecycle_command_set(interp, S(path), S(name), 1, NULL, text(interp, "a b"),
                                                text(interp, "body")));
            }
        }
        EXPECT_EQ(memory_of(interp).variables, before.variables + 300);
        EXPECT_EQ(memory_of(interp).procs, before.procs + 300);
        EXPECT_OK(lifecycle_ns_delete(interp, S("::top")));
        EXPECT_OK(lifecycle_force_reset(interp));
        after = memory_of(interp);
        EXPECT_EQ(after.variables, before.variables);
        EXPECT_EQ(after.procs, before.procs);
        EXPECT_EQ(after.namespaces, before.namespaces);
        EXPECT_EQ(after.values, before.values);
        EXPECT_EQ(after.value_bytes, before.value_bytes);
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

static void exports_are_kept(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    list = lifecycle_ns_exports(interp, S("::a"));
    EXPECT(list != 0);
    EXPECT_EQ(lifecycle_list_length(interp, list), 0);
    EXPECT_OK(lifecycle_ns_exports_set(interp, S("::a"), pair(interp, text(interp, "get*"), text(interp, "set*")),
                                       false));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_TEXT(interp, lifecycle_ns_exports(interp, S("::a")), "get* set*");
    EXPECT_OK(lifecycle_ns_exports_set(interp, S("::a"), pair(interp, text(interp, "x"), text(interp, "y")), false));
    EXPECT_TEXT(interp, lifecycle_ns_exports(interp, S("::a")), "get* set* x y");
    EXPECT_OK(lifecycle_ns_exports_set(interp, S("::a"), pair(interp, text(interp, "p"), text(interp, "q")), true));
    EXPECT_TEXT(interp, lifecycle_ns_exports(interp, S("::a")), "p q");
    EXPECT_OK(lifecycle_ns_exports_set(interp, S("::a"), lifecycle_list(interp, NULL, 0), true));
    EXPECT_TEXT(interp, lifecycle_ns_exports(interp, S("::a")), "");
    EXPECT_STATUS(lifecycle_ns_exports_set(interp, S("::b"), numbers(interp, 1), true), LIFECYCLE_E_NOT_FOUND);
    EXPECT_NIL(lifecycle_ns_exports(interp, S("::b")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_namespace_has_variables(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle names;
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_ns_var_set(interp, S("::a"), S("x"), number(interp, 1)));
    EXPECT_OK(lifecycle_ns_var_set(interp, S("::a"), S("y z"), number(interp, 2)));
    EXPECT_OK(lifecycle_ns_var_set(interp, S("::a"), S("x"), number(interp, 3)));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_INT(interp, lifecycle_ns_var_get(interp, S("::a"), S("x")), 3);
    EXPECT_INT(interp, lifecycle_ns_var_get(interp, S("::a"), S("y z")), 2);
    EXPECT(lifecycle_ns_var_exists(interp, S("::a"), S("x")) && !lifecycle_ns_var_exists(interp, S("::a"), S("y")));
    names = lifecycle_ns_var_names(interp, S("::a"));
    EXPECT_EQ(lifecycle_list_length(interp, names), 2);
    EXPECT(holds_text(interp, names, "x") && holds_text(interp, names, "y z"));
    EXPECT(!lifecycle_var_exists(interp, S("x")));
    EXPECT_OK(lifecycle_ns_var_unset(interp, S("::a"), S("x")));
    EXPECT_STATUS(lifecycle_ns_var_unset(interp, S("::a"), S("x")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_NIL(lifecycle_ns_var_get(interp, S("::a"), S("x")));
    EXPECT_STATUS(lifecycle_ns_var_set(interp, S("::b"), S("x"), number(interp, 1)), LIFECYCLE_E_NOT_FOUND);
    EXPECT(!lifecycle_ns_var_exists(interp, S("::b"), S("x")));
    EXPECT_NIL(lifecycle_ns_var_get(interp, S("::b"), S("x")));
    EXPECT_NIL(lifecycle_ns_var_names(interp, S("::b")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void variables_live_in_frames(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle names;
    EXPECT_OK(lifecycle_var_set(interp, S("x"), text(interp, "global")));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT(!lifecycle_var_exists(interp, S("x")));
    EXPECT_NIL(lifecycle_var_get(interp, S("x")));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), text(interp, "local")));
    EXPECT_OK(lifecycle_var_set(interp, S("y"), text(interp, "local too")));
    names = lifecycle_var_names(interp);
    EXPECT_EQ(lifecycle_list_length(interp, names), 2);
    EXPECT(holds_text(interp, names, "x") && holds_text(interp, names, "y"));
    EXPECT_EQ(memory_of(interp).variables, 3);
    EXPECT_OK(lifecycle_frame_set_active(interp, 0));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "global");
    EXPECT_OK(lifecycle_frame_set_active(interp, 1));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "local");
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "global");
    EXPECT_EQ(memory_of(interp).variables, 1);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_var_unset(interp, S("x")));
    EXPECT_STATUS(lifecycle_var_unset(interp, S("x")), LIFECYCLE_E_NOT_FOUND);
    EXPECT(!lifecycle_var_exists(interp, S("x")));
    EXPECT_EQ(memory_of(interp).variables, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* What a variable gives is private to whoever asked: the variable changes when it is set. */
static void a_variable_changes_when_it_is_set(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle list = numbers(interp, 2), got;
    EXPECT_OK(lifecycle_var_set(interp, S("x"), list));
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, 2)));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "0 1");
    got = lifecycle_var_get(interp, S("x"));
    EXPECT_OK(lifecycle_list_push_in_place(interp, got, text(interp, "got")));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "0 1");
    EXPECT_OK(lifecycle_var_set(interp, S("x"), got));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "0 1 got");
    EXPECT_OK(lifecycle_var_set(interp, S("x"), lifecycle_var_get(interp, S("x"))));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("x")), "0 1 got");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Read, and then unset or overwritten: what was read is still what it was. */
static void what_was_read_stays_when_the_variable_goes(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    handle read, overwritten;
    EXPECT_OK(lifecycle_var_set(interp, S("x"), numbers(interp, 80)));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    overwritten = lifecycle_var_get(interp, S("x"));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), text(interp, "a new text that is longer than a few bytes")));
    read = lifecycle_var_get(interp, S("x"));
    EXPECT_OK(lifecycle_var_unset(interp, S("x")));
    for (int i = 0; i < 50; i++)
        EXPECT_OK(lifecycle_var_set(interp, S("y"), numbers(interp, 80)));
    EXPECT_TEXT(interp, read, "a new text that is longer than a few bytes");
    EXPECT_INT(interp, lifecycle_list_at(interp, overwritten, 79), 79);
    EXPECT(memory_of(interp).pending_values >= 1);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(memory_of(interp).pending_values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

static void odd_names_are_names(void)
{
    static const char *const names[] = {"", " ", "a b", "::", ":", "a::b", "::x", "a(1)", "\xff\xfe", "{", "$x"};
    lifecycle_interp *interp = make_interp(NULL);
    size_t n = (size_t)1 << 20;
    char *huge = malloc(n);
    memset(huge, 'n', n);
    EXPECT_OK(lifecycle_ns_create(interp, S("::ns")));
    for (size_t i = 0; i < COUNT(names); i++) {
        EXPECT_OK(lifecycle_var_set(interp, S(names[i]), number(interp, (int64_t)i)));
        EXPECT_OK(lifecycle_ns_var_set(interp, S("::ns"), S(names[i]), number(interp, -(int64_t)i)));
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        EXPECT_INT(interp, lifecycle_var_get(interp, S(names[i])), (int64_t)i);
        EXPECT_INT(interp, lifecycle_ns_var_get(interp, S("::ns"), S(names[i])), -(int64_t)i);
        EXPECT(holds_text(interp, lifecycle_var_names(interp), names[i]));
    }
    EXPECT_OK(lifecycle_var_set(interp, "a\0b", 3, number(interp, 100)));
    EXPECT_OK(lifecycle_var_set(interp, "a\0c", 3, number(interp, 101)));
    EXPECT(!lifecycle_var_exists(interp, "a", 1));
    EXPECT_INT(interp, lifecycle_var_get(interp, "a\0b", 3), 100);
    EXPECT_INT(interp, lifecycle_var_get(interp, "a\0c", 3), 101);
    EXPECT_OK(lifecycle_var_set(interp, huge, n, number(interp, 102)));
    EXPECT_INT(interp, lifecycle_var_get(interp, huge, n), 102);
    EXPECT(!lifecycle_var_exists(interp, huge, n - 1));
    EXPECT_OK(lifecycle_var_set(interp, NULL, 0, number(interp, 103)));
    EXPECT_INT(interp, lifecycle_var_get(interp, S("")), 103);
    EXPECT_STATUS(lifecycle_var_set(interp, NULL, 1, number(interp, 1)), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_var_unset(interp, huge, n));
    EXPECT_OK(lifecycle_var_unset(interp, "a\0b", 3));
    EXPECT_INT(interp, lifecycle_var_get(interp, "a\0c", 3), 101);
    free(huge);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void many_variables_come_and_go(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    unsigned long n = expect_scale(50000, 1000);
    size_t early = 0;
    char name[32];
    for (unsigned long i = 0; i < n; i++) {
        snprintf(name, sizeof name, "variable %lu", i);
        EXPECT_OK(lifecycle_eval_enter(interp));
        EXPECT_OK(lifecycle_var_set(interp, S(name), number(interp, (int64_t)i)));
        if (i >= 50) {
            snprintf(name, sizeof name, "variable %lu", i - 50);
            EXPECT_INT(interp, lifecycle_var_get(interp, S(name)), (int64_t)i - 50);
            EXPECT_OK(lifecycle_var_unset(interp, S(name)));
        }
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        if (i == 900)
            early = count.bytes;
    }
    EXPECT_EQ(memory_of(interp).variables, 50);
    EXPECT(count.bytes <= early + 4096);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* --- links --- */

static void a_link_leads_to_its_target(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("g"), text(interp, "global")));
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_ns_var_set(interp, S("::a"), S("v"), text(interp, "in ::a")));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link(interp, S("local"), 0, S("g")));
    EXPECT_OK(lifecycle_var_link_ns(interp, S("v2"), S("::a"), S("v")));
    EXPECT(lifecycle_var_is_link(interp, S("local")) && lifecycle_var_is_link(interp, S("v2")));
    EXPECT(!lifecycle_var_is_link(interp, S("none")));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("local")), "global");
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("v2")), "in ::a");
    EXPECT_OK(lifecycle_var_set(interp, S("local"), text(interp, "changed")));
    EXPECT_OK(lifecycle_var_set(interp, S("v2"), text(interp, "changed too")));
    /* One frame further: a link to a link. */
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link(interp, S("far"), 1, S("local")));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("far")), "changed");
    EXPECT_TEXT(interp, lifecycle_var_resolve(interp, S("far")), "g");
    EXPECT_OK(lifecycle_var_set(interp, S("far"), text(interp, "from afar")));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_TEXT(interp, lifecycle_var_resolve(interp, S("local")), "g");
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("local")), "from afar");
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("g")), "from afar");
    EXPECT_TEXT(interp, lifecycle_ns_var_get(interp, S("::a"), S("v")), "changed too");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Through a link the target is unset; the link stays, and makes the target anew. */
static void unsetting_through_a_link_leaves_the_link(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("g"), number(interp, 1)));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link(interp, S("l"), 0, S("g")));
    EXPECT_OK(lifecycle_var_unset(interp, S("l")));
    EXPECT(!lifecycle_var_exists(interp, S("l")));
    EXPECT(lifecycle_var_is_link(interp, S("l")));
    EXPECT_NIL(lifecycle_var_get(interp, S("l")));
    EXPECT_STATUS(lifecycle_var_unset(interp, S("l")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_var_set(interp, S("l"), number(interp, 2)));
    EXPECT(lifecycle_var_exists(interp, S("l")));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_INT(interp, lifecycle_var_get(interp, S("g")), 2);
    /* A link to what is not there yet makes it when it is set. */
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link(interp, S("l"), 0, S("new")));
    EXPECT(!lifecycle_var_exists(interp, S("l")));
    EXPECT_OK(lifecycle_var_set(interp, S("l"), number(interp, 3)));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_INT(interp, lifecycle_var_get(interp, S("new")), 3);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A link in a circle: refused, or followed to no end that is reached. */
static void links_in_a_circle_end(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    (void)lifecycle_var_link(interp, S("self"), 1, S("self"));
    (void)lifecycle_var_link(interp, S("a"), 1, S("b"));
    (void)lifecycle_var_link(interp, S("b"), 1, S("c"));
    EXPECT_STATUS(lifecycle_var_link(interp, S("c"), 1, S("a")), LIFECYCLE_E_CYCLE);
    EXPECT_STATUS(lifecycle_var_link(interp, S("self2"), 1, S("self2")), LIFECYCLE_E_CYCLE);
    (void)lifecycle_var_get(interp, S("self"));
    (void)lifecycle_var_get(interp, S("a"));
    (void)lifecycle_var_set(interp, S("a"), number(interp, 1));
    (void)lifecycle_var_unset(interp, S("b"));
    (void)lifecycle_var_exists(interp, S("c"));
    (void)lifecycle_var_resolve(interp, S("a"));
    (void)lifecycle_var_names(interp);
    EXPECT_STATUS(lifecycle_var_link(interp, S("x"), 2, S("y")), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_var_link(interp, S("x"), SIZE_MAX, S("y")), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_var_link_ns(interp, S("x"), S("::none"), S("y")), LIFECYCLE_E_NOT_FOUND);
    EXPECT(!lifecycle_var_is_link(interp, S("x")));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_variable_does_not_become_a_link(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("g"), number(interp, 1)));
    EXPECT_OK(lifecycle_var_set(interp, S("h"), number(interp, 2)));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_set(interp, S("v"), number(interp, 3)));
    EXPECT_STATUS(lifecycle_var_link(interp, S("v"), 0, S("g")), LIFECYCLE_E_EXISTS);
    EXPECT_INT(interp, lifecycle_var_get(interp, S("v")), 3);
    EXPECT(!lifecycle_var_is_link(interp, S("v")));
    /* A link may be led elsewhere. */
    EXPECT_OK(lifecycle_var_link(interp, S("l"), 0, S("g")));
    EXPECT_OK(lifecycle_var_link(interp, S("l"), 0, S("h")));
    EXPECT_INT(interp, lifecycle_var_get(interp, S("l")), 2);
    /* A namespace outlives frames: its variables lead to no frame's. */
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::a")));
    EXPECT_OK(lifecycle_var_link(interp, S("g2"), 0, S("g")));
    EXPECT_OK(lifecycle_frame_pop_locals(interp));
    EXPECT_INT(interp, lifecycle_ns_var_get(interp, S("::a"), S("g2")), 1);
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::a")));
    EXPECT_STATUS(lifecycle_var_link(interp, S("v2"), 1, S("v")), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Where a name of the active frame leads: a frame's level, or a namespace's path; `ns` is NULL for a frame's own. */
static void expect_place(lifecycle_interp *interp, const char *name, bool exists, size_t level, const char *ns)
{
    size_t at = 77;
    handle path = 77;
    EXPECT_EQ(lifecycle_var_place(interp, S(name), &at, &path), exists);
    EXPECT_EQ(at, level);
    if (ns != NULL)
        EXPECT_TEXT(interp, path, ns);
    else
        EXPECT_EQ(path, 0);
    at = 77, path = 77;
    EXPECT_EQ(lifecycle_var_place(interp, S(name), &at, NULL), exists);
    EXPECT_EQ(at, level);
    EXPECT_EQ(lifecycle_var_place(interp, S(name), NULL, &path), exists);
    EXPECT_EQ(path == 0, ns == NULL);
    EXPECT_EQ(lifecycle_var_place(interp, S(name), NULL, NULL), exists);
}

static void a_name_tells_where_its_variable_is(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("x"), number(interp, 0)));
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::b")));
    EXPECT_OK(lifecycle_ns_create(interp, S("::c")));
    EXPECT_OK(lifecycle_ns_var_set(interp, S("a::b"), S("x"), number(interp, 1)));
    expect_place(interp, "x", true, 0, "::");
    expect_place(interp, "none", false, 0, "::");
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    expect_place(interp, "x", false, 1, NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("x"), number(interp, 2)));
    expect_place(interp, "x", true, 1, NULL);
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    expect_place(interp, "x", false, 2, NULL);
    /* Three links of one name each, to three variables of one name. */
    EXPECT_OK(lifecycle_var_link(interp, S("global"), 0, S("x")));
    EXPECT_OK(lifecycle_var_link(interp, S("above"), 1, S("x")));
    EXPECT_OK(lifecycle_var_link_ns(interp, S("in ::a::b"), S("::a::b"), S("x")));
    EXPECT_OK(lifecycle_var_link_ns(interp, S("to none"), S("::c"), S("none")));
    expect_place(interp, "global", true, 0, "::");
    expect_place(interp, "above", true, 1, NULL);
    expect_place(interp, "in ::a::b", true, 0, "::a::b");
    expect_place(interp, "to none", false, 0, "::c");
    /* A link to links; and it is the active frame whose names count. */
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link(interp, S("far"), 2, S("above")));
    EXPECT_OK(lifecycle_var_link(interp, S("farther"), 2, S("in ::a::b")));
    expect_place(interp, "far", true, 1, NULL);
    expect_place(interp, "farther", true, 0, "::a::b");
    EXPECT_OK(lifecycle_frame_set_active(interp, 1));
    expect_place(interp, "x", true, 1, NULL);
    expect_place(interp, "far", false, 1, NULL);
    EXPECT_OK(lifecycle_frame_set_active(interp, 3));
    /* A frame that works on a namespace's variables has that namespace's; a link there leads from there. */
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::c")));
    EXPECT_OK(lifecycle_var_link_ns(interp, S("y"), S("::a::b"), S("x")));
    expect_place(interp, "far", false, 0, "::c");
    expect_place(interp, "y", true, 0, "::a::b");
    EXPECT_OK(lifecycle_frame_pop_locals(interp));
    expect_place(interp, "far", true, 1, NULL);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Levels and namespaces that are used again belong to the new ones; what was deleted is no place. */
static void a_place_is_that_of_now(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    size_t level = 77;
    handle ns = 77;
    EXPECT(!lifecycle_var_place(interp, NULL, 1, &level, &ns));
    EXPECT(level == 0 && ns == 0);
    for (int i = 0; i < 3; i++) {
        char path[32];
        snprintf(path, sizeof path, "::n%d", i);
        EXPECT_OK(lifecycle_eval_enter(interp));
        EXPECT_OK(lifecycle_ns_create(interp, S(path)));
        for (int depth = 0; depth <= i; depth++)
            EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
        EXPECT_OK(lifecycle_var_link_ns(interp, S("l"), S(path), S("v")));
        expect_place(interp, "x", false, (size_t)i + 1, NULL);
        expect_place(interp, "l", false, 0, path);
        EXPECT_OK(lifecycle_var_set(interp, S("l"), number(interp, i)));
        EXPECT_OK(lifecycle_ns_delete(interp, S(path)));
        /* Another one takes its name and, maybe, its number. */
        EXPECT_OK(lifecycle_ns_create(interp, S(path)));
        EXPECT_INT(interp, lifecycle_var_get(interp, S("l")), i);
        level = 77, ns = 77;
        EXPECT(!lifecycle_var_place(interp, S("l"), &level, &ns));
        EXPECT(level == 0 && ns == 0);
        EXPECT(strstr(lifecycle_last_error(), "'l' was deleted") != NULL);
        EXPECT_OK(lifecycle_var_link_ns(interp, S("l"), S(path), S("v")));
        expect_place(interp, "l", false, 0, path);
        EXPECT_OK(lifecycle_frame_push_locals(interp, S(path)));
        EXPECT_OK(lifecycle_ns_delete(interp, S(path)));
        EXPECT(!lifecycle_var_place(interp, S("new"), &level, &ns));
        EXPECT(level == 0 && ns == 0);
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        expect_place(interp, "l", false, 0, "::");
    }
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).variables, 0);
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

static void a_long_chain_of_links(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    size_t n = expect_scale(5000, 500);
    EXPECT_OK(lifecycle_var_set(interp, S("v"), text(interp, "end")));
    for (size_t i = 1; i <= n; i++) {
        EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
        EXPECT_OK(lifecycle_var_link(interp, S("v"), i - 1, S("v")));
    }
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("v")), "end");
    EXPECT_OK(lifecycle_var_set(interp, S("v"), text(interp, "changed")));
    for (size_t i = 0; i < n; i++)
        EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("v")), "changed");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The namespace goes while a link and a frame use its variables: these stay until nobody uses them. */
static void a_deleted_namespaces_variables_stay_while_they_are_used(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_ns_var_set(interp, S("::a"), S("v"), numbers(interp, 50)));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_link_ns(interp, S("link"), S("::a"), S("v")));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::a")));
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_var_get(interp, S("v"))), 50);
    EXPECT_OK(lifecycle_var_set(interp, S("made in ::a"), number(interp, 1)));
    EXPECT_OK(lifecycle_ns_delete(interp, S("::a")));
    EXPECT(!lifecycle_ns_exists(interp, S("::a")));
    EXPECT(!lifecycle_ns_var_exists(interp, S("::a"), S("v")));
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_var_get(interp, S("v"))), 50);
    EXPECT_OK(lifecycle_var_set(interp, S("v"), text(interp, "still")));
    /* One of the same name is another one. */
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT(!lifecycle_ns_var_exists(interp, S("::a"), S("v")));
    EXPECT_OK(lifecycle_frame_pop_locals(interp));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("link")), "still");
    EXPECT_OK(lifecycle_var_set(interp, S("link"), text(interp, "and still")));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("link")), "and still");
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_ns_delete(interp, S("::a")));
    EXPECT_EQ(memory_of(interp).variables, 0);
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

int main(void)
{
    RUN(namespaces_are_made_with_those_above);
    RUN(odd_paths_are_paths_or_are_refused);
    RUN(global_variables_have_two_names);
    RUN(a_deleted_namespace_takes_everything_along);
    RUN(exports_are_kept);
    RUN(a_namespace_has_variables);
    RUN(variables_live_in_frames);
    RUN(a_variable_changes_when_it_is_set);
    RUN(what_was_read_stays_when_the_variable_goes);
    RUN(odd_names_are_names);
    RUN(many_variables_come_and_go);
    RUN(a_link_leads_to_its_target);
    RUN(unsetting_through_a_link_leaves_the_link);
    RUN(links_in_a_circle_end);
    RUN(a_variable_does_not_become_a_link);
    RUN(a_name_tells_where_its_variable_is);
    RUN(a_place_is_that_of_now);
    RUN(a_long_chain_of_links);
    RUN(a_deleted_namespaces_variables_stay_while_they_are_used);
    return expect_done();
}
