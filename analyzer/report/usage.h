/*
 * usage.h: what processes took of the machine, by the kernel's count: CPU time, memory, page faults, context switches; and what
 * their children took that recorded nothing themselves.
 */
#ifndef PROBE_REPORT_USAGE_H
#define PROBE_REPORT_USAGE_H

#include "report/view.h"

struct page;
struct json_t;

/* Of a process image alone, without those that it was before exec, as far as these are known. False: it is not known. */
bool usage_of(const struct view *view, const struct view_process *process, struct trace_usage *usage);
/*
 * Of a child that the process waited for, what is in no process of the recording: all of it, or what it took after it became
 * a program that could not be recorded. False: it recorded all.
 */
bool usage_unrecorded(const struct view_process *process, const struct usage *child, struct trace_usage *rest);

void usage_text(const struct page *page, const struct view *view, size_t top);
/* json_process: "usage", null where it is not known, and "children_usage". */
void usage_json(struct json_t *object, const struct view *view, const struct view_process *process);

#endif
