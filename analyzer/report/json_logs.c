/* json_logs.c: imported logs as JSON; see json_rows.h. */
#include "report/json_rows.h"
#include "report/logs.h"

json_t *json_log(const struct view_process *process)
{
	const struct logged *logged = process->info->logged;
	const struct trace_log *record = &logged->record;
	enum log_fit fit = log_fit(logged);
	json_t *object = json_checked(json_object()), *trust = json_checked(json_object());
	json_t *growth = record->flags ? json_checked(json_integer(record->growth)) : json_null();

	json_set(object, "process", json_text(process->info->stem));
	json_set(object, "format", json_text("allocation-log"));
	json_set(object, "files", json_number(record->files));
	json_set(object, "lines", json_number(record->lines));
	json_set(object, "records", json_number(record->records));
	json_set(object, "allocate_lines", json_number(record->allocs));
	json_set(object, "drop_lines", json_number(record->drops));
	json_set(object, "memory_lines", json_number(record->memory_lines));
	json_set(object, "allocs", json_number(logged->allocs));
	json_set(object, "frees", json_number(logged->drops));
	json_set(object, "allocated_after_drop", json_number(record->late_allocs));
	json_set(object, "bytes_allocated", json_number(logged->bytes_allocated));
	json_set(object, "peak_bytes", json_number(logged->peak_bytes));
	json_set(object, "live_blocks", json_number(logged->live_blocks));
	json_set(object, "live_bytes", json_number(logged->live_bytes));
	json_set(trust, "not_dropped_bytes", json_number(logged->live_bytes));
	json_set(trust, "observed_growth_bytes", growth);
	json_set(trust, "observed_by", json_text(record->flags & TRACE_LOG_GROWTH_GIVEN ? "option" :
	                                         record->flags ? "memory-lines" : NULL));
	json_set(trust, "not_dropped_is", json_text(log_fit_name(fit)));
	json_set(trust, "suggests", json_text(log_fit_suggests(fit)));
	json_set(object, "trust", trust);
	return object;
}
