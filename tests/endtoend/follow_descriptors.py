"""Programs that close and reuse every descriptor: they see what they see without libprobe.so, and the recording goes
on."""
import tracefile
from harness import FIXTURES, TMP, record, run, same

# Else there is nothing to keep alive.
assert record([FIXTURES / "follow_descriptors", "held"], TMP / "r-held").out.count(b"held") == 1

for how in ("", "close", "closefrom", "closefrom_high", "close_range", "close_range_unshare", "close_range_cloexec",
            "close_range_wrong", "dup2", "dup3", "dup2_wrong", "raw", "vfork"):
    command = [FIXTURES / "follow_descriptors", how]
    outcome = record(command, TMP / f"r-{how}")
    bare = run(command)
    assert bare.status == 0, f"{how}: {bare}"
    try:
        same(bare, outcome)
    except AssertionError as problem:
        raise AssertionError(f"{how}: {problem}") from None
    found = tracefile.processes(TMP / f"r-{how}")
    assert [(p.end, p.status) for p in found] == [(tracefile.END_EXIT, 0), (tracefile.END_EXIT, 3)], \
        f"{how}: {outcome}\n{tracefile.show(found)}"
