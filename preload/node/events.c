/*
 * events.c: what V8 tells of its code. Bytecode, machine code and WebAssembly go to code.c; V8's builtins lie in node's
 * own file, whose symbols name them, so of those only the interpreter's places are of interest.
 *
 * Positions in the source are told before the code, between START and END. They are turned into lines once the code is
 * recorded, since asking V8 for a line may collect garbage and so move that very code.
 */
#include "node/events.h"

#include <errno.h>
#include <string.h>

#include "node/builtins.h"
#include "node/code.h"
#include "node/isolates.h"
#include "node/lines.h"

#define BUILTIN  "Builtin:"
#define HANDLER  "BytecodeHandler:"
#define ENTRY    "Builtin:InterpreterEntryTrampoline"
#define RESUME   "Builtin:InterpreterEnterAtNextBytecode"
#define RESUME_2 "Builtin:BaselineOrInterpreterEnterAtNextBytecode"

static bool begins(const struct v8_event *event, const char *with)
{
	size_t length = strlen(with);

	return event->name.length >= length && memcmp(event->name.text, with, length) == 0;
}

static bool is(const struct v8_event *event, const char *name)
{
	return event->name.length == strlen(name) && begins(event, name);
}

static void added(const struct v8_event *event)
{
	uint32_t isolate = isolates_number(event->isolate), id;
	enum trace_code_kind kind = event->code_type == V8_BYTE_CODE ? TRACE_CODE_BYTECODE :
		event->code_type == V8_WASM_CODE ? TRACE_CODE_WASM : TRACE_CODE_MACHINE;
	uintptr_t start = (uintptr_t)event->code_start;

	if (!isolate || event->code_size > UINT32_MAX)
		return;
	if (kind == TRACE_CODE_WASM)
		isolates_saw_wasm(event->isolate);
	if (kind == TRACE_CODE_MACHINE && (begins(event, BUILTIN) || begins(event, HANDLER))) {
		if (is(event, ENTRY) || begins(event, HANDLER))
			builtins_interpreter(start, start + event->code_size);
		/*
		 * Optimized code that gives up makes frames of the interpreter's, whose return address is the first of
		 * what goes on with them; so they seem to have called from what lies before it.
		 */
		if (is(event, RESUME) || is(event, RESUME_2))
			builtins_interpreter(start - 1, start);
		if (builtins_have_symbols())
			return;
		kind = TRACE_CODE_BUILTIN;
		isolate = 0;
	}
	id = code_add(kind, isolate, start, (uint32_t)event->code_size, event->name.text, event->name.length);
	if (id && kind != TRACE_CODE_MACHINE)
		lines_tell(id, start, kind == TRACE_CODE_WASM ? NULL : event->script, event->isolate);
}

void events_handle(const struct v8_event *event)
{
	int error = errno;

	switch (event->type) {
	case V8_CODE_ADDED:
		added(event);
		break;
	case V8_CODE_MOVED:
		lines_moved();
		code_move((uintptr_t)event->code_start, (uintptr_t)event->new_start);
		break;
	case V8_LINES_START:
		lines_begin();
		break;
	case V8_LINE:
		if (event->line.type == V8_POSITION)
			lines_add(event->line.offset, event->line.position);
		break;
	case V8_LINES_END:
		lines_end((uintptr_t)event->code_start);
		break;
	}
	errno = error;
}
