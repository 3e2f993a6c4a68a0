/*
 * fast.c: see fast.h.
 */
#include "node/fast.h"

#include <pthread.h>
#include <stdlib.h>

struct c_type { uint8_t type, sequence, flags; }; /* v8::CTypeInfo */
enum { C_VOID = 0, C_UINT32 = 4, C_VALUE = 10 };  /* v8::CTypeInfo::Type */

/* v8::CFunctionInfo, two words, with room for more: made by V8's constructor, which has one argument more since V8 12. */
struct c_info { uint64_t words[8]; };

struct c_function { fast_callback *address; const struct c_info *info; }; /* v8::CFunction */

V8_FUNCTION(void, v8_describe, "_ZN2v813CFunctionInfoC1ERKNS_9CTypeInfoEjPS2_", struct c_info *info,
	const struct c_type *result, unsigned count, const struct c_type *arguments);
V8_FUNCTION(void, v8_describe_wide, "_ZN2v813CFunctionInfoC1ERKNS_9CTypeInfoEjPS2_NS0_19Int64RepresentationE",
	struct c_info *info, const struct c_type *result, unsigned count, const struct c_type *arguments, uint8_t integers);
V8_FUNCTION(napi_value, v8_template_function, "_ZN2v816FunctionTemplate11GetFunctionENS_5LocalINS_7ContextEEE", void *template,
	void *context);
V8_FUNCTION(const char *, v8_version, "_ZN2v82V810GetVersionEv", void);

/* V8 keeps pointers to them for good, in all isolates. */
static struct c_type arguments[1 + FAST_ARGUMENTS];
static struct c_info infos[1 + FAST_ARGUMENTS];
static bool known;

static bool is_known_version(void)
{
	char *end;
	unsigned long major, minor;

	if (!v8_version)
		return false;
	major = strtoul(v8_version(), &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return (major == 11 && minor >= 3) || major == 12 || major == 13;
}

static void describe(void)
{
	static const struct c_type nothing = {.type = C_VOID};

	known = v8_template && v8_template_function && (v8_describe || v8_describe_wide) && is_known_version();
	if (!known)
		return;
	arguments[0].type = C_VALUE;
	for (unsigned i = 1; i <= FAST_ARGUMENTS; i++)
		arguments[i].type = C_UINT32;
	for (unsigned i = 0; i <= FAST_ARGUMENTS; i++)
		if (v8_describe_wide)
			v8_describe_wide(&infos[i], &nothing, 1 + i, arguments, 0);
		else
			v8_describe(&infos[i], &nothing, 1 + i, arguments);
}

napi_value fast_function(void *context, v8_callback *slow, fast_callback *fast, int length)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct c_function c = {.address = fast, .info = &infos[length]};
	void *template;

	pthread_once(&once, describe);
	if (!known)
		return NULL;
	template = v8_template(v8.current(), slow, NULL, NULL, length, V8_NO_CONSTRUCTOR, V8_SIDE_EFFECT, &c, 0, 0, 0);
	return template ? v8_template_function(template, context) : NULL;
}
