/* pages.c: see pages.h. */
#include "record/pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "sys.h"

/* linux/fs.h has it from 6.7 on */
struct page_scan {
	uint64_t size, flags, start, end, walk_end, regions, region_count, most_pages, inverted, all_of, any_of, wanted;
};
#define PAGE_SCAN    _IOWR('f', 16, struct page_scan)
#define PAGE_PRESENT (1u << 3)
#define PAGE_ZERO    (1u << 5)

/* Among the last of the smallest table there is: to make it larger keeps a process with threads waiting for 10 ms. */
#define HIGH_FD      56

/* Before Linux 6.7 pages that are not there cost, too: a millisecond for each GB, twice. So many bytes a sample. */
#define WALK_MOST    (8ull << 30)

static bool scan_more(struct areas *areas)
{
	struct page_scan scan = {
		.size = sizeof(scan), .start = areas->walked, .end = ADDRESS_END,
		.regions = (uintptr_t)areas->regions, .region_count = REGIONS,
		.inverted = PAGE_ZERO, .all_of = PAGE_PRESENT | PAGE_ZERO,
	};
	long count;

	areas->region = areas->region_count = 0;
	if (areas->walked >= ADDRESS_END)
		return false;
	count = sys(SYS_ioctl, areas->pagemap, PAGE_SCAN, &scan);
	if (count < 0)
		return false;
	/* A full vector ends the walk early. */
	areas->walked = count == REGIONS ? scan.walk_end : ADDRESS_END;
	areas->region_count = (uint32_t)count;
	return count > 0;
}

/* The next resident pages from `start` on, NULL: there are none. */
static const struct page_region *region_from(struct areas *areas, uint64_t start)
{
	for (;; areas->region++) {
		if (areas->region == areas->region_count && !scan_more(areas))
			return NULL;
		if (areas->regions[areas->region].end > start)
			return &areas->regions[areas->region];
	}
}

/* Where no such number is free the low one stays, for the moment that it takes. */
int pages_open_file(const char *path)
{
	long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), high;

	if (fd < 0 || fd >= HIGH_FD)
		return (int)fd;
	high = sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (high < 0)
		return (int)fd;
	sys(SYS_close, fd);
	return (int)high;
}

void pages_open(struct areas *areas)
{
	areas->region = areas->region_count = 0;
	areas->walked = 0;
	areas->walkable = WALK_MOST;
	areas->pagemap = pages_open_file("/proc/thread-self/pagemap");
	areas->scans = areas->pagemap >= 0 && scan_more(areas);
}

void pages_gather(struct areas *areas, struct mapping *mapping, bool runs)
{
	const struct page_region *region;
	uint64_t at = mapping->start;

	mapping->resident = 0;
	mapping->runs = 0;
	while (at < mapping->end && (region = region_from(areas, at)) && region->start < mapping->end) {
		uint64_t start = region->start > at ? region->start : at;
		uint64_t end = region->end < mapping->end ? region->end : mapping->end;

		if (runs && mapping->runs == RUNS_MOST) {
			mapping->end = at;
			break;
		}
		if (runs)
			areas->runs[mapping->runs++] = (struct run){(start - at) / TRACE_PAGE,
			                                            (end - start) / TRACE_PAGE};
		mapping->resident += end - start;
		at = end;
	}
	if (mapping->resident == mapping->end - mapping->start)
		mapping->runs = 0;
}

/* ---- what is resident, before Linux 6.7 -------------------------------------------------------------------------- */

/*
 * An entry of pagemap does not tell the page of zeros from one that is shared with a forked process. So what is
 * resident is counted in both ways, and taken is the one that agrees with smaps.
 */
#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_FILE    (1ull << 61)
#define ENTRY_ALONE   (1ull << 56)

static bool is_resident(uint64_t entry, bool alone)
{
	return entry & ENTRY_PRESENT && (!alone || entry & (ENTRY_FILE | ENTRY_ALONE));
}

/* Up to REGIONS entries from `at` on; 0: none can be had. */
static size_t read_entries(struct areas *areas, uint64_t at, uint64_t end)
{
	uint64_t count = (end - at) / TRACE_PAGE;
	long n;

	if (count > REGIONS)
		count = REGIONS;
	n = areas->pagemap < 0 ? -1 : sys(SYS_pread64, areas->pagemap, areas->entries, count * 8, at / TRACE_PAGE * 8);
	return n > 0 ? (size_t)n / 8 : 0;
}

static uint64_t count_entries(struct areas *areas, const struct mapping *mapping, bool alone)
{
	uint64_t pages = 0;
	size_t count;

	for (uint64_t at = mapping->start; at < mapping->end; at += count * TRACE_PAGE) {
		count = read_entries(areas, at, mapping->end);
		if (!count)
			return 0;
		for (size_t i = 0; i < count; i++)
			pages += is_resident(areas->entries[i], alone);
	}
	return pages * TRACE_PAGE;
}

static void put_by_entries(struct areas *areas, const struct mapping *mapping, bool alone)
{
	struct mapping piece = {.start = mapping->start, .protection = mapping->protection, .kind = mapping->kind};
	uint64_t after = mapping->start; /* of the last run */
	size_t count;

	for (uint64_t at = mapping->start; at < mapping->end; at += count * TRACE_PAGE) {
		count = read_entries(areas, at, mapping->end);
		if (!count)
			break;
		for (size_t i = 0; i < count; i++) {
			uint64_t page = at + i * TRACE_PAGE;

			if (!is_resident(areas->entries[i], alone))
				continue;
			if (piece.runs && after == page) {
				areas->runs[piece.runs - 1].length++;
			} else {
				if (piece.runs == RUNS_MOST) {
					piece.end = after;
					areas_put(areas, &piece, "");
					piece.start = after;
					piece.resident = piece.runs = 0;
				}
				areas->runs[piece.runs++] = (struct run){(page - after) / TRACE_PAGE, 1};
			}
			piece.resident += TRACE_PAGE;
			after = page + TRACE_PAGE;
		}
	}
	piece.end = mapping->end;
	if (piece.runs)
		areas_put(areas, &piece, "");
}

void pages_put(struct areas *areas, const struct mapping *mapping)
{
	uint64_t bytes = mapping->end - mapping->start;

	if (mapping->resident == bytes || bytes > areas->walkable) {
		areas_put(areas, mapping, "");
		return;
	}
	areas->walkable -= bytes;
	if (count_entries(areas, mapping, true) == mapping->resident)
		put_by_entries(areas, mapping, true);
	else if (count_entries(areas, mapping, false) == mapping->resident)
		put_by_entries(areas, mapping, false);
	else
		areas_put(areas, mapping, "");
}
