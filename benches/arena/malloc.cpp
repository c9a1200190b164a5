// malloc.cpp - the C library's malloc, and a free for each object; what was allocated is remembered for that.
#include "arena.hpp"

namespace {

class Malloc : public arena::Scheme<Malloc> {
public:
    Malloc() { objects_.reserve(arena::OBJECTS); }
    Malloc(const Malloc &) = delete;
    ~Malloc() { reset(); }
    void *alloc(size_t size)
    {
        objects_.push_back(std::malloc(size));
        return objects_.back();
    }
    void *grow(void *at, size_t, size_t more)
    {
        objects_.back() = std::realloc(at, more);
        return objects_.back();
    }
    void reset()
    {
        for (void *object : objects_)
            std::free(object);
        objects_.clear();
    }

private:
    std::vector<void *> objects_;
};

}  // namespace

int main(int argc, char **argv)
{
    return arena::run<Malloc>(argc, argv);
}
