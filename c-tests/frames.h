/*
 * frames.h - tables of frames for machine code that is written by hand, for the tests of tools and unwinding.
 */
#ifndef LIFECYCLE_TESTS_FRAMES_H
#define LIFECYCLE_TESTS_FRAMES_H

#include <stdint.h>
#include <string.h>

/* void f(void (*callback)(void)): calls it inside a frame with a frame pointer. */
static const unsigned char code_with_rbp[] = {
    0x55,             /* push rbp */
    0x48, 0x89, 0xe5, /* mov rbp, rsp */
    0xff, 0xd7,       /* call rdi */
    0x5d,             /* pop rbp */
    0xc3,             /* ret */
};
static const unsigned char rules_with_rbp[] = {
    0x41, 0x0e, 0x10, 0x86, 0x02, /* from 1 on: cfa = rsp + 16, rbp at cfa - 16 */
    0x43, 0x0d, 0x06,             /* from 4 on: cfa = rbp + 16 */
    0x43, 0x0c, 0x07, 0x08,       /* from 7 on: cfa = rsp + 8 */
};
/* As above, with a larger frame and no frame pointer. */
static const unsigned char code_without_rbp[] = {
    0x48, 0x83, 0xec, 0x28, /* sub rsp, 40 */
    0xff, 0xd7,             /* call rdi */
    0x48, 0x83, 0xc4, 0x28, /* add rsp, 40 */
    0xc3,                   /* ret */
};
static const unsigned char rules_without_rbp[] = {
    0x44, 0x0e, 0x30, /* from 4 on: cfa = rsp + 48 */
    0x46, 0x0e, 0x08, /* from 10 on: cfa = rsp + 8 */
};

typedef struct frames {
    unsigned char bytes[128];
    size_t size;
} frames;

enum { ENCODING_ABSPTR = 0x00, ENCODING_UDATA4 = 0x03, ENCODING_SDATA8 = 0x0c, ENCODING_PCREL_SDATA4 = 0x1b };

static inline void frames_add(frames *table, const void *bytes, size_t size)
{
    if (size != 0)
        memcpy(table->bytes + table->size, bytes, size);
    table->size += size;
}

static inline void frames_number(frames *table, uint64_t value, size_t size)
{
    frames_add(table, &value, size);
}

/* One CIE and one FDE about `size` bytes from offset `from` on. */
static inline frames make_frames(unsigned char encoding, uint64_t from, uint64_t size, const void *rules, size_t rules_size)
{
    static const unsigned char cie[] = {
        1, 'z', 'R', 0, 1, 0x78, 16, 1, /* version, text, factors 1 and -8, return address in 16; a byte more: */
    };
    static const unsigned char start[] = {0x0c, 0x07, 0x08, 0x90, 0x01}; /* cfa = rsp + 8, return address at cfa - 8 */
    const size_t wide = (encoding & 0x0f) == 0x00 || (encoding & 0x0f) == 0x0c ? 8 : 4;
    frames table;
    memset(&table, 0, sizeof table);
    frames_number(&table, 4 + sizeof cie + 1 + sizeof start, 4);
    frames_number(&table, 0, 4);
    frames_add(&table, cie, sizeof cie);
    frames_number(&table, encoding, 1);
    frames_add(&table, start, sizeof start);
    frames_number(&table, 4 + 2 * wide + 1 + rules_size, 4);
    frames_number(&table, table.size, 4);
    frames_number(&table, from, wide);
    frames_number(&table, size, wide);
    frames_number(&table, 0, 1);
    frames_add(&table, rules, rules_size);
    return table;
}

static inline frames frames_with_rbp(unsigned char encoding)
{
    return make_frames(encoding, 0, sizeof code_with_rbp, rules_with_rbp, sizeof rules_with_rbp);
}

#endif
