"""What a script's top level held until its last line is garbage when the program ends, and still is told from garbage: an
earlier collection of V8's had found it alive. In node 20, 22 and 24."""
from harness import SOURCE, TMP, lost_nothing, node_environment, record, report, run, same

PROGRAM = SOURCE / "tests" / "fixtures" / "javascript" / "toplevel.js"
BYTES, BLOCKS = 20000, 6000


def freed(rows, key):
    return sum(row[key] for row in rows if row["domain"] == "heap" and row["bytes"] == BYTES * row["blocks"])


for major in 20, 22, 24:
    for way in "kept", "dropped":
        out, env = TMP / f"{way}-{major}", node_environment(major)
        same(run(["node", PROGRAM, way], env), record(["node", PROGRAM, way], out, env))
        data = report(out)
        lost_nothing(data)
        rows, verdict = data["leaks"]["garbage"], data["processes"][0]["ledger"]["verdict"]
        held = freed(rows, "held_blocks")
        print(f"node {major}, {way}: {held} of {freed(rows, 'blocks')} held, verdict {verdict}")
        # The bytes of no Buffer are alive after the collection.
        assert not [site for site in data["leaks"]["by_site"] if site["bytes"] >= BYTES and site["blocks"] > 10 and
                    site["bytes"] == BYTES * site["blocks"]]
        if way == "kept":
            assert BLOCKS / 10 < held <= BLOCKS, held
            assert verdict == "leak", data["processes"][0]["ledger"]["reason"]
            assert str(PROGRAM.name) in data["processes"][0]["ledger"]["reason"]
        else:
            # One or two may be in use when a collection looks.
            assert held <= 4, held
            assert verdict != "leak", data["processes"][0]["ledger"]["reason"]
