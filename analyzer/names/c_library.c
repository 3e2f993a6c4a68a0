/*
 * c_library.c: what functions of the C library allocate, by their names; see types_rules.h. It comes without debug
 * information mostly, and strdup's caller would not be asked: it may keep the text in anything.
 */
#include <string.h>
#include <wchar.h>

#include "names/types_rules.h"

#define FILE_LEAST   216             /* bytes: of one without a lock, */
#define FILE_MOST    1024            /* and of one with all that stdio puts behind it */
#define STREAM_BYTES 8192            /* of the buffer of a stream into memory */

static const struct { const char *function, *type; uint64_t size; } makers[] = {
	{"strdup", "char", 1}, {"strndup", "char", 1}, {"wcsdup", "wchar_t", 4}, {"vasprintf", "char", 1},
	{"vasprintf_internal", "char", 1}, {"asprintf", "char", 1}, {"getdelim", "char", 1}, {"getline", "char", 1},
	{"realpath_stk", "char", 1}, {"realpath", "char", 1}, {"canonicalize_file_name", "char", 1},
	{"getcwd", "char", 1}, {"file_doallocate", "char", 1}, {"wfile_doallocate", "wchar_t", 4},
	{"open_memstream", "FILE", 0}, {"open_wmemstream", "FILE", 0}, {"fopen_internal", "FILE", 0},
	{"fopen", "FILE", 0}, {"fopen64", "FILE", 0}, {"fdopen", "FILE", 0}, {"new_fdopen", "FILE", 0}, {"popen", "FILE", 0},
	{"new_popen", "FILE", 0}, {"fmemopen", "FILE", 0},
	{"alloc_dir", "DIR", 0}, {"opendir", "DIR", 0}, {"fdopendir", "DIR", 0}, {"setenv", "char", 1},
	{"add_to_environ", "char", 1}, {"putenv", "char", 1}, {"gaih_inet", "addrinfo", 0},
	{"getaddrinfo", "addrinfo", 0},
};

static bool is_c_library(const struct frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *name = slash ? slash + 1 : "";

	return frame->kind == FRAME_NATIVE && frame->function && (!strncmp(name, "libc.so", 7) || !strncmp(name, "libc-", 5));
}

/* A function that opens a stream makes more than that. */
static bool opened(const char *function, struct block_sizes sizes, struct block_type *answer)
{
	uint64_t each = sizes.blocks ? sizes.bytes / sizes.blocks : 0;
	bool wide = !strcmp(function, "open_wmemstream");

	if (!each || (each >= FILE_LEAST && each <= FILE_MOST))
		return true;
	if (each != STREAM_BYTES || (!wide && strcmp(function, "open_memstream")))
		return false;
	answer->type = wide ? "wchar_t" : "char";
	answer->size = wide ? sizeof(wchar_t) : 1;
	return true;
}

bool c_library(const struct frame *const *frames, size_t count, struct block_sizes sizes, struct block_type *answer)
{
	for (size_t i = 0; i < count && is_c_library(frames[i]); i++) {
		const char *name = frames[i]->function;

		if (!strncmp(name, "__GI_", 5))
			name += 5;
		name += strspn(name, "_");
		if (!strncmp(name, "IO_", 3))
			name += 3;
		for (size_t m = 0; m < sizeof(makers) / sizeof(*makers); m++)
			if (!strcmp(name, makers[m].function)) {
				answer->type = makers[m].type;
				answer->size = makers[m].size;
				if (!strcmp(answer->type, "FILE") && !opened(name, sizes, answer)) {
					*answer = (struct block_type){0};
					return false;
				}
				answer->evidence = "frame: a function of the C library that makes it";
				return true;
			}
	}
	return false;
}
