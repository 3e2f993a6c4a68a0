"""README.md keeps its word: every block of shell in it runs as it stands there, in a home with probe in ~/probe and a
small npm project in ~/my-project, and the report in it is the one that scripts/run prints."""
import difflib
import json
import os
import re

import harness
from harness import SOURCE, TMP, run


def same_each_time(text):
    """The lines of a report without what differs between two runs: pids and the width they take, what the run took, the
    name of the recording, where probe was built."""
    text = re.sub(r"\(pid \d+\)", "(pid PID)", text)
    text = re.sub(r"^ *\d+  (?=exit)|^ *pid  (?=end)", "PID ", text, flags=re.M)
    text = re.sub(r"^/.*/probe-\d+T\d+Z-\d+, .*$", "RECORDING", text, flags=re.M)
    text = re.sub(r"^Usage\n  CPU time  +\S+ [nµm]?s user, \S+ [nµm]?s system\n  memory  +\S+ MiB resident at most;"
                  r"[\d,\s]+page faults,[\d,\s]+from\s+disk;[\d,\s]+context\s+switch(es)?,\s+\S+\s+forced$", "USAGE", text, flags=re.M)
    return re.sub(r"\S*/(?=build/release/)", "", text).strip().splitlines()


harness.need("npm", "node")
readme = (SOURCE / "README.md").read_text()
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", readme, re.M | re.S)
shell = [text for kind, text in blocks if kind == "sh"]
assert len(shell) >= 4, f"only {len(shell)} blocks of shell in the README"

home = TMP / "home"
project = home / "my-project"
project.mkdir(parents=True)
(home / "probe").symlink_to(SOURCE)
(project / "package.json").write_text(json.dumps({"name": "my-project", "scripts": {"test": "node test.js"}}))
(project / "test.js").write_text("console.log('1 passing'); Buffer.alloc(100000).fill(1);\n")
env = {"HOME": home, "npm_config_cache": TMP / "npm-cache", "npm_config_update_notifier": "false"}

reports = []
for text in shell:
    # Recordings stay in this test's folder.
    text = text.replace("/tmp/", f"{TMP}/")
    done = run(["sh", "-eu", "-c", text], env, home)
    assert done.status == 0, f"a command of the README fails:\n{text}\n{done}"
    print(f"ran:\n{text}", flush=True)
    if "npm test" in text:
        assert b"1 passing" in done.out, f"where is the program's own output? {done}"
        assert b"node" in done.out and b"npm" in done.out, f"the processes of npm are not in the report: {done}"
    reports.append((text, done))

printed = next(done for text, done in reports if text.strip() == "~/probe/scripts/run")
shown = next(text for kind, text in blocks if kind == "text")
_, _, got = printed.out.decode().partition("\n")
difference = list(difflib.unified_diff(same_each_time(shown), same_each_time(got), "README.md", "scripts/run",
                                       lineterm=""))
assert not difference, "the README shows another report than scripts/run prints:\n" + "\n".join(difference)

printed = next(done for text, done in reports if "javascript/leak.js" in text).out.decode().replace(f"{home}/probe/", "")
shown = next(text for kind, text in blocks if kind == "text" and "javascript/leak.js" in text).strip().splitlines()
squeezed = [" ".join(line.split()) for line in printed.replace(f"{SOURCE}/", "").splitlines()]
for line in shown:
    assert " ".join(line.split()) in squeezed, f"the README shows a line that is not printed: {line}\n{printed}"

# The hunt: the verdict that is shown is the one that is printed, and the mended script has another.
hunt = next(text for kind, text in blocks if kind == "text" and text.startswith("A leak: read"))
printed = next(done for text, done in reports if "bin/probe run -o" in text and "hunt.js" in text and "sed" not in text)
verdict = " ".join(printed.out.decode().replace(f"{SOURCE}/", "").replace(f"{home}/probe/", "").split())
assert " ".join(hunt.split()) in verdict, f"the README shows another verdict than is printed: {hunt}\n{printed}"
mended = next(done for text, done in reports if "mended.js" in text).out.decode()
assert not mended.startswith("A leak"), f"the mended script leaks all the same:\n{mended}"

# Inside wasm: the verdict, and what the memory's bytes are.
inside = [text for kind, text in blocks if kind == "text" and ("heaps/leak.js" in text or "Inside: " in text)]
assert len(inside) == 2, inside
printed = next(done for text, done in reports if "heaps/leak.js" in text).out.decode()
printed = " ".join(printed.replace(f"{SOURCE}/", "").replace(f"{home}/probe/", "").split())
for text in inside:
    assert " ".join(text.split()) in printed, f"the README shows what is not printed: {text}\n{printed}"

for script in re.findall(r"~/probe/(scripts/\w+)", readme):
    assert os.access(SOURCE / script, os.X_OK), f"the README names {script}"
