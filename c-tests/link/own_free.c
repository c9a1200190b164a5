/* A runtime that defines spl_free has every block of a value freed by it. */
#include <stdlib.h>
#include <string.h>

#include "../header/runtime.h"
#include "lifecycle.h"

void spl_free(void *block);
static int own_calls;

void spl_free(void *block)
{
    own_calls++;
    free(block);
}

static SplValue text(const char *from)
{
    SplValue value = { 4, { 0 } };
    value.as.s = strdup(from);
    return value;
}

int main(void)
{
    SplValue values[2];
    spl_free_value(text("one"));
    values[0] = text("two");
    values[1] = text("three");
    spl_free_all_values(values, 2);
    return own_calls == 3 && values[0].tag == 0 && values[1].tag == 0 ? 0 : 1;
}
