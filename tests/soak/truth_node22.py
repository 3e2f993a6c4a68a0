"""The long form of tests/endtoend/truth_node22.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/truth_node22.py"))
