/*
 * hook.c: see hook.h.
 *
 * The file stands beside libprobe.so; where that alone was mounted, one is written into the recording. Whatever could make
 * node fail or do otherwise with it leaves the variable alone: then an interrupt brings the addon in (inject.c).
 */
#include "node/hook.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "node/contexts.h"
#include "node/inject.h"
#include "node/napi.h"
#include "node/v8.h"
#include "record/area.h"
#include "sys.h"
#include "text.h"

#define NAME      "NODE_OPTIONS="
#define LIBRARY   "libprobe.so"
#define BESIDE    "libprobe.cjs"
#define ITS_PATH  "`${__dirname}/libprobe.so`" /* in the file, instead of which a written one has the path */
#define TEXT_ROOM (2 * PATH_MAX + 1024)
#define SCRIPT_NOTE "NODE_SEA"       /* …_BLOB, the note's name */
#define VALUE_MOST (64u << 10)       /* of the user's; the kernel allows more, nobody has it */

extern char **environ;
extern const char hook_script[] HIDDEN, hook_script_end[] HIDDEN;
const char *hook_ours;

V8_FUNCTION(int, node_main, "_ZN4node5StartEiPPc", int, char **);

static char **slot_array;            /* the environment that we made, for a variable that was not there; NULL none */
static char **user_array;            /* and the program's */
static char *user_value;             /* "NODE_OPTIONS=…" of the program's; NULL none */

/* ---- whether ------------------------------------------------------------------------------------------------------ */

/* Forbidding addons or files, or with a NODE_OPTIONS from elsewhere, which ours would hide. Anywhere, to be sure. */
static const char *const forbidding[] = {"--permission", "--experimental-permission", "--no-addons", "--experimental-policy",
	"--policy-integrity", "--env-file", "--experimental-config-file", "--experimental-default-config-file"};

/* Runs that hand their options on to children, or run nothing. Before the script's name. */
static const char *const unsuited[] = {"--run", "--experimental-test-coverage", "--test", "--watch", "--watch-path", "--check", "-c"};

/* What is in the isolate then goes into a file, or came from one: nothing of ours can. */
static const char *const snapshot[] = {"--build-snapshot", "--build-snapshot-config", "--snapshot-blob",
	"--experimental-sea-config", "--build-sea"};

/* Of these the next word is the value. */
static const char *const valued[] = {"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions",
	"-e", "--eval", "-p", "--print", "-pe", "--title", "--input-type", "--icu-data-dir", "--openssl-config",
	"--redirect-warnings", "--diagnostic-dir", "--disable-warning"};

/* Whether `word`, up to its '=', is one of the list. V8 takes '_' for '-'. */
static bool is_one(const char *word, size_t length, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *option = list[i];
		size_t at = 0;

		while (at < length && option[at] && (word[at] == option[at] || (word[at] == '_' && option[at] == '-')))
			at++;
		if (!option[at] && (at == length || word[at] == '=' || (list == forbidding && word[at] == '-')))
			return true;
	}
	return false;
}

#define IS_ONE(word, length, list) is_one(word, length, list, sizeof(list) / sizeof(*(list)))

enum way { WAY_REQUIRE, WAY_INJECT, WAY_NONE };

static enum way way_by_arguments(int count, char *const *arguments)
{
	enum way way = WAY_REQUIRE;
	bool script = false;

	for (int i = 1; i < count; i++) {
		const char *word = arguments[i];
		size_t length = strlen(word);

		if (!script && IS_ONE(word, length, snapshot))
			return WAY_NONE;
		if (IS_ONE(word, length, forbidding) || (!script && IS_ONE(word, length, unsuited)))
			way = WAY_INJECT;
		if (word[0] != '-' || !strcmp(word, "--"))
			script = true;
		else if (!script && IS_ONE(word, length, valued) && !strchr(word, '='))
			i++;
	}
	return way;
}

/* The user's own: words, with quotes and, within these, backslashes. What node refuses is left for it to refuse. */
static enum way way_by_value(const char *value)
{
	enum way way = WAY_REQUIRE;
	bool quoted = false;

	if (strlen(value) > VALUE_MOST)
		return WAY_INJECT;
	for (const char *at = value; *at; at++) {
		if (*at == '-' && at[1] == '-') {
			size_t length = strcspn(at, " \"");

			if (IS_ONE(at, length, snapshot))
				return WAY_NONE;
			if (IS_ONE(at, length, forbidding) || IS_ONE(at, length, unsuited))
				way = WAY_INJECT;
		}
		if (*at == '\\' && quoted && !*++at)
			return WAY_INJECT;
		if (*at == '"')
			quoted = !quoted;
	}
	return quoted ? WAY_INJECT : way;
}

/* Not Electron or NW.js, which are built of it and bring Chromium's libffmpeg.so. */
static bool is_node(void)
{
	if (!node_main || !napi_run_script || !v8.set_handler)
		return false;
	for (const struct link_map *module = _r_debug.r_map; module; module = module->l_next) {
		const char *slash = strrchr(module->l_name, '/');

		if (!strcmp(slash ? slash + 1 : module->l_name, "libffmpeg.so"))
			return false;
	}
	return true;
}

/* A script that was made into an executable with node, as a note, says itself whether NODE_OPTIONS is heeded. */
static bool holds_script(void)
{
	const ElfW(Phdr) *headers = (const void *)getauxval(AT_PHDR);
	size_t count = getauxval(AT_PHNUM);
	uintptr_t bias = 0;

	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_PHDR)
			bias = (uintptr_t)headers - headers[i].p_vaddr;
	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_NOTE && headers[i].p_filesz >= sizeof(ElfW(Nhdr)) + strlen(SCRIPT_NOTE) &&
		    !memcmp((const char *)(bias + headers[i].p_vaddr) + sizeof(ElfW(Nhdr)), SCRIPT_NOTE, strlen(SCRIPT_NOTE)))
			return true;
	return false;
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

static bool reads_as(const char *path, const char *text, size_t length)
{
	static char found[TEXT_ROOM];
	struct stat status;
	long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), n;
	bool right;

	if (fd < 0)
		return false;
	right = sys(SYS_fstat, fd, &status) == 0 && S_ISREG(status.st_mode);
	if (right && text) {
		n = sys(SYS_read, fd, found, sizeof(found));
		right = n == (long)length && !memcmp(found, text, length);
	}
	sys(SYS_close, fd);
	return right;
}

/* The inside of a string, of JavaScript's or of NODE_OPTIONS. False: this path cannot be in one. */
static bool escape(char *to, size_t room, const char *path)
{
	size_t at = 0;

	for (; *path; path++) {
		if (at + 3 > room || (unsigned char)*path < ' ')
			return false;
		if (*path == '"' || *path == '\\')
			to[at++] = '\\';
		to[at++] = *path;
	}
	to[at] = '\0';
	return true;
}

static bool write_file(char *path, size_t room)
{
	static char escaped[2 * PATH_MAX], text[TEXT_ROOM], fresh[PATH_MAX];
	uint32_t hash = 2166136261u; /* FNV-1a: containers that share the recording may see the library at other paths */
	size_t whole = (size_t)(hook_script_end - hook_script), before, length;
	const char *at = memmem(hook_script, whole, ITS_PATH, strlen(ITS_PATH));
	long fd, n;

	if (!at || !escape(escaped, sizeof(escaped), library.path) || whole + strlen(escaped) > sizeof(text))
		return false;
	before = (size_t)(at - hook_script);
	memcpy(text, hook_script, before);
	length = before + text_format(text + before, sizeof(text) - before, "\"%s\"", escaped);
	at += strlen(ITS_PATH);
	memcpy(text + length, at, (size_t)(hook_script_end - at));
	length += (size_t)(hook_script_end - at);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)text[i]) * 16777619u;
	text_format(path, room, "%s/hook-%x.cjs", library.dir, hash);
	if (reads_as(path, text, length))
		return true;
	text_format(fresh, sizeof(fresh), "%s/hook-%x.%u", library.dir, hash, process->pid);
	if (!area_limit_allows(length))
		return false;
	fd = sys(SYS_openat, AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	n = sys(SYS_write, fd, text, length);
	sys(SYS_close, fd);
	if (n != (long)length || sys(SYS_renameat, AT_FDCWD, fresh, AT_FDCWD, path) < 0) {
		sys(SYS_unlinkat, AT_FDCWD, fresh, 0);
		return false;
	}
	return true;
}

static bool find_file(char *path, size_t room)
{
	const char *slash = strrchr(library.path, '/');
	size_t folder = slash ? (size_t)(slash + 1 - library.path) : 0;

	if (folder && !strcmp(slash + 1, LIBRARY) && folder + sizeof(BESIDE) < room) {
		memcpy(path, library.path, folder);
		memcpy(path + folder, BESIDE, sizeof(BESIDE));
		if (reads_as(path, NULL, 0))
			return true;
	}
	return write_file(path, room);
}

/* ---- the variable ------------------------------------------------------------------------------------------------- */

static bool map(size_t bytes, void **memory)
{
	long p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*memory = p < 0 && p > -4096 ? NULL : (void *)p;
	return *memory;
}

/* `value` is the user's, or NULL; `slot` is where that stands, or one past the last variable. */
static void put(const char *path, const char *value, char **slot)
{
	size_t count = (size_t)(slot - environ), room = 4 * PATH_MAX + (value ? strlen(value) : 0);
	char *text, escaped[2 * PATH_MAX];
	void *memory;

	if (!escape(escaped, sizeof(escaped), path) || !map(room + (count + 2) * sizeof(char *), &memory))
		return;
	text = (char *)memory + (count + 2) * sizeof(char *);
	text_format(text, room, value ? NAME "--require \"%s\" %s" : NAME "--require \"%s\"", escaped, value);
	user_array = environ;
	user_value = *slot;
	if (value) {
		*slot = text;
	} else {
		slot_array = memory;
		memcpy(slot_array, environ, count * sizeof(char *));
		slot_array[count] = text;
		environ = slot_array;
	}
	hook_ours = text;
}

void hook_put_in(int count, char *const *arguments)
{
	static char path[PATH_MAX];
	const char *value = NULL;
	char **slot = environ;
	enum way way, other;

	if (library.filtered || !environ || !is_node())
		return;
	while (*slot && strncmp(*slot, NAME, strlen(NAME)) != 0)
		slot++;
	if (*slot)
		value = *slot + strlen(NAME);
	way = way_by_arguments(count, arguments);
	other = value ? way_by_value(value) : WAY_REQUIRE;
	if (other > way)
		way = other;
	inject_allowed = way != WAY_NONE;
	if (inject_allowed)
		contexts_start();
	if (way == WAY_REQUIRE && !holds_script() && find_file(path, sizeof(path)))
		put(path, value, slot);
}

void hook_undo(void)
{
	char **entry = environ;

	while (entry && *entry && *entry != hook_ours)
		entry++;
	hook_ours = NULL;
	if (slot_array && environ == slot_array) {
		environ = user_array;
	} else if (entry && *entry && user_value) {
		*entry = user_value;
	} else if (entry && *entry) {
		for (; *entry; entry++)
			*entry = entry[1];
	}
}
