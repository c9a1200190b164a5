// ours.cpp - a heap of tagged cells, its roots the registers of a WAM: globals, environments of running functions, and
// where it is asked for, choicepoints and a trail.
#include "../common/ours.hpp"
#include "heap.hpp"

namespace {

class Ours {
public:
    using Value = lifecycle_cell;
    static constexpr double BYTES_OF_CELL = 10;

    // An environment with two slots.
    class Frame {
    public:
        explicit Frame(Ours &host) : wam_(host.wam_)
        {
            lifecycle_frame_init(&head_, wam_.e, nullptr, 2);
            wam_.e = &head_;
        }
        Frame(const Frame &) = delete;
        ~Frame() { wam_.e = head_.prev; }
        Value &operator[](size_t at) { return slots_[at]; }

    private:
        lifecycle_frame head_;
        Value slots_[2] = {0, 0};
        lifecycle_wam &wam_;
    };

    Ours() : roots_(heap::ROOTS)
    {
        must(lifecycle_heap_create(nullptr, &heap_));
        wam_.globals = roots_.data();
        wam_.globals_count = roots_.size();
        must(lifecycle_heap_set_wam(heap_, &wam_));
    }
    Ours(const Ours &) = delete;
    ~Ours() { must(lifecycle_heap_destroy(heap_)); }

    static Value number(int64_t number) { return lifecycle_make_int(number); }
    static bool is_object(Value value)
    {
        return lifecycle_cell_tag(value) == LIFECYCLE_TAG_LIS || lifecycle_cell_tag(value) == LIFECYCLE_TAG_STR;
    }
    Value pair() { return lifecycle_make_lis(cells(2)); }
    Value structure(unsigned arity)
    {
        uint64_t at = cells(arity + 1);
        heap_->cells[at] = lifecycle_make_fun(ATOM, arity);
        return lifecycle_make_str(at);
    }
    Value variable()
    {
        uint64_t at = cells(1);
        return heap_->cells[at] = lifecycle_make_ref(at);
    }
    Value raw(size_t bytes)
    {
        uint64_t at = cells(uint32_t(1 + bytes / sizeof(Value)));
        heap_->cells[at] = lifecycle_make_blob(bytes);
        std::memset(heap_->cells + at + 1, 0, bytes);
        return lifecycle_make_str(at);
    }
    void put(Value object, unsigned slot, Value value) { heap_->cells[place(object, slot)] = value; }
    Value get(Value object, unsigned slot) { return heap_->cells[place(object, slot)]; }

    Value *roots() { return roots_.data(); }
    void safepoint() { must(lifecycle_heap_safepoint(heap_)); }
    void quiet() {}
    void collect() { must(lifecycle_heap_collect(heap_)); }

    // The phases of a collection, and whether all that it should keep is what it kept.
    void collected(size_t cells)
    {
        lifecycle_heap_stats stats = look();
        if (stats.live != cells || stats.faults != 0)
            bench::die("%.0f cells live, not %.0f", double(stats.live), double(cells));
        roots_ns_.push_back(double(stats.last_roots));
        trail_ns_.push_back(double(stats.last_trail));
        mark_ns_.push_back(double(stats.last_mark));
        count_ns_.push_back(double(stats.last_count));
    }
    void tell(bench::Report &report)
    {
        lifecycle_heap_stats stats = look();
        report.put("roots_ns", bench::middle(roots_ns_));
        report.put("trail_ns", bench::middle(trail_ns_));
        report.put("mark_ns", bench::middle(mark_ns_));
        report.put("count_ns", bench::middle(count_ns_));
        report.put("holes", double(stats.runs));
        report.put("mark_stack", double(stats.mark_stack));
        report.put("side_bytes", double(stats.side_bytes));
    }
    // What the collections of a program took, of each of its objects.
    void tell_all(bench::Report &report, size_t objects)
    {
        lifecycle_heap_stats stats = look();
        report.put("collections", double(stats.collections));
        report.put("collecting_ns", double(stats.time_total) / double(objects));
        report.put("sweeping_ns", double(stats.time_sweep) / double(objects));
        report.put("longest_ns", double(stats.longest_pause));
    }

    // Choicepoints and a trail: each choicepoint has three arguments and an environment of its own, and ten older
    // variables were bound since it was made.
    void choices(size_t count, bench::Report &report)
    {
        const size_t bindings = 10;
        std::vector<Choice> choices(count);
        std::vector<Environment> environments(count);
        std::vector<Value> variables;
        for (size_t i = 0; i < count * bindings; i++)
            variables.push_back(variable());
        // All of them live: a list of them does.
        for (Value one : variables) {
            Value made = pair();
            put(made, 0, one);
            put(made, 1, roots_[0]);
            roots_[0] = made;
        }
        for (size_t i = 0; i < count; i++) {
            lifecycle_frame_init(&environments[i].head, wam_.e, nullptr, 2);
            wam_.e = &environments[i].head;
            environments[i].slots[0] = environments[i].slots[1] = variables[i * bindings];
            must(lifecycle_wam_choice_push(heap_, &choices[i].head, 3, nullptr));
            for (Value &argument : choices[i].arguments)
                argument = variables[i * bindings + 1];
            for (size_t binding = 0; binding < bindings; binding++)
                must(lifecycle_wam_bind(heap_, lifecycle_cell_index(variables[i * bindings + binding]), number(1)));
        }
        if (wam_.tr_count != count * bindings)
            bench::die("%.0f entries on the trail", double(wam_.tr_count));
        heap::collections(*this, 3 * count * bindings, report);
        if (wam_.tr_count != count * bindings)
            bench::die("%.0f entries on the trail after a collection", double(wam_.tr_count));
        must(lifecycle_wam_cut(heap_, nullptr));
        report.put("cut_ns", bench::time([&] { collect(); }));
        if (wam_.tr_count != 0)
            bench::die("the trail keeps what nobody goes back to");
        wam_.e = nullptr;
    }

private:
    static const uint64_t ATOM = 1;
    struct Choice {
        lifecycle_choice head;
        Value arguments[3];
    };
    struct Environment {
        lifecycle_frame head;
        Value slots[2];
    };

    uint64_t cells(uint32_t count)
    {
        uint64_t at = lifecycle_heap_alloc(heap_, count);
        if (at == LIFECYCLE_NO_CELL)
            bench::die("%s", lifecycle_last_error());
        return at;
    }
    // A structure's arguments are behind its header.
    static uint64_t place(Value object, unsigned slot)
    {
        return lifecycle_cell_index(object) + slot + (lifecycle_cell_tag(object) == LIFECYCLE_TAG_STR);
    }
    lifecycle_heap_stats look()
    {
        lifecycle_heap_stats stats;
        must(lifecycle_heap_stats_get(heap_, &stats, sizeof stats));
        return stats;
    }

    lifecycle_heap *heap_ = nullptr;
    lifecycle_wam wam_ = LIFECYCLE_WAM_INIT;
    std::vector<Value> roots_;
    std::vector<double> roots_ns_, trail_ns_, mark_ns_, count_ns_;
};

void wam(heap::Size size, bench::Report &report)
{
    Ours host;
    host.choices(size.cells, report);
}

}  // namespace

int main(int argc, char **argv)
{
    return heap::run<Ours>(argc, argv, {{"wam", wam}});
}
