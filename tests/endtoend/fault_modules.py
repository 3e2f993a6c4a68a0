"""Programs and modules of their own mind: other allocators, other libcs, modules that come and go, exceptions."""
from harness import FIXTURES, TMP, record, report, run, same
from truth import both, clean, consistent, fixture, rows_of, sayings, told


def modules(rounds, threads):
    name = f"modules-{rounds}-{threads}"
    recorded, out = both(name, [fixture("modules"), FIXTURES, rounds, threads], ignore_err=True)
    same_place = int(recorded.err.split()[1])
    assert same_place == rounds, f"{name}: only {same_place} of {rounds} modules came where the other had been"
    data = report(out)
    clean(data, name)
    consistent(data, name)
    rows = rows_of(data, ["alpha_makes", "beta_makes"])
    for function, size in (("alpha_makes", 100), ("beta_makes", 200)):
        expected = {"allocs": 10 * rounds, "frees": 9 * rounds, "blocks": rounds, "bytes": size * rounds}
        assert rows.get(function) == expected, f"{name}: {function}: {rows.get(function)}, expected {expected}"
    for row in data["leaks"]["by_site"]:
        for frame in row["stack"]:
            if frame["function"] in ("alpha_makes", "beta_makes"):
                module = frame["module"].rsplit("/", 1)[-1]
                assert module == f"lib{frame['function'].split('_')[0]}.so", frame
    print(f"{name}: sites of modules at the same address are told apart")


def own_heap():
    _, out = both("ownheap", [fixture("ownheap")])
    data = report(out)
    process = data["processes"][0]
    assert process["unmatched_frees"] == 0 and process["lost"] == 0, process
    assert told(data, "malloc") or told(data, "alloc") or told(data, "own heap"), \
        f"nothing says that the program brings its own allocator: {sayings(data)}"
    print("own heap: unharmed, and said")


def deep_bind():
    _, out = both("deepbind", [fixture("deepbind"), fixture("libdeep.so")])
    data = report(out)
    row = rows_of(data, ["site_own"])["site_own"]
    assert row["allocs"] == 1201, row
    assert told(data, "deep"), f"nothing says that libdeep.so bypasses the wrappers: {sayings(data)}"
    print("RTLD_DEEPBIND: unharmed, and said")


def exceptions():
    for words in ([], ["uncaught"]):
        recorded, out = both("badalloc-" + "".join(words), [fixture("badalloc"), *words])
        assert recorded.status == (-6 if words else 0), recorded
        data = report(out)
        clean(data, "badalloc")
        consistent(data, "badalloc")
    print("exceptions of operator new: as without")


def strangers():
    """Children that cannot load the library: the loader does not complain, and the report names them."""
    children = {"musl": fixture("follow_musl"), "other class": fixture("follow_other_class"),
                "static": fixture("follow_static")}
    for what, program in children.items():
        script = f"{program} one; echo $?; env -i {program} two"
        out = TMP / f"{what.replace(' ', '-')}.probe"
        bare, recorded = run(["sh", "-c", script]), record(["sh", "-c", script], out)
        # The fixture prints what it finds of our variables.
        ours = (b"PROBE_", b"LD_PRELOAD=")
        recorded.out = b"".join(line for line in recorded.out.splitlines(True) if not line.startswith(ours))
        same(bare, recorded)
        assert recorded.err == b"", recorded
        data = report(out)
        assert told(data, program.name), f"{what}: {sayings(data)}"
        assert not [p for p in data["processes"] if p["exe"] == str(program) and p["end"] != "exec"], what
    print("children of another libc, another class, and static ones: no complaint, and said")


modules(40, 0)
modules(40, 2)
own_heap()
deep_bind()
exceptions()
strangers()
