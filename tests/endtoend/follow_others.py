"""Programs that libprobe.so cannot be loaded into run as without it, without a complaint of any loader's, and are
named with the reason."""
import os
import shutil
import subprocess

import tracefile
from harness import FIXTURES, PROBE_LIB, TMP, record, run

START = FIXTURES / "follow_exec"
count = 0


def recording(command, env=None):
    global count
    count += 1
    out = TMP / f"r{count}"
    return record(command, out, env), tracefile.processes(out)


def variables(outcome):
    """The lines that a fixture of ours prints of what it was given, and the others."""
    lines = outcome.out.decode().splitlines()
    return [line for line in lines if "=" in line], [line for line in lines if "=" not in line]


def not_followed(program, how, preload=False):
    """Directly, by a shell, by a script, by posix_spawn and by system."""
    script = TMP / f"script{count}"
    script.write_text(f"#!{program} of script\n")
    script.chmod(0o755)
    for command in ([START, "here", "execve", "none", program, "one", "two", "three"],
                    [START, "vfork", "execvp", "own", program, "one", "two", "three"],
                    [START, "spawn", "posix_spawn", "own", program, "one"],
                    [START, "spawn", "system", "own", program, "one"],
                    ["sh", "-c", f"{program} one; echo $?"], [START, "here", "execv", "own", script, "1", "2", "3"]):
        bare, (outcome, found) = run(command), recording(command)
        what = f"{command}: {outcome}\n{tracefile.show(found)}"
        given, rest = variables(outcome)
        assert bare.status == outcome.status and bare.err == outcome.err, f"bare {bare}\n{what}"
        assert rest == variables(bare)[1], f"bare {bare}\n{what}"
        assert any(line.startswith("LD_PRELOAD=") for line in given) == preload, what
        assert [e.path for p in found for e in p.execs if e.how == how] == [str(command[-4] if "three" in command
            or command[-1] == "3" else program)], what
        assert not any(p.exe == os.path.realpath(program) for p in found), what


not_followed(FIXTURES / "follow_musl", tracefile.OTHER_LIBC)
not_followed(FIXTURES / "follow_other_class", tracefile.OTHER_CLASS)
not_followed(FIXTURES / "follow_static", tracefile.STATIC, preload=True)
not_followed(FIXTURES / "follow_static_pie", tracefile.STATIC, preload=True)

# What another preload is for stays.
other = TMP / "libother.so"
subprocess.run(["cc", "-shared", "-o", other, "-x", "c", os.devnull], check=True)
outcome, found = recording([START, "here", "execve", "own", FIXTURES / "follow_static", "1", "2", "3"],
                           {"LD_PRELOAD": f"{other}:{PROBE_LIB}"})
assert f"LD_PRELOAD={other}:{PROBE_LIB}" in outcome.out.decode().splitlines(), outcome
outcome, found = recording(["sh", "-c", f"exec {FIXTURES / 'follow_other_class'}"],
                           {"LD_PRELOAD": f"{other}:{PROBE_LIB}"})
assert f"LD_PRELOAD={other}" in outcome.out.decode().splitlines(), outcome

# A dynamic child of a static program is followed, since the environment goes through.
static = TMP / "static_parent"
subprocess.run(["cc", "-static", "-o", static, "-x", "c", "-"], check=True, input=b"""
#include <unistd.h>
int main(int argc, char **argv) { (void)argc; execv(argv[1], argv + 1); return 9; }
""")
outcome, found = recording([START, "fork", "execv", "none", static, FIXTURES / "follow_dynamic", "two", "three"])
assert [p.exe for p in found if "follow_dynamic" in p.exe], f"{outcome}\n{tracefile.show(found)}"

if os.geteuid() == 0:
    # Setuid to somebody else: the loader ignores LD_PRELOAD in silence.
    setuid = TMP / "setuid"
    shutil.copy(FIXTURES / "follow_dynamic", setuid)
    for folder in (TMP, *TMP.parents):
        assert folder == folder.parent or os.stat(folder).st_mode & 1, f"nobody cannot enter {folder}"
    os.chown(setuid, 65534, 65534)
    setuid.chmod(0o6755)
    command = [START, "fork", "execv", "own", setuid, "one", "two", "three"]
    bare, (outcome, found) = run(command), recording(command)
    assert bare.status == outcome.status and bare.err == outcome.err, outcome
    assert [(e.how, e.path) for p in found for e in p.execs] == [(tracefile.SETUID, str(setuid))], \
        tracefile.show(found)

    # A folder as root that has a program and its libraries, and no libprobe.so.
    root = TMP / "root"
    for file in ("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/bin/sh"):
        copy = root / file[1:]
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    shutil.copy(FIXTURES / "follow_dynamic", root / "bin" / "dynamic")
    enter = TMP / "enter"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-o", enter, "-x", "c", "-"], check=True, input=b"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	FILE *f;
	int c;
	if (chroot(argv[1]) != 0 || chdir("/") != 0)
		return 9;
	if (fork() == 0) {
		execl("/bin/dynamic", "dynamic", "forked", NULL);
		_exit(8);
	}
	wait(NULL);
	system("/bin/dynamic system");
	f = popen("/bin/dynamic popen", "r");
	while ((c = getc(f)) != EOF)
		putchar(c);
	fflush(stdout);
	execl("/bin/dynamic", "dynamic", "exec", NULL);
	return argc;
}
""")
    command = [enter, root]
    bare, (outcome, found) = run(command), recording(command)
    what = f"{outcome}\n{tracefile.show(found)}"
    assert bare.status == outcome.status and bare.err == outcome.err == b"", what
    given, rest = variables(outcome)
    assert rest == variables(bare)[1] == ["forked", "system", "popen", "exec"], what
    assert not any(line.startswith("LD_PRELOAD=") for line in given), what
    hows = {e.how for p in found for e in p.execs}
    assert hows == {tracefile.UNREACHABLE}, what
    assert [(p.end, p.status) for p in found if p.image == 0][0][0] == tracefile.END_EXEC, what

    # Readable by root alone, and a program that is root no more.
    hidden = TMP / "hidden"
    hidden.mkdir(mode=0o700)
    shutil.copy(PROBE_LIB, hidden / "libprobe.so")
    drop = [shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", FIXTURES / "follow_dynamic",
            "x"]
    bare = run(drop)
    outcome = record(drop, TMP / "dropped", {"LD_PRELOAD": str(hidden / "libprobe.so")})
    found = tracefile.processes(TMP / "dropped")
    what = f"{outcome}\n{tracefile.show(found)}"
    assert (outcome.status, outcome.err) == (bare.status, bare.err), f"bare {bare}\n{what}"
    assert variables(outcome)[1] == ["x"] and "LD_PRELOAD" not in outcome.out.decode(), what
    assert [e.how for p in found for e in p.execs] == [tracefile.UNREACHABLE], what
