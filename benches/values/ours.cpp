// ours.cpp - an interpreter's values across the C interface of the shared library.
#include "../common/ours.hpp"
#include "values.hpp"

namespace {

class Ours {
public:
    using Handle = lifecycle_handle;
    using Kept = lifecycle_value *;
    static const bool WRAPS = true;

    Ours() { must(lifecycle_interp_create(nullptr, &interp_)); }
    Ours(const Ours &) = delete;
    ~Ours() { lifecycle_interp_destroy(interp_); }

    void begin(size_t) { lifecycle_eval_enter(interp_); }
    void end() { lifecycle_eval_leave(interp_, 0, nullptr); }

    int64_t make_get(int64_t number) { return number_of(lifecycle_int(interp_, number)); }
    const char *make_get_text(const char *text, size_t len)
    {
        return lifecycle_as_string(interp_, lifecycle_string(interp_, text, len), nullptr);
    }

    Handle list(size_t count, size_t len)
    {
        std::vector<Handle> elements(count);
        for (size_t i = 0; i < count; i++)
            elements[i] = len == 0 ? lifecycle_int(interp_, int64_t(i)) : lifecycle_string(interp_, text_.next(), len);
        return made(lifecycle_list(interp_, elements.data(), count));
    }
    Handle dict(size_t count)
    {
        Handle dict = made(lifecycle_dict(interp_));
        for (size_t i = 0; i < count; i++)
            must(lifecycle_dict_set_in_place(interp_, dict, key(i), lifecycle_int(interp_, int64_t(i))));
        return dict;
    }
    Handle nest(size_t levels)
    {
        Handle inner = lifecycle_list(interp_, nullptr, 0);
        for (size_t i = 0; i < levels; i++)
            inner = lifecycle_list(interp_, &inner, 1);
        return made(inner);
    }
    Handle twice(size_t levels)
    {
        Handle inner = lifecycle_list(interp_, nullptr, 0);
        for (size_t i = 0; i < levels; i++) {
            Handle both[] = {inner, inner};
            inner = lifecycle_list(interp_, both, 2);
        }
        return made(inner);
    }

    Kept keep(Handle value)
    {
        Kept kept = nullptr;
        must(lifecycle_materialize(interp_, value, &kept));
        return kept;
    }
    Handle wrap(Kept kept) { return lifecycle_wrap(interp_, kept); }
    void release(Kept kept) { lifecycle_value_release(kept); }

    int64_t walk(Handle list, size_t len)
    {
        int64_t sum = 0;
        size_t count = lifecycle_list_length(interp_, list);
        for (size_t i = 0; i < count; i++) {
            Handle element = lifecycle_list_at(interp_, list, i);
            size_t own = 0;
            if (len != 0)
                bench::keep(lifecycle_as_string(interp_, element, &own));
            sum += len == 0 ? number_of(element) : int64_t(own);
        }
        return sum;
    }
    size_t walk_down(Handle nest)
    {
        size_t levels = 0;
        for (; lifecycle_list_length(interp_, nest) != 0; levels++)
            nest = lifecycle_list_at(interp_, nest, 0);
        return levels;
    }
    int64_t dict_get(Handle dict, size_t at) { return number_of(lifecycle_dict_get(interp_, dict, key(at))); }

    void clear_variables()
    {
        begin(0);
        for (const char *name : {"x", "d"})
            lifecycle_var_unset(interp_, name, 1);
        must(lifecycle_var_set(interp_, "x", 1, lifecycle_list(interp_, nullptr, 0)));
        must(lifecycle_var_set(interp_, "d", 1, lifecycle_dict(interp_)));
        end();
    }
    // Each in an eval of its own: nothing but the variable lives on.
    void append(const char *name, int64_t number)
    {
        begin(0);
        append_inside(name, number);
        end();
    }
    void append_inside(const char *name, int64_t number)
    {
        Handle list = lifecycle_var_get(interp_, name, 1);
        must(lifecycle_list_push_in_place(interp_, list, lifecycle_int(interp_, number)));
        must(lifecycle_var_set(interp_, name, 1, list));
    }
    void set_key(const char *name, int64_t number)
    {
        begin(0);
        Handle dict = lifecycle_var_get(interp_, name, 1);
        must(lifecycle_dict_set_in_place(interp_, dict, key(size_t(number)), lifecycle_int(interp_, number)));
        must(lifecycle_var_set(interp_, name, 1, dict));
        end();
    }
    size_t length(const char *name)
    {
        begin(0);
        size_t count = lifecycle_list_length(interp_, lifecycle_var_get(interp_, name, 1));
        end();
        return count;
    }
    size_t size(const char *name)
    {
        begin(0);
        size_t count = lifecycle_dict_size(interp_, lifecycle_var_get(interp_, name, 1));
        end();
        return count;
    }
    void fill_variable(const char *name, size_t count)
    {
        begin(0);
        must(lifecycle_var_set(interp_, name, 1, list(count, 0)));
        end();
    }
    int64_t read(const char *name, size_t at)
    {
        begin(0);
        int64_t number = number_of(lifecycle_list_at(interp_, lifecycle_var_get(interp_, name, 1), at));
        end();
        return number;
    }

    void set(const std::string &name, int64_t number)
    {
        must(lifecycle_var_set(interp_, name.data(), name.size(), lifecycle_int(interp_, number)));
    }
    int64_t get(const std::string &name) { return number_of(lifecycle_var_get(interp_, name.data(), name.size())); }
    void call()
    {
        must(lifecycle_frame_push(interp_, 0, 0));
        must(lifecycle_frame_pop(interp_));
    }

    // set x [list a b c d e f g h i j]; lappend x [string repeat x 100]; proc tmp {} {return [expr {1 + 2}]}; tmp;
    // rename tmp {}
    void eval()
    {
        begin(0);
        Handle elements[10];
        for (size_t i = 0; i < 10; i++)
            elements[i] = lifecycle_string(interp_, &"abcdefghij"[i], 1);
        must(lifecycle_var_set(interp_, "x", 1, lifecycle_list(interp_, elements, 10)));

        Handle repeated = lifecycle_builder_new(interp_, 100);
        for (int i = 0; i < 100; i++)
            must(lifecycle_builder_byte(interp_, repeated, 'x'));
        Handle x = lifecycle_var_get(interp_, "x", 1);
        must(lifecycle_list_push_in_place(interp_, x, lifecycle_builder_finish(interp_, repeated)));
        must(lifecycle_var_set(interp_, "x", 1, x));

        static const char script[] = "return [expr {1 + 2}]";
        must(lifecycle_command_set(interp_, "::", 2, "tmp", 3, 1, nullptr, lifecycle_list(interp_, nullptr, 0),
                                   lifecycle_string(interp_, script, sizeof script - 1)));
        Handle parameters, body;
        if (lifecycle_command_get(interp_, "::", 2, "tmp", 3, nullptr, &parameters, &body) != 1)
            bench::die("no such command");
        must(lifecycle_frame_push(interp_, lifecycle_string(interp_, "tmp", 3), parameters));
        Handle result = lifecycle_int(interp_, int64_t(lifecycle_string_length(interp_, body)));
        must(lifecycle_frame_pop(interp_));
        must(lifecycle_command_delete(interp_, "::", 2, "tmp", 3));
        must(lifecycle_eval_leave(interp_, result, nullptr));
    }
    double bytes()
    {
        lifecycle_memory memory;
        must(lifecycle_memory_stats(interp_, &memory, sizeof memory));
        return double(memory.scratch_bytes + memory.value_bytes);
    }
    lifecycle_interp *interp() { return interp_; }

private:
    Handle made(Handle value)
    {
        if (value == 0)
            bench::die("%s", lifecycle_last_error());
        return value;
    }
    int64_t number_of(Handle value)
    {
        int64_t number = 0;
        lifecycle_as_int(interp_, value, &number);
        return number;
    }
    Handle key(size_t at)
    {
        char text[24];
        return lifecycle_string(interp_, text, size_t(std::snprintf(text, sizeof text, "key%zu", at)));
    }

    lifecycle_interp *interp_ = nullptr;
    values::Text text_;
};

// All appends in one eval, whose handles live on till its end.
void append_inside(size_t count, bench::Report &report)
{
    Ours host;
    std::vector<double> all;
    for (int round = 0; round < values::rounds_for(count); round++) {
        host.clear_variables();
        host.begin(0);
        all.push_back(bench::time([&] {
            for (size_t i = 0; i < count; i++)
                host.append_inside("x", int64_t(i));
        }));
        host.end();
        if (host.length("x") != count)
            bench::die("the variable has not what was put there");
    }
    report.put("append_ns", bench::middle(all) / double(count));
}

// Every byte of a text of a megabyte: by the header's function, by a call each, and through the pointer.
void bytes(size_t, bench::Report &report)
{
    Ours host;
    const size_t len = 1000000;
    std::string text(len, 'x');
    host.begin(0);
    lifecycle_interp *interp = host.interp();
    lifecycle_handle value = lifecycle_string(interp, text.data(), len);
    auto each = [&](auto byte) {
        return bench::median_of(
            21, [] {},
            [&] {
                for (size_t i = 0; i < len; i++)
                    bench::keep(byte(i));
            },
            [] {}) / double(len);
    };
    report.put("inline_ns", each([&](size_t i) { return lifecycle_string_byte_at(interp, value, i); }));
    report.put("call_ns", each([&](size_t i) { return lifecycle_string_byte_at_slow(interp, value, i); }));
    const char *pointer = lifecycle_as_string(interp, value, nullptr);
    report.put("pointer_ns", each([&](size_t i) { return pointer[i]; }));
    host.end();
}

}  // namespace

int main(int argc, char **argv)
{
    using namespace values;
    return bench::run(argc, argv, {{"handles", handles<Ours>}, {"texts", texts<Ours>}, {"drop", drop<Ours>},
                                   {"lists", lists<Ours>}, {"deep", deep<Ours>}, {"shared", shared<Ours>},
                                   {"append", append<Ours>}, {"append_inside", append_inside},
                                   {"read", read_one<Ours>}, {"variables", variables<Ours>}, {"bytes", bytes},
                                   {"stress", stress<Ours>}});
}
