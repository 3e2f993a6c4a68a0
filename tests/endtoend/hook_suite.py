"""The WebAssembly test suite does the same when it is recorded: results, traps, what is rejected and in which words."""
from harness import LONG, TMP, npm_modules, record, run, same
from rewritten import MAJORS, SCRIPTS, suite_files

files = suite_files()
for major in MAJORS if LONG else MAJORS[2:]:
    command = [npm_modules() / f"node{major}" / "bin" / "node", SCRIPTS / "spec.js", *files]
    env = {"NODE_OPTIONS": None, "TEST_TMP": TMP, "REWRITE_TOOL": None}
    bare = run(command, env, timeout=600)
    assert bare.status == 0 and len(bare.out.splitlines()) > 10000, bare
    same(bare, record(command, TMP / f"out{major}", env, timeout=600))
    print(major, len(bare.out.splitlines()), "commands")
