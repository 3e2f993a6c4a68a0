/* label.c: what values and functions are called in formats; see formats.h. Touches nothing. */
#include <inttypes.h>
#include <stdlib.h>

#include "export/formats.h"
#include "util.h"

static const char *const titles[PROFILE_VALUES] = {
	[VALUE_ALLOCS] = "allocations", [VALUE_BYTES] = "allocated bytes", [VALUE_LIVE_BLOCKS] = "live blocks",
	[VALUE_LIVE_BYTES] = "live bytes", [VALUE_PEAK] = "bytes at the peak", [VALUE_TEMPORARY] = "temporary blocks",
	[VALUE_CPU] = "CPU time", [VALUE_INSTRUCTIONS] = "instructions", [VALUE_CYCLES] = "cycles",
	[VALUE_CACHE_MISSES] = "cache misses", [VALUE_PAGE_FAULTS] = "page faults", [VALUE_SAMPLES] = "CPU samples",
};

const char *value_title(enum profile_value value)
{
	return titles[value];
}

bool value_is_bytes(enum profile_value value)
{
	return value == VALUE_BYTES || value == VALUE_LIVE_BYTES || value == VALUE_PEAK;
}

char *function_label(const struct profile *profile, const struct profile_function *function)
{
	const char *name = profile_text(profile, function->name), *file = profile_text(profile, function->file);

	if (function->kind != FRAME_JS || !*file)
		return xstrdup(name);
	if (function->line)
		return xasprintf("%s (%s:%" PRIu32 ")", name, profile_base_name(file), function->line);
	return xasprintf("%s (%s)", name, profile_base_name(file));
}

char *command_line(const struct process_info *info)
{
	char *line = xstrdup(info->argv && info->argv[0] ? info->argv[0] : info->exe);

	for (size_t i = 1; info->argv && info->argv[0] && info->argv[i]; i++) {
		char *longer = xasprintf("%s %s", line, info->argv[i]);

		free(line);
		line = longer;
	}
	return line;
}
