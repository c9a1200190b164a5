// entry.hpp - what C tables keep for a name: an allocation with a copy of it.
#pragma once

#include "names.hpp"

namespace names {

struct Entry {
    Binding binding;
    char name[24];
};

template <typename Kind> Kind *make_entry(const char *name, const Binding &binding)
{
    auto *entry = static_cast<Kind *>(std::malloc(sizeof(Kind)));
    if (entry == nullptr)
        bench::die("no memory");
    entry->binding = binding;
    std::memcpy(entry->name, name, LENGTH + 1);
    return entry;
}

}  // namespace names
