/*
 * support.h - what several C tests need beside expect.h: a manager in one line, statistics, machine code that returns a
 * number, files, and an allocator that counts.
 */
#ifndef LIFECYCLE_TESTS_SUPPORT_H
#define LIFECYCLE_TESTS_SUPPORT_H

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "expect.h"

/* LIFECYCLE_TEST_MPROTECT is for emulators that do not see code change that is written at another address. */
static inline lifecycle_manager *make_manager(const lifecycle_config *config)
{
    lifecycle_manager *manager = NULL;
#if defined(LIFECYCLE_TEST_MPROTECT)
    lifecycle_config mprotect = LIFECYCLE_CONFIG_INIT;
    if (config == NULL || config->code_mode == LIFECYCLE_CODE_AUTO) {
        mprotect = config == NULL ? mprotect : *config;
        mprotect.code_mode = LIFECYCLE_CODE_MPROTECT;
        config = &mprotect;
    }
#endif
    EXPECT_OK(lifecycle_create(config, &manager));
    if (manager == NULL) {
        fprintf(stderr, "no manager, no tests: %s\n", lifecycle_last_error());
        exit(EXIT_FAILURE);
    }
    return manager;
}

static inline lifecycle_module load(lifecycle_manager *manager, const char *path)
{
    lifecycle_module module = 0;
    EXPECT_OK(lifecycle_on_module_load(manager, path, &module));
    return module;
}

static inline lifecycle_stats stats_of(lifecycle_manager *manager)
{
    lifecycle_stats stats;
    memset(&stats, 0xee, sizeof stats);
    EXPECT_OK(lifecycle_stats_get(manager, &stats, sizeof stats));
    return stats;
}

static inline lifecycle_module_info info_of(lifecycle_manager *manager, lifecycle_module module)
{
    lifecycle_module_info info;
    memset(&info, 0xee, sizeof info);
    EXPECT_OK(lifecycle_module_info_get(manager, module, &info, sizeof info));
    return info;
}

static inline size_t leaks_of(lifecycle_manager *manager)
{
    size_t leaks = 999;
    EXPECT_OK(lifecycle_leak_check(manager, NULL, NULL, &leaks));
    return leaks;
}

static inline lifecycle_status unload(lifecycle_manager *manager, lifecycle_module module)
{
    return lifecycle_unload_module(manager, module, 0, NULL, 0);
}

/* Machine code runs only where it was written for; elsewhere the tests say so and look at everything else. */
#if defined(__x86_64__) || defined(__aarch64__)
#define CAN_RUN_CODE 1
#else
#define CAN_RUN_CODE 0
#endif

static inline void say_if_code_cannot_run(void)
{
    if (!CAN_RUN_CODE)
        printf("skipped: running machine code (these bytes are for x86-64 and aarch64)\n");
}

#if defined(__aarch64__)
#define RETURNS_SIZE 12
/* mov w0, low; movk w0, high, lsl 16; ret */
static inline const void *returns(unsigned char *code, int32_t value)
{
    uint32_t bits = (uint32_t)value, words[3];
    words[0] = 0x52800000 | (bits & 0xffff) << 5;
    words[1] = 0x72a00000 | (bits >> 16) << 5;
    words[2] = 0xd65f03c0;
    memcpy(code, words, sizeof words);
    return code;
}
/* The initializer of code that returns 7. */
#define RETURNS_SEVEN {0xe0, 0x00, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6}
#else
#define RETURNS_SIZE 6
/* mov eax, value; ret */
static inline const void *returns(unsigned char *code, int32_t value)
{
    code[0] = 0xb8;
    memcpy(code + 1, &value, 4);
    code[5] = 0xc3;
    return code;
}
#define RETURNS_SEVEN {0xb8, 7, 0, 0, 0, 0xc3}
#endif

#define JUMP_SIZE (RETURNS_SIZE == 12 ? 4 : 5)
/* A jump, and the relocation that leads it to a name: jmp rel32, or b. */
static inline lifecycle_relocation jump_to(unsigned char *code, const char *name)
{
    lifecycle_relocation field = {LIFECYCLE_RELOC_PLT32, 0, 1, NULL, NULL, -4};
    const unsigned char x86_64[] = {0xe9, 0, 0, 0, 0}, aarch64[] = {0, 0, 0, 0x14};
    memcpy(code, JUMP_SIZE == 4 ? aarch64 : x86_64, JUMP_SIZE);
    if (JUMP_SIZE == 4) {
        field.kind = LIFECYCLE_RELOC_CALL26;
        field.offset = 0;
        field.addend = 0;
    }
    field.symbol = name;
    return field;
}

static inline lifecycle_symbol map_returning(lifecycle_manager *manager, lifecycle_module module, const char *name,
                                             int32_t value, uint32_t flags)
{
    unsigned char code[RETURNS_SIZE];
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    options.flags = flags;
    EXPECT_OK(lifecycle_map_symbol(manager, module, name, returns(code, value), sizeof code, &options, &symbol));
    return symbol;
}

typedef int (*int_fn)(void);

/* The code's answer; where code cannot run, the number in its bytes. */
static inline int call(const void *address)
{
    int value = -1;
    int_fn function;
    if (address == NULL)
        return value;
    if (CAN_RUN_CODE) {
        memcpy(&function, &address, sizeof function);
        return function();
    }
    memcpy(&value, (const char *)address + 1, 4);
    return value;
}

#if defined(__aarch64__)
#define ONE_MORE_SIZE 32
#else
#define ONE_MORE_SIZE 23
#endif
/* Code that calls a function and returns one more than it does. */
static inline const void *one_more(unsigned char *code, int_fn function)
{
#if defined(__aarch64__)
    /* stp x29, x30, [sp, -16]!; ldr x16, function; blr x16; add w0, w0, 1; ldp x29, x30, [sp], 16; ret; function */
    static const uint32_t words[8] = {0xa9bf7bfd, 0x580000b0, 0xd63f0200, 0x11000400, 0xa8c17bfd, 0xd65f03c0, 0, 0};
    memcpy(code, words, sizeof words);
    memcpy(code + 24, &function, 8);
#else
    /* sub rsp, 8; mov rax, function; call rax; add rsp, 8; inc eax; ret */
    static const unsigned char bytes[ONE_MORE_SIZE] = {0x48, 0x83, 0xec, 8, 0x48, 0xb8, 0,    0, 0,    0,    0,   0,
                                                       0,    0,    0xff, 0xd0, 0x48, 0x83, 0xc4, 8, 0xff, 0xc0, 0xc3};
    memcpy(code, bytes, sizeof bytes);
    memcpy(code + 6, &function, 8);
#endif
    return code;
}

static inline lifecycle_reader *attach_reader(lifecycle_manager *manager)
{
    lifecycle_reader *reader = NULL;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    if (reader == NULL)
        exit(EXIT_FAILURE);
    return reader;
}

static inline void *entry_of(lifecycle_manager *manager, const char *name)
{
    void *callable = NULL;
    EXPECT_OK(lifecycle_entry(manager, name, &callable));
    return callable;
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    EXPECT(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

/* An allocator that knows every block's size and hears every call. */
typedef struct counting {
    size_t blocks;
    size_t bytes;
    size_t calls;
    size_t wrong;
} counting;

static inline void *counting_alloc(size_t bytes, void *user)
{
    counting *count = user;
    size_t *block = malloc(bytes + 16);
    count->calls++;
    count->wrong += bytes == 0;
    if (block == NULL)
        return NULL;
    block[0] = bytes;
    count->blocks++;
    count->bytes += bytes;
    return block + 2;
}

static inline void counting_free(void *ptr, size_t bytes, void *user)
{
    counting *count = user;
    size_t *block = (size_t *)ptr - 2;
    count->calls++;
    count->wrong += block[0] != bytes;
    count->blocks--;
    count->bytes -= block[0];
    free(block);
}

static inline void *counting_realloc(void *ptr, size_t old_bytes, size_t new_bytes, void *user)
{
    counting *count = user;
    size_t *block = (size_t *)ptr - 2;
    count->calls++;
    count->wrong += block[0] != old_bytes || new_bytes == 0;
    block = realloc(block, new_bytes + 16);
    if (block == NULL)
        return NULL;
    count->bytes += new_bytes - block[0];
    block[0] = new_bytes;
    return block + 2;
}

static inline lifecycle_manager *make_counted(counting *count)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    memset(count, 0, sizeof *count);
    config.allocator.alloc = counting_alloc;
    config.allocator.realloc = counting_realloc;
    config.allocator.free = counting_free;
    config.allocator.user = count;
    return make_manager(&config);
}

#endif
