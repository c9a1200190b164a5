/*
 * The drop-ins of the Simple runtime's execution managers, as an object that goes into the program beside the shared
 * library: no shared library takes the place of a definition in the program, not even of a weak one, but an object with
 * strong definitions does. `-llifecycle` finds a linker script that names this object and the library. The archive
 * needs none of it: it holds the same functions.
 */
#include <stdint.h>

int64_t lifecycle_exec_manager_create(const char *backend);
int64_t lifecycle_exec_manager_has_function(int64_t handle, const char *name);
void lifecycle_exec_manager_cleanup(int64_t handle);

int64_t rt_exec_manager_create(const char *backend);
int64_t rt_exec_manager_has_function(int64_t handle, const char *name);
void rt_exec_manager_cleanup(int64_t handle);

int64_t rt_exec_manager_create(const char *backend)
{
    return lifecycle_exec_manager_create(backend);
}

/* A whole register holding 0 or 1: some runtimes declare this function as bool, others as int64_t. */
int64_t rt_exec_manager_has_function(int64_t handle, const char *name)
{
    return lifecycle_exec_manager_has_function(handle, name);
}

void rt_exec_manager_cleanup(int64_t handle)
{
    lifecycle_exec_manager_cleanup(handle);
}
