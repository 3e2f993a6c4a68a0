"""The long form of tests/endtoend/kill_anytime.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/kill_anytime.py"))
