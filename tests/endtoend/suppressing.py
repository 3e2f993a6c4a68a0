"""Real node: what it keeps of its start is not shown, and what a program keeps always is, however it came about."""
import json

from harness import FIXTURES, SOURCE, TMP, lost_nothing, node_environment, probe, record, report

SCRIPT = SOURCE / "tests" / "fixtures" / "node" / "keeps.cjs"
# V8's books of its own heap's pages: they go with the JavaScript objects that are kept, and are not what is kept.
PAGES = ("CollectGarbage", "AllocatePage", "MutablePageMetadata", "InitializePage", "ThreadIsolation", "StringTable",
         "RegionAllocator")
KINDS = {"buffers": 5000, "array_buffers": 5000, "contexts": 1000, "keys": 3000, "hashes": 200, "numbers": 300,
         "dates": 1000, "collators": 300, "streams": 5000, "sockets": 300}
MANY = 41


def recorded(major, kind, count=0, *more):
    out = TMP / f"{kind}-{count}"
    done = record(["node", "--expose-gc", SCRIPT, kind, count, *more], out, node_environment(major))
    assert done.status == 0, done
    return out


def sites(data):
    return [site for site in data["leaks"]["by_site"] if site["domain"] == "heap"]


def kept(data):
    """Bytes that stacks through keep() keep: those that are shown, and those that are suppressed."""
    sums = [0, 0]
    for site in sites(data):
        by = site["suppressed_by"]
        if any(frame["function"] == "keep" for frame in site["stack"]) and not (by and any(p in by for p in PAGES)):
            sums[by is not None] += site["bytes"]
    return sums


def innocent(major):
    out = recorded(major, "innocent")
    data = report(out)
    lost_nothing(data)
    heap = data["leaks"]["domains"]["heap"]
    shown = heap["blocks"] - heap["suppressed_blocks"]
    bytes_shown = heap["bytes"] - heap["suppressed_bytes"]
    print(f"innocent: {shown} blocks, {bytes_shown} bytes of {heap['blocks']}, {heap['bytes']}")
    assert heap["suppressed_blocks"] > 8000 and shown < 100 and bytes_shown < 200000, heap
    assert not [frame for site in sites(data) for frame in site["stack"]
                if "libprobe" in (frame["module"] or "") + (frame["file"] or "")]
    assert all(site["suppressed_from"] == "shipped" for site in sites(data) if site["suppressed_by"])

    bare = json.loads(probe("leaks", out, "--json", "--no-default-suppressions").out)
    assert bare["leaks"]["domains"]["heap"]["suppressed_blocks"] == 0
    assert bare["leaks"]["domains"]["heap"]["blocks"] == heap["blocks"]
    assert bare["leaks"]["suppressions"] == []
    round_trip(out)


def round_trip(out):
    """What is generated hides all that was shown."""
    for switch in ([], ["--no-default-suppressions"]):
        made = probe("leaks", out, "--gen-suppressions", *switch)
        assert made.status == 0 and made.err == b"", made
        file = TMP / "generated.supp"
        file.write_bytes(made.out)
        again = json.loads(probe("leaks", out, "--json", "--suppressions", file, *switch).out)
        shown = [site for site in again["leaks"]["by_site"] if not site["suppressed_by"]]
        assert made.out.count(b"\nleak:") > 3 and not shown, shown[:3]


def keeps(major):
    """Of one thing something may be a cache that it filled; of forty more nothing is."""
    for kind, least in KINDS.items():
        one, many = (kept(report(recorded(major, kind, count))) for count in (1, MANY))
        shown, hidden = many[0] - one[0], many[1] - one[1]
        print(f"{kind}: {shown} bytes more are shown, {hidden} more hidden")
        assert shown >= least * (MANY - 1), f"{kind}: {one} {many}"
        assert hidden <= 1000 + 0.02 * shown, f"{kind}: {one} {many}"


def loaded(major):
    """An addon's block is its own, though node was loading a module at its start."""
    data = report(recorded(major, "addons", 1, FIXTURES / "libkeeping.so"))
    found = [site for site in sites(data) if site["stack"] and site["stack"][0]["function"] == "addon_leak"]
    assert sum(site["blocks"] for site in found) == 100 and not any(site["suppressed_by"] for site in found), found


def short(major):
    innocent(major)
    loaded(major)
    keeps(major)
