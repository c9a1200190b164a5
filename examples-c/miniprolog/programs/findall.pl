% findall and its relatives.
p(1, a). p(2, b). p(3, a). p(4, c).
age(peter, 7). age(ann, 11). age(pat, 8). age(tom, 5). age(mike, 11).

main :-
    findall(X, p(X, _), L1), writeq(L1), nl,
    findall(X-Y, ( member(X, [1,2]), member(Y, [a,b]) ), L2), writeq(L2), nl,
    findall(X, fail, L3), writeq(L3), nl,
    findall(X, member(X, [1,2]), L4, [3]), writeq(L4), nl,
    findall(L, ( member(N, [2,3]), findall(I, between(1, N, I), L) ), L5),
    writeq(L5), nl,
    findall(f(Z, Z, _), member(Z, [_, a]), [f(A, B, _), T]),
    ( A == B -> write(shared) ; write(lost) ), nl, T = f(a, a, q),
    forall(bagof(X, p(X, K), L6), ( writeq(K-L6), nl )),
    ( bagof(X, p(X, z), _) -> write(yes) ; write(no) ), nl,
    bagof(X, Q^p(X, Q), L7), writeq(L7), nl,
    setof(G-Who, age(Who, G), L8), writeq(L8), nl,
    setof(G, W^age(W, G), L9), writeq(L9), nl,
    aggregate_all(count, p(_, _), C), aggregate_all(sum(X), p(X, _), S),
    aggregate_all(max(X), p(X, _), M), writeq(C/S/M), nl,
    forall(member(X, [1,2,3]), X > 0),
    catch(findall(X, ( member(X, [1,2,3]), X > 2, throw(found(X)) ), _),
          found(Y2), ( writeq(caught(Y2)), nl )),
    findall(X, ( between(1, 1000, X), 0 is X mod 250 ), L10), writeq(L10),
    nl,
    catch(findall(X, _, _), error(E, _), ( writeq(E), nl )).
