"""V8 calls the hooks of WebAssembly's blocks as C calls C: where it called them as functions of JavaScript, which costs more,
the recording has a warning. On each node, with births, deaths and blocks that move."""
import pathlib

from harness import TMP, lost_nothing, need, node_environment, record, report, run

need("clang", "wasm-ld")
PAIRS = 20000
builtins = next(iter(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a")))
(TMP / "pairs.c").write_text("""
#include <stdlib.h>
static void *volatile block;
__attribute__((export_name("run"))) void run(unsigned pairs)
{
	for (unsigned i = 0; i < pairs; i++) {
		block = malloc(16);
		block = realloc(block, 5000);
		free(block);
	}
}
""")
(TMP / "pairs.js").write_text(f"""
const code = new WebAssembly.Module(require("fs").readFileSync("{TMP}/pairs.wasm"));
new WebAssembly.Instance(code).exports.run({PAIRS});
""")
for command in (["clang", "--target=wasm32-wasi", "-O1", "-c", TMP / "pairs.c", "-o", TMP / "pairs.o"],
                ["wasm-ld", "--no-entry", TMP / "pairs.o", "-L/usr/lib/wasm32-wasi", "-lc", builtins, "-o", TMP / "pairs.wasm"]):
    done = run(command)
    assert done.status == 0, done
for major in (20, 22, 24):
    out = TMP / f"out{major}"
    done = record(["node", TMP / "pairs.js"], out, node_environment(major), TMP)
    assert done.status == 0, done
    data = report(out)
    lost_nothing(data)
    process, = [process for process in data["processes"] if process["argv"][-1].endswith("pairs.js")]
    heap, = [memory["heap"] for memory in data["wasm_memories"] if memory["heap"]]
    assert (heap["allocs"], heap["frees"]) == (2 * PAIRS, 2 * PAIRS), f"node {major}: {heap}"
    slow = [warning for warning in process["warnings"] if "slow calls" in warning]
    assert not slow, f"node {major}: {slow}"
