// ours_call.cpp - each allocation a call into the shared library, as hosts make it that cannot use the header.
#include "ours.hpp"

int main(int argc, char **argv)
{
    return arena::run<Ours<lifecycle_arena_alloc_slow>>(argc, argv);
}
