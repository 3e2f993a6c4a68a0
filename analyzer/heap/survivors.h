/*
 * survivors.h: the leak instant: what is alive is looked at once, block by block, for when it was born.
 */
#ifndef PROBE_SURVIVORS_H
#define PROBE_SURVIVORS_H

#include "heap/garbage.h"
#include "heap/history.h"
#include "heap/maps.h"
#include "heap/table.h"
#include "heap/told.h"
#include "heap/wasm.h"
#include "heap/told.h"
#include "heap/wasm_heap.h"

/*
 * Tells `history` (or NULL), and counts in sites->since what is younger than process->since. What `garbage` held until the
 * program's last moment was kept, too, as growth goes.
 */
void survivors_take(const struct process_info *process, struct sites *sites, struct history *history,
	const struct table *live, const struct maps *maps, const struct wasm *wasm, const struct wasm_heaps *wasm_heaps,
	const struct told *told, const struct garbage *garbage);

#endif
