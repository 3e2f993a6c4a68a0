/* grown.c: see grown.h. */
#include "report/grown.h"

static void finish_process(struct grown *grown)
{
	struct growth growth;

	if (!grown->process)
		return;
	if (grown->sites == 1)
		growth = grown->only->live_blocks || grown->only->garbage.kept_blocks ? grown->only->growth : (struct growth){0};
	else
		growth = grown->sum.end_blocks ? history_sum_judge(&grown->sum) : (struct growth){0};
	growth_join(&grown->growth, &growth);
	grown->process = NULL;
}

void grown_add(struct grown *grown, const struct process_info *process, const struct site *site)
{
	if (grown->process != process) {
		finish_process(grown);
		grown->process = process;
		grown->only = site;
		grown->sites = 0;
	}
	if (++grown->sites == 2) {
		history_sum_begin(&grown->sum, process);
		history_sum_add(&grown->sum, grown->only);
	}
	if (grown->sites > 1)
		history_sum_add(&grown->sum, site);
}

struct growth grown_end(struct grown *grown)
{
	struct growth growth;

	finish_process(grown);
	growth = grown->growth;
	grown->growth = (struct growth){0};
	return growth;
}
