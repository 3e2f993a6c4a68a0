/* For wasm_pair.js: malloc/free pairs at a depth of calls, in a linear memory. */
#include <stdlib.h>

static void *volatile block;

static void work(unsigned pairs)
{
	for (unsigned i = 0; i < pairs; i++) {
		block = malloc(16 + i % 240);
		free(block);
	}
}

static __attribute__((noinline)) unsigned descend(unsigned depth, unsigned pairs)
{
	volatile unsigned below = depth;

	if (depth)
		return descend(depth - 1, pairs) + below;
	work(pairs);
	return below;
}

__attribute__((export_name("run"))) unsigned run(unsigned depth, unsigned pairs)
{
	return descend(depth, pairs);
}
