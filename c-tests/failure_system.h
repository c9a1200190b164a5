/*
 * failure_system.h - stands between the library and the system: the k-th call that is made while armed fails, with the
 * error number asked for. Works for the archive and, because a program's own definitions come first, for the shared
 * library too.
 */
#ifndef LIFECYCLE_TESTS_FAILURE_SYSTEM_H
#define LIFECYCLE_TESTS_FAILURE_SYSTEM_H

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "support.h"

enum { ANY = -1 };

static struct {
    long until;      /* calls until the one that fails; 0 = none does */
    bool persistent; /* those after it fail too */
    int error;
    long only;       /* the one system call that may fail, or ANY */
    unsigned refused;
    long last;       /* the system call that was refused last */
    bool unsettled;  /* an unmapping was refused */
    long long mapped; /* bytes of address space the library has */
    unsigned membarriers;
    bool no_new_code; /* nothing that was writable becomes executable */
    unsigned asked;   /* calls of any kind that came by */
} system_calls;

#if defined(__x86_64__)
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#else
#error "this test makes system calls itself; say here how, for this processor"
#endif

static long ask(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    system_calls.asked++;
    if (system_calls.until != 0 && (system_calls.only == ANY || system_calls.only == number)) {
        if (system_calls.until == 1) {
            system_calls.refused++;
            system_calls.last = number;
            system_calls.unsettled |= number == SYS_munmap;
            if (!system_calls.persistent)
                system_calls.until = 0;
            errno = system_calls.error;
            return -1;
        }
        system_calls.until--;
    }
    result = raw(number, a, b, c, d, e, f);
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    long got = ask(SYS_mmap, (long)at, (long)len, protection, flags, fd, offset);
    if (got != -1 && !(flags & MAP_FIXED))
        system_calls.mapped += (long long)((len + 4095) & ~(size_t)4095);
    return (void *)got;
}
void *mmap64(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    return mmap(at, len, protection, flags, fd, offset);
}
int munmap(void *at, size_t len)
{
    long got = ask(SYS_munmap, (long)at, (long)len, 0, 0, 0, 0);
    if (got != -1)
        system_calls.mapped -= (long long)((len + 4095) & ~(size_t)4095);
    return (int)got;
}
int mprotect(void *at, size_t len, int protection)
{
    if (system_calls.no_new_code && (protection & PROT_EXEC)) {
        system_calls.refused++;
        errno = EACCES;
        return -1;
    }
    return (int)ask(SYS_mprotect, (long)at, (long)len, protection, 0, 0, 0);
}
int madvise(void *at, size_t len, int advice)
{
    return (int)ask(SYS_madvise, (long)at, (long)len, advice, 0, 0, 0);
}
int memfd_create(const char *name, unsigned flags)
{
    return (int)ask(SYS_memfd_create, (long)name, (long)flags, 0, 0, 0, 0);
}
int ftruncate(int fd, off_t len)
{
    return (int)ask(SYS_ftruncate, fd, len, 0, 0, 0, 0);
}
int ftruncate64(int fd, off_t len)
{
    return ftruncate(fd, len);
}
int open(const char *path, int flags, ...)
{
    va_list rest;
    int mode;
    va_start(rest, flags);
    mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    return (int)ask(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0);
}
int open64(const char *path, int flags, ...)
{
    va_list rest;
    int mode;
    va_start(rest, flags);
    mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    return open(path, flags, mode);
}
int fallocate(int fd, int mode, off_t offset, off_t len)
{
    return (int)ask(SYS_fallocate, fd, mode, offset, len, 0, 0);
}
int fallocate64(int fd, int mode, off_t offset, off_t len)
{
    return fallocate(fd, mode, offset, len);
}
int stat(const char *restrict path, struct stat *restrict out)
{
    return (int)ask(SYS_newfstatat, AT_FDCWD, (long)path, (long)out, 0, 0, 0);
}
int fstat(int fd, struct stat *out)
{
    return (int)ask(SYS_fstat, fd, (long)out, 0, 0, 0, 0);
}
int statx(int fd, const char *restrict path, int flags, unsigned mask, struct statx *restrict out)
{
    return (int)ask(SYS_statx, fd, (long)path, flags, (long)mask, (long)out, 0);
}
ssize_t pread(int fd, void *to, size_t len, off_t offset)
{
    return ask(SYS_pread64, fd, (long)to, (long)len, offset, 0, 0);
}
ssize_t pread64(int fd, void *to, size_t len, off_t offset)
{
    return pread(fd, to, len, offset);
}
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return ask(SYS_writev, fd, (long)parts, count, 0, 0, 0);
}
ssize_t pwrite(int fd, const void *from, size_t len, off_t offset)
{
    return ask(SYS_pwrite64, fd, (long)from, (long)len, offset, 0, 0);
}
ssize_t pwrite64(int fd, const void *from, size_t len, off_t offset)
{
    return pwrite(fd, from, len, offset);
}
/* membarrier has no function of its own. */
long syscall(long number, ...)
{
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
#ifdef SYS_membarrier
    system_calls.membarriers += number == SYS_membarrier;
#endif
    return ask(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static inline void fail_call(long k, bool persistent, int error, long only)
{
    system_calls.refused = 0;
    system_calls.persistent = persistent;
    system_calls.error = error;
    system_calls.only = only;
    system_calls.until = k;
}

static inline unsigned calls_refused(void)
{
    system_calls.until = 0;
    return system_calls.refused;
}

static inline size_t open_files(void)
{
    DIR *all = opendir("/proc/self/fd");
    size_t count = 0;
    while (all != NULL && readdir(all) != NULL)
        count++;
    if (all != NULL)
        closedir(all);
    return count;
}

static inline size_t memory_areas(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    size_t lines = 0;
    int c;
    while (maps != NULL && (c = fgetc(maps)) != EOF)
        lines += c == '\n';
    if (maps != NULL)
        fclose(maps);
    return lines;
}

#endif
