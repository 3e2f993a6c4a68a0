/*
 * suppress.h: leaks that somebody has looked at and decided to live with. A text of suppressions is LeakSanitizer's: a
 * line is "leak:PATTERN", a comment "#…", or empty. A pattern matches a part of a function, file or module; "*" stands
 * for anything, "^" at its start and "$" at its end tie it down.
 *
 * They come from files, from the program itself (__lsan_default_suppressions), and from a list that comes with probe.
 */
#ifndef PROBE_SUPPRESS_H
#define PROBE_SUPPRESS_H

#include <stdio.h>

#include "report/page.h"
#include "report/view.h"

enum suppressed_from { FROM_FILE, FROM_TARGET, FROM_SHIPPED };

struct suppression {
	char    *pattern;         /* as written */
	char    *source;          /* "FILE:LINE", "target" or "shipped" */
	enum suppressed_from from;
	const struct process_info *owner; /* FROM_TARGET: the process that it holds for, and those that say the same */
	struct domain_sum hid[DOMAINS]; /* by the view that was built with it */
};

struct suppressions {
	struct suppression **rows; size_t count; /* in the order in which they are tried */
	size_t   shipped;         /* index of the first FROM_SHIPPED; == count: none */
};

struct suppressions *suppressions_new(void);
void suppressions_free(struct suppressions *suppressions);

/* False if the file cannot be read or has a line that is something else: a message has been printed. */
bool suppressions_add_file(struct suppressions *suppressions, const char *path);
/* What a process said; a line that is something else is left out, with a message. */
void suppressions_add_target(struct suppressions *suppressions, const struct process_info *process);
/* The list that comes with probe; the last to be added. */
void suppressions_add_shipped(struct suppressions *suppressions);

/* What the stack is suppressed by, or NULL. What grows is not hidden by the list that comes with probe. */
struct suppression *suppressions_match(const struct suppressions *suppressions, struct view_process *process,
                                       struct node_id stack, enum domain domain, enum trend trend);

/* Does the pattern match this text? */
bool suppressions_matches(const char *pattern, const char *text);

/* ---- suppress_target.c --------------------------------------------------------------------------------------- */

/* What the view's processes said, and which of it holds for which process. */
void suppressions_add_targets(struct suppressions *suppressions, struct view *view);

/* ---- suppress_shipped.c -------------------------------------------------------------------------------------- */

extern const size_t shipped_count;
const char *shipped_pattern(size_t rule);

/* The rule that the stack falls under, or shipped_count. */
size_t shipped_match(struct view_process *process, struct node_id stack);

/* ---- suppress_text.c ----------------------------------------------------------------------------------------- */

/* What each one hid, as LeakSanitizer tells it; with `unused`, those too that hid nothing. */
void suppressions_print(const struct page *page, const struct suppressions *suppressions, enum domain domain,
                        bool unused);

/* ---- suppress_generate.c ------------------------------------------------------------------------------------- */

/* Lines that would hide what the view shows; of one domain, or −1: of all. */
void suppressions_generate(FILE *file, const struct view *view, int domain);

#endif
