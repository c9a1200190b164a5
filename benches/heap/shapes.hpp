// shapes.hpp - what lies in a heap when it is collected: lists, trees and records, as a program leaves them behind or
// in any order, with dead objects of the same kind between the live ones.
//
// A host is a class: number(n), pair() = two slots, structure(arity), variable() = one cell that nothing is bound to;
// put(object, slot, value), get(object, slot), is_object(value); roots() = where a program keeps what lives, ROOTS of
// them, read at each collection; collect(). Objects lie in memory in the order in which they are made, as far as the
// host does that. Cells are counted as ours: two for a pair, one more than it has arguments for a structure, one for a
// variable.
#pragma once

#include "../common/bench.hpp"

namespace heap {

const size_t ROOTS = 1026;

// So many cells in all, of which so many in a hundred live.
struct Size {
    size_t cells;
    size_t live_percent;
    size_t live(size_t of_one) const { return std::max<size_t>(2, cells * live_percent / 100 / of_one); }
};

// Dead objects between the live ones, without a pattern that a processor could foresee.
class Litter {
public:
    explicit Litter(Size size) : live_(double(size.live_percent) / 100) {}
    template <typename Make> void drop(Make make)
    {
        while (live_ < 1 && random_.unit() > live_)
            make();
    }

private:
    double live_;
    bench::Random random_;
};

// The order in which a shuffled shape links its objects.
inline std::vector<uint32_t> shuffled(size_t count)
{
    bench::Random random;
    std::vector<uint32_t> order(count);
    for (size_t i = 0; i < count; i++)
        order[i] = uint32_t(i);
    for (size_t i = count; i-- > 1;)
        std::swap(order[i], order[random.below(i + 1)]);
    return order;
}

template <typename Host> typename Host::Value new_pair(Host &host, size_t number)
{
    auto pair = host.pair();
    host.put(pair, 0, Host::number(int64_t(number)));
    host.put(pair, 1, Host::number(0));
    return pair;
}

template <typename Host> typename Host::Value new_node(Host &host)
{
    auto node = host.structure(2);
    host.put(node, 0, Host::number(1));
    host.put(node, 1, Host::number(2));
    return node;
}

template <typename Host> class List {
public:
    static size_t make(Host &host, Size size)
    {
        size_t count = size.live(2);
        Litter litter(size);
        auto last = host.roots()[0] = new_pair(host, 0);
        for (size_t i = 1; i < count; i++) {
            litter.drop([&] { new_pair(host, i); });
            auto next = new_pair(host, i);
            host.put(last, 1, next);
            last = next;
        }
        return 2 * count;
    }
    static size_t count(Host &host, typename Host::Value list)
    {
        size_t cells = 0;
        for (; Host::is_object(list); list = host.get(list, 1))
            cells += 2;
        return cells;
    }
};

template <typename Host> class ShuffledList : public List<Host> {
public:
    static size_t make(Host &host, Size size)
    {
        size_t count = size.live(2);
        Litter litter(size);
        std::vector<typename Host::Value> pairs;
        for (size_t i = 0; i < count; i++) {
            pairs.push_back(new_pair(host, i));
            litter.drop([&] { new_pair(host, i); });
        }
        std::vector<uint32_t> order = shuffled(count);
        for (size_t i = 1; i < count; i++)
            host.put(pairs[order[i - 1]], 1, pairs[order[i]]);
        host.roots()[0] = pairs[order[0]];
        return 2 * count;
    }
};

// Each node before all that is below it, its first argument before its second.
template <typename Host> class Tree {
public:
    using Value = typename Host::Value;
    static size_t make(Host &host, Size size)
    {
        Litter litter(size);
        host.roots()[0] = grow(host, litter, size.live(3));
        return 3 * size.live(3);
    }
    static size_t count(Host &host, Value tree)
    {
        return Host::is_object(tree) ? 3 + count(host, host.get(tree, 0)) + count(host, host.get(tree, 1)) : 0;
    }

private:
    static Value grow(Host &host, Litter &litter, size_t nodes)
    {
        if (nodes == 0)
            return Host::number(0);
        Value node = new_node(host);
        litter.drop([&] { new_node(host); });
        size_t first = (nodes - 1) / 2;
        host.put(node, 0, grow(host, litter, first));
        host.put(node, 1, grow(host, litter, nodes - 1 - first));
        return node;
    }
};

template <typename Host> class ShuffledTree : public Tree<Host> {
public:
    static size_t make(Host &host, Size size)
    {
        size_t count = size.live(3);
        Litter litter(size);
        std::vector<typename Host::Value> nodes;
        for (size_t i = 0; i < count; i++) {
            nodes.push_back(new_node(host));
            litter.drop([&] { new_node(host); });
        }
        std::vector<uint32_t> order = shuffled(count);
        for (size_t i = 0; i < count; i++)
            for (size_t child : {2 * i + 1, 2 * i + 2})
                if (child < count)
                    host.put(nodes[order[i]], unsigned(child - 2 * i - 1), nodes[order[child]]);
        host.roots()[0] = nodes[order[0]];
        return 3 * count;
    }
};

// What a logic program's facts look like: a list of rec(Number, 7, [1, 2, 3], pt(1, Variable), Variable).
template <typename Host> class Records {
public:
    using Value = typename Host::Value;
    static const size_t CELLS = 18;
    static size_t make(Host &host, Size size)
    {
        size_t count = size.live(CELLS);
        Litter litter(size);
        Value last = host.roots()[0] = record(host, 0);
        for (size_t i = 1; i < count; i++) {
            litter.drop([&] { record(host, i); });
            Value next = record(host, i);
            host.put(last, 1, next);
            last = next;
        }
        return CELLS * count;
    }
    static size_t count(Host &host, Value list)
    {
        size_t cells = 0;
        for (int64_t number = 0; Host::is_object(list); list = host.get(list, 1), number++) {
            Value record = host.get(list, 0);
            if (host.get(record, 0) != Host::number(number) || host.get(host.get(record, 3), 0) != Host::number(1))
                bench::die("a record is not what it was");
            cells += 8 + List<Host>::count(host, host.get(record, 2)) + 4;
        }
        return cells;
    }

private:
    static Value record(Host &host, size_t number)
    {
        Value pair = host.pair(), record = host.structure(5);
        host.put(pair, 0, record);
        host.put(pair, 1, Host::number(0));
        Value last = record;
        for (unsigned i = 0; i < 3; i++) {
            Value element = new_pair(host, i + 1);
            host.put(last, i == 0 ? 2 : 1, element);
            last = element;
        }
        Value point = host.structure(2), variable = host.variable();
        host.put(point, 0, Host::number(1));
        host.put(point, 1, variable);
        host.put(record, 0, Host::number(int64_t(number)));
        host.put(record, 1, Host::number(7));
        host.put(record, 3, point);
        host.put(record, 4, variable);
        return pair;
    }
};

}  // namespace heap
