/* help.c: the table of commands, and the help that is printed from it; see commands.h. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"

static const struct option run_options[] = {
	{"output", 'o', "DIR", "record into DIR; default probe-TIME-PID here"},
	{"stack-depth", 0, "N", "keep at most the N innermost frames of a stack, 0 to 1024; default 128"},
	{"no-follow", 0, NULL, "do not record child processes"},
	{"suppressions", 0, "FILE", "leave out what matches its lines leak:PATTERN (function, file or module)"},
	{"no-default-suppressions", 0, NULL, "show what node, OpenSSL, ICU and glibc keep of their start, too"},
	{"print-suppressions", 0, NULL, "list what each suppression hid"},
	{"top", 0, "N", "sites, modules and so on that are listed; default 10"},
	{"json", 0, NULL, "print the report as JSON"},
	{NULL, 0, NULL, NULL},
};

static const struct option report_options[] = {
	{"suppressions", 0, "FILE", "leave out what matches its lines leak:PATTERN (function, file or module)"},
	{"no-default-suppressions", 0, NULL, "show what node, OpenSSL, ICU and glibc keep of their start, too"},
	{"print-suppressions", 0, NULL, "list what each suppression hid"},
	{"json", 0, NULL, "for programs, and complete"},
	{"top", 0, "N", "sites, modules and so on that are listed; default 10, in JSON all"},
	{"process", 0, "ID|PID|NAME", "only this process; may be given more than once"},
	{NULL, 0, NULL, NULL},
};

static const struct option leaks_options[] = {
	{"by", 0, "site|type|module|process", "what to add up by; default site"},
	{"domain", 0, "D", "heap, map, wasm-memory, wasm-heap, pool or log; default heap, in JSON all"},
	{"since", 0, "MARK", "only what was allocated after this mark: its label, or #N for the Nth"},
	{"suppressions", 0, "FILE", "leave out what matches its lines leak:PATTERN (function, file or module)"},
	{"no-default-suppressions", 0, NULL, "show what node, OpenSSL, ICU and glibc keep of their start, too"},
	{"print-suppressions", 0, NULL, "list what each suppression hid"},
	{"unused-suppressions", 0, NULL, "the same, with those that hid nothing"},
	{"gen-suppressions", 0, NULL, "print lines for such a FILE instead, which would hide all that is shown"},
	{"top", 0, "N", "rows that are listed; default 10, in JSON all"},
	{"json", 0, NULL, "for programs"},
	{"process", 0, "ID|PID|NAME", "only this process; may be given more than once"},
	{NULL, 0, NULL, NULL},
};

static const struct option hot_options[] = {
	{"by", 0, "WHAT", "allocs, bytes, temporary, peak, lifetime, cpu, instructions, cycles, cache-misses or page-faults; default allocs"},
	{"from", 0, "T|MARK", "only what was allocated or sampled after this: 1.5s from the start, or a mark's label"},
	{"to", 0, "T|MARK", "only what was allocated or sampled up to this"},
	{"match", 0, "TEXT", "only stacks with TEXT in a function, file, module or type; more than once: all of them"},
	{"thread", 0, "TID|NAME", "only what this thread allocated, or its samples; may be given more than once"},
	{"domain", 0, "D", "heap, map, wasm-memory, wasm-heap, pool or log; default heap"},
	{"fold", 0, "SHARE", "fold branches with less than so many percent; default 2, in JSON 0.05"},
	{"all-frames", 0, NULL, "show the frames of allocators, node and the C library, too"},
	{"top", 0, "N", "functions that are listed; default 10, in JSON all sites"},
	{"json", 0, NULL, "for programs, and complete"},
	{"process", 0, "ID|PID|NAME", "only this process; may be given more than once"},
	{NULL, 0, NULL, NULL},
};

static const struct option mark_options[] = {
	{NULL, 0, NULL, NULL},
};

static const struct option export_options[] = {
	{"format", 0, "F", "folded, svg, pprof, speedscope, firefox, heapprofile, cpuprofile, massif, dhat, sqlite, csv, allocation-log; see probe(1)"},
	{"output", 'o', "FILE", "write to FILE, of csv a folder; default, and -, standard output"},
	{"domain", 0, "D", "heap, wasm-heap, pool or log; default heap, of an imported log log"},
	{"by", 0, "WHAT", "allocs, bytes, temporary, peak, live-blocks, live-bytes, cpu, samples, or what else was counted with CPU samples; default live-bytes, or else bytes"},
	{"thread", 0, "TID|NAME", "only CPU samples of this thread; may be given more than once"},
	{"diff", 0, "DIR", "of svg: compare with this earlier recording"},
	{"process", 0, "ID|PID|NAME", "only this process; may be given more than once"},
	{NULL, 0, NULL, NULL},
};

static const struct option import_options[] = {
	{"output", 'o', "DIR", "the recording; an existing one is joined"},
	{"format", 0, "F", "of FILE: allocation-log"},
	{"observed-growth", 0, "BYTES", "by how many bytes memory grew, -N: shrank, to compare with what was not dropped"},
	{NULL, 0, NULL, NULL},
};

const struct command commands[] = {
	{"run", "[options] -- COMMAND…", "run COMMAND under libprobe.so, then print the report", run_options, true,
	 run_command},
	{"report", "DIR… [options]", "overview of a recording: verdict, processes, leaks", report_options, false,
	 report_command},
	{"leaks", "DIR… [options]", "what was still alive at the end, with whole stacks", leaks_options, false,
	 leaks_command},
	{"hot", "DIR… [options]", "where most is allocated, or freed at once, or alive at the peak, or CPU time goes", hot_options, false,
	 hot_command},
	{"export", "DIR… --format F [-o FILE]", "write what was recorded in a format that others read", export_options, false,
	 export_command},
	{"import", "FILE… -o DIR --format F", "make a recording of a log that a program wrote of its own blocks",
	 import_options, false, import_command},
	{"mark", "PID LABEL", "put a mark into a running process", mark_options, false, mark_command},
	{NULL, NULL, NULL, NULL, false, NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

void help_all(void)
{
	puts("probe: memory leaks and hot paths of unmodified programs\n\nUsage:");
	for (const struct command *command = commands; command->name; command++)
		printf("  probe %s %s\n", command->name, command->operands);
	puts("  probe help [COMMAND]\n  probe --version\n\nCommands:");
	for (const struct command *command = commands; command->name; command++)
		printf("  %-8s %s\n", command->name, command->summary);
	puts("\nA program is recorded without probe too: LD_PRELOAD=/path/to/libprobe.so COMMAND\n"
	     "DIR is a recording or a folder of recordings; several are taken together.\n"
	     "Exit status: 0 done, 1 a limit that was asked for is exceeded, 2 wrong usage, 3 input cannot be read;\n"
	     "'probe run' exits with COMMAND's.");
}

void help_command(const struct command *command)
{
	printf("probe %s: %s\n\nUsage: probe %s %s\n\nOptions:\n", command->name, command->summary, command->name,
	       command->operands);
	for (const struct option *option = command->options; option->name; option++) {
		char names[80];

		snprintf(names, sizeof(names), "%s%c%s--%s%s%s", option->letter ? "-" : " ",
		         option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
		         option->value ? " " : "", option->value ? option->value : "");
		printf("  %-32s %s\n", names, option->help);
	}
	printf("  %-32s %s\n", "-h, --help", "this");
}
