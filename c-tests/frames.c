/*
 * frames.c - what unwinders are told. This program has unwinders of its own: one keeps tables in two lists, as libgcc
 * does up to version 12, and counts its steps; the other is told of each entry, as LLVM's is. So it can be seen when a
 * table comes and goes, and that many go in linear time. Unwinding for real is in unwind.cpp.
 */
#include "frames.h"
#include "support.h"

/* libgcc's record of a table; the room for it is the library's. */
typedef struct object {
    uintptr_t first; /* all ones until it is sorted in */
    void *text, *data;
    const unsigned char *table;
    size_t state;
    struct object *next;
} object;

static object *unseen, *seen;
static size_t tables, entries, steps, too_late, too_early;
static void *const *watched_slot;

void __register_frame_info(const void *table, void *room);
void *__deregister_frame_info(const void *table);
void __unw_add_dynamic_fde(uintptr_t fde);
void __unw_remove_dynamic_fde(uintptr_t fde);

static uint32_t word(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uintptr_t address_of(const unsigned char *fde)
{
    uint64_t value;
    memcpy(&value, fde + 8, sizeof value);
    return (uintptr_t)value;
}

/* The lowest address that a table is about. */
static uintptr_t first_of(const unsigned char *table)
{
    uintptr_t first = UINTPTR_MAX;
    for (; word(table) != 0; table += 4 + word(table))
        if (word(table + 4) != 0 && address_of(table) < first)
            first = address_of(table);
    return first;
}

/* The code is all there, at either end of a table's time. */
static bool is_intact(const unsigned char *code)
{
    return code[0] == code_with_rbp[0] || code[0] == code_without_rbp[0];
}

void __register_frame_info(const void *table, void *room)
{
    object *it = room;
    const unsigned char *code = (const unsigned char *)first_of(table);
    it->first = UINTPTR_MAX;
    it->table = table;
    it->next = unseen;
    unseen = it;
    tables++;
    if (!is_intact(code) || (watched_slot != NULL && *watched_slot == (const void *)code))
        too_late++;
}

void *__deregister_frame_info(const void *table)
{
    object **lists[] = {&unseen, &seen}, *it;
    if (!is_intact((const unsigned char *)first_of(table)))
        too_early++;
    for (int i = 0; i < 2; i++)
        for (object **at = lists[i]; *at != NULL; at = &(*at)->next) {
            steps++;
            if ((*at)->table == table) {
                it = *at;
                *at = it->next;
                tables--;
                return it;
            }
        }
    abort(); /* as libgcc does */
}

/* What a throw does that nobody here catches: every table is sorted in, by falling address. */
static int by_address(const void *a, const void *b)
{
    const object *left = *(object *const *)a, *right = *(object *const *)b;
    return (left->first > right->first) - (left->first < right->first);
}
static void unwind(void)
{
    object **all = calloc(tables, sizeof *all);
    size_t count = 0;
    EXPECT(seen == NULL);
    for (object *at = unseen; at != NULL; at = at->next) {
        at->first = first_of(at->table);
        all[count++] = at;
    }
    qsort(all, count, sizeof *all, by_address);
    for (size_t i = 0; i < count; i++) {
        all[i]->next = seen;
        seen = all[i];
    }
    unseen = NULL;
    free(all);
}

void __unw_add_dynamic_fde(uintptr_t fde)
{
    entries += word((const void *)(fde + 4)) != 0;
}
void __unw_remove_dynamic_fde(uintptr_t fde)
{
    entries -= word((const void *)(fde + 4)) != 0;
}

static lifecycle_status map(lifecycle_manager *manager, lifecycle_module module, const char *name, uint32_t flags,
                            const frames *table, lifecycle_symbol *symbol)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = flags;
    options.eh_frame = table->bytes;
    options.eh_frame_size = table->size;
    return lifecycle_map_symbol(manager, module, name, code_with_rbp, sizeof code_with_rbp, &options, symbol);
}

static void a_table_is_known_from_before_the_call_until_it_is_freed(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a"), fresh = 0;
    frames table = frames_with_rbp(ENCODING_PCREL_SDATA4);
    lifecycle_reader *reader = NULL;
    lifecycle_symbol symbol = 0;
    lifecycle_caps caps;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    EXPECT_EQ(caps.unwinder, 1);
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &watched_slot));
    EXPECT_OK(map(manager, module, "f", 0, &table, &symbol));
    EXPECT(tables == 1 && entries == 1);
    EXPECT_EQ(first_of(unseen->table), (uintptr_t)lifecycle_symbol_address(manager, symbol));
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    lifecycle_enter(reader);
    EXPECT_OK(map(manager, module, "f", LIFECYCLE_MAP_REPLACE, &table, &symbol));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT(tables == 2 && entries == 2);
    lifecycle_leave(reader);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT(tables == 1 && entries == 1);
    /* The fresh side of a reload, given up and committed. */
    EXPECT_OK(lifecycle_reload_begin(manager, module, &fresh));
    EXPECT_OK(map(manager, fresh, "f", 0, &table, &symbol));
    EXPECT_EQ(tables, 2);
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT_EQ(tables, 1);
    EXPECT_OK(lifecycle_reload_begin(manager, module, &fresh));
    EXPECT_OK(map(manager, fresh, "f", 0, &table, &symbol));
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(tables, 1);
    watched_slot = NULL;
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT(tables == 0 && entries == 0 && too_late == 0 && too_early == 0);
}

static void expect_refused(lifecycle_manager *manager, const frames *table, lifecycle_status status, const char *part)
{
    lifecycle_symbol symbol = 7;
    lifecycle_module module = 0;
    lifecycle_code room;
    EXPECT_OK(lifecycle_module_find(manager, "a", &module));
    EXPECT_STATUS(map(manager, module, "f", 0, table, &symbol), status);
    EXPECT_SENTENCE(part);
    EXPECT(symbol == 0 && tables == 0 && stats_of(manager).symbols_live == 0);
    EXPECT_OK(lifecycle_code_reserve(manager, 64, 0, NULL, &room));
    memcpy(room.rw, code_with_rbp, sizeof code_with_rbp);
    {
        lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
        options.eh_frame = table->bytes;
        options.eh_frame_size = table->size;
        EXPECT_STATUS(lifecycle_code_commit(manager, &room, module, "f", sizeof code_with_rbp, &options, &symbol), status);
    }
    EXPECT_OK(lifecycle_code_abort(manager, &room));
}

static void a_table_that_is_wrong_maps_nothing(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    frames table = frames_with_rbp(ENCODING_PCREL_SDATA4);
    lifecycle_symbol symbol = 0;
    table.size--;
    expect_refused(manager, &table, LIFECYCLE_E_FORMAT, "record 2 at offset 22");
    table = make_frames(ENCODING_UDATA4, 1, sizeof code_with_rbp, NULL, 0);
    expect_refused(manager, &table, LIFECYCLE_E_RANGE, "record 2 at offset");
    table = make_frames(0x9b, 0, sizeof code_with_rbp, NULL, 0);
    expect_refused(manager, &table, LIFECYCLE_E_UNSUPPORTED, "0x9b");
    options.eh_frame_size = 1;
    EXPECT_STATUS(lifecycle_map_symbol(manager, module, "f", code_with_rbp, sizeof code_with_rbp, &options, &symbol),
                  LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* The second item of a batch is wrong: the first one's table goes again. */
static void a_batch_has_a_table_an_item(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_batch_item items[2] = {LIFECYCLE_BATCH_ITEM_INIT, LIFECYCLE_BATCH_ITEM_INIT};
    lifecycle_map_options options[2] = {LIFECYCLE_MAP_OPTIONS_INIT, LIFECYCLE_MAP_OPTIONS_INIT};
    frames table = frames_with_rbp(ENCODING_PCREL_SDATA4);
    for (int i = 0; i < 2; i++) {
        items[i].name = i == 0 ? "f" : "g";
        items[i].code = code_with_rbp;
        items[i].len = sizeof code_with_rbp;
        items[i].options = &options[i];
        options[i].eh_frame = table.bytes;
        options[i].eh_frame_size = table.size;
    }
    options[1].eh_frame_size--;
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 2, NULL), LIFECYCLE_E_FORMAT);
    EXPECT(tables == 0 && entries == 0 && too_early == 0);
    options[1].eh_frame_size++;
    EXPECT_OK(lifecycle_map_batch(manager, module, items, 2, NULL));
    EXPECT(tables == 2 && entries == 2);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT(tables == 0 && entries == 0 && too_early == 0);
}

/* Maps `many` symbols with a table each into holes that lie in no order, so that addresses tell nothing of age. */
static lifecycle_module map_many(lifecycle_manager *manager, unsigned long many, bool scattered, uint32_t flags)
{
    lifecycle_module module = load(manager, "a");
    frames table = frames_with_rbp(ENCODING_ABSPTR);
    lifecycle_code *rooms = calloc(many, sizeof *rooms);
    char name[32];
    for (unsigned long i = 0; i < many; i++)
        EXPECT_OK(lifecycle_code_reserve(manager, sizeof code_with_rbp, 0, NULL, &rooms[i]));
    for (unsigned long i = 0; i < many; i++) {
        lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
        lifecycle_code *room = &rooms[scattered ? i * 7919 % many : i];
        options.flags = flags;
        options.eh_frame = table.bytes;
        options.eh_frame_size = table.size;
        memcpy(room->rw, code_with_rbp, sizeof code_with_rbp);
        snprintf(name, sizeof name, "f%lu", i);
        EXPECT_OK(lifecycle_code_commit(manager, room, module, name, sizeof code_with_rbp, &options, NULL));
    }
    EXPECT_EQ(tables, many);
    free(rooms);
    return module;
}

static void unload_them(lifecycle_manager *manager, lifecycle_module module)
{
    EXPECT_OK(unload(manager, module));
}
static void unmap_their_owner(lifecycle_manager *manager, lifecycle_module module)
{
    (void)module;
    EXPECT_OK(lifecycle_unmap_owner(manager, "__jit__", NULL));
}
static void sweep_them(lifecycle_manager *manager, lifecycle_module module)
{
    lifecycle_sweep_report report;
    (void)module;
    for (int i = 0; i < 5; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
    EXPECT_OK(lifecycle_sweep_unused(manager, 0, &report, sizeof report));
}
static void keep_them(lifecycle_manager *manager, lifecycle_module module)
{
    (void)manager;
    (void)module;
}

/* However they go, whether something was thrown or not: two steps a table at most, not one for each other table. */
static void many_tables_go_in_linear_time(void)
{
    static const struct {
        const char *name;
        void (*act)(lifecycle_manager *manager, lifecycle_module module);
        uint32_t flags;
    } ways[] = {{"unload", unload_them, 0},
                {"unmap owner", unmap_their_owner, LIFECYCLE_MAP_JIT},
                {"destroy", keep_them, 0},
                {"sweep", sweep_them, LIFECYCLE_MAP_JIT}};
    const unsigned long most = expect_scale(10000, 500);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++)
        for (int variant = 0; variant < 4; variant++)
            for (unsigned long many = most / 10; many <= most; many *= 10) {
                lifecycle_manager *manager = make_manager(NULL);
                lifecycle_module module = map_many(manager, many, variant & 1, ways[way].flags);
                if (variant & 2)
                    unwind();
                steps = 0;
                ways[way].act(manager, module);
                EXPECT_OK(lifecycle_destroy(manager));
                EXPECT(tables == 0 && entries == 0 && too_early == 0);
                if (steps > 2 * many) {
                    fprintf(stderr, "%s of %lu (variant %d): %zu steps\n", ways[way].name, many, variant, steps);
                    expect_fail(__FILE__, __LINE__, "steps <= 2 * many");
                }
            }
}

int main(void)
{
    RUN(a_table_is_known_from_before_the_call_until_it_is_freed);
    RUN(a_table_that_is_wrong_maps_nothing);
    RUN(a_batch_has_a_table_an_item);
    RUN(many_tables_go_in_linear_time);
    return expect_done();
}
