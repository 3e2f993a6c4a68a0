"""The WebAssembly test suite does the same with every module rewritten: results, traps, what is rejected."""
import json

from harness import LONG
from rewritten import MAJORS, SCRIPTS, node, suite_files

files = suite_files()
for major in MAJORS if LONG else MAJORS[1:2]:
    done = json.loads(node(major, SCRIPTS / "spec.js", *files))
    print(major, done)
    assert done["failures"] == 0 and done["rewritten"] > 200 and done["reports"] > 1000, done
