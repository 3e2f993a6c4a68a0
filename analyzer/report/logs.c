/* logs.c: see logs.h. */
#include "report/logs.h"

#include "report/human.h"
#include "util.h"

/* Sizes of memory are of whole pages, and allocators add some: more than a tenth apart is not the same any more. */
#define EQUAL 1.1
#define MUCH  2.0

enum log_fit log_fit(const struct logged *logged)
{
	double sum = (double)logged->live_bytes, growth = (double)logged->record.growth;

	if (!logged->record.flags)
		return LOG_FIT_UNKNOWN;
	if (growth <= 0)
		return sum > 0 ? LOG_FIT_MUCH_LARGER : LOG_FIT_EQUAL;
	if (sum > growth * MUCH)
		return LOG_FIT_MUCH_LARGER;
	if (sum > growth * EQUAL)
		return LOG_FIT_LARGER;
	if (sum * EQUAL >= growth)
		return LOG_FIT_EQUAL;
	return sum * MUCH >= growth ? LOG_FIT_SMALLER : LOG_FIT_MUCH_SMALLER;
}

const char *log_fit_name(enum log_fit fit)
{
	static const char *const names[] = {
		[LOG_FIT_UNKNOWN] = NULL, [LOG_FIT_MUCH_LARGER] = "much-larger", [LOG_FIT_LARGER] = "larger",
		[LOG_FIT_EQUAL] = "equal", [LOG_FIT_SMALLER] = "smaller", [LOG_FIT_MUCH_SMALLER] = "much-smaller",
	};

	return names[fit];
}

const char *log_fit_suggests(enum log_fit fit)
{
	static const char larger[] =
		"Memory never held that much more: some of these blocks were freed without a DROP line, their lines were "
		"lost, or several types count the same bytes. Trust the order of the types, not the sums.";
	static const char smaller[] =
		"The rest of the growth is elsewhere: in types that no line tells of, in what an object owns beside its own "
		"bytes (the buffer of a Vec or a String), or in memory that the allocator keeps after it was freed.";

	switch (fit) {
	case LOG_FIT_MUCH_LARGER:
	case LOG_FIT_LARGER:
		return larger;
	case LOG_FIT_EQUAL:
		return "What was not dropped explains the growth.";
	case LOG_FIT_SMALLER:
	case LOG_FIT_MUCH_SMALLER:
		return smaller;
	default:
		return "How much memory grew is not known: log '@ MEMORY bytes' at the beginning and at the end, or import with "
		       "--observed-growth, and this report compares.";
	}
}

size_t view_logs(const struct view *view)
{
	size_t count = 0;

	for (size_t i = 0; i < view->process_count; i++)
		count += view->processes[i].info->logged != NULL;
	return count;
}

struct logged view_log_sum(const struct view *view)
{
	struct logged sum = {0};

	for (size_t i = 0; i < view->process_count; i++) {
		const struct logged *logged = view->processes[i].info->logged;

		if (!logged)
			continue;
		sum.allocs += logged->allocs;
		sum.drops += logged->drops;
		sum.bytes_allocated += logged->bytes_allocated;
		sum.live_blocks += logged->live_blocks;
		sum.live_bytes += logged->live_bytes;
		sum.record.lines += logged->record.lines;
		sum.record.records += logged->record.records;
		sum.record.late_allocs += logged->record.late_allocs;
		if (logged->peak_bytes > sum.peak_bytes)
			sum.peak_bytes = logged->peak_bytes;
	}
	return sum;
}

char *log_growth_text(int64_t bytes)
{
	return xasprintf("%s%s", bytes < 0 ? "-" : "", BYTES(bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes));
}
