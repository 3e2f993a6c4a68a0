"""Where there is no room: a full disk, a limit on file sizes or descriptors, a folder that cannot be written, a file
system that cannot map shared files. The program does the same; what is not recorded is counted."""
import os
import shutil

from harness import PROBE_BIN, PROBE_LIB, TMP, report, run, same
from truth import both, clean, fixture, may_mount, rows_of, sayings, shell, told

BUSY = fixture("busy")
# busy's books: of each thread's births all but 10 die.
WHOLE = both("whole", [BUSY, 300000, 3])
WHOLE_DATA = report(WHOLE[1])
clean(WHOLE_DATA, "whole")
SILENCE = sayings(WHOLE_DATA)
EVENTS = WHOLE_DATA["processes"][0]["events"]


def all_there(data, what, births=900000, alive=30):
    clean(data, what)
    row = rows_of(data, ["site_busy"])["site_busy"]
    assert (row["allocs"], row["frees"]) == (births, births - alive), f"{what}: {row}"


def counted(data, what):
    """Every event is there or counted as lost, and a loss is said."""
    assert data["processes"], f"{what}: no process was recorded\n{sayings(data)}"
    process = data["processes"][-1]
    assert process["events"] + process["lost"] == EVENTS, \
        f"{what}: {process['events']} events and {process['lost']} lost are not {EVENTS}"
    damage = [f for f in data["findings"] if f["kind"] == "damage"]
    assert not damage, f"{what}: {damage}"
    return process["lost"]


def nothing(data, what):
    """Not even a process could be recorded. A recording that is there must say so."""
    assert sum(p["lost"] for p in data["processes"]) > 0 or sayings(data) != SILENCE, \
        f"{what}: no event, and the report says nothing of it: {data['processes']}"
    print(f"{what}: nothing could be recorded, and that is said")


def saying(out, what):
    """The text report must not hide a loss."""
    text = run([PROBE_BIN, "report", out])
    assert text.status == 0 and b"lost" in text.out, f"{what}: {text}"


all_there(WHOLE_DATA, "whole")


def disk_full(kilobytes):
    name = f"full-{kilobytes}"
    copy, mount = TMP / f"{name}.copy", TMP / f"{name}.mount"
    mount.mkdir()
    script = f"""mount -t tmpfs -o size={kilobytes}k none {mount} && cd {mount} || exit 99
        $RECORD {BUSY} 300000 3
        status=$?
        [ -z "$RECORD" ] || cp -a {mount}/rec {copy} 2>/dev/null
        exit $status"""
    command = ["unshare", "-m", "sh", "-c", script]
    bare = run(command, env={"RECORD": ""})
    recorded = run(command, env={"RECORD": f"env LD_PRELOAD={PROBE_LIB} PROBE_OUT={mount}/rec"})
    same(bare, recorded)
    assert bare.status == 3, bare
    if kilobytes >= 1024:
        assert copy.exists(), f"{name}: nothing was recorded"
    if copy.exists() and any(copy.iterdir()):
        data = report(copy)
        if sum(p["events"] for p in data["processes"]) == 0:
            nothing(data, name)
            return
        lost = counted(data, name)
        assert lost > 0 or kilobytes > 4096, f"{name}: nothing lost?"  # what is drained in time needs some 6 MiB
        if lost:
            saying(copy, name)
        print(f"disk of {kilobytes} KiB: {lost} of {EVENTS} events lost, and counted")
    else:
        print(f"disk of {kilobytes} KiB: nothing recorded")


def no_shared_map():
    out = TMP / "unmapped.probe"
    command = [fixture("no_shared_map"), BUSY, 300000, 3]
    # The launcher is not recorded: what a recorded program starts under a filter is not followed.
    same(run(command), run(command, {"PRELOAD_LATE": PROBE_LIB, "PROBE_OUT": out}))
    data = report(out)
    assert len(data["processes"]) == 1, data["processes"]
    assert data["processes"][0]["lost"] == 0, data["processes"]
    all_there(data, "no shared mappings")
    assert told(data, "shar"), f"the report does not say that files could not be mapped: {sayings(data)}"
    print("no shared mappings: all recorded all the same")


def file_size(limit):
    _, out = shell(f"fsize-{limit}", f"ulimit -f {limit}; exec $RECORD {BUSY} 300000 3")
    if not out.exists():
        print(f"files of {limit} blocks: nothing recorded")
        return
    data = report(out)
    if sum(p["events"] for p in data["processes"]) == 0:
        nothing(data, f"fsize-{limit}")
        return
    lost = counted(data, f"fsize-{limit}")
    if lost:
        saying(out, f"fsize-{limit}")
    assert lost > 0 or limit > 8000, "nothing lost?"
    print(f"files of {limit} blocks: {lost} of {EVENTS} events lost, and counted")


def descriptors():
    _, out = shell("nofile", f"ulimit -n 4; exec $RECORD {BUSY} 300000 3")
    assert out.exists(), "four descriptors are enough"
    data = report(out)
    # The one descriptor that is left is enough to open one file at a time.
    lost = counted(data, "nofile")
    if lost:
        saying(out, "nofile")
    print(f"four descriptors: {lost} of {EVENTS} events lost")


def folders():
    """No PROBE_OUT: the recording goes into the working directory, if that can be."""
    gone, sealed = TMP / "gone", TMP / "sealed"
    sealed.mkdir()
    command = {"vanished": f"mkdir {gone} && cd {gone} && rmdir {gone} && exec $RECORD {BUSY} 20000",
               "vanishing": f"mkdir {gone} && cd {gone} && exec $RECORD sh -c 'cd ..; rm -rf {gone}; {BUSY} 20000'"}
    if may_mount():
        command["read-only"] = f"exec unshare -m sh -c 'mount -t tmpfs -o ro none {sealed} && cd {sealed} && " \
                               f"exec $RECORD {BUSY} 20000'"
    for name, script in command.items():
        bare = run(["sh", "-c", script], env={"RECORD": ""})
        shutil.rmtree(gone, ignore_errors=True)
        recorded = run(["sh", "-c", script], env={"RECORD": f"env LD_PRELOAD={PROBE_LIB}"})
        shutil.rmtree(gone, ignore_errors=True)
        same(bare, recorded)
        assert bare.status == 3, f"{name}: {bare}"
        print(f"{name} working directory: the program did the same")
    # A folder that one may not write into, for a user who is not root.
    if os.geteuid() == 0:
        sealed.chmod(0o555)
        TMP.chmod(0o755)
        script = f"cd {sealed} && exec setpriv --reuid=65534 --regid=65534 --clear-groups $RECORD {BUSY} 20000"
        bare = run(["sh", "-c", script], env={"RECORD": ""})
        if bare.status == 3:
            recorded = run(["sh", "-c", script], env={"RECORD": f"env LD_PRELOAD={PROBE_LIB}"})
            same(bare, recorded)
            assert not any(sealed.iterdir()), list(sealed.iterdir())
            print("a working directory of somebody else's: the program did the same")
    # PROBE_OUT that is a file, lies nowhere, or is a dangling link.
    (TMP / "file").write_text("kept")
    (TMP / "link").symlink_to(TMP / "nowhere" / "else")
    for target in (TMP / "file", TMP / "no" / "such" / "folder", TMP / "link", "/proc/self/rec", "/dev/null"):
        recorded, _ = both("target", [BUSY, 20000], out=target)
        assert recorded.status == 3
    assert (TMP / "file").read_text() == "kept"
    print("recording directories that cannot be: the program did the same")


if may_mount():
    for kilobytes_ in (64, 512, 1200, 2048, 4096, 8192, 65536):
        disk_full(kilobytes_)
else:
    print("not root: the full disk and the read-only folder were left out")
no_shared_map()
for limit_ in (0, 1, 64, 2048, 4096, 1000000):
    file_size(limit_)
descriptors()
folders()
