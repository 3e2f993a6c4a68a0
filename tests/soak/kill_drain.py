"""The long form of tests/endtoend/kill_drain.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/kill_drain.py"))
