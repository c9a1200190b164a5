/* damage.c - see demo.h. */
#include "compile.h"
#include "demo.h"
#include "loader.h"

#include <stdlib.h>
#include <string.h>

struct trial {
    lifecycle_manager *manager;
    unsigned char *object;
    size_t size;
    unsigned long loaded, refused;
    struct fault fault;
};

/* The object may well load: a changed instruction is nobody's business here.
   It is not run. */
static bool try_one(struct trial *trial, size_t size)
{
    lifecycle_module module;
    /* As large as it is said to be, for tools that watch its end. */
    unsigned char *bytes = malloc(size + (size == 0));
    if (bytes == NULL)
        return wrong(&trial->fault, "out of memory");
    memcpy(bytes, trial->object, size);
    bool ok = lifecycle_on_module_load(trial->manager, "damaged", &module) ==
              LIFECYCLE_OK;
    if (ok) {
        trial->fault.text[0] = '\0';
        if (load_object(trial->manager, module, "damaged", "run", bytes, size,
                        &trial->fault))
            trial->loaded++;
        else
            trial->refused += trial->fault.text[0] != '\0';
        ok = lifecycle_unload_module(trial->manager, module, 0, NULL, 0) ==
             LIFECYCLE_OK;
    }
    free(bytes);
    return ok || wrong(&trial->fault, "%s", lifecycle_last_error());
}

static bool try_all(struct trial *trial, unsigned long step,
                    unsigned long *trials)
{
    static const unsigned char flips[] = { 0x01, 0x80, 0xff };
    for (size_t at = 0; at < trial->size; at += step) {
        for (size_t k = 0; k < sizeof flips; k++) {
            trial->object[at] ^= flips[k];
            bool ok = try_one(trial, trial->size);
            trial->object[at] ^= flips[k];
            ++*trials;
            if (!ok)
                return false;
        }
        ++*trials;
        if (!try_one(trial, at))
            return false;
    }
    return true;
}

static bool nothing_left(struct trial *trial)
{
    size_t leaks;
    if (lifecycle_synchronize(trial->manager, UINT64_MAX) != LIFECYCLE_OK ||
        lifecycle_leak_check(trial->manager, NULL, NULL, &leaks) !=
            LIFECYCLE_OK)
        return wrong(&trial->fault, "%s", lifecycle_last_error());
    return leaks == 0 || wrong(&trial->fault, "%zu things are left", leaks);
}

int damage(const char *path, unsigned long step)
{
    struct trial trial = { 0 };
    unsigned long trials = 0;
    void *object = NULL;
    bool ok = compile_file(path, &object, &trial.size, &trial.fault);
    trial.object = object;
    if (ok && lifecycle_create(NULL, &trial.manager) != LIFECYCLE_OK)
        ok = wrong(&trial.fault, "%s", lifecycle_last_error());
    ok = ok && try_all(&trial, step, &trials) && nothing_left(&trial);
    if (trial.manager != NULL &&
        lifecycle_destroy(trial.manager) != LIFECYCLE_OK)
        ok = wrong(&trial.fault, "%s", lifecycle_last_error());
    free(object);
    if (ok && trial.loaded + trial.refused != trials)
        ok = wrong(&trial.fault, "an object was refused without a word");
    if (!ok) {
        printf("FAILED: %s\n", trial.fault.text);
        return EXIT_FAILURE;
    }
    printf("%lu damaged objects: %lu refused, %lu loaded, none did harm\n",
           trials, trial.refused, trial.loaded);
    return EXIT_SUCCESS;
}
