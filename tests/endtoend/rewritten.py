"""Wasm modules that go through the rewriter: what the tests rewrite_….py share."""
import json
import os

from harness import BUILD, SOURCE, TMP, npm_modules, run

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
