// ours_inline.cpp - lifecycle_arena_alloc of the header.
#include "ours.hpp"

int main(int argc, char **argv)
{
    return arena::run<Ours<lifecycle_arena_alloc>>(argc, argv);
}
