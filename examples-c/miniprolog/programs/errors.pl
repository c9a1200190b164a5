% What is told about errors; not for other systems.
:- foo(1).
:- fail.
:- X is 1 + a, write(X).
p(1.
p(2).
p(X) :- X = [1,2.
:- throw(ball).
atom(x) :- true.
p(3) :- 1.
p("abc") :- p(99999999999999999999).
p(4).
:- initialization(write(loaded)).
:- initialization(nl).
main :- findall(X, p(X), L), writeq(L), nl, undefined_one.
