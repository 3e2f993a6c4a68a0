"""Real node with jemalloc as its malloc: that calls mmap under its own locks, where V8 must not be asked for anything."""
from harness import PROBE_LIB, TMP, lost_nothing, node_environment, record, report, run, same

JEMALLOC = "libjemalloc.so.2"
# Each extent is mapped anew and given back at once: so mmap is called from within nearly every malloc.
EAGER = "tcache:false,retain:false,dirty_decay_ms:0,muzzy_decay_ms:0"
SCRIPT = """
const { Worker, isMainThread } = require("worker_threads");
const kept = [];
function keep() {
	for (let i = 0; i < 200; i++)
		kept.push(Buffer.allocUnsafeSlow(20000 + i * 7).toString("hex").length);
}
keep();
if (isMainThread) {
	for (let i = 0; i < 3; i++)
		new Worker(__filename).on("exit", (code) => console.log(code));
}
"""

(TMP / "workers.js").write_text(SCRIPT)
for version in (20, 22, 24):
    env, out = {**node_environment(version), "MALLOC_CONF": EAGER}, TMP / f"out{version}"
    bare = run(["node", "workers.js"], {**env, "LD_PRELOAD": JEMALLOC})
    same(bare, record(["node", "workers.js"], out, {**env, "LD_PRELOAD": f"{PROBE_LIB}:{JEMALLOC}"}))
    data = report(out)
    lost_nothing(data)
    assert not data["names"]["unknown"]["runtime-silent"], f"node {version}: {data['names']}"
