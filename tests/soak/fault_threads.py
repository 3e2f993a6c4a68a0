"""The long form of tests/endtoend/fault_threads.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/fault_threads.py"))
