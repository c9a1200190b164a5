/*
 * values_limits.c - limits of interpreters, reached in the middle of every operation: the operation is tried with no
 * room for a handle (a byte of scratch memory, a byte of values) more, then with a little room, and so on until it
 * succeeds. Each time the answer is E_LIMIT, nothing that is kept has changed, and the interpreter goes on.
 */
#define WITH_LIMITS
#include "failure_values_operations.h"

enum limited { HANDLES, ARENA, VALUES };
static const char *const limit_names[] = {"handles", "scratch bytes", "value bytes"};

/* A stage as it is just before a round's act(), with a limit; what it has in use then. */
static size_t stage_before(struct stage *s, const struct operation *operation, int round, enum limited what,
                           size_t limit)
{
    static const size_t no_limit;
    lifecycle_memory memory;
    stage_limits.handle_limit = what == HANDLES ? limit : no_limit;
    stage_limits.arena_limit = what == ARENA ? limit : no_limit;
    stage_limits.value_limit = what == VALUES ? limit : no_limit;
    begin_stage(s, false);
    for (int i = 0; i < round; i++) {
        if (operation->prepare != NULL)
            operation->prepare(s, i);
        EXPECT_OK(operation->act(s, i));
    }
    if (operation->prepare != NULL)
        operation->prepare(s, round);
    memory = memory_of(s->interp);
    return what == HANDLES ? memory.scratch_handles : what == ARENA ? memory.arena_used : memory.value_bytes;
}

/* What is kept, seen from a scratch side of its own; by figures alone where there may be no room for texts. */
static uint64_t what_is_kept(struct stage *s, enum limited what)
{
    lifecycle_memory memory;
    handle x, v, things[5];
    uint64_t hash;
    EXPECT_OK(lifecycle_eval_unwind(s->interp, 0));
    memory = memory_of(s->interp);
    x = lifecycle_var_get(s->interp, S("x"));
    v = lifecycle_ns_var_get(s->interp, S("::a"), S("v"));
    hash = lifecycle_list_length(s->interp, x) * 1000 + lifecycle_list_length(s->interp, v);
    if (what != ARENA) {
        things[0] = x;
        things[1] = v;
        things[2] = lifecycle_ns_children(s->interp, S("::a"));
        things[3] = lifecycle_ns_exports(s->interp, S("::a"));
        things[4] = lifecycle_wrap(s->interp, s->value);
        for (int i = 0; i < 5; i++)
            hash = mix(hash, s->interp, things[i]);
    }
    EXPECT_OK(lifecycle_force_reset(s->interp));
    hash ^= memory.variables << 20 ^ memory.traces << 30 ^ memory.procs << 40 ^ memory.namespaces << 50;
    return hash ^ memory.values;
}

/* What a function that gives a handle has answered is known from its sentence. */
static bool told_of_a_limit(lifecycle_status status)
{
    const char *said = lifecycle_last_error();
    return status == LIFECYCLE_E_LIMIT ||
           (status == LIFECYCLE_E_PANIC && (strstr(said, "limit") || strstr(said, "most there may be")));
}

static void limit_round(const struct operation *operation, int round, enum limited what)
{
    struct stage stage, *s = &stage;
    size_t used, step = what == HANDLES ? 1 : 16, room = 0;
    uint64_t kept;
    lifecycle_status status = LIFECYCLE_E_LIMIT;
    used = stage_before(s, operation, round, what, 0);
    kept = what_is_kept(s, what);
    end_stage(s, operation->name);
    for (int tries = 0; tries < 40 && status != LIFECYCLE_OK; tries++) {
        size_t length;
        (void)stage_before(s, operation, round, what, used + room == 0 ? 1 : used + room);
        length = lifecycle_list_length(s->interp, s->h) + lifecycle_dict_size(s->interp, s->h);
        status = operation->act(s, round);
        if (status != LIFECYCLE_OK) {
            if (!told_of_a_limit(status)) {
                expect_failures++;
                fprintf(stderr, "%s, round %d, %zu %s and no more: %s (%s)\n", operation->name, round, used + room,
                        limit_names[what], lifecycle_status_name((int)status), lifecycle_last_error());
            }
            EXPECT_EQ(lifecycle_list_length(s->interp, s->h) + lifecycle_dict_size(s->interp, s->h), length);
            if (what_is_kept(s, what) != kept) {
                expect_failures++;
                fprintf(stderr, "%s, round %d, %zu %s and no more: what is kept has changed\n", operation->name, round,
                        used + room, limit_names[what]);
            }
        }
        end_stage(s, operation->name);
        room += step;
        if (tries > 8)
            step *= 2;
    }
    EXPECT_OK(status);
}

static void limit_everything(enum limited what)
{
    for (size_t i = 0; i < COUNT(operations); i++) {
        int rounds = operations[i].times < 12 ? operations[i].times : 12;
        for (int round = 0; round < rounds; round += (int)expect_scale(1, 5))
            limit_round(&operations[i], round, what);
    }
}

static void handles_are_limited_in_the_middle_of_everything(void)
{
    limit_everything(HANDLES);
}
static void scratch_bytes_are_limited_in_the_middle_of_everything(void)
{
    limit_everything(ARENA);
}
static void value_bytes_are_limited_in_the_middle_of_everything(void)
{
    limit_everything(VALUES);
}

/* After a limit is hit the eval ends, and the next one has all the room again. */
static void the_next_eval_has_all_the_room_again(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    lifecycle_interp *interp;
    size_t first = 0;
    options.handle_limit = 1000;
    options.arena_limit = 1 << 20;
    interp = make_interp(&options);
    for (int round = 0; round < 5; round++) {
        size_t made = 0;
        EXPECT_OK(lifecycle_eval_enter(interp));
        while (lifecycle_int(interp, 1) != 0)
            made++;
        EXPECT_SENTENCE("the most there may be");
        EXPECT_EQ(made, 1000);
        EXPECT_NIL(lifecycle_string(interp, S("no more")));
        EXPECT_EQ(memory_of(interp).scratch_handles, 1000);
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
        EXPECT_OK(lifecycle_eval_enter(interp));
        made = 0;
        while (lifecycle_builder_new(interp, 10000) != 0)
            made++;
        EXPECT(made > 50 && made < 1000);
        EXPECT(first == 0 || made == first);
        first = made;
        EXPECT(memory_of(interp).arena_used <= 1 << 20);
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Values are limited; what is released makes room, and so does overwriting a variable. */
static void released_values_make_room(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    lifecycle_interp *interp;
    char name[32], bytes[1000];
    lifecycle_status status = LIFECYCLE_OK;
    int made = 0;
    memset(bytes, 'b', sizeof bytes);
    options.value_limit = 100000;
    interp = make_interp(&options);
    while (status == LIFECYCLE_OK && made < 1000) {
        EXPECT_OK(lifecycle_eval_enter(interp));
        snprintf(name, sizeof name, "v%d", made);
        status = lifecycle_var_set(interp, S(name), lifecycle_string(interp, bytes, sizeof bytes));
        made += status == LIFECYCLE_OK;
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_EQ(status, LIFECYCLE_E_LIMIT);
    EXPECT(made > 50 && made <= 100);
    EXPECT(memory_of(interp).value_bytes <= 100000);
    EXPECT(!lifecycle_var_exists(interp, S(name)));
    EXPECT_OK(lifecycle_var_unset(interp, S("v0")));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_OK(lifecycle_var_set(interp, S(name), lifecycle_string(interp, bytes, sizeof bytes)));
    EXPECT_BYTES(interp, lifecycle_var_get(interp, S("v1")), bytes, sizeof bytes);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

int main(void)
{
    RUN(handles_are_limited_in_the_middle_of_everything);
    RUN(scratch_bytes_are_limited_in_the_middle_of_everything);
    RUN(value_bytes_are_limited_in_the_middle_of_everything);
    RUN(the_next_eval_has_all_the_room_again);
    RUN(released_values_make_room);
    return expect_done();
}
