/*
 * interpreter.c: where V8's interpreter runs. All of its frames return to a few builtins (InterpreterEntryTrampoline, and
 * the bytecode handlers that make no frame of their own); which function one belongs to stands in the frame.
 *
 * Captures read without a lock; one writer at a time (node/builtins.c). A range is there while its size is not 0: the size
 * is stored last when it comes and first when it goes. Ordinary memory: a forked child has the same builtins.
 */
#include "stack.h"

#define RANGES 8192u                 /* parts of the interpreter in each copy of the builtins (node/builtins.c) */

static struct { uintptr_t start, size; } ranges[RANGES];
static uint32_t used;                /* entries that were ever in use */

void stack_interpreter(uintptr_t start, uintptr_t end)
{
	uint32_t i = 0;

	for (uint32_t j = 0; j < used; j++)
		if (ranges[j].size && ranges[j].start == start)
			return;
	while (i < used && ranges[i].size)
		i++;
	if (i == RANGES)
		return;
	ranges[i].start = start;
	__atomic_store_n(&ranges[i].size, end - start, __ATOMIC_RELEASE);
	if (i == used)
		__atomic_store_n(&used, used + 1, __ATOMIC_RELEASE);
	/* Rules for these places are others from now on. */
	stack_loaded();
}

void stack_interpreter_gone(uintptr_t start, uintptr_t end)
{
	for (uint32_t i = 0; i < used; i++)
		if (ranges[i].size && ranges[i].start >= start && ranges[i].start < end)
			__atomic_store_n(&ranges[i].size, 0, __ATOMIC_RELEASE);
	stack_loaded();
}

bool interpreter_has(uintptr_t lookup)
{
	uint32_t count = __atomic_load_n(&used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count; i++) {
		uintptr_t size = __atomic_load_n(&ranges[i].size, __ATOMIC_ACQUIRE);

		if (size && lookup - ranges[i].start < size)
			return true;
	}
	return false;
}
