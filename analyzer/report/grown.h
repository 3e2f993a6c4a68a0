/*
 * grown.h: the growth of sites that are shown as one: those of one process are judged by the sum of what they had at each
 * instant, since code that is made anew, in another tier or place, takes growth over; processes, each with marks of its
 * own, are judged apart and added up.
 */
#ifndef PROBE_GROWN_H
#define PROBE_GROWN_H

#include "heap/history.h"

struct grown {
	struct growth growth;    /* of the processes that are complete */
	const struct process_info *process; /* the one that is being added up; NULL: none */
	const struct site *only; /* its first site */
	size_t   sites;          /* of it */
	struct history_sum sum;  /* of it, if they are several */
};

/* The next site; those of one process come one after the other. Begin with all zero. */
void grown_add(struct grown *grown, const struct process_info *process, const struct site *site);
/* All of them; begins anew. */
struct growth grown_end(struct grown *grown);

#endif
