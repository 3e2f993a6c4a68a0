"""What is said of a block that is larger than what it is put into a pointer to: an array is one where the program asked for
some number of them; where it asks for a number of bytes the block may be a header, and what of the class there is has no
number; where a class of its size begins with that one, it is not known what it is. And what begins
with an object of a class is not of that class."""
from harness import SOURCE, TMP, need, record, report, run

need("gcc", "g++", "clang", "clang++")

WANTED = {
    "array_fixed": {"pair"}, "array_multiplied": {"pair[5]"}, "array_calloc": {"pair[5]"}, "numbers": {"int64_t[5]"},
    "header_fixed": {"pair"}, "header_varies": {"pair"}, "header_text": {"pair"}, "header_slots": {"table"},
    "header_page": {"page"}, "whole_opaque": {"pair"},
    "address_fixed": {None}, "address_length": {None}, "derived_only": {None}, "derived_either": {None},
    "new_array": {"Plain[5]"}, "new_header": {"Plain"}, "new_derived": {None}, "new_silent": {None},
    "new_owned": {"Owned[7]"}, "new_slot": {"Slot"}, "new_slots": {"Slot[3]"}, "new_deeper": {"Deeper"}, "new_heir": {"Heir"},
}
COMPILERS = [("gcc", "c", []), ("clang", "c", []), ("g++", "c++", ["-std=c++20", "-fcoroutines"]), ("clang++", "c++", [])]

for compiler, language, flags in COMPILERS:
    for level in ("-O0", "-O2"):
        name = f"counted-{compiler}{level}"
        done = run([compiler, "-x", language, "-g", level, *flags, SOURCE / "tests/fixtures/types/counted.c", "-o", TMP / name])
        assert done.status == 0, done
        done = record([TMP / name], TMP / f"{name}.probe")
        assert done.status == 0, done
        told = {}
        for site in report(TMP / f"{name}.probe")["leaks"]["by_site"]:
            functions = [(frame["function"] or "").split("(")[0] for frame in site["stack"]]
            # Else it is the library's own, or what an object owns.
            if "main" in functions and not (site["type"] or "").startswith("char"):
                told.setdefault(functions[functions.index("main") - 1], set()).add(site["type"])
        frame = told.pop("coroutine_frame", {None})
        assert all(type_ is None or "rame" in type_ for type_ in frame), (name, frame)
        assert set(told) == {key for key in WANTED if language == "c++" or not key.startswith("new_")}, (name, told)
        wrong = {key: types for key, types in told.items() if len(types) != 1 or not types <= WANTED[key]}
        assert not wrong, (name, wrong)
