/*
 * wasm.h: the linear memories of WebAssembly, found among the mappings of a process, and the domain `wasm-memory`: a
 * memory's birth is a block of its initial bytes, each growth one of the bytes that it adds; all die with the memory.
 */
#ifndef PROBE_WASM_H
#define PROBE_WASM_H

#include "heap/sites.h"

struct wasm;

/* `process` has its records and nodes. */
struct wasm *wasm_open(struct process_info *process, struct sites *sites);

/* One event of a mapping, in order of time; its range is possible. */
void wasm_event(struct wasm *wasm, uint32_t stream, const struct trace_event *event);

/* Calls `each` with the site, the tick of the birth and the bytes of each block that is alive. */
void wasm_each(const struct wasm *wasm, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context);

/*
 * The memory that is alive and in whose reservation the address lies; NULL: there is none. Holds until the next event. A
 * memory's `heap` is the caller's to set; the memories own it in the end.
 */
struct wasm_memory *wasm_at(struct wasm *wasm, uint64_t address);
/* The memories that are alive. */
void wasm_each_memory(const struct wasm *wasm, void (*each)(void *context, const struct wasm_memory *memory),
	void *context);
/* From now on `dies` is called for each memory that does and has a heap. */
void wasm_on_death(struct wasm *wasm, void (*dies)(void *context, struct wasm_memory *memory), void *context);

/*
 * A script that runs to its end lets go of what its top level holds, so the collection at its end frees a memory that was
 * in use as long as the program ran. While that collection is under way a memory that goes, and whose blocks were told,
 * stays alive and is marked as let_go, unless a younger memory of the same module was made after it was used last: then
 * it is garbage.
 */
void wasm_collecting(struct wasm *wasm, bool collecting);

/* After the last: writes the memories into the process, and frees. Before sites_finish. */
void wasm_close(struct wasm *wasm);

/* Judges the growth of the memories of a process that is complete. */
void wasm_judge(struct process_info *process);

/* Did this stack make a memory or let one grow? Of mappings: memories lie in them, and are the same stack's. */
bool wasm_has_stack(const struct process_info *process, struct node_id stack);

/* ---- wasm_memory.c, for wasm.c -------------------------------------------------------------------------------- */

/* Growth by stack, from the steps. */
void wasm_sum_steps(struct wasm_memory *memory);
/* Forgets the steps of a memory that is gone, after it has been judged by them. */
void wasm_drop_steps(struct wasm_memory *memory, const struct instants *instants);
/* The stacks that wasm_has_stack knows. */
void wasm_list_stacks(struct process_info *process, const struct sites *sites);
/* What was said of a memory that was born at `start`, by the first record of that address after its birth. False: nothing. */
bool wasm_declare(const struct process_info *process, uint64_t start, struct wasm_memory *memory);
void wasm_sort_declared(struct process_info *process); /* before */

#endif
