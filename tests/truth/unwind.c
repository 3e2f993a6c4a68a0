/*
 * unwind.c: libunwind, loaded privately: as a dependency it would take over the program's C++ exceptions.
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>

#include "truth.h"

#define CACHED 8192          /* rows; without a cache a step costs twenty times as much */

/* Where it guesses, a frame pointer must be within this of the last frame that it knew the size of (1.6.2, Gstep.c). */
#define GUESS_REACH 0x4000u

#define QUOTED_(name) #name
#define QUOTED(name) QUOTED_(name)
#define NEED(name) (real.name = (__typeof__(real.name))dlsym(library_, QUOTED(unw_##name)))

static struct {
	__typeof__(unw_tdep_getcontext) *tdep_getcontext;
	__typeof__(unw_init_local) *init_local;
	__typeof__(unw_step) *step;
	__typeof__(unw_get_reg) *get_reg;
	__typeof__(unw_is_signal_frame) *is_signal_frame;
	__typeof__(unw_get_proc_info_by_ip) *get_proc_info_by_ip;
	__typeof__(unw_set_caching_policy) *set_caching_policy;
	__typeof__(unw_set_cache_size) *set_cache_size;
	__typeof__(unw_flush_cache) *flush_cache;
	unw_addr_space_t *local_addr_space;
} real;

bool unwind_start(void)
{
	void *library_ = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	if (!library_)
		return false;
	if (!NEED(tdep_getcontext) || !NEED(init_local) || !NEED(step) || !NEED(get_reg) || !NEED(is_signal_frame) ||
	    !NEED(get_proc_info_by_ip) || !NEED(set_caching_policy) || !NEED(set_cache_size) || !NEED(flush_cache) ||
	    !NEED(local_addr_space))
		return false;
	real.set_caching_policy(*real.local_addr_space, UNW_CACHE_GLOBAL);
	real.set_cache_size(*real.local_addr_space, CACHED, 0);
	return true;
}

/*
 * What the call tree should have for a frame of V8's interpreter, by libunwind's frame pointer: at bp − 40, − 32 and
 * − 8 are the offset in the bytecode array (a Smi), the array (tagged) and the context (tagged).
 */
static uint64_t bytecode_of(unw_cursor_t *cursor, unw_word_t pc)
{
	uint64_t words[5], address;
	unw_word_t bp = 0;

	real.get_reg(cursor, UNW_X86_64_RBP, &bp);
	if (!judge_read(bp - 40, words, sizeof(words)))
		return pc;
	address = words[1] + (words[0] >> 32);
	if ((words[1] & 3) != 1 || (words[4] & 1) != 1 || (uint32_t)words[0] || words[0] >> 63 ||
	    address >> ADDRESS_BITS)
		return pc;
	return address | STACK_EXACT;
}

void unwind_chain(const struct thread *thread, struct stack_start at, struct chain *chain)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t sp = 0, bp = 0, pc;
	int result;

	chain->count = 0;
	chain->far = false;
	real.tdep_getcontext(&context);
	real.init_local(&cursor, &context);
	while ((result = real.step(&cursor)) > 0) {
		uint32_t i = chain->count;
		uint64_t exact = 0;

		real.get_reg(&cursor, UNW_REG_IP, &pc);
		real.get_reg(&cursor, UNW_REG_SP, &sp);
		real.get_reg(&cursor, UNW_X86_64_RBP, &bp);
		if (i == 0) {
			if (sp > at.sp)
				break;
			if (sp != at.sp || pc != at.pc)
				continue;
		} else if (real.is_signal_frame(&cursor) > 0) {
			/* It tells of the step just made: from the restorer, which nobody called either. */
			exact = STACK_EXACT;
			chain->frame[i - 1] |= exact;
		}
		if (i && pc && pc == thread->root) {
			chain->end = UNWIND_ROOT;
			return;
		}
		if (pc == 0) {
			result = 0;
			break;
		}
		if (i == TRUTH_FRAMES) {
			chain->end = UNWIND_FULL;
			return;
		}
		chain->pc[i] = pc;
		chain->frame[i] = interpreter_has(pc - 1) ? bytecode_of(&cursor, pc) : pc | exact;
		chain->count++;
	}
	chain->far = bp > sp && bp - sp > GUESS_REACH;
	chain->end = !chain->count ? UNWIND_NEVER : result < 0 ? UNWIND_FAILED : UNWIND_ENDED;
}

bool unwind_described(uintptr_t pc)
{
	unw_proc_info_t info;

	return real.get_proc_info_by_ip(*real.local_addr_space, pc - 1, &info, NULL) == 0;
}

void unwind_forget(void)
{
	real.flush_cache(*real.local_addr_space, 0, 0);
}
