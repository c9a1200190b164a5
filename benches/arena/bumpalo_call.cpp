// bumpalo_call.cpp - each allocation a call into a shared library.
#include "bumpalo.hpp"

namespace {

struct Call : Bumpalo, arena::Scheme<Call> {
    using Bumpalo::grow;
};

}  // namespace

int main(int argc, char **argv)
{
    return arena::run<Call>(argc, argv);
}
