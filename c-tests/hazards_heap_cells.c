/*
 * hazards_heap_cells.c - heaps of cells, the hazards of docs/hazards.md that come with what cells hold and where they
 * lie: 2, 3, 9, 10, 11. The other programs are named in hazards_heap.c.
 */
#include "hazards_heap.h"

/* --- 3: depth --- */

enum shape { LIST, HEADS, BOXES, REFERENCES, SHAPES };

/* So many levels, each of which holds the one below; next to each other they would be one walk along memory. */
static cell nest(lifecycle_heap *heap, enum shape shape, unsigned long levels)
{
    uint64_t size = shape == REFERENCES ? 1 : 2, first = take(heap, (uint32_t)(levels * size));
    cell inner = number(-1);
    for (unsigned long i = 0; i < levels; i++) {
        uint64_t at = first + i * 37 % levels * size;
        if (shape == REFERENCES) {
            heap->cells[at] = inner;
            inner = lifecycle_make_ref(at);
            continue;
        }
        heap->cells[at] = shape == HEADS ? inner : shape == BOXES ? lifecycle_make_fun(2, 1) : number(0);
        heap->cells[at + 1] = shape == HEADS ? number(0) : inner;
        inner = shape == BOXES ? lifecycle_make_str(at) : lifecycle_make_lis(at);
    }
    return inner;
}

static unsigned long levels_of(lifecycle_heap *heap, enum shape shape, cell outer)
{
    unsigned long levels = 0;
    for (; outer != number(-1); levels++)
        outer = heap->cells[place(outer) + (shape == LIST || shape == BOXES)];
    return levels;
}

static void nest_and_collect(enum shape shape, unsigned long levels, bool verify)
{
    struct machine m;
    uint64_t cells = shape == REFERENCES ? levels : 2 * levels;
    make_machine(&m, NULL);
    m.x[3] = nest(m.heap, shape, levels);
    for (int i = 0; i < 2; i++) {
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, cells);
    }
    EXPECT_EQ(levels_of(m.heap, shape, m.x[3]), levels);
    if (verify)
        EXPECT_SOUND(m.heap);
    m.x[3] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 0);
    EXPECT_OK(lifecycle_heap_destroy(m.heap));
}

static void *ten_million_levels(void *unused)
{
    for (int shape = LIST; shape < SHAPES; shape++)
        nest_and_collect((enum shape)shape, expect_scale(10000000, 30000), false);
    return unused;
}

static void hazard_mem_03_ten_million_levels_of_cells_in_a_small_stack(void)
{
    run_in_a_small_stack(ten_million_levels);
}

static void *a_million_levels_verified(void *unused)
{
    for (int shape = LIST; shape < SHAPES; shape++)
        nest_and_collect((enum shape)shape, expect_scale(1000000, 20000), true);
    return unused;
}

static void hazard_mem_03_a_million_levels_are_verified_in_a_small_stack(void)
{
    run_in_a_small_stack(a_million_levels_verified);
}

/* X = f(X), a pair that is its own head and tail, two variables bound to each other, in a ring a million long. */
static void hazard_mem_02_cycles_of_cells(void)
{
    struct machine m;
    uint64_t first, last;
    unsigned long ring = expect_scale(1000000, 10000);
    make_machine(&m, NULL);
    m.x[0] = box(m.heap, 0);
    m.heap->cells[argument(m.x[0], 0)] = m.x[0];
    m.x[1] = cons(m.heap, 0, 0);
    m.heap->cells[place(m.x[1])] = m.heap->cells[place(m.x[1]) + 1] = m.x[1];
    m.x[2] = new_variable(m.heap);
    m.x[3] = new_variable(m.heap);
    m.heap->cells[place(m.x[2])] = m.x[3];
    m.heap->cells[place(m.x[3])] = m.x[2];
    m.x[4] = cons(m.heap, number(0), 0);
    first = last = place(m.x[4]);
    for (unsigned long i = 1; i < ring; i++) {
        cell pair = cons(m.heap, number((int64_t)i), 0);
        m.heap->cells[last + 1] = pair;
        last = place(pair);
    }
    m.heap->cells[last + 1] = m.x[4];
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 2 + 2 + 2 + 2 * ring);
    EXPECT_EQ(m.heap->cells[last + 1], lifecycle_make_lis(first));
    EXPECT_SOUND(m.heap);
    memset(m.x, 0, sizeof m.x);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 0);
    drop_machine(&m);
}

/* --- 9: cells that are not written yet --- */

/* A reference that nothing may follow: far outside, and with the tag of a structure. */
static cell junk(unsigned i)
{
    return (~(uint64_t)0 << 3) - (uint64_t)i * 8 + LIFECYCLE_TAG_REF + i % 3;
}

/* Allocating never collects, due or not; so a structure may be half written for as long as it takes. */
static void hazard_mem_09_half_a_structure(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    uint64_t at;
    options.threshold = 1000;
    make_machine(&m, &options);
    m.x[0] = list_of(m.heap, 10);
    EXPECT_OK(lifecycle_heap_reserve(m.heap, 700));
    at = take(m.heap, 601);
    m.x[1] = lifecycle_make_str(at); /* its arguments are whatever was there */
    for (unsigned i = 0; i <= 600; i++)
        m.heap->cells[at + i] = junk(i);
    for (uint32_t i = 0; i < 600; i++)
        m.heap->cells[at + 1 + i] = numbers_from(m.heap, 3, i);
    EXPECT(m.heap->due != 0);
    EXPECT_EQ(heap_stats(m.heap).collections, 0);
    m.heap->cells[at] = lifecycle_make_fun(1, 600);
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_EQ(heap_stats(m.heap).collections, 1);
    EXPECT_LIVE(m.heap, 20 + 601 + 600 * 4);
    for (uint32_t i = 0; i < 600; i++)
        EXPECT_NUMBERS(m.heap, m.heap->cells[at + 1 + i], 3, i);
    drop_machine(&m);
}

/* What was reserved is there without a collection, however it is taken. */
static void hazard_mem_09_reserved_cells_need_no_collection(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    options.threshold = 5000;
    options.max_cells = 100000;
    make_machine(&m, &options);
    m.x[0] = chain_with_holes(m.heap, 1000, 5);
    for (uint64_t round = 0; round < 200; round++) {
        uint64_t collections, wanted = 1 + round * 397 % 40000, taken = 0;
        EXPECT_OK(lifecycle_heap_reserve(m.heap, wanted));
        collections = heap_stats(m.heap).collections;
        while (taken < wanted) {
            uint64_t most = wanted - taken, size = 1 + (round * 7 + taken) % (most < 300 ? most : 300);
            uint64_t at = lifecycle_heap_alloc(m.heap, (uint32_t)size);
            EXPECT(at != LIFECYCLE_NO_CELL);
            for (uint64_t i = 0; at != LIFECYCLE_NO_CELL && i < size; i++)
                m.heap->cells[at + i] = number((int64_t)i);
            taken += size;
        }
        EXPECT_EQ(heap_stats(m.heap).collections, collections);
    }
    EXPECT(heap_stats(m.heap).collections > 10);
    drop_machine(&m);
}

/* A collection that is due in the middle of a unification is put off; outside it comes. */
static void hazard_mem_09_a_critical_section(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    struct machine m;
    options.threshold = 1000;
    make_machine(&m, &options);
    EXPECT_OK(lifecycle_heap_critical_enter(m.heap));
    EXPECT_OK(lifecycle_heap_critical_enter(m.heap));
    m.x[0] = list_of(m.heap, 3000);
    m.heap->cells[place(m.x[0])] = junk(0);
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_OK(lifecycle_heap_reserve(m.heap, 100));
    EXPECT_STATUS(lifecycle_heap_collect(m.heap), LIFECYCLE_E_BUSY);
    EXPECT_OK(lifecycle_heap_critical_leave(m.heap));
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_EQ(heap_stats(m.heap).collections, 0);
    m.heap->cells[place(m.x[0])] = number(3000);
    EXPECT_OK(lifecycle_heap_critical_leave(m.heap));
    EXPECT_STATUS(lifecycle_heap_critical_leave(m.heap), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_EQ(heap_stats(m.heap).collections, 1);
    EXPECT_LIST(m.heap, m.x[0], 3000);
    drop_machine(&m);
}

static uint64_t every_third(const lifecycle_frame *frame, const void *code, uint32_t first, void *user)
{
    uint64_t set = 0;
    (void)code;
    EXPECT(first % 64 == 0 && first < frame->count);
    *(unsigned *)user |= 1u << first / 64;
    for (uint32_t i = 0; i < 64; i++)
        set |= (uint64_t)((first + i) % 3 == 0) << i;
    return set;
}

/* Registers above x_count and slots that are not alive hold what they like, in every word of a wide environment. */
static void hazard_mem_09_dead_registers_and_slots(void)
{
    static struct {
        lifecycle_frame head;
        cell y[200];
    } frame;
    struct machine m;
    unsigned asked = 0;
    make_machine(&m, NULL);
    m.wam.live = every_third;
    m.wam.user = &asked;
    lifecycle_frame_init(&frame.head, NULL, NULL, 200);
    m.wam.e = &frame.head;
    m.wam.x_count = 2;
    for (unsigned i = 2; i < REGISTERS; i++)
        m.x[i] = junk(i);
    for (unsigned i = 0; i < 200; i++)
        frame.y[i] = i % 3 == 0 ? numbers_from(m.heap, 2, i) : i % 3 == 1 ? junk(i) : list_of(m.heap, 5);
    for (int round = 0; round < 3; round++) {
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, 67 * 3);
        EXPECT_SOUND(m.heap); /* it looks at no dead slot either, whatever that refers to by now */
        m.x[0] = list_of(m.heap, 1000);
        m.x[0] = 0;
    }
    EXPECT_EQ(asked, 15);
    for (unsigned i = 0; i < 200; i += 3)
        EXPECT_NUMBERS(m.heap, frame.y[i], 2, i);
    drop_machine(&m);
}

/* Cells of zeros, and cells that refer to nobody's cell 0, are passed over everywhere. */
static void hazard_mem_09_zeros(void)
{
    struct machine m;
    struct choice choice;
    struct frame frame;
    memset(&choice, 0, sizeof choice);
    memset(&frame, 0, sizeof frame);
    make_machine(&m, NULL);
    lifecycle_frame_init(&frame.head, NULL, NULL, 4);
    m.wam.e = &frame.head;
    m.x[0] = numbers_from(m.heap, 3, 0);
    memset(&m.heap->cells[argument(m.x[0], 0)], 0, 3 * sizeof(cell));
    EXPECT_OK(lifecycle_wam_choice_push(m.heap, &choice.head, 4, NULL));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 4);
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_STATUS(lifecycle_wam_bind(m.heap, LIFECYCLE_NO_CELL, number(1)), LIFECYCLE_E_RANGE);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    drop_machine(&m);
}

/* --- 10: references into the middle --- */

/* A reference to an argument keeps that cell; the rest of a dead structure is given out again, around it. */
static void hazard_mem_10_one_cell_of_a_dead_structure(void)
{
    struct machine m;
    cell dead, kept, before, after;
    make_machine(&m, NULL);
    dead = numbers_from(m.heap, 9, 100);
    m.x[0] = lifecycle_make_ref(argument(dead, 4));
    m.x[1] = list_of(m.heap, 50);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 1 + 100);
    before = m.x[2] = numbers_from(m.heap, 4, 0);
    after = m.x[3] = numbers_from(m.heap, 3, 50);
    EXPECT_EQ(place(before), place(dead));
    EXPECT_EQ(place(after), argument(dead, 5));
    EXPECT_EQ(m.heap->cells[argument(dead, 4)], number(104));
    EXPECT_SOUND(m.heap);
    kept = m.heap->cells[argument(dead, 4)] = box(m.heap, number(7));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 1 + 100 + 5 + 4 + 2);
    EXPECT_EQ(m.heap->cells[argument(kept, 0)], number(7));
    EXPECT_NUMBERS(m.heap, before, 4, 0);
    EXPECT_NUMBERS(m.heap, after, 3, 50);
    drop_machine(&m);
}

/* An argument that is marked already says nothing of the others: the structure is looked through all the same. */
static void hazard_mem_10_a_structure_after_its_arguments(void)
{
    struct machine m;
    struct visits visits;
    cell terms[20], pair;
    memset(&visits, 0, sizeof visits);
    make_machine(&m, NULL);
    EXPECT_OK(lifecycle_heap_add_roots(m.heap, visit_cells, &visits));
    for (uint32_t t = 0; t < 20; t++) {
        /* From one argument to so many that a word of marks does not hold them. */
        uint32_t arity = 1 + t * 7;
        terms[t] = numbers_from(m.heap, arity, 0);
        for (uint32_t i = 0; i < arity; i++)
            m.heap->cells[argument(terms[t], i)] = box(m.heap, number(i));
    }
    pair = cons(m.heap, box(m.heap, number(1)), box(m.heap, number(2)));
    for (int order = 0; order < 4; order++) {
        for (uint32_t t = 0; t < 20; t++) {
            uint32_t arity = 1 + t * 7, inside = order / 2 == 0 ? 0 : arity - 1;
            visits.cells[order % 2 == 0 ? t : 39 - t] = lifecycle_make_ref(argument(terms[t], inside));
            visits.cells[order % 2 == 0 ? 20 + t : 19 - t] = terms[t];
        }
        visits.cells[40 + order % 2] = lifecycle_make_ref(place(pair) + (uint64_t)order / 2);
        visits.cells[41 - order % 2] = pair;
        visits.count = 42;
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, 20 + 3 * (20 + 7 * 190) + 6);
        m.x[0] = list_of(m.heap, 5000); /* takes what was reclaimed, which is nothing */
        m.x[0] = 0;
        for (uint32_t t = 0; t < 20; t++)
            for (uint32_t i = 0; i < 1 + t * 7; i++)
                EXPECT_EQ(m.heap->cells[argument(m.heap->cells[argument(terms[t], i)], 0)], number(i));
    }
    EXPECT_SOUND(m.heap);
    visits.count = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 0);
    drop_machine(&m);
}

/* --- 11: raw words --- */

static cell new_blob(lifecycle_heap *heap, uint64_t bytes, cell pattern)
{
    uint64_t words = (bytes + 7) / 8, at = take(heap, (uint32_t)words + 1);
    heap->cells[at] = lifecycle_make_blob(bytes);
    for (uint64_t i = 0; i < words; i++)
        heap->cells[at + 1 + i] = pattern;
    return lifecycle_make_str(at);
}

static bool blob_is(lifecycle_heap *heap, cell blob, uint64_t bytes, cell pattern)
{
    bool good = heap->cells[place(blob)] == lifecycle_make_blob(bytes);
    for (uint64_t i = 0; i < (bytes + 7) / 8; i++)
        good = good && heap->cells[argument(blob, (uint32_t)i)] == pattern;
    return good;
}

/* Raw words look like references to something dead, or like headers of what would reach past the end of the heap. */
static void hazard_mem_11_raw_words_are_not_looked_into(void)
{
    struct machine m;
    cell patterns[6], blobs[6];
    make_machine(&m, NULL);
    patterns[0] = list_of(m.heap, 100);
    patterns[1] = numbers_from(m.heap, 100, 0);
    patterns[2] = lifecycle_make_ref(place(patterns[1]));
    patterns[3] = junk(1);
    patterns[4] = lifecycle_make_fun(1, (uint32_t)LIFECYCLE_ARITY_MAX);
    patterns[5] = lifecycle_make_blob((uint64_t)1 << 40);
    for (int i = 0; i < 6; i++)
        blobs[i] = m.x[i] = new_blob(m.heap, (uint64_t)i * 9 + 1, patterns[i]);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_LIVE(m.heap, 6 + 1 + 2 + 3 + 4 + 5 + 6);
    m.x[6] = list_of(m.heap, 500);
    for (int i = 0; i < 6; i++)
        EXPECT(blob_is(m.heap, blobs[i], (uint64_t)i * 9 + 1, patterns[i]));
    drop_machine(&m);
}

/* Objects that end with a word of marks, or with 64 KiB, or one cell before or after; what lies between dies. */
static void hazard_mem_11_objects_that_end_at_every_edge(void)
{
    static const uint64_t edges[] = {64, 128, 192, 8192, 8256, 16384, 65536, 262144};
    for (uint64_t size = 1; size <= 66; size += size < 4 ? 1 : 31) {
        for (uint64_t shift = 0; shift < 3; shift++) {
            struct machine m;
            uint64_t next = place(new_variable((make_machine(&m, NULL), m.heap))) + 1, live = 0;
            for (unsigned e = 0; e < 8; e++) {
                uint64_t from = edges[e] - 1 + shift - size;
                if (edges[e] < next + size + 2)
                    continue;
                if (from > next)
                    EXPECT_EQ(place(new_blob(m.heap, (from - next - 1) * 8, junk(0))), next);
                m.globals[e] = new_blob(m.heap, (size - 1) * 8, junk(2));
                EXPECT_EQ(place(m.globals[e]), from);
                next = from + size;
                live += size;
            }
            for (int round = 0; round < 2; round++) {
                EXPECT_OK(lifecycle_heap_collect(m.heap));
                EXPECT_LIVE(m.heap, live);
                /* Everything between is filled up to the last cell. */
                for (uint64_t left = heap_stats(m.heap).free_cells; left > 0; left--)
                    m.heap->cells[take(m.heap, 1)] = junk(3);
                for (unsigned e = 0; e < 8; e++)
                    EXPECT(m.globals[e] == 0 || blob_is(m.heap, m.globals[e], (size - 1) * 8, junk(2)));
            }
            EXPECT(live > 0);
            EXPECT_OK(lifecycle_heap_collect(m.heap));
            drop_machine(&m);
        }
    }
}

/* No argument, and as many as there can be; each of them a structure of its own. */
static void hazard_mem_11_arities_at_the_ends(void)
{
    struct machine m;
    uint32_t most = (uint32_t)LIFECYCLE_ARITY_MAX;
    cell wide;
    make_machine(&m, NULL);
    m.x[0] = numbers_from(m.heap, 0, 0);
    m.x[1] = new_blob(m.heap, 0, 0);
    wide = m.x[2] = numbers_from(m.heap, most, 0);
    for (uint32_t i = 0; i < most; i++)
        m.heap->cells[argument(wide, i)] = box(m.heap, number(i));
    (void)numbers_from(m.heap, most, 0);
    for (int round = 0; round < 2; round++) {
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, 1 + 1 + 1 + 3 * (uint64_t)most);
        m.x[3] = list_of(m.heap, 1000);
        m.x[3] = 0;
    }
    for (uint32_t i = 0; i < most; i++)
        if (m.heap->cells[argument(m.heap->cells[argument(wide, i)], 0)] != number(i))
            EXPECT(!"an argument is as it was");
    drop_machine(&m);
}

/* The last cell of a heap is as good as any other. */
static void hazard_mem_11_objects_at_the_end_of_the_heap(void)
{
    lifecycle_heap_options options = LIFECYCLE_HEAP_OPTIONS_INIT;
    for (uint64_t size = 1; size <= 70; size += 23) {
        struct machine m;
        uint64_t at, last = 0, total = 0;
        options.max_cells = 3 * 8192 + 5;
        make_machine(&m, &options);
        while ((at = lifecycle_heap_alloc(m.heap, (uint32_t)size)) != LIFECYCLE_NO_CELL) {
            m.heap->cells[at] = lifecycle_make_blob((size - 1) * 8);
            for (uint64_t i = 1; i < size; i++)
                m.heap->cells[at + i] = junk((unsigned)i);
            last = at;
            total += size;
        }
        EXPECT_SENTENCE("cells");
        EXPECT(total + size + 1 > options.max_cells);
        m.x[0] = lifecycle_make_str(last);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_LIVE(m.heap, size);
        EXPECT_SOUND(m.heap);
        m.x[0] = 0;
        EXPECT_OK(lifecycle_heap_reserve(m.heap, total));
        drop_machine(&m);
    }
}

int main(void)
{
    RUN(hazard_mem_02_cycles_of_cells);
    RUN(hazard_mem_03_ten_million_levels_of_cells_in_a_small_stack);
    RUN(hazard_mem_03_a_million_levels_are_verified_in_a_small_stack);
    RUN(hazard_mem_09_half_a_structure);
    RUN(hazard_mem_09_reserved_cells_need_no_collection);
    RUN(hazard_mem_09_a_critical_section);
    RUN(hazard_mem_09_dead_registers_and_slots);
    RUN(hazard_mem_09_zeros);
    RUN(hazard_mem_10_one_cell_of_a_dead_structure);
    RUN(hazard_mem_10_a_structure_after_its_arguments);
    RUN(hazard_mem_11_raw_words_are_not_looked_into);
    RUN(hazard_mem_11_objects_that_end_at_every_edge);
    RUN(hazard_mem_11_arities_at_the_ends);
    RUN(hazard_mem_11_objects_at_the_end_of_the_heap);
    return expect_done();
}
