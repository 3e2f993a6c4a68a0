"""probe run and the directory: one that cannot be made, one that holds a recording, one that nothing came into. And a
report of damaged files says so at once; a reader of it that goes away is no error."""
import os
import shutil
import subprocess

from harness import PROBE_BIN, TMP, environment, probe

SAY = ["sh", "-c", "echo said; exit 5"]

# Nothing can be recorded: the command runs all the same, and its status is handed on.
(TMP / "file").touch()
(TMP / "loop").symlink_to("loop")
for place, reason in ((TMP / "file" / "r", "Not a directory"),
                      (TMP / "loop" / "r", "Too many levels of symbolic links")):
    done = probe("run", "-o", place, "--", *SAY)
    assert (done.status, done.out) == (5, b"said\n"), done
    assert done.err.decode() == f"probe: {place}: {reason}\n", done

# Nothing came into it: it does not stay behind.
done = probe("run", "-o", TMP / "none", "--", "/nonexistent")
assert done.status == 127 and not (TMP / "none").exists(), done

# A missing parent is made by the library. The second run is told that it joins.
first = probe("run", "-o", TMP / "a" / "r", "--", *SAY)
assert (first.status, first.err) == (5, b""), first
second = probe("run", "-o", TMP / "a" / "r", "--", *SAY)
assert second.status == 5 and b"r: joined: it holds a recording already\n" in second.err, second

# A closed pipe: the command's status for run, that of SIGPIPE for report, and silence.
for words, status in ((["run", "-o", TMP / "piped", "--", "sh", "-c", "exit 4"], 4),
                      (["run", "-o", TMP / "piped2", "--", "true"], 0), (["report", TMP / "a" / "r"], 141),
                      (["leaks", TMP / "a" / "r", "--json"], 141)):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([PROBE_BIN, *map(str, words)], env=environment(), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (status, b""), (words, done)

# Damage is told before the first table.
shutil.copytree(TMP / "a" / "r", TMP / "damaged")
for shared in (TMP / "damaged").glob("*.shared"):
    os.truncate(shared, shared.stat().st_size // 2)
done = probe("report", TMP / "damaged")
head, _, rest = done.out.decode().partition("\nProcesses\n")
assert done.status == 0 and "damaged: these numbers are not exact" in " ".join(head.split()), done
assert "none known; files are damaged" in rest, done
whole = probe("report", TMP / "a" / "r")
assert b"damaged" not in whole.out, whole
