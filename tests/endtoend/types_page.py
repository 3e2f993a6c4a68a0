"""The page probe-types(7) keeps its word: each of its pieces of code runs as it stands there, in C, C++ and JavaScript, with
and without libprobe.so, and the report has what it says."""
import re

from harness import SOURCE, TMP, lost_nothing, need, node_environment, record, report, run, same

need("gcc", "g++")
page = (SOURCE / "analyzer" / "man" / "probe-types.7").read_text()
pieces = [re.sub(r"\\(.)", r"\1", text) for text in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page, re.M | re.S)]
types = next(text for text in pieces if "PROBE_NEW" in text)
pool = next(text for text in pieces if "probe_alloc" in text)
script = next(text for text in pieces if "globalThis" in text)
assert len(pieces) == 3
five = [line for line in pool.splitlines() if line and not line.startswith("#")]
assert len(five) == 5, five

NATIVE = """
#include <stdlib.h>
{include}
struct packet {{ int words[10]; }};
static void *pool_take(char *pool, size_t size) {{ static size_t used; used += size; return pool + used - size; }}
static void pool_give(char *pool, void *part) {{ (void)pool, (void)part; }}
static void *volatile kept[4];
static void types(void) {{
	{types}
	kept[0] = packet; kept[1] = table;
}}
static void parts(char *pool) {{
	const size_t size = 48;
	{pool}
	part = pool_take(pool, size);
	probe_alloc(pool, part, size, "Node");
}}
int main(void) {{
	char *pool = (char *)malloc(4096);
	types(); parts(pool);
	kept[2] = pool;
	return 0;
}}
"""


def native(name, compiler):
    source, program = TMP / f"{name}", TMP / f"{name}.out"
    include, bodies = '#include "probe.h"', [text.replace('#include "probe.h"', "") for text in (types, pool)]
    source.write_text(NATIVE.format(include=include, types=bodies[0], pool=bodies[1]))
    done = run([compiler, "-g", "-Wall", "-Wextra", "-Werror", f"-I{SOURCE / 'include'}", source, "-o", program])
    assert done.status == 0, done
    out = TMP / f"{name}.probe"
    same(run([program]), record([program], out))
    data = report(out)
    lost_nothing(data)
    rows = {(row["domain"], row["type"]): (row["allocs"], row["frees"], row["bytes"]) for row in data["leaks"]["by_type"]}
    packet = ("heap", "struct packet")
    assert rows[packet] == (1, 0, 40) and rows["heap", "Table"] == (1, 0, 4096), rows
    assert rows["pool", "Node"] == (2, 1, 48), rows
    assert not data["findings"], data["findings"]
    evidence = {row["type"]: row["type_evidence"] for row in data["leaks"]["by_site"]}
    assert evidence["Table"].split(":")[0] == "annotation", evidence


native("snippet.c", "gcc")
native("snippet.cc", "g++")

(TMP / "snippet.js").write_text(f"const bytes = 1000;\n{script}")
env = node_environment(22)
assert run(["node", "snippet.js"], env, TMP).status == 0
out = TMP / "script.probe"
done = record(["node", "snippet.js"], out, env, TMP)
assert (done.status, done.err) == (0, b""), done
rows = [row for row in report(out)["leaks"]["by_type"] if row["domain"] == "pool"]
assert [(row["type"], row["allocs"], row["frees"], row["dropping"]) for row in rows] == [("Proof", 1, 1, "perfect")], rows
# Every kind of evidence that a report has is on the page.
kinds = {word for word in re.findall(r"^\.It Cm (\w+)$", page, re.M)}
assert kinds == {"annotation", "vtable", "node", "frame", "debuginfo"}, kinds
