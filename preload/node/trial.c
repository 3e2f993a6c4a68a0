/*
 * trial.c: see trial.h.
 *
 * An instance runs on the thread of the isolate that it is of, so what a trial counts is touched by one thread alone, with
 * no lock and in the program's order, and no signal handler calls a hook. Others only end it: as soon as a second instance
 * can reach the memory, blocks may be born in one and die in the other. That is noted before the second runs any code, and
 * the first cannot come by a block of the second's without having synchronized with it, so it sees the note before it
 * sees such a block die.
 */
#include "node/trial.h"

#include "lock.h"

#define TRIALS        32u            /* under way at once */
#define SHARED_MOST   64u            /* shared memories that are told from one another */
#define SET_BITS      9
#define SET           (1u << SET_BITS)
#define SET_MOST      (SET / 4 * 3)
#define DEATHS        256u           /* of the sample, that decide */
#define UNKNOWN_SHARE 10u            /* more than one in so many is too many */
#define BIRTHS_MOST   (1u << 20)     /* a program that frees nothing is let go */

struct trial {
	uint32_t ticket;             /* its slot + TRIALS × how often the slot was given out before; 0: nobody has it */
	uint32_t next;               /* ticket of the slot's next user */
	uint32_t tid;                /* whose it is */
	uint32_t began;              /* how many had begun before it */
	uint32_t disturbed;          /* another instance has the memory */
	uint32_t choice;
	uintptr_t base;
	uint64_t low;
	uint32_t births, deaths, unknown; /* births of all blocks; deaths of the sample */
	uint32_t mask;               /* the sample: blocks whose hash has none of these bits */
	uint32_t count;
	uint64_t set[SET];           /* those of the sample that are alive, at their hash or behind; 0 nothing */
};

/* In wiped memory: a forked child has no isolate. What was taken is used again, not given back. */
struct trials {
	struct lock lock;            /* guards who has a slot, and what follows */
	struct trial *slots[TRIALS];
	uintptr_t shared[SHARED_MOST]; /* shared memories that had an instance */
	uint32_t shared_count;
	uint32_t count;              /* of all that began */
};

static struct trials *trials;

/* ---- who has a slot --------------------------------------------------------------------------------------------- */

static struct trials *state(void)
{
	struct trials *made = __atomic_load_n(&trials, __ATOMIC_ACQUIRE), *other = NULL;

	if (made || !(made = wiped_take(sizeof(*made))))
		return made;
	return __atomic_compare_exchange_n(&trials, &other, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ? made : other;
}

static void disturb(struct trials *all, uintptr_t base)
{
	for (unsigned i = 0; i < TRIALS; i++)
		if (all->slots[i] && __atomic_load_n(&all->slots[i]->ticket, __ATOMIC_ACQUIRE) && all->slots[i]->base == base)
			__atomic_store_n(&all->slots[i]->disturbed, 1, __ATOMIC_RELEASE);
}

void trial_disturb(uintptr_t base)
{
	struct trials *all = state();
	struct lock_hold lock;

	if (!all || !lock_take(&all->lock, &lock))
		return;
	disturb(all, base);
	lock_give(&all->lock, &lock);
}

/* A memory may lie where one did that is gone: then there is no trial, which does no harm. */
static bool is_first(struct trials *all, uintptr_t base)
{
	for (uint32_t i = 0; i < all->shared_count; i++)
		if (all->shared[i] == base)
			return false;
	if (all->shared_count == SHARED_MOST)
		return false;
	all->shared[all->shared_count++] = base;
	return true;
}

/* A free slot; else the thread's own with the oldest trial, whose instance may be gone long since. */
static struct trial *find_slot(struct trials *all, unsigned *index)
{
	struct trial *found = NULL;

	for (unsigned i = 0; i < TRIALS; i++) {
		struct trial *slot = all->slots[i];

		if (!slot)
			slot = all->slots[i] = wiped_take(sizeof(*slot));
		if (!slot)
			return found;
		if (!__atomic_load_n(&slot->ticket, __ATOMIC_ACQUIRE)) {
			*index = i;
			return slot;
		}
		if (slot->tid == self->tid && (!found || slot->began < found->began)) {
			*index = i;
			found = slot;
		}
	}
	return found;
}

uint32_t trial_begin(uint32_t choice, uintptr_t base, bool alone, bool shared, uint64_t low)
{
	struct trials *all = self ? state() : NULL;
	uint32_t ticket = 0;
	struct trial *slot = NULL;
	struct lock_hold lock;
	unsigned index = 0;

	if (!all || !lock_take(&all->lock, &lock))
		return 0;
	disturb(all, base);
	if (alone && (!shared || is_first(all, base)))
		slot = find_slot(all, &index);
	if (slot) {
		ticket = slot->next ? slot->next : index + TRIALS;
		*slot = (struct trial){.next = ticket + TRIALS, .tid = self->tid, .began = all->count++, .choice = choice,
			.base = base, .low = low};
		__atomic_store_n(&slot->ticket, ticket, __ATOMIC_RELEASE);
	}
	lock_give(&all->lock, &lock);
	return ticket;
}

static void end(struct trial *trial)
{
	__atomic_store_n(&trial->ticket, 0, __ATOMIC_RELEASE);
}

void trial_thread_ends(void)
{
	struct trials *all = __atomic_load_n(&trials, __ATOMIC_ACQUIRE);
	struct lock_hold lock;

	if (!all || !self || !lock_take(&all->lock, &lock))
		return;
	for (unsigned i = 0; i < TRIALS; i++)
		if (all->slots[i] && all->slots[i]->tid == self->tid)
			end(all->slots[i]);
	lock_give(&all->lock, &lock);
}

/* ---- the sample ------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(uint64_t pointer)
{
	return pointer * 0x9e3779b97f4a7c15;
}

static uint32_t home_of(uint64_t pointer)
{
	return (uint32_t)(hash_of(pointer) >> (64 - SET_BITS));
}

static bool is_in_sample(const struct trial *trial, uint64_t pointer)
{
	return !((hash_of(pointer) >> 24) & trial->mask);
}

/* Where it is, or where it would be. */
static uint32_t place_of(const struct trial *trial, uint64_t pointer)
{
	uint32_t i = home_of(pointer);

	while (trial->set[i] && trial->set[i] != pointer)
		i = (i + 1) % SET;
	return i;
}

/* Those behind it move up, so that none is cut off from its hash. */
static void take_out(struct trial *trial, uint32_t hole)
{
	for (uint32_t i = (hole + 1) % SET; trial->set[i]; i = (i + 1) % SET)
		if ((i - home_of(trial->set[i])) % SET >= (i - hole) % SET) {
			trial->set[hole] = trial->set[i];
			hole = i;
		}
	trial->set[hole] = 0;
	trial->count--;
}

/* Half of the sample goes: as many blocks of a larger heap can be looked at. */
static void thin(struct trial *trial)
{
	trial->mask = trial->mask << 1 | 1;
	for (uint32_t i = 0; i < SET; i++)
		while (trial->set[i] && !is_in_sample(trial, trial->set[i]))
			take_out(trial, i);
}

static void birth(struct trial *trial, uint64_t pointer)
{
	uint32_t place;

	trial->births++;
	if (!is_in_sample(trial, pointer))
		return;
	place = place_of(trial, pointer);
	if (trial->set[place])
		return;
	trial->set[place] = pointer;
	if (++trial->count > SET_MOST)
		thin(trial);
}

static void death(struct trial *trial, uint64_t pointer)
{
	uint32_t place;

	if (!is_in_sample(trial, pointer))
		return;
	place = place_of(trial, pointer);
	if (trial->set[place])
		take_out(trial, place);
	else if (pointer < trial->low) /* a module may begin with a heap that was in use when it was written to its file */
		return;
	else
		trial->unknown++;
	trial->deaths++;
}

enum trial_goes trial_sees(uint32_t ticket, uint64_t old, uint64_t new, uint32_t *choice, uintptr_t *base)
{
	struct trials *all = __atomic_load_n(&trials, __ATOMIC_ACQUIRE);
	struct trial *trial = all ? all->slots[ticket % TRIALS] : NULL;
	bool refuted;

	if (!trial || __atomic_load_n(&trial->ticket, __ATOMIC_RELAXED) != ticket)
		return TRIAL_OVER;
	if (__atomic_load_n(&trial->disturbed, __ATOMIC_ACQUIRE)) {
		end(trial);
		return TRIAL_OVER;
	}
	if (old)
		death(trial, old);
	if (new)
		birth(trial, new);
	if (trial->deaths < DEATHS && trial->births < BIRTHS_MOST)
		return TRIAL_ON;
	refuted = trial->deaths >= DEATHS && trial->unknown * UNKNOWN_SHARE > trial->deaths;
	*choice = trial->choice;
	*base = trial->base;
	end(trial);
	return refuted ? TRIAL_REFUTED : TRIAL_OVER;
}
