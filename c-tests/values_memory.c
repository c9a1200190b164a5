/*
 * values_memory.c - memory to the byte: what there is after a million evals is what there was after a thousand. And the
 * scripts that verify the plan this library's values come from, as a host would run them.
 */
#include "values.h"

static void expect_same(const char *what, const lifecycle_memory *before, const lifecycle_memory *after)
{
    const uint64_t *a = (const uint64_t *)(const void *)before, *b = (const uint64_t *)(const void *)after;
    for (size_t i = 0; i < sizeof *before / 8; i++) {
        if (a[i] != b[i]) {
            expect_failures++;
            fprintf(stderr, "%s: word %zu of lifecycle_memory was %llu and is %llu\n", what, i,
                    (unsigned long long)a[i], (unsigned long long)b[i]);
        }
    }
}

/* --- what the scripts need of a language: commands written in C, called by name --- */

enum { NATIVE = 1, PROCEDURE = 2 };
enum { VARIABLE = 1 };

/* set name value: and the traces on it. */
static char trace_output[64];
static lifecycle_status run_trace(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                  const char *op, size_t op_len, void *user)
{
    handle body = 0;
    size_t at = strlen(trace_output);
    (void)op, (void)op_len, (void)user;
    /* The script names a procedure: tracecb. */
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), lifecycle_as_string(interp, script, NULL),
                                    lifecycle_string_length(interp, script), NULL, NULL, &body),
              PROCEDURE);
    EXPECT_TEXT(interp, body, "puts \"traced: $name1\"");
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, script, 0));
    EXPECT_OK(lifecycle_var_set(interp, S("name1"), lifecycle_string(interp, name, name_len)));
    snprintf(trace_output + at, sizeof trace_output - at, "traced: %s\n",
             lifecycle_as_string(interp, lifecycle_var_get(interp, S("name1")), NULL));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    return LIFECYCLE_OK;
}

static void set(lifecycle_interp *interp, const char *name, handle value)
{
    EXPECT_OK(lifecycle_var_set(interp, S(name), value));
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S(name), S("write"), run_trace, NULL));
}

/* set x hello; then, in another eval, set y $x */
static void seed_variables_across_evals(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_eval_enter(interp));
    set(interp, "x", text(interp, "hello"));
    EXPECT_OK(lifecycle_eval_leave(interp, lifecycle_var_get(interp, S("x")), NULL));
    EXPECT_OK(lifecycle_eval_enter(interp));
    set(interp, "y", lifecycle_var_get(interp, S("x")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("y")), "hello");
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* proc greet {name} { return "Hello, $name" }; then, in another eval, greet World */
static void seed_procedures_across_evals(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *result = NULL;
    handle params = 0, body = 0, name, builder;
    EXPECT_OK(lifecycle_eval_enter(interp));
    params = text(interp, "name");
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("greet"), PROCEDURE, NULL, lifecycle_list(interp, &params, 1),
                                    text(interp, "return \"Hello, $name\"")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("greet"), NULL, &params, &body), PROCEDURE);
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "greet"),
                                   pair(interp, text(interp, "greet"), text(interp, "World"))));
    name = lifecycle_list_at(interp, params, 0);
    EXPECT_OK(lifecycle_var_set(interp, lifecycle_as_string(interp, name, NULL), lifecycle_string_length(interp, name),
                                text(interp, "World")));
    EXPECT_TEXT(interp, body, "return \"Hello, $name\"");
    builder = lifecycle_builder_new(interp, 0);
    EXPECT_OK(lifecycle_builder_bytes(interp, builder, S("Hello, ")));
    EXPECT_OK(lifecycle_builder_append(interp, builder, lifecycle_var_get(interp, S("name"))));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, lifecycle_builder_finish(interp, builder), &result));
    EXPECT_TEXT(interp, lifecycle_wrap(interp, result), "Hello, World");
    lifecycle_value_release(result);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* proc tracecb ...; trace add variable x write tracecb; set x 1; set x 2: the trace fires on each set */
static void seed_traces_across_evals(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    *trace_output = '\0';
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("tracecb"), PROCEDURE, NULL, text(interp, "name1 name2 op"),
                                    text(interp, "puts \"traced: $name1\"")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_trace_add(interp, VARIABLE, S("x"), S("write"), text(interp, "tracecb")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    for (int i = 1; i <= 2; i++) {
        EXPECT_OK(lifecycle_eval_enter(interp));
        set(interp, "x", number(interp, i));
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT(strcmp(trace_output, "traced: x\ntraced: x\n") == 0);
    EXPECT_INT(interp, lifecycle_var_get(interp, S("x")), 2);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* set x [list a ... j]; lappend x [string repeat x 100]; proc tmp {} {...}; tmp; rename tmp {} */
static void stress_once(lifecycle_interp *interp)
{
    static const char *const letters[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    handle words[10], list, builder, body = 0;
    void *fn;
    EXPECT_OK(lifecycle_eval_enter(interp));
    for (int i = 0; i < 10; i++)
        words[i] = text(interp, letters[i]);
    EXPECT_OK(lifecycle_var_set(interp, S("x"), lifecycle_list(interp, words, 10)));
    builder = lifecycle_builder_new(interp, 16);
    for (int i = 0; i < 100; i++)
        EXPECT_OK(lifecycle_builder_bytes(interp, builder, "x", 1));
    list = lifecycle_var_get(interp, S("x"));
    EXPECT_OK(lifecycle_list_push_in_place(interp, list, lifecycle_builder_finish(interp, builder)));
    EXPECT_OK(lifecycle_var_set(interp, S("x"), list));
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("tmp"), PROCEDURE, NULL, lifecycle_list(interp, NULL, 0),
                                    text(interp, " return [expr {1 + 2}] ")));
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("tmp"), &fn, NULL, &body), PROCEDURE);
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "tmp"), 0));
    (void)lifecycle_string_slice(interp, body, 8, 22);
    (void)lifecycle_as_string(interp, number(interp, 1 + 2), NULL);
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_command_delete(interp, S("::"), S("tmp")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
}

static void seed_stress_test(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_memory early, late;
    unsigned long evals = expect_scale(1000000, 5000), i = 0;
    size_t blocks, bytes;
    for (; i < 1000; i++)
        stress_once(interp);
    early = memory_of(interp);
    blocks = count.blocks;
    bytes = count.bytes;
    EXPECT_EQ(early.scratch_handles, 0);
    EXPECT_EQ(early.arena_used, 0);
    for (; i < evals; i++)
        stress_once(interp);
    late = memory_of(interp);
    expect_same("the stress script", &early, &late);
    EXPECT_EQ(count.blocks, blocks);
    EXPECT_EQ(count.bytes, bytes);
    EXPECT_EQ(lifecycle_list_length(interp, lifecycle_var_get(interp, S("x"))), 11);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* --- everything at once --- */

static void *clone_it(void *ptr, void *user)
{
    ++*(long *)user;
    return ptr;
}
static void release_it(void *ptr, void *user)
{
    (void)ptr;
    --*(long *)user;
}
static lifecycle_status no_trace(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                 const char *op, size_t op_len, void *user)
{
    (void)interp, (void)script, (void)name, (void)name_len, (void)op, (void)op_len, (void)user;
    return LIFECYCLE_OK;
}

static void everything_once(lifecycle_interp *interp, lifecycle_value **kept)
{
    lifecycle_scope scope;
    handle dict, list, foreign;
    int thing;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_ns_create(interp, S("::tmp::below")));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "cmd"), numbers(interp, 3)));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::tmp::below")));
    dict = lifecycle_dict(interp);
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "key"), lifecycle_double(interp, 0.1)));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "list"), numbers(interp, 40)));
    EXPECT_OK(lifecycle_var_set(interp, S("d"), dict));
    EXPECT_OK(lifecycle_var_link(interp, S("link"), 0, S("target")));
    EXPECT_OK(lifecycle_var_set(interp, S("link"), *kept == NULL ? dict : lifecycle_wrap(interp, *kept)));
    EXPECT_OK(lifecycle_trace_add(interp, 1, S("d"), S("read"), text(interp, "a script of a trace")));
    EXPECT_OK(lifecycle_trace_fire(interp, 1, S("d"), S("read"), no_trace, NULL));
    EXPECT_OK(lifecycle_scope_open(interp, &scope));
    list = lifecycle_list_copy(interp, lifecycle_dict_get(interp, lifecycle_var_get(interp, S("d")),
                                                          text(interp, "list")));
    EXPECT_OK(lifecycle_list_sort_in_place(interp, list, NULL, NULL));
    EXPECT_OK(lifecycle_scope_close(interp, scope, &list));
    EXPECT_OK(lifecycle_dict_set_in_place(interp, dict, text(interp, "sorted"), list));
    foreign = lifecycle_foreign(interp, "t", &thing, S("thing"));
    EXPECT_OK(lifecycle_var_set(interp, S("f"), foreign));
    EXPECT_OK(lifecycle_registry_set(interp, 1, S("thing"), "t", &thing));
    (void)lifecycle_string_intern(interp, S("interned"));
    (void)lifecycle_as_string(interp, dict, NULL);
    EXPECT_OK(lifecycle_trace_remove(interp, 1, S("d"), S("read"), text(interp, "a script of a trace")));
    EXPECT_OK(lifecycle_registry_remove(interp, 1, S("thing")));
    EXPECT_OK(lifecycle_ns_delete(interp, S("::tmp")));
    lifecycle_value_release(*kept);
    EXPECT_OK(lifecycle_eval_leave(interp, dict, kept));
}

static void many_evals_of_everything(void)
{
    lifecycle_interp_options options;
    lifecycle_interp *interp;
    lifecycle_memory early, late;
    lifecycle_value *kept = NULL;
    counting count;
    unsigned long evals = expect_scale(100000, 3000), i = 0;
    long foreigners = 0;
    size_t blocks, bytes;
    options = counted_options(&count);
    options.user = &foreigners;
    options.foreign_clone = clone_it;
    options.foreign_release = release_it;
    interp = make_interp(&options);
    for (; i < 1000; i++)
        everything_once(interp, &kept);
    early = memory_of(interp);
    blocks = count.blocks;
    bytes = count.bytes;
    for (; i < evals; i++)
        everything_once(interp, &kept);
    late = memory_of(interp);
    expect_same("everything", &early, &late);
    EXPECT_EQ(count.blocks, blocks);
    EXPECT_EQ(count.bytes, bytes);
    lifecycle_value_release(kept);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* A long eval that overwrites its variables holds what they hold now, not what they held. */
static void a_long_eval_holds_no_more_than_its_variables(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory early = {0}, late;
    unsigned long rounds = expect_scale(100000, 2000);
    EXPECT_OK(lifecycle_eval_enter(interp));
    for (unsigned long i = 0; i < rounds; i++) {
        lifecycle_scope scope;
        EXPECT_OK(lifecycle_scope_open(interp, &scope));
        EXPECT_OK(lifecycle_var_set(interp, S("x"), numbers(interp, 50)));
        EXPECT_OK(lifecycle_list_push_in_place(interp, lifecycle_var_get(interp, S("x")), number(interp, 1)));
        EXPECT_OK(lifecycle_scope_close(interp, scope, NULL));
        if (i == 1000)
            early = memory_of(interp);
    }
    late = memory_of(interp);
    expect_same("a long eval", &early, &late);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The most there ever was is told; after a big eval the small ones are what they were. */
static void a_big_eval_leaves_no_more_than_its_high_water(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_memory small, big, after;
    for (int i = 0; i < 10; i++)
        stress_once(interp);
    small = memory_of(interp);
    EXPECT_OK(lifecycle_eval_enter(interp));
    numbers(interp, expect_scale(500000, 20000));
    big = memory_of(interp);
    EXPECT(big.scratch_handles >= expect_scale(500000, 20000));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    after = memory_of(interp);
    EXPECT(after.high_water >= big.scratch_bytes && after.high_water > small.high_water);
    after.high_water = small.high_water;
    EXPECT_EQ(after.scratch_handles, 0);
    EXPECT_EQ(after.arena_used, 0);
    EXPECT_EQ(after.value_bytes, small.value_bytes);
    stress_once(interp);
    EXPECT_EQ(memory_of(interp).value_bytes, small.value_bytes);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static size_t mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    size_t lines = 0;
    int byte;
    while (file != NULL && (byte = fgetc(file)) != EOF)
        lines += byte == '\n';
    if (file != NULL)
        fclose(file);
    return lines;
}

static void interpreters_come_and_go_and_leave_nothing(void)
{
    unsigned long rounds = expect_scale(1000, 30);
    size_t first = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        counting count;
        lifecycle_interp *a = make_counted_interp(&count), *b = make_interp(NULL);
        lifecycle_value *kept = NULL, *of_b = NULL;
        lifecycle_scope scope;
        stress_once(a);
        stress_once(b);
        EXPECT_OK(lifecycle_scope_open(b, &scope)); /* never closed */
        EXPECT_OK(lifecycle_materialize(a, numbers(a, 100), &kept));
        EXPECT_OK(lifecycle_materialize(b, numbers(b, 100), &of_b));
        EXPECT_OK(lifecycle_interp_destroy(a));
        EXPECT_OK(lifecycle_interp_destroy(b));
        lifecycle_value_release(of_b);
        lifecycle_value_release(kept);
        nothing_is_left(&count);
        if (i == 20)
            first = mappings();
    }
    EXPECT(mappings() <= first + 4);
}

static void the_struct_comes_in_any_size(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    struct {
        lifecycle_memory memory;
        uint64_t later[2];
    } longer;
    memset(&longer, 0xee, sizeof longer);
    number(interp, 1);
    EXPECT_OK(lifecycle_memory_stats(interp, &longer.memory, 8));
    EXPECT(longer.memory.scratch_handles == 1 && longer.memory.scratch_bytes == 0xeeeeeeeeeeeeeeeeu);
    EXPECT_OK(lifecycle_memory_stats(interp, &longer.memory, sizeof longer));
    EXPECT(longer.later[0] == 0 && longer.later[1] == 0);
    EXPECT_STATUS(lifecycle_memory_stats(interp, NULL, sizeof longer), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_memory_stats(NULL, &longer.memory, sizeof longer.memory), LIFECYCLE_E_INVALID);
    EXPECT_EQ(longer.memory.scratch_handles, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(seed_variables_across_evals);
    RUN(seed_procedures_across_evals);
    RUN(seed_traces_across_evals);
    RUN(seed_stress_test);
    RUN(many_evals_of_everything);
    RUN(a_long_eval_holds_no_more_than_its_variables);
    RUN(a_big_eval_leaves_no_more_than_its_high_water);
    RUN(interpreters_come_and_go_and_leave_nothing);
    RUN(the_struct_comes_in_any_size);
    return expect_done();
}
