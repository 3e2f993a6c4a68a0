"""probe export --format svg: a flame graph in a real browser without a network: what is drawn, clicked, searched and walked
through by keyboard, in both modes, light and dark, wide and narrow, with labels that fit and can be read; and names that
would be markup or a script are neither."""
import json
import xml.etree.ElementTree

from harness import SOURCE, TMP, need, npm_modules, probe, record, run
from torture import CHAIN, LIVE_BYTES, TEXTS, torture

need("gcc", "chromium")
SCRIPT = """
globalThis.keep = [];
function keepBuffers(n) { for (let i = 0; i < n; i++) keep.push(Buffer.alloc(50000, 1)); }
keepBuffers(100);
"""


def shown(number):
    for unit in ("B", "KiB", "MiB"):
        if number < 1024 or unit == "MiB":
            return f"{number:.1f} {unit}" if unit != "B" and number < 100 else f"{number:.0f} {unit}"
        number /= 1024
    return None


def percent(part, whole):
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"


def browse(out, name):
    path = TMP / f"{out.name}.svg"
    done = probe("export", out, "--format", "svg", "-o", path)
    assert done.status == 0 and not done.err, done
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not any(attribute.endswith("href") or attribute == "src" for tag in root.iter() for attribute in tag.attrib)
    done = run([npm_modules() / "node24" / "bin" / "node", SOURCE / "tests" / "endtoend" / "viewers" / "flame.mjs", path,
                TMP / out.name, name],
               {"NODE_PATH": npm_modules(name="npm_exports"), "CHROMIUM": "/usr/bin/chromium", "HOME": TMP,
                "PROFILE": TMP / f"{out.name}.chromium", "XDG_CONFIG_HOME": TMP / "config", "XDG_CACHE_HOME": TMP / "cache"})
    assert done.status == 0, done
    seen = json.loads(done.out)
    assert not seen["problems"] and seen["requests"] == [f"file://{path}"], (seen["problems"], seen["requests"])
    views = [seen[key] for key in ("whole", "narrow", "zoomed", "searched", "dark")] + list(seen["modes"].values())
    for view in views:
        assert view["fit"] and view["inside"] and view["frames"] > 3 and view["contrast"] >= 4.5, view
    assert seen["dark"]["page"] != seen["narrow"]["page"]
    return seen


def folded(out, *options):
    rows = {}
    for line in probe("export", out, "--format", "folded", *options).out.decode().splitlines():
        stack, _, size = line.rpartition(" ")
        rows[stack] = int(size)
    return rows


def check(seen, name, part, whole, rest):
    """`part` of `whole` bytes is in the function `name`; `rest` of these in another that is not below it."""
    assert seen["whole"]["found"] == f"{shown(whole)} in all", seen["whole"]
    own = f"{name}, {shown(part)}, {percent(part, whole)}"
    assert any(own in about for about in seen["searched"]["hits"]), (own, seen["searched"]["hits"])
    assert seen["searched"]["found"] == f"found: {shown(part)}, {percent(part, whole)}", seen["searched"]["found"]
    assert own in seen["zoomed"]["wide"] and own not in seen["narrow"]["wide"], (own, seen["zoomed"]["wide"])
    assert not any(rest in label for label in seen["zoomed"]["labels"]), rest
    assert any(rest in label for label in seen["whole"]["labels"]), rest
    assert seen["back"]["labels"] == seen["narrow"]["labels"] == seen["cleared"]["labels"]
    assert name in seen["hovered"]["tip"] and shown(part) in seen["hovered"]["tip"] and not seen["narrow"]["tip"]
    assert percent(part, whole) + " of all" in seen["hovered"]["tip"], seen["hovered"]["tip"]
    # The focus went to the second frame, then to one below it, and Enter made that one wide.
    assert seen["walked"]["focus"] and seen["walked"]["focus"] == seen["entered"]["focus"], seen["walked"]["focus"]
    assert seen["walked"]["focus"] in seen["entered"]["wide"] and seen["walked"]["tip"], seen["entered"]["wide"]


out = torture()
seen = browse(out, TEXTS[0])
check(seen, TEXTS[0], CHAIN, LIVE_BYTES, "plain_one")
labels = seen["zoomed"]["labels"]
for text in ("semi;colon \"quoted\"", "new\\nline\\ttab\\u000dreturn\\u0001bell", "取得 🦀 é\\u2028\\u202eright", "comma,comma,\"\"",
             "geometry::Nested::grow"):
    assert any(label.startswith(text) for label in labels), (text, labels)
assert seen["whole"]["legend"] == ["native"], seen["whole"]["legend"]
assert list(seen["modes"]) == ["leaks: live bytes", "leaks: live blocks", "allocated bytes", "allocations", "temporary blocks",
                               "bytes at the peak"], list(seen["modes"])

node = npm_modules() / "node22" / "bin" / "node"
(TMP / "leak.js").write_text(SCRIPT)
done = record([node, TMP / "leak.js"], TMP / "node")
assert done.status == 0, done
rows = folded(TMP / "node")
kept = sum(size for stack, size in rows.items() if "keepBuffers" in stack)
assert kept >= 5000000, kept
seen = browse(TMP / "node", "keepBuffers")
check(seen, "keepBuffers", kept, sum(rows.values()), "NewIsolate")
assert {"native", "javascript", "builtin"} <= set(seen["whole"]["legend"]), seen["whole"]["legend"]
assert "keepBuffers (leak.js:3)" in seen["whole"]["labels"], seen["whole"]["labels"]
total = sum(folded(TMP / "node", "--by", "bytes").values())
assert seen["modes"]["allocated bytes"]["found"] == f"{shown(total)} in all", seen["modes"]["allocated bytes"]["found"]
