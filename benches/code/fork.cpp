// fork.cpp - a process forks in the middle of its work. Does the parent's code survive a child that frees and maps, and
// the child's a parent that does? And how long does a fork take with COUNT symbols live?
#include <sys/wait.h>
#include <unistd.h>

#include "workload.hpp"

namespace {

const uint32_t OLD = 1, NEW = 2;

// Frees every other symbol and maps others; a backend may refuse in a child, which is an answer too.
void change(std::vector<Span> &spans, const std::vector<std::string> &names)
{
    Code code;
    for (size_t i = 0; i < spans.size(); i += 2)
        backend.release(spans[i]);
    settle();
    for (size_t i = 0; i < spans.size(); i += 2) {
        Span span;
        span.name = names[i].c_str();
        if (backend.alloc == nullptr || backend.alloc(span, 300))
            backend.publish(span, code.stamp(NEW), 300);
    }
}

// Both sides have all their symbols: what the other one freed is its own affair.
bool intact(const std::vector<Span> &spans)
{
    for (const auto &span : spans)
        if (stamp_of(span.rx) != OLD)
            return false;
    return true;
}

int wait_for(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

void forks(const Arguments &arguments)
{
    auto names = draw_names(arguments.count);
    std::vector<Span> spans(arguments.count);
    Code code;
    for (size_t i = 0; i < spans.size(); i++) {
        spans[i].name = names[i].c_str();
        make(spans[i], code.stamp(OLD), 300);
    }
    bench::Samples samples(20);
    for (int i = 0; i < 20; i++) {
        uint64_t before = bench::now();
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        samples.add(bench::now() - before);
        wait_for(child);
    }

    pid_t child = fork();
    if (child == 0) {
        change(spans, names);
        _exit(0);
    }
    wait_for(child);
    bool parent_survives = intact(spans);

    int go[2];
    if (pipe(go) != 0)
        bench::die("no pipe");
    child = fork();
    if (child == 0) {
        char byte;
        _exit(read(go[0], &byte, 1) == 1 && intact(spans) ? 0 : 1);
    }
    change(spans, names);
    if (write(go[1], "x", 1) != 1)
        bench::die("the child went away");
    bool child_survives = wait_for(child) == 0;

    bench::Report report;
    report.put("fork_ns", samples.at(0.5));
    report.put("parent_survives", parent_survives);
    report.put("child_survives", child_survives);
}
