/* values_commands.c - commands and procedures, traces, foreign things, and the host's own things by name. */
#include "values.h"

static void a_command_is_kept_with_all_it_has(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    int native;
    void *fn = NULL;
    handle params = 1, body = 1;
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("puts"), 1, &native, 0, 0));
    EXPECT_OK(lifecycle_command_set(interp, S("::a"), S("greet"), 2, NULL,
                                    pair(interp, text(interp, "name"), text(interp, "x")),
                                    text(interp, "return \"Hello, $name\"")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("puts"), &fn, &params, &body), 1);
    EXPECT(fn == &native && params == 0 && body == 0);
    EXPECT_EQ(lifecycle_command_get(interp, S("::a"), S("greet"), &fn, &params, &body), 2);
    EXPECT(fn == NULL);
    EXPECT_TEXT(interp, params, "name x");
    EXPECT_TEXT(interp, body, "return \"Hello, $name\"");
    EXPECT_EQ(lifecycle_command_get(interp, S("::a"), S("greet"), NULL, NULL, NULL), 2);
    EXPECT_EQ(memory_of(interp).procs, 1);
    /* There is none. */
    fn = &native;
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("greet"), &fn, &params, &body), 0);
    EXPECT(fn == NULL && params == 0 && body == 0);
    EXPECT_EQ(lifecycle_command_get(interp, S("::none"), S("greet"), &fn, NULL, NULL), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void commands_are_replaced_copied_and_deleted(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    handle body = 0, names;
    EXPECT_OK(lifecycle_ns_create(interp, S("::a")));
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("f"), 1, NULL, 0,
                                    text(interp, "first body, longer than a few bytes")));
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("f"), 2, NULL, 0,
                                    text(interp, "second body, longer than that")));
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("f"), NULL, NULL, &body), 2);
    EXPECT_TEXT(interp, body, "second body, longer than that");
    EXPECT_EQ(memory_of(interp).procs, 1);
    EXPECT_OK(lifecycle_command_copy(interp, S("::"), S("f"), S("::a"), S("g")));
    EXPECT_OK(lifecycle_command_copy(interp, S("::"), S("f"), S("::"), S("h")));
    EXPECT_EQ(memory_of(interp).procs, 3);
    names = lifecycle_command_names(interp, S("::"));
    EXPECT_EQ(lifecycle_list_length(interp, names), 2);
    EXPECT(holds_text(interp, names, "f") && holds_text(interp, names, "h"));
    EXPECT_OK(lifecycle_command_delete(interp, S("::"), S("f")));
    EXPECT_STATUS(lifecycle_command_delete(interp, S("::"), S("f")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(lifecycle_command_get(interp, S("::a"), S("g"), NULL, NULL, &body), 2);
    EXPECT_TEXT(interp, body, "second body, longer than that");
    /* A copy replaces what is there; onto itself it changes nothing. */
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("k"), 3, NULL, 0, 0));
    EXPECT_OK(lifecycle_command_copy(interp, S("::"), S("k"), S("::a"), S("g")));
    EXPECT_EQ(lifecycle_command_get(interp, S("::a"), S("g"), NULL, NULL, &body), 3);
    EXPECT_EQ(body, 0);
    EXPECT_OK(lifecycle_command_copy(interp, S("::"), S("h"), S("::"), S("h")));
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("h"), NULL, NULL, NULL), 2);
    EXPECT_STATUS(lifecycle_command_copy(interp, S("::"), S("none"), S("::"), S("x")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_command_copy(interp, S("::"), S("h"), S("::none"), S("x")), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_command_set(interp, S("::none"), S("x"), 1, NULL, 0, 0), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_command_set(interp, S("::"), S("x"), 0, NULL, 0, 0), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_command_set(interp, S("::"), S("x"), -1, NULL, 0, 0), LIFECYCLE_E_INVALID);
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("x"), NULL, NULL, NULL), 0);
    EXPECT_NIL(lifecycle_command_names(interp, S("::none")));
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* A procedure that deletes itself while it runs. */
static void a_body_that_was_read_stays(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle params = 0, body = 0;
    EXPECT_OK(lifecycle_command_set(interp, S("::"), S("p"), 1, NULL, numbers(interp, 40),
                                    text(interp, "rename p {} and go on with this")));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_EQ(lifecycle_command_get(interp, S("::"), S("p"), NULL, &params, &body), 1);
    EXPECT_OK(lifecycle_command_delete(interp, S("::"), S("p")));
    for (int i = 0; i < 50; i++)
        EXPECT_OK(lifecycle_command_set(interp, S("::"), S("q"), 1, NULL, numbers(interp, 40),
                                        text(interp, "another body of that size, nearly")));
    EXPECT_TEXT(interp, body, "rename p {} and go on with this");
    EXPECT_INT(interp, lifecycle_list_at(interp, params, 39), 39);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- traces --- */

enum { VARIABLE = 1, COMMAND = 2 };

struct log {
    char said[600];
    int depth, stop_at, count;
};

static lifecycle_status say(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                            const char *op, size_t op_len, void *user)
{
    struct log *log = user;
    size_t at = strlen(log->said);
    snprintf(log->said + at, sizeof log->said - at, "%s/%.*s/%.*s ", lifecycle_as_string(interp, script, NULL),
             (int)name_len, name, (int)op_len, op);
    log->count++;
    return log->count == log->stop_at ? LIFECYCLE_E_DENIED : LIFECYCLE_OK;
}

static void add(lifecycle_interp *interp, const char *name, const char *ops, const char *script)
{
    EXPECT_OK(lifecycle_trace_add(interp, VARIABLE, S(name), S(ops), text(interp, script)));
}

static void traces_fire_newest_first(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    struct log log = {0};
    handle info;
    EXPECT_OK(lifecycle_eval_enter(interp));
    add(interp, "x", "read", "one");
    add(interp, "x", "read write", "two");
    add(interp, "x", "write unset", "three");
    add(interp, "y", "write", "other");
    EXPECT_OK(lifecycle_trace_add(interp, COMMAND, S("x"), S("write"), text(interp, "a command's")));
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(memory_of(interp).traces, 5);
    info = lifecycle_trace_info(interp, VARIABLE, S("x"));
    EXPECT_TEXT(interp, info, "{{write unset} three} {{read write} two} {read one}");
    EXPECT_TEXT(interp, lifecycle_list_at(interp, lifecycle_list_at(interp, info, 0), 1), "three");
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("write"), say, &log));
    EXPECT(strcmp(log.said, "three/x/write two/x/write ") == 0);
    memset(&log, 0, sizeof log);
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("read"), say, &log));
    EXPECT(strcmp(log.said, "two/x/read one/x/read ") == 0);
    /* Only a whole word of the ops is an op. */
    memset(&log, 0, sizeof log);
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("rea"), say, &log));
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("write unset"), say, &log));
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("none"), S("read"), say, &log));
    EXPECT_OK(lifecycle_trace_fire(interp, 77, S("x"), S("read"), say, &log));
    EXPECT_EQ(log.count, 0);
    EXPECT_STATUS(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("read"), NULL, NULL), LIFECYCLE_E_INVALID);
    /* A status stops it. */
    log.stop_at = 1;
    EXPECT_EQ(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("write"), say, &log), LIFECYCLE_E_DENIED);
    EXPECT_EQ(log.count, 1);
    info = lifecycle_trace_info(interp, VARIABLE, S("none"));
    EXPECT(info != 0);
    EXPECT_EQ(lifecycle_list_length(interp, info), 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void traces_are_removed_by_what_they_are(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    add(interp, "x", "read", "s");
    add(interp, "x", "write", "s");
    add(interp, "x", "write", "t");
    add(interp, "x", "write", "s");
    EXPECT_STATUS(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("unset"), text(interp, "s")),
                  LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("write"), text(interp, "u")),
                  LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_trace_remove(interp, COMMAND, S("x"), S("write"), text(interp, "s")),
                  LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_trace_remove(interp, VARIABLE, S("y"), S("write"), text(interp, "s")),
                  LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("write"), text(interp, "s"))); /* the newest */
    EXPECT_TEXT(interp, lifecycle_trace_info(interp, VARIABLE, S("x")), "{write t} {write s} {read s}");
    EXPECT_OK(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("write"), text(interp, "s")));
    EXPECT_OK(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("write"), text(interp, "t")));
    EXPECT_OK(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("read"), text(interp, "s")));
    EXPECT_EQ(memory_of(interp).traces, 0);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(memory_of(interp).values, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* Each trace that is fired evals, sets what is traced, which fires again, and adds and removes traces meanwhile. */
static lifecycle_status restless(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                 const char *op, size_t op_len, void *user)
{
    struct log *log = user;
    handle kept = text(interp, "kept through it");
    char buffer[40];
    log->count++;
    EXPECT(name_len == 1 && *name == 'x' && op_len == 5 && memcmp(op, "write", 5) == 0);
    EXPECT_OK(lifecycle_eval_enter(interp));
    if (log->depth < 3) {
        log->depth++;
        snprintf(buffer, sizeof buffer, "added by %d", log->count);
        add(interp, "x", "write", buffer);
        EXPECT_OK(lifecycle_trace_remove(interp, VARIABLE, S("x"), S("write"), script));
        EXPECT_OK(lifecycle_var_set(interp, S("x"), number(interp, log->count)));
        EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("write"), restless, log));
        log->depth--;
    }
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT(*lifecycle_as_string(interp, script, NULL) != '\0');
    EXPECT_TEXT(interp, kept, "kept through it");
    return LIFECYCLE_OK;
}

static void traces_may_eval_and_change_traces_while_they_are_fired(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    for (int inside = 0; inside < 2; inside++) {
        struct log log = {0};
        if (inside)
            EXPECT_OK(lifecycle_eval_enter(interp));
        add(interp, "x", "write", "first");
        EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("write"), restless, &log));
        EXPECT(log.count > 3);
        if (inside)
            EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

/* What is added while firing is not fired in that round; what is removed is not fired any more, or once more. */
static lifecycle_status adds(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                             const char *op, size_t op_len, void *user)
{
    (void)script, (void)op, (void)op_len;
    ++*(int *)user;
    return lifecycle_trace_add(interp, VARIABLE, name, name_len, S("write"), text(interp, "more"));
}
static lifecycle_status removes_all(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                                    const char *op, size_t op_len, void *user)
{
    (void)script, (void)op, (void)op_len;
    ++*(int *)user;
    while (lifecycle_trace_remove(interp, VARIABLE, name, name_len, S("write"), text(interp, "more")) == LIFECYCLE_OK)
        ;
    return LIFECYCLE_OK;
}

static void firing_walks_what_there_was(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    int calls = 0;
    add(interp, "v", "write", "more");
    add(interp, "v", "write", "more");
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("v"), S("write"), adds, &calls));
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(memory_of(interp).traces, 4);
    calls = 0;
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("v"), S("write"), removes_all, &calls));
    EXPECT(calls >= 1 && calls <= 4);
    EXPECT_EQ(memory_of(interp).traces, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* The trace on reading unsets what is read: the reader has it all the same. */
static lifecycle_status unsets(lifecycle_interp *interp, handle script, const char *name, size_t name_len,
                               const char *op, size_t op_len, void *user)
{
    (void)script, (void)op, (void)op_len, (void)user;
    EXPECT_OK(lifecycle_var_unset(interp, name, name_len));
    for (int i = 0; i < 20; i++)
        EXPECT_OK(lifecycle_var_set(interp, S("other"), numbers(interp, 40)));
    return LIFECYCLE_OK;
}

static void a_variable_unset_by_its_trace_was_read(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    handle read;
    EXPECT_OK(lifecycle_var_set(interp, S("x"), numbers(interp, 40)));
    add(interp, "x", "read", "unset x");
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_OK(lifecycle_eval_enter(interp));
    read = lifecycle_var_get(interp, S("x"));
    EXPECT_OK(lifecycle_trace_fire(interp, VARIABLE, S("x"), S("read"), unsets, NULL));
    EXPECT(!lifecycle_var_exists(interp, S("x")));
    EXPECT_EQ(lifecycle_list_length(interp, read), 40);
    EXPECT_INT(interp, lifecycle_list_at(interp, read, 39), 39);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

/* --- foreign things --- */

struct things {
    int clones, releases, alive, refuse;
};
struct thing {
    struct things *all;
    int copies;
};

static void *clone_thing(void *ptr, void *user)
{
    struct things *all = user;
    struct thing *copy = malloc(sizeof *copy);
    if (all->refuse) {
        free(copy);
        return NULL;
    }
    *copy = *(struct thing *)ptr;
    copy->copies++;
    all->clones++;
    all->alive++;
    return copy;
}

static void release_thing(void *ptr, void *user)
{
    struct things *all = user;
    all->releases++;
    all->alive--;
    free(ptr);
}

static struct thing *new_thing(struct things *all)
{
    struct thing *thing = malloc(sizeof *thing);
    thing->all = all;
    thing->copies = 0;
    all->alive++;
    return thing;
}

static lifecycle_interp *make_with_things(struct things *all, counting *count)
{
    lifecycle_interp_options options = counted_options(count);
    memset(all, 0, sizeof *all);
    options.user = all;
    options.foreign_clone = clone_thing;
    options.foreign_release = release_thing;
    return make_interp(&options);
}

static void a_kept_foreign_thing_is_a_clone(void)
{
    struct things all;
    counting count;
    lifecycle_interp *interp = make_with_things(&all, &count);
    struct thing *thing = new_thing(&all);
    lifecycle_value *value = NULL;
    void *ptr = NULL;
    const char *type = NULL;
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    h = lifecycle_foreign(interp, "thing", thing, S("thing#1"));
    EXPECT_OK(lifecycle_materialize(interp, pair(interp, h, number(interp, 1)), &value));
    EXPECT_EQ(all.clones, 1);
    EXPECT(lifecycle_peek_foreign(interp, h, NULL, &ptr) && ptr == thing);
    EXPECT_OK(lifecycle_foreign_release(interp, h));
    EXPECT(!lifecycle_peek_foreign(interp, h, NULL, &ptr) || ptr == NULL);
    EXPECT_OK(lifecycle_foreign_release(interp, h)); /* nothing is left to release */
    EXPECT_EQ(all.releases, 1);
    EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    EXPECT_EQ(all.releases, 1);
    h = lifecycle_list_at(interp, lifecycle_wrap(interp, value), 0);
    EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_FOREIGN);
    EXPECT_TEXT(interp, h, "thing#1");
    EXPECT(lifecycle_peek_foreign(interp, h, &type, &ptr));
    EXPECT(strcmp(type, "thing") == 0 && ((struct thing *)ptr)->copies == 1);
    /* The last reference goes while a handle shows it: it is released when that handle is gone. */
    lifecycle_value_release(value);
    EXPECT_EQ(((struct thing *)ptr)->copies, 1);
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(all.alive, 0);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    EXPECT_EQ(all.alive, 0);
    nothing_is_left(&count);
}

static void what_cannot_be_cloned_is_kept_as_its_text(void)
{
    lifecycle_interp *interp = make_interp(NULL);
    lifecycle_value *value = NULL;
    int thing;
    void *ptr = &thing;
    const char *type = NULL;
    handle h;
    EXPECT_OK(lifecycle_eval_enter(interp));
    EXPECT_OK(lifecycle_eval_leave(interp, lifecycle_foreign(interp, "thing", &thing, S("thing#1")), &value));
    h = lifecycle_wrap(interp, value);
    EXPECT_TEXT(interp, h, "thing#1");
    EXPECT_EQ(lifecycle_kind(interp, h), LIFECYCLE_FOREIGN);
    if (lifecycle_peek_foreign(interp, h, &type, &ptr))
        EXPECT(strcmp(type, "thing") == 0 && ptr == NULL);
    lifecycle_value_release(value);
    EXPECT_OK(lifecycle_interp_destroy(interp));
}

static void things_in_variables_are_released_with_them(void)
{
    struct things all;
    counting count;
    lifecycle_interp *interp = make_with_things(&all, &count);
    for (int i = 0; i < 100; i++) {
        struct thing *thing = new_thing(&all);
        handle h;
        EXPECT_OK(lifecycle_eval_enter(interp));
        h = lifecycle_foreign(interp, "thing", thing, S("thing"));
        EXPECT_OK(lifecycle_var_set(interp, S("x"), h));
        EXPECT_OK(lifecycle_var_set(interp, S("y"), lifecycle_var_get(interp, S("x"))));
        EXPECT_OK(lifecycle_foreign_release(interp, h));
        EXPECT_OK(lifecycle_eval_leave(interp, 0, NULL));
    }
    EXPECT_EQ(all.clones, 100);
    EXPECT_EQ(all.alive, 1);
    all.refuse = 1;
    EXPECT_OK(lifecycle_var_unset(interp, S("x")));
    EXPECT_OK(lifecycle_force_reset(interp));
    EXPECT_EQ(all.alive, 1);
    EXPECT_OK(lifecycle_interp_destroy(interp)); /* with ::y still set */
    EXPECT_EQ(all.alive, 0);
    nothing_is_left(&count);
}

/* --- the host's things by name --- */

static void the_host_finds_its_things_again(void)
{
    counting count;
    lifecycle_interp *interp = make_counted_interp(&count);
    int a, b;
    const char *type = "x";
    void *ptr = &a;
    EXPECT(!lifecycle_registry_get(interp, 1, S("n"), &type, &ptr));
    EXPECT(type == NULL && ptr == NULL);
    EXPECT_OK(lifecycle_registry_set(interp, 1, S("n"), "type a", &a));
    EXPECT_OK(lifecycle_registry_set(interp, 2, S("n"), "type b", &b));
    EXPECT(lifecycle_registry_get(interp, 1, S("n"), &type, &ptr));
    EXPECT(strcmp(type, "type a") == 0 && ptr == &a);
    EXPECT(lifecycle_registry_get(interp, 2, S("n"), NULL, &ptr) && ptr == &b);
    EXPECT_OK(lifecycle_registry_set(interp, 1, S("n"), "type c", &b));
    EXPECT(lifecycle_registry_get(interp, 1, S("n"), &type, &ptr) && strcmp(type, "type c") == 0 && ptr == &b);
    EXPECT_OK(lifecycle_registry_remove(interp, 1, S("n")));
    EXPECT_STATUS(lifecycle_registry_remove(interp, 1, S("n")), LIFECYCLE_E_NOT_FOUND);
    EXPECT(!lifecycle_registry_get(interp, 1, S("n"), NULL, NULL));
    EXPECT(lifecycle_registry_get(interp, 2, S("n"), NULL, NULL));
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "thing %d", i);
        EXPECT_OK(lifecycle_registry_set(interp, i % 7, S(name), "t", &a));
    }
    EXPECT(lifecycle_registry_get(interp, 999 % 7, S("thing 999"), NULL, &ptr) && ptr == &a);
    EXPECT_OK(lifecycle_registry_set(interp, 1, "a\0b", 3, "t", NULL));
    EXPECT(lifecycle_registry_get(interp, 1, "a\0b", 3, NULL, &ptr) && ptr == NULL);
    EXPECT(!lifecycle_registry_get(interp, 1, "a", 1, NULL, NULL));
    EXPECT_STATUS(lifecycle_registry_set(interp, 1, S("n"), NULL, &a), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_interp_destroy(interp));
    nothing_is_left(&count);
}

int main(void)
{
    RUN(a_command_is_kept_with_all_it_has);
    RUN(commands_are_replaced_copied_and_deleted);
    RUN(a_body_that_was_read_stays);
    RUN(traces_fire_newest_first);
    RUN(traces_are_removed_by_what_they_are);
    RUN(traces_may_eval_and_change_traces_while_they_are_fired);
    RUN(firing_walks_what_there_was);
    RUN(a_variable_unset_by_its_trace_was_read);
    RUN(a_kept_foreign_thing_is_a_clone);
    RUN(what_cannot_be_cloned_is_kept_as_its_text);
    RUN(things_in_variables_are_released_with_them);
    RUN(the_host_finds_its_things_again);
    return expect_done();
}
