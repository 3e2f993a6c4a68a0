"""A program that depends on signals and on calls that they interrupt does the same with CPU samples as without: it finds out
itself (tests/fixtures/cpu_signals.c), and each of its parts has samples all the same."""
import json

from harness import FIXTURES, TMP, lost_nothing, probe, record, report, run, same

PARTS = ["waits", "calls", "paused", "alone", "eintr", "unheard", "pending",
         "timers", "threads", "forks", "small", "signals"]

for part in PARTS:
    command = [FIXTURES / "cpu_signals", part]
    bare = run(command)
    assert (bare.status, bare.out) == (0, b"as it must be\n"), f"{part}: {bare}"
    same(bare, record(command, TMP / part, {"PROBE_CPU": "1000"}))
    lost_nothing(report(TMP / part))
    told = probe("hot", TMP / part, "--by", "cpu", "--json")
    assert told.status == 0, f"{part}: {told}"
