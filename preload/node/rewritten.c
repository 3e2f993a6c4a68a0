/*
 * rewritten.c: the modules that were rewritten: their bytes, until V8 has a copy of them, and what is known of them, for
 * as long as the process lives.
 */
#include <string.h>
#include <sys/mman.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lock.h"
#include "node/rewrite/rewrite.h"
#include "node/watch.h"
#include "text.h"

#define TEXT_MOST 3072u
#define CHOICES   2u

static const char refuted[] = "what was freed had not been allocated: the functions taken for its allocator are others";

/* A module by its bytes, and its record but for the memory. Of wiped memory, never given back: few are different. */
struct rewritten {
	struct rewritten *next;
	uint64_t hash, size;         /* of the original's bytes */
	struct trace_wasm_heap heap; /* module: its number */
	uint64_t data_high;          /* end of all active data; 0 none is known */
	uint32_t candidate;          /* which of those that rewrite_find gives is watched: it and */
	uint32_t choices;            /* this many in all (rewrite_both) */
	uint32_t refuted;            /* the first so many of them are not its allocator; any thread */
	uint32_t told;               /* bits by choice: its text is in the recording; any thread */
	bool     no_deaths[CHOICES]; /* as trace.h has it, of each */
	bool     wide;               /* see watch.js */
	char     hooks[24], state[24], start[24], memory[24], names[24];
	uint32_t text_length[CHOICES];
	char     text[];             /* of each, as trace.h has it */
};

/* Bytes that V8 may be reading. */
struct hold {
	struct rewrite rewrite;
	uint32_t ticket;             /* its slot + HOLDS × how often the slot was given out before; 0: nobody has it */
	uint32_t next;               /* ticket of the slot's next user */
};

#define HOLDS 256u

/* In wiped memory: a forked child has no isolate that could ask. */
struct rewrites {
	struct lock lock;            /* guards all but the list's published part */
	struct rewritten *list;      /* the newest first; stored last */
	uint32_t count;
	struct hold holds[HOLDS];
};

static struct rewrites *rewrites;

/* ---- memory of a rewrite ---------------------------------------------------------------------------------------- */

#define HUGE_PAGE (2ul << 20)

static void *map(void *context, size_t bytes)
{
	long p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)context;
	if (p < 0 && p > -4096)
		return NULL;
	if (bytes >= HUGE_PAGE)
		sys(SYS_madvise, p, bytes, MADV_HUGEPAGE);
	return (void *)p;
}

static void unmap(void *context, void *memory, size_t bytes)
{
	(void)context;
	sys(SYS_munmap, memory, bytes);
}

static struct rewrites *state(void)
{
	struct rewrites *made = __atomic_load_n(&rewrites, __ATOMIC_ACQUIRE), *other = NULL;

	if (made || !(made = wiped_take(sizeof(*made))))
		return made;
	return __atomic_compare_exchange_n(&rewrites, &other, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ? made : other;
}

/* A ticket to give the rewrite's memory back by, once; 0: too many are out. */
static uint32_t hold(const struct rewrite *rewrite)
{
	struct rewrites *all = state();
	struct lock_hold lock;
	uint32_t slot, ticket = 0;

	if (!all || !lock_take(&all->lock, &lock))
		return 0;
	for (slot = 0; slot < HOLDS && all->holds[slot].ticket; slot++)
		;
	if (slot < HOLDS) {
		struct hold *free = &all->holds[slot];

		ticket = free->next ? free->next : slot + HOLDS;
		*free = (struct hold){.rewrite = *rewrite, .ticket = ticket, .next = ticket + HOLDS};
	}
	lock_give(&all->lock, &lock);
	return ticket;
}

void rewritten_release(uint32_t ticket)
{
	struct rewrites *all = state();
	struct hold *held = all ? &all->holds[ticket % HOLDS] : NULL;
	struct rewrite rewrite = {0};
	struct lock_hold lock;

	if (!ticket || !all || !lock_take(&all->lock, &lock))
		return;
	if (held->ticket == ticket) {
		rewrite = held->rewrite;
		held->ticket = 0;
	}
	lock_give(&all->lock, &lock);
	if (rewrite.arena.memory.unmap)
		rewrite_free(&rewrite);
}

/* ---- what is known of a module ---------------------------------------------------------------------------------- */

static uint32_t describe(const struct rewrite_candidate *candidate, char *text)
{
	size_t length = text_format(text, TEXT_MOST, "%s", candidate->why);

	for (uint32_t i = 0; i < candidate->count; i++) {
		const struct rewrite_watch *watch = &candidate->watches[i];
		char name[128] = "?";

		if (watch->name.text) {
			uint32_t size = watch->name.length < sizeof(name) - 1 ? watch->name.length : sizeof(name) - 1;

			for (uint32_t j = 0; j < size; j++)
				name[j] = watch->name.text[j] < ' ' && watch->name.text[j] >= 0 ? '?' : watch->name.text[j];
			name[size] = '\0';
		}
		length += text_format(text + length, TEXT_MOST - length, "\n%s\t%u\t%s\t%s", watch->role,
			watch->function, name, watch->why);
	}
	return (uint32_t)length;
}

/* The newest: a candidate that was refuted is followed by another. */
static struct rewritten *find(struct rewritten *first, uint64_t hash, uint64_t size)
{
	struct rewritten *found = first;

	while (found && (found->hash != hash || found->size != size))
		found = found->next;
	return found;
}

static struct rewritten *remember(struct rewrites *all, const struct rewrite *rewrite,
	const struct rewrite_result *result, uint64_t hash, uint32_t number, uint32_t candidate, uint32_t choices)
{
	const struct rewrite_module *module = &rewrite->module;
	char text[CHOICES][TEXT_MOST];
	uint32_t length[CHOICES] = {0};
	struct rewritten *made;

	for (uint32_t i = 0; i < choices; i++)
		length[i] = describe(rewrite->candidates[candidate + i], text[i]);
	made = wiped_take(sizeof(*made) + length[0] + length[1]);
	if (!made)
		return NULL;
	made->next = all->list;
	made->hash = hash;
	made->size = module->size;
	made->heap = (struct trace_wasm_heap){.data_bytes = module->data_bytes ? module->data_bytes : module->passive_bytes,
		.data_end = module->data_end ? module->data_end : module->data_high, .heap_base = module->heap_base,
		.stack_top = module->stack_top, .module = number,
		.flags = result->wide ? TRACE_WASM_HEAP_WIDE : 0};
	made->data_high = module->data_high;
	made->candidate = candidate;
	made->choices = choices;
	made->wide = result->wide;
	memcpy(made->hooks, result->hooks, sizeof(made->hooks));
	memcpy(made->state, result->state, sizeof(made->state));
	memcpy(made->start, result->start, sizeof(made->start));
	memcpy(made->memory, result->memory, sizeof(made->memory));
	memcpy(made->names, result->names, sizeof(made->names));
	for (uint32_t i = 0; i < choices; i++) {
		made->no_deaths[i] = rewrite->candidates[candidate + i]->no_deaths;
		made->text_length[i] = length[i];
		memcpy(made->text + (i ? length[0] : 0), text[i], length[i]);
	}
	__atomic_store_n(&all->list, made, __ATOMIC_RELEASE);
	return made;
}

static struct rewritten *by_number(uint32_t number)
{
	struct rewrites *all = state();
	struct rewritten *module = all ? __atomic_load_n(&all->list, __ATOMIC_ACQUIRE) : NULL;

	while (module && module->heap.module != number)
		module = module->next;
	return module;
}

/* The text goes with the first instance alone: some programs make very many. */
static void tell_watched(struct rewritten *module, uint32_t which, uintptr_t base)
{
	struct trace_wasm_heap record = module->heap;
	bool told = __atomic_load_n(&module->told, __ATOMIC_RELAXED) >> which & 1;

	record.base = base;
	record.flags |= module->no_deaths[which] ? TRACE_WASM_HEAP_NO_DEATHS : 0;
	meta_write(TRACE_RECORD_WASM_HEAP, &record, sizeof(record), module->text + (which ? module->text_length[0] : 0),
		told ? 0 : module->text_length[which]);
	__atomic_fetch_or(&module->told, 1u << which, __ATOMIC_RELAXED);
}

bool rewritten_tell(uint32_t number, uintptr_t base, struct rewritten_begin *begin)
{
	struct rewritten *module = by_number(number);
	uint32_t which;

	*begin = (struct rewritten_begin){0};
	if (!module)
		return false;
	which = __atomic_load_n(&module->refuted, __ATOMIC_RELAXED);
	if (which >= module->choices) { /* a Module that was compiled before that was known */
		begin->bytes = module->size;
		begin->why = refuted;
		return false;
	}
	tell_watched(module, which, base);
	*begin = (struct rewritten_begin){.state = 1u << which, .tried = !library.wasm_alloc[0] && !module->no_deaths[which],
		.choice = number * CHOICES + which, .low = module->data_high};
	return true;
}

uint32_t rewritten_refute(uint32_t choice, uintptr_t base)
{
	struct rewritten *module = by_number(choice / CHOICES);
	uint32_t which = choice % CHOICES, next = which + 1;
	struct trace_wasm_unwatched record = {.base = base};

	if (!module)
		return REWRITTEN_OFF;
	__atomic_compare_exchange_n(&module->refuted, &which, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	record.bytes = module->size;
	meta_write(TRACE_RECORD_WASM_UNWATCHED, &record, sizeof(record), refuted, sizeof(refuted) - 1);
	if (next >= module->choices)
		return REWRITTEN_OFF;
	tell_watched(module, next, base);
	return 1u << next;
}

/* ---- for JavaScript --------------------------------------------------------------------------------------------- */

static bool set_text(napi_env env, napi_value object, const char *name, const char *text)
{
	napi_value value;

	return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == NAPI_OK &&
	       napi_own(env, object, name, value) == NAPI_OK;
}

static bool set_number(napi_env env, napi_value object, const char *name, uint32_t number)
{
	napi_value value;

	return napi_create_uint32(env, number, &value) == NAPI_OK &&
	       napi_own(env, object, name, value) == NAPI_OK;
}

static napi_value described(napi_env env, const struct rewritten *module)
{
	napi_value object, wide;

	if (napi_create_object(env, &object) != NAPI_OK || !set_number(env, object, "id", module->heap.module) ||
	    !set_text(env, object, "hooks", module->hooks) || !set_text(env, object, "state", module->state) ||
	    !set_text(env, object, "start", module->start) || !set_text(env, object, "memory", module->memory) ||
	    !set_text(env, object, "names", module->names) || napi_get_boolean(env, module->wide, &wide) != NAPI_OK ||
	    napi_own(env, object, "wide", wide) != NAPI_OK)
		return NULL;
	return object;
}

napi_value rewritten_lookup(napi_env env, const char *hooks)
{
	struct rewrites *all = state();
	struct rewritten *module = all ? __atomic_load_n(&all->list, __ATOMIC_ACQUIRE) : NULL;

	while (module && strcmp(module->hooks, hooks) != 0)
		module = module->next;
	return module ? described(env, module) : NULL;
}

static void collected(napi_env env, void *data, void *ticket)
{
	(void)env, (void)data;
	rewritten_release((uint32_t)(uintptr_t)ticket);
}

/* Makes the module in `rewrite`, under the number that its bytes have. NULL: rewrite->reason. */
static struct rewritten *make(struct rewrite *rewrite, const uint8_t *bytes, size_t size, unsigned flags,
	struct rewrite_result *result)
{
	struct rewrites *all = state();
	const struct rewrite_candidate *both = NULL;
	struct rewritten *module;
	struct lock_hold lock;
	uint32_t candidate, wrong;
	uint64_t hash;

	rewrite->reason = "there is no memory";
	if (!all || !rewrite_read(rewrite, bytes, size))
		return NULL;
	hash = XXH3_64bits(bytes, size);
	module = find(__atomic_load_n(&all->list, __ATOMIC_ACQUIRE), hash, size);
	candidate = module ? module->candidate : 0;
	wrong = module ? __atomic_load_n(&module->refuted, __ATOMIC_RELAXED) : 0;
	if (wrong) {
		candidate += wrong;
		module = NULL;
	}
	if (!rewrite_find(rewrite, library.wasm_alloc[0] ? library.wasm_alloc : NULL, candidate > 0))
		return NULL;
	if (candidate >= rewrite->candidate_count) {
		rewrite->reason = refuted;
		return NULL;
	}
	rewrite->number = module ? module->heap.module : __atomic_add_fetch(&all->count, 1, __ATOMIC_RELAXED);
	if (!rewrite->named && candidate + 1 < rewrite->candidate_count)
		both = rewrite_both(rewrite, rewrite->candidates[candidate], rewrite->candidates[candidate + 1]);
	if (!rewrite_make(rewrite, both ? both : rewrite->candidates[candidate], flags, result) || module)
		return rewrite->reason ? NULL : module;
	if (!lock_take(&all->lock, &lock))
		return NULL;
	module = remember(all, rewrite, result, hash, rewrite->number, candidate, both ? 2 : 1);
	lock_give(&all->lock, &lock);
	return module;
}

napi_value rewritten_make(napi_env env, napi_value array, bool catches, const char **reason)
{
	struct rewrite rewrite = {.arena.memory = {.map = map, .unmap = unmap}};
	struct rewrite_result result = {0};
	const struct rewritten *module;
	napi_value object, buffer;
	void *bytes = NULL;
	size_t size = 0;
	uint32_t ticket;

	*reason = "its bytes could not be read";
	if (napi_get_typedarray_info(env, array, NULL, &size, &bytes, NULL, NULL) != NAPI_OK || !bytes)
		return NULL;
	module = make(&rewrite, bytes, size, REWRITE_HOLD_START | (catches ? REWRITE_CATCH : 0), &result);
	if (!module) {
		*reason = rewrite.reason;
		rewrite_free(&rewrite);
		return NULL;
	}
	*reason = "there is no memory";
	ticket = hold(&rewrite);
	if (!ticket) {
		rewrite_free(&rewrite);
		return NULL;
	}
	if (!(object = described(env, module)) ||
	    napi_create_external_arraybuffer(env, result.bytes, result.size, collected, (void *)(uintptr_t)ticket,
	                                     &buffer) != NAPI_OK ||
	    napi_own(env, object, "buffer", buffer) != NAPI_OK || !set_number(env, object, "ticket", ticket)) {
		rewritten_release(ticket);
		return NULL;
	}
	return object;
}
