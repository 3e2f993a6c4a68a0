"""A real program, bare, under strace and recorded: the same words, the same status, every process in the recording. A
helper of the tests real_….py."""
import re
import shutil

import harness
from harness import Outcome, TMP, lost_nothing, record, report, run, same
from processes import recorded_tree, same_tree, traced


def changed(outcome, normalize):
    """The outcome with what differs between any two runs (a pid, a duration) replaced: (pattern, text) pairs."""
    def apply(data):
        for pattern, text in normalize:
            data = re.sub(pattern.encode(), text.encode(), data)
        return data
    return Outcome(outcome.status, apply(outcome.out), apply(outcome.err))


def compare(name, command, prepare=None, env=None, stdin=b"", normalize=(), tree=True, status=0,
            result=None, timeout=600):
    """Runs `command` twice, each time in a fresh folder `work` that `prepare(folder)` has filled, and holds the
    second run, recorded, to what the first did. `normalize` also applies to the arguments of the processes. `tree`:
    False where strace would be noticed. `status` is what it must end with, so that two failures do not pass for a
    success. `result(folder)` gives what else must be the same. Returns the bare outcome and the report."""
    harness.need(command[0], *(["strace"] if tree else []))
    work = TMP / "work"
    outcomes, results, kernel = [], [], None
    recording = TMP / f"recording-{name}"
    for recorded in (False, True):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        if prepare:
            prepare(work)
        if recorded:
            outcome = record(command, recording, env, work, stdin, timeout)
        elif tree:
            outcome, kernel = traced(command, TMP / f"strace-{name}.log", env, work, stdin, timeout)
        else:
            outcome = run(command, env, work, stdin, timeout)
        when = "when recorded" if recorded else "without probe"
        assert outcome.status == status, f"{name} fails {when}: {outcome}"
        outcomes.append(changed(outcome, normalize))
        results.append(result(work) if result else None)
    same(*outcomes)
    assert results[0] == results[1], f"{name}: another result: {results[0]} became {results[1]}"

    data = report(recording)
    lost_nothing(data)
    count = "?"
    if tree:
        count = same_tree(normalized(kernel, normalize), normalized(recorded_tree(data), normalize))
    allocations = data["totals"]["allocs"]
    assert allocations > 0, f"{name}: nothing was recorded"
    print(f"{name}: {count} processes, {allocations} allocations", flush=True)
    return outcomes[0], data


def normalized(tree, normalize):
    def apply(text):
        for pattern, replacement in normalize:
            text = re.sub(pattern, replacement, text)
        return text
    return sorted((apply(parent), apply(child)) for parent, child in tree)
