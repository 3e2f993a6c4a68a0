/* identity.c: see identity.h. */
#include "identity.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "sys.h"
#include "text.h"

#define TICKS_PER_SECOND 100 /* USER_HZ, what /proc counts in */

long identity_read(const char *path, char *buffer, size_t size)
{
	long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), n;
	size_t length = 0;

	buffer[0] = '\0';
	if (fd < 0)
		return fd;
	while (length + 1 < size && (n = sys(SYS_read, fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)n;
	sys(SYS_close, fd);
	buffer[length] = '\0';
	return (long)length;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

void identity_boot(uint8_t boot_id[16])
{
	char text[64];
	int digits = 0;

	memset(boot_id, 0, 16);
	identity_read("/proc/sys/kernel/random/boot_id", text, sizeof(text));
	for (const char *c = text; *c && digits < 32; c++) {
		int digit = hex_digit(*c);

		if (digit < 0)
			continue;
		boot_id[digits / 2] |= (uint8_t)(digits % 2 ? digit : digit << 4);
		digits++;
	}
}

uint64_t identity_pid_namespace(void)
{
	char link[64];
	const char *end;
	long n = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/pid", link, sizeof(link) - 1);

	if (n < 5)
		return 0;
	link[n] = '\0';
	return text_number(link + 5, &end); /* pid:[4026531836] */
}

/* Where there is no /proc, a process that starts here and now is told from others by that. */
static uint64_t now_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * TICKS_PER_SECOND + (uint64_t)now.tv_nsec / (1000000000u / TICKS_PER_SECOND);
}

uint64_t identity_start_ticks(uint32_t pid, uint32_t *parent)
{
	char path[32], stat[1024];
	const char *field, *end;

	if (pid)
		text_format(path, sizeof(path), "/proc/%u/stat", pid);
	else
		text_format(path, sizeof(path), "/proc/self/stat");
	if (identity_read(path, stat, sizeof(stat)) <= 0)
		return pid ? 0 : now_ticks();
	field = strrchr(stat, ')'); /* the name may contain anything, parentheses too */
	for (int i = 3; field && i <= 22; i++) { /* proc(5): 3 state, 4 ppid, 22 starttime */
		field = strchr(field + 1, ' ');
		if (field && i == 4 && parent)
			*parent = (uint32_t)text_number(field + 1, &end);
	}
	return field ? text_number(field + 1, &end) : 0;
}
