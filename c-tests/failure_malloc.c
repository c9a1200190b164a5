/*
 * failure_malloc.c - failure.c once more, for a manager without an allocator of its own: malloc itself fails, so that
 * whatever asks for memory behind the manager's back is seen too.
 *
 * test-skip: valgrind (it brings a malloc of its own, which does not fail)
 * test-skip: sanitizers (they bring a malloc of their own, which does not fail)
 */
#define FAIL_MALLOC
#include "failure.c"
