/*
 * hook.h: how the addon (addon.c) gets into node: by --require of a small file, in NODE_OPTIONS. node reads that variable
 * once, before it makes its first thread and before any JavaScript runs; then it is what it was, for the program and its
 * children.
 */
#ifndef PROBE_HOOK_H
#define PROBE_HOOK_H

#include "library.h"

/* Before main, with its arguments: changes NODE_OPTIONS in a program that is node. */
void hook_put_in(int count, char *const *arguments) HIDDEN;

/* Before a thread is made: undoes that. */
extern const char *hook_ours HIDDEN;         /* NULL: there is nothing to undo */
void hook_undo(void) HIDDEN;
static inline void hook_take_back(void)
{
	if (unlikely(hook_ours))
		hook_undo();
}

#endif
