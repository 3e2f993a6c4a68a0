"""What rewriting must not touch and what it must tell, in modules made for it: indices, names, offsets of code, start
functions, several and 64-bit memories, types in groups."""
from harness import TMP, need
from rewritten import MAJORS, SCRIPTS, node

need("wat2wasm")
for major in MAJORS:
    folder = TMP / str(major)
    folder.mkdir()
    print(major, node(major, SCRIPTS / "features.js", folder).strip())
