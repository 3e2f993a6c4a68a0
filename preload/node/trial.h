/*
 * trial.h: are the functions that were taken for a module's allocator the right ones? In an instance that alone uses a
 * memory every death must be that of a block whose birth was told. The first deaths of a sample of blocks are held to it.
 */
#ifndef PROBE_TRIAL_H
#define PROBE_TRIAL_H

#include "library.h"

enum trial_goes { TRIAL_OVER, TRIAL_ON, TRIAL_REFUTED };

/*
 * An instance begins, of whose functions `choice` are watched (a number of the caller's); byte 0 of its memory lies at
 * `base`. `alone`: it is the first of that memory, as far as its isolate knows. `shared`: other isolates may have the
 * memory too. Blocks below pointer `low` may be older than the instance. The trial's ticket; 0: there is none.
 */
uint32_t trial_begin(uint32_t choice, uintptr_t base, bool alone, bool shared, uint64_t low) HIDDEN;

/* A trial of that memory has no meaning any more: an instance comes that tells nothing. */
void trial_disturb(uintptr_t base) HIDDEN;

/*
 * Block `old` died, then block `new` was born: pointers, 0 none. Called by the thread that began the trial, until it is
 * over. TRIAL_REFUTED, said once: *choice is wrong; so much for the memory at *base.
 */
enum trial_goes trial_sees(uint32_t ticket, uint64_t old, uint64_t new, uint32_t *choice, uintptr_t *base) HIDDEN;

/* The calling thread will run no instance any more. */
void trial_thread_ends(void) HIDDEN;

#endif
