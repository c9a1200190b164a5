/*
 * The little C there is: what Rust cannot say.
 *
 * Weak references. A function that the host may or may not have is a weak
 * undefined symbol, tested against NULL here: stable Rust has no weak
 * references and its optimiser takes every function address for non-NULL. (A
 * weak definition would be overridden in a static link and silently not in a
 * shared library.) With a library opened by dlopen, the program must export
 * its function for the reference to find it.
 *
 * Checkers. Memory that comes straight from the system is invisible to
 * AddressSanitizer and to valgrind's memcheck; these marks make it visible in
 * the build that everybody has. Atomic instructions mean nothing to valgrind's
 * helgrind, which is told what they guard. Without a checker a mark costs a
 * test and a few instructions that do nothing.
 *
 * Every name starts with lifecycle_shim_ and has hidden visibility.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__GNUC__)
# define SHIM __attribute__((visibility("hidden")))
# define WEAK __attribute__((weak))
#else
# error "the shim needs weak references: build it with gcc or clang"
#endif

/* Present when the program is built with -fsanitize=address. */
extern void __asan_poison_memory_region(void const volatile *, size_t) WEAK;
extern void __asan_unpoison_memory_region(void const volatile *, size_t) WEAK;

/* Present with AddressSanitizer's leak checker, or that alone. */
extern void __lsan_register_root_region(void const *, size_t) WEAK;

/* Present where a runtime frees its values with a function of its own. */
extern void spl_free(void *) WEAK;

enum checker { CHECKER_ASAN = 1, CHECKER_MEMCHECK = 2 };

int lifecycle_shim_checkers(void) SHIM;
void lifecycle_shim_forbid(void *at, size_t bytes) SHIM;
void lifecycle_shim_permit(void *at, size_t bytes) SHIM;
void lifecycle_shim_permit_defined(void *at, size_t bytes) SHIM;
void lifecycle_shim_rewrite_code(const void *at, size_t bytes) SHIM;
void lifecycle_shim_keep_roots(const void *at, size_t bytes) SHIM;
void lifecycle_shim_watch(const void *at, size_t bytes) SHIM;
void lifecycle_shim_atomics_only(const void *at, size_t bytes) SHIM;
int lifecycle_shim_helgrind(void) SHIM;
void lifecycle_shim_lock_taken(const void *lock, int writes) SHIM;
void lifecycle_shim_lock_let_go(const void *lock) SHIM;
void lifecycle_shim_lock_gone(const void *lock) SHIM;
void lifecycle_shim_spl_free(void *block) SHIM;

/*
 * What may be asked: of every valgrind tool a small number, of one tool alone
 * its letters in the upper half, then a number.
 * (valgrind.h, memcheck.h and helgrind.h, whose request numbers and instruction
 * sequences are a fixed interface.)
 */
enum request {
    VALGRIND_DISCARD_TRANSLATIONS = 0x1002,
    MEMCHECK_NO_ACCESS = 0x4d430000,
    MEMCHECK_UNDEFINED = 0x4d430001,
    MEMCHECK_DEFINED = 0x4d430002,
    HELGRIND_LOCK_MADE = 0x4847010e,
    HELGRIND_LOCK_GONE = 0x4847010f,
    HELGRIND_LOCK_TAKEN = 0x48470111,
    HELGRIND_LOCK_LET_GO = 0x48470112,
    HELGRIND_UNTRACKED = 0x48470127,
    HELGRIND_TRACKED = 0x48470128,
    HELGRIND_CLEAN_BLOCK = 0x4847012a
};

/*
 * Asks valgrind for something; 0 where nobody listens. The sequence changes
 * nothing on a real processor: four rotations that add up to two whole turns,
 * and an instruction without effect.
 */
static uintptr_t ask_valgrind(enum request request, const void *at, size_t bytes)
{
    uintptr_t answer = 0;
#if (defined(__x86_64__) && !defined(__ILP32__)) || defined(__aarch64__)
    volatile uintptr_t question[6];

    question[0] = (uintptr_t)request;
    question[1] = (uintptr_t)at;
    question[2] = bytes;
    question[3] = 0;
    question[4] = 0;
    question[5] = 0;
#endif
#if defined(__x86_64__) && !defined(__ILP32__)
    __asm__ volatile("rolq $3, %%rdi\n\t"
                     "rolq $13, %%rdi\n\t"
                     "rolq $61, %%rdi\n\t"
                     "rolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(&question[0])
                     : "cc", "memory");
#elif defined(__aarch64__)
    {
        register uintptr_t x3 __asm__("x3") = answer;
        register volatile uintptr_t *x4 __asm__("x4") = &question[0];

        __asm__ volatile("ror x12, x12, #3\n\t"
                         "ror x12, x12, #13\n\t"
                         "ror x12, x12, #51\n\t"
                         "ror x12, x12, #61\n\t"
                         "orr x10, x10, x10"
                         : "+r"(x3)
                         : "r"(x4)
                         : "cc", "memory");
        answer = x3;
    }
#else
    (void)request;
    (void)at;
    (void)bytes;
#endif
    return answer;
}

/*
 * Who is watching: CHECKER_ASAN, CHECKER_MEMCHECK or-ed. Memcheck answers a
 * request that it knows; other valgrind tools do not know it, so that under
 * callgrind the code that is counted is the code that ships.
 */
int lifecycle_shim_checkers(void)
{
    int found = 0;
    char probe = 0;

    if (__asan_poison_memory_region && __asan_unpoison_memory_region) {
        found |= CHECKER_ASAN;
    }
    if (ask_valgrind(MEMCHECK_DEFINED, &probe, sizeof probe) != 0) {
        found |= CHECKER_MEMCHECK;
    }
    return found;
}

/*
 * Other code stands at these bytes now. valgrind keeps what it has translated
 * by address and does not see a change made through another mapping.
 */
void lifecycle_shim_rewrite_code(const void *at, size_t bytes)
{
    ask_valgrind(VALGRIND_DISCARD_TRANSLATIONS, at, bytes);
}

/*
 * Pointers in these bytes keep what they point at from being a leak, for good.
 * LeakSanitizer looks for pointers in the program's data, not in mappings;
 * valgrind looks there by itself.
 */
void lifecycle_shim_keep_roots(const void *at, size_t bytes)
{
    if (__lsan_register_root_region) {
        __lsan_register_root_region(at, bytes);
    }
}

/*
 * Helgrind looks for races in these bytes from now on. It does not in what was
 * mapped without access, even where access came later.
 */
void lifecycle_shim_watch(const void *at, size_t bytes)
{
    ask_valgrind(HELGRIND_TRACKED, at, bytes);
}

/*
 * Every use of these bytes is an atomic instruction, or ordered by some, so
 * that no two uses are a race. Helgrind takes an atomic instruction for a plain
 * one and would report each. Memory that is mapped anew is tracked again.
 */
void lifecycle_shim_atomics_only(const void *at, size_t bytes)
{
    ask_valgrind(HELGRIND_UNTRACKED, at, bytes);
}

/* From now on a touch of these bytes is a fault that the checker reports. */
void lifecycle_shim_forbid(void *at, size_t bytes)
{
    if (__asan_poison_memory_region) {
        __asan_poison_memory_region(at, bytes);
    }
    ask_valgrind(MEMCHECK_NO_ACCESS, at, bytes);
}

/* The bytes may be written; reading them before is use of a junk value. */
void lifecycle_shim_permit(void *at, size_t bytes)
{
    if (__asan_unpoison_memory_region) {
        __asan_unpoison_memory_region(at, bytes);
    }
    ask_valgrind(MEMCHECK_UNDEFINED, at, bytes);
}

/* The bytes may be read and written, and count as written. */
void lifecycle_shim_permit_defined(void *at, size_t bytes)
{
    if (__asan_unpoison_memory_region) {
        __asan_unpoison_memory_region(at, bytes);
    }
    ask_valgrind(MEMCHECK_DEFINED, at, bytes);
}

/*
 * Whether helgrind is watching. It is asked to forget a heap block, and says
 * that there is none at this address; others do not know the question.
 */
int lifecycle_shim_helgrind(void)
{
    char probe = 0;

    return ask_valgrind(HELGRIND_CLEAN_BLOCK, &probe, 0) != 0;
}

/*
 * Locks that are not the C library's, as helgrind's readers-writer locks: it
 * gets to know one when it is first taken.
 */
void lifecycle_shim_lock_taken(const void *lock, int writes)
{
    ask_valgrind(HELGRIND_LOCK_TAKEN, lock, writes != 0);
}

void lifecycle_shim_lock_let_go(const void *lock)
{
    ask_valgrind(HELGRIND_LOCK_LET_GO, lock, 0);
}

/* Helgrind reports the end of a lock that it does not know. */
void lifecycle_shim_lock_gone(const void *lock)
{
    ask_valgrind(HELGRIND_LOCK_MADE, lock, 0);
    ask_valgrind(HELGRIND_LOCK_GONE, lock, 0);
}

/* Frees a block of a runtime's value the way the runtime does. */
void lifecycle_shim_spl_free(void *block)
{
    if (spl_free) {
        spl_free(block);
    } else {
        free(block);
    }
}
