"""What processes took of the machine, in reports: of an image before exec and of the one after it, each its own; and of children
that record nothing themselves, as wait told their parent."""
import re

from harness import TMP, need, probe, record, report, run

need("gcc")
SOURCE = """
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* takes PROGRAM…: takes the milliseconds of CPU time that its name's argument says, and becomes or runs the next. */
int main(int argc, char **argv)
{
	struct rusage usage;
	volatile unsigned long sum = 0;
	long ms = atol(argv[1]);
	free(malloc(10));
	do {
		for (int i = 0; i < 100000; i++)
			sum += i;
		getrusage(RUSAGE_SELF, &usage);
	} while ((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000 < ms);
	if (argc > 3 && !strcmp(argv[2], "run")) {
		int status;
		pid_t child = fork();
		if (!child) {
			execv(argv[3], argv + 3);
			_exit(1);
		}
		return waitpid(child, &status, 0) != child || status;
	}
	if (argc > 3)
		return execv(argv[3], argv + 3);
	return 0;
}
"""
(TMP / "takes.c").write_text(SOURCE)
TAKES, STATIC = TMP / "takes", TMP / "static"
for program, flags in ((TAKES, []), (STATIC, ["-static"])):
    done = run(["gcc", "-O1", *flags, "-o", program, TMP / "takes.c"])
    assert done.status == 0, done


def cpu(usage):
    return (usage["user_ns"] + usage["system_ns"]) / 1e6


# The clock of a process goes on at exec: the second image goes on from 150 to 250 ms.
assert record([TAKES, 150, "exec", TAKES, 250], TMP / "images").status == 0
first, second = report(TMP / "images")["processes"]
assert 145 < cpu(first["usage"]) < 230 and 60 < cpu(second["usage"]) < 160, (first["usage"], second["usage"])
assert cpu(first["usage"]) + cpu(second["usage"]) < 300

# A child that cannot be recorded: only its parent can tell. It was alive for long, and had memory.
assert record([TAKES, 50, "run", STATIC, 200], TMP / "child").status == 0
process = next(each for each in report(TMP / "child")["processes"] if each["children_usage"])
child, = process["children_usage"]
assert 195 < cpu(child) < 300 and child["peak_rss_bytes"] > 1 << 18 and child["minor_faults"] > 0, child
assert 45 < cpu(process["usage"]) < 120, process["usage"]
assert not child["recorded"], child
text = " ".join(probe("report", TMP / "child").out.decode().split())
told = re.search(r"1 child that was not recorded took (\d+) ms user and", text)
assert told and 145 < int(told[1]) < 300, text

# One that is not to be recorded; and one that is.
for name, follow, recorded in (("alone", "0", False), ("both", None, True)):
    assert record([TAKES, 50, "run", TAKES, 200], TMP / name, {"PROBE_FOLLOW": follow}).status == 0
    processes = report(TMP / name)["processes"]
    child, = [row for each in processes for row in each["children_usage"]]
    assert child["recorded"] == recorded and 195 < cpu(child) < 300, child
    whole = sum(cpu(each["usage"]) for each in processes)
    assert (240 < whole < 400) == recorded and (45 < whole < 120) != recorded, processes
    assert ("not recorded" in probe("report", TMP / name).out.decode()) != recorded
