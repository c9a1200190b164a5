// hashbrown.cpp - the Rust crate hashbrown with its own hash, each operation a call into a shared library, as ours. A
// module's names are found by a scan of all; an id is live if its module is in a set.
#include "threads.hpp"

extern "C" {
void *peer_names_new();
void peer_names_free(void *table);
void peer_names_bind(void *table, const char *name, size_t len, const names::Binding *binding);
bool peer_names_find(const void *table, const char *name, size_t len, names::Binding *found);
bool peer_names_unbind(void *table, const char *name, size_t len);
size_t peer_names_forget(void *table, uint64_t module);

void *peer_set_new();
void peer_set_free(void *set);
void peer_set_insert(void *set, uint64_t module);
void peer_set_remove(void *set, uint64_t module);
bool peer_set_contains(const void *set, uint64_t module);
}

namespace {

class Hashbrown {
public:
    using Found = names::Binding;

    explicit Hashbrown(size_t) : table_(peer_names_new()) {}
    Hashbrown(const Hashbrown &) = delete;
    ~Hashbrown() { peer_names_free(table_); }
    void modules(size_t) {}
    void bind(const char *name, const names::Binding &binding)
    {
        peer_names_bind(table_, name, names::LENGTH, &binding);
    }
    bool find(const char *name, size_t len, Found &found) const { return peer_names_find(table_, name, len, &found); }
    void unbind(const char *name)
    {
        if (!peer_names_unbind(table_, name, names::LENGTH))
            bench::die("a name is lost");
    }
    size_t forget(uint64_t module) { return peer_names_forget(table_, module); }

private:
    void *table_;
};

class Live {
public:
    explicit Live(size_t each) : set_(peer_set_new()), each_(uint32_t(each)) {}
    Live(const Live &) = delete;
    ~Live() { peer_set_free(set_); }
    void load(int64_t first, int64_t) { peer_set_insert(set_, module_of(first)); }
    void unload(int64_t first) { peer_set_remove(set_, module_of(first)); }
    bool is_live(int64_t id) const { return peer_set_contains(set_, module_of(id)); }

private:
    // All have as many ids here: a host that knows its modules so needs no search.
    uint64_t module_of(int64_t id) const { return uint32_t(id) / each_; }

    void *set_;
    uint32_t each_;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"lookup", lookup<Hashbrown>}, {"change", change<Hashbrown>}, {"churn", churn<Hashbrown>},
                            {"unload", unload<Hashbrown>}, {"threads", threads<Hashbrown>}, {"live", liveness<Live>}});
}
