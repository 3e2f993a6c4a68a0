/*
 * suppress.h: leaks that somebody has looked at and decided to live with. The file is LeakSanitizer's: a line is
 * "leak:PATTERN", a comment "#…", or empty. A pattern matches a part of a function, file or module; "*" stands for
 * anything, "^" at its start and "$" at its end tie it down.
 */
#ifndef PROBE_SUPPRESS_H
#define PROBE_SUPPRESS_H

#include "report/view.h"

struct suppressions;

/* Reads `path`; NULL if it cannot be read or has a line that is something else: a message has been printed. */
struct suppressions *suppressions_read(const char *path);
void suppressions_free(struct suppressions *suppressions);

/* The first pattern that matches a frame of the stack, or NULL. Owned by `suppressions`. */
const char *suppressions_match(const struct suppressions *suppressions, struct view_process *process,
                               struct node_id stack);

/* Does the pattern match this text? */
bool suppressions_matches(const char *pattern, const char *text);

#endif
