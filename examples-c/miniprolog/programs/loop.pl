% A long loop that leaves garbage behind at each step: run.sh gives it a heap
% that is much smaller than what it builds. The second one keeps a choicepoint
% below it all the time, the third drops one at each step.
step(N, f(N, [N,N|_])).

loop(0) :- !.
loop(N) :- step(N, X), X = f(N, [_|T]), T = [N|_], N1 is N-1, loop(N1).

loop_if(N) :-
    ( N =:= 0 -> true
    ; step(N, f(M, _)), M1 is M-1, loop_if(M1)
    ).

choices(0) :- !.
choices(N) :- member(X, [a,b,c]), X \== a, !, step(N, _), N1 is N-1,
    choices(N1).

main :- main(1000000).
main(N) :-
    loop(N), write(one), nl,
    member(X, [x,y]), loop(N), write(X), nl, X == y, !,
    loop_if(N), write(three), nl,
    choices(N), write(four), nl,
    between(1, inf, I), I >= N, !, write(five), nl.
