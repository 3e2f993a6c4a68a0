/*
 * judge.c: where two chains part, and what the code itself says about the callers that they name there: what lies
 * before a return address is a call.
 */
#include <string.h>
#include <sys/uio.h>

#include "sys.h"
#include "truth.h"

bool judge_read(uintptr_t at, void *bytes, size_t count)
{
	struct iovec here = {bytes, count}, there = {(void *)at, count};

	return sys(SYS_process_vm_readv, sys(SYS_getpid), &here, 1, &there, 1, 0) == (long)count;
}

/* The forms of call: e8 relative; ff /2 with its ModRM byte and what that brings along. */
bool judge_called(uintptr_t pc)
{
	uint8_t bytes[8];

	if (!judge_read(pc - sizeof(bytes), bytes, sizeof(bytes)))
		return false;
	if (bytes[3] == 0xe8)
		return true;
	for (unsigned size = 2; size <= 7; size++) {
		const uint8_t *code = bytes + sizeof(bytes) - size;
		unsigned mode = code[1] >> 6, base = code[1] & 7, needed = 2;

		if (code[0] != 0xff || (code[1] >> 3 & 7) != 2)
			continue;
		if (mode != 3 && base == 4)
			needed += 1;
		if (mode == 1)
			needed += 1;
		else if (mode == 2 || (mode == 0 && base == 5))
			needed += 4;
		if (needed == size)
			return true;
	}
	return false;
}

#define NEAR 1024u           /* bytes: within one builtin */

static bool goes_on_as_before(const struct chain *ours, uint32_t common, const struct chain *before)
{
	uint32_t rest = ours->count - common;

	return before->count > rest &&
	       before->frame[before->count - rest - 1] - ours->frame[common - 1] + NEAR < 2 * NEAR &&
	       memcmp(&before->frame[before->count - rest], &ours->frame[common], rest * sizeof(*ours->frame)) == 0;
}

static enum cause cause_of(const struct chain *ours, const struct chain *theirs, const struct chain *before,
	uint32_t common)
{
	bool guessing;

	if (theirs->end == UNWIND_NEVER)
		return CAUSE_NEVER;
	if (common == ours->count && ours->end == TRACE_STACK_CUT)
		return CAUSE_NONE;
	guessing = common == 0 || !unwind_described(theirs->pc[common - 1]);
	if (common < ours->count && common < theirs->count)
		return guessing ? CAUSE_PARTED_GUESSING : CAUSE_PARTED;
	if (common < ours->count && guessing && common && goes_on_as_before(ours, common, before))
		return CAUSE_STOPPED_POPPED;
	if (common < ours->count && guessing && theirs->far)
		return CAUSE_STOPPED_FAR;
	if (common < ours->count)
		return guessing ? CAUSE_STOPPED_GUESSING : CAUSE_STOPPED;
	if (ours->end == TRACE_STACK_LOST) {
		if (common == theirs->count && theirs->end != UNWIND_ROOT)
			return CAUSE_LOST_BOTH;
		return guessing ? CAUSE_LOST_GUESSING : CAUSE_LOST;
	}
	if (common < theirs->count)
		return guessing ? CAUSE_BEYOND_GUESSING : CAUSE_BEYOND;
	/* Both are at the trampoline, or both read in a description that there is no caller. */
	if (theirs->end == UNWIND_ROOT || (theirs->end == UNWIND_ENDED && !guessing))
		return CAUSE_NONE;
	return CAUSE_ENDED;
}

struct verdict judge(const struct chain *ours, const struct chain *theirs, const struct chain *before)
{
	struct verdict verdict = {0};
	uint32_t i = 0;

	while (i < ours->count && i < theirs->count && ours->frame[i] == theirs->frame[i])
		i++;
	verdict.common = i;
	verdict.cause = cause_of(ours, theirs, before, i);
	if (verdict.cause != CAUSE_NONE) {
		verdict.ours = i < ours->count && judge_called(ours->frame[i]);
		verdict.theirs = i < theirs->count && judge_called(theirs->pc[i]);
	}
	return verdict;
}
