"""Every linear memory of real node 20, 22 and 24: its birth, each growth to the byte with its caller, and its end."""
import json

from harness import SOURCE, TMP, lost_nothing, npm_modules, record, report

SCRIPT = SOURCE / "tests" / "fixtures" / "wasm" / "growths.cjs"
CALLERS = ("grow", "takeTurns", "grownByMain", "inWorker", "main", "dying")


def flags(major, traps):
    wide = ["--experimental-wasm-memory64"] if major < 24 else []
    return ["--expose-gc", *wide, *([] if traps else ["--disable-wasm-trap-handler"])]


def script_frames(stack):
    return [frame for frame in stack if frame["file"] == str(SCRIPT)]


def check_caller(growth, wanted, words):
    """True if the caller is named; optimized code has no frame for what was inlined into it."""
    frames = script_frames(growth["stack"])
    assert frames, f"{words}: no frame of the script: {growth['stack']}"
    first = frames[0]
    if first["function"] != wanted["function"]:
        assert first["tier"] == "optimized" and first["function"] in CALLERS, f"{words}: {first}, not {wanted}"
        return False
    own = wanted["line"]
    assert first["line"] == (own if first["line_kind"] == "function" else own + 1), f"{words}: {first}, not {wanted}"
    if "Wasm" in wanted["function"]:
        wasm = [frame["function"] for frame in growth["stack"] if frame["kind"] == "wasm"]
        assert "grow_heap" in wasm, f"{words}: {growth['stack']}"
    return True


def check_memory(memory, book, words):
    found = (memory["initial_bytes"], memory["bytes"], memory["grows"])
    assert found == (book["initial"], book["end"], book.get("grows", len(book["growths"]))), f"{words}: {found}: {book}"
    assert memory["bytes"] == memory["initial_bytes"] + sum(step["bytes"] for step in memory["steps"]), words
    assert sum(growth["bytes"] for growth in memory["growth"]) == sum(step["bytes"] for step in memory["steps"]), words
    assert sum(growth["grows"] for growth in memory["growth"]) == memory["grows"] == len(memory["steps"]), words
    times = [memory["time_ns"], *[step["time_ns"] for step in memory["steps"]]]
    assert times == sorted(times), words
    if not book.get("ofWorker"):  # that one ends with its worker, before the program does or with it
        assert memory["freed"] == book.get("freed", False), f"{words}: freed {memory['freed']}"
        assert (memory["freed_ns"] is not None) == memory["freed"], words
    assert script_frames(memory["stack"]), f"{words}: made by {memory['stack']}"
    assert memory["shared"] == book["shared"], f"{words}: shared {memory['shared']}"
    # V8's own limit, where none is declared and it is sure; that a maximum of 0 is one is not told.
    maximum = book["maximum"] or (None if book["maximum"] == 0 or "wide" in book["name"] else 65536 * 65536)
    assert memory["maximum_bytes"] == maximum, f"{words}: {memory['maximum_bytes']}"
    if book["name"] == "raced":
        assert all(script_frames(growth["stack"])[0]["function"] == "race" for growth in memory["growth"]), words
        return 0
    assert [step["bytes"] for step in memory["steps"]] == [growth["bytes"] for growth in book["growths"]], words
    return sum(check_caller(memory["growth"][step["growth"]], wanted, f"{words}, growth {number}")
               for number, (step, wanted) in enumerate(zip(memory["steps"], book["growths"])))


def check_domain(data):
    """The domain counts memories and growths as blocks, and is one of those that `leaks` knows."""
    alive = [memory for memory in data["wasm_memories"] if not memory["freed"]]
    rows = [site for site in data["leaks"]["by_site"] if site["domain"] == "wasm-memory"]
    total = data["leaks"]["domains"]["wasm-memory"]
    assert total["bytes"] == sum(memory["bytes"] for memory in alive), total
    assert total["blocks"] == sum(1 + memory["grows"] for memory in alive), total
    assert (sum(row["bytes"] for row in rows), sum(row["blocks"] for row in rows)) == (total["bytes"], total["blocks"])
    everything = [growth for memory in alive for growth in memory["growth"]]
    thousand = max(rows, key=lambda row: row["allocs"])
    assert thousand["bytes"] == sum(growth["bytes"] for growth in everything if growth["stack"] == thousand["stack"])
    assert total["bytes"] <= data["leaks"]["domains"]["map"]["bytes"]


def check(major, traps):
    words = f"node {major}{'' if traps else ' without trap handlers'}"
    folder = TMP / words.replace(" ", "-")
    folder.mkdir()
    node = npm_modules() / f"node{major}" / "bin" / "node"
    command = [node, *flags(major, traps), SCRIPT, folder / "books", "wide"]
    done = record(command, folder / "out", {"NODE_OPTIONS": None})
    assert (done.status, done.out, done.err) == (0, b"", b""), done
    books = json.loads((folder / "books").read_text())
    data = report(folder / "out")
    lost_nothing(data)
    memories = data["wasm_memories"]
    assert [memory["id"] for memory in memories] == list(range(1, len(books) + 1)), f"{words}: {len(memories)} memories"
    growths = sum(len(book["growths"]) for book in books)
    named = sum(check_memory(memory, book, f"{words}, {book['name']}") for memory, book in zip(memories, books))
    assert growths > 1400 and named >= 0.5 * growths, f"{words}: {named} of {growths} growths"
    shared = next(memory for memory, book in zip(memories, books) if book["name"] == "shared")
    assert len({step["tid"] for step in shared["steps"]}) == 2, "the worker's growths are the main thread's"
    check_domain(data)
    print(f"{words}: {len(memories)} memories, {growths} growths, the callers of {named} named, the others inlined")


for version in (20, 22, 24):
    for handlers in (True, False):
        check(version, handlers)
