/*
 * profiled.c - what checks/tools.sh runs under a profiler: two symbols, one after the other at one address, that take
 * time. The argument is the config's flags.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle.h"

static int run(lifecycle_manager *manager, lifecycle_module module, const char *name)
{
    static const unsigned char count_down[] = {
        0xb9, 0x00, 0x00, 0x00, 0x10, /* mov ecx, 1 << 28 */
        0xff, 0xc9,                   /* dec ecx */
        0x75, 0xfc,                   /* jnz */
        0xc3,                         /* ret */
    };
    lifecycle_symbol symbol = 0;
    void (*function)(void);
    void *address;
    if (lifecycle_map_symbol(manager, module, name, count_down, sizeof count_down, NULL, &symbol) != LIFECYCLE_OK)
        return 1;
    address = lifecycle_symbol_address(manager, symbol);
    memcpy(&function, &address, sizeof function);
    function();
    return lifecycle_unmap_symbol(manager, symbol) != LIFECYCLE_OK;
}

int main(int count, char **arguments)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    lifecycle_module module = 0;
    config.flags = count > 1 ? (uint32_t)atoi(arguments[1]) : 0;
    if (lifecycle_create(&config, &manager) != LIFECYCLE_OK ||
        lifecycle_on_module_load(manager, "a", &module) != LIFECYCLE_OK)
        return 1;
    if (run(manager, module, "takes_time_first") != 0 || run(manager, module, "takes_time_second") != 0)
        return 2;
    return lifecycle_destroy(manager) != LIFECYCLE_OK;
}
