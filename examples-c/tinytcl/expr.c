/* Expressions: climbing by precedence over the text. The side of `&&`, `||`
 * and `?:` that does not count is skipped, as parse.c skips words. */
#include "tinytcl.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

typedef enum { IS_INT, IS_DOUBLE, IS_TEXT } operand_kind;

typedef struct operand {
    operand_kind kind;
    int64_t i;
    double d;
    value v; /* IS_TEXT: not known to be a number */
} operand;

typedef struct expression {
    tcl *t;
    cursor c;
    text whole;
} expression;

static int ternary(expression *, operand *);

static operand int_operand(int64_t i) { return (operand){ .i = i }; }

static operand double_operand(double d) {
    return (operand){ .kind = IS_DOUBLE, .d = d };
}

static value value_of(tcl *t, const operand *x) {
    if (x->kind == IS_INT) return lifecycle_int(t->interp, x->i);
    if (x->kind == IS_DOUBLE) return lifecycle_double(t->interp, x->d);
    return x->v;
}

/* Sees whether a text is a number; it is one from then on. */
static bool numeric(tcl *t, operand *x) {
    if (x->kind != IS_TEXT) return true;
    if (lifecycle_peek_int(t->interp, x->v, &x->i)) {
        x->kind = IS_INT;
    } else if (lifecycle_peek_double(t->interp, x->v, &x->d)) {
        x->kind = IS_DOUBLE;
    } else {
        text s = text_of(t, x->v);
        if (read_int(s, &x->i)) x->kind = IS_INT;
        else if (read_double(s, &x->d)) x->kind = IS_DOUBLE;
    }
    return x->kind != IS_TEXT;
}

static double as_double(const operand *x) {
    return x->kind == IS_INT ? (double)x->i : x->d;
}

/* ---- errors ---- */

static int arithmetic(tcl *t, const char *what, const char *message) {
    fail(t, "%s", message);
    value parts[3] = { new_text(t, literal("ARITH")),
                       new_text(t, literal(what)),
                       new_text(t, literal(message)) };
    t->error_code = lifecycle_list(t->interp, parts, 3);
    return TCL_ERROR;
}

static int overflow(tcl *t) {
    return arithmetic(t, "IOVERFLOW", "integer value too large to represent");
}

static int not_a_number(tcl *t, const operand *x, const char *op) {
    text s = text_of(t, value_of(t, x));
    return fail(t, "can't use %s as operand of \"%s\"",
                x->kind == IS_DOUBLE ? "floating-point value"
                : s.len == 0         ? "empty string"
                                     : "non-numeric string", op);
}

static int syntax(expression *e, const char *what) {
    const char *start = e->whole.at;
    return fail(e->t, "%s at _@_\nin expression \"%.*s_@_%.*s\"", what,
                (int)(e->c.at - start > 20 ? 20 : e->c.at - start),
                e->c.at - start > 20 ? e->c.at - 20 : start,
                (int)(e->c.end - e->c.at > 20 ? 20 : e->c.end - e->c.at),
                e->c.at);
}

/* ---- operators ---- */

typedef struct operator {
    const char *name;
    int strength;
} operator;

/* A longer one comes before its beginning. */
static const operator operators[] = {
    { "**", 13 }, { "*", 12 }, { "/", 12 }, { "%", 12 }, { "+", 11 },
    { "-", 11 }, { "<<", 10 }, { ">>", 10 }, { "<=", 9 }, { ">=", 9 },
    { "<", 9 }, { ">", 9 }, { "==", 8 }, { "!=", 8 }, { "eq", 7 },
    { "ne", 7 }, { "in", 6 }, { "ni", 6 }, { "&&", 2 }, { "&", 5 },
    { "^", 4 }, { "||", 1 }, { "|", 3 },
};

static bool is_op(const operator *op, const char *name) {
    return strcmp(op->name, name) == 0;
}

static int int_power(tcl *t, int64_t base, int64_t n, operand *out) {
    int64_t result = 1;
    if (n < 0) {
        if (base == 0)
            return arithmetic(t, "DOMAIN", "exponentiation of zero by "
                                           "negative power");
        *out = int_operand(base == 1 ? 1 : base != -1 ? 0 : n % 2 ? -1 : 1);
        return TCL_OK;
    }
    while (n > 0) {
        if (n & 1 && __builtin_mul_overflow(result, base, &result))
            return overflow(t);
        n >>= 1;
        if (n && __builtin_mul_overflow(base, base, &base))
            return overflow(t);
    }
    *out = int_operand(result);
    return TCL_OK;
}

static int divide(tcl *t, int64_t a, int64_t b, bool rest, operand *out) {
    if (b == 0) return arithmetic(t, "DIVZERO", "divide by zero");
    if (b == -1) {
        if (!rest && a == INT64_MIN) return overflow(t);
        *out = int_operand(rest ? 0 : -a);
        return TCL_OK;
    }
    int64_t quotient = a / b, remainder = a % b;
    if (remainder && (remainder < 0) != (b < 0)) quotient--, remainder += b;
    *out = int_operand(rest ? remainder : quotient);
    return TCL_OK;
}

static int shift(tcl *t, int64_t a, int64_t n, bool left, operand *out) {
    if (n < 0) return fail(t, "negative shift argument");
    if (!left) {
        *out = int_operand(n > 62 ? (a < 0 ? -1 : 0) : a >> n);
        return TCL_OK;
    }
    if (a && (n > 62 || a > INT64_MAX >> n || a < INT64_MIN >> n))
        return overflow(t);
    *out = int_operand(a ? (int64_t)((uint64_t)a << n) : 0);
    return TCL_OK;
}

static int on_ints(tcl *t, const operator *op, int64_t a, int64_t b,
                   operand *out) {
    int64_t n = 0;
    bool bad = false;
    switch (op->name[0]) {
    case '+': bad = __builtin_add_overflow(a, b, &n); break;
    case '-': bad = __builtin_sub_overflow(a, b, &n); break;
    case '*':
        if (op->name[1]) return int_power(t, a, b, out);
        bad = __builtin_mul_overflow(a, b, &n);
        break;
    case '/': return divide(t, a, b, false, out);
    case '%': return divide(t, a, b, true, out);
    case '<': return shift(t, a, b, true, out);
    case '>': return shift(t, a, b, false, out);
    case '&': n = a & b; break;
    case '|': n = a | b; break;
    default: n = a ^ b;
    }
    *out = int_operand(n);
    return bad ? overflow(t) : TCL_OK;
}

static int on_doubles(tcl *t, const operator *op, double a, double b,
                      operand *out) {
    double d;
    switch (op->name[0]) {
    case '+': d = a + b; break;
    case '-': d = a - b; break;
    case '/': d = a / b; break;
    default: d = op->name[1] ? pow(a, b) : a * b;
    }
    *out = double_operand(d);
    if (isnan(d))
        return arithmetic(t, "DOMAIN",
                          "domain error: argument not in valid range");
    return TCL_OK;
}

static int compute(tcl *t, const operator *op, operand *a, operand *b,
                   operand *out) {
    if (!numeric(t, a)) return not_a_number(t, a, op->name);
    if (!numeric(t, b)) return not_a_number(t, b, op->name);
    if (a->kind == IS_INT && b->kind == IS_INT)
        return on_ints(t, op, a->i, b->i, out);
    if (strchr("%<>&|^", op->name[0]))
        return not_a_number(t, a->kind == IS_DOUBLE ? a : b, op->name);
    return on_doubles(t, op, as_double(a), as_double(b), out);
}

/* Numbers compare as numbers, everything else by its bytes. */
static int compare(tcl *t, const operator *op, operand *a, operand *b,
                   operand *out) {
    int order;
    bool words = isalpha((unsigned char)op->name[0]);
    if (!words && numeric(t, a) && numeric(t, b)) {
        if (a->kind == IS_INT && b->kind == IS_INT)
            order = a->i < b->i ? -1 : a->i > b->i;
        else
            order = as_double(a) < as_double(b) ? -1
                                                : as_double(a) > as_double(b);
    } else {
        value x = value_of(t, a), y = value_of(t, b);
        if (!x || !y) return fail_library(t);
        order = lifecycle_string_compare(t->interp, x, y);
    }
    bool yes = op->name[0] == '<'   ? order < (op->name[1] ? 1 : 0)
               : op->name[0] == '>' ? order > (op->name[1] ? -1 : 0)
               : op->name[0] == '=' || op->name[0] == 'e' ? order == 0
                                                          : order != 0;
    *out = int_operand(yes);
    return TCL_OK;
}

static int contains(tcl *t, const operator *op, operand *a, operand *b,
                    operand *out) {
    value x = value_of(t, a), list = value_of(t, b);
    size_t n;
    bool in = false;
    if (!x || !list) return fail_library(t);
    int code = get_list(t, list, &n);
    for (size_t k = 0; !code && !in && k < n; k++)
        in = lifecycle_string_equal(t->interp, x,
                                    lifecycle_list_at(t->interp, list, k));
    *out = int_operand(in == is_op(op, "in"));
    return code;
}

static int apply(tcl *t, const operator *op, operand *a, operand *b,
                 operand *out) {
    if (op->strength == 6) return contains(t, op, a, b, out);
    if (op->strength >= 7 && op->strength <= 9)
        return compare(t, op, a, b, out);
    return compute(t, op, a, b, out);
}

static int truth(tcl *t, operand *x, bool *out) {
    if (x->kind == IS_INT) return *out = x->i != 0, TCL_OK;
    if (x->kind == IS_DOUBLE) return *out = x->d != 0, TCL_OK;
    return get_bool(t, x->v, out);
}

/* ---- functions ---- */

static int to_whole(tcl *t, double d, operand *out) {
    if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0))
        return overflow(t);
    *out = int_operand((int64_t)d);
    return TCL_OK;
}

typedef struct real_function {
    const char *name;
    double (*run)(double);
} real_function;

static const real_function reals[] = {
    { "acos", acos }, { "asin", asin }, { "atan", atan }, { "ceil", ceil },
    { "cos", cos }, { "cosh", cosh }, { "exp", exp }, { "floor", floor },
    { "log", log }, { "log10", log10 }, { "sin", sin }, { "sinh", sinh },
    { "sqrt", sqrt }, { "tan", tan }, { "tanh", tanh },
};

static int real_result(tcl *t, double d, operand *out) {
    *out = double_operand(d);
    return isnan(d) ? arithmetic(t, "DOMAIN", "domain error: argument not in "
                                              "valid range")
                    : TCL_OK;
}

static int pick(tcl *t, bool largest, operand *args, size_t n, operand *out) {
    *out = args[0];
    for (size_t k = 1; k < n; k++) {
        double a = as_double(out), b = as_double(&args[k]);
        bool less = out->kind == IS_INT && args[k].kind == IS_INT
                        ? args[k].i < out->i : b < a;
        bool more = out->kind == IS_INT && args[k].kind == IS_INT
                        ? args[k].i > out->i : b > a;
        if (largest ? more : less) *out = args[k];
    }
    (void)t;
    return TCL_OK;
}

/* Between 0 and 1: a state that steps by a multiplication. */
static double next_random(tcl *t) {
    t->random = t->random * 6364136223846793005u + 1442695040888963407u;
    return ((double)(t->random >> 11) + 0.5) / 9007199254740992.0;
}

static int function_of_one(tcl *t, text name, operand *x, operand *out) {
    double d = as_double(x);
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++)
        if (same(name, reals[k].name))
            return real_result(t, reals[k].run(d), out);
    *out = *x;
    if (same(name, "double")) return *out = double_operand(d), TCL_OK;
    if (same(name, "isnan")) return *out = int_operand(0), TCL_OK;
    if (same(name, "bool")) return *out = int_operand(d != 0), TCL_OK;
    if (same(name, "srand"))
        return t->random = (uint64_t)x->i,
               *out = double_operand(next_random(t)), TCL_OK;
    if (same(name, "abs")) {
        if (x->kind == IS_DOUBLE) return *out = double_operand(fabs(d)), 0;
        if (x->i == INT64_MIN) return overflow(t);
        return *out = int_operand(x->i < 0 ? -x->i : x->i), TCL_OK;
    }
    if (same(name, "isqrt")) {
        if (d < 0)
            return arithmetic(t, "DOMAIN", "square root of negative "
                                           "argument");
        int64_t r = (int64_t)sqrt(d);
        int64_t n = x->kind == IS_INT ? x->i : (int64_t)d;
        while (r > 0 && r > n / r) r--;
        while (r + 1 <= n / (r + 1)) r++;
        return *out = int_operand(r), TCL_OK;
    }
    if (same(name, "int") || same(name, "wide") || same(name, "entier"))
        return x->kind == IS_INT ? TCL_OK : to_whole(t, trunc(d), out);
    if (same(name, "round"))
        return x->kind == IS_INT ? TCL_OK : to_whole(t, round(d), out);
    return -1;
}

/* A procedure in ::tcl::mathfunc, which a program may define. */
static int call_procedure(tcl *t, text name, operand *args, size_t n,
                          operand *out) {
    value words[9];
    text full = join_name(t, literal("::tcl::mathfunc"), name);
    if (!find_command(t, full).kind)
        return fail(t, "invalid command name \"tcl::mathfunc::%.*s\"",
                    SHOW(name));
    words[0] = new_text(t, full);
    for (size_t k = 0; k < n; k++) words[k + 1] = value_of(t, &args[k]);
    for (size_t k = 0; k <= n; k++)
        if (!words[k]) return fail_library(t);
    int code = invoke(t, n + 1, words);
    *out = (operand){ .kind = IS_TEXT, .v = result_of(t) };
    return code;
}

static int function(tcl *t, text name, operand *args, size_t n,
                    operand *out) {
    static const char *const of_two[] = { "atan2", "fmod", "hypot", "pow" };
    bool numbers = true;
    for (size_t k = 0; k < n; k++) {
        bool yes;
        if (same(name, "bool") && !numeric(t, &args[k]) &&
            read_bool(text_of(t, args[k].v), &yes))
            args[k] = int_operand(yes);
        numbers = numeric(t, &args[k]) && numbers;
    }
    if (n == 0 && same(name, "rand"))
        return *out = double_operand(next_random(t)), TCL_OK;
    if (find_command(t, join_name(t, literal("::tcl::mathfunc"), name)).kind)
        return call_procedure(t, name, args, n, out);
    bool known = n == 1 && numbers;
    int code = known ? function_of_one(t, name, &args[0], out) : -1;
    if (code >= 0) return code;
    if (n && numbers && (same(name, "min") || same(name, "max")))
        return pick(t, name.at[1] == 'a', args, n, out);
    for (size_t k = 0; n == 2 && numbers && k < 4; k++) {
        double a = as_double(&args[0]), b = as_double(&args[1]);
        if (!same(name, of_two[k])) continue;
        return real_result(t, k == 0   ? atan2(a, b)
                              : k == 1 ? fmod(a, b)
                              : k == 2 ? hypot(a, b)
                                       : pow(a, b), out);
    }
    for (size_t k = 0; !numbers && k < n; k++)
        if (args[k].kind == IS_TEXT)
            return fail(t, "expected floating-point number but got \"%.*s\"",
                        SHOW(text_of(t, args[k].v)));
    return call_procedure(t, name, args, n, out);
}

/* ---- operands ---- */

static void skip_space(expression *e) {
    cursor *c = &e->c;
    while (c->at < c->end) {
        if (*c->at == '\\' && c->end - c->at > 1 && c->at[1] == '\n')
            c->at++;
        else if (!isspace((unsigned char)*c->at))
            return;
        if (*c->at == '\n') c->line++;
        c->at++;
    }
}

static bool at_char(expression *e, char ch) {
    skip_space(e);
    return e->c.at < e->c.end && *e->c.at == ch;
}

/* At the `(` after a function's name. */
static int parse_call(expression *e, text name, operand *out) {
    operand args[8] = { 0 };
    size_t n = 0;
    e->c.at++;
    while (!at_char(e, ')')) {
        if (n == 8) return fail(e->t, "too many arguments for math function "
                                      "\"%.*s\"", SHOW(name));
        int code = ternary(e, &args[n++]);
        if (code) return code;
        if (at_char(e, ',')) e->c.at++;
        else if (!at_char(e, ')')) return syntax(e, "missing close paren");
    }
    e->c.at++;
    return e->c.skip ? TCL_OK : function(e->t, name, args, n, out);
}

static int parse_word(expression *e, operand *out) {
    cursor *c = &e->c;
    text word = { c->at, 0 };
    bool yes;
    while (c->at < c->end &&
           (isalnum((unsigned char)*c->at) || *c->at == '_' || *c->at == ':'))
        c->at++, word.len++;
    if (at_char(e, '(')) return parse_call(e, word, out);
    double d;
    if (read_double(word, &d)) return *out = double_operand(d), TCL_OK;
    if (read_bool(word, &yes) && word.len > 1) {
        *out = (operand){ .kind = IS_TEXT, .v = new_text(e->t, word) };
        return out->v ? TCL_OK : fail_library(e->t);
    }
    return fail(e->t, "invalid bareword \"%.*s\"\nin expression \"%.*s\";\n"
                      "should be \"$%.*s\" or \"{%.*s}\" or \"%.*s(...)\" or "
                      "...", SHOW(word), SHOW(e->whole), SHOW(word),
                SHOW(word), SHOW(word));
}

static int parse_number(expression *e, operand *out) {
    cursor *c = &e->c;
    const char *start = c->at;
    while (c->at < c->end) {
        char ch = *c->at;
        bool sign = (ch == '-' || ch == '+') && c->at > start &&
                    (c->at[-1] == 'e' || c->at[-1] == 'E') &&
                    !(start[0] == '0' && c->at - start > 1 &&
                      (start[1] == 'x' || start[1] == 'X'));
        if (!isalnum((unsigned char)ch) && ch != '.' && !sign) break;
        c->at++;
    }
    text x = { start, (size_t)(c->at - start) };
    *out = (operand){ 0 };
    if (read_int(x, &out->i)) return TCL_OK;
    out->kind = IS_DOUBLE;
    bool whole = true;
    for (size_t k = 0; k < x.len; k++)
        whole = whole && isdigit((unsigned char)x.at[k]);
    if (whole) return overflow(e->t);
    if (read_double(x, &out->d)) return TCL_OK;
    return fail(e->t, "invalid number \"%.*s\" in expression \"%.*s\"",
                SHOW(x), SHOW(e->whole));
}

static int primary(expression *e, operand *out) {
    cursor *c = &e->c;
    tcl *t = e->t;
    skip_space(e);
    if (c->at == c->end) return syntax(e, "missing operand");
    int code;
    value v = LIFECYCLE_NIL;
    switch (*c->at) {
    case '(':
        c->at++;
        code = ternary(e, out);
        if (code) return code;
        if (!at_char(e, ')')) return fail(t, "unbalanced open paren\nin "
                                             "expression \"%.*s\"",
                                          SHOW(e->whole));
        c->at++;
        return TCL_OK;
    case '$': code = parse_dollar(t, c, &v); break;
    case '[': code = parse_command_substitution(t, c, &v); break;
    case '"': code = parse_quoted(t, c, &v); break;
    case '{': code = parse_braced(t, c, &v); break;
    default:
        if (isdigit((unsigned char)*c->at) || *c->at == '.')
            return parse_number(e, out);
        if (isalpha((unsigned char)*c->at) || *c->at == '_')
            return parse_word(e, out);
        return syntax(e, "missing operand");
    }
    *out = (operand){ .kind = IS_TEXT, .v = v };
    if (!code && !v && !c->skip) return syntax(e, "invalid character");
    return code;
}

static int unary(expression *e, operand *out) {
    tcl *t = e->t;
    *out = (operand){ 0 };
    skip_space(e);
    char op = e->c.at < e->c.end ? *e->c.at : '\0';
    if (stack_used_up(t))
        return fail(t, "too many nested evaluations (infinite loop?)");
    if (op != '-' && op != '+' && op != '!' && op != '~')
        return primary(e, out);
    e->c.at++;
    int code = unary(e, out);
    if (code || e->c.skip) return code;
    char name[2] = { op, '\0' };
    bool yes;
    if (op == '!') {
        if (!numeric(t, out) && !read_bool(text_of(t, out->v), &yes))
            return not_a_number(t, out, name);
        code = truth(t, out, &yes);
        *out = int_operand(!yes);
        return code;
    }
    if (!numeric(t, out) || (op == '~' && out->kind != IS_INT))
        return not_a_number(t, out, name);
    if (op == '~') out->i = ~out->i;
    if (op != '-') return TCL_OK;
    if (out->kind == IS_INT && out->i == INT64_MIN) return overflow(t);
    out->i = out->kind == IS_INT ? -out->i : 0;
    out->d = -out->d;
    return TCL_OK;
}

/* ---- the climb ---- */

static const operator *next_operator(expression *e) {
    skip_space(e);
    size_t left = (size_t)(e->c.end - e->c.at);
    for (size_t k = 0; k < sizeof operators / sizeof *operators; k++) {
        size_t len = strlen(operators[k].name);
        if (len > left || memcmp(e->c.at, operators[k].name, len) != 0)
            continue;
        if (isalpha((unsigned char)*e->c.at) && left > len &&
            (isalnum((unsigned char)e->c.at[len]) || e->c.at[len] == '_'))
            continue;
        return &operators[k];
    }
    return NULL;
}

static int binary(expression *e, int least, operand *out);

/* `&&` and `||`: the right side only when the left does not decide. */
static int shortcut(expression *e, const operator *op, operand *left) {
    bool skip = e->c.skip, yes = false, both = is_op(op, "&&");
    operand right = { 0 };
    int code = skip ? TCL_OK : truth(e->t, left, &yes);
    bool decided = yes != both;
    e->c.skip = skip || decided;
    if (!code) code = binary(e, op->strength + 1, &right);
    e->c.skip = skip;
    if (code || skip) return code;
    if (!decided) code = truth(e->t, &right, &yes);
    *left = int_operand(yes);
    return code;
}

static int binary(expression *e, int least, operand *out) {
    int code = unary(e, out);
    const operator *op;
    while (!code && (op = next_operator(e)) && op->strength >= least) {
        e->c.at += strlen(op->name);
        if (op->strength <= 2) {
            code = shortcut(e, op, out);
            continue;
        }
        operand right = { 0 }, left = *out;
        code = binary(e, op->strength + !is_op(op, "**"), &right);
        if (!code && !e->c.skip) code = apply(e->t, op, &left, &right, out);
    }
    return code;
}

static int ternary(expression *e, operand *out) {
    if (stack_used_up(e->t))
        return fail(e->t, "too many nested evaluations (infinite loop?)");
    int code = binary(e, 1, out);
    if (code || !at_char(e, '?')) return code;
    bool skip = e->c.skip, yes = false;
    operand one = { 0 }, other = { 0 };
    if (!skip) code = truth(e->t, out, &yes);
    if (code) return code;
    e->c.at++;
    e->c.skip = skip || !yes;
    code = ternary(e, &one);
    if (!code && !at_char(e, ':'))
        code = syntax(e, "missing operator \":\"");
    if (!code) {
        e->c.at++;
        e->c.skip = skip || yes;
        code = ternary(e, &other);
    }
    e->c.skip = skip;
    *out = yes ? one : other;
    return code;
}

static int evaluate(tcl *t, text x, operand *out) {
    expression e = { t, { x.at, x.at + x.len, 1, false }, x };
    int code = ternary(&e, out);
    if (code) return code;
    skip_space(&e);
    if (e.c.at < e.c.end)
        return *e.c.at == ')'
                   ? fail(t, "unbalanced close paren\nin expression \"%.*s\"",
                          SHOW(x))
                   : syntax(&e, "missing operator");
    return TCL_OK;
}

int expr_text(tcl *t, text x) {
    operand out = { 0 };
    int code = evaluate(t, x, &out);
    if (code) return code;
    numeric(t, &out);
    return ok(t, value_of(t, &out));
}

int expr_bool(tcl *t, value v, bool *out) {
    operand x = { 0 };
    *out = false;
    int code = evaluate(t, text_of(t, v), &x);
    return code ? code : truth(t, &x, out);
}
