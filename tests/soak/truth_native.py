"""The long form of tests/endtoend/truth_native.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/truth_native.py"))
