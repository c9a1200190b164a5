/* Whose rt_exec_manager_* do a runtime's calls reach? Argument: "library" or "runtime". Runs in a scratch folder. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime_stubs.h"
#include "lifecycle.h"

#define SOFT_JIT "tmp/jit/simple_soft_jit_77.spl"

int main(int argc, char **argv)
{
    int library = argc == 2 && strcmp(argv[1], "library") == 0;
    FILE *file;
    int gone;

    mkdir("tmp", 0777);
    mkdir("tmp/jit", 0777);
    file = fopen(SOFT_JIT, "w");
    if (!file || fclose(file) != 0)
        return 2;
    rt_exec_manager_cleanup(77);
    gone = access(SOFT_JIT, F_OK) != 0;
    if (rt_exec_manager_has_function(77, "no_such_function"))
        return 3;
    if (rt_exec_manager_create("no such backend") != (library ? 0 : -7))
        return 4;
    printf("%d stub calls, file %s\n", stub_calls, gone ? "gone" : "there");
    if (lifecycle_self_test() != LIFECYCLE_OK)
        return 5;
    return stub_calls == (library ? 0 : 3) && gone == library ? 0 : 1;
}
