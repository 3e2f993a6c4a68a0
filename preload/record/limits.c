/* limits.c: see limits.h. */
#include "record/limits.h"

#include <string.h>
#include <sys/resource.h>

#include "identity.h"
#include "record/meta.h"
#include "sys.h"
#include "text.h"

#define PATH_MOST   1024         /* of a control group; what is longer is not known */
#define V1_NONE     (1ull << 62) /* a version 1 group without limit has the largest multiple of a page */

static struct group {            /* of the image, a forked child's too */
	bool     read;
	uint64_t limit;
	char     path[PATH_MOST];
} group;

/* Is `name` among the controllers of a line "4:cpu,memory:/path"? */
static bool has_controller(const char *line, const char *name)
{
	const char *at = strchr(line, ':');
	size_t length = strlen(name);

	while (at && *at && (*at == ':' || *at == ',')) {
		at++;
		if (!strncmp(at, name, length) && (at[length] == ',' || at[length] == ':'))
			return true;
		at += strcspn(at, ",:\n");
		if (*at != ',')
			break;
	}
	return false;
}

/* The path of the group in `groups`; version 1 where it has the memory controller, else version 2. False: neither. */
static bool find_group(const char *groups, char *path, size_t size, bool *first_version)
{
	const char *found = NULL, *end;

	*first_version = false;
	for (const char *line = groups; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (has_controller(line, "memory")) {
			found = strchr(strchr(line, ':') + 1, ':') + 1;
			*first_version = true;
			break;
		}
		if (!strncmp(line, "0::", 3))
			found = line + 3;
	}
	if (!found || strcspn(found, "\n") >= size)
		return false;
	memcpy(path, found, strcspn(found, "\n"));
	path[strcspn(found, "\n")] = '\0';
	return true;
}

/* False: there is no such file. */
static bool read_limit(const char *mount, const char *path, const char *file, uint64_t *limit)
{
	static char name[PATH_MOST + 128]; /* the caller's stack may be small, and one thread starts the library */
	char text[64];
	const char *end;

	if (text_format(name, sizeof(name), "%s%s/%s", mount, path, file) + 1 >= sizeof(name) ||
	    identity_read(name, text, sizeof(text)) <= 0)
		return false;
	*limit = text_number(text, &end);
	if (end == text || *limit >= V1_NONE) /* "max" */
		*limit = TRACE_LIMIT_NONE;
	return true;
}

uint64_t limits_of_groups(const char *groups, const char *mount, char *group_path, size_t size)
{
	static char path[PATH_MOST];
	char base[128], controllers[8];
	uint64_t least = 0, limit;
	const char *file;
	bool first_version;

	group_path[0] = '\0';
	if (!find_group(groups, path, sizeof(path), &first_version))
		return 0;
	file = first_version ? "memory.limit_in_bytes" : "memory.max";
	text_format(base, sizeof(base), first_version ? "%s/memory" : "%s", mount);
	if (!strcmp(path, "/"))
		path[0] = '\0';
	/* In a container the path may be that of the host, and the mount begins at the container's own group. */
	for (char *slash = path + strlen(path);; slash = strrchr(path, '/')) {
		if (slash)
			*slash = '\0';
		if (read_limit(base, path, file, &limit) && (!least || limit < least)) {
			least = limit;
			text_format(group_path, size, "%s%s", base, path);
		}
		if (!slash || !*path)
			break;
	}
	/* The topmost group has no file for a limit. */
	text_format(path, sizeof(path), "%s/cgroup.controllers", base);
	if (!least && !first_version && identity_read(path, controllers, sizeof(controllers)) >= 0)
		least = TRACE_LIMIT_NONE;
	if (least == TRACE_LIMIT_NONE)
		group_path[0] = '\0';
	return least;
}

static uint64_t address_space(void)
{
	char text[128];
	const char *end;

	if (identity_read("/proc/self/statm", text, sizeof(text)) <= 0)
		return 0;
	return text_number(text, &end) * TRACE_PAGE;
}

void limits_tell(void)
{
	struct trace_limits record = {.address_space_used = address_space()};
	struct rlimit limit;
	static char groups[4096];

	record.address_space = TRACE_LIMIT_NONE;
	if (sys(SYS_prlimit64, 0, RLIMIT_AS, NULL, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		record.address_space = limit.rlim_cur;
	if (!group.read) {
		identity_read("/proc/self/cgroup", groups, sizeof(groups));
		group.limit = limits_of_groups(groups, "/sys/fs/cgroup", group.path, sizeof(group.path));
		group.read = true;
	}
	record.group = group.limit;
	meta_write(TRACE_RECORD_LIMITS, &record, sizeof(record), group.path, strlen(group.path));
}
