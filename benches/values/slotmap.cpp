// slotmap.cpp - the Rust crate slotmap, each operation a call into a shared library, as ours.
#include "values.hpp"

extern "C" {
void *peer_slotmap_new();
void peer_slotmap_free(void *map);
uint64_t peer_slotmap_insert(void *map, int64_t value);
bool peer_slotmap_get(const void *map, uint64_t key, int64_t *out);
void peer_slotmap_clear(void *map);
}

namespace {

class Slotmap {
public:
    Slotmap() : map_(peer_slotmap_new()) {}
    Slotmap(const Slotmap &) = delete;
    ~Slotmap() { peer_slotmap_free(map_); }
    void begin(size_t) {}
    void end() { peer_slotmap_clear(map_); }
    int64_t make_get(int64_t number)
    {
        int64_t got = 0;
        peer_slotmap_get(map_, peer_slotmap_insert(map_, number), &got);
        return got;
    }

private:
    void *map_;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace values;
    return bench::run(argc, argv, {{"handles", handles<Slotmap>}, {"drop", drop<Slotmap>}});
}
