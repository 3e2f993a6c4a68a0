/*
 * family.c: how each image ended, which process made it, and whose blocks it inherited; see image.h. A host is known
 * by its hash in the STEM, so that an image whose header was never finished has its place too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "trace/array.h"
#include "trace/host.h"
#include "trace/image.h"

/* CHILD and WAITED notes of all processes, to be found by pid. */
struct note {
	uint32_t host;           /* of who noted */
	uint32_t image;          /* index of who noted */
	const struct child_note *note; /* what */
};

struct notes {
	struct note *list;       size_t count; /* by type, host, pid, tick; owned */
};

static int compare_notes(const void *left, const void *right)
{
	const struct note *a = left, *b = right;

	if (a->note->type != b->note->type)
		return a->note->type < b->note->type ? -1 : 1;
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if (a->note->child.pid != b->note->child.pid)
		return a->note->child.pid < b->note->child.pid ? -1 : 1;
	return (a->note->tick > b->note->tick) - (a->note->tick < b->note->tick);
}

static struct notes collect_notes(const struct image *images, size_t count)
{
	struct notes notes = {0};

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < images[i].process->child_count; j++) {
			const struct child_note *note = &images[i].process->children[j];

			if (note->type == TRACE_RECORD_EXEC || note->child.pid == 0)
				continue;
			array_room(notes.list, notes.count);
			notes.list[notes.count++] = (struct note){images[i].host, (uint32_t)i, note};
		}
	if (notes.count)
		qsort(notes.list, notes.count, sizeof *notes.list, compare_notes);
	return notes;
}

/* The first note of the type about the process `image`, at or after `tick`; one past the last if there is none. */
static size_t find_note(const struct notes *notes, uint16_t type, const struct image *image, uint64_t tick)
{
	struct child_note note = {.type = type, .child = {.pid = image->process->header.pid}, .tick = tick};
	struct note wanted = {image->host, 0, &note};
	size_t low = 0, high = notes->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_notes(&notes->list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_about(const struct notes *notes, size_t at, uint16_t type, const struct image *image)
{
	return at < notes->count && notes->list[at].note->type == type && notes->list[at].host == image->host &&
	       notes->list[at].note->child.pid == image->process->header.pid;
}

/* ---- who is who ---- */

static int compare_identity(const struct image *a, const struct image *b)
{
	const struct trace_process *x = &a->process->header, *y = &b->process->header;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->start_ticks != y->start_ticks)
		return x->start_ticks < y->start_ticks ? -1 : 1;
	return 0;
}

static int by_identity(const void *left, const void *right)
{
	const struct image *a = *(struct image *const *)left, *b = *(struct image *const *)right;
	int order = compare_identity(a, b);

	if (order)
		return order;
	return (a->process->header.image > b->process->header.image) -
	       (a->process->header.image < b->process->header.image);
}

/* Of the process (host, pid, start) the image that ran at `tick`; NULL if it was not recorded. */
static struct image *find_image(struct image **sorted, size_t count, uint32_t host, uint32_t pid, uint64_t start,
	uint64_t tick)
{
	struct process_info process = {.header = {.pid = pid, .start_ticks = start}};
	struct image wanted = {.host = host, .process = &process}, *found;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_identity(sorted[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || compare_identity(sorted[low], &wanted) != 0)
		return NULL;
	for (found = sorted[low]; ++low < count && compare_identity(sorted[low], &wanted) == 0; found = sorted[low])
		if (sorted[low]->process->header.anchor[0].tick > tick)
			break;
	return found;
}

/* ---- ends ---- */

/* Is that very process alive on this machine, as far as can be seen from here? */
static bool is_running(const struct trace_process *header)
{
	return host_same_boot(header) && host_start_ticks(header->pid) == header->start_ticks && header->start_ticks;
}

static void find_end(const struct image *image, bool newest, const struct notes *notes)
{
	struct process_info *process = image->process;
	const struct trace_process *header = &process->header;

	process->status = 0;
	if (header->end == TRACE_END_EXIT) {
		process->end = END_EXIT;
		process->status = header->end_status & 0xff;
		return;
	}
	if (header->end == TRACE_END_EXEC || !newest) {
		process->end = END_EXEC;
		return;
	}
	for (size_t at = find_note(notes, TRACE_RECORD_WAITED, image, header->anchor[0].tick);
	     is_about(notes, at, TRACE_RECORD_WAITED, image); at++) {
		int status = notes->list[at].note->child.status;

		if (WIFEXITED(status)) {
			process->end = END_EXIT;
			process->status = WEXITSTATUS(status);
			return;
		}
		if (WIFSIGNALED(status)) {
			process->end = END_SIGNAL;
			process->status = WTERMSIG(status);
			return;
		}
	}
	process->end = image->known && is_running(header) ? END_RUNNING : END_KILLED;
}

/* ---- parents ---- */

static struct image *find_parent(struct image *images, struct image **sorted, size_t count,
	const struct notes *notes, const struct image *image)
{
	const struct trace_process *header = &image->process->header;
	bool forked = image->process->forked;
	uint64_t tick = forked ? header->fork_before : header->anchor[0].tick;
	struct image *parent = NULL, *found = NULL;

	if (header->parent_pid && header->parent_start_ticks)
		parent = find_image(sorted, count, image->host, header->parent_pid, header->parent_start_ticks, tick);
	if (parent)
		return parent;
	/* The parent may have died before the child could ask who it is; then the parent's own word counts. */
	for (size_t at = find_note(notes, TRACE_RECORD_CHILD, image, 0);
	     is_about(notes, at, TRACE_RECORD_CHILD, image); at++) {
		struct image *other = &images[notes->list[at].image];

		if (other->process->header.start_ticks > header->start_ticks)
			continue;
		/* A pid may have been used twice: the last parent before us, or the first, if clocks do not tell. */
		if (!found || notes->list[at].note->tick <= header->anchor[0].tick)
			found = other;
	}
	return found;
}

/* Would `child` inherit from itself through `parent`? Only files that lie can say so. */
static bool would_circle(const struct image *child, const struct image *parent)
{
	const struct inherit *above = &parent->inherit;

	while (above && above != &child->inherit)
		above = above->parent;
	return above != NULL;
}

void family_link(struct image *images, size_t count)
{
	struct image **sorted = xcalloc(count, sizeof *sorted);
	struct notes notes = collect_notes(images, count);

	for (size_t i = 0; i < count; i++)
		sorted[i] = &images[i];
	qsort(sorted, count, sizeof *sorted, by_identity);
	for (size_t i = 0; i < count; i++) {
		bool newest = i + 1 == count || compare_identity(sorted[i], sorted[i + 1]) != 0;
		struct process_info *process = sorted[i]->process;
		struct image *parent;

		/* An image after an exec has nothing of its parent's. */
		process->forked = (process->header.flags & TRACE_PROCESS_FORKED) && process->header.image == 0;
		find_end(sorted[i], newest, &notes);
		parent = find_parent(images, sorted, count, &notes, sorted[i]);
		if (!parent || parent == sorted[i])
			continue;
		process->parent.index = (uint32_t)(parent - images);
		if (process->forked && !would_circle(sorted[i], parent))
			inherit_link(&sorted[i]->inherit, &parent->inherit, process->header.fork_before,
			             process->header.fork_after);
	}
	free(sorted);
	free(notes.list);
}
