"""Where node's memory is, against what the script itself is told: idle, allocating, full of wasm."""
import json

from harness import SOURCE, TMP, node_environment, record, report
from ledger import COST, adds_up, kinds, near, told

SCRIPT = SOURCE / "tests" / "fixtures" / "javascript" / "memory.js"
MIB = 1 << 20


def take(major, mode):
    """Without the collection at the end, which would change what the script was told just before."""
    out = TMP / f"out {mode}"
    done = record(["node", "--expose-gc", SCRIPT, mode], out, {**node_environment(major), "PROBE_GC": "0"})
    assert done.status == 0, done
    usage = json.loads(done.out.splitlines()[-1])
    process = [p for p in report(out)["processes"] if p["pid"] == usage["pid"]][0]
    ledger = process["ledger"]
    adds_up(ledger, f"node {major} {mode}")
    assert ledger["at"] == "exit", ledger["at"]
    near(ledger["rss_bytes"], usage["rss"], 0.01, 2 * MIB, f"node {major} {mode}: RSS")
    near(kinds(ledger)["v8-heap"], usage["heapTotal"], 0.5, 2 * MIB, f"node {major} {mode}: V8's heap")
    cost, cpu = ledger["sampling"]["cpu_ns"], ledger["sampling"]["of_cpu_ns"]
    assert cost and cost <= COST * cpu, f"node {major} {mode}: {cost} of {cpu} ns went into samples"
    assert "of where the memory is took" in told(out)
    return kinds(ledger), usage


def check(major):
    take(major, "idle")
    found, usage = take(major, "allocate")
    near(found["array-buffers"], usage["arrayBuffers"], 0.02, MIB // 4, f"node {major}: ArrayBuffers")
    found, usage = take(major, "wasm")
    near(found["wasm"], usage["wasm"], 0.001, 0, f"node {major}: wasm memories")
    near(found["array-buffers"], 8000000, 0, MIB, f"node {major}: a resized ArrayBuffer")  # which node may not count
