"""Programs that keep books about themselves: calls, bytes, frees and survivors of every site equal the report's."""
from harness import LONG, TMP, record, report
from truth import agree, books_of, both, clean, consistent, fixture, process_of, rows_of

# Calls that fail and throw nothing.
FAILING = {f"fail_{f}" for f in ("malloc", "calloc", "realloc", "realloc_null", "reallocarray", "aligned_alloc",
                                 "memalign", "valloc", "posix_memalign", "posix_memalign_alignment", "new_nothrow",
                                 "array_nothrow", "new_aligned_nothrow")}
RUNS = 20 if LONG else 3


def totals_less(data, other):
    return {k: data["totals"][k] - other["totals"][k] for k in ("allocs", "frees", "bytes_allocated", "live_blocks",
                                                                "live_bytes")}


def counted(run, rounds, seed):
    """count.cc: eight threads, every function that allocates, blocks freed by other threads."""
    books, out = TMP / f"count-{run}.json", TMP / f"count-{run}.probe"
    done = record([fixture("count"), books, rounds, seed], out)
    assert (done.status, done.out, done.err) == (0, b"", b""), done
    data, kept = report(out), books_of(books)
    what = f"count, run {run}"
    process = process_of(data, kept["pid"])
    assert (process["end"], process["status"]) == ("exit", 0), process
    clean(data, what)
    consistent(data, what)
    agree(kept["sites"], rows_of(data, kept["sites"], process=process["id"], domain="heap"), what)
    fails = [row for row in data["leaks"]["by_site"] for f in row["stack"]
             if (f["function"] or "") in FAILING]
    assert not fails, f"{what}: calls that failed have rows: {fails}"
    return data, kept


# What the libraries allocate themselves, with the sites' work left out; the rest is the sites' to the byte.
empty, _ = counted("empty", 0, 0)
for run_ in range(RUNS):
    data, kept = counted(run_, 150000, run_)
    sites = kept["sites"].values()
    births = sum(s["allocs"] for s in sites)
    assert births >= 1000000, f"only {births} births"
    assert kept["realloc_frees"] > 0 and kept["realloc_moves"] > 0 and kept["realloc_stays"] > 0, kept
    # Throwing bad_alloc allocates. Each call of `failures` that the empty run did not make has five forms of new
    # throw, and frees what they threw; the nothrow forms throw and catch within.
    more = totals_less(data, empty)
    assert more["live_blocks"] == sum(s["blocks"] for s in sites), more
    assert more["live_bytes"] == sum(s["bytes"] for s in sites), more
    throws = more["allocs"] - births
    assert throws == 8 * 3 * 5, f"{throws} births that nobody made"
    print(f"count: run {run_}: {births} births, all of them right")


def exact(rounds):
    """exact.c: totals, peak and temporary blocks too, since nothing else in that process allocates."""
    books = TMP / f"exact-{rounds}.json"
    _, out = both(f"exact-{rounds}", [fixture("exact"), books, rounds])
    data, kept = report(out), books_of(books)
    clean(data, "exact")
    consistent(data, "exact")
    totals = {k: data["totals"][k] for k in kept["totals"]}
    assert totals == kept["totals"], f"exact: kept {kept['totals']}\nreported {totals}"
    heap = {k: v for k, v in kept["sites"].items() if k in ("site_malloc", "site_calloc", "site_realloc",
                                                            "site_memalign")}
    agree(heap, rows_of(data, heap, domain="heap"), "exact")
    return data, kept


for rounds_ in (10, 1000, 200000):
    exact(rounds_)
print("exact: totals, peak and temporary blocks are right")
