#include <stdbool.h>
#include <stdint.h>

#ifndef STUB
#define STUB __attribute__((weak))
#endif

extern int stub_calls;
int64_t rt_exec_manager_create(const char *backend);
bool rt_exec_manager_has_function(int64_t handle, const char *name);
void rt_exec_manager_cleanup(int64_t handle);
