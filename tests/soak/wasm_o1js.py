"""A loop of real o1js work: the linear memory that it proves in, mark by mark, against byteLength, and who grows it.

Takes o1js from npm, into build/o1js. PROOFS: how many (4); each takes up to a minute, and a gigabyte of memory. What it
makes for its caches stays in that folder, too.
"""
import json
import os

from harness import SOURCE, TMP, lost_nothing, npm_modules, probe, record, report, show
from o1js import FOLDER, install

PROOFS = os.environ.get("PROOFS", "4")
SCRIPT = SOURCE / "tests" / "fixtures" / "wasm" / "o1js" / "prove.mjs"


def named(stack):
    """The innermost function of wasm or of a script that has a name."""
    for frame in stack:
        if frame["kind"] in ("wasm", "js") and frame["function"] and not (frame["file"] or "").startswith("node:"):
            return frame["function"]
    return "?"


def caller(stack):
    for frame in stack:
        if frame["kind"] == "js" and frame["file"] and not frame["file"].startswith("node:"):
            return f"{frame['function']}, {os.path.basename(frame['file'])}:{frame['line']}"
    return "?"


install()
books, out = TMP / "books", TMP / "out"
command = [npm_modules() / "node22" / "bin" / "node", SCRIPT, books, PROOFS]
done = record(command, out, {"NODE_OPTIONS": None, "XDG_CACHE_HOME": FOLDER / "cache"}, cwd=FOLDER, timeout=3600)
assert done.status == 0, show(done.err)
sizes = json.loads(books.read_text())
data = report(out)
lost_nothing(data)
marks = {mark["label"]: mark["time_ns"] for mark in data["marks"]}
memory = max(data["wasm_memories"], key=lambda memory: memory["bytes"])
for size in sizes:
    grown = [step["bytes"] for step in memory["steps"] if step["time_ns"] <= marks[size["label"]]]
    assert memory["initial_bytes"] + sum(grown) == size["bytes"], f"{size}: {memory['initial_bytes']} + {sum(grown)}"
    print(f"{size['label']}: {size['bytes'] / 2**20:.2f} MiB, {len(grown)} growths")
assert memory["shared"] and memory["maximum_bytes"], memory["maximum_bytes"]
assert sum(growth["bytes"] for growth in memory["growth"]) == memory["bytes"] - memory["initial_bytes"]
mib = [memory[key] / 2**20 for key in ("initial_bytes", "bytes", "maximum_bytes")]
print(f"{mib[0]:.2f} → {mib[1]:.2f} MiB of {mib[2]:.0f}"
      f" in {memory['grows']} growths by {len(memory['growth'])} stacks, {memory['trend']}")
for growth in memory["growth"][:10]:
    print(f"{growth['bytes'] / 2**20:8.2f} MiB in {growth['grows']}: {named(growth['stack'])} … "
          f"{caller(growth['stack'])}")
unknown = sum(frame["kind"] == "unknown" for growth in memory["growth"] for frame in growth["stack"])
print(f"{unknown} frames of {sum(len(growth['stack']) for growth in memory['growth'])} unknown")
print(show(probe("report", out).out, 8000))
