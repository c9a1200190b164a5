/*
 * failure_names.c - tables of names and of modules grow, and each time they do, each allocation of it is refused in
 * turn, once alone and once with all after it: every name that was bound is found, none that was not, and the next try
 * works. Hazard 16 of the second list of docs/hazards.md. Once more with the system refusing: failure_names_system.c.
 */
#include "refusals.h"

/* What is given to a module many times; look() finds what was given, and nothing that was refused. */
struct growth {
    const char *name;
    lifecycle_status (*add)(lifecycle_manager *manager, lifecycle_module module, int64_t i);
    bool (*look)(lifecycle_manager *manager, lifecycle_module module, int64_t i);
    bool of_names;
};

static const char *numbered(int64_t i)
{
    static char name[64];
    /* Some of a length that fits nowhere inline. */
    snprintf(name, sizeof name, i % 3 ? "name %lld" : "a name that is somewhat longer than others, %lld", (long long)i);
    return name;
}

static lifecycle_status bind_one(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    return lifecycle_on_interp_func_registered(manager, module, numbered(i), i, -i);
}
static bool is_bound(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    lifecycle_binding binding;
    const char *name = numbered(i);
    return lifecycle_lookup(manager, LIFECYCLE_FUNC, name, strlen(name), &binding) == LIFECYCLE_OK &&
           binding.value == i && binding.aux == -i && binding.module == module;
}

/* The same few names again and again. */
static lifecycle_status shadow_one(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    return lifecycle_on_interp_global_registered(manager, module, numbered(i % 4), i);
}
static bool is_shadowed(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    lifecycle_binding binding;
    const char *name = numbered(i % 4);
    return lifecycle_lookup(manager, LIFECYCLE_GLOBAL, name, strlen(name), &binding) == LIFECYCLE_OK &&
           binding.value >= i && binding.value % 4 == i % 4 && binding.module == module;
}

static lifecycle_status parse_one(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    return lifecycle_on_interp_module_parsed(manager, module, i * 100 + 10, i * 100 + 19);
}
static bool is_parsed(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    (void)module;
    return lifecycle_did_is_live(manager, i * 100 + 10) && lifecycle_did_is_live(manager, i * 100 + 19) &&
           !lifecycle_did_is_live(manager, i * 100 + 20);
}

static lifecycle_status load_one(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    lifecycle_module one;
    lifecycle_status status = lifecycle_on_module_load(manager, numbered(i), &one);
    (void)module;
    EXPECT((one != 0) == (status == LIFECYCLE_OK));
    return status;
}
static bool is_loaded(lifecycle_manager *manager, lifecycle_module module, int64_t i)
{
    lifecycle_module one;
    (void)module;
    return lifecycle_module_find(manager, numbered(i), &one) == LIFECYCLE_OK;
}

static const struct growth growths[] = {
    {"bind", bind_one, is_bound, true},
    {"bind what is bound", shadow_one, is_shadowed, true},
    {"parse", parse_one, is_parsed, false},
    {"load", load_one, is_loaded, false},
};

/* As far as it must not change. */
static lifecycle_stats seen(lifecycle_manager *manager)
{
    lifecycle_stats stats = stats_of(manager);
    stats.code_bytes_metadata = 0; /* room in a table may stay for the next try */
    return stats;
}

static void complain(const struct growth *growth, int64_t i, long k, const char *what)
{
    expect_failures++;
    fprintf(stderr, "%s, number %lld, refusal %ld: %s (%s)\n", growth->name, (long long)i, k, what,
            lifecycle_last_error());
}

/* Adds one, with its k-th need refused for k = 1, 2, ... until it works: how many were refused. */
static unsigned add_one(const struct growth *growth, struct refusals *memory, lifecycle_manager *manager,
                        lifecycle_module module, int64_t i)
{
    unsigned refused = 0;
    for (long k = 1; k < 100; k++) {
        lifecycle_stats before = seen(manager), after;
        uint64_t version = *lifecycle_names_version(manager, LIFECYCLE_FUNC);
        lifecycle_status status;
        arm(memory, k);
        status = growth->add(manager, module, i);
        refused += disarm(memory);
        if (status == LIFECYCLE_OK)
            return refused;
        if (status != LIFECYCLE_E_NOMEM || memory->refused == 0)
            complain(growth, i, k, "not what was refused");
        after = seen(manager);
        if (memcmp(&before, &after, sizeof before) != 0)
            complain(growth, i, k, "the statistics have moved");
        if (version != *lifecycle_names_version(manager, LIFECYCLE_FUNC))
            complain(growth, i, k, "caches are told of nothing");
        if (growth->look != is_shadowed && growth->look(manager, module, i))
            complain(growth, i, k, "there is what was refused");
        for (int64_t old = i % 37; old < i; old += 37)
            if (!growth->look(manager, module, old))
                complain(growth, old, k, "lost");
    }
    complain(growth, i, 100, "it never works");
    return refused;
}

static unsigned grow(const struct growth *growth, bool persistent)
{
    struct refusals memory;
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager;
    lifecycle_module module;
    unsigned refused = 0;
    int64_t count = (int64_t)expect_scale(5000, 400);
    memset(&memory, 0, sizeof memory);
    memory.persistent = persistent;
    config.allocator = refusing_allocator(&memory);
    manager = make_manager(&config);
    module = load(manager, "m");
    for (int64_t i = 0; i < count; i++)
        refused += add_one(growth, &memory, manager, module, i);
    for (int64_t i = 0; i < count; i++)
        if (!growth->look(manager, module, i))
            complain(growth, i, 0, "lost");
    /* Taking away asks nobody for anything. */
    arm(&memory, 1);
    for (int64_t i = 0; growth->of_names && i < count / 2; i++)
        EXPECT_OK(growth->add == bind_one ? lifecycle_unbind(manager, LIFECYCLE_FUNC, numbered(i))
                                          : lifecycle_unbind(manager, LIFECYCLE_GLOBAL, numbered(i % 4)));
    EXPECT_EQ(disarm(&memory), 0);
    EXPECT_OK(unload(manager, module));
    EXPECT_OK(lifecycle_destroy(manager));
    all_is_back(&memory, growth->name);
    return refused;
}

static void hazard_mem_16_growth_that_is_refused(void)
{
    unsigned refused = 0, of_names = 0;
    for (size_t i = 0; i < sizeof growths / sizeof *growths; i++) {
        for (int persistent = 0; persistent < 2; persistent++) {
            unsigned now = grow(&growths[i], persistent != 0);
            refused += now;
            of_names += growths[i].of_names ? now : 0;
        }
    }
    EXPECT(refused != 0);
    (void)of_names;
#ifdef FAIL_SYSTEM
    /* Tables of names are the system's memory; those of modules are the allocator's. */
    EXPECT(of_names != 0);
#endif
}

int main(void)
{
    RUN(hazard_mem_16_growth_that_is_refused);
    return expect_done();
}
