// copying.cpp - a variable as hosts keep it that copy to be safe: all of it comes out, is changed, and goes back whole.
#include <map>
#include <unordered_map>

#include "values.hpp"

namespace {

class Copying {
public:
    void clear_variables()
    {
        lists_.clear();
        dicts_.clear();
    }
    void append(const char *name, int64_t number)
    {
        std::vector<std::string> scratch = lists_[name];
        scratch.push_back(std::to_string(number));
        lists_[name] = std::vector<std::string>(scratch);
    }
    void set_key(const char *name, int64_t number)
    {
        Dict scratch = dicts_[name];
        scratch["key" + std::to_string(number)] = std::to_string(number);
        dicts_[name] = Dict(scratch);
    }
    size_t length(const char *name) { return lists_[name].size(); }
    size_t size(const char *name) { return dicts_[name].size(); }

private:
    using Dict = std::unordered_map<std::string, std::string>;
    std::map<std::string, std::vector<std::string>> lists_;
    std::map<std::string, Dict> dicts_;
};

}  // namespace

int main(int argc, char **argv)
{
    return bench::run(argc, argv, {{"append", values::append<Copying>}});
}
