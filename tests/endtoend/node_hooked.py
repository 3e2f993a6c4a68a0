"""The addon that node is made to load changes nothing that a program sees: of its options, its modules, its process object,
its handlers of the end, in children and workers too; nor does it come in where node would fail with it."""
import re

from harness import FIXTURES, PROBE_LIB, SOURCE, TMP, lost_nothing, node_environment, probe, record, report, run, same

PROGRAM = SOURCE / "tests" / "fixtures" / "javascript" / "hooked.js"
(TMP / "module.mjs").write_text("console.log(process.env.NODE_OPTIONS, process.execArgv);\nawait 1;\n")
(TMP / "loaded.cjs").write_text("console.log('loaded', process.env.NODE_OPTIONS, Object.keys(require.cache).length);\n")
(TMP / "imported.mjs").write_text("console.log('imported', process.env.NODE_OPTIONS);\n")
(TMP / "plain.js").write_text("console.log(process.env.NODE_OPTIONS, process.title);\n")
(TMP / "broken.js").write_text("this is no script\n")
(TMP / "options.env").write_text("NODE_OPTIONS=--title=from-the-file\n")
(TMP / "one.test.js").write_text("require('node:test')('one', () => console.log(process.execArgv, process.env.NODE_OPTIONS));\n")
LINES = [
    ["module.mjs"], ["-r", "./loaded.cjs", "module.mjs"], ["--import", "./imported.mjs", "plain.js"],
    ["-e", "console.log(process.argv, module.children, process.env.NODE_OPTIONS)"], ["-p", "1 + 1"], ["-"],
    ["--check", "plain.js"], ["--check", "broken.js"], ["broken.js"], ["--env-file=options.env", "plain.js"],
    ["--no-addons", "plain.js"], ["--permission", "--allow-fs-read=*", "plain.js"],
    ["--experimental-permission", "--allow-fs-read=*", "plain.js"], ["--no-such-flag"], ["--frozen-intrinsics", "plain.js"],
    ["--disallow-code-generation-from-strings", "plain.js"], ["--jitless", "plain.js"], ["--v8-pool-size=0", "plain.js"],
    ["--build-snapshot", "plain.js"], ["--pending-deprecation", "plain.js"],
]
OPTIONS = ['--require "./loaded.cjs"', "--import ./imported.mjs", "--no-such-flag", '"--unterminated', "--no-addons", ""]


def compare(number, words, env, stdin=b""):
    bare = run(["node", *words], env, TMP, stdin)
    done = record(["node", *words], TMP / f"out{number}", env, TMP, stdin)
    for outcome in (bare, done):
        outcome.err = b"\n".join(line for line in outcome.err.split(b"\n") if not line.startswith(b"(node:"))
    print(words, env.get("NODE_OPTIONS"), done.status)
    same(bare, done)
    lost_nothing(report(TMP / f"out{number}"))


number = 0
for major, words, options in ((20, [PROGRAM], None), (22, [PROGRAM], "--no-deprecation"), (22, [PROGRAM, "exit"], None),
                              (24, [PROGRAM, "exit"], "--no-deprecation")):
    compare(number := number + 1, words, {**node_environment(major), "NODE_OPTIONS": options})
for number, words in enumerate(LINES, 100):
    compare(number, words, node_environment(24), b"console.log(process.argv)\n")
for number, options in enumerate(OPTIONS, 200):
    compare(number, ["plain.js"], {**node_environment(22), "NODE_OPTIONS": options})

# Only the library was mounted, under a name that must be quoted twice.
odd = TMP / 'a "quoted" name'
odd.mkdir()
(odd / "libprobe2.so").write_bytes(open(PROBE_LIB, "rb").read())
done = run(["node", "-p", "typeof probe.mark + process.env.NODE_OPTIONS"],
           {**node_environment(22), "LD_PRELOAD": './libprobe2.so', "PROBE_OUT": TMP / 'a "quoted" recording'}, odd)
assert (done.status, done.out) == (0, b"functionundefined\n"), done
assert report(TMP / 'a "quoted" recording')["processes"][0]["end"] == "exit"

# An addon that registers itself by the name that today's addons export is not taken for ours.
(TMP / "older.js").write_text(f"process.dlopen(module, '{FIXTURES}/libolder.so'); console.log(module.exports);\n")
compare(300, ["older.js"], node_environment(20))

# A heap that is nearly full is not collected at the end, which would end the program instead; async_hooks see no tick of
# ours; and process.emit is what the program makes of it.
(TMP / "full.js").write_text("""const kept = globalThis.kept = [], limit = 40e6;
while (process.memoryUsage().heapUsed < limit) kept.push(new Array(1000).fill(1.5));
process.exit(3);
""")
(TMP / "ticks.js").write_text("""const seen = new Map([[0, 0], [1, 0]]);
require('async_hooks').createHook({ init(id) { seen.set(id, 0); }, before(id) {
	if (!seen.has(id)) process._rawDebug('a stranger', id);
} }).enable();
setTimeout(() => console.log('ok'), 1);
""")
(TMP / "emit.js").write_text("""process.emit = () => true;
console.log(Object.keys(process).includes('emit'), delete process.emit);
process.on('exit', code => { console.log('exit', code); process.exitCode = 4; });
""")
for number, (major, words) in enumerate([(20, ["--max-old-space-size=50", "full.js"]), (24, ["--max-old-space-size=50", "full.js"]),
                                         (20, ["ticks.js"]), (24, ["ticks.js"]), (20, ["emit.js"]), (24, ["emit.js"])], 400):
    compare(number, words, node_environment(major))
    if "full.js" in words:
        text = probe("report", TMP / f"out{number}").out
        assert re.search(rb"garbage +not collected in 1 process", text), text.decode()
