"""Many recordings at once, as of a fleet or of the days of a CI: of several builds of a program and of node scripts, some
with children. `probe hot`, `leaks` and `export` take them as a folder of folders and add up what the same function did in
all of them: as much as the programs say that they did. In tests/soak: 200 recordings, in a minute and a gigabyte."""
import json
import os
import re
import subprocess
import time

from harness import LONG, PROBE_BIN, TMP, environment, need, node_environment, record, run

need("gcc", "clang", "go")
COUNT = 200 if LONG else 20

NATIVE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SITE __attribute__((noinline, noclone))

struct item { struct item *next; char name[40]; };
static struct item *items;

SITE void add_item(int i)
{
	struct item *item = malloc(sizeof *item);

	snprintf(item->name, sizeof item->name, "item %d", i);
	item->next = items;
	items = item;
}

SITE unsigned long use_text(int i)
{
	char *text = malloc(100 + i % 7);
	unsigned long sum;

	snprintf(text, 100, "text %d", i);
	sum = strlen(text);
	free(text);
	return sum;
}

/* ./program KEPT USED CHILDREN: how many items to keep, texts to use, and children to do the same with none. */
int main(int argc, char **argv)
{
	int kept = atoi(argv[1]), used = atoi(argv[2]), children = atoi(argv[3]), status;
	unsigned long sum = 0;

	for (int i = 0; i < kept; i++)
		add_item(i);
	for (int i = 0; i < used; i++)
		sum += use_text(i);
	for (int i = 0; i < children; i++)
		if (fork() == 0) {
			char *const words[] = {argv[0], argv[1], argv[2], "0", NULL};

			return execv(argv[0], words);
		}
	while (wait(&status) > 0)
		if (status)
			return 1;
	return argc == 4 && (sum || !used) ? 0 : 1;
}
"""
BUILDS = [("gcc", "-O0"), ("gcc", "-O2"), ("clang", "-O0"), ("clang", "-O2")]
ITEM = 48

SCRIPT = """
globalThis.kept = []
function keepBuffer (i) { kept.push(Buffer.alloc(20000 + i % 3)) }
for (let i = 0; i < Number(process.argv[2]); i++) keepBuffer(i)
"""


def build():
    """Programs of one source: made by others, and with another build-id each."""
    source = TMP / "program.c"
    source.write_text(NATIVE)
    programs = []
    for number, (compiler, level) in enumerate(BUILDS):
        program = TMP / f"{compiler}{level}" / "program"
        program.parent.mkdir()
        done = run([compiler, "-g", level, "-fno-omit-frame-pointer", source, "-o", program, f"-DBUILD={number}"])
        assert done.status == 0, done
        programs.append(program)
    return programs


def make(folder, count):
    """`count` recordings, and what their programs did in all: blocks and bytes by function."""
    programs, script = build(), TMP / "keep.js"
    script.write_text(SCRIPT)
    books = {"add_item": [0, 0], "use_text": [0, 0], "keepBuffer": [0, 0]}

    def did(function, blocks, size):
        books[function][0] += blocks
        books[function][1] += size

    for i in range(count):
        out = folder / f"run-{i:03}"
        if i % 4 == 3:
            kept = 50 + i
            done = record(["node", script, kept], out, node_environment([20, 22, 24][i // 4 % 3]))
            did("keepBuffer", kept, sum(20000 + k % 3 for k in range(kept)))
        else:
            kept, used, children = 100 + i, 500 + 3 * i, i % 3
            done = record([programs[i % 7 % len(programs)], kept, used, children], out)
            did("add_item", kept * (1 + children), ITEM * kept * (1 + children))
            did("use_text", used * (1 + children), sum(100 + u % 7 for u in range(used)) * (1 + children))
        assert done.status == 0, done
    return books


def measured(*words):
    """What probe says of the folder; seconds and bytes that it took are printed."""
    started = time.monotonic()
    with open(TMP / "said", "wb") as out:
        child = subprocess.Popen([PROBE_BIN, *map(str, words)], env=environment(), stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    print(f"probe {words[0]} {' '.join(map(str, words[2:]))}: {seconds:.1f} s, {usage.ru_maxrss // 1024} MiB")
    assert status == 0, (words, status)
    if LONG:
        assert seconds < 60 and usage.ru_maxrss < 1 << 20, (words, seconds, usage.ru_maxrss)
    return (TMP / "said").read_bytes()


def inner(stack, wanted):
    return next((frame["function"] for frame in stack if frame["function"] in wanted), None)


def summed(rows, key, wanted):
    sums = dict.fromkeys(wanted, 0)
    for row in rows:
        function = inner(row["stack"], wanted)
        if function:
            sums[function] += row[key]
    return sums


folder = TMP / "runs"
books = make(folder, COUNT)
blocks, sizes = {k: v[0] for k, v in books.items()}, {k: v[1] for k, v in books.items()}
natives = ["add_item", "use_text"]

hot = json.loads(measured("hot", folder, "--by", "bytes", "--json", "--fold", "0.001"))
assert {process["recording"] for process in hot["processes"]} == {str(path) for path in folder.iterdir()}
assert summed(hot["sites"], "allocs", natives) == {name: blocks[name] for name in natives}, (books, "hot")
assert summed(hot["sites"], "bytes_allocated", natives) == {name: sizes[name] for name in natives}, (books, "hot")
assert summed(hot["sites"], "bytes_allocated", ["keepBuffer"])["keepBuffer"] >= sizes["keepBuffer"], books
# The same stack in another build, with another build-id and at other addresses, is one row.
rows = [row for row in hot["sites"] if inner(row["stack"], natives)]
assert len(rows) == 2 and rows[0]["processes"] == rows[1]["processes"] > COUNT // 2, rows
assert rows[0]["process"] is None, rows[0]
assert sum(row["value"] for row in hot["sites"]) + hot["left_off_value"] == hot["matching"]["value"]

leaks = json.loads(measured("leaks", folder, "--json", "--no-default-suppressions"))
kept = summed(leaks["leaks"]["by_site"], "blocks", books)
assert kept["add_item"] == blocks["add_item"] and kept["use_text"] == 0, (kept, books)
assert kept["keepBuffer"] >= blocks["keepBuffer"], (kept, books)

folded = dict.fromkeys(natives, 0)
for line in measured("export", folder, "--format", "folded", "--by", "bytes").decode().splitlines():
    stack, _, count = line.rpartition(" ")
    for name in natives:
        folded[name] += int(count) if name in re.split("[; ]", stack) else 0
assert folded == {name: sizes[name] for name in natives}, (folded, books)

(TMP / "many.pb.gz").write_bytes(measured("export", folder, "--format", "pprof"))
top = run(["go", "tool", "pprof", "-top", "-nodefraction=0", "-nodecount=100000", "-sample_index=alloc_objects", TMP / "many.pb.gz"])
found = {words[-1]: int(words[3]) for words in (line.split() for line in top.out.decode().splitlines()) if words[-1] in natives}
assert found == {name: blocks[name] for name in natives}, (found, books, top)
print(f"{COUNT} recordings with {len(hot['processes'])} processes: {books}")
