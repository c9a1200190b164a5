% Backtracking over large structures: what was built before a choicepoint must
% be as it was, and what was built after it must be gone.
tree(0, leaf(_)) :- !.
tree(D, t(L, D, R)) :- D1 is D-1, tree(D1, L), tree(D1, R).

fill(leaf(X), N0, N) :- X = N0, N is N0+1.
fill(t(L, _, R), N0, N) :- fill(L, N0, N1), fill(R, N1, N).

sum(leaf(X), S0, S) :- S is S0+X.
sum(t(L, _, R), S0, S) :- sum(L, S0, S1), sum(R, S1, S).

unbound(T) :- term_variables(T, Vs), length(Vs, N), write(unbound(N)), nl.

mirror(leaf(X), leaf(X)).
mirror(t(L, D, R), t(R1, D, L1)) :- mirror(L, L1), mirror(R, R1).

% Bindings of older variables, undone one by one on the way back.
label([], _).
label([V|Vs], Ds) :- member(V, Ds), label(Vs, Ds).

pick(Vs, Bits) :- label(Vs, [0,1]), sum_list(Vs, S), S =:= Bits.

junk(0) :- !.
junk(N) :- length(L, 10), L = [N|_], N1 is N-1, junk(N1).

rounds(0, _) :- !.
rounds(N, T) :-
    \+ ( fill(T, N, _), mirror(T, M), sum(M, 0, S), S < 0 ),
    junk(5),
    N1 is N-1,
    rounds(N1, T).

main :- main(8).
main(Depth) :-
    tree(Depth, T0), unbound_ok(T0, Depth),
    rounds(20, T0), unbound_ok(T0, Depth),
    ( fill(T0, 1, _), sum(T0, 0, S), junk(3), S > 0, write(filled), nl,
      mirror(T0, M), sum(M, 0, S), write(mirrored), nl, fail
    ; unbound_ok(T0, Depth)
    ),
    length(Vs, 6),
    findall(Vs, ( pick(Vs, 3), junk(1) ), Ls),
    length(Ls, K), write(K), nl,
    Ls = [First|_], last(Ls, Last), write(First-Last), nl,
    aggregate_all(count, ( member(A, [1,2,3]), tree(3, T), fill(T, A, E),
                           sum(T, 0, S2), S2 > E ), C),
    write(C), nl.

unbound_ok(T, Depth) :-
    term_variables(T, Vs), length(Vs, N), N =:= 1 << Depth,
    write(unbound), nl.
