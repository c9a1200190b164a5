// files.hpp - files to map: so many of a size, each beginning with its number, in a folder of the process's own, which
// goes with it. They are in memory where that is possible, so that no disk is measured, and an hour old, as what is
// loaded again and again nearly always is: a file of this moment may change without a trace, and has to be looked at.
// Where a run ends early, benches/run.py removes them: the folder's name begins with its number.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "bench.hpp"

namespace bench {

class Files {
public:
    Files(size_t count, size_t size)
    {
        for (const char *place : {"/dev/shm", "target/bench"}) {
            folder_ = std::string(place) + "/lifecycle-bench-" + std::to_string(getppid()) + "-" +
                      std::to_string(getpid());
            if (mkdir(folder_.c_str(), 0700) == 0)
                break;
            if (errno != EACCES && errno != ENOENT && errno != EROFS)
                die("no folder %s", folder_.c_str());
        }
        std::vector<uint32_t> bytes((size + 3) / 4, 0x01020304);
        for (size_t i = 0; i < count; i++) {
            paths_.push_back(folder_ + "/" + std::to_string(i) + ".smf");
            bytes[0] = uint32_t(i);
            int file = open(paths_[i].c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
            if (file < 0 || write(file, bytes.data(), size) != ssize_t(size) || futimens(file, old_) != 0)
                die("no file %s", paths_[i].c_str());
            close(file);
        }
    }
    Files(const Files &) = delete;
    ~Files()
    {
        for (const std::string &path : paths_)
            unlink(path.c_str());
        rmdir(folder_.c_str());
    }
    size_t count() const { return paths_.size(); }
    const char *path(size_t which) const { return paths_[which].c_str(); }

private:
    const timespec old_[2] = {{::time(nullptr) - 3600, 0}, {::time(nullptr) - 3600, 0}};
    std::string folder_;
    std::vector<std::string> paths_;
};

// What a mapping of such a file begins with.
inline void must_be(const void *data, size_t which)
{
    if (*static_cast<const uint32_t *>(data) != uint32_t(which))
        die("another file is mapped");
}

}  // namespace bench
