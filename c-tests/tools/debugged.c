/*
 * debugged.c - what checks/tools.sh runs under a debugger: mapped code calls back, then it is unmapped.
 */
#include "../frames.h"
#include "lifecycle.h"

#include <stdio.h>

void stop_inside(void);
void stop_after(void);

static volatile int stops;

__attribute__((noinline)) void stop_inside(void)
{
    stops++;
}

__attribute__((noinline)) void stop_after(void)
{
    stops++;
}

static void run(lifecycle_manager *manager, lifecycle_module module, const char *name, int with_frames)
{
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    frames table = make_frames(ENCODING_PCREL_SDATA4, 0, sizeof code_without_rbp, rules_without_rbp,
                               sizeof rules_without_rbp);
    const void *code = with_frames ? code_without_rbp : code_with_rbp;
    size_t size = with_frames ? sizeof code_without_rbp : sizeof code_with_rbp;
    lifecycle_symbol symbol = 0;
    void (*function)(void (*callback)(void));
    void *address;
    if (with_frames) {
        options.eh_frame = table.bytes;
        options.eh_frame_size = table.size;
    }
    if (lifecycle_map_symbol(manager, module, name, code, size, &options, &symbol) != LIFECYCLE_OK)
        return;
    address = lifecycle_symbol_address(manager, symbol);
    memcpy(&function, &address, sizeof function);
    function(stop_inside);
    lifecycle_unmap_symbol(manager, symbol);
    lifecycle_reclaim(manager, NULL);
}

int main(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    lifecycle_module module = 0;
    config.flags = LIFECYCLE_CONFIG_GDB;
    if (lifecycle_create(&config, &manager) != LIFECYCLE_OK)
        return 1;
    lifecycle_on_module_load(manager, "a", &module);
    run(manager, module, "made_with_a_frame_pointer", 0);
    run(manager, module, "made_with_a_table_of_frames", 1);
    stop_after();
    lifecycle_destroy(manager);
    printf("%d stops\n", stops);
    return 0;
}
