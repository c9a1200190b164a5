/* A runtime that has the GDB JIT interface's pair itself (LLVM does) links all the same, and its pair is used. */
#include <stdint.h>
#include <stddef.h>

#include "lifecycle.h"

struct jit_code_entry {
    struct jit_code_entry *next, *prev;
    const char *symfile;
    uint64_t symfile_size;
};
struct jit_descriptor {
    uint32_t version, action;
    struct jit_code_entry *relevant, *first;
};

struct jit_descriptor __jit_debug_descriptor = {1, 0, NULL, NULL};
void __jit_debug_register_code(void);

static int registered, unregistered;

void __jit_debug_register_code(void)
{
    registered += __jit_debug_descriptor.action == 1 && __jit_debug_descriptor.first != NULL;
    unregistered += __jit_debug_descriptor.action == 2 && __jit_debug_descriptor.first == NULL;
}

int main(void)
{
    static const unsigned char code[] = {0xc3};
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager;
    lifecycle_module module;
    config.flags = LIFECYCLE_CONFIG_GDB;
    if (lifecycle_create(&config, &manager) != LIFECYCLE_OK ||
        lifecycle_on_module_load(manager, "a", &module) != LIFECYCLE_OK ||
        lifecycle_map_symbol(manager, module, "f", code, sizeof code, NULL, NULL) != LIFECYCLE_OK)
        return 1;
    if (registered != 1 || unregistered != 0)
        return 2;
    return lifecycle_destroy(manager) == LIFECYCLE_OK && unregistered == 1 ? 0 : 3;
}
