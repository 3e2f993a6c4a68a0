/*
 * modules.c: a table of the loaded ELF files, compared with the loader's list whenever that may have changed. The
 * table lies in ordinary memory, so a forked child knows what is loaded without asking the loader, whose lock may
 * have been held by a thread that the child does not have.
 *
 * Order of locks: the loader's, then ours; so ours is taken for each module anew, and what is gone is found by the
 * last enumeration alone.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <unistd.h>

#include "interpose/build_id.h"
#include "interpose/follow.h"
#include "interpose/modules.h"
#include "interpose/next.h"
#include "lock.h"
#include "text.h"

#define TABLE_FIRST  128             /* modules that the table has room for at first */
#define STRINGS_CHUNK (64u << 10)
#define PAGE ((uintptr_t)4096)

struct module {
	struct trace_module record;      /* as it is written */
	uint8_t  build_id[BUILD_ID_MAX];
	const char *path;                /* in the string chunks; "" for the vdso */
	struct module_parts parts;
	uint32_t pass;                   /* the last enumeration that met it */
	bool     loaded;                 /* false: it is gone, and the entry is for whoever has the same path */
	bool     foreign;                /* in a namespace that the enumeration does not show */
};

static struct lock lock;             /* guards the rest; ordinary memory, so a child opens it itself */
static struct module *table;
static uint32_t count, capacity;
static char *strings;                /* room for paths; */
static size_t strings_left;          /* bytes of it */
static uint32_t latest;              /* pass of the enumeration that began last */
static uint64_t known_loads, known_unloads; /* the loader's counters at the last complete enumeration */
static uint32_t unloads;             /* modules that went */
static bool own_heap;                /* the program's malloc is not ours */

/* What an enumeration needs. */
struct pass {
	uint32_t number;                 /* 0: it has met no module yet */
	uint64_t loads, unloads;         /* the loader's counters */
	bool     complete;               /* it was not cut short */
};

static void *map(size_t bytes)
{
	long p;

	if (library.filtered)
		return NULL;
	p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p < 0 && p > -4096 ? NULL : (void *)p;
}

/* ---- one module ------------------------------------------------------------------------------------------------ */

static void write_loaded(const struct module *module)
{
	struct {
		struct trace_module module;
		uint8_t build_id[BUILD_ID_MAX];
	} head = {.module = module->record};

	memcpy(head.build_id, module->build_id, module->record.build_id_size);
	meta_write(TRACE_RECORD_MODULE, &head, sizeof(head.module) + module->record.build_id_size, module->path,
	           strlen(module->path));
}

static void gone(struct module *module)
{
	struct trace_module record = module->record;

	record.build_id_size = 0;
	module->loaded = false;
	unloads++;
	meta_write(TRACE_RECORD_UNLOAD, &record, sizeof(record), NULL, 0);
	stack_unloaded(record.start, record.end);
	operators_forget(record.start, record.end);
}

/*
 * Makes all addresses in [start, end) of one generation and returns it: a module that lies partly where another was
 * has one generation in its record, and a node of the call tree has that of its address.
 */
static uint32_t one_generation(uintptr_t start, uintptr_t end)
{
	uint32_t highest = 0, lowest = UINT32_MAX;

	for (uintptr_t page = start; page < end; page += PAGE) {
		uint32_t generation = stack_generation(page);

		highest = MAX(highest, generation);
		lowest = MIN(lowest, generation);
	}
	for (uintptr_t page = start, after; lowest < highest && page < end; page = after) {
		uint32_t generation = stack_generation(page);

		for (after = page + PAGE; after < end && stack_generation(after) == generation;)
			after += PAGE;
		for (; generation < highest; generation++)
			stack_unloaded(page, after);
	}
	return highest;
}

/* The file's path as it can be opened later, in `buffer` (2 × PATH_MAX bytes) or as it is. */
static const char *absolute(const struct dl_phdr_info *info, char *buffer)
{
	const char *name = info->dlpi_name ? info->dlpi_name : "";
	size_t length;

	if (info->dlpi_addr && info->dlpi_addr == getauxval(AT_SYSINFO_EHDR))
		return "";
	if (library.filtered || name[0] == '/')
		return name;
	if (!name[0]) {
		/* The program itself has no name. */
		long size = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", buffer, PATH_MAX - 1);

		buffer[size > 0 ? size : 0] = '\0';
		return buffer;
	}
	if (sys(SYS_getcwd, buffer, PATH_MAX) < 0)
		return name;
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	length = strlen(buffer);
	text_format(buffer + length, PATH_MAX, "/%s", name);
	return buffer;
}

/* An entry for a module of this path: the one of the same that is gone, or a new one. NULL: no room. */
static struct module *entry_take(const char *path)
{
	size_t length = strlen(path) + 1;
	struct module *module;

	for (uint32_t i = 0; i < count; i++)
		if (!table[i].loaded && strcmp(table[i].path, path) == 0)
			return &table[i];
	if (count == capacity) {
		uint32_t more = capacity ? capacity * 2 : TABLE_FIRST;
		struct module *larger = map(more * sizeof(*larger));

		if (!larger)
			return NULL;
		if (table) {
			memcpy(larger, table, count * sizeof(*table));
			sys(SYS_munmap, table, capacity * sizeof(*table));
		}
		table = larger;
		capacity = more;
	}
	if (length > strings_left) {
		size_t bytes = MAX(length, STRINGS_CHUNK);
		char *chunk = map(bytes);

		if (!chunk)
			return NULL;
		strings = chunk;
		strings_left = bytes;
	}
	module = &table[count];
	module->path = memcpy(strings, path, length);
	strings += length;
	strings_left -= length;
	/* Last: a child of fork may find the table at this instant. */
	__atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
	return module;
}

/* One file may go by several names (the loader, in other namespaces); without a build-id the name decides. */
static bool is_same(const struct module *known, const struct module *found, const char *name)
{
	if (known->record.start != found->record.start || known->record.end != found->record.end ||
	    known->record.build_id_size != found->record.build_id_size)
		return false;
	if (found->record.build_id_size)
		return memcmp(known->build_id, found->build_id, found->record.build_id_size) == 0;
	return !name || name[0] != '/' || strcmp(known->path, name) == 0;
}

/*
 * Tables of virtual functions hold addresses: where these are relocated the tables lie in what the loader protects when it has
 * done so, or in writable data where it does not. In a program at a fixed address they may also lie with the constants, which
 * may lie with the code.
 */
static struct module_parts parts_of(const struct dl_phdr_info *info, const struct trace_module *all)
{
	struct module_parts parts = {.all = {all->start, all->end}, .stays = !info->dlpi_name || !info->dlpi_name[0]};
	struct module_part data = {0}, constants = {0}, protected = {0};

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;
		struct module_part part = {start, start + header->p_filesz}, *into = NULL;

		if (header->p_type == PT_GNU_RELRO)
			into = &protected, part.end = start + header->p_memsz;
		else if (header->p_type != PT_LOAD || !(header->p_flags & PF_R))
			continue;
		else if (header->p_flags & PF_X)
			into = &parts.code;
		else
			into = header->p_flags & PF_W ? &data : &constants;
		/* Of several the largest. */
		if (part.end - part.start > into->end - into->start)
			*into = part;
	}
	parts.tables[0] = protected.end ? protected : data;
	if (!info->dlpi_addr)
		parts.tables[1] = constants.end ? constants : parts.code;
	return parts;
}

/* The loader lists this module. Called with the lock held. */
static void met(const struct dl_phdr_info *info, uint32_t pass, bool foreign)
{
	struct module found = {.record.bias = info->dlpi_addr, .record.start = UINTPTR_MAX}, *module = NULL;
	static char buffer[2 * PATH_MAX]; /* the lock's holder's: the stack may be small */
	const char *path;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = (info->dlpi_addr + header->p_vaddr) & -PAGE;
		uintptr_t end = (info->dlpi_addr + header->p_vaddr + header->p_memsz + PAGE - 1) & -PAGE;

		if (header->p_type != PT_LOAD)
			continue;
		found.record.start = MIN(found.record.start, start);
		found.record.end = MAX(found.record.end, end);
	}
	if (found.record.start >= found.record.end)
		return;
	found.record.build_id_size = build_id(info, found.build_id);
	for (uint32_t i = 0; i < count; i++) {
		struct module *m = &table[i];

		if (!m->loaded || m->record.start >= found.record.end || m->record.end <= found.record.start)
			continue;
		if (is_same(m, &found, info->dlpi_name)) {
			m->pass = pass;
			return;
		}
		/* Two cannot lie at one place: the old one went without our noticing. */
		gone(m);
	}
	path = absolute(info, buffer);
	module = entry_take(path);
	if (!module)
		return;
	path = module->path;
	*module = found;
	module->path = path;
	module->record.generation = unloads ? one_generation(found.record.start, found.record.end) : 0;
	module->pass = pass;
	module->foreign = foreign;
	module->parts = parts_of(info, &found.record);
	__atomic_store_n(&module->loaded, true, __ATOMIC_RELEASE);
	write_loaded(module);
	stack_loaded();
}

/* ---- the loader's list ----------------------------------------------------------------------------------------- */

static int enumerate(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct pass *pass = argument;
	struct lock_hold hold;

	(void)size;
	if (!lock_take(&lock, &hold))
		return 1;
	if (!pass->number) {
		pass->loads = info->dlpi_adds;
		pass->unloads = info->dlpi_subs;
		if (count && pass->loads == known_loads && pass->unloads == known_unloads) {
			lock_give(&lock, &hold);
			return 1;
		}
		pass->number = ++latest;
		pass->complete = true;
	}
	met(info, pass->number, false);
	lock_give(&lock, &hold);
	return 0;
}

/* Whether a module of another namespace is still there; who cannot tell takes it that it is. */
static bool still_there(const struct module *module)
{
	struct dl_find_object found;

	if (!REAL(_dl_find_object))
		return true;
	return REAL(_dl_find_object)((void *)module->record.start, &found) == 0 &&
	       (uintptr_t)found.dlfo_link_map->l_addr == module->record.bias;
}

static void refresh(void)
{
	struct pass pass = {0};
	struct lock_hold hold;

	REAL(dl_iterate_phdr)(enumerate, &pass);
	if (!lock_take(&lock, &hold))
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct module *m = &table[i];

		if (!m->loaded)
			continue;
		if (m->foreign ? !still_there(m) : pass.complete && pass.number == latest && m->pass != latest)
			gone(m);
	}
	if (pass.complete && pass.number == latest) {
		known_loads = pass.loads;
		known_unloads = pass.unloads;
	}
	lock_give(&lock, &hold);
}

void modules_refresh(void)
{
	/* Before the process is live nobody listens; at its start all are taken. */
	if (process && process->live == PROCESS_LIVE && __atomic_load_n(&count, __ATOMIC_ACQUIRE))
		refresh();
}

/* A program with a malloc of its own, in the executable or preloaded before us: we see no block of its heap. */
static void check_heap(void)
{
	uintptr_t address = (uintptr_t)dlsym(RTLD_DEFAULT, "malloc");
	const ElfW(Sym) *symbol = NULL;
	Dl_info found;
	char text[512];
	const char *where = "the program";

	if (!address || (address >= library.text_start && address < library.text_end))
		return;
	/* An executable at a fixed address has a stub there for the address of an imported malloc: ours. */
	if (dladdr1((void *)address, &found, (void **)&symbol, RTLD_DL_SYMENT) && symbol &&
	    symbol->st_shndx == SHN_UNDEF)
		return;
	own_heap = true;
	for (uint32_t i = 0; i < count; i++)
		if (table[i].loaded && address >= table[i].record.start && address < table[i].record.end)
			where = table[i].path;
	text_format(text, sizeof(text), "%s brings its own malloc, so blocks of its heap are not recorded", where);
	meta_warn(text);
}

void modules_record_all(void)
{
	if (!count) {
		refresh();
		check_heap();
	} else {
		/* A forked child: whoever held the lock is not here. */
		lock = (struct lock){0};
		for (uint32_t i = 0; i < count; i++)
			if (table[i].loaded)
				write_loaded(&table[i]);
	}
	if (own_heap && process->header)
		process->header->flags |= TRACE_PROCESS_OWN_HEAP;
}

void modules_record_namespace(const struct link_map *map_of)
{
	struct lock_hold hold;

	if (!count)
		return;
	while (map_of->l_prev)
		map_of = map_of->l_prev;
	for (; map_of; map_of = map_of->l_next) {
		/* The namespace shares the loader itself with the first one; met() knows it already. */
		const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)map_of->l_addr;
		struct dl_phdr_info info = {.dlpi_addr = map_of->l_addr, .dlpi_name = map_of->l_name};

		if (!map_of->l_addr || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
			continue;
		info.dlpi_phdr = (const ElfW(Phdr) *)(map_of->l_addr + elf->e_phoff);
		info.dlpi_phnum = elf->e_phnum;
		if (!lock_take(&lock, &hold))
			return;
		met(&info, latest, true);
		lock_give(&lock, &hold);
	}
}

uint32_t modules_parts(struct module_parts *parts, uint32_t most, uint32_t *unloaded)
{
	struct lock_hold hold;
	uint32_t copied = 0;

	if (!lock_take(&lock, &hold))
		return 0;
	for (uint32_t i = 0; i < count && copied < most; i++)
		if (table[i].loaded)
			parts[copied++] = table[i].parts;
	*unloaded = unloads;
	lock_give(&lock, &hold);
	return copied;
}

bool modules_range(uintptr_t inside, uintptr_t *start, uintptr_t *end)
{
	struct lock_hold hold;
	bool found = false;

	if (!lock_take(&lock, &hold))
		return false;
	for (uint32_t i = 0; i < count && !found; i++) {
		*start = table[i].record.start;
		*end = table[i].record.end;
		found = table[i].loaded && inside >= *start && inside < *end;
	}
	lock_give(&lock, &hold);
	return found;
}

void modules_record_copy(uintptr_t inside, uintptr_t start, uintptr_t end, uintptr_t distance)
{
	struct lock_hold hold;

	if (!lock_take(&lock, &hold))
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct module copy = table[i];

		if (!copy.loaded || inside < copy.record.start || inside >= copy.record.end)
			continue;
		copy.record.bias += distance;
		copy.record.start = start;
		copy.record.end = end;
		copy.record.generation = stack_generation(start);
		write_loaded(&copy);
	}
	lock_give(&lock, &hold);
}

void modules_record_copy_gone(uintptr_t start, uintptr_t end)
{
	struct trace_module record = {.start = start, .end = end};

	meta_write(TRACE_RECORD_UNLOAD, &record, sizeof(record), NULL, 0);
}
