/*
 * scripttext.h: the text of a script, to see whether a function is where V8 says. Lines and columns count from 1; columns
 * are UTF-16 units.
 */
#ifndef PROBE_NAMES_SCRIPTTEXT_H
#define PROBE_NAMES_SCRIPTTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scripttext {           /* all zero: there is none */
	char     *text;           /* NUL-terminated; owned */
	size_t    size;           /* bytes */
	size_t   *lines;          /* offsets of their starts; made by scripttext_lines; owned */
	size_t    line_count;
	bool      ascii;          /* a column is a byte */
};

void scripttext_lines(struct scripttext *script);
void scripttext_free(struct scripttext *script);

/* Is the "(" of the function there, and its name (unless NULL) right before it? After scripttext_lines. */
bool scripttext_has(const struct scripttext *script, const char *function, uint32_t line, uint32_t column);

/*
 * Can a function begin there? Names that V8 made up of where it is assigned to need not stand right before it, but near.
 */
bool scripttext_could_have(const struct scripttext *script, const char *function, uint32_t line, uint32_t column);

#endif
