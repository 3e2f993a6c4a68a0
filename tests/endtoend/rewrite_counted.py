"""Wasm modules that count their own heap, in C and in Rust with either mangling, named and stripped, and in AssemblyScript
with names: what the wrappers of their rewritten forms report is what they counted, block by block and byte by byte."""
import os
import pathlib

from harness import TMP, need, npm_modules, run
from rewritten import MAJORS, SCRIPTS, node

need("clang", "wasm-ld", "rustc")


def make(*command, env=None):
    done = run(command, env)
    assert done.status == 0, done


def c_modules():
    builtins = next(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a"))
    for opt in ("0", "2", "s"):
        unit = TMP / f"c{opt}.o"
        make("clang", "--target=wasm32-wasi", f"-O{opt}", "-c", SCRIPTS / "counted.c", "-o", unit)
        for strip in ([], ["--strip-all"]):
            module = TMP / f"c{opt}{len(strip)}.wasm"
            make("wasm-ld", *strip, "--no-entry", unit, "-L/usr/lib/wasm32-wasi", "-lc", builtins, "-o", module)
            yield module


def rust_modules():
    # Debian's, which has the target.
    rustc = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"
    for mangling in ("legacy", "v0"):
        for config in ([], ["--cfg", "plain"]):
            for strip in ("none", "symbols"):
                module = TMP / f"rust-{mangling}-{len(config)}-{strip}.wasm"
                make(rustc, "--target", "wasm32-unknown-unknown", "-O", "-C", f"strip={strip}", "-C", "linker=wasm-ld",
                     "-Z", "unstable-options", "-C", f"symbol-mangling-version={mangling}", "--crate-type", "cdylib",
                     *config, SCRIPTS / "counted.rs", "-o", module, env={"RUSTC_BOOTSTRAP": "1"})
                yield module


def assemblyscript_modules():
    compiler = npm_modules(name="npm_wasm") / "assemblyscript" / "bin" / "asc.js"
    for runtime in ("minimal", "incremental"):
        module = TMP / f"assembly-{runtime}.wasm"
        node(22, compiler, SCRIPTS / "counted.ts", "-o", module, "--debug", "--runtime", runtime)
        yield module


modules = [*c_modules(), *rust_modules(), *assemblyscript_modules()]
for major in MAJORS:
    for module in modules if major == 22 else modules[::3]:
        print(major, module.name, node(major, SCRIPTS / "counted.js", module).strip())
