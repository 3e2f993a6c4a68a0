"""Every member of every JSON object that probe writes is named in probe(1), at its object: over recordings of a node program
with workers, pools, WebAssembly and CPU samples, of C++ children, and of a damaged log."""
import json
import re
import shutil

from harness import SOURCE, TMP, node_environment, probe, record
from truth import fixture

# What the manual says: by the way to an object its members. `parts, x` in a title is several ways.
page = (SOURCE / "analyzer" / "man" / "probe.1").read_text()
section = page.split(".Ss Members of the JSON objects\n")[1].split(".Sh ")[0]
documented = {}
for item in section.split(".It ")[1:]:
    title, text = item.split("\n", 1)
    names = [word for line in text.splitlines() if line.startswith(".Va ") for word in line[4:].split()]
    for way in re.sub(r"\b(Va|No of Va hot|No)\b", "", title).replace(",", " ").split():
        documented.setdefault(way, set()).update(names)
for row in ("recording", "recordings"):
    assert documented[row] >= {"dir", "started"}, documented[row]

FRAME = documented["stack"]
SITE = documented["leaks.by_site"]
PLACES = {
    "report.leaks.garbage": SITE, "report.leaks.until_worker_end": SITE, "report.leaks.pending_by_site": SITE,
    "report.leaks.by_process": documented["leaks.by_module"] | {"process"}, "hot.functions": FRAME | documented["functions"],
    "hot.top_down": FRAME | documented["functions"], "hot.bottom_up": FRAME | documented["functions"],
    "report.leaks.pending.registered": {"stack", "stack_end"}, "hot.totals": documented["matching"],
    "report.totals": documented["totals"] | documented["processes.totals"],
    **{f"{root}.processes.children_usage": documented["processes.children_usage"] | documented["processes.usage"]
       for root in ("report", "hot")},
}
DOMAINS = documented["leaks.domains"]


def members(way):
    """What an object may have, by the way to it."""
    last = way.rsplit(".", 1)[-1]
    if way in PLACES:
        return PLACES[way]
    if last in ("stack", "frame", "caller"):
        return FRAME
    if last == "allocator":
        return documented["allocator"]
    if re.fullmatch(r"report\.leaks\.(suppressions\.)?domains\..*", way):
        return DOMAINS | {"sites"}
    if way == "report.leaks.suppressions.domains":
        return DOMAINS
    if way in ("report", "hot"):
        return documented[way]
    plain = way.split(".", 1)[1]
    return documented.get(plain, documented.get(last if way.startswith("hot.") else plain))


def walk(value, way, missing):
    if isinstance(value, list):
        for part in value:
            walk(part, way, missing)
    elif isinstance(value, dict):
        known = members(way)
        if known is None:
            missing.add(f"{way}: nothing")
            return
        missing.update(f"{way}.{name}" for name in value if name not in known)
        for name, part in value.items():
            walk(part, f"{way}.{name}", missing)


(TMP / "all.js").write_text("""
const { Worker, isMainThread } = require("worker_threads");
const code = new WebAssembly.Module(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1]));
const kept = [], registry = new FinalizationRegistry(() => {});
function work(round) {
	for (let i = 0; i < 200; i++)
		kept.push(Buffer.allocUnsafeSlow(3000));
	const id = globalThis.probe?.alloc("Proof", 100);
	globalThis.probe?.alloc("Kept", round);
	globalThis.probe?.drop(id);
	const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
	memory.grow(1);
	try { memory.grow(9); } catch {}
	kept.push(memory, new WebAssembly.Instance(code));
	registry.register({}, 5);
	globalThis.probe?.mark(`round ${round}`);
}
for (let round = 0; round < 5; round++)
	work(round);
if (isMainThread)
	new Worker(__filename);
""")
environment = {**node_environment(22), "PROBE_CPU": "500"}
node, log = TMP / "node.probe", TMP / "log.probe"
command = f"node {TMP}/all.js; '{fixture('classes_short')}' kill; '{fixture('annotated')}'; '{fixture('wasmlike')}'; :"
assert record(["sh", "-c", command], node, environment, TMP).status == 0
(TMP / "prover.log").write_text("@ MEMORY 100\n@ ALLOCATE 8 a.rs:1 Fp 1\n@ ALLOCATE 8 a.rs:1 Fp 2\n@ DROP 9 Fp 2\n"
                                "@ DROP 8 Fp 7\n@ X\n@ MEMORY 900\n")
assert probe("import", TMP / "prover.log", "-o", log, "--format", "allocation-log").status == 0
missing, kinds = set(), set()
for out in (node, log):
    for words in (["report"], ["leaks", "--by", "module"], ["leaks", "--since", "round 1"], ["hot"], ["hot", "--by", "peak"],
                  ["hot", "--by", "lifetime"], ["hot", "--by", "cpu"]):
        # A branch of one in fifty is as good as any.
        done = probe(*words, *(["--top", "50", "--fold", "2"] if words[0] == "hot" else []), out, "--json")
        if done.status:
            assert out == log and ("--since" in words or words[0] == "hot"), done
            continue
        data = json.loads(done.out)
        walk(data, "hot" if words[0] == "hot" else "report", missing)
        kinds.update(finding["kind"] for finding in data["findings"])
assert not missing, sorted(missing)
text = page.replace("\\-", "-")
assert len(kinds) > 4 and not [kind for kind in kinds if kind not in text], kinds
shutil.rmtree(node)
