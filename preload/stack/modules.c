/*
 * modules.c: what came and went. A list of the address ranges that modules were unloaded from, and an epoch that
 * every lane's rules belong to. Ordinary memory: a forked child goes on with its parent's history.
 *
 * No lock: entries are only added, an entry counts once its count is stored, and two entries for one range add up.
 */
#include "stack.h"

#define MODULES_RANGES 4096u

struct range {
	uintptr_t start, end;        /* addresses; written before count */
	uint32_t  count;             /* modules unloaded there; 0: not written yet */
};

uint64_t modules_epoch;
uint32_t modules_unloaded;
static struct range ranges[MODULES_RANGES];

void stack_loaded(void)
{
	__atomic_add_fetch(&modules_epoch, 1, __ATOMIC_RELEASE);
}

void stack_unloaded(uintptr_t start, uintptr_t end)
{
	uint32_t used = __atomic_load_n(&modules_unloaded, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used && i < MODULES_RANGES; i++) {
		if (__atomic_load_n(&ranges[i].count, __ATOMIC_ACQUIRE) && ranges[i].start == start &&
		    ranges[i].end == end) {
			__atomic_add_fetch(&ranges[i].count, 1, __ATOMIC_RELEASE);
			__atomic_add_fetch(&modules_epoch, 1, __ATOMIC_RELEASE);
			return;
		}
	}
	used = __atomic_fetch_add(&modules_unloaded, 1, __ATOMIC_ACQ_REL);
	if (used < MODULES_RANGES) {
		ranges[used].start = start;
		ranges[used].end = end;
		__atomic_store_n(&ranges[used].count, 1, __ATOMIC_RELEASE);
	} else {
		__atomic_sub_fetch(&modules_unloaded, 1, __ATOMIC_ACQ_REL);
		meta_warn("more modules were unloaded than could be kept apart: names in later ones may be wrong");
	}
	__atomic_add_fetch(&modules_epoch, 1, __ATOMIC_RELEASE);
}

uint32_t stack_generation(uintptr_t address)
{
	uint32_t used = __atomic_load_n(&modules_unloaded, __ATOMIC_ACQUIRE);
	uint32_t generation = 0;

	for (uint32_t i = 0; i < used && i < MODULES_RANGES; i++) {
		uint32_t count = __atomic_load_n(&ranges[i].count, __ATOMIC_ACQUIRE);

		if (count && address >= ranges[i].start && address < ranges[i].end)
			generation += count;
	}
	return (generation + code_generation(address)) & TRACE_NODE_GENERATION;
}
