"""In whatever way a program comes to an instance of a module, and in whatever world, it is one that is watched."""
from harness import TMP, npm_modules, record, run
from hooking import FOLDER, make_modules, watched

make_modules()
SCRIPT = FOLDER / "everywhere.js"
for major in (20, 22, 24):
    node = [npm_modules() / f"node{major}" / "bin" / "node", "--no-warnings", "--experimental-wasm-modules", SCRIPT]
    ways = run([*node, "ways", TMP], {"NODE_OPTIONS": None}).out.decode().split()
    assert len(ways) > 20, ways
    for way in ways:
        out = TMP / f"{major}{way}"
        done = record([*node, way, TMP], out, {"NODE_OPTIONS": None}, TMP)
        assert done.status == 0 and not done.err, f"node {major} {way}: {done}"
        assert watched(out) == 1, f"node {major} {way}: {watched(out)} instances were watched"
    off = TMP / f"{major}off"
    record([*node, "sync", TMP], off, {"NODE_OPTIONS": None, "PROBE_WASM": "memory"}, TMP)
    assert watched(off) == 0, "PROBE_WASM=memory"
print("watched everywhere")
