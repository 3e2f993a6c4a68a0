/*
 * environment.c: the environment that a child is given, so that it is recorded whatever the program made of it. The
 * program's own `environ` is never changed, nor a string that it owns.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "interpose/follow.h"
#include "sys.h"
#include "text.h"

static const char PRELOAD[] = "LD_PRELOAD=", OUT[] = "PROBE_OUT=";

/* PROBE_OUT as this image was given it; "" if it was not. A program that gives a child another one means it. */
static char out_given[PATH_MAX];

void environment_start(void)
{
	const char *out = text_variable(environ, "PROBE_OUT");

	if (out && strlen(out) < sizeof(out_given))
		strcpy(out_given, out);
}

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The next file of an LD_PRELOAD value, which the loader splits at spaces and colons; NULL at its end. */
static const char *preload_next(const char **value, size_t *length)
{
	const char *word = *value + strspn(*value, " :");

	*length = strcspn(word, " :");
	*value = word + *length;
	return *length ? word : NULL;
}

static bool preload_is_ours(const char *word, size_t length)
{
	const char *slash = memrchr(word, '/', length), *name = slash ? slash + 1 : word;
	const char *our_slash = strrchr(library.path, '/'), *ours = our_slash ? our_slash + 1 : library.path;
	size_t size = length - (size_t)(name - word);

	return size == strlen(ours) && memcmp(name, ours, size) == 0;
}

/* Whether an LD_PRELOAD value is what it should be: without us, or with us once and by our absolute path. */
static bool preload_is_right(const char *value, bool wanted)
{
	size_t length, found = 0, exact = 0;

	for (const char *word; (word = preload_next(&value, &length));) {
		if (!preload_is_ours(word, length))
			continue;
		found++;
		exact += length == strlen(library.path) && memcmp(word, library.path, length) == 0;
	}
	return wanted ? found == 1 && exact == 1 : found == 0;
}

/* Writes "LD_PRELOAD=…" made right to `to` and returns its end, behind the NUL; `to` itself if nothing is left. */
static char *preload_write(char *to, const char *value, bool wanted)
{
	char *at = stpcpy(to, PRELOAD);
	const char *rest = value;
	bool there = !wanted;
	size_t length;

	for (const char *word; (word = preload_next(&rest, &length));)
		there |= preload_is_ours(word, length);
	if (!there)
		at = stpcpy(stpcpy(at, library.path), ":");
	for (const char *word; (word = preload_next(&value, &length));) {
		if (preload_is_ours(word, length)) {
			/* In its own place, once. */
			if (!wanted)
				continue;
			word = library.path;
			length = strlen(word);
			wanted = false;
		}
		at = stpcpy((char *)mempcpy(at, word, length), ":");
	}
	if (at == to + strlen(PRELOAD))
		return to;
	at[-1] = '\0';
	return at;
}

enum { GIVE, TAKE, LEAVE };

static int intent(enum trace_how how)
{
	/* LD_PRELOAD cannot carry a path with a space or a colon; a relative one still works from the same folder. */
	if (!library.ready || !library.path[0] || strpbrk(library.path, " :"))
		return LEAVE;
	/* With PROBE_FOLLOW=0 a child is off, and what it starts must not begin a recording again. */
	if (library.off && library.follow)
		return LEAVE;
	switch (how) {
	case TRACE_OTHER_LIBC:
	case TRACE_OTHER_CLASS:
	case TRACE_UNREACHABLE:
	case TRACE_NOT_ASKED:
	case TRACE_FILTERED:
	case TRACE_SANITIZED:
		return TAKE;
	default:
		return GIVE;
	}
}

static bool out_is_right(const char *value)
{
	return strcmp(value, library.dir) == 0 || (value[0] && strcmp(value, out_given) != 0);
}

static const char *handed_next(const char *option)
{
	return option + strlen(option) + 1;
}

/* Whether envp has a variable of the same name as "NAME=value". */
static bool has(char *const *envp, const char *option)
{
	size_t name = (size_t)(strchrnul(option, '=') - option);

	for (; envp && *envp; envp++)
		if (strncmp(*envp, option, name) == 0 && (*envp)[name] == '=')
			return true;
	return false;
}

size_t environment_room(enum trace_how how, char *const *envp)
{
	size_t entries = 1, bytes = 0, ours = strlen(PRELOAD) + strlen(library.path) + 2;
	bool right = true, preloaded = false, out = false;
	int intended = intent(how);

	if (intended == LEAVE)
		return 0;
	for (char *const *e = envp; e && *e; e++, entries++) {
		if (starts(*e, PRELOAD)) {
			right &= preload_is_right(*e + strlen(PRELOAD), intended == GIVE);
			bytes += strlen(*e) + ours;
			preloaded = true;
		} else if (starts(*e, OUT)) {
			right &= intended != GIVE || out_is_right(*e + strlen(OUT));
			out = true;
		}
	}
	if (intended == GIVE) {
		right &= preloaded && out;
		entries += 2;
		for (const char *o = library.handed_on; *o; o = handed_next(o), entries++)
			right &= has(envp, o);
		bytes += ours + strlen(OUT) + strlen(library.dir) + 1;
	}
	return right ? 0 : entries * sizeof(char *) + bytes;
}

char *const *environment_build(enum trace_how how, char *const *envp, void *room)
{
	bool give = intent(how) == GIVE, preloaded = false, out = false;
	char **built = room, **entry = built, *text;
	size_t entries = 3;

	for (char *const *e = envp; e && *e; e++)
		entries++;
	if (give)
		for (const char *o = library.handed_on; *o; o = handed_next(o))
			entries++;
	else
		entries -= 2;
	text = (char *)(built + entries);

	for (char *const *e = envp; e && *e; e++) {
		if (starts(*e, PRELOAD)) {
			char *end = preload_write(text, *e + strlen(PRELOAD), give);

			if (end != text)
				*entry++ = text;
			text = end;
			preloaded = true;
		} else if (give && starts(*e, OUT) && !out_is_right(*e + strlen(OUT))) {
			continue;
		} else {
			out |= starts(*e, OUT);
			*entry++ = *e;
		}
	}
	if (give && !preloaded) {
		*entry++ = text;
		text = preload_write(text, "", true);
	}
	if (give && !out) {
		*entry++ = text;
		stpcpy(stpcpy(text, OUT), library.dir);
	}
	if (give)
		for (const char *o = library.handed_on; *o; o = handed_next(o))
			if (!has(envp, o))
				*entry++ = (char *)o;
	*entry = NULL;
	return built;
}

bool scratch_take(struct scratch *scratch, size_t bytes)
{
	long p;

	*scratch = (struct scratch){0};
	if (library.filtered)
		return false;
	p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p < 0 && p > -4096)
		return false;
	*scratch = (struct scratch){(void *)p, bytes};
	return true;
}

void scratch_give(struct scratch *scratch)
{
	if (scratch->memory)
		sys(SYS_munmap, scratch->memory, scratch->bytes);
	scratch->memory = NULL;
}
