"""Real packages from npm, most of them stripped, run with their modules rewritten: the allocator is found, each block that
dies was born before, and what the package keeps is what it had."""
import json

from harness import npm_modules
from rewritten import MAJORS, SCRIPTS, node, tool, watched

modules = npm_modules(name="npm_wasm")

# Who uses it, the module, and what was found to be its allocator: looked up by hand in the code (disassembled, and compared
# with the same library built with names where there is one).
FOUND = {
    "sqljs": ("sql.js/dist/sql-wasm.wasm", {"malloc": [244], "free": [243], "memalign": [1265]}),
    "resvg": ("@resvg/resvg-wasm/index_bg.wasm",
              {"malloc": [102], "free": [398], "realloc": [499], "memalign": [766]}),
    "quickjs": ("@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm",
                {"malloc": [150], "free": [142], "realloc": [775]}),
    "wasmoon": ("wasmoon/dist/glue.wasm", {"malloc": [659, 657], "free": [660], "realloc": [661]}),
    "rollup": ("@rollup/wasm-node/dist/wasm-node/bindings_wasm_bg.wasm",
               {"malloc": [130], "free": [169], "realloc": [708], "memalign": [1364]}),
    "zstd": ("@bokuweb/zstd-wasm/dist/web/zstd.wasm", {"malloc": [111], "free": [24]}),
    "lodepng": ("@cwasm/lodepng/lodepng.wasm", {"malloc": [2, 1], "free": [4, 3], "realloc": [5]}),
    "jsquash": ("@jsquash/png/codec/pkg/squoosh_png_bg.wasm",
                {"malloc": [11], "free": [28], "realloc": [25], "memalign": [44]}),
    "argon2": ("argon2-browser/dist/argon2.wasm", {"malloc": [9], "free": [8]}),
    "treesitter": ("web-tree-sitter/web-tree-sitter.wasm",
                   {"malloc": [34], "free": [51], "realloc": [93], "calloc": [42]}),
    "sourcemap": ("source-map/lib/mappings.wasm", None),
}
NONE = ["tiny-secp256k1/lib/secp256k1.wasm"]

for use, (file, wanted) in FOUND.items():
    said = tool(modules / file)
    assert "reason" not in said, (file, said)
    assert wanted is None or watched(said) == wanted, (file, watched(said))
    for major in MAJORS if use in ("sqljs", "resvg") else MAJORS[1:2]:
        out = node(major, "-r", SCRIPTS / "hooked.js", SCRIPTS / "use.js", use, modules)
        heaps = [json.loads(line) for line in out.splitlines()]
        heap = max(heaps, key=lambda heap: heap["births"])
        print(major, use, heap)
        assert heap["births"] > 2 and heap["unknown"] == 0 and heap["doubled"] == 0, (use, heap)
        assert heap["live"] <= 20 or use == "treesitter", (use, heap)
for file in NONE:
    assert tool(modules / file)["reason"] == "no allocator was found in it", file
