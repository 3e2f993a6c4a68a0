/* hot_cpu.c: how much CPU time was sampled, of what a process took, and at what cost; see hot.h. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "report/hot.h"
#include "report/human.h"
#include "report/json_rows.h"
#include "report/usage.h"
#include "util.h"

static const char *const keys[TRACE_CPU_KINDS] = {
	[TRACE_CPU_TIME] = "cpu_ns", [TRACE_CPU_INSTRUCTIONS] = "instructions", [TRACE_CPU_CYCLES] = "cycles",
	[TRACE_CPU_CACHE_MISSES] = "cache_misses", [TRACE_CPU_PAGE_FAULTS] = "page_faults",
};

struct hot_cpu hot_cpu_sums(const struct view *view, const struct hot_options *options)
{
	struct hot_cpu sums = {.whole = !options->from && !options->to && !options->thread_count};

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;
		struct trace_usage usage;

		if (!info->cpu || !info->cpu->taken)
			continue;
		sums.processes++;
		sums.samples += info->cpu->taken;
		sums.handlers_ns += info->cpu->handlers_ns;
		for (int kind = 0; kind < TRACE_CPU_KINDS; kind++) {
			sums.amounts[kind] += info->cpu->amounts[kind];
			sums.counted[kind] |= cpu_counts(info->cpu, (enum trace_cpu)kind);
		}
		if (info->cpu->sampling.period_ns && (!sums.period_ns || info->cpu->sampling.period_ns < sums.period_ns))
			sums.period_ns = info->cpu->sampling.period_ns;
		sums.whole &= usage_of(view, &view->processes[i], &usage);
		sums.user_ns += usage.user_us * 1000;
		sums.system_ns += usage.system_us * 1000;
	}
	sums.whole &= sums.processes > 0;
	return sums;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void put_sum(const struct page *page, const struct hot *hot, const struct hot_cpu *sums, const char *process)
{
	uint64_t time = sums->amounts[TRACE_CPU_TIME], value = hot_value(&hot->all, hot->options->by);
	uint64_t took = sums->user_ns + sums->system_ns;
	char *what = hot->options->by == HOT_CPU ? NULL : xasprintf("%s %s in ", COUNT(value),
		hot->options->by == HOT_CYCLES ? PLURAL(value, "cycle", "cycles") :
		hot->options->by == HOT_INSTRUCTIONS ? PLURAL(value, "instruction", "instructions") :
		hot->options->by == HOT_CACHE_MISSES ? PLURAL(value, "cache miss", "cache misses") :
		PLURAL(value, "page fault", "page faults"));
	char *text = xasprintf("%s: %s%s of CPU time in %s %s", process, what ? what : "", TIME(time), COUNT(sums->samples),
	                       PLURAL(sums->samples, "sample", "samples"));
	char *sentence = sums->whole ? xasprintf("%s, %s of the %s that %s took: %s user, %s system.", text, SHARE(time, took),
	                                         TIME(took), sums->processes == 1 ? "it" : "they", TIME(sums->user_ns),
	                                         TIME(sums->system_ns))
	                             : xasprintf("%s.", text);

	page_words(page, 0, 0, STYLE_BOLD, sentence);
	free(sentence);
	free(text);
	free(what);
}

/* "1,204 instructions, 602 cycles (2.00 instructions per cycle), 3 cache misses"; NULL: nothing was counted. */
static char *counters(const struct hot_cpu *sums)
{
	static const char *const names[TRACE_CPU_KINDS] = {
		[TRACE_CPU_INSTRUCTIONS] = "instructions", [TRACE_CPU_CYCLES] = "cycles",
		[TRACE_CPU_CACHE_MISSES] = "cache misses", [TRACE_CPU_PAGE_FAULTS] = "page faults",
	};
	char *text = NULL;

	for (int kind = TRACE_CPU_INSTRUCTIONS; kind < TRACE_CPU_KINDS; kind++) {
		uint64_t cycles = sums->amounts[TRACE_CPU_CYCLES], instructions = sums->amounts[TRACE_CPU_INSTRUCTIONS];
		char *longer;

		if (!sums->counted[kind])
			continue;
		longer = xasprintf("%s%s%s %s", text ? text : "", text ? ", " : "", COUNT(sums->amounts[kind]), names[kind]);
		free(text);
		text = longer;
		if (kind != TRACE_CPU_CYCLES || !cycles || !instructions)
			continue;
		longer = xasprintf("%s (%.2f instructions per cycle)", text, (double)instructions / (double)cycles);
		free(text);
		text = longer;
	}
	return text;
}

void hot_cpu_answer(const struct page *page, const struct hot *hot, const char *process)
{
	struct hot_cpu sums = hot_cpu_sums(hot->view, hot->options);
	uint64_t time = sums.amounts[TRACE_CPU_TIME];
	char *counted = counters(&sums), *text;

	put_sum(page, hot, &sums, process);
	if (sums.period_ns) {
		text = xasprintf("A sample was to be taken each %s of a thread's CPU time (%.4g a second); taking them took %s of it.",
		                 TIME(sums.period_ns), 1e9 / (double)sums.period_ns, SHARE(sums.handlers_ns, time));
		page_words(page, 0, 0, STYLE_PLAIN, text);
		free(text);
	}
	if (counted) {
		text = xasprintf("Counted from sample to sample: %s.", counted);
		page_words(page, 0, 0, STYLE_PLAIN, text);
		free(text);
	}
	free(counted);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

void hot_cpu_json(json_t *object, const struct hot *hot, const struct hot_counts *counts)
{
	struct hot_cpu sums = hot_cpu_sums(hot->view, hot->options);

	json_set(object, "samples", json_number(counts->samples));
	for (int kind = 0; kind < TRACE_CPU_KINDS; kind++)
		json_set(object, keys[kind], sums.counted[kind] ? json_number(counts->cpu[kind]) : json_checked(json_null()));
}

json_t *hot_cpu_sampling(const struct hot *hot)
{
	struct hot_cpu sums = hot_cpu_sums(hot->view, hot->options);
	json_t *object = json_checked(json_object());

	json_set(object, "period_ns", sums.period_ns ? json_number(sums.period_ns) : json_checked(json_null()));
	json_set(object, "handlers_ns", json_number(sums.handlers_ns));
	json_set(object, "user_ns", sums.whole ? json_number(sums.user_ns) : json_checked(json_null()));
	json_set(object, "system_ns", sums.whole ? json_number(sums.system_ns) : json_checked(json_null()));
	return object;
}
