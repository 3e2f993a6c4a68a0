"""The processes that a command is made of, told by the kernel (strace) and by a recording, in one form to compare.

strace watches a run of its own that is not recorded, so the two agree on what was run, not on pids. A process is told
by the arguments of the programs it executed, in order; one that executed nothing is a copy of its parent and told by
the parent's. The form is a sorted list of (what the parent is, what the process is).
"""
import ast
import os
import pathlib
import re

from harness import run

COPY = "a copy of its parent"
# A recording keeps the first 3072 bytes of the arguments: those are compared that lie in the first so many.
MOST = 3000
CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
RESULT = re.compile(r" = (-?\d+)(?: .*)?$")


def traced(command, log, env=None, cwd=None, stdin=b"", timeout=600):
    """Runs a command under strace. Returns its outcome and its processes."""
    options = ["-f", "--seccomp-bpf", "-qq", "-e", "signal=none", "-e", "abbrev=none", "-s", "65536", "-o", log,
               "-e", "trace=execve,execveat,fork,vfork,clone,clone3"]
    outcome = run(["strace", *options, *command], env, cwd, stdin, timeout)
    return outcome, kernel_tree(pathlib.Path(log).read_text(errors="surrogateescape"), pathlib.Path(cwd or "."))


def kernel_tree(text, cwd):
    parents, executed, pending, order = {}, {}, {}, []
    threads = {}

    def done(tid, name, body):
        result = RESULT.search(body)
        if not result or int(result[1]) < 0:
            return
        value, pid = int(result[1]), threads.get(tid, tid)
        if name in ("execve", "execveat"):
            executed.setdefault(pid, []).append(arguments(body, cwd))
        elif "CLONE_THREAD" in body:
            threads[value] = pid
        else:
            parents[value] = pid
            order.append(value)

    for line in text.splitlines():
        resumed = RESUMED.match(line)
        if resumed:
            tid, name, rest = int(resumed[1]), resumed[2], resumed[3]
            done(tid, name, pending.pop((tid, name), "") + rest)
            continue
        call = CALL.match(line)
        if not call:
            continue
        tid, name, rest = int(call[1]), call[2], call[3]
        if not order and not parents and not executed:
            order.append(tid)
        if rest.endswith("<unfinished ...>"):
            pending[tid, name] = rest[:-len("<unfinished ...>")]
        else:
            done(tid, name, rest)
    return form({pid: (parents.get(pid), executed.get(pid, [])) for pid in order})


def arguments(body, cwd):
    """The arguments that a program gets from execve(PATH, ["sh", "-c", …], …). A script's are what the kernel makes
    of them: those of its interpreter. Relative paths are taken from where the command began."""
    words = strings(body)
    path = cwd / unescape(ast.literal_eval(re.match(r'(?:AT_FDCWD, )?("(?:[^"\\]|\\.)*")', body)[1]))
    try:
        with open(path, "rb") as file:
            first = file.readline(256)
    except OSError:
        first = b""
    if first.startswith(b"#!"):
        interpreter, _, option = first[2:].decode(errors="surrogateescape").strip().partition(" ")
        words = [interpreter, *([option.strip()] if option else []), str(path), *words[1:]]
    return tuple(words)


def strings(body):
    """The first list of strings in a line of strace's."""
    start = at = body.index("[")
    quoted = False
    while quoted or body[at] != "]":
        if body[at] == "\\":
            at += 1
        elif body[at] == '"':
            quoted = not quoted
        at += 1
    return [unescape(word) for word in ast.literal_eval(body[start:at + 1])]


def unescape(word):
    return word.encode("latin-1", "surrogateescape").decode(errors="surrogateescape")


def recorded_tree(data):
    """The same of a report. A process's images stand in the order of their number, the end of the id. The image of a
    fork, before its first exec, may or may not have had anything to record: it is no program of its own."""
    images = {}
    for process in data["processes"]:
        stem, _, number = process["id"].rpartition("-")
        images.setdefault(stem, {})[int(number)] = process
    by_pid = {}
    for stem, numbered in images.items():
        first = min(numbered)
        pid = numbered[first]["pid"]
        assert pid not in by_pid, f"pid {pid} was used twice: this test cannot tell its processes apart"
        by_pid[pid] = [numbered[n] for n in sorted(numbered)]

    by_id = {process["id"]: process for process in data["processes"]}

    def copied(image):
        """Whether an image is a fork's, not yet another program. One that renamed itself, as npm does, leaves its
        title and then nothing where its arguments were."""
        parent = by_id.get(image["parent"])
        return parent is not None and image["exe"] == parent["exe"] and (
            image["argv"] == parent["argv"] or not any(image["argv"][1:]))

    processes = {}
    for pid, sequence in by_pid.items():
        programs = [tuple(image["argv"]) for image in sequence]
        processes[pid] = (sequence[0]["ppid"] if sequence[0]["ppid"] in by_pid else None,
                          programs[1:] if copied(sequence[0]) else programs)
    return form(processes)


def form(processes):
    def text(program):
        words, size = [], 0
        for word in program:
            size += len(os.fsencode(word)) + 1
            if size > MOST:
                words.append("…")
                break
            words.append(word)
        return repr(words)

    def what(pid):
        return " then ".join(text(program) for program in processes[pid][1]) or COPY

    def above(pid):
        parent = processes[pid][0]
        while parent is not None and parent in processes and not processes[parent][1]:
            parent = processes[parent][0]
        return what(parent) if parent in processes else "-"

    return sorted((above(pid), what(pid)) for pid in processes)


def same_tree(kernel, recorded, not_followed=()):
    """Every process of the kernel's tree is in the recording, and no other. `not_followed`: programs (by the first
    argument) that cannot be recorded; what runs under them is not looked for."""
    def wanted(entry):
        return not any(f"['{name}'" in part for name in not_followed for part in entry)

    kernel = [entry for entry in kernel if wanted(entry)]
    missing, extra = list(kernel), []
    for entry in recorded:
        if entry in missing:
            missing.remove(entry)
        else:
            extra.append(entry)
    lines = [f"not recorded: {child[:400]}\n   child of {parent[:400]}" for parent, child in missing]
    lines += [f"recorded, yet unknown to the kernel: {child[:400]}\n   child of {parent[:400]}"
              for parent, child in extra]
    assert not lines, "\n".join([f"{len(kernel)} processes ran", *lines[:20]])
    return len(kernel)
