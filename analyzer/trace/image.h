/*
 * image.h: one process image while a recording is opened: its entry in the model, and what only reading needs. For
 * the files of trace/ that recording.c calls one after the other.
 */
#ifndef PROBE_IMAGE_H
#define PROBE_IMAGE_H

#include "heap/inherit.h"
#include "model.h"
#include "trace/damage.h"
#include "trace/file.h"

struct image {
	struct process_info *process; /* not owned: in recording.processes, or the caller's */
	struct damage damage;    /* found in its files */
	struct inherit inherit;  /* its part in the inheritance of blocks */
	uint32_t host;           /* of its STEM: boot and pid namespace */
	bool     known;          /* its header could be read */
	size_t   waits_for;      /* replay_all: fork children that are not replayed yet */
};

/* Splits STEM into pid, start_ticks, image of `header` and `host`. False: it is no STEM. */
bool image_parse_stem(const char *stem, struct trace_process *header, uint32_t *host);

/*
 * First pass: header and records from the bytes of a STEM.shared into process, whose stem is set. What the header
 * cannot tell is taken from the STEM.
 */
void image_read(struct image *image, struct bytes shared);

/* Second pass: call tree and events. In memory nothing writes on (fuzzers); in files a process may. */
void image_replay(struct image *image, struct bytes shared, struct bytes log);
void image_replay_files(struct image *image, int dir);

/* family.c: ends, parents and forks of `count` images, sorted as in recording.processes. */
void family_link(struct image *images, size_t count);

/* code.c: moves of code that a forked process has from its parent. After family_link. */
void code_link(struct image *images, size_t count);

/* clock.c: ns_per_tick of `count` images. False: of some it could not be known. */
bool clock_calibrate(struct image *images, size_t count);

/* replay.c: image_replay_files for all, in parallel, if that is wanted, where forks allow it. */
void replay_all(struct image *images, size_t count, int dir, bool parallel);

/* followed.c: children that were made and left no files. NULL if there are none; to be freed with its contents. */
struct finding *followed_check(const struct image *images, size_t count);

/* Frees what a process_info owns. */
void process_free(struct process_info *process);

#endif
