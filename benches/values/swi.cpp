// swi.cpp - SWI-Prolog through its C interface: term references in a foreign frame, and recorded terms.
#include <SWI-Prolog.h>

#include "values.hpp"

namespace {

class Swi {
public:
    using Handle = term_t;
    using Kept = record_t;
    static const bool WRAPS = true;

    Swi() : one_(functor("s", 1)), two_(functor("t", 2)) {}
    Swi(const Swi &) = delete;

    void begin(size_t) { frame_ = PL_open_foreign_frame(); }
    void end() { PL_discard_foreign_frame(frame_); }

    int64_t make_get(int64_t number)
    {
        int64_t got = 0;
        term_t term = PL_new_term_ref();
        must(PL_put_int64(term, number) && PL_get_int64(term, &got));
        return got;
    }
    const char *make_get_text(const char *text, size_t len)
    {
        char *got = nullptr;
        size_t own;
        term_t term = PL_new_term_ref();
        must(PL_put_string_nchars(term, len, text) && PL_get_string(term, &got, &own));
        return got;
    }

    Handle list(size_t count, size_t len)
    {
        term_t list = PL_new_term_ref(), element = PL_new_term_ref();
        must(PL_put_nil(list));
        for (size_t i = count; i-- > 0;)
            must((len == 0 ? PL_put_int64(element, int64_t(i)) : PL_put_string_nchars(element, len, text_.next())) &&
                 PL_cons_list(list, element, list));
        return list;
    }
    Handle dict(size_t count)
    {
        std::vector<atom_t> keys(count);
        term_t dict = PL_new_term_ref(), first = PL_new_term_refs(int(count));
        for (size_t i = 0; i < count; i++) {
            keys[i] = key(i);
            must(PL_put_int64(first + i, int64_t(i)));
        }
        must(PL_put_dict(dict, 0, count, keys.data(), first));
        for (atom_t key : keys)
            PL_unregister_atom(key);
        return dict;
    }
    Handle nest(size_t levels)
    {
        term_t term = PL_new_term_ref();
        must(PL_put_nil(term));
        for (size_t i = 0; i < levels; i++)
            must(PL_cons_functor(term, one_, term));
        return term;
    }
    Handle twice(size_t levels)
    {
        term_t term = PL_new_term_ref();
        must(PL_put_nil(term));
        for (size_t i = 0; i < levels; i++)
            must(PL_cons_functor(term, two_, term, term));
        return term;
    }

    Kept keep(Handle term) { return PL_record(term); }
    Handle wrap(Kept kept)
    {
        term_t term = PL_new_term_ref();
        must(PL_recorded(kept, term));
        return term;
    }
    void release(Kept kept) { PL_erase(kept); }

    int64_t walk(Handle list, size_t len)
    {
        int64_t sum = 0;
        term_t rest = PL_copy_term_ref(list), element = PL_new_term_ref();
        while (PL_get_list(rest, element, rest)) {
            int64_t number = 0;
            char *text;
            size_t own = 0;
            must(len == 0 ? PL_get_int64(element, &number) : PL_get_string(element, &text, &own));
            sum += len == 0 ? number : int64_t(own);
        }
        return sum;
    }
    size_t walk_down(Handle nest)
    {
        size_t levels = 0;
        term_t term = PL_copy_term_ref(nest);
        while (PL_get_arg(1, term, term))
            levels++;
        return levels;
    }
    int64_t dict_get(Handle dict, size_t at)
    {
        int64_t number = 0;
        atom_t name = key(at);
        term_t value = PL_new_term_ref();
        must(PL_get_dict_key(name, dict, value) && PL_get_int64(value, &number));
        PL_unregister_atom(name);
        return number;
    }

private:
    static void must(int worked)
    {
        if (!worked)
            bench::die("SWI-Prolog refuses");
    }
    static functor_t functor(const char *name, size_t arity)
    {
        return PL_new_functor(PL_new_atom(name), arity);
    }
    static atom_t key(size_t at)
    {
        char text[24];
        std::snprintf(text, sizeof text, "key%zu", at);
        return PL_new_atom(text);
    }

    functor_t one_, two_;
    fid_t frame_ = 0;
    values::Text text_;
};

// What it has for calls: a frame that is opened and discarded. Its variables are reached by calling Prolog.
void frames(size_t, bench::Report &report)
{
    const int frames = 100;
    report.put("frame_ns", bench::median_of(
        values::ROUNDS, [] {},
        [] {
            for (int i = 0; i < frames; i++)
                PL_discard_foreign_frame(PL_open_foreign_frame());
        },
        [] {}) / frames);
}

}  // namespace

int main(int argc, char **argv)
{
    using namespace values;
    setenv("SWI_HOME_DIR", "/usr/lib/swi-prolog", 0);
    const char *prolog[] = {"swipl", "--quiet", "--no-signals", "--no-packs", nullptr};
    if (!PL_initialise(4, const_cast<char **>(prolog)))
        bench::die("SWI-Prolog does not start");
    return bench::run(argc, argv, {{"handles", handles<Swi>}, {"texts", texts<Swi>}, {"drop", drop<Swi>},
                                   {"lists", lists<Swi>}, {"deep", deep<Swi>}, {"shared", shared<Swi>},
                                   {"variables", frames}});
}
