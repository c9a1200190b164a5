/*
 * failure_values_operations.h - what failure_values.c makes fail, and values_limits.c limits: every operation on
 * interpreter values that takes memory. prepare() is not disturbed, act() is.
 */
#ifndef LIFECYCLE_TESTS_FAILURE_VALUES_OPERATIONS_H
#define LIFECYCLE_TESTS_FAILURE_VALUES_OPERATIONS_H

#include "failure_values.h"

static const char *numbered(const char *what, int i)
{
    static char name_buffer[80];
    snprintf(name_buffer, sizeof name_buffer, "%s %d of a length that fits nowhere inline", what, i);
    return name_buffer;
}

static lifecycle_status make_string(struct stage *s, int i)
{
    static const char bytes[20000];
    return told(lifecycle_string(s->interp, bytes, (size_t)(i * i) % sizeof bytes));
}
static lifecycle_status make_int(struct stage *s, int i)
{
    return told(lifecycle_int(s->interp, i));
}
static lifecycle_status make_double(struct stage *s, int i)
{
    return told(lifecycle_double(s->interp, i + 0.5));
}
static lifecycle_status make_list(struct stage *s, int i)
{
    handle elements[600];
    for (int n = 0; n < 600; n++)
        elements[n] = s->string;
    return told(lifecycle_list(s->interp, elements, (size_t)i * 37 % 600));
}
static lifecycle_status make_dict(struct stage *s, int i)
{
    (void)i;
    return told(lifecycle_dict(s->interp));
}
static lifecycle_status make_foreign(struct stage *s, int i)
{
    handle made = lifecycle_foreign(s->interp, "type", s, numbered("foreign", i), 30);
    s->foreign += made != 0;
    return told(made);
}

static void fresh_list(struct stage *s, int i)
{
    s->h = pair(s->interp, numbers(s->interp, 20), lifecycle_double(s->interp, i + 0.25));
}
static lifecycle_status read_text(struct stage *s, int i)
{
    size_t len;
    (void)i;
    (void)lifecycle_as_string(s->interp, s->h, &len);
    return len != 0 ? LIFECYCLE_OK : told(0);
}
static void fresh_text(struct stage *s, int i)
{
    char list[200];
    snprintf(list, sizeof list, "a {b c} %d {some {words that} are} a list%d x z %s", i, i, i % 2 ? "{y z} 1" : "y 1");
    s->h = text(s->interp, list);
}
static lifecycle_status shimmer_list(struct stage *s, int i)
{
    (void)i;
    return lifecycle_list_shimmer(s->interp, s->h);
}
static lifecycle_status shimmer_dict(struct stage *s, int i)
{
    (void)i;
    return lifecycle_dict_shimmer(s->interp, s->h);
}
static void fresh_number(struct stage *s, int i)
{
    s->h = text(s->interp, i % 2 ? "12345" : "  6");
}
static lifecycle_status read_number(struct stage *s, int i)
{
    int64_t n;
    double d;
    return i % 3 == 0 ? lifecycle_as_double(s->interp, s->h, &d) : lifecycle_as_int(s->interp, s->h, &n);
}
static lifecycle_status slice_text(struct stage *s, int i)
{
    return told(lifecycle_string_slice(s->interp, s->string, (size_t)i, 40));
}
static lifecycle_status join_text(struct stage *s, int i)
{
    (void)i;
    return told(lifecycle_string_concat(s->interp, s->string, s->h));
}
static lifecycle_status intern_text(struct stage *s, int i)
{
    const char *name = numbered("interned", i);
    return told(lifecycle_string_intern(s->interp, S(name)));
}
static lifecycle_status new_builder(struct stage *s, int i)
{
    return told(lifecycle_builder_new(s->interp, (size_t)i * 1000));
}
static void fresh_builder(struct stage *s, int i)
{
    if (i % 8 == 0)
        s->h = lifecycle_builder_new(s->interp, 0);
}
static lifecycle_status build(struct stage *s, int i)
{
    static const char bytes[7000] = "x";
    switch (i % 8) {
    case 7:
        return told(lifecycle_builder_finish(s->interp, s->h));
    case 2:
    case 5:
        return lifecycle_builder_append(s->interp, s->h, s->list);
    case 3:
        return lifecycle_builder_byte(s->interp, s->h, 'b');
    default:
        return lifecycle_builder_bytes(s->interp, s->h, bytes, (size_t)i * 100);
    }
}

/* Lists: one that was made in this eval, one that came from a value. */
static handle part(struct stage *s, size_t at)
{
    return lifecycle_list_at(s->interp, lifecycle_wrap(s->interp, s->value), at);
}
static void fresh_either(struct stage *s, int i)
{
    if (i % 6 == 0)
        s->h = i % 12 == 0 ? numbers(s->interp, 300) : part(s, 0);
}
static lifecycle_status change_list(struct stage *s, int i)
{
    switch (i % 6) {
    case 0:
        return lifecycle_list_push_in_place(s->interp, s->h, s->string);
    case 1:
        return lifecycle_list_unshift_in_place(s->interp, s->h, s->list);
    case 2:
        return lifecycle_list_set_at_in_place(s->interp, s->h, 150, s->string);
    case 3:
        return lifecycle_list_splice_in_place(s->interp, s->h, 100, 7, s->list);
    case 4:
        return told(lifecycle_list_pop_in_place(s->interp, s->h));
    default:
        return told(lifecycle_list_shift_in_place(s->interp, s->h));
    }
}
static lifecycle_status push_many(struct stage *s, int i)
{
    (void)i;
    return lifecycle_list_push_in_place(s->interp, s->keep, s->string);
}
static void fresh_wrapped(struct stage *s, int i)
{
    (void)i;
    s->h = lifecycle_wrap(s->interp, s->value);
}
static lifecycle_status reach(struct stage *s, int i)
{
    handle key, value;
    switch (i % 6) {
    case 0:
        return told(lifecycle_list_at(s->interp, s->h, 1));
    case 1:
        return told(lifecycle_list_slice(s->interp, s->h, 0, 2));
    case 2:
        return told(lifecycle_list_copy(s->interp, s->h));
    case 3:
        return told(lifecycle_dict_get(s->interp, s->dict, s->key));
    case 4:
        return told(lifecycle_dict_copy(s->interp, s->dict));
    default:
        return lifecycle_dict_entry(s->interp, s->dict, 0, &key, &value) ? LIFECYCLE_OK : told(0);
    }
}
static int compare_texts(lifecycle_interp *interp, handle a, handle b, void *user)
{
    (void)interp, (void)user;
    return a < b ? -1 : a > b;
}
static lifecycle_status sort(struct stage *s, int i)
{
    return lifecycle_list_sort_in_place(s->interp, s->h, i % 24 < 12 ? compare_texts : NULL, NULL);
}
static void fresh_dict(struct stage *s, int i)
{
    if (i % 6 == 0)
        s->h = i % 12 == 0 ? lifecycle_dict_copy(s->interp, s->dict) : part(s, 1);
}
static lifecycle_status change_dict(struct stage *s, int i)
{
    if (i % 6 == 5)
        return lifecycle_dict_remove_in_place(s->interp, s->h, s->key);
    return lifecycle_dict_set_in_place(s->interp, s->h, i % 6 == 0 ? s->key : s->keys[i % 40], s->list);
}

/* Keeping and wrapping */
static void fresh_everything(struct stage *s, int i)
{
    handle dict = lifecycle_dict(s->interp), deep = numbers(s->interp, 3);
    for (int n = 0; n < 30; n++) {
        deep = lifecycle_list(s->interp, &deep, 1);
        EXPECT_OK(lifecycle_dict_set_in_place(s->interp, dict, number(s->interp, n * (i + 1)), s->string));
    }
    s->h = pair(s->interp, pair(s->interp, dict, deep),
                pair(s->interp, numbers(s->interp, 200), lifecycle_wrap(s->interp, s->value)));
    EXPECT_OK(lifecycle_list_push_in_place(s->interp, s->h, lifecycle_double(s->interp, 1e300)));
    EXPECT_OK(lifecycle_list_push_in_place(s->interp, s->h, number(s->interp, INT64_MAX - i)));
}
static lifecycle_status keep(struct stage *s, int i)
{
    lifecycle_value *value;
    lifecycle_status status = lifecycle_materialize(s->interp, s->h, &value);
    (void)i;
    EXPECT((value != NULL) == (status == LIFECYCLE_OK));
    lifecycle_value_release(value);
    return status;
}
static lifecycle_status wrap(struct stage *s, int i)
{
    (void)i;
    return told(lifecycle_wrap(s->interp, s->value));
}
static lifecycle_status store_in_a_scope(struct stage *s, int i)
{
    return i % 2 ? lifecycle_list_push_in_place(s->interp, s->keep, s->h)
                 : lifecycle_dict_set_in_place(s->interp, s->dict, s->keys[i % 40], s->h);
}
static void in_a_scope(struct stage *s, int i)
{
    lifecycle_scope scope;
    if (i == 0)
        EXPECT_OK(lifecycle_scope_open(s->interp, &scope));
    fresh_everything(s, i);
}
static lifecycle_status open_scope(struct stage *s, int i)
{
    (void)i;
    return lifecycle_scope_open(s->interp, &s->scope);
}
static lifecycle_status enter(struct stage *s, int i)
{
    (void)i;
    return lifecycle_eval_enter(s->interp);
}

/* Names */
static lifecycle_status create_ns(struct stage *s, int i)
{
    char path[64];
    snprintf(path, sizeof path, "::a::namespace %d::and below::it", i);
    return lifecycle_ns_create(s->interp, S(path));
}
static lifecycle_status list_ns(struct stage *s, int i)
{
    switch (i % 6) {
    case 0:
        return told(lifecycle_ns_children(s->interp, S("::")));
    case 1:
        return told(lifecycle_ns_exports(s->interp, S("::a")));
    case 2:
        return told(lifecycle_ns_var_names(s->interp, S("::a")));
    case 3:
        return told(lifecycle_var_names(s->interp));
    case 4:
        return told(lifecycle_command_names(s->interp, S("::a")));
    default:
        return told(lifecycle_trace_info(s->interp, 1, S("traced")));
    }
}
static lifecycle_status export(struct stage *s, int i)
{
    return lifecycle_ns_exports_set(s->interp, S("::a"), s->list, i % 2);
}
static lifecycle_status set_ns_var(struct stage *s, int i)
{
    const char *name = numbered("variable", i / 2);
    return lifecycle_ns_var_set(s->interp, S("::a"), S(name), s->h);
}
static lifecycle_status set_var(struct stage *s, int i)
{
    const char *name = numbered("variable", i / 2);
    return lifecycle_var_set(s->interp, S(name), s->h);
}
static lifecycle_status get_var(struct stage *s, int i)
{
    return told(i % 2 ? lifecycle_var_get(s->interp, S("x")) : lifecycle_ns_var_get(s->interp, S("::a"), S("v")));
}
static void push_frame_once(struct stage *s, int i)
{
    if (i == 0)
        EXPECT_OK(lifecycle_frame_push(s->interp, s->string, s->list));
}
static void in_a_frame(struct stage *s, int i)
{
    push_frame_once(s, i);
    fresh_list(s, i);
}
static lifecycle_status link_var(struct stage *s, int i)
{
    const char *name = numbered("link", i);
    if (i % 2)
        return lifecycle_var_link(s->interp, S(name), 0, S(name));
    return lifecycle_var_link_ns(s->interp, S(name), S("::a"), S(name));
}
static lifecycle_status resolve_var(struct stage *s, int i)
{
    return told(lifecycle_var_resolve(s->interp, S(i % 2 ? "x" : "none")));
}
static lifecycle_status place_var(struct stage *s, int i)
{
    handle ns;
    (void)lifecycle_var_place(s->interp, S(i % 2 ? "x" : "none"), NULL, &ns);
    return ns != 0 ? LIFECYCLE_OK : told(0);
}
static lifecycle_status set_command(struct stage *s, int i)
{
    const char *name = numbered("command", i / 2);
    return lifecycle_command_set(s->interp, S("::a"), S(name), 1, s, s->list, s->h);
}
static lifecycle_status copy_command(struct stage *s, int i)
{
    const char *name = numbered("copy", i / 2);
    return lifecycle_command_copy(s->interp, S("::a"), S("c"), S("::"), S(name));
}
static lifecycle_status get_command(struct stage *s, int i)
{
    void *fn;
    handle params, body;
    (void)i;
    return lifecycle_command_get(s->interp, S("::a"), S("c"), &fn, &params, &body) != 0 ? LIFECYCLE_OK : told(0);
}
static lifecycle_status add_trace(struct stage *s, int i)
{
    const char *name = numbered("traced", i / 3);
    return lifecycle_trace_add(s->interp, i % 2, S(name), S("read write"), s->h);
}
static lifecycle_status hear_trace(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                   const char *op, size_t op_len, void *user)
{
    (void)interp, (void)script, (void)name, (void)name_len, (void)op, (void)op_len, (void)user;
    return LIFECYCLE_OK;
}
static lifecycle_status fire_trace(struct stage *s, int i)
{
    (void)i;
    return lifecycle_trace_fire(s->interp, 1, S("traced"), S("read"), hear_trace, NULL);
}
static lifecycle_status push_frame(struct stage *s, int i)
{
    (void)i;
    return lifecycle_frame_push(s->interp, s->string, s->list);
}
static lifecycle_status change_frame(struct stage *s, int i)
{
    if (i % 3 == 0)
        return lifecycle_frame_set_ns(s->interp, S("::a"));
    return i % 3 == 1 ? lifecycle_frame_push_locals(s->interp, S("::a")) : lifecycle_frame_set_lambda(s->interp, s->h);
}
static lifecycle_status set_registry(struct stage *s, int i)
{
    const char *name = numbered("thing", i);
    return lifecycle_registry_set(s->interp, i % 3, S(name), "the type of a thing", s);
}

static const struct operation operations[] = {
    {"string", NULL, make_string, 300, 0},
    {"int", NULL, make_int, 700, 0},
    {"double", NULL, make_double, 20, 0},
    {"list", NULL, make_list, 60, 0},
    {"dict", NULL, make_dict, 20, 0},
    {"foreign", NULL, make_foreign, 20, 0},
    {"read a text", fresh_list, read_text, 20, 0},
    {"read a number", fresh_number, read_number, 6, 0},
    {"text to list", fresh_text, shimmer_list, 10, 0},
    {"text to dict", fresh_text, shimmer_dict, 10, 0},
    {"slice", NULL, slice_text, 20, 0},
    {"concat", fresh_list, join_text, 20, 0},
    {"intern", NULL, intern_text, 200, 0},
    {"builder", NULL, new_builder, 20, 0},
    {"build", fresh_builder, build, 64, 0},
    {"change a list", fresh_either, change_list, 48, 0},
    {"push", NULL, push_many, 400, 0},
    {"reach elements", fresh_wrapped, reach, 12, 0},
    {"sort", fresh_either, sort, 24, ORDER_MAY_CHANGE},
    {"change a dict", fresh_dict, change_dict, 120, 0},
    {"materialize", fresh_everything, keep, 5, 0},
    {"wrap", NULL, wrap, 10, 0},
    {"store from a scope", in_a_scope, store_in_a_scope, 12, 0},
    {"open a scope", NULL, open_scope, 20, 0},
    {"enter", NULL, enter, 40, 0},
    {"create a namespace", NULL, create_ns, 12, 0},
    {"list names", NULL, list_ns, 12, 0},
    {"export", NULL, export, 6, 0},
    {"set a namespace's variable", fresh_everything, set_ns_var, 40, 0},
    {"set a variable", fresh_list, set_var, 40, 0},
    {"get a variable", NULL, get_var, 10, 0},
    {"set a frame's variable", in_a_frame, set_var, 40, 0},
    {"link", push_frame_once, link_var, 30, 0},
    {"resolve", NULL, resolve_var, 4, 0},
    {"place", NULL, place_var, 4, 0},
    {"set a command", fresh_list, set_command, 40, 0},
    {"copy a command", NULL, copy_command, 30, 0},
    {"get a command", NULL, get_command, 4, 0},
    {"add a trace", fresh_list, add_trace, 30, 0},
    {"fire a trace", NULL, fire_trace, 4, 0},
    {"push a frame", NULL, push_frame, 40, 0},
    {"change a frame", in_a_frame, change_frame, 12, 0},
    {"register", NULL, set_registry, 40, 0},
};

#endif
