"""Perf maps and jitdumps of V8: they name what V8 does not tell, and are not needed where it does."""
import os
import pathlib

from generated import forget
from harness import TMP, probe
from names import check, check_numbers, node, nothing_wrong, recorded

EVENTS = b"_ZN2v87Isolate22SetJitCodeEventHandlerENS_19JitCodeEventOptionsEPFvPKNS_12JitCodeEventEE\0"


def silent(major):
    """A node that has nobody to tell its code to: the function that takes the handler goes by another name."""
    program = TMP / f"node{major}"
    image = node(major).read_bytes()
    assert EVENTS in image
    program.write_bytes(image.replace(EVENTS, EVENTS[:-2] + b"_\0"))
    program.chmod(0o755)
    return program


def perf_map(data):
    return pathlib.Path(f"/tmp/perf-{data['processes'][0]['pid']}.map")


for major in (20, 22, 24):
    program = silent(major)
    ways = {"map": ["--perf-basic-prof", "--interpreted-frames-native-stack"]}
    if major == 22:
        ways["dump"] = ["--perf-prof"]
    for name, flags in ways.items():
        folder = TMP / f"silent-{major}-{name}"
        data, books = recorded(program, folder, 1, major, flags)
        forget(perf_map(data))
        tiers, wrong = check_numbers(data, books)
        assert not wrong, f"node {major}, {flags}: {wrong[:3]}"
        assert sum(tiers.values()) >= 50, f"node {major}, {flags}: {tiers}"
        if name == "map":
            assert tiers["interpreted"], tiers
        said = probe("report", folder / "recording").out.decode().replace("\n", " ")
        assert "this V8 has no" in said and "Isolate::SetJitCodeEventHandler" in said, said
        print(f"node {major} {flags}: {dict(tiers)}")
    folder = TMP / f"telling-{major}"
    data, books = recorded(node(major), folder, 1, major, ["--perf-basic-prof"])
    forget(perf_map(data))
    score = check(data, books)
    nothing_wrong(score, f"node {major}")
    assert score.share_named() > 0.995, score
    print(f"node {major}: {score}")
    os.unlink(program)
