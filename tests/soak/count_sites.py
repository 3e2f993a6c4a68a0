"""The long form of tests/endtoend/count_sites.py."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/count_sites.py"))
