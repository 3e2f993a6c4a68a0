/*
 * napi.h: the few functions of Node-API that the addon calls. They are part of node's stable interface (versions 1 to 4).
 * Weak, as V8's (v8.h).
 */
#ifndef PROBE_NAPI_H
#define PROBE_NAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef struct napi_threadsafe_function__ *napi_threadsafe_function;
typedef napi_value napi_callback(napi_env, napi_callback_info);

#define NAPI_OK            0
#define NAPI_AUTO_LENGTH   ((size_t)-1)
#define NAPI_NONBLOCKING   0

enum { NAPI_UNDEFINED, NAPI_NULL, NAPI_BOOLEAN, NAPI_NUMBER, NAPI_STRING, NAPI_SYMBOL, NAPI_OBJECT, NAPI_FUNCTION }; /* napi_valuetype */

/* addon.c: what node calls with a new environment for the addon. */
napi_value addon_register(napi_env env, napi_value exports) __attribute__((visibility("hidden")));

/* addon.c: runs one of our scripts, as a file of this name. Node-API's status. */
int addon_run(napi_env env, const char *script, const char *end, const char *name, napi_value *result)
	__attribute__((visibility("hidden")));

/* addon.c: a value as text, cut at `size` − 1 bytes and ended by NUL. False: it cannot be one. */
bool addon_text(napi_env env, napi_value value, char *text, size_t size) __attribute__((visibility("hidden")));

/* annotate.c: probe.alloc(type, size) → id, and probe.drop(id). */
napi_callback js_alloc __attribute__((visibility("hidden"))), js_drop __attribute__((visibility("hidden")));

#define NAPI(name, ...) extern int name(napi_env, __VA_ARGS__) __attribute__((weak))
NAPI(napi_add_env_cleanup_hook, void (*)(void *), void *);
NAPI(napi_call_function, napi_value, napi_value, size_t, const napi_value *, napi_value *);
NAPI(napi_coerce_to_string, napi_value, napi_value *);
NAPI(napi_create_arraybuffer, size_t, void **, napi_value *);
NAPI(napi_create_bigint_uint64, uint64_t, napi_value *);
NAPI(napi_create_double, double, napi_value *);
NAPI(napi_create_external_arraybuffer, void *, size_t, void (*)(napi_env, void *, void *), void *, napi_value *);
NAPI(napi_create_function, const char *, size_t, napi_callback *, void *, napi_value *);
NAPI(napi_create_object, napi_value *);
NAPI(napi_create_reference, napi_value, uint32_t, void **);
NAPI(napi_create_string_utf8, const char *, size_t, napi_value *);
NAPI(napi_create_threadsafe_function, napi_value, napi_value, napi_value, size_t, size_t, void *,
	void (*)(napi_env, void *, void *), void *, void (*)(napi_env, napi_value, void *, void *),
	napi_threadsafe_function *);
NAPI(napi_create_uint32, uint32_t, napi_value *);
NAPI(napi_delete_reference, void *);
NAPI(napi_detach_arraybuffer, napi_value);
NAPI(napi_get_and_clear_last_exception, napi_value *);
NAPI(napi_get_arraybuffer_info, napi_value, void **, size_t *);
NAPI(napi_get_cb_info, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
NAPI(napi_get_boolean, bool, napi_value *);
NAPI(napi_get_element, napi_value, uint32_t, napi_value *);
NAPI(napi_get_global, napi_value *);
NAPI(napi_get_named_property, napi_value, const char *, napi_value *);
NAPI(napi_get_new_target, napi_callback_info, napi_value *);
NAPI(napi_get_prototype, napi_value, napi_value *);
NAPI(napi_get_reference_value, void *, napi_value *);
NAPI(napi_get_typedarray_info, napi_value, int *, size_t *, void **, napi_value *, size_t *);
NAPI(napi_get_undefined, napi_value *);
NAPI(napi_get_value_bool, napi_value, bool *);
NAPI(napi_get_value_bool, napi_value, bool *);
NAPI(napi_get_value_double, napi_value, double *);
NAPI(napi_get_value_string_utf8, napi_value, char *, size_t, size_t *);
NAPI(napi_get_value_uint32, napi_value, uint32_t *);
NAPI(napi_new_instance, napi_value, size_t, const napi_value *, napi_value *);
NAPI(napi_run_script, napi_value, napi_value *);
NAPI(napi_set_element, napi_value, uint32_t, napi_value);
NAPI(napi_strict_equals, napi_value, napi_value, bool *);
NAPI(napi_typeof, napi_value, int *);
NAPI(napi_unref_threadsafe_function, napi_threadsafe_function);
struct napi_property {           /* napi_property_descriptor */
	const char *name;
	napi_value key;
	napi_callback *method, *getter, *setter;
	napi_value value;
	int attributes;
	void *data;
};
NAPI(napi_define_properties, napi_value, size_t, const struct napi_property *);
#undef NAPI

/* A property of the object's own, whatever its prototypes have. Node-API's status. */
static inline int napi_own(napi_env env, napi_value object, const char *name, napi_value value)
{
	const struct napi_property property = {.name = name, .value = value, .attributes = 1 | 2 | 4}; /* as by assignment */

	return napi_define_properties(env, object, 1, &property);
}

extern int napi_call_threadsafe_function(napi_threadsafe_function, void *, int) __attribute__((weak));

#endif
