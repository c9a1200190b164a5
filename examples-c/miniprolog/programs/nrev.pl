% Naive reverse: 496 calls a round for 30 elements.
app([], L, L).
app([H|T], L, [H|R]) :- app(T, L, R).

nrev([], []).
nrev([H|T], R) :- nrev(T, RT), app(RT, [H], R).

range(N, N, [N]) :- !.
range(I, N, [I|L]) :- I < N, I1 is I+1, range(I1, N, L).

bench(0, _) :- !.
bench(N, L) :- nrev(L, _), N1 is N-1, bench(N1, L).

main :- main(1000).
main(Rounds) :-
    range(1, 30, L),
    bench(Rounds, L),
    nrev(L, R),
    write(R), nl.
