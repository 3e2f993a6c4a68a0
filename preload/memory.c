/*
 * memory.c: wiped memory. Regions are anonymous mappings with MADV_WIPEONFORK, listed in ordinary memory; how much of
 * them is in use stands in the first one, so a forked child, which finds it zeroed, begins anew with the same
 * regions.
 */
#include <stdatomic.h>
#include <sys/mman.h>

#include "lock.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* Linux 4.14 */
#endif

#define REGION_BYTES (1ull << 20) /* small: limits of address space and locked memory count it */
#define REGIONS_MAX  4096
#define CLAIMS_MAX   256

static char *regions[REGIONS_MAX];   /* each of region_bytes[i]; ordinary memory, the same in a child */
static size_t region_bytes[REGIONS_MAX];

static struct { uintptr_t start; size_t bytes; } claims[CLAIMS_MAX]; /* `bytes` is stored last */
static uint32_t claim_count;         /* may pass CLAIMS_MAX: then some are not known */

struct memory_head {                 /* at the start of region 0 */
	struct process process;      /* first, so that `process` is region 0 */
	struct lock lock;            /* guards all of this and the two tables above */
	uint32_t region;             /* the one in use */
	size_t   used;               /* bytes of it */
};

struct process *process;

static char *region_make(size_t bytes)
{
	long p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	if (sys(SYS_madvise, p, bytes, MADV_WIPEONFORK) < 0) {
		sys(SYS_munmap, p, bytes);
		return NULL;
	}
	return (char *)p;
}

bool memory_start(void)
{
	if (regions[0])
		return true;
	regions[0] = region_make(REGION_BYTES);
	if (!regions[0])
		return false;
	region_bytes[0] = REGION_BYTES;
	__atomic_store_n(&process, (struct process *)regions[0], __ATOMIC_RELEASE);
	return true;
}

void *wiped_take(size_t bytes)
{
	struct memory_head *head = (struct memory_head *)regions[0];
	struct lock_hold hold;
	char *p = NULL;

	bytes = (bytes + 63) & ~63ull;
	if (!head || bytes > (1ull << 40) || !lock_take(&head->lock, &hold))
		return NULL;
	if (!head->used)
		head->used = (sizeof(*head) + 63) & ~63ull;
	while (head->used + bytes > region_bytes[head->region]) {
		uint32_t next = head->region + 1;

		if (next == REGIONS_MAX)
			goto out;
		if (!regions[next]) {
			size_t size = bytes > REGION_BYTES ? (bytes + 4095) & ~4095ull : REGION_BYTES;

			if (library.filtered || !(regions[next] = region_make(size)))
				goto out;
			region_bytes[next] = size;
		}
		__atomic_store_n(&head->region, next, __ATOMIC_RELEASE);
		head->used = 0;
	}
	p = regions[head->region] + head->used;
	head->used += bytes;
out:
	lock_give(&head->lock, &hold);
	return p;
}

void memory_claim(uintptr_t start, size_t bytes)
{
	uint32_t i = __atomic_fetch_add(&claim_count, 1, __ATOMIC_RELAXED);

	if (i >= CLAIMS_MAX)
		return;
	claims[i].start = start;
	__atomic_store_n(&claims[i].bytes, bytes, __ATOMIC_RELEASE);
}

void memory_disclaim(uintptr_t start)
{
	for (uint32_t i = 0; i < CLAIMS_MAX; i++)
		if (claims[i].start == start)
			__atomic_store_n(&claims[i].bytes, 0, __ATOMIC_RELEASE);
}

bool memory_range(uint32_t i, uintptr_t *start, size_t *bytes)
{
	struct memory_head *head = (struct memory_head *)regions[0];
	uint32_t count = head ? __atomic_load_n(&head->region, __ATOMIC_ACQUIRE) + 1 : 0;

	if (i < count) {
		*start = (uintptr_t)regions[i];
		*bytes = region_bytes[i];
		return true;
	}
	i -= count;
	if (i >= CLAIMS_MAX || i >= __atomic_load_n(&claim_count, __ATOMIC_RELAXED))
		return false;
	*bytes = __atomic_load_n(&claims[i].bytes, __ATOMIC_ACQUIRE);
	*start = claims[i].start;
	return true;
}
