/*
 * interpreter.c: where V8's interpreter runs. All of its frames return to a few builtins (InterpreterEntryTrampoline, and
 * the bytecode handlers that make no frame of their own); which function one belongs to stands in the frame.
 *
 * Ordinary memory: a forked child has the same builtins. A range is written before its count, and nothing is taken back.
 */
#include "stack.h"

struct interpreter interpreter;

void stack_interpreter(uintptr_t start, uintptr_t end)
{
	uint32_t count = interpreter.count;

	for (uint32_t i = 0; i < count; i++)
		if (interpreter.ranges[i].start == start && interpreter.ranges[i].end == end)
			return;
	if (count == INTERPRETER_RANGES)
		return;
	interpreter.ranges[count].start = start;
	interpreter.ranges[count].end = end;
	__atomic_store_n(&interpreter.count, count + 1, __ATOMIC_RELEASE);
	/* Rules for these places are others from now on. */
	stack_loaded();
}

bool interpreter_has(uintptr_t lookup)
{
	uint32_t count = __atomic_load_n(&interpreter.count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count; i++)
		if (lookup - interpreter.ranges[i].start < interpreter.ranges[i].end - interpreter.ranges[i].start)
			return true;
	return false;
}
