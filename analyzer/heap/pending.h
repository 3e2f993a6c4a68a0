/*
 * pending.h: blocks inside linear memories that only a pending finalizer still holds: a JavaScript object that is gone had
 * the pointer, and so has the FinalizationRegistry that is to free it (wasm-bindgen's classes). They are no leak.
 *
 * The pointer does not tell which memory it is of, nor that it is one. All that one registry holds is taken together: there
 * must be one memory alone where nearly all of it points into live blocks, at the same distance from where each begins; or
 * one where the registry's own thread bore these.
 */
#ifndef PROBE_PENDING_H
#define PROBE_PENDING_H

#include "heap/sites.h"
#include "heap/wasm_heap.h"

struct pending;

/*
 * At the leak instant, before the survivors are taken: such blocks are no longer alive as far as their sites know. What is
 * found goes to process->unfinalized, too. `heaps` may be NULL.
 */
struct pending *pending_take(struct process_info *process, struct sites *sites, const struct wasm_heaps *heaps);
void pending_free(struct pending *pending);

/* What was taken of the site with this index. */
struct pending_sum pending_of_site(const struct pending *pending, uint32_t site);

#endif
