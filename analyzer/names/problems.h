/*
 * problems.h: why some functions have no names, or not the best lines, in sentences.
 */
#ifndef PROBE_NAMES_PROBLEMS_H
#define PROBE_NAMES_PROBLEMS_H

#include "names/binary.h"

#define PROBLEM_KINDS (BINARY_UNPROVEN + 1)

struct problems {             /* all zero: none */
	struct binary **noted[PROBLEM_KINDS]; /* by state; arrays owned, binaries not */
	size_t    noted_count[PROBLEM_KINDS];
	char    **sentences;      /* made by problems_write and problems_add; owned */
	size_t    count;          /* sentences */
};

/* A sentence about something else than a binary, after those about binaries. Taken over. */
void problems_note(struct problems *problems, struct binary *binary);
void problems_write(struct problems *problems);
/* One more sentence, which is taken over; NULL: none. */
void problems_add(struct problems *problems, char *text);
void problems_free(struct problems *problems);

#endif
