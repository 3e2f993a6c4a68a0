"""Where memory is can be told while other threads split and join mappings: the kernel's list is read in parts, and repeats what
has become one with what it had told."""
from harness import FIXTURES, TMP, lost_nothing, record, report

done = record([FIXTURES / "remaps"], TMP / "out")
assert (done.status, done.out, done.err) == (0, b"", b""), done
data = report(TMP / "out")
lost_nothing(data)
process, = data["processes"]
assert len(process["ledger"]["samples"]) > 10, process["ledger"]
