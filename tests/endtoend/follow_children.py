"""Children of the programs that start most of them: shells, env -i, xargs, python's subprocess, node's child_process.
Each is recorded, with an empty environment too, and the output is the same."""
import os
import sys

import tracefile
from harness import FIXTURES, TMP, need, record, run

PROGRAM = FIXTURES / "follow_dynamic"
count = 0


def holds(command, times, stdin=b""):
    """The command runs PROGRAM so many times."""
    global count
    count += 1
    out = TMP / f"r{count}"
    bare, outcome, found = run(command, stdin=stdin), record(command, out, stdin=stdin), tracefile.processes(out)
    what = f"{command}: {outcome}\n{tracefile.show(found)}"
    plain = [line for line in outcome.out.decode().splitlines() if not line.startswith(("LD_PRELOAD=", "PROBE_OUT="))]
    assert (bare.status, bare.err) == (outcome.status, outcome.err), f"bare {bare}\n{what}"
    assert plain == bare.out.decode().splitlines(), f"bare {bare}\n{what}"
    programs = [p for p in found if p.exe == os.path.realpath(PROGRAM)]
    assert len(programs) == times, what
    assert all((p.end, p.status) == (tracefile.END_EXIT, 0) for p in programs), what
    assert all(e.how == tracefile.FOLLOWED for p in found for e in p.execs if e.status == 0), what
    assert all(p.end for p in found), what
    noted = {e.pid for p in found for e in p.execs if os.path.realpath(e.path) == os.path.realpath(PROGRAM)}
    assert {p.pid for p in programs} <= noted, what
    return found


holds(["env", "-i", "sh", "-c", f"{PROGRAM} a; {PROGRAM} b | /bin/cat; (exec {PROGRAM} c)"], 3)
holds(["env", "-i", "/bin/bash", "-c",
       f"{PROGRAM} a; x=$({PROGRAM} b); echo \"$x\"; /usr/bin/env -i {PROGRAM} c & wait"], 3)
script = TMP / "script"
script.write_text(f"#!/usr/bin/env bash\nset -e\nexec 3>&1\nfor i in 1 2 3; do {PROGRAM} $i; done\n"
                  f"unset LD_PRELOAD PROBE_OUT\n{PROGRAM} <(echo) >/dev/null\nbash -c 'exec {PROGRAM} last'\n")
script.chmod(0o755)
holds([script], 5)
holds(["xargs", "-n1", PROGRAM], 3, stdin=b"a b c")
holds([sys.executable, "-c", f"""
import subprocess, os, sys
for close in (True, False):
    for env in (None, dict()):
        for session in (False, True):
            done = subprocess.run([{str(PROGRAM)!r}, "x"], env=env, close_fds=close, start_new_session=session,
                                  capture_output=True, text=True)
            print(done.returncode, done.stdout.splitlines()[0])
done = subprocess.run("{PROGRAM} shell; exit 3", shell=True, env=dict(), preexec_fn=lambda: os.umask(0))
print(done.returncode)
os.environ.clear()
sys.stdout.flush()
print(os.waitstatus_to_exitcode(os.system("{PROGRAM} system; exit 4")))
sys.stdout.flush()
print(os.spawnve(os.P_WAIT, {str(PROGRAM)!r}, ["p", "spawn"], dict()))
pid = os.posix_spawn({str(PROGRAM)!r}, ["p", "posix_spawn"], dict())
print(os.waitstatus_to_exitcode(os.waitid(os.P_PID, pid, os.WEXITED).si_status))
if os.fork() == 0:
    os.execve({str(PROGRAM)!r}, ["p", "fork"], dict())
os.wait()
"""], 13)

need("node")
(TMP / "child.js").write_text("process.send('hello'); setInterval(() => {}, 1000)\n")
(TMP / "parent.js").write_text(f"""
const c = require('child_process')
const show = (how, text) => console.log(how, String(text).split('\\n')[0])
show('spawnSync', c.spawnSync('{PROGRAM}', ['a'], {{env: {{}}}}).stdout)
show('execFileSync', c.execFileSync('{PROGRAM}', ['b'], {{env: {{}}}}))
show('execSync', c.execSync('{PROGRAM} c', {{env: {{}}, shell: '/bin/sh'}}))
const s = c.spawn('{PROGRAM}', ['d'], {{env: {{}}, stdio: ['ignore', 'pipe', 'inherit']}})
s.stdout.on('data', (text) => show('spawn', text))
s.on('close', (code, signal) => {{
  console.log(code, signal)
  const n = c.spawn(process.execPath, ['-e', 'process.exit(5)'], {{env: {{}}}})
  n.on('close', (code) => {{
    console.log('node', code)
    const k = c.fork('{TMP}/child.js', [], {{env: {{}}}})
    k.on('message', (m) => {{ console.log(m); k.kill('SIGKILL') }})
    k.on('close', (code, signal) => console.log('fork', code, signal))
  }})
}})
""")
bare = run(["node", TMP / "parent.js"])
assert b"fork null SIGKILL" in bare.out, bare
outcome = record(["node", TMP / "parent.js"], TMP / "node")
found = tracefile.processes(TMP / "node")
what = f"{outcome}\n{tracefile.show(found)}"
assert (bare.status, bare.out, bare.err) == (outcome.status, outcome.out, outcome.err), f"bare {bare}\n{what}"
assert len([p for p in found if p.exe == os.path.realpath(PROGRAM)]) == 4, what
node = found[0].exe
assert os.path.basename(node).startswith("node"), what
ends = sorted((p.end, p.status) for p in found if p.exe == node and p.image == 1)
assert ends == [(0, 0), (tracefile.END_EXIT, 5)], what
killed = [p.pid for p in found if p.exe == node and p.image == 1 and not p.end]
assert (killed[0], 9) in [(w.pid, w.status) for w in found[0].waited], what
