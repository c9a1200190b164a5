/* Part of a runtime: stubs of the executable manager that a library may replace; -DSTUB= makes them final. */
#include "runtime_stubs.h"

int stub_calls;

STUB int64_t rt_exec_manager_create(const char *backend)
{
    (void)backend;
    stub_calls++;
    return -7;
}

STUB bool rt_exec_manager_has_function(int64_t handle, const char *name)
{
    (void)handle;
    (void)name;
    stub_calls++;
    return false;
}

STUB void rt_exec_manager_cleanup(int64_t handle)
{
    (void)handle;
    stub_calls++;
}
