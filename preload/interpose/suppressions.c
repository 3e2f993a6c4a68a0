/*
 * suppressions.c: what the program's __lsan_default_suppressions returns; see suppressions.h.
 *
 * LeakSanitizer calls it when it looks for leaks, at exit; we do right before main, where constructors have run and no
 * thread of main's can be in its way. It is the program's code: it may allocate, and then does so in the recording.
 */
#include "interpose/suppressions.h"

#include <errno.h>
#include <string.h>

#define PIECE     8192           /* bytes of a record's text at most */
#define TEXT_MOST (1u << 20)     /* bytes that are looked at: the text may have no end */

/* Weak, and not looked for by dlsym: see node/isolates.c. The program must export it (-rdynamic), or a library does. */
extern const char *__lsan_default_suppressions(void) __attribute__((weak));

/* Whole lines: half a pattern would match more than the whole. */
static size_t whole_lines(const char *text, size_t length)
{
	const char *newline;

	if (length <= PIECE)
		return length;
	newline = memrchr(text, '\n', PIECE);
	return newline ? (size_t)(newline + 1 - text) : 0;
}

void suppressions_record(void)
{
	const char *text, *newline;
	int error = errno;
	size_t length;

	if (!__lsan_default_suppressions || !process_start() || process_is_borrowed())
		return;
	text = __lsan_default_suppressions();
	length = text ? strnlen(text, TEXT_MOST) : 0;
	if (length == TEXT_MOST) {
		newline = memrchr(text, '\n', length);
		length = newline ? (size_t)(newline - text) : 0;
		meta_warn("of the program's own suppressions only the first MiB was read");
	}
	while (length) {
		size_t piece = whole_lines(text, length);

		if (piece) {
			meta_write(TRACE_RECORD_SUPPRESSIONS, text, piece, NULL, 0);
		} else {
			newline = memchr(text, '\n', length);
			piece = newline ? (size_t)(newline + 1 - text) : length;
			meta_warn("a line of the program's own suppressions is too long and was left out");
		}
		text += piece;
		length -= piece;
	}
	errno = error;
}
