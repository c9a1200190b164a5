/*
 * failure_heap_malloc.c - failure_heap.c once more, for a heap without an allocator of its own: malloc
 * itself fails, so that whatever asks for memory behind the heap's back is seen too.
 *
 * test-skip: valgrind (it brings a malloc of its own, which does not fail)
 * test-skip: sanitizers (they bring a malloc of their own, which does not fail)
 */
#define FAIL_MALLOC
#include "failure_heap.c"
