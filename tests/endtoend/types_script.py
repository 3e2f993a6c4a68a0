"""probe.alloc and probe.drop from JavaScript: what a script counts itself, in the main thread and in a worker, is in the report,
at the script's lines. Ids are numbers that are given once in the process."""
import json

from harness import TMP, lost_nothing, node_environment, record, report

(TMP / "objects.js").write_text("""
const { Worker, isMainThread, parentPort } = require("worker_threads");
function open(i) { return probe.alloc(i % 4 ? "Field" : "Point<Fp>", i % 4 ? 32 : 100); }
const ids = [];
for (let i = 0; i < 400; i++)
	ids.push(open(i));
for (let i = 0; i < 400; i++)
	if (i % 4 === 0 || i < 100)
		probe.drop(ids[i]);
if (isMainThread) {
	const ids2 = [];
	probe.alloc("NoSize");
	probe.alloc("BadSize", -5);
	const other = [probe.alloc(), probe.alloc({ toString() { throw 1; } }, 3), probe.drop("x"), probe.drop(), probe.drop(NaN)];
	new Worker(__filename).on("message", (theirs) => {
		const all = new Set([...ids, ...theirs]);
		console.log(JSON.stringify([all.size, ids.every(Number.isSafeInteger), other]));
	});
} else {
	parentPort.postMessage(ids);
}
""")
for major in (20, 22, 24):
    out = TMP / f"out{major}"
    done = record(["node", "objects.js"], out, node_environment(major), TMP)
    assert (done.status, done.err) == (0, b""), done
    assert json.loads(done.out) == [800, True, [None] * 5], done
    data = report(out)
    lost_nothing(data)
    # What makes no sense throws nothing, and the recording says so; a size that is not given is none.
    said = [warning for process in data["processes"] for warning in process["warnings"] if "probe." in warning]
    assert sorted(word.split()[0] for word in said) == ["probe.alloc", "probe.drop"], said
    rows = {row["type"]: (row["allocs"], row["frees"], row["bytes"], row["dropping"])
            for row in data["leaks"]["by_type"] if row["domain"] == "pool"}
    assert rows == {"Field": (600, 150, 450 * 32, "partial"), "Point<Fp>": (200, 200, 0, "perfect"),
                    "NoSize": (1, 0, 0, "never"), "BadSize": (1, 0, 0, "never")}, f"node {major}: {rows}"
    sites = [row for row in data["leaks"]["by_site"] if row["domain"] == "pool" and row["type"] == "Field"]
    lines = {(frame["function"], frame["line"]) for row in sites for frame in row["stack"] if frame["kind"] == "js"
             and frame["function"] == "open"}
    assert lines == {("open", 3)}, f"node {major}: {sites}"
