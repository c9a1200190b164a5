% Integers.
show(E) :- X is E, writeq(X), nl.
eval(X, Y) :- Z = X, Y is Z.

main :-
    show(1+2*3), show(7-10), show(-(3)), show(- 3 + 1), show(7 // 2),
    show(-7 // 2), show(7 mod 3), show(-7 mod 3), show(7 mod -3),
    show(-7 rem 3), show(-7 div 2), show(8 / 2), show(2 ** 10), show(2 ^ 20),
    show(max(3, 4)), show(min(3, 4)), show(abs(-5)), show(sign(-9)),
    show(gcd(12, 18)), show(1 << 10), show(-16 >> 2), show(5 /\ 3),
    show(5 \/ 3), show(5 xor 3), show(\ 5), show(msb(1000)),
    show(576460752303423487 * 2), show(-576460752303423488 * 2),
    show(1000000007 * 1000000009),
    eval(2+3, A), writeq(A), nl, X = 4, eval(X*X, B), writeq(B), nl,
    ( 1+1 =:= 2 -> write(eq) ; write(ne) ), nl,
    ( 1 =\= 1 -> write(ne) ; write(eq) ), nl,
    ( 2 < 3, 3 =< 3, 4 > 3, 3 >= 3 -> write(order) ; true ), nl,
    succ(S1, 4), succ(4, S2), plus(1, P1, 5), writeq([S1,S2,P1]), nl,
    show(0'a), show(0x1f), show(0b101), show(0o17), show(0'\n),
    number_codes(N1, "42"), writeq(N1), nl, atom_number('17', N2),
    writeq(N2), nl, ( atom_number(abc, _) -> true ; write(none), nl ),
    fact(15, F), writeq(F), nl, fib(60, Fi), writeq(Fi), nl,
    hanoi(10, H), writeq(H), nl,
    catch(( Y is foo, writeq(Y) ), error(E1, _), ( writeq(E1), nl )),
    catch(( Y2 is _+1, writeq(Y2) ), error(E2, _), ( writeq(E2), nl )),
    catch(( Y3 is 1 // 0, writeq(Y3) ), error(E3, _), ( writeq(E3), nl )),
    catch(( Y4 is "ab" + 1, writeq(Y4) ), error(E4, _),
          ( E4 = type_error(_, _), write(type), nl )).

fact(0, 1) :- !.
fact(N, F) :- N1 is N-1, fact(N1, F1), F is N*F1.

fib(N, F) :- fib(N, 0, 1, F).
fib(0, A, _, A) :- !.
fib(N, A, B, F) :- N1 is N-1, C is A+B, fib(N1, B, C, F).

hanoi(0, 0) :- !.
hanoi(N, M) :- N1 is N-1, hanoi(N1, A), hanoi(N1, B), M is A+B+1.
