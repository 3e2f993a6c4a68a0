"""Programs that take rights from themselves, close what they did not open, or share a folder across containers."""
import os
import shutil
import subprocess

from harness import PROBE_LIB, TMP, environment, report, run, same
from truth import both, clean, fixture, may_mount, rows_of, sayings, told

CONFINE, BUSY = fixture("confine"), fixture("busy")
ROUNDS = 300000


def closers():
    for how in ("loop", "range", "from", "dup2", "dup3", "all", "raw", "rawrange", "rawdup"):
        _, out = both(f"close-{how}", [fixture("closer"), how, TMP / f"{how}.file"])
        data = report(out)
        rows = rows_of(data, ["site_before", "site_after", "site_child"])
        # By libc's functions nothing is lost, but a child without a free descriptor cannot begin a file of its own;
        # by the naked system call the library may lose what it holds, but knows.
        parent = data["processes"][0]
        if not how.startswith("raw") and how != "all":
            clean(data, how)
            assert len(data["processes"]) == 2, data["processes"]
            assert rows["site_after"]["allocs"] == rows["site_before"]["allocs"] == 200000, f"{how}: {rows}"
            assert rows["site_child"]["allocs"] == 1000, f"{how}: {rows}"
        elif len(data["processes"]) == 1:
            assert told(data, "child") or told(data, "follow"), f"{how}: the child is missing: {sayings(data)}"
        assert rows["site_before"]["allocs"] == 200000, f"{how}: {rows}"
        made = 200000 * 2 * 2 - 400
        assert parent["events"] + parent["lost"] == made, \
            f"{how}: {parent['events']} events and {parent['lost']} lost are not {made}"
        print(f"closing by {how}: {parent['lost']} events lost")


def confined(how, *more, complete=True, lost_allowed=False, ends=5, check_end=True):
    name = "confine-" + how.replace("+", "-")
    recorded, out = both(name, [CONFINE, how, *more])
    if "newuser" in how and recorded.status == 99:
        print(f"{how}: no user namespaces here (a chroot, a container): the same with and without recording")
        return
    assert recorded.status == ends, f"{how}: {recorded}"
    data = report(out)
    process = max(data["processes"], key=lambda p: p["events"])
    before = 1 if "early" in how else ROUNDS
    after = 10 if "strict" in how else ROUNDS
    made = sum(n + n - max(1, (n + 999) // 1000) for n in (before, after))
    if "threads" not in how:
        assert process["events"] + process["lost"] == made, \
            f"{how}: {process['events']} events and {process['lost']} lost are not {made}"
    if not lost_allowed:
        clean(data, how)
        rows = rows_of(data, ["site_before", "site_after"])
        assert (rows["site_before"]["allocs"], rows["site_after"]["allocs"]) == (before, after), f"{how}: {rows}"
    if check_end:
        assert (process["end"], process["status"]) == ("exit", ends), f"{how}: {process}"
    print(f"{how}: {process['lost']} events lost")
    return data


def confinement():
    confined("")
    for how in ("filter", "sync", "early+filter", "early+sync"):
        # The library may make no system call from then on: what finds no room in its rings is lost, and counted.
        confined(how, lost_allowed=True)
    for how in ("strict", "early+strict"):
        # The kernel forbids rdtsc in strict mode: the ten births in it need not be there.
        confined(how, ends=6, lost_allowed=True, check_end=False)
    if os.geteuid() != 0:
        print("not root: chroot and the change of user were left out")
        return
    empty = TMP / "empty"
    empty.mkdir()
    for how in ("chroot", "early+chroot"):
        confined(how, empty)
    # The new user may not open a file in the recording directory.
    for how in ("chroot+user", "user", "early+user"):
        confined(how, empty, lost_allowed=True)
    for how in ("newuser", "early+newuser", "newuser+threads"):
        confined(how)
    # In the new root there is a program, but no libprobe.so: the loader must not complain of it.
    root = TMP / "root"
    needed = run(["ldd", BUSY]).out.decode().split()
    for path in [str(BUSY)] + [word for word in needed if word.startswith("/")]:
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    data = confined("chroot+spawn", root, BUSY, 1000)
    assert told(data, "busy"), f"that busy was not followed is not said: {sayings(data)}"
    # The child had no /proc to learn from who it is.
    strangers = [p for p in data["processes"] if not p["exe"]]
    assert not strangers and not told(data, "left no recording"), f"{strangers}\n{sayings(data)}"


def unreachable():
    """The library is taken away while the program runs, or was named by a relative path."""
    copy = TMP / "lib" / "libprobe.so"
    copy.parent.mkdir()
    os.makedirs(TMP / "elsewhere", exist_ok=True)
    cases = {"gone": f"rm {copy}; {BUSY} 1000; /bin/echo $?",
             "moved": f"cd {TMP}/elsewhere; {BUSY} 1000; /bin/echo $?"}
    for name, script in cases.items():
        shutil.copy(PROBE_LIB, copy)
        preload = copy if name == "gone" else "./lib/libprobe.so"
        out = TMP / f"unreachable-{name}.probe"
        bare = run(["sh", "-c", script if name == "moved" else script.replace("rm ", "ls >/dev/null ")], cwd=TMP)
        recorded = run(["sh", "-c", script], env={"LD_PRELOAD": preload, "PROBE_OUT": out}, cwd=TMP)
        same(bare, recorded)
        data = report(out)
        followed = [p for p in data["processes"] if p["exe"].endswith("/busy")]
        if name == "moved":
            assert len(followed) == 1, f"a relative LD_PRELOAD: {[p['exe'] for p in data['processes']]}"
        else:
            assert not followed and told(data, "busy"), f"{sayings(data)}"
        print(f"a library that is {name}: no complaint")


def containers():
    """Two processes of pid 1 at once in one directory."""
    out = TMP / "containers.probe"
    command = ["unshare", "--pid", "--fork", "--mount-proc", "env", f"LD_PRELOAD={PROBE_LIB}", f"PROBE_OUT={out}",
               str(BUSY), "300000", "2"]
    both_ = [subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
             for _ in range(4)]
    ends = [(*child.communicate(timeout=60), child.returncode) for child in both_]
    bare = run([BUSY, 300000, 2])
    assert all(end == (bare.out, bare.err, 3) for end in ends), ends
    data = report(out)
    clean(data, "containers")
    ours = [p for p in data["processes"] if p["exe"].endswith("/busy")]
    assert [p["pid"] for p in ours] == [1] * 4, [p["id"] for p in data["processes"]]
    assert len({p["id"] for p in ours}) == 4, ours
    for process in ours:
        row = rows_of(data, ["site_busy"], process=process["id"])["site_busy"]
        assert (row["allocs"], row["frees"]) == (600000, 600000 - 20), row
    # The /proc of another pid namespace: what it says of 'self' is in other numbers.
    both("proc", ["unshare", "--pid", "--fork", BUSY, 1000])
    print("four processes with pid 1: told apart")


closers()
confinement()
unreachable()
if may_mount():
    containers()
