// ck_ht.cpp - Concurrency Kit's table for one writer and many readers. With GC set it is told that names are removed,
// and looks over all of it once in many removals, which is what its manual has against tombstones; without, it is as it
// comes.
extern "C" {
#include <ck_ht.h>
}

#include "entry.hpp"
#include "threads.hpp"

namespace {

#if GC
const unsigned MODE = CK_HT_MODE_BYTESTRING | CK_HT_WORKLOAD_DELETE;
#else
const unsigned MODE = CK_HT_MODE_BYTESTRING;
#endif
const size_t COLLECTED = 16384;  // removals, for one collection

void *take(size_t size)
{
    return std::malloc(size);
}

// Readers may be in what is given back while others look, and nothing here tells when they have left.
bool keep_everything = false;

void give_back(void *memory, size_t, bool deferred)
{
    if (!deferred || !keep_everything)
        std::free(memory);
}

class Ck {
public:
    using Found = names::Binding;

    explicit Ck(size_t)
    {
        allocator_.malloc = take;
        allocator_.free = give_back;
        if (!ck_ht_init(&table_, MODE, nullptr, &allocator_, 8, 6602834))
            bench::die("no table");
    }
    Ck(const Ck &) = delete;
    ~Ck()
    {
        ck_ht_iterator_t at = CK_HT_ITERATOR_INITIALIZER;
        ck_ht_entry_t *slot;
        while (ck_ht_next(&table_, &at, &slot))
            std::free(ck_ht_entry_value(slot));
        ck_ht_destroy(&table_);
    }
    void modules(size_t) {}
    void bind(const char *name, const names::Binding &binding)
    {
        auto *entry = names::make_entry<names::Entry>(name, binding);
        ck_ht_hash_t hash;
        ck_ht_entry_t slot;
        ck_ht_hash(&hash, &table_, entry->name, names::LENGTH);
        ck_ht_entry_set(&slot, hash, entry->name, names::LENGTH, entry);
        if (!ck_ht_put_spmc(&table_, hash, &slot))
            bench::die("a name was not taken");
    }
    bool find(const char *name, size_t len, Found &found) const
    {
        ck_ht_hash_t hash;
        ck_ht_entry_t slot;
        auto *table = const_cast<ck_ht_t *>(&table_);
        ck_ht_hash(&hash, table, name, uint16_t(len));
        ck_ht_entry_key_set(&slot, name, uint16_t(len));
        if (!ck_ht_get_spmc(table, hash, &slot))
            return false;
        found = static_cast<names::Entry *>(ck_ht_entry_value(&slot))->binding;
        return true;
    }
    void unbind(const char *name)
    {
        remove(name);
        if (GC && ++removed_ % COLLECTED == 0)
            ck_ht_gc(&table_, 0, 0);
    }
    size_t forget(uint64_t module)
    {
        ck_ht_iterator_t at = CK_HT_ITERATOR_INITIALIZER;
        ck_ht_entry_t *slot;
        size_t gone = 0;
        while (ck_ht_next(&table_, &at, &slot)) {
            auto *entry = static_cast<names::Entry *>(ck_ht_entry_value(slot));
            if (entry->binding.module != module)
                continue;
            remove(entry->name);
            gone++;
        }
        // Not before: what it moves, the iterator would pass by.
        if (GC)
            ck_ht_gc(&table_, 0, 0);
        return gone;
    }

private:
    void remove(const char *name)
    {
        ck_ht_hash_t hash;
        ck_ht_entry_t slot;
        ck_ht_hash(&hash, &table_, name, names::LENGTH);
        ck_ht_entry_key_set(&slot, name, names::LENGTH);
        if (!ck_ht_remove_spmc(&table_, hash, &slot))
            bench::die("a name is lost");
        give_back(ck_ht_entry_value(&slot), sizeof(names::Entry), true);
    }

    ck_malloc allocator_ = {};
    ck_ht_t table_;
    size_t removed_ = 0;
};

void threads(const names::Arguments &arguments, bench::Report &report)
{
    keep_everything = std::strcmp(arguments.lock, "none") == 0;
    names::threads<Ck>(arguments, report);
}

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"lookup", lookup<Ck>}, {"change", change<Ck>}, {"churn", churn<Ck>},
                            {"unload", unload<Ck>}, {"threads", ::threads}});
}
