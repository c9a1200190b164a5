/*
 * failure_heap_system.c - failure_heap.c once more, with every system call that reserves, commits or gives back memory
 * made to fail: ENOMEM, the k-th call, for k = 1, 2, ... until none is refused.
 */
#define FAIL_SYSTEM
#include "failure_heap.c"
