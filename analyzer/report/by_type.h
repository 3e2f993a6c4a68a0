/*
 * by_type.h: what the blocks of a view's sites are, and all of them added up by that.
 */
#ifndef PROBE_REPORT_BY_TYPE_H
#define PROBE_REPORT_BY_TYPE_H

#include "names/types.h"
#include "report/stack.h"
#include "report/view.h"

/* The type that is claimed, NULL: none. To be freed. */
char *claimed_type(struct view_process *process, const struct claims *claims);

/* Of blocks of a process's stack of which this is claimed; none where the domain has no types. Valid as long as the view. */
struct block_type type_of_blocks(struct view_process *process, enum domain domain, const struct claims *claims,
                                 const struct stack *stack, struct block_sizes sizes, struct size_range range);

/* The same, but never T[n]: what is alive may be n of it, and others not. */
struct block_type type_of_each(struct view_process *process, enum domain domain, const struct claims *claims,
                               const struct stack *stack, struct block_sizes sizes, struct size_range range);

enum dropping { DROPPING_PERFECT, DROPPING_PARTIAL, DROPPING_NEVER, DROPPING_UNKNOWN };

/* All blocks of one type. */
struct type_sum {
	const char *type;         /* NULL: all of which none is known */
	struct types *types;      /* that own it */
	uint64_t size;            /* bytes of one; 0 unknown */
	uint64_t before;          /* bytes before the first one */
	struct size_range range;  /* of what is alive */
	uint64_t sites, allocs, frees;
	uint64_t alive;           /* blocks, whenever they were born */
	bool     alive_only;      /* how many of it died is not known */
	uint64_t live_blocks, live_bytes; /* after the mark, if one was asked for */
	uint64_t owned_bytes;     /* of other types, in objects of this one; alive */
};

/* Of all sites of a domain, with live blocks or not, but for suppressed ones; most bytes alive first. To be freed. */
struct type_sum *view_by_type(const struct view *view, enum domain domain, size_t *count);

enum dropping type_dropping(const struct type_sum *sum);

#endif
