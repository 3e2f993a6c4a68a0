/*
 * ring.h: the rings of a process: runs of events, each written by one lane and emptied by a drain.
 *
 * A ring goes round: free → open (a lane writes it) → sealed (full) → free. The hot path (event.h) writes events and
 * publishes `head`; everything else is here, behind a lock, once per ring.
 */
#ifndef PROBE_RING_H
#define PROBE_RING_H

#include "library.h"

/* Makes the process's table of rings. */
bool ring_start(void) HIDDEN;

/*
 * Gives the lane room for an event: a ring if it has none, the ring's second half (starting the drain), or another
 * ring for a full one. False: there is no room; the event is lost. The lane is busy.
 */
bool ring_make_room(struct thread *thread, struct lane *lane) HIDDEN;

/* The lane's thread is gone: what is in its ring goes to the drain. The lane can be given to another thread. */
void ring_retire(struct lane *lane) HIDDEN;

/* For drains: the longest-sealed ring, now theirs alone, or NULL; and back, empty. */
struct trace_ring *ring_take_sealed(void) HIDDEN;
void ring_give_back(struct trace_ring *ring) HIDDEN;
uint32_t ring_sealed_count(void) HIDDEN;

/* A free ring that will not be used again, or NULL: at the end, its room is given back to the disk. */
struct trace_ring *ring_take_free(void) HIDDEN;

static inline struct trace_event *ring_events(struct trace_ring *ring)
{
	return (struct trace_event *)(ring + 1);
}

#endif
