/* problems.c: counts modules by what is wrong with them; see problems.h. */
#include "names/problems.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "trace/array.h"
#include "util.h"

#define MOST_EXAMPLES 3

static const struct {
	const char *one, *many;   /* what is said of one module, of several */
} texts[PROBLEM_KINDS] = {
	[BINARY_MISSING] = {"module is not on this machine", "modules are not on this machine"},
	[BINARY_UNREADABLE] = {"module cannot be read", "modules cannot be read"},
	[BINARY_CHANGED] = {"module changed on disk since it was recorded",
	                    "modules changed on disk since they were recorded"},
	[BINARY_UNPROVEN] = {"module has no build-id and may have changed since it was recorded",
	                     "modules have no build-id and may have changed since they were recorded"},
};

void problems_note(struct problems *problems, struct binary *binary)
{
	size_t *count = &problems->noted_count[binary->state];
	struct binary ***noted = &problems->noted[binary->state];

	/* With a debug file that is known to belong to it nothing is amiss. */
	if (!texts[binary->state].one || binary->debug)
		return;
	*noted = xreallocarray(*noted, *count + 1, sizeof(**noted));
	(*noted)[(*count)++] = binary;
}

static int by_path(const void *left, const void *right)
{
	const struct binary *const *a = left, *const *b = right;

	return strcmp((*a)->module->path, (*b)->module->path);
}

static char *sentence(size_t kind, struct binary **noted, size_t count)
{
	char *text = xasprintf("%zu %s, so its functions have no names:", count, texts[kind].one);

	if (count > 1) {
		free(text);
		text = xasprintf("%zu %s, so their functions have no names:", count, texts[kind].many);
	}
	for (size_t i = 0; i < count && i < MOST_EXAMPLES; i++) {
		char *longer = xasprintf("%s%s %s", text, i ? "," : "", noted[i]->module->path);

		free(text);
		text = longer;
	}
	if (count > MOST_EXAMPLES) {
		char *longer = xasprintf("%s, …", text);

		free(text);
		text = longer;
	}
	return text;
}

void problems_add(struct problems *problems, char *text)
{
	if (!text)
		return;
	array_room(problems->sentences, problems->count);
	problems->sentences[problems->count++] = text;
}

void problems_write(struct problems *problems)
{
	for (size_t kind = 0; kind < PROBLEM_KINDS; kind++) {
		size_t count = problems->noted_count[kind];

		if (!count)
			continue;
		qsort(problems->noted[kind], count, sizeof(*problems->noted[kind]), by_path);
		problems_add(problems, sentence(kind, problems->noted[kind], count));
	}
}

void problems_free(struct problems *problems)
{
	for (size_t i = 0; i < PROBLEM_KINDS; i++)
		free(problems->noted[i]);
	for (size_t i = 0; i < problems->count; i++)
		free(problems->sentences[i]);
	free(problems->sentences);
	*problems = (struct problems){0};
}
