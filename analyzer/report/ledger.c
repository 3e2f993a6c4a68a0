/* ledger.c: see ledger.h. */
#include "report/ledger.h"

#include <stdlib.h>

#include "report/verdicts.h"
#include "trace/sample.h"
#include "util.h"

const char *ledger_kind_name(enum ledger_kind kind)
{
	static const char *const names[LEDGER_KINDS] = {
		[LEDGER_LIVE] = "live malloc blocks", [LEDGER_ARRAY_BUFFERS] = "ArrayBuffers",
		[LEDGER_RETAINED] = "free in malloc", [LEDGER_RUNTIME_HEAP] = "V8 heap",
		[LEDGER_RUNTIME_CODE] = "V8 code", [LEDGER_WASM] = "wasm memories", [LEDGER_STACKS] = "stacks",
		[LEDGER_FILE] = "file", [LEDGER_MAPPED] = "mapped", [LEDGER_INHERITED] = "inherited malloc",
		[LEDGER_PROBE] = "libprobe itself",
	};

	return names[kind];
}

const struct ledger *ledger_of_end(const struct process_info *process)
{
	return process->ledger_count ? &process->ledgers[process->ledger_count - 1] : NULL;
}

static const char *kind_word(enum ledger_kind kind)
{
	static const char *const words[LEDGER_KINDS] = {
		[LEDGER_LIVE] = "live", [LEDGER_ARRAY_BUFFERS] = "array-buffers", [LEDGER_RETAINED] = "retained",
		[LEDGER_RUNTIME_HEAP] = "v8-heap", [LEDGER_RUNTIME_CODE] = "v8-code", [LEDGER_WASM] = "wasm",
		[LEDGER_STACKS] = "stacks", [LEDGER_FILE] = "file", [LEDGER_MAPPED] = "mapped",
		[LEDGER_INHERITED] = "inherited", [LEDGER_PROBE] = "probe",
	};

	return words[kind];
}

static json_t *json_part(const struct ledger_part *part)
{
	const char *kind = ledger_kind_name(part->kind);
	char *name = part->name ? xasprintf("%s: %s", kind, part->name) : xstrdup(kind);
	json_t *object = json_checked(json_object());

	json_set(object, "name", json_text(name));
	json_set(object, "kind", json_text(kind_word(part->kind)));
	json_set(object, "bytes", json_number(part->bytes));
	if (part->kind == LEDGER_RETAINED)
		json_set(object, "trimmable_bytes", json_number(part->trimmable));
	free(name);
	return object;
}

static json_t *history(const struct process_info *process)
{
	json_t *array = json_checked(json_array());

	for (size_t i = 0; i < process->ledger_count; i++) {
		const struct ledger *ledger = &process->ledgers[i];
		uint64_t bytes[LEDGER_KINDS] = {0};
		json_t *object = json_checked(json_object()), *kinds = json_checked(json_object());

		for (size_t n = 0; n < ledger->part_count; n++)
			bytes[ledger->parts[n].kind] += ledger->parts[n].bytes;
		for (enum ledger_kind kind = 0; kind < LEDGER_KINDS; kind++)
			if (bytes[kind])
				json_set(kinds, kind_word(kind), json_number(bytes[kind]));
		json_set(object, "at", json_text(ledger->at));
		json_set(object, "time_ns", json_time(process, ledger->tick));
		json_set(object, "rss_bytes", json_number(ledger->rss_bytes));
		json_set(object, "unexplained_bytes", json_number(ledger->unexplained_bytes));
		json_set(object, "kinds", kinds);
		json_array_append_new(array, object);
	}
	return array;
}

/* CPU time that looking took, and the process's as it was at the last look. */
static json_t *cost(const struct process_info *process)
{
	json_t *object = json_checked(json_object());
	const struct sample *last = &process->samples[process->sample_count - 1];

	json_set(object, "samples", json_number(process->sample_count));
	json_set(object, "cpu_ns", json_number((uint64_t)process->header.sampling_us * 1000));
	json_set(object, "of_cpu_ns", json_number(last->head.cpu_ns));
	return object;
}

json_t *json_ledger(const struct view_process *process)
{
	const struct ledger *ledger = ledger_of_end(process->info);
	json_t *object, *parts;

	if (!ledger || !process->info->sample_count)
		return json_null();
	object = json_checked(json_object());
	parts = json_checked(json_array());
	for (size_t i = 0; i < ledger->part_count; i++)
		json_array_append_new(parts, json_part(&ledger->parts[i]));
	json_set(object, "at", json_text(ledger->at));
	json_set(object, "rss_bytes", json_number(ledger->rss_bytes));
	json_set(object, "parts", parts);
	json_set(object, "unexplained_bytes", json_number(ledger->unexplained_bytes));
	json_set(object, "verdict", json_text(verdict_name(process->verdict.kind)));
	json_set(object, "reason", json_text(process->verdict.reason));
	json_set(object, "sampling", cost(process->info));
	json_set(object, "samples", history(process->info));
	return object;
}
