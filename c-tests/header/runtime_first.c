/* A runtime that defines SplValue itself, before the header. */
#include "runtime.h"
#include "lifecycle.h"

void release(SplValue *values, int64_t count);
void release(SplValue *values, int64_t count)
{
    spl_free_value(values[0]);
    spl_free_all_values(values + 1, count - 1);
}
