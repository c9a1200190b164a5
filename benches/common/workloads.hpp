// workloads.hpp - which of a driver's workloads is run, from its arguments: WORKLOAD [COUNT].
#pragma once

#include <cstring>
#include <initializer_list>

#include "bench.hpp"

namespace bench {

struct Workload {
    const char *name;
    void (*run)(size_t count, Report &report);
};

inline int run(int argc, char **argv, std::initializer_list<Workload> workloads)
{
    Report report;
    for (const Workload &workload : workloads) {
        if (argc > 1 && std::strcmp(argv[1], workload.name) == 0) {
            workload.run(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0, report);
            return EXIT_SUCCESS;
        }
    }
    die("%s WORKLOAD [COUNT]", argv[0]);
}

}  // namespace bench
