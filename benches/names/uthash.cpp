// uthash.cpp - uthash's macros with their default hash.
#include <uthash.h>

#include "entry.hpp"
#include "threads.hpp"

namespace {

struct Hashed : names::Entry {
    UT_hash_handle hh;
};

class Uthash {
public:
    using Found = names::Binding;

    explicit Uthash(size_t) {}
    Uthash(const Uthash &) = delete;
    ~Uthash() { HASH_CLEAR(hh, all_); }
    void modules(size_t) {}
    void bind(const char *name, const names::Binding &binding)
    {
        auto *entry = names::make_entry<Hashed>(name, binding);
        HASH_ADD(hh, all_, name[0], names::LENGTH, entry);
    }
    bool find(const char *name, size_t len, Found &found) const
    {
        Hashed *entry;
        HASH_FIND(hh, all_, name, len, entry);
        if (entry == nullptr)
            return false;
        found = entry->binding;
        return true;
    }
    void unbind(const char *name)
    {
        Hashed *entry;
        HASH_FIND(hh, all_, name, names::LENGTH, entry);
        if (entry == nullptr)
            bench::die("a name is lost");
        HASH_DEL(all_, entry);
        std::free(entry);
    }
    size_t forget(uint64_t module)
    {
        size_t gone = 0;
        Hashed *entry, *next;
        HASH_ITER(hh, all_, entry, next)
        {
            if (entry->binding.module != module)
                continue;
            HASH_DEL(all_, entry);
            std::free(entry);
            gone++;
        }
        return gone;
    }

private:
    Hashed *all_ = nullptr;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"lookup", lookup<Uthash>}, {"change", change<Uthash>}, {"churn", churn<Uthash>},
                            {"unload", unload<Uthash>}, {"threads", threads<Uthash>}});
}
