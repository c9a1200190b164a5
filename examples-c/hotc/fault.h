/*
 * fault.h - why something could not be done, in a sentence for the person who
 * edits the source.
 */
#ifndef HOTC_FAULT_H
#define HOTC_FAULT_H

#include <stdbool.h>
#include <stdio.h>

struct fault {
    char text[512];
};

/* Usable as `return FAULT(fault, "...", ...)`: always false. */
#define FAULT(fault, ...)                                                      \
    (snprintf((fault)->text, sizeof(fault)->text, __VA_ARGS__), false)

#endif
