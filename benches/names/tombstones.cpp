// tombstones.cpp - a table as it is first written: probes one place after the other, marks what was removed, takes such
// a place again, and never builds itself anew. It is here for what becomes of it.
#include <functional>
#include <string_view>

#include "entry.hpp"

namespace {

class Plain {
public:
    using Found = names::Binding;

    explicit Plain(size_t count)
    {
        size_t size = 8;
        while (size < 2 * count)
            size *= 2;
        slots_.resize(size);
    }
    Plain(const Plain &) = delete;
    ~Plain()
    {
        for (names::Entry *entry : slots_)
            if (entry != GONE)
                std::free(entry);
    }
    void modules(size_t) {}
    void bind(const char *name, const names::Binding &binding)
    {
        size_t free = slots_.size();
        probe(name, &free);
        if (free == slots_.size())
            bench::die("the table is full");
        slots_[free] = names::make_entry<names::Entry>(name, binding);
    }
    bool find(const char *name, size_t, Found &found) const
    {
        size_t at = probe(name, nullptr);
        if (at == slots_.size())
            return false;
        found = slots_[at]->binding;
        return true;
    }
    void unbind(const char *name)
    {
        size_t at = probe(name, nullptr);
        if (at == slots_.size())
            bench::die("a name is lost");
        std::free(slots_[at]);
        slots_[at] = GONE;
    }

private:
    // Where the name is, or the size; and the first place on the way that is free.
    size_t probe(const char *name, size_t *free) const
    {
        size_t mask = slots_.size() - 1, at = std::hash<std::string_view>()({name, names::LENGTH});
        for (size_t i = 0; i <= mask; i++) {
            names::Entry *entry = slots_[(at + i) & mask];
            if ((entry == nullptr || entry == GONE) && free != nullptr && *free > mask)
                *free = (at + i) & mask;
            if (entry == nullptr)
                break;
            if (entry != GONE && std::memcmp(entry->name, name, names::LENGTH) == 0)
                return (at + i) & mask;
        }
        return slots_.size();
    }

    static inline names::Entry gone_;
    static constexpr names::Entry *GONE = &gone_;
    std::vector<names::Entry *> slots_;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace names;
    return run(argc, argv, {{"churn", churn<Plain>}});
}
