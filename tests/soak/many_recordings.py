"""The long form of tests/endtoend/many_recordings.py: 200 recordings."""
import runpy

from harness import SOURCE

runpy.run_path(str(SOURCE / "tests/endtoend/many_recordings.py"))
