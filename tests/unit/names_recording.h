/*
 * names_recording.h: recordings made up by hand, with modules from files on disk and nodes at any address in them.
 */
#ifndef NAMES_RECORDING_H
#define NAMES_RECORDING_H

#include "model.h"

#define MADE_BIAS 0x7f0000000000ull /* of the first module of a process that has no fixed address */

/* One process without modules and nodes, which began just now. */
struct recording *made_recording(void);
void made_recording_free(struct recording *recording);
struct process_id made_process(struct recording *recording);

/* Loads `path` as the file is now, at `bias` + its vaddrs. A copy's build-id is that of `path`. */
struct module *made_module(struct recording *recording, struct process_id process, const char *path, uint64_t bias);

/* A node whose call is at `address`, so its return address is one more. */
struct node_id made_call(struct recording *recording, struct process_id process, uint64_t address);
struct node_id made_node(struct recording *recording, struct process_id process, struct trace_node node);

#endif
