// hsearch.cpp - the C library's own table. It has one size for ever and removes nothing: it is filled and asked.
#include <search.h>

#include "entry.hpp"

namespace {

class Hsearch {
public:
    using Found = names::Binding;

    explicit Hsearch(size_t count)
    {
        // Its manual: a quarter more than there will be.
        if (hcreate_r(count + count / 4, &table_) == 0)
            bench::die("no table");
    }
    Hsearch(const Hsearch &) = delete;
    ~Hsearch() { hdestroy_r(&table_); }
    void modules(size_t) {}
    void bind(const char *name, const names::Binding &binding)
    {
        auto *entry = names::make_entry<names::Entry>(name, binding);
        ENTRY *kept;
        if (hsearch_r({entry->name, entry}, ENTER, &kept, &table_) == 0)
            bench::die("a name was not taken");
    }
    bool find(const char *name, size_t, Found &found) const
    {
        ENTRY *kept;
        if (hsearch_r({const_cast<char *>(name), nullptr}, FIND, &kept, &table_) == 0)
            return false;
        found = static_cast<names::Entry *>(kept->data)->binding;
        return true;
    }

private:
    mutable hsearch_data table_ = {};
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"lookup", lookup<Hsearch>}});
}
