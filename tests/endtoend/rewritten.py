"""Wasm modules that go through the rewriter: what the tests rewrite_….py share."""
import json
import os

from harness import BUILD, SOURCE, TMP, need, npm_modules, run, skip, wasm_suite

TOOL = BUILD / "tests" / "rewrite" / "rewrite_tool"
SCRIPTS = SOURCE / "tests" / "fixtures" / "rewrite"
MAJORS = (20, 22, 24)


def node(major, *words, env=None, timeout=600):
    """Runs a real node; its output."""
    done = run([npm_modules() / f"node{major}" / "bin" / "node", *words],
               {"REWRITE_TOOL": TOOL, "TEST_TMP": TMP, "NODE_OPTIONS": None, **(env or {})}, timeout=timeout)
    assert done.status == 0, f"node {major} {words}: {done}"
    return done.out.decode()


def tool(file, *words):
    """What the tool says of a file, and rewrites it to `words[-1]` if that is a path."""
    done = run([TOOL, *[w for w in words if not isinstance(w, os.PathLike)], file,
                *[w for w in words if isinstance(w, os.PathLike)]])
    assert done.status in (0, 3), f"{file}: {done}"
    return json.loads(done.out)


def watched(said, candidate=0):
    """{role: functions} of a candidate."""
    roles = {}
    for watch in said["candidates"][candidate]["watches"]:
        roles.setdefault(watch["role"], []).append(watch["function"])
    return roles


def suite_files():
    """The WebAssembly test suite, as wast2json makes it, in the test's folder."""
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
    return files
