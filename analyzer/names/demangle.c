/*
 * demangle.c: C++ (Itanium) and Rust (legacy and v0) names by libiberty. The names come from files that nobody
 * vouches for, so a result that grows without end is cut off: a few bytes of back-references can ask for gigabytes.
 */
#include "names/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define LONGEST_MANGLED  16384 /* bytes; libiberty's own limit for C++ is lower */
#define LONGEST_READABLE 16384 /* bytes */

struct output {
	char     *text;           /* NUL-terminated, handed over by demangle_once */
	size_t    size, capacity; /* bytes, the NUL not counted; of the buffer */
	jmp_buf   too_long;       /* out of the demangler; its callback interface offers no other way */
};

bool is_mangled(const char *name)
{
	/* macOS's extra underscore is not asked for; "_R" alone would catch C names such as _Read. */
	if (name[0] != '_')
		return false;
	return name[1] == 'Z' || (name[1] == 'R' && (name[2] >= 'A' && name[2] <= 'Z'));
}

bool is_rust_mangled(const char *name)
{
	size_t size = strlen(name);

	if (!strncmp(name, "_R", 2))
		return is_mangled(name);
	/* "_ZN…17h0123456789abcdefE", and what a pass of the compiler's wrote behind it */
	if (strncmp(name, "_ZN", 3))
		return false;
	if (memchr(name, '.', size))
		size = (size_t)((const char *)memchr(name, '.', size) - name);
	return size > 24 && !strncmp(name + size - 20, "17h", 3) && name[size - 1] == 'E';
}

static void take(const char *text, size_t size, void *opaque)
{
	struct output *output = opaque;

	if (size > LONGEST_READABLE - output->size)
		longjmp(output->too_long, 1);
	if (output->size + size >= output->capacity) {
		output->capacity = (output->size + size + 1) * 2;
		output->text = xreallocarray(output->text, output->capacity, 1);
	}
	memcpy(output->text + output->size, text, size);
	output->size += size;
	output->text[output->size] = '\0';
}

/* False if it cannot be done. `output` is the caller's, since a longjmp leaves locals of this function undefined. */
static bool demangle_into(struct output *output, const char *mangled)
{
	int options = DMGL_PARAMS | DMGL_ANSI;

	if (setjmp(output->too_long))
		return false;
	/* Rust first: its older names are also valid C++ ones, but with a hash for a last part. */
	if (rust_demangle_callback(mangled, options, take, output) && output->size)
		return true;
	output->size = 0;
	return mangled[1] == 'Z' && cplus_demangle_v3_callback(mangled, options, take, output) && output->size;
}

/* NULL if there is no better name. */
static char *demangle_once(const char *mangled)
{
	struct output output = {0};

	if (demangle_into(&output, mangled))
		return output.text;
	free(output.text);
	return NULL;
}

const char *demangle(struct demangler *demangler, const char *mangled)
{
	size_t size;
	size_t before = demangler->names.count;
	struct cache_entry *entry;

	if (!is_mangled(mangled) || (size = strlen(mangled)) > LONGEST_MANGLED)
		return mangled;
	entry = cache_at(&demangler->names, mangled, size);
	if (demangler->names.count > before)
		entry->value = demangle_once(mangled);
	return entry->value ? entry->value : mangled;
}

void demangler_free(struct demangler *demangler)
{
	cache_free(&demangler->names, free);
}
