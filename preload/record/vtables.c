/*
 * vtables.c: see vtables.h.
 *
 * Which blocks are alive the library does not know; the reader does. So nothing is asked of any allocator: all resident pages
 * of private writable memory are looked at, and each word that points to a table of virtual functions is told with its
 * address. Whatever else lies there does no harm: the reader takes only words at the beginning of blocks that were alive.
 *
 * Without ever faulting: other threads may unmap what is being read. The pages are copied by process_vm_readv on
 * ourselves, which the kernel allows for every process of its own (no ptrace access is asked for; Docker's default filter
 * has it allowed since kernel 4.8), or, where a filter refuses it, by reading /proc/thread-self/mem, which needs a
 * dumpable process. Both end early where memory is not there. mincore tells which pages are resident: others would be
 * made, or fetched from swap, by reading. No handler is set, no memory of the program is written, and the one descriptor
 * is gone when this returns.
 *
 * What is a table. A word is looked at more closely if it points into a part of a module where tables lie. A table has
 * before it the offset of the object, 0 for what begins a block, and the address of the class's typeinfo or 0, and its
 * first function lies in code. The verdict on an address is kept as long as no module is unloaded. The typeinfo's name is
 * read here, so that the reader needs no file of the program's; where there is none (-fno-rtti) it looks for the symbol
 * _ZTV….
 *
 * Bounded in time by shares of CPU time, and in room: when half of a number of bytes is used, only one word in two is
 * taken from then on, by a hash of its address, and so on. It runs on the program's stacks: what is large is in struct
 * looker, once a process.
 */
#include "record/vtables.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include "interpose/modules.h"
#include "lock.h"
#include "record/pages.h"

#define WINDOW       (4u << 20)      /* bytes that mincore is asked of at once */
#define LARGE        (4ull << 30)    /* bytes of a mapping that is looked at after all others */
#define LARGEST      (64ull << 30)   /* of one that is no heap: the shadow of a sanitizer, say */
#define COPY         (128u << 10)    /* bytes that are copied at once */
#define MODULES_MOST 512u
#define PAGE_BITS    16              /* of the hash of pages where tables may lie */
#define SEEN_BITS    13
#define TABLES_MOST  (1u << 14)      /* that are told, all with a number */
#define NAME_MOST    1024u           /* bytes of a typeinfo's name */
#define RECORD_BYTES (60u << 10)
#define WORD_BYTES   24u             /* three varints, at most */
#define BYTES_END    (4u << 20)      /* of words: of the look at the end, */
#define BYTES_MARK   (512u << 10)    /* and of one at a mark; after every … */
#define BYTES_EACH   (1u << 20)      /* … of these only one mark in twice as many is looked at, */
#define DOUBLINGS_MOST 16            /* at most so often */
#define RARE_MOST    20              /* one_of */
#define SHARE_MARK   100             /* one part in so many of the process's CPU time: at marks, all together, … */
#define SHARE_END    20              /* … and at the end */
#define LEAST_NS     10000000u       /* what the first process may spend in any case at its first mark; */
#define MOST_MARK_NS 50000000u       /* what a mark may take: signals wait all the while */
#define LEAST_END_NS 150000000u      /* and at the end */

struct seen { uint64_t address; uint32_t id; }; /* id 0: it is no table */

struct looker {
	struct lock lock;            /* guards the rest */
	struct areas *areas;
	struct module_parts modules[MODULES_MOST];
	uint32_t module_count, unloaded;
	bool     refused;            /* process_vm_readv is not allowed */
	int      memory;             /* the file, −1 none */
	uint64_t pages[1u << (PAGE_BITS - 6)]; /* a bit for each hash */
	struct seen seen[1u << SEEN_BITS];     /* by hash; the last one of each */
	struct seen *tables;         /* all of which an id was given: open addressing, 2 × TABLES_MOST; NULL until the first */
	uint32_t table_count;
	uint64_t cost_ns;            /* of all looks */
	uint64_t mark_bytes;         /* of words at marks, so far */
	uint32_t marks_skip;         /* so many marks to come are not looked at */
	/* of this look */
	struct trace_vtables head;
	uint64_t began_ns, limit_ns; /* of the thread's CPU time */
	uint64_t written, most;      /* bytes of words; how many there may be, about */
	uint64_t previous;           /* address of the last word in this record */
	bool     over;               /* time is up */
	bool     large, has_large;   /* it is the turn of large mappings; there are some */
	uint32_t used;               /* bytes of out */
	uint8_t  out[RECORD_BYTES];
	uint8_t  resident[WINDOW / TRACE_PAGE];
	uint64_t copy[COPY / 8];
};

static uint64_t cpu_ns(int clock)
{
	struct timespec time = {0};

	sys(SYS_clock_gettime, clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

/* Copies memory of our own, as much as is there from `from` on; bytes, 0 none. */
static size_t copy(struct looker *looker, void *into, uintptr_t from, size_t bytes)
{
	struct iovec local = {into, bytes}, remote = {(void *)from, bytes};
	long n = -EPERM;

	if (!looker->refused) {
		n = sys(SYS_process_vm_readv, process->pid, &local, 1, &remote, 1, 0);
		looker->refused = n == -EPERM || n == -ENOSYS || n == -EACCES;
	}
	if (looker->refused) {
		if (looker->memory < 0)
			looker->memory = pages_open_file("/proc/thread-self/mem");
		n = looker->memory < 0 ? -1 : sys(SYS_pread64, looker->memory, into, bytes, from);
	}
	return n > 0 ? (size_t)n : 0;
}

/* ---- tables -------------------------------------------------------------------------------------------------------- */

static uint32_t page_hash(uint64_t address)
{
	return (uint32_t)((address >> 12) * 0x9e3779b97f4a7c15u >> (64 - PAGE_BITS));
}

static bool is_in(const struct module_part *part, uint64_t address, uint64_t bytes)
{
	return address >= part->start && address < part->end && part->end - address >= bytes;
}

static void learn_modules(struct looker *looker)
{
	uint32_t unloaded = 0;

	looker->module_count = modules_parts(looker->modules, MODULES_MOST, &unloaded);
	memset(looker->pages, 0, sizeof(looker->pages));
	memset(looker->seen, 0, sizeof(looker->seen));
	/* Another module's tables may lie where one's were. */
	if (unloaded != looker->unloaded && looker->tables)
		memset(looker->tables, 0, 2 * TABLES_MOST * sizeof(*looker->tables));
	looker->unloaded = unloaded;
	for (uint32_t i = 0; i < looker->module_count; i++)
		for (int part = 0; part < 2; part++) {
			const struct module_part *tables = &looker->modules[i].tables[part];

			for (uint64_t page = tables->start & -4096ull; page < tables->end; page += 4096)
				looker->pages[page_hash(page) >> 6] |= 1ull << (page_hash(page) & 63);
		}
}

static const struct module_parts *module_with_table(const struct looker *looker, uint64_t address)
{
	for (uint32_t i = 0; i < looker->module_count; i++)
		for (int part = 0; part < 2; part++)
			if (is_in(&looker->modules[i].tables[part], address - 16, 24))
				return &looker->modules[i];
	return NULL;
}

static bool is_code(const struct looker *looker, uint64_t address)
{
	for (uint32_t i = 0; i < looker->module_count; i++)
		if (is_in(&looker->modules[i].code, address, 1))
			return true;
	return false;
}

static bool is_in_module(const struct looker *looker, uint64_t address)
{
	for (uint32_t i = 0; i < looker->module_count; i++)
		if (is_in(&looker->modules[i].all, address, 16))
			return true;
	return false;
}

/* The name in a typeinfo, as far as it is one; its length. */
static uint32_t read_name(struct looker *looker, uint64_t typeinfo, char name[NAME_MOST])
{
	uint64_t words[2];
	uint32_t length = 0;
	size_t n;

	/* The name may end where its memory does. */
	if (copy(looker, words, typeinfo, sizeof(words)) < sizeof(words) || !is_in_module(looker, words[1]))
		return 0;
	n = copy(looker, name, words[1], NAME_MOST);
	for (; length < n && name[length]; length++)
		if (name[length] < '!' || name[length] > '~')
			return 0;
	return length < n ? length : 0;
}

/* The number of a table that was told, or that is told now; 0: there are too many. */
static uint32_t number(struct looker *looker, uint64_t address, uint64_t typeinfo)
{
	struct trace_vtable record = {.address = address};
	char name[NAME_MOST];
	struct seen *entry;
	uint32_t length;

	if (!looker->tables && !(looker->tables = wiped_take(2 * TABLES_MOST * sizeof(*looker->tables))))
		return 0;
	for (uint32_t i = (uint32_t)(address * 0x9e3779b97f4a7c15u >> 32);; i++) {
		entry = &looker->tables[i % (2 * TABLES_MOST)];
		if (entry->address == address)
			return entry->id;
		if (!entry->address)
			break;
	}
	if (looker->table_count == TABLES_MOST)
		return 0;
	*entry = (struct seen){address, ++looker->table_count};
	record.id = entry->id;
	length = typeinfo ? read_name(looker, typeinfo, name) : 0;
	meta_write(TRACE_RECORD_VTABLE, &record, sizeof(record), name, length);
	return entry->id;
}

/* Three words of the program's constants, whatever variables they are of. */
__attribute__((no_sanitize("address"))) static void read_program(uint64_t words[3], uint64_t address)
{
	for (int i = 0; i < 3; i++)
		words[i] = ((const volatile uint64_t *)address)[i];
}

/* The number of the table of virtual functions at `address`, 0: there is none. */
static uint32_t table_at(struct looker *looker, uint64_t address)
{
	const struct module_parts *module;
	uint64_t words[3];

	module = module_with_table(looker, address);
	if (!module)
		return 0;
	if (module->stays)
		read_program(words, address - 16);
	else if (copy(looker, words, address - 16, sizeof(words)) < sizeof(words))
		return 0;
	if (words[0] || (words[1] && (words[1] % 8 || !is_in_module(looker, words[1]))) ||
	    !is_code(looker, words[2]))
		return 0;
	return number(looker, address, words[1]);
}

/* ---- looking ------------------------------------------------------------------------------------------------------- */

static void flush(struct looker *looker, uint32_t flags)
{
	looker->head.flags = (uint16_t)flags;
	meta_write(TRACE_RECORD_VTABLES, &looker->head, sizeof(looker->head), looker->out, looker->used);
	looker->written += looker->used;
	looker->used = 0;
	looker->head.count = 0;
	looker->head.bytes = 0;
	looker->previous = 0;
	while (looker->head.one_of < RARE_MOST && looker->written > looker->most - (looker->most >> (looker->head.one_of + 1)))
		looker->head.one_of++;
}

static void put(struct looker *looker, uint64_t value)
{
	for (; value >= 128; value >>= 7)
		looker->out[looker->used++] = (uint8_t)(value | 128);
	looker->out[looker->used++] = (uint8_t)value;
}

static void tell(struct looker *looker, uint64_t address, uint32_t id, uint64_t before)
{
	int64_t step;

	if ((address >> 4) * 0x9e3779b97f4a7c15u >> 40 & ((1u << looker->head.one_of) - 1))
		return;
	if (looker->used + WORD_BYTES > RECORD_BYTES)
		flush(looker, TRACE_VTABLES_MORE);
	step = (int64_t)(address / 8 - looker->previous);
	looker->previous = address / 8;
	put(looker, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
	put(looker, id);
	put(looker, before >> 32 ? 0 : before);
	looker->head.count++;
}

static void look_at_copy(struct looker *looker, uint64_t address, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++) {
		uint64_t word = looker->copy[i];
		uint32_t hash = page_hash(word);
		struct seen *seen;

		if (likely(!(looker->pages[hash >> 6] >> (hash & 63) & 1)) || word & 7)
			continue;
		seen = &looker->seen[word * 0x9e3779b97f4a7c15u >> (64 - SEEN_BITS)];
		if (seen->address != word)
			*seen = (struct seen){word, table_at(looker, word)};
		if (seen->id)
			tell(looker, address + 8 * i, seen->id, i ? looker->copy[i - 1] : 0);
	}
	looker->head.bytes += bytes;
}

static void look_at(struct looker *looker, uint64_t start, uint64_t end)
{
	while (start < end) {
		size_t bytes = end - start < COPY ? end - start : COPY, n;

		n = copy(looker, looker->copy, start, bytes) & -8ull;
		look_at_copy(looker, start, n);
		start += n < bytes ? (n & -4096ull) + 4096 : n; /* what is not there any more is passed over */
	}
}

/* The kernel lays none of the program's memory together with what is wiped at fork. */
static bool is_ours(uint64_t address)
{
	uintptr_t start;
	size_t bytes;

	for (uint32_t i = 0; memory_range(i, &start, &bytes); i++)
		if (address - start < bytes)
			return true;
	return false;
}

static void look_at_mapping(void *context, const struct mapping *mapping)
{
	struct looker *looker = context;

	if ((mapping->kind != TRACE_AREA_ANONYMOUS && mapping->kind != TRACE_AREA_BREAK) ||
	    mapping->protection != (PROT_READ | PROT_WRITE) || mapping->end - mapping->start > LARGEST ||
	    is_ours(mapping->start))
		return;
	looker->has_large |= mapping->end - mapping->start >= LARGE;
	if ((mapping->end - mapping->start >= LARGE) != looker->large)
		return;
	for (uint64_t start = mapping->start; start < mapping->end && !looker->over; start += WINDOW) {
		uint64_t bytes = mapping->end - start < WINDOW ? mapping->end - start : WINDOW;

		if (sys(SYS_mincore, start, bytes, looker->resident) < 0)
			continue;
		for (uint64_t page = 0, from; page < bytes / TRACE_PAGE; page++) {
			if (!(looker->resident[page] & 1))
				continue;
			for (from = page; page < bytes / TRACE_PAGE && looker->resident[page] & 1; page++)
				;
			look_at(looker, start + from * TRACE_PAGE, start + page * TRACE_PAGE);
		}
		looker->over = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - looker->began_ns > looker->limit_ns;
	}
}

/* CPU time that this look may take, ns. */
static uint64_t allowance(const struct looker *looker, enum trace_sample_reason reason)
{
	uint64_t cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), least = 0, share;

	share = cpu / (reason == TRACE_SAMPLE_END ? SHARE_END : SHARE_MARK);
	share = share > looker->cost_ns ? share - looker->cost_ns : 0;
	if (library.first && reason == TRACE_SAMPLE_END)
		least = LEAST_END_NS;
	else if (library.first && !looker->cost_ns)
		least = LEAST_NS;
	share = share > least ? share : least;
	return reason != TRACE_SAMPLE_END && share > MOST_MARK_NS ? MOST_MARK_NS : share;
}

static void look(struct looker *looker, enum trace_sample_reason reason)
{
	looker->began_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	if (reason != TRACE_SAMPLE_END && looker->marks_skip) {
		looker->marks_skip--;
		return;
	}
	looker->limit_ns = allowance(looker, reason);
	if (!looker->limit_ns || (!looker->areas && !(looker->areas = areas_make())))
		return;
	looker->head = (struct trace_vtables){.began = clock_tick(), .reason = (uint8_t)reason};
	looker->written = looker->previous = 0;
	looker->most = reason == TRACE_SAMPLE_END ? BYTES_END : BYTES_MARK;
	looker->over = false;
	looker->memory = -1;
	learn_modules(looker);
	looker->large = looker->has_large = false;
	if (areas_each(looker->areas, look_at_mapping, looker)) {
		looker->large = true;
		if (looker->has_large)
			areas_each(looker->areas, look_at_mapping, looker);
		flush(looker, looker->over ? TRACE_VTABLES_CUT : 0);
	}
	if (looker->memory >= 0)
		sys(SYS_close, looker->memory);
	looker->cost_ns += cpu_ns(CLOCK_THREAD_CPUTIME_ID) - looker->began_ns;
	if (reason != TRACE_SAMPLE_END) {
		uint64_t doublings = (looker->mark_bytes += looker->written) / BYTES_EACH;

		looker->marks_skip = (1u << (doublings < DOUBLINGS_MOST ? doublings : DOUBLINGS_MOST)) - 1;
	}
}

void vtables_take(enum trace_sample_reason reason)
{
	struct looker *looker = __atomic_load_n(&process->looker, __ATOMIC_ACQUIRE), *none = NULL;
	struct lock_hold hold;

	if (!looker) {
		looker = wiped_take(sizeof(*looker));
		if (looker && !__atomic_compare_exchange_n(&process->looker, &none, looker, false, __ATOMIC_ACQ_REL,
		                                           __ATOMIC_ACQUIRE))
			looker = none;
	}
	/* Other threads that put marks meanwhile need not wait for this. */
	if (!looker || (reason != TRACE_SAMPLE_END && __atomic_load_n(&looker->lock.word, __ATOMIC_RELAXED)) ||
	    !lock_take(&looker->lock, &hold))
		return;
	look(looker, reason);
	lock_give(&looker->lock, &hold);
}
