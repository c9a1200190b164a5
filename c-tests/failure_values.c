/*
 * failure_values.c - memory runs out among interpreter values. Every operation that takes memory is tried with its
 * first allocation failing, then with its second, and so on until it succeeds; once only that allocation fails, once
 * all after it do too. Each time the answer is E_NOMEM and everything is as it was; then the retry works. In the end
 * every byte is back. With malloc itself: failure_values_malloc.c. With system calls: failure_values_system.c.
 */
#include "failure_values_operations.h"

static void every_failure_of_every_operation(void)
{
    for (size_t i = 0; i < COUNT(operations); i++)
        for (int persistent = 0; persistent < 2; persistent++)
            try_operation(&operations[i], persistent != 0);
}

/* An eval is left in any case, with or without its result; a scope stays open when its result cannot leave it. */
static void every_failure_of_leaving(void)
{
    for (int variant = 0; variant < 4; variant++) {
        bool through = false;
        for (long k = 1; !through && k < MOST; k++) {
            struct stage stage, *s = &stage;
            lifecycle_value *kept = NULL;
            lifecycle_status status;
            handle escape;
            begin_stage(s, variant % 2 != 0);
            EXPECT_OK(lifecycle_eval_enter(s->interp));
            if (variant >= 2)
                EXPECT_OK(lifecycle_scope_open(s->interp, &s->scope));
            fresh_everything(s, 1);
            escape = s->h;
            arm(&s->memory, k);
            if (variant < 2)
                status = lifecycle_eval_leave(s->interp, s->h, &kept);
            else
                status = lifecycle_scope_close(s->interp, s->scope, &escape);
            through = disarm(&s->memory) == 0;
            if (status != LIFECYCLE_OK)
                EXPECT_STATUS(status, OUT_OF_MEMORY);
            EXPECT(status == LIFECYCLE_OK || !through);
            if (variant < 2) {
                EXPECT_EQ(lifecycle_eval_depth(s->interp), 1); /* the stage's own */
                EXPECT((kept != NULL) == (status == LIFECYCLE_OK));
                lifecycle_value_release(kept);
            } else if (status != LIFECYCLE_OK) {
                EXPECT(escape == 0);
                (void)lifecycle_scope_close(s->interp, s->scope, NULL);
            } else {
                EXPECT_EQ(lifecycle_list_length(s->interp, escape), 4);
            }
            end_stage(s, "leaving");
        }
        EXPECT(through);
    }
}

static void every_failure_of_creation(void)
{
    for (int persistent = 0; persistent < 2; persistent++) {
        bool through = false;
        for (long k = 1; !through && k < MOST; k++) {
            struct stage stage, *s = &stage;
            lifecycle_interp_options options;
            lifecycle_status status;
            memset(s, 0, sizeof *s);
            s->memory.persistent = persistent != 0;
            options = stage_options(s);
            arm(&s->memory, k);
            status = lifecycle_interp_create(&options, &s->interp);
            through = disarm(&s->memory) == 0;
            EXPECT(status == LIFECYCLE_OK || (status == OUT_OF_MEMORY && !through));
            EXPECT((s->interp != NULL) == (status == LIFECYCLE_OK));
            if (status == LIFECYCLE_OK)
                EXPECT_OK(lifecycle_interp_destroy(s->interp));
            EXPECT_EQ(s->memory.count.blocks, 0);
        }
        EXPECT(through);
    }
}

/* What takes things away needs no memory: it succeeds while every allocation is refused. */
static void taking_away_needs_no_memory(void)
{
    struct stage stage, *s = &stage;
    lifecycle_value *value = NULL;
    lifecycle_scope scope;
    begin_stage(s, true);
    fresh_everything(s, 1);
    EXPECT_OK(lifecycle_materialize(s->interp, s->h, &value));
    EXPECT_OK(lifecycle_var_set(s->interp, S("everything"), s->h));
    EXPECT_OK(lifecycle_trace_add(s->interp, 1, S("traced"), S("read"), s->string));
    EXPECT_OK(lifecycle_frame_push(s->interp, s->string, s->h));
    EXPECT_OK(lifecycle_var_set(s->interp, S("local"), s->h));
    EXPECT_OK(lifecycle_frame_push_locals(s->interp, S("::a")));
    EXPECT_OK(lifecycle_scope_open(s->interp, &scope));
    fresh_everything(s, 2);
    arm(&s->memory, 1);
    EXPECT_OK(lifecycle_scope_close(s->interp, scope, NULL));
    EXPECT_OK(lifecycle_frame_pop_locals(s->interp));
    EXPECT_OK(lifecycle_frame_pop(s->interp));
    EXPECT_OK(lifecycle_var_unset(s->interp, S("everything")));
    EXPECT_OK(lifecycle_var_unset(s->interp, S("x")));
    EXPECT_OK(lifecycle_trace_remove(s->interp, 1, S("traced"), S("read"), s->string));
    EXPECT_OK(lifecycle_command_delete(s->interp, S("::a"), S("c")));
    EXPECT_OK(lifecycle_ns_var_unset(s->interp, S("::a"), S("v")));
    EXPECT_OK(lifecycle_ns_delete(s->interp, S("::a")));
    EXPECT_OK(lifecycle_registry_remove(s->interp, 1, S("thing")));
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_eval_leave(s->interp, 0, NULL));
    EXPECT_OK(lifecycle_force_reset(s->interp));
    lifecycle_value_release(s->value);
    EXPECT_EQ(lifecycle_eval_depth(s->interp), 0);
    EXPECT_EQ(memory_of(s->interp).variables, 0);
    EXPECT_OK(lifecycle_interp_destroy(s->interp));
    (void)disarm(&s->memory);
    EXPECT_EQ(s->memory.count.blocks, 0);
    EXPECT_EQ(s->released, s->foreign);
}

int main(void)
{
    RUN(every_failure_of_every_operation);
    RUN(every_failure_of_leaving);
    RUN(every_failure_of_creation);
#ifndef FAIL_SYSTEM
    RUN(taking_away_needs_no_memory);
#else
    (void)taking_away_needs_no_memory;
#endif
    return expect_done();
}
