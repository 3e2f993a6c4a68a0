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

static char *regions[REGIONS_MAX];   /* each of region_bytes[i]; ordinary memory, the same in a child */
static size_t region_bytes[REGIONS_MAX];

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
		head->region = next;
		head->used = 0;
	}
	p = regions[head->region] + head->used;
	head->used += bytes;
out:
	lock_give(&head->lock, &hold);
	return p;
}
