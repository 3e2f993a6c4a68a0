"""Holding a report to the books that a fixture kept about itself. Shared by the count, kill, fault and soak tests."""
import json
import pathlib
import struct

from harness import FIXTURES, PROBE_LIB, TMP, Outcome, record, run, same


def fixture(name):
    path = FIXTURES / name
    assert path.exists(), f"the fixture {path} is not built"
    return path


def books_of(path):
    return json.loads(pathlib.Path(path).read_text())


def process_of(data, pid):
    """The one process image that had this pid (recordings here have one image a pid, but for exec's)."""
    found = [p for p in data["processes"] if p["pid"] == pid]
    assert len(found) == 1, f"{len(found)} process images with pid {pid}: {[p['id'] for p in found]}"
    return found[0]


def rows_of(data, names, process=None, domain=None):
    """Sums the report's rows by the innermost frame whose function is in `names`: {name: {allocs, frees, …}}."""
    sums = {}
    for row in data["leaks"]["by_site"]:
        if process is not None and row["process"] != process:
            continue
        if domain is not None and row["domain"] != domain:
            continue
        name = next((f["function"] for f in row["stack"] if f["function"] in names), None)
        if name is None:
            continue
        sum_ = sums.setdefault(name, {"allocs": 0, "frees": 0, "blocks": 0, "bytes": 0})
        for key in sum_:
            sum_[key] += row[key]
    return sums


def differences(kept, found, fields=("allocs", "frees", "blocks", "bytes")):
    """What differs between a fixture's sites and the report's; sites that made nothing must have no row."""
    wrong = []
    for name, site in kept.items():
        row = found.get(name)
        if site["allocs"] == 0:
            if row is not None:
                wrong.append(f"{name}: never succeeded, yet has a row: {row}")
        elif row is None:
            wrong.append(f"{name}: no row in the report, kept {site}")
        else:
            for field in fields:
                if row[field] != site[field]:
                    wrong.append(f"{name}.{field}: kept {site[field]}, reported {row[field]} "
                                 f"({row[field] - site[field]:+d})")
    return wrong


def agree(kept, found, what="", fields=("allocs", "frees", "blocks", "bytes")):
    wrong = differences(kept, found, fields)
    assert not wrong, f"{what}: the report differs from the program's own books:\n  " + "\n  ".join(wrong)


def clean(data, what=""):
    """Nothing lost, nobody's free unmatched, nothing damaged."""
    assert data["processes"], f"{what}: the recording has no process"
    for process in data["processes"]:
        for field in ("lost", "unmatched_frees", "repaired"):
            assert process[field] == 0, f"{what}: {process['id']} {process['exe']}: {field} {process[field]}"
    damage = [f for f in data["findings"] if f["kind"] == "damage"]
    assert not damage, f"{what}: {damage}"


def consistent(data, what=""):
    """The report's figures agree with each other."""
    totals = data["totals"]
    heap = [row for row in data["leaks"]["by_site"] if row["domain"] == "heap"]
    assert totals["allocs"] - totals["frees"] == totals["live_blocks"], f"{what}: {totals}"
    assert sum(row["blocks"] for row in heap) == totals["live_blocks"], f"{what}: sites do not add up to {totals}"
    assert sum(row["bytes"] for row in heap) == totals["live_bytes"], f"{what}: sites do not add up to {totals}"
    for row in heap:
        assert row["allocs"] - row["frees"] == row["blocks"], f"{what}: {row}"


def told(data, *words):
    """Whether the report says something that has all the words in it, in a warning or a finding."""
    texts = [str(w) for w in data["recording"]["warnings"]]
    texts += [str(w) for p in data["processes"] for w in p.get("warnings", [])]
    texts += [json.dumps(f) for f in data["findings"]]
    return any(all(word.lower() in text.lower() for word in words) for text in texts)


def sayings(data):
    return json.dumps([data["recording"]["warnings"], [p.get("warnings") for p in data["processes"]],
                       data["findings"]], indent=1)


def both(name, command, out=None, env=None, cwd=None, timeout=120, ignore_err=False):
    """Runs a command bare and recorded, requires the same of both, and returns (recorded outcome, folder)."""
    out = TMP / f"{name}.probe" if out is None else out
    bare = run(command, env=env, cwd=cwd, timeout=timeout)
    recorded = record(command, out, env=env, cwd=cwd, timeout=timeout)
    if ignore_err:
        bare, kept = Outcome(bare.status, bare.out, b""), recorded.err
        same(bare, Outcome(recorded.status, recorded.out, b""))
        recorded.err = kept
    else:
        same(bare, recorded)
    return recorded, out


def shell(name, script, out=None, env=None, timeout=120):
    """As both, for a shell script that starts the recorded program itself, with `$RECORD PROGRAM …`; $RECORD is empty
    in the bare run. The shell is not recorded."""
    out = TMP / f"{name}.probe" if out is None else out
    bare = run(["sh", "-c", script], env={"RECORD": "", **(env or {})}, timeout=timeout)
    with_ = {"RECORD": f"env LD_PRELOAD={PROBE_LIB} PROBE_OUT={out}", **(env or {})}
    recorded = run(["sh", "-c", script], env=with_, timeout=timeout)
    same(bare, recorded)
    return recorded, out


def may_mount():
    """Whether this user may mount and unshare namespaces (root in a container without restrictions)."""
    return run(["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]).status == 0


# ---- killed.c's books --------------------------------------------------------------------------------------------

OPERATIONS = ("malloc", "calloc", "free_malloc", "free_calloc", "free_realloc",
              "realloc_malloc", "realloc_calloc", "realloc_realloc")
SIZES = {"malloc": 16, "calloc": 24, "realloc": 40}
THREADS_MOST = 4


def killed_books(path):
    """(pid, bursts that are over, [{operation: finished calls} for each thread])."""
    data = pathlib.Path(path).read_bytes()
    if len(data) < 64 + THREADS_MOST * 64:
        return 0, 0, []
    pid, done = struct.unpack_from("<QQ", data)
    threads = [dict(zip(OPERATIONS, struct.unpack_from("<8Q", data, 64 + 64 * t))) for t in range(THREADS_MOST)]
    return pid, done, threads


def killed_sites(threads):
    """What the report must hold at least: {site: {allocs, frees}}."""
    sites = {}
    for t, did in enumerate(threads):
        sites[f"site_malloc_{t}"] = {"allocs": did["malloc"], "frees": did["free_malloc"] + did["realloc_malloc"]}
        sites[f"site_calloc_{t}"] = {"allocs": did["calloc"], "frees": did["free_calloc"] + did["realloc_calloc"]}
        resized = did["realloc_malloc"] + did["realloc_calloc"] + did["realloc_realloc"]
        sites[f"site_realloc_{t}"] = {"allocs": resized, "frees": did["free_realloc"] + did["realloc_realloc"]}
    return sites


def check_killed(data, process, threads, in_flight=1, handover=False):
    """Every finished call of every thread and site, and at most `in_flight` calls a thread besides."""
    kept = killed_sites(threads)
    found = rows_of(data, kept, process=process["id"])
    wrong, excess_all, free_excess_all = [], 0, 0
    for t in range(THREADS_MOST):
        births, deaths, resizes = 0, 0, 0
        for kind in ("malloc", "calloc", "realloc"):
            name = f"site_{kind}_{t}"
            row = found.get(name, {"allocs": 0, "frees": 0, "blocks": 0, "bytes": 0})
            more = row["allocs"] - kept[name]["allocs"]
            gone = row["frees"] - kept[name]["frees"]
            if more < 0 or (gone < 0 and not handover):
                wrong.append(f"{name}: finished {kept[name]}, reported {row}")
            if row["bytes"] != row["blocks"] * SIZES[kind]:
                wrong.append(f"{name}: {row['blocks']} blocks of {SIZES[kind]} bytes are not {row['bytes']} bytes")
            if row["blocks"] != row["allocs"] - row["frees"]:
                wrong.append(f"{name}: {row} does not add up")
            if kind == "realloc":
                resizes = more
            else:
                births += more
            deaths += gone
        # A realloc in flight is one call: a birth at its site and a death at another.
        calls = births + resizes + (deaths - resizes)
        excess_all += births + resizes
        free_excess_all += deaths - resizes
        if not handover and not 0 <= calls <= in_flight:
            wrong.append(f"thread {t}: {calls} calls more than were finished (births {births:+d}, resizes "
                         f"{resizes:+d}, deaths {deaths:+d})")
    if handover:
        alive = sum(1 for did in threads if any(did.values()))
        if not 0 <= excess_all + free_excess_all <= alive * in_flight or excess_all < 0 or free_excess_all < 0:
            wrong.append(f"{excess_all} births and {free_excess_all} deaths more than were finished")
    return wrong
