/*
 * failure_system.c - the system refuses. Every operation that asks it for something is tried with the first call
 * failing, with the second, and so on until it succeeds; with each error number that is likely; once only that call
 * fails, once all after it do too. The answer is the status that the error number means, everything is as it was,
 * nothing is lost (descriptors, address space), and the retry works.
 */
#include "failure_system.h"
#include <sys/wait.h>

struct stage {
    lifecycle_manager *manager;
    lifecycle_module a, b;
    lifecycle_code code;
    lifecycle_symbol symbol;
    lifecycle_reader *reader;
};

struct operation {
    const char *name;
    uint32_t code_mode, mapping_mode;
    void (*prepare)(struct stage *stage);
    lifecycle_status (*act)(struct stage *stage);
    bool gives_back; /* what the system will not take back is kept and asked about again */
};

static const unsigned char seven[] = RETURNS_SEVEN;
static const char *const a_file = "failure_system.tmp";
static const char *const large_file = "failure_system.large.tmp";

static lifecycle_status map_one(struct stage *s)
{
    return lifecycle_map_symbol(s->manager, s->a, "f", seven, sizeof seven, NULL, NULL);
}
static lifecycle_status map_huge(struct stage *s)
{
    size_t len = 5 << 20;
    char *code = calloc(1, len);
    lifecycle_status status;
    EXPECT(code != NULL);
    status = lifecycle_map_symbol(s->manager, s->a, "huge", code, len, NULL, NULL);
    free(code);
    return status;
}
static lifecycle_status reserve_one(struct stage *s)
{
    return lifecycle_code_reserve(s->manager, 10000, 0, NULL, &s->code);
}
static void reserve_first(struct stage *s)
{
    EXPECT_OK(reserve_one(s));
    memcpy(s->code.rw, seven, sizeof seven);
}
static lifecycle_status commit_one(struct stage *s)
{
    return lifecycle_code_commit(s->manager, &s->code, s->a, "f", sizeof seven, NULL, NULL);
}
static lifecycle_status abort_one(struct stage *s)
{
    return lifecycle_code_abort(s->manager, &s->code);
}
static lifecycle_status take_data(struct stage *s)
{
    void *data;
    return lifecycle_data_reserve(s->manager, s->a, 100, 0, &data);
}
static lifecycle_status make_entry(struct stage *s)
{
    void *callable;
    return lifecycle_entry(s->manager, "f", &callable);
}
static lifecycle_status access_this(struct stage *s, const char *path)
{
    lifecycle_mapping mapping;
    return lifecycle_on_smf_accessed(s->manager, s->a, path, &mapping);
}
static lifecycle_status access_file(struct stage *s) { return access_this(s, a_file); }
static lifecycle_status access_large(struct stage *s) { return access_this(s, large_file); }
static lifecycle_status prefetch_this(struct stage *s, const char *path)
{
    return lifecycle_smf_prefetch(s->manager, &path, 1, NULL);
}
static lifecycle_status prefetch(struct stage *s) { return prefetch_this(s, a_file); }
static lifecycle_status prefetch_large(struct stage *s) { return prefetch_this(s, large_file); }
static lifecycle_status keep_many_bytes(struct stage *s)
{
    lifecycle_mapping mapping;
    char many[20000] = "";
    return lifecycle_smf_from_bytes(s->manager, s->a, "many", many, sizeof many, &mapping);
}

/* So many that the one chunk that is kept is full. */
static void fill_a_chunk(struct stage *s)
{
    lifecycle_mapping mapping;
    char page[4096] = "", key[24];
    for (int i = 0; i < 64; i++) {
        snprintf(key, sizeof key, "page %d", i);
        EXPECT_OK(lifecycle_smf_from_bytes(s->manager, s->a, key, page, sizeof page, &mapping));
    }
}

static lifecycle_status keep_bytes(struct stage *s)
{
    lifecycle_mapping mapping;
    return lifecycle_smf_from_bytes(s->manager, s->a, "key", "bytes", 5, &mapping);
}
static void access_first(struct stage *s)
{
    EXPECT_OK(access_file(s));
}
static lifecycle_status release_file(struct stage *s)
{
    return lifecycle_smf_release(s->manager, s->a, a_file);
}
static void access_large_first(struct stage *s)
{
    EXPECT_OK(access_large(s));
}
static lifecycle_status release_large(struct stage *s)
{
    return lifecycle_smf_release(s->manager, s->a, large_file);
}
static void prefetch_first(struct stage *s)
{
    EXPECT_OK(prefetch(s));
}
static lifecycle_status drop_prefetched(struct stage *s)
{
    return lifecycle_smf_release(s->manager, 0, a_file);
}
static void fill(struct stage *s)
{
    EXPECT_OK(map_one(s));
    EXPECT_OK(map_huge(s));
    EXPECT_OK(take_data(s));
    EXPECT_OK(make_entry(s));
    EXPECT_OK(access_file(s));
    EXPECT_OK(access_large(s));
    EXPECT_OK(keep_bytes(s));
}
static lifecycle_status unload_it(struct stage *s)
{
    return unload(s->manager, s->a);
}
static void fill_and_retire(struct stage *s)
{
    fill(s);
    EXPECT_OK(lifecycle_reader_attach(s->manager, &s->reader));
    EXPECT_OK(lifecycle_enter(s->reader));
    EXPECT_OK(unload_it(s));
    EXPECT_OK(lifecycle_leave(s->reader));
    s->a = load(s->manager, "a again");
}
static lifecycle_status reclaim(struct stage *s)
{
    return lifecycle_reclaim(s->manager, NULL);
}
static lifecycle_status attach(struct stage *s)
{
    return lifecycle_reader_attach(s->manager, &s->reader);
}

/* From here on what is mapped is shared with another process. */
static void fork_once(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    EXPECT(child > 0 && waitpid(child, NULL, 0) == child);
}
static void fill_and_fork(struct stage *s)
{
    fill(s);
    EXPECT_OK(lifecycle_symbol_find(s->manager, "f", &s->symbol));
    map_returning(s->manager, s->a, "stays", 8, 0);
    fork_once();
}
static lifecycle_status unmap_shared(struct stage *s)
{
    lifecycle_status status = lifecycle_unmap_symbol(s->manager, s->symbol);
    lifecycle_symbol stays;
    EXPECT_OK(lifecycle_symbol_find(s->manager, "stays", &stays));
    EXPECT_EQ(call(lifecycle_symbol_address(s->manager, stays)), 8);
    return status;
}
static void fill_fork_and_retire(struct stage *s)
{
    fill_and_retire(s);
    fork_once();
}
/* Freed while its slab was written to after the fork, so nothing new may go there before it is copied. */
static void leave_a_slab_to_be_copied(struct stage *s)
{
    lifecycle_symbol doomed = map_returning(s->manager, s->a, "doomed", 9, 0);
    reserve_first(s);
    fork_once();
    EXPECT_OK(lifecycle_unmap_symbol(s->manager, doomed));
    EXPECT_OK(commit_one(s));
    EXPECT(stats_of(s->manager).code_bytes_retired != 0);
}
static lifecycle_status map_another(struct stage *s)
{
    return lifecycle_map_symbol(s->manager, s->a, "another", seven, sizeof seven, NULL, NULL);
}

#define DUAL LIFECYCLE_CODE_DUAL
#define MPROTECT LIFECYCLE_CODE_MPROTECT
#define MAP LIFECYCLE_MAPPING_MAP
#define SNAPSHOT LIFECYCLE_MAPPING_SNAPSHOT
static const struct operation operations[] = {
    {"map", DUAL, MAP, NULL, map_one, false},
    {"map (mprotect)", MPROTECT, MAP, NULL, map_one, false},
    {"map what is huge", DUAL, MAP, NULL, map_huge, false},
    {"map what is huge (mprotect)", MPROTECT, MAP, NULL, map_huge, false},
    {"reserve", DUAL, MAP, NULL, reserve_one, false},
    {"reserve (mprotect)", MPROTECT, MAP, NULL, reserve_one, false},
    {"commit", DUAL, MAP, reserve_first, commit_one, false},
    {"commit (mprotect)", MPROTECT, MAP, reserve_first, commit_one, false},
    {"abort", DUAL, MAP, reserve_first, abort_one, true},
    {"abort (mprotect)", MPROTECT, MAP, reserve_first, abort_one, true},
    {"data", DUAL, MAP, NULL, take_data, false},
    {"entry", DUAL, MAP, NULL, make_entry, false},
    {"access a file", DUAL, MAP, NULL, access_file, false},
    {"access a file (snapshot)", DUAL, SNAPSHOT, NULL, access_file, false},
    {"prefetch", DUAL, MAP, NULL, prefetch, false},
    {"prefetch (snapshot)", DUAL, SNAPSHOT, NULL, prefetch, false},
    {"access a large file", DUAL, MAP, NULL, access_large, false},
    {"access a large file (snapshot)", DUAL, SNAPSHOT, NULL, access_large, false},
    {"access a file that is in memory", DUAL, MAP, access_first, access_file, false},
    {"access a file that is in memory (snapshot)", DUAL, SNAPSHOT, access_first, access_file, false},
    {"access a file where packed ones fill a chunk", DUAL, MAP, fill_a_chunk, access_file, false},
    {"prefetch a large file", DUAL, MAP, NULL, prefetch_large, false},
    {"keep bytes", DUAL, MAP, NULL, keep_bytes, false},
    {"keep many bytes", DUAL, MAP, NULL, keep_many_bytes, false},
    {"release a file", DUAL, MAP, access_first, release_file, true},
    {"release a file (snapshot)", DUAL, SNAPSHOT, access_first, release_file, true},
    {"release a large file", DUAL, MAP, access_large_first, release_large, true},
    {"release a large file (snapshot)", DUAL, SNAPSHOT, access_large_first, release_large, true},
    {"unload where packed files fill a chunk", DUAL, MAP, fill_a_chunk, unload_it, true},
    {"drop what was prefetched", DUAL, MAP, prefetch_first, drop_prefetched, true},
    {"unload", DUAL, MAP, fill, unload_it, true},
    {"unload (mprotect)", MPROTECT, SNAPSHOT, fill, unload_it, true},
    {"reclaim", DUAL, MAP, fill_and_retire, reclaim, true},
    {"reclaim (mprotect)", MPROTECT, MAP, fill_and_retire, reclaim, true},
    {"attach", DUAL, MAP, NULL, attach, false},
    {"unmap after a fork", DUAL, MAP, fill_and_fork, unmap_shared, true},
    {"unload after a fork", DUAL, MAP, fill_and_fork, unload_it, true},
    {"reclaim after a fork", DUAL, MAP, fill_fork_and_retire, reclaim, true},
    {"map where a slab must be copied", DUAL, MAP, leave_a_slab_to_be_copied, map_another, false},
};

static const int errors[] = {ENOMEM, EACCES, EMFILE, EINVAL};

static lifecycle_status meaning(int error)
{
    switch (error) {
    case ENOMEM:
        return LIFECYCLE_E_NOMEM;
    case EACCES:
        return LIFECYCLE_E_DENIED;
    default:
        return LIFECYCLE_E_SYSTEM;
    }
}

static lifecycle_manager *manager_in(uint32_t code_mode, uint32_t mapping_mode)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.code_capacity = 8 << 20;
    config.code_mode = code_mode;
    config.mapping_mode = mapping_mode;
    return make_manager(&config);
}

static lifecycle_stats look(lifecycle_manager *manager)
{
    lifecycle_stats stats = stats_of(manager);
    stats.code_bytes_metadata = 0; /* room in a table may stay for the next try */
    stats.code_bytes_reserved = 0; /* so may an empty slab */
    return stats;
}

/* What was refused is asked for again when the next reservation comes. */
static long long address_space(void)
{
    if (system_calls.unsettled)
        EXPECT_OK(lifecycle_destroy(manager_in(DUAL, MAP)));
    system_calls.unsettled = false;
    return system_calls.mapped;
}

static bool complained(const struct operation *o, const char *what, long k, int error, bool persistent)
{
    expect_failures++;
    fprintf(stderr, "%s, call %ld (number %ld) failed with %s%s: %s (%s)\n", o->name, k, system_calls.last,
            strerror(error), persistent ? " for good" : "", what, lifecycle_last_error());
    return false;
}

/* True when nothing was refused any more. */
static bool try_call(const struct operation *o, long k, int error, bool persistent)
{
    size_t files = open_files();
    long long mapped = address_space();
    struct stage s;
    lifecycle_stats before, after;
    lifecycle_status status;
    unsigned refused;
    memset(&s, 0, sizeof s);
    s.manager = manager_in(o->code_mode, o->mapping_mode);
    s.a = load(s.manager, "a module");
    s.b = load(s.manager, "b module");
    if (o->prepare != NULL)
        o->prepare(&s);
    before = look(s.manager);
    fail_call(k, persistent, error, ANY);
    status = o->act(&s);
    refused = calls_refused();
    if (status != LIFECYCLE_OK) {
        if (refused == 0 || status != meaning(error) || lifecycle_last_errno() != error || o->gives_back)
            complained(o, lifecycle_status_name((int)status), k, error, persistent);
        after = look(s.manager);
        if (memcmp(&before, &after, sizeof before) != 0)
            complained(o, "the statistics have moved", k, error, persistent);
        EXPECT_OK(o->act(&s));
    }
    after = look(s.manager);
    EXPECT_OK(lifecycle_reclaim(s.manager, NULL));
    EXPECT_EQ(stats_of(s.manager).failed_releases, 0);
    EXPECT_EQ(stats_of(s.manager).code_bytes_retired, 0);
    EXPECT_OK(lifecycle_destroy(s.manager));
    if (open_files() != files)
        complained(o, "a descriptor is lost", k, error, persistent);
    if (address_space() != mapped)
        complained(o, "address space is lost", k, error, persistent);
    return refused == 0;
}

static void every_call_of_every_operation(void)
{
    size_t variants = expect_scale(4, 1);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i += expect_scale(1, 2)) {
        for (size_t v = 0; v < variants; v++) {
            long k = 1, step = (long)expect_scale(1, 7);
            while (!try_call(&operations[i], k, errors[(v + i) % 4], v / 2 != 0) && k < 1000)
                k += step;
            EXPECT(k < 1000);
        }
    }
}

/* --- the first change in a child, which makes a writable view and a copy --- */

struct birth {
    struct stage stage;
    lifecycle_status (*act)(struct stage *stage);
    long k;
    int error;
    bool persistent;
};

/* What the child answers: 0 = something was refused and all is well, 1 = nothing was refused. */
static int first_change(struct birth *b)
{
    struct stage *s = &b->stage;
    size_t files = open_files();
    const void *stays;
    lifecycle_symbol symbol;
    lifecycle_status status;
    unsigned refused;
    EXPECT_OK(lifecycle_symbol_find(s->manager, "stays", &symbol));
    stays = lifecycle_symbol_address(s->manager, symbol);
    fail_call(b->k, b->persistent, b->error, ANY);
    status = b->act(s);
    refused = calls_refused();
    EXPECT_EQ(call(stays), 8);
    if (status != LIFECYCLE_OK) {
        EXPECT_STATUS(status, meaning(b->error));
        EXPECT_EQ(lifecycle_last_errno(), b->error);
        EXPECT(refused != 0);
        EXPECT_OK(b->act(s));
    }
    EXPECT_OK(reclaim(s));
    EXPECT_EQ(stats_of(s->manager).code_bytes_retired, 0);
    s->a = s->b; /* the other may be unloaded */
    EXPECT_OK(map_another(s));
    EXPECT_EQ(call(stays), 8);
    EXPECT_EQ(open_files(), files);
    EXPECT_OK(lifecycle_destroy(s->manager));
    return expect_failures != 0 ? 2 : refused == 0;
}

static void every_call_of_a_childs_first_change(void)
{
    lifecycle_status (*const acts[])(struct stage *) = {map_huge, reserve_one, unmap_shared, abort_one, unload_it};
    for (size_t v = 0; v < sizeof acts / sizeof *acts * 4; v++) {
        struct birth b;
        int status = 0;
        memset(&b, 0, sizeof b);
        b.act = acts[v / 4];
        b.error = errors[v % 4];
        b.persistent = v % 2;
        b.stage.manager = manager_in(DUAL, MAP);
        b.stage.a = load(b.stage.manager, "a module");
        b.stage.b = load(b.stage.manager, "b module");
        b.stage.symbol = map_returning(b.stage.manager, b.stage.a, "f", 7, 0);
        map_returning(b.stage.manager, b.stage.b, "stays", 8, 0);
        if (b.act == abort_one)
            EXPECT_OK(reserve_one(&b.stage));
        for (b.k = 1; status == 0 && b.k < 1000; b.k += (long)expect_scale(1, 3)) {
            pid_t child;
            fflush(NULL);
            child = fork();
            if (child == 0) {
                expect_failures = 0;
                _exit(first_change(&b));
            }
            EXPECT(child > 0 && waitpid(child, &status, 0) == child);
        }
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        EXPECT_EQ(call(lifecycle_symbol_address(b.stage.manager, b.stage.symbol)), 7);
        EXPECT_OK(lifecycle_destroy(b.stage.manager));
    }
}

/* --- making and ending a manager --- */

static void every_call_of_creation(void)
{
    static const uint32_t modes[] = {LIFECYCLE_CODE_AUTO, DUAL, MPROTECT};
    for (size_t v = 0; v < expect_scale(48, 2); v++) {
        uint32_t tools = v % 2 == 0 ? 0 : LIFECYCLE_CONFIG_PERF_MAP | LIFECYCLE_CONFIG_JITDUMP;
        uint32_t mode = modes[v / 2 % 3];
        int error = errors[v / 6 % 4];
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        unsigned refused = 1;
        config.flags = tools;
        config.code_capacity = 8 << 20;
        config.code_mode = mode;
        for (long k = 1; refused != 0 && k < 1000; k += (long)expect_scale(1, 4)) {
            size_t files = open_files();
            long long mapped = address_space();
            lifecycle_manager *manager = (lifecycle_manager *)&config;
            lifecycle_status status;
            fail_call(k, v >= 24, error, ANY);
            status = lifecycle_create(&config, &manager);
            refused = calls_refused();
            if (status == LIFECYCLE_OK) {
                lifecycle_caps caps;
                EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
                /* Only AUTO may answer a refusal with another mode. */
                EXPECT(mode == LIFECYCLE_CODE_AUTO || caps.code_mode == mode);
                EXPECT_EQ(caps.tools, tools);
                EXPECT_OK(lifecycle_on_module_load(manager, "m", &(lifecycle_module){0}));
                EXPECT_OK(lifecycle_destroy(manager));
            } else {
                EXPECT_STATUS(status, meaning(error));
                EXPECT(manager == NULL);
            }
            if (open_files() != files || address_space() != mapped) {
                fprintf(stderr, "creation in mode %u, call %ld (number %ld), %s: ", mode, k, system_calls.last, strerror(error));
                EXPECT_EQ(open_files(), files);
                EXPECT_EQ(address_space(), mapped);
            }
        }
    }
}

static void every_call_of_destruction(void)
{
    for (size_t v = 0; v < expect_scale(16, 1); v++) {
        const struct operation o = {"destroy", v % 2 ? DUAL : MPROTECT, MAP, NULL, NULL, false};
        int error = errors[v / 2 % 4];
        unsigned refused = 1;
        for (long k = 1; refused != 0 && k < 1000; k += (long)expect_scale(1, 4)) {
            size_t files = open_files();
            long long mapped = address_space();
            struct stage s;
            lifecycle_status status;
            memset(&s, 0, sizeof s);
            s.manager = manager_in(o.code_mode, MAP);
            s.a = load(s.manager, "a module");
            fill(&s);
            fail_call(k, v >= 8, error, ANY);
            status = lifecycle_destroy(s.manager);
            refused = calls_refused();
            if (status != LIFECYCLE_OK) {
                if (status != LIFECYCLE_E_SYSTEM)
                    complained(&o, lifecycle_status_name((int)status), k, error, v >= 8);
                EXPECT_EQ(stats_of(s.manager).tracked_modules, 0);
                EXPECT_OK(lifecycle_destroy(s.manager));
            }
            EXPECT_EQ(open_files(), files);
            if (address_space() != mapped)
                complained(&o, "address space is lost", k, error, v >= 8);
        }
    }
}

/* --- what the header says of single refusals --- */

static uint32_t mode_after(long number, int error, long k, bool persistent, uint32_t wanted, lifecycle_status want)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    lifecycle_caps caps = {0};
    config.code_mode = wanted;
    config.code_capacity = 8 << 20;
    fail_call(k, persistent, error, number);
    EXPECT_STATUS(lifecycle_create(&config, &manager), want);
    EXPECT(calls_refused() != 0);
    if (manager == NULL)
        return 0;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    EXPECT_EQ(call(lifecycle_symbol_address(manager, map_returning(manager, load(manager, "m"), "f", 42, 0))), 42);
    EXPECT_OK(lifecycle_destroy(manager));
    return caps.code_mode;
}

static void a_kernel_that_does_not_know_mfd_exec_still_gives_dual(void)
{
    EXPECT_EQ(mode_after(SYS_memfd_create, EINVAL, 1, false, DUAL, LIFECYCLE_OK), DUAL);
    EXPECT_EQ(mode_after(SYS_memfd_create, EINVAL, 1, false, LIFECYCLE_CODE_AUTO, LIFECYCLE_OK), DUAL);
}

static void where_memory_files_are_refused_auto_is_mprotect_and_dual_says_why(void)
{
    EXPECT_EQ(mode_after(SYS_memfd_create, EACCES, 1, true, LIFECYCLE_CODE_AUTO, LIFECYCLE_OK), MPROTECT);
    EXPECT_EQ(mode_after(SYS_memfd_create, ENOSYS, 1, true, LIFECYCLE_CODE_AUTO, LIFECYCLE_OK), MPROTECT);
    EXPECT_EQ(mode_after(SYS_memfd_create, EACCES, 1, true, DUAL, LIFECYCLE_E_DENIED), 0);
    EXPECT_EQ(mode_after(SYS_memfd_create, EPERM, 1, true, DUAL, LIFECYCLE_E_DENIED), 0);
    EXPECT_EQ(mode_after(SYS_memfd_create, ENOSYS, 1, true, DUAL, LIFECYCLE_E_SYSTEM), 0);
    EXPECT_EQ(lifecycle_last_errno(), ENOSYS);
    EXPECT_EQ(mode_after(SYS_ftruncate, ENOSPC, 1, true, DUAL, LIFECYCLE_E_SYSTEM), 0);
}

/* Nothing that was writable becomes executable: code and stubs come from memory files, or there is none. */
static void where_pages_may_not_become_executable_auto_is_dual_or_none(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_caps caps = {0};
    lifecycle_manager *manager;
    struct stage s;
    void *out = NULL;
    memset(&s, 0, sizeof s);
    config.code_capacity = 8 << 20;
    system_calls.no_new_code = true;
    s.manager = manager_in(LIFECYCLE_CODE_AUTO, MAP);
    EXPECT_OK(lifecycle_caps_get(s.manager, &caps, sizeof caps));
    EXPECT_EQ(caps.code_mode, DUAL);
    s.a = load(s.manager, "m");
    EXPECT_OK(map_one(&s));
    EXPECT_EQ(call(entry_of(s.manager, "f")), 7);
    EXPECT_OK(lifecycle_destroy(s.manager));
    fail_call(1, true, EPERM, SYS_memfd_create);
    s.manager = manager_in(LIFECYCLE_CODE_AUTO, MAP);
    EXPECT(calls_refused() != 0);
    EXPECT_OK(lifecycle_caps_get(s.manager, &caps, sizeof caps));
    EXPECT(caps.code_mode == LIFECYCLE_CODE_NONE && caps.entries == 0 && caps.code_capacity == 0);
    s.a = load(s.manager, "m");
    EXPECT_STATUS(map_one(&s), LIFECYCLE_E_DENIED);
    EXPECT_EQ(lifecycle_last_errno(), EACCES);
    EXPECT_SENTENCE("forbids");
    EXPECT_STATUS(reserve_one(&s), LIFECYCLE_E_DENIED);
    EXPECT_STATUS(lifecycle_entry(s.manager, "f", &out), LIFECYCLE_E_DENIED);
    EXPECT_OK(take_data(&s));
    EXPECT_OK(access_file(&s));
    EXPECT_OK(lifecycle_on_symbol_mapped(s.manager, s.a, "the host's", (void *)(uintptr_t)seven, sizeof seven, NULL, NULL, NULL));
    EXPECT_OK(unload_it(&s));
    EXPECT_EQ(leaks_of(s.manager), 0);
    EXPECT_OK(lifecycle_destroy(s.manager));
    config.code_mode = MPROTECT;
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_DENIED);
    system_calls.no_new_code = false;
    config.code_mode = LIFECYCLE_CODE_NONE;
    s.manager = make_manager(&config);
    s.a = load(s.manager, "m");
    EXPECT_STATUS(map_one(&s), LIFECYCLE_E_DENIED);
    EXPECT_SENTENCE("without code");
    EXPECT_OK(lifecycle_destroy(s.manager));
    config.code_mode = LIFECYCLE_CODE_NONE + 1;
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_INVALID);
}

static void where_nothing_may_become_executable_every_mode_is_denied(void)
{
    EXPECT_EQ(mode_after(SYS_mprotect, EACCES, 1, true, LIFECYCLE_CODE_AUTO, LIFECYCLE_E_DENIED), 0);
    EXPECT_EQ(mode_after(SYS_mprotect, EACCES, 1, true, MPROTECT, LIFECYCLE_E_DENIED), 0);
}

/* A file that the system does not take back is kept, counted, told as a leak, and taken back in the end. */
static void an_unmapping_that_is_refused_is_tried_again(void)
{
    struct stage s;
    size_t leaks = 0;
    memset(&s, 0, sizeof s);
    s.manager = manager_in(DUAL, MAP);
    s.a = load(s.manager, "a module");
    EXPECT_OK(access_large(&s));
    fail_call(1, true, ENOMEM, SYS_munmap);
    EXPECT_OK(unload_it(&s));
    EXPECT_EQ(stats_of(s.manager).failed_releases, 1);
    EXPECT_OK(lifecycle_leak_check(s.manager, NULL, NULL, &leaks));
    EXPECT_EQ(leaks, 1);
    EXPECT_OK(reclaim(&s));
    EXPECT_EQ(stats_of(s.manager).failed_releases, 1);
    EXPECT_STATUS(lifecycle_destroy(s.manager), LIFECYCLE_E_SYSTEM);
    EXPECT_EQ(stats_of(s.manager).failed_releases, 1);
    EXPECT(calls_refused() >= 2);
    EXPECT_OK(reclaim(&s));
    EXPECT_EQ(stats_of(s.manager).failed_releases, 0);
    EXPECT_EQ(leaks_of(s.manager), 0);
    EXPECT_EQ(stats_of(s.manager).unloads, 1);
    EXPECT_OK(lifecycle_destroy(s.manager));
}

/* Where the barrier that readers rely on is refused, nothing is freed that a reader could still be inside. */
static void without_its_barrier_the_reclaimer_frees_nothing(void)
{
#ifdef SYS_membarrier
    struct stage s;
    lifecycle_caps caps;
    memset(&s, 0, sizeof s);
    s.manager = manager_in(DUAL, MAP);
    EXPECT_OK(lifecycle_caps_get(s.manager, &caps, sizeof caps));
    if (caps.membarrier) {
        s.a = load(s.manager, "a module");
        EXPECT_OK(map_one(&s));
        EXPECT_OK(attach(&s));
        fail_call(1, true, EPERM, SYS_membarrier);
        EXPECT_OK(lifecycle_unmap_owner(s.manager, "a module", NULL));
        EXPECT(calls_refused() != 0);
        EXPECT(stats_of(s.manager).code_bytes_retired != 0);
        EXPECT_OK(reclaim(&s));
        EXPECT_EQ(stats_of(s.manager).code_bytes_retired, 0);
    } else {
        printf("skipped: the system has no membarrier\n");
    }
    EXPECT_OK(lifecycle_destroy(s.manager));
#endif
}

/* The first manager of a process makes what all of them share; that may be refused too. */
static void every_call_of_the_first_creation(void)
{
    bool through = false;
    for (long k = 1; !through && k < 1000; k++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            lifecycle_manager *manager = NULL;
            lifecycle_status first;
            fail_call(k, false, ENOMEM, ANY);
            first = lifecycle_create(NULL, &manager);
            if (calls_refused() == 0)
                _exit(first == LIFECYCLE_OK ? 1 : 2);
            if (first != LIFECYCLE_OK && (first != LIFECYCLE_E_NOMEM || lifecycle_create(NULL, &manager) != LIFECYCLE_OK))
                _exit(3);
            _exit(lifecycle_destroy(manager) == LIFECYCLE_OK ? 0 : 4);
        }
        EXPECT(child > 0 && waitpid(child, &status, 0) == child);
        EXPECT(WIFEXITED(status));
        through = WEXITSTATUS(status) == 1;
        if (WEXITSTATUS(status) > 1)
            expect_equal(__FILE__, __LINE__, "the child's exit status", (unsigned)WEXITSTATUS(status), 0);
    }
    EXPECT(through);
}

static void make_what_is_shared(void)
{
    struct stage s;
    s.manager = manager_in(DUAL, MAP);
    EXPECT_OK(attach(&s));
    EXPECT_OK(lifecycle_destroy(s.manager));
}

int main(void)
{
    char perf_map[64];
    static const char large[20000];
    write_file(a_file, "some bytes of a file", 20);
    write_file(large_file, large, sizeof large);
    RUN(every_call_of_the_first_creation);
    make_what_is_shared();
    RUN(every_call_of_creation);
    RUN(every_call_of_destruction);
    RUN(every_call_of_every_operation);
    RUN(every_call_of_a_childs_first_change);
    RUN(a_kernel_that_does_not_know_mfd_exec_still_gives_dual);
    RUN(where_memory_files_are_refused_auto_is_mprotect_and_dual_says_why);
    RUN(where_pages_may_not_become_executable_auto_is_dual_or_none);
    RUN(where_nothing_may_become_executable_every_mode_is_denied);
    RUN(an_unmapping_that_is_refused_is_tried_again);
    RUN(without_its_barrier_the_reclaimer_frees_nothing);
    unlink(a_file), unlink(large_file);
    snprintf(perf_map, sizeof perf_map, "/tmp/perf-%d.map", (int)getpid());
    unlink(perf_map);
    return expect_done();
}
