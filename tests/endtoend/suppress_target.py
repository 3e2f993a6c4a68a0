"""What a program's own __lsan_default_suppressions says is heeded, however the program ends."""
import json

from harness import FIXTURES, TMP, lost_nothing, probe, record, report, run


def by_function(data):
    """Sites of the two leaks by function: (bytes, what they are suppressed by, from where)."""
    found = {}
    for site in data["leaks"]["by_site"]:
        for frame in site["stack"]:
            if frame["function"] in ("known_leak", "other_leak"):
                found.setdefault(frame["function"], []).append(
                    (site["bytes"], site["suppressed_by"], site["suppressed_from"]))
    return found


HIDDEN, SHOWN = [(1000, "^known_leak$", "target")], [(2000, None, None)]


def leaks(name, *arguments, program="suppressed", env=None, status=0):
    out = TMP / name
    done = record([FIXTURES / program, *arguments], out, env)
    assert done.status == status and done.err == b"", done
    return out, done


for name, arguments, status in (("exit", (), 0), ("kill", ("kill",), -9)):
    out, done = leaks(name, *arguments, status=status)
    assert done.out == b"asked 1\n", done
    data = report(out)
    lost_nothing(data)
    assert by_function(data) == {"known_leak": HIDDEN, "other_leak": SHOWN}, by_function(data)
    heap = data["leaks"]["domains"]["heap"]
    assert heap["bytes"] - heap["suppressed_bytes"] == 2000, heap

# A fork has its parent's memory, and so its suppressions.
out, done = leaks("fork", "fork")
assert by_function(report(out)) == {"known_leak": 2 * HIDDEN, "other_leak": 2 * SHOWN}, by_function(report(out))
text = probe("leaks", out, "--print-suppressions")
assert text.status == 0 and b"known_leak" in text.out and b"target" in text.out, text
assert b"by the program itself" in text.out, text

# Long texts come whole, but for a line that is longer than any pattern.
out, done = leaks("many", env={"SUPPRESSED": "many"})
data = report(out)
assert by_function(data)["known_leak"] == HIDDEN, by_function(data)
rows = [row for row in data["leaks"]["suppressions"] if row["from"] == "target"]
assert len(rows) == 1501, len(rows)
assert any("too long" in warning for warning in data["processes"][0]["warnings"]), data["processes"][0]["warnings"]

out, done = leaks("null", env={"SUPPRESSED": "null"})
assert by_function(report(out))["known_leak"] == [(1000, None, None)]

# A line that is wrong is told, and the others hold.
out, done = leaks("wrong", env={"SUPPRESSED": "wrong"})
told = probe("report", out, "--json")
assert told.status == 0 and b"2 of its lines are not 'leak:PATTERN' and left out" in told.err, told
assert by_function(json.loads(told.out))["known_leak"] == [(1000, "known_leak", "target")], told

# Not exported: the program is not asked.
out, done = leaks("inside", program="suppressed_inside")
assert done.out == b"asked 0\n", done
assert by_function(report(out))["known_leak"] == [(1000, None, None)]
assert run([FIXTURES / "suppressed"]).out == b"asked 0\n"

# A file's patterns come first, as in LeakSanitizer.
known = TMP / "known.supp"
known.write_text("# mine\nleak:known_\n")
data = json.loads(probe("leaks", TMP / "exit", "--json", "--suppressions", known).out)
assert by_function(data)["known_leak"] == [(1000, "known_", f"{known}:2")], by_function(data)

# What is no file of suppressions is told by its line, and nothing is printed.
for text, line in (("leak:fine\nrace:x\n", 2), ("{\n   a valgrind suppression\n}\n", 1), ("\n\nleak:\n", 3)):
    known.write_text(text)
    done = probe("leaks", TMP / "exit", "--suppressions", known)
    assert done.status == 3 and done.out == b"", done
    assert done.err == f"probe: {known}: line {line} is not 'leak:PATTERN'\n".encode(), done
done = probe("report", TMP / "exit", "--suppressions", TMP / "none.supp")
assert done.status == 3 and done.err == f"probe: {TMP}/none.supp: No such file or directory\n".encode(), done
assert probe("leaks", TMP / "exit", "--gen-suppressions", "--json").status == 2

# Several files, and what is generated hides all; it is told where each line hid something, and which hid nothing.
first, second = TMP / "first.supp", TMP / "second.supp"
first.write_text("leak:^nobody$\n")
second.write_bytes(probe("leaks", TMP / "exit", "--gen-suppressions").out)
text = probe("leaks", TMP / "exit", "--suppressions", first, "--suppressions", second, "--unused-suppressions").out
assert b"Nothing but what is suppressed was still alive" in text, text
rows = [line.split() for line in text.decode().split("Suppressions\n")[1].splitlines()]
assert ["1", "2,000", "1", f"{second}:2", "^other_leak$"] in rows, text
assert ["0", "0", "0", f"{first}:1", "^nobody$"] in rows, text

# What libprobe.so adds to stacks is never shown, so no pattern hides by it.
for name in ("exit", "fork"):
    for site in report(TMP / name)["leaks"]["by_site"]:
        assert not any("libprobe" in (frame["module"] or "") for frame in site["stack"]), site
known.write_text("leak:libprobe\nleak:rooted_main\nleak:root_call\n")
data = json.loads(probe("leaks", TMP / "exit", "--json", "--suppressions", known).out)
assert by_function(data)["other_leak"] == SHOWN, by_function(data)
