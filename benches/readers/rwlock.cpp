// rwlock.cpp - a lock of the C library, shared by who is inside, exclusive for who frees.
#include <pthread.h>

#include "readers.hpp"

namespace {

// Writers first: else a busy reader keeps them out for ever.
struct Lock {
    Lock()
    {
        pthread_rwlockattr_t how;
        pthread_rwlockattr_init(&how);
        pthread_rwlockattr_setkind_np(&how, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        pthread_rwlock_init(&lock, &how);
    }
    pthread_rwlock_t lock;
} shared;

struct Rwlock : readers::Scheme {
    void enter() { pthread_rwlock_rdlock(&shared.lock); }
    void leave() { pthread_rwlock_unlock(&shared.lock); }
    void grace()
    {
        pthread_rwlock_wrlock(&shared.lock);
        pthread_rwlock_unlock(&shared.lock);
    }
};

}  // namespace

int main()
{
    return readers::run<Rwlock>();
}
