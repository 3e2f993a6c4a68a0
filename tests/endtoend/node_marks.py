"""Marks from JavaScript: globalThis.probe.mark in the main thread, in workers of all kinds and in children, and one at each
full gc() that the program calls itself."""
import collections

from harness import TMP, lost_nothing, node_environment, record, report

(TMP / "marks.js").write_text("""
const { Worker, isMainThread, workerData } = require("worker_threads");
if (!isMainThread) {
	probe.mark(`in worker ${workerData}`);
} else if (process.argv[2] === "child") {
	probe.mark("in a child");
} else {
	globalThis.probe?.mark("first");
	probe.mark(17);
	probe.mark("\\u00fc".repeat(200));
	probe.mark(Symbol("no label"));
	probe.mark({ toString() { throw new Error("no label either"); } });
	probe.mark();
	for (let i = 0; i < 3; i++)
		gc();
	gc({ type: "minor" });
	require("v8").setFlagsFromString("--expose-gc");
	require("vm").runInNewContext("gc")();
	new Worker(__filename, { workerData: 1 });
	new Worker(__filename, { workerData: 2, env: {}, execArgv: [] });
	new Worker("probe.mark('in worker 3')", { eval: true, env: { ...process.env, SOME: "thing" } });
	require("child_process").fork(__filename, ["child"]);
}
""")
for major in (20, 22, 24):
    out = TMP / f"out{major}"
    done = record(["node", "--expose-gc", "marks.js"], out, node_environment(major), TMP)
    assert (done.status, done.out, done.err) == (0, b"", b""), done
    data = report(out)
    lost_nothing(data)
    labels = collections.Counter(mark["label"] for mark in data["marks"])
    assert labels == {"first": 1, "17": 1, "\u00fc" * 127: 1, "gc()": 4, "in worker 1": 1, "in worker 2": 1,
                      "in worker 3": 1, "in a child": 1, "worker 1 ends": 1, "worker 2 ends": 1,
                      "worker 3 ends": 1}, f"node {major}: {labels}"
