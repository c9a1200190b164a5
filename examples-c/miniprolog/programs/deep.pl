% Long lists and deep terms: nothing may recurse as deep as they are. This is
% not for other systems, some of which do.
deep(0, end) :- !.
deep(N, s(T)) :- N1 is N-1, deep(N1, T).

left(N, T) :- left(N, end, T).
left(0, T, T) :- !.
left(N, T0, T) :- N1 is N-1, left(N1, t(T0, N), T).

len([], 0).
len([_|T], N) :- len(T, M), N is M+1.

:- dynamic kept/1.

check(Name, T) :-
    copy_term(T, C), C == T, C = T, compare(=, C, T), ground(C),
    term_variables(T, []),
    findall(T, true, [F]), F == T,
    assertz(kept(T)), kept(K), K == T, retract(kept(T)),
    catch(throw(T), B, true), B == T,
    term_to_atom(T, A), term_to_atom(R, A), R == T,
    write(Name), nl.

main :- main(200000).
main(N) :-
    numlist(1, N, L), check(list, L), len(L, M), M =:= N,
    msort(L, L), sort(0, @>=, L, D), D = [N|_], reverse(D, L),
    sum_list(L, S), S =:= N*(N+1)//2, write(sums), nl,
    length(Vs, N), copy_term(Vs, Ws), Vs = Ws, term_variables(Vs, Xs),
    length(Xs, N), write(variables), nl,
    deep(N, T), check(deep, T),
    left(N, U), check(left, U).
