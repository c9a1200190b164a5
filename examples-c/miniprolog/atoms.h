/* The atoms that the C code knows: their numbers, and in tables.c their
 * text. */
#ifndef ATOMS_H
#define ATOMS_H

#define ATOMS(A)                                                              \
    A(NIL, "[]") A(DOT, "[|]") A(CURLY, "{}") A(COMMA, ",") A(SEMI, ";")      \
    A(ARROW, "->") A(SOFT, "*->") A(NOT, "\\+") A(CUT, "!") A(BAR, "|")       \
    A(NECK, ":-") A(QUERY, "?-") A(DCG, "-->") A(TRUE, "true")                \
    A(FAIL, "fail") A(FALSE, "false") A(CALL, "call") A(EQUALS, "=")          \
    A(MINUS, "-") A(PLUS, "+") A(TIMES, "*") A(SLASH, "/") A(IDIV, "//")      \
    A(MOD, "mod") A(REM, "rem") A(DIV, "div") A(MIN, "min") A(MAX, "max")     \
    A(ABS, "abs") A(SIGN, "sign") A(GCD, "gcd") A(SHL, "<<") A(SHR, ">>")     \
    A(AND, "/\\") A(OR, "\\/") A(XOR, "xor") A(INVERT, "\\")                  \
    A(POWER, "^") A(POWER2, "**") A(MSB, "msb") A(IS, "is")                   \
    A(NUM_EQ, "=:=") A(NUM_NE, "=\\=") A(NUM_LT, "<") A(NUM_LE, "=<")         \
    A(NUM_GT, ">") A(NUM_GE, ">=") A(SAME, "==") A(NOT_SAME, "\\==")          \
    A(BEFORE, "@<") A(NOT_AFTER, "@=<") A(AFTER, "@>")                        \
    A(NOT_BEFORE, "@>=") A(VAR, "var") A(NONVAR, "nonvar")                    \
    A(ATOM, "atom") A(INTEGER, "integer") A(NUMBER, "number")                 \
    A(ATOMIC, "atomic") A(COMPOUND, "compound") A(CALLABLE, "callable")       \
    A(STRING, "string") A(FLOAT, "float") A(LIST, "list")                     \
    A(NUMBERVAR, "$VAR") A(EMPTY, "") A(EOF, "end_of_file")                   \
    A(ERROR, "error") A(TYPE_ERROR, "type_error")                             \
    A(DOMAIN_ERROR, "domain_error") A(EXISTENCE_ERROR, "existence_error")     \
    A(PERMISSION_ERROR, "permission_error")                                   \
    A(INSTANTIATION_ERROR, "instantiation_error")                             \
    A(EVALUATION_ERROR, "evaluation_error")                                   \
    A(REPRESENTATION_ERROR, "representation_error")                           \
    A(RESOURCE_ERROR, "resource_error") A(SYNTAX_ERROR, "syntax_error")       \
    A(CONTEXT, "context") A(PROCEDURE, "procedure")                           \
    A(EVALUABLE, "evaluable") A(MODIFY, "modify") A(ACCESS, "access")         \
    A(STATIC, "static_procedure") A(PRIVATE, "private_procedure")             \
    A(CHARACTER, "character") A(CHARACTER_CODE, "character_code")             \
    A(ILLEGAL_NUMBER, "illegal_number") A(ZERO, "zero_divisor")               \
    A(OVERFLOW, "int_overflow") A(UNDEFINED, "undefined")                     \
    A(MAX_ARITY, "max_arity") A(NOT_LESS, "not_less_than_zero")               \
    A(SOURCE_SINK, "source_sink") A(CODES, "codes") A(CHARS, "chars")         \
    A(KEY, "key") A(VARIABLE, "variable") A(PAIR, "pair")                     \
    A(ORDER_EQ, "order") A(OPERATOR_PRIORITY, "operator_priority")            \
    A(OPERATOR_SPECIFIER, "operator_specifier") A(FLAG, "prolog_flag")        \
    A(META_CALL, "$call") A(DYNAMIC, "dynamic") A(UNKNOWN, "unknown")         \
    A(DOUBLE_QUOTES, "double_quotes") A(CLAUSE_TOO_DEEP, "clause_too_deep")   \
    A(DB_REFERENCE, "db_reference") A(ERROR_FORMAT, "format")                 \
    A(NOT_EMPTY, "non_empty_list") A(STREAM, "stream") A(CONS, ".")

#define ATOM_ENUM(name, text) A_##name,
enum { ATOMS(ATOM_ENUM) A_COUNT };

#endif
