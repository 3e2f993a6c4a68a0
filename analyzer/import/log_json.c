/*
 * log_json.c: a line of an allocation log that is a JSON object; see log_line.h. A scanner of its own, because a parser
 * that makes a tree of each line is too slow, and because ids are whole numbers of 64 bits.
 */
#include <emmintrin.h>
#include <string.h>

#include "import/log_line.h"

#define DEPTH_MOST 32            /* of what is skipped */

struct scanner {
	const char *at, *end;
	char     *scratch;       /* next free byte */
};

struct value {
	enum { VALUE_TEXT, VALUE_NUMBER, VALUE_NULL, VALUE_OTHER } kind;
	struct log_text text;    /* TEXT: what it means; NUMBER: as it stands there */
};

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static inline void skip_space(struct scanner *scanner)
{
	while (scanner->at < scanner->end && is_space(*scanner->at))
		scanner->at++;
}

static inline bool take(struct scanner *scanner, char c)
{
	skip_space(scanner);
	if (scanner->at == scanner->end || *scanner->at != c)
		return false;
	scanner->at++;
	return true;
}

/* ---- texts ----------------------------------------------------------------------------------------------------- */

static bool hex4(struct scanner *scanner, uint32_t *unit)
{
	*unit = 0;
	if (scanner->end - scanner->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *scanner->at++;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		            c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return false;
		*unit = *unit << 4 | (uint32_t)digit;
	}
	return true;
}

static char *put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 63));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 63));
		*to++ = (char)(0x80 | (code >> 6 & 63));
	}
	*to++ = (char)(0x80 | (code & 63));
	return to;
}

/* Behind \u. Half of a pair stands for nothing, and becomes U+FFFD. */
static bool code_point(struct scanner *scanner, char **to)
{
	uint32_t code, low;

	if (!hex4(scanner, &code))
		return false;
	if (code >= 0xd800 && code < 0xdc00 && scanner->end - scanner->at >= 6 && scanner->at[0] == '\\' &&
	    scanner->at[1] == 'u') {
		struct scanner ahead = {scanner->at + 2, scanner->end, NULL};

		if (hex4(&ahead, &low) && low >= 0xdc00 && low < 0xe000) {
			scanner->at = ahead.at;
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	*to = put_utf8(*to, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
	return true;
}

/* A text with escapes, of which the first is next. */
static bool scan_escaped(struct scanner *scanner, const char *from, struct log_text *text)
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char *to = scanner->scratch, *begin = to;

	memcpy(to, from, (size_t)(scanner->at - from));
	to += scanner->at - from;
	while (scanner->at < scanner->end && *scanner->at != '"') {
		const char *escape;
		char c = *scanner->at++;

		if (c != '\\') {
			*to++ = c;
			continue;
		}
		if (scanner->at == scanner->end)
			return false;
		c = *scanner->at++;
		if (c == 'u') {
			if (!code_point(scanner, &to))
				return false;
			continue;
		}
		escape = c ? strchr(escapes, c) : NULL;
		if (!escape)
			return false;
		*to++ = meant[escape - escapes];
	}
	if (scanner->at == scanner->end)
		return false;
	scanner->at++;
	*text = (struct log_text){begin, (size_t)(to - begin)};
	scanner->scratch = to;
	return true;
}

/* The next quotation mark or backslash, 16 bytes at once; the end if there is none. Half of the time goes in here. */
static inline const char *next_mark(const char *at, const char *end)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');

	for (; end - at >= 16; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)at);
		int found = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash)));

		if (found)
			return at + __builtin_ctz((unsigned)found);
	}
	while (at < end && *at != '"' && *at != '\\')
		at++;
	return at;
}

/* A text whose quotation mark was taken. What has no escapes stays where it is. */
static inline bool scan_text(struct scanner *scanner, struct log_text *text)
{
	const char *from = scanner->at;

	scanner->at = next_mark(from, scanner->end);
	if (scanner->at == scanner->end)
		return false;
	if (*scanner->at != '"')
		return scan_escaped(scanner, from, text);
	*text = (struct log_text){from, (size_t)(scanner->at++ - from)};
	return true;
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* An array or object that means nothing here, whose bracket was taken. */
static bool skip_nested(struct scanner *scanner)
{
	unsigned depth = 1;

	while (depth && scanner->at < scanner->end) {
		struct log_text text;
		char c = *scanner->at++;

		if (c == '"' && !scan_text(scanner, &text))
			return false;
		if ((c == '{' || c == '[') && ++depth > DEPTH_MOST)
			return false;
		depth -= c == '}' || c == ']';
	}
	return depth == 0;
}

static inline bool is_word(struct log_text text, const char *word)
{
	return text.size == strlen(word) && !memcmp(text.at, word, strlen(word));
}

static bool scan_value(struct scanner *scanner, struct value *value)
{
	const char *from;

	skip_space(scanner);
	if (scanner->at == scanner->end)
		return false;
	value->kind = VALUE_TEXT;
	if (*scanner->at == '"') {
		scanner->at++;
		return scan_text(scanner, &value->text);
	}
	value->kind = VALUE_OTHER;
	if (*scanner->at == '{' || *scanner->at == '[') {
		scanner->at++;
		return skip_nested(scanner);
	}
	from = scanner->at;
	while (scanner->at < scanner->end && !is_space(*scanner->at) && *scanner->at != ',' && *scanner->at != '}')
		scanner->at++;
	value->text = (struct log_text){from, (size_t)(scanner->at - from)};
	if (value->text.size && (*from == '-' || (*from >= '0' && *from <= '9')))
		value->kind = VALUE_NUMBER;
	else if (is_word(value->text, "null"))
		value->kind = VALUE_NULL;
	return value->kind != VALUE_OTHER || is_word(value->text, "true") || is_word(value->text, "false");
}

/* ---- fields ---------------------------------------------------------------------------------------------------- */

struct fields {
	bool     has_op, has_size, has_id, has_file, has_line, has_type;
	enum log_op op;
	struct value size, id, line, column;
	struct log_text file, type;
};

static bool read_op(struct log_text text, enum log_op *op)
{
	if (is_word(text, "ALLOCATE"))
		*op = LOG_ALLOCATE;
	else if (is_word(text, "DROP"))
		*op = LOG_DROP;
	else if (is_word(text, "MEMORY"))
		*op = LOG_MEMORY;
	else
		return false;
	return true;
}

static void set_field(struct fields *fields, struct log_text name, const struct value *value)
{
	bool scalar = value->kind == VALUE_TEXT || value->kind == VALUE_NUMBER;

	if (is_word(name, "size") || is_word(name, "bytes")) {
		fields->has_size = scalar;
		fields->size = *value;
	} else if (is_word(name, "id")) {
		fields->has_id = scalar;
		fields->id = *value;
	} else if (is_word(name, "file") || is_word(name, "file:line") || is_word(name, "site") ||
	           is_word(name, "location")) {
		fields->has_file = value->kind == VALUE_TEXT;
		fields->file = value->text;
	} else if (is_word(name, "line")) {
		fields->has_line = scalar;
		fields->line = *value;
	} else if (is_word(name, "column")) {
		fields->column = *value;
	} else if (is_word(name, "type")) {
		fields->has_type = value->kind == VALUE_TEXT || value->kind == VALUE_NULL;
		fields->type = value->kind == VALUE_TEXT ? value->text : (struct log_text){name.at, 0};
	} else if (value->kind == VALUE_TEXT && read_op(value->text, &fields->op)) {
		fields->has_op = true; /* whatever it is called: "op", "event", … */
	}
}

static bool scan_object(struct scanner *scanner, struct fields *fields)
{
	struct log_text name;
	struct value value;

	if (!take(scanner, '{'))
		return false;
	if (take(scanner, '}'))
		return true;
	do {
		if (!take(scanner, '"') || !scan_text(scanner, &name) || !take(scanner, ':') ||
		    !scan_value(scanner, &value))
			return false;
		set_field(fields, name, &value);
	} while (take(scanner, ','));
	return take(scanner, '}');
}

static bool is_number(const struct value *value, uint64_t *number)
{
	return log_number(value->text.at, value->text.at + value->text.size, number);
}

static bool is_all_digits(struct log_text text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.size > 0;
}

static bool read_place(const struct fields *fields, struct log_key *key)
{
	uint64_t number;

	if (!fields->has_file || !fields->file.size)
		return false;
	if (!fields->has_line)
		return log_place(fields->file, key);
	if (!is_number(&fields->line, &number) || number > UINT32_MAX)
		return false;
	key->file = fields->file;
	key->line = (uint32_t)number;
	if (fields->column.text.size && is_number(&fields->column, &number) && number <= UINT32_MAX)
		key->column = (uint32_t)number;
	return true;
}

enum log_why log_json(const char *at, const char *end, char *scratch, struct log_key *key, struct log_line *line)
{
	struct scanner scanner = {at, end, scratch};
	struct fields fields = {0};

	if (!scan_object(&scanner, &fields))
		return LOG_NO_OBJECT;
	skip_space(&scanner);
	if (scanner.at != end)
		return LOG_NO_OBJECT;
	if (!fields.has_op)
		return LOG_NO_OP;
	line->op = fields.op;
	key->op = fields.op;
	if (!fields.has_size)
		return LOG_NO_SIZE;
	if (!is_number(&fields.size, &line->size))
		return is_all_digits(fields.size.text) ? LOG_HUGE_SIZE : LOG_NO_SIZE;
	if (line->size > LOG_SIZE_MOST)
		return LOG_HUGE_SIZE;
	if (fields.op == LOG_MEMORY)
		return LOG_GOOD;
	if (!fields.has_id || !is_number(&fields.id, &line->id))
		return LOG_NO_ID;
	if (fields.op == LOG_ALLOCATE && !read_place(&fields, key))
		return LOG_NO_PLACE;
	if (!fields.has_type)
		return LOG_NO_TYPE;
	key->type = fields.type;
	return LOG_GOOD;
}
