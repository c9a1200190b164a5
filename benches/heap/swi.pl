#!/usr/bin/swipl
% swi.pl - the workloads of heap.hpp for SWI-Prolog: mark and slide. Cells are its own: globalused / 8 after a
% collection; a pair has three. Garbage is collected in the measured calls only, but for the programs.

:- initialization(main, main).
:- set_prolog_flag(stack_limit, 16_000_000_000).
:- set_prolog_flag(agc_margin, 0).

main([Name|Words]) :-
    maplist(atom_number, Words, Numbers),
    append(Numbers, [100], Known),
    ( Known = [Cells, Percent|_] -> true ; Cells = 0, Percent = 100 ),
    Share is Percent / 100,
    (   shape(Name, OfOne)
    ->  measure_shape(Name, OfOne, Cells, Share)
    ;   Name == wam
    ->  measure_wam(Cells)
    ;   program(Name, Cells, Time, Objects),
        Each is Time / Objects,
        statistics(garbage_collection, [Collections|_]),
        report([object_ns-Each, collections-Collections])
    ).

report(Figures) :-
    findall(Text, (member(Key-Value, Figures), format(atom(Text), '"~w": ~w', [Key, Value])), Texts),
    atomic_list_concat(Texts, ', ', Line),
    format('{~w}~n', [Line]).

time_of(Goal, Nanoseconds) :-
    get_time(Start),
    call(Goal), !,
    get_time(End),
    Nanoseconds is (End - Start) * 1.0e9.

% How often, and how many cells (as ours are counted) one object has.
shape(list, 2).
shape(tree, 3).
shape(records, 18).
shape('shuffled-tree', 3).
shape('shuffled-list', 2).

measure_shape(Name, OfOne, Cells, Share) :-
    set_prolog_flag(gc, false),
    Count is max(2, truncate(Cells * Share) // OfOne),
    make(Name, Count, Share, Made),
    set_prolog_flag(gc, true),
    time_of(garbage_collect, First),
    findall(Time, (between(1, 5, _), time_of(garbage_collect, Time)), Times),
    statistics(globalused, Bytes),
    counted(Name, Made, Count),
    msort(Times, [Least|Sorted]),
    nth0(1, Sorted, Middle),
    Live is Bytes / 8,
    FirstCell is First / Live,
    Cell is Least / Live,
    report([live_cells-Live, first_ns-First, collect_ns-Middle, least_ns-Least, first_cell_ns-FirstCell,
            cell_ns-Cell]).

% Dead objects of the same size before a live one.
litter(Share, _) :- Share >= 1, !.
litter(Share, Arity) :-
    random(Chance),
    (   Chance > Share
    ->  functor(_, dead, Arity),
        litter(Share, Arity)
    ;   true
    ).

make(list, Count, Share, List) :- !, pairs(1, Count, Share, List).
make(tree, Count, Share, Tree) :- !, grow(Count, Share, Tree).
make(records, Count, Share, List) :- !, records(1, Count, Share, List).
make('shuffled-list', Count, Share, List) :- !,
    scattered(Count, Share, Objects),
    order(Count, Order),
    link_list(1, Count, Objects, Order),
    arg(1, Order, First),
    arg(First, Objects, List).
make('shuffled-tree', Count, Share, Tree) :-
    scattered(Count, Share, Objects),
    order(Count, Order),
    link_tree(1, Count, Objects, Order),
    arg(1, Order, First),
    arg(First, Objects, Tree).

pairs(I, Count, _, []) :- I > Count, !.
pairs(I, Count, Share, [I|Rest]) :-
    litter(Share, 2),
    Next is I + 1,
    pairs(Next, Count, Share, Rest).

records(I, Count, _, []) :- I > Count, !.
records(I, Count, Share, [rec(I, 7, [1, 2, 3], pt(1, Variable), Variable)|Rest]) :-
    litter(Share, 20),
    Next is I + 1,
    records(Next, Count, Share, Rest).

grow(0, _, leaf) :- !.
grow(Nodes, Share, node(Left, Right)) :-
    litter(Share, 2),
    First is (Nodes - 1) // 2,
    Second is Nodes - 1 - First,
    grow(First, Share, Left),
    grow(Second, Share, Right).

% Objects with two free arguments each, in the order of memory; and an order to link them in.
scattered(Count, Share, Objects) :-
    functor(Objects, objects, Count),
    scatter(1, Count, Share, Objects).

scatter(I, Count, _, _) :- I > Count, !.
scatter(I, Count, Share, Objects) :-
    functor(Object, node, 2),
    arg(I, Objects, Object),
    litter(Share, 2),
    Next is I + 1,
    scatter(Next, Count, Share, Objects).

order(Count, Order) :-
    numlist(1, Count, Numbers),
    Order =.. [order|Numbers],
    mix(Count, Order).

mix(1, _) :- !.
mix(I, Order) :-
    J is 1 + random(I),
    arg(I, Order, Here),
    arg(J, Order, There),
    nb_setarg(I, Order, There),
    nb_setarg(J, Order, Here),
    Next is I - 1,
    mix(Next, Order).

link_list(I, Count, Objects, Order) :-
    arg(I, Order, At),
    arg(At, Objects, node(I, Rest)),
    (   I < Count
    ->  Next is I + 1,
        arg(Next, Order, Where),
        arg(Where, Objects, Rest),
        link_list(Next, Count, Objects, Order)
    ;   Rest = []
    ).

link_tree(I, Count, _, _) :- I > Count, !.
link_tree(I, Count, Objects, Order) :-
    arg(I, Order, At),
    arg(At, Objects, node(Left, Right)),
    First is 2 * I,
    Second is 2 * I + 1,
    child(First, Count, Objects, Order, Left),
    child(Second, Count, Objects, Order, Right),
    Next is I + 1,
    link_tree(Next, Count, Objects, Order).

child(I, Count, Objects, Order, Child) :-
    (   I =< Count
    ->  arg(I, Order, At),
        arg(At, Objects, Child)
    ;   Child = leaf
    ).

counted(Name, Made, Count) :-
    (   memberchk(Name, [list, records])
    ->  length(Made, Count)
    ;   Name == 'shuffled-list'
    ->  chain(Made, 0, Count)
    ;   nodes(Made, Count)
    ), !.
counted(_, _, _) :-
    print_message(error, format('what lives is not what was made', [])),
    halt(1).

chain([], Count, Count) :- !.
chain(node(_, Rest), Sofar, Count) :-
    Next is Sofar + 1,
    chain(Rest, Next, Count).

nodes(node(Left, Right), Count) :- !,
    nodes(Left, First),
    nodes(Right, Second),
    Count is First + Second + 1.
nodes(_, 0).

% --- programs: nanoseconds for an object, the interpreter's work included ---

program(churn, Cells, Time, 1000000) :-
    Count is Cells // 2,
    ( Count > 0 -> pairs(1, Count, 1, List) ; List = [] ),
    functor(Window, window, 1024),
    time_of(churn(0, 1000000, Window), Time),
    length(List, Count).
program(gcbench, _, Time, Objects) :-
    nodes_of(16, Long),
    findall(All, (member(Depth, [4, 6, 8, 10, 12, 14, 16]), nodes_of(Depth, Nodes),
                  All is 2 * (2 * Long // Nodes) * Nodes), Counts),
    sum_list(Counts, Short),
    Objects is 2 * Long + Short,
    time_of(gcbench(Tree, Array), Time),
    quads(Tree, Long),
    functor(Array, _, 500000).
program(trees, Most, Time, Objects) :-
    time_of(trees(Most, Objects), Time).

churn(Count, Count, _) :- !.
churn(I, Count, Window) :-
    Kind is I mod 5,
    small(Kind, I, Made),
    At is I mod 1024 + 1,
    setarg(At, Window, Made),
    Next is I + 1,
    churn(Next, Count, Window).

small(0, I, [I|1]).
small(1, I, f(I)).
small(2, I, f(I, 1)).
small(3, I, f(I, 1, 2)).
small(4, I, f(I, 1, 2, 3)).

nodes_of(Depth, Nodes) :- Nodes is (2 << Depth) - 1.

bottom_up(0, node(0, 0, 2, 3)) :- !.
bottom_up(Depth, node(Left, Right, 2, 3)) :-
    Next is Depth - 1,
    bottom_up(Next, Left0),
    bottom_up(Next, Right0),
    Left = Left0,
    Right = Right0.

top_down(0, Node) :- !, Node = node(0, 0, 2, 3).
top_down(Depth, Node) :-
    Node = node(Left, Right, 2, 3),
    Next is Depth - 1,
    top_down(Next, Left),
    top_down(Next, Right).

gcbench(Tree, Array) :-
    nodes_of(16, Long),
    \+ \+ bottom_up(16, _),
    top_down(16, Tree),
    functor(Array, array, 500000),
    forall(member(Depth, [4, 6, 8, 10, 12, 14, 16]),
           ( nodes_of(Depth, Nodes), Times is 2 * Long // Nodes,
             repeated(Times, Depth, top_down), repeated(Times, Depth, bottom_up) )).

repeated(0, _, _) :- !.
repeated(Times, Depth, Maker) :-
    call(Maker, Depth, _), !,
    Next is Times - 1,
    repeated(Next, Depth, Maker).

quads(node(Left, Right, _, _), Count) :- !,
    quads(Left, First),
    quads(Right, Second),
    Count is First + Second + 1.
quads(_, 0).

tree(0, node(0, 0)) :- !.
tree(Depth, node(Left, Right)) :-
    Next is Depth - 1,
    tree(Next, Left),
    tree(Next, Right).

trees(Most, Objects) :-
    Stretch is Most + 1,
    tree(Stretch, Large),
    nodes(Large, First),
    tree(Most, Long),
    trees(4, Most, First, Sofar),
    nodes(Long, Last),
    Objects is Sofar + Last.

trees(Depth, Most, Objects, Objects) :- Depth > Most, !.
trees(Depth, Most, Sofar, Objects) :-
    Times is 1 << (Most - Depth + 4),
    count_trees(Times, Depth, Sofar, More),
    Next is Depth + 2,
    trees(Next, Most, More, Objects).

count_trees(0, _, Objects, Objects) :- !.
count_trees(Times, Depth, Sofar, Objects) :-
    tree(Depth, Tree),
    nodes(Tree, Count),
    More is Sofar + Count,
    Next is Times - 1,
    count_trees(Next, Depth, More, Objects).

% --- a collection under choicepoints, each with ten variables bound that are older ---

measure_wam(Choices) :-
    Variables is 10 * Choices,
    functor(Array, array, Variables),
    set_prolog_flag(gc, false),
    choices(Choices, Array),
    arg(1, Array, Bound),
    Bound == 1, !.

choices(0, _) :- !,
    set_prolog_flag(gc, true),
    time_of(garbage_collect, First),
    findall(Time, (between(1, 5, _), time_of(garbage_collect, Time)), Times),
    msort(Times, [Least|Sorted]),
    nth0(1, Sorted, Middle),
    report([first_ns-First, collect_ns-Middle, least_ns-Least]).
choices(N, Array) :-
    ( true ; fail ),
    From is 10 * (N - 1),
    bind(10, From, Array),
    Next is N - 1,
    choices(Next, Array).

bind(0, _, _) :- !.
bind(I, From, Array) :-
    At is From + I,
    arg(At, Array, 1),
    Next is I - 1,
    bind(Next, From, Array).
