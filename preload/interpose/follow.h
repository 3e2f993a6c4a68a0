/*
 * follow.h: what the files share that see to it that children, modules and descriptors are followed: exec.c, spawn.c,
 * shell.c, wait.c, descriptors.c, loader.c. They decide with program.c and environment.c, and call the real functions
 * through this table.
 */
#ifndef PROBE_FOLLOW_H
#define PROBE_FOLLOW_H

#include <elf.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "library.h"

struct dl_find_object;
struct dl_phdr_info;

/* The real functions: the next definitions behind libprobe.so. NULL where this libc has none. */
struct follow_next {
	int   (*execve)(const char *, char *const *, char *const *);
	int   (*execvpe)(const char *, char *const *, char *const *);
	int   (*fexecve)(int, char *const *, char *const *);
	int   (*execveat)(int, const char *, char *const *, char *const *, int);
	int   (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
	                     char *const *, char *const *);
	int   (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
	                      char *const *, char *const *);
	int   (*system)(const char *);
	FILE *(*popen)(const char *, const char *);
	pid_t (*wait4)(pid_t, int *, int, struct rusage *);
	int   (*waitid)(idtype_t, id_t, siginfo_t *, int);
	int   (*close)(int);
	void  (*closefrom)(int);
	int   (*close_range)(unsigned, unsigned, int);
	int   (*dup2)(int, int);
	int   (*dup3)(int, int, int);
	void *(*dlopen)(const char *, int);
	void *(*dlmopen)(long, const char *, int);
	int   (*dlclose)(void *);
	int   (*dl_iterate_phdr)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	int   (*_dl_find_object)(void *, struct dl_find_object *); /* glibc 2.35 */
	bool  ready;             /* the rest is filled in; stored last */
};
extern struct follow_next follow_next HIDDEN;

/* Fills the table. Takes the loader's lock, so a child of fork must find it filled. */
void follow_resolve(void) HIDDEN;

/* The real function `name`. */
#define REAL(name) \
	({ \
		if (unlikely(!__atomic_load_n(&follow_next.ready, __ATOMIC_ACQUIRE))) \
			follow_resolve(); \
		follow_next.name; \
	})

/*
 * Once per image, from process_start, when the options are read (library.ready): finds the real functions and takes
 * from the environment and the program what later decisions need.
 */
void follow_start(void) HIDDEN;

/* ---- program.c: what becomes of a program ---------------------------------------------------------------------- */

/*
 * Looks at the program in `path`, relative to dir_fd, with execveat's flags. Returns one of TRACE_FOLLOWED and on; 0
 * if there is no such file, so that the exec will fail. `shell`: a file of no known format is run by /bin/sh.
 */
enum trace_how program_at(int dir_fd, const char *path, int flags, bool shell) HIDDEN;
/* Finds `file` as execvp does, and puts its path into `found`. False: it is nowhere. */
bool program_search(const char *file, char *found) HIDDEN;
/* Bytes of room that program_search needs for `found`: stacks may be small. */
size_t program_search_room(const char *file) HIDDEN;
/* sanitizer.c: whether the program open as `fd` is built with a sanitizer that suffers nothing preloaded. */
bool program_is_sanitized(int fd, const Elf64_Ehdr *elf) HIDDEN;
/* Takes the interpreter of the running program, which loaded us. */
void program_start(void) HIDDEN;

/* ---- environment.c: what it is given --------------------------------------------------------------------------- */

/*
 * How many bytes environment_build needs to turn envp into what a program gets of which becomes `how`; 0 if envp can
 * be handed on as it is.
 */
size_t environment_room(enum trace_how how, char *const *envp) HIDDEN;
/* The environment, in `room`. It points into envp and `library`. */
char *const *environment_build(enum trace_how how, char *const *envp, void *room) HIDDEN;
/* Takes PROBE_OUT as it was given to us. */
void environment_start(void) HIDDEN;

/* Room that is too large for the stack: mapped, since malloc is neither safe nor ours to use here. */
struct scratch {
	void  *memory;           /* NULL: none */
	size_t bytes;            /* of it */
};
bool scratch_take(struct scratch *scratch, size_t bytes) HIDDEN;
void scratch_give(struct scratch *scratch) HIDDEN;

/*
 * A child of vfork would leave a mapping behind in its parent, and under a filter none can be made, so these get more
 * of the stack. A thread's stack may be as small as 16 KiB, so others get little.
 */
#define ENVIRONMENT_ON_STACK ((size_t)(process_is_borrowed() || library.filtered ? 64 << 10 : 2 << 10))

/* In a wrapper: the environment for a program of which becomes `how`, valid until the wrapper returns. */
#define ENVIRONMENT_FOR(how, envp, scratch) \
	({ \
		char *const *built_ = (envp); \
		size_t room_ = environment_room(how, built_); \
		if (room_ > 0 && room_ <= ENVIRONMENT_ON_STACK) \
			built_ = environment_build(how, built_, __builtin_alloca(room_)); \
		else if (room_ > 0 && scratch_take(scratch, room_)) \
			built_ = environment_build(how, built_, (scratch)->memory); \
		built_; \
	})

/* ---- follow.c: telling the recording --------------------------------------------------------------------------- */

/* True if programs that this process starts shall be recorded; `itself`: the process becomes the program. */
bool follow_asked(bool itself) HIDDEN;
/* An EXEC record. */
void follow_note(uint32_t pid, enum trace_how how, int error, const char *path) HIDDEN;
/* The calling process's id, of a vfork child its own. */
uint32_t follow_pid(void) HIDDEN;

#endif
