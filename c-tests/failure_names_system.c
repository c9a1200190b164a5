/*
 * failure_names_system.c - failure_names.c once more, with every system call that maps or commits tables made to fail:
 * ENOMEM, the k-th call, for k = 1, 2, ... until the operation succeeds.
 */
#define FAIL_SYSTEM
#include "failure_names.c"
