/*
 * commands.h: the subcommands of probe, and how their options are read: from one table each, which the help is
 * printed from as well.
 */
#ifndef PROBE_COMMANDS_H
#define PROBE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

/* STATUS_PIPE: what a shell would say of a program that SIGPIPE killed. */
enum { STATUS_DONE = 0, STATUS_LIMIT = 1, STATUS_USAGE = 2, STATUS_INPUT = 3, STATUS_PIPE = 141 };

struct option {
	const char *name;         /* long, without dashes; NULL ends the table */
	char     letter;          /* short, 0 none */
	const char *value;        /* what its value is called in the help; NULL: it takes none */
	const char *help;         /* a line */
};

struct command {
	const char *name;         /* NULL ends the table */
	const char *operands;     /* as in the help: "DIR…" */
	const char *summary;      /* a line */
	const struct option *options;
	bool     stops;           /* options end at the first operand: the rest is another program's */
	int    (*run)(const struct command *command, int argc, char **argv); /* argv[0] is its name; an exit status */
};

extern const struct command commands[];

int run_command(const struct command *command, int argc, char **argv);
int report_command(const struct command *command, int argc, char **argv);
int leaks_command(const struct command *command, int argc, char **argv);
int export_command(const struct command *command, int argc, char **argv);
int import_command(const struct command *command, int argc, char **argv);
int hot_command(const struct command *command, int argc, char **argv);
int mark_command(const struct command *command, int argc, char **argv);

/* ---- options.c ----------------------------------------------------------------------------------------------- */

struct arguments {
	const struct command *command;
	char   **argv;            /* the caller's */
	int      argc, at;        /* `at`: the next to look at */
	const char *value;        /* of the option or operand that was last returned */
	const char *letters;      /* the rest of a cluster of short options, NULL none */
	bool     operands_only;   /* "--" was seen */
};

enum { ARGUMENT_END = -1, ARGUMENT_OPERAND = -2 };

/*
 * The next argument: an index into command->options, ARGUMENT_OPERAND or ARGUMENT_END. Exits for --help, and with
 * STATUS_USAGE and a message at an unknown option, a missing or an unwanted value.
 */
int argument_next(struct arguments *arguments);

/* A number of 1 or more, or exit with STATUS_USAGE. `option` is named in the message. */
unsigned long argument_number(const struct command *command, const char *option, const char *value,
                              unsigned long most);

/* An enum domain, or exit likewise. */
int argument_domain(const struct command *command, const char *value);

/* Wrong usage: a message, where help is to be found, and exit. */
_Noreturn void usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- help.c -------------------------------------------------------------------------------------------------- */

void help_all(void);
void help_command(const struct command *command);
const struct command *command_find(const char *name);

/* ---- inputs.c ------------------------------------------------------------------------------------------------ */

struct view_input;

/*
 * Opens recordings, and folders of them. NULL if one cannot be read or there is none: a message has been printed. `since`:
 * NULL, or a mark (recording_open_since).
 */
struct view_input *inputs_open(const char *const *dirs, size_t dir_count, const char *since, size_t *count);
struct recording_churn;
/* The same, counted block by block. */
struct view_input *inputs_open_churn(const char *const *dirs, size_t dir_count, const struct recording_churn *churn,
                                     size_t *count);
struct recording_cpu;
/* The same, for CPU samples. */
struct view_input *inputs_open_cpu(const char *const *dirs, size_t dir_count, const struct recording_cpu *cpu, size_t *count);
/* Has each of them the instants that were asked for? Likewise. */
bool inputs_have_instants(const struct view_input *inputs, size_t count);
/* Has each of them the mark `since`? If not, a message says which marks there are. */
bool inputs_have_mark(const struct view_input *inputs, size_t count, const char *since);
void inputs_close(struct view_input *inputs, size_t count);

/* Does this directory look like a recording? */
bool is_recording(const char *dir);

/* ---- moment.c ------------------------------------------------------------------------------------------------ */

struct view;
struct hot_moment;
/*
 * Of several processes of one recording, which was opened with `counted`: what is counted as alive at the peak becomes what
 * was alive when all had most together. None (report/hot.h) if that cannot be told: it stays what each had at its own peak.
 */
struct hot_moment moment_take(const struct view *view, const struct recording_churn *counted);

/* ---- output.c ------------------------------------------------------------------------------------------------ */

/* Before the first byte: a reader that goes away must not be a death, for `probe run` has a status to hand on. */
void output_begin(void);
/*
 * After the last: STATUS_DONE, STATUS_PIPE if the reader went away, or STATUS_INPUT with a message if not all of it
 * could be written.
 */
int output_end(void);

#endif
