/*
 * fault.h - why something could not be done, in a sentence for the person who
 * edits the source.
 */
#ifndef HOTC_FAULT_H
#define HOTC_FAULT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct fault {
    char text[512];
};

/* Always false: `return wrong(fault, "...", ...)`. */
__attribute__((format(printf, 2, 3))) static inline bool
wrong(struct fault *fault, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    return false;
}

#endif
