/*
 * annotate.c: probe.alloc and probe.drop: what a script says of objects of its own. They are blocks of pool 0; an id is given
 * once in the process, to all its isolates. What makes no sense throws nothing: a program must not fail for being recorded.
 * The recording has a warning.
 */
#include <errno.h>

#include "interpose/annotate.h"
#include "node/napi.h"
#include "record/meta.h"
#include "record/types.h"

#define SIZE_LIMIT 0x1p47            /* bytes: no block is as large */

static uint64_t last_id;

/* False: it is none, less than 0, or too large. */
static bool number(napi_env env, napi_value value, uint64_t *number)
{
	double given = 0;

	if (napi_get_value_double(env, value, &given) != NAPI_OK || !(given >= 0 && given < SIZE_LIMIT))
		return false;
	*number = (uint64_t)given;
	return true;
}

napi_value js_alloc(napi_env env, napi_callback_info info)
{
	struct stack_start at = STACK_CALLER();
	napi_value given[2] = {NULL, NULL}, result = NULL;
	char type[TYPE_NAME_MOST + 1];
	size_t count = 2;
	int error = errno;
	uint64_t id, size = 0;

	if (napi_get_cb_info(env, info, &count, given, NULL, NULL) == NAPI_OK && count &&
	    addon_text(env, given[0], type, sizeof(type))) {
		if (count > 1 && !number(env, given[1], &size))
			meta_warn("probe.alloc was given a size that is no number from 0 up to 2^47, which counts as 0");
		id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
		annotate_alloc(0, id, size, type, at);
		napi_create_double(env, (double)id, &result);
	}
	errno = error;
	return result;
}

napi_value js_drop(napi_env env, napi_callback_info info)
{
	struct stack_start at = STACK_CALLER();
	napi_value given = NULL;
	size_t count = 1;
	int error = errno;
	uint64_t id = 0;

	if (napi_get_cb_info(env, info, &count, &given, NULL, NULL) == NAPI_OK && count && number(env, given, &id) && id)
		annotate_free(0, id, at);
	else
		meta_warn("probe.drop was given what is no id, and did nothing");
	errno = error;
	return NULL;
}
