/*
 * log_line.h: the lines of an allocation log, a block of whole lines at a time. Pure: works on bytes in memory, knows
 * nothing of other blocks, so that blocks are read side by side.
 *
 *   @ ALLOCATE size file:line type id          (or file:line:column)
 *   @ DROP size type id
 *   @ MEMORY bytes
 *   @ { "op": "ALLOCATE", "size": …, "file": …, "line": …, "type": …, "id": … }
 *
 * Fields are parted by blanks or tabs. What stands between the size and the id is one text here, a *key*, which is taken
 * apart once however many lines have it.
 */
#ifndef PROBE_IMPORT_LOG_LINE_H
#define PROBE_IMPORT_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_SIZE_MOST (1ull << 47) /* bytes of a block, or of memory: as much as an address space has */
#define LOG_BAD_MOST  5            /* lines that make no sense of which a block keeps the text */
#define LOG_LINES_MOST (1u << 30)  /* in a block */

enum log_op { LOG_ALLOCATE, LOG_DROP, LOG_MEMORY };

/* Why a line cannot be understood; log_why() has the words. */
enum log_why {
	LOG_GOOD, LOG_NO_OP, LOG_NO_SIZE, LOG_HUGE_SIZE, LOG_NO_PLACE, LOG_NO_TYPE, LOG_NO_ID, LOG_TWO_IN_ONE, LOG_NUL,
	LOG_NO_OBJECT, LOG_TOO_LONG, LOG_NO_END, LOG_WHYS
};

struct log_text { const char *at; size_t size; }; /* in the block, or in what it owns */

/* What a key says. */
struct log_key {
	enum log_why why;        /* GOOD, or nothing else means anything */
	enum log_op op;          /* ALLOCATE: all of it; DROP: the type alone */
	struct log_text file, type; /* type: size 0 unknown ("?", or "" in JSON); runs of blanks may stand in it */
	uint32_t line, column;   /* 0 unknown */
};

/* A line that makes sense. */
struct log_line {
	uint64_t id;
	uint64_t size;           /* bytes; MEMORY: of memory */
	uint32_t key;            /* index in the block's keys; not of MEMORY */
	uint32_t op : 2;         /* enum log_op */
	uint32_t number : 30;    /* of the line in the block, from 0 */
};

struct log_bad {
	uint32_t number;         /* of the line in the block, from 0 */
	enum log_why why;
	struct log_text text;    /* the whole line */
};

struct log_own;

struct log_block {
	const char *text;        size_t size; /* whole lines, but for the last one of a file; not owned */
	bool     is_cut;         /* the last line goes on: it is longer than any record */
	/* filled in: */
	struct log_line *lines;  size_t count; /* owned */
	struct log_key *keys;    size_t key_count; /* owned */
	uint32_t line_count;     /* of all lines, those that do not begin with @ too */
	uint64_t records;        /* of those that do */
	uint64_t bad_count;      /* of those that cannot be understood; the first ones: */
	struct log_bad bad[LOG_BAD_MOST];
	bool     is_torn;        /* the last line has no end, and makes no sense: it is none of the bad ones, but this: */
	struct log_bad torn;
	bool     is_doubtful;    /* the last line has no end, and makes sense: the last of `lines` */
	struct log_own *own;     /* owned */
	size_t   room;           /* for lines */
};

/* `block` was zero before its first use, and may be used again: what it owns is kept. */
void log_block_read(struct log_block *block);
void log_block_free(struct log_block *block);

const char *log_why(enum log_why why); /* "it has no size", … */

/* ---- between log_line.c, log_key.c and log_json.c -------------------------------------------------------------- */

/* What stands between size and id: of an ALLOCATE the place and the type, of a DROP the type. */
struct log_key log_key_read(enum log_op op, struct log_text text);
/* What goes for all keys, whatever they are read from. */
void log_key_check(struct log_key *key);

/*
 * The object at `at`, behind which nothing may stand before `end`. Texts of `key` are in the line or in `scratch`, which
 * has room for as many bytes as the line has.
 */
enum log_why log_json(const char *at, const char *end, char *scratch, struct log_key *key, struct log_line *line);

static inline bool log_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool log_is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static inline const char *log_skip_blanks(const char *at, const char *end)
{
	while (at < end && log_is_blank(*at))
		at++;
	return at;
}

/* "file:line" or "file:line:column", all of it. False: it is none. */
bool log_place(struct log_text text, struct log_key *key);

/* A whole number in decimal, all of it. False: it is none, or above UINT64_MAX. */
bool log_number(const char *at, const char *end, uint64_t *value);

#endif
