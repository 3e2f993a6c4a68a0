"""Running a command bare, under libprobe.so and under heaptrack, and what each costs.

heaptrack is run as its own script does it (version 1.4.0): the preloaded library writes text into a named pipe,
heaptrack_interpret reads it and writes to zstd, which writes the file. All three are charged to it. Its script's
shell is not.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "endtoend"))
from harness import npm_modules  # noqa: E402: the packages that the end-to-end tests use, too

TOOLS = ("bare", "probe", "heaptrack")
COMPILE = ("-g", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread")
PROGRAMS = {  # name: compiler, source, further options
    "launch": ("gcc", "launch.c", "-static"),
    "pair-fp": ("gcc", "pair.c", "-fno-omit-frame-pointer"),
    "pair-nofp": ("gcc", "pair.c", "-fomit-frame-pointer"),
    "mixed": ("g++", "mixed.cc", "-fomit-frame-pointer"),
}


def on_disk(file):
    """Bytes of a file; holes do not count."""
    status = file.stat()
    return min(status.st_size, status.st_blocks * 512)


def npm_project(bench, name):
    """A copy of one of the small projects here, with the packages that it needs."""
    place = bench.work / name
    shutil.copytree(bench.source / name, place)
    (place / "node_modules").symlink_to(npm_modules())
    return place


class Failed(Exception):
    """A measured command did not do what it should."""


class Run:
    """One run: wall seconds of the command, CPU seconds of all processes that it took, peak RSS in bytes of the
    command, its standard output; `recording` and its bytes; events where the tool says them."""

    def __init__(self, wall, cpu, rss, out):
        self.wall, self.cpu, self.rss, self.out = wall, cpu, rss, out
        self.recording, self.size, self.events, self.helper_rss = None, 0, None, 0


class Bench:
    def __init__(self, build, library, probe):
        self.source = pathlib.Path(__file__).resolve().parent
        self.build = pathlib.Path(build).resolve()
        self.work = self.build / "work"
        self.library, self.probe = library, probe
        self.build.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PROBE_") and k != "LD_PRELOAD"}
        self.env["npm_config_update_notifier"] = "false"  # it would ask the registry
        self.heaptrack = self.find_heaptrack()
        self.tools = TOOLS if self.heaptrack else TOOLS[:2]
        for name, (compiler, source, option) in PROGRAMS.items():
            subprocess.run([compiler, *COMPILE, option, str(self.source / source), "-o", str(self.build / name)],
                           check=True)

    @staticmethod
    def find_heaptrack():
        """The folder of heaptrack's library and interpreter, or None."""
        script = shutil.which("heaptrack")
        folder = pathlib.Path(script).resolve().parent.parent / "lib" / "heaptrack" if script else None
        return folder if folder and folder.is_dir() and shutil.which("zstd") else None

    def program(self, name):
        return str(self.build / name)

    def _start(self, label, command, env=None, **redirect):
        """launch.c as the parent: its figures come out in a file. It is static: the preload is the command's only."""
        return subprocess.Popen([self.program("launch"), str(self.work / f"{label}.usage"), *command],
                                env=env or self.env, cwd=self.work, **redirect)

    def _usage(self, label, command):
        status, wall, cpu, rss = (int(word) for word in (self.work / f"{label}.usage").read_text().split())
        if status != 0:
            raise Failed(f"{' '.join(command)}: status {status}")
        return wall / 1e9, cpu / 1e6, rss * 1024

    def _finish(self, target, label, command):
        out, _ = target.communicate()
        return Run(*self._usage(label, command), out.decode())

    def bare(self, command):
        return self._finish(self._start("bare", command, stdout=subprocess.PIPE), "bare", command)

    def record_probe(self, command, options=None):
        out = self.work / "recording"
        shutil.rmtree(out, ignore_errors=True)
        env = {**self.env, "LD_PRELOAD": self.library, "PROBE_OUT": str(out), **(options or {})}
        run = self._finish(self._start("probe", command, env, stdout=subprocess.PIPE), "probe", command)
        run.recording = out
        run.size = sum(on_disk(file) for file in out.iterdir())
        return run

    def record_heaptrack(self, command):
        pipe, out = self.work / "pipe", self.work / "heaptrack.zst"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        # A writer of our own, so that the interpreter meets no end before the command has opened the pipe.
        both = os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
        with open(pipe, "rb", buffering=0) as reader, open(out, "wb") as file:
            interpret = self._start("interpret", [str(self.heaptrack / "libexec" / "heaptrack_interpret")],
                                    stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            zstd = self._start("zstd", ["zstd", "-c"], stdin=interpret.stdout, stdout=file,
                               stderr=subprocess.DEVNULL)
        interpret.stdout.close()
        env = {**self.env, "LD_PRELOAD": str(self.heaptrack / "libheaptrack_preload.so"),
               "DUMP_HEAPTRACK_OUTPUT": str(pipe)}
        target = self._start("heaptrack", command, env, stdout=subprocess.PIPE)
        out_bytes, _ = target.communicate()
        os.close(both)
        said = interpret.stderr.read().decode()
        interpret.wait()
        zstd.wait()
        run = Run(*self._usage("heaptrack", command), out_bytes.decode())
        for label in ("interpret", "zstd"):
            _, cpu, rss = self._usage(label, [label])
            run.cpu += cpu
            run.helper_rss += rss
        run.recording, run.size = out, on_disk(out)
        counts = [int(number) for number in re.findall(r"allocations:\s+(\d+)", said)]
        if len(counts) == 3:  # all, leaked, temporary: each allocation and, but for the leaked, its free
            run.events = 2 * counts[0] - counts[1]
        return run

    def run(self, tool, command):
        return {"bare": self.bare, "probe": self.record_probe, "heaptrack": self.record_heaptrack}[tool](command)

    def read(self, tool, recording):
        """Reads a recording with the tool's own command and throws the report away."""
        command = [self.probe, "report", str(recording), "--json"]
        if tool == "heaptrack":
            command = ["heaptrack_print", "-f", str(recording)]
        reading = self._start("read", command, stdout=subprocess.PIPE)
        return self._finish(reading, "read", command)
