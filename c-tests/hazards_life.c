/*
 * hazards_life.c - unloading what others call, callbacks that call back, sweeping, sizes, files that change, the end:
 * the hazards of docs/hazards.md that concern code but not its threads (hazards_code.c).
 */
#include <sys/stat.h>

#include "support.h"

static lifecycle_manager *manager_in(uint32_t mode, uint32_t mapping_mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 8 << 20;
    config.code_mode = mode;
    config.mapping_mode = mapping_mode;
    return make_manager(&config);
}

/* --- 9: unload of what others call; unload from inside --- */

static void *resolve_elsewhere(const char *name, void *user)
{
    EXPECT(strcmp(name, "callee") == 0);
    return user;
}

static void hazard_code_09_unload_of_what_others_call(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO, 0);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b"), c = load(manager, "c");
    unsigned char jump[JUMP_SIZE];
    lifecycle_relocation relocation = jump_to(jump, "callee");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol caller;
    options.relocations = &relocation;
    options.relocation_count = 1;
    map_returning(manager, b, "callee", 20, 0);
    EXPECT_OK(lifecycle_map_symbol(manager, a, "caller", jump, sizeof jump, &options, &caller));
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(lifecycle_symbol_address(manager, caller)), 20);
    EXPECT_OK(lifecycle_module_depend(manager, a, b));
    EXPECT_STATUS(unload(manager, b), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("'a'");
    /* Without that word it goes, and the call goes to the resolver, not into freed memory. */
    EXPECT_OK(unload(manager, a));
    EXPECT_OK(lifecycle_map_symbol(manager, c, "caller", jump, sizeof jump, &options, &caller));
    EXPECT_OK(unload(manager, b));
    EXPECT_OK(lifecycle_set_resolver(manager, resolve_elsewhere,
                                     lifecycle_symbol_address(manager, map_returning(manager, c, "other", 30, 0))));
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(lifecycle_symbol_address(manager, caller)), 30);
    EXPECT_OK(lifecycle_destroy(manager));
}

static struct {
    lifecycle_manager *manager;
    lifecycle_module module;
    lifecycle_status status;
} self;

static int unload_self(void)
{
    self.status = unload(self.manager, self.module);
    return 41;
}

static void hazard_code_09_unload_from_its_own_code(void)
{
    unsigned char code[ONE_MORE_SIZE];
    lifecycle_symbol symbol;
    lifecycle_reader *reader;
    self.manager = manager_in(LIFECYCLE_CODE_AUTO, 0);
    self.module = load(self.manager, "self");
    one_more(code, unload_self);
    EXPECT_OK(lifecycle_map_symbol(self.manager, self.module, "f", code, sizeof code, NULL, &symbol));
    EXPECT_OK(lifecycle_reader_attach(self.manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_EQ(call(lifecycle_symbol_address(self.manager, symbol)), 42);
    EXPECT_OK(self.status);
    EXPECT(stats_of(self.manager).code_bytes_retired >= sizeof code);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(self.manager, NULL));
    EXPECT_EQ(stats_of(self.manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(self.manager));
}

/* --- 10: callbacks that call back --- */

struct caller {
    lifecycle_manager *manager;
    lifecycle_module own, other;
    unsigned events, releases, depth;
};

static void release_and_call(void *resource, void *user)
{
    struct caller *it = user;
    (void)resource;
    it->releases++;
    EXPECT_STATUS(unload(it->manager, it->own), LIFECYCLE_E_STALE); /* it is gone already */
    if (it->other != 0) {
        lifecycle_module other = it->other;
        it->other = 0;
        map_returning(it->manager, other, "from a release", 1, 0);
        EXPECT_OK(unload(it->manager, other));
    }
    EXPECT_OK(lifecycle_reclaim(it->manager, NULL));
    EXPECT_EQ(leaks_of(it->manager), 0);
}

static void hear_and_call(const lifecycle_event *event, void *user)
{
    struct caller *it = user;
    it->events++;
    if (it->depth != 0)
        return;
    it->depth++;
    if (event->kind == LIFECYCLE_EVENT_MODULE_UNLOADED || event->kind == LIFECYCLE_EVENT_SYMBOL_RETIRED) {
        lifecycle_module module = load(it->manager, "from an event");
        EXPECT_OK(lifecycle_unmap_symbol(it->manager, map_returning(it->manager, module, "e", 1, 0)));
        EXPECT_OK(lifecycle_advance_epoch(it->manager, NULL));
        EXPECT_OK(lifecycle_sweep_unused(it->manager, 0, NULL, 0));
        EXPECT_OK(unload(it->manager, module));
    }
    it->depth--;
}

static void *resolve_by_mapping(const char *name, void *user)
{
    struct caller *it = user;
    return lifecycle_symbol_address(it->manager, map_returning(it->manager, it->own, name, 77, LIFECYCLE_MAP_JIT));
}

static void hazard_code_10_callbacks_call_back(void)
{
    struct caller it;
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    memset(&it, 0, sizeof it);
    it.manager = manager_in(LIFECYCLE_CODE_AUTO, 0);
    it.own = load(it.manager, "own");
    if (CAN_RUN_CODE) {
        EXPECT_OK(lifecycle_set_resolver(it.manager, resolve_by_mapping, &it));
        EXPECT_EQ(call(entry_of(it.manager, "made when called")), 77);
        EXPECT_EQ(call(entry_of(it.manager, "made when called")), 77);
        EXPECT_EQ(stats_of(it.manager).symbols_live, 1);
    }
    observer.on_event = hear_and_call;
    EXPECT_OK(lifecycle_set_observer(it.manager, &observer, &it));
    it.other = load(it.manager, "other");
    EXPECT_OK(lifecycle_own(it.manager, it.own, NULL, release_and_call, &it, NULL));
    EXPECT_OK(lifecycle_own(it.manager, it.other, NULL, release_and_call, &it, NULL));
    map_returning(it.manager, it.own, "f", 1, 0);
    EXPECT_OK(unload(it.manager, it.own));
    EXPECT_EQ(it.releases, 2);
    EXPECT(it.events > 8);
    EXPECT_OK(lifecycle_destroy(it.manager));
}

/* --- 15: the sweeper --- */

static void hazard_code_15_sweeper_spares_what_it_must(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO, 0);
    lifecycle_module module = load(manager, "m");
    lifecycle_symbol pinned = map_returning(manager, module, "pinned", 1, LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_PINNED);
    lifecycle_symbol own = map_returning(manager, module, "own", 2, 0), used, young, running;
    lifecycle_reader *reader;
    lifecycle_sweep_report report;
    void *address;
    map_returning(manager, module, "old", 3, LIFECYCLE_MAP_JIT);
    used = map_returning(manager, module, "used", 4, LIFECYCLE_MAP_JIT);
    running = map_returning(manager, module, "running", 5, LIFECYCLE_MAP_JIT);
    address = lifecycle_symbol_address(manager, running);
    for (int i = 0; i < 10; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
    EXPECT_OK(lifecycle_mark_used(manager, used));
    young = map_returning(manager, module, "young", 6, LIFECYCLE_MAP_JIT);
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    /* A budget below what must stay ends, and does not thrash. */
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(lifecycle_sweep_to_budget(manager, 0, &report, sizeof report));
        EXPECT_EQ(report.evicted, i == 0 ? 2 : 0);
    }
    EXPECT_EQ(call(address), 5); /* evicted, and still there for who runs it */
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT(lifecycle_symbol_address(manager, pinned) != NULL);
    EXPECT(lifecycle_symbol_address(manager, own) != NULL);
    EXPECT(lifecycle_symbol_address(manager, used) != NULL);
    EXPECT(lifecycle_symbol_address(manager, young) != NULL);
    /* UINT64_MAX is an age that nothing has; what is said to be used in the future is not old. */
    EXPECT_OK(lifecycle_sweep_unused(manager, UINT64_MAX, &report, sizeof report));
    EXPECT_EQ(report.evicted, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- 16 and 17: sizes --- */

static void hazard_code_16_fragmentation(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_DUAL, 0);
    lifecycle_module module = load(manager, "m");
    static unsigned char bytes[20000];
    lifecycle_symbol live[64] = {0};
    uint32_t random = 1;
    for (unsigned long i = 0; i < expect_scale(20000, 400); i++) {
        lifecycle_symbol *one;
        size_t len;
        char name[32];
        random = random * 1664525u + 1013904223u;
        one = &live[random >> 26];
        len = 1 + (random >> 8) % ((random & 7) == 0 ? sizeof bytes : 500);
        snprintf(name, sizeof name, "f%u", (unsigned)(random >> 26));
        if (*one != 0)
            EXPECT_OK(lifecycle_unmap_symbol(manager, *one));
        EXPECT_OK(lifecycle_map_symbol(manager, module, name, bytes, len, NULL, one));
    }
    /* 64 symbols of 20 KB at most are 1.3 MB. */
    EXPECT(stats_of(manager).code_bytes_reserved <= 4 << 20);
    EXPECT_OK(lifecycle_unmap_owner(manager, "m", NULL));
    EXPECT_EQ(stats_of(manager).code_bytes_live, 0);
    EXPECT(stats_of(manager).code_bytes_reserved <= 2 << 20);
    EXPECT_OK(lifecycle_map_symbol(manager, module, "all", bytes, sizeof bytes, NULL, NULL));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void edges(uint32_t mode)
{
    /* Of each slab, in dual mode, the first 64 bytes are nobody's. */
    const size_t lead = mode == LIFECYCLE_CODE_DUAL ? 64 : 0;
    const size_t region = (8 << 20) - lead, slab = (2 << 20) - lead;
    const size_t sizes[] = {1, 63, 64, 65, 4095, 4096, 4097, slab - 1, slab, slab + 1, region - 1, region};
    const size_t never[] = {region + 1, SIZE_MAX / 2, SIZE_MAX - 4096, SIZE_MAX - 63, SIZE_MAX};
    lifecycle_manager *manager = manager_in(mode, 0);
    lifecycle_code code, second;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        EXPECT_OK(lifecycle_code_reserve(manager, sizes[i], 0, NULL, &code));
        EXPECT(code.size >= sizes[i]);
        ((unsigned char *)code.rw)[0] = 1;
        ((unsigned char *)code.rw)[sizes[i] - 1] = 1;
        if (sizes[i] == region)
            EXPECT_STATUS(lifecycle_code_reserve(manager, 1, 0, NULL, &second), LIFECYCLE_E_LIMIT);
        EXPECT_OK(lifecycle_code_abort(manager, &code));
    }
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        EXPECT_STATUS(lifecycle_code_reserve(manager, never[i], 0, NULL, &code), LIFECYCLE_E_TOO_BIG);
    EXPECT_STATUS(lifecycle_code_reserve(manager, 0, 0, NULL, &code), LIFECYCLE_E_INVALID);
    for (size_t align = 1; align <= 4096; align *= 2) {
        EXPECT_OK(lifecycle_code_reserve(manager, 100, align, NULL, &code));
        EXPECT_EQ((uintptr_t)code.rx % align, 0);
        EXPECT_OK(lifecycle_code_reserve(manager, slab - 4096, align, NULL, &second));
        EXPECT_EQ((uintptr_t)second.rx % align, 0);
        EXPECT_OK(lifecycle_code_abort(manager, &second));
    }
    EXPECT_STATUS(lifecycle_code_reserve(manager, 100, 0, (char *)code.rx + ((uint64_t)3 << 30), &second), LIFECYCLE_E_RANGE);
    EXPECT_OK(lifecycle_code_reserve(manager, 100, 0, (char *)code.rx + (1 << 30), &second));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void hazard_code_17_sizes(void)
{
    edges(LIFECYCLE_CODE_DUAL);
    edges(LIFECYCLE_CODE_MPROTECT);
}

/* --- 18: files --- */

static void hazard_code_18_files_that_change(void)
{
    lifecycle_manager *manager = manager_in(0, LIFECYCLE_MAPPING_MAP), *copies = manager_in(0, LIFECYCLE_MAPPING_SNAPSHOT);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b"), c = load(copies, "c");
    lifecycle_mapping first, same, linked, fresh, copied;
    size_t count = 0;
    write_file("hazard.tmp", "old bytes", 9);
    EXPECT_EQ(link("hazard.tmp", "hazard.link"), 0);
    EXPECT_OK(lifecycle_on_smf_accessed(manager, a, "hazard.tmp", &first));
    EXPECT_OK(lifecycle_on_smf_accessed(manager, b, "./hazard.tmp", &same));
    EXPECT_OK(lifecycle_on_smf_accessed(manager, b, "hazard.link", &linked));
    EXPECT(first.id == same.id && first.id == linked.id && first.data == linked.data);
    EXPECT_OK(lifecycle_smf_refcount(manager, "hazard.tmp", &count));
    EXPECT_EQ(count, 3);
    EXPECT_OK(lifecycle_on_smf_accessed(copies, c, "hazard.tmp", &copied));
    /* Replaced by renaming: new users get the new bytes, old ones keep theirs. */
    write_file("hazard.new", "new bytes", 9);
    EXPECT_EQ(rename("hazard.new", "hazard.tmp"), 0);
    EXPECT_OK(lifecycle_on_smf_accessed(manager, b, "hazard.tmp", &fresh));
    EXPECT(fresh.id != first.id);
    EXPECT(memcmp(fresh.data, "new bytes", 9) == 0);
    EXPECT(memcmp(first.data, "old bytes", 9) == 0);
    EXPECT(memcmp(copied.data, "old bytes", 9) == 0);
    /* Truncated in place: who has a snapshot does not notice. */
    EXPECT_OK(lifecycle_on_smf_accessed(copies, c, "hazard.tmp", &copied));
    EXPECT_EQ(truncate("hazard.tmp", 0), 0);
    EXPECT(memcmp(copied.data, "new bytes", 9) == 0);
    EXPECT_STATUS(lifecycle_on_smf_accessed(copies, c, "hazard.tmp", &copied), LIFECYCLE_E_FORMAT);
    EXPECT(copied.data == NULL && copied.size == 0 && copied.id == 0);
    EXPECT_EQ(unlink("hazard.link"), 0);
    EXPECT(memcmp(first.data, "old bytes", 9) == 0);
    EXPECT_OK(unload(manager, a));
    EXPECT(memcmp(same.data, "old bytes", 9) == 0);
    EXPECT_OK(unload(manager, b));
    EXPECT_EQ(stats_of(manager).mappings, 0);
    unlink("hazard.tmp");
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_OK(lifecycle_destroy(copies));
}

/* --- 20: the end --- */

static void hazard_code_20_destroy_while_inside(void)
{
    lifecycle_manager *manager = manager_in(LIFECYCLE_CODE_AUTO, 0);
    lifecycle_module module = load(manager, "m");
    lifecycle_symbol symbol = map_returning(manager, module, "f", 1, LIFECYCLE_MAP_PINNED);
    lifecycle_reader *reader;
    lifecycle_code room;
    EXPECT_OK(lifecycle_code_reserve(manager, 100, 0, NULL, &room));
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_BUSY);
    EXPECT_EQ(call(lifecycle_symbol_address(manager, symbol)), 1);
    EXPECT_EQ(stats_of(manager).tracked_modules, 1);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_STATUS(lifecycle_enter(reader), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_STALE);
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(hazard_code_09_unload_of_what_others_call);
    if (CAN_RUN_CODE)
        RUN(hazard_code_09_unload_from_its_own_code);
    RUN(hazard_code_10_callbacks_call_back);
    RUN(hazard_code_15_sweeper_spares_what_it_must);
    RUN(hazard_code_16_fragmentation);
    RUN(hazard_code_17_sizes);
    RUN(hazard_code_18_files_that_change);
    RUN(hazard_code_20_destroy_while_inside);
    return expect_done();
}
