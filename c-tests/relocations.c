/* Relocations: addresses filled into code before it can run: lifecycle_relocation in header section 4. */
#include "support.h"

/* Which mode the managers of a run have. */
static uint32_t mode;

static lifecycle_manager *make(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_mode = mode;
    return make_manager(&config);
}

#if defined(__x86_64__)
/* mov rax, address; jmp rax */
static const unsigned char absolute[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
static const lifecycle_relocation absolute_field = {LIFECYCLE_RELOC_ABS64, 0, 2, NULL, NULL, 0};
#define FOREIGN_KIND LIFECYCLE_RELOC_ADD_ABS_LO12
#else
/* ldr x16, address; br x16; address */
static const unsigned char absolute[] = {0x50, 0, 0, 0x58, 0, 2, 0x1f, 0xd6, 0, 0, 0, 0, 0, 0, 0, 0};
static const lifecycle_relocation absolute_field = {LIFECYCLE_RELOC_ABS64, 0, 8, NULL, NULL, 0};
#define FOREIGN_KIND LIFECYCLE_RELOC_PC32
#endif
#define VENEER 16

static unsigned char jump[JUMP_SIZE];
static lifecycle_relocation jump_field;

static lifecycle_relocation to_name(lifecycle_relocation field, const char *name)
{
    field.symbol = name;
    return field;
}

static lifecycle_relocation to_address(lifecycle_relocation field, const void *target)
{
    field.target = target;
    return field;
}

static lifecycle_status map(lifecycle_manager *manager, lifecycle_module module, const char *name, const void *code,
                            size_t len, const lifecycle_relocation *relocations, size_t count, lifecycle_symbol *symbol)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.relocations = relocations;
    options.relocation_count = count;
    return lifecycle_map_symbol(manager, module, name, code, len, &options, symbol);
}

/* Maps and calls. */
static int run(lifecycle_manager *manager, lifecycle_module module, const char *name, const void *code, size_t len,
               const lifecycle_relocation *relocations, size_t count)
{
    lifecycle_symbol symbol = 0;
    EXPECT_OK(map(manager, module, name, code, len, relocations, count, &symbol));
    return call(lifecycle_symbol_address(manager, symbol));
}

/* Never called; farther from anything mapped than any field reaches. */
static const void *out_of_reach(const void *from)
{
    return (const void *)((uintptr_t)from ^ (uintptr_t)1 << 46);
}

static int forty_two(void)
{
    return 42;
}

static const void *address_of(int_fn function)
{
    const void *address;
    memcpy(&address, &function, sizeof address);
    return address;
}

static void a_name_means_its_entry(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_relocation whole = to_name(absolute_field, "callee"), near = to_name(jump_field, "callee");
    lifecycle_symbol symbol;
    void *filled = NULL;
    EXPECT_OK(map(manager, module, "absolute", absolute, sizeof absolute, &whole, 1, &symbol));
    memcpy(&filled, (char *)lifecycle_symbol_address(manager, symbol) + whole.offset, 8);
    EXPECT(filled == entry_of(manager, "callee"));
    map_returning(manager, module, "callee", 77, 0);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 77);
    EXPECT_EQ(run(manager, module, "near", jump, sizeof jump, &near, 1), 77);
    map_returning(manager, module, "callee", 78, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 78);
    EXPECT_EQ(call(entry_of(manager, "near")), 78);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void an_address_means_itself(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_relocation field = to_address(absolute_field, address_of(forty_two));
    lifecycle_symbol symbol;
    uint64_t filled = 0;
    EXPECT_EQ(run(manager, module, "absolute", absolute, sizeof absolute, &field, 1), 42);
    field = to_address(jump_field, lifecycle_symbol_address(manager, map_returning(manager, module, "f", 43, 0)));
    EXPECT_EQ(run(manager, module, "near", jump, sizeof jump, &field, 1), 43);
    field = to_address(absolute_field, (void *)0x1000);
    field.addend = 0x234;
    EXPECT_OK(map(manager, module, "number", absolute, sizeof absolute, &field, 1, &symbol));
    memcpy(&filled, (char *)lifecycle_symbol_address(manager, symbol) + field.offset, 8);
    EXPECT_EQ(filled, 0x1234);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_far_call_arrives_wherever_the_target_is(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_relocation field = to_address(jump_field, address_of(forty_two));
    lifecycle_symbol symbol, at;
    lifecycle_symbol_info info;
    EXPECT_EQ(run(manager, module, "f", jump, sizeof jump, &field, 1), 42);
    EXPECT_OK(lifecycle_symbol_find(manager, "f", &symbol));
    EXPECT_OK(lifecycle_symbol_info_get(manager, symbol, &info, sizeof info));
    EXPECT_EQ(info.size, sizeof jump);
    EXPECT_STATUS(lifecycle_symbol_at(manager, (char *)info.address + 8, &at), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* As much code as fills a granule, so that what stands behind it takes another. */
static unsigned char *whole_granule(lifecycle_manager *manager, const unsigned char *start, size_t len, size_t *size)
{
    lifecycle_caps caps;
    unsigned char *code;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    code = calloc(1, caps.code_granule);
    memcpy(code, start, len);
    *size = caps.code_granule;
    return code;
}

static void what_stands_behind_the_code_is_freed_with_it(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    size_t size;
    unsigned char *code = whole_granule(manager, jump, sizeof jump, &size);
    lifecycle_relocation field;
    lifecycle_symbol symbol;
    EXPECT_OK(map(manager, module, "f", code, size, NULL, 0, &symbol));
    EXPECT_EQ(stats_of(manager).code_bytes_live, size);
    field = to_address(jump_field, out_of_reach(lifecycle_symbol_address(manager, symbol)));
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    for (int i = 0; i < 100; i++) {
        EXPECT_OK(map(manager, module, "g", code, size, &field, 1, &symbol));
        EXPECT_EQ(stats_of(manager).code_bytes_live, 2 * size);
        EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
        EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    }
    EXPECT_EQ(stats_of(manager).code_bytes_retired, 0);
    free(code);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void calls_of_one_target_share_the_way_there(void)
{
    enum { CALLS = 64 };
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    unsigned char code[CALLS * sizeof jump];
    lifecycle_relocation fields[CALLS];
    lifecycle_caps caps;
    lifecycle_symbol symbol;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    for (size_t i = 0; i < CALLS; i++) {
        memcpy(code + i * sizeof jump, jump, sizeof jump);
        fields[i] = to_address(jump_field, (const char *)out_of_reach(manager) + i % 2 * 64);
        fields[i].offset += i * sizeof jump;
    }
    fields[CALLS - 2].target = fields[CALLS - 1].target = address_of(forty_two);
    EXPECT_OK(map(manager, module, "f", code, sizeof code, fields, CALLS, &symbol));
    EXPECT(stats_of(manager).code_bytes_live <= sizeof code + 8 + 3 * VENEER + caps.code_granule);
    EXPECT_EQ(call((char *)lifecycle_symbol_address(manager, symbol) + (CALLS - 2) * sizeof jump), 42);
    EXPECT_EQ(call((char *)lifecycle_symbol_address(manager, symbol) + (CALLS - 1) * sizeof jump), 42);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_reservation_must_have_the_room(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_relocation field = to_address(jump_field, address_of(forty_two));
    lifecycle_code code;
    lifecycle_symbol symbol = 1;
    options.relocations = &field;
    options.relocation_count = 1;
    EXPECT_OK(lifecycle_code_reserve(manager, 1, 0, NULL, &code));
    memset(code.rw, 0, code.size);
    memcpy(code.rw, jump, sizeof jump);
    field.target = out_of_reach(code.rx);
    for (size_t missing = 1; missing <= VENEER; missing += 5) {
        char text[32];
        size_t used = (code.size - VENEER + missing - 1) / 8 * 8 + 8;
        snprintf(text, sizeof text, " %zu bytes more", used + VENEER - code.size);
        EXPECT_STATUS(lifecycle_code_commit(manager, &code, module, "f", used, &options, &symbol), LIFECYCLE_E_RANGE);
        EXPECT(symbol == 0 && strstr(lifecycle_last_error(), text) != NULL);
    }
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_OK(lifecycle_code_commit(manager, &code, module, "f", code.size - VENEER, &options, &symbol));
    /* What is near needs no room. */
    field = to_address(jump_field, lifecycle_symbol_address(manager, map_returning(manager, module, "g", 5, 0)));
    EXPECT_OK(lifecycle_code_reserve(manager, 1, 0, NULL, &code));
    memcpy(code.rw, jump, sizeof jump);
    EXPECT_OK(lifecycle_code_commit(manager, &code, module, "h", code.size, &options, &symbol));
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 5);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_batch_makes_room_too(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_relocation field = to_address(jump_field, address_of(forty_two));
    lifecycle_batch_item items[2];
    lifecycle_symbol symbols[2];
    size_t size;
    unsigned char *code = whole_granule(manager, jump, sizeof jump, &size);
    options.relocations = &field;
    options.relocation_count = 1;
    memset(items, 0, sizeof items);
    for (int i = 0; i < 2; i++) {
        items[i].size = sizeof items[i];
        items[i].name = i ? "g" : "f";
        items[i].code = code;
        items[i].len = size;
        items[i].options = &options;
    }
    EXPECT_OK(lifecycle_map_batch(manager, module, items, 2, symbols));
    for (int i = 0; i < 2; i++)
        EXPECT_EQ(call(lifecycle_symbol_address(manager, symbols[i])), 42);
    EXPECT_OK(lifecycle_unmap_owner(manager, "a", NULL));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    free(code);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void refused(lifecycle_manager *manager, lifecycle_module module, const void *code, size_t len,
                    lifecycle_relocation field, lifecycle_status status)
{
    lifecycle_symbol symbol = 1;
    EXPECT_STATUS(map(manager, module, "w", code, len, &field, 1, &symbol), status);
    EXPECT(symbol == 0 && stats_of(manager).symbols_live == 0 && stats_of(manager).code_bytes_live == 0);
}

static void what_cannot_be_filled_is_refused_and_nothing_is_mapped(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
    lifecycle_relocation field = to_name(absolute_field, "callee");
    field.offset = sizeof absolute - 7;
    refused(manager, module, absolute, sizeof absolute, field, LIFECYCLE_E_RANGE);
    field.offset = UINT64_MAX;
    refused(manager, module, absolute, sizeof absolute, field, LIFECYCLE_E_RANGE);
    field = to_name(absolute_field, "callee");
    field.kind = 99;
    refused(manager, module, absolute, sizeof absolute, field, LIFECYCLE_E_UNSUPPORTED);
    field = to_name(jump_field, "callee");
    field.kind = FOREIGN_KIND;
    refused(manager, module, jump, sizeof jump, field, LIFECYCLE_E_UNSUPPORTED);
#if defined(__x86_64__)
    field = to_address(jump_field, out_of_reach(manager));
    field.kind = LIFECYCLE_RELOC_PC32;
    refused(manager, module, jump, sizeof jump, field, LIFECYCLE_E_RANGE);
#else
    field = to_name(jump_field, "callee");
    field.kind = LIFECYCLE_RELOC_ADD_ABS_LO12;
    refused(manager, module, jump, sizeof jump, field, LIFECYCLE_E_INVALID);
    field = to_name(jump_field, "callee");
    field.offset = 2;
    refused(manager, module, absolute, sizeof absolute, field, LIFECYCLE_E_INVALID);
    field = to_name(jump_field, "callee");
    field.addend = 2;
    refused(manager, module, jump, sizeof jump, field, LIFECYCLE_E_INVALID);
#endif
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef int (*(*pointer_fn)(void))(void);

/* The address of a function, as compiled code takes it, stays good when the function is replaced. */
static void an_address_that_was_taken_stays_callable(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a");
#if defined(__x86_64__)
    /* mov rax, [rip + f@GOTPCREL]; ret - and: jmp [rip + f@GOTPCREL] */
    static const unsigned char code[] = {0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xc3, 0xff, 0x25, 0, 0, 0, 0};
    lifecycle_relocation fields[2] = {{LIFECYCLE_RELOC_GOTPCREL, 0, 3, "f", NULL, -4},
                                      {LIFECYCLE_RELOC_GOTPCREL, 0, 10, "f", NULL, -4}};
    const size_t caller = 8;
#else
    /* adrp x0, f; add x0, x0, f; ret - and: b f */
    static const unsigned char code[] = {0, 0, 0, 0x90, 0, 0, 0, 0x91, 0xc0, 0x03, 0x5f, 0xd6, 0, 0, 0, 0x14};
    lifecycle_relocation fields[3] = {{LIFECYCLE_RELOC_ADR_PREL_PG_HI21, 0, 0, "f", NULL, 0},
                                      {LIFECYCLE_RELOC_ADD_ABS_LO12, 0, 4, "f", NULL, 0},
                                      {LIFECYCLE_RELOC_CALL26, 0, 12, "f", NULL, 0}};
    const size_t caller = 12;
#endif
    lifecycle_symbol symbol;
    pointer_fn get;
    int_fn taken;
    void *address;
    EXPECT_OK(map(manager, module, "user", code, sizeof code, fields, sizeof fields / sizeof fields[0], &symbol));
    address = lifecycle_symbol_address(manager, symbol);
    memcpy(&get, &address, sizeof get);
    taken = get();
    EXPECT(address_of(taken) == entry_of(manager, "f"));
    map_returning(manager, module, "f", 1, 0);
    EXPECT_EQ(taken(), 1);
    map_returning(manager, module, "f", 2, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(taken(), 2);
    EXPECT_EQ(call((char *)address + caller), 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    static const uint32_t modes[] = {LIFECYCLE_CODE_AUTO, LIFECYCLE_CODE_MPROTECT};
    if (!CAN_RUN_CODE) {
        say_if_code_cannot_run();
        return EXIT_SUCCESS;
    }
    jump_field = jump_to(jump, NULL);
    for (int i = 0; i < 2; i++) {
        mode = modes[i];
        RUN(a_name_means_its_entry);
        RUN(an_address_means_itself);
        RUN(a_far_call_arrives_wherever_the_target_is);
        RUN(what_stands_behind_the_code_is_freed_with_it);
        RUN(calls_of_one_target_share_the_way_there);
        RUN(a_reservation_must_have_the_room);
        RUN(a_batch_makes_room_too);
        RUN(what_cannot_be_filled_is_refused_and_nothing_is_mapped);
        RUN(an_address_that_was_taken_stays_callable);
    }
    return expect_done();
}
