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
void recording_close(struct recording *recording);

#endif
