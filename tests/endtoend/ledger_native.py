"""Where the memory of native programs is: arenas mostly free, stacks, files, pages of all kinds, a fork, a kill.
Each program tells its own RSS, and malloc its own arenas."""
import re

from harness import FIXTURES, TMP, record, run
from ledger import adds_up, kinds, ledgers, near, told

MIB = 1 << 20
SLACK = MIB  # what comes between its own count and the end: pages of code, in a child of libprobe.so its state, too


def take(mode, *words, env=None, status=0):
    out = TMP / f"out {mode}"
    done = record([FIXTURES / "memory", mode, *words], out, env)
    assert done.status == status, done
    found = {}
    for line in done.out.decode().splitlines():
        if len(line.split()) == 2:
            pid, rss = map(int, line.split())
            ledger = ledgers(out)[pid]
            assert ledger, f"{mode}: no ledger"
            adds_up(ledger, mode)
            near(ledger["rss_bytes"], rss, 0.005, SLACK, f"{mode}: RSS")
            found[pid] = ledger
    assert found, done
    return list(found.values())[0], out


def arenas():
    """Without the caches of its threads, which malloc takes for used, its own count and ours are of the same."""
    ledger, out = take("arenas", TMP / "info.xml", env={"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"})
    info = (TMP / "info.xml").read_text()
    truth, used = [], 0
    for heap in re.findall(r"<heap nr=.*?</heap>", info, re.S):
        free = sum(map(int, re.findall(r'<total type="(?:fast|rest)" count="\d+" size="(\d+)"/>', heap)))
        used += int(re.search(r'<system type="current" size="(\d+)"/>', heap)[1]) - free
        truth.append(free)
    used += int(re.search(r'<total type="mmap" count="\d+" size="(\d+)"/>', info)[1])
    parts = [p["bytes"] for p in ledger["parts"] if p["kind"] == "retained"]
    assert len(truth) == 9 and len(parts) == 9, (truth, parts)
    for got, wanted in zip(sorted(parts)[1:], sorted(truth)[1:]):
        near(got, wanted, 0.01, 140 << 10, "an arena")  # the end of its top was never touched
    near(kinds(ledger)["live"], used, 0.01, 0, "used")
    assert "free in malloc" in told(out)


def trim():
    ledger, _ = take("trim")
    gives = int(run([FIXTURES / "memory", "trim", "now"]).out.split()[0])
    can = sum(p.get("trimmable_bytes", 0) for p in ledger["parts"])
    assert gives > 10 * MIB, gives
    near(can, gives, 0.02, 0, "what malloc_trim gives back")


def mapped():
    big = TMP / "big.bin"
    big.write_bytes(bytes(range(256)) * (36 * 1024))
    ledger, _ = take("mapped", big)
    parts = {p["name"]: p["bytes"] for p in ledger["parts"]}
    site = [name for name in parts if name.startswith("mapped: map_here, memory.c:")]
    assert len(site) == 1 and parts[site[0]] == 12 * MIB, parts
    assert parts[f"file: {big}"] == 8 * MIB, parts


def main():
    arenas()
    trim()
    near(kinds(take("stacks")[0])["stacks"], 24 * MIB, 0, 256 << 10, "stacks")
    mapped()
    found = kinds(take("pages")[0])
    near(found["live"], 8 * MIB, 0, 3 * MIB, "huge pages")  # those that aligned_alloc has to spare may be huge, too
    near(found["mapped"], 6 * MIB, 0, 0, "what may be taken away is still there")
    child = take("inherited")[0]
    near(kinds(child)["live"], 10 * MIB, 0, 64 << 10, "the child's own")
    near(kinds(child)["inherited"], 20 * 10 ** 6, 0, MIB, "its parent's")
    ledger, out = take("killed", status=-9)
    assert ledger["at"] == "killed", ledger["at"]
    near(kinds(ledger)["live"], 30000 * 1024, 0, 64 << 10, "what was killed")
    assert "when it was last looked at" in told(out)


main()
