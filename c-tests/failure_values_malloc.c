/*
 * failure_values_malloc.c - failure_values.c once more, for an interpreter without an allocator of its own: malloc
 * itself fails, so that whatever asks for memory behind the interpreter's back is seen too.
 *
 * test-skip: valgrind (it brings a malloc of its own, which does not fail)
 * test-skip: sanitizers (they bring a malloc of their own, which does not fail)
 */
#define FAIL_MALLOC
#include "failure_values.c"
