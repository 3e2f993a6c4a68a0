/*
 * tables.c: see looker.h.
 *
 * What is a table. A word is looked at more closely if it points into a part of a module where tables lie. A table has
 * before it the offset of the object, 0 for what begins a block, and the address of the class's typeinfo or 0, and its
 * first function lies in code. The verdict on an address is kept as long as no module is unloaded. The typeinfo's name is
 * read here, so that the reader needs no file of the program's; where there is none (-fno-rtti) it looks for the symbol
 * _ZTV….
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "record/looker.h"
#include "record/meta.h"
#include "sys.h"

#define TABLES_MOST  (1u << 14)      /* that are told, all with a number */
#define NAME_MOST    1024u           /* bytes of a typeinfo's name */

/* ---- reading ------------------------------------------------------------------------------------------------------- */

size_t looker_copy(struct looker *looker, void *into, uintptr_t from, size_t bytes)
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

static bool is_in(const struct module_part *part, uint64_t address, uint64_t bytes)
{
	return address >= part->start && address < part->end && part->end - address >= bytes;
}

void looker_learn_modules(struct looker *looker)
{
	uint32_t unloaded = 0;

	looker->module_count = modules_parts(looker->modules, MODULES_MOST, &unloaded);
	/* To clear what is clear would cost a short process as much as all the rest. */
	if (looker->stale) {
		memset(looker->pages, 0, sizeof(looker->pages));
		memset(looker->seen, 0, sizeof(looker->seen));
	}
	looker->stale = true;
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
	if (looker_copy(looker, words, typeinfo, sizeof(words)) < sizeof(words) || !is_in_module(looker, words[1]))
		return 0;
	n = looker_copy(looker, name, words[1], NAME_MOST);
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

uint32_t looker_table_at(struct looker *looker, uint64_t address)
{
	const struct module_parts *module;
	uint64_t words[3];

	module = module_with_table(looker, address);
	if (!module)
		return 0;
	if (module->stays)
		read_program(words, address - 16);
	else if (looker_copy(looker, words, address - 16, sizeof(words)) < sizeof(words))
		return 0;
	if (words[0] || (words[1] && (words[1] % 8 || !is_in_module(looker, words[1]))) ||
	    !is_code(looker, words[2]))
		return 0;
	return number(looker, address, words[1]);
}
