// map.cpp - a hash map from a symbol to the epoch it was used in, scanned from end to end: what hosts write themselves.
// It only forgets what is stale; it has no code to free.
#include <unordered_map>

#include "sweep.hpp"

namespace {

class Map {
public:
    explicit Map(size_t count) { used_.reserve(count); }
    void add(size_t which) { used_[which] = epoch_; }
    void advance() { epoch_++; }
    void use(size_t which) { used_[which] = epoch_; }
    size_t stale(uint64_t age) const
    {
        size_t count = 0;
        for (const auto &entry : used_)
            count += epoch_ - entry.second > age;
        return count;
    }
    size_t sweep(uint64_t age)
    {
        size_t before = used_.size();
        for (auto entry = used_.begin(); entry != used_.end();)
            entry = epoch_ - entry->second > age ? used_.erase(entry) : std::next(entry);
        return before - used_.size();
    }

private:
    uint64_t epoch_ = 1;
    std::unordered_map<size_t, uint64_t> used_;
};

}  // namespace

int main(int argc, char **argv)
{
    return sweep::run<Map>(argc, argv);
}
