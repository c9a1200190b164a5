// ck.cpp - Concurrency Kit's epochs.
extern "C" {
#include <ck_epoch.h>
}

#include "readers.hpp"

namespace {

ck_epoch_t epoch;

struct Ck : readers::Scheme {
    void attach() { ck_epoch_register(&epoch, &record_, nullptr); }
    void detach() { ck_epoch_unregister(&record_); }
    void enter() { ck_epoch_begin(&record_, nullptr); }
    void leave() { ck_epoch_end(&record_, nullptr); }
    void grace() { ck_epoch_synchronize(&record_); }

private:
    // Records stay in the epoch's list for ever.
    ck_epoch_record_t &record_ = *new ck_epoch_record_t;
};

}  // namespace

int main()
{
    ck_epoch_init(&epoch);
    return readers::run<Ck>();
}
