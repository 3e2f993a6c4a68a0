"""Modules with an allocator that are rewritten when a program is recorded: what the tests hook_….py share."""
import re

from harness import SOURCE, TMP, need, run
from tracefile import processes

FOLDER = SOURCE / "tests" / "fixtures" / "rewrite"
WASM_HEAP = 21
OWN = '(memory (export "memory") 1 10)'
VARIANTS = {  # what stands for (MEMORY), (START) and the module that is imported from
    "plain": (OWN, "", "env"),
    "sharing": ('(import "env" "memory" (memory 1 20 shared))', "", "env"),
    "hidden": ("(memory 1 10)", "", "env"),
    "traps": (OWN, "unreachable", "env"),
    "reactor": (OWN + ' (func (export "_initialize"))', "", "env"),
    "esm": (OWN, "", "./env.mjs"),
}

# Sections "name" as V8 takes them too: in more bytes than they need, not in order, twice the same function, cut off.
ODD_NAMES = (b"\x07\x02\xff\xff\x01\x99\x80\x00\x84\x80\x00\x82\x80\x00\x84\x00free\x01\x06malloc\x01\x01m\x00\x00"
             b"\x02\x03\x01\x00\x00\x09\x00")
CUT_NAMES = b"\x01\x7f\x02\x01\x06malloc"


def custom(name, content):
    content = bytes([len(name)]) + name + content
    assert len(content) < 128
    return b"\0" + bytes([len(content)]) + content


def make_modules():
    """All of them, in the test's folder, and a script that imports one."""
    need("wat2wasm")
    text = (FOLDER / "invisible.wat").read_text().split("\n", 1)[1]
    for name, (memory, start, module) in VARIANTS.items():
        source = text.replace("(MEMORY)", memory).replace("(START)", start).replace('"env"', f'"{module}"')
        (TMP / f"{name}.wat").write_text(source)
        done = run(["wat2wasm", "--enable-threads", "--enable-exceptions", "--debug-names", TMP / f"{name}.wat",
                    "-o", TMP / f"{name}.wasm"])
        assert done.status == 0, done
    plain = (TMP / "plain.wasm").read_bytes()
    stripped = plain[:plain.rindex(b"\x04name") - 2 - (plain[plain.rindex(b"\x04name") - 2] > 127)]
    (TMP / "named.wasm").write_bytes(plain + custom(b"name", CUT_NAMES) + custom(b"name", ODD_NAMES))
    (TMP / "misnamed.wasm").write_bytes(stripped + custom(b"name", ODD_NAMES) + custom(b"other", b"") + custom(b"name", b""))
    (TMP / "unnamed.wasm").write_bytes(stripped + custom(b"name", CUT_NAMES) + custom(b"name", ODD_NAMES))
    (TMP / "env.mjs").write_text("export function note(n) { console.log('noted', n); }\n")
    (TMP / "importing.mjs").write_text(
        "import * as all from './esm.wasm';\n"
        "export default [Object.keys(all), all.malloc?.(3), all.work?.(3), all.count?.value ?? all.count];\n")


def watched(out):
    """How many instances of these modules were watched; node's own fetch has a module too. What is watched in a module is
    told with its first instance alone."""
    count = 0
    for process in processes(out):
        told = [(record.payload[40:44], record.payload) for record in process.records if record.type == WASM_HEAP]
        modules = {module for module, payload in told if re.search(rb"malloc\t[12]\tmalloc\t", payload)}
        count += sum(module in modules for module, _ in told)
    return count
