"""Blocks that outlive a fork, threads that come and go, handlers that allocate: each process's books are right."""
from harness import LONG, TMP, record, report
from truth import agree, books_of, both, clean, consistent, fixture, process_of, rows_of


def inherited():
    """inherit.c: four processes free and resize the same inherited blocks; none of these frees is unmatched."""
    books = TMP / "inherit"
    _, out = both("inherit", [fixture("inherit"), books])
    data = report(out)
    clean(data, "inherit")
    consistent(data, "inherit")
    for role in ("parent", "child", "grandchild", "clone"):
        kept = books_of(f"{books}.{role}")
        process = process_of(data, kept["pid"])
        assert (process["end"], process["status"]) == ("exit", 0), f"{role}: {process}"
        agree(kept["sites"], rows_of(data, kept["sites"], process=process["id"]), f"inherit, {role}")
    trues = [p for p in data["processes"] if p["exe"].endswith("/true")]
    assert len(trues) == 7, f"5 of vfork, 2 of posix_spawn, but {len(trues)}"
    assert all(p["end"] == "exit" and p["status"] == 0 for p in trues), trues
    # The parents' own books: frees of inherited blocks are nobody's frees.
    own = sum(sum(s["frees"] for s in books_of(f"{books}.{r}")["sites"].values())
              for r in ("parent", "child", "grandchild", "clone"))
    libraries = data["totals"]["frees"] - own
    assert libraries >= 0, f"{-libraries} frees are missing"


def handlers(phase, number):
    """handlers.c: signals at every instruction of a wrapped call, whose handlers call wrapped functions."""
    books = TMP / f"handlers-{phase}.json"
    out = TMP / f"handlers-{phase}-{number}.probe"
    done = record([fixture("handlers"), books, phase], out)
    assert (done.status, done.out, done.err) == (0, b"", b""), f"{phase}: {done}"
    data, kept = report(out), books_of(books)
    assert kept["handled"] > 20, f"{phase}: only {kept['handled']} signals"
    process = process_of(data, kept["pid"])
    sites, lost = kept["sites"], process["lost"]
    made = sum(s["allocs"] + s["frees"] for s in sites.values())
    if phase == "jump":
        # A call that a jump left in the middle may have been recorded or not.
        assert kept["jumps"] > 5, "hardly a handler jumped"
        assert process["unmatched_frees"] == 0 and lost == 0, process
    else:
        assert process["events"] + lost == made, f"{phase}: {process['events']} events and {lost} lost of {made}"
    if lost > 0:
        assert phase == "nested", f"{phase}: {lost} events lost"
        assert kept["deepest"] > 3, f"{phase}: {lost} events lost, {kept['deepest']} handlers deep"
        return
    # A handler's stack goes on into whatever it interrupted, so its sites are many, and those without survivors are
    # not in the report: of the handlers' blocks the report has the survivors by site, and the rest in the totals.
    agree({k: v for k, v in sites.items() if "_main_" in k}, rows_of(data, sites), f"handlers, {phase}")
    found = rows_of(data, sites)
    alive = {k: v for k, v in sites.items() if "_handler_" in k}
    agree(alive, found, f"handlers, {phase}", fields=("blocks", "bytes"))
    heap = [v for k, v in sites.items() if k.endswith("_malloc")]
    totals = {k: data["totals"][k] for k in ("allocs", "frees", "bytes_allocated", "live_blocks", "live_bytes")}
    assert totals == {"allocs": sum(s["allocs"] for s in heap), "frees": sum(s["frees"] for s in heap),
                      "bytes_allocated": sum(s["bytes_allocated"] for s in heap),
                      "live_blocks": sum(s["blocks"] for s in heap), "live_bytes": sum(s["bytes"] for s in heap)}, \
        f"{phase}: {totals}, kept {heap}"
    if phase != "jump":
        clean(data, phase)
    consistent(data, phase)
    print(f"handlers, {phase}: {kept['handled']} signals, {kept['deepest']} deep, {kept['jumps']} jumps: right")


inherited()
print("inherit: right")
for phase_ in ("map", "malloc", "nested", "stack", "raise", "jump"):
    for number_ in range(10 if LONG else 1):
        handlers(phase_, number_)
