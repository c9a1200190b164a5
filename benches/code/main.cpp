// main.cpp - WORKLOAD [COUNT [OPERATIONS [U|L]]]: runs one workload over the backend this was linked with.
#include "workload.hpp"

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        void (*run)(const Arguments &);
    } workloads[] = {
        {"fill", fill},       {"churn", churn},     {"threads", threads}, {"publisher", publisher},
        {"replace", replace}, {"modules", modules}, {"lookup", lookup},   {"fork", forks},
    };
    Arguments arguments;
    if (argc > 2)
        arguments.count = std::strtoul(argv[2], nullptr, 10);
    if (argc > 3)
        arguments.operations = std::strtoul(argv[3], nullptr, 10);
    if (argc > 4)
        arguments.sizes = argv[4][0];
    for (const auto &workload : workloads) {
        if (argc > 1 && std::strcmp(argv[1], workload.name) == 0) {
            workload.run(arguments);
            return EXIT_SUCCESS;
        }
    }
    bench::die("%s WORKLOAD [COUNT [OPERATIONS [U|L]]]", argv[0]);
}
