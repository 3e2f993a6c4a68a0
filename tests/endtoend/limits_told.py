"""The limits of a process's memory are recorded, and a leak says when it reaches the first of them."""
import pathlib
import re

from harness import FIXTURES, TMP, lost_nothing, record, report

KIB = 1024
LIMIT = 3 << 30
SCRIPT = 'ulimit -v "$1"; shift; exec "$@"'


def leak(name, limit):
    """The process pairs, which leaks, under a limit of address space in bytes (None: as it is)."""
    words = [FIXTURES / "pairs", "list", "leak", "marked"]
    out = TMP / name
    done = record(["sh", "-c", SCRIPT, "sh", str(limit // KIB), *words] if limit else words, out)
    assert done.status == 0 and done.err == b"", done
    data = report(out)
    lost_nothing(data)
    process, = (p for p in data["processes"] if p["exe"].endswith("/pairs"))
    assert process["verdict"]["verdict"] == "leak", process["verdict"]
    return process


def group_limit():
    """Of the control group of this process, which its children have: the least on the way up; None: there is none."""
    lines = [line.split(":", 2) for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()]
    old = [path for _, names, path in lines if "memory" in names.split(",")]
    path = pathlib.PurePath((old or [path for number, _, path in lines if number == "0"] or ["/"])[0])
    folder, file = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes") if old else ("/sys/fs/cgroup", "memory.max")
    found = []
    for place in (path, *path.parents):
        at = pathlib.Path(f"{folder}/{place}/{file}")
        if at.exists() and at.read_text().strip() != "max":
            found.append(int(at.read_text()))
    return min((n for n in found if n < 1 << 62), default=None)


free, tight = leak("free", None), leak("tight", LIMIT)
for process in (free, tight):
    limits = process["limits"]
    assert limits["control_group_bytes"] == group_limit(), (limits, group_limit())
    assert (limits["control_group"] is None) == (group_limit() is None), limits
    used = limits["address_space_used_bytes"]
    assert process["ledger"]["rss_bytes"] <= used < LIMIT, (used, process["ledger"])

if free["limits"]["address_space_bytes"] is None:
    assert "RLIMIT_AS" not in free["verdict"]["reason"], free["verdict"]
assert tight["limits"]["address_space_bytes"] == LIMIT, tight["limits"]
if group_limit() is None or group_limit() > 2 * LIMIT:
    reason = tight["verdict"]["reason"]
    found = re.search(r"keeps ([\d.]+) KiB more .* limit of address space \(RLIMIT_AS\), 3\.0 GiB, is reached at this rate "
                      r"after ([\d,]+) more marks", reason)
    assert found, reason
    rate, marks = float(found[1]) * KIB, int(found[2].replace(",", ""))
    room = LIMIT - tight["limits"]["address_space_used_bytes"]
    assert abs(marks - room / rate) < 0.01 * marks, f"{marks} marks of {rate} in {room}: {reason}"
