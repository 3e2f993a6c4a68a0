"""include/probe.h, from C, from C++ and from a program that is not position-independent: without libprobe.so nothing
happens; with it every mark is in the report, of the process that made it, in order."""
from harness import TMP, lost_nothing, record, report, run, same
from truth import fixture

PARENT = ['the start, "quoted" é', "x" * 255, "in a thread", "in a handler", "the end"]


for name in ("marks", "marks_cxx", "marks_fixed"):
    out = TMP / f"{name}.probe"
    bare = run([fixture(name)])
    assert bare.out == b"all marks are made\n" and bare.status == 0, bare
    same(bare, record([fixture(name)], out))
    data = report(out)
    lost_nothing(data)
    first, child = sorted(data["processes"], key=lambda process: process["parent"] is not None)
    labels = {process["id"]: [m["label"] for m in data["marks"] if m["process"] == process["id"]]
              for process in data["processes"]}
    assert labels == {first["id"]: PARENT, child["id"]: ["in a child"]}, f"{name}: {labels}"
    times = {mark["label"]: mark["time_ns"] for mark in data["marks"]}
    order = [times[label] for label in PARENT[:-1] + ["in a child", "the end"]]
    assert None not in order and order == sorted(order), f"{name}: {times}"
