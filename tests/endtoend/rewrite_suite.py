"""The WebAssembly test suite does the same with every module rewritten: results, traps, what is rejected."""
import json

from harness import LONG, TMP, need, run, skip, wasm_suite
from rewritten import MAJORS, SCRIPTS, node

need("wast2json")
suite = wasm_suite()
if not suite:
    skip("the suite comes from Debian's source of binaryen, and there is no apt-get")
for source in sorted(suite.glob("*.wast")):
    # Some are for binaryen alone, or newer than wast2json.
    if run(["wast2json", "--enable-all", source, "-o", TMP / f"{source.stem}.json"]).status != 0:
        (TMP / f"{source.stem}.json").unlink(missing_ok=True)
files = sorted(TMP.glob("*.json"))
assert len(files) > 90, len(files)
for major in MAJORS if LONG else MAJORS[1:2]:
    done = json.loads(node(major, SCRIPTS / "spec.js", *files))
    print(major, done)
    assert done["failures"] == 0 and done["rewritten"] > 200 and done["reports"] > 1000, done
