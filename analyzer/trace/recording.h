/*
 * recording.h: opens a recording directory and reads all of it. Writes nothing there.
 */
#ifndef PROBE_RECORDING_H
#define PROBE_RECORDING_H

#include "model.h"

/*
 * Reads the recording in `dir`: processes, modules, trees, events, and what heap/ makes of them (sites, totals).
 * NULL if the directory cannot be read or holds no recording: then a message has been printed (warn). Damage inside
 * is no failure: all that can be read is there, the rest is in findings.
 */
struct recording *recording_open(const char *dir);

/*
 * The same, and counts what of the live blocks is younger than a mark (trace/marks.h). If there is no such mark,
 * recording.since_unknown is set.
 */
struct recording *recording_open_since(const char *dir, const char *since);
/* The same, and counts block by block what lies between two instants (heap/churn.h); either may be NULL. */
struct recording_churn {
	enum domain domain;
	const char *from, *to;   /* marks or times, as for marks_instant; one that is not there: recording.instant_unknown */
	const char *const *threads; size_t thread_count; /* by id or name: whose blocks alone count; none: all */
	uint64_t at_ns;          /* if not 0 it is this instant alone, of CLOCK_MONOTONIC: what is alive then is the peak */
};
struct recording *recording_open_churn(const char *dir, const struct recording_churn *churn);
/* The same, and of its CPU samples counts what lies between two instants (heap/cpu.h). */
struct recording_cpu {
	const char *from, *to;   /* likewise */
	const char *const *threads; size_t thread_count; /* by id or name: whose samples alone count; none: all */
	bool     keep;           /* each sample */
};
struct recording *recording_open_cpu(const char *dir, const struct recording_cpu *cpu);

/*
 * The same recording once more, for its single blocks: `watch` is told of each, process by process, in the order of time
 * of each. False: it cannot be opened any more.
 */
struct block_watch;
bool recording_replay(const char *dir, const struct block_watch *watch);
void recording_close(struct recording *recording);

#endif
