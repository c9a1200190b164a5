// bumpalo_inline.cpp - the loop is Rust, and the allocation is inline in it.
#include "bumpalo.hpp"

namespace {

struct Inline : Bumpalo, arena::Scheme<Inline> {
    using Bumpalo::grow;
    void fill(const uint32_t *sizes, size_t count) { peer_bump_fill(bump_, sizes, count); }
};

}  // namespace

int main(int argc, char **argv)
{
    return arena::run<Inline>(argc, argv);
}
