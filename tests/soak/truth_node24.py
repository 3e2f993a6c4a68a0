"""The long form of tests/endtoend/truth_node24.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/truth_node24.py"))
