// apr.cpp - a pool of the Apache Portable Runtime; it aligns to 8.
#include <apr-1.0/apr_general.h>
#include <apr-1.0/apr_pools.h>

#include "arena.hpp"

namespace {

class Apr : public arena::Scheme<Apr> {
public:
    Apr()
    {
        if (apr_pool_create(&pool_, nullptr) != APR_SUCCESS)
            bench::die("no pool");
    }
    Apr(const Apr &) = delete;
    ~Apr() { apr_pool_destroy(pool_); }
    void *alloc(size_t size) { return apr_palloc(pool_, size); }
    void reset() { apr_pool_clear(pool_); }

private:
    apr_pool_t *pool_ = nullptr;
};

}  // namespace

int main(int argc, char **argv)
{
    apr_initialize();
    return arena::run<Apr>(argc, argv);
}
