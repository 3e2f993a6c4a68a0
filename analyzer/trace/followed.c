/*
 * followed.c: which programs were started and left no recording, and why; see image.h. Parents tell of each child
 * that they make (CHILD) and of each program that they or a child of theirs try to become (EXEC).
 */
#include <inttypes.h>
#include <stdlib.h>

#include "trace/array.h"
#include "trace/image.h"

#define EXAMPLES_MOST 16

/* What one process noted about one pid: the last of each kind. */
struct start {
	uint32_t pid;            /* of the child, or of the process itself */
	uint32_t order;          /* of the note, among its process's */
	const struct child_note *note; /* CHILD or EXEC */
};

static int by_pid(const void *left, const void *right)
{
	const struct start *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static int by_host_and_pid(const void *left, const void *right)
{
	const struct image *a = *(const struct image *const *)left, *b = *(const struct image *const *)right;
	const struct trace_process *x = &a->process->header, *y = &b->process->header;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->start_ticks > y->start_ticks) - (x->start_ticks < y->start_ticks);
}

/* Has `pid` left a recording: a child of `image`, or, for its own pid, its next image? */
static bool is_recorded(const struct image **sorted, size_t count, const struct image *image, uint32_t pid)
{
	const struct trace_process *own = &image->process->header;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct image *other = sorted[middle];

		if (other->host < image->host || (other->host == image->host && other->process->header.pid < pid))
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && sorted[low]->host == image->host && sorted[low]->process->header.pid == pid; low++) {
		const struct trace_process *header = &sorted[low]->process->header;

		if (pid == own->pid ? header->start_ticks == own->start_ticks && header->image > own->image
		                    : header->start_ticks >= own->start_ticks)
			return true;
	}
	return false;
}

static const char *reason(uint32_t how)
{
	switch (how) {
	case TRACE_STATIC:
		return "it is statically linked";
	case TRACE_SETUID:
		return "it is setuid, setgid or has capabilities, and the loader then preloads nothing";
	case TRACE_OTHER_LIBC:
		return "it uses another libc";
	case TRACE_OTHER_CLASS:
		return "it is for another kind of machine";
	case TRACE_UNREACHABLE:
		return "libprobe.so cannot be reached from there";
	case TRACE_SANITIZED:
		return "it is built with a sanitizer, whose runtime must come first";
	case TRACE_FILTERED:
		return "it began under a seccomp filter, which may forbid what recording needs";
	case TRACE_NOT_ASKED:
		return "PROBE_FOLLOW=0";
	}
	return "it left no recording";
}

static void report(struct finding **finding, const struct image *image, const struct start *start, const char *path,
	const char *why)
{
	const char *stem = image->process->stem;

	if (!*finding) {
		*finding = xcalloc(1, sizeof **finding);
		(*finding)->kind = xstrdup("not-followed");
	}
	(*finding)->count++;
	if ((*finding)->example_count >= EXAMPLES_MOST)
		return;
	array_room((*finding)->examples, (*finding)->example_count);
	(*finding)->examples[(*finding)->example_count++] =
		start->pid ? xasprintf("%s (pid %" PRIu32 ", started by %s): %s", path, start->pid, stem, why)
		           : xasprintf("%s (started by %s): %s", path, stem, why);
}

/* All notes about one pid: starts[0 .. count). */
static void check_pid(struct finding **finding, const struct image **sorted, size_t images, const struct image *image,
	const struct start *starts, size_t count)
{
	const struct start *child = NULL, *tried = NULL;
	bool failed = false;

	for (size_t i = 0; i < count; i++) {
		const struct child_note *note = starts[i].note;

		if (note->type == TRACE_RECORD_CHILD) {
			child = &starts[i];
			continue;
		}
		/* An attempt is noted before it is made, and once more if it failed. */
		failed = note->child.status != 0;
		tried = failed ? NULL : &starts[i];
		if (tried && starts[i].pid == 0 && note->child.how != TRACE_FOLLOWED)
			report(finding, image, tried, note->path, reason(note->child.how));
	}
	if (starts[0].pid == 0 || is_recorded(sorted, images, image, starts[0].pid))
		return;
	if (tried)
		report(finding, image, tried, tried->note->path, reason(tried->note->child.how));
	else if (child && child->note->child.how != TRACE_HOW_VFORK && !failed)
		report(finding, image, child,
		       child->note->child.how == TRACE_HOW_SPAWN ? "a program" : image->process->exe, reason(0));
}

struct finding *followed_check(const struct image *images, size_t count)
{
	const struct image **sorted = xcalloc(count, sizeof *sorted);
	struct finding *finding = NULL;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &images[i];
	qsort(sorted, count, sizeof *sorted, by_host_and_pid);
	for (size_t i = 0; i < count; i++) {
		const struct process_info *process = images[i].process;
		struct start *starts = xcalloc(process->child_count, sizeof *starts);
		size_t start_count = 0, to;

		for (size_t j = 0; j < process->child_count; j++)
			if (process->children[j].type != TRACE_RECORD_WAITED)
				starts[start_count++] = (struct start){process->children[j].child.pid, (uint32_t)j,
				                                       &process->children[j]};
		if (start_count)
			qsort(starts, start_count, sizeof *starts, by_pid);
		for (size_t from = 0; from < start_count; from = to) {
			for (to = from; to < start_count && starts[to].pid == starts[from].pid; to++)
				;
			check_pid(&finding, sorted, count, &images[i], starts + from, to - from);
		}
		free(starts);
	}
	free(sorted);
	return finding;
}
