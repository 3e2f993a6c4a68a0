/* host.c: see host.h. */
#include "trace/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	return good;
}

bool host_same_boot(const struct trace_process *header)
{
	char text[64], recorded[33], *to = text;

	if (!read_line("/proc/sys/kernel/random/boot_id", text, sizeof text))
		return false;
	for (const char *from = text; *from; from++)
		if (*from != '-' && *from != '\n')
			*to++ = *from;
	*to = '\0';
	for (int i = 0; i < 16; i++)
		snprintf(recorded + 2 * i, 3, "%02x", header->boot_id[i]);
	return strcmp(text, recorded) == 0;
}

bool host_same_pids(const struct trace_process *header)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == header->pid_namespace;
}

uint64_t host_start_ticks(uint32_t pid)
{
	char path[64], stat[1024], *rest, *word, *state;
	int field = 3;

	snprintf(path, sizeof path, "/proc/%" PRIu32 "/stat", pid);
	if (!read_line(path, stat, sizeof stat) || !(rest = strrchr(stat, ')')))
		return 0;
	state = strtok_r(rest + 1, " ", &word);
	if (!state || *state == 'Z' || *state == 'X')
		return 0;
	while (field < 22 && (state = strtok_r(NULL, " ", &word)))
		field++;
	return state ? strtoull(state, NULL, 10) : 0;
}
