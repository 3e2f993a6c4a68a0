"""A block that begins with an object of a class is not one where it is of another size; and what died where objects of
a class live need not have been of it."""
from harness import TMP, lost_nothing, record, report
from truth import fixture


def rows_of(name):
    out = TMP / f"{name}.probe"
    done = record([fixture(name)], out)
    assert (done.status, done.out, done.err) == (0, b"", b""), done
    data = report(out)
    lost_nothing(data)
    return data, {row["type"] or "": row for row in data["leaks"]["by_type"] if row["domain"] == "heap"}


for name in ("members", "members_bare"):
    data, rows = rows_of(name)
    assert "Shape" not in rows and "Shape[4096]" not in rows, rows
    assert "Entry" not in rows and (rows["Plug"]["blocks"], rows["Plug"]["bytes"]) == (1, 16), rows
    assert (rows["Alone"]["blocks"], rows["Alone"]["dropping"]) == (7, "never"), rows["Alone"]
    if name == "members":
        types = {row: rows[row]["bytes"] for row in rows
                 if row.split("[")[0] in ("Logger", "App", "std::pair<Logger, int>")}
        assert types == {"App": 416 + 8 + 3 * 416, "std::pair<Logger, int>": 24}, types
    second = rows["Second"]
    assert (second["blocks"], second["allocs"], second["frees"], second["dropping"]) == (200, 200, 0, None), second
    assert rows[""]["frees"] >= 200, rows[""]
    heap = data["leaks"]["domains"]["heap"]
    assert sum(row["blocks"] for row in rows.values() if row["blocks"]) == heap["blocks"] - heap["suppressed_blocks"], heap
