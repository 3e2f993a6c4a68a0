"""Code of another runtime is named by its perf map: after every end, and never by somebody else's file."""
import os
import re

from generated import check, check_ways, innermost, kept, original, pid_of, report_of, run
from harness import FIXTURES, TMP, probe, record

check_ways("map")

# What is doubtful is said.
out = TMP / "said.probe"
data = run("map", "exit", out)
map_of = original("map", pid_of(data))
text = probe("report", out).out.decode()
assert re.search(rf"2 addresses are named twice in perf-{pid_of(data)}\.map, so they have no name", text), text

# The file grew while the program ended: the recording's copy is its beginning.
copy = kept(out, "map")[0]
lines = copy.read_bytes().splitlines(keepends=True)
copy.write_bytes(b"".join(lines[:3]))
check(report_of(out), "map")
# A file that is not the copy's continuation is not looked at, nor one that was written much later.
map_of.write_bytes(b"0 " + map_of.read_bytes())
named = [frame["function"] for frames in innermost(report_of(out)).values() for frame in frames]
assert sorted(filter(None, named)) == ["a name with blanks", "plain"], named
map_of.unlink()

killed = TMP / "killed.probe"
data = run("map", "kill", killed)
map_of = original("map", pid_of(data))
check(data, "map")
status = map_of.stat()
os.utime(map_of, (status.st_atime, status.st_mtime - 3600))
check(report_of(killed), "none")
os.utime(map_of, (status.st_atime, status.st_mtime))
check(report_of(killed), "map")
map_of.rename(TMP / "elsewhere")
map_of.symlink_to(TMP / "elsewhere")
check(report_of(killed), "none")
map_of.unlink()
os.mkfifo(map_of)
check(report_of(killed), "none")

# One that was there before the program began is not its own, whoever wrote it. pids cannot be chosen: the shell's is
# the program's after exec.
stale = TMP / "stale.probe"
script = 'printf "0 40000000 everything\\n" >/tmp/perf-$$.map; touch -d "1 hour ago" /tmp/perf-$$.map; exec "$@"'
done = record(["sh", "-c", script, "sh", FIXTURES / "generated", "none", TMP, "exit"], stale)
assert done.status == 3, done
data = report_of(stale)
check(data, "none")
assert not list(stale.glob("*.perf-map")), list(stale.iterdir())
