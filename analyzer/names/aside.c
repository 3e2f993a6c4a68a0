/*
 * aside.c: see aside.h. What lies in /tmp may be another process's, which had the same pid before or after: only a file
 * that was written to while this one ran is taken for its own.
 */
#include "names/aside.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/jitdump.h"
#include "names/perfmap.h"
#include "trace/host.h"
#include "util.h"

#define MOST_BYTES (256u << 20)     /* of an original; what is larger the library does not keep either */
#define LAG_NS     20000000u        /* that files' times may lie behind the clock's: a timer tick */
#define FLUSH_NS   10000000000u     /* after its end was recorded a process may still write what it has buffered */

static const char *const endings[ASIDE_KINDS] = {[ASIDE_JITDUMP] = ".jitdump", [ASIDE_PERF_MAP] = ".perf-map"};

static uint64_t end_of(const struct process_info *process)
{
	const struct trace_process *header = &process->header;
	double ns;

	if (header->end == TRACE_END_NONE || header->end_tick < header->anchor[0].tick)
		return UINT64_MAX;
	ns = (double)(header->end_tick - header->anchor[0].tick) * process->ns_per_tick;
	return ns < 1e18 ? header->realtime_ns + (uint64_t)ns : UINT64_MAX;
}

/* When a later process or image began that has the same pid. */
static uint64_t next_of(const struct recording *recording, const struct process_info *process)
{
	const struct trace_process *header = &process->header, *other;
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < recording->process_count; i++) {
		other = &recording->processes[i].header;
		if (other->pid == header->pid && other->pid_namespace == header->pid_namespace &&
		    other->realtime_ns > header->realtime_ns && other->realtime_ns < next)
			next = other->realtime_ns;
	}
	return next;
}

static bool is_here(const struct trace_process *header)
{
	uint64_t now;

	if (!header->realtime_ns || !host_same_boot(header) || !host_same_pids(header))
		return false;
	now = host_start_ticks(header->pid);
	return !now || now == header->start_ticks;
}

static bool is_own(const struct recording *recording, const struct process_info *process, const struct stat *status)
{
	uint64_t changed = (uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec;
	uint64_t end = end_of(process);

	return S_ISREG(status->st_mode) && status->st_uid == process->header.uid &&
	       changed + LAG_NS >= process->header.realtime_ns && changed < next_of(recording, process) &&
	       (end > UINT64_MAX - FLUSH_NS || changed <= end + FLUSH_NS);
}

/* Reads a file, since nobody holds back who may cut it while it is mapped. Empty if it cannot be had. */
static struct bytes read_original(const struct recording *recording, const struct process_info *process,
                                  const char *path)
{
	/* O_NONBLOCK: a pipe of that name must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct bytes bytes = {0};
	struct stat status;
	uint8_t *data;
	ssize_t n;

	if (fd < 0)
		return bytes;
	if (fstat(fd, &status) == 0 && is_own(recording, process, &status) && status.st_size > 0 &&
	    status.st_size <= MOST_BYTES) {
		data = xmalloc((size_t)status.st_size);
		while (bytes.size < (size_t)status.st_size &&
		       (n = read(fd, data + bytes.size, (size_t)status.st_size - bytes.size)) > 0)
			bytes.size += (size_t)n;
		bytes.data = data;
	}
	close(fd);
	return bytes;
}

static struct bytes map_copy(const struct recording *recording, const struct process_info *process,
                             enum aside_kind kind)
{
	int dir = open(recording->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *name = xasprintf("%s%s", process->stem, endings[kind]);
	struct bytes bytes = {0};

	if (dir >= 0) {
		file_map(dir, name, &bytes);
		close(dir);
	}
	free(name);
	return bytes;
}

static void parse(struct jitcodes *codes, const struct process_info *process, enum aside_kind kind, struct bytes bytes)
{
	if (kind == ASIDE_JITDUMP)
		jitdump_read(codes, bytes, process->header.pid);
	else
		perfmap_read(codes, bytes);
}

/* The original, if it is the copy with more behind: what was still in a buffer when the process began to end. */
static bool read_longer(struct jitcodes *codes, const struct recording *recording, const struct process_info *process,
                        enum aside_kind kind, const char *path, struct bytes copy)
{
	struct bytes original = read_original(recording, process, path);
	bool longer = original.size > copy.size && (!copy.size || memcmp(original.data, copy.data, copy.size) == 0);

	if (longer)
		parse(codes, process, kind, original);
	free((void *)(uintptr_t)original.data);
	return longer;
}

static void seek(struct aside *aside, const struct recording *recording, const struct process_info *process)
{
	char *perf_map = xasprintf("/tmp/perf-%" PRIu32 ".map", process->header.pid);
	const char *paths[ASIDE_KINDS] = {
		[ASIDE_JITDUMP] = process->jitdump_count ? process->jitdumps[0] : NULL,
		[ASIDE_PERF_MAP] = perf_map,
	};
	bool here = is_here(&process->header);

	aside->sought = true;
	for (enum aside_kind kind = 0; kind < ASIDE_KINDS; kind++) {
		struct bytes copy = map_copy(recording, process, kind);

		if (!here || !paths[kind] ||
		    !read_longer(&aside->files[kind], recording, process, kind, paths[kind], copy))
			parse(&aside->files[kind], process, kind, copy);
		file_unmap(&copy);
		jitcodes_build(&aside->files[kind]);
	}
	free(perf_map);
}

enum jitcode_answer aside_find(struct aside *aside, const struct recording *recording,
                               const struct process_info *process, uint64_t address, struct jitcode_place *place,
                               enum aside_kind *kind)
{
	if (!aside->sought)
		seek(aside, recording, process);
	for (*kind = 0; *kind < ASIDE_KINDS; (*kind)++) {
		enum jitcode_answer answer = jitcodes_find(&aside->files[*kind], address, place);

		aside->twice[*kind] += answer == JITCODE_TWO;
		if (answer != JITCODE_NONE)
			return answer;
	}
	return JITCODE_NONE;
}

void aside_free(struct aside *aside)
{
	for (enum aside_kind kind = 0; kind < ASIDE_KINDS; kind++)
		jitcodes_free(&aside->files[kind]);
	*aside = (struct aside){0};
}

const char *aside_module(enum aside_kind kind)
{
	return kind == ASIDE_JITDUMP ? "[jitdump]" : "[perf map]";
}

char *aside_problem(const struct aside *aside, const struct process_info *process, enum aside_kind kind)
{
	const struct jitcodes *file = &aside->files[kind];
	const char *ending = kind == ASIDE_JITDUMP ? "dump" : "map", *stem = kind == ASIDE_JITDUMP ? "jit" : "perf";
	uint32_t pid = process->header.pid;

	if (file->unusable)
		return xasprintf("%s-%" PRIu32 ".%s is of another kind or version, or has too much in it, so its "
		                 "functions have no names", stem, pid, ending);
	if (aside->twice[kind])
		return xasprintf("%" PRIu64 " %s named twice in %s-%" PRIu32 ".%s, so %s no name",
		                 aside->twice[kind], aside->twice[kind] == 1 ? "address is" : "addresses are", stem,
		                 pid, ending, aside->twice[kind] == 1 ? "it has" : "they have");
	if (file->damaged)
		return xasprintf("%" PRIu64 " %s of %s-%" PRIu32 ".%s %s damaged, so functions may have no names",
		                 file->damaged, file->damaged == 1 ? "line" : "lines", stem, pid, ending,
		                 file->damaged == 1 ? "is" : "are");
	return NULL;
}
