/*
 * ledger.h: where the resident memory of a process was at each of its samples: the replay of its events is stopped at the
 * sample's instant, and what is known of every address then is put together.
 */
#ifndef PROBE_LEDGER_H
#define PROBE_LEDGER_H

#include "heap/maps.h"
#include "heap/sites.h"
#include "heap/table.h"
#include "trace/sample.h"
#include "model.h"

/*
 * glibc: threads beyond the first get arenas of their own, made of heaps that begin at multiples of HEAP_BYTES; a block of
 * less than SMALL_BYTES is never a mapping of its own.
 */
#define HEAP_SHIFT  26
#define SMALL_BYTES 32768u
#define HEAPS       (1u << (47 - HEAP_SHIFT))

struct ledgers {
	struct process_info *process; /* not owned */
	size_t   next, count;    /* of its samples: the next one, and those up to the leak instant */
	uint64_t visits;         /* of live blocks and the like so far: reading must not take for ever */
	uint64_t *heaps;         /* a bit for each HEAP_BYTES of address space: small blocks were born there; owned; NULL:
	                          * there are no samples */
};

void ledgers_open(struct ledgers *ledgers, struct process_info *process);
void ledgers_close(struct ledgers *ledgers);

/* The tick of the next sample, UINT64_MAX: none. */
static inline uint64_t ledgers_next(const struct ledgers *ledgers)
{
	return ledgers->next < ledgers->count ? ledgers->process->samples[ledgers->next].tick : UINT64_MAX;
}

/* The replay has come to an event at `tick`: makes ledgers of all samples before. */
void ledgers_instant(struct ledgers *ledgers, uint64_t tick, const struct table *live, const struct maps *maps,
                     const struct sites *sites);

/* A block was born. */
static inline void ledgers_birth(struct ledgers *ledgers, uint64_t address, uint64_t size)
{
	uint64_t heap = address >> HEAP_SHIFT;

	if (ledgers->heaps && size < SMALL_BYTES && heap < HEAPS)
		ledgers->heaps[heap / 64] |= 1ull << heap % 64;
}

/* Makes one part of those of a ledger that stand for the same, and sorts them. */
void ledger_join(struct ledger *ledger);

/* Frees process->ledgers. */
void ledgers_free(struct process_info *process);
void ledger_free(struct ledger *ledger);

#endif
