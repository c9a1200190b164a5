% catch and throw.
p(X) :- X > 2, throw(big(X)).
p(X) :- write(small(X)), nl.

nested(X) :- catch(inner(X), outer(Y), ( write(outer(Y)), nl )).
inner(X) :- catch(throw(X), inner(Y), ( write(inner(Y)), nl )).

deep(0) :- throw(bottom).
deep(N) :- N1 is N-1, deep(N1), write(never).

% After it has exited a catch/3 catches nothing any more.
exited(X) :- catch(member(X, [1,2,3]), _, ( write(wrong), nl )).

again(0) :- !.
again(N) :- catch(throw(N), N, true), N1 is N-1, again(N1).

rethrow :- catch(catch(throw(first), first, throw(second)), second,
                 ( write(second), nl )).

test(G) :- catch(G, error(E, _), true), ( var(E) -> true ; writeq(E), nl ).

main :- main(10000).
main(N) :-
    catch(p(1), _, true), catch(p(3), big(X), ( write(big(X)), nl )),
    nested(inner(1)), nested(outer(2)),
    catch(nested(other), O, ( write(O), nl )),
    catch(deep(N), B, ( write(B), nl )),
    catch(( exited(Y), Y > 1, throw(after(Y)) ), after(Z),
          ( write(after(Z)), nl )),
    again(N), rethrow,
    % bindings are undone, what was thrown is a copy
    catch(( V = 1, W = f(V, _), throw(W) ), f(A, _), true),
    ( var(V) -> write(undone(A)) ; write(wrong) ), nl,
    catch(( member(I, [1,2,3]), I >= 2, throw(i(I)) ), i(J), true),
    write(J), nl,
    test(atom_length(_, _)),
    test(functor(_, _, _)), test(functor(_, foo, -1)),
    test(arg(x, f(a), _)), test(_ is foo+1), test(_ is a), test(_ is 1/0),
    test(_ is 5 mod 0), test(call(1)), test(call((fail, 1))),
    test(call((write(no), 1))), test(number_codes(_, "3x")),
    test(atom_codes(_, _)), test(undefined_predicate), test(_ =.. [foo|bar]),
    test(throw(_)), test(atom_length(abc, foo)),
    test(assertz(true)), test(_ =.. [X9, 1]), var(X9),
    catch(throw(my), my, ( write(mine), nl )).
