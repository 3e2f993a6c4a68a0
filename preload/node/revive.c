/*
 * revive.c: a trap that passes through a function of a wasm allocator, or an exception where V8 cannot throw all again that
 * was caught (watch.js), leaves its instance silent (rewrite.h):
 * its state is as it is within such a function. Where a mark is put, and where the program ends, no such function runs,
 * so states that say so are set right, and the report is told that something is missing.
 */
#include "node/call.h"
#include "node/watch.h"

#define STATES_MOST 1024u            /* of instances: the youngest */

/* Handles of V8's, which it sets to NULL when the object is gone; `heal` is a strong one. */
struct watch_states {
	uintptr_t *heal;             /* watch.js: sets a state right; true: it was not */
	uint32_t next;               /* where the next instance goes */
	struct watch_state { uintptr_t *state, *wanted; } states[STATES_MOST];
};

void revive_heal(napi_value heal)
{
	struct thread *thread = thread_state();

	if (!thread || !call_is_available())
		return;
	if (!thread->watch_states)
		thread->watch_states = wiped_take(sizeof(*thread->watch_states));
	if (!thread->watch_states)
		return;
	/* What a thread before this one had was of an isolate that is gone. */
	*thread->watch_states = (struct watch_states){.heal = call_keep(v8.current(), (const uintptr_t *)heal)};
}

void revive_keep(napi_value state, napi_value wanted)
{
	struct watch_states *states = self ? self->watch_states : NULL;
	struct watch_state *slot = states ? &states->states[states->next++ % STATES_MOST] : NULL;

	if (!slot)
		return;
	if (slot->state)
		v8_dispose(slot->state);
	if (slot->wanted)
		v8_dispose(slot->wanted);
	slot->state = call_keep(v8.current(), (const uintptr_t *)state);
	slot->wanted = call_keep(v8.current(), (const uintptr_t *)wanted);
	v8_make_weak(&slot->state);
	v8_make_weak(&slot->wanted);
}

void revive_all(napi_env env)
{
	struct watch_states *states = self ? self->watch_states : NULL;
	uint32_t count = states ? states->next < STATES_MOST ? states->next : STATES_MOST : 0;
	void *context = count ? v8_context(v8.current()) : NULL;
	bool any = false;

	for (uint32_t i = 0; i < count; i++) {
		const struct watch_state *one = &states->states[i];
		napi_value arguments[2] = {call_slot(one->state), call_slot(one->wanted)}, healed;
		bool was_silent = false;

		if (!one->state || !one->wanted)
			continue;
		healed = v8_apply(call_slot(states->heal), context, call_slot(states->heal), 2, arguments);
		any = (healed && napi_get_value_bool(env, healed, &was_silent) == NAPI_OK && was_silent) || any;
	}
	if (any)
		meta_warn("a trap or an exception left a wasm allocator in the middle: what its instance allocated and freed "
		          "from then to the next mark is not known");
}
