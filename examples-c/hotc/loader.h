/*
 * loader.h - puts a compiled object into a module of the manager.
 *
 * Each function of the object becomes a code symbol of its own; what is not
 * code goes into memory that is never executable. No page is writable and
 * executable on the way.
 */
#ifndef HOTC_LOADER_H
#define HOTC_LOADER_H

#include "fault.h"

#include <lifecycle.h>

/*
 * Loads the object for `module`: all of its functions, or none. Their symbols
 * are called "unit:function", so that every file has its names to itself.
 * What the object does not define is looked for in the host program.
 *
 * `wanted` is a global function that the object must define.
 *
 * On failure the module may hold some data: unload it, or abort the reload.
 */
bool load_object(lifecycle_manager *manager, lifecycle_module module,
                 const char *unit, const char *wanted, const void *bytes,
                 size_t size, struct fault *fault);

#endif
