/*
 * aside.h: the perf map and jitdump of one process: where they are, whether they are its own, and what they say. They
 * are in the recording; where the process was killed the originals may still be there.
 */
#ifndef PROBE_NAMES_ASIDE_H
#define PROBE_NAMES_ASIDE_H

#include "model.h"
#include "names/jitcode.h"

enum aside_kind { ASIDE_JITDUMP, ASIDE_PERF_MAP, ASIDE_KINDS }; /* the better first: a jitdump has lines and moves */

struct aside {                /* all zero: not looked for yet */
	bool      sought;         /* files are filled in */
	struct jitcodes files[ASIDE_KINDS]; /* empty where there is none; owned */
	uint64_t  twice[ASIDE_KINDS]; /* addresses asked for that have several names */
};

/*
 * What lay at `address` in the process. On JITCODE_ONE *place is filled in, *kind says who told it. A file that
 * names the address twice is not made up for by the other.
 */
enum jitcode_answer aside_find(struct aside *aside, const struct recording *recording,
                               const struct process_info *process, uint64_t address, struct jitcode_place *place,
                               enum aside_kind *kind);
void aside_free(struct aside *aside);

/* What a report shows as the module of a frame that a file of this kind names. */
const char *aside_module(enum aside_kind kind);

/* What is wrong with a file, or with what it says, as a new sentence; NULL if nothing is. */
char *aside_problem(const struct aside *aside, const struct process_info *process, enum aside_kind kind);

#endif
