// raw.cpp - what a host does that has no library: a mapping and a change of its permissions for each symbol, the system
// calls for each file, an allocation in a hash table for each name, an allocation for each resource. It checks nothing
// and knows no modules.
#include <sys/mman.h>
#include <uthash.h>

#include "module.hpp"

namespace {

struct Entry {
    int64_t value, aux;
    char name[48];
    UT_hash_handle hh;
};

class Raw {
public:
    explicit Raw(const bench::Files &files) : files_(files) {}
    void symbols_come()
    {
        for (void *&code : code_) {
            code = mmap(nullptr, module::CODE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (code == MAP_FAILED)
                bench::die("no memory for code");
            std::memset(code, 0xc3, module::CODE);
            if (mprotect(code, module::CODE, PROT_READ | PROT_EXEC) != 0)
                bench::die("code cannot run");
        }
    }
    void symbols_go()
    {
        for (void *code : code_)
            munmap(code, module::CODE);
    }
    void mappings_come()
    {
        for (size_t i = 0; i < module::MAPPINGS; i++) {
            struct stat about;
            int file = open(files_.path(i), O_RDONLY | O_CLOEXEC);
            if (file < 0 || fstat(file, &about) != 0)
                bench::die("no file");
            sizes_[i] = size_t(about.st_size);
            data_[i] = mmap(nullptr, sizes_[i], PROT_READ, MAP_PRIVATE, file, 0);
            close(file);
            bench::must_be(data_[i], i);
        }
    }
    void mappings_go()
    {
        for (size_t i = 0; i < module::MAPPINGS; i++)
            munmap(data_[i], sizes_[i]);
    }
    void names_come(const module::Shape &shape)
    {
        for (size_t i = 0; i < module::NAMES; i++) {
            auto *entry = static_cast<Entry *>(std::malloc(sizeof(Entry)));
            std::memcpy(entry->name, shape.names[i].c_str(), shape.names[i].size() + 1);
            entry->value = int64_t(i);
            entry->aux = 0;
            HASH_ADD_STR(all_, name, entry);
            bound_[i] = entry;
        }
    }
    void names_go()
    {
        for (Entry *entry : bound_) {
            HASH_DEL(all_, entry);
            std::free(entry);
        }
    }
    void resources_come()
    {
        for (void *&resource : resources_) {
            resource = std::malloc(24);
            bench::keep(resource);
        }
    }
    void resources_go()
    {
        for (void *resource : resources_)
            std::free(resource);
    }

private:
    const bench::Files &files_;
    void *code_[module::SYMBOLS], *data_[module::MAPPINGS], *resources_[module::RESOURCES];
    size_t sizes_[module::MAPPINGS];
    Entry *bound_[module::NAMES], *all_ = nullptr;
};

// COUNT is of no account: nothing here looks at other modules.
void cycle(size_t, bench::Report &report)
{
    bench::Files files(module::MAPPINGS, 4096);
    module::Shape shape(0);
    Raw raw(files);
    auto symbols = [&] {
        raw.symbols_come();
        raw.symbols_go();
    };
    auto mappings = [&] {
        raw.mappings_come();
        raw.mappings_go();
    };
    auto names = [&] {
        raw.names_come(shape);
        raw.names_go();
    };
    auto resources = [&] {
        raw.resources_come();
        raw.resources_go();
    };
    report.put("symbols_ns", module::each(symbols));
    report.put("mappings_ns", module::each(mappings));
    report.put("names_ns", module::each(names));
    report.put("resources_ns", module::each(resources));
    report.put("cycle_ns", module::each([&] {
        raw.symbols_come();
        raw.mappings_come();
        raw.names_come(shape);
        raw.resources_come();
        raw.resources_go();
        raw.names_go();
        raw.mappings_go();
        raw.symbols_go();
    }));
}

}  // namespace

int main(int argc, char **argv)
{
    return bench::run(argc, argv, {{"cycle", cycle}});
}
