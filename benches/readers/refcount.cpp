// refcount.cpp - one counter that everybody inside has raised; the grace period is over when it was seen at zero.
#include "readers.hpp"

namespace {

alignas(64) std::atomic<uint64_t> inside;

struct Refcount : readers::Scheme {
    void enter() { inside.fetch_add(1, std::memory_order_acquire); }
    void leave() { inside.fetch_sub(1, std::memory_order_release); }
    void grace()
    {
        while (inside.load(std::memory_order_acquire) != 0) {
        }
    }
};

}  // namespace

int main()
{
    return readers::run<Refcount>();
}
