% Eight queens, all solutions.
queens(N, Qs) :- numlist(1, N, Ns), select_queens(Ns, [], Qs).

select_queens([], Qs, Qs).
select_queens(Unplaced, Safe, Qs) :-
    select(Q, Unplaced, Rest),
    \+ attack(Q, 1, Safe),
    select_queens(Rest, [Q|Safe], Qs).

attack(X, N, [Y|_]) :- X is Y+N ; X is Y-N.
attack(X, N, [_|Ys]) :- N1 is N+1, attack(X, N1, Ys).

main :- main(8).
main(N) :-
    queens(8, Qs), !,
    write(first(Qs)), nl,
    findall(Q, queens(N, Q), L),
    length(L, K),
    ( N =:= 8, K =:= 92 -> true ; N =:= 6, K =:= 4 ),
    write(counted), nl.
