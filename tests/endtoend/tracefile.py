"""Reads the meta records of a recording straight from its files, after include/probe/trace.h: what libprobe.so wrote,
with no analyzer in between."""
import pathlib
import struct
from types import SimpleNamespace

EXTENT_MAGIC, PROCESS, META = 0x54584250, 1, 2
EXE, ARGV, MODULE, UNLOAD, THREAD, CHILD, WAITED, EXEC, MARK, WARNING = range(1, 11)
FORK, VFORK, CLONE, SPAWN = range(1, 5)
FOLLOWED, STATIC, SETUID, OTHER_LIBC, OTHER_CLASS, UNREACHABLE, NOT_ASKED = range(16, 23)
END_EXIT, END_EXEC = 1, 2
FORKED, UNSHARED, OWN_HEAP = 1, 2, 4


def processes(folder):
    """All process images of a recording, in order of their start."""
    found = [process(path) for path in pathlib.Path(folder).glob("*.shared")]
    return sorted((p for p in found if p), key=lambda p: (p.realtime, p.image))


def process(path):
    data = pathlib.Path(path).read_bytes()
    result, offset = None, 0
    while offset + 32 <= len(data):
        magic, kind, own_offset, size = struct.unpack_from("<IIQQ", data, offset)
        if magic != EXTENT_MAGIC or own_offset != offset or size == 0:
            offset += 4096
            continue
        if kind == PROCESS:
            result = header(data, offset)
            result.stem = path.name.removesuffix(".shared")
        elif kind == META and result:
            used, = struct.unpack_from("<Q", data, offset + 32)
            result.records += records(data[offset + 48:offset + 48 + used])
        offset += size
    if result:
        sort_out(result)
    return result


def header(data, at):
    version, flags = struct.unpack_from("<II", data, at + 32)
    pid, parent = struct.unpack_from("<II", data, at + 64)
    image, uid, clock, end, status, depth = struct.unpack_from("<IIIIiI", data, at + 88)
    realtime, = struct.unpack_from("<Q", data, at + 144)
    return SimpleNamespace(version=version, flags=flags, pid=pid, parent=parent, image=image, end=end, status=status,
                           realtime=realtime, records=[])


def records(data):
    offset = 0
    while offset + 16 <= len(data):
        size, kind, padding, tick = struct.unpack_from("<IHHQ", data, offset)
        assert size >= 16 and offset + size <= len(data), f"a record of {size} bytes at {offset} of {len(data)}"
        yield SimpleNamespace(type=kind, tick=tick, payload=data[offset + 16:offset + size - padding])
        offset += size


def sort_out(result):
    result.exe, result.argv, result.warnings = "", [], []
    result.modules, result.unloads, result.loads = [], [], []
    result.children, result.waited, result.execs = [], [], []
    for record in result.records:
        payload = record.payload
        if record.type == EXE:
            result.exe = payload.decode()
        elif record.type == ARGV:
            result.argv = payload.decode().split("\0")[:-1]
        elif record.type == WARNING:
            result.warnings.append(payload.decode())
        elif record.type in (MODULE, UNLOAD):
            bias, start, end, generation, size = struct.unpack_from("<QQQII", payload)
            module = SimpleNamespace(bias=bias, start=start, end=end, generation=generation, tick=record.tick,
                                     build_id=payload[32:32 + size].hex(), path=payload[32 + size:].decode(),
                                     unload=record.type == UNLOAD)
            result.loads.append(module)
            (result.unloads if module.unload else result.modules).append(module)
        elif record.type in (CHILD, WAITED, EXEC):
            pid, how, status, _ = struct.unpack_from("<IIiI", payload)
            note = SimpleNamespace(pid=pid, how=how, status=status, path=payload[16:].decode())
            {CHILD: result.children, WAITED: result.waited, EXEC: result.execs}[record.type].append(note)


def show(found):
    """A recording in a few lines, for the message of a test that fails."""
    lines = []
    for p in found:
        lines.append(f"{p.stem} parent {p.parent} end {p.end} status {p.status} flags {p.flags} {p.argv}")
        lines += [f"    exec {e.pid} how {e.how} errno {e.status} {e.path}" for e in p.execs]
        lines += [f"    child {c.pid} how {c.how}" for c in p.children]
        lines += [f"    waited {w.pid} status {w.status:#x}" for w in p.waited]
        lines += [f"    warning: {w}" for w in p.warnings]
    return "\n".join(lines)
