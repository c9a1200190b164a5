/* A runtime that has its own spl_free_value: it links, and its own is the one its calls reach. */
#include "../header/runtime.h"
#include "lifecycle.h"

static int own_calls;

void spl_free_value(SplValue value)
{
    (void)value;
    own_calls++;
}

int main(void)
{
    SplValue value = { 0, { 0 } };
    spl_free_value(value);
    /* The rest of the library is there and works. */
    return own_calls == 1 && lifecycle_self_test() == LIFECYCLE_OK ? 0 : 1;
}
