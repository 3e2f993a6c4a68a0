/*
 * inherit.h: blocks that a forked process got from its parent. The child knows only that it freed addresses it never
 * saw born; its parent's replay answers whether they were alive when it forked. So children are replayed before
 * their parents, and memory is bounded by the child's frees of unknown addresses. What a parent does not know either
 * it may itself have inherited: then the question goes on to its own parent.
 */
#ifndef PROBE_INHERIT_H
#define PROBE_INHERIT_H

#include "heap/table.h"
#include "model.h"

/* "Was there a block at this address when I was forked?" */
struct query {
	uint64_t address;        /* of the block */
	struct totals *asker;    /* whose free it was; not owned */
	bool     answered;       /* yes, it was */
	bool     gone;           /* what the parent inherited there it had freed before */
};

/* One process image, as a child that asks and as a parent that answers. */
struct inherit {
	struct totals *totals;   /* of this image; not owned */
	struct inherit *parent;  /* NULL: nothing was inherited, or nobody can answer; not owned */
	uint64_t before, after;  /* the fork that made it: an instant between these ticks */
	struct query *asks;      size_t ask_count; /* to its parent; owned */
	struct table freed;      /* addresses that it asks for itself */
	struct inherit **children; size_t child_count; /* forked from it, by `before`; the array is owned */
	size_t   next_child;     /* the next whose fork has not begun yet */
	struct inherit **open;   size_t open_count; /* children whose fork is going on; the array is owned */
};

void inherit_init(struct inherit *inherit, struct totals *totals);
void inherit_free(struct inherit *inherit);

/* Makes `child` a child of `parent`, forked between the ticks `before` and `after`. */
void inherit_link(struct inherit *child, struct inherit *parent, uint64_t before, uint64_t after);

/* A free of a block that was never seen: inherited, or unmatched. */
void inherit_ask(struct inherit *inherit, uint64_t address);

/* Before the parent's replay: its children are complete. */
void inherit_begin(struct inherit *inherit);

/* The tick after which inherit_instant must be called before an event is replayed. */
uint64_t inherit_next(const struct inherit *inherit);

/*
 * The replay has come to `tick`: begins and ends forks. `live` are the blocks now alive, `pending` those whose free
 * was seen and not settled yet.
 */
void inherit_instant(struct inherit *inherit, uint64_t tick, const struct table *live, const struct table *pending);

/* A birth in the parent while open_count > 0. */
void inherit_birth(struct inherit *inherit, uint64_t address);

#endif
