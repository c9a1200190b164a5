/* What file mappings ask of the system, and what they do where it refuses memory files. */
#include "failure_system.h"

static const char *const small_file = "small", *const large_file = "large";

static lifecycle_status access_small(lifecycle_manager *manager, lifecycle_module module)
{
    lifecycle_mapping mapping;
    return lifecycle_on_smf_accessed(manager, module, small_file, &mapping);
}

static lifecycle_status keep_bytes(lifecycle_manager *manager, lifecycle_module module)
{
    lifecycle_mapping mapping;
    return lifecycle_smf_from_bytes(manager, module, "key", "bytes", 5, &mapping);
}

/* Each kind of refusal, and then the file is read another way. */
static void without_memory_files_small_files_have_mappings_of_their_own(void)
{
    static const long refusable[] = {SYS_memfd_create, SYS_ftruncate, SYS_fallocate};
    for (int i = 0; i < 6; i++) {
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        lifecycle_manager *manager;
        lifecycle_module module;
        lifecycle_mapping mapping;
        lifecycle_stats stats;
        config.mapping_mode = i % 2 ? LIFECYCLE_MAPPING_SNAPSHOT : LIFECYCLE_MAPPING_MAP;
        manager = make_manager(&config);
        module = load(manager, "a module");
        fail_call(1, true, EACCES, refusable[i / 2]);
        EXPECT_OK(lifecycle_on_smf_accessed(manager, module, small_file, &mapping));
        EXPECT(mapping.size == 20 && memcmp(mapping.data, "some bytes of a file", 20) == 0);
        EXPECT_OK(keep_bytes(manager, module));
        EXPECT(calls_refused() >= 2);
        stats = stats_of(manager);
        EXPECT(stats.mappings == 2 && stats.mapped_bytes == 25);
        EXPECT_OK(unload(manager, module));
        stats = stats_of(manager);
        EXPECT(stats.mappings == 0 && stats.mapped_bytes == 0 && stats.failed_releases == 0);
        EXPECT_OK(lifecycle_destroy(manager));
    }
}

/* What is said of costs: nothing, one question, and for what is not in memory no mapping. */
static void few_questions_are_asked_about_files(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a module");
    lifecycle_mapping mapping, again;
    unsigned long rounds = expect_scale(100000, 100);
    long long mapped;
    size_t areas;
    EXPECT_OK(lifecycle_on_smf_accessed(manager, module, large_file, &mapping));
    system_calls.asked = 0;
    EXPECT_OK(lifecycle_on_smf_accessed(manager, module, large_file, &again));
    EXPECT_EQ(system_calls.asked, 1);
    EXPECT_OK(lifecycle_smf_share(manager, module, mapping.id, &again));
    EXPECT_EQ(system_calls.asked, 1);
    EXPECT(again.data == mapping.data && again.id == mapping.id && again.size == mapping.size);
    EXPECT_OK(access_small(manager, module));
    EXPECT_OK(unload(manager, module));
    mapped = system_calls.mapped;
    areas = memory_areas();
    system_calls.asked = 0;
    for (unsigned long i = 0; i < rounds && expect_failures == 0; i++) {
        module = load(manager, "a module");
        EXPECT_OK(access_small(manager, module));
        EXPECT_OK(keep_bytes(manager, module));
        EXPECT_OK(unload(manager, module));
    }
    /* open, fstat, pread, fstat; closing is not counted. */
    EXPECT_EQ(system_calls.asked, rounds * 4);
    EXPECT_EQ(system_calls.mapped, mapped);
    EXPECT_EQ(memory_areas(), areas);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    char folder[] = "mapping_calls.XXXXXX";
    char *large = calloc(1, 20000);
    if (large == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0)
        return EXIT_FAILURE;
    write_file(small_file, "some bytes of a file", 20);
    write_file(large_file, large, 20000);
    free(large);
    RUN(without_memory_files_small_files_have_mappings_of_their_own);
    RUN(few_questions_are_asked_about_files);
    unlink(small_file), unlink(large_file);
    return expect_done();
}
