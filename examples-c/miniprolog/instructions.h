/* The instructions: each does its work and answers where to go on. */
#ifndef INSTRUCTIONS_H
#define INSTRUCTIONS_H

#include "prolog.h"

#define INSTRUCTION_FUNCTION(name)                                            \
    const word *do_##name(machine *, const word *);
INSTRUCTIONS(INSTRUCTION_FUNCTION)

/* An X register or a slot of the environment. */
static inline cell *reg(machine *m, word r)
{
    return r & 1 ? &lifecycle_frame_cells(m->wam.e)[r >> 1] : &m->x[r >> 1];
}

/* A choicepoint (while a goal runs there is one) as a cell that the heap
 * leaves alone; even payloads, for record.c has the odd ones. */
static inline cell level_cell(const machine *m, const lifecycle_choice *b)
{
    uint64_t at = (uint64_t)((const char *)b - m->stack) / 8;
    return lifecycle_make_host(at << 1);
}
static inline lifecycle_choice *level_choice(const machine *m, cell c)
{
    uint64_t at = lifecycle_host_payload(c) >> 1;
    return (lifecycle_choice *)(void *)(m->stack + at * 8);
}

/* Drops what is newer than a choicepoint, if anything is. */
static inline void cut_to(machine *m, lifecycle_choice *b)
{
    if ((uintptr_t)m->wam.b > (uintptr_t)b) lifecycle_wam_cut(m->heap, b);
}

const word *no_heap(machine *);
const word *raised(machine *, outcome); /* of an instruction */

#endif
