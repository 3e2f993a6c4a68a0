/* record_stub.c: see record_stub.h. */
#include "record_stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpu/cpu.h"
#include "interpose/next.h"
#include "record/area.h"
#include "record/drain.h"
#include "record/meta.h"
#include "record/ring.h"
#include "record/thread.h"

struct library library = {.block_stacks = true};

bool process_start(void)
{
	return true;
}

bool process_is_borrowed(void)
{
	return false;
}

/* The birth's own number, from its size: what is read back can be checked event by event. */
uint32_t stack_capture(struct thread *thread, struct lane *lane, struct stack_start at)
{
	(void)thread, (void)lane;
	return (uint32_t)at.pc;
}

const char *record_stub_start(void)
{
	static char directory[] = "/tmp/probe-record-XXXXXX";
	struct stat status;
	uint32_t image;

	if (!mkdtemp(directory) || stat(directory, &status) < 0 || !memory_start())
		abort();
	library.ready = true;
	library.dir_fd = -1;
	library.dir_device = status.st_dev;
	library.dir_inode = status.st_ino;
	snprintf(library.dir, sizeof(library.dir), "%s", directory);
	process->pid = (uint32_t)getpid();
	if (area_start("1-1-00000001", &image) < 0 || !meta_start() || !ring_start() || !thread_start() ||
	    !drain_start())
		abort();
	process->header = area_header();
	process->live = PROCESS_LIVE;
	drain_step_aside();
	return directory;
}

void record_stub_end(void)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf %s", library.dir);
	if (system(command) != 0)
		abort();
}

/* What the tests set: modules.c needs a loader that it listens to. */
struct module_parts record_stub_modules[2];
uint32_t record_stub_module_count;

uint32_t modules_parts(struct module_parts *parts, uint32_t most, uint32_t *unloaded)
{
	*unloaded = 0;
	for (uint32_t i = 0; i < record_stub_module_count && i < most; i++)
		parts[i] = record_stub_modules[i];
	return record_stub_module_count;
}

bool next_is_libc(void)
{
	return true;
}

/* No timers. */
void cpu_thread_begins(struct thread *thread)
{
	(void)thread;
}

void cpu_thread_gone(struct thread *thread)
{
	(void)thread;
}
