/*
 * batch.c - many symbols at once, all or none: lifecycle_map_batch, in both
 * ways of write protection.
 */
#include "support.h"

enum { MANY = 200 };

static lifecycle_config config;
static unsigned char codes[MANY][RETURNS_SIZE];
static char names[MANY][16];
static lifecycle_batch_item items[MANY];
static lifecycle_symbol symbols[MANY];

static void prepare(int count)
{
    lifecycle_batch_item fresh = LIFECYCLE_BATCH_ITEM_INIT;
    for (int i = 0; i < count; i++) {
        items[i] = fresh;
        snprintf(names[i], sizeof names[i], "f%d", i);
        items[i].name = names[i];
        items[i].code = returns(codes[i], 1000 + i);
        items[i].len = RETURNS_SIZE;
        symbols[i] = 77;
    }
}

/* Nothing of a batch is there, and all of the manager is as it was. */
static void expect_nothing(lifecycle_manager *manager, lifecycle_stats before,
                           int count)
{
    lifecycle_stats after = stats_of(manager);
    lifecycle_symbol found;
    EXPECT_EQ(after.symbols_live, before.symbols_live);
    EXPECT_EQ(after.code_bytes_live, before.code_bytes_live);
    EXPECT_EQ(after.code_bytes_retired, before.code_bytes_retired);
    for (int i = 0; i < count; i++)
        EXPECT_EQ(symbols[i], 0);
    EXPECT_STATUS(lifecycle_symbol_find(manager, "f0", &found),
                  LIFECYCLE_E_NOT_FOUND);
}

static void all_of_a_batch_is_mapped_and_callable(void)
{
    lifecycle_manager *manager = make_manager(&config);
    lifecycle_module module = load(manager, "a");
    void *first = entry_of(manager, "f0");
    prepare(MANY);
    EXPECT_OK(lifecycle_map_batch(manager, module, items, MANY, symbols));
    for (int i = 0; i < MANY; i++) {
        lifecycle_symbol found = 0, at = 0;
        char *address = lifecycle_symbol_address(manager, symbols[i]);
        EXPECT_EQ(call(address), 1000 + i);
        EXPECT_OK(lifecycle_symbol_find(manager, names[i], &found));
        EXPECT_OK(lifecycle_symbol_at(manager, address + 3, &at));
        EXPECT(found == symbols[i] && at == symbols[i]);
    }
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(first), 1000);
    EXPECT_EQ(info_of(manager, module).exec_symbols, MANY);
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbols[7]));
    EXPECT(lifecycle_symbol_address(manager, symbols[7]) == NULL);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbols[8])), 1008);
    EXPECT_OK(lifecycle_map_batch(manager, module, NULL, 0, NULL));
    EXPECT_OK(lifecycle_unload_module(manager, module, 0, NULL, 0));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_batch_that_is_refused_leaves_nothing(void)
{
    lifecycle_manager *manager = make_manager(&config);
    lifecycle_module module = load(manager, "a"), other = load(manager, "b");
    lifecycle_symbol taken = map_returning(manager, other, "taken", 5, 0);
    lifecycle_stats before = stats_of(manager);
    lifecycle_relocation outside;
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;

    prepare(MANY);
    items[MANY - 1].name = "taken";
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, MANY, symbols),
                  LIFECYCLE_E_EXISTS);
    EXPECT_SENTENCE("taken");
    expect_nothing(manager, before, MANY);

    prepare(MANY);
    items[MANY - 1].name = "f3";
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, MANY, symbols),
                  LIFECYCLE_E_EXISTS);
    EXPECT_SENTENCE("f3");
    expect_nothing(manager, before, MANY);

    prepare(MANY);
    memset(&outside, 0, sizeof outside);
    outside.kind = LIFECYCLE_RELOC_ABS64;
    outside.offset = RETURNS_SIZE;
    outside.target = &outside;
    options.relocations = &outside;
    options.relocation_count = 1;
    items[MANY - 1].options = &options;
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, MANY, symbols),
                  LIFECYCLE_E_RANGE);
    expect_nothing(manager, before, MANY);

    prepare(2);
    items[1].size = sizeof items[1] - 8;
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 2, symbols),
                  LIFECYCLE_E_INVALID);
    expect_nothing(manager, before, 2);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, taken)), 5);

    prepare(MANY);
    EXPECT_OK(lifecycle_map_batch(manager, module, items, MANY, symbols));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_batch_replaces_and_keeps_entries(void)
{
    lifecycle_manager *manager = make_manager(&config);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol old = map_returning(manager, module, "f1", 1, 0), pinned;
    lifecycle_map_options replace = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_map_options jit = LIFECYCLE_MAP_OPTIONS_INIT;
    void *callable = entry_of(manager, "f1");
    lifecycle_stats before;
    replace.flags = LIFECYCLE_MAP_REPLACE;
    jit.flags = LIFECYCLE_MAP_JIT;
    prepare(3);
    items[1].options = &replace;
    items[2].options = &jit;
    pinned = map_returning(manager, module, "f2", 2, LIFECYCLE_MAP_PINNED);
    before = stats_of(manager);
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 3, symbols),
                  LIFECYCLE_E_EXISTS);
    expect_nothing(manager, before, 3);
    EXPECT(lifecycle_symbol_address(manager, old) != NULL);
    EXPECT_OK(lifecycle_unpin(manager, pinned));
    EXPECT_OK(lifecycle_unmap_symbol(manager, pinned));
    EXPECT_OK(lifecycle_map_batch(manager, module, items, 3, symbols));
    EXPECT(lifecycle_symbol_address(manager, old) == NULL);
    EXPECT_EQ(stats_of(manager).total_jit_symbols, 1);
    EXPECT_EQ(stats_of(manager).sweeper_tracked, 1);
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(callable), 1001);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void reservations_in_a_batch_stay_the_hosts_when_it_fails(void)
{
    lifecycle_manager *manager = make_manager(&config);
    lifecycle_module module = load(manager, "a");
    lifecycle_code code = {0};
    prepare(3);
    EXPECT_OK(lifecycle_code_reserve(manager, 4096, 0, NULL, &code));
    memcpy(code.rw, returns(codes[1], 4321), RETURNS_SIZE);
    items[1].code = NULL;
    items[1].reserved = &code;
    items[2].name = "f0";
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 3, symbols),
                  LIFECYCLE_E_EXISTS);
    EXPECT(code.rw != NULL && code.id != 0 && symbols[1] == 0);
    items[2].name = "f2";
    items[2].code = NULL;
    items[2].reserved = &code;
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 3, symbols),
                  LIFECYCLE_E_INVALID);
    EXPECT_SENTENCE("twice");
    items[2].code = codes[2];
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 3, symbols),
                  LIFECYCLE_E_INVALID);
    items[2].reserved = NULL;
    memcpy(code.rw, returns(codes[1], 1234), RETURNS_SIZE);
    EXPECT_OK(lifecycle_map_batch(manager, module, items, 3, symbols));
    EXPECT(code.rw == NULL);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbols[1])), 1234);
    EXPECT_STATUS(lifecycle_code_abort(manager, &code), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_batch_on_the_fresh_side_waits_for_its_commit(void)
{
    lifecycle_manager *manager = make_manager(&config);
    lifecycle_module old = load(manager, "a"), fresh;
    lifecycle_symbol found;
    prepare(4);
    EXPECT_OK(lifecycle_map_batch(manager, old, items, 4, symbols));
    EXPECT_OK(lifecycle_reload_begin(manager, old, &fresh));
    returns(codes[2], 22);
    EXPECT_OK(lifecycle_map_batch(manager, fresh, items, 4, NULL));
    EXPECT_OK(lifecycle_symbol_find(manager, "f2", &found));
    EXPECT_EQ(found, symbols[2]);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_OK(lifecycle_symbol_find(manager, "f2", &found));
    EXPECT_EQ(call(lifecycle_symbol_address(manager, found)), 22);
    EXPECT_EQ(stats_of(manager).symbols_live, 4);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    static const uint32_t modes[] = {LIFECYCLE_CODE_DUAL,
                                     LIFECYCLE_CODE_MPROTECT};
    say_if_code_cannot_run();
    for (int i = 0; i < 2; i++) {
        lifecycle_config fresh = LIFECYCLE_CONFIG_INIT;
        config = fresh;
        config.code_mode = modes[i];
        RUN(all_of_a_batch_is_mapped_and_callable);
        RUN(a_batch_that_is_refused_leaves_nothing);
        RUN(a_batch_replaces_and_keeps_entries);
        RUN(reservations_in_a_batch_stay_the_hosts_when_it_fails);
        RUN(a_batch_on_the_fresh_side_waits_for_its_commit);
    }
    return expect_done();
}
