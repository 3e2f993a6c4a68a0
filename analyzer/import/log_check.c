/* log_check.c: see log_check.h. The hot path is allocate() and drop(). */
#include "import/log_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"

/* Of all blocks of a log: no program allocates as much, and what a reader sums up over some logs stays below 2^63. */
#define SUM_MOST     (1ull << 60) /* bytes */
#define LOOK_AHEAD   12           /* lines whose slots are fetched before they are needed */

/* ---- findings -------------------------------------------------------------------------------------------------- */

static const char *type_name(const struct log_check *check, uint32_t type)
{
	return type ? check->type_names[type - 1] : "an unknown type";
}

static uint32_t type_of_node(const struct log_check *check, uint32_t node)
{
	return node ? check->type_of[node - TRACE_FIRST_NODE] : 0;
}

static void found_block(struct log_check *check, enum log_finding finding, uint64_t line, uint64_t id,
                        uint64_t size, uint32_t type)
{
	char *at, *text = NULL;

	if (log_wants_example(&check->findings, finding)) {
		at = log_place_of(&check->findings, line);
		text = xasprintf("%s: id %" PRIu64 ", %" PRIu64 " bytes of %s", at, id, size, type_name(check, type));
		free(at);
	}
	log_found(&check->findings, finding, 1, text);
}

static void found_otherwise(struct log_check *check, uint64_t line, uint64_t size, uint32_t type,
                            const struct log_block_entry *block)
{
	char *at, *born, *text = NULL;

	if (log_wants_example(&check->findings, LOG_FOUND_DROPPED_OTHERWISE)) {
		at = log_place_of(&check->findings, line);
		born = log_place_of(&check->findings, block->line);
		text = xasprintf("%s: id %" PRIu64 " dropped as %" PRIu64 " bytes of %s, allocated at %s as %" PRIu64
		                 " bytes of %s", at, block->id, size, type_name(check, type), born, block->size,
		                 type_name(check, type_of_node(check, block->what)));
		free(at);
		free(born);
	}
	log_found(&check->findings, LOG_FOUND_DROPPED_OTHERWISE, 1, text);
}

static void found_too_much(struct log_check *check, uint64_t line, uint64_t id, uint64_t size)
{
	char *at, *text = NULL;

	if (log_wants_example(&check->findings, LOG_FOUND_UNPARSABLE)) {
		at = log_place_of(&check->findings, line);
		text = xasprintf("%s: id %" PRIu64 ", %" PRIu64 " bytes: with them all blocks of the log together had more "
		                 "than 2^60; not counted", at, id, size);
		free(at);
	}
	log_found(&check->findings, LOG_FOUND_UNPARSABLE, 1, text);
}

/* ---- types and places ------------------------------------------------------------------------------------------ */

/* The same type whatever blanks stand in it. */
static uint32_t type_number(struct log_check *check, struct log_text text)
{
	char *plain = xmalloc(text.size + 1);
	struct cache_entry *entry;
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		bool blank = strchr(" \t\r\n", text.at[i]) != NULL;

		if (!blank)
			plain[size++] = text.at[i];
		else if (size && plain[size - 1] != ' ')
			plain[size++] = ' ';
	}
	size -= size && plain[size - 1] == ' ';
	if (!size || (size == 1 && *plain == '?')) {
		free(plain);
		return 0;
	}
	entry = cache_at(&check->types, plain, size);
	free(plain);
	if (!entry->value) {
		array_room(check->type_names, check->type_count);
		check->type_names[check->type_count++] = entry->key;
		entry->value = (void *)(uintptr_t)check->type_count;
	}
	return (uint32_t)(uintptr_t)entry->value;
}

static void add_node(struct log_check *check, const struct log_key *key, uint32_t type, struct cache_entry *entry)
{
	const char *name = type ? check->type_names[type - 1] : "";
	struct trace_log_site site = {
		.address = check->node_count + 1, .line = key->line, .column = key->column,
		.file_size = (uint32_t)key->file.size,
	};
	uint32_t node = writer_node(check->writer, site.address);
	size_t type_size = strlen(name);
	char *texts;

	if (!node)
		fatal(3, "the log names more places and types than a recording has room for");
	texts = xmalloc(key->file.size + type_size + 1);
	memcpy(texts, key->file.at, key->file.size);
	memcpy(texts + key->file.size, name, type_size);
	writer_record(check->writer, TRACE_RECORD_LOG_SITE, &site, sizeof site, texts, key->file.size + type_size);
	free(texts);
	array_room(check->type_of, check->node_count);
	check->type_of[check->node_count++] = type;
	entry->value = (void *)(uintptr_t)node;
}

static struct log_resolved resolve(struct log_check *check, const struct log_key *key)
{
	struct log_resolved resolved = {0};
	struct cache_entry *entry;
	uint32_t numbers[3];
	char *whole;

	if (key->why)
		return resolved;
	resolved.type = type_number(check, key->type);
	if (key->op != LOG_ALLOCATE)
		return resolved;
	numbers[0] = key->line;
	numbers[1] = key->column;
	numbers[2] = resolved.type;
	whole = xmalloc(sizeof numbers + key->file.size);
	memcpy(whole, numbers, sizeof numbers);
	memcpy(whole + sizeof numbers, key->file.at, key->file.size);
	entry = cache_at(&check->nodes, whole, sizeof numbers + key->file.size);
	free(whole);
	if (!entry->value)
		add_node(check, key, resolved.type, entry);
	resolved.node = (uint32_t)(uintptr_t)entry->value;
	return resolved;
}

static void resolve_keys(struct log_check *check, const struct log_block *block)
{
	if (check->resolved_room < block->key_count) {
		check->resolved_room = block->key_count * 2;
		check->resolved = xreallocarray(check->resolved, check->resolved_room, sizeof *check->resolved);
	}
	for (size_t i = 0; i < block->key_count; i++)
		check->resolved[i] = resolve(check, &block->keys[i]);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

static inline void put_event(struct log_check *check, enum trace_log_op op, uint64_t line, uint64_t id, uint64_t size,
                             uint32_t node)
{
	struct trace_event event = {.tick = line, .address = id, .size = size, .stack = node, .kind = TRACE_EVENT_LOG,
	                            .detail = (uint8_t)op};

	writer_event(check->writer, &event);
}

/* A DROP may leave its type open, and so may an ALLOCATE. */
static bool same_type(uint32_t a, uint32_t b)
{
	return !a || !b || a == b;
}

struct wanted { const struct log_check *check; uint32_t type; };

static bool block_fits(const void *context, uint32_t what)
{
	const struct wanted *wanted = context;

	return same_type(wanted->type, type_of_node(wanted->check, what));
}

static bool drop_fits(const void *context, uint32_t what)
{
	const struct wanted *wanted = context;

	return same_type(wanted->type, what & ~(LOG_ENTRY_DROP | LOG_ENTRY_AGAIN));
}

static void drop_block(struct log_check *check, uint64_t line, uint64_t size, uint32_t type,
                       const struct log_block_entry *block)
{
	if (__builtin_expect(block->size != size || !same_type(type, type_of_node(check, block->what)), 0))
		found_otherwise(check, line, size, type, block);
	check->live_blocks--;
	check->live_bytes -= block->size;
	put_event(check, TRACE_LOG_DROP, line > block->line ? line : block->line, block->id, block->size,
	          block->what);
}

static uint32_t type_of_drop(const struct log_block_entry *drop)
{
	return drop->what & ~(LOG_ENTRY_DROP | LOG_ENTRY_AGAIN);
}

/* A drop of what was dropped already: of the block that is allocated at `line` it is only if threads overtook each other. */
static void found_drop_again(struct log_check *check, const struct log_block_entry *drop, uint64_t line)
{
	char *at, *born, *text = NULL;

	if (log_wants_example(&check->findings, LOG_FOUND_DROPPED_TWICE)) {
		at = log_place_of(&check->findings, drop->line);
		born = log_place_of(&check->findings, line);
		text = xasprintf("%s: id %" PRIu64 ", %" PRIu64 " bytes of %s; or, if lines are not in order, it drops what %s "
		                 "allocates", at, drop->id, drop->size, type_name(check, type_of_drop(drop)), born);
		free(at);
		free(born);
	}
	log_found(&check->findings, LOG_FOUND_DROPPED_TWICE, 1, text);
}

/*
 * Which of the drops that wait is that of a block just allocated. One of an id that was allocated and dropped before is
 * none: the order of a file says that it is a second drop. Files have no order among each other.
 */
static bool take_drop(struct log_check *check, const struct log_block_entry *block, uint32_t type,
                      struct log_block_entry *taken)
{
	const struct log_findings *findings = &check->findings;
	uint64_t file_begins = findings->files[findings->file_count - 1].first_line;
	struct wanted wanted = {check, type};
	struct log_block_entry *drop;

	while ((drop = log_live_find(&check->live, block->id)) && drop->what & LOG_ENTRY_DROP) {
		*taken = log_live_take(&check->live, drop, block->size, drop_fits, &wanted);
		if (!(taken->what & LOG_ENTRY_AGAIN) || taken->line <= file_begins)
			return true;
		found_drop_again(check, taken, block->line);
	}
	return false;
}

/* False: the line has no end, and its id, of which the end may be missing, is taken. */
static inline bool allocate(struct log_check *check, const struct log_line *at, uint64_t line, bool doubtful)
{
	struct log_resolved is = check->resolved[at->key];
	struct log_block_entry block = {.id = at->id, .size = at->size, .line = line, .what = is.node}, *drop, taken;

	if (__builtin_expect(doubtful, 0) && id_set_has(&check->ids, at->id))
		return false;
	if (__builtin_expect(at->size > SUM_MOST - check->allocated_bytes, 0)) {
		found_too_much(check, line, at->id, at->size);
		return true;
	}
	check->allocated_bytes += at->size;
	if (!check->sums.allocs++)
		check->lowest = check->highest = at->id;
	check->lowest = at->id < check->lowest ? at->id : check->lowest;
	check->highest = at->id > check->highest ? at->id : check->highest;
	check->live_blocks++;
	check->live_bytes += at->size;
	put_event(check, TRACE_LOG_ALLOC, line, at->id, at->size, is.node);
	if (__builtin_expect(!id_set_add(&check->ids, at->id, line), 0))
		found_block(check, LOG_FOUND_ALLOCATED_TWICE, line, at->id, at->size, is.type);
	drop = log_live_find(&check->live, at->id);
	if (__builtin_expect(!drop || !(drop->what & LOG_ENTRY_DROP), 1) || !take_drop(check, &block, is.type, &taken)) {
		log_live_add(&check->live, block);
	} else {
		check->sums.late_allocs++;
		drop_block(check, taken.line, taken.size, type_of_drop(&taken), &block);
	}
	return true;
}

/* False: the line has no end, and no block is what it says. */
static inline bool drop(struct log_check *check, const struct log_line *at, uint64_t line, bool doubtful)
{
	uint32_t type = check->resolved[at->key].type;
	struct log_block_entry *entry = log_live_find(&check->live, at->id), taken;
	struct wanted wanted = {check, type};

	if (__builtin_expect(doubtful, 0) && (!entry || entry->what & LOG_ENTRY_DROP || entry->size != at->size ||
	                                      !block_fits(&wanted, entry->what)))
		return false;
	check->sums.drops++;
	if (__builtin_expect(!entry || entry->what & LOG_ENTRY_DROP, 0)) {
		uint32_t again = id_set_has(&check->ids, at->id) ? LOG_ENTRY_AGAIN : 0;

		log_live_add(&check->live, (struct log_block_entry){at->id, at->size, line, type | LOG_ENTRY_DROP | again, 0});
		return true;
	}
	taken = log_live_take(&check->live, entry, at->size, block_fits, &wanted);
	drop_block(check, line, at->size, type, &taken);
	return true;
}

static void memory(struct log_check *check, uint64_t bytes)
{
	if (!check->sums.memory_lines++)
		check->first_memory = bytes;
	check->last_memory = bytes;
}

static bool take_line(struct log_check *check, const struct log_line *at, uint64_t line, bool doubtful)
{
	if (at->op == LOG_DROP)
		return drop(check, at, line, doubtful);
	if (at->op == LOG_ALLOCATE)
		return allocate(check, at, line, doubtful);
	memory(check, at->size);
	return true;
}

void log_check_block(struct log_check *check, const struct log_block *block)
{
	uint64_t before = check->sums.lines + 1;

	resolve_keys(check, block);
	for (size_t i = 0; i < block->count; i++) {
		const struct log_line *at = &block->lines[i];
		bool doubtful = i + 1 == block->count && block->is_doubtful;

		if (i + LOOK_AHEAD < block->count)
			log_live_prefetch(&check->live, block->lines[i + LOOK_AHEAD].id);
		if (!take_line(check, at, before + at->number, doubtful))
			log_found_line(&check->findings, LOG_FOUND_CUT_SHORT, before + at->number, LOG_NO_END, (struct log_text){"", 0});
	}
	for (size_t i = 0; i < block->bad_count && i < LOG_BAD_MOST; i++)
		log_found_line(&check->findings, LOG_FOUND_UNPARSABLE, before + block->bad[i].number, block->bad[i].why, block->bad[i].text);
	if (block->bad_count > LOG_BAD_MOST)
		log_found(&check->findings, LOG_FOUND_UNPARSABLE, block->bad_count - LOG_BAD_MOST, NULL);
	if (block->is_torn)
		log_found_line(&check->findings, LOG_FOUND_CUT_SHORT, before + block->torn.number, block->torn.why, block->torn.text);
	check->sums.lines += block->line_count;
	check->sums.records += block->records;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static int by_line(const void *left, const void *right)
{
	const struct log_block_entry *a = left, *b = right;

	return (a->line > b->line) - (a->line < b->line);
}

/* All drops that found no block, in the order of the log. To be freed. */
static struct log_block_entry *orphans(const struct log_live *live, size_t *count)
{
	struct log_block_entry *list = NULL;

	*count = 0;
	for (size_t i = 0; i <= live->mask; i++) {
		const struct log_block_entry *entry = &live->slots[i];

		if (!entry->what || !(entry->what & LOG_ENTRY_DROP))
			continue;
		for (;; entry = &live->older[entry->older - 1]) {
			array_room(list, *count);
			list[(*count)++] = *entry;
			if (!entry->older)
				break;
		}
	}
	if (*count)
		qsort(list, *count, sizeof *list, by_line);
	return list;
}

static void judge_orphans(struct log_check *check)
{
	size_t count;
	struct log_block_entry *drops = orphans(&check->live, &count);

	for (size_t i = 0; i < count; i++)
		found_block(check, id_set_has(&check->ids, drops[i].id) ? LOG_FOUND_DROPPED_TWICE
		                                                        : LOG_FOUND_NEVER_ALLOCATED,
		            drops[i].line, drops[i].id, drops[i].size, type_of_drop(&drops[i]));
	/* Their ALLOCATE is missing, which was just said: they are no gaps. */
	for (size_t i = 0; i < count; i++)
		if (drops[i].id > check->lowest && drops[i].id < check->highest)
			id_set_add(&check->ids, drops[i].id, drops[i].line);
	free(drops);
}

void log_check_end(struct log_check *check, const int64_t *growth)
{
	struct id_gaps gaps;

	judge_orphans(check);
	gaps = id_set_gaps(&check->ids);
	log_found_gaps(&check->findings, &gaps);
	check->sums.files = (uint32_t)check->findings.file_count;
	if (growth) {
		check->sums.growth = *growth;
		check->sums.flags |= TRACE_LOG_GROWTH_GIVEN;
	} else if (check->sums.memory_lines > 1) {
		check->sums.growth = (int64_t)check->last_memory - (int64_t)check->first_memory;
		check->sums.flags |= TRACE_LOG_GROWTH_LOGGED;
	}
	writer_record(check->writer, TRACE_RECORD_LOG, &check->sums, sizeof check->sums, NULL, 0);
	log_findings_write(&check->findings, check->writer);
}

/* ---- opening and closing --------------------------------------------------------------------------------------- */

void log_check_open(struct log_check *check, struct writer *writer)
{
	*check = (struct log_check){.writer = writer};
	log_live_open(&check->live);
	id_set_open(&check->ids);
}

void log_check_file(struct log_check *check, const char *name)
{
	struct log_findings *findings = &check->findings;

	array_room(findings->files, findings->file_count);
	findings->files[findings->file_count++] = (struct log_file){name, check->sums.lines};
}

void log_check_free(struct log_check *check)
{
	log_findings_free(&check->findings);
	log_live_free(&check->live);
	id_set_free(&check->ids);
	cache_free(&check->types, NULL);
	cache_free(&check->nodes, NULL);
	free(check->type_of);
	free(check->type_names);
	free(check->resolved);
	*check = (struct log_check){0};
}
