/*
 * drain.h: moving full rings into the log: by a thread of the library's own, and in need by the program's threads.
 */
#ifndef PROBE_DRAIN_H
#define PROBE_DRAIN_H

#include "library.h"

bool drain_start(void) HIDDEN;

/* A ring is half full or full: the drain thread shall run. Starts it, or wakes it. */
void drain_wanted(void) HIDDEN;
bool drain_is_running(void) HIDDEN;

/* The calling thread empties one sealed ring itself. False if there was none, or it could not be written. */
bool drain_one_here(void) HIDDEN;

/* At the process's end: if the drain has fallen behind, the calling thread helps, so that less stays as it was written. */
void drain_finish(void) HIDDEN;

/*
 * For calls that demand a process of a single thread (unshare, setns): the drain thread ends, and none starts until
 * drain_come_back. Pairs may nest.
 */
void drain_step_aside(void) HIDDEN;
void drain_come_back(void) HIDDEN;

#endif
