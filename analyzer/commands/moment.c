/* moment.c: the peak of several processes is that of their sum; see commands.h. Reads the recording once more. */
#include "commands/commands.h"
#include "report/hot.h"
#include "trace/recording.h"

struct hot_moment moment_take(const struct view *view, const struct recording_churn *counted)
{
	struct recording_churn churn = {.domain = counted->domain, .threads = counted->threads,
	                                .thread_count = counted->thread_count};
	struct hot_moment none = {0}, moment = none;
	struct recording *at;

	if (view->input_count == 1 && view->process_count > 1)
		moment = hot_moment(view);
	if (!moment.at_ns)
		return none;
	churn.at_ns = moment.at_ns;
	at = recording_open_churn(view->inputs[0].recording->dir, &churn);
	if (!at)
		return none;
	hot_take_moment(view, at, moment.at_ns);
	recording_close(at);
	return moment;
}
