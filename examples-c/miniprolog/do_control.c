/* Instructions of control, tests and numbers. */
#include "instructions.h"

const word *do_ALLOCATE(machine *m, const word *pc)
{
    void *at;
    if (!stack_room(m, sizeof(lifecycle_frame) + pc[1] * sizeof(cell), &at))
        return raised(m, resource_error(m, "local_stack"));
    lifecycle_frame_init(at, m->wam.e, m->wam.code, (uint32_t)pc[1]);
    m->wam.e = at;
    /* no slot is alive until a call or RESERVE says so */
    m->wam.code = m->nowhere;
    return pc + 2;
}

const word *do_DEALLOCATE(machine *m, const word *pc)
{
    lifecycle_frame *e = m->wam.e;
    m->wam.e = e->prev;
    m->wam.code = e->code;
    return pc + 1;
}

/* Where code goes on behind the slots that are alive; see emit_site. */
static const word *behind_site(const word *n)
{
    return n + *n + 3;
}

const word *do_CALL(machine *m, const word *pc)
{
    m->wam.code = behind_site(pc + 2);
    return enter(m, (pred *)(uintptr_t)pc[1]);
}

const word *do_EXECUTE(machine *m, const word *pc)
{
    return enter(m, (pred *)(uintptr_t)pc[1]);
}

const word *do_NEXT(machine *m, const word *pc)
{
    (void)pc;
    return enter(m, m->next);
}

const word *do_PROCEED(machine *m, const word *pc)
{
    (void)pc;
    return m->wam.code;
}

/* A safepoint between two calls: everything is in the environment. */
const word *do_RESERVE(machine *m, const word *pc)
{
    lifecycle_heap *heap = m->heap;
    m->wam.code = behind_site(pc + 2);
    m->wam.x_count = 0;
    lifecycle_heap_safepoint(heap);
    if (heap->limit - heap->cursor < pc[1] && !reserve(m, pc[1]))
        return no_heap(m);
    return m->wam.code;
}

const word *do_LEVEL(machine *m, const word *pc)
{
    *reg(m, pc[1]) = level_cell(m, m->b0);
    return pc + 2;
}

const word *do_MARK(machine *m, const word *pc)
{
    *reg(m, pc[1]) = level_cell(m, m->wam.b);
    return pc + 2;
}

const word *do_CUT(machine *m, const word *pc)
{
    cut_to(m, level_choice(m, *reg(m, pc[1])));
    return pc + 2;
}

const word *do_CUT_NECK(machine *m, const word *pc)
{
    cut_to(m, m->b0);
    return pc + 1;
}

/* The choicepoint stays, for newer ones are to be kept: it leads nowhere. */
const word *do_SOFT_CUT(machine *m, const word *pc)
{
    level_choice(m, *reg(m, pc[1]))->alternative = m->drop_code;
    return pc + 2;
}

const word *do_TRY(machine *m, const word *pc)
{
    void *at;
    const word *other = pc + 1 + (int64_t)pc[1];
    if (!stack_room(m, sizeof(lifecycle_choice), &at))
        return raised(m, resource_error(m, "local_stack"));
    m->wam.code = other;
    lifecycle_wam_choice_push(m->heap, at, 0, other);
    return pc + 2;
}

const word *do_TRUST(machine *m, const word *pc)
{
    lifecycle_wam_choice_pop(m->heap);
    return pc + 1;
}

const word *do_DROP(machine *m, const word *pc)
{
    (void)pc;
    lifecycle_wam_choice_pop(m->heap);
    return fail(m);
}

const word *do_JUMP(machine *m, const word *pc)
{
    (void)m;
    return pc + 1 + (int64_t)pc[1];
}

const word *do_FAIL(machine *m, const word *pc)
{
    (void)pc;
    return fail(m);
}

/* Until TEST_END a failure goes on at the label: nothing is bound here. */
const word *do_TEST(machine *m, const word *pc)
{
    m->otherwise = pc + 1 + (int64_t)pc[1];
    return pc + 2;
}

const word *do_TEST_END(machine *m, const word *pc)
{
    m->otherwise = NULL;
    return pc + 1;
}

const word *do_TYPE(machine *m, const word *pc)
{
    cell c = deref(m, m->x[pc[2]]);
    return has_type(m, c, (int)pc[1]) ? pc + 3 : fail(m);
}

const word *do_COMPARE(machine *m, const word *pc)
{
    int order = compare(m, m->x[pc[2]], m->x[pc[3]]);
    return compare_numbers(order, 0, (int)pc[1]) ? pc + 4 : fail(m);
}

/* ---- numbers: a stack of them, as deep as the compiler allows ---- */

const word *do_NUM_INT(machine *m, const word *pc)
{
    m->numbers[m->number_count++] = (int64_t)pc[1];
    return pc + 2;
}

const word *do_NUM_VAR(machine *m, const word *pc)
{
    cell c = deref(m, *reg(m, pc[1]));
    int64_t *to = &m->numbers[m->number_count++];
    if (IS_INT(c)) {
        *to = lifecycle_int_value(c);
        return pc + 2;
    }
    m->wam.x_count = 0;
    return evaluate(m, c, to) == DONE ? pc + 2 : raised(m, RAISED);
}

const word *do_NUM_UNBOUND(machine *m, const word *pc)
{
    (void)pc;
    m->wam.x_count = 0;
    return raised(m, instantiation_error(m));
}

const word *do_NUM_OP(machine *m, const word *pc)
{
    if (compute(m, pc[1])) return pc + 2;
    return raised(m, RAISED);
}

const word *do_NUM_IS(machine *m, const word *pc)
{
    *reg(m, pc[1]) = INT(m->numbers[0]);
    m->number_count = 0;
    return pc + 2;
}

const word *do_NUM_UNIFY(machine *m, const word *pc)
{
    m->number_count = 0;
    return unify(m, *reg(m, pc[1]), INT(m->numbers[0])) ? pc + 2 : fail(m);
}

const word *do_NUM_COMPARE(machine *m, const word *pc)
{
    m->number_count = 0;
    return compare_numbers(m->numbers[0], m->numbers[1], (int)pc[1])
               ? pc + 2 : fail(m);
}
