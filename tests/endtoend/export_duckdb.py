"""probe export --format csv, read by DuckDB as it comes: every table, whose columns it takes for what they are, and whose rows
and sums are those of the same recordings' database of SQLite; of a program with odd names and of node, which grows."""
import json
import sqlite3

from harness import SOURCE, TMP, need, npm_modules, probe, record, run
from torture import TEXTS, torture

need("gcc")
NUMBERS = {
    "processes": "id recording pid parent_pid allocs frees bytes_allocated temporary peak_bytes live_blocks live_bytes lost",
    "sites": "id process stack function allocs bytes_allocated temporary peak_bytes live_blocks live_bytes",
    "stacks": "id caller frame", "frames": "id function line", "functions": "id line", "recordings": "id started_ns",
    "growth": "site mark time_ns live_blocks live_bytes", "marks": "process number time_ns",
}
QUERIES = [
    "SELECT sum(allocs), sum(frees), sum(bytes_allocated), sum(live_blocks), sum(live_bytes) FROM processes",
    "SELECT name, sum(live_bytes), count(*) FROM sites JOIN functions ON functions.id = sites.function GROUP BY name ORDER BY 2, 1",
    "SELECT domain, trend, count(*), sum(bytes_allocated) FROM sites GROUP BY 1, 2 ORDER BY 3, 4",
    "SELECT name, kind, file, line FROM functions ORDER BY id",
    "SELECT id, caller, frame FROM stacks ORDER BY id",
    "SELECT label, number FROM marks ORDER BY process, number",
    "SELECT sum(CAST(growth.live_bytes AS BIGINT)), count(*), max(mark) FROM growth",
    "WITH RECURSIVE up(site, node, depth) AS (SELECT id, stack, 0 FROM sites UNION ALL SELECT site, caller, depth + 1 FROM up JOIN "
    "stacks ON stacks.id = node WHERE caller IS NOT NULL) SELECT max(depth), count(*) FROM up",
]
SCRIPT = """
globalThis.keep = [];
function grow() { keep.push(Buffer.alloc(30000)); }
for (let i = 0; i < 12; i++) { grow(); globalThis.probe?.mark(`round, "${i}"`); }
"""


def plain(row):
    """DuckDB's JSON has whole numbers of 64 bits and more as texts; an empty field is nothing to it, in SQLite it may be ''."""
    return [None if cell is None or cell == "" else str(cell) for cell in row]


def check(*outs):
    name = outs[-1].name
    for form in ("csv", "sqlite"):
        done = probe("export", *outs, "--format", form, "-o", TMP / f"{name}.{form}")
        assert done.status == 0 and not done.err, done
    done = run([npm_modules() / "node24" / "bin" / "node", SOURCE / "tests/endtoend/viewers/duckdb.mjs", TMP / f"{name}.csv", *QUERIES],
               {"NODE_PATH": npm_modules(name="npm_duckdb"), "HOME": TMP})
    assert done.status == 0, done
    data, database = json.loads(done.out), sqlite3.connect(TMP / f"{name}.sqlite")
    for table, columns in data["tables"].items():
        ours = [column[1] for column in database.execute(f"PRAGMA table_info({table})")]
        assert [column for column, _ in columns] == ours, (table, columns)
        numbers = NUMBERS.get(table, "").split()
        wrong = [column for column in columns if column[0] in numbers and column[1] != "BIGINT"]
        # Of a column with nothing in it nobody can tell what it is.
        assert not [column for column, _ in wrong if database.execute(f"SELECT max({column}) FROM {table}").fetchone() != (None,)], wrong
    for query, answer in zip(QUERIES, data["answers"], strict=True):
        wanted = [plain(row) for row in database.execute(query)]
        assert [plain(row) for row in answer] == wanted, (query, answer[:3], wanted[:3])
    return data


first = torture()
data = check(first)
assert set(TEXTS) < {row[0] for row in data["answers"][3]}, data["answers"][3]
(TMP / "grow.js").write_text(SCRIPT)
done = record([npm_modules() / "node22" / "bin" / "node", TMP / "grow.js"], TMP / "grow")
assert done.status == 0, done
data = check(first, TMP / "grow")
assert len(data["answers"][5]) == 12 and data["answers"][5][0][0] == 'round, "0"', data["answers"][5]
assert int(data["answers"][6][0][1]) > 12, data["answers"][6]
print(f"DuckDB reads {len(data['tables'])} tables of two recordings, with {len(data['answers'][4])} stacks")
