/* Drop-in functions of existing runtimes, declared by hand: included by lifecycle.h. */
#ifndef LIFECYCLE_DROPINS_H
#define LIFECYCLE_DROPINS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Execution managers of the Simple runtime: see lifecycle_exec_manager_create, _has_function and _cleanup, which these
 * are. Runtimes that declare rt_exec_manager_has_function with another result (an int64_t) define
 * LIFECYCLE_NO_EXEC_MANAGER before they include lifecycle.h; it returns a whole register holding 0 or 1.
 */
#ifndef LIFECYCLE_NO_EXEC_MANAGER
int64_t rt_exec_manager_create(const char *backend);
bool rt_exec_manager_has_function(int64_t handle, const char *name);
void rt_exec_manager_cleanup(int64_t handle);
#endif

#ifdef __cplusplus
}
#endif

#endif
