// urcu_memb.cpp - liburcu with membarrier: the same bargain as ours.
#define URCU_INLINE_SMALL_FUNCTIONS
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#include "readers.hpp"

namespace {

struct Memb : readers::Scheme {
    void attach() { urcu_memb_register_thread(); }
    void detach() { urcu_memb_unregister_thread(); }
    void enter() { urcu_memb_read_lock(); }
    void leave() { urcu_memb_read_unlock(); }
    void grace() { urcu_memb_synchronize_rcu(); }
};

}  // namespace

int main()
{
    return readers::run<Memb>();
}
