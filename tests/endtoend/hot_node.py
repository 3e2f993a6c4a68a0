"""probe hot of a script in node 20, 22 and 24: how many blocks of which size its functions allocate, between which marks, and
what of them makes up the peak, exactly; node's own frames are left out, and what it does by itself is one branch."""
import json

from harness import PROBE_BIN, SOURCE, TMP, npm_modules, probe, record, run

SCRIPT = SOURCE / "tests" / "fixtures" / "javascript" / "churned.js"
OWN = {"keep": 100000, "drop": 300000}
WINDOWS = (
    (["--from", "0s"], {"keep": 40, "drop": 25}), (["--from", "begin", "--to", "kept"], {"keep": 40, "drop": 0}),
    (["--from", "kept", "--to", "dropped"], {"keep": 0, "drop": 25}), (["--from", "dropped"], {"keep": 0, "drop": 0}),
    (["--to", "#1"], {"keep": 0, "drop": 0}),
)


def hot(*words):
    """Of the script alone: all that node does by itself are tens of megabytes."""
    done = probe("hot", *words, "--match", "churned.js", "--json", "--fold", "0")
    assert done.status == 0 and not done.err, done
    return json.loads(done.out)


def owner(site):
    """The innermost function of the script on a stack."""
    for frame in site["stack"]:
        if frame["kind"] == "js" and frame["file"] == str(SCRIPT):
            return frame["function"]
    return None


def buffers(data):
    """Blocks of the sizes of the Buffers, by function: their classes have no other blocks of the script's."""
    counts = dict.fromkeys(OWN, 0)
    for site in data["sites"]:
        for name, size in OWN.items():
            at = next(i for i, most in enumerate(data["sizes_most_bytes"]) if most is None or size <= most)
            if owner(site) == name:
                counts[name] += site["sizes"][at]
    return counts


modules = npm_modules()
for major in (20, 22, 24):
    out = TMP / f"node{major}"
    done = record([modules / f"node{major}" / "bin" / "node", SCRIPT], out)
    assert done.status == 0, done
    # The whole run, and the stretches between marks.
    for window, wanted in WINDOWS if major == 22 else WINDOWS[1:2]:
        found = buffers(hot(out, *window))
        assert found == wanted, (major, window, found)
    if major == 22:
        # All of it is the main thread's, whose id is the process's; and what threads have is all there is.
        data = hot(out, "--from", "0s")
        main = str(data["processes"][0]["pid"])
        for field in ("allocs", "bytes_allocated", "temporary"):
            assert sum(thread[field] for thread in data["threads"]) == data["totals"][field], (major, field, data["threads"])
        assert buffers(hot(out, "--thread", main)) == {"keep": 40, "drop": 25}, major
        other = next(str(thread["tid"]) for thread in data["threads"] if str(thread["tid"]) != main)
        assert hot(out, "--thread", other)["sites"] == [], (major, other)
    # What a function has itself is what node allocates for it, Buffers and all.
    data = hot(out, "--by", "bytes")
    functions = {row["function"]: row for row in data["functions"]}
    for name, count in (("keep", 40), ("drop", 25)):
        sites = sum(site["value"] for site in data["sites"] if owner(site) == name)
        assert functions[name]["self"] == sites >= count * OWN[name], (major, name, functions[name], sites)
    again = functions["again"]["total"] if "again" in functions else next(
        row["total"] for row in data["top_down"] if row["function"] == "again")
    assert again >= functions["keep"]["self"] + functions["drop"]["self"], (major, again)
    frames = [row for row in data["top_down"] if row.get("kind") == "builtin" or (row.get("file") or "").startswith("node:")]
    assert not frames, (major, frames[:3])
    # At the peak all that is kept is there.
    data = hot(out, "--by", "peak")
    peak = sum(site["value"] for site in data["sites"] if owner(site) == "keep")
    assert 40 * OWN["keep"] <= peak < 41 * OWN["keep"], (major, peak)
    assert data["totals"]["value"] == data["peaks"][0]["bytes"], (major, data["totals"], data["peaks"][0]["bytes"])
    # All frames: node's are there, with the same sums.
    whole = hot(out, "--by", "peak", "--all-frames")
    assert whole["matching"] == data["matching"], (major, whole["matching"], data["matching"])
    assert any((row.get("file") or "").startswith("node:") for row in whole["top_down"]), major
    text = run([PROBE_BIN, "hot", out, "--by", "bytes"], env={"COLUMNS": 80}).out.decode()
    assert max(map(len, text.splitlines())) <= 80, text
    assert "node itself" in text and "drop" in text, text
    # What node does only because it is recorded has a branch of its own.
    text = run([PROBE_BIN, "hot", out, "--fold", "0.1"], env={"COLUMNS": 80}).out.decode()
    assert "libprobe, in node" in text, text
    print(f"node {major}: right, between marks and at the peak")
