% Atoms, strings, writing, reading, grammars.
show(X) :- writeq(X), nl.

digits([D|T]) --> digit(D), digits(T).
digits([D]) --> digit(D).
digit(D) --> [D], { D >= 0'0, D =< 0'9 }.
expr(X) --> term(X0), expr_rest(X0, X).
expr_rest(X0, X) --> "+", !, term(X1), { X2 is X0+X1 }, expr_rest(X2, X).
expr_rest(X0, X) --> "-", !, term(X1), { X2 is X0-X1 }, expr_rest(X2, X).
expr_rest(X, X) --> [].
term(X) --> digits(Ds), { number_codes(X, Ds) }.

:- op(700, xfx, ===>).
:- op(200, xfy, **).
:- op(9, fx, #).

main :-
    atom_codes(A1, [0'a, 0'b]), show(A1), atom_codes(abc, C1), show(C1),
    atom_chars(X2, [h, i]), show(X2), atom_chars(hello, C2), show(C2),
    char_code(Ch, 0'x), show(Ch), atom_length(hello, L1), show(L1),
    atom_concat(abc, def, A3), show(A3),
    findall(P+Q, atom_concat(P, Q, ab), L3), show(L3),
    atom_concat(X4, def, abcdef), show(X4),
    sub_atom(hello, 1, 3, A5, S5), show(S5/A5),
    findall(B, sub_atom(banana, B, _, _, ana), L5), show(L5),
    findall(S, sub_atom(abc, _, 2, _, S), L6), show(L6),
    upcase_atom('hello World', U), show(U), atom_number(A7, 5), show(A7),
    atomic_list_concat([a, 1, "s"], A8), show(A8),
    atomic_list_concat([a,b,c], ', ', A9), show(A9),
    atomic_list_concat(L9, '/', 'usr/local/bin'), show(L9),
    string_concat("abc", def, S10), show(S10), string_length(S10, L10),
    show(L10), string_chars(S11, [x, y]), show(S11), string_codes("ab", C11),
    show(C11), atom_string(A12, "text"), show(A12),
    number_codes(N13, "12"), show(N13), sub_string("hello", 0, 2, _, S14),
    show(S14), ( string(S14) -> show(string) ; true ),
    term_to_atom(f(X15, 'A b', "s", X15), A15), atom(A15),
    term_to_atom(T16, 'foo(X, bar, Y, X)'), T16 = foo(1, _, 2, Z16),
    show(Z16), phrase(expr(V17), `12+30-2`), show(V17),
    format("~w ~q ~a ~d~n", [f('A'), f('A'), abc, 42]),
    format("~s~c~8|~w~n", [[0'a, 0'b], 0'c, end]),
    format("~t~w~10|~w~n", [right, next]), format("~D ~2d~n", [1234567, 314]),
    format("~p ~~ ~i~w~n", [a, b, c]), format(atom(A18), "~w-~w", [a, b]),
    show(A18), format("no arguments~n"),
    show(['A', 'b c', [], {}, {a, b}, 'don''t', 'a\nb', "str\"ing"]),
    show([1-2, 1- -2, - 1, -(1), -(-(1)), -a, -(-(a)), 1-(2-3), (1-2)-3]),
    show([a:b:c, (a, b), (a:-b, c;d->e), \+a, \+ (a, b), f((a, b)), f(:-)]),
    show([2**3, 2*(3+4), -(2)^2, a=b, [a|b], 'hello'(x), +, f(+), 1 = :- ]),
    show(a ===> # b), print(done), nl, write_canonical([a, 'B c']), nl,
    writeq(f(x, "s")), nl, write(f("s", 'A')), nl, print('A'), nl.
