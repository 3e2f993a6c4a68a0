/*
 * file.h: a file of a recording as bytes in memory. Everything above works on struct bytes alone, so that a test or
 * a fuzzer can hand it any bytes.
 */
#ifndef PROBE_FILE_H
#define PROBE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *data;     /* aligned to 8; NULL if size is 0 */
	size_t   size;           /* bytes, as the file stood when it was mapped */
	bool     mapped;         /* it is a file's */
};

/* Maps `name` in the directory `dir`, read-only. False, with errno, if it is no regular file or cannot be read. */
bool file_map(int dir, const char *name, struct bytes *bytes);
void file_unmap(struct bytes *bytes);
/* These bytes are not looked at again soon: a mapped file does not keep them in memory. */
void file_forget(struct bytes bytes, size_t from, size_t size);

#endif
