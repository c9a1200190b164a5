/* Two Rust archives in one program: each has its own standard library, and each catches its own panics. */
#include "lifecycle.h"

int other_self_test(void);

int main(void)
{
    int round;
    for (round = 0; round < 3; round++)
        if (other_self_test() != 1 || lifecycle_self_test() != LIFECYCLE_OK)
            return 1;
    return 0;
}
