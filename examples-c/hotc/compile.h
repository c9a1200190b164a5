/* compile.h - C source text to an object in memory, by libtcc. */
#ifndef HOTC_COMPILE_H
#define HOTC_COMPILE_H

#include "fault.h"

#include <stddef.h>

/* Reads and compiles the file. *bytes is the caller's to free; NULL on
   failure, with the compiler's messages in `fault`. One thread at a time. */
bool compile_file(const char *path, void **bytes, size_t *size,
                  struct fault *fault);

/* The whole file with a NUL at its end, for the caller to free; or NULL. */
char *read_file(const char *path, size_t *size, struct fault *fault);

#endif
