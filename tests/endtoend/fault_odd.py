"""What surprised libprobe.so once: filters that are inherited, small stacks, forks inside libc, sanitizers, valgrind,
threads that the loader waits for, operators that go away, and no descriptor left."""
from harness import FIXTURES, TMP, lost_nothing, need, record, report, run
from truth import both, clean, fixture, rows_of, sayings, told


def inherited_filter():
    """The launcher filters itself, and executes a program that the filter is cut out for."""
    for words in (["/bin/true"], ["/bin/echo", "confined"]):
        recorded, out = both("filter-" + words[0][5:], [fixture("odd_filter"), *words])
        assert recorded.status == 0, recorded
        data = report(out)
        assert told(data, "not-followed", words[0], "seccomp"), sayings(data)
        assert not [p for p in data["processes"] if p["exe"].endswith(words[0][4:])], data["processes"]
    print("exec under a filter: unharmed, and said")


def small_stacks():
    for how in ("execv", "execlp", "empty", "vfork", "spawn"):
        recorded, out = both(f"handler-{how}", [fixture("odd_handler"), how])
        assert (recorded.status, recorded.out) == (5, b"ran\n" * 3), f"{how}: {recorded}"
        data = report(out)
        clean(data, how)
        found = [p for p in data["processes"] if p["exe"].endswith("/true")]
        assert len(found) == 3, f"{how}: {[p['exe'] for p in data['processes']]}"
    recorded, out = both("handler-end", [fixture("odd_handler"), "end"])
    assert (recorded.status, recorded.out) == (7, b""), recorded
    data = report(out)
    clean(data, "end")
    assert [(p["end"], p["status"]) for p in data["processes"]] == [("exit", 7)], data["processes"]
    print("programs started on a small signal stack: unharmed, and followed")


def unusual_forks():
    # How many processes there are, and how many blocks of their own the children keep.
    for how, processes, own in (("raw", 21, 20), ("clone", 21, 20), ("handler", 21, 40), ("daemon", 2, 0),
                                ("pty", 21, 20)):
        recorded, out = both(f"fork-{how}", [fixture("odd_fork"), how])
        assert recorded.status == (0 if how == "daemon" else 5), recorded
        data = report(out)
        clean(data, how)
        assert len(data["processes"]) == processes, f"{how}: {[p['id'] for p in data['processes']]}"
        row = rows_of(data, ["site_child"]).get("site_child", {"blocks": 0})
        assert row["blocks"] == own, f"{how}: {row}"
        ends = {(p["end"], p["status"]) for p in data["processes"]}
        assert ends == ({("exit", 0)} if how == "daemon" else {("exit", 5), ("exit", 7)}), f"{how}: {ends}"
    print("forks around fork(): no free is unmatched")


def sanitized():
    program = fixture("odd_sanitized")
    recorded, out = both("sanitized", ["sh", "-c", f"{program}; echo $?"])
    assert recorded.out == b"sanitized\n3\n", recorded
    data = report(out)
    assert told(data, "not-followed", program.name, "sanitizer"), sayings(data)
    print("a child with an address sanitizer: unharmed, and said")


def in_valgrind():
    """valgrind has a preload of its own, and ends the program where it meets what it does not know."""
    need("valgrind")
    for tool in ("none", "memcheck"):
        command = ["valgrind", "-q", f"--tool={tool}", fixture("busy"), 100000]
        out = TMP / f"valgrind-{tool}.probe"
        bare, recorded = run(command, timeout=60), record(command, out, timeout=60)
        assert (recorded.status, recorded.out) == (bare.status, bare.out), f"{tool}: bare {bare}\n{recorded}"
        data = report(out)
        lost_nothing(data)
        # memcheck puts its own malloc in the place of everybody's.
        if tool == "none":
            row = rows_of(data, ["site_busy"]).get("site_busy")
            assert row and (row["allocs"], row["frees"]) == (100000, 99990), f"{row}\n{sayings(data)}"
    print("under valgrind: unharmed")


def loader_waits():
    """The loader's lock is held by who waits for the thread: nothing of ours may ask for it there."""
    recorded, out = both("load", [fixture("odd_load"), FIXTURES / "libodd_thread.so"], timeout=20)
    assert (recorded.status, recorded.out) == (5, b"loaded\n"), recorded
    clean(report(out), "load")
    for i in range(3):
        recorded, out = both(f"storm-{i}", [fixture("odd_storm"), FIXTURES / "libodd_storm.so"], timeout=20)
        assert (recorded.status, recorded.out) == (5, b"done\n"), recorded
        clean(report(out), "storm")
    print("threads that the loader waits for: no deadlock")


def own_operators():
    for names, expected in ((["new"], b"20\n" * 3), (["new", "other_new"], b"20\n40\n" * 3)):
        plugins = [FIXTURES / f"libodd_{name}.so" for name in names]
        recorded, out = both("reload-" + "-".join(names), [fixture("odd_reload"), *plugins])
        assert (recorded.status, recorded.out) == (5, expected), recorded
        clean(report(out), str(names))
    print("operators of plugins that come and go: each plugin's own")


def no_descriptor():
    recorded, out = both("descriptors", [fixture("odd_descriptors")])
    assert recorded.status == 5, recorded
    data = report(out)
    clean(data, "descriptors")
    rows = rows_of(data, ["site_before", "site_after"])
    found = {name: (row["allocs"], row["frees"]) for name, row in rows.items()}
    assert found == {"site_before": (300000, 299700), "site_after": (600000, 599400)}, found
    print("no descriptor left: nothing lost")


inherited_filter()
small_stacks()
unusual_forks()
sanitized()
loader_waits()
own_operators()
no_descriptor()
in_valgrind()
