/*
 * log_line.c: see log_line.h. The hot path is read_line(): a line costs a search for its end, two numbers and the hash of
 * what stands between them. The key that has this hash is looked up for some lines together, because what a key is kept
 * in is seldom near: while one comes, the next are asked for.
 */
#include "import/log_line.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "trace/array.h"

#define SLOTS_LEAST   4096u
#define ARENA_PIECE   65536u
#define PENDING       16u         /* lines whose keys are looked up together */

#define JSON_NUMBERS  16u         /* bytes: of an object's spelling, before its texts */

enum key_kind { KEY_ALLOCATE, KEY_DROP, KEY_JSON };

struct slot { uint32_t hash, index; }; /* half of a key's hash, and the key's index + 1; 0: empty */

struct spelling {                /* of a key: what the lines say */
	const char *at;          /* in a piece */
	uint32_t  size;
	uint32_t  kind;          /* enum key_kind */
};

struct pending {                 /* a line whose key is to be found */
	struct log_line line;
	struct spelling key;
	uint64_t  hash;          /* of it */
	struct log_text text;    /* the whole line */
	bool      has_key, ends;
};

struct log_own {
	struct slot *slots;      /* owned */
	size_t    mask;          /* a power of two, less one */
	struct spelling *spellings; /* by key; owned */
	uint64_t *hashes;        /* likewise */
	char    **pieces;        size_t piece_count; /* owned: spellings */
	size_t    used;          /* bytes of the last piece */
	size_t    piece_size;    /* that it has */
	char     *scratch, *spelling; /* owned: for the texts of an object, and all of them together */
	size_t    scratch_size;  /* of the longest line */
	struct pending pending[PENDING];
	size_t    pending_count;
};

/* ---- keys ------------------------------------------------------------------------------------------------------ */

static char *keep(struct log_own *own, const char *at, size_t size)
{
	char *kept;

	if (!own->piece_count || own->piece_size - own->used < size) {
		own->piece_size = size > ARENA_PIECE ? size : ARENA_PIECE;
		array_room(own->pieces, own->piece_count);
		own->pieces[own->piece_count++] = xmalloc(own->piece_size);
		own->used = 0;
	}
	kept = own->pieces[own->piece_count - 1] + own->used;
	own->used += size;
	memcpy(kept, at, size);
	return kept;
}

static struct slot *free_slot(struct log_own *own, uint64_t hash)
{
	size_t at = hash & own->mask;

	while (own->slots[at].index)
		at = (at + 1) & own->mask;
	return &own->slots[at];
}

static void make_slots(struct log_own *own, size_t count, size_t keys)
{
	free(own->slots);
	own->slots = xcalloc(count, sizeof *own->slots);
	own->mask = count - 1;
	for (size_t i = 0; i < keys; i++)
		*free_slot(own, own->hashes[i]) = (struct slot){(uint32_t)(own->hashes[i] >> 32), (uint32_t)i + 1};
}

static uint32_t add_key(struct log_block *block, struct spelling spelling, uint64_t hash, const struct log_key *json)
{
	struct log_own *own = block->own;
	size_t index = block->key_count;
	struct log_key *key;

	spelling.at = keep(own, spelling.at, spelling.size);
	array_room(own->spellings, index);
	array_room(own->hashes, index);
	array_room(block->keys, index);
	own->spellings[index] = spelling;
	own->hashes[index] = hash;
	key = &block->keys[index];
	block->key_count++;
	if (json) {
		*key = *json;
		key->file.at = spelling.at + JSON_NUMBERS;
		key->type.at = key->file.at + key->file.size;
		log_key_check(key);
	} else {
		*key = log_key_read(spelling.kind == KEY_DROP ? LOG_DROP : LOG_ALLOCATE,
		                    (struct log_text){spelling.at, spelling.size});
	}
	if (block->key_count * 2 > own->mask)
		make_slots(own, (own->mask + 1) * 2, block->key_count);
	else
		*free_slot(own, hash) = (struct slot){(uint32_t)(hash >> 32), (uint32_t)index + 1};
	return (uint32_t)index;
}

static inline uint32_t key_of(struct log_block *block, struct spelling spelling, uint64_t hash,
                              const struct log_key *json)
{
	const struct log_own *own = block->own;

	for (size_t at = hash & own->mask;; at = (at + 1) & own->mask) {
		struct slot slot = own->slots[at];
		const struct spelling *other;

		if (!slot.index)
			return add_key(block, spelling, hash, json);
		if (slot.hash != hash >> 32)
			continue;
		other = &own->spellings[slot.index - 1];
		if (other->size == spelling.size && other->kind == spelling.kind &&
		    !memcmp(other->at, spelling.at, spelling.size))
			return slot.index - 1;
	}
}

/* Of an object: what it says in an order of our own, so that another order is not another key. */
static uint32_t json_key(struct log_block *block, const struct log_key *key)
{
	uint32_t numbers[] = {key->op, key->line, key->column, (uint32_t)key->file.size};
	size_t size = JSON_NUMBERS + key->file.size + key->type.size;
	char *whole = block->own->spelling;

	_Static_assert(sizeof numbers == JSON_NUMBERS, "they come first");
	memcpy(whole, numbers, sizeof numbers);
	if (key->file.size)
		memcpy(whole + JSON_NUMBERS, key->file.at, key->file.size);
	if (key->type.size)
		memcpy(whole + JSON_NUMBERS + key->file.size, key->type.at, key->type.size);
	return key_of(block, (struct spelling){whole, (uint32_t)size, KEY_JSON}, XXH3_64bits(whole, size), key);
}

/* ---- a line ---------------------------------------------------------------------------------------------------- */

static enum log_why read_object(struct log_block *block, const char *at, const char *end, struct log_line *line)
{
	struct log_own *own = block->own;
	struct log_key key = {0};
	enum log_why why;

	if (own->scratch_size < (size_t)(end - at)) {
		own->scratch_size = (size_t)(end - at) * 2;
		own->scratch = xreallocarray(own->scratch, own->scratch_size, 1);
		own->spelling = xreallocarray(own->spelling, own->scratch_size + JSON_NUMBERS, 1);
	}
	why = log_json(at, end, own->scratch, &key, line);
	if (why || line->op == LOG_MEMORY)
		return why;
	line->key = json_key(block, &key);
	return block->keys[line->key].why;
}

/* A size that begins at *at, up to a blank or the end. */
static inline enum log_why read_size(const char **at, const char *end, uint64_t *size)
{
	const char *from = *at;
	uint64_t number = 0;

	while (*at < end && log_is_digit(**at) && number < LOG_SIZE_MOST)
		number = number * 10 + (uint64_t)(*(*at)++ - '0');
	*size = number;
	if (*at < end && log_is_digit(**at)) {
		while (*at < end && log_is_digit(**at))
			++*at;
		*size = UINT64_MAX;
	}
	if (*at == from || (*at < end && !log_is_blank(**at)))
		return LOG_NO_SIZE;
	return *size > LOG_SIZE_MOST ? LOG_HUGE_SIZE : LOG_GOOD;
}

/* The id that a line ends in, and *end where what stands before it does. */
static inline enum log_why read_id(const char *at, const char **end, uint64_t *id)
{
	const char *from = *end;

	while (from > at && log_is_digit(from[-1]))
		from--;
	if (from == at || !log_is_blank(from[-1]) || !log_number(from, *end, id))
		return LOG_NO_ID;
	while (from > at && log_is_blank(from[-1]))
		from--;
	*end = from;
	return LOG_GOOD;
}

/* From behind the @ to the end, which is not blank. */
static inline enum log_why read_line(struct log_block *block, const char *at, const char *end,
                                     struct pending *pending)
{
	struct log_line *line = &pending->line;
	enum key_kind kind;
	enum log_why why;

	at = log_skip_blanks(at, end);
	if (end - at > 9 && !memcmp(at, "ALLOCATE", 8) && log_is_blank(at[8])) {
		kind = KEY_ALLOCATE;
		line->op = LOG_ALLOCATE;
		at += 9;
	} else if (end - at > 5 && !memcmp(at, "DROP", 4) && log_is_blank(at[4])) {
		kind = KEY_DROP;
		line->op = LOG_DROP;
		at += 5;
	} else if (end - at > 7 && !memcmp(at, "MEMORY", 6) && log_is_blank(at[6])) {
		at = log_skip_blanks(at + 7, end);
		line->op = LOG_MEMORY;
		why = read_size(&at, end, &line->size);
		return why ? why : log_skip_blanks(at, end) < end ? LOG_NO_SIZE : LOG_GOOD;
	} else if (at < end && *at == '{') {
		return read_object(block, at, end, line);
	} else {
		return LOG_NO_OP;
	}
	at = log_skip_blanks(at, end);
	why = read_size(&at, end, &line->size);
	if (__builtin_expect(why, LOG_GOOD))
		return why;
	why = read_id(at, &end, &line->id);
	if (__builtin_expect(why, LOG_GOOD))
		return why;
	at = log_skip_blanks(at, end);
	if (__builtin_expect(at >= end, 0))
		return kind == KEY_DROP ? LOG_NO_TYPE : LOG_NO_PLACE;
	pending->key = (struct spelling){at, (uint32_t)(end - at), kind};
	pending->hash = XXH3_64bits(at, (size_t)(end - at));
	pending->has_key = true;
	__builtin_prefetch(&block->own->slots[pending->hash & block->own->mask]);
	return LOG_GOOD;
}

/* ---- a block --------------------------------------------------------------------------------------------------- */

static void begin(struct log_block *block)
{
	struct log_own *own = block->own;

	if (!own) {
		own = block->own = xcalloc(1, sizeof *own);
		make_slots(own, SLOTS_LEAST, 0);
	} else {
		memset(own->slots, 0, (own->mask + 1) * sizeof *own->slots);
	}
	while (own->piece_count > 1)
		free(own->pieces[--own->piece_count]);
	if (own->piece_count && own->piece_size > ARENA_PIECE) {
		own->pieces[0] = xreallocarray(own->pieces[0], ARENA_PIECE, 1);
		own->piece_size = ARENA_PIECE;
	}
	own->used = 0;
	/* array_room goes by the count alone. */
	free(block->keys);
	free(own->spellings);
	free(own->hashes);
	block->keys = NULL;
	own->spellings = NULL;
	own->hashes = NULL;
	block->count = block->key_count = 0;
	block->line_count = 0;
	block->records = block->bad_count = 0;
	block->is_torn = block->is_doubtful = false;
}

static void add_bad(struct log_block *block, enum log_why why, uint32_t number, struct log_text text)
{
	if (block->bad_count < LOG_BAD_MOST)
		block->bad[block->bad_count] = (struct log_bad){number, why, text};
	block->bad_count++;
}

static void add_line(struct log_block *block, const struct pending *pending, enum log_why why)
{
	if (why && pending->ends) {
		add_bad(block, why, pending->line.number, pending->text);
	} else if (why) {
		block->is_torn = true;
		block->torn = (struct log_bad){pending->line.number, why, pending->text};
	} else {
		if (block->count == block->room) {
			block->room = block->room * 2 + 1024;
			block->lines = xreallocarray(block->lines, block->room, sizeof *block->lines);
		}
		block->lines[block->count++] = pending->line;
		block->is_doubtful = !pending->ends;
	}
}

static void add_pending(struct log_block *block)
{
	struct log_own *own = block->own;

	for (size_t i = 0; i < own->pending_count; i++) {
		const struct slot *slot = &own->slots[own->pending[i].hash & own->mask];

		if (own->pending[i].has_key && slot->index)
			__builtin_prefetch(&own->spellings[slot->index - 1]);
	}
	for (size_t i = 0; i < own->pending_count; i++) {
		struct pending *pending = &own->pending[i];
		enum log_why why = LOG_GOOD;

		if (pending->has_key) {
			pending->line.key = key_of(block, pending->key, pending->hash, NULL);
			why = block->keys[pending->line.key].why;
		}
		add_line(block, pending, why);
	}
	own->pending_count = 0;
}

void log_block_read(struct log_block *block)
{
	const char *at = block->text, *block_end = at + block->size;
	struct log_own *own;

	begin(block);
	own = block->own;
	while (at < block_end) {
		const char *newline = memchr(at, '\n', (size_t)(block_end - at));
		const char *end = newline ? newline : block_end, *from = at;
		struct pending *pending = &own->pending[own->pending_count];
		uint32_t number = block->line_count++ & (LOG_LINES_MOST - 1);
		enum log_why why;

		at = newline ? newline + 1 : block_end;
		if (from == end || *from != '@')
			continue;
		block->records++;
		*pending = (struct pending){
			.line.number = number, .text = {from, (size_t)(end - from)}, .ends = newline || block->is_cut,
		};
		while (end[-1] == ' ' || end[-1] == '\r' || end[-1] == '\t')
			end--;
		why = !newline && block->is_cut ? LOG_TOO_LONG : read_line(block, from + 1, end, pending);
		if (__builtin_expect(!why, 1)) {
			if (++own->pending_count == PENDING)
				add_pending(block);
			continue;
		}
		add_pending(block);
		add_line(block, pending, why);
	}
	add_pending(block);
}

void log_block_free(struct log_block *block)
{
	struct log_own *own = block->own;

	for (size_t i = 0; own && i < own->piece_count; i++)
		free(own->pieces[i]);
	if (own) {
		free(own->pieces);
		free(own->slots);
		free(own->spellings);
		free(own->hashes);
		free(own->scratch);
		free(own->spelling);
	}
	free(own);
	free(block->lines);
	free(block->keys);
	*block = (struct log_block){0};
}
