/*
 * recording.c: a recording directory from its files to the model; see recording.h. Two passes: headers and records of
 * all images, which tell who is whose parent; then their events.
 */
#include "trace/recording.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/array.h"
#include "heap/churn.h"
#include "heap/cpu.h"
#include "trace/image.h"
#include "trace/marks.h"
#include "trace/time.h"
#include "trace/unlooked.h"

#define EXAMPLES_MOST 16

static void add_warning(struct recording *recording, char *warning)
{
	array_room(recording->warnings, recording->warning_count);
	recording->warnings[recording->warning_count++] = warning;
}

/* False: made by another version of probe; a message was printed. `*wanted`: it is
 * empty, so a recording was wanted here. */
static bool read_own_file(struct recording *recording, int dir, bool *wanted)
{
	struct trace_recording header = {0};
	struct bytes file;

	if (!file_map(dir, "recording", &file)) {
		add_warning(recording, xasprintf("the file \"recording\" cannot be read (%s)", strerror(errno)));
		return true;
	}
	*wanted = file.size == 0; /* no room, or a limit, for the 64 bytes of it */
	if (file.size >= sizeof header)
		memcpy(&header, file.data, sizeof header);
	file_unmap(&file);
	if (header.magic != TRACE_RECORDING_MAGIC) {
		add_warning(recording, xstrdup("the file \"recording\" is damaged"));
		return true;
	}
	if (header.version != TRACE_VERSION) {
		warn("%s: recorded in version %u of the format, this probe reads %u", recording->dir, header.version,
		     TRACE_VERSION);
		return false;
	}
	recording->header = header;
	return true;
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* All STEMs with a file here, once each. NULL with errno if the directory cannot be read. */
static char **find_stems(struct recording *recording, int dir, size_t *count)
{
	struct trace_process name;
	DIR *stream = NULL;
	struct dirent *entry;
	char **stems = xcalloc(1, sizeof *stems);
	size_t kept = 0;
	uint32_t host;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*count = 0;
	if (copy >= 0)
		stream = fdopendir(copy);
	if (!stream) {
		if (copy >= 0)
			close(copy);
		free(stems);
		return NULL;
	}
	while ((entry = readdir(stream))) {
		char *dot = strrchr(entry->d_name, '.');
		struct stat status;

		if (fstatat(dir, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode))
			recording->bytes_on_disk += (uint64_t)status.st_size;
		if (!dot || (strcmp(dot, ".shared") != 0 && strcmp(dot, ".log") != 0))
			continue;
		*dot = '\0';
		if (!image_parse_stem(entry->d_name, &name, &host))
			continue;
		array_room(stems, *count);
		stems[(*count)++] = xstrdup(entry->d_name);
	}
	closedir(stream);
	qsort(stems, *count, sizeof *stems, by_name);
	for (size_t i = 0; i < *count; i++)
		if (kept && strcmp(stems[kept - 1], stems[i]) == 0)
			free(stems[i]);
		else
			stems[kept++] = stems[i];
	*count = kept;
	return stems;
}

static int by_start(const void *left, const void *right)
{
	const struct image *a = left, *b = right;
	const struct trace_process *x = &a->process->header, *y = &b->process->header;

	if (x->start_ticks != y->start_ticks)
		return x->start_ticks < y->start_ticks ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return (x->image > y->image) - (x->image < y->image);
}

static void read_image(struct image *image, int dir)
{
	char *name = xasprintf("%s.shared", image->process->stem);
	struct bytes shared;

	image->damage.stem = image->process->stem;
	if (!file_map(dir, name, &shared))
		damage_add(&image->damage, ".shared", 0, strerror(errno));
	image_read(image, shared);
	file_unmap(&shared);
	free(name);
}

/* Marks from outside, whose times are of another clock. */
static void read_marks(struct image *image, int dir)
{
	char *name = xasprintf("%s.marks", image->process->stem);
	struct bytes file = {0};

	if (!file_map(dir, name, &file) && errno != ENOENT)
		damage_add(&image->damage, ".marks", 0, strerror(errno));
	marks_add(image->process, file, &image->damage);
	file_unmap(&file);
	free(name);
}

/* An image whose header was never finished, or is lost, ran on the same boot as others of its host. */
static void complete(struct image *images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; !images[i].known && j < count; j++)
			if (images[j].known && images[j].host == images[i].host) {
				memcpy(images[i].process->header.boot_id, images[j].process->header.boot_id, 16);
				images[i].process->header.pid_namespace = images[j].process->header.pid_namespace;
				images[i].process->header.clock = images[j].process->header.clock;
				break;
			}
}

static void add_finding(struct recording *recording, struct finding finding)
{
	array_room(recording->findings, recording->finding_count);
	recording->findings[recording->finding_count++] = finding;
}

static void gather_damage(struct recording *recording, struct image *images, size_t count)
{
	struct finding finding = {0};

	for (size_t i = 0; i < count; i++) {
		struct damage *damage = &images[i].damage;

		finding.count += damage->count;
		for (size_t j = 0; j < DAMAGE_EXAMPLES && finding.example_count < EXAMPLES_MOST; j++) {
			if (!damage->examples[j])
				break;
			array_room(finding.examples, finding.example_count);
			finding.examples[finding.example_count++] = damage->examples[j];
			damage->examples[j] = NULL;
		}
	}
	if (!finding.count)
		return;
	finding.kind = xstrdup("damage");
	add_finding(recording, finding);
}

/* What is wrong with imported logs. */
static void gather_logs(struct recording *recording)
{
	for (size_t i = 0; i < recording->process_count; i++) {
		struct process_info *process = &recording->processes[i];

		for (size_t j = 0; j < process->finding_count; j++)
			add_finding(recording, process->findings[j]);
		free(process->findings);
		process->findings = NULL;
		process->finding_count = 0;
	}
}

/* A file without a header: what is known of the process is in the file's name. */
static void gather_unknown(struct recording *recording, const struct image *images, size_t count)
{
	struct finding finding = {0};

	for (size_t i = 0; i < count; i++) {
		if (images[i].known)
			continue;
		if (finding.count++ >= EXAMPLES_MOST)
			continue;
		array_room(finding.examples, finding.example_count);
		finding.examples[finding.example_count++] =
			xasprintf("pid %u: its file holds nothing: no room on the disk, a limit, or killed as it "
			          "began", images[i].process->header.pid);
	}
	if (!finding.count)
		return;
	finding.kind = xstrdup("not-recorded");
	add_finding(recording, finding);
}

/* What programs said with probe.h, and cannot be. */
static void gather_told(struct recording *recording, bool frees)
{
	struct finding finding = {0};

	for (size_t i = 0; i < recording->process_count; i++) {
		const struct process_info *process = &recording->processes[i];
		uint64_t count = frees ? process->told.unknown_frees : process->told.misplaced;

		finding.count += count;
		if (!count || finding.example_count >= EXAMPLES_MOST)
			continue;
		array_room(finding.examples, finding.example_count);
		finding.examples[finding.example_count++] =
			xasprintf(frees ? "%s: %" PRIu64 " frees of what no pool was told to have"
			                : "%s: %" PRIu64 " types of addresses where no block of the heap began", process->stem, count);
	}
	if (!finding.count)
		return;
	finding.kind = xstrdup(frees ? "told-frees" : "told-types");
	add_finding(recording, finding);
}

/* What is wanted besides; NULL: is not. */
struct wanted {
	const char *since;
	const struct block_watch *watch;
	const struct recording_churn *churn;
	const struct recording_cpu *cpu;
};

/* Ticks of each process: 0 and UINT64_MAX where no instant was asked for. */
static void find_stretch(struct recording *recording, const char *begin, const char *end, uint64_t *from, uint64_t *to)
{
	size_t count = recording->process_count;

	memset(to, 0xff, count * sizeof *to);
	if (begin && !marks_instant(recording->processes, count, begin, from))
		recording->instant_unknown = begin;
	else if (end && !marks_instant(recording->processes, count, end, to))
		recording->instant_unknown = end;
}

static void open_cpu(struct recording *recording, const struct recording_cpu *wants)
{
	size_t count = recording->process_count;
	uint64_t *from = xcalloc(count, sizeof *from), *to = xcalloc(count, sizeof *to);

	find_stretch(recording, wants->from, wants->to, from, to);
	for (size_t i = 0; i < count; i++) {
		struct cpu *cpu = cpu_of(&recording->processes[i]);

		cpu->from = from[i];
		cpu->to = to[i];
		cpu->wanted = wants->threads;
		cpu->wanted_count = wants->thread_count;
		cpu->keep = wants->keep;
	}
	free(from);
	free(to);
}

static void open_churn(struct recording *recording, const struct recording_churn *churn)
{
	size_t count = recording->process_count;
	uint64_t *from = xcalloc(count, sizeof *from), *to = xcalloc(count, sizeof *to);

	find_stretch(recording, churn->from, churn->to, from, to);
	for (size_t i = 0; i < count; i++) {
		/* A tick of 0 would be the start. */
		if (churn->at_ns && (!tick_of_time(&recording->processes[i], churn->at_ns, &from[i]) || !from[i]))
			from[i] = 1;
		churn_open(&recording->processes[i], churn->domain, from[i], churn->at_ns ? from[i] : to[i]);
		recording->processes[i].churn->wanted = churn->threads;
		recording->processes[i].churn->wanted_count = churn->thread_count;
	}
	free(from);
	free(to);
}

/* Where a program has C++ objects, and its memory was too large to look for all of them. */
static void gather_cut_looks(struct recording *recording)
{
	struct finding finding = {0};

	for (size_t i = 0; i < recording->process_count; i++) {
		struct process_info *process = &recording->processes[i];

		process->unlooked = unlooked_clause(process);
		if (!unlooked_in_part(process))
			continue;
		if (finding.count++ >= EXAMPLES_MOST)
			continue;
		array_room(finding.examples, finding.example_count);
		finding.examples[finding.example_count++] =
			xasprintf("%s: a part of its memory was not looked through for C++ objects: it would have taken too long",
			          process->stem);
	}
	if (!finding.count)
		return;
	finding.kind = xstrdup("objects-cut");
	add_finding(recording, finding);
}

/* `stems` are taken over into the processes. */
static void read_images(struct recording *recording, int dir, char **stems, size_t count, const struct wanted *wanted)
{
	struct image *images = xcalloc(count, sizeof *images);
	struct process_info *processes = xcalloc(count, sizeof *processes);
	struct finding *finding;

	for (size_t i = 0; i < count; i++) {
		images[i].process = &processes[i];
		processes[i].stem = stems[i];
		image_parse_stem(stems[i], &processes[i].header, &images[i].host);
	}
	qsort(images, count, sizeof *images, by_start);
	recording->processes = xcalloc(count, sizeof *recording->processes);
	recording->process_count = count;
	for (size_t i = 0; i < count; i++) {
		recording->processes[i] = *images[i].process;
		images[i].process = &recording->processes[i];
		read_image(&images[i], dir);
	}
	free(processes);
	complete(images, count);
	if (!clock_calibrate(images, count))
		add_warning(recording, xstrdup("how long a tick is could not be found out; times are in ticks"));
	for (size_t i = 0; i < count; i++)
		read_marks(&images[i], dir);
	if (wanted->since && !marks_since(recording->processes, count, wanted->since))
		recording->since_unknown = true;
	if (wanted->churn)
		open_churn(recording, wanted->churn);
	if (wanted->cpu)
		open_cpu(recording, wanted->cpu);
	family_link(images, count);
	code_link(images, count);
	for (size_t i = 0; i < count; i++)
		recording->processes[i].watch = wanted->watch;
	replay_all(images, count, dir, wanted->watch == NULL);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < recording->processes[i].site_count; j++)
			recording->processes[i].sites[j].process.index = (uint32_t)i;
	gather_damage(recording, images, count);
	gather_logs(recording);
	gather_unknown(recording, images, count);
	if (!count)
		add_warning(recording,
		            xstrdup("no process left a file here: there was no room, or a limit forbade it"));
	finding = followed_check(images, count);
	if (finding)
		add_finding(recording, *finding);
	free(finding);
	gather_told(recording, false);
	gather_told(recording, true);
	gather_cut_looks(recording);
	for (size_t i = 0; i < count; i++) {
		inherit_free(&images[i].inherit);
		damage_free(&images[i].damage);
	}
	free(images);
}

static struct recording *open_wanted(const char *dir, const struct wanted *wants)
{
	struct recording *recording = xcalloc(1, sizeof *recording);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char **stems = NULL;
	bool wanted = false;
	size_t count = 0;

	recording->dir = xstrdup(dir);
	if (fd >= 0)
		stems = find_stems(recording, fd, &count);
	if (!stems) {
		warn("%s:", dir);
		goto failed;
	}
	if (!read_own_file(recording, fd, &wanted))
		goto failed;
	if (!recording->header.magic && !count && !wanted) {
		warn("%s: there is no recording here", dir);
		goto failed;
	}
	read_images(recording, fd, stems, count, wants);
	free(stems);
	close(fd);
	return recording;
failed:
	for (size_t i = 0; i < count; i++)
		free(stems[i]);
	free(stems);
	if (fd >= 0)
		close(fd);
	recording_close(recording);
	return NULL;
}

struct recording *recording_open(const char *dir)
{
	return open_wanted(dir, &(struct wanted){0});
}

struct recording *recording_open_since(const char *dir, const char *since)
{
	return open_wanted(dir, &(struct wanted){.since = since});
}

struct recording *recording_open_churn(const char *dir, const struct recording_churn *churn)
{
	return open_wanted(dir, &(struct wanted){.churn = churn});
}

struct recording *recording_open_cpu(const char *dir, const struct recording_cpu *cpu)
{
	return open_wanted(dir, &(struct wanted){.cpu = cpu});
}

bool recording_replay(const char *dir, const struct block_watch *watch)
{
	struct recording *recording = open_wanted(dir, &(struct wanted){.watch = watch});

	recording_close(recording);
	return recording != NULL;
}

void recording_close(struct recording *recording)
{
	if (!recording)
		return;
	for (size_t i = 0; i < recording->process_count; i++)
		process_free(&recording->processes[i]);
	free(recording->processes);
	for (size_t i = 0; i < recording->warning_count; i++)
		free(recording->warnings[i]);
	free(recording->warnings);
	for (size_t i = 0; i < recording->finding_count; i++) {
		for (size_t j = 0; j < recording->findings[i].example_count; j++)
			free(recording->findings[i].examples[j]);
		free(recording->findings[i].examples);
		free(recording->findings[i].kind);
	}
	free(recording->findings);
	free(recording->dir);
	free(recording);
}
