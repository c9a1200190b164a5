/* values_frames.c - frames: pushed, popped, active, described, limited. */
#include "values.h"

static lifecycle_frame_info info_at(lifecycle_interp *interp, size_t level)
{
    lifecycle_frame_info info;
    memset(&info, 0xee, sizeof info);
    EXPECT_OK(lifecycle_frame_info_get(interp, level, &info, sizeof info));
    return info;
}

static void the_global_frame_is_there_and_stays(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_frame_info info = info_at(interp, 0);
    EXPECT_EQ(lifecycle_frame_count(interp), 1);
    EXPECT_EQ(lifecycle_frame_level(interp), 0);
    EXPECT_STATUS(lifecycle_frame_pop(interp), LIFECYCLE_E_INVALID);
    EXPECT_EQ(lifecycle_frame_count(interp), 1);
    EXPECT(info.cmd == 0 && info.args == 0 && info.lambda == 0);
    EXPECT(info.ns != NULL && info.ns_len == 2 && strcmp(info.ns, "::") == 0);
    EXPECT_EQ(info.level, 0);
    EXPECT_EQ(lifecycle_frame_count(NULL), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_frame_knows_what_it_runs(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_frame_info info;
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::b")));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "cmd"), numbers(interp, 2)));
    EXPECT_EQ(lifecycle_frame_count(interp), 2);
    EXPECT_EQ(lifecycle_frame_level(interp), 1);
    EXPECT_OK(lifecycle_frame_set_ns(interp, S("::a::b")));
    EXPECT_OK(lifecycle_frame_set_line(interp, 77));
    EXPECT_OK(lifecycle_frame_set_lambda(interp, text(interp, "x {expr 1}")));
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "inner"), 0));
    info = info_at(interp, 1);
    EXPECT_TEXT(interp, info.cmd, "cmd");
    EXPECT_TEXT(interp, info.args, "0 1");
    EXPECT_TEXT(interp, info.lambda, "x {expr 1}");
    EXPECT(strcmp(info.ns, "::a::b") == 0 && info.ns_len == 6);
    EXPECT_EQ(info.level, 1);
    EXPECT_EQ(info.line, 77);
    info = info_at(interp, 2);
    EXPECT_TEXT(interp, info.cmd, "inner");
    EXPECT_EQ(info.args, 0);
    EXPECT_EQ(info.level, 2);
    EXPECT_EQ(info.line, 0);
    EXPECT_EQ(info.lambda, 0);
    EXPECT_STATUS(lifecycle_frame_info_get(interp, 3, &info, sizeof info), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_frame_info_get(interp, SIZE_MAX, &info, sizeof info), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_frame_info_get(interp, 1, NULL, sizeof info), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_frame_set_ns(interp, S("::none")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_frame_set_lambda(interp, 0));
    EXPECT(lifecycle_frame_push(interp, text(interp, "x") + 1, 0) == LIFECYCLE_E_INVALID);
    EXPECT_EQ(lifecycle_frame_count(interp), 3);
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* An older program's shorter struct is filled as far as it goes, a newer one's longer struct with zeros behind. */
static void info_comes_in_any_size(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    struct {
        lifecycle_frame_info info;
        uint64_t later[2];
    } longer;
    memset(&longer, 0xee, sizeof longer);
    EXPECT_OK(lifecycle_frame_info_get(interp, 0, &longer.info, 16));
    EXPECT(longer.info.cmd == 0 && longer.info.args == 0 && longer.info.lambda == 0xeeeeeeeeeeeeeeeeu);
    EXPECT_OK(lifecycle_frame_info_get(interp, 0, &longer.info, sizeof longer));
    EXPECT(longer.later[0] == 0 && longer.later[1] == 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void any_frame_may_be_the_active_one(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    for (int i = 1; i <= 5; i++) {
        EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
        EXPECT_OK(lifecycle_var_set(interp, S("v"), number(interp, i)));
    }
    for (size_t i = 1; i <= 5; i++) {
        EXPECT_OK(lifecycle_frame_set_active(interp, i));
        EXPECT_EQ(lifecycle_frame_level(interp), i);
        EXPECT_INT(interp, lifecycle_var_get(interp, S("v")), (int64_t)i);
    }
    EXPECT_OK(lifecycle_frame_set_active(interp, 2));
    EXPECT_STATUS(lifecycle_frame_set_active(interp, 6), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_frame_set_active(interp, SIZE_MAX), LIFECYCLE_E_RANGE);
    EXPECT_EQ(lifecycle_frame_level(interp), 2);
    EXPECT_EQ(lifecycle_frame_count(interp), 6);
    /* What is pushed is the newest, whichever was active. */
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_EQ(lifecycle_frame_level(interp), 6);
    EXPECT_EQ(lifecycle_frame_count(interp), 7);
    for (int i = 0; i < 6; i++)
        EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_EQ(lifecycle_frame_count(interp), 1);
    EXPECT_EQ(lifecycle_frame_level(interp), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* A frame is popped while a lower one is active: one is active that there is. */
static void the_active_frame_is_always_one_that_there_is(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    for (int i = 0; i < 5; i++)
        EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    for (size_t left = 5; left > 0; left--) {
        if (left % 2 == 0)
            EXPECT_OK(lifecycle_frame_set_active(interp, 1));
        EXPECT_OK(lifecycle_frame_pop(interp));
        EXPECT_EQ(lifecycle_frame_count(interp), left);
        EXPECT(lifecycle_frame_level(interp) < left);
    }
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void frames_are_limited(void)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
    static const size_t limits[] = {1, 2, 100, 0};
    for (size_t i = 0; i < COUNT(limits); i++) {
        lifecycle_interp *interp;
        size_t limit = limits[i] == 0 ? 10000 : limits[i];
        options.frame_limit = limits[i];
        interp = make_interp(&options);
        for (size_t n = 1; n < limit; n++)
            EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
        for (int again = 0; again < 3; again++) {
            EXPECT_STATUS(lifecycle_frame_push(interp, 0, 0), LIFECYCLE_E_LIMIT);
            EXPECT_EQ(lifecycle_frame_count(interp), limit);
            EXPECT_EQ(lifecycle_frame_level(interp), limit - 1);
        }
        EXPECT_EQ(memory_of(interp).frames, limit);
        if (limit > 1) {
            EXPECT_OK(lifecycle_frame_pop(interp));
            EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
        }
        EXPECT_OK(lifecycle_interp_destroy(interp));
    }
}

/* As `namespace eval`: for a while the frame's variables are a namespace's. */
static void a_frame_may_work_on_a_namespaces_variables(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_ns_create(interp, S("::b")));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_var_set(interp, S("own"), number(interp, 1)));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::a")));
    EXPECT(!lifecycle_var_exists(interp, S("own")));
    EXPECT_OK(lifecycle_var_set(interp, S("v"), text(interp, "in a")));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::b")));
    EXPECT(!lifecycle_var_exists(interp, S("v")));
    EXPECT_OK(lifecycle_var_set(interp, S("v"), text(interp, "in b")));
    EXPECT_OK(lifecycle_frame_pop_locals(interp));
    EXPECT_TEXT(interp, lifecycle_var_get(interp, S("v")), "in a");
    EXPECT_OK(lifecycle_frame_pop_locals(interp));
    EXPECT(!lifecycle_var_exists(interp, S("v")));
    EXPECT_INT(interp, lifecycle_var_get(interp, S("own")), 1);
    EXPECT_STATUS(lifecycle_frame_pop_locals(interp), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_frame_push_locals(interp, S("::none")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_INT(interp, lifecycle_var_get(interp, S("own")), 1);
    /* Left behind when the frame goes. */
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::a")));
    EXPECT_OK(lifecycle_frame_push_locals(interp, S("::b")));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_TEXT(interp, lifecycle_ns_var_get(interp, S("::a"), S("v")), "in a");
    EXPECT_TEXT(interp, lifecycle_ns_var_get(interp, S("::b"), S("v")), "in b");
    EXPECT(!lifecycle_var_exists(interp, S("v")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* Frames hold scratch handles, and go with them: also those that were pushed outside of any eval. */
static void frames_end_with_the_scratch_side(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    EXPECT_OK(lifecycle_frame_push(interp, text(interp, "cmd"), numbers(interp, 3)));
    EXPECT_OK(lifecycle_var_set(interp, S("local"), numbers(interp, 3)));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_frame_count(interp), 2);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_frame_count(interp), 1);
    EXPECT_EQ(memory_of(interp).variables, 0);
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void a_frames_namespace_may_be_deleted(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    lifecycle_frame_info info;
    EXPECT_OK(lifecycle_ns_create(interp, S("::a::b")));
    EXPECT_OK(lifecycle_frame_push(interp, 0, 0));
    EXPECT_OK(lifecycle_frame_set_ns(interp, S("::a::b")));
    EXPECT_OK(lifecycle_ns_delete(interp, S("::a")));
    info = info_at(interp, 1);
    EXPECT(info.ns != NULL && strlen(info.ns) == info.ns_len);
    EXPECT_OK(lifecycle_var_set(interp, S("v"), number(interp, 1)));
    EXPECT_OK(lifecycle_frame_pop(interp));
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

int main(void)
{
    RUN(the_global_frame_is_there_and_stays);
    RUN(a_frame_knows_what_it_runs);
    RUN(info_comes_in_any_size);
    RUN(any_frame_may_be_the_active_one);
    RUN(the_active_frame_is_always_one_that_there_is);
    RUN(frames_are_limited);
    RUN(a_frame_may_work_on_a_namespaces_variables);
    RUN(frames_end_with_the_scratch_side);
    RUN(a_frames_namespace_may_be_deleted);
    return expect_done();
}
