// ours.cpp - mappings that modules of a manager hold, by call into the shared library.
#include "../common/ours.hpp"
#include "mapping.hpp"

namespace {

class Ours {
public:
    Ours() { must(lifecycle_create(nullptr, &manager_)); }
    lifecycle_manager *manager() const { return manager_; }
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
    void hold(lifecycle_module user, const char *path, size_t which)
    {
        size_t size;
        bench::must_be(open(user, path, size), which);
    }
    void touch(lifecycle_module user, const char *path)
    {
        lifecycle_mapping mapping;
        must(lifecycle_on_smf_accessed(manager_, user, path, &mapping));
        must(lifecycle_smf_release(manager_, user, path));
    }
    void leave() { must(lifecycle_destroy(manager_)); }

private:
    lifecycle_manager *manager_ = nullptr;
    int users_ = 0;
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace mapping;
    return run(argc, argv, {{"hit", hit<Ours>}, {"cycle", cycle<Ours>}, {"threads", threads<Ours>}});
}
