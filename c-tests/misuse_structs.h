/*
 * misuse_structs.h - the good and the bad structs, arrays, functions, numbers
 * and places for results: the rest of misuse_kinds.h.
 */
#ifndef LIFECYCLE_TESTS_MISUSE_STRUCTS_H
#define LIFECYCLE_TESTS_MISUSE_STRUCTS_H

#include "misuse_heaps.h"

/* Longer than the library's own: a field of a later version. */
struct longer {
    union {
        lifecycle_map_options options;
        lifecycle_config config;
        lifecycle_observer observer;
        lifecycle_arena_options arena;
    } known;
    uint64_t unknown;
};
static struct longer later[4];
static lifecycle_map_options some_options[16];
static lifecycle_config some_configs[16];
static lifecycle_observer some_observers[8];

static lifecycle_map_options *options_with(int *n)
{
    lifecycle_map_options fresh = LIFECYCLE_MAP_OPTIONS_INIT;
    some_options[*n] = fresh;
    return &some_options[(*n)++];
}

static void fill_options(struct world *w, enum kind kind)
{
    static lifecycle_relocation unknown_kind, outside, far_off, wide;
    static const lifecycle_relocation *relocations[] = {&unknown_kind, &outside, &wide, &far_off};
    static const char *how[] = {"an unknown relocation", "a relocation outside",
                                "a relocation that wraps", "a far relocation"};
    static const int want[] = {LIFECYCLE_E_UNSUPPORTED, LIFECYCLE_E_RANGE,
                               LIFECYCLE_E_RANGE, LIFECYCLE_E_RANGE};
    lifecycle_map_options *o;
    int n = 0, i;
    unknown_kind.kind = 99;
    unknown_kind.target = ret_code;
    outside.kind = LIFECYCLE_RELOC_ABS64;
    outside.offset = 3;
    outside.target = ret_code;
    wide = outside;
    wide.offset = UINT64_MAX - 3;
    far_off.kind = LIFECYCLE_RELOC_PC32;
    far_off.target = (void *)(uintptr_t)(P(w->code.rx) + ((uint64_t)1 << 40));

    good(w, kind, P(options_with(&n)));
    bad(w, kind, "misaligned", P(&some_options[15]) + 1, INVALID);
    (o = options_with(&n))->size = 0;
    bad(w, kind, "of no size", P(o), INVALID);
    (o = options_with(&n))->size = SIZE_MAX;
    bad(w, kind, "of a huge size", P(o), INVALID);
    (o = options_with(&n))->flags = 0x80000000u;
    bad(w, kind, "unknown flags", P(o), INVALID);
    (o = options_with(&n))->flags = LIFECYCLE_MAP_ADOPTED;
    bad(w, kind, "a flag that is not for callers", P(o), INVALID);
    (o = options_with(&n))->eh_frame = ret_code;
    o->eh_frame_size = sizeof ret_code;
    bad(w, kind, "an eh_frame that is none", P(o), LIFECYCLE_E_FORMAT);
    (o = options_with(&n))->eh_frame_size = 1;
    bad(w, kind, "NULL eh_frame", P(o), INVALID);
    (o = options_with(&n))->eh_frame = ret_code;
    o->eh_frame_size = SIZE_MAX;
    bad(w, kind, "an eh_frame that is too large", P(o), INVALID);
    (o = options_with(&n))->relocation_count = 1;
    bad(w, kind, "NULL relocations", P(o), INVALID);
    (o = options_with(&n))->relocation_count = SIZE_MAX / 2;
    o->relocations = &unknown_kind;
    bad(w, kind, "too many relocations", P(o), INVALID);
    (o = options_with(&n))->reserved = 1;
    bad(w, kind, "reserved is not 0", P(o), LIFECYCLE_E_UNSUPPORTED);
    for (i = 0; i < 4; i++) {
        (o = options_with(&n))->relocation_count = 1;
        o->relocations = relocations[i];
        bad(w, kind, how[i], P(o), want[i]);
    }
    if (kind == K_OPTIONS) {
        (o = options_with(&n))->align = 48;
        bad(w, kind, "an alignment of 48", P(o), INVALID);
    }
    later[0].known.options = some_options[0];
    later[0].known.options.size = sizeof later[0];
    later[0].unknown = 1;
    bad(w, kind, "a field of a later version", P(&later[0]), LIFECYCLE_E_UNSUPPORTED);
}

static lifecycle_config *config_with(int *n)
{
    lifecycle_config fresh = LIFECYCLE_CONFIG_INIT;
    fresh.code_capacity = 1 << 21;
    some_configs[*n] = fresh;
    return &some_configs[(*n)++];
}

static void fill_configs(struct world *w)
{
    lifecycle_config *c;
    int n = 0;
    good(w, K_CONFIG, P(config_with(&n)));
    bad(w, K_CONFIG, "misaligned", P(&some_configs[15]) + 1, INVALID);
    (c = config_with(&n))->size = 7;
    bad(w, K_CONFIG, "of too small a size", P(c), INVALID);
    (c = config_with(&n))->size = SIZE_MAX;
    bad(w, K_CONFIG, "of a huge size", P(c), INVALID);
    (c = config_with(&n))->code_mode = 4;
    bad(w, K_CONFIG, "an unknown code mode", P(c), INVALID);
    (c = config_with(&n))->mapping_mode = 2;
    bad(w, K_CONFIG, "an unknown mapping mode", P(c), INVALID);
    (c = config_with(&n))->flags = 0x80000000u;
    bad(w, K_CONFIG, "unknown flags", P(c), INVALID);
    (c = config_with(&n))->code_capacity = ((size_t)1 << 30) + 1;
    bad(w, K_CONFIG, "too much code", P(c), LIFECYCLE_E_TOO_BIG);
    (c = config_with(&n))->code_capacity = SIZE_MAX;
    bad(w, K_CONFIG, "all memory for code", P(c), LIFECYCLE_E_TOO_BIG);
    (c = config_with(&n))->allocator.alloc = do_alloc;
    bad(w, K_CONFIG, "an allocator that cannot free", P(c), INVALID);
    later[1].known.config = some_configs[0];
    later[1].known.config.size = sizeof later[1];
    later[1].unknown = 1;
    bad(w, K_CONFIG, "a field of a later version", P(&later[1]), LIFECYCLE_E_UNSUPPORTED);

    some_observers[0].size = sizeof *some_observers;
    some_observers[0].on_event = do_hear;
    some_observers[1].size = sizeof *some_observers;
    some_observers[2].on_event = do_hear;
    good(w, K_OBSERVER, P(&some_observers[0]));
    bad(w, K_OBSERVER, "misaligned", P(&some_observers[7]) + 1, INVALID);
    bad(w, K_OBSERVER, "without a function", P(&some_observers[1]), INVALID);
    bad(w, K_OBSERVER, "of no size", P(&some_observers[2]), INVALID);
    later[2].known.observer = some_observers[0];
    later[2].known.observer.size = sizeof later[2];
    later[2].unknown = 1;
    bad(w, K_OBSERVER, "a field of a later version", P(&later[2]), LIFECYCLE_E_UNSUPPORTED);
}

static lifecycle_batch_item *batch_with(int *n)
{
    static lifecycle_batch_item batches[12][2];
    static lifecycle_batch_item fresh = LIFECYCLE_BATCH_ITEM_INIT;
    lifecycle_batch_item *batch = batches[(*n)++];
    batch[0] = batch[1] = fresh;
    batch[0].name = "misuse 0";
    batch[1].name = "misuse 1";
    batch[0].code = batch[1].code = ret_code;
    batch[0].len = batch[1].len = sizeof ret_code;
    return batch;
}

static void fill_batches(struct world *w)
{
    static lifecycle_code none;
    static lifecycle_map_options odd = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_batch_item *b;
    int n = 0;
    odd.align = 48;
    good(w, K_BATCH, P(batch_with(&n)));
    bad(w, K_BATCH, "NULL with a count", 0, INVALID);
    bad(w, K_BATCH, "misaligned", P(w->of[K_BATCH].good) + 1, INVALID);
    (b = batch_with(&n))[0].size = 0;
    bad(w, K_BATCH, "of no size", P(b), INVALID);
    (b = batch_with(&n))[1].size = 40;
    bad(w, K_BATCH, "of two sizes", P(b), INVALID);
    (b = batch_with(&n))[1].name = NULL;
    bad(w, K_BATCH, "without a name", P(b), INVALID);
    (b = batch_with(&n))[1].name = "misuse 0";
    bad(w, K_BATCH, "a name twice", P(b), LIFECYCLE_E_EXISTS);
    (b = batch_with(&n))[1].code = NULL;
    bad(w, K_BATCH, "without code", P(b), INVALID);
    (b = batch_with(&n))[1].len = 0;
    bad(w, K_BATCH, "code of 0 bytes", P(b), INVALID);
    (b = batch_with(&n))[1].reserved = &none;
    bad(w, K_BATCH, "code and a reservation", P(b), INVALID);
    (b = batch_with(&n))[1].reserved = &none;
    b[1].code = NULL;
    bad(w, K_BATCH, "a reservation of nothing", P(b), INVALID);
    (b = batch_with(&n))[1].options = &odd;
    bad(w, K_BATCH, "an alignment of 48", P(b), INVALID);
    good(w, K_BATCH_COUNT, 2);
}

/* The smallest SMF file there can be: a trailer and one section. */
static unsigned char smf[64 + 128];

static void fill_arrays(struct world *w)
{
    static const char *names[] = {"g", "g"}, *holes[] = {"g", NULL}, *empties[] = {"", "g"};
    static const char *files[] = {"misuse.tmp", "misuse.tmp"};
    static lifecycle_mapping good_mapping, nothing, hollow, noise;
    good(w, K_NAMES, P(names));
    bad(w, K_NAMES, "NULL with a count", 0, INVALID);
    bad(w, K_NAMES, "misaligned", P(names) + 1, INVALID);
    bad(w, K_NAMES, "NULL in it", P(holes), INVALID);
    bad(w, K_NAMES, "an empty name in it", P(empties), INVALID);
    good(w, K_FILES, P(files));
    bad(w, K_FILES, "NULL with a count", 0, INVALID);
    bad(w, K_FILES, "misaligned", P(files) + 1, INVALID);
    bad(w, K_FILES, "an empty name in it", P(empties), INVALID);

    memset(smf, 0, sizeof smf);
    smf[8] = LIFECYCLE_SMF_TEMPLATE_CODE;
    smf[24] = 64;
    memcpy(smf + 64, "SMF", 4);
    smf[64 + 12] = 1;
    good_mapping.data = smf;
    good_mapping.size = sizeof smf;
    hollow.size = 128;
    noise.data = ret_code;
    noise.size = sizeof ret_code;
    good(w, K_MAPPING, P(&good_mapping));
    bad(w, K_MAPPING, "NULL", 0, INVALID);
    bad(w, K_MAPPING, "misaligned", P(&nothing) + 1, INVALID);
    bad(w, K_MAPPING, "no data with a size", P(&hollow), INVALID);
    bad(w, K_MAPPING, "all zero", P(&nothing), LIFECYCLE_E_FORMAT);
    bad(w, K_MAPPING, "too short", P(&noise), LIFECYCLE_E_FORMAT);
}

static void fill_numbers(struct world *w)
{
    good(w, K_VISIT, P(do_visit));
    bad(w, K_VISIT, "NULL", 0, INVALID);
    good(w, K_WRITE, P(do_write));
    bad(w, K_WRITE, "NULL", 0, INVALID);
    good(w, K_RELEASE, P(do_release));
    bad(w, K_RELEASE, "NULL", 0, INVALID);
    good(w, K_RELEASE_MAYBE, P(do_release));
    good(w, K_RESOLVE, P(do_resolve));
    good(w, K_LEAK, P(do_leak));
    good(w, K_USER, P(w));
    good(w, K_UNLOAD_FLAGS, LIFECYCLE_UNLOAD_CASCADE);
    bad(w, K_UNLOAD_FLAGS, "an unknown one", 4, INVALID);
    bad(w, K_UNLOAD_FLAGS, "all", UINT32_MAX, INVALID);
    good(w, K_FORMAT, LIFECYCLE_JSON);
    bad(w, K_FORMAT, "the next one", 3, INVALID);
    bad(w, K_FORMAT, "the last one", UINT32_MAX, INVALID);
    good(w, K_KIND, LIFECYCLE_FUNC);
    bad(w, K_KIND, "the next one", 4, INVALID);
    bad(w, K_KIND, "the last one", UINT32_MAX, INVALID);
    good(w, K_SECTION, LIFECYCLE_SMF_TEMPLATE_CODE);
    good(w, K_STATUS, (uint64_t)-12345);
    good(w, K_DID, 5000);
    good(w, K_DID_LAST, 5009);
    bad(w, K_DID_LAST, "less than the first", 4999, LIFECYCLE_E_RANGE);
    bad(w, K_DID_LAST, "the least there is", (uint64_t)INT64_MIN, LIFECYCLE_E_RANGE);
    good(w, K_DID_LIVE, 1500);
    bad(w, K_DID_LIVE, "never registered", 2000, LIFECYCLE_E_NOT_FOUND);
    good(w, K_HANDLE, (uint64_t)w->handle);
    good(w, K_HANDLE_NEW, 1000001);
    for (int i = 0; i < 2; i++) {
        enum kind kind = i == 0 ? K_HANDLE : K_HANDLE_NEW;
        bad(w, kind, "0", 0, INVALID);
        bad(w, kind, "-1", UINT64_MAX, INVALID);
        bad(w, kind, "the least there is", (uint64_t)INT64_MIN, INVALID);
    }
    bad(w, K_HANDLE, "nobody's", 999, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_HANDLE_NEW, "bound", (uint64_t)w->handle, LIFECYCLE_E_EXISTS);
    good(w, K_NUMBER, UINT64_MAX);
}

static lifecycle_arena_options *arena_with(int *n)
{
    static lifecycle_arena_options some[8];
    lifecycle_arena_options fresh = LIFECYCLE_ARENA_OPTIONS_INIT;
    some[*n] = fresh;
    return &some[(*n)++];
}

static void fill_arenas(struct world *w)
{
    static struct SplValue nil[2], unknown = {77, -1};
    lifecycle_arena_options *o;
    int n = 0;
    good(w, K_ARENA, P(w->arena));
    bad(w, K_ARENA, "NULL", 0, INVALID);
    bad(w, K_ARENA, "1", 1, INVALID);
    bad(w, K_ARENA, "every bit set", UINT64_MAX, INVALID);
    bad(w, K_ARENA, "destroyed", P(w->dead_arena), LIFECYCLE_E_STALE);
    bad(w, K_ARENA, "inside an arena", P(w->arena) + 8, INVALID);
    bad(w, K_ARENA, "a manager", P(w->manager), INVALID);
    bad(w, K_ARENA, "a reader", P(w->reader), INVALID);
    bad(w, K_ARENA, "the stack", P(&w), INVALID);
    bad(w, K_MANAGER, "an arena", P(w->arena), INVALID);
    bad(w, K_READER, "an arena", P(w->arena), INVALID);
    good(w, K_ARENA_SIZE, 48);
    bad(w, K_ARENA_SIZE, "huge", SIZE_MAX, LIFECYCLE_E_TOO_BIG);
    bad(w, K_ARENA_SIZE, "huge, just before rounding wraps", SIZE_MAX - 14, LIFECYCLE_E_TOO_BIG);
    bad(w, K_ARENA_SIZE, "half of memory", SIZE_MAX / 2, LIFECYCLE_E_TOO_BIG);
    good(w, K_ARENA_AT, P(w->kept));
    bad(w, K_ARENA_AT, "NULL with a size", 0, INVALID);
    bad(w, K_ARENA_AT, "odd", P(w->kept) + 1, INVALID);
    bad(w, K_ARENA_AT, "another arena's", P(w->other_kept), INVALID);
    bad(w, K_ARENA_AT, "the stack", P(&w), INVALID);
    bad(w, K_ARENA_AT, "every bit set", UINT64_MAX, INVALID);
    good(w, K_ARENA_OLD, 16);
    bad(w, K_ARENA_OLD, "more than is in use", 1 << 20, INVALID);
    bad(w, K_ARENA_OLD, "huge", SIZE_MAX, INVALID);
    good(w, K_ARENA_ALIGN, 32);
    bad(w, K_ARENA_ALIGN, "3", 3, INVALID);
    bad(w, K_ARENA_ALIGN, "4 MiB", 4 << 20, INVALID);
    bad(w, K_ARENA_ALIGN, "huge", SIZE_MAX, INVALID);
    good(w, K_TEXT_LEN, 5);
    bad(w, K_TEXT_LEN, "huge", SIZE_MAX, INVALID);
    good(w, K_MARK, P(&w->mark));
    bad(w, K_MARK, "all zero", 0, INVALID);
    bad(w, K_MARK, "another arena's", P(&w->other_mark), INVALID);
    bad(w, K_MARK, "rewound below", P(&w->rewound), LIFECYCLE_E_STALE);
    good(w, K_ARENA_OPTIONS, P(arena_with(&n)));
    (o = arena_with(&n))->size = 0;
    bad(w, K_ARENA_OPTIONS, "of no size", P(o), INVALID);
    (o = arena_with(&n))->flags = 2;
    bad(w, K_ARENA_OPTIONS, "unknown flags", P(o), INVALID);
    (o = arena_with(&n))->reserved = 1;
    bad(w, K_ARENA_OPTIONS, "reserved is not 0", P(o), INVALID);
    (o = arena_with(&n))->first_region_size = 100;
    bad(w, K_ARENA_OPTIONS, "a first region that is NULL", P(o), INVALID);
    o = arena_with(&n);
    o->first_region = o;
    o->first_region_size = SIZE_MAX;
    bad(w, K_ARENA_OPTIONS, "a first region beyond memory", P(o), INVALID);
    later[3].known.arena = *arena_with(&n);
    later[3].known.arena.size = sizeof later[3];
    later[3].unknown = 1;
    bad(w, K_ARENA_OPTIONS, "a field of a later version", P(&later[3]), LIFECYCLE_E_UNSUPPORTED);
    bad(w, K_ARENA_OPTIONS, "misaligned", P(o) + 1, INVALID);
    good(w, K_SPL_VALUE, P(nil));
    bad(w, K_SPL_VALUE, "of an unknown tag", P(&unknown), ANY_FAILURE);
    good(w, K_SPL_PLACE, P(nil));
    bad(w, K_SPL_PLACE, "NULL", 0, ANY_FAILURE);
    good(w, K_SPL_COUNT, 2);
    bad(w, K_SPL_COUNT, "-1", UINT64_MAX, ANY_FAILURE);
    bad(w, K_SPL_COUNT, "the least there is", (uint64_t)INT64_MIN, ANY_FAILURE);
}

static void fill_kinds(struct world *w)
{
    fill_ids(w);
    fill_contexts(w);
    fill_texts(w);
    fill_sizes(w);
    fill_options(w, K_OPTIONS);
    fill_options(w, K_OPTIONS_COMMIT);
    fill_batches(w);
    fill_configs(w);
    fill_arrays(w);
    fill_numbers(w);
    fill_arenas(w);
    fill_values(w);
    fill_heaps(w);
}

/* --- results: what a kind's place is good and bad for --- */

static size_t out_bytes(enum kind kind)
{
    switch (kind) {
    case K_OUT8:
    case K_OUT8_MAYBE:
        return 8;
    case K_OUT16_MAYBE:
        return 16;
    case K_OUT_BOOL:
        return sizeof(bool);
    case K_OUT_CODE:
        return sizeof(lifecycle_code);
    case K_OUT_MAPPING:
        return sizeof(lifecycle_mapping);
    case K_OUT_BINDING:
        return sizeof(lifecycle_binding);
    case K_OUT_SIZED:
    case K_OUT_SIZED_MAYBE:
        return OUT_BYTES;
    default:
        return 0;
    }
}

#endif
