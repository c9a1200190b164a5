/* Integers of 61 bits: is/2 and comparison. */
#include "prolog.h"

#include <stdlib.h>

enum { N_ADD = 1, N_SUB, N_MUL, N_DIVIDE, N_IDIV, N_MOD, N_REM, N_DIV, N_MIN,
       N_MAX, N_SHL, N_SHR, N_AND, N_OR, N_XOR, N_POWER, N_GCD, N_NEG, N_POS,
       N_ABS, N_SIGN, N_INVERT, N_MSB };

static const struct function {
    atom name;
    uint32_t arity;
    word code;
} functions[] = {
    { A_PLUS, 2, N_ADD }, { A_MINUS, 2, N_SUB }, { A_TIMES, 2, N_MUL },
    { A_SLASH, 2, N_DIVIDE }, { A_IDIV, 2, N_IDIV }, { A_MOD, 2, N_MOD },
    { A_REM, 2, N_REM }, { A_DIV, 2, N_DIV }, { A_MIN, 2, N_MIN },
    { A_MAX, 2, N_MAX }, { A_SHL, 2, N_SHL }, { A_SHR, 2, N_SHR },
    { A_AND, 2, N_AND }, { A_OR, 2, N_OR }, { A_XOR, 2, N_XOR },
    { A_POWER, 2, N_POWER }, { A_POWER2, 2, N_POWER }, { A_GCD, 2, N_GCD },
    { A_MINUS, 1, N_NEG }, { A_PLUS, 1, N_POS }, { A_ABS, 1, N_ABS },
    { A_SIGN, 1, N_SIGN }, { A_INVERT, 1, N_INVERT }, { A_MSB, 1, N_MSB },
};

bool is_arithmetic(atom name, uint32_t arity, word *code)
{
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        if (functions[k].name != name || functions[k].arity != arity)
            continue;
        *code = functions[k].code;
        return true;
    }
    return false;
}

static bool in_range(int64_t n)
{
    return n >= INT_MIN61 && n <= INT_MAX61;
}

/* False where the product has more than 61 bits. */
static bool multiply(int64_t a, int64_t b, int64_t *out)
{
    *out = 0;
    if (a == 0 || b == 0) return true;
    int64_t most = (a > 0) == (b > 0) ? INT_MAX61 : INT_MIN61;
    if (a > 0 ? (b > 0 ? a > most / b : b < most / a)
              : (b > 0 ? a < most / b : b < most / a))
        return false;
    *out = a * b;
    return true;
}

static bool power(int64_t a, int64_t n, int64_t *out)
{
    *out = 1;
    if (a == 1 || a == 0 || a == -1) {
        *out = a == 1 || n == 0 ? 1 : a == 0 ? 0 : n % 2 ? -1 : 1;
        return true;
    }
    for (; n > 0; n--)
        if (!multiply(*out, a, out)) return false;
    return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a < 0 ? -a : a;
}

/* 0, or the atom that says why there is no result; the code of a culprit's
 * type goes into *type. */
static atom divide(word code, int64_t a, int64_t b, int64_t *out)
{
    if (b == 0) return A_ZERO;
    switch (code) {
    case N_DIVIDE:
        *out = a / b;
        return a % b ? A_UNDEFINED : 0;
    case N_IDIV: *out = a / b; break;
    case N_REM: *out = a % b; break;
    case N_MOD: *out = a - floor_div(a, b) * b; break;
    default: *out = floor_div(a, b);
    }
    return 0;
}

static atom shift(int64_t a, int64_t n, int64_t *out)
{
    if (n < -60) n = -60;
    if (n <= 0) {
        *out = a < 0 ? ~(~a >> -n) : a >> -n;
    } else {
        if (a != 0 && n > 60) return A_OVERFLOW;
        if (n > 60) n = 0;
        if (a > INT_MAX61 >> n || a < -(INT_MAX61 >> n)) return A_OVERFLOW;
        *out = a * ((int64_t)1 << n);
    }
    return 0;
}

static atom binary(word code, int64_t a, int64_t b, int64_t *out)
{
    switch (code) {
    case N_ADD: *out = a + b; break;
    case N_SUB: *out = a - b; break;
    case N_MUL: return multiply(a, b, out) ? 0 : A_OVERFLOW;
    case N_DIVIDE: case N_IDIV: case N_MOD: case N_REM: case N_DIV:
        return divide(code, a, b, out);
    case N_MIN: *out = a < b ? a : b; break;
    case N_MAX: *out = a > b ? a : b; break;
    case N_SHL: return shift(a, b, out);
    case N_SHR: return shift(a, -b, out);
    case N_AND: *out = a & b; break;
    case N_OR: *out = a | b; break;
    case N_XOR: *out = a ^ b; break;
    case N_GCD: *out = gcd(a, b); break;
    default:
        if (b < 0 && a != 1 && a != -1) return A_UNDEFINED;
        return power(a, b < 0 ? -b : b, out) ? 0 : A_OVERFLOW;
    }
    return 0;
}

static atom unary(word code, int64_t a, int64_t *out)
{
    switch (code) {
    case N_NEG: *out = -a; break;
    case N_ABS: *out = a < 0 ? -a : a; break;
    case N_SIGN: *out = a < 0 ? -1 : a > 0; break;
    case N_INVERT: *out = ~a; break;
    case N_MSB:
        if (a <= 0) return A_UNDEFINED;
        for (*out = 0; a >>= 1;) ++*out;
        break;
    default: *out = a;
    }
    return 0;
}

/* 0, or why not. */
static atom apply(word code, int64_t *top)
{
    atom wrong = code < N_NEG ? binary(code, top[-1], top[0], &top[-1])
                              : unary(code, top[0], &top[0]);
    if (wrong) return wrong;
    return in_range(code < N_NEG ? top[-1] : top[0]) ? 0 : A_OVERFLOW;
}

/* On the machine's stack of numbers; false with an error raised. */
bool compute(machine *m, word code)
{
    atom wrong = apply(code, &m->numbers[m->number_count - 1]);
    if (code < N_NEG) m->number_count--;
    if (!wrong) return true;
    m->wam.x_count = 0;
    evaluation_error(m, wrong);
    return false;
}

int compare_code(atom name)
{
    switch (name) {
    case A_NUM_EQ: case A_SAME: return 0;
    case A_NUM_NE: case A_NOT_SAME: return 1;
    case A_NUM_LT: case A_BEFORE: return 2;
    case A_NUM_LE: case A_NOT_AFTER: return 3;
    case A_NUM_GT: case A_AFTER: return 4;
    case A_NUM_GE: case A_NOT_BEFORE: return 5;
    default: return -1;
    }
}

bool compare_numbers(int64_t a, int64_t b, int code)
{
    switch (code) {
    case 0: return a == b;
    case 1: return a != b;
    case 2: return a < b;
    case 3: return a <= b;
    case 4: return a > b;
    default: return a >= b;
    }
}

/* ---- terms as expressions, with a stack: operands wait in m->work, and
 * an operation whose operands are computed is a header, which no term is */

static outcome not_evaluable(machine *m, functor f, cell c)
{
    if (!IS_CON(c) && !f.arity) return type_error(m, A_EVALUABLE, c);
    if (!reserve(m, 8)) return resource_error(m, "heap");
    return type_error(m, A_EVALUABLE, indicator(m, f.name, f.arity));
}

static outcome leaf(machine *m, cell c, cells *values)
{
    functor f = functor_of(m, c);
    if (IS_REF(c)) return instantiation_error(m);
    if (IS_LIS(c) && argument(m, f, 1) == CON(A_NIL)) { /* [X] */
        push(&m->work, argument(m, f, 0));
        return DONE;
    }
    if (IS_CON(c)) {
        f.name = lifecycle_con_atom(c);
        const char *name = atom_text(m, f.name, NULL);
        if (f.name == A_MAX || f.name == A_MIN) name = "";
        if (name[0] == 'm' && intern_z(m, "max_tagged_integer") == f.name) {
            push(values, (cell)INT_MAX61);
            return DONE;
        }
        if (name[0] == 'r' && intern_z(m, "random") == f.name) {
            push(values, (cell)(rand() & 0xffff));
            return DONE;
        }
    }
    return not_evaluable(m, f, c);
}

static outcome step(machine *m, cell c, cells *values)
{
    word code;
    if (TAG(c) == LIFECYCLE_TAG_FUN) {
        int64_t top[2] = { 0, 0 };
        code = lifecycle_fun_atom(c);
        top[1] = (int64_t)values->at[--values->count];
        if (code < N_NEG) top[0] = (int64_t)values->at[--values->count];
        atom wrong = apply(code, &top[1]);
        if (wrong) return evaluation_error(m, wrong);
        push(values, (cell)(code < N_NEG ? top[0] : top[1]));
        return DONE;
    }
    c = deref(m, c);
    functor f = functor_of(m, c);
    if (IS_INT(c)) {
        push(values, (cell)lifecycle_int_value(c));
    } else if (f.arity && is_arithmetic(f.name, f.arity, &code)) {
        push(&m->work, lifecycle_make_fun(code, 0));
        for (uint32_t k = f.arity; k-- > 0;)
            push(&m->work, heap_cells(m)[f.args + k]);
    } else {
        return leaf(m, c, values);
    }
    return DONE;
}

outcome evaluate(machine *m, cell c, int64_t *out)
{
    size_t base = m->work.count;
    cells values = { 0 };
    outcome o = DONE;
    push(&m->work, c);
    while (o == DONE && m->work.count > base)
        o = step(m, m->work.at[--m->work.count], &values);
    m->work.count = base;
    if (o == DONE) *out = (int64_t)values.at[0];
    free(values.at);
    return o;
}

static outcome is(machine *m, cell *x)
{
    int64_t n;
    if (evaluate(m, x[1], &n) == RAISED) return RAISED;
    return unify(m, x[0], INT(n));
}

static outcome compare_values(machine *m, const cell *x, atom name)
{
    int64_t a, b;
    if (evaluate(m, x[0], &a) == RAISED || evaluate(m, x[1], &b) == RAISED)
        return RAISED;
    return compare_numbers(a, b, compare_code(name));
}

#define COMPARISON(function, name)                                            \
    static outcome function(machine *m, cell *x)                              \
    {                                                                         \
        return compare_values(m, x, name);                                    \
    }
COMPARISON(num_eq, A_NUM_EQ)
COMPARISON(num_ne, A_NUM_NE)
COMPARISON(num_lt, A_NUM_LT)
COMPARISON(num_le, A_NUM_LE)
COMPARISON(num_gt, A_NUM_GT)
COMPARISON(num_ge, A_NUM_GE)

static outcome succ(machine *m, cell *x)
{
    int64_t n;
    bool known = !IS_REF(deref(m, x[0]));
    if (!get_int(m, x[!known], &n)) return RAISED;
    if (n < 0) return type_error(m, A_NOT_LESS, INT(n));
    if (known) return unify(m, x[1], INT(n + 1));
    return n > 0 ? unify(m, x[0], INT(n - 1)) : FAILED;
}

static outcome plus(machine *m, cell *x)
{
    int64_t a, b;
    if (IS_REF(deref(m, x[2])))
        return get_int(m, x[0], &a) && get_int(m, x[1], &b)
                   ? (outcome)unify(m, x[2], INT(a + b)) : RAISED;
    int known = IS_REF(deref(m, x[0])) ? 1 : 0;
    if (!get_int(m, x[known], &a) || !get_int(m, x[2], &b)) return RAISED;
    return unify(m, x[1 - known], INT(b - a));
}

const struct builtin_entry arithmetic_builtins[] = {
    { "is", 2, is },
    { "=:=", 2, num_eq },
    { "=\\=", 2, num_ne },
    { "<", 2, num_lt },
    { "=<", 2, num_le },
    { ">", 2, num_gt },
    { ">=", 2, num_ge },
    { "succ", 2, succ },
    { "plus", 3, plus },
    { NULL, 0, NULL }
};
