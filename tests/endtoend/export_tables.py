"""probe export --format sqlite and csv: the same tables in both, sound by sqlite3's own checks, with the report's sums and
sites, marks, growth, types and whole stacks; names that would end a statement or a line are texts; views answer."""
import csv
import json
import sqlite3
import sys

from harness import TMP, need, npm_modules, probe, record, run
from torture import FILE, KEPT, LIVE_BYTES, PLAIN, TEXTS, torture

need("gcc", "sqlite3")
csv.field_size_limit(sys.maxsize)
COLUMNS = {
    "recordings": "id dir started_ns",
    "processes": "id recording name pid parent_pid exe command end status allocs frees bytes_allocated temporary peak_bytes "
                 "live_blocks live_bytes lost",
    "threads": "process stream tid name", "marks": "process number label time_ns",
    "functions": "id name named kind file module line", "frames": "id function line column inlined",
    "stacks": "id caller frame",
    "sites": "id process domain stack function type owner type_evidence allocs bytes_allocated temporary peak_bytes live_blocks "
             "live_bytes trend bytes_per_mark blocks_per_mark confidence",
    "growth": "site mark time_ns live_blocks live_bytes", "types": "type sites allocs bytes_allocated live_blocks live_bytes",
    "cpu": "process stream tid stack function samples cpu_ns instructions cycles cache_misses page_faults",
    "usage": "process child_pid user_ns system_ns peak_rss_bytes minor_faults major_faults voluntary_switches "
             "involuntary_switches",
}
VIEWS = ["leaks", "churn", "site_stacks", "by_function"]


def export(*outs):
    path, folder = TMP / f"{outs[0].name}.db", TMP / f"{outs[0].name}.csv"
    for form, to in (("sqlite", path), ("csv", folder)):
        done = probe("export", *outs, "--format", form, "-o", to)
        assert done.status == 0 and not done.out and not done.err, done
    assert run(["sqlite3", path, "PRAGMA integrity_check; PRAGMA foreign_key_check; PRAGMA user_version"]).out == b"ok\n1\n"
    database = sqlite3.connect(path)
    assert {name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} == set(COLUMNS)
    assert {file.name for file in folder.iterdir()} == {f"{name}.csv" for name in COLUMNS}
    for name, columns in COLUMNS.items():
        found = database.execute(f"SELECT * FROM {name}")
        assert [column[0] for column in found.description] == columns.split(), name
        with open(folder / f"{name}.csv", encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file, strict=True)
        assert head == columns.split()
        numbers = [["" if cell is None else float(cell) if isinstance(cell, float) else str(cell) for cell in row] for row in found]
        rows = [[float(text) if isinstance(cell, float) else text for cell, text in zip(*pair)] for pair in zip(numbers, rows, strict=True)]
        assert rows == numbers, name
    for name in VIEWS:
        assert database.execute(f"SELECT * FROM {name} LIMIT 3").fetchall(), name
    return database


def one(database, query, *values):
    rows = database.execute(query, values).fetchall()
    assert len(rows) == 1, rows
    return rows[0]


def check(out):
    database = export(out)
    done = probe("report", out, "--json", "--no-default-suppressions")
    assert done.status == 0, done
    data = json.loads(done.out)
    sums = [data["totals"][key] for key in ("allocs", "bytes_allocated", "temporary", "live_blocks", "live_bytes")]
    for table in ("sites", "processes"):
        assert list(one(database, "SELECT sum(allocs), sum(bytes_allocated), sum(temporary), sum(live_blocks), sum(live_bytes) "
                                  f"FROM {table}")) == sums, table
    assert list(one(database, "SELECT sum(allocs), sum(bytes_allocated), sum(live_bytes) FROM types")) == sums[:2] + sums[4:]
    assert one(database, "SELECT count(*) FROM processes")[0] == len(data["processes"])
    assert [label for label, in database.execute("SELECT label FROM marks")] == [mark["label"] for mark in data["marks"]]
    return database, data


def stack(database, site):
    return [name for name, in database.execute("SELECT function FROM site_stacks WHERE site = ? ORDER BY position", (site,))]


def odd_names():
    database, _ = check(torture())
    site, = one(database, "SELECT id FROM sites WHERE live_bytes = ?", 70000)
    assert stack(database, site)[:len(TEXTS)] == TEXTS[::-1], stack(database, site)
    names = [name for name, in database.execute("SELECT name FROM functions")]
    assert set(TEXTS) < set(names), names
    assert database.execute("SELECT function FROM leaks").fetchall()[0] == ("plain_one",)
    assert one(database, "SELECT live_bytes FROM by_function WHERE function = ?", TEXTS[-1])[0] == LIVE_BYTES - sum(PLAIN.values())
    assert one(database, "SELECT DISTINCT file FROM functions WHERE name = ?", TEXTS[0])[0].endswith(FILE)
    assert KEPT[1] == (1, 70000)


def growing():
    """JavaScript that keeps more at each of its marks."""
    (TMP / "grow.js").write_text("globalThis.keep = [];\nfunction grow() { keep.push(Buffer.alloc(30000)); }\n"
                                 "for (let i = 0; i < 12; i++) { grow(); globalThis.probe?.mark(`round, \"${i}\"`); }\n")
    done = record([npm_modules() / "node22" / "bin" / "node", TMP / "grow.js"], TMP / "grow")
    assert done.status == 0, done
    database, data = check(TMP / "grow")
    assert one(database, "SELECT count(*) FROM marks")[0] == 12
    rows = database.execute("SELECT mark, growth.live_bytes, time_ns FROM growth JOIN sites ON sites.id = site JOIN site_stacks "
                            "USING (site) WHERE site_stacks.function = 'grow' AND sites.live_bytes > 30000 GROUP BY site, mark "
                            "ORDER BY site, mark").fetchall()
    assert rows and rows[-1][1] >= 30000 and all(row[2] for row in rows), rows
    trends = database.execute("SELECT trend, bytes_per_mark FROM sites JOIN functions ON functions.id = sites.function WHERE "
                              "name = 'grow' AND live_bytes > 30000").fetchall()
    reported = [row for row in data["leaks"]["by_site"] if row["trend"] == "growing" and any(
        frame["function"] == "grow" for frame in row["stack"])]
    assert trends and ("growing" in {trend for trend, _ in trends}) == bool(reported), (trends, reported)


def files():
    """A folder that holds something stays as it is; sqlite goes through a pipe; a folder does not."""
    out = TMP / "torture"
    (TMP / "full").mkdir()
    (TMP / "full" / "mine").write_text("kept")
    for words, status, message in ((["csv", "-o", TMP / "full"], 3, b"it is not empty"), (["csv"], 2, b"--output"),
                                   (["csv", "-o", "-"], 2, b"--output"), (["csv", "-o", TMP / "no" / "where"], 3, b"No such file")):
        done = probe("export", out, "--format", *words)
        assert done.status == status and message in done.err, done
    assert [file.name for file in (TMP / "full").iterdir()] == ["mine"]
    (TMP / "empty").mkdir()
    assert probe("export", out, "--format", "csv", "-o", f"{TMP}/empty/").status == 0
    assert len(list((TMP / "empty").iterdir())) == len(COLUMNS)
    assert probe("export", out, "--format", "sqlite").out == (TMP / "torture.db").read_bytes()
    assert not [file for file in TMP.iterdir() if file.name.startswith(".probe")]


def several():
    """Recordings of two runs in one database: functions are there once, processes twice."""
    assert record([TMP / "torture.program" / "torture"], TMP / "again").status == 0
    database = export(TMP / "again", TMP / "torture")
    assert one(database, "SELECT count(*), count(DISTINCT recording), sum(live_bytes) FROM processes") == (2, 2, 2 * LIVE_BYTES)
    assert one(database, "SELECT count(*) FROM functions WHERE name = ?", TEXTS[0]) == (1,)
    assert one(database, "SELECT live_bytes, sites FROM by_function WHERE function = 'plain_one'") == (2 * PLAIN["plain_one"], 2)


odd_names()
growing()
files()
several()
