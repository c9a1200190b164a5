// ours.cpp - mappings that modules of a manager hold, by call into the shared library.
#include "../common/ours.hpp"
#include "mapping.hpp"

namespace {

class Ours {
public:
    static const bool SHARES = true;

    Ours() { must(lifecycle_create(nullptr, &manager_)); }
    lifecycle_module user()
    {
        lifecycle_module module;
        must(lifecycle_on_module_load(manager_, ("user" + std::to_string(users_++)).c_str(), &module));
        return module;
    }
    const char *open(lifecycle_module user, const char *path, size_t &size)
    {
        lifecycle_mapping mapping;
        must(lifecycle_on_smf_accessed(manager_, user, path, &mapping));
        size = mapping.size;
        return static_cast<const char *>(mapping.data);
    }
    void close(lifecycle_module user, const char *path, const char *, size_t)
    {
        must(lifecycle_smf_release(manager_, user, path));
    }
    uint64_t hold(lifecycle_module user, const char *path, size_t which)
    {
        lifecycle_mapping mapping;
        must(lifecycle_on_smf_accessed(manager_, user, path, &mapping));
        bench::must_be(mapping.data, which);
        return mapping.id;
    }
    void come(lifecycle_module user, const char *path)
    {
        lifecycle_mapping mapping;
        must(lifecycle_on_smf_accessed(manager_, user, path, &mapping));
    }
    void share(lifecycle_module user, uint64_t id)
    {
        lifecycle_mapping mapping;
        must(lifecycle_smf_share(manager_, user, id, &mapping));
    }
    void go(lifecycle_module user, const char *path) { must(lifecycle_smf_release(manager_, user, path)); }
    void leave() { must(lifecycle_destroy(manager_)); }

private:
    lifecycle_manager *manager_ = nullptr;
    int users_ = 0;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace mapping;
    return bench::run(argc, argv, {{"hit", hit<Ours>}, {"cycle", cycle<Ours>}, {"threads", threads<Ours>},
                                   {"threads_by_id", threads<Ours, true>}});
}
