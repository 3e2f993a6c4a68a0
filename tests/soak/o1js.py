"""o1js from npm, for the tests wasm_o1js….py: installed once into build/o1js, where it makes its caches, too."""
from harness import SOURCE, run

FOLDER = SOURCE / "build" / "o1js"
VERSION = "2.15.0"


def install():
    if not (FOLDER / "node_modules" / "o1js" / "package.json").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text('{"private": true}\n')
        done = run(["npm", "install", "--no-audit", "--no-fund", "--save-exact", f"o1js@{VERSION}"], cwd=FOLDER,
                   timeout=1800)
        assert done.status == 0, done
