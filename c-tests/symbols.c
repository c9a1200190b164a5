/* Adopted code, the origin of JIT code, and finding symbols: header section 4. */
#include "support.h"

static unsigned char memory[4][256];

typedef struct releases {
    int count;
    void *last;
} releases;

static void note_release(void *address, void *user)
{
    releases *it = user;
    it->count++;
    it->last = address;
}

static lifecycle_symbol at(lifecycle_manager *manager, const void *pc)
{
    lifecycle_symbol symbol = 77;
    lifecycle_status status = lifecycle_symbol_at(manager, pc, &symbol);
    EXPECT(status == LIFECYCLE_OK ? symbol != 0 : status == LIFECYCLE_E_NOT_FOUND && symbol == 0);
    return symbol;
}

static lifecycle_module origin_of(lifecycle_manager *manager, const char *name)
{
    lifecycle_module origin = 77;
    lifecycle_status status = lifecycle_jit_origin(manager, name, &origin);
    EXPECT(status == LIFECYCLE_OK ? origin != 0 : status == LIFECYCLE_E_NOT_FOUND && origin == 0);
    return origin;
}

static void adopted_code_is_found_and_released_once(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol, found;
    lifecycle_symbol_info info;
    releases it = {0, NULL};
    void *const *slot;
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &slot));
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "f", memory[0], 256, note_release, &it, &symbol));
    EXPECT(*slot == memory[0]);
    EXPECT(lifecycle_symbol_address(manager, symbol) == memory[0]);
    EXPECT_OK(lifecycle_symbol_find(manager, "f", &found));
    EXPECT_EQ(found, symbol);
    EXPECT_OK(lifecycle_symbol_info_get(manager, symbol, &info, sizeof info));
    EXPECT(info.flags == LIFECYCLE_MAP_ADOPTED && info.size == 256 && info.user == &it && info.module == module);
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT_EQ(info_of(manager, module).code_bytes, 256);
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
    EXPECT(it.count == 1 && it.last == memory[0]);
    EXPECT(*slot != memory[0]);
    /* Without a release function, and through an unload. */
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "f", memory[0], 256, NULL, NULL, NULL));
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "g", memory[1], 256, note_release, &it, NULL));
    EXPECT_OK(unload(manager, module));
    EXPECT(it.count == 2 && it.last == memory[1]);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(it.count, 2);
}

static void what_cannot_be_adopted_stays_the_callers(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol = 7, own = map_returning(manager, module, "own", 1, 0);
    releases it = {0, NULL};
    char *code = lifecycle_symbol_address(manager, own);
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "f", memory[1], 256, note_release, &it, NULL));
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "f", memory[0], 9, note_release, &it, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_EQ(symbol, 0);
    /* The same range, one byte of it from either side, inside it, around it. */
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[1], 256, note_release, &it, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[0], 257, note_release, &it, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[1] + 255, 9, note_release, &it, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[1] + 9, 9, note_release, &it, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[0], 768, note_release, &it, &symbol), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", NULL, 9, note_release, &it, &symbol), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[0], 0, note_release, &it, &symbol), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", code, 6, note_release, &it, &symbol), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_on_symbol_mapped(manager, module, "g", memory[0], SIZE_MAX, note_release, &it, &symbol), LIFECYCLE_E_RANGE);
    EXPECT_EQ(it.count, 0);
    EXPECT_EQ(stats_of(manager).symbols_live, 2);
    /* Right beside is no overlap. */
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "before", memory[0], 256, note_release, &it, &symbol));
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "behind", memory[2], 256, note_release, &it, &symbol));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(it.count, 3);
}

static void a_symbol_is_found_by_every_byte_of_it_and_no_other(void)
{
    static const uint32_t modes[2] = {LIFECYCLE_CODE_DUAL, LIFECYCLE_CODE_MPROTECT};
    for (int mode = 0; mode < 2; mode++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        lifecycle_manager *manager;
        lifecycle_module module;
        lifecycle_symbol small, large, adopted;
        unsigned char *first, *code = malloc(5000);
        lifecycle_code room;
        config.code_mode = modes[mode];
        manager = make_manager(&config);
        module = load(manager, "a");
        memset(code, 0x90, 5000);
        small = map_returning(manager, module, "small", 1, 0);
        EXPECT_OK(lifecycle_map_symbol(manager, module, "large", code, 5000, NULL, &large));
        EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "adopted", memory[1], 256, NULL, NULL, &adopted));
        first = lifecycle_symbol_address(manager, small);
        EXPECT(at(manager, first) == small && at(manager, first + 3) == small && at(manager, first + 5) == small);
        EXPECT_EQ(at(manager, first + RETURNS_SIZE), 0);
        first = lifecycle_symbol_address(manager, large);
        EXPECT(at(manager, first) == large && at(manager, first + 4096) == large && at(manager, first + 4999) == large);
        EXPECT(at(manager, first + 5000) != large && at(manager, first - 1) != large);
        EXPECT(at(manager, memory[1]) == adopted && at(manager, memory[1] + 100) == adopted && at(manager, memory[1] + 255) == adopted);
        EXPECT(at(manager, memory[1] + 256) == 0 && at(manager, memory[1] - 1) == 0);
        EXPECT(at(manager, NULL) == 0 && at(manager, (void *)UINTPTR_MAX) == 0 && at(manager, &manager) == 0);
        EXPECT(at(manager, (const void *)(uintptr_t)(void *)entry_of(manager, "small")) == 0);
        EXPECT_OK(lifecycle_code_reserve(manager, 100, 0, NULL, &room));
        EXPECT_EQ(at(manager, room.rx), 0);
        EXPECT_OK(lifecycle_unmap_symbol(manager, large));
        EXPECT_EQ(at(manager, first + 100), 0);
        EXPECT_OK(lifecycle_unmap_symbol(manager, adopted));
        EXPECT_EQ(at(manager, memory[1] + 100), 0);
        EXPECT_STATUS(lifecycle_symbol_at(manager, first, NULL), LIFECYCLE_E_INVALID);
        EXPECT_OK(lifecycle_destroy(manager));
        EXPECT_STATUS(lifecycle_symbol_at(manager, first, &small), LIFECYCLE_E_STALE);
        free(code);
    }
}

static void retired_code_belongs_to_nobody(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol = map_returning(manager, module, "f", 1, 0), second;
    void *before = lifecycle_symbol_address(manager, symbol);
    lifecycle_reader *reader;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    second = map_returning(manager, module, "f", 2, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(at(manager, before), 0);
    EXPECT(at(manager, lifecycle_symbol_address(manager, second)) == second);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(at(manager, before), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void thousands_of_symbols_are_all_found_by_address(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    const size_t many = expect_scale(3000, 300);
    lifecycle_symbol *symbols = calloc(many, sizeof *symbols);
    static unsigned char host[3000][16];
    char name[24];
    size_t wrong = 0;
    for (size_t i = 0; i < many; i++) {
        snprintf(name, sizeof name, "f%zu", i);
        if (i % 3 == 0)
            EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, name, host[i], 16, NULL, NULL, &symbols[i]));
        else
            symbols[i] = map_returning(manager, module, name, (int)i, 0);
    }
    for (size_t i = 0; i < many; i += 2)
        wrong += lifecycle_unmap_symbol(manager, symbols[i]) != LIFECYCLE_OK;
    for (size_t i = 0; i < many; i++) {
        char *address = lifecycle_symbol_address(manager, symbols[i]);
        wrong += (address == NULL) != (i % 2 == 0);
        wrong += address != NULL && at(manager, address + 5) != symbols[i];
        wrong += i % 6 == 0 && at(manager, host[i] + 5) != 0;
    }
    EXPECT_EQ(wrong, 0);
    free(symbols);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void jit_code_has_an_origin(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_symbol symbol = map_returning(manager, a, "j", 1, LIFECYCLE_MAP_JIT);
    lifecycle_symbol_info info;
    EXPECT_OK(lifecycle_symbol_info_get(manager, symbol, &info, sizeof info));
    EXPECT(strcmp(info.owner, "__jit__") == 0 && info.module == a && info.flags == LIFECYCLE_MAP_JIT);
    EXPECT_EQ(origin_of(manager, "j"), a);
    EXPECT_EQ(origin_of(manager, "nothing"), 0);
    /* Announced after it is mapped: it moves, its code stays where it is. */
    map_returning(manager, a, "own", 2, 0);
    EXPECT_EQ(origin_of(manager, "own"), 0);
    EXPECT_OK(lifecycle_on_jit_triggered(manager, b, "own"));
    EXPECT_EQ(origin_of(manager, "own"), b);
    EXPECT(info_of(manager, a).exec_symbols == 0 && info_of(manager, b).jit_symbols == 1);
    EXPECT(info_of(manager, a).code_bytes == RETURNS_SIZE && info_of(manager, b).code_bytes == RETURNS_SIZE);
    EXPECT_EQ(stats_of(manager).total_jit_symbols, 2);
    /* Announced before: whoever maps it, it is the announcer's. */
    EXPECT_OK(lifecycle_on_jit_triggered(manager, b, "later"));
    EXPECT_EQ(origin_of(manager, "later"), b);
    EXPECT_STATUS(lifecycle_symbol_find(manager, "later", &symbol), LIFECYCLE_E_NOT_FOUND);
    symbol = map_returning(manager, a, "later", 3, LIFECYCLE_MAP_JIT);
    EXPECT_EQ(origin_of(manager, "later"), b);
    EXPECT_OK(lifecycle_symbol_info_get(manager, symbol, &info, sizeof info));
    EXPECT_EQ(info.module, b);
    EXPECT_OK(unload(manager, b));
    EXPECT(lifecycle_symbol_address(manager, symbol) == NULL);
    EXPECT_EQ(origin_of(manager, "later"), 0);
    EXPECT_STATUS(lifecycle_on_jit_triggered(manager, b, "x"), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_jit_triggered(manager, a, ""), LIFECYCLE_E_INVALID);
    EXPECT_EQ(stats_of(manager).symbols_live, 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void an_owners_code_goes_all_or_none(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_symbol pinned;
    size_t count = 7;
    map_returning(manager, a, "f", 1, 0);
    map_returning(manager, a, "g", 1, 0);
    map_returning(manager, a, "j", 1, LIFECYCLE_MAP_JIT);
    map_returning(manager, b, "k", 1, LIFECYCLE_MAP_JIT);
    pinned = map_returning(manager, b, "h", 1, LIFECYCLE_MAP_PINNED);
    EXPECT_OK(lifecycle_on_jit_triggered(manager, b, "announced"));
    EXPECT_STATUS(lifecycle_unmap_owner(manager, "missing", &count), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(count, 0);
    EXPECT_OK(lifecycle_unmap_owner(manager, "a", &count));
    EXPECT_EQ(count, 2);
    EXPECT_OK(lifecycle_unmap_owner(manager, "a", &count));
    EXPECT_EQ(count, 0);
    EXPECT_STATUS(lifecycle_unmap_owner(manager, "b", &count), LIFECYCLE_E_PINNED);
    EXPECT_SENTENCE("'h'");
    EXPECT_EQ(stats_of(manager).symbols_live, 3);
    EXPECT_OK(lifecycle_unmap_owner(manager, "__jit__", &count));
    EXPECT_EQ(count, 2);
    EXPECT_EQ(origin_of(manager, "announced"), b);
    EXPECT_OK(lifecycle_unpin(manager, pinned));
    EXPECT_OK(lifecycle_unmap_owner(manager, "b", NULL));
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_EQ(info_of(manager, a).code_bytes + info_of(manager, b).code_bytes, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    RUN(adopted_code_is_found_and_released_once);
    RUN(what_cannot_be_adopted_stays_the_callers);
    RUN(a_symbol_is_found_by_every_byte_of_it_and_no_other);
    RUN(retired_code_belongs_to_nobody);
    RUN(thousands_of_symbols_are_all_found_by_address);
    RUN(jit_code_has_an_origin);
    RUN(an_owners_code_goes_all_or_none);
    return expect_done();
}
