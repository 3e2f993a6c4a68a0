"""The wait family: what the program sees is unchanged, and how each child ended is in the recording, once."""
import signal

import tracefile
from harness import FIXTURES, TMP, record, run, same

outcome = record([FIXTURES / "follow_wait"], TMP / "r")
same(run([FIXTURES / "follow_wait"]), outcome)
found = tracefile.processes(TMP / "r")
statuses = [w.status for w in found[0].waited]
expected = [1 << 8, 2 << 8, 3 << 8, signal.SIGKILL, signal.SIGTERM, 4 << 8, 5 << 8, signal.SIGUSR1, 6 << 8, 7 << 8,
            signal.SIGKILL]
assert statuses == expected, f"{[hex(s) for s in statuses]}\n{outcome}"
children = [c.pid for c in found[0].children]
assert [w.pid for w in found[0].waited] == children, tracefile.show(found)
assert b"cancelled: 1" in outcome.out, outcome
