% assert and retract, the logical view of changes, counters.
:- dynamic fact/1, counter/1, link/2, item/1.

counter(0).

next(N) :- retract(counter(N0)), N is N0+1, assertz(counter(N)).

count(0) :- !.
count(N) :- next(_), N1 is N-1, count(N1).

show(G) :- forall(G, ( writeq(G), nl )).

fib(0, 0).
fib(1, 1).
fib(N, F) :-
    N > 1, N1 is N-1, N2 is N-2,
    memo(N1, F1), memo(N2, F2), F is F1+F2.

:- dynamic known/2.
memo(N, F) :- known(N, F), !.
memo(N, F) :- fib(N, F), assertz(known(N, F)).

main :- main(5000).
main(N) :-
    count(N), counter(K), ( K =:= N -> write(counted) ; write(K) ), nl,
    assertz(fact(b)), assertz(fact(c)), asserta(fact(a)),
    show(fact(_)),
    % those that come while it looks are not seen
    forall(fact(X), assertz(fact(f(X)))),
    findall(X, fact(X), L), writeq(L), nl,
    % nor is one that goes
    forall(fact(X), ( retract(fact(X)), write(gone(X)), nl )),
    ( fact(_) -> write(some) ; write(none) ), nl,
    assertz((item(X2) :- member(X2, [1,2]))),
    assertz(item(3)),
    show(item(_)),
    ( clause(item(A), B), A = x, writeq((item(A) :- B)) -> true ; true ), nl,
    retract((item(_) :- member(_, _))), show(item(_)),
    retractall(item(_)), \+ item(_),
    assertz(link(X3, X3)), assertz(link("text", 'A b')),
    link(1, Y), writeq(Y), nl, link("text", Z), writeq(Z), nl,
    link(text, W), writeq(W), nl,
    fib(40, F), writeq(F), nl,
    catch(assertz((foo :- 1)), error(E1, _), true), nonvar(E1),
    catch(assertz(atom(_)), error(E2, _), true), writeq(E2), nl,
    catch(undefined(1), error(E3, _), true), writeq(E3), nl.
