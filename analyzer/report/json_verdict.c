/* json_verdict.c: what is made of a process, as a JSON object; see json_rows.h. */
#include "report/json_rows.h"
#include "report/verdicts.h"

json_t *json_verdict(struct view_process *process)
{
	const struct verdict *verdict = &process->verdict;
	struct stack stack = stack_resolve(process, verdict->stack);
	json_t *object = json_checked(json_object());

	json_set(object, "verdict", json_text(verdict_name(verdict->kind)));
	json_set(object, "reason", json_text(verdict->reason));
	json_set(object, "domain", stack.count ? json_text(domain_name(verdict->domain)) : json_null());
	json_set(object, "frame", stack.blame < stack.count ? json_frame(process, &stack.frames[stack.blame])
	                                                    : json_null());
	json_set(object, "caller", stack_script(&stack) < stack.count
	                      ? json_frame(process, &stack.frames[stack_script(&stack)]) : json_null());
	stack_free(&stack);
	return object;
}
