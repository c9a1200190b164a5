/*
 * shared_mapping.c - one idea: a file is in memory once, however many modules
 * and paths reach it, and a replaced file never serves old bytes to new users.
 *
 *     cc shared_mapping.c -llifecycle && ./a.out
 */
#include <lifecycle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(lifecycle_status status, const char *what)
{
    if (status != LIFECYCLE_OK) {
        fprintf(stderr, "%s: %s\n", what, lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
}

/* Writes a file beside the target and renames it: readers see old or new. */
static void replace_file(const char *path, const char *text)
{
    char beside[64];
    FILE *file;

    snprintf(beside, sizeof beside, "%s.new", path);
    file = fopen(beside, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 ||
        rename(beside, path) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void show(const char *who, const lifecycle_mapping *mapping)
{
    printf("%-8s reads \"%.*s\" at mapping %llx\n", who, (int)mapping->size,
           (const char *)mapping->data, (unsigned long long)mapping->id);
}

int main(void)
{
    char folder[] = "/tmp/shared_mapping_XXXXXX";
    char path[64], other[64];
    lifecycle_manager *manager;
    lifecycle_module first, second, third;
    lifecycle_mapping a, b, c;
    lifecycle_stats stats;
    size_t references;

    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return EXIT_FAILURE;
    }
    snprintf(path, sizeof path, "%s/library.smf", folder);
    snprintf(other, sizeof other, "%s/alias.smf", folder);
    replace_file(path, "old bytes");
    if (symlink(path, other) != 0) {
        perror(other);
        return EXIT_FAILURE;
    }

    must(lifecycle_create(NULL, &manager), "create");
    must(lifecycle_on_module_load(manager, "first", &first), "load");
    must(lifecycle_on_module_load(manager, "second", &second), "load");
    must(lifecycle_on_module_load(manager, "third", &third), "load");

    must(lifecycle_on_smf_accessed(manager, first, path, &a), "access");
    must(lifecycle_on_smf_accessed(manager, second, other, &b), "access");
    show("first", &a);
    show("second", &b);
    must(lifecycle_smf_refcount(manager, path, &references), "count");
    printf("one mapping, %zu references, two paths\n", references);

    replace_file(path, "new bytes");
    must(lifecycle_on_smf_accessed(manager, third, path, &c), "access");
    puts("the file is replaced:");
    show("first", &a);
    show("third", &c);

    must(lifecycle_unload_module(manager, first, 0, NULL, 0), "unload");
    must(lifecycle_unload_module(manager, second, 0, NULL, 0), "unload");
    must(lifecycle_stats_get(manager, &stats, sizeof stats), "stats");
    printf("first and second are unloaded: %llu mapping left\n",
           (unsigned long long)stats.mappings);
    must(lifecycle_destroy(manager), "destroy");

    unlink(other);
    unlink(path);
    rmdir(folder);
    return EXIT_SUCCESS;
}
