"""Every way to start a program, with an empty environment: the program is recorded, and what the starter sees, errors
included, is as without libprobe.so."""
import os

import tracefile
from harness import FIXTURES, PROBE_LIB, TMP, record, run, same

START, PROGRAM = FIXTURES / "follow_exec", FIXTURES / "follow_dynamic"
EXECS = ["execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve", "execveat", "execveat_empty"]
SPAWNS = ["posix_spawn", "posix_spawnp", "system", "popen"]
count = 0


def recording(*words, env=None, cwd=None):
    global count
    count += 1
    out = TMP / f"r{count}"
    return record([START, *words], out, env, cwd), tracefile.processes(out), out


def followed(make, function, environment):
    outcome, found, out = recording(make, function, environment, PROGRAM, "one", "two", "three")
    what = f"{make} {function} {environment}: {outcome}\n{tracefile.show(found)}"
    bare = run([START, make, function, environment, PROGRAM, "one", "two", "three"])
    assert outcome.status == 0 and outcome.err == b"", what
    lines = outcome.out.decode().splitlines()
    # Without us the program prints no variable; the rest is the same.
    assert [line for line in lines if "=" not in line] == bare.out.decode().splitlines(), f"{what}\nbare {bare}"
    assert sorted(line for line in lines if "=" in line) == [f"LD_PRELOAD={PROBE_LIB}", f"PROBE_OUT={out}"], what
    program = [p for p in found if p.exe == os.path.realpath(PROGRAM)]
    assert len(program) == 1 and program[0].argv == [str(PROGRAM), "one", "two", "three"], what
    assert program[0].end == tracefile.END_EXIT and program[0].status == 0, what
    starter = found[0]
    if make in ("here", "small"):
        assert (starter.end, program[0].image, program[0].pid) == (tracefile.END_EXEC, 1, starter.pid), what
    else:
        assert (starter.end, starter.status) == (tracefile.END_EXIT, 0), what
        if function not in ("system", "popen"):
            assert [(w.pid, w.status) for w in starter.waited] == [(program[0].pid, 0)], what
    notes = [(e.pid, e.how, e.status, e.path) for p in found for e in p.execs]
    if function == "system" or function == "popen":
        assert (program[0].pid, tracefile.FOLLOWED, 0, str(PROGRAM)) in notes, what
    else:
        assert notes == [(program[0].pid, tracefile.FOLLOWED, 0, str(PROGRAM))], f"{what}\n{notes}"


def fails(make, function, program, writes_note=True):
    words = [make, function, "none", program, "one", "two", "three"]
    outcome, found, _ = recording(*words)
    same(run([START, *words]), outcome)
    what = f"{make} {function} {program}: {outcome}\n{tracefile.show(found)}"
    if make == "here":
        assert outcome.status == 7, what
        assert (found[0].end, found[0].status) == (tracefile.END_EXIT, 7), what
        noted = [(e.status != 0) for e in found[0].execs]
        assert noted == ([False, True] if writes_note else []), what
    else:
        assert (found[0].end, found[0].status) == (tracefile.END_EXIT, 0), what


for name in EXECS:
    for kind in ("here", "fork", "vfork", "clone", "small"):
        followed(kind, name, "none")
    followed("here", name, "own")
for name in SPAWNS:
    followed("spawn", name, "none")
    followed("spawn", name, "own")

locked = TMP / "locked"
locked.write_bytes(PROGRAM.read_bytes())
locked.chmod(0o644)

# A starter that is killed afterwards did not end in an exec, whether that failed or was its child's.
for words in (["here_killed", "execv", "own", locked, "1", "2", "3"],
              ["vfork_killed", "execv", "own", locked, "1", "2", "3"],
              ["vfork_killed", "execv", "own", PROGRAM, "1", "2", "3"]):
    outcome, found, _ = recording(*words)
    assert outcome.status == -9 and found[0].end == 0, f"{words}: {outcome}\n{tracefile.show(found)}"

text = TMP / "text"
text.write_text("echo text \"$@\"\n")
text.chmod(0o755)
for name in EXECS:
    for kind in ("here", "fork", "vfork"):
        fails(kind, name, TMP / "nothing", writes_note=False)
        fails(kind, name, locked)
        if name not in ("execvp", "execvpe", "execlp"):
            fails(kind, name, text)
for name in ("posix_spawn", "posix_spawnp", "system", "popen"):
    for program in (TMP / "nothing", locked, text):
        outcome, found, _ = recording("spawn", name, "none", program, "one")
        same(run([START, "spawn", name, "none", program, "one"]), outcome)

# A text without #! is the shell's, where the shell is asked.
for name in ("execvp", "execvpe", "execlp"):
    outcome, found, _ = recording("here", name, "none", text, "one", "two", "three")
    assert outcome.out == b"text one two three\n", outcome
    assert [p.exe for p in found][1:] == [os.path.realpath("/bin/sh")], tracefile.show(found)
    assert [(e.how, e.path) for e in found[0].execs] == [(tracefile.FOLLOWED, str(text))], tracefile.show(found)

# Found along PATH, behind a folder that has a file of the name which cannot be executed.
first, second = TMP / "first", TMP / "second"
for folder in (first, second):
    folder.mkdir()
(first / "tool").write_text("")
os.link(PROGRAM, second / "tool")
for kind, name in (("here", "execvp"), ("vfork", "execlp"), ("spawn", "posix_spawnp")):
    path = f"/nowhere:{first}::{second}:/bin"
    outcome, found, _ = recording(kind, name, "own", "tool", "one", "two", "three", env={"PATH": path})
    assert outcome.status == 0, outcome
    notes = [e for p in found for e in p.execs]
    assert [e.how for e in notes] == [tracefile.FOLLOWED], tracefile.show(found)
    if name != "posix_spawnp":
        assert notes[0].path == str(second / "tool"), tracefile.show(found)

# A recording directory and a library given relatively, and a program that goes elsewhere.
elsewhere = TMP / "elsewhere"
elsewhere.mkdir()
os.symlink(PROBE_LIB, TMP / "libprobe.so")
command = ["sh", "-c", f"cd elsewhere; {PROGRAM} one; exec {PROGRAM} two"]
outcome = run(command, {"LD_PRELOAD": "./libprobe.so", "PROBE_OUT": "relative"}, cwd=TMP)
expected = [f"LD_PRELOAD={TMP}/libprobe.so", f"PROBE_OUT={TMP}/relative"]
lines = outcome.out.decode().splitlines()
assert outcome.err == b"" and lines[0] == "one" and lines[3] == "two", outcome
assert sorted(lines[1:3]) == expected and sorted(lines[4:]) == expected, outcome
assert len(tracefile.processes(TMP / "relative")) == 3, tracefile.show(tracefile.processes(TMP / "relative"))

# PROBE_FOLLOW=0: the process and what it becomes, but no child.
outcome = record(["env", "sh", "-c", f"{PROGRAM} one; {PROGRAM} two | cat; exec {PROGRAM} three"], TMP / "alone",
                 {"PROBE_FOLLOW": "0"})
found = tracefile.processes(TMP / "alone")
assert [p.argv[0] for p in found] == ["env", "sh", str(PROGRAM)], f"{outcome}\n{tracefile.show(found)}"
assert outcome.out.decode().count("LD_PRELOAD") == 1 and outcome.err == b"", outcome
assert len({p.pid for p in found}) == 1, tracefile.show(found)
assert {e.how for p in found for e in p.execs} == {tracefile.NOT_ASKED, tracefile.FOLLOWED}, tracefile.show(found)

# Options go along where the environment does not.
outcome = record(["env", "-i", PROGRAM], TMP / "options", {"PROBE_STACK_DEPTH": "9", "PROBE_QUIET": "1"})
assert b"PROBE_STACK_DEPTH=9\n" in outcome.out and b"PROBE_QUIET=1\n" in outcome.out, outcome
