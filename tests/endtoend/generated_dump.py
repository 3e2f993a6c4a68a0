"""Code of another runtime is named by its jitdump, with lines, and where it moved to; a perf map comes second."""
from generated import check, check_ways, run
from harness import TMP

check_ways("dump")
check(run("both", "exit", TMP / "both.probe"), "both")
