/* The predicates that are written in Prolog: texts that load_library reads at
 * the start. Each part is short enough for a string of C11. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <stddef.h>

extern const char *const library_control[], *const library_lists[],
    *const library_system[];

#endif
