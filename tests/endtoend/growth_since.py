"""probe leaks --since MARK shows what was allocated after the mark, to the block: by label, by number, by the last of
several marks of a label, in processes that have it and in those that do not."""
import json

from harness import TMP, probe, record
from truth import fixture


def since(out, mark, *more):
    done = probe("leaks", out, "--since", mark, "--domain", "heap", "--json", *more)
    assert done.status == 0, done
    data = json.loads(done.out)
    assert data["since"] == mark, data["since"]
    rows = {}
    for row in data["leaks"]["by_site"]:
        name = row["stack"][0]["function"]
        blocks, size = rows.get(name, (0, 0))
        rows[name] = (blocks + row["blocks"], size + row["bytes"])
    total = data["leaks"]["domains"]["heap"]
    assert total["blocks"] == sum(row[0] for row in rows.values()), (total, rows)
    assert total["bytes"] == sum(row[1] for row in rows.values()), (total, rows)
    return rows


out = TMP / "one"
assert record([fixture("grows"), "50"], out).status == 0
# Rounds 40 to 49 are left; the cache has 20 entries, of which they replaced ten.
after_39 = {"leak": (30, 1200), "cache": (10, 5000), "seldom": (1, 1000)}
assert since(out, "round 39") == after_39, since(out, "round 39")
# Before each fifth round's mark there is one of its own: round 39's is the 48th.
assert since(out, "#48") == after_39, since(out, "#48")
# The last mark of this label is that in round 45, after all that the round does.
assert since(out, "garbage") == {"leak": (12, 480), "cache": (4, 2000)}, since(out, "garbage")
assert since(out, "round 49") == {}, since(out, "round 49")
# All but the start's; by number: #1 is "garbage" in round 0.
assert since(out, "#1")["leak"] == (147, 5880) and "table" not in since(out, "#1")

text = probe("leaks", out, "--since", "round 39").out.decode()
assert "\n7.0 KiB in 41 blocks born after the mark round 39 were still alive" in text, text
assert "table  " not in text and "grows 120 B per mark (sure)" in text, text
text = probe("leaks", out, "--since", "round 39", "--by", "process").out.decode()
assert "41" in text.split("By process")[1], text
text = probe("leaks", out, "--since", "round 49").out.decode()
assert "\nNo block born after the mark round 49 was alive" in text, text

for unknown in ("round 50", "#61", "#0", "#", ""):
    done = probe("leaks", out, "--since", unknown)
    assert done.status == 2 and done.out == b"", done
    assert f"there is no mark '{unknown}'; there are 'garbage', 'round 0', 'round 1'" in done.err.decode(), done
    assert b" \xe2\x80\xa6 and 41 more" in done.err, done

# The children have marks of their own; the shell has none, and begins and ends around them.
out = TMP / "children"
assert record(["sh", "-c", f"{fixture('grows')} 20 2; exit 0"], out).status == 0
rows = since(out, "round 9")
assert rows["leak"] == (3 * 30, 3 * 1200), rows
assert rows["cache"] == (3 * 10, 3 * 5000), rows
assert rows["seldom"] == (3, 3000), rows
assert rows["late"] == (3, 3 << 20), rows
assert "table" not in rows, rows

# A process that was killed is taken as it stood.
out = TMP / "none"
assert record(["true"], out).status == 0
done = probe("leaks", out, "--since", "x")
assert done.status == 2 and b"there is no mark 'x', nor any other" in done.err, done
