/* log_key.c: what a key says: place and type; see log_line.h. Once for each key of a block, so time is no matter here. */
#include <string.h>

#include "import/log_line.h"

const char *log_why(enum log_why why)
{
	static const char *const words[LOG_WHYS] = {
		[LOG_GOOD] = "nothing is wrong with it",
		[LOG_NO_OP] = "neither ALLOCATE, DROP nor MEMORY",
		[LOG_NO_SIZE] = "its size is no whole number of bytes from 0",
		[LOG_HUGE_SIZE] = "its size is larger than any memory",
		[LOG_NO_PLACE] = "it has no file:line",
		[LOG_NO_TYPE] = "it has no type",
		[LOG_NO_ID] = "its id is no whole number from 0 that 64 bits hold",
		[LOG_TWO_IN_ONE] = "two records in one line",
		[LOG_NUL] = "it has a byte 0",
		[LOG_NO_OBJECT] = "no whole JSON object, and nothing else",
		[LOG_TOO_LONG] = "the line is too long",
		[LOG_NO_END] = "the line does not end, and contradicts what came before",
	};

	return words[why < LOG_WHYS ? why : LOG_GOOD];
}

bool log_number(const char *at, const char *end, uint64_t *value)
{
	const char *fits = end - at < 20 ? end : at;
	uint64_t number = 0;

	if (at == end)
		return false;
	for (; at < fits; at++) {
		if (!log_is_digit(*at))
			return false;
		number = number * 10 + (uint64_t)(*at - '0');
	}
	for (; at < end; at++) {
		if (!log_is_digit(*at) || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return false;
	}
	*value = number;
	return true;
}

/* The digits that a text ends in, behind a colon, and what stands before it. */
static bool take_number(struct log_text *text, uint32_t *value)
{
	const char *end = text->at + text->size, *at = end;
	uint64_t number;

	while (at > text->at && log_is_digit(at[-1]))
		at--;
	if (at == text->at || at[-1] != ':' || !log_number(at, end, &number) || number > UINT32_MAX)
		return false;
	*value = (uint32_t)number;
	text->size = (size_t)(at - 1 - text->at);
	return true;
}

bool log_place(struct log_text text, struct log_key *key)
{
	uint32_t last, before;
	struct log_text rest;

	if (!take_number(&text, &last) || !text.size)
		return false;
	rest = text;
	if (take_number(&rest, &before) && rest.size) {
		key->file = rest;
		key->line = before;
		key->column = last;
	} else {
		key->file = text;
		key->line = last;
		key->column = 0;
	}
	return true;
}

/*
 * "file:line type": the place ends at the first blank that comes right behind a colon and digits, for files and types may
 * have blanks.
 */
static bool split(struct log_text both, struct log_key *key)
{
	const char *end = both.at + both.size;

	for (const char *at = both.at; at < end; at++) {
		if (!log_is_blank(*at) || at == both.at || !log_is_digit(at[-1]) ||
		    !log_place((struct log_text){both.at, (size_t)(at - both.at)}, key))
			continue;
		at = log_skip_blanks(at, end);
		key->type = (struct log_text){at, (size_t)(end - at)};
		return true;
	}
	/* Nothing comes behind the place. */
	key->type = (struct log_text){end, 0};
	return log_place(both, key);
}

/* Did a line begin within another, whose writer died or did not write it at once? */
static bool holds_record(struct log_text text)
{
	static const char *const words[] = {"ALLOCATE", "DROP", "MEMORY"};
	const char *end = text.at + text.size, *at = text.at;

	while (at < end && (at = memchr(at, '@', (size_t)(end - at)))) {
		at = log_skip_blanks(at + 1, end);
		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			size_t length = strlen(words[i]);

			if ((size_t)(end - at) >= length && !memcmp(at, words[i], length))
				return true;
		}
	}
	return false;
}

void log_key_check(struct log_key *key)
{
	if (key->why)
		return;
	if (memchr(key->type.at, 0, key->type.size) ||
	    (key->op == LOG_ALLOCATE && memchr(key->file.at, 0, key->file.size)))
		key->why = LOG_NUL;
	else if (key->type.size == 1 && *key->type.at == '?')
		key->type.size = 0;
}

struct log_key log_key_read(enum log_op op, struct log_text text)
{
	struct log_key key = {.op = op, .type = text};

	if (holds_record(text))
		key.why = LOG_TWO_IN_ONE;
	else if (op == LOG_ALLOCATE && !split(text, &key))
		key.why = LOG_NO_PLACE;
	else if (!key.type.size)
		key.why = LOG_NO_TYPE;
	log_key_check(&key);
	return key;
}
