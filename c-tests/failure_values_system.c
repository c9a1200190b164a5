/*
 * failure_values_system.c - failure_values.c once more, with every system call that maps or commits scratch memory
 * made to fail: ENOMEM, the k-th call, for k = 1, 2, ... until the operation succeeds.
 */
#define FAIL_SYSTEM
#include "failure_values.c"
