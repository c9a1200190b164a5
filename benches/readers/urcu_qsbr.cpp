// urcu_qsbr.cpp - liburcu by quiescent states: inside costs nothing, and every thread must say now and then that it is
// outside; that word is what is measured here, once a pair.
#define URCU_INLINE_SMALL_FUNCTIONS
#define _LGPL_SOURCE
#include <urcu/urcu-qsbr.h>

#include "readers.hpp"

namespace {

struct Qsbr : readers::Scheme {
    void attach() { urcu_qsbr_register_thread(); }
    void detach() { urcu_qsbr_unregister_thread(); }
    void enter() { urcu_qsbr_read_lock(); }
    void leave()
    {
        urcu_qsbr_read_unlock();
        urcu_qsbr_quiescent_state();
    }
    void grace() { urcu_qsbr_synchronize_rcu(); }
};

}  // namespace

int main()
{
    return readers::run<Qsbr>();
}
