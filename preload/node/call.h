/*
 * call.h: functions of V8's own kind: what they are called with, and how they call what they stand for. A function of
 * Node-API's is a constructor always and has a `prototype`, and an exception that passes through it forgets where it was
 * thrown; these have neither.
 *
 * v8::FunctionCallbackInfo (v8-function-callback.h) is the same three words in node 20, 22 and 24; whether it is so in
 * the node at hand is seen by calls with known arguments before anything depends on it. A v8::Local is the address of a
 * slot that holds the object, and a napi_value is a v8::Local.
 */
#ifndef PROBE_CALL_H
#define PROBE_CALL_H

#include "library.h"
#include "node/napi.h"
#include "node/v8.h"

struct v8_call {
	uintptr_t *implicit;
	uintptr_t *values;            /* the arguments; before them `this` */
	int length;                   /* how many arguments */
};

enum { V8_CALL_RESULT = 3, V8_CALL_DATA = 4, V8_CALL_NEW_TARGET = 5 }; /* of `implicit` */

typedef void v8_callback(const struct v8_call *call);

enum v8_constructs { V8_NO_CONSTRUCTOR, V8_CONSTRUCTOR };      /* v8::ConstructorBehavior */
#define V8_SIDE_EFFECT 0             /* v8::SideEffectType::kHasSideEffect */

V8_FUNCTION(void *, v8_context, "_ZN2v87Isolate17GetCurrentContextEv", void *isolate);
V8_FUNCTION(napi_value, v8_function,
	"_ZN2v88Function3NewENS_5LocalINS_7ContextEEEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS1_IS5_EEi"
	"NS_19ConstructorBehaviorENS_14SideEffectTypeE",
	void *context, v8_callback *callback, napi_value data, int length, int constructor, int side_effect);
/* `c`: a v8::CFunction or NULL (fast.c). A template. */
V8_FUNCTION(void *, v8_template,
	"_ZN2v816FunctionTemplate3NewEPNS_7IsolateEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS_5LocalIS4_EENSA_INS_9SignatureEEEi"
	"NS_19ConstructorBehaviorENS_14SideEffectTypeEPKNS_9CFunctionEttt",
	void *isolate, v8_callback *callback, napi_value data, void *signature, int length, int constructor, int side_effect,
	const void *c, uint16_t, uint16_t, uint16_t);
V8_FUNCTION(void, v8_set_name, "_ZN2v88Function7SetNameENS_5LocalINS_6StringEEE", napi_value function, napi_value name);
/* NULL: it threw, and the exception goes on when the caller returns. */
V8_FUNCTION(napi_value, v8_apply, "_ZN2v88Function4CallENS_5LocalINS_7ContextEEENS1_INS_5ValueEEEiPS5_",
	napi_value function, void *context, napi_value receiver, int count, const napi_value *arguments);
V8_FUNCTION(napi_value, v8_construct, "_ZNK2v88Function11NewInstanceENS_5LocalINS_7ContextEEEiPNS1_INS_5ValueEEE",
	napi_value function, void *context, int count, const napi_value *arguments);
/* Only where the slot of the data has the function's template instead. */
V8_FUNCTION(napi_value, v8_template_data, "_ZN2v812api_internal23GetFunctionTemplateDataEPNS_7IsolateENS_5LocalINS_4DataEEE",
	void *isolate, void *target);

/* v8::TryCatch: six words. While it is open an exception ends with it, unless it is thrown again. */
#define V8_CATCH_WORDS 12
V8_FUNCTION(void, v8_catch_open, "_ZN2v88TryCatchC1EPNS_7IsolateE", void *words, void *isolate);
V8_FUNCTION(void, v8_catch_close, "_ZN2v88TryCatchD1Ev", void *words);
V8_FUNCTION(napi_value, v8_caught, "_ZNK2v88TryCatch9ExceptionEv", const void *words);
V8_FUNCTION(void, v8_rethrow, "_ZN2v88TryCatch7ReThrowEv", void *words);

/* Handles that last; V8 sets a weak one to NULL when the object is gone. */
V8_FUNCTION(uintptr_t *, v8_globalize_at, "_ZN2v812api_internal18GlobalizeReferenceEPNS_8internal7IsolateEPm", void *,
	const uintptr_t *);          /* V8 11 */
V8_FUNCTION(uintptr_t *, v8_globalize, "_ZN2v812api_internal18GlobalizeReferenceEPNS_8internal7IsolateEm", void *, uintptr_t);
V8_FUNCTION(void, v8_make_weak, "_ZN2v812api_internal8MakeWeakEPPm", uintptr_t **);
V8_FUNCTION(void, v8_dispose, "_ZN2v812api_internal13DisposeGlobalEPm", uintptr_t *);

static inline uintptr_t *call_keep(void *isolate, const uintptr_t *slot)
{
	return v8_globalize ? v8_globalize(isolate, *slot) : v8_globalize_at(isolate, slot);
}

static inline napi_value call_slot(uintptr_t *slot)
{
	return (napi_value)slot;
}

static inline napi_value call_this(const struct v8_call *call)
{
	return call_slot(call->values - 1);
}

static inline napi_value call_new_target(const struct v8_call *call)
{
	return call_slot(call->implicit + V8_CALL_NEW_TARGET);
}

/* What the function was made with. */
static inline napi_value call_data(const struct v8_call *call)
{
	uintptr_t *slot = call->implicit + V8_CALL_DATA;

	return v8_template_data ? v8_template_data(v8.current(), slot) : call_slot(slot);
}

static inline void call_return(const struct v8_call *call, napi_value value)
{
	call->implicit[V8_CALL_RESULT] = *(const uintptr_t *)value;
}

static inline bool call_is_available(void)
{
	return v8.current && v8_context && v8_function && v8_set_name && v8_apply && v8_construct && v8_catch_open &&
	       v8_catch_close && v8_caught && v8_rethrow && (v8_globalize || v8_globalize_at) && v8_make_weak && v8_dispose;
}

#endif
