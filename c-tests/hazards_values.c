/*
 * hazards_values.c - interpreter values: the hazards of the second list of docs/hazards.md that concern them.
 */
#include <setjmp.h>
#include <sys/wait.h>

#include "values.h"

/* --- 1: sharing --- */

/* The same value in two places, both roots freed: every block exactly once, and each root readable to its end. */
static void hazard_mem_01_a_shared_value_is_freed_once(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_value *roots[2] = {NULL, NULL}, *part = NULL;
    handle shared = numbers(interp, 40);
    EXPECT_OK(lifecycle_materialize(interp, pair(interp, shared, shared), &roots[0]));
    EXPECT_OK(lifecycle_materialize(interp, lifecycle_list_at(interp, lifecycle_wrap(interp, roots[0]), 1), &part));
    EXPECT_OK(lifecycle_materialize(interp, pair(interp, lifecycle_wrap(interp, part), shared), &roots[1]));
    EXPECT_OK(lifecycle_force_reset(interp));
    for (int i = 0; i < 2; i++) {
        handle h = lifecycle_wrap(interp, roots[i]);
        EXPECT_INT(interp, lifecycle_list_at(interp, lifecycle_list_at(interp, h, 0), 39), 39);
        EXPECT_INT(interp, lifecycle_list_at(interp, lifecycle_list_at(interp, h, 1), 39), 39);
        EXPECT_OK(lifecycle_force_reset(interp));
        lifecycle_value_release(roots[i]);
    }
    EXPECT_INT(interp, lifecycle_list_at(interp, lifecycle_wrap(interp, part), 0), 0);
    lifecycle_value_release(part);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* Forty levels, each of which holds the one below twice: 2^40 paths, and no more than a few blocks. */
static void hazard_mem_01_a_dag_of_depth_40(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value = NULL, *again = NULL;
    lifecycle_memory once;
    handle h = text(interp, "leaf"), walk;
    for (int level = 0; level < 40; level++) {
        if (level % 2 == 0) {
            h = pair(interp, h, h);
        } else {
            handle dict = lifecycle_dict(interp);
            EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "l"), h));
            EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "r"), h));
            h = dict;
        }
    }
    EXPECT_OK(lifecycle_materialize(interp, h, &value));
    EXPECT_OK(lifecycle_force_reset(interp));
    once = memory_of(interp);
    EXPECT(once.values <= 400);
    EXPECT(once.value_bytes <= 64 << 10);
    h = lifecycle_wrap(interp, value);
    walk = h;
    for (int level = 39; level >= 0; level--) {
        if (level % 2 == 0)
            walk = lifecycle_list_at(interp, walk, (size_t)(level / 2 % 2));
        else
            walk = lifecycle_dict_get(interp, walk, text(interp, level % 4 == 1 ? "l" : "r"));
    }
    EXPECT_TEXT(interp, walk, "leaf");
    /* A change on one path copies that path alone. */
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_dict_get(interp, h, text(interp, "l")),
                                           text(interp, "m")));
    EXPECT_OK(lifecycle_materialize(interp, h, &again));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT(memory_of(interp).values <= once.values + 100);
    walk = lifecycle_dict_get(interp, lifecycle_wrap(interp, again), text(interp, "l"));
    EXPECT_EQ(lifecycle_list_length(interp, walk), 3);
    walk = lifecycle_dict_get(interp, lifecycle_wrap(interp, value), text(interp, "l"));
    EXPECT_EQ(lifecycle_list_length(interp, walk), 2);
    lifecycle_value_release(value);
    lifecycle_value_release(again);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- 2: cycles --- */

/* What was kept before the cycle was found may stay until the scratch side drops: that is looked at in the end. */
static void refuse_cycle(lifecycle_interp *interp, handle cyclic)
{
    lifecycle_memory before = memory_of(interp), after;
    lifecycle_value *value = (lifecycle_value *)(void *)interp;
    EXPECT_STATUS(lifecycle_materialize(interp, cyclic, &value), LIFECYCLE_E_CYCLE);
    EXPECT(value == NULL);
    EXPECT_STATUS(lifecycle_var_set(interp, S("x"), cyclic), LIFECYCLE_E_CYCLE);
    EXPECT(!lifecycle_var_exists(interp, S("x")));
    EXPECT_STATUS(lifecycle_command_set(interp, S("::"), S("c"), 1, NULL, 0, cyclic), LIFECYCLE_E_CYCLE);
    EXPECT(lifecycle_trace_add(interp, 1, S("x"), S("read"), cyclic) < 0);
    EXPECT_TEXT(interp, cyclic, "");
    EXPECT_SENTENCE("itself");
    EXPECT_EQ(lifecycle_string_length(interp, cyclic), 0);
    after = memory_of(interp);
    EXPECT_EQ(after.variables, before.variables);
    EXPECT_EQ(after.held_values, before.held_values);
}

static void hazard_mem_02_cycles(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    handle self = numbers(interp, 2), a = numbers(interp, 1), b = lifecycle_dict(interp), outer, wrapped;
    lifecycle_value *value = NULL;
    EXPECT_OK(lifecycle_list_push_in_place(interp, self, self));
    refuse_cycle(interp, self);
    outer = pair(interp, numbers(interp, 100), self);
    refuse_cycle(interp, outer);
    EXPECT_OK(lifecycle_dict_set_in_place(interp, b, text(interp, "a"), a));
    EXPECT_OK(lifecycle_list_push_in_place(interp, a, b));
    refuse_cycle(interp, a);
    refuse_cycle(interp, b);
    /* Elements of what was wrapped may be tied into one too. */
    EXPECT_OK(lifecycle_materialize(interp, pair(interp, numbers(interp, 1), numbers(interp, 2)), &value));
    wrapped = lifecycle_wrap(interp, value);
    EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_list_at(interp, wrapped, 0), wrapped));
    refuse_cycle(interp, wrapped);
    /* A cycle is still a list: it is read, changed, and mended. */
    EXPECT_EQ(lifecycle_list_length(interp, self), 3);
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_list_at(interp, lifecycle_list_at(interp, self, 2), 2)), 3);
    EXPECT(lifecycle_list_pop_in_place(interp, self) != 0);
    EXPECT_TEXT(interp, self, "0 1");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, outer, 1), "0 1");
    EXPECT_OK(lifecycle_var_set(interp, S("x"), outer));
    EXPECT_OK(lifecycle_var_unset(interp, S("x")));
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* A cycle through a key, through a sort, through its own text as an argument. */
static void hazard_mem_02_cycles_as_arguments(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle cycle = numbers(interp, 1), dict = lifecycle_dict(interp), list, builder = lifecycle_builder_new(interp, 8);
    EXPECT_OK(lifecycle_list_push_in_place(interp, cycle, cycle));
    EXPECT(lifecycle_dict_set_in_place(interp, dict, cycle, number(interp, 1)) < 0);
    EXPECT_EQ(lifecycle_dict_size(interp, dict), 0);
    EXPECT_NIL(lifecycle_dict_get(interp, dict, cycle));
    EXPECT(lifecycle_builder_append(interp, builder, cycle) < 0);
    EXPECT_NIL(lifecycle_string_concat(interp, cycle, cycle));
    EXPECT(!lifecycle_string_equal(interp, cycle, text(interp, "0")));
    list = pair(interp, cycle, text(interp, "a"));
    (void)lifecycle_list_sort_in_place(interp, list, NULL, NULL);
    EXPECT_EQ(lifecycle_list_length(interp, list), 2);
    EXPECT(lifecycle_as_int(interp, cycle, &(int64_t){0}) < 0);
    EXPECT_EQ(lifecycle_list_length(interp, cycle), 2);
    EXPECT_EQ(lifecycle_string_byte_at(interp, cycle, 0), -1);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- 3: depth --- */

static void nest_and_come_back(lifecycle_interp *interp, unsigned long levels, bool dicts)
{
    lifecycle_value *value = NULL, *again = NULL;
    handle h, key = 0;
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = text(interp, "bottom");
    if (dicts)
        key = text(interp, "k");
    for (unsigned long i = 0; i < levels; i++) {
        if (dicts && i % 2 == 0) {
            handle dict = lifecycle_dict(interp);
            if (lifecycle_dict_set_in_place(interp, dict, key, h) != LIFECYCLE_OK)
                h = 0;
            h = h == 0 ? 0 : dict;
        } else {
            h = lifecycle_list(interp, &h, 1);
        }
        if (h == 0) {
            EXPECT(!"a level could not be made");
            break;
        }
    }
    /* Its text would be as many bytes as there are levels times two, at each level: it is refused. */
    EXPECT_TEXT(interp, h, "");
    EXPECT_OK(lifecycle_eval_leave(interp, h, &value));
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = lifecycle_wrap(interp, value);
    for (unsigned long i = levels; i > 0; i--)
        h = lifecycle_kind(interp, h) == LIFECYCLE_DICT ? lifecycle_dict_get(interp, h, text(interp, "k"))
                                                        : lifecycle_list_at(interp, h, 0);
    EXPECT_TEXT(interp, h, "bottom");
    h = lifecycle_wrap(interp, value);
    EXPECT_OK(lifecycle_materialize(interp, h, &again));
    lifecycle_value_release(again);
    EXPECT_OK(lifecycle_var_set(interp, S("deep"), h));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_var_unset(interp, S("deep")));
    EXPECT_EQ(memory_of(interp).values, 0);
}

static void *ten_million_lists(void *unused)
{
    lifecycle_interp *interp = make_interp(NULL);
    nest_and_come_back(interp, expect_scale(10000000, 30000), false);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    return unused;
}

static void hazard_mem_03_ten_million_levels_in_a_small_stack(void)
{
    run_in_a_small_stack(ten_million_lists);
}

static void *a_million_of_both(void *unused)
{
    lifecycle_interp *interp = make_interp(NULL);
    nest_and_come_back(interp, expect_scale(1000000, 20000), true);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    return unused;
}

static void hazard_mem_03_a_million_levels_of_lists_and_dicts(void)
{
    run_in_a_small_stack(a_million_of_both);
}

/* A chain that closes on itself far down, and one that is changed at its bottom. */
static void *a_long_cycle(void *unused)
{
    lifecycle_interp *interp = make_interp(NULL);
    unsigned long levels = expect_scale(1000000, 20000);
    lifecycle_value *value = NULL;
    handle bottom = numbers(interp, 1), h = bottom, walk;
    for (unsigned long i = 0; i < levels; i++)
        h = lifecycle_list(interp, &h, 1);
    EXPECT_OK(lifecycle_list_push_in_place(interp, bottom, h));
    EXPECT_STATUS(lifecycle_materialize(interp, h, &value), LIFECYCLE_E_CYCLE);
    EXPECT_TEXT(interp, h, "");
    EXPECT(lifecycle_list_pop_in_place(interp, bottom) != 0);
    EXPECT_OK(lifecycle_materialize(interp, h, &value));
    EXPECT_OK(lifecycle_force_reset(interp));
    walk = lifecycle_wrap(interp, value);
    for (unsigned long i = 0; i < levels; i++)
        walk = lifecycle_list_at(interp, walk, 0);
    EXPECT_OK(lifecycle_list_push_in_place(interp, walk, text(interp, "changed")));
    EXPECT_OK(lifecycle_materialize(interp, lifecycle_wrap(interp, value), &value));
    EXPECT_OK(lifecycle_interp_destroy(interp));
    lifecycle_value_release(value);
    lifecycle_value_release(value);
    return unused;
}

static void hazard_mem_03_a_long_cycle_and_a_change_at_the_bottom(void)
{
    run_in_a_small_stack(a_long_cycle);
}

static void *some_levels(void *unused)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle h = text(interp, "x y");
    size_t len = 0;
    for (int i = 0; i < 500; i++)
        h = lifecycle_list(interp, &h, 1);
    /* Not deep: a text, and read back. */
    EXPECT(*lifecycle_as_string(interp, h, &len) == '{' && len == 3 + 2 * 500);
    h = text(interp, lifecycle_as_string(interp, h, NULL));
    for (int i = 0; i < 500; i++) {
        EXPECT_OK(lifecycle_list_shimmer(interp, h));
        h = lifecycle_list_at(interp, h, 0);
    }
    EXPECT_TEXT(interp, h, "x y");
    EXPECT_OK(lifecycle_interp_destroy(interp));
    return unused;
}

static void hazard_mem_03_texts_of_nested_lists_in_a_small_stack(void)
{
    run_in_a_small_stack(some_levels);
}

/* --- 4: nesting --- */

static jmp_buf way_out;

static void jump_out(void)
{
    longjmp(way_out, 1);
}

/* begin, begin, end, reset, end; and the same once more after a jump out of the middle. */
static void hazard_mem_04_a_reset_inside_a_nested_eval(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    for (volatile int round = 0; round < 3; round++) {
        handle h;
        EXPECT_OK(lifecycle_eval_enter(interp));
        h = text(interp, "outer");
        EXPECT_OK(lifecycle_eval_enter(interp));
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        EXPECT_STATUS(lifecycle_force_reset(interp), LIFECYCLE_E_BUSY);
        EXPECT_TEXT(interp, h, "outer");
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        EXPECT_STATUS(lifecycle_eval_leave(interp, 0, NULL), LIFECYCLE_E_INVALID);
        EXPECT_EQ(lifecycle_eval_depth(interp), 0);
        EXPECT_OK(lifecycle_force_reset(interp));
        if (setjmp(way_out) == 0) {
            EXPECT_OK(lifecycle_eval_enter(interp));
            EXPECT_OK(lifecycle_eval_enter(interp));
            text(interp, "lost");
            jump_out();
        }
        EXPECT_EQ(lifecycle_eval_depth(interp), 2);
        EXPECT_OK(lifecycle_eval_unwind(interp, 0));
        EXPECT_EQ(memory_of(interp).scratch_handles, 0);
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- 5: stale handles --- */

/* The same place again and again: an old handle means nothing, however often the place was used since. */
static void hazard_mem_05_a_handle_kept_across_evals(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle first, last;
    EXPECT_OK(lifecycle_eval_enter(interp));
    first = last = text(interp, "first");
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    for (unsigned long i = 0; i < expect_scale(200000, 3000); i++) {
        handle fresh;
        EXPECT_OK(lifecycle_eval_enter(interp));
        fresh = number(interp, (int64_t)i);
        EXPECT(fresh != first && fresh != last);
        EXPECT_EQ(lifecycle_kind(interp, first), LIFECYCLE_E_STALE);
        EXPECT_EQ(lifecycle_kind(interp, last), LIFECYCLE_E_STALE);
        EXPECT(lifecycle_var_set(interp, S("x"), last) == LIFECYCLE_E_STALE);
        last = fresh;
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT(!lifecycle_var_exists(interp, S("x")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- 19: arithmetic and limits --- */

/* What no memory can hold is refused; a length that is a lie but might be true is the caller's. */
static void hazard_mem_19_sizes_of_values(void)
{
    static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 31, SIZE_MAX / 2 + 1};
    static const size_t too_big[] = {SIZE_MAX / 2, SIZE_MAX / 4, SIZE_MAX / 8, SIZE_MAX / 32, (size_t)1 << 40};
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory before, after;
    handle list = numbers(interp, 3), builder = lifecycle_builder_new(interp, 0);
    char byte = 'x';
    before = memory_of(interp);
    for (size_t i = 0; i < COUNT(impossible); i++) {
        EXPECT_NIL(lifecycle_string(interp, &byte, impossible[i]));
        EXPECT_NIL(lifecycle_string_intern(interp, &byte, impossible[i]));
        EXPECT_NIL(lifecycle_builder_new(interp, impossible[i]));
        EXPECT(lifecycle_builder_bytes(interp, builder, &byte, impossible[i]) < 0);
        EXPECT_NIL(lifecycle_list(interp, &list, impossible[i]));
        EXPECT_NIL(lifecycle_list(interp, &list, impossible[i] / 4));
        EXPECT_NIL(lifecycle_foreign(interp, "t", &byte, &byte, impossible[i]));
        EXPECT(lifecycle_var_set(interp, &byte, impossible[i], list) < 0);
        EXPECT(lifecycle_ns_create(interp, &byte, impossible[i]) < 0);
        EXPECT(lifecycle_trace_add(interp, 1, &byte, impossible[i], S("op"), list) < 0);
        EXPECT(lifecycle_registry_set(interp, 1, &byte, impossible[i], "t", NULL) < 0);
    }
    for (size_t i = 0; i < COUNT(too_big); i++) {
        EXPECT_NIL(lifecycle_string(interp, &byte, too_big[i]));
        EXPECT_NIL(lifecycle_builder_new(interp, too_big[i]));
        EXPECT(lifecycle_builder_bytes(interp, builder, &byte, too_big[i]) < 0);
    }
    after = memory_of(interp);
    EXPECT_EQ(after.scratch_handles, before.scratch_handles);
    EXPECT_EQ(after.values, before.values);
    EXPECT_EQ(after.value_bytes, before.value_bytes);
    EXPECT_TEXT(interp, list, "0 1 2");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- 20: callbacks, threads, processes --- */

struct host {
    lifecycle_interp *interp;
    unsigned calls, released;
    handle list;
};

/* Everything that a callback might think of. */
static void meddle(struct host *host, lifecycle_interp *interp)
{
    lifecycle_scope scope;
    handle h;
    host->calls++;
    EXPECT_STATUS(lifecycle_interp_destroy(interp), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_STATUS(lifecycle_force_reset(interp), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    h = numbers(interp, 300);
    EXPECT_OK(lifecycle_var_set(interp, S("meddled"), h));
    EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
    EXPECT_OK(lifecycle_var_unset(interp, S("meddled")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
}

static lifecycle_status meddling_text(lifecycle_interp *interp, handle value, handle builder, void *user)
{
    (void)value;
    meddle(user, interp);
    return lifecycle_builder_bytes(interp, builder, S("text"));
}
static handle meddling_list(lifecycle_interp *interp, handle given, void *user)
{
    handle list;
    meddle(user, interp);
    list = lifecycle_list(interp, &given, 1);
    return list;
}
static int meddling_compare(lifecycle_interp *interp, handle a, handle b, void *user)
{
    meddle(user, interp);
    return lifecycle_string_compare(interp, a, b);
}
static lifecycle_status meddling_trace(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                       const char *op, size_t op_len, void *user)
{
    (void)script, (void)name, (void)name_len, (void)op, (void)op_len;
    meddle(user, interp);
    return LIFECYCLE_OK;
}
static void *meddling_clone(void *ptr, void *user)
{
    struct host *host = user;
    meddle(host, host->interp);
    return ptr;
}
static void counting_release(void *ptr, void *user)
{
    (void)ptr;
    ((struct host *)user)->released++;
}

static void hazard_mem_20_callbacks_of_values_call_back(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    struct host host = {0};
    lifecycle_value *value = NULL;
    handle h, f;
    options.user = &host;
    options.to_text = meddling_text;
    options.to_list = meddling_list;
    options.foreign_clone = meddling_clone;
    options.foreign_release = counting_release;
    host.interp = make_interp(&options);
    for (int inside = 0; inside < 2; inside++) {
        if (inside)
            EXPECT_OK(lifecycle_eval_enter(host.interp));
        host.calls = 0;
        EXPECT_TEXT(host.interp, numbers(host.interp, 2), "text");
        EXPECT_EQ(host.calls, 1);
        h = text(host.interp, "a text");
        EXPECT_OK(lifecycle_list_shimmer(host.interp, h));
        EXPECT_EQ(lifecycle_list_length(host.interp, h), 1);
        EXPECT_EQ(host.calls, 2);
        h = pair(host.interp, text(host.interp, "b"), text(host.interp, "a"));
        EXPECT_OK(lifecycle_list_sort_in_place(host.interp, h, meddling_compare, &host));
        EXPECT(host.calls >= 3);
        EXPECT_TEXT(host.interp, lifecycle_list_at(host.interp, h, 0), "a");
        EXPECT_OK(lifecycle_trace_add(host.interp, 1, S("v"), S("read"), text(host.interp, "script")));
        host.calls = 0;
        EXPECT_OK(lifecycle_trace_fire(host.interp, 1, S("v"), S("read"), meddling_trace, &host));
        EXPECT_EQ(host.calls, 1);
        EXPECT_OK(lifecycle_trace_remove(host.interp, 1, S("v"), S("read"), text(host.interp, "script")));
        f = lifecycle_foreign(host.interp, "t", &host, S("foreign"));
        EXPECT_OK(lifecycle_materialize(host.interp, pair(host.interp, f, h), &value));
        EXPECT_EQ(host.calls, 2);
        lifecycle_value_release(value);
        if (inside)
            EXPECT_OK(lifecycle_eval_leave(host.interp, 0, NULL));
    }
    EXPECT_OK(lifecycle_interp_destroy(host.interp));
    EXPECT(host.released >= 2);
}

/* A callback that enters and does not leave, or opens a scope and does not close it: what follows is not confused. */
static lifecycle_status careless_text(lifecycle_interp *interp, handle value, handle builder, void *user)
{
    lifecycle_scope scope;
    (void)value, (void)user;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    return lifecycle_builder_bytes(interp, builder, S("careless"));
}

static void hazard_mem_20_a_callback_that_leaves_things_open(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    lifecycle_interp *interp;
    handle h;
    size_t len;
    options.to_text = careless_text;
    interp = make_interp(&options);
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = numbers(interp, 3);
    (void)lifecycle_as_string(interp, h, &len);
    EXPECT_EQ(lifecycle_list_length(interp, h), 3);
    EXPECT_OK(lifecycle_eval_unwind(interp, 1));
    EXPECT_EQ(lifecycle_list_length(interp, h), 3);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(memory_of(interp).scopes, 0);
    EXPECT_EQ(lifecycle_frame_count(interp), 1);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A callback that jumps: the operation is left in the middle, and the interpreter goes on. */
static int jumping_compare(lifecycle_interp *interp, handle a, handle b, void *user)
{
    (void)interp, (void)a, (void)b;
    if (++*(unsigned *)user == 5)
        longjmp(way_out, 1);
    return 0;
}
static lifecycle_status jumping_trace(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                      const char *op, size_t op_len, void *user)
{
    (void)script, (void)name, (void)name_len, (void)op, (void)op_len;
    EXPECT_OK(lifecycle_eval_enter(interp));
    ++*(unsigned *)user;
    longjmp(way_out, 1);
}

static void hazard_mem_20_a_callback_jumps_out(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    unsigned calls = 0;
    handle volatile list = 0;
    EXPECT_OK(lifecycle_trace_add(interp, 1, S("v"), S("write"), text(interp, "s")));
    EXPECT_OK(lifecycle_force_reset(interp));
    for (volatile int round = 0; round < 10; round++) {
        EXPECT_OK(lifecycle_eval_enter(interp));
        list = numbers(interp, 100);
        calls = 0;
        if (setjmp(way_out) == 0) {
            if (round % 2 == 0)
                (void)lifecycle_list_sort_in_place(interp, list, jumping_compare, &calls);
            else
                (void)lifecycle_trace_fire(interp, 1, S("v"), S("write"), jumping_trace, &calls);
            EXPECT(!"the callback jumps");
        }
        EXPECT_OK(lifecycle_eval_unwind(interp, 1));
        EXPECT_EQ(lifecycle_list_length(interp, list), 100);
        EXPECT_OK(lifecycle_list_push_in_place(interp, list, number(interp, 1)));
        EXPECT_OK(lifecycle_eval_unwind(interp, 0));
    }
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_trace_info(interp, 1, S("v"))), 1);
    EXPECT_OK(lifecycle_trace_remove(interp, 1, S("v"), S("write"), text(interp, "s")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* Made by one thread, used by another, destroyed by a third: one at a time. */
static void *use_it(void *interp)
{
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = lifecycle_var_get(interp, S("x"));
    EXPECT_OK(lifecycle_list_push_in_place(interp, h, number(interp, 1)));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), h));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    return NULL;
}

static void hazard_mem_20_an_interpreter_wanders_from_thread_to_thread(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_var_set(interp, S("x"), lifecycle_list(interp, NULL, 0)));
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        EXPECT(pthread_create(&thread, NULL, use_it, interp) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
    }
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_var_get(interp, S("x"))), 20);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void hazard_mem_20_a_forked_child_has_its_own_values(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value = NULL;
    handle h = numbers(interp, 50);
    pid_t child;
    int status = -1;
    EXPECT_OK(lifecycle_materialize(interp, h, &value));
    child = fork();
    if (child == 0) {
        expect_failures = 0;
        EXPECT_EQ(lifecycle_list_length(interp, h), 50);
        EXPECT_OK(lifecycle_list_push_in_place(interp, h, text(interp, "child's")));
        EXPECT_OK(lifecycle_force_reset(interp));
        lifecycle_value_release(value);
        EXPECT_OK(lifecycle_interp_destroy(interp));
        _exit(expect_failures != 0);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    EXPECT_EQ(lifecycle_list_length(interp, h), 50);
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_wrap(interp, value)), 50);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(hazard_mem_01_a_shared_value_is_freed_once);
    RUN(hazard_mem_01_a_dag_of_depth_40);
    RUN(hazard_mem_02_cycles);
    RUN(hazard_mem_02_cycles_as_arguments);
    RUN(hazard_mem_03_ten_million_levels_in_a_small_stack);
    RUN(hazard_mem_03_a_million_levels_of_lists_and_dicts);
    RUN(hazard_mem_03_a_long_cycle_and_a_change_at_the_bottom);
    RUN(hazard_mem_03_texts_of_nested_lists_in_a_small_stack);
    RUN(hazard_mem_04_a_reset_inside_a_nested_eval);
    RUN(hazard_mem_05_a_handle_kept_across_evals);
    RUN(hazard_mem_19_sizes_of_values);
    RUN(hazard_mem_20_callbacks_of_values_call_back);
    RUN(hazard_mem_20_a_callback_that_leaves_things_open);
    RUN(hazard_mem_20_a_callback_jumps_out);
    RUN(hazard_mem_20_an_interpreter_wanders_from_thread_to_thread);
    RUN(hazard_mem_20_a_forked_child_has_its_own_values);
    return expect_done();
}
