"""A program that asks everything there is to be asked of its wasm modules, which are rewritten when it is recorded, is told the
same as without: by node 20, 22 and 24."""
from harness import SOURCE, TMP, need, npm_modules, record, run, same
from tracefile import processes

need("wat2wasm")
FOLDER = SOURCE / "tests" / "fixtures" / "rewrite"
WASM_HEAP = 21
OWN = '(memory (export "memory") 1 10)'
VARIANTS = {  # what stands for (MEMORY), (START) and the module that is imported from
    "plain": (OWN, "", "env"),
    "sharing": ('(import "env" "memory" (memory 1 20 shared))', "", "env"),
    "hidden": ("(memory 1 10)", "", "env"),
    "traps": (OWN, "unreachable", "env"),
    "reactor": (OWN + ' (func (export "_initialize"))', "", "env"),
    "esm": (OWN, "", "./env.mjs"),
}

text = (FOLDER / "invisible.wat").read_text().split("\n", 1)[1]
for name, (memory, start, module) in VARIANTS.items():
    text_of = text.replace("(MEMORY)", memory).replace("(START)", start).replace('"env"', f'"{module}"')
    (TMP / f"{name}.wat").write_text(text_of)
    done = run(["wat2wasm", "--enable-threads", "--enable-exceptions", "--debug-names", TMP / f"{name}.wat",
                "-o", TMP / f"{name}.wasm"])
    assert done.status == 0, done
(TMP / "env.mjs").write_text("export function note(n) { console.log('noted', n); }\n")
(TMP / "importing.mjs").write_text("import * as all from './esm.wasm';\n"
                                   "export default [Object.keys(all), all.malloc?.(3), all.work?.(3), all.count?.value ?? all.count];\n")

for major in (20, 22, 24):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    command = [node, "--no-warnings", "--experimental-wasm-modules", FOLDER / "invisible.js", TMP]
    out = TMP / f"out{major}"
    bare = run(command, {"NODE_OPTIONS": None}, TMP)
    assert bare.status == 0 and len(bare.out.splitlines()) > 1000, bare
    same(bare, record(command, out, {"NODE_OPTIONS": None}, TMP))
    watched = [r for process in processes(out) for r in process.records if r.type == WASM_HEAP]
    print(major, len(bare.out.splitlines()), "lines,", len(watched), "instances watched")
    assert len(watched) > 50, f"node {major}: {len(watched)} instances were watched"
print("nobody can tell")
