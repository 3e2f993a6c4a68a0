"""An allocation log that eight threads write, of half a million lines and more, against what the writer counted itself:
to the block and byte, in order or not, from a file, in pieces, and through a pipe; with little memory."""
import json
import os
import re
import subprocess

from harness import FIXTURES, PROBE_BIN, TMP, probe, report

log = TMP / "prover.log"
with open(log, "wb") as file:
    done = subprocess.run([FIXTURES / "writeslog", "8", "320000", "20"], stdout=file, stderr=subprocess.PIPE, check=True)
*rows, lines = done.stderr.decode().splitlines()
truth = {}
for row in rows:
    name, allocs, frees, size = row.split("\t")
    truth[name] = (int(allocs), int(frees), int(size))
kept = {name: row for name, row in truth.items() if row[0] > row[1]}
assert 6 <= len(kept) < len(truth), truth


def check(out, files=1):
    data = report(out)
    got = {row["type"]: (row["allocs"], row["frees"], row["bytes"]) for row in data["leaks"]["by_type"]}
    assert got == truth, (got, truth)
    assert [row["bytes"] for row in data["leaks"]["by_type"]] == sorted((t[2] for t in truth.values()), reverse=True)
    perfect = {row["type"] for row in data["leaks"]["by_type"] if row["dropping"] == "perfect"}
    assert perfect == truth.keys() - kept.keys(), perfect
    assert not data["findings"], data["findings"]
    log_row, = data["logs"]
    assert log_row["lines"] == int(lines) and log_row["files"] == files, log_row
    assert log_row["allocs"] == log_row["allocate_lines"] == sum(row[0] for row in truth.values()), log_row
    assert log_row["frees"] == log_row["drop_lines"] == sum(row[1] for row in truth.values()), log_row
    assert log_row["records"] == log_row["allocs"] + log_row["frees"] < log_row["lines"], log_row
    return log_row


# Threads write as they come: some blocks were dropped by another thread, whose line came first.
done = probe("import", log, "-o", TMP / "whole", "--format", "allocation-log")
assert done.status == 0 and not done.err, done
assert check(TMP / "whole")["allocated_after_drop"] > 0

# By line, against awk's way of counting.
sites = {}
owner = {}
with open(log, "rb") as file:
    for line in file:
        match = re.fullmatch(rb"@ (ALLOCATE|DROP) (\d+) (\S+:\d+)? ?(.*) (\d+)\n", line)
        if match and match[1] == b"ALLOCATE":
            owner[match[5]] = (match[3].decode(), match[4].decode())
with open(log, "rb") as file:
    for line in file:
        match = re.fullmatch(rb"@ (ALLOCATE|DROP) (\d+) .* (\d+)\n", line)
        if match:
            row = sites.setdefault(owner[match[3]], [0, 0, 0])
            row[match[1] == b"DROP"] += 1
            row[2] += int(match[2]) * (1 if match[1] == b"ALLOCATE" else -1)
got = {}
for row in report(TMP / "whole")["leaks"]["by_site"]:
    frame, = row["stack"]
    assert frame["kind"] == "log" and frame["function"] is None and row["domain"] == "log", row
    got[f"{frame['file']}:{frame['line']}", row["type"]] = [row["allocs"], row["frees"], row["bytes"]]
assert got == {site: row for site, row in sites.items() if row[0] > row[1]}, (got, sites)

# In pieces, as a rotated log is; a line may go on in the next file only if the file before it has an end of line.
data = log.read_bytes()
cut = data.index(b"\n", len(data) // 3) + 1
(TMP / "a.log").write_bytes(data[:cut])
(TMP / "b.log").write_bytes(data[cut:])
assert probe("import", TMP / "a.log", TMP / "b.log", "-o", TMP / "pieces", "--format=allocation-log").status == 0
check(TMP / "pieces", 2)

# Through a pipe, in small portions; and as Windows ends lines.
cat = subprocess.Popen(["sed", "s/$/\\r/", log], stdout=subprocess.PIPE)
done = subprocess.run([PROBE_BIN, "import", "-", "-o", TMP / "pipe", "--format", "allocation-log"], stdin=cat.stdout,
                      capture_output=True)
cat.wait()
assert done.returncode == 0, done
check(TMP / "pipe")

# The same log is the same recording, and is not counted twice.
done = probe("report", TMP / "whole", TMP / "whole", "--json")
assert b"counted once" in done.err and json.loads(done.out)["logs"][0]["allocs"] == len(owner), done.err

# What is read is not kept: the file's size does not show, nor what was dropped.
pid = os.fork()
if not pid:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(PROBE_BIN, [PROBE_BIN, "import", str(log), "-o", str(TMP / "measured"), "--format", "allocation-log"])
_, status, usage = os.wait4(pid, 0)
assert status == 0 and usage.ru_maxrss < 160 * 1024, usage.ru_maxrss
