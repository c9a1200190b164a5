// raw.cpp - the system calls alone: open, fstat, mmap, close, munmap; and for a file that somebody holds the stat that
// tells whether it is still the same.
#include <sys/mman.h>

#include "mapping.hpp"

namespace {

class Raw {
public:
    static const bool SHARES = false;

    int user() { return 0; }
    const char *open(int, const char *path, size_t &size)
    {
        struct stat about;
        int file = ::open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || fstat(file, &about) != 0)
            bench::die("no file %s", path);
        size = size_t(about.st_size);
        void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED)
            bench::die("no mapping");
        ::close(file);
        return static_cast<const char *>(data);
    }
    void close(int, const char *, const char *data, size_t size)
    {
        if (munmap(const_cast<char *>(data), size) != 0)
            bench::die("still mapped");
    }
    uint64_t hold(int, const char *, size_t which) { return which; }
    void come(int, const char *path)
    {
        struct stat about;
        if (stat(path, &about) != 0)
            bench::die("no file %s", path);
    }
    void go(int, const char *) {}
    void leave() {}
};

}  // namespace

int main(int argc, char **argv)
{
    using namespace mapping;
    return bench::run(argc, argv, {{"hit", hit<Raw>}, {"cycle", cycle<Raw>}, {"threads", threads<Raw>}});
}
