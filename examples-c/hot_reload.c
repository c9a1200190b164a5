/*
 * hot_reload.c - one idea: code is replaced while the program runs, and a bad
 * new version changes nothing.
 *
 * The program calls `price` through its entry, an address that never changes.
 * A reload builds the new version beside the old one, unseen; commit switches
 * name and entry at once and retires the old code, abort drops the new one.
 *
 *     cc hot_reload.c -llifecycle && ./a.out
 */
#include <lifecycle.h>
#include <stdio.h>
#include <stdlib.h>

/* mov eax, edi; imul eax, eax, FACTOR; ret */
#define TIMES(factor)                                                          \
    { 0x89, 0xF8, 0x6B, 0xC0, (factor), 0xC3 }

static void must(lifecycle_status status, const char *what)
{
    if (status != LIFECYCLE_OK) {
        fprintf(stderr, "%s: %s\n", what, lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
}

static void release_source(void *source, void *user)
{
    (void)user;
    printf("    released: %s\n", (const char *)source);
}

/* Loads one version into a module: its source text and its code. */
static lifecycle_status load(lifecycle_manager *manager, lifecycle_module module,
                             const char *source, const unsigned char *code,
                             size_t len)
{
    lifecycle_status status = lifecycle_own(
        manager, module, (void *)source, release_source, NULL, NULL);
    if (status == LIFECYCLE_OK)
        status = lifecycle_map_symbol(manager, module, "price", code, len, NULL,
                                      NULL);
    return status;
}

int main(void)
{
    static const unsigned char times_two[] = TIMES(2);
    static const unsigned char times_three[] = TIMES(3);
    lifecycle_manager *manager;
    lifecycle_module shop, fresh;
    void *entry;
    int (*price)(int);

    must(lifecycle_create(NULL, &manager), "create");
    must(lifecycle_on_module_load(manager, "shop.c", &shop), "load");
    must(load(manager, shop, "version 1", times_two, sizeof times_two), "map");
#if !defined(__x86_64__)
    puts("the code of this example is for x86-64");
    must(lifecycle_destroy(manager), "destroy");
    return EXIT_SUCCESS;
#endif
    must(lifecycle_entry(manager, "price", &entry), "entry");
    price = (int (*)(int))(uintptr_t)entry;
    printf("version 1: price(7) = %d\n", price(7));

    puts("a new version that fails to build:");
    must(lifecycle_reload_begin(manager, shop, &fresh), "reload");
    if (load(manager, fresh, "broken version", times_three, 0) != LIFECYCLE_OK)
        printf("    refused: %s\n", lifecycle_last_error());
    must(lifecycle_reload_abort(manager, fresh), "abort");
    printf("still version 1: price(7) = %d\n", price(7));

    puts("a new version that builds:");
    must(lifecycle_reload_begin(manager, shop, &fresh), "reload");
    must(load(manager, fresh, "version 2", times_three, sizeof times_three),
         "map");
    printf("not committed: price(7) = %d\n", price(7));
    must(lifecycle_reload_commit(manager, fresh), "commit");
    printf("version 2: price(7) = %d, through the same address\n", price(7));

    must(lifecycle_destroy(manager), "destroy");
    return EXIT_SUCCESS;
}
