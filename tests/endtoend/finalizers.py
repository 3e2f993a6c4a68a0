"""Objects that were gone when their program ended, and whose FinalizationRegistry had not called back, are counted to the
object, however the program ends; at the line of the registry. What was called back for, unregistered or kept is not among
them. Shared by finalizers_node20, …22 and …24."""
import json

from harness import SOURCE, TMP, lost_nothing, npm_modules, probe, record, report, run, same

PROGRAM = SOURCE / "tests" / "fixtures" / "javascript" / "finalizers.cjs"
WAYS = (("return", "some", 0), ("return", "nothing", 0), ("exit", "some", 3), ("exit", "registries", 3),
        ("throw", "some", 1), ("worker", "some", 0), ("blocked", "some", 4), ("idle", "some", 4))


def line_of(text):
    lines = PROGRAM.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


LINES = {line_of("new FinalizationRegistry((ptr)"): "waiting", line_of("new Own"): "named"}


def name_of(stack):
    """What the program calls those of this registry."""
    script = [frame for frame in stack if frame["file"] == str(PROGRAM)]
    if script[0]["function"] == "registries":
        return "loose"
    return next(LINES[frame["line"]] for frame in script if frame["line"] in LINES)


def found(data):
    """By isolate: how many of each; two rows of the same there are where V8 compiles a loop while it runs."""
    isolates = {}
    for row in data["leaks"]["pending"]:
        assert row["registered"] is None and row["stack_end"] == "complete", row
        name = name_of(row["stack"])
        counts = isolates.setdefault(row["isolate"], {"ended": row["isolate_ended"]})
        assert name not in counts or name == "loose", f"two rows: {row}"
        counts[name] = counts.get(name, 0) + row["objects"]
        assert row["held_numbers"] == (0 if name == "named" else row["objects"]), row
    return isolates


def test(major):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    for ends, leaves, status in WAYS:
        out = TMP / f"{ends}-{leaves}"
        done = record([node, PROGRAM, ends, leaves], out, {"NODE_OPTIONS": None})
        assert done.status == status, done
        data = report(out)
        lost_nothing(data)
        isolates = found(data)
        for thread, *counts in (json.loads(line) for line in done.out.splitlines()):
            expected = {name: count for name, count in zip(("waiting", "named", "loose"), counts) if count}
            if expected:
                expected["ended"] = thread == "worker" and ends == "worker"
            number = 1 if thread == "main" else 2
            print(f"{ends}, {leaves}: {thread} {expected}")
            assert isolates.pop(number, {}) == expected, f"{ends}, {leaves}: {expected} in {data['leaks']['pending']}"
        assert not isolates, isolates
        text = " ".join(probe("report", out).out.decode().split())
        assert ("Waiting for a finalizer" in text) == (leaves != "nothing"), text
        if leaves == "some":
            assert "FinalizationRegistry" in text and f"finalizers.cjs:{line_of('new FinalizationRegistry((ptr)')}:" in text, text
        assert ("belonged to a worker that has ended" in text) == (ends == "worker"), text


def unseen(major):
    """A program prints all that it can see of FinalizationRegistry: the same if it is recorded."""
    node = npm_modules() / f"node{major}" / "bin" / "node"
    script = SOURCE / "tests" / "fixtures" / "javascript" / "registry.cjs"
    bare = run([node, script], {"NODE_OPTIONS": None})
    assert bare.status == 1 and b"native code" in bare.out and b"nobody catches" in bare.err, bare
    for name, env in ("on", {}), ("off", {"PROBE_WASM": "off", "PROBE_GC": "0"}):
        same(bare, record([node, script], TMP / name, {"NODE_OPTIONS": None, **env}))
