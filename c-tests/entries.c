/* Entries: addresses that stay callable, and the resolver behind those that are empty: header section 4. */
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <ucontext.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "support.h"

/* Flags of the managers of a run: stubs that note uses must do all that others do. */
static uint32_t flags;

static lifecycle_manager *make(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.flags = flags;
    return make_manager(&config);
}

typedef struct resolver {
    lifecycle_manager *manager;
    lifecycle_module module;
    void *answer;
    int value;
    int calls;
    char name[32];
} resolver;

/* Uses the registers that the caller's arguments are in, as any real resolver does. */
static double clobber(double x, int times)
{
    double all[8] = {x, 1, 2, 3, 4, 5, 6, 7};
    for (int i = 0; i < times; i++)
        all[i % 8] += all[(i + 1) % 8] * 1.5;
    return all[0] + all[7];
}

static void *answer_or_map(const char *name, void *user)
{
    resolver *it = user;
    volatile double sink = clobber(1.25, 50);
    char text[64];
    (void)sink;
    it->calls++;
    snprintf(text, sizeof text, "%s %d %f", name, it->calls, sink);
    snprintf(it->name, sizeof it->name, "%s", name);
    if (it->answer != NULL || it->module == 0)
        return it->answer;
    return lifecycle_symbol_address(it->manager, map_returning(it->manager, it->module, name, it->value, LIFECYCLE_MAP_JIT));
}

static void an_entry_stays_whatever_its_name_means(void)
{
    lifecycle_manager *manager = make();
    lifecycle_module module = load(manager, "a"), fresh;
    resolver it = {manager, 0, NULL, 0, 0, ""};
    void *entry = entry_of(manager, "f");
    void *const *slot = NULL, *const *again = NULL;
    lifecycle_symbol symbol;
    EXPECT(entry != NULL && entry_of(manager, "f") == entry && entry_of(manager, "g") != entry);
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &slot));
    EXPECT_EQ(stats_of(manager).entries, 2);
    EXPECT_OK(lifecycle_set_resolver(manager, answer_or_map, &it));
    map_returning(manager, module, "f", 1, 0);
    EXPECT_EQ(call(entry), 1);
    symbol = map_returning(manager, module, "f", 2, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(call(entry), 2);
    EXPECT(*slot == lifecycle_symbol_address(manager, symbol));
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
    EXPECT(*slot != NULL);
    map_returning(manager, module, "f", 3, 0);
    EXPECT_EQ(call(*slot), 3);
    EXPECT_OK(lifecycle_reload_begin(manager, module, &fresh));
    map_returning(manager, fresh, "f", 4, 0);
    EXPECT_EQ(call(entry), 3);
    EXPECT_OK(lifecycle_reload_commit(manager, fresh));
    EXPECT_EQ(call(entry), 4);
    EXPECT_OK(unload(manager, fresh));
    it.module = module = load(manager, "a");
    it.value = 5;
    EXPECT_EQ(call(entry), 5);
    EXPECT_EQ(it.calls, 1);
    for (int i = 0; i < 4; i++)
        EXPECT_OK(lifecycle_advance_epoch(manager, NULL));
    EXPECT_OK(lifecycle_sweep_unused(manager, 0, NULL, 0));
    EXPECT_EQ(stats_of(manager).evictions, 1);
    it.value = 6;
    EXPECT_EQ(call(*slot), 6);
    EXPECT_EQ(it.calls, 2);
    EXPECT(entry_of(manager, "f") == entry);
    EXPECT_OK(lifecycle_entry_slot(manager, "f", &again));
    EXPECT(again == slot);
    EXPECT_STATUS(lifecycle_entry(manager, "", &entry), LIFECYCLE_E_INVALID);
    EXPECT(entry == NULL);
    EXPECT_STATUS(lifecycle_entry_slot(manager, NULL, &slot), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_resolver_is_asked_once_by_name(void)
{
    lifecycle_manager *manager = make();
    resolver it = {manager, load(manager, "a"), NULL, 8, 0, ""};
    void *entry = entry_of(manager, "some name");
    EXPECT_OK(lifecycle_set_resolver(manager, answer_or_map, &it));
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(call(entry), 8);
    EXPECT_EQ(it.calls, 1);
    EXPECT(strcmp(it.name, "some name") == 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static int three(void)
{
    return 3;
}

static void code_that_is_not_mapped_may_be_the_answer_too(void)
{
    lifecycle_manager *manager = make();
    int_fn function = three;
    resolver it = {manager, 0, NULL, 0, 0, ""};
    void *entry = entry_of(manager, "f");
    memcpy(&it.answer, &function, sizeof function);
    EXPECT_OK(lifecycle_set_resolver(manager, answer_or_map, &it));
    EXPECT_EQ(call(entry), 3);
    EXPECT_EQ(call(entry), 3);
    /* The name has no code of its own, so each call asks. */
    EXPECT_EQ(it.calls, 2);
    EXPECT_EQ(stats_of(manager).symbols_live, 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *map_and_say_nothing(const char *name, void *user)
{
    resolver *it = user;
    it->calls++;
    map_returning(it->manager, it->module, name, 12, 0);
    return NULL;
}

static void what_was_mapped_meanwhile_is_run(void)
{
    lifecycle_manager *manager = make();
    resolver it = {manager, load(manager, "a"), NULL, 0, 0, ""};
    EXPECT_OK(lifecycle_set_resolver(manager, map_and_say_nothing, &it));
    EXPECT_EQ(call(entry_of(manager, "f")), 12);
    EXPECT_EQ(it.calls, 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void *resolve_through_another_entry(const char *name, void *user)
{
    resolver *it = user;
    it->calls++;
    if (strcmp(name, "outer") == 0)
        it->value = call(entry_of(it->manager, "inner")) + 1;
    else
        it->value = 20;
    return lifecycle_symbol_address(it->manager, map_returning(it->manager, it->module, name, it->value, 0));
}

static void a_resolver_may_call_through_empty_entries_itself(void)
{
    lifecycle_manager *manager = make();
    resolver it = {manager, load(manager, "a"), NULL, 0, 0, ""};
    EXPECT_OK(lifecycle_set_resolver(manager, resolve_through_another_entry, &it));
    EXPECT_EQ(call(entry_of(manager, "outer")), 21);
    EXPECT_EQ(call(entry_of(manager, "inner")), 20);
    EXPECT_EQ(it.calls, 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- Arguments through an empty entry --- */

static lifecycle_manager *with_answer(resolver *it, const void *function, void **entry)
{
    lifecycle_manager *manager = make();
    *it = (resolver){manager, 0, NULL, 0, 0, ""};
    memcpy(&it->answer, function, sizeof it->answer);
    *entry = entry_of(manager, "f");
    EXPECT_OK(lifecycle_set_resolver(manager, answer_or_map, it));
    return manager;
}

typedef double (*many_fn)(int, int, int, int, int, int, double, double, double, double, double, double, double, double, int,
                          double);
static double many(int a, int b, int c, int d, int e, int f, double g, double h, double i, double j, double k, double l,
                   double m, double n, int o, double p)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l + 13 * m + 14 * n +
           15 * o + 16 * p;
}

typedef double (*sum_fn)(int, ...);
static double sum(int count, ...)
{
    va_list list;
    double total = 0;
    va_start(list, count);
    for (int i = 0; i < count; i++)
        total += i % 2 ? va_arg(list, double) : va_arg(list, int);
    va_end(list);
    return total;
}

typedef struct large { int64_t numbers[9]; } large;
typedef struct pair { int64_t first, second; } pair;
typedef struct reals { double first, second; } reals;
typedef large (*large_fn)(int64_t, double);
typedef pair (*pair_fn)(int64_t);
typedef reals (*reals_fn)(double);
static large make_large(int64_t first, double second)
{
    return (large){{first, (int64_t)second, 3, 4, 5, 6, 7, 8, 9}};
}
static pair make_pair(int64_t first)
{
    return (pair){first, first + 1};
}
static reals make_reals(double first)
{
    return (reals){first, first * 2};
}

static void arguments_come_through_an_empty_entry(void)
{
    resolver it;
    void *entry;
    many_fn function = many;
    sum_fn summing = sum;
    lifecycle_manager *manager = with_answer(&it, &function, &entry);
    memcpy(&function, &entry, sizeof entry);
    EXPECT(function(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16) == 1496);
    EXPECT_EQ(it.calls, 1);
    EXPECT_OK(lifecycle_destroy(manager));
    manager = with_answer(&it, &summing, &entry);
    memcpy(&summing, &entry, sizeof entry);
    EXPECT(summing(10, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9, 10.5) == 57.5);
    EXPECT(summing(1, 1) == 1);
    EXPECT_EQ(it.calls, 2);
    EXPECT_OK(lifecycle_destroy(manager));
}

typedef struct triple { int64_t numbers[3]; } triple;
typedef long double (*wide_args_fn)(long double, triple, reals, long double, pair);
static long double wide_args(long double a, triple b, reals c, long double d, pair e)
{
    return a + (long double)(b.numbers[0] + 2 * b.numbers[2]) + c.first * c.second + d + (long double)(e.first - e.second);
}

static void structs_and_long_doubles_come_through_an_empty_entry(void)
{
    resolver it;
    void *entry;
    wide_args_fn function = wide_args;
    lifecycle_manager *manager = with_answer(&it, &function, &entry);
    memcpy(&function, &entry, sizeof entry);
    EXPECT(function(1.5L, (triple){{10, 0, 100}}, (reals){3, 4}, 0.25L, (pair){7, 2}) == 228.75L);
    EXPECT_EQ(it.calls, 1);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void structs_come_back_through_an_empty_entry(void)
{
    resolver it;
    void *entry;
    large_fn a = make_large;
    pair_fn b = make_pair;
    reals_fn c = make_reals;
    lifecycle_manager *manager = with_answer(&it, &a, &entry);
    memcpy(&a, &entry, sizeof entry);
    EXPECT(a(1, 2.0).numbers[0] == 1 && a(1, 2.0).numbers[1] == 2 && a(1, 2.0).numbers[8] == 9);
    EXPECT_OK(lifecycle_destroy(manager));
    manager = with_answer(&it, &b, &entry);
    memcpy(&b, &entry, sizeof entry);
    EXPECT(b(6).first == 6 && b(6).second == 7);
    EXPECT_OK(lifecycle_destroy(manager));
    manager = with_answer(&it, &c, &entry);
    memcpy(&c, &entry, sizeof entry);
    EXPECT(c(1.5).first == 1.5 && c(1.5).second == 3.0);
    EXPECT_OK(lifecycle_destroy(manager));
}

#if defined(__x86_64__)
typedef __m256d (*wide_fn)(__m256d, __m256d, __m256d, __m256d, __m256d, __m256d, __m256d, __m256d);
__attribute__((target("avx"))) static __m256d wide(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
                                                    __m256d g, __m256d h)
{
    return _mm256_add_pd(_mm256_add_pd(_mm256_add_pd(a, b), _mm256_add_pd(c, d)),
                         _mm256_add_pd(_mm256_add_pd(e, f), _mm256_add_pd(g, h)));
}

__attribute__((target("avx"), noinline)) static void call_wide(void *entry, double result[4])
{
    wide_fn function;
    __m256d a = _mm256_set_pd(4, 3, 2, 1), b = _mm256_set_pd(40, 30, 20, 10);
    memcpy(&function, &entry, sizeof entry);
    _mm256_storeu_pd(result, function(a, b, a, b, a, b, a, b));
}

static void wide_vectors_come_through_an_empty_entry(void)
{
    resolver it;
    void *entry;
    wide_fn function = wide;
    double result[4] = {0, 0, 0, 0};
    lifecycle_manager *manager = with_answer(&it, &function, &entry);
    if (__builtin_cpu_supports("avx")) {
        call_wide(entry, result);
        EXPECT_EQ(it.calls, 1);
        for (int i = 0; i < 4; i++)
            EXPECT(result[i] == 44.0 * (i + 1));
    } else {
        printf("skipped: wide vectors (this processor has no AVX)\n");
    }
    EXPECT_OK(lifecycle_destroy(manager));
}
#endif

/* --- A call that cannot go on --- */

static int told = -1;

/* As a debugger reads it: the register of the first argument. */
static const char *sentence_at(const ucontext_t *context)
{
    uintptr_t first = 0;
#if defined(__x86_64__)
    first = (uintptr_t)context->uc_mcontext.gregs[REG_RDI];
#elif defined(__aarch64__)
    first = (uintptr_t)context->uc_mcontext.regs[0];
#endif
    return (const char *)first;
}

static void tell_and_end(int number, siginfo_t *info, void *context)
{
    const char *sentence = sentence_at(context);
    (void)number;
    (void)info;
    /* Killed, not ended: a memory tool has no leaks to tell of a process that is killed. */
    if (strcmp(sentence, lifecycle_last_error()) == 0 && write(told, sentence, strlen(sentence)) > 0)
        kill(getpid(), SIGKILL);
    _exit(43);
}

static void expect_a_death_that_names(const char *name, lifecycle_manager *manager)
{
    void *entry = entry_of(manager, name);
    char sentence[300] = "", wanted[300];
    int ends[2], status = 0;
    ssize_t got;
    pid_t child;
    if (pipe(ends) != 0)
        return;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = tell_and_end;
        action.sa_flags = SA_SIGINFO;
        told = ends[1];
        sigaction(SIGILL, &action, NULL);
        call(entry);
        _exit(44);
    }
    close(ends[1]);
    got = read(ends[0], sentence, sizeof sentence - 1);
    close(ends[0]);
    waitpid(child, &status, 0);
    EXPECT(got > 0);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    snprintf(wanted, sizeof wanted, "'%s' was called and has no code", name);
    if (strcmp(sentence, wanted) != 0) {
        expect_fail(__FILE__, __LINE__, "the register does not hold the sentence that names the symbol");
        fprintf(stderr, "    \"%s\" (status %x)\n", sentence, (unsigned)status);
    }
}

static void a_call_without_code_dies_and_names_the_symbol(void)
{
    lifecycle_manager *manager = make();
    resolver it = {manager, 0, NULL, 0, 0, ""};
    lifecycle_symbol symbol;
    expect_a_death_that_names("never_mapped", manager);
    EXPECT_OK(lifecycle_set_resolver(manager, answer_or_map, &it));
    expect_a_death_that_names("resolver_knows_none", manager);
    symbol = map_returning(manager, load(manager, "a"), "gone_by_now", 1, 0);
    EXPECT_EQ(call(entry_of(manager, "gone_by_now")), 1);
    EXPECT_OK(lifecycle_unmap_symbol(manager, symbol));
    EXPECT_OK(lifecycle_set_resolver(manager, NULL, NULL));
    expect_a_death_that_names("gone_by_now", manager);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void thousands_of_entries_stay_apart(void)
{
    lifecycle_manager *manager = make();
    const int number = (int)expect_scale(5000, 300);
    resolver it = {manager, load(manager, "a"), NULL, 0, 0, ""};
    void **entries = calloc((size_t)number, sizeof *entries);
    char name[24];
    int wrong = 0;
    EXPECT_OK(lifecycle_set_resolver(manager, answer_or_map, &it));
    for (int i = 0; i < number; i++) {
        snprintf(name, sizeof name, "f%d", i);
        entries[i] = entry_of(manager, name);
        if (i % 2)
            map_returning(manager, it.module, name, i, 0);
    }
    for (int i = 0; i < number; i++) {
        it.value = i;
        wrong += call(entries[i]) != i;
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(it.calls, (number + 1) / 2);
    EXPECT_EQ(stats_of(manager).entries, number);
    free(entries);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    lifecycle_manager *manager = make();
    lifecycle_caps caps;
    void *entry = NULL;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    EXPECT_STATUS(lifecycle_entry(manager, "f", &entry), caps.entries ? LIFECYCLE_OK : LIFECYCLE_E_UNSUPPORTED);
    EXPECT_EQ((lifecycle_features() & LIFECYCLE_FEATURE_ENTRIES) != 0, caps.entries);
    EXPECT_OK(lifecycle_destroy(manager));
    if (!caps.entries || !CAN_RUN_CODE) {
        printf("skipped: entries (machine code here is for x86-64 and aarch64)\n");
        return EXIT_SUCCESS;
    }
    for (; flags <= LIFECYCLE_CONFIG_MARK_ENTRIES; flags += LIFECYCLE_CONFIG_MARK_ENTRIES) {
        RUN(an_entry_stays_whatever_its_name_means);
        RUN(the_resolver_is_asked_once_by_name);
        RUN(code_that_is_not_mapped_may_be_the_answer_too);
        RUN(what_was_mapped_meanwhile_is_run);
        RUN(a_resolver_may_call_through_empty_entries_itself);
        RUN(arguments_come_through_an_empty_entry);
        RUN(structs_and_long_doubles_come_through_an_empty_entry);
        RUN(structs_come_back_through_an_empty_entry);
#if defined(__x86_64__)
        RUN(wide_vectors_come_through_an_empty_entry);
#endif
        RUN(a_call_without_code_dies_and_names_the_symbol);
        RUN(thousands_of_entries_stay_apart);
    }
    return expect_done();
}
