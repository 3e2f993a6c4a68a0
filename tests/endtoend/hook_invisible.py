"""A program that asks everything there is to be asked of its wasm modules, which are rewritten when it is recorded, is told the
same as without: by node 20, 22 and 24."""
from harness import TMP, npm_modules, record, run, same
from hooking import FOLDER, make_modules, watched

make_modules()
for major in (20, 22, 24):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    command = [node, "--no-warnings", "--experimental-wasm-modules", FOLDER / "invisible.js", TMP]
    out = TMP / f"out{major}"
    bare = run(command, {"NODE_OPTIONS": None}, TMP)
    assert bare.status == 0 and len(bare.out.splitlines()) > 1000, bare
    same(bare, record(command, out, {"NODE_OPTIONS": None}, TMP))
    count = watched(out)
    print(major, len(bare.out.splitlines()), "lines,", count, "instances watched")
    assert count > 100, f"node {major}: {count} instances were watched"
print("nobody can tell")
