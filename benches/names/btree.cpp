// btree.cpp - ranges of ids in a BTreeMap of Rust's, by call into a shared library: for hosts whose
// modules have as many declarations as they have.
#include "names.hpp"

extern "C" {
void *peer_ranges_new();
void peer_ranges_free(void *ranges);
void peer_ranges_insert(void *ranges, int64_t first, int64_t last);
void peer_ranges_remove(void *ranges, int64_t first);
bool peer_ranges_contain(const void *ranges, int64_t id);
}

namespace {

class Live {
public:
    explicit Live(size_t) : ranges_(peer_ranges_new()) {}
    Live(const Live &) = delete;
    ~Live() { peer_ranges_free(ranges_); }
    void load(int64_t first, int64_t last) { peer_ranges_insert(ranges_, first, last); }
    void unload(int64_t first) { peer_ranges_remove(ranges_, first); }
    bool is_live(int64_t id) const { return peer_ranges_contain(ranges_, id); }

private:
    void *ranges_;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"live", liveness<Live>}});
}
