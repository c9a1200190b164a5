% SEND + MORE = MONEY, digit by digit from the right.
digit(D, Ds, Rest) :- select(D, Ds, Rest).

column(A, B, C0, S, C) :- T is A+B+C0, S is T mod 10, C is T // 10.

solve([S,E,N,D,M,O,R,Y]) :-
    Ds0 = [0,1,2,3,4,5,6,7,8,9],
    M = 1, digit(M, Ds0, Ds1),
    digit(D, Ds1, Ds2), digit(E, Ds2, Ds3),
    column(D, E, 0, Y, C1), digit(Y, Ds3, Ds4),
    digit(N, Ds4, Ds5), digit(R, Ds5, Ds6),
    column(N, R, C1, E, C2),
    digit(O, Ds6, Ds7), column(E, O, C2, N, C3),
    digit(S, Ds7, _), S > 0,
    column(S, M, C3, O, M).

main :-
    findall(L, solve(L), Ls),
    forall(member([S,E,N,D,M,O,R,Y], Ls),
           ( format("~d~d~d~d + ~d~d~d~d = ~d~d~d~d~d~n",
                    [S,E,N,D,M,O,R,E,M,O,N,E,Y]) )).
