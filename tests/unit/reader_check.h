/* reader_check.h: what the reader's tests share. */
#ifndef READER_CHECK_H
#define READER_CHECK_H

#include <stdint.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/*
 * xorshift64*: the same numbers in every run, so that a failure can be repeated. The upper half, since the lowest
 * bits of successive numbers depend on each other.
 */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state * 0x2545f4914f6cdd1d) >> 32 | *state << 32;
}

#endif
