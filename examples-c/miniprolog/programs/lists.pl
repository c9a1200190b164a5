% The library of lists.
even(X) :- 0 is X mod 2.
double(X, Y) :- Y is X*2.
add(X, A, B) :- B is A+X.
by_length(O, A, B) :- length(A, N), length(B, M), compare(O, N, M).

show(X) :- print(X), nl.

main :-
    append([1,2], [3], L1), show(L1),
    findall(X-Y, append(X, Y, [a,b]), L2), show(L2),
    append([[1],[2,3],[]], L3), show(L3),
    length(L3, N3), show(N3), length(L4, 2), L4 = [p,q], show(L4) -> more.
more :-
    findall(N, ( length(L, N), ( N >= 2, ! ; true ), L = L ), Ns), show(Ns),
    reverse([1,2,3], R), show(R),
    nth0(1, [a,b,c], X0), nth1(1, [a,b,c], X1), show(X0/X1),
    findall(I-E, nth1(I, [a,b], E), Is), show(Is),
    last([1,2,3], La), show(La),
    findall(A-B, select(A, [1,2,3], B), Ss), show(Ss),
    findall(P, permutation([1,2,3], P), Ps), show(Ps),
    include(even, [1,2,3,4], In), exclude(even, [1,2,3,4], Ex), show(In/Ex),
    partition(even, [1,2,3,4], Pi, Po), show(Pi/Po),
    maplist(double, [1,2,3], Ds), show(Ds), maplist(even, [2,4]),
    foldl(add, [1,2,3], 0, S), show(S),
    sum_list([1,2,3], Su), max_list([1,3,2], Ma), min_list([3,1,2], Mi),
    show(Su/Ma/Mi), numlist(1, 5, Nl), show(Nl),
    delete([a,b,a,c], a, De), subtract([1,2,3], [2], Sb), show(De/Sb),
    intersection([1,2,3], [3,1], It), union([1,2], [2,3], Un), show(It/Un),
    list_to_set([a,b,a,1,1], Se), show(Se),
    flatten([1,[2,[3,[]],4]], Fl), show(Fl),
    pairs_keys_values(Pk, [a,b], [1,2]), show(Pk),
    pairs_keys(Pk, Ks), pairs_values(Pk, Vs), show(Ks/Vs),
    sort([c,a,b,a], So), msort([c,a,b,a], Ms), show(So/Ms),
    sort(0, @>=, [1,3,2,3], Sd), show(Sd),
    sort(1, @<, [f(2,x),f(1,y),f(2,z)], Sk), show(Sk),
    keysort([b-1,a-2,b-0,a-1], Ke), show(Ke),
    predsort(by_length, [[1,2],[],[1],[3]], Pr), show(Pr),
    msort([f(x), "s", 10, b, 2, a, g(a,b), f(a), [1], 'Z'], Mx), show(Mx),
    ( memberchk(b, [a,b,c]) -> show(yes) ; show(no) ),
    ( member(z, [a,b,c]) -> show(yes) ; show(no) ),
    selectchk(b, [a,b,c,b], Sc), show(Sc),
    sumlist([4,5], Sl), show(Sl), exclude([], [], Em), show(Em),
    compare(O1, 1, a), compare(O2, f(b), f(a)), compare(O3, x, x),
    show([O1,O2,O3]), T =.. [point,1,2], show(T), T =.. Tl, show(Tl),
    functor(T, Fn, Fa), show(Fn/Fa), functor(Fx, point, 2), Fx = point(9,8),
    show(Fx), arg(2, Fx, Ar), show(Ar), findall(Na, arg(_, Fx, Na), Al),
    show(Al), copy_term(f(V1,V1,_), f(1,Cv,w)), show(Cv), var(V1),
    setarg(1, Fx, new), show(Fx),
    ( setarg(2, Fx, gone), fail ; show(Fx) ),
    T2 = t(a,b), ( b_setval(v, T2), b_getval(v, Bv), show(Bv) ),
    nb_setval(n, [1,2]), nb_getval(n, Nv), show(Nv),
    between(3, 5, Bt), Bt > 4, show(Bt), tab(2), show(tabbed).
