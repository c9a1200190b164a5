/* Code, in both ways of write protection: header section 4. Entries and readers have programs of their own. */
#include "support.h"

static lifecycle_config config;

static lifecycle_manager *make(void)
{
    return make_manager(&config);
}

static lifecycle_symbol_info info(lifecycle_manager *manager, lifecycle_symbol symbol)
{
    lifecycle_symbol_info it;
    memset(&it, 0xee, sizeof it);
    EXPECT_OK(lifecycle_symbol_info_get(manager, symbol, &it, sizeof it));
    return it;
}

static lifecycle_status map(lifecycle_manager *manager, lifecycle_module module, const char *name, uint32_t flags,
                            lifecycle_symbol *symbol)
{
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = flags;
    return lifecycle_map_symbol(manager, module, name, returns(code, 9), sizeof code, &options, symbol);
}

static void the_mode_asked_for_is_the_mode_got(void)
{
    lifecycle_manager *manager = make();
    lifecycle_caps caps;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    EXPECT_EQ(caps.code_mode, config.code_mode);
    EXPECT_EQ(caps.fork_policy, LIFECYCLE_FORK_COPY);
    EXPECT_EQ(caps.code_capacity, 256u << 20);
    EXPECT_EQ(caps.page_size, (size_t)sysconf(_SC_PAGESIZE));
    EXPECT(caps.code_granule > 0 && caps.code_granule <= caps.page_size);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void mapped_code_runs_and_is_known(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_symbol symbol = 0, found;
    lifecycle_symbol_info it;
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    unsigned char code[RETURNS_SIZE];
    int mine;
    options.user = &mine;
    EXPECT_OK(lifecycle_map_symbol(manager, module, "f", returns(code, 42), sizeof code, &options, &symbol));
    it = info(manager, symbol);
    EXPECT(strcmp(it.name, "f") == 0 && strcmp(it.owner, "a.smf") == 0);
    EXPECT(it.module == module && it.size == RETURNS_SIZE && it.user == &mine && it.pins == 0 && it.flags == 0);
    EXPECT(it.address == lifecycle_symbol_address(manager, symbol) && (uintptr_t)it.address % 64 == 0);
    EXPECT_EQ(call(it.address), 42);
    EXPECT_OK(lifecycle_symbol_find(manager, "f", &found));
    EXPECT_EQ(found, symbol);
    EXPECT_STATUS(map(manager, module, "f", 0, &found), LIFECYCLE_E_EXISTS);
    EXPECT_SENTENCE("'f'");
    EXPECT_SENTENCE("a.smf");
    EXPECT_EQ(found, 0);
    EXPECT_STATUS(map(manager, module, "g", 8, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(map(manager, module, "", 0, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "g", code, 0, NULL, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "g", NULL, 6, NULL, &found), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_map_symbol(manager, module, "g", code, sizeof code, NULL, NULL));
    EXPECT_EQ(stats_of(manager).symbols_live, 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void replacing_retires_the_old_code_and_pins_forbid_it(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_symbol first = map_returning(manager, a, "f", 1, 0), second, third = 7;
    uint64_t generation = info(manager, first).generation;
    second = map_returning(manager, b, "f", 2, LIFECYCLE_MAP_REPLACE | LIFECYCLE_MAP_PINNED);
    EXPECT(second != first && lifecycle_symbol_address(manager, first) == NULL);
    EXPECT(info(manager, second).generation > generation);
    EXPECT_EQ(info(manager, second).pins, 1);
    EXPECT_EQ(info_of(manager, a).exec_symbols, 0);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, second)), 2);
    EXPECT_EQ(stats_of(manager).symbols_pinned, 1);
    EXPECT_STATUS(map(manager, a, "f", LIFECYCLE_MAP_REPLACE, &third), LIFECYCLE_E_PINNED);
    EXPECT_EQ(third, 0);
    EXPECT_STATUS(lifecycle_unmap_symbol(manager, second), LIFECYCLE_E_PINNED);
    EXPECT_OK(lifecycle_pin(manager, second));
    EXPECT_OK(lifecycle_unpin(manager, second));
    EXPECT_STATUS(lifecycle_unmap_symbol(manager, second), LIFECYCLE_E_PINNED);
    EXPECT_OK(lifecycle_unpin(manager, second));
    EXPECT_STATUS(lifecycle_unpin(manager, second), LIFECYCLE_E_RANGE);
    EXPECT_OK(lifecycle_unmap_symbol(manager, second));
    EXPECT_STATUS(lifecycle_unmap_symbol(manager, second), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_pin(manager, second), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_unmap_symbol(manager, a), LIFECYCLE_E_TYPE);
    /* Nothing to replace is fine too. */
    EXPECT_OK(map(manager, a, "f", LIFECYCLE_MAP_REPLACE, &third));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void alignments_are_kept(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    unsigned char code[RETURNS_SIZE];
    static const size_t wrong[] = {3, 24, 8192, SIZE_MAX};
    lifecycle_symbol symbol;
    char name[32];
    returns(code, 1);
    for (int round = 0; round < 3; round++)
        for (size_t align = 1; align <= 4096; align *= 2) {
            options.align = align;
            snprintf(name, sizeof name, "f%d.%zu", round, align);
            EXPECT_OK(lifecycle_map_symbol(manager, module, name, code, sizeof code, &options, &symbol));
            EXPECT_EQ((uintptr_t)lifecycle_symbol_address(manager, symbol) % align, 0);
        }
    for (int i = 0; i < 4; i++) {
        lifecycle_code room;
        options.align = wrong[i];
        EXPECT_STATUS(lifecycle_map_symbol(manager, module, "w", code, sizeof code, &options, &symbol), LIFECYCLE_E_INVALID);
        EXPECT_STATUS(lifecycle_code_reserve(manager, 10, wrong[i], NULL, &room), LIFECYCLE_E_INVALID);
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

static void code_lies_near_an_address_or_is_refused(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol first = map_returning(manager, module, "f", 1, 0), second;
    unsigned char code[RETURNS_SIZE], *at = lifecycle_symbol_address(manager, first);
    uint64_t live = stats_of(manager).code_bytes_live;
    returns(code, 1);
    options.near_address = at;
    EXPECT_OK(lifecycle_map_symbol(manager, module, "g", code, sizeof code, &options, &second));
    EXPECT_OK(lifecycle_unmap_symbol(manager, second));
    options.near_address = (void *)((uintptr_t)at ^ ((uintptr_t)1 << 46));
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "h", code, sizeof code, &options, &second), LIFECYCLE_E_RANGE);
    options.near_address = (void *)UINTPTR_MAX;
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "h", code, sizeof code, &options, &second), LIFECYCLE_E_RANGE);
    EXPECT_EQ(stats_of(manager).code_bytes_live, live);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void options_that_are_not_supported_are_refused(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    unsigned char code[RETURNS_SIZE];
    lifecycle_symbol symbol;
    returns(code, 1);
    options.relocation_count = 1;
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "w", code, sizeof code, &options, &symbol), LIFECYCLE_E_INVALID);
    options.relocation_count = 0;
    options.eh_frame = code;
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "w", code, sizeof code, &options, &symbol), LIFECYCLE_E_UNSUPPORTED);
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_reservation_is_committed_or_given_back(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_code room = {NULL, NULL, 0, 0}, copy;
    lifecycle_symbol symbol = 7;
    uint64_t reserved;
    EXPECT_STATUS(lifecycle_code_reserve(manager, 0, 0, NULL, &room), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_code_reserve(manager, 20000, 128, NULL, &room));
    reserved = stats_of(manager).code_bytes_live;
    EXPECT(room.rx != NULL && room.rw != NULL && room.size >= 20000 && (uintptr_t)room.rx % 128 == 0);
    EXPECT((room.rx != room.rw) == (config.code_mode == LIFECYCLE_CODE_DUAL));
    memset(room.rw, 0x90, room.size);
    returns(room.rw, 5);
    copy = room;
    EXPECT_STATUS(lifecycle_code_commit(manager, &room, module, "f", 0, NULL, &symbol), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_code_commit(manager, &room, module, "f", room.size + 1, NULL, &symbol), LIFECYCLE_E_RANGE);
    EXPECT_STATUS(lifecycle_code_commit(manager, &room, module, "f", SIZE_MAX, NULL, &symbol), LIFECYCLE_E_RANGE);
    EXPECT_EQ(symbol, 0);
    map_returning(manager, module, "taken", 1, 0);
    EXPECT_STATUS(lifecycle_code_commit(manager, &room, module, "taken", 6, NULL, &symbol), LIFECYCLE_E_EXISTS);
    /* Still the caller's, and writable. */
    EXPECT(room.rw == copy.rw && room.id == copy.id);
    returns(room.rw, 6);
    EXPECT_OK(lifecycle_code_commit(manager, &room, module, "f", RETURNS_SIZE, NULL, &symbol));
    EXPECT(room.rw == NULL);
    EXPECT(lifecycle_symbol_address(manager, symbol) == copy.rx);
    EXPECT_EQ(info(manager, symbol).size, RETURNS_SIZE);
    EXPECT_EQ(call(copy.rx), 6);
    EXPECT(stats_of(manager).code_bytes_live < reserved);
    EXPECT_STATUS(lifecycle_code_commit(manager, &copy, module, "g", RETURNS_SIZE, NULL, &symbol), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_code_abort(manager, &copy), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_code_reserve(manager, 100, 0, NULL, &room));
    copy = room;
    EXPECT_OK(lifecycle_code_abort(manager, &room));
    EXPECT(room.rx == NULL && room.rw == NULL && room.size == 0 && room.id == 0);
    EXPECT_STATUS(lifecycle_code_abort(manager, &copy), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_code_abort(manager, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_code_budget_tells_full_from_too_big(void)
{
    lifecycle_manager *manager;
    lifecycle_code room = {NULL, NULL, 0, 0}, first, second;
    /* Of each slab, in dual mode, the first 64 bytes are nobody's. */
    const size_t lead = config.code_mode == LIFECYCLE_CODE_DUAL ? 64 : 0;
    const size_t slab = (2 << 20) - lead, all = (4 << 20) - lead;
    config.code_capacity = 4 << 20;
    manager = make();
    EXPECT_STATUS(lifecycle_code_reserve(manager, all + 1, 0, NULL, &room), LIFECYCLE_E_TOO_BIG);
    EXPECT_STATUS(lifecycle_code_reserve(manager, SIZE_MAX, 0, NULL, &room), LIFECYCLE_E_TOO_BIG);
    EXPECT_STATUS(lifecycle_code_reserve(manager, (size_t)1 << 62, 4096, NULL, &room), LIFECYCLE_E_TOO_BIG);
    EXPECT_OK(lifecycle_code_reserve(manager, all, 0, NULL, &room));
    EXPECT_STATUS(lifecycle_code_reserve(manager, 1, 0, NULL, &first), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_code_abort(manager, &room));
    EXPECT_OK(lifecycle_code_reserve(manager, slab, 0, NULL, &first));
    EXPECT_STATUS(lifecycle_code_reserve(manager, slab + 1, 0, NULL, &room), LIFECYCLE_E_LIMIT);
    EXPECT_OK(lifecycle_code_reserve(manager, slab, 0, NULL, &second));
    EXPECT_OK(lifecycle_code_abort(manager, &first));
    EXPECT_OK(lifecycle_code_abort(manager, &second));
    EXPECT_OK(lifecycle_code_reserve(manager, all, 0, NULL, &room));
    EXPECT_OK(lifecycle_code_abort(manager, &room));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    /* What a commit does not use is given back, of a large reservation too. */
    EXPECT_OK(lifecycle_code_reserve(manager, all, 0, NULL, &room));
    returns(room.rw, 3);
    EXPECT_OK(lifecycle_code_commit(manager, &room, load(manager, "a"), "f", RETURNS_SIZE, NULL, NULL));
    EXPECT(stats_of(manager).code_bytes_live < 4096 + 1);
    EXPECT_OK(lifecycle_code_reserve(manager, slab, 0, NULL, &second));
    EXPECT_EQ(call(room.rx), 3);
    EXPECT_OK(lifecycle_code_abort(manager, &second));
    EXPECT_OK(lifecycle_destroy(manager));
    config.code_capacity = 0;
}

static void data_is_zeroed_writable_and_near_the_code(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    char *code = lifecycle_symbol_address(manager, map_returning(manager, load(manager, "b"), "f", 1, 0));
    for (int round = 0; round < 2; round++) {
        for (size_t size = 1; size < 3 << 20; size = size * 7 + 1) {
            char *data = NULL;
            size_t wrong = 0;
            EXPECT_OK(lifecycle_data_reserve(manager, module, size, 256, (void **)&data));
            for (size_t i = 0; i < size; i += 61)
                wrong += data[i] != 0;
            EXPECT_EQ(wrong, 0);
            memset(data, 0xcc, size);
            EXPECT((uintptr_t)data % 256 == 0);
            EXPECT((data > code ? data + size - code : code - data) < INT64_C(1) << 31);
        }
        EXPECT_OK(unload(manager, module));
        module = load(manager, "a");
    }
    {
        void *data = &module;
        EXPECT_STATUS(lifecycle_data_reserve(manager, module, 0, 0, &data), LIFECYCLE_E_INVALID);
        EXPECT(data == NULL);
        EXPECT_STATUS(lifecycle_data_reserve(manager, module, 8, 3, &data), LIFECYCLE_E_INVALID);
        EXPECT_STATUS(lifecycle_data_reserve(manager, module, SIZE_MAX / 2, 0, &data), LIFECYCLE_E_TOO_BIG);
        EXPECT_STATUS(lifecycle_data_reserve(manager, module, SIZE_MAX, 0, &data), LIFECYCLE_E_TOO_BIG);
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Code's lines in /proc/self/maps: executable or shared; those that may be written and run at once through `both`. */
static size_t count_mappings(size_t *both)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t lines = 0;
    *both = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        const char *rights = strchr(line, ' ');
        lines += rights != NULL && (rights[3] == 'x' || rights[4] == 's');
        *both += rights != NULL && rights[2] == 'w' && rights[3] == 'x';
    }
    if (maps != NULL)
        fclose(maps);
    return lines;
}

static void nothing_is_ever_writable_and_executable(void)
{
    size_t before, both;
    lifecycle_manager *manager;
    lifecycle_module module;
    lifecycle_code room;
    if (expect_scale(1, 0) == 0) {
        printf("skipped: looking for writable and executable memory (valgrind has some of its own)\n");
        return;
    }
    count_mappings(&before);
    manager = make();
    module = load(manager, "a");
    map_returning(manager, module, "f", 1, 0);
    entry_of(manager, "f");
    EXPECT_OK(lifecycle_code_reserve(manager, 100, 0, NULL, &room));
    count_mappings(&both);
    EXPECT_EQ(both, before);
    EXPECT_OK(lifecycle_code_commit(manager, &room, module, "g", 100, NULL, NULL));
    count_mappings(&both);
    EXPECT_EQ(both, before);
    EXPECT_OK(unload(manager, module));
    count_mappings(&both);
    EXPECT_EQ(both, before);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void ten_thousand_symbols_use_few_mappings(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    const size_t many = expect_scale(10000, 1000);
    size_t before, after, both;
    char name[24];
    int wrong = 0;
    map_returning(manager, module, "first", 1, 0);
    before = count_mappings(&both);
    for (size_t i = 0; i < many; i++) {
        snprintf(name, sizeof name, "f%zu", i);
        map_returning(manager, module, name, (int)i, i % 2 ? LIFECYCLE_MAP_JIT : 0);
    }
    after = count_mappings(&both);
    EXPECT(after < before + 40);
    for (size_t i = 0; i < many; i += 7) {
        lifecycle_symbol symbol;
        snprintf(name, sizeof name, "f%zu", i);
        wrong += lifecycle_symbol_find(manager, name, &symbol) != LIFECYCLE_OK ||
                 call(lifecycle_symbol_address(manager, symbol)) != (int)i;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    static const uint32_t modes[2] = {LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT};
    say_if_code_cannot_run();
    for (int i = 0; i < 2; i++) {
        config = (lifecycle_config)LIFECYCLE_CONFIG_INIT;
        config.code_mode = modes[i];
        RUN(the_mode_asked_for_is_the_mode_got);
        RUN(mapped_code_runs_and_is_known);
        RUN(replacing_retires_the_old_code_and_pins_forbid_it);
        RUN(alignments_are_kept);
        RUN(code_lies_near_an_address_or_is_refused);
        RUN(options_that_are_not_supported_are_refused);
        RUN(a_reservation_is_committed_or_given_back);
        RUN(the_code_budget_tells_full_from_too_big);
        RUN(data_is_zeroed_writable_and_near_the_code);
        RUN(nothing_is_ever_writable_and_executable);
        RUN(ten_thousand_symbols_use_few_mappings);
    }
    return expect_done();
}
