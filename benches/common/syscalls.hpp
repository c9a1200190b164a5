// syscalls.hpp - how many system calls a piece of work makes: it runs in a forked child under ptrace.
#pragma once

#include <csignal>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

// Stops of the child between its two signals; one system call is two of them. -1: the system does not let us look.
template <typename Prepare, typename Work> long stops(Prepare prepare, Work work)
{
    pid_t child = fork();
    if (child == 0) {
        prepare();
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
            _exit(1);
        raise(SIGSTOP);
        work();
        raise(SIGSTOP);
        _exit(0);
    }
    int status = 0;
    long count = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return count;
    if (ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0) {
        count = 0;
        while (ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0 && waitpid(child, &status, 0) == child &&
               WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80))
            count++;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return count;
}

// System calls of `work` after `prepare`, or -1.
template <typename Prepare, typename Work> double system_calls(Prepare prepare, Work work)
{
    long own = stops([] {}, [] {}), all = stops(prepare, work);
    return own < 0 || all < 0 ? -1 : double(all - own) / 2;
}

}  // namespace bench
