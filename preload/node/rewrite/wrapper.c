/*
 * wrapper.c: see wrapper.h and, for what a wrapper does, rewrite.h.
 */
#include "node/rewrite/wrapper.h"

#include "node/rewrite/operators.h"

#define VALUE_F64 0x7c
#define NO_VALUE  0x40               /* of a block */
#define OP_ELSE   0x05
#define OP_RETHROW 0x09
#define OP_BR_IF  0x0d
#define OP_CATCH_ALL 0x19
#define OP_LOCAL_TEE 0x22
#define OP_I32_AND 0x71
#define OP_I64_EQZ 0x50
#define OP_F64_CONST 0x44

static const struct rewrite_type *type_of(const struct rewrite_module *module, const struct rewrite_watch *watch)
{
	return &module->types[module->functions[watch->function].type];
}

static bool is_integer(uint8_t value)
{
	return value == VALUE_I32 || value == VALUE_I64;
}

/* Those before a parameter may be longer than a byte: then it is not where it is looked for. */
static bool are_numbers(const uint8_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (values[i] < 0x7b || values[i] > VALUE_I32)
			return false;
	return true;
}

static bool has(const struct rewrite_type *type, int8_t parameter)
{
	return parameter >= 0 && (uint32_t)parameter < type->parameters && is_integer(type->parameter[parameter]);
}

static bool has_if_any(const struct rewrite_type *type, int8_t parameter)
{
	return parameter < 0 || has(type, parameter);
}

bool wrapper_fits(const struct rewrite_module *module, const struct rewrite_watch *watch)
{
	const struct rewrite_type *type;

	if (watch->function < module->imported_functions || watch->function >= module->function_count)
		return false;
	type = type_of(module, watch);
	if (!type->function || type->parameters > INT8_MAX || type->results > 1 ||
	    !are_numbers(type->parameter, type->parameters) || !are_numbers(type->result, type->results) ||
	    !has_if_any(type, watch->pointer) || !has_if_any(type, watch->size) || !has_if_any(type, watch->count) ||
	    !has_if_any(type, watch->alignment))
		return false;
	if (watch->count >= 0 && (watch->size < 0 || type->parameter[watch->count] != type->parameter[watch->size]))
		return false;
	if (watch->action == REWRITE_DIES)
		return watch->pointer >= 0;
	if (type->results != 1 || !is_integer(type->result[0]) || watch->size < 0)
		return false;
	if (watch->action == REWRITE_MOVED || !watch->out)
		return (watch->pointer >= 0) == (watch->action == REWRITE_MOVED);
	return watch->pointer >= 0 && type->result[0] == VALUE_I32 && module->memory_count &&
		type->parameter[watch->pointer] == (module->memories[0].wide ? VALUE_I64 : VALUE_I32);
}

bool wrapper_is_wide(const struct rewrite_module *module, const struct rewrite_watch *watch)
{
	const struct rewrite_type *type = type_of(module, watch);
	const int8_t parameters[] = {watch->pointer, watch->size, watch->alignment};

	for (unsigned i = 0; i < sizeof(parameters); i++)
		if (parameters[i] >= 0 && type->parameter[parameters[i]] == VALUE_I64)
			return true;
	return watch->action != REWRITE_DIES && type->result[0] == VALUE_I64;
}

void wrapper_types(struct emit *out, bool wide)
{
	static const uint8_t places[TYPES] = {3, 1, 4};

	for (unsigned i = 0; i < TYPES; i++) {
		emit_byte(out, 0x60);
		emit_byte(out, 1u + places[i]);
		emit_byte(out, VALUE_I32);
		emit_fill(out, wide ? VALUE_F64 : VALUE_I32, places[i]);
		emit_byte(out, 0);
	}
}

/* ---- a body ---------------------------------------------------------------------------------------------------- */

struct wrapper {
	struct emit *out;
	const struct rewrite_watch *watch;
	const struct rewrite_type *type;
	const struct appended *appended;
	uint32_t number, inner;
	uint32_t result, saved;          /* the locals that keep it, and the state */
};

static void put(const struct wrapper *wrapper, enum operator_code code, uint32_t index)
{
	emit_byte(wrapper->out, code);
	emit_u32(wrapper->out, index);
}

static void put_number(const struct wrapper *wrapper, uint32_t number)
{
	emit_byte(wrapper->out, OP_I32_CONST);
	emit_s32(wrapper->out, (int32_t)number);
}

/* The hook of a death may have changed it. */
static void enter(const struct wrapper *wrapper)
{
	if (wrapper->watch->action == REWRITE_DIES) {
		put(wrapper, OP_GLOBAL_GET, wrapper->appended->state);
		put(wrapper, OP_LOCAL_SET, wrapper->saved);
	}
	put_number(wrapper, 0);
	put(wrapper, OP_GLOBAL_SET, wrapper->appended->state);
}

static void leave(const struct wrapper *wrapper)
{
	put(wrapper, OP_LOCAL_GET, wrapper->saved);
	put(wrapper, OP_GLOBAL_SET, wrapper->appended->state);
}

/* What is on the stack becomes what hooks take. */
static void widen(const struct wrapper *wrapper, uint8_t value)
{
	if (wrapper->appended->wide)
		emit_byte(wrapper->out, value == VALUE_I64 ? OP_F64_CONVERT_I64_U : OP_F64_CONVERT_I32_U);
}

static void put_zero(const struct wrapper *wrapper)
{
	if (wrapper->appended->wide) {
		emit_byte(wrapper->out, OP_F64_CONST);
		emit_fill(wrapper->out, 0, 8);
	} else {
		put_number(wrapper, 0);
	}
}

static void put_parameter(const struct wrapper *wrapper, int8_t parameter)
{
	if (parameter < 0) {
		put_zero(wrapper);
		return;
	}
	put(wrapper, OP_LOCAL_GET, (uint32_t)parameter);
	widen(wrapper, wrapper->type->parameter[parameter]);
}

static void put_size(const struct wrapper *wrapper)
{
	const struct rewrite_watch *watch = wrapper->watch;
	uint8_t value = wrapper->type->parameter[watch->size];

	put(wrapper, OP_LOCAL_GET, (uint32_t)watch->size);
	if (watch->count >= 0) { /* where it overflows the function fails */
		put(wrapper, OP_LOCAL_GET, (uint32_t)watch->count);
		emit_byte(wrapper->out, value == VALUE_I64 ? OP_I64_MUL : OP_I32_MUL);
	}
	widen(wrapper, value);
}

/* The block that was made. */
static void put_block(const struct wrapper *wrapper)
{
	const struct rewrite_watch *watch = wrapper->watch;
	uint8_t value;

	put(wrapper, OP_LOCAL_GET, wrapper->result);
	if (!watch->out) {
		widen(wrapper, wrapper->type->result[0]);
		return;
	}
	value = wrapper->type->parameter[watch->pointer];
	emit_byte(wrapper->out, OP_IF);
	emit_byte(wrapper->out, wrapper->appended->wide ? VALUE_F64 : VALUE_I32);
	put_zero(wrapper);
	emit_byte(wrapper->out, OP_ELSE);
	put(wrapper, OP_LOCAL_GET, (uint32_t)watch->pointer);
	emit_byte(wrapper->out, value == VALUE_I64 ? OP_I64_LOAD : OP_I32_LOAD);
	emit_byte(wrapper->out, 0); /* alignment */
	emit_byte(wrapper->out, 0); /* offset */
	widen(wrapper, value);
	emit_byte(wrapper->out, OP_END);
}

static void call_hook(const struct wrapper *wrapper, enum hook hook)
{
	static const uint8_t types[HOOKS] = {[HOOK_BORN] = 0, [HOOK_DIES] = 1, [HOOK_MOVES] = 1, [HOOK_MOVED] = 2,
		[HOOK_REFUSED] = 1};

	put_number(wrapper, hook);
	put(wrapper, OP_CALL_INDIRECT, wrapper->appended->types + types[hook]);
	emit_u32(wrapper->out, wrapper->appended->hooks);
}

static void tell_before(const struct wrapper *wrapper)
{
	if (wrapper->watch->action == REWRITE_BORN)
		return;
	put_number(wrapper, wrapper->number);
	put_parameter(wrapper, wrapper->watch->pointer);
	call_hook(wrapper, wrapper->watch->action == REWRITE_DIES ? HOOK_DIES : HOOK_MOVES);
}

static void tell_after(const struct wrapper *wrapper)
{
	bool moved = wrapper->watch->action == REWRITE_MOVED;

	if (wrapper->watch->action == REWRITE_DIES)
		return;
	put_number(wrapper, wrapper->number);
	if (moved)
		put_parameter(wrapper, wrapper->watch->pointer);
	put_block(wrapper);
	put_size(wrapper);
	put_parameter(wrapper, wrapper->watch->alignment);
	call_hook(wrapper, moved ? HOOK_MOVED : HOOK_BORN);
}

static void call_inner(const struct wrapper *wrapper, enum operator_code how)
{
	for (uint32_t i = 0; i < wrapper->type->parameters; i++)
		put(wrapper, OP_LOCAL_GET, i);
	put(wrapper, how, wrapper->inner);
}

/* What is thrown goes on as it came, with the state set right. */
static void call_watched(const struct wrapper *wrapper)
{
	if (!wrapper->appended->catches) {
		call_inner(wrapper, OP_CALL);
		return;
	}
	emit_byte(wrapper->out, OP_TRY);
	emit_byte(wrapper->out, wrapper->type->results ? wrapper->type->result[0] : NO_VALUE);
	call_inner(wrapper, OP_CALL);
	emit_byte(wrapper->out, OP_CATCH_ALL);
	leave(wrapper);
	put(wrapper, OP_RETHROW, 0);
	emit_byte(wrapper->out, OP_END);
}

/* Leaves the block that the report is in. */
static void leave_if_zero(const struct wrapper *wrapper, uint8_t value)
{
	emit_byte(wrapper->out, value == VALUE_I64 ? OP_I64_EQZ : OP_I32_EQZ);
	put(wrapper, OP_BR_IF, 0);
}

void wrapper_body(struct emit *out, const struct rewrite_module *module, const struct rewrite_watch *watch,
	uint32_t number, uint32_t inner, const struct appended *appended)
{
	const struct rewrite_type *type = type_of(module, watch);
	const struct wrapper wrapper = {.out = out, .watch = watch, .type = type, .appended = appended, .number = number,
		.inner = inner, .result = type->parameters, .saved = type->parameters + type->results};

	emit_u32(out, type->results + 1);
	if (type->results) {
		emit_u32(out, 1);
		emit_byte(out, type->result[0]);
	}
	emit_u32(out, 1);
	emit_byte(out, VALUE_I32);
	emit_byte(out, OP_BLOCK);
	emit_byte(out, NO_VALUE);
	put(&wrapper, OP_GLOBAL_GET, appended->state);
	put(&wrapper, OP_LOCAL_TEE, wrapper.saved);
	put_number(&wrapper, watch->states ? watch->states : 1);
	emit_byte(out, OP_I32_AND);
	leave_if_zero(&wrapper, VALUE_I32);
	if (watch->action == REWRITE_DIES) {
		put(&wrapper, OP_LOCAL_GET, (uint32_t)watch->pointer);
		leave_if_zero(&wrapper, type->parameter[watch->pointer]);
	}
	tell_before(&wrapper); /* still outside: it throws where the stack is full */
	enter(&wrapper);
	call_watched(&wrapper);
	if (type->results)
		put(&wrapper, OP_LOCAL_SET, wrapper.result);
	leave(&wrapper);
	tell_after(&wrapper);
	if (type->results)
		put(&wrapper, OP_LOCAL_GET, wrapper.result);
	emit_byte(out, OP_RETURN);
	emit_byte(out, OP_END);
	/* Nothing to tell: as if it were not there, for functions that call each other without end too. */
	call_inner(&wrapper, OP_RETURN_CALL);
}
