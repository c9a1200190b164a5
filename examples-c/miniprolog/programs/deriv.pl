% Symbolic derivatives.
d(U+V, X, DU+DV) :- !, d(U, X, DU), d(V, X, DV).
d(U-V, X, DU-DV) :- !, d(U, X, DU), d(V, X, DV).
d(U*V, X, DU*V+U*DV) :- !, d(U, X, DU), d(V, X, DV).
d(U/V, X, (DU*V-U*DV)/(V^2)) :- !, d(U, X, DU), d(V, X, DV).
d(U^N, X, DU*N*U^N1) :- !, integer(N), N1 is N-1, d(U, X, DU).
d(-U, X, -DU) :- !, d(U, X, DU).
d(exp(U), X, exp(U)*DU) :- !, d(U, X, DU).
d(log(U), X, DU/U) :- !, d(U, X, DU).
d(X, X, 1) :- !.
d(_, _, 0).

expression(((((((((x/x)/x)/x)/x)/x)/x)/x)/x)/x).
expression(log(log(log(log(log(log(log(log(log(log(x))))))))))).
expression(((((((((x*x)*x)*x)*x)*x)*x)*x)*x)*x).
expression((x+1)*(x^2+2)*(x^3+3)).
expression(-x-exp(x^2)).

size(T, 1) :- atomic(T), !.
size(T, N) :- T =.. [_|As], sizes(As, 1, N).

sizes([], N, N).
sizes([A|As], N0, N) :- size(A, K), N1 is N0+K, sizes(As, N1, N).

rounds(0) :- !.
rounds(N) :- ( expression(E), d(E, x, _), fail ; true ), N1 is N-1, rounds(N1).

main :- main(2000).
main(N) :-
    rounds(N),
    forall(expression(E),
           ( d(E, x, D), size(D, S), writeq(S), write(': '), writeq(D), nl )).
