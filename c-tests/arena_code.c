/*
 * Machine code that allocates: the bytes of docs/arena.md, mapped by the
 * library and called. It allocates 32 bytes from the arena it is given.
 */
#include "arena.h"
#include "support.h"

#define BYTES 32

typedef void *(*alloc_fn)(lifecycle_arena *arena);

static alloc_fn map_allocating(lifecycle_manager *manager)
{
#if defined(__aarch64__)
    static const uint32_t code[] = {
        0xf9400001, /*       ldr  x1, [x0]     the cursor */
        0xf9400402, /*       ldr  x2, [x0, 8]  the limit */
        0x91008023, /*       add  x3, x1, 32 */
        0xeb02007f, /*       cmp  x3, x2 */
        0x54000088, /*       b.hi slow */
        0xf9000003, /*       str  x3, [x0] */
        0xaa0103e0, /*       mov  x0, x1 */
        0xd65f03c0, /*       ret */
        0xd2800401, /* slow: mov  x1, 32 */
        0x14000000, /*       b    lifecycle_arena_alloc_slow */
    };
    const uint32_t kind = LIFECYCLE_RELOC_CALL26;
    const uint64_t field = 36;
    const int64_t addend = 0;
#else
    static const unsigned char code[] = {
        0x48, 0x8b, 0x07,       /*       mov rax, [rdi]      the cursor */
        0x48, 0x8d, 0x48, 0x20, /*       lea rcx, [rax + 32] */
        0x48, 0x3b, 0x4f, 0x08, /*       cmp rcx, [rdi + 8]  the limit */
        0x77, 0x04,             /*       ja  slow */
        0x48, 0x89, 0x0f,       /*       mov [rdi], rcx */
        0xc3,                   /*       ret */
        0xbe, 0x20, 0, 0, 0,    /* slow: mov esi, 32 */
        0xe9, 0, 0, 0, 0,       /*       jmp lifecycle_arena_alloc_slow */
    };
    const uint32_t kind = LIFECYCLE_RELOC_PLT32;
    const uint64_t field = 23;
    const int64_t addend = -4;
#endif
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    void *(*slow)(lifecycle_arena *, size_t) = lifecycle_arena_alloc_slow;
    lifecycle_relocation relocation = {kind, 0, field, NULL, NULL, addend};
    void *address;
    alloc_fn function = NULL;
    memcpy(&relocation.target, &slow, sizeof slow);
    options.flags = LIFECYCLE_MAP_JIT;
    options.relocations = &relocation;
    options.relocation_count = 1;
    EXPECT_OK(lifecycle_map_symbol(manager, load(manager, "jit"), "allocate",
                                   code, sizeof code, &options, &symbol));
    address = lifecycle_symbol_address(manager, symbol);
    memcpy(&function, &address, sizeof function);
    return function;
}

static void the_documented_code_allocates(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    alloc_fn allocate = map_allocating(manager);
    lifecycle_arena *arena = make(NULL);
    unsigned char *last = NULL;
    int i, round;
    for (round = 0; round < 2; round++) {
        for (i = 0; i < 5000; i++) {
            unsigned char *at = allocate(arena);
            EXPECT(at != NULL && (uintptr_t)at % 16 == 0);
            EXPECT(i == 0 || at == last + BYTES + (i % 7 == 1 ? 16 : 0));
            memset(at, i, BYTES);
            last = at;
            /* Between calls, C allocates from it too. */
            if (i % 7 == 0)
                EXPECT(lifecycle_arena_alloc(arena, 1) == at + BYTES);
        }
        EXPECT_OK(lifecycle_arena_reset(arena));
    }
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void the_documented_code_is_told_when_there_is_no_more(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    alloc_fn allocate = map_allocating(manager);
    lifecycle_arena *arena = make_limited(100);
    EXPECT(allocate(arena) != NULL && allocate(arena) != NULL);
    EXPECT(allocate(arena) != NULL && allocate(arena) == NULL);
    EXPECT_SENTENCE("limit of 100");
    EXPECT_EQ(lifecycle_arena_used(arena), 96);
    EXPECT_OK(lifecycle_arena_destroy(arena));
    EXPECT(allocate(arena) == NULL);
    EXPECT_SENTENCE("destroyed");
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    say_if_code_cannot_run();
    if (CAN_RUN_CODE) {
        RUN(the_documented_code_allocates);
        RUN(the_documented_code_is_told_when_there_is_no_more);
    }
    return expect_done();
}
