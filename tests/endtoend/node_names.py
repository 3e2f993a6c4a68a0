"""Real node 20, 22 and 24 on functions of all shapes (fixtures/node): what the report calls them, and where."""
import re
import shutil

from harness import SOURCE, TMP, lost_nothing, node_environment, record, report, same, run

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
HOT = 600118
WASM = {600201: ("rust::call<a-b>", "run it"), 600202: ("wasm-function[1]", "wasm-function[2]")}


def vlq(number):
    number = -number << 1 | 1 if number < 0 else number << 1
    text = ""
    while True:
        digit, number = number & 31, number >> 5
        text += DIGITS[digit | (32 if number else 0)]
        if not number:
            return text


def mapped(folder):
    """mapped.js, minified from original/mapped.ts as a bundler would, and its map."""
    original = folder / "original"
    original.mkdir()
    (original / "mapped.ts").write_text(
        "type Keep = (size: number) => void;\n\nexport function longName(keep: Keep): void {\n\n"
        "  keep(600126); // 600126 longName\n}\nexport function run(keep: Keep): void {\n  longName(keep);\n}\n")
    text = "/* made */\nfunction a(k){k(600126)}exports.run=function(k){a(k)};\n"
    # column → line and column in mapped.ts, and the name there
    segments = [(0, 2, 7, None), (9, 2, 16, 0), (14, 4, 2, None), (24, 6, 7, None), (48, 7, 2, None)]
    last = [0, 0, 0, 0]
    made = []
    for column, line, source_column, name in segments:
        made.append(vlq(column - last[0]) + vlq(0) + vlq(line - last[1]) + vlq(source_column - last[2])
                    + ("" if name is None else vlq(name - last[3])))
        last = [column, line, source_column, last[3] if name is None else name]
    (folder / "mapped.js").write_text(text + "//# sourceMappingURL=mapped.js.map\n")
    (folder / "mapped.js.map").write_text(
        '{"version":3,"file":"mapped.js","sources":["original/mapped.ts"],"names":["longName"],"mappings":";%s"}'
        % ",".join(made))


def wanted(folder):
    """By size: function, file, line."""
    found = {}
    for path in [*folder.glob("*js"), *folder.glob("original/*.ts")]:
        for number, line in enumerate(path.read_text().split("\n"), 1):
            match = re.search(r"// (6\d{5}) (.*)$", line)
            if match and match[2] != "begins":
                found[int(match[1])] = (match[2], str(path), number)
    found[600119] = ("evaluated", None, 2)
    found[600120] = ("(anonymous)", None, 4)  # V8 puts two lines before it
    found[600121] = ("inVm", "a vm: file.js", 2)
    found[600130] = ("shifted", "shifted.js", 5)
    found[600131] = ("above", "above.js", 2)
    found[600122] = ("inContext", "evalmachine.<anonymous>", 2)
    return found


def scripts_own(stack):
    """Frames of the script, without node's and without `keep`, through which some keep."""
    return [f for f in stack if f["kind"] in ("js", "wasm") and not (f["file"] or "").startswith("node:")
            and f["function"] not in ("globalThis.keep", None)]


def check(major):
    folder, out = TMP / f"scripts {major}", TMP / f"out{major}"
    shutil.copytree(SOURCE / "tests" / "fixtures" / "node", folder)
    mapped(folder)
    env = node_environment(major)
    same(run(["node", "shapes.cjs"], env, folder), record(["node", "shapes.cjs"], out, env, folder))
    data = report(out)
    lost_nothing(data)
    stacks, wrong = {}, []
    for site in data["leaks"]["by_site"]:
        if site["domain"] == "heap":
            stacks.setdefault(site["bytes"] // site["blocks"], site["stack"])
    for size, (function, file, line) in wanted(folder).items():
        assert size in stacks, f"node {major}: nobody keeps {size}, {function}"
        frame = scripts_own(stacks[size])[0]
        got = (frame["function"], frame["file"], frame["line"])
        if size == HOT:
            assert frame["tier"], frame
            begins = next(n for n, text in enumerate((folder / "shapes.cjs").read_text().split("\n"), 1)
                          if f"{HOT} begins" in text)
            line = line if frame["line_kind"] == "call" else begins
        else:
            assert frame["line_kind"] == "call", f"node {major}: {frame}"
        if got != (function, file, line):
            wrong.append(f"node {major}: {size} is {got}, not {function}, {file}:{line}")
    assert not wrong, "\n".join(wrong)
    for size, names in WASM.items():
        frames = [(f["function"], f["wasm_function"], f["wasm_offset"]) for f in stacks[size] if f["kind"] == "wasm"]
        assert frames == [(names[0], 1, 6), (names[1], 2, 3)], f"node {major}: {frames}"
    unknown = data["names"]["unknown"]
    assert not unknown["runtime-silent"] and not unknown["no-module"], unknown


for version in (20, 22, 24):
    check(version)
