/*
 * misuse.c - every public function, driven by misuse_table.h: each parameter
 * in turn is made bad in every way its kind can be bad, all others are good.
 * The answer is the failure that the contract names; results are 0, a new
 * sentence tells of it, and the statistics of two managers have not moved.
 * Then the same call with all parameters good must succeed: so it was the bad
 * one that was refused.
 */
#include <stdint.h>
#include <unistd.h>

#include "misuse_structs.h"

/* The function itself: what the macro puts in front of it trusts pointers. */
#undef lifecycle_did_is_live

/* --- the table as code: a function that takes numbers for each of ours --- */

#define ARGS_0(none)
#define ARGS_1(a) cast_##a(v[0])
#define ARGS_2(a, b) ARGS_1(a), cast_##b(v[1])
#define ARGS_3(a, b, c) ARGS_2(a, b), cast_##c(v[2])
#define ARGS_4(a, b, c, d) ARGS_3(a, b, c), cast_##d(v[3])
#define ARGS_5(a, b, c, d, e) ARGS_4(a, b, c, d), cast_##e(v[4])
#define ARGS_6(a, b, c, d, e, f) ARGS_5(a, b, c, d, e), cast_##f(v[5])
#define ARGS_7(a, b, c, d, e, f, g) ARGS_6(a, b, c, d, e, f), cast_##g(v[6])
#define ARGS_8(a, b, c, d, e, f, g, h)                                         \
    ARGS_7(a, b, c, d, e, f, g), cast_##h(v[7])
#define ARGS_9(a, b, c, d, e, f, g, h, i)                                      \
    ARGS_8(a, b, c, d, e, f, g, h), cast_##i(v[8])
#define RETURN_STATUS(call) return (uint64_t)(int64_t)(call)
#define RETURN_QUIET_STATUS(call) return (uint64_t)(int64_t)(call)
#define RETURN_NOT_YET(call) return (uint64_t)(int64_t)(call)
#define RETURN_POINTER(call) return P(call)
#define RETURN_TEXT(call) return P(call)
#define RETURN_NUMBER(call) return (uint64_t)(call)
#define RETURN_BOOL(call) return (uint64_t)(call)
#define RETURN_HANDLE(call) return (uint64_t)(call)
#define RETURN_KIND(call) return (uint64_t)(int64_t)(call)
#define RETURN_BYTE(call) return (uint64_t)(int64_t)(call)
#define RETURN_MARK(call)                                                      \
    lifecycle_arena_mark mark = call;                                          \
    return mark.arena | mark.sequence | mark.position
#define RETURN_NOTHING(call)                                                   \
    call;                                                                      \
    return 0

#define ROW(n, f, result, ...)                                                 \
    static uint64_t call_##f(const uint64_t *v)                                \
    {                                                                          \
        (void)v;                                                               \
        RETURN_##result(f(ARGS_##n(__VA_ARGS__)));                             \
    }
#include "misuse_table.h"
#undef ROW

enum result {
    R_STATUS,
    R_QUIET_STATUS, /* leaves the thread's sentence alone */
    R_NOT_YET, /* a status, which is LIFECYCLE_E_UNSUPPORTED at best */
    R_POINTER,
    R_TEXT,
    R_NUMBER,
    R_BOOL,
    R_HANDLE, /* any number but 0 */
    R_KIND,   /* a kind, which is positive, or a status */
    R_BYTE,   /* -1 is a failure */
    R_MARK,
    R_NOTHING
};

struct row {
    const char *name;
    uint64_t (*call)(const uint64_t *v);
    enum result result;
    int arguments;
    enum kind kinds[9];
};

#define K_0(none) K_NONE
#define K_1(a) K_##a
#define K_2(a, b) K_1(a), K_##b
#define K_3(a, b, c) K_2(a, b), K_##c
#define K_4(a, b, c, d) K_3(a, b, c), K_##d
#define K_5(a, b, c, d, e) K_4(a, b, c, d), K_##e
#define K_6(a, b, c, d, e, f) K_5(a, b, c, d, e), K_##f
#define K_7(a, b, c, d, e, f, g) K_6(a, b, c, d, e, f), K_##g
#define K_8(a, b, c, d, e, f, g, h) K_7(a, b, c, d, e, f, g), K_##h
#define K_9(a, b, c, d, e, f, g, h, i) K_8(a, b, c, d, e, f, g, h), K_##i
static const struct row rows[] = {
#define ROW(n, f, result, ...)                                                 \
    {#f, call_##f, R_##result, n, {K_##n(__VA_ARGS__)}},
#include "misuse_table.h"
#undef ROW
};
#define ROWS (sizeof rows / sizeof *rows)

/* --- one call --- */

struct call {
    const struct row *row;
    const char *how;
    int at; /* the bad parameter; -1 = none */
    uint64_t v[9];
    _Alignas(16) unsigned char places[4][OUT_BYTES + 16];
};

static void complain(const struct call *call, const char *what, long long got,
                     long long want)
{
    expect_failures++;
    fprintf(stderr, "%s, parameter %d %s: %s is %lld, not %lld (%s)\n",
            call->row->name, call->at + 1, call->how, what, got, want,
            lifecycle_last_error());
}

static void set_up(struct call *call, const struct world *w, const struct row *row)
{
    int i, place = 0;
    memset(call, 0, sizeof *call);
    memset(call->places, 0xa5, sizeof call->places);
    call->row = row;
    call->how = "(all good)";
    call->at = -1;
    for (i = 0; i < row->arguments; i++) {
        if (out_bytes(row->kinds[i]) != 0)
            call->v[i] = P(call->places[place++]);
        else if (row->kinds[i] == K_OUT_SIZE)
            call->v[i] = OUT_BYTES;
        else
            call->v[i] = w->of[row->kinds[i]].good;
    }
}

/* Results are 0, as far as the call could know where they are. */
static void check_results(const struct call *call, const struct call *before)
{
    int i, place = 0;
    for (i = 0; i < call->row->arguments; i++) {
        size_t bytes = out_bytes(call->row->kinds[i]), b;
        const unsigned char *at = call->places[place];
        if (bytes == 0)
            continue;
        place++;
        if (i == call->at || (bytes == OUT_BYTES && i + 1 == call->at))
            bytes = 0; /* it was this very place that was bad */
        for (b = 0; b < bytes; b++) {
            if (at[b] != 0) {
                complain(call, "a byte of the result", at[b], 0);
                break;
            }
        }
        if (memcmp(at + bytes, before->places[place - 1] + bytes,
                   sizeof call->places[0] - bytes) != 0)
            complain(call, "what lies behind the result", 1, 0);
    }
}

static const char *const sentinel = "the sentence from before";

static void leave_sentence(struct world *w)
{
    lifecycle_module none;
    EXPECT_STATUS(lifecycle_module_find(w->manager, sentinel, &none),
                  LIFECYCLE_E_NOT_FOUND);
}

static void refuse(struct world *w, struct call *call, int want)
{
    lifecycle_stats before[2], after[2];
    lifecycle_memory memory[2];
    lifecycle_heap_stats heap[2];
    size_t used = lifecycle_arena_used(w->arena);
    struct call set = *call;
    int64_t got;
    bool told;
    EXPECT_OK(lifecycle_stats_get(w->manager, &before[0], sizeof before[0]));
    EXPECT_OK(lifecycle_stats_get(w->other, &before[1], sizeof before[1]));
    EXPECT_OK(lifecycle_memory_stats(w->interp, &memory[0], sizeof memory[0]));
    EXPECT_OK(lifecycle_heap_stats_get(w->heap, &heap[0], sizeof heap[0]));
    leave_sentence(w);
    got = (int64_t)call->row->call(call->v);
    told = strstr(lifecycle_last_error(), sentinel) == NULL &&
           lifecycle_last_error()[0] != '\0';
    switch (call->row->result) {
    case R_STATUS:
    case R_QUIET_STATUS:
    case R_NOT_YET:
        if (want == ANY_FAILURE ? got >= 0 : got != want)
            complain(call, "the status", got, want);
        if (told != (call->row->result != R_QUIET_STATUS))
            complain(call, "a new sentence", told, !told);
        break;
    case R_POINTER:
    case R_HANDLE:
    case R_MARK:
        if (got != 0)
            complain(call, "the answer", got, 0);
        if (!told)
            complain(call, "a new sentence", 0, 1);
        break;
    case R_BOOL:
        if (got != 0)
            complain(call, "the answer", got, 0);
        break;
    case R_KIND:
        if (want == ANY_FAILURE ? got >= 0 : got != want)
            complain(call, "the status", got, want);
        break;
    case R_BYTE:
        if (got != -1)
            complain(call, "the answer", got, -1);
        break;
    case R_TEXT:
    case R_NUMBER:
    case R_NOTHING:
        break;
    }
    check_results(call, &set);
    EXPECT_OK(lifecycle_stats_get(w->manager, &after[0], sizeof after[0]));
    EXPECT_OK(lifecycle_stats_get(w->other, &after[1], sizeof after[1]));
    /* Room in a table may stay for the next symbol; nothing else may. */
    after[0].code_bytes_metadata = before[0].code_bytes_metadata;
    if (memcmp(before, after, sizeof before) != 0)
        complain(call, "something in the statistics", 1, 0);
    EXPECT_OK(lifecycle_memory_stats(w->interp, &memory[1], sizeof memory[1]));
    /* Scratch bytes may be lost until the eval ends; nothing else may. */
    memory[1].scratch_bytes = memory[0].scratch_bytes;
    memory[1].arena_used = memory[0].arena_used;
    memory[1].high_water = memory[0].high_water;
    if (memcmp(&memory[0], &memory[1], sizeof memory[0]) != 0)
        complain(call, "something in an interpreter's memory", 1, 0);
    EXPECT_OK(lifecycle_heap_stats_get(w->heap, &heap[1], sizeof heap[1]));
    if (heap[0].used != heap[1].used || heap[0].root_callbacks != heap[1].root_callbacks ||
        heap[0].finalizers != heap[1].finalizers || heap[0].weak != heap[1].weak ||
        heap[0].external != heap[1].external || w->heap->wam != &w->wam || w->wam.b != NULL || w->wam.tr_count != 0)
        complain(call, "something in a heap", 1, 0);
    if (lifecycle_arena_used(w->arena) != used)
        complain(call, "what the arena uses", (long long)lifecycle_arena_used(w->arena), (long long)used);
}

static void accept(struct call *call)
{
    int64_t got = (int64_t)call->row->call(call->v);
    switch (call->row->result) {
    case R_STATUS:
    case R_QUIET_STATUS:
        if (got != 0)
            complain(call, "the status", got, 0);
        break;
    case R_NOT_YET:
        if (got != LIFECYCLE_E_UNSUPPORTED)
            complain(call, "the status", got, LIFECYCLE_E_UNSUPPORTED);
        break;
    case R_POINTER:
    case R_TEXT:
    case R_BOOL:
    case R_HANDLE:
    case R_MARK:
        if (got == 0)
            complain(call, "the answer", got, 1);
        break;
    case R_KIND:
    case R_BYTE:
        if (got <= 0)
            complain(call, "the answer", got, 1);
        break;
    case R_NUMBER:
    case R_NOTHING:
        break;
    }
}

static struct call *visit_call;

static void visit_now(lifecycle_visitor *visitor)
{
    visit_call->v[0] = P(visitor);
    accept(visit_call);
}

/* What is good in the middle of a collection only. */
static void accept_visit(struct world *w, struct call *call)
{
    visit_call = call;
    while_visiting = visit_now;
    EXPECT_OK(lifecycle_heap_collect(w->heap));
    while_visiting = NULL;
}

/* --- all of it --- */

static void spoil_result(struct world *w, const struct row *row, int at)
{
    struct call call;
    enum kind kind = row->kinds[at];
    if (kind != K_OUT8_MAYBE && kind != K_OUT16_MAYBE &&
        kind != K_OUT_SIZED_MAYBE) {
        set_up(&call, w, row);
        call.at = at;
        call.how = "NULL";
        call.v[at] = 0;
        refuse(w, &call, LIFECYCLE_E_INVALID);
    }
    if (kind != K_OUT_BOOL) {
        set_up(&call, w, row);
        call.at = at;
        call.how = "misaligned";
        call.v[at] += 1;
        refuse(w, &call, LIFECYCLE_E_INVALID);
    }
}

static void spoil(struct world *w, const struct row *row, int at)
{
    static const uint64_t sizes[] = {0, 65537, SIZE_MAX, SIZE_MAX / 2};
    struct call call;
    enum kind kind = row->kinds[at];
    size_t i;
    if (out_bytes(kind) != 0) {
        spoil_result(w, row, at);
        return;
    }
    if (kind == K_OUT_SIZE) {
        for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            set_up(&call, w, row);
            call.at = at;
            call.how = "of no possible size";
            call.v[at] = sizes[i];
            refuse(w, &call, LIFECYCLE_E_INVALID);
        }
        return;
    }
    for (i = 0; i < (size_t)w->of[kind].bads; i++) {
        const struct bad *bad = &w->of[kind].bad[i];
        set_up(&call, w, row);
        call.at = at;
        call.how = bad->how;
        call.v[at] = bad->value;
        refuse(w, &call, bad->want);
    }
}

static void spoil_each(struct world *w, const struct row *row)
{
    int at;
    expect_test = row->name;
    for (at = 0; at < row->arguments; at++)
        spoil(w, row, at);
}

/* Each function in a world of its own, whose end is the good call. */
static void every_parameter_of_every_function(void)
{
    size_t i;
    for (i = 0; i < ROWS; i++) {
        struct world w;
        struct call call;
        make_world(&w);
        fill_kinds(&w);
        spoil_each(&w, &rows[i]);
        set_up(&call, &w, &rows[i]);
        if (rows[i].call == call_lifecycle_visit)
            accept_visit(&w, &call);
        else
            accept(&call);
        if (rows[i].call == call_lifecycle_create)
            EXPECT_OK(lifecycle_destroy(*(lifecycle_manager **)(void *)call.places[0]));
        if (rows[i].call == call_lifecycle_arena_create)
            EXPECT_OK(lifecycle_arena_destroy(*(lifecycle_arena **)(void *)call.places[0]));
        if (rows[i].call == call_lifecycle_heap_create)
            EXPECT_OK(lifecycle_heap_destroy(*(lifecycle_heap **)(void *)call.places[0]));
        if (rows[i].call == call_lifecycle_interp_create)
            EXPECT_OK(lifecycle_interp_destroy(*(lifecycle_interp **)(void *)call.places[0]));
        if (rows[i].call == call_lifecycle_materialize)
            lifecycle_value_release(*(lifecycle_value **)(void *)call.places[0]);
        if (rows[i].call == call_lifecycle_value_retain)
            lifecycle_value_release(w.value);
        if (rows[i].call == call_lifecycle_value_release)
            w.value = NULL;
        if (rows[i].call == call_lifecycle_load_enter)
            EXPECT_OK(lifecycle_load_leave(w.manager, "to load"));
        end_world(&w);
    }
    EXPECT_OK(lifecycle_destroy(lifecycle_default()));
}

/* One world survives all of it: not one call has changed anything. */
static void every_parameter_in_one_world(void)
{
    struct world w;
    size_t i;
    make_world(&w);
    fill_kinds(&w);
    for (i = 0; i < ROWS; i++)
        spoil_each(&w, &rows[i]);
    end_world(&w);
}

/* All parameters 0, and all of them with every bit set: never more than a
 * failure, and those that cannot fail do not. */
static void nothing_at_all(void)
{
    static const uint64_t zero[9], ones[9] = {~0ull, ~0ull, ~0ull, ~0ull, ~0ull,
                                              ~0ull, ~0ull, ~0ull, ~0ull};
    size_t i;
    for (i = 0; i < ROWS; i++) {
        struct call call;
        int64_t got;
        memset(&call, 0, sizeof call);
        call.row = &rows[i];
        call.how = "(all 0)";
        if (rows[i].arguments == 0)
            continue;
        got = (int64_t)rows[i].call(zero);
        if ((rows[i].result == R_STATUS || rows[i].result == R_QUIET_STATUS) &&
            got != LIFECYCLE_E_INVALID)
            complain(&call, "the status", got, LIFECYCLE_E_INVALID);
        if ((rows[i].kinds[0] != K_MANAGER && rows[i].kinds[0] != K_READER &&
             rows[i].kinds[0] != K_READER_PARKED) ||
            rows[i].kinds[rows[i].arguments - 1] == K_OUT_BOOL)
            continue; /* ~0 as a text, or as a place, is nobody's to survive */
        call.how = "(every bit set)";
        got = (int64_t)rows[i].call(ones);
        if ((rows[i].result == R_STATUS || rows[i].result == R_QUIET_STATUS) &&
            got != LIFECYCLE_E_INVALID)
            complain(&call, "the status", got, LIFECYCLE_E_INVALID);
    }
    EXPECT_OK(lifecycle_destroy(lifecycle_default()));
}

/* The ledger, put into this program by the assembler. */
__asm__(".pushsection .rodata\n"
        "ledger_start: .incbin \"symbols.txt\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char ledger_start[];

static void no_function_is_left_out(void)
{
    const char *line = ledger_start;
    size_t functions = 0, i;
    while (*line != '\0') {
        size_t len = strcspn(line, " \n");
        /* What debuggers look for by name is nobody's to call. */
        if (*line != '#' && strncmp(line, "__jit_debug_", 12) != 0 && len != 0) {
            for (i = 0; i < ROWS; i++)
                if (strlen(rows[i].name) == len && memcmp(rows[i].name, line, len) == 0)
                    break;
            if (i == ROWS) {
                expect_failures++;
                fprintf(stderr, "misuse_table.h has no row for %.*s\n", (int)len, line);
            }
            functions++;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    EXPECT_EQ(functions, ROWS);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    EXPECT(file != NULL && fputs(text, file) >= 0);
    if (file != NULL)
        fclose(file);
}

int main(void)
{
    write_file("misuse.tmp", "some bytes");
    write_file("misuse.empty", "");
    RUN(no_function_is_left_out);
    RUN(nothing_at_all);
    RUN(every_parameter_in_one_world);
    if (expect_scale(1, 0))
        RUN(every_parameter_of_every_function);
    unlink("misuse.tmp");
    unlink("misuse.empty");
    return expect_done();
}
