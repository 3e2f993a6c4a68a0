/* inputs.c: opens the recordings that a command was given; see commands.h. Reads directories. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "names/ledgers.h"
#include "names/wasm_stacks.h"
#include "names/names.h"
#include "report/view.h"
#include "trace/recording.h"
#include "util.h"

#define LABELS_MOST 10            /* that are listed */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), wanted = strlen(end);

	return length > wanted && !strcmp(name + length - wanted, end);
}

bool is_recording(const char *dir)
{
	DIR *open = opendir(dir);
	bool found = false;

	for (struct dirent *entry; open && !found && (entry = readdir(open));)
		found = !strcmp(entry->d_name, "recording") || ends_with(entry->d_name, ".shared");
	if (open)
		closedir(open);
	return found;
}

/* ---- a list of directories ----------------------------------------------------------------------------------- */

struct list {
	char   **names;           /* owned */
	size_t   count;
};

static void add(struct list *list, char *name)
{
	list->names = xreallocarray(list->names, list->count + 1, sizeof(*list->names));
	list->names[list->count++] = name;
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The recordings in a folder, by name. */
static void add_folder(struct list *list, const char *folder)
{
	size_t before = list->count;
	DIR *open = opendir(folder);

	for (struct dirent *entry; open && (entry = readdir(open));) {
		char *name;

		if (entry->d_name[0] == '.')
			continue;
		name = xasprintf("%s/%s", folder, entry->d_name);
		if (is_recording(name))
			add(list, name);
		else
			free(name);
	}
	if (open)
		closedir(open);
	if (list->count > before)
		qsort(list->names + before, list->count - before, sizeof(*list->names), by_name);
}

static bool holds_stem(const struct recording *recording, const char *stem)
{
	for (size_t i = 0; i < recording->process_count; i++)
		if (!strcmp(recording->processes[i].stem, stem))
			return true;
	return false;
}

/* Copies of one recording, or one given twice. Parts of one, each with other processes, are not. */
static bool same_recording(const struct recording *a, const struct recording *b)
{
	char *path_a = realpath(a->dir, NULL), *path_b = realpath(b->dir, NULL);
	bool same = path_a && path_b && !strcmp(path_a, path_b);

	free(path_a);
	free(path_b);
	if (same || !a->header.magic || memcmp(&a->header, &b->header, sizeof(a->header)))
		return same;
	for (size_t i = 0; !same && i < a->process_count; i++)
		same = holds_stem(b, a->processes[i].stem);
	return same;
}

/* Would it be counted twice? */
static bool is_repeated(const struct view_input *inputs, size_t count, const struct recording *recording)
{
	for (size_t i = 0; i < count; i++)
		if (same_recording(inputs[i].recording, recording)) {
			warn("%s: the same recording as %s: counted once", recording->dir, inputs[i].recording->dir);
			return true;
		}
	return false;
}

/* At most one is wanted, and not NULL. */
struct wanted {
	const char *since;
	const struct recording_churn *churn;
	const struct recording_cpu *cpu;
};

static struct recording *open_one(const char *dir, const struct wanted *wanted)
{
	if (wanted->cpu)
		return recording_open_cpu(dir, wanted->cpu);
	return wanted->churn ? recording_open_churn(dir, wanted->churn) : recording_open_since(dir, wanted->since);
}

static struct view_input *open_all(const char *const *dirs, size_t dir_count, const struct wanted *wanted, size_t *count)
{
	struct list list = {0};
	struct view_input *inputs;

	for (size_t i = 0; i < dir_count; i++) {
		size_t before = list.count;

		if (!is_recording(dirs[i]))
			add_folder(&list, dirs[i]);
		/* Neither: the reader says what is wrong with it. */
		if (list.count == before)
			add(&list, xstrdup(dirs[i]));
	}
	inputs = xcalloc(list.count, sizeof(*inputs));
	*count = 0;
	for (size_t i = 0; i < list.count; i++) {
		struct recording *recording = open_one(list.names[i], wanted);

		if (!recording) {
			inputs_close(inputs, *count);
			inputs = NULL;
			break;
		}
		if (is_repeated(inputs, *count, recording)) {
			recording_close(recording);
			continue;
		}
		inputs[*count] = (struct view_input){recording, names_open_beside(recording, *count ? inputs[0].names : NULL)};
		names_wasm_stacks(recording, inputs[*count].names);
		names_ledgers(recording, inputs[(*count)++].names);
	}
	for (size_t i = 0; i < list.count; i++)
		free(list.names[i]);
	free(list.names);
	return inputs;
}

struct view_input *inputs_open(const char *const *dirs, size_t dir_count, const char *since, size_t *count)
{
	return open_all(dirs, dir_count, &(struct wanted){.since = since}, count);
}

struct view_input *inputs_open_churn(const char *const *dirs, size_t dir_count, const struct recording_churn *churn,
                                     size_t *count)
{
	return open_all(dirs, dir_count, &(struct wanted){.churn = churn}, count);
}

struct view_input *inputs_open_cpu(const char *const *dirs, size_t dir_count, const struct recording_cpu *cpu, size_t *count)
{
	return open_all(dirs, dir_count, &(struct wanted){.cpu = cpu}, count);
}

/* ---- marks ---------------------------------------------------------------------------------------------------- */

/* "'proof 1', 'proof 2' … and 7 more": the first labels, each once. To be freed. */
static char *list_marks(const struct recording *recording)
{
	const char *labels[LABELS_MOST];
	size_t count = 0, more = 0;
	char *text = xstrdup("");

	for (size_t p = 0; p < recording->process_count; p++)
		for (size_t m = 0; m < recording->processes[p].mark_count; m++) {
			const char *label = recording->processes[p].marks[m].label;
			size_t same = 0;
			char *longer;

			while (same < count && strcmp(labels[same], label))
				same++;
			if (same < count)
				continue;
			if (count == LABELS_MOST) {
				more++;
				continue;
			}
			longer = xasprintf("%s%s'%s'", text, count ? ", " : "", label);
			labels[count++] = label;
			free(text);
			text = longer;
		}
	if (more) {
		char *longer = xasprintf("%s … and %zu more", text, more);

		free(text);
		text = longer;
	}
	return text;
}

static void tell_marks(const struct recording *recording, const char *wanted)
{
	char *marks = list_marks(recording);
	size_t logs = 0;

	for (size_t i = 0; i < recording->process_count; i++)
		logs += recording->processes[i].logged != NULL;
	if (logs && logs == recording->process_count)
		warn("%s: there is no mark '%s': imported logs have no marks", recording->dir, wanted);
	else if (*marks)
		warn("%s: there is no mark '%s'; there are %s", recording->dir, wanted, marks);
	else
		warn("%s: there is no mark '%s', nor any other", recording->dir, wanted);
	free(marks);
}

bool inputs_have_mark(const struct view_input *inputs, size_t count, const char *since)
{
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		const struct recording *recording = inputs[i].recording;

		if (!recording->since_unknown)
			continue;
		tell_marks(recording, since);
		good = false;
	}
	return good;
}

bool inputs_have_instants(const struct view_input *inputs, size_t count)
{
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		const struct recording *recording = inputs[i].recording;

		if (!recording->instant_unknown)
			continue;
		tell_marks(recording, recording->instant_unknown);
		good = false;
	}
	return good;
}

void inputs_close(struct view_input *inputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		names_close(inputs[i].names);
	for (size_t i = 0; i < count; i++)
		recording_close(inputs[i].recording);
	free(inputs);
}
