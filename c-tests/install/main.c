/* Built from an installation: the header and the library are of one version, and the library works. */
#include <stdio.h>
#include <string.h>

#include <lifecycle.h>

int main(void)
{
    printf("%s\n", lifecycle_build_info());
    if (lifecycle_version_number() != LIFECYCLE_VERSION_NUMBER)
        return 1;
    if (strcmp(lifecycle_version_string(), LIFECYCLE_VERSION_STRING) != 0)
        return 2;
    return lifecycle_self_test() == LIFECYCLE_OK ? 0 : 3;
}
