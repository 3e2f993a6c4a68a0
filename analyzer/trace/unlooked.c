/* unlooked.c: see unlooked.h. */
#include "trace/unlooked.h"

#include <string.h>

#include "util.h"

static const struct look *last_look(const struct process_info *process)
{
	return process->look_count ? &process->looks[process->look_count - 1] : NULL;
}

static bool has_objects(const struct process_info *process)
{
	static const char *const libraries[] = {"libstdc++.so", "libc++.so", "libc++abi.so"};

	for (size_t i = 0; i < process->module_count; i++) {
		const char *path = process->modules[i].path, *name = path ? strrchr(path, '/') : NULL;

		for (size_t l = 0; name && l < sizeof libraries / sizeof *libraries; l++)
			if (!strncmp(name + 1, libraries[l], strlen(libraries[l])))
				return true;
	}
	return process->vtable_count > 1;
}

static const char *why_no_end(const struct process_info *process)
{
	switch (process->end) {
	case END_EXEC:
		return "another program took its place";
	case END_RUNNING:
		return "it had not ended";
	case END_EXIT:
		return "its end was not seen in time";
	default:
		return "it was killed";
	}
}

bool unlooked_in_part(const struct process_info *process)
{
	const struct look *last = last_look(process);

	return last && last->head.reason == TRACE_SAMPLE_END && process->vtable_count > 1 &&
	       (last->head.flags & (TRACE_VTABLES_CUT | TRACE_VTABLES_MALLOC | TRACE_VTABLES_NONE)) == TRACE_VTABLES_CUT;
}

char *unlooked_clause(const struct process_info *process)
{
	const struct look *last = last_look(process);

	if (process->header.flags & (TRACE_PROCESS_IMPORTED | TRACE_PROCESS_OWN_HEAP) || !has_objects(process))
		return NULL;
	if (last && last->head.flags & TRACE_VTABLES_NONE)
		return xasprintf("objects were not looked for: %.*s", (int)last->size, (const char *)last->words);
	if (!last || last->head.reason != TRACE_SAMPLE_END)
		return xasprintf("objects were %s: %s", last ? "looked for at marks only" : "not looked for", why_no_end(process));
	if (unlooked_in_part(process))
		return xstrdup("objects were not looked for in all of memory: it would have taken too long");
	if (last->head.one_of)
		return xasprintf("only one in %u of the objects was told: there are too many", 1u << (last->head.one_of & 31));
	return NULL;
}
