// module.hpp - a module with 10 symbols, 2 mappings, 20 names and 3 resources: what it is made of, spelled beforehand.
#pragma once

#include <cstring>
#include <initializer_list>

#include "../common/files.hpp"
#include "../common/workloads.hpp"

namespace module {

const size_t SYMBOLS = 10;
const size_t MAPPINGS = 2;
const size_t NAMES = 20;
const size_t RESOURCES = 3;
const size_t CODE = 256;  // bytes of a symbol

// What is called the same in every module has the module's number in it.
struct Shape {
    Shape() = default;
    explicit Shape(size_t number) : path("mod" + std::to_string(number) + ".smf")
    {
        std::string prefix = "mod" + std::to_string(number) + ".";
        for (size_t i = 0; i < SYMBOLS; i++)
            symbols[i] = prefix + "code_" + std::to_string(i);
        for (size_t i = 0; i < NAMES; i++)
            names[i] = prefix + "function_" + std::to_string(i);
    }

    std::string path, symbols[SYMBOLS], names[NAMES];
};

// One operation of the typical stretch, some thousands of them.
template <typename Operation> double each(Operation operation)
{
    bench::Stretches stretches(10);
    operation();
    stretches.time(4000, operation);
    return stretches.each();
}

}  // namespace module
