/*
 * logs.h: imported logs in a view: whether what they say was not dropped fits the growth of memory that was seen.
 */
#ifndef PROBE_REPORT_LOGS_H
#define PROBE_REPORT_LOGS_H

#include "report/view.h"

/* What was not dropped, against the growth. */
enum log_fit { LOG_FIT_UNKNOWN, LOG_FIT_MUCH_LARGER, LOG_FIT_LARGER, LOG_FIT_EQUAL, LOG_FIT_SMALLER, LOG_FIT_MUCH_SMALLER };

enum log_fit log_fit(const struct logged *logged);
const char *log_fit_name(enum log_fit fit); /* the JSON report's word; NULL unknown */
const char *log_fit_suggests(enum log_fit fit); /* a sentence or two */

/* How many of the processes of a view are logs. */
size_t view_logs(const struct view *view);

/* Sums over all logs of a view; peak_bytes is the largest of one. */
struct logged view_log_sum(const struct view *view);

/* "12.0 KiB", "-12.0 KiB". To be freed. */
char *log_growth_text(int64_t bytes);

/* The domain that is shown where none is asked for: that of logs, if there is nothing else. */
static inline enum domain view_domain(const struct view *view)
{
	return view->process_count && view_logs(view) == view->process_count ? DOMAIN_LOG : DOMAIN_HEAP;
}

#endif
