/* Functions over integers to x86-64 machine code.
 *
 * One pass over the tree: an expression leaves its value in rax, temporaries go on the machine stack, locals live in
 * the frame. The first argument is the runtime's native_state, kept in rbx. Whatever the generator does not know
 * makes it give up, and the function stays interpreted. The code holds no address but those of its callees, which
 * the library fills in, so that it can be kept in a file. */
#include "minirt.h"

#ifdef __x86_64__

#include <stdlib.h>
#include <string.h>

#define MAX_CODE (64 << 10)
#define MAX_SLOTS 256
#define MAX_CALLS 256
#define MAX_JUMPS 256

typedef struct {
    runtime *rt;
    decl *fn;
    bool gave_up;
    uint32_t len;
    int depth;                    /* 8-byte temporaries on the stack, for its alignment at calls */
    uint8_t types[MAX_SLOTS];
    uint32_t epilogue_jumps[MAX_JUMPS], break_jumps[MAX_JUMPS], continue_jumps[MAX_JUMPS];
    int epilogue_count, break_count, continue_count, loop_breaks, loop_continues;
    uint32_t call_count;
    native_call calls[MAX_CALLS]; /* symbols borrowed from the declarations */
    uint8_t code[MAX_CODE];
} generator;

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

static type gen(generator *, const node *);
static void gen_block(generator *, const node *);

/* ---- bytes ---- */

static void give_up(generator *g) { g->gave_up = true; }

static void bytes(generator *g, const void *data, size_t len) {
    if (g->len + len > MAX_CODE) give_up(g);
    if (g->gave_up) return;
    memcpy(g->code + g->len, data, len);
    g->len += (uint32_t)len;
}

#define EMIT(g, ...) bytes(g, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void emit32(generator *g, int32_t v) { bytes(g, &v, sizeof v); }
static void emit64(generator *g, int64_t v) { bytes(g, &v, sizeof v); }

/* A jump whose target is not known yet: the address of its 4-byte distance. */
static uint32_t jump(generator *g) {
    EMIT(g, 0xe9);
    emit32(g, 0);
    return g->len - 4;
}

static uint32_t jump_if(generator *g, uint8_t condition) {
    EMIT(g, 0x0f, (uint8_t)(0x80 | condition));
    emit32(g, 0);
    return g->len - 4;
}

enum { IF_ZERO = 4, IF_NOT_ZERO = 5, IF_ABOVE_EQUAL = 3, IF_GREATER_EQUAL = 13 };

static void land_at(generator *g, uint32_t jump_at, uint32_t target) {
    int32_t distance = (int32_t)(target - jump_at - 4);
    if (!g->gave_up) memcpy(g->code + jump_at, &distance, sizeof distance);
}

static void land(generator *g, uint32_t jump_at) { land_at(g, jump_at, g->len); }

static void keep_jump(generator *g, uint32_t *list, int *count, uint32_t at) {
    if (*count == MAX_JUMPS) give_up(g);
    else list[(*count)++] = at;
}

static void push_rax(generator *g) {
    EMIT(g, 0x50);
    g->depth++;
}

static void pop(generator *g, int reg) {
    EMIT(g, (uint8_t)(0x58 + reg));
    g->depth--;
}

/* mov reg, [rbp - ...] and back: below rbp lies the saved rbx, then the slots. */
static void slot_move(generator *g, uint8_t opcode, int reg, int slot) {
    EMIT(g, 0x48, opcode, (uint8_t)(0x85 | reg << 3));
    emit32(g, -16 - 8 * slot);
}

static void load_slot(generator *g, int reg, int slot) { slot_move(g, 0x8b, reg, slot); }
static void store_slot(generator *g, int reg, int slot) { slot_move(g, 0x89, reg, slot); }

static void load_constant(generator *g, int reg, int64_t v) {
    if (v >= INT32_MIN && v <= INT32_MAX) {
        EMIT(g, 0x48, 0xc7, (uint8_t)(0xc0 | reg));
        emit32(g, (int32_t)v);
    } else {
        EMIT(g, 0x48, (uint8_t)(0xb8 | reg));
        emit64(g, v);
    }
}

static void leave_function(generator *g) { keep_jump(g, g->epilogue_jumps, &g->epilogue_count, jump(g)); }

static void store_state(generator *g, size_t offset, int32_t v) {
    EMIT(g, 0xc7, 0x43, (uint8_t)offset);                                     /* mov dword [rbx + offset], v */
    emit32(g, v);
}

/* Notes in which line and at which instruction something went wrong, and returns. */
static void gen_place(generator *g, int line) {
    store_state(g, offsetof(native_state, line), line);
    EMIT(g, 0x48, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff);                        /* lea rax, [this instruction] */
    EMIT(g, 0x48, 0x89, 0x43, (uint8_t)offsetof(native_state, pc));
    EMIT(g, 0x31, 0xc0);                                                      /* xor eax, eax */
    leave_function(g);
}

static void gen_failure(generator *g, native_error error, int line) {
    store_state(g, offsetof(native_state, error), (int32_t)error);
    gen_place(g, line);
}

/* ---- expressions ---- */

static type want(generator *g, const node *n, type wanted) {
    if (gen(g, n) != wanted) give_up(g);
    return wanted;
}

/* rax / rcx or rax % rcx: by zero it fails, by -1 it negates (the processor would trap on the least integer). */
static void gen_division(generator *g, bool rest, int line) {
    EMIT(g, 0x48, 0x85, 0xc9);                                                /* test rcx, rcx */
    uint32_t fine = jump_if(g, IF_NOT_ZERO);
    gen_failure(g, NATIVE_DIVISION, line);
    land(g, fine);
    EMIT(g, 0x48, 0x83, 0xf9, 0xff);                                          /* cmp rcx, -1 */
    uint32_t usual = jump_if(g, IF_NOT_ZERO);
    if (rest) EMIT(g, 0x31, 0xc0);                                            /* xor eax, eax */
    else EMIT(g, 0x48, 0xf7, 0xd8);                                           /* neg rax */
    uint32_t done = jump(g);
    land(g, usual);
    EMIT(g, 0x48, 0x99, 0x48, 0xf7, 0xf9);                                    /* cqo; idiv rcx */
    if (rest) EMIT(g, 0x48, 0x89, 0xd0);                                      /* mov rax, rdx */
    land(g, done);
}

static type gen_compare(generator *g, uint8_t set) {
    EMIT(g, 0x48, 0x39, 0xc8, 0x0f, set, 0xc0, 0x0f, 0xb6, 0xc0);             /* cmp rax, rcx; setcc al; movzx */
    return TYPE_BOOL;
}

/* Both operands: rax and rcx. A constant or local on the right needs no temporary. */
static type gen_operands(generator *g, const node *n) {
    type left = gen(g, n->a), right;
    if (n->b->kind == N_CONST && n->b->constant.kind == V_INT) {
        load_constant(g, RCX, n->b->constant.as.i);
        right = TYPE_INT;
    } else if (n->b->kind == N_LOCAL) {
        load_slot(g, RCX, n->b->slot);
        right = (type)g->types[n->b->slot];
    } else {
        push_rax(g);
        right = gen(g, n->b);
        EMIT(g, 0x48, 0x89, 0xc1);                                            /* mov rcx, rax */
        pop(g, RAX);
    }
    if (left != right) give_up(g);
    return left;
}

static type gen_binary(generator *g, const node *n) {
    type operands = gen_operands(g, n);
    if (n->op == T_EQ) return gen_compare(g, 0x94);
    if (n->op == T_NE) return gen_compare(g, 0x95);
    if (operands != TYPE_INT) give_up(g);
    switch (n->op) {
    case T_PLUS: EMIT(g, 0x48, 0x01, 0xc8); return TYPE_INT;
    case T_MINUS: EMIT(g, 0x48, 0x29, 0xc8); return TYPE_INT;
    case T_STAR: EMIT(g, 0x48, 0x0f, 0xaf, 0xc1); return TYPE_INT;
    case T_SLASH: gen_division(g, false, n->line); return TYPE_INT;
    case T_PERCENT: gen_division(g, true, n->line); return TYPE_INT;
    case T_LT: return gen_compare(g, 0x9c);
    case T_LE: return gen_compare(g, 0x9e);
    case T_GT: return gen_compare(g, 0x9f);
    default: return gen_compare(g, 0x9d);
    }
}

static type gen_logic(generator *g, const node *n) {
    want(g, n->a, TYPE_BOOL);
    EMIT(g, 0x48, 0x85, 0xc0);                                                /* test rax, rax */
    uint32_t decided = jump_if(g, n->kind == N_AND ? IF_ZERO : IF_NOT_ZERO);
    want(g, n->b, TYPE_BOOL);
    land(g, decided);
    return TYPE_BOOL;
}

/* After a call: an error goes on up. One without a line is that the stack is used up, and happened here. */
static void gen_check(generator *g, int line) {
    EMIT(g, 0x83, 0x7b, (uint8_t)offsetof(native_state, error), 0x00);        /* cmp dword [rbx + ...], 0 */
    uint32_t fine = jump_if(g, IF_ZERO);
    EMIT(g, 0x83, 0x7b, (uint8_t)offsetof(native_state, line), 0x00);
    keep_jump(g, g->epilogue_jumps, &g->epilogue_count, jump_if(g, IF_NOT_ZERO));
    gen_place(g, line);
    land(g, fine);
}

/* Arguments are pushed in order and popped into their registers; the stack is aligned below them. */
static type gen_call(generator *g, const node *n) {
    static const uint8_t pops[JIT_MAX_PARAMETERS][2] = { { 0x5e }, { 0x5a }, { 0x59 }, { 0x41, 0x58 }, { 0x41, 0x59 } };
    decl *callee = n->a->kind == N_NAME ? resolve_function(g->rt, g->fn->module, n->a->name) : NULL;
    if (!callee || !callee->symbol || !jit_signature(callee) || callee->field_count != n->slot ||
        callee->module->staged || g->call_count == MAX_CALLS) {
        give_up(g);
        return TYPE_INT;
    }
    bool pad = g->depth % 2 != 0;
    if (pad) {
        EMIT(g, 0x48, 0x83, 0xec, 0x08);                                      /* sub rsp, 8 */
        g->depth++;
    }
    for (const node *arg = n->b; arg; arg = arg->next) {
        want(g, arg, TYPE_INT);
        push_rax(g);
    }
    for (int k = n->slot; k-- > 0; g->depth--) bytes(g, pops[k], k < 3 ? 1 : 2);
    EMIT(g, 0x48, 0x89, 0xdf, 0x48, 0xb8);                                    /* mov rdi, rbx; mov rax, callee */
    g->calls[g->call_count++] = (native_call){ g->len, (uint8_t)n->slot, (uint8_t)callee->returns, callee->symbol, 0 };
    emit64(g, 0);
    EMIT(g, 0xff, 0xd0);                                                      /* call rax */
    if (pad) {
        EMIT(g, 0x48, 0x83, 0xc4, 0x08);
        g->depth--;
    }
    gen_check(g, n->line);
    return callee->returns;
}

static type gen(generator *g, const node *n) {
    if (g->gave_up) return TYPE_INT;
    switch ((node_kind)n->kind) {
    case N_CONST:
        if (n->constant.kind != V_INT && n->constant.kind != V_BOOL) give_up(g);
        load_constant(g, RAX, n->constant.as.i);
        return n->constant.kind == V_BOOL ? TYPE_BOOL : TYPE_INT;
    case N_LOCAL: load_slot(g, RAX, n->slot); return (type)g->types[n->slot];
    case N_BINARY: return gen_binary(g, n);
    case N_AND: case N_OR: return gen_logic(g, n);
    case N_NEGATE:
        want(g, n->a, TYPE_INT);
        EMIT(g, 0x48, 0xf7, 0xd8);                                            /* neg rax */
        return TYPE_INT;
    case N_NOT:
        want(g, n->a, TYPE_BOOL);
        EMIT(g, 0x83, 0xf0, 0x01);                                            /* xor eax, 1 */
        return TYPE_BOOL;
    case N_CALL: return gen_call(g, n);
    default: give_up(g); return TYPE_INT;
    }
}

/* ---- statements ---- */

static void gen_assign(generator *g, const node *n) {
    if (n->a->kind != N_LOCAL) {
        give_up(g);
        return;
    }
    want(g, n->b, (type)g->types[n->a->slot]);
    store_slot(g, RAX, n->a->slot);
}

static uint32_t gen_condition(generator *g, const node *n) {
    want(g, n, TYPE_BOOL);
    EMIT(g, 0x48, 0x85, 0xc0);
    return jump_if(g, IF_ZERO);
}

static void gen_if(generator *g, const node *n) {
    uint32_t otherwise = gen_condition(g, n->a);
    gen_block(g, n->b);
    if (!n->c) {
        land(g, otherwise);
        return;
    }
    uint32_t done = jump(g);
    land(g, otherwise);
    gen_block(g, n->c);
    land(g, done);
}

typedef struct {
    int breaks, continues;
} loop;

static loop open_loop(generator *g) { return (loop){ g->break_count, g->continue_count }; }

static void land_continues(generator *g, loop l) {
    while (g->continue_count > l.continues) land(g, g->continue_jumps[--g->continue_count]);
}

static void land_breaks(generator *g, loop l) {
    while (g->break_count > l.breaks) land(g, g->break_jumps[--g->break_count]);
}

static void gen_while(generator *g, const node *n) {
    loop l = open_loop(g);
    uint32_t top = g->len, done = gen_condition(g, n->a);
    gen_block(g, n->b);
    land_continues(g, l);
    land_at(g, jump(g), top);
    land(g, done);
    land_breaks(g, l);
}

/* The counter is the loop's own variable, which a program cannot assign; the slot after it holds the end. */
static void gen_for(generator *g, const node *n) {
    if (!n->c) {
        give_up(g);
        return;
    }
    loop l = open_loop(g);
    want(g, n->a, TYPE_INT);
    store_slot(g, RAX, n->slot);
    want(g, n->c, TYPE_INT);
    store_slot(g, RAX, n->slot + 1);
    g->types[n->slot] = TYPE_INT;
    uint32_t top = g->len;
    load_slot(g, RAX, n->slot);
    load_slot(g, RCX, n->slot + 1);
    EMIT(g, 0x48, 0x39, 0xc8);                                                /* cmp rax, rcx */
    uint32_t done = jump_if(g, IF_GREATER_EQUAL);
    gen_block(g, n->b);
    land_continues(g, l);
    load_slot(g, RAX, n->slot);
    EMIT(g, 0x48, 0xff, 0xc0);                                                /* inc rax */
    store_slot(g, RAX, n->slot);
    land_at(g, jump(g), top);
    land(g, done);
    land_breaks(g, l);
}

static void gen_statement(generator *g, const node *n) {
    switch ((node_kind)n->kind) {
    case N_LET:
        g->types[n->slot] = (uint8_t)gen(g, n->a);
        store_slot(g, RAX, n->slot);
        break;
    case N_ASSIGN: gen_assign(g, n); break;
    case N_EXPR: gen(g, n->a); break;
    case N_IF: gen_if(g, n); break;
    case N_WHILE: gen_while(g, n); break;
    case N_FOR: gen_for(g, n); break;
    case N_BREAK: keep_jump(g, g->break_jumps, &g->break_count, jump(g)); break;
    case N_CONTINUE: keep_jump(g, g->continue_jumps, &g->continue_count, jump(g)); break;
    case N_RETURN:
        if (!n->a) give_up(g);
        else want(g, n->a, g->fn->returns);
        leave_function(g);
        break;
    case N_BLOCK: gen_block(g, n); break;
    default: give_up(g);
    }
}

static void gen_block(generator *g, const node *n) {
    if (n->kind != N_BLOCK) gen_statement(g, n);
    else
        for (const node *s = n->a; s && !g->gave_up; s = s->next) gen_statement(g, s);
}

/* Room for the slots, a check that the stack is not used up, and the arguments to their slots. */
static void gen_prologue(generator *g) {
    static const uint8_t moves[JIT_MAX_PARAMETERS][3] = {
        { 0x48, 0x89, 0xb5 }, { 0x48, 0x89, 0x95 }, { 0x48, 0x89, 0x8d }, { 0x4c, 0x89, 0x85 }, { 0x4c, 0x89, 0x8d }
    };
    int32_t room = 8 + 8 * (g->fn->slot_count + g->fn->slot_count % 2);
    EMIT(g, 0x55, 0x48, 0x89, 0xe5, 0x53);                                    /* push rbp; mov rbp, rsp; push rbx */
    EMIT(g, 0x48, 0x81, 0xec);                                                /* sub rsp, room */
    emit32(g, room);
    EMIT(g, 0x48, 0x89, 0xfb);                                                /* mov rbx, rdi */
    EMIT(g, 0x48, 0x3b, 0x63, (uint8_t)offsetof(native_state, stack_limit));  /* cmp rsp, [rbx + ...] */
    uint32_t fine = jump_if(g, IF_ABOVE_EQUAL);
    store_state(g, offsetof(native_state, error), NATIVE_STACK);
    store_state(g, offsetof(native_state, line), 0);
    leave_function(g);
    land(g, fine);
    for (int k = 0; k < g->fn->field_count; k++) {
        bytes(g, moves[k], 3);
        emit32(g, -16 - 8 * k);
        g->types[k] = TYPE_INT;
    }
}

static void gen_function(generator *g) {
    gen_prologue(g);
    gen_block(g, g->fn->body);
    gen_failure(g, NATIVE_NO_RETURN, g->fn->line);
    while (g->epilogue_count > 0) land(g, g->epilogue_jumps[--g->epilogue_count]);
    EMIT(g, 0x48, 0x8b, 0x5d, 0xf8, 0xc9, 0xc3);                              /* mov rbx, [rbp-8]; leave; ret */
}

static native_code *finish(const generator *g) {
    native_code *code = jit_code_new(g->fn->name, strlen(g->fn->name), g->code, g->len, g->call_count);
    for (uint32_t k = 0; code && k < g->call_count; k++) {
        code->calls[k] = g->calls[k];
        size_t size = strlen(g->calls[k].symbol) + 1;
        if ((code->calls[k].symbol = malloc(size))) {
            memcpy(code->calls[k].symbol, g->calls[k].symbol, size);
        } else {
            code->call_count = k;
            jit_code_free(code);
            return NULL;
        }
    }
    return code;
}

bool jit_available(void) { return true; }

/* The function's code, for the caller to free; NULL if it is not one for native code. */
native_code *jit_compile(runtime *rt, decl *d) {
    if (!jit_signature(d) || d->slot_count + 1 >= MAX_SLOTS) return NULL;
    generator *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    g->rt = rt;
    g->fn = d;
    gen_function(g);
    native_code *code = g->gave_up ? NULL : finish(g);
    free(g);
    return code;
}

#endif
