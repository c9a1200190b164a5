// memory.hpp - what the kernel says a process holds, so that no backend is asked about itself.
//
// "Code" is every mapping that is executable and no file, and both views of a memory file. The proportional set size is
// used, for it counts a page once that is mapped at two addresses.
#pragma once

#include <cstdio>
#include <cstring>

#include "bench.hpp"

namespace bench {

struct Memory {
    double all = 0;         // bytes resident in the whole process
    double code = 0;        // bytes resident in code mappings
    double executable = 0;  // bytes of address space mapped executable
    double mappings = 0;
};

inline bool is_code(const char *permissions, const char *path)
{
    if (*path == '\0')
        return permissions[2] == 'x';
    for (const char *prefix : {"/memfd:", "/dev/shm/", "/tmp/"})
        if (std::strncmp(path, prefix, std::strlen(prefix)) == 0)
            return true;
    return false;
}

inline Memory memory()
{
    Memory found;
    std::FILE *file = std::fopen("/proc/self/smaps", "r");
    if (file == nullptr)
        return found;
    char line[512];
    bool code = false;
    while (std::fgets(line, sizeof line, file) != nullptr) {
        unsigned long start = 0, end = 0, pss = 0;
        char permissions[8] = "", path[256] = "";
        if (std::sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, permissions, path) >= 3) {
            code = is_code(permissions, path);
            found.mappings++;
            if (code && permissions[2] == 'x')
                found.executable += double(end - start);
        } else if (std::sscanf(line, "Pss: %lu kB", &pss) == 1) {
            found.all += double(pss) * 1024;
            found.code += code ? double(pss) * 1024 : 0;
        }
    }
    std::fclose(file);
    return found;
}

}  // namespace bench
