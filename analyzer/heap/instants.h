/*
 * instants.h: at which instants growth is measured. Marks of one label but for the numbers in it ("proof 1", "proof 2",
 * …) are a group: they stand at the same place of rounds that are alike. Taken is the largest group of the user's own
 * marks that has three or more (of equal ones that whose first comes first); else all of the user's marks, if they are
 * as many; else the marks at garbage collections ("gc()"); else those of PROBE_MARK_EVERY ("500ms", "2s"); else 64 slices
 * of the time. Marks after the leak instant are none. Of more than 128 every second, third, … is measured at.
 */
#ifndef PROBE_INSTANTS_H
#define PROBE_INSTANTS_H

#include "model.h"

#define SLICES 64

/* Fills process->instants. Its events lie between these ticks; first > last: there is none. Its marks are sorted. */
void instants_choose(struct process_info *process, uint64_t first_tick, uint64_t last_tick);

#endif
