% Cut, if-then-else, negation, call.
a(1). a(2). a(3).

first(X) :- a(X), !.
second(X, Y) :- a(X), !, a(Y).
third(X) :- ( a(X), X > 1, ! ; X = none ).
fourth(X, R) :- ( X < 2 -> R = small ; X < 3 -> R = middle ; R = large ).
fifth(X) :- \+ a(X).
fifth(0).
six(X) :- a(X), ( X =:= 2 -> ! ; true ).
seven(X) :- call(( a(X), ! )).
seven(9).
eight(X) :- once(a(X)).
eight(8).
nine(X, Y) :- ( a(X) *-> Y = yes ; X = 0, Y = no ).
ten(X, Y) :- ( fail, a(X) *-> Y = yes ; X = 0, Y = no ).
eleven(X) :- \+ \+ X = 1, ( var(X) -> X = still_var ; true ).
twelve(X) :- G = ( X = 1 ; X = 2 ), G.
thirteen(X, Y) :- ( X = 1, Y = a ; X = 2 ), ( Y = a ; Y = b ).
fourteen(X) :- ( true ; X = 2 ), ( X = 1 -> true ; true ).
fifteen(Z) :- ( X = 1, Y = X ; Y = 3, X = Y ), Z = X-Y.
sixteen(X) :- forall(member(Y, [1,2]), ( Y > 0, \+ Y > 2 )), X = ok.
seventeen(X) :- not(fail), ( \+ true ; X = t ).
eighteen(L) :- member(X, [1,2,3]), \+ ( member(Y, [2,3]), X == Y ), !,
    L = [X].
% What only the other branch needs is alive while the condition is tested.
nineteen(Z) :- make(X, Y, W), made, ( X == Y -> Z = same ; Z = W ).
make(a, b, f(g(h), [1,2])).
made.

all(Name, N) :-
    functor(G, Name, N),
    findall(G, G, L), writeq(L), nl.

main :-
    all(first, 1), all(second, 2), all(third, 1),
    forall(member(X, [1,2,3]), ( fourth(X, R), write(R), nl )),
    all(fifth, 1), all(six, 1), all(seven, 1), all(eight, 1), all(nine, 2),
    all(ten, 2), all(eleven, 1), all(twelve, 1), all(thirteen, 2),
    ( fourteen(A), var(A) -> write(bad) ; write(good) ), nl,
    all(fifteen, 1), all(sixteen, 1), all(seventeen, 1), all(eighteen, 1),
    all(nineteen, 1),
    ( \+ fifth(1) -> write(no) ; write(yes) ), nl,
    ( call(','(a(B), B > 2)) -> write(B) ; true ), nl,
    ( G = !, call(G), fail ; write(end) ), nl.
