-- lua.lua - the workloads of heap.hpp for Lua: an object is a table with its parts at 1, 2, ... Cells are counted as a
-- heap of tagged cells has them, so that the same structures stand in a row. Lua's tables are in the order of malloc.
local workload, cells, percent = ...
cells, percent = tonumber(cells or 0), tonumber(percent or 100)

local window, root = 1024, nil

local function shuffled(count)
    local order = {}
    for i = 1, count do order[i] = i end
    for i = count, 2, -1 do
        local j = math.random(i)
        order[i], order[j] = order[j], order[i]
    end
    return order
end

local function live(of_one) return math.max(2, cells * percent // 100 // of_one) end

local function litter(make)
    while percent < 100 and math.random() > percent / 100 do make(0) end
end

local function new_pair(number) return {number, 0} end
local function new_node() return {1, 2} end

local function record(number)
    local variable = {false}
    return {{number, 7, {1, {2, {3, 0}}}, {1, variable}, variable}, 0}
end

local function list_of(make, of_one)
    local count = live(of_one)
    local last = make(1)
    root = last
    for i = 2, count do
        litter(make)
        local new = make(i)
        last[2] = new
        last = new
    end
    return of_one * count
end

local function grow(nodes)
    if nodes == 0 then return 0 end
    local node, first = new_node(), (nodes - 1) // 2
    litter(new_node)
    node[1] = grow(first)
    node[2] = grow(nodes - 1 - first)
    return node
end

local function count_list(list, of_one)
    local found = 0
    while list ~= 0 do
        found = found + of_one
        list = list[2]
    end
    return found
end

local function count_tree(tree)
    if type(tree) ~= "table" then return 0 end
    return 3 + count_tree(tree[1]) + count_tree(tree[2])
end

local shapes = {
    list = {function() return list_of(new_pair, 2) end, function() return count_list(root, 2) end},
    records = {function() return list_of(record, 18) end, function() return count_list(root, 18) end},
    tree = {
        function()
            root = grow(live(3))
            return 3 * live(3)
        end,
        function() return count_tree(root) end,
    },
    ["shuffled-list"] = {
        function()
            local pairs, count = {}, live(2)
            for i = 1, count do
                pairs[i] = new_pair(i)
                litter(new_pair)
            end
            local order = shuffled(count)
            for i = 2, count do pairs[order[i - 1]][2] = pairs[order[i]] end
            root = pairs[order[1]]
            return 2 * count
        end,
        function() return count_list(root, 2) end,
    },
    ["shuffled-tree"] = {
        function()
            local nodes, count = {}, live(3)
            for i = 1, count do
                nodes[i] = new_node()
                litter(new_node)
            end
            local order = shuffled(count)
            for i = 1, count do
                for side = 1, 2 do
                    if 2 * i + side - 1 <= count then nodes[order[i]][side] = nodes[order[2 * i + side - 1]] end
                end
            end
            root = nodes[order[1]]
            return 3 * count
        end,
        function() return count_tree(root) end,
    },
}

local function time(work)
    local start = now()
    work()
    return now() - start
end

local function shape(make, count)
    need(cells * 48)
    collectgarbage("stop")
    local made = make()
    local first = time(collectgarbage)
    local times, all = {}, 0
    while #times < 5 and all < 5e8 do
        times[#times + 1] = time(collectgarbage)
        all = all + times[#times]
    end
    assert(count() == made, "what lives is not what was made")
    table.sort(times)
    put("live_cells", made)
    put("first_ns", first)
    put("collect_ns", times[#times // 2 + 1])
    put("least_ns", times[1])
    put("first_cell_ns", first / made)
    put("cell_ns", times[1] / made)
end

local function bottom_up(depth, arity)
    local left, right = 0, 0
    if depth > 0 then left, right = bottom_up(depth - 1, arity), bottom_up(depth - 1, arity) end
    if arity == 2 then return {left, right} end
    return {left, right, 2, 3}
end

local function top_down(depth)
    local node = {0, 0, 2, 3}
    local function fill(parent, levels)
        for side = 1, levels > 0 and 2 or 0 do
            parent[side] = {0, 0, 2, 3}
            fill(parent[side], levels - 1)
        end
    end
    fill(node, depth)
    return node
end

local function nodes_in(tree)
    return tree == 0 and 0 or 1 + nodes_in(tree[1]) + nodes_in(tree[2])
end

local function nodes_of(depth) return (2 << depth) - 1 end

local programs = {}

function programs.churn()
    local objects, kept = 2000000, {}
    local kinds = {
        function(i) return {i, 1} end,
        function(i) return {i} end,
        function(i) return {i, 1} end,
        function(i) return {i, 1, 2} end,
        function(i) return {i, 1, 2, 3} end,
    }
    local kind = {}
    for i = 1, 4096 do kind[i] = kinds[math.random(#kinds)] end
    local made = cells > 0 and list_of(new_pair, 2)
    local all = time(function()
        for i = 0, objects - 1 do kept[i % window] = kind[i % 4096 + 1](i) end
    end)
    assert(not made or count_list(root, 2) == made, "what lives is not what was made")
    return all, objects
end

function programs.gcbench()
    local longest, stretch, nodes = 16, 16, 0
    local all = time(function()
        root = bottom_up(stretch, 4)
        root = top_down(longest)
        local numbers = {}
        for i = 1, 500000 do numbers[i] = 0.0 end
        nodes = nodes_of(stretch) + nodes_of(longest)
        for depth = 4, longest, 2 do
            local times = 2 * nodes_of(stretch) // nodes_of(depth)
            for _ = 1, times do top_down(depth) end
            for _ = 1, times do bottom_up(depth, 4) end
            nodes = nodes + 2 * times * nodes_of(depth)
        end
        assert(#numbers == 500000)
    end)
    assert(nodes_in(root) == nodes_of(longest), "what lives is not what was made")
    return all, nodes
end

function programs.trees()
    local least, most, nodes = 4, cells, 0
    local all = time(function()
        nodes = nodes_in(bottom_up(most + 1, 2))
        root = bottom_up(most, 2)
        for depth = least, most, 2 do
            for _ = 1, 1 << (most - depth + least) do nodes = nodes + nodes_in(bottom_up(depth, 2)) end
        end
        nodes = nodes + nodes_in(root)
    end)
    return all, nodes
end

if shapes[workload] then
    shape(table.unpack(shapes[workload]))
else
    local all, objects = programs[workload]()
    put("object_ns", all / objects)
end
