/* Use that is noted through entries, by stubs and by code that a JIT emits: lifecycle_entry_usage_slot. */
#include "support.h"

static lifecycle_manager *make(uint32_t flags)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.flags = flags;
    return make_manager(&config);
}

static void advance(lifecycle_manager *manager, int epochs)
{
    for (int i = 0; i < epochs; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
}

static uint64_t used(lifecycle_manager *manager, lifecycle_symbol symbol)
{
    lifecycle_symbol_info info;
    memset(&info, 0, sizeof info);
    EXPECT_OK(lifecycle_symbol_info_get(manager, symbol, &info, sizeof info));
    return info.last_used_epoch;
}

static uint64_t evicted(lifecycle_manager *manager, uint64_t max_age)
{
    lifecycle_sweep_report report;
    EXPECT_OK(lifecycle_sweep_unused(manager, max_age, &report, sizeof report));
    return report.evicted;
}

static void calls_through_entries_are_noted_on_request(void)
{
    for (uint32_t flags = 0; flags <= LIFECYCLE_CONFIG_MARK_ENTRIES; flags += LIFECYCLE_CONFIG_MARK_ENTRIES) {
        lifecycle_manager *manager = make(flags);
        lifecycle_module module = load(manager, "a");
        lifecycle_symbol symbol = map_returning(manager, module, "f", 1, LIFECYCLE_MAP_JIT);
        void *entry = entry_of(manager, "f");
        EXPECT_EQ(used(manager, symbol), 1);
        advance(manager, 4);
        EXPECT_EQ(used(manager, symbol), 1);
        EXPECT_EQ(call(entry), 1);
        EXPECT_EQ(used(manager, symbol), flags ? 5 : 1);
        advance(manager, 1);
        EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 1);
        EXPECT_EQ(used(manager, symbol), flags ? 5 : 1);
        EXPECT_EQ(call(entry), 1);
        EXPECT_EQ(used(manager, symbol), flags ? 6 : 1);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

static void what_is_called_stays_and_what_is_not_goes(void)
{
    lifecycle_manager *manager = make(LIFECYCLE_CONFIG_MARK_ENTRIES);
    lifecycle_module module = load(manager, "a");
    void *entries[20];
    char name[16];
    size_t stale = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "f%d", i);
        /* Whichever is made first: the entry or the symbol. */
        if (i % 2)
            entries[i] = entry_of(manager, name);
        map_returning(manager, module, name, i, LIFECYCLE_MAP_JIT);
        entries[i] = entry_of(manager, name);
    }
    for (int epoch = 0; epoch < 10; epoch++) {
        advance(manager, 1);
        for (int i = 0; i < 5; i++)
            EXPECT_EQ(call(entries[i]), i);
    }
    EXPECT_OK(lifecycle_stale_count(manager, 5, &stale));
    EXPECT_EQ(stale, 15);
    EXPECT_EQ(evicted(manager, 5), 15);
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(call(entries[i]), i);
    EXPECT_EQ(stats_of(manager).symbols_live, 5);
    advance(manager, 10);
    EXPECT_EQ(call(entries[3]), 3);
    EXPECT_EQ(evicted(manager, 5), 4);
    EXPECT_EQ(call(entries[3]), 3);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *map_again(const char *name, void *user)
{
    lifecycle_manager *manager = user;
    lifecycle_module module = 0;
    EXPECT_OK(lifecycle_module_find(manager, "a", &module));
    return lifecycle_symbol_address(manager, map_returning(manager, module, name, 9, LIFECYCLE_MAP_JIT));
}

static void use_follows_the_name_through_replacement_reload_and_eviction(void)
{
    lifecycle_manager *manager = make(LIFECYCLE_CONFIG_MARK_ENTRIES);
    lifecycle_module module = load(manager, "a"), fresh;
    lifecycle_symbol symbol = map_returning(manager, module, "f", 1, LIFECYCLE_MAP_JIT), staged;
    void *entry = entry_of(manager, "f");
    advance(manager, 3);
    symbol = map_returning(manager, module, "f", 2, LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(used(manager, symbol), 4);
    advance(manager, 1);
    EXPECT_EQ(call(entry), 2);
    EXPECT_EQ(used(manager, symbol), 5);
    EXPECT_OK(lifecycle_reload_begin(manager, module, &fresh));
    staged = map_returning(manager, fresh, "f", 3, LIFECYCLE_MAP_JIT);
    advance(manager, 1);
    /* The old side is what is called until the commit. */
    EXPECT_EQ(call(entry), 2);
    EXPECT_EQ(used(manager, symbol), 6);
    EXPECT_EQ(used(manager, staged), 5);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    advance(manager, 1);
    EXPECT_EQ(call(entry), 3);
    EXPECT_EQ(used(manager, staged), 7);
    advance(manager, 5);
    EXPECT_EQ(evicted(manager, 3), 1);
    EXPECT_OK(lifecycle_set_resolver(manager, map_again, manager));
    EXPECT_EQ(call(entry), 9);
    EXPECT_OK(lifecycle_symbol_find(manager, "f", &symbol));
    EXPECT_EQ(used(manager, symbol), 12);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_words_are_told_before_there_is_code(void)
{
    lifecycle_manager *manager = make(0);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol;
    uint64_t *slot = NULL, *other = NULL;
    const uint64_t *clock = NULL, *same = NULL;
    advance(manager, 2);
    EXPECT_OK(lifecycle_entry_usage_slot(manager, "f", &slot, &clock));
    EXPECT_OK(lifecycle_entry_usage_slot(manager, "g", &other, &same));
    EXPECT(slot != other && clock == same);
    EXPECT_EQ(*clock, 3);
    EXPECT_EQ(*slot, 0);
    symbol = map_returning(manager, module, "f", 1, LIFECYCLE_MAP_JIT);
    advance(manager, 7);
    EXPECT_EQ(*clock, 10);
    EXPECT_EQ(used(manager, symbol), 3);
    lifecycle_mark(slot, clock);
    EXPECT_EQ(used(manager, symbol), 10);
    EXPECT_EQ(evicted(manager, 5), 0);
    EXPECT_STATUS(lifecycle_entry_usage_slot(manager, "", &slot, &clock), LIFECYCLE_E_INVALID);
    EXPECT(slot == NULL && clock == NULL);
    clock = same;
    EXPECT_STATUS(lifecycle_entry_usage_slot(manager, "f", NULL, &clock), LIFECYCLE_E_INVALID);
    EXPECT(clock == NULL);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- The bytes in the comments of lifecycle_entry_usage_slot, lifecycle_entry_slot and lifecycle_usage_slot --- */

static lifecycle_relocation field(uint32_t kind, uint64_t offset, const void *target, int64_t addend)
{
    lifecycle_relocation it = {kind, 0, offset, NULL, target, addend};
    return it;
}

/* Behind the sequence stands the code that returns a value. */
static lifecycle_symbol map_marking(lifecycle_manager *manager, lifecycle_module module, const char *name, int value)
{
#if defined(__aarch64__)
    static const uint32_t sequence[9] = {0x90000010, 0x91000210, 0xf9400210, 0x90000011, 0x91000231,
                                         0xf940022f, 0xeb1001ff, 0x54000040, 0xf9000230};
    const size_t count = 4;
#else
    static const unsigned char sequence[23] = {0x4c, 0x8b, 0x1d, 0, 0, 0, 0, 0x4c, 0x3b, 0x1d, 0,    0,
                                               0,    0,    0x74, 7, 0x4c, 0x89, 0x1d, 0, 0, 0, 0};
    const size_t count = 3;
#endif
    unsigned char code[sizeof sequence + RETURNS_SIZE];
    lifecycle_relocation fields[4];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    uint64_t *slot = NULL;
    const uint64_t *clock = NULL;
    EXPECT_OK(lifecycle_entry_usage_slot(manager, name, &slot, &clock));
#if defined(__aarch64__)
    fields[0] = field(LIFECYCLE_RELOC_ADR_PREL_PG_HI21, 0, clock, 0);
    fields[1] = field(LIFECYCLE_RELOC_ADD_ABS_LO12, 4, clock, 0);
    fields[2] = field(LIFECYCLE_RELOC_ADR_PREL_PG_HI21, 12, slot, 0);
    fields[3] = field(LIFECYCLE_RELOC_ADD_ABS_LO12, 16, slot, 0);
#else
    fields[0] = field(LIFECYCLE_RELOC_PC32, 3, clock, -4);
    fields[1] = field(LIFECYCLE_RELOC_PC32, 10, slot, -4);
    fields[2] = field(LIFECYCLE_RELOC_PC32, 19, slot, -4);
#endif
    memcpy(code, sequence, sizeof sequence);
    returns(code + sizeof sequence, value);
    options.flags = LIFECYCLE_MAP_JIT;
    options.relocations = fields;
    options.relocation_count = count;
    EXPECT_OK(lifecycle_map_symbol(manager, module, name, code, sizeof code, &options, &symbol));
    return symbol;
}

static void the_documented_marking_code_marks(void)
{
    lifecycle_manager *manager = make(0);
    lifecycle_symbol symbol = map_marking(manager, load(manager, "a"), "f", 17);
    void *address = lifecycle_symbol_address(manager, symbol);
    for (int i = 2; i < 6; i++) {
        advance(manager, 1);
        EXPECT_EQ(used(manager, symbol), i - 1);
        EXPECT_EQ(call(address), 17);
        EXPECT_EQ(call(address), 17);
        EXPECT_EQ(used(manager, symbol), i);
    }
    advance(manager, 3);
    EXPECT_EQ(evicted(manager, 4), 0);
    advance(manager, 2);
    EXPECT_EQ(evicted(manager, 4), 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_documented_call_through_a_slot_calls(void)
{
    lifecycle_manager *manager = make(0);
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    void *const *slot = NULL;
    lifecycle_relocation fields[2];
#if defined(__aarch64__)
    /* stp x29, x30, [sp, -16]!; the call; ldp x29, x30, [sp], 16; ret */
    static const uint32_t code[] = {0xa9bf7bfd, 0x90000010, 0x91000210, 0xf9400210, 0xd63f0200, 0xa8c17bfd, 0xd65f03c0};
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &slot));
    fields[0] = field(LIFECYCLE_RELOC_ADR_PREL_PG_HI21, 4, slot, 0);
    fields[1] = field(LIFECYCLE_RELOC_ADD_ABS_LO12, 8, slot, 0);
    options.relocation_count = 2;
#else
    /* sub rsp, 8; the call; add rsp, 8; ret */
    static const unsigned char code[] = {0x48, 0x83, 0xec, 8, 0xff, 0x15, 0, 0, 0, 0, 0x48, 0x83, 0xc4, 8, 0xc3};
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &slot));
    fields[0] = field(LIFECYCLE_RELOC_PC32, 6, slot, -4);
    options.relocation_count = 1;
#endif
    options.relocations = fields;
    EXPECT_OK(lifecycle_map_symbol(manager, module, "caller", code, sizeof code, &options, &symbol));
    EXPECT_OK(lifecycle_set_resolver(manager, map_again, manager));
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 9);
    map_returning(manager, module, "f", 10, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 10);
    EXPECT_OK(lifecycle_destroy(manager));
}

#if defined(__x86_64__)
static void the_documented_far_sequences_do_too(void)
{
    lifecycle_manager *manager = make(0);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol marked = map_returning(manager, module, "f", 30, LIFECYCLE_MAP_JIT), symbol = 0;
    unsigned char mark[31 + RETURNS_SIZE] = {0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0,    0,    0x4d, 0x8b, 0x1b, 0x49, 0xba, 0,
                                             0,    0,    0, 0, 0, 0, 0, 0x4d, 0x39, 0x1a, 0x74, 3,    0x4d, 0x89, 0x1a};
    unsigned char enter[21] = {0x48, 0x83, 0xec, 8, 0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0xff, 0x13, 0x48, 0x83, 0xc4, 8};
    unsigned char whole[sizeof enter + 1];
    uint64_t *slot = NULL;
    const uint64_t *clock = NULL;
    void *const *code = NULL;
    EXPECT_OK(lifecycle_usage_slot(manager, marked, &slot, &clock));
    memcpy(mark + 2, &clock, 8);
    memcpy(mark + 15, &slot, 8);
    returns(mark + 31, 31);
    EXPECT_OK(lifecycle_map_symbol(manager, module, "mark", mark, sizeof mark, NULL, &symbol));
    for (int i = 2; i < 5; i++) {
        advance(manager, 1);
        EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 31);
        EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 31);
        EXPECT_EQ(used(manager, marked), i);
    }
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &code));
    memcpy(enter + 6, &code, 8);
    memcpy(whole, enter, sizeof enter);
    whole[sizeof enter] = 0xc3;
    EXPECT_OK(lifecycle_map_symbol(manager, module, "call", whole, sizeof whole, NULL, &symbol));
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 30);
    EXPECT_OK(lifecycle_destroy(manager));
}
#endif

int main(void)
{
    if (!CAN_RUN_CODE) {
        say_if_code_cannot_run();
        return EXIT_SUCCESS;
    }
    RUN(calls_through_entries_are_noted_on_request);
    RUN(what_is_called_stays_and_what_is_not_goes);
    RUN(use_follows_the_name_through_replacement_reload_and_eviction);
    RUN(the_words_are_told_before_there_is_code);
    RUN(the_documented_marking_code_marks);
    RUN(the_documented_call_through_a_slot_calls);
#if defined(__x86_64__)
    RUN(the_documented_far_sequences_do_too);
#endif
    return expect_done();
}
