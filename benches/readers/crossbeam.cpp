// crossbeam.cpp - the Rust crate crossbeam-epoch, through benches/peers; its pairs are timed in a loop of its own.
#include "readers.hpp"

extern "C" {
void peer_epoch_pairs(uint64_t count);
void peer_epoch_inside(void (*work)());
void peer_epoch_grace();
}

namespace {

struct Crossbeam : readers::Scheme {
    void enter() { peer_epoch_inside(readers::work); }
    void leave() {}
    void grace() { peer_epoch_grace(); }
};

}  // namespace

int main()
{
    bench::Report report;
    double best = 1e9;
    for (int round = 0; round < readers::ROUNDS; round++) {
        uint64_t start = bench::now();
        peer_epoch_pairs(readers::PAIRS);
        best = std::min(best, double(bench::now() - start) / double(readers::PAIRS));
    }
    report.put("pair_ns", best);
    readers::graces<Crossbeam>(report);
    return EXIT_SUCCESS;
}
