/*
 * tally.c: what was found, in a shared mapping of a file: it is there after any end.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lock.h"
#include "sys.h"
#include "text.h"
#include "truth.h"

struct tally *tally;

static char executable[256];
static struct lock module_lock;

bool tally_start(void)
{
	const char *folder = getenv("TRUTH_OUT");
	char path[512];
	struct timespec now;
	void *mapped = MAP_FAILED;
	long fd;

	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	text_format(path, sizeof(path), "%s/%u-%llx", folder, (unsigned)sys(SYS_getpid),
	            (unsigned long long)now.tv_sec * 1000000000 + (unsigned long long)now.tv_nsec);
	fd = sys(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	if (sys(SYS_ftruncate, fd, sizeof(*tally)) == 0)
		mapped = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	sys(SYS_close, fd);
	if (mapped == MAP_FAILED)
		return false;
	sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", executable, sizeof(executable) - 1);
	tally = mapped;
	text_format(tally->module[0], sizeof(tally->module[0]), "%s", executable);
	tally->modules = 1;
	tally->magic = TALLY_MAGIC;
	return true;
}

static uint32_t module_number(const char *name)
{
	uint64_t number = 0;
	struct lock_hold hold;

	if (!name[0])
		return 1;
	lock_take(&module_lock, &hold);
	while (number < tally->modules && strncmp(tally->module[number], name, sizeof(*tally->module) - 1) != 0)
		number++;
	if (number == tally->modules && number < TALLY_MODULES) {
		text_format(tally->module[number], sizeof(*tally->module), "%s", name);
		tally->modules++;
	}
	lock_give(&module_lock, &hold);
	return number < TALLY_MODULES ? (uint32_t)number + 1 : 0;
}

static struct tally_frame told(uint64_t word)
{
	uintptr_t address = word & ~STACK_EXACT;
	bool exact = word != address;
	struct tally_frame frame = {.address = address, .offset = address, .flags = exact ? TALLY_EXACT : 0};
	struct dl_find_object object;

	if (judge_called(address))
		frame.flags |= TALLY_CALLED;
	if (unwind_described(address + exact))
		frame.flags |= TALLY_DESCRIBED;
	if (_dl_find_object((void *)(address - !exact), &object) == 0) {
		frame.module = module_number(object.dlfo_link_map->l_name);
		frame.offset = address - object.dlfo_link_map->l_addr;
	}
	return frame;
}

/* The same for all generated code, which lies elsewhere each time. */
static uint64_t place(const struct chain *chain, uint32_t i)
{
	struct dl_find_object object;

	if (i >= chain->count)
		return 1;
	return _dl_find_object((void *)((chain->frame[i] & ~STACK_EXACT) - 1), &object) == 0 ? chain->frame[i] : 2;
}

static void tell(struct tally_side *side, const struct chain *chain, uint32_t first)
{
	side->count = chain->count;
	side->end = chain->end;
	for (uint32_t i = 0; i < TALLY_FRAMES && first + i < chain->count; i++)
		side->frames[i] = told(chain->frame[first + i]);
}

static uint64_t key_of(const struct verdict *verdict, const struct chain *ours, const struct chain *theirs)
{
	uint64_t key = (uint64_t)verdict->cause * 32 + verdict->ours * 16u + verdict->theirs * 8u + ours->end;

	key = (key ^ (verdict->common ? place(ours, verdict->common - 1) : 0)) * 0x9e3779b97f4a7c15ull;
	key = (key ^ place(ours, verdict->common)) * 0x9e3779b97f4a7c15ull;
	key = (key ^ place(theirs, verdict->common)) * 0x9e3779b97f4a7c15ull;
	return key | 1;
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

void tally_add(const struct verdict *verdict, const struct chain *ours, const struct chain *theirs)
{
	uint64_t key;

	count(&tally->ends[ours->end], 1);
	count(&tally->frames, ours->count);
	count(&tally->causes[verdict->cause], 1);
	if (verdict->cause == CAUSE_NONE)
		return;
	key = key_of(verdict, ours, theirs);
	for (uint64_t i = 0; i < TALLY_DIFFERENCES; i++) {
		struct difference *difference = &tally->differences[((key >> 40) + i) % TALLY_DIFFERENCES];
		uint64_t found = 0;

		if (__atomic_compare_exchange_n(&difference->key, &found, key, false, __ATOMIC_ACQ_REL,
		                                __ATOMIC_ACQUIRE)) {
			difference->cause = verdict->cause;
			difference->common = verdict->common;
			difference->called = verdict->ours + verdict->theirs * 2u;
			difference->first = verdict->common > 12 ? verdict->common - 12 : 0;
			tell(&difference->ours, ours, difference->first);
			tell(&difference->theirs, theirs, difference->first);
			found = key;
		}
		if (found == key) {
			count(&difference->count, 1);
			return;
		}
	}
	count(&tally->untold, 1);
}
