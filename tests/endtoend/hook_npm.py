"""Real packages from npm, unmodified: their modules are found and watched, each block that dies was born before, and the
program does the same."""
from harness import TMP, lost_nothing, npm_modules, record, report, run, same
from rewritten import MAJORS, SCRIPTS

modules = npm_modules(name="npm_wasm")
USES = ("sqljs", "resvg", "quickjs", "wasmoon", "rollup", "zstd", "lodepng", "jsquash", "argon2", "treesitter", "sourcemap")

for number, use in enumerate(USES):
    for major in MAJORS if use in ("sqljs", "rollup") else [MAJORS[number % 3]]:
        node = npm_modules() / f"node{major}" / "bin" / "node"
        command, env, out = [node, SCRIPTS / "use.js", use, modules], {"NODE_OPTIONS": None}, TMP / f"{use}{major}"
        same(run(command, env), record(command, out, env))
        data = report(out)
        lost_nothing(data)
        heaps = [memory["heap"] for memory in data["wasm_memories"] if memory["heap"]]
        print(major, use, [(heap["allocs"], heap["frees"], heap["unknown_frees"]) for heap in heaps])
        assert max(heap["allocs"] for heap in heaps) > 2, (use, data["wasm_memories"])
        assert all(heap["unknown_frees"] == 0 and heap["replaced"] == 0 for heap in heaps), heaps
