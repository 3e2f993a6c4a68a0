/* json_pending.c: what only pending finalizers hold, as JSON objects; see json_rows.h. */
#include "report/json_rows.h"
#include "trace/unfinalized.h"

json_t *json_unfinalized(struct view_process *process, const struct unfinalized *objects, struct name_sum *names)
{
	const struct process_info *info = process->info;
	json_t *object = json_checked(json_object()), *registered = json_checked(json_object());

	json_set(object, "process", json_text(info->stem));
	json_set(object, "isolate", json_number(objects->isolate));
	json_set(object, "isolate_ended", json_boolean(unfinalized_for_ever(info, objects)));
	json_set(object, "objects", json_number(objects->count));
	json_set(object, "held_numbers", json_number(objects->held_count));
	json_set(object, "memory", objects->memory ? json_number(objects->memory) : json_null());
	json_set(object, "blocks", objects->memory ? json_number(objects->blocks) : json_null());
	json_set(object, "bytes", objects->memory ? json_number(objects->bytes) : json_null());
	if (objects->stack.index == TRACE_STACK_NONE) {
		json_decref(registered);
		json_set(object, "registered", json_null());
	} else {
		json_stack(registered, process, objects->stack, names);
		json_set(object, "registered", registered);
	}
	json_stack(object, process, objects->registry, names);
	return object;
}

json_t *json_pending(const struct view *view, const struct view_site *site, struct name_sum *names)
{
	json_t *object = json_site(view, site, names);

	json_set(object, "bytes", json_number(site->pending.bytes));
	json_set(object, "blocks", json_number(site->pending.blocks));
	return object;
}
