/*
 * program.c: looks at a file before it is executed, to know whether the loader will load us into it. By raw system
 * calls, so that the program's errno stays as it is; whatever cannot be told is taken to be followed.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "interpose/follow.h"
#include "sys.h"
#include "text.h"

#define INTERPRETER_MAX 512 /* bytes of a PT_INTERP that are compared; real ones are a few dozen */
#define SCRIPT_LINE 256     /* what the kernel reads of a script (BINPRM_BUF_SIZE) */
#define SCRIPT_DEPTH 4      /* how many scripts may be each other's interpreters; the kernel allows 5 */
#define HEADERS_AT_ONCE 8

/* The loader of the running program, the one that libprobe.so was made for. */
static char our_interpreter[INTERPRETER_MAX] = "/lib64/ld-linux-x86-64.so.2";

/* Called by dl_iterate_phdr; the program itself comes first. */
static int take_interpreter(struct dl_phdr_info *module, size_t size, void *argument)
{
	(void)size, (void)argument;
	for (int i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &module->dlpi_phdr[i];
		const char *text = (const char *)(module->dlpi_addr + header->p_vaddr);

		if (header->p_type == PT_INTERP && header->p_filesz <= sizeof(our_interpreter))
			memcpy(our_interpreter, text, header->p_filesz);
	}
	return 1;
}

void program_start(void)
{
	REAL(dl_iterate_phdr)(take_interpreter, NULL);
}

static bool whole_read(int fd, void *to, size_t bytes, uint64_t offset)
{
	return sys(SYS_pread64, fd, to, bytes, offset) == (long)bytes;
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return sys(SYS_newfstatat, AT_FDCWD, a, &one, 0) == 0 && sys(SYS_newfstatat, AT_FDCWD, b, &other, 0) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Whether the kernel will tell the loader to trust nobody (AT_SECURE), so that it ignores LD_PRELOAD. */
static bool gains_privileges(int fd, const struct stat *file)
{
	long uid = sys(SYS_getuid), gid = sys(SYS_getgid), new_uid = sys(SYS_geteuid), new_gid = sys(SYS_getegid);
	struct statfs system;

	if (sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
	    !(sys(SYS_fstatfs, fd, &system) == 0 && (system.f_flags & ST_NOSUID))) {
		if (file->st_mode & S_ISUID)
			new_uid = file->st_uid;
		if ((file->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			new_gid = file->st_gid;
		if (uid != 0 && sys(SYS_fgetxattr, fd, "security.capability", NULL, 0) > 0)
			return true;
	}
	return new_uid != uid || new_gid != gid;
}

/* The loader in `path` is ours, or another? */
static enum trace_how of_interpreter(const char *path)
{
	if (strcmp(path, our_interpreter) == 0 || same_file(path, our_interpreter))
		return TRACE_FOLLOWED;
	return TRACE_OTHER_LIBC;
}

static enum trace_how of_elf(int fd, const char *path, const struct stat *file, const Elf64_Ehdr *elf)
{
	Elf64_Phdr headers[HEADERS_AT_ONCE];
	char interpreter[INTERPRETER_MAX];

	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf->e_machine != EM_X86_64 || elf->e_phentsize != sizeof(Elf64_Phdr))
		return TRACE_OTHER_CLASS;
	if (gains_privileges(fd, file))
		return TRACE_SETUID;
	for (uint32_t i = 0; i < elf->e_phnum; i += HEADERS_AT_ONCE) {
		uint32_t count = elf->e_phnum - i < HEADERS_AT_ONCE ? elf->e_phnum - i : HEADERS_AT_ONCE;

		if (!whole_read(fd, headers, count * sizeof(*headers), elf->e_phoff + i * sizeof(*headers)))
			return TRACE_FOLLOWED;
		for (uint32_t j = 0; j < count; j++) {
			if (headers[j].p_type != PT_INTERP)
				continue;
			if (headers[j].p_filesz == 0 || headers[j].p_filesz > sizeof(interpreter))
				return TRACE_OTHER_LIBC;
			if (!whole_read(fd, interpreter, headers[j].p_filesz, headers[j].p_offset))
				return TRACE_FOLLOWED;
			interpreter[headers[j].p_filesz - 1] = '\0';
			return program_is_sanitized(fd, elf) ? TRACE_SANITIZED : of_interpreter(interpreter);
		}
	}
	/* The loader itself, run as a command, needs no other. */
	return same_file(path, our_interpreter) ? TRACE_FOLLOWED : TRACE_STATIC;
}

/* The interpreter that the first line of a script names, by the kernel's rules; NULL: none, so ENOEXEC. */
static char *script_interpreter(char *line, size_t length)
{
	char *name = line + 2, *end = memchr(line, '\n', length), *stop;

	if (end)
		*end = '\0';
	line[length] = '\0';
	name += strspn(name, " \t");
	stop = name + strcspn(name, " \t");
	/* A name that the kernel's buffer may have cut is not taken. */
	if (stop == name || (!end && !*stop && length == SCRIPT_LINE))
		return NULL;
	*stop = '\0';
	return name;
}

static int program_open(int dir_fd, const char *path, int flags, struct stat *file)
{
	char by_number[32];
	bool empty = (flags & AT_EMPTY_PATH) && !*path;
	long result, nofollow = flags & AT_SYMLINK_NOFOLLOW;

	result = sys(SYS_newfstatat, dir_fd, path, file, (empty ? AT_EMPTY_PATH : 0) | nofollow);
	if (result < 0)
		return (int)result;
	/* Opening a fifo or a device might have effects, and they cannot be executed. */
	if (!S_ISREG(file->st_mode))
		return -EACCES;
	if (empty) {
		text_format(by_number, sizeof(by_number), "/proc/self/fd/%u", (unsigned)dir_fd);
		path = by_number;
	}
	return (int)sys(SYS_openat, dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
}

/* The start of a file. */
union start {
	Elf64_Ehdr elf;
	char line[SCRIPT_LINE + 1];
};

/* One file. If it is a script, *interpreter is what runs it, in `start`, and decides its fate; else NULL. */
static enum trace_how inspect(int dir_fd, const char *path, int flags, bool shell, union start *start,
                              const char **interpreter)
{
	struct stat file;
	enum trace_how how = TRACE_OTHER_CLASS;
	long length;
	int fd = program_open(dir_fd, path, flags, &file);

	*interpreter = NULL;
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ENAMETOOLONG || fd == -ELOOP || fd == -EBADF)
		return 0;
	if (fd < 0)
		return TRACE_FOLLOWED;
	length = sys(SYS_pread64, fd, start, SCRIPT_LINE, 0);
	if (length < 0)
		how = TRACE_FOLLOWED;
	else if (length >= (long)sizeof(start->elf) && memcmp(start->elf.e_ident, ELFMAG, SELFMAG) == 0)
		how = of_elf(fd, path, &file, &start->elf);
	else if (length >= 2 && memcmp(start->line, "#!", 2) == 0)
		*interpreter = script_interpreter(start->line, (size_t)length);
	else if (shell)
		*interpreter = "/bin/sh";
	sys(SYS_close, fd);
	return how;
}

/*
 * Whether a program that is loaded now finds libprobe.so. It is asked with the real ids and without capabilities, as
 * the program will have them: who has just given up being root may still have root's capabilities until it executes.
 */
static bool reachable(void)
{
	long error = sys(SYS_faccessat, AT_FDCWD, library.path, R_OK);

	return error != -ENOENT && error != -ENOTDIR && error != -EACCES && error != -ELOOP;
}

enum trace_how program_at(int dir_fd, const char *path, int flags, bool shell)
{
	/* Two, since one holds the path of what is read into the other. */
	union start starts[2];
	const char *interpreter;
	enum trace_how how;

	if (library.filtered)
		return TRACE_FOLLOWED;
	how = inspect(dir_fd, path, flags, shell, &starts[0], &interpreter);
	for (int depth = 1; interpreter; depth++) {
		if (depth > SCRIPT_DEPTH)
			return TRACE_FOLLOWED;
		how = inspect(AT_FDCWD, interpreter, 0, false, &starts[depth % 2], &interpreter);
	}
	if ((how == TRACE_FOLLOWED || how == TRACE_STATIC) && library.path[0] == '/' && !reachable())
		how = TRACE_UNREACHABLE;
	return how;
}

static bool executable(const char *path)
{
	struct stat file;

	return sys(SYS_newfstatat, AT_FDCWD, path, &file, 0) == 0 && S_ISREG(file.st_mode) &&
	       sys(SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
}

static const char *search_path(void)
{
	const char *path = getenv("PATH");

	return path ? path : "/bin:/usr/bin"; /* what glibc searches without PATH */
}

size_t program_search_room(const char *file)
{
	size_t longest = 0;

	for (const char *path = search_path(), *end;; path = end + 1) {
		end = strchrnul(path, ':');
		if ((size_t)(end - path) > longest && end - path < PATH_MAX)
			longest = (size_t)(end - path);
		if (!*end)
			return longest + strlen(file) + 2;
	}
}

bool program_search(const char *file, char *found)
{
	const char *path = search_path(), *end;
	size_t length = strlen(file);

	if (!length || length >= PATH_MAX)
		return false;
	/* Under a filter nothing can be looked at. */
	if (strchr(file, '/') || library.filtered) {
		memcpy(found, file, length + 1);
		return true;
	}
	for (;; path = end + 1) {
		size_t folder;

		end = strchrnul(path, ':');
		folder = (size_t)(end - path);
		if (folder + length + 2 <= PATH_MAX) {
			/* An empty entry is the working directory. */
			char *at = mempcpy(found, path, folder);

			if (folder)
				*at++ = '/';
			memcpy(at, file, length + 1);
			if (executable(found))
				return true;
		}
		if (!*end)
			return false;
	}
}
