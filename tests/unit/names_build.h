/*
 * names_build.h: a scratch folder, programs built in it, and what binutils says about them.
 */
#ifndef NAMES_BUILD_H
#define NAMES_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCES TESTS_DIR "/fixtures/names"

/* A new folder; its path without a slash at the end. Removed by build_remove. */
char *build_folder(void);
void build_remove(char *folder);

/* Runs a shell command; the test fails if the command does. */
void build(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Output of a shell command, to be freed. */
char *build_output(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The call instructions of a program: the address of the last byte of each. */
struct calls {
	uint64_t *addresses;      /* vaddrs; owned */
	size_t    count;
};

struct calls build_calls(const char *path);

/* What another tool says: `tool` is addr2line or one with the same options and output. */
struct truth {                /* one frame */
	uint64_t  address;        /* vaddr */
	char     *function;       /* "??" unknown; owned by text, as is file */
	char     *file;           /* "??" unknown */
	uint32_t  line;           /* 0 unknown */
	bool      inlined;        /* into the next frame */
};

struct truths {
	struct truth *items;      /* in the order of the addresses, innermost first; owned */
	size_t    count;
	char     *text;           /* owned */
};

struct truths build_truths(const char *tool, const char *folder, const char *path, const struct calls *calls);
void build_truths_free(struct truths *truths);

#endif
