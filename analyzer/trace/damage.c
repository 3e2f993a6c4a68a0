/* damage.c: see damage.h. */
#include "trace/damage.h"

#include <inttypes.h>
#include <stdlib.h>

#include "util.h"

void damage_add(struct damage *damage, const char *ending, uint64_t offset, const char *what)
{
	if (!damage)
		return;
	for (size_t i = 0; i < DAMAGE_EXAMPLES; i++)
		if (!damage->examples[i]) {
			damage->examples[i] = xasprintf("%s%s at %" PRIu64 ": %s", damage->stem, ending, offset,
			                                what);
			break;
		}
	damage->count++;
}

void damage_some(struct damage *damage, uint64_t count, const char *what)
{
	if (!damage || !count)
		return;
	for (size_t i = 0; i < DAMAGE_EXAMPLES; i++)
		if (!damage->examples[i]) {
			damage->examples[i] = xasprintf("%s: %" PRIu64 " %s", damage->stem, count, what);
			break;
		}
	damage->count += count;
}

void damage_free(struct damage *damage)
{
	for (size_t i = 0; i < DAMAGE_EXAMPLES; i++)
		free(damage->examples[i]);
	*damage = (struct damage){0};
}
