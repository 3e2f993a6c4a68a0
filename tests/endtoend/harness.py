"""What end-to-end tests share: running programs with and without libprobe.so, and asking probe about a recording.

A test is a program: it raises (AssertionError, say) and so fails, or ends and has passed; skip() says why it cannot
run here. `python3 harness.py TEST.py` runs a test in a fresh folder, its working directory and TEST_TMP. Tests run
side by side: everything that a test writes is in that folder. It touches nothing of the project but what ctest names
in the environment (tests/endtoend/CMakeLists.txt).
"""
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

PROBE_LIB = os.environ.get("PROBE_LIB", "")
PROBE_BIN = os.environ.get("PROBE_BIN", "")
FIXTURES = pathlib.Path(os.environ.get("FIXTURES", "."))
SOURCE = pathlib.Path(os.environ.get("PROBE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("PROBE_BUILD", "."))
TMP = pathlib.Path(os.environ.get("TEST_TMP", ".")).absolute()
LONG = os.environ.get("TEST_LONG") == "1"  # scripts/soak: as long as it takes to be sure


class Outcome:
    """How a program ended: status as subprocess has it (−N for signal N), standard output and error as bytes."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __eq__(self, other):
        return (self.status, self.out, self.err) == (other.status, other.out, other.err)

    def __repr__(self):
        return f"status {self.status}\n--- stdout\n{show(self.out)}\n--- stderr\n{show(self.err)}"


def show(data, most=4000):
    text = data.decode(errors="replace")
    return text if len(text) <= most else f"{text[:most // 2]}\n[…]\n{text[-most // 2:]}"


def skip(why):
    """Ends the test as not run (ctest counts and shows it)."""
    print(f"skipped: {why}")
    sys.exit(77)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            skip(f"{program} is not installed (scripts/setup installs it)")


def environment(changes=None):
    """The test's environment without anything of probe's, and with `changes` (None removes a variable)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROBE_") and k != "LD_PRELOAD"}
    for key, value in (changes or {}).items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = str(value)
    return env


def run(command, env=None, cwd=None, stdin=b"", timeout=300):
    """Runs a command to its end, without recording it."""
    done = subprocess.run([str(word) for word in command], env=environment(env), cwd=cwd, input=stdin,
                          capture_output=True, timeout=timeout)
    return Outcome(done.returncode, done.stdout, done.stderr)


def record(command, out, env=None, cwd=None, stdin=b"", timeout=300):
    """Runs a command under libprobe.so, recording into the folder `out`."""
    changes = {"LD_PRELOAD": PROBE_LIB, "PROBE_OUT": str(pathlib.Path(out).absolute())}
    changes.update(env or {})
    return run(command, changes, cwd, stdin, timeout)


def probe(*words, timeout=300):
    """Runs the analyzer."""
    return run([PROBE_BIN, *words], timeout=timeout)


def report(out):
    """`probe report --json` of a recording."""
    done = probe("report", out, "--json")
    assert done.status == 0, f"probe report {out}: {done}"
    assert done.err == b"", f"probe report {out} complains: {show(done.err)}"
    return json.loads(done.out)


def lost_nothing(data):
    """Holds a report to it that no event of any process is missing or was mended, and that nothing is damaged."""
    assert data["processes"], "the recording has no process"
    for process in data["processes"]:
        assert process["lost"] == 0, f"{process['id']} {process['exe']}: {process['lost']} events lost"
    damage = [f for f in data["findings"] if f["kind"] == "damage"]
    assert not damage, damage


def same(bare, recorded):
    """Holds a program to it that it did the same with and without libprobe.so."""
    assert bare.status == recorded.status, f"status {bare.status} became {recorded.status}\n{recorded}"
    assert bare.out == recorded.out, f"another standard output:\n--- bare\n{show(bare.out)}\n--- recorded\n" \
        f"{show(recorded.out)}"
    assert bare.err == recorded.err, f"another standard error:\n--- bare\n{show(bare.err)}\n--- recorded\n" \
        f"{show(recorded.err)}"


def npm_modules(folder=None, name="npm"):
    """The folder node_modules of what tests/endtoend/NAME/package-lock.json asks for, filled if it is not yet. It is
    shared by all builds and never written to by a test. Real nodes are node20, node22 and node24 in that of `npm`."""
    folder = pathlib.Path(folder or SOURCE / "build" / name)
    wanted = pathlib.Path(__file__).resolve().parent / name
    lock = wanted / "package-lock.json"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        stamp = folder / "installed.json"
        if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
            stamp.unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(wanted / name, folder / name)
            done = run(["npm", "ci"], cwd=folder, timeout=900)
            assert done.status == 0, f"npm ci: {done}"
            shutil.copy(lock, stamp)
    return folder / "node_modules"


def wasm_suite(folder=None):
    """The folder of the WebAssembly test suite as the source of Debian's binaryen has it; None where there is no apt.
    Fetched once; apt's own settings and lists are left alone."""
    folder = pathlib.Path(folder or SOURCE / "build" / "wasm_suite").absolute()
    if not shutil.which("apt-get"):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        done = list(folder.glob("binaryen-*/test/spec"))
        if done:
            return done[0]
        for part in ("sources", "lists/partial", "archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "sources" / "source.sources").write_text(
            "Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
            "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
        apt = ["apt-get", "-qq", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={folder}/sources",
               "-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}", "-o", "APT::Sandbox::User="]
        for words in (["update"], ["source", "--download-only", "binaryen"]):
            done = run([*apt, *words], cwd=folder, timeout=600)
            assert done.status == 0, f"apt-get {words}: {done}"
        archive = next(folder.glob("binaryen_*.orig.tar.gz"))
        with tarfile.open(archive) as files:
            members = [file for file in files if "/test/spec/" in file.name and file.name.endswith(".wast")]
            files.extractall(folder, members=members)
        return next(folder.glob("binaryen-*/test/spec"))


def node_environment(major=22):
    """Variables with which `node` and `npm` are the real ones of npm_modules, and npm neither asks the registry for a
    newer self nor writes into the home folder."""
    modules = npm_modules()
    tools = TMP / "tools"
    tools.mkdir(exist_ok=True)
    npm = tools / "npm"
    if not npm.is_symlink():
        npm.symlink_to(modules / "npm" / "bin" / "npm-cli.js")
    return {"PATH": f"{modules}/node{major}/bin:{tools}:{os.environ['PATH']}", "HOME": TMP,
            "npm_config_update_notifier": "false", "npm_config_cache": TMP / "npm-cache", "NODE_OPTIONS": None}


def main():
    if sys.argv[1] == "--npm":
        folder = pathlib.Path(sys.argv[2])
        npm_modules(folder)
        npm_modules(folder.parent / "npm_wasm", "npm_wasm")
        npm_modules(folder.parent / "npm_exports", "npm_exports")
        npm_modules(folder.parent / "npm_duckdb", "npm_duckdb")
        wasm_suite(folder.parent / "wasm_suite")
        return
    test = pathlib.Path(sys.argv[1]).resolve()
    if "TEST_TMP" not in os.environ:
        sys.exit("harness.py: run tests through scripts/test or ctest")
    # Tests leave folders that may not be entered.
    if TMP.exists():
        subprocess.run(["chmod", "-R", "u+rwX", str(TMP)], check=False)
        shutil.rmtree(TMP)
    TMP.mkdir(parents=True)
    os.chdir(TMP)
    os.environ["PYTHONPATH"] = str(pathlib.Path(__file__).resolve().parent)
    os.execv(sys.executable, [sys.executable, "-u", str(test)])


if __name__ == "__main__":
    main()
