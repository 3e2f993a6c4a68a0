/* jitdump.c: see jitdump.h. */
#include "names/jitdump.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/payload.h"
#include "util.h"

#define MAGIC   0x4a695444u
#define VERSION 1u

enum record_id { RECORD_LOAD = 0, RECORD_MOVE = 1, RECORD_DEBUG_INFO = 2 };

struct file_header {
	uint32_t magic;
	uint32_t version;
	uint32_t total_size;      /* of this header, bytes */
	uint32_t machine;         /* EM_; CPython does not say */
	uint32_t padding;
	uint32_t pid;
	uint64_t timestamp;
	uint64_t flags;
};
_Static_assert(sizeof(struct file_header) == 40, "the specification's");

struct record_header {
	uint32_t id;              /* enum record_id */
	uint32_t total_size;      /* with this header, bytes */
	uint64_t timestamp;
};
_Static_assert(sizeof(struct record_header) == 16, "the specification's");

struct load {                 /* then the name, ended by NUL, and the code */
	uint32_t pid, tid;
	uint64_t vma, address, size, index;
};
_Static_assert(sizeof(struct load) == 40, "the specification's");

struct move {
	uint32_t pid, tid;
	uint64_t vma, old_address, new_address, size, index;
};
_Static_assert(sizeof(struct move) == 48, "the specification's");

struct debug_info {           /* then the entries */
	uint64_t address;         /* of the code, whose LOAD is still to come */
	uint64_t count;           /* entries */
};

struct debug_entry {          /* then the file's name, ended by NUL; "\xff": the previous entry's */
	uint64_t address;
	uint32_t line, discriminator;
};

struct reader {
	struct jitcodes *codes;   /* what is filled in */
	uint32_t  pid;            /* whose records count */
	struct cache debug;       /* by address of a code: the last DEBUG_INFO record's payload, NULL once it is used */
	struct cache loaded;      /* by index: 1 + the code's number in codes */
};

/* A string that ends within the payload; NULL if it does not. */
static const char *take_string(struct payload *payload, size_t *length)
{
	const char *string = (const char *)payload->at;
	const char *end = memchr(string, '\0', payload->left);

	if (!end)
		return NULL;
	*length = (size_t)(end - string);
	payload->at += *length + 1;
	payload->left -= *length + 1;
	return string;
}

static int by_offset(const void *left, const void *right)
{
	const struct jitcode_line *a = left, *b = right;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* The lines of a code, from a DEBUG_INFO record that is known to be whole; NULL if there are none. */
static struct jitcode_line *read_lines(struct reader *reader, struct payload payload, const struct load *load,
                                       size_t *count)
{
	struct debug_info info;
	struct debug_entry entry;
	struct jitcode_line *lines;
	const char *file = NULL;

	*count = 0;
	payload_take(&payload, &info, sizeof(info));
	if (info.count > payload.left / (sizeof(entry) + 1)) {
		reader->codes->damaged++;
		return NULL;
	}
	lines = xcalloc(info.count, sizeof(*lines));
	for (uint64_t i = 0; i < info.count && payload_take(&payload, &entry, sizeof(entry)); i++) {
		size_t length;
		const char *name = take_string(&payload, &length);

		if (!name)
			break;
		if (length != 1 || name[0] != '\xff')
			file = length ? cache_at(&reader->codes->names, name, length)->key : NULL;
		if (entry.address - load->address < load->size)
			lines[(*count)++] = (struct jitcode_line){(uint32_t)(entry.address - load->address),
				file ? entry.line : 0, file};
	}
	if (*count) /* glibc's qsort is a merge sort: of equals the last one told is the last one here */
		qsort(lines, *count, sizeof(*lines), by_offset);
	return lines;
}

static bool read_load(struct reader *reader, struct payload payload)
{
	struct jitcode_line *lines = NULL;
	struct cache_entry *debug;
	struct load load;
	size_t length, line_count = 0, before = reader->codes->count;
	const char *name;

	if (!payload_take(&payload, &load, sizeof(load)) || !(name = take_string(&payload, &length)))
		return false;
	if (load.pid != reader->pid)
		return true;
	debug = cache_at(&reader->debug, &load.address, sizeof(load.address));
	if (debug->value && load.size <= JITCODE_MOST_SIZE) {
		const struct payload *told = debug->value;

		lines = read_lines(reader, *told, &load, &line_count);
	}
	free(debug->value);
	debug->value = NULL;
	if (lines)
		jitcodes_own(reader->codes, lines);
	jitcodes_add(reader->codes, load.address, load.size, name, length, lines, line_count);
	cache_at(&reader->loaded, &load.index, sizeof(load.index))->value =
		(void *)(reader->codes->count > before ? reader->codes->count : 0);
	return true;
}

static bool read_move(struct reader *reader, struct payload payload)
{
	struct cache_entry *entry;
	const struct jitcode *code;
	struct move move;
	uintptr_t number;

	if (!payload_take(&payload, &move, sizeof(move)))
		return false;
	if (move.pid != reader->pid)
		return true;
	entry = cache_at(&reader->loaded, &move.index, sizeof(move.index));
	number = (uintptr_t)entry->value;
	code = number ? &reader->codes->codes[number - 1] : NULL;
	if (!code || code->start != move.old_address || code->end - code->start != move.size)
		return false;
	if (jitcodes_add(reader->codes, move.new_address, move.size, code->name->key, code->name->size, code->lines,
	                 code->line_count) && !reader->codes->unusable)
		entry->value = (void *)reader->codes->count;
	return true;
}

static bool read_debug_info(struct reader *reader, struct payload payload)
{
	struct payload *told, all = payload;
	struct cache_entry *entry;
	struct debug_info info;

	if (!payload_take(&payload, &info, sizeof(info)))
		return false;
	entry = cache_at(&reader->debug, &info.address, sizeof(info.address));
	free(entry->value);
	told = xmalloc(sizeof(*told));
	*told = all;
	entry->value = told;
	return true;
}

static bool read_record(struct reader *reader, uint32_t id, struct payload payload)
{
	switch (id) {
	case RECORD_LOAD:
		return read_load(reader, payload);
	case RECORD_MOVE:
		return read_move(reader, payload);
	case RECORD_DEBUG_INFO:
		return read_debug_info(reader, payload);
	}
	return true; /* the end, unwinding information, what is yet to be invented */
}

void jitdump_read(struct jitcodes *codes, struct bytes file, uint32_t pid)
{
	struct reader reader = {.codes = codes, .pid = pid};
	struct file_header header = {0};
	struct record_header record;
	size_t at;

	if (file.size < sizeof(header)) {
		codes->unusable |= file.size > 0;
		return;
	}
	memcpy(&header, file.data, sizeof(header));
	if (header.magic != MAGIC || header.version != VERSION || header.total_size < sizeof(header) ||
	    (header.machine != EM_X86_64 && header.machine != EM_NONE)) {
		codes->unusable = true;
		return;
	}
	for (at = header.total_size; at < file.size && file.size - at >= sizeof(record); at += record.total_size) {
		memcpy(&record, file.data + at, sizeof(record));
		if (record.total_size < sizeof(record)) {
			codes->damaged++;
			break;
		}
		if (record.total_size > file.size - at)
			break;
		if (!read_record(&reader, record.id,
		                 (struct payload){file.data + at + sizeof(record), record.total_size - sizeof(record)}))
			codes->damaged++;
	}
	cache_free(&reader.debug, free);
	cache_free(&reader.loaded, NULL);
}
