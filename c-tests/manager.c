/* The manager: header section 2. */
#include <ctype.h>

#include "support.h"

static void a_manager_is_made_from_any_size_of_config(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    struct { lifecycle_config config; uint64_t later[2]; } longer = {LIFECYCLE_CONFIG_INIT, {0, 0}};
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_OK(lifecycle_destroy(make_manager(&config)));
    /* What an older header knew: everything behind it is the default, whatever stands there. */
    config.size = offsetof(lifecycle_config, code_mode);
    config.code_mode = 77;
    config.code_capacity = 1;
    manager = make_manager(&config);
    {
        lifecycle_caps caps;
        EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
        EXPECT_EQ(caps.code_capacity, 2 * 1024 * 1024);
    }
    EXPECT_OK(lifecycle_destroy(manager));
    longer.config.size = sizeof longer;
    EXPECT_OK(lifecycle_destroy(make_manager(&longer.config)));
    longer.later[1] = 1;
    EXPECT_STATUS(lifecycle_create(&longer.config, &manager), LIFECYCLE_E_UNSUPPORTED);
    EXPECT(manager == NULL);
}

static void a_wrong_config_makes_no_manager(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT, wrong;
    lifecycle_manager *manager = (void *)1;
    EXPECT_STATUS(lifecycle_create(&config, NULL), LIFECYCLE_E_INVALID);
    wrong = config, wrong.size = 0;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_INVALID);
    EXPECT(manager == NULL);
    wrong = config, wrong.code_mode = 3;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_INVALID);
    wrong = config, wrong.mapping_mode = 2;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_INVALID);
    wrong = config, wrong.flags = 0x80000000u;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_INVALID);
    wrong = config, wrong.code_capacity = ((size_t)1 << 30) + 1;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_TOO_BIG);
    wrong = config, wrong.code_capacity = SIZE_MAX;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_TOO_BIG);
    wrong = config, wrong.allocator.alloc = counting_alloc;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_INVALID);
    wrong.allocator.free = counting_free;
    EXPECT_STATUS(lifecycle_create(&wrong, &manager), LIFECYCLE_E_INVALID);
    EXPECT_SENTENCE("allocator");
    EXPECT(manager == NULL);
}

static void release_nothing(void *resource, void *user)
{
    (void)resource;
    (void)user;
}

/* One of everything a module can own. */
static lifecycle_module fill(lifecycle_manager *manager, const char *path)
{
    lifecycle_module module = load(manager, path);
    lifecycle_mapping mapping;
    void *data;
    char name[32];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%s.%d", path, i);
        map_returning(manager, module, name, i, i % 2 ? LIFECYCLE_MAP_JIT : 0);
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, name, i, 0));
        EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, name));
        EXPECT_OK(lifecycle_own(manager, module, NULL, release_nothing, NULL, NULL));
    }
    EXPECT_OK(lifecycle_smf_from_bytes(manager, module, path, path, 3, &mapping));
    EXPECT_OK(lifecycle_data_reserve(manager, module, 100, 0, &data));
    EXPECT_OK(lifecycle_on_jit_triggered(manager, module, "announced"));
    entry_of(manager, "e");
    return module;
}

static void every_byte_goes_back_to_the_allocator(void)
{
    counting count;
    lifecycle_manager *manager = make_counted(&count);
    lifecycle_reader *reader;
    lifecycle_module module = fill(manager, "a.smf");
    fill(manager, "b.smf");
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT(count.blocks > 100 && count.bytes > 10000);
    EXPECT_OK(unload(manager, module));
    fill(manager, "c.smf");
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(count.blocks, 0);
    EXPECT_EQ(count.bytes, 0);
    EXPECT_EQ(count.wrong, 0);
}

static void the_default_manager_is_made_once_and_again_after_its_end(void)
{
    lifecycle_manager *manager = lifecycle_default();
    EXPECT(manager != NULL);
    EXPECT(lifecycle_default() == manager);
    fill(manager, "a.smf");
    EXPECT_OK(lifecycle_destroy(manager));
    manager = lifecycle_default();
    EXPECT(manager != NULL);
    EXPECT_EQ(stats_of(manager).tracked_modules, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct text {
    char bytes[16384];
    size_t len;
    int pieces;
    int stop_at;
} text;

static int keep(const char *bytes, size_t len, void *user)
{
    text *it = user;
    if (it->len + len < sizeof it->bytes) {
        memcpy(it->bytes + it->len, bytes, len);
        it->len += len;
        it->bytes[it->len] = '\0';
    }
    it->pieces++;
    return it->pieces == it->stop_at;
}

/* Reads {"name":number,...}: how many pairs, or -1 if it is anything else; `name`'s number through `found`. */
static int read_json(const char *at, const char *name, unsigned long long *found)
{
    int pairs = 0;
    if (*at++ != '{')
        return -1;
    for (;; at++) {
        size_t len = 0;
        char *end;
        unsigned long long value;
        if (*at++ != '"')
            return -1;
        while (islower((unsigned char)at[len]) || at[len] == '_')
            len++;
        if (len == 0 || at[len] != '"' || at[len + 1] != ':' || !isdigit((unsigned char)at[len + 2]))
            return -1;
        value = strtoull(at + len + 2, &end, 10);
        if (strlen(name) == len && strncmp(at, name, len) == 0)
            *found = value;
        pairs++;
        at = end;
        if (*at != ',')
            break;
    }
    return *at == '}' && strcmp(at + 1, "\n") == 0 ? pairs : -1;
}

static void the_statistics_are_told_in_three_forms(void)
{
    static text out;
    lifecycle_manager *manager = make_manager(NULL);
    unsigned long long found = 0;
    const size_t fields = sizeof(lifecycle_stats) / sizeof(uint64_t);
    size_t lines = 0, samples = 0;
    fill(manager, "a.smf");
    EXPECT_OK(lifecycle_stats_print(manager, LIFECYCLE_JSON, keep, &out));
    EXPECT_EQ(read_json(out.bytes, "names_func", &found), fields);
    EXPECT_EQ(found, 100);
    EXPECT_EQ(read_json(out.bytes, "tracked_modules", &found), fields);
    EXPECT_EQ(found, 1);
    out = (text){{0}, 0, 0, 0};
    EXPECT_OK(lifecycle_stats_print(manager, LIFECYCLE_TEXT, keep, &out));
    for (const char *at = out.bytes; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    EXPECT_EQ(lines, fields);
    EXPECT(strstr(out.bytes, "sweeper_tracked") != NULL);
    out = (text){{0}, 0, 0, 0};
    EXPECT_OK(lifecycle_stats_print(manager, LIFECYCLE_PROMETHEUS, keep, &out));
    lines = 0;
    for (char *line = strtok(out.bytes, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        /* Three lines each: HELP, TYPE, and the sample, of one name. */
        static char name[64];
        char kind[16];
        lines++;
        if (strncmp(line, "# HELP ", 7) == 0) {
            EXPECT(sscanf(line, "# HELP %63s", name) == 1);
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            EXPECT(strncmp(line + 7, name, strlen(name)) == 0);
            EXPECT(sscanf(line + 7 + strlen(name), " %15s", kind) == 1);
            EXPECT(strcmp(kind, "gauge") == 0 || strcmp(kind, "counter") == 0);
            EXPECT((strcmp(kind, "counter") == 0) == (strcmp(name + strlen(name) - 6, "_total") == 0));
        } else {
            samples++;
            EXPECT(strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ');
            EXPECT(isdigit((unsigned char)line[strlen(name) + 1]));
            EXPECT(strncmp(line, "lifecycle_", 10) == 0);
        }
    }
    EXPECT_EQ(samples, fields);
    EXPECT_EQ(lines, 3 * fields);
    EXPECT_STATUS(lifecycle_stats_print(manager, 3, keep, &out), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_stats_print(manager, LIFECYCLE_TEXT, NULL, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_writer_that_has_enough_stops_the_writing(void)
{
    static text out;
    lifecycle_manager *manager = make_manager(NULL);
    out.stop_at = 2;
    EXPECT_OK(lifecycle_stats_print(manager, LIFECYCLE_PROMETHEUS, keep, &out));
    EXPECT_EQ(out.pieces, 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void statistics_of_any_size_are_filled(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    struct { lifecycle_stats stats; uint64_t later; } longer;
    uint64_t first[2] = {77, 77};
    memset(&longer, 0xee, sizeof longer);
    load(manager, "a");
    EXPECT_OK(lifecycle_stats_get(manager, &longer.stats, sizeof longer));
    EXPECT_EQ(longer.stats.tracked_modules, 1);
    EXPECT_EQ(longer.later, 0);
    EXPECT_OK(lifecycle_stats_get(manager, (lifecycle_stats *)(void *)first, 8));
    EXPECT_EQ(first[0], 1);
    EXPECT_EQ(first[1], 77);
    EXPECT_STATUS(lifecycle_stats_get(manager, NULL, 8), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct heard_leaks {
    size_t kinds[16];
    size_t wrong;
} heard_leaks;

static void hear_leak(const lifecycle_leak *leak, void *user)
{
    heard_leaks *heard = user;
    heard->wrong += leak->size != sizeof *leak || leak->kind > 15;
    heard->kinds[leak->kind & 15]++;
    if (leak->kind == LIFECYCLE_LEAK_MODULE)
        heard->wrong += strcmp(leak->name, "a.smf") != 0 || leak->id != leak->module;
    else if (leak->kind == LIFECYCLE_LEAK_RESERVATION || leak->kind == LIFECYCLE_LEAK_RETIRED)
        heard->wrong += leak->bytes == 0;
    else
        heard->wrong += leak->owner == NULL || strcmp(leak->owner, "a.smf") != 0;
    if (leak->kind == LIFECYCLE_LEAK_SYMBOL)
        heard->wrong += leak->name == NULL || leak->bytes != RETURNS_SIZE;
}

static void leaks_are_what_is_held_and_none_after_all_is_unloaded(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    heard_leaks heard = {{0}, 0};
    lifecycle_module module;
    lifecycle_code room;
    lifecycle_reader *reader;
    size_t leaks = 99;
    EXPECT_EQ(leaks_of(manager), 0);
    module = fill(manager, "a.smf");
    EXPECT_OK(lifecycle_code_reserve(manager, 10, 0, NULL, &room));
    EXPECT_OK(lifecycle_leak_check(manager, hear_leak, &heard, &leaks));
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_MODULE], 1);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_SYMBOL], 100);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_METADATA], 100);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_NAME], 100);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_RESOURCE], 100);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_MAPPING], 1);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_RESERVATION], 1);
    EXPECT_EQ(leaks, 403);
    EXPECT_EQ(heard.wrong, 0);
    EXPECT_OK(lifecycle_code_abort(manager, &room));
    map_returning(manager, module, "f", 1, 0);
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_OK(unload(manager, module));
    heard = (heard_leaks){{0}, 0};
    EXPECT_OK(lifecycle_leak_check(manager, hear_leak, &heard, NULL));
    EXPECT(heard.kinds[LIFECYCLE_LEAK_RETIRED] >= 101);
    EXPECT_EQ(heard.kinds[LIFECYCLE_LEAK_MODULE] + heard.kinds[LIFECYCLE_LEAK_SYMBOL], 0);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(leaks_of(manager), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_manager_with_a_reader_inside_is_not_destroyed(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_reader *reader;
    lifecycle_module module = fill(manager, "a.smf"), found;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    EXPECT_OK(lifecycle_enter(reader));
    EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_BUSY);
    EXPECT_EQ(stats_of(manager).symbols_live, 100);
    EXPECT_OK(lifecycle_module_find(manager, "a.smf", &found));
    EXPECT_EQ(found, module);
    EXPECT_OK(lifecycle_leave(reader));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_STATUS(lifecycle_reader_detach(reader), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_enter(reader), LIFECYCLE_E_STALE);
}

static void count_release(void *resource, void *user)
{
    (void)user;
    ++*(int *)resource;
}

static void destroying_releases_everything_whatever_holds_it(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = fill(manager, "a.smf"), b = fill(manager, "b.smf"), fresh;
    int released = 0;
    static char adopted[16];
    EXPECT_OK(lifecycle_module_depend(manager, a, b));
    EXPECT_OK(lifecycle_module_depend(manager, b, a));
    map_returning(manager, a, "pinned", 1, LIFECYCLE_MAP_PINNED);
    EXPECT_OK(lifecycle_own(manager, a, &released, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, b, "adopted", adopted, sizeof adopted, NULL, NULL, NULL));
    EXPECT_OK(lifecycle_reload_begin(manager, a, &fresh));
    EXPECT_OK(lifecycle_own(manager, fresh, &released, count_release, NULL, NULL));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(released, 2);
    EXPECT_STATUS(lifecycle_destroy(manager), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_on_module_load(manager, "x", &a), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_stats_get(manager, &(lifecycle_stats){0}, sizeof(lifecycle_stats)), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_destroy(NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_destroy((lifecycle_manager *)(void *)&released), LIFECYCLE_E_INVALID);
}

/* A release callback that uses the manager as any caller may: it unloads another module and loads one more. */
typedef struct callback {
    lifecycle_manager *manager;
    lifecycle_module other;
    int calls;
} callback;

static void release_and_call_back(void *resource, void *user)
{
    callback *it = resource;
    lifecycle_module more;
    (void)user;
    it->calls++;
    EXPECT(stats_of(it->manager).readers == 0);
    if (it->other != 0)
        EXPECT_OK(unload(it->manager, it->other));
    it->other = 0;
    if (it->calls == 1) {
        EXPECT_OK(lifecycle_on_module_load(it->manager, "made in a callback", &more));
        EXPECT_OK(lifecycle_own(it->manager, more, it, release_and_call_back, NULL, NULL));
    }
}

static void callbacks_may_call_back_in(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    callback it = {manager, load(manager, "other"), 0};
    lifecycle_module module = load(manager, "a");
    EXPECT_OK(lifecycle_own(manager, module, &it, release_and_call_back, NULL, NULL));
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(it.calls, 1);
    EXPECT_EQ(stats_of(manager).tracked_modules, 1);
    it.calls = 0;
    /* While the manager is destroyed too: what a callback loads is unloaded with the rest. */
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(it.calls, 2);
}

int main(void)
{
    RUN(a_manager_is_made_from_any_size_of_config);
    RUN(a_wrong_config_makes_no_manager);
    RUN(every_byte_goes_back_to_the_allocator);
    RUN(the_default_manager_is_made_once_and_again_after_its_end);
    RUN(the_statistics_are_told_in_three_forms);
    RUN(a_writer_that_has_enough_stops_the_writing);
    RUN(statistics_of_any_size_are_filled);
    RUN(leaks_are_what_is_held_and_none_after_all_is_unloaded);
    RUN(a_manager_with_a_reader_inside_is_not_destroyed);
    RUN(destroying_releases_everything_whatever_holds_it);
    RUN(callbacks_may_call_back_in);
    return expect_done();
}
