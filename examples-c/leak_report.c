/*
 * leak_report.c - one idea: at any moment the manager can tell what is still
 * held, by whom, and how much it is.
 *
 * A forgetful runtime loads two modules, unloads one, and asks.
 *
 *     cc leak_report.c -llifecycle && ./a.out
 */
#include <lifecycle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(lifecycle_status status, const char *what)
{
    if (status != LIFECYCLE_OK) {
        fprintf(stderr, "%s: %s\n", what, lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
}

static void free_text(void *text, void *user)
{
    (void)user;
    free(text);
}

static void tell(const lifecycle_leak *leak, void *user)
{
    static const char *const kinds[] = {
        "?",        "module",   "code symbol", "code reservation", "retired code",
        "mapping",  "metadata", "name",        "resource",         "refused release",
    };
    (void)user;
    printf("    %-16s %-14s of %-8s %6zu bytes\n", kinds[leak->kind],
           leak->name != NULL ? leak->name : "-",
           leak->owner != NULL ? leak->owner : "-", leak->bytes);
}

static int print_piece(const char *bytes, size_t len, void *user)
{
    (void)user;
    return fwrite(bytes, 1, len, stdout) == len ? 0 : 1;
}

static lifecycle_module load(lifecycle_manager *manager, const char *path,
                             const char *function)
{
    static const unsigned char nothing[] = { 0xC3 };
    lifecycle_module module;
    char *text = malloc(32);

    must(lifecycle_on_module_load(manager, path, &module), "load");
    if (text != NULL)
        snprintf(text, 32, "fn %s() {}", function);
    must(lifecycle_own(manager, module, text, free_text, NULL, NULL), "own");
    must(lifecycle_map_symbol(manager, module, function, nothing,
                              sizeof nothing, NULL, NULL),
         "map");
    must(lifecycle_on_interp_func_registered(manager, module, function, 1, 0),
         "name");
    must(lifecycle_on_metadata_loaded(manager, module, "types"), "metadata");
    return module;
}

int main(void)
{
    lifecycle_manager *manager;
    lifecycle_code forgotten;
    lifecycle_module tidy;
    size_t leaks;

    must(lifecycle_create(NULL, &manager), "create");
    tidy = load(manager, "tidy.mod", "tidy_up");
    load(manager, "messy.mod", "make_mess");
    must(lifecycle_code_reserve(manager, 4096, 0, NULL, &forgotten), "reserve");

    must(lifecycle_unload_module(manager, tidy, 0, NULL, 0), "unload");
    puts("tidy.mod is unloaded; still held:");
    must(lifecycle_leak_check(manager, tell, NULL, &leaks), "leak check");
    printf("%zu things\n", leaks);

    must(lifecycle_code_abort(manager, &forgotten), "abort");
    must(lifecycle_module_find(manager, "messy.mod", &tidy), "find");
    must(lifecycle_unload_module(manager, tidy, 0, NULL, 0), "unload");
    must(lifecycle_leak_check(manager, tell, NULL, &leaks), "leak check");
    printf("messy.mod is unloaded too: %zu things\n", leaks);
    puts("as a monitoring system would read it:");
    must(lifecycle_stats_print(manager, LIFECYCLE_JSON, print_piece, NULL),
         "print");
    must(lifecycle_destroy(manager), "destroy");
    return EXIT_SUCCESS;
}
