/* json_growth.c: growth as JSON; see json_rows.h. Reads the model. */
#include "report/json_rows.h"

void json_growth(json_t *object, const struct growth *growth)
{
	static const char *const trends[] = {
		[TREND_UNKNOWN] = NULL, [TREND_STEADY] = "steady", [TREND_ONCE] = "once", [TREND_GROWING] = "growing",
	};
	bool known = growth->trend != TREND_UNKNOWN;

	json_set(object, "trend", json_text(trends[growth->trend]));
	json_set(object, "growth_bytes_per_mark",
	         known ? json_checked(json_real(growth->bytes_per_mark)) : json_null());
	json_set(object, "growth_blocks_per_mark",
	         known ? json_checked(json_real(growth->blocks_per_mark)) : json_null());
	json_set(object, "confidence", known ? json_checked(json_real(growth->confidence)) : json_null());
}

const char *instants_name(enum instants_kind kind)
{
	static const char *const names[] = {
		[INSTANTS_SLICES] = "slices", [INSTANTS_PERIODIC] = "times", [INSTANTS_COLLECTIONS] = "collections",
		[INSTANTS_MARKS] = "marks",
	};

	return names[kind];
}

json_t *json_instants(const struct process_info *process)
{
	const struct instants *instants = &process->instants;
	bool marks = instants->count && instants->kind != INSTANTS_SLICES;
	json_t *object = json_checked(json_object());

	if (!instants->count) {
		json_decref(object);
		return json_null();
	}
	json_set(object, "at", json_text(instants_name(instants->kind)));
	json_set(object, "marks", json_number(instants->marks));
	json_set(object, "measured", json_number(instants->count));
	json_set(object, "first", marks ? json_text(process->marks[instants->first].label) : json_null());
	json_set(object, "last", marks ? json_text(process->marks[instants->last].label) : json_null());
	return object;
}
