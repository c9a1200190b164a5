/* Heaps: cells and their tags, and objects of all sizes and places through collections, whole and by their parts. */
#include "heap.h"

enum { WORD = 64, BLOCK = 8192 };

/* --- constructors and readers --- */

static void numbers_come_back(void)
{
    static const int64_t numbers[] = {0,           1,        -1,        12345, -12345, INT32_MAX, INT32_MIN,
                                      (1ll << 60) - 1, (1ll << 60) - 2, -(1ll << 60), -(1ll << 60) + 1};
    size_t i;
    for (i = 0; i < COUNT(numbers); i++) {
        lifecycle_cell cell = lifecycle_make_int(numbers[i]);
        EXPECT_EQ(lifecycle_cell_tag(cell), LIFECYCLE_TAG_INT);
        EXPECT_EQ(lifecycle_int_value(cell), numbers[i]);
    }
    /* Of others, the low 61 bits. */
    EXPECT_EQ(lifecycle_int_value(lifecycle_make_int(1ll << 60)), -(1ll << 60));
    EXPECT_EQ(lifecycle_int_value(lifecycle_make_int(INT64_MIN)), 0);
    EXPECT_EQ(lifecycle_int_value(lifecycle_make_int(INT64_MAX)), -1);
}

static void payloads_come_back(void)
{
    static const uint64_t payloads[] = {0, 1, 7, 8, UINT32_MAX, 1ull << 32, (1ull << 61) - 1};
    size_t i;
    for (i = 0; i < COUNT(payloads); i++) {
        uint64_t n = payloads[i];
        EXPECT_EQ(lifecycle_cell_index(lifecycle_make_ref(n)), n);
        EXPECT_EQ(lifecycle_cell_index(lifecycle_make_str(n)), n);
        EXPECT_EQ(lifecycle_cell_index(lifecycle_make_lis(n)), n);
        EXPECT_EQ(lifecycle_con_atom(lifecycle_make_con(n)), n);
        EXPECT_EQ(lifecycle_host_payload(lifecycle_make_host(n)), n);
        EXPECT_EQ(lifecycle_blob_bytes(lifecycle_make_blob(n)), n);
        EXPECT_EQ(lifecycle_cell_tag(lifecycle_make_ref(n)), LIFECYCLE_TAG_REF);
        EXPECT_EQ(lifecycle_cell_tag(lifecycle_make_str(n)), LIFECYCLE_TAG_STR);
        EXPECT_EQ(lifecycle_cell_tag(lifecycle_make_lis(n)), LIFECYCLE_TAG_LIS);
        EXPECT_EQ(lifecycle_cell_tag(lifecycle_make_con(n)), LIFECYCLE_TAG_CON);
        EXPECT_EQ(lifecycle_cell_tag(lifecycle_make_host(n)), LIFECYCLE_TAG_HOST);
        EXPECT_EQ(lifecycle_cell_tag(lifecycle_make_blob(n)), LIFECYCLE_TAG_BLOB);
    }
    EXPECT_EQ(lifecycle_make_ref(LIFECYCLE_NO_CELL), 0);
}

static void functors_come_back(void)
{
    static const uint32_t arities[] = {0, 1, 2, 255, 65536, LIFECYCLE_ARITY_MAX};
    static const uint64_t atoms[] = {0, 1, UINT32_MAX, (1ull << 40) - 1};
    size_t i, k;
    for (i = 0; i < COUNT(arities); i++) {
        for (k = 0; k < COUNT(atoms); k++) {
            lifecycle_cell header = lifecycle_make_fun(atoms[k], arities[i]);
            EXPECT_EQ(lifecycle_cell_tag(header), LIFECYCLE_TAG_FUN);
            EXPECT_EQ(lifecycle_fun_arity(header), arities[i]);
            EXPECT_EQ(lifecycle_fun_atom(header), atoms[k]);
        }
    }
}

static void tags_are_all_different(void)
{
    EXPECT_EQ(1u << LIFECYCLE_TAG_REF | 1u << LIFECYCLE_TAG_STR | 1u << LIFECYCLE_TAG_LIS | 1u << LIFECYCLE_TAG_CON |
                  1u << LIFECYCLE_TAG_INT | 1u << LIFECYCLE_TAG_FUN | 1u << LIFECYCLE_TAG_BLOB |
                  1u << LIFECYCLE_TAG_HOST,
              0xff);
}

/* --- sizes: exactly what lives is kept, and it is what it was --- */

static const uint32_t sizes[] = {0,   1,   2,   3,   30,  31,  61,   62,   63,   64,   65,    66,   125,   126,  127,
                                 128, 129, 130, 190, 191, 192, 1000, 8190, 8191, 8192, 8193, 16384, 70000, 1 << 20};

static void structures_of_all_sizes_survive(void)
{
    struct machine m;
    uint64_t live = 0;
    size_t i, round;
    machine(&m);
    m.x[0] = NIL;
    for (i = 0; i < COUNT(sizes); i++) {
        lifecycle_cell term;
        litter(m.heap, 3);
        term = structure(m.heap, sizes[i], (int64_t)i);
        litter(m.heap, 2);
        m.x[0] = cons(m.heap, term, m.x[0]);
        live += sizes[i] + 3;
    }
    for (round = 0; round < 3; round++) {
        lifecycle_cell list = m.x[0];
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, live);
        litter(m.heap, 5 * COUNT(sizes) + 100);
        for (i = COUNT(sizes); i-- > 0; list = *part(m.heap, list, 1))
            EXPECT(is_structure(m.heap, *part(m.heap, list, 0), sizes[i], (int64_t)i));
        EXPECT_EQ(list, NIL);
    }
    end(m.heap);
}

/* Of one or two cells they are left: finding them costs more than they hold. */
static void holes_between_them_are_handed_out_and_nothing_else(void)
{
    struct machine m;
    uint64_t end_of_all, holes = 0, narrow = 0;
    size_t i;
    lifecycle_cell list;
    machine(&m);
    m.x[0] = NIL;
    for (i = 0; i < 23; i++) {
        lifecycle_cell term;
        litter(m.heap, i % 7 + 1);
        term = structure(m.heap, sizes[i], (int64_t)i);
        m.x[0] = cons(m.heap, term, m.x[0]);
        holes += i % 7 + 1;
        narrow += i % 7 < 2 ? i % 7 + 1 : 0;
    }
    end_of_all = lifecycle_cell_index(m.x[0]) + 2;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).free_cells, holes);
    EXPECT_EQ(heap_stats(m.heap).frontier, end_of_all);
    EXPECT_EQ(heap_stats(m.heap).runs, 23);
    EXPECT_EQ(heap_stats(m.heap).largest_run, 7);
    /* Single cells find them all, then go on behind. */
    for (; holes > narrow; holes--) {
        uint64_t at = alloc(m.heap, 1);
        EXPECT(at < end_of_all);
        *cell_at(m.heap, at) = lifecycle_make_int(-7);
    }
    EXPECT_EQ(alloc(m.heap, 1), end_of_all);
    for (list = m.x[0], i = 23; i-- > 0; list = *part(m.heap, list, 1))
        EXPECT(is_structure(m.heap, *part(m.heap, list, 0), sizes[i], (int64_t)i));
    end(m.heap);
}

/* A blob of so many words whose header is at an index, and what is left of the heap filled: nobody writes into it. */
static void blob_at(uint64_t at, uint32_t words)
{
    struct machine m;
    lifecycle_heap_options options = verified();
    uint64_t cell;
    options.max_cells = 3 * BLOCK;
    options.threshold = 10 * BLOCK;
    machine_with(&m, &options);
    litter(m.heap, at - 1);
    m.x[0] = blob_of(m.heap, words, UINT64_MAX << 8);
    EXPECT_EQ(lifecycle_cell_index(m.x[0]), at);
    while ((cell = lifecycle_heap_alloc(m.heap, 1)) != LIFECYCLE_NO_CELL)
        *cell_at(m.heap, cell) = lifecycle_make_int(1);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, words + 1);
    while ((cell = lifecycle_heap_alloc(m.heap, 1)) != LIFECYCLE_NO_CELL)
        *cell_at(m.heap, cell) = lifecycle_make_int(2);
    EXPECT(is_blob_of(m.heap, m.x[0], words, UINT64_MAX << 8));
    EXPECT(heap_stats(m.heap).used >= 3 * BLOCK - 1 - 2 * 2);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT(is_blob_of(m.heap, m.x[0], words, UINT64_MAX << 8));
    end(m.heap);
}

static void hazard_mem_11_blobs_at_the_edges_of_words_blocks_and_the_heap(void)
{
    static const uint64_t edges[] = {WORD, 2 * WORD, BLOCK, 2 * BLOCK};
    static const uint32_t lengths[] = {0, 1, 62, 63, 64, 65, 127, 128, 129};
    size_t i, k;
    int off;
    for (i = 0; i < COUNT(edges); i++) {
        for (k = 0; k < COUNT(lengths); k += expect_scale(1, 4)) {
            for (off = -1; off <= 1; off++) {
                /* It begins there, and it ends there. */
                blob_at(edges[i] + (uint64_t)off, lengths[k]);
                if (edges[i] + (uint64_t)off > lengths[k] + 1)
                    blob_at(edges[i] + (uint64_t)off - 1 - lengths[k], lengths[k]);
            }
        }
    }
    /* Whole blocks, and the last cell there is. */
    blob_at(1, 3 * BLOCK - 3);
    blob_at(BLOCK, BLOCK - 1);
    blob_at(BLOCK - 1, BLOCK + 1);
    blob_at(3 * BLOCK - 2, 0);
    blob_at(3 * BLOCK - 1 - 64, 63);
}

static void blobs_of_bytes(void)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 511, 512, 513, 1000003};
    struct machine m;
    unsigned char bytes[600];
    lifecycle_cell blob = 5;
    uint64_t live = 0;
    size_t i, k;
    machine(&m);
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 + 1);
    m.x[0] = NIL;
    for (i = 0; i < COUNT(lengths); i++) {
        const unsigned char *at;
        EXPECT_OK(lifecycle_heap_blob(m.heap, lengths[i] > sizeof bytes ? NULL : bytes, lengths[i], &blob));
        EXPECT_EQ(lifecycle_cell_tag(blob), LIFECYCLE_TAG_STR);
        EXPECT_EQ(*part(m.heap, blob, 0), lifecycle_make_blob(lengths[i]));
        m.x[0] = cons(m.heap, blob, m.x[0]);
        live += 3 + (lengths[i] + 7) / 8;
        at = (const unsigned char *)part(m.heap, blob, 1);
        for (k = 0; k < (lengths[i] + 7) / 8 * 8; k++)
            EXPECT_EQ(at[k], lengths[i] > sizeof bytes || k >= lengths[i] ? 0 : bytes[k]);
        EXPECT_EQ(heap_stats(m.heap).used, live);
    }
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, live);
    EXPECT(memcmp(part(m.heap, *part(m.heap, *part(m.heap, m.x[0], 1), 0), 1), bytes, 513) == 0);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, SIZE_MAX, &blob), LIFECYCLE_E_TOO_BIG);
    EXPECT_EQ(blob, 0);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, (size_t)1 << 36, &blob), LIFECYCLE_E_TOO_BIG);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, 128 * MI, &blob), LIFECYCLE_E_LIMIT);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, NULL, 8, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_heap_blob(m.heap, bytes, SIZE_MAX / 2 + 1, &blob), LIFECYCLE_E_INVALID);
    EXPECT_EQ(heap_stats(m.heap).used, live);
    end(m.heap);
}

/* --- what looks like a reference and is none --- */

static void hazard_mem_11_raw_words_keep_nothing_alive(void)
{
    struct machine m;
    lifecycle_cell victims[3];
    uint64_t at;
    size_t i;
    machine(&m);
    for (i = 0; i < COUNT(victims); i++)
        victims[i] = structure(m.heap, 2, (int64_t)i);
    at = alloc(m.heap, 4);
    *cell_at(m.heap, at) = lifecycle_make_blob(24);
    *cell_at(m.heap, at + 1) = victims[0];
    *cell_at(m.heap, at + 2) = lifecycle_make_lis(lifecycle_cell_index(victims[1]));
    *cell_at(m.heap, at + 3) = lifecycle_make_ref(lifecycle_cell_index(victims[2]));
    m.x[0] = lifecycle_make_str(at);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 4);
    EXPECT_EQ(*cell_at(m.heap, at + 1), victims[0]);
    end(m.heap);
}

static void immediates_keep_nothing_alive(void)
{
    struct machine m;
    uint64_t victim;
    machine(&m);
    victim = lifecycle_cell_index(structure(m.heap, 2, 1));
    m.x[0] = structure(m.heap, 5, 0);
    *part(m.heap, m.x[0], 1) = lifecycle_make_int((int64_t)victim);
    *part(m.heap, m.x[0], 2) = lifecycle_make_con(victim);
    *part(m.heap, m.x[0], 3) = lifecycle_make_host(victim);
    *part(m.heap, m.x[0], 4) = 0;
    *part(m.heap, m.x[0], 5) = lifecycle_make_host((1ull << 61) - 1);
    m.x[1] = lifecycle_make_host(victim);
    m.x[2] = lifecycle_make_con(victim);
    m.x[3] = lifecycle_make_int((int64_t)victim);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 6);
    EXPECT_EQ(*part(m.heap, m.x[0], 2), lifecycle_make_con(victim));
    end(m.heap);
}

static void zeros_are_passed_over_everywhere(void)
{
    struct machine m;
    struct frame frame;
    struct choice choice;
    machine(&m);
    enter_frame(&m, &frame, NULL);
    push(&m, &choice);
    m.x[0] = structure(m.heap, 3, 0);
    *part(m.heap, m.x[0], 1) = *part(m.heap, m.x[0], 2) = *part(m.heap, m.x[0], 3) = 0;
    m.x[1] = cons(m.heap, 0, 0);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 6);
    EXPECT_EQ(*part(m.heap, m.x[0], 2) | *part(m.heap, m.x[1], 0) | *part(m.heap, m.x[1], 1), 0);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    end(m.heap);
}

/* --- parts of objects --- */

static void hazard_mem_10_a_reference_into_a_dead_structure_keeps_one_cell(void)
{
    struct machine m;
    lifecycle_cell dead, other;
    uint64_t at;
    machine(&m);
    other = structure(m.heap, 2, 50);
    dead = structure(m.heap, 100, 0);
    at = lifecycle_cell_index(dead);
    *part(m.heap, dead, 40) = other;
    *part(m.heap, dead, 41) = structure(m.heap, 5, 0);
    m.x[0] = lifecycle_make_ref(at + 40);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 4);
    EXPECT_EQ(*cell_at(m.heap, at + 40), other);
    EXPECT(is_structure(m.heap, other, 2, 50));
    /* The cells around it are there to be had. */
    EXPECT_EQ(alloc(m.heap, 39), lifecycle_cell_index(other) + 3);
    EXPECT_EQ(alloc(m.heap, 1), at + 39);
    EXPECT_EQ(alloc(m.heap, 1), at + 41);
    end(m.heap);
}

/* References to the whole and to parts, one after the other: the whole is scanned whichever comes first. */
static void hazard_mem_10_a_part_first_and_the_whole_later(void)
{
    struct machine m;
    uint32_t arity, order;
    static const uint32_t arities[] = {1, 10, 63, 64, 200};
    size_t k;
    for (k = 0; k < COUNT(arities); k++) {
        for (order = 0; order < 2; order++) {
            lifecycle_cell whole, i;
            arity = arities[k];
            machine(&m);
            whole = structure(m.heap, arity, 0);
            for (i = 1; i <= arity; i++)
                *part(m.heap, whole, i) = cons(m.heap, lifecycle_make_int((int64_t)i), NIL);
            m.x[order] = lifecycle_make_ref(lifecycle_cell_index(whole) + arity / 2 + 1);
            m.x[1 - order] = whole;
            /* And a pair that is half of its arguments. */
            m.x[2] = arity >= 10 ? lifecycle_make_lis(lifecycle_cell_index(whole) + 4) : 0;
            EXPECT_OK(lifecycle_heap_collect(m.heap));
            EXPECT_EQ(heap_stats(m.heap).live, 1 + 3 * arity);
            for (i = 1; i <= arity; i++)
                EXPECT_EQ(*part(m.heap, *part(m.heap, whole, i), 0), lifecycle_make_int((int64_t)i));
            end(m.heap);
        }
    }
}

static void a_pair_keeps_two_cells(void)
{
    struct machine m;
    lifecycle_cell term;
    machine(&m);
    term = structure(m.heap, 9, 0);
    m.x[0] = lifecycle_make_lis(lifecycle_cell_index(term) + 3);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 2);
    EXPECT_EQ(*part(m.heap, m.x[0], 0), lifecycle_make_int(2));
    EXPECT_EQ(*part(m.heap, m.x[0], 1), lifecycle_make_int(3));
    end(m.heap);
}

/* --- shapes --- */

static void hazard_mem_02_cycles(void)
{
    struct machine m;
    uint64_t a, b;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    *part(m.heap, m.x[0], 1) = m.x[0];
    m.x[1] = cons(m.heap, 0, 0);
    *part(m.heap, m.x[1], 0) = *part(m.heap, m.x[1], 1) = m.x[1];
    a = variable(m.heap), b = variable(m.heap);
    *cell_at(m.heap, a) = lifecycle_make_ref(b);
    *cell_at(m.heap, b) = lifecycle_make_ref(a);
    m.x[2] = lifecycle_make_ref(a);
    m.x[3] = lifecycle_make_ref(variable(m.heap));
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 7);
    memset(m.x, 0, sizeof m.x);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 0);
    end(m.heap);
}

/* s(s(...)), to the left, to the right, and by references: the C stack is not what they are followed on. */
static void hazard_mem_03_depth(void)
{
    uint64_t depth = expect_scale(1000000, 20000), i;
    lifecycle_heap_options options = verified();
    struct machine m;
    options.max_cells = 64 * MI;
    machine_with(&m, &options);
    m.x[0] = m.x[1] = m.x[2] = m.x[3] = NIL;
    for (i = 0; i < depth; i++) {
        lifecycle_cell s = structure(m.heap, 1, 0);
        uint64_t link;
        *part(m.heap, s, 1) = m.x[0];
        m.x[0] = s;
        m.x[1] = cons(m.heap, m.x[1], NIL);
        s = structure(m.heap, 3, 0);
        *part(m.heap, s, 1) = *part(m.heap, s, 3) = m.x[2];
        m.x[2] = s;
        link = alloc(m.heap, 1);
        *cell_at(m.heap, link) = m.x[3];
        m.x[3] = lifecycle_make_ref(link);
    }
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, depth * 9);
    for (i = 0; i < depth; i++) {
        m.x[0] = *part(m.heap, m.x[0], 1);
        m.x[1] = *part(m.heap, m.x[1], 0);
        m.x[2] = *part(m.heap, m.x[2], 3);
        m.x[3] = *part(m.heap, m.x[3], 0);
    }
    for (i = 0; i < 4; i++)
        EXPECT_EQ(m.x[i], NIL);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 0);
    end(m.heap);
}

/* Pairs that each lie right behind the last, so that they are followed at once, and each leaves something to do. */
static void hazard_mem_12_a_long_row_that_leaves_much_to_do(void)
{
    struct machine m;
    uint64_t n = expect_scale(1000000, 100000), at, i;
    uint32_t gap;
    for (gap = 2; gap <= 3; gap++) {
        machine(&m);
        at = alloc(m.heap, (uint32_t)n * gap);
        m.x[0] = lifecycle_make_lis(at);
        for (i = 0; i < n; i++) {
            lifecycle_cell *cells = cell_at(m.heap, at + i * gap);
            cells[0] = i + 1 < n ? lifecycle_make_lis(at + (i + 1) * gap) : NIL;
            /* The first pair again, or the cell of its own that is left over. */
            cells[1] = gap == 2 ? m.x[0] : lifecycle_make_ref(at + i * gap + 2);
            if (gap == 3)
                cells[2] = lifecycle_make_int((int64_t)i);
        }
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, n * gap);
        EXPECT(heap_stats(m.heap).mark_stack >= n / 2);
        end(m.heap);
    }
}

static void what_is_shared_is_kept_once(void)
{
    struct machine m;
    int i;
    machine(&m);
    m.x[0] = NIL;
    for (i = 0; i < 60; i++)
        m.x[0] = cons(m.heap, m.x[0], m.x[0]);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 120);
    end(m.heap);
}

/* The same bits many times: what one collection leaves does not show in the next. */
static void hazard_mem_13_marks_do_not_stick(void)
{
    struct machine m;
    int round;
    machine(&m);
    m.x[0] = sample(m.heap, 1);
    for (round = 0; round < 600; round++) {
        m.x[1] = structure(m.heap, (uint32_t)round % 100, round);
        EXPECT_OK(lifecycle_heap_collect(m.heap));
        EXPECT_EQ(heap_stats(m.heap).live, SAMPLE_CELLS + 1 + round % 100);
    }
    EXPECT(is_sample(m.heap, m.x[0], 1));
    end(m.heap);
}

int main(void)
{
    RUN(numbers_come_back);
    RUN(payloads_come_back);
    RUN(functors_come_back);
    RUN(tags_are_all_different);
    RUN(structures_of_all_sizes_survive);
    RUN(holes_between_them_are_handed_out_and_nothing_else);
    RUN(hazard_mem_11_blobs_at_the_edges_of_words_blocks_and_the_heap);
    RUN(blobs_of_bytes);
    RUN(hazard_mem_11_raw_words_keep_nothing_alive);
    RUN(immediates_keep_nothing_alive);
    RUN(zeros_are_passed_over_everywhere);
    RUN(hazard_mem_10_a_reference_into_a_dead_structure_keeps_one_cell);
    RUN(hazard_mem_10_a_part_first_and_the_whole_later);
    RUN(a_pair_keeps_two_cells);
    RUN(hazard_mem_02_cycles);
    RUN(hazard_mem_03_depth);
    RUN(hazard_mem_12_a_long_row_that_leaves_much_to_do);
    RUN(what_is_shared_is_kept_once);
    RUN(hazard_mem_13_marks_do_not_stick);
    return expect_done();
}
