/*
 * annotate.c: probe.alloc and probe.drop: what a script says of objects of its own. They are blocks of pool 0; an id is given
 * once in the process, to all its isolates.
 */
#include <errno.h>

#include "interpose/annotate.h"
#include "node/napi.h"
#include "record/types.h"

#define SIZE_LIMIT 0x1p47            /* bytes: no block is as large */

static uint64_t last_id;

/* Of a number that is none of something, or too large: 0. */
static uint64_t number(napi_env env, napi_value value)
{
	double given = 0;

	return napi_get_value_double(env, value, &given) == NAPI_OK && given > 0 && given < SIZE_LIMIT ? (uint64_t)given : 0;
}

napi_value js_alloc(napi_env env, napi_callback_info info)
{
	struct stack_start at = STACK_CALLER();
	napi_value given[2] = {NULL, NULL}, result = NULL;
	char type[TYPE_NAME_MOST + 1];
	size_t count = 2;
	int error = errno;
	uint64_t id;

	if (napi_get_cb_info(env, info, &count, given, NULL, NULL) == NAPI_OK && count &&
	    addon_text(env, given[0], type, sizeof(type))) {
		id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
		annotate_alloc(0, id, number(env, given[1]), type, at);
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
	uint64_t id;

	if (napi_get_cb_info(env, info, &count, &given, NULL, NULL) == NAPI_OK && count && (id = number(env, given)) != 0)
		annotate_free(0, id, at);
	errno = error;
	return NULL;
}
