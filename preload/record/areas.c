/*
 * areas.c: see areas.h. The mappings come from /proc/self/maps and their resident pages from one PAGEMAP_SCAN (Linux
 * 6.7), which together cost a third of what /proc/self/smaps does; before that smaps tells how much of a mapping is
 * resident, and pagemap, page by page, where. The page of zeros, which is mapped where memory was only read, is
 * resident for nobody.
 *
 * They are asked for by the thread, not by the process: once the first thread has ended the process seems to have no
 * memory. Other threads map and unmap meanwhile: what comes of it is off by what they did within a millisecond.
 *
 * It runs on the program's stacks, whose room is not known: what is large is in struct areas.
 */
#include "record/pages.h"

#include <errno.h>
#include <string.h>

#include "identity.h"
#include "record/area.h"
#include "record/meta.h"
#include "record/thread.h"
#include "sys.h"
#include "text.h"

#define ENTRY_BYTES  (64 + RUNS_MOST * 20 + NAME_BYTES) /* of one area at most */

struct areas *areas_make(void)
{
	return wiped_take(sizeof(struct areas));
}

uint64_t areas_rss(void)
{
	char text[128];
	const char *end = text;

	if (identity_read("/proc/thread-self/statm", text, sizeof(text)) <= 0)
		return 0;
	text_number(text, &end);
	return *end == ' ' ? text_number(end + 1, &end) * TRACE_PAGE : 0;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void record_write(struct areas *areas, bool more)
{
	areas->head.flags = more ? TRACE_SAMPLE_MORE : 0;
	areas->head.count = areas->count;
	meta_write(TRACE_RECORD_SAMPLE, &areas->head, sizeof(areas->head), areas->out, areas->used);
	areas->written += sizeof(areas->head) + areas->used;
	areas->used = 0;
	areas->count = 0;
	areas->previous = 0;
}

static void put_byte(struct areas *areas, uint32_t byte)
{
	areas->out[areas->used++] = (uint8_t)byte;
}

static void put_number(struct areas *areas, uint64_t number)
{
	for (; number >= 128; number >>= 7)
		put_byte(areas, (uint32_t)(number & 127) | 128);
	put_byte(areas, (uint32_t)number);
}

void areas_put(struct areas *areas, const struct mapping *mapping, const char *name)
{
	uint64_t start = mapping->start / TRACE_PAGE, end = (mapping->end + TRACE_PAGE - 1) / TRACE_PAGE;
	int64_t step = (int64_t)(start - areas->previous);

	if (areas->used + ENTRY_BYTES > OUT_BYTES) {
		record_write(areas, true);
		step = (int64_t)start;
	}
	put_byte(areas, mapping->kind | mapping->protection << TRACE_AREA_PROTECTION |
	         (mapping->runs ? TRACE_AREA_RUNS : 0));
	put_number(areas, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
	put_number(areas, end - start);
	areas->previous = end;
	areas->count++;
	if (mapping->kind >= TRACE_CLAIM_OWN)
		return;
	put_number(areas, mapping->resident / TRACE_PAGE);
	if (mapping->runs)
		put_number(areas, mapping->runs);
	for (uint32_t i = 0; i < mapping->runs; i++) {
		put_number(areas, areas->runs[i].skip);
		put_number(areas, areas->runs[i].length);
	}
	if (mapping->kind == TRACE_AREA_FILE) {
		size_t length = strlen(name);

		put_number(areas, length);
		memcpy(areas->out + areas->used, name, length);
		areas->used += length;
	}
}

/* ---- mappings ---------------------------------------------------------------------------------------------------- */

static void flush_file(struct areas *areas)
{
	if (areas->file.end)
		areas_put(areas, &areas->file, areas->file_name);
	areas->file.end = 0;
}

static void add_file(struct areas *areas, const struct mapping *mapping, const char *name)
{
	if (areas->file.end && strcmp(areas->file_name, name) == 0) {
		areas->file.end = mapping->end;
		areas->file.resident += mapping->resident;
		areas->file.protection |= mapping->protection;
		return;
	}
	flush_file(areas);
	areas->file = *mapping;
	strncpy(areas->file_name, name, NAME_BYTES - 1);
}

static void add_mapping(struct areas *areas, struct mapping mapping, const char *name)
{
	uint64_t end = mapping.end;

	if (!areas->scans) {
		if (mapping.resident && mapping.kind == TRACE_AREA_FILE) {
			add_file(areas, &mapping, name);
		} else if (mapping.resident) {
			flush_file(areas);
			pages_put(areas, &mapping);
		}
		return;
	}
	for (; mapping.start < end; mapping.start = mapping.end) {
		mapping.end = end;
		pages_gather(areas, &mapping, mapping.kind != TRACE_AREA_FILE);
		if (mapping.resident && mapping.kind == TRACE_AREA_FILE) {
			add_file(areas, &mapping, name);
		} else if (mapping.resident) {
			flush_file(areas);
			areas_put(areas, &mapping, name);
		}
	}
}

/* The next line, without its end; NULL: no more. One that is too long is cut. */
static char *line_next(struct areas *areas)
{
	for (;;) {
		char *line = areas->text + areas->at, *end = memchr(line, '\n', areas->end - areas->at);
		long n;

		if (end) {
			*end = '\0';
			areas->at = (size_t)(end + 1 - areas->text);
			return line;
		}
		if (areas->at) {
			memmove(areas->text, line, areas->end - areas->at);
			areas->end -= areas->at;
			areas->at = 0;
		} else if (areas->end == TEXT_BYTES) {
			areas->end = 0;
		}
		n = sys(SYS_read, areas->fd, areas->text + areas->end, TEXT_BYTES - areas->end);
		if (n <= 0)
			return NULL;
		areas->end += (size_t)n;
	}
}

static bool number_hex(const char **text, uint64_t *number)
{
	const char *from = *text;

	for (*number = 0;; (*text)++) {
		unsigned c = (unsigned char)**text, digit = c - '0' < 10 ? c - '0' : c - 'a' < 6 ? c - 'a' + 10 : 16;

		if (digit == 16)
			return *text != from;
		*number = *number << 4 | digit;
	}
}

/* "start-end rwxp offset device inode   name": false: another line. */
static bool mapping_read(const char *line, struct mapping *mapping, const char **name)
{
	*mapping = (struct mapping){0};
	if (!number_hex(&line, &mapping->start) || *line++ != '-' || !number_hex(&line, &mapping->end) ||
	    *line++ != ' ')
		return false;
	for (uint32_t i = 0; i < 4 && *line; i++, line++)
		mapping->protection |= i < 3 && *line != '-' ? 1u << i : 0;
	for (int fields = 0; fields < 3; fields++) {
		while (*line == ' ')
			line++;
		while (*line && *line != ' ')
			line++;
	}
	while (*line == ' ')
		line++;
	*name = line;
	if (!*line || strncmp(line, "[anon", 5) == 0)
		mapping->kind = TRACE_AREA_ANONYMOUS;
	else if (strcmp(line, "[heap]") == 0)
		mapping->kind = TRACE_AREA_BREAK;
	else if (strcmp(line, "[stack]") == 0)
		mapping->kind = TRACE_AREA_MAIN;
	else
		mapping->kind = TRACE_AREA_FILE;
	return mapping->end > mapping->start && mapping->end <= ADDRESS_END;
}

/*
 * The kernel tells mappings a page of text at a time. One that another thread joined to the one before meanwhile begins
 * where that did, which was told: only what lies behind `reached` is new. False: nothing is.
 */
static bool is_new(struct mapping *mapping, uint64_t *reached)
{
	if (mapping->start < *reached)
		mapping->start = *reached;
	if (mapping->end <= mapping->start)
		return false;
	*reached = mapping->end;
	return true;
}

static void read_mappings(struct areas *areas)
{
	struct mapping mapping = {0}, next;
	const char *line, *name;
	uint64_t reached = 0;

	while ((line = line_next(areas))) {
		if (mapping_read(line, &next, &name)) {
			mapping.end = 0;
			if (!is_new(&next, &reached) || strlen(name) >= NAME_BYTES)
				continue;
			if (areas->scans) {
				add_mapping(areas, next, name);
				continue;
			}
			mapping = next;
			memcpy(areas->held, name, strlen(name) + 1);
		} else if (!areas->scans && mapping.end && strncmp(line, "Rss:", 4) == 0) {
			for (line += 4; *line == ' '; line++)
				;
			mapping.resident = text_number(line, &line) << 10;
			if (mapping.resident > mapping.end - mapping.start)
				mapping.resident = mapping.end - mapping.start;
			add_mapping(areas, mapping, areas->held);
			mapping.end = 0;
		}
	}
	flush_file(areas);
}

bool areas_each(struct areas *areas, void (*each)(void *context, const struct mapping *mapping), void *context)
{
	struct mapping mapping;
	const char *line, *name;

	areas->fd = pages_open_file("/proc/thread-self/maps");
	if (areas->fd < 0)
		return false;
	areas->at = areas->end = 0;
	while ((line = line_next(areas)))
		if (mapping_read(line, &mapping, &name))
			each(context, &mapping);
	sys(SYS_close, areas->fd);
	return true;
}

/* ---- claims ------------------------------------------------------------------------------------------------------ */

static void claim(struct areas *areas, uint32_t kind, uintptr_t start, size_t bytes)
{
	if (bytes)
		areas_put(areas, &(struct mapping){.start = start, .end = start + bytes, .kind = kind}, "");
}

static void claim_stack(void *context, uintptr_t top, size_t size, bool old)
{
	claim(context, old ? TRACE_CLAIM_OLD : TRACE_CLAIM_STACK, top - size, size);
}

static void write_claims(struct areas *areas)
{
	uintptr_t start;
	size_t bytes;

	for (uint32_t i = 0; memory_range(i, &start, &bytes); i++)
		claim(areas, TRACE_CLAIM_OWN, start, bytes);
	for (uint32_t i = 0; area_slab(i, &start, &bytes); i++)
		claim(areas, TRACE_CLAIM_OWN, start, bytes);
	claim(areas, TRACE_CLAIM_OWN, library.text_start, library.text_end - library.text_start);
	thread_stacks(claim_stack, areas);
}

long areas_write(struct areas *areas, struct trace_sample *head)
{
	pages_open(areas);
	areas->fd = pages_open_file(!areas->scans ? "/proc/thread-self/smaps" : "/proc/thread-self/maps");
	if (areas->fd >= 0) {
		head->rss = areas_rss();
		areas->head = *head;
		areas->at = areas->end = 0;
		areas->written = 0;
		read_mappings(areas);
		sys(SYS_close, areas->fd);
		write_claims(areas);
		record_write(areas, false);
	}
	if (areas->pagemap >= 0)
		sys(SYS_close, areas->pagemap);
	return areas->fd < 0 ? areas->fd : (long)areas->written;
}
