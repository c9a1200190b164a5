// ours.cpp - lifecycle_enter and lifecycle_leave; the grace period is that of a symbol, from unmapping it to
// its memory.
#include "../common/ours.hpp"
#include "readers.hpp"

namespace {

lifecycle_manager *manager;
lifecycle_module module;

struct Ours : readers::Scheme {
    void attach() { must(lifecycle_reader_attach(manager, &reader_)); }
    void detach() { must(lifecycle_reader_detach(reader_)); }
    void enter() { lifecycle_enter(reader_); }
    void leave() { lifecycle_leave(reader_); }
    void prepare()
    {
        const unsigned char code[] = {0xc3};
        must(lifecycle_map_symbol(manager, module, "retired", code, sizeof code, nullptr, &symbol_));
    }
    void grace()
    {
        must(lifecycle_unmap_symbol(manager, symbol_));
        must(lifecycle_synchronize(manager, UINT64_MAX));
    }

private:
    lifecycle_reader *reader_ = nullptr;
    lifecycle_symbol symbol_ = 0;
};

}  // namespace

int main()
{
    must(lifecycle_create(nullptr, &manager));
    must(lifecycle_on_module_load(manager, "module", &module));
    return readers::run<Ours>();
}
