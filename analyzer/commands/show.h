/*
 * show.h: what report, leaks and run do in the same way: collect the options of a report, build the view, print.
 */
#ifndef PROBE_SHOW_H
#define PROBE_SHOW_H

#include "report/text.h"
#include "report/view.h"

struct show {
	const char **dirs;        size_t dir_count; /* operands; array owned */
	const char **processes;   size_t process_count; /* --process; array owned */
	const char **suppressions; size_t suppression_count; /* --suppressions; array owned */
	bool     no_shipped;      /* --no-default-suppressions */
	bool     print_suppressions, print_unused; /* --print-suppressions, --unused-suppressions */
	bool     generate;        /* --gen-suppressions */
	const char *since;        /* --since, NULL none */
	bool     json;            /* --json */
	size_t   top;             /* --top, 0 not given */
	int      domain;          /* --domain, -1 not given */
	bool     leaks;           /* the leaks command, else the report */
	enum leaks_by by;         /* --by */
	bool     waited;          /* see view_options */
	uint32_t waited_pid;
	int      wait_status;
};

void show_add_dir(struct show *show, const char *dir);
void show_add_process(struct show *show, const char *process);
void show_add_suppressions(struct show *show, const char *file);

/* Opens, prints on standard output, and closes; an exit status. Frees the arrays. */
int show_run(struct show *show);

#endif
