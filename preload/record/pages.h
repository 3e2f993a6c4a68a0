/*
 * pages.h: which pages of a mapping are resident: what areas.c and pages.c share.
 */
#ifndef PROBE_PAGES_H
#define PROBE_PAGES_H

#include "record/areas.h"

#define TEXT_BYTES   8192
#define NAME_BYTES   4352
#define REGIONS      512             /* of one call */
#define RUNS_MOST    1024            /* of an area; one with more is told as several */
#define OUT_BYTES    (48u << 10)
#define ADDRESS_END  0x7ffffffff000ull

struct page_region { uint64_t start, end, categories; };

struct mapping {
	uint64_t start, end;     /* addresses */
	uint64_t resident;       /* bytes */
	uint32_t protection;     /* PROT_ bits */
	uint32_t kind;           /* enum trace_area_kind */
	uint32_t runs;           /* in areas.runs */
};

struct run { uint64_t skip, length; }; /* pages */

struct areas {
	struct trace_sample head;
	int      fd;             /* maps or smaps */
	int      pagemap;
	bool     scans;          /* PAGEMAP_SCAN tells what is resident; else smaps does */
	char     text[TEXT_BYTES]; /* what was read of fd: */
	size_t   at, end;        /* lines not used yet */
	char     held[NAME_BYTES]; /* a mapping's name, while lines of smaps follow */
	union {
		struct page_region regions[REGIONS]; /* resident ones, in order: */
		uint64_t entries[REGIONS];           /* of pagemap */
	};
	uint32_t region, region_count;       /* those not used yet */
	uint64_t walked;         /* the scan goes on here */
	uint64_t walkable;       /* bytes of mappings whose entries of pagemap may still be read */
	struct run runs[RUNS_MOST]; /* of the mapping in hand */
	struct mapping file;     /* consecutive mappings of one file, not written yet; end 0: none */
	char     file_name[NAME_BYTES];
	uint8_t  out[OUT_BYTES]; /* the record's areas */
	size_t   used;           /* bytes of it */
	uint32_t count;          /* areas in it */
	uint64_t previous;       /* end of the last one */
	size_t   written;        /* bytes of this sample's records so far */
};

/* Writes an area or a claim; `name`: of a file. */
void areas_put(struct areas *areas, const struct mapping *mapping, const char *name) HIDDEN;

/* Opens a file of /proc for reading, by a number that the program will hardly use. −errno. */
int pages_open_file(const char *path) HIDDEN;

/* Opens pagemap, and finds out whether the kernel scans. */
void pages_open(struct areas *areas) HIDDEN;

/*
 * If it scans: fills in what is resident of a mapping from its start on, up to its end or to where the runs are
 * full: there it is cut. Mappings must come in order.
 */
void pages_gather(struct areas *areas, struct mapping *mapping, bool runs) HIDDEN;

/* If it does not: puts a mapping of which it is known how much is resident. */
void pages_put(struct areas *areas, const struct mapping *mapping) HIDDEN;

#endif
