/* limits.h: the limit that a process which keeps more and more memory reaches first, by what was told of its limits. */
#ifndef PROBE_LIMITS_H
#define PROBE_LIMITS_H

#include "model.h"

enum limit_kind {
	LIMIT_NONE,              /* it has none */
	LIMIT_UNKNOWN,           /* it has none that is known, but what its control group has is not known */
	LIMIT_GROUP,             /* of its control group, as containers have it: of what is resident */
	LIMIT_ADDRESS_SPACE,     /* RLIMIT_AS */
};

struct limit {
	enum limit_kind kind;
	uint64_t bytes;          /* the limit */
	double   room;           /* what this process alone may still take: bytes */
};

/* `reserved`: what grows has its address space already, as linear memories have. */
struct limit limits_nearest(const struct process_info *process, bool reserved);

#endif
