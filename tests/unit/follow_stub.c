/* follow_stub.c: the parts of libprobe.so that following leans on, without the parts. */
#include <dlfcn.h>
#include <string.h>

#include "follow_stub.h"
#include "interpose/next.h"
#include "library.h"

struct library library;
struct process *process;
bool stub_borrowed;

void stub_library(void)
{
	memset(&library, 0, sizeof(library));
	library.ready = true;
	library.follow = true;
	library.dir_fd = -1;
	strcpy(library.path, STUB_LIBRARY);
	strcpy(library.dir, STUB_OUT);
	stub_borrowed = false;
}

bool process_is_borrowed(void)
{
	return stub_borrowed;
}

void *next_symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

void meta_write(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size)
{
	(void)type, (void)head, (void)head_size, (void)tail, (void)tail_size;
}
