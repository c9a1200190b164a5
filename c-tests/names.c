/* Names and declarations: header section 7. */
#include "support.h"

static const uint32_t kinds[4] = {LIFECYCLE_FUNC, LIFECYCLE_STRUCT, LIFECYCLE_ENUM, LIFECYCLE_GLOBAL};

static void bind(lifecycle_manager *manager, lifecycle_module module, uint32_t kind, const char *name, int64_t value)
{
    switch (kind) {
    case LIFECYCLE_FUNC:
        EXPECT_OK(lifecycle_on_interp_func_registered(manager, module, name, value, value + 1000));
        break;
    case LIFECYCLE_STRUCT:
        EXPECT_OK(lifecycle_on_interp_struct_registered(manager, module, name, value));
        break;
    case LIFECYCLE_ENUM:
        EXPECT_OK(lifecycle_on_interp_enum_registered(manager, module, name, value));
        break;
    default:
        EXPECT_OK(lifecycle_on_interp_global_registered(manager, module, name, value));
    }
}

/* What the name means: the value; -1 if it is not bound. */
static int64_t meaning(lifecycle_manager *manager, uint32_t kind, const char *name)
{
    lifecycle_binding binding;
    lifecycle_status status;
    memset(&binding, 0xee, sizeof binding);
    status = lifecycle_lookup(manager, kind, name, strlen(name), &binding);
    if (status == LIFECYCLE_OK)
        return binding.value;
    EXPECT_STATUS(status, LIFECYCLE_E_NOT_FOUND);
    EXPECT(binding.value == 0 && binding.aux == 0 && binding.decl == 0 && binding.module == 0);
    return -1;
}

static void a_binding_tells_value_type_and_module(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_binding binding;
    bind(manager, module, LIFECYCLE_FUNC, "f", 7);
    bind(manager, module, LIFECYCLE_GLOBAL, "g", INT64_MIN);
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_FUNC, "f", 1, &binding));
    EXPECT_EQ(binding.value, 7);
    EXPECT_EQ(binding.aux, 1007);
    EXPECT_EQ(binding.module, module);
    EXPECT(lifecycle_decl_is_live(manager, binding.decl));
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_GLOBAL, "g", 1, &binding));
    EXPECT(binding.value == INT64_MIN && binding.aux == 0);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, "missing", 7, &binding), LIFECYCLE_E_NOT_FOUND);
    EXPECT_SENTENCE("'missing'");
    EXPECT_STATUS(lifecycle_lookup(manager, 4, "f", 1, &binding), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, NULL, 1, &binding), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, NULL, 0, &binding), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, "f", 1, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_on_interp_enum_registered(manager, module, "", 1), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_on_interp_enum_registered(manager, module, NULL, 1), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void whatever_the_unload_order_the_newest_left_answers(void)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const paths[3] = {"a", "b", "c"};
    for (int kind = 0; kind < 4; kind++)
        for (int order = 0; order < 6; order++) {
            lifecycle_manager *manager = make_manager(NULL);
            lifecycle_module modules[3];
            bool gone[3] = {false, false, false};
            for (int i = 0; i < 3; i++) {
                modules[i] = load(manager, paths[i]);
                bind(manager, modules[i], kinds[kind], "shared", i);
                bind(manager, modules[i], kinds[kind], paths[i], i + 10);
            }
            for (int step = 0; step < 3; step++) {
                int newest = -1;
                EXPECT_OK(unload(manager, modules[orders[order][step]]));
                gone[orders[order][step]] = true;
                for (int i = 0; i < 3; i++) {
                    newest = gone[i] ? newest : i;
                    EXPECT_EQ(meaning(manager, kinds[kind], paths[i]), gone[i] ? -1 : i + 10);
                }
                EXPECT_EQ(meaning(manager, kinds[kind], "shared"), newest);
            }
            EXPECT_EQ(leaks_of(manager), 0);
            EXPECT_OK(lifecycle_destroy(manager));
        }
}

static void rebinding_shadows_and_unbinding_restores(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    lifecycle_binding first, second;
    bind(manager, a, LIFECYCLE_FUNC, "f", 1);
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_FUNC, "f", 1, &first));
    bind(manager, a, LIFECYCLE_FUNC, "f", 2);
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_FUNC, "f", 1, &second));
    bind(manager, b, LIFECYCLE_FUNC, "f", 3);
    EXPECT_EQ(stats_of(manager).names_func, 3);
    EXPECT(lifecycle_decl_is_live(manager, first.decl));
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
    EXPECT_EQ(meaning(manager, LIFECYCLE_FUNC, "f"), 2);
    EXPECT_EQ(info_of(manager, b).names, 0);
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
    EXPECT(!lifecycle_decl_is_live(manager, second.decl));
    EXPECT_EQ(meaning(manager, LIFECYCLE_FUNC, "f"), 1);
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
    EXPECT_STATUS(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"), LIFECYCLE_E_NOT_FOUND);
    EXPECT_SENTENCE("'f'");
    EXPECT_STATUS(lifecycle_unbind(manager, 9, "f"), LIFECYCLE_E_INVALID);
    EXPECT(!lifecycle_decl_is_live(manager, first.decl));
    EXPECT(!lifecycle_decl_is_live(manager, 0));
    EXPECT(!lifecycle_decl_is_live(manager, a));
    EXPECT(!lifecycle_decl_is_live(NULL, first.decl));
    /* A declaration's id is never another one's. */
    bind(manager, a, LIFECYCLE_FUNC, "f", 4);
    EXPECT(!lifecycle_decl_is_live(manager, first.decl) && !lifecycle_decl_is_live(manager, second.decl));
    EXPECT_OK(unload(manager, a));
    EXPECT_EQ(stats_of(manager).names_func, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void kinds_are_separate_tables(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_stats stats;
    for (int i = 0; i < 4; i++)
        bind(manager, module, kinds[i], "same", 10 + i);
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(meaning(manager, kinds[i], "same"), 10 + i);
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_ENUM, "same"));
    EXPECT_EQ(meaning(manager, LIFECYCLE_ENUM, "same"), -1);
    EXPECT_EQ(meaning(manager, LIFECYCLE_STRUCT, "same"), 11);
    stats = stats_of(manager);
    EXPECT(stats.names_func == 1 && stats.names_struct == 1 && stats.names_enum == 0 && stats.names_global == 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void has_all_says_whether_an_import_is_there(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    const char *names[3] = {"f", "g", "h"}, *broken[2] = {"f", NULL};
    bool all = false;
    bind(manager, module, LIFECYCLE_FUNC, "f", 1);
    bind(manager, module, LIFECYCLE_FUNC, "g", 2);
    bind(manager, module, LIFECYCLE_STRUCT, "h", 2);
    EXPECT_OK(lifecycle_has_all(manager, LIFECYCLE_FUNC, names, 2, &all));
    EXPECT(all);
    EXPECT_OK(lifecycle_has_all(manager, LIFECYCLE_FUNC, names, 3, &all));
    EXPECT(!all);
    EXPECT_OK(lifecycle_has_all(manager, LIFECYCLE_FUNC, NULL, 0, &all));
    EXPECT(all);
    EXPECT_STATUS(lifecycle_has_all(manager, LIFECYCLE_FUNC, broken, 2, &all), LIFECYCLE_E_INVALID);
    EXPECT(!all);
    EXPECT_STATUS(lifecycle_has_all(manager, LIFECYCLE_FUNC, NULL, 2, &all), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_has_all(manager, 4, names, 2, &all), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_name_is_its_length_not_its_terminator(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    lifecycle_binding binding;
    const char source[] = "call print now";
    char *exact = malloc(5);
    bind(manager, module, LIFECYCLE_FUNC, "print", 1);
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_FUNC, source + 5, 5, &binding));
    EXPECT_EQ(binding.value, 1);
    /* Not a byte more is read: memory tools would see it. */
    memcpy(exact, "print", 5);
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_FUNC, exact, 5, &binding));
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, exact, 4, &binding), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, source + 5, 6, &binding), LIFECYCLE_E_NOT_FOUND);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_FUNC, exact, SIZE_MAX, &binding), LIFECYCLE_E_INVALID);
    free(exact);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_megabyte_is_a_name_too(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a");
    const size_t len = 1 << 20;
    char *name = malloc(len + 1);
    lifecycle_binding binding;
    memset(name, 'x', len);
    name[len] = '\0';
    bind(manager, module, LIFECYCLE_GLOBAL, name, 5);
    EXPECT_OK(lifecycle_lookup(manager, LIFECYCLE_GLOBAL, name, len, &binding));
    EXPECT_EQ(binding.value, 5);
    EXPECT_STATUS(lifecycle_lookup(manager, LIFECYCLE_GLOBAL, name, len - 1, &binding), LIFECYCLE_E_NOT_FOUND);
    /* The sentence about it is cut, not overrun. */
    EXPECT(strlen(lifecycle_last_error()) <= 255);
    EXPECT_OK(lifecycle_on_metadata_loaded(manager, module, name));
    map_returning(manager, module, name, 1, 0);
    EXPECT_OK(unload(manager, module));
    free(name);
    EXPECT_OK(lifecycle_destroy(manager));
}

static const uint64_t *versions[4];

static bool only_changed(uint64_t before[4], int kind)
{
    bool right = true;
    for (int i = 0; i < 4; i++) {
        right = right && (*versions[i] != before[i]) == (i == kind);
        before[i] = *versions[i];
    }
    return right;
}

static void a_version_changes_exactly_when_an_answer_does(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b"), fresh;
    uint64_t before[4];
    for (int i = 0; i < 4; i++) {
        versions[i] = lifecycle_names_version(manager, kinds[i]);
        EXPECT(versions[i] != NULL && (uintptr_t)versions[i] % 8 == 0);
        before[i] = *versions[i];
    }
    EXPECT(lifecycle_names_version(manager, 4) == NULL);
    EXPECT(lifecycle_names_version(NULL, LIFECYCLE_FUNC) == NULL);
    for (int i = 0; i < 4; i++) {
        bind(manager, a, kinds[i], "f", 1);
        EXPECT(only_changed(before, i));
    }
    bind(manager, b, LIFECYCLE_ENUM, "f", 2);
    EXPECT(only_changed(before, LIFECYCLE_ENUM));
    meaning(manager, LIFECYCLE_FUNC, "f");
    load(manager, "c");
    EXPECT(only_changed(before, -1));
    /* Staged: seen by nobody until the commit, and in a's place below b then. */
    EXPECT_OK(lifecycle_reload_begin(manager, a, &fresh));
    bind(manager, fresh, LIFECYCLE_ENUM, "f", 3);
    EXPECT(only_changed(before, -1));
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT(only_changed(before, -1));
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_GLOBAL, "f"));
    EXPECT(only_changed(before, LIFECYCLE_GLOBAL));
    EXPECT_STATUS(lifecycle_unbind(manager, LIFECYCLE_GLOBAL, "f"), LIFECYCLE_E_NOT_FOUND);
    EXPECT(only_changed(before, -1));
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_FUNC, "f"));
    EXPECT_OK(lifecycle_unbind(manager, LIFECYCLE_STRUCT, "f"));
    for (int i = 0; i < 4; i++)
        before[i] = *versions[i];
    /* a's enum is shadowed by b's: that it goes changes no answer. */
    EXPECT_OK(unload(manager, a));
    EXPECT(only_changed(before, -1));
    EXPECT_OK(unload(manager, b));
    EXPECT(only_changed(before, LIFECYCLE_ENUM));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void declarations_live_as_long_as_their_module(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    EXPECT(!lifecycle_did_is_live(manager, 10));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, a, 10, 19));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, a, 30, 30));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, b, 20, 29));
    EXPECT(lifecycle_did_is_live(manager, 10) && lifecycle_did_is_live(manager, 19) && lifecycle_did_is_live(manager, 30));
    EXPECT(!lifecycle_did_is_live(manager, 9) && !lifecycle_did_is_live(manager, 31));
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, 5, 10), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, 15, 16), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, 30, 40), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, 0, 100), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, 6, 5), LIFECYCLE_E_RANGE);
    EXPECT(!lifecycle_did_is_live(manager, 5) && !lifecycle_did_is_live(manager, 40));
    EXPECT_OK(unload(manager, a));
    EXPECT(!lifecycle_did_is_live(manager, 10) && !lifecycle_did_is_live(manager, 30));
    EXPECT(lifecycle_did_is_live(manager, 20) && lifecycle_did_is_live(manager, 29));
    /* Tombstones may be used anew. */
    a = load(manager, "a");
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, a, 0, 19));
    EXPECT(lifecycle_did_is_live(manager, 10));
    EXPECT(!lifecycle_did_is_live(NULL, 10));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void declarations_may_reach_from_end_to_end(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, a, INT64_MIN, INT64_MIN));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, a, INT64_MAX, INT64_MAX));
    EXPECT(lifecycle_did_is_live(manager, INT64_MIN) && lifecycle_did_is_live(manager, INT64_MAX));
    EXPECT(!lifecycle_did_is_live(manager, INT64_MIN + 1) && !lifecycle_did_is_live(manager, 0));
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, INT64_MIN, INT64_MAX), LIFECYCLE_E_EXISTS);
    EXPECT_STATUS(lifecycle_on_interp_module_parsed(manager, b, INT64_MAX, INT64_MIN), LIFECYCLE_E_RANGE);
    EXPECT_OK(unload(manager, a));
    EXPECT_OK(lifecycle_on_interp_module_parsed(manager, b, INT64_MIN, INT64_MAX));
    EXPECT(lifecycle_did_is_live(manager, INT64_MIN) && lifecycle_did_is_live(manager, 0) &&
           lifecycle_did_is_live(manager, INT64_MAX));
    EXPECT_OK(unload(manager, b));
    EXPECT(!lifecycle_did_is_live(manager, 0));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void thousands_of_names_come_and_go(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    const int many = (int)expect_scale(20000, 1000);
    char name[32];
    for (int round = 0; round < 3; round++) {
        lifecycle_module even = load(manager, "even"), odd = load(manager, "odd");
        int wrong = 0;
        for (int i = 0; i < many; i++) {
            snprintf(name, sizeof name, "name%d", i);
            bind(manager, i % 2 ? odd : even, LIFECYCLE_FUNC, name, i);
        }
        EXPECT_OK(unload(manager, odd));
        for (int i = 0; i < many; i++) {
            snprintf(name, sizeof name, "name%d", i);
            wrong += meaning(manager, LIFECYCLE_FUNC, name) != (i % 2 ? -1 : i);
        }
        EXPECT_EQ(wrong, 0);
        EXPECT_OK(unload(manager, even));
        EXPECT_EQ(stats_of(manager).names_func, 0);
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

/* Texts are kept in one, two and more pieces: of every length around the seams, and one byte apart. */
static void names_of_every_length_are_told_apart(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a"), b = load(manager, "b");
    char name[202];
    int wrong = 0;
    for (int len = 1; len <= 200; len++) {
        memset(name, 'x', (size_t)len);
        name[len] = '\0';
        bind(manager, a, LIFECYCLE_STRUCT, name, len);
        name[len - 1] = 'y';
        bind(manager, b, LIFECYCLE_STRUCT, name, -len - 1);
    }
    for (int round = 0; round < 2; round++) {
        for (int len = 1; len <= 200; len++) {
            memset(name, 'x', (size_t)len);
            name[len] = '\0';
            wrong += meaning(manager, LIFECYCLE_STRUCT, name) != len;
            wrong += meaning(manager, LIFECYCLE_FUNC, name) != -1;
            name[len - 1] = 'y';
            wrong += meaning(manager, LIFECYCLE_STRUCT, name) != (round == 0 ? -len - 1 : -1);
            name[0] = 'z';
            wrong += meaning(manager, LIFECYCLE_STRUCT, name) != -1;
        }
        EXPECT_EQ(wrong, 0);
        if (round == 0)
            EXPECT_OK(unload(manager, b));
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

/* What the inline check knows must be what the function says, whatever came and went. */
static bool agree(lifecycle_manager *manager, int64_t did, bool live)
{
    bool ok = (lifecycle_did_is_live)(manager, did) == live;
    /* Asked twice: the first may be what makes the second know. */
    return ok && lifecycle_did_is_live(manager, did) == live && lifecycle_did_is_live(manager, did) == live;
}

static void what_is_known_of_declarations_is_never_stale(void)
{
    enum { MODULES = 64 };
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module modules[MODULES];
    char path[16];
    /* Small ranges that share pages, one that spans many, ids below zero; some pages share a place. */
    static const int64_t starts[] = {0, -50000, 1 << 21, INT64_MIN, ((int64_t)1 << 40) + 1000};
    int wrong = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < MODULES; i++) {
            snprintf(path, sizeof path, "m%d", i);
            modules[i] = load(manager, path);
            for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
                int64_t first = starts[k] + 100 * i;
                EXPECT_OK(lifecycle_on_interp_module_parsed(manager, modules[i], first, first + 99 - i % 3));
            }
        }
        for (int gone = 0; gone <= MODULES; gone++) {
            for (size_t k = 0; k < sizeof starts / sizeof *starts; k++)
                for (int i = 0; i < MODULES; i++) {
                    /* Unloaded are every other one first, then the rest. */
                    int at = i % 2 == 0 ? i / 2 : MODULES / 2 + i / 2;
                    int64_t first = starts[k] + 100 * i;
                    wrong += !agree(manager, first, at >= gone);
                    wrong += !agree(manager, first + 99 - i % 3, at >= gone);
                    wrong += i % 3 != 0 && !agree(manager, first + 99, false);
                }
            if (gone < MODULES)
                EXPECT_OK(unload(manager, modules[gone < MODULES / 2 ? 2 * gone : 2 * (gone - MODULES / 2) + 1]));
        }
        EXPECT_EQ(wrong, 0);
    }
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT(!lifecycle_did_is_live(manager, 0) && !lifecycle_did_is_live(NULL, 0));
}

static void a_million_declarations_are_one_range(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module a = load(manager, "a");
    const int64_t count = 1000000;
    const int64_t step = (int64_t)expect_scale(1, 997);
    int64_t wrong = 0;
    for (int round = 0; round < 2; round++) {
        EXPECT_OK(lifecycle_on_interp_module_parsed(manager, a, 7, count + 6));
        for (int64_t did = 7; did < count + 7; did += step)
            wrong += !lifecycle_did_is_live(manager, did);
        wrong += lifecycle_did_is_live(manager, 6) + lifecycle_did_is_live(manager, count + 7);
        EXPECT_OK(unload(manager, a));
        for (int64_t did = 7; did < count + 7; did += step)
            wrong += lifecycle_did_is_live(manager, did);
        EXPECT_EQ(wrong, 0);
        a = load(manager, "a");
    }
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    RUN(a_binding_tells_value_type_and_module);
    RUN(whatever_the_unload_order_the_newest_left_answers);
    RUN(rebinding_shadows_and_unbinding_restores);
    RUN(kinds_are_separate_tables);
    RUN(has_all_says_whether_an_import_is_there);
    RUN(a_name_is_its_length_not_its_terminator);
    RUN(a_megabyte_is_a_name_too);
    RUN(a_version_changes_exactly_when_an_answer_does);
    RUN(declarations_live_as_long_as_their_module);
    RUN(declarations_may_reach_from_end_to_end);
    RUN(names_of_every_length_are_told_apart);
    RUN(what_is_known_of_declarations_is_never_stale);
    RUN(a_million_declarations_are_one_range);
    RUN(thousands_of_names_come_and_go);
    return expect_done();
}
