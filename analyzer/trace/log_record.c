/* log_record.c: see log_record.h. */
#include "trace/log_record.h"

#include <stdlib.h>

#include "trace/array.h"

static struct logged *logged_of(struct process_info *process)
{
	if (!process->logged)
		process->logged = xcalloc(1, sizeof *process->logged);
	return process->logged;
}

/* NULL: it is empty, which is to say unknown. */
static char *text_or_null(struct payload payload)
{
	return payload.left && *payload.at ? payload_text(&payload) : NULL;
}

static bool read_site(struct process_info *process, struct payload payload)
{
	struct logged *logged = logged_of(process);
	struct trace_log_site site;

	/* Addresses are counted up from 1. */
	if (!payload_take(&payload, &site, sizeof site) || site.file_size > payload.left ||
	    site.address != logged->site_count + 1)
		return false;
	array_room(logged->sites, logged->site_count);
	logged->sites[logged->site_count++] = (struct log_site){
		.file = text_or_null((struct payload){payload.at, site.file_size}),
		.type = text_or_null((struct payload){payload.at + site.file_size, payload.left - site.file_size}),
		.line = site.line, .column = site.column,
	};
	return true;
}

/* Of texts that each end in NUL: the next. */
static char *next_text(struct payload *payload)
{
	size_t length = strnlen((const char *)payload->at, payload->left);
	struct payload text = {payload->at, length};

	length += length < payload->left;
	payload->at += length;
	payload->left -= length;
	return payload_text(&text);
}

static bool read_finding(struct process_info *process, struct payload payload)
{
	struct trace_finding head;
	struct finding *finding;

	if (!payload_take(&payload, &head, sizeof head) || !payload.left)
		return false;
	array_room(process->findings, process->finding_count);
	finding = &process->findings[process->finding_count++];
	*finding = (struct finding){.kind = next_text(&payload), .count = head.count};
	while (payload.left) {
		array_room(finding->examples, finding->example_count);
		finding->examples[finding->example_count++] = next_text(&payload);
	}
	return true;
}

bool log_record(struct process_info *process, const struct trace_record *record, struct payload payload)
{
	switch (record->type) {
	case TRACE_RECORD_LOG:
		return payload_take(&payload, &logged_of(process)->record, sizeof(struct trace_log));
	case TRACE_RECORD_LOG_SITE:
		return read_site(process, payload);
	case TRACE_RECORD_FINDING:
		return read_finding(process, payload);
	}
	return false;
}

void log_records_free(struct process_info *process)
{
	for (size_t i = 0; process->logged && i < process->logged->site_count; i++) {
		free(process->logged->sites[i].file);
		free(process->logged->sites[i].type);
	}
	if (process->logged)
		free(process->logged->sites);
	free(process->logged);
	for (size_t i = 0; i < process->finding_count; i++) {
		for (size_t j = 0; j < process->findings[i].example_count; j++)
			free(process->findings[i].examples[j]);
		free(process->findings[i].examples);
		free(process->findings[i].kind);
	}
	free(process->findings);
}
