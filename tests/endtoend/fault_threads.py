"""Threads and forks by the thousand, cancellation, small stacks, forks while other threads allocate."""
from harness import LONG, TMP, Outcome, record, report, run, same
from truth import both, clean, consistent, fixture, rows_of

THREADS, FORKS = 1000, 2000 if LONG else 400


def threads(how, count, number):
    _, out = both(f"{how}-{count}-{number}", [fixture("threads"), how, count])
    data = report(out)
    clean(data, how)
    consistent(data, how)
    row = rows_of(data, ["site_thread"])["site_thread"]
    expected = {"allocs": 50 * count, "frees": 49 * count, "blocks": count, "bytes": 70 * count}
    assert row == expected, f"{how}: {row}, expected {expected}"
    process, = data["processes"]
    assert process["threads"] == count + 1, f"{how}: {process['threads']} threads of {count + 1}"
    assert (process["end"], process["status"]) == ("exit", 0), process
    print(f"threads, {how}: {count}, all of their calls")


def forks(count, others):
    name = f"forks-{count}-{others}"
    done = run([fixture("forks"), count, others])
    out = TMP / f"{name}.probe"
    recorded = record([fixture("forks"), count, others], out)
    same(Outcome(done.status, done.out, b""), Outcome(recorded.status, recorded.out, b""))
    data = report(out)
    clean(data, name)
    consistent(data, name)
    assert len(data["processes"]) == count + 1, f"{len(data['processes'])} processes of {count + 1}"
    children = [p for p in data["processes"] if p["ppid"] == data["processes"][0]["pid"]]
    assert len(children) == count, f"{len(children)} children of {count}"
    assert all((p["end"], p["status"]) == ("exit", 0) for p in data["processes"]), name
    rows = rows_of(data, ["site_child", "site_busy"])
    assert rows["site_child"] == {"allocs": 5 * count, "frees": 3 * count, "blocks": 2 * count,
                                  "bytes": 60 * count}, rows
    if others:
        births = int(recorded.err.split()[1])
        assert rows["site_busy"]["allocs"] == births, f"{rows}, {births} births"
        assert rows["site_busy"]["frees"] == births - births // 1000, f"{rows}, {births} births"
    print(f"{count} forks, {others} other threads: all of their calls")


for how_ in ("many", "small", "deferred", "async", "detached", "ends"):
    for number_ in range(10 if LONG else 1):
        threads(how_, THREADS if how_ != "async" else 100, number_)
forks(FORKS, 0)
forks(FORKS // 4, 4)
