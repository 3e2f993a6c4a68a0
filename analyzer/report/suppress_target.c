/* suppress_target.c: whose own suppressions hold for which process of a view; see suppress.h. Reads the model. */
#include <string.h>

#include "report/suppress.h"

/* Itself, or one that it was forked from: it has that one's memory. NULL: none says anything. */
static const struct process_info *find_suppressor(const struct recording *recording, const struct process_info *info)
{
	for (size_t steps = 0; steps < recording->process_count; steps++) {
		if (info->suppression_count)
			return info;
		if (!info->forked || info->parent.index >= recording->process_count)
			break;
		info = &recording->processes[info->parent.index];
	}
	return NULL;
}

static bool say_the_same(const struct process_info *a, const struct process_info *b)
{
	bool same = a == b || a->suppression_count == b->suppression_count;

	for (size_t i = 0; same && a != b && i < a->suppression_count; i++)
		same = !strcmp(a->suppressions[i], b->suppressions[i]);
	return same;
}

/* What several processes say in the same words is one list, so that their sites are joined. */
void suppressions_add_targets(struct suppressions *suppressions, struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
		struct view_process *process = &view->processes[i];
		bool known = false;

		process->suppressor = find_suppressor(process->input->recording, process->info);
		for (size_t j = 0; process->suppressor && !known && j < i; j++) {
			const struct process_info *other = view->processes[j].suppressor;

			known = other && say_the_same(process->suppressor, other);
			process->suppressor = known ? other : process->suppressor;
		}
		if (process->suppressor && !known)
			suppressions_add_target(suppressions, process->suppressor);
	}
}
