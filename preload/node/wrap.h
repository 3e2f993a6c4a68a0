/*
 * wrap.h: wrappers of constructors that only look at what was made.
 */
#ifndef PROBE_WRAP_H
#define PROBE_WRAP_H

#include "library.h"
#include "node/napi.h"

/* wrap([original, after, Reflect.setPrototypeOf], name), which makes a wrapper; after(made, first argument) is called when
 * the original has succeeded. False: it cannot be had. */
bool wrap_function(napi_env env, napi_value *wrap) HIDDEN;

#endif
