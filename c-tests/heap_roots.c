/*
 * Heaps: every kind of root. With it, what it refers to survives; left out during a collection and put back, its cells
 * are gone, and a verification names the very place. A table drives it: a place that is in the header and not here
 * fails the test.
 */
#include "heap.h"

/* --- the table --- */

/* A machine with one of everything, and how a place is filled. */
struct stage {
    struct machine m;
    struct frame older, newer, left;
    struct choice first, second;
    lifecycle_cell called[3]; /* what the callback hands over */
    lifecycle_cell holder;    /* a structure whose first argument is assigned */
    /* The place that a row fills, and what a fault there says of it. */
    lifecycle_cell *place;
    uint64_t index;
    const void *frame_or_choice;
};

static void hand_over(lifecycle_visitor *visitor, void *user)
{
    struct stage *s = user;
    size_t i;
    for (i = 0; i < COUNT(s->called); i++)
        EXPECT_OK(lifecycle_visit(visitor, &s->called[i]));
}

static void fill(struct stage *s, lifecycle_cell *place, uint64_t index, const void *in)
{
    s->place = place;
    s->index = index;
    s->frame_or_choice = in;
}

static void at_x_first(struct stage *s)
{
    fill(s, &s->m.x[0], 0, NULL);
}
static void at_x_last(struct stage *s)
{
    fill(s, &s->m.x[X_COUNT - 1], X_COUNT - 1, NULL);
}
static void at_global(struct stage *s)
{
    fill(s, &s->m.globals[GLOBALS_COUNT - 1], GLOBALS_COUNT - 1, NULL);
}
static void at_newest_frame(struct stage *s)
{
    fill(s, &s->newer.slots[SLOTS - 1], SLOTS - 1, &s->newer);
}
static void at_older_frame(struct stage *s)
{
    fill(s, &s->older.slots[0], 0, &s->older);
}
/* The machine has left it; a choicepoint goes back there. */
static void at_left_frame(struct stage *s)
{
    fill(s, &s->left.slots[1], 1, &s->left);
}
static void at_newest_choice(struct stage *s)
{
    fill(s, &s->second.arguments[ARGUMENTS - 1], ARGUMENTS - 1, &s->second);
}
static void at_oldest_choice(struct stage *s)
{
    fill(s, &s->first.arguments[0], 0, &s->first);
}
static void at_callback(struct stage *s)
{
    fill(s, &s->called[2], 2, NULL);
}
/* The old value of the holder's argument: a word of the trail. */
static void at_trail(struct stage *s)
{
    EXPECT_OK(lifecycle_wam_assign(s->m.heap, lifecycle_cell_index(s->holder) + 1, lifecycle_make_int(5)));
    EXPECT_EQ(s->m.wam.tr_count, 2);
    fill(s, &s->m.wam.tr[0], 0, NULL);
}

static const struct row {
    const char *name;
    uint32_t place;
    void (*fill)(struct stage *s);
} rows[] = {
    {"the first register", LIFECYCLE_PLACE_X, at_x_first},
    {"the last register", LIFECYCLE_PLACE_X, at_x_last},
    {"a slot of the environment", LIFECYCLE_PLACE_FRAME, at_newest_frame},
    {"a slot of the environment before", LIFECYCLE_PLACE_FRAME, at_older_frame},
    {"a slot of a choicepoint's environment", LIFECYCLE_PLACE_FRAME, at_left_frame},
    {"an argument of the newest choicepoint", LIFECYCLE_PLACE_CHOICE, at_newest_choice},
    {"an argument of the oldest choicepoint", LIFECYCLE_PLACE_CHOICE, at_oldest_choice},
    {"an old value on the trail", LIFECYCLE_PLACE_TRAIL, at_trail},
    {"a global", LIFECYCLE_PLACE_GLOBAL, at_global},
    {"a cell of a callback", LIFECYCLE_PLACE_CALLBACK, at_callback},
};

static void set_stage(struct stage *s)
{
    memset(s, 0, sizeof *s);
    machine(&s->m);
    EXPECT_OK(lifecycle_heap_add_roots(s->m.heap, hand_over, s));
    /* What is assigned to is older than the choicepoints, and alive. */
    s->m.globals[0] = s->holder = structure(s->m.heap, 1, 0);
    enter_frame(&s->m, &s->older, "older");
    push(&s->m, &s->first);
    enter_frame(&s->m, &s->left, "left");
    push(&s->m, &s->second);
    s->m.wam.e = &s->older.head;
    s->m.wam.code = "older";
    enter_frame(&s->m, &s->newer, "newer");
}

static void strike_stage(struct stage *s)
{
    EXPECT_OK(lifecycle_wam_cut(s->m.heap, NULL));
    EXPECT_OK(lifecycle_heap_destroy(s->m.heap));
}

/* What is alive besides: the holder; and a pair above what goes. */
#define OTHERS 2
#define PAIR 2

static void with_it_what_it_refers_to_survives(void)
{
    size_t i;
    for (i = 0; i < COUNT(rows); i++) {
        struct stage s;
        lifecycle_cell term;
        expect_test = rows[i].name;
        set_stage(&s);
        term = sample(s.m.heap, 3);
        /* Something that lives lies above it: it goes, and the end of the heap stays. */
        *part(s.m.heap, s.holder, 1) = cons(s.m.heap, 0, 0);
        s.m.globals[1] = *part(s.m.heap, s.holder, 1);
        rows[i].fill(&s);
        *s.place = term;
        collect_and_litter(s.m.heap, 1000);
        EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + PAIR + SAMPLE_CELLS);
        EXPECT_EQ(*s.place, term);
        EXPECT(is_sample(s.m.heap, *s.place, 3));
        EXPECT_EQ(heap_stats(s.m.heap).faults, 0);
        EXPECT_WHOLE(s.m.heap);
        strike_stage(&s);
    }
}

static void left_out_it_is_missed_and_named(void)
{
    size_t i;
    for (i = 0; i < COUNT(rows); i++) {
        struct stage s;
        struct found found;
        lifecycle_cell term;
        expect_test = rows[i].name;
        set_stage(&s);
        term = sample(s.m.heap, 3);
        /* Something that lives lies above it: it goes, and the end of the heap stays. */
        *part(s.m.heap, s.holder, 1) = cons(s.m.heap, 0, 0);
        s.m.globals[1] = *part(s.m.heap, s.holder, 1);
        rows[i].fill(&s);
        *s.place = term;
        EXPECT_WHOLE(s.m.heap);
        *s.place = 0;
        EXPECT_OK(lifecycle_heap_collect(s.m.heap));
        EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + PAIR);
        *s.place = term;
        found = verify(s.m.heap);
        EXPECT_EQ(found.counted, 1);
        EXPECT_EQ(found.faults[0].size, sizeof(lifecycle_heap_fault));
        EXPECT_EQ(found.faults[0].kind, LIFECYCLE_FAULT_RECLAIMED);
        EXPECT_EQ(found.faults[0].place, rows[i].place);
        EXPECT_EQ(found.faults[0].index, s.index);
        EXPECT_EQ(found.faults[0].cell, term);
        EXPECT(found.faults[0].holder == s.frame_or_choice);
        *s.place = 0;
        EXPECT_WHOLE(s.m.heap);
        strike_stage(&s);
    }
}

/* Where cells are used again, the answer is wrong. */
static void left_out_its_cells_are_used_again(void)
{
    size_t i;
    for (i = 0; i < COUNT(rows); i++) {
        struct stage s;
        lifecycle_cell term;
        expect_test = rows[i].name;
        set_stage(&s);
        term = sample(s.m.heap, 3);
        rows[i].fill(&s);
        *s.place = term;
        EXPECT(is_sample(s.m.heap, term, 3));
        *s.place = 0;
        collect_and_litter(s.m.heap, 1000);
        *s.place = term;
        EXPECT(!is_sample(s.m.heap, term, 3));
        *s.place = 0;
        strike_stage(&s);
    }
}

/* The header, put into this program by the assembler. */
__asm__(".pushsection .rodata\n"
        "header_start: .incbin \"lifecycle.h\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char header_start[];

static void no_place_is_left_out(void)
{
    static const char word[] = "#define LIFECYCLE_PLACE_";
    const char *at = header_start;
    uint32_t places = 0, place;
    size_t i;
    while ((at = strstr(at, word)) != NULL) {
        at += sizeof word - 1;
        place = (uint32_t)strtoul(at + strcspn(at, " "), NULL, 10);
        places++;
        for (i = 0; i < COUNT(rows); i++)
            if (rows[i].place == place)
                break;
        /* Cells of the heap are no roots. */
        EXPECT((i < COUNT(rows)) == (place != LIFECYCLE_PLACE_HEAP));
    }
    EXPECT_EQ(places, 7);
}

/* --- the containers: nothing of what is not counted is looked at --- */

static void only_what_is_counted_is_looked_at(void)
{
    struct stage s;
    lifecycle_cell junk = lifecycle_make_str((1ull << 61) - 1);
    set_stage(&s);
    s.m.wam.x_count = 2;
    s.m.wam.globals_count = 1;
    s.newer.head.count = 1;
    s.second.head.count = 1;
    s.m.x[1] = structure(s.m.heap, 1, 0);
    s.m.x[2] = s.m.globals[1] = s.newer.slots[1] = s.second.arguments[1] = junk;
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).faults, 0);
    EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + 2);
    s.m.wam.x = NULL, s.m.wam.x_count = 0;
    s.m.wam.globals = NULL, s.m.wam.globals_count = 0;
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).live, 0);
    EXPECT_WHOLE(s.m.heap);
    strike_stage(&s);
}

static void a_chain_that_is_cut_is_not_followed(void)
{
    struct stage s;
    set_stage(&s);
    s.older.slots[0] = structure(s.m.heap, 0, 0);
    s.newer.slots[0] = structure(s.m.heap, 0, 0);
    s.left.slots[0] = structure(s.m.heap, 0, 0);
    s.first.arguments[0] = structure(s.m.heap, 0, 0);
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + 4);
    s.m.wam.e = NULL;
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + 3);
    s.second.head.env = NULL;
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + 2);
    s.first.head.env = NULL;
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS + 1);
    EXPECT_OK(lifecycle_wam_cut(s.m.heap, NULL));
    EXPECT_OK(lifecycle_heap_collect(s.m.heap));
    EXPECT_EQ(heap_stats(s.m.heap).live, OTHERS);
    EXPECT_WHOLE(s.m.heap);
    EXPECT_OK(lifecycle_heap_destroy(s.m.heap));
}

static void a_machine_can_be_taken_away_and_told_again(void)
{
    struct machine m;
    lifecycle_wam other = LIFECYCLE_WAM_INIT, short_one = LIFECYCLE_WAM_INIT;
    lifecycle_cell cell;
    machine(&m);
    cell = m.x[0] = sample(m.heap, 4);
    short_one.size = sizeof short_one - 1;
    EXPECT_STATUS(lifecycle_heap_set_wam(m.heap, &short_one), LIFECYCLE_E_INVALID);
    short_one.size = sizeof short_one, short_one.x_count = 1;
    EXPECT_STATUS(lifecycle_heap_set_wam(m.heap, &short_one), LIFECYCLE_E_INVALID);
    short_one.x_count = 0, short_one.tr_count = 1;
    EXPECT_STATUS(lifecycle_heap_set_wam(m.heap, &short_one), LIFECYCLE_E_INVALID);
    short_one.tr_count = 0, short_one.globals_count = 1;
    EXPECT_STATUS(lifecycle_heap_set_wam(m.heap, &short_one), LIFECYCLE_E_INVALID);
    short_one.globals_count = 0, short_one.tr_capacity = 1;
    EXPECT_STATUS(lifecycle_heap_set_wam(m.heap, &short_one), LIFECYCLE_E_INVALID);
    /* It has the ones that it had. */
    EXPECT(m.heap->wam == &m.wam);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(is_sample(m.heap, m.x[0], 4));
    other.x = &cell, other.x_count = 1;
    EXPECT_OK(lifecycle_heap_set_wam(m.heap, &other));
    m.x[0] = 0;
    collect_and_litter(m.heap, 100);
    EXPECT(is_sample(m.heap, cell, 4));
    EXPECT_OK(lifecycle_heap_set_wam(m.heap, NULL));
    EXPECT(m.heap->wam == NULL);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 0);
    end(m.heap);
}

/* --- slots that are alive --- */

enum { WIDE = 130 };
struct wide {
    lifecycle_frame head;
    lifecycle_cell slots[WIDE];
};

struct code {
    uint64_t live[3]; /* a bit for each slot */
};

static uint64_t live_slots(const lifecycle_frame *frame, const void *code, uint32_t first, void *user)
{
    const struct code *at = code;
    ++*(int *)user;
    EXPECT(first % 64 == 0 && first < frame->count);
    EXPECT(first / 64 < COUNT(at->live));
    return at->live[first / 64 % COUNT(at->live)];
}

static void enter_wide(struct machine *m, struct wide *frame, const void *code)
{
    memset(frame->slots, 0xa1, sizeof frame->slots); /* a STR to nowhere */
    lifecycle_frame_init(&frame->head, m->wam.e, m->wam.code, WIDE);
    m->wam.e = &frame->head;
    m->wam.code = code;
}

static void only_live_slots_are_kept(void)
{
    static const struct code outer = {{1ull << 63 | 1, 1, ~0ull << 1}}, inner = {{0, 1ull << 63, ~0ull << 2}};
    static const uint32_t kept[] = {0, 63, 64, 129};
    struct machine m;
    struct wide older, newer;
    int calls = 0;
    size_t i;
    machine(&m);
    m.wam.live = live_slots;
    m.wam.user = &calls;
    enter_wide(&m, &older, &outer);
    enter_wide(&m, &newer, &inner);
    for (i = 0; i < COUNT(kept); i++)
        older.slots[kept[i]] = structure(m.heap, 1, (int64_t)i);
    older.slots[1] = older.slots[62] = older.slots[65] = structure(m.heap, 1, 0);
    newer.slots[127] = structure(m.heap, 1, 70);
    newer.slots[0] = newer.slots[126] = structure(m.heap, 1, 0);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(calls >= 6);
    EXPECT_EQ(heap_stats(m.heap).live, 10);
    EXPECT_EQ(heap_stats(m.heap).faults, 0);
    for (i = 0; i < COUNT(kept); i++)
        EXPECT(is_structure(m.heap, older.slots[kept[i]], 1, (int64_t)i));
    EXPECT(is_structure(m.heap, newer.slots[127], 1, 70));
    /* Without the callback all of them are looked at, and most are nonsense. */
    EXPECT_WHOLE(m.heap);
    m.wam.live = NULL;
    EXPECT(verify(m.heap).counted > 100);
    m.wam.live = live_slots;
    end(m.heap);
}

/* Two choicepoints, and the machine itself, go on in one environment at three places in its code. */
static void hazard_mem_15_one_environment_three_sets_of_slots(void)
{
    static const struct code codes[] = {{{1, 0, 0}}, {{2, 0, 0}}, {{4, 0, 0}}, {{7, 0, 0}}, {{0, 0, 0}}};
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {3, 0, 4}, {4, 0, 3}, {0, 3, 4}, {4, 4, 3}, {0, 0, 1}};
    static const uint64_t lives[] = {3, 3, 3, 3, 3, 3, 2};
    size_t i;
    for (i = 0; i < COUNT(orders); i++) {
        struct machine m;
        struct wide shared, before;
        struct choice first, second;
        int calls = 0, slot;
        machine(&m);
        m.wam.live = live_slots;
        m.wam.user = &calls;
        enter_wide(&m, &before, &codes[4]);
        m.wam.code = &codes[0];
        enter_wide(&m, &shared, &codes[orders[i][0]]);
        before.slots[0] = structure(m.heap, 0, 0);
        for (slot = 0; slot < 3; slot++)
            shared.slots[slot] = structure(m.heap, 0, slot);
        push(&m, &first);
        m.wam.code = &codes[orders[i][1]];
        push(&m, &second);
        m.wam.code = &codes[orders[i][2]];
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, lives[i] + 1);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, lives[i] + 1);
        EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
        end(m.heap);
    }
}

/* --- callbacks --- */

struct misbehaviour {
    lifecycle_heap *heap;
    lifecycle_visitor *visitor;
    lifecycle_wam *wam;
    lifecycle_cell cell;
    lifecycle_weak weak;
    int calls;
};

static void misbehave(lifecycle_visitor *visitor, void *user)
{
    struct misbehaviour *bad = user;
    lifecycle_heap *heap = bad->heap;
    struct choice choice;
    lifecycle_heap_stats stats;
    lifecycle_cell out = 1;
    lifecycle_weak weak = 1;
    size_t faults = 1;
    bad->calls++;
    bad->visitor = visitor;
    EXPECT_OK(lifecycle_visit(visitor, &bad->cell));
    EXPECT_OK(lifecycle_heap_stats_get(heap, &stats, sizeof stats));
    EXPECT_EQ(lifecycle_heap_alloc(heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_EQ(lifecycle_heap_alloc_slow(heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_safepoint_slow(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_reserve(heap, 1), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_add_roots(heap, misbehave, user), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_remove_roots(heap, misbehave, user), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_set_wam(heap, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_verify(heap, NULL, NULL, &faults), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_blob(heap, "", 1, &out), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_heap_external(heap, 8), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_weak_create(heap, bad->cell, &weak), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_weak_get(heap, bad->weak, &out), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_weak_drop(heap, bad->weak), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_choice_push(heap, &choice.head, 0, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_choice_pop(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_cut(heap, NULL), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_backtrack(heap), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_assign(heap, 1, 0), LIFECYCLE_E_BUSY);
    EXPECT_STATUS(lifecycle_wam_trail_reserve(heap, 1), LIFECYCLE_E_BUSY);
    EXPECT(faults == 0 && weak == 0 && out == 0);
    EXPECT_STATUS(lifecycle_visit(visitor, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_visit(visitor, (lifecycle_cell *)(void *)((char *)&bad->cell + 1)), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_visit(NULL, &bad->cell), LIFECYCLE_E_INVALID);
}

static void hazard_mem_20_a_callback_that_does_what_it_must_not(void)
{
    struct machine m;
    struct misbehaviour bad;
    lifecycle_heap_stats before, after;
    size_t faults = 9;
    machine(&m);
    memset(&bad, 0, sizeof bad);
    bad.heap = m.heap;
    bad.cell = sample(m.heap, 8);
    EXPECT_OK(lifecycle_weak_create(m.heap, bad.cell, &bad.weak));
    EXPECT_OK(lifecycle_heap_add_roots(m.heap, misbehave, &bad));
    before = heap_stats(m.heap);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(bad.calls >= 1);
    after = heap_stats(m.heap);
    EXPECT_EQ(after.used, before.used);
    EXPECT_EQ(after.root_callbacks, 1);
    EXPECT_EQ(after.weak, 1);
    EXPECT_EQ(after.external, 0);
    EXPECT_OK(lifecycle_heap_verify(m.heap, NULL, NULL, &faults));
    EXPECT_EQ(faults, 0);
    /* A visitor is one only while it visits. */
    EXPECT_STATUS(lifecycle_visit(bad.visitor, &bad.cell), LIFECYCLE_E_INVALID);
    litter(m.heap, 1000);
    EXPECT(is_sample(m.heap, bad.cell, 8));
    EXPECT_OK(lifecycle_heap_remove_roots(m.heap, misbehave, &bad));
    end(m.heap);
    EXPECT(lifecycle_visit(bad.visitor, &bad.cell) != LIFECYCLE_OK);
}

static char called[16];

static void note(lifecycle_visitor *visitor, void *user)
{
    (void)visitor;
    strncat(called, user, sizeof called - strlen(called) - 1);
}

static void expect_calls(lifecycle_heap *heap, const char *want)
{
    called[0] = '\0';
    EXPECT_OK(lifecycle_heap_collect(heap));
    EXPECT(strcmp(called, want) == 0);
}

static void callbacks_are_called_oldest_first(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    lifecycle_heap *heap = make(&options);
    char a[] = "a", b[] = "b", c[] = "c";
    EXPECT_OK(lifecycle_heap_add_roots(heap, note, a));
    EXPECT_OK(lifecycle_heap_add_roots(heap, note, b));
    EXPECT_OK(lifecycle_heap_add_roots(heap, note, c));
    EXPECT_OK(lifecycle_heap_add_roots(heap, note, a));
    expect_calls(heap, "abca");
    EXPECT_EQ(heap_stats(heap).root_callbacks, 4);
    EXPECT_OK(lifecycle_heap_remove_roots(heap, note, a));
    expect_calls(heap, "abc");
    EXPECT_OK(lifecycle_heap_remove_roots(heap, note, b));
    expect_calls(heap, "ac");
    EXPECT_STATUS(lifecycle_heap_remove_roots(heap, note, b), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_heap_remove_roots(heap, misbehave, a), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_heap_remove_roots(heap, NULL, a), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_heap_add_roots(heap, NULL, a), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_heap_remove_roots(heap, note, a));
    EXPECT_OK(lifecycle_heap_remove_roots(heap, note, c));
    expect_calls(heap, "");
    end(heap);
}

enum { MANY = 5000 };

static void visit_many(lifecycle_visitor *visitor, void *user)
{
    lifecycle_cell *cells = user;
    int i;
    for (i = 0; i < MANY; i++)
        EXPECT_OK(lifecycle_visit(visitor, &cells[i]));
}

static void a_callback_may_have_many_cells(void)
{
    static lifecycle_cell cells[MANY];
    lifecycle_heap *heap = make_verified();
    int i;
    for (i = 0; i < MANY; i++)
        cells[i] = i % 5 == 0 ? lifecycle_make_int(i) : structure(heap, 2, i);
    EXPECT_OK(lifecycle_heap_add_roots(heap, visit_many, cells));
    collect_and_litter(heap, 20000);
    EXPECT_EQ(heap_stats(heap).live, MANY / 5 * 4 * 3);
    for (i = 0; i < MANY; i++)
        EXPECT(i % 5 == 0 ? cells[i] == lifecycle_make_int(i) : is_structure(heap, cells[i], 2, i));
    end(heap);
}

int main(void)
{
    RUN(no_place_is_left_out);
    RUN(with_it_what_it_refers_to_survives);
    RUN(left_out_it_is_missed_and_named);
    RUN(left_out_its_cells_are_used_again);
    RUN(only_what_is_counted_is_looked_at);
    RUN(a_chain_that_is_cut_is_not_followed);
    RUN(a_machine_can_be_taken_away_and_told_again);
    RUN(only_live_slots_are_kept);
    RUN(hazard_mem_15_one_environment_three_sets_of_slots);
    RUN(hazard_mem_20_a_callback_that_does_what_it_must_not);
    RUN(callbacks_are_called_oldest_first);
    RUN(a_callback_may_have_many_cells);
    return expect_done();
}
