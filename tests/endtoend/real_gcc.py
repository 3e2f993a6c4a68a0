"""cmake, ninja, gcc and all that they start, at the work of compiling this project: the same programs come out."""
import hashlib
import shutil

import harness
from harness import SOURCE, TMP
from realprogram import compare

harness.need("cmake", "ninja", "gcc")

# Names that these programs make up anew each time.
TEMPORARY = [(r"/tmp/cc[A-Za-z0-9]{6}", "/tmp/cc"), (r"TryCompile-[A-Za-z0-9]{6}", "TryCompile"),
             (r"cmTC_[0-9a-f]{5}", "cmTC")]


def built(folder):
    names = ["bin/probe", "lib/libprobe.so"]
    return [hashlib.sha256((folder / "build" / name).read_bytes()).hexdigest() for name in names]


# A copy, so that both runs compile the same while somebody edits.
for part in ("CMakeLists.txt", "include", "preload", "analyzer"):
    (shutil.copytree if (SOURCE / part).is_dir() else shutil.copy)(SOURCE / part, TMP / part)

script = f"cmake -S '{TMP}' -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DBUILD_TESTING=OFF && " \
         "cmake --build build -j1 --target preload probe"
compare("build", ["sh", "-c", script], normalize=TEMPORARY, result=built, timeout=850)
compare("error", ["gcc", "-c", "-x", "c", "-"], stdin=b"int main(void) { return nothing; }\n", normalize=TEMPORARY,
        status=1)
