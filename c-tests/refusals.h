/*
 * refusals.h - memory that is refused on request: an allocator (or, with FAIL_MALLOC, the C library's own functions)
 * whose k-th allocation fails, alone or with all after it, and what is compared before and after.
 */
#ifndef LIFECYCLE_TESTS_REFUSALS_H
#define LIFECYCLE_TESTS_REFUSALS_H

#ifdef FAIL_SYSTEM
#include "failure_system.h"
#endif
#include "support.h"

struct refusals {
    counting count;
    long until;      /* allocations until the one that fails; 0 = none does */
    bool persistent; /* those after it fail too */
    unsigned refused;
};

static inline bool refuses(struct refusals *memory)
{
    if (memory->until == 0)
        return false;
    if (memory->until > 1) {
        memory->until--;
        return false;
    }
    if (!memory->persistent)
        memory->until = 0;
    memory->refused++;
    return true;
}
static inline void *refusing_alloc(size_t bytes, void *user)
{
    struct refusals *memory = user;
    return refuses(memory) ? NULL : counting_alloc(bytes, &memory->count);
}
static inline void *refusing_realloc(void *ptr, size_t old_bytes, size_t new_bytes, void *user)
{
    struct refusals *memory = user;
    return refuses(memory) ? NULL : counting_realloc(ptr, old_bytes, new_bytes, &memory->count);
}
static inline void refusing_free(void *ptr, size_t bytes, void *user)
{
    counting_free(ptr, bytes, &((struct refusals *)user)->count);
}

static inline lifecycle_allocator refusing_allocator(struct refusals *memory)
{
    lifecycle_allocator allocator;
    allocator.alloc = refusing_alloc;
    allocator.realloc = refusing_realloc;
    allocator.free = refusing_free;
    allocator.user = memory;
    return allocator;
}

#ifdef FAIL_MALLOC
/* The C library's own functions fail, for the library, its crates and its standard library alike. */
static struct refusals *failing;
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *ptr, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void *malloc(size_t bytes)
{
    return failing != NULL && refuses(failing) ? NULL : __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes)
{
    return failing != NULL && refuses(failing) ? NULL : __libc_calloc(count, bytes);
}
void *realloc(void *ptr, size_t bytes)
{
    return failing != NULL && refuses(failing) ? NULL : __libc_realloc(ptr, bytes);
}
int posix_memalign(void **out, size_t align, size_t bytes)
{
    *out = failing != NULL && refuses(failing) ? NULL : __libc_memalign(align, bytes);
    return *out == NULL ? 12 : 0;
}
#endif

/* The k-th from now on is refused: an allocation, or with FAIL_SYSTEM a call of the system. */
static inline void arm(struct refusals *memory, long k)
{
    memory->refused = 0;
#ifdef FAIL_SYSTEM
    fail_call(k, memory->persistent, ENOMEM, ANY);
#else
    memory->until = k;
#endif
}

/* How many were. */
static inline unsigned disarm(struct refusals *memory)
{
    memory->until = 0;
#ifdef FAIL_SYSTEM
    memory->refused = calls_refused();
#endif
    return memory->refused;
}

/* Everything came back, and as it went out. */
static inline void all_is_back(const struct refusals *memory, const char *name)
{
    const counting *count = &memory->count;
    if (count->blocks != 0 || count->bytes != 0 || count->wrong != 0) {
        expect_failures++;
        fprintf(stderr, "%s: %zu blocks and %zu bytes are still out, %zu calls were wrong\n", name, count->blocks,
                count->bytes, count->wrong);
    }
}

/* The first word that differs of what can be seen, for whoever has to find out why. */
static inline void compare_words(const char *name, int round, long k, const void *before, const void *after,
                                 size_t bytes)
{
    const uint64_t *a = before, *b = after;
    for (size_t i = 0; i < bytes / 8; i++) {
        if (a[i] != b[i]) {
            expect_failures++;
            fprintf(stderr, "%s, round %d, failure %ld: word %zu of what can be seen was %llu and is %llu\n", name,
                    round, k, i, (unsigned long long)a[i], (unsigned long long)b[i]);
            return;
        }
    }
}

#endif
