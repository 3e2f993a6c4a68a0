"""PROBE_MARK_EVERY: marks by the clock, in children too, without a change in what the program does; and a value that makes
no sense is told."""

from harness import TMP, lost_nothing, record, report, run, same

SCRIPT = ["sh", "-c", "sleep 0.7; echo done"]

out = TMP / "every"
same(run(SCRIPT), record(SCRIPT, out, {"PROBE_MARK_EVERY": "100ms"}))
data = report(out)
lost_nothing(data)
assert len(data["processes"]) == 2, data["processes"]
for process in data["processes"]:
    labels = [mark["label"] for mark in data["marks"] if mark["process"] == process["id"]]
    numbers = [int(label.removesuffix("ms")) for label in labels]
    # A machine that has much to do may miss some, never make one twice or early.
    assert numbers == sorted(set(numbers)) and all(number % 100 == 0 for number in numbers), labels
    assert 3 <= len(numbers) <= 30, labels
    assert process["growth"]["at"] == "times", process["growth"]
    assert process["warnings"] == [], process["warnings"]

out = TMP / "seconds"
record(["sleep", "1.2"], out, {"PROBE_MARK_EVERY": "1s"})
assert [mark["label"] for mark in report(out)["marks"]][0] == "1s", report(out)["marks"]

for value in ("0", "2", "s", "2x", "0ms", "-1s", "1.5s", "86401s", "99999999999999999999ms", " 1s", "1s "):
    out = TMP / f"odd{value}"
    same(run(["true"]), record(["true"], out, {"PROBE_MARK_EVERY": value}))
    data = report(out)
    assert data["marks"] == [], data["marks"]
    assert data["processes"][0]["warnings"] == [
        f"PROBE_MARK_EVERY is '{value}', but must be a time from 1ms to 86400s, such as 500ms or 2s: the default is "
        "used"], data["processes"][0]["warnings"]
