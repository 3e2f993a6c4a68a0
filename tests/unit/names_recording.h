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

/*
 * Generated code: room for `count` codes of a process, once, before the first; a code at a place; and further places of
 * it (the code's id is its number, from 1).
 */
void made_codes(struct recording *recording, struct process_id process, size_t count);
uint32_t made_code(struct recording *recording, struct process_id process, enum trace_code_kind kind, const char *name,
                   uint64_t address, uint32_t size, uint32_t generation);
void made_move(struct recording *recording, struct process_id process, uint32_t id, uint64_t address,
               uint32_t generation);
/* The table of a code's lines: entries as {offset, line, column}. */
void made_lines(struct recording *recording, struct process_id process, uint32_t id, const uint32_t (*entries)[3],
                size_t count);
void made_runtime(struct recording *recording, struct process_id process, enum trace_runtime_state state,
                  const char *text);

#endif
