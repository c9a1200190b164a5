/*
 * failure_values.h - how failure_values.c fails: an interpreter with something of everything, and the loop over the
 * allocation, or call of the system, that is refused.
 */
#ifndef LIFECYCLE_TESTS_FAILURE_VALUES_H
#define LIFECYCLE_TESTS_FAILURE_VALUES_H

#include "refusals.h"
#include "values.h"

#define MOST 10000
#define OUT_OF_MEMORY LIFECYCLE_E_NOMEM

struct stage {
    lifecycle_interp *interp;
    /* what is there from the start */
    handle string, list, dict, key, keys[40];
    handle keep; /* a list that operations add to */
    lifecycle_value *value;
    /* what an operation works on */
    handle h;
    lifecycle_scope scope;
    unsigned foreign, released; /* every foreign thing is released once, whatever failed */
    struct refusals memory;
};

enum { ORDER_MAY_CHANGE = 1 };

struct operation {
    const char *name;
    void (*prepare)(struct stage *stage, int i); /* before each round */
    lifecycle_status (*act)(struct stage *stage, int i);
    int times;
    unsigned leaves;
};

static void stage_release(void *ptr, void *user)
{
    (void)ptr;
    ((struct stage *)user)->released++;
}

#ifdef WITH_LIMITS
static lifecycle_interp_options stage_limits = LIFECYCLE_INTERP_OPTIONS_INIT;
#endif

static inline lifecycle_interp_options stage_options(struct stage *stage)
{
    lifecycle_interp_options options = LIFECYCLE_INTERP_OPTIONS_INIT;
#ifdef WITH_LIMITS
    options = stage_limits;
#endif
    options.user = stage;
    options.foreign_release = stage_release;
#ifdef FAIL_MALLOC
    failing = &stage->memory;
#elif !defined(FAIL_SYSTEM)
    options.allocator = refusing_allocator(&stage->memory);
#endif
    return options;
}

/* What a function that gives a handle has answered. */
static inline lifecycle_status told(handle made)
{
    if (made != 0)
        return LIFECYCLE_OK;
    if (strstr(lifecycle_last_error(), "memory") != NULL)
        return OUT_OF_MEMORY;
    return strstr(lifecycle_last_error(), "the system refused") != NULL ? OUT_OF_MEMORY : LIFECYCLE_E_PANIC;
}

static inline void begin_stage(struct stage *s, bool persistent)
{
    lifecycle_interp_options options;
    memset(s, 0, sizeof *s);
    s->memory.persistent = persistent;
    options = stage_options(s);
    s->interp = make_interp(&options);
    EXPECT_OK(lifecycle_eval_enter(s->interp));
    s->string = text(s->interp, "a text that is longer than any that fits nowhere");
    s->list = pair(s->interp, text(s->interp, "x y"), number(s->interp, 7));
    s->dict = lifecycle_dict(s->interp);
    for (int i = 0; i < 40; i++) {
        s->keys[i] = number(s->interp, i * 1000);
        (void)lifecycle_as_string(s->interp, s->keys[i], NULL);
        EXPECT_OK(lifecycle_dict_set_in_place(s->interp, s->dict, number(s->interp, i), s->string));
    }
    s->key = text(s->interp, "17");
    EXPECT_OK(lifecycle_materialize(s->interp, pair(s->interp, numbers(s->interp, 300), s->dict), &s->value));
    s->keep = lifecycle_list(s->interp, NULL, 0);
    EXPECT_OK(lifecycle_ns_create(s->interp, S("::a")));
    EXPECT_OK(lifecycle_ns_var_set(s->interp, S("::a"), S("v"), s->list));
    EXPECT_OK(lifecycle_var_set(s->interp, S("x"), lifecycle_wrap(s->interp, s->value)));
    EXPECT_OK(lifecycle_command_set(s->interp, S("::a"), S("c"), 1, s, s->list, s->string));
    EXPECT_OK(lifecycle_trace_add(s->interp, 1, S("traced"), S("read"), s->string));
    EXPECT_OK(lifecycle_registry_set(s->interp, 1, S("thing"), "t", s));
}

static inline void end_stage(struct stage *s, const char *name)
{
    EXPECT_OK(lifecycle_eval_unwind(s->interp, 0));
    lifecycle_value_release(s->value);
    EXPECT_OK(lifecycle_interp_destroy(s->interp));
    EXPECT_EQ(s->released, s->foreign);
    all_is_back(&s->memory, name);
}

/* Everything there is to see, as far as it must not change. */
struct seen {
    uint64_t namespaces, procs, eval_depth, frames, scopes, variables, traces, held_values, released;
    uint64_t length, level, texts;
};

static inline uint64_t mix(uint64_t hash, lifecycle_interp *interp, handle h)
{
    size_t len;
    const char *bytes = lifecycle_as_string(interp, h, &len);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    return (hash ^ len) * 1099511628211u;
}

static inline struct seen look(struct stage *s, const struct operation *operation)
{
    struct seen seen;
    lifecycle_memory memory = memory_of(s->interp);
    handle things[8];
    memset(&seen, 0, sizeof seen);
    seen.namespaces = memory.namespaces;
    seen.procs = memory.procs;
    seen.eval_depth = memory.eval_depth;
    seen.frames = memory.frames;
    seen.scopes = memory.scopes;
    seen.variables = memory.variables;
    seen.traces = memory.traces;
    seen.held_values = memory.held_values;
    seen.released = s->released;
    seen.level = lifecycle_frame_level(s->interp);
    seen.length = lifecycle_list_length(s->interp, s->h) + lifecycle_dict_size(s->interp, s->h);
    things[0] = s->list;
    things[1] = s->dict;
    things[2] = s->keep;
    things[3] = lifecycle_ns_children(s->interp, S("::a"));
    things[4] = lifecycle_ns_exports(s->interp, S("::a"));
    things[5] = lifecycle_ns_var_get(s->interp, S("::a"), S("v"));
    things[6] = lifecycle_trace_info(s->interp, 1, S("traced"));
    things[7] = s->list;
    if (!(operation->leaves & ORDER_MAY_CHANGE) && lifecycle_list_length(s->interp, s->h) != 0)
        things[7] = lifecycle_list_copy(s->interp, s->h);
    for (int i = 0; i < 8; i++)
        seen.texts = mix(seen.texts, s->interp, things[i]);
    return seen;
}

/* True when nothing was refused any more. */
static inline bool try_once(struct stage *s, const struct operation *operation, int round, long k, bool *done)
{
    struct seen before = look(s, operation), after;
    lifecycle_status status;
    unsigned refused;
    arm(&s->memory, k);
    status = operation->act(s, round);
    refused = disarm(&s->memory);
    *done = status == LIFECYCLE_OK;
    if (status != LIFECYCLE_OK && (refused == 0 || status != OUT_OF_MEMORY)) {
        expect_failures++;
        fprintf(stderr, "%s, round %d, failure %ld: %s (%s)\n", operation->name, round, k,
                lifecycle_status_name((int)status), lifecycle_last_error());
        *done = true;
    }
    if (!*done) {
        after = look(s, operation);
        compare_words(operation->name, round, k, &before, &after, sizeof before);
    }
    return refused == 0;
}

/* Every round of an operation; what is kept in the end. */
static inline lifecycle_memory run_operation(const struct operation *operation, bool failing, bool persistent)
{
    struct stage stage;
    lifecycle_memory left;
    begin_stage(&stage, persistent);
    for (int round = 0; round < operation->times; round++) {
        bool done = false;
        if (operation->prepare != NULL)
            operation->prepare(&stage, round);
        for (long k = failing ? 1 : MOST; !done && k <= MOST; k++)
            (void)try_once(&stage, operation, round, k, &done);
        EXPECT(done);
    }
    EXPECT_OK(lifecycle_eval_unwind(stage.interp, 0));
    left = memory_of(stage.interp);
    end_stage(&stage, operation->name);
    return left;
}

/* What failed before it succeeded leaves exactly what it leaves if it succeeds at once: nothing leaks. */
static inline void try_operation(const struct operation *operation, bool persistent)
{
    lifecycle_memory without = run_operation(operation, false, persistent);
    lifecycle_memory with = run_operation(operation, true, persistent);
    if (with.values != without.values || with.value_bytes != without.value_bytes ||
        with.variables != without.variables || with.pending_values != 0 || with.scratch_handles != 0) {
        expect_failures++;
        fprintf(stderr, "%s: %llu values of %llu bytes are left, not %llu of %llu\n", operation->name,
                (unsigned long long)with.values, (unsigned long long)with.value_bytes,
                (unsigned long long)without.values, (unsigned long long)without.value_bytes);
    }
}

#endif
