/*
 * builtins.c: see builtins.h. V8's builtins are embedded in the file that it is linked into. It may map them a second time,
 * near the code that it generates, and call them there ("short builtin calls"; node 20 has one copy for the process, node
 * 24 one for each isolate). Such a copy is recorded as another mapping of the same file.
 */
#include "node/builtins.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "identity.h"
#include "interpose/modules.h"
#include "lock.h"
#include "node/code.h"

#define MAPS_BYTES (4u << 20)        /* of /proc/self/maps that are read */
#define SECTIONS   128u
#define PAGE       4096u
#define PARTS      8u
#define COPIES     1024u             /* as many as isolates (isolates.c) */
#define GAP        256u              /* bytes between two parts that lie one behind the other */

struct range { uintptr_t start, end; };

struct copy {
	struct range range;          /* where it is mapped; end 0: the entry is free */
	uintptr_t distance;          /* from the original, upwards */
};

static struct lock lock;             /* guards the rest; ordinary memory, so a child opens it itself */
static uint32_t lock_pid;            /* of the process that took it last */
static uintptr_t inside_v8;          /* 0: nothing was looked for yet */
static struct range module;          /* the file's mapping */
static bool symbols;                 /* it has a symbol table */
static struct range parts[PARTS];    /* the interpreter's, in the module */
static uint32_t part_count;
static struct copy copies[COPIES];
uint32_t builtins_copies;

static bool enter(struct lock_hold *hold)
{
	/* A forked child: whoever held the lock is not here. */
	if (unlikely(lock_pid != process->pid)) {
		if (lock_pid)
			lock = (struct lock){0};
		lock_pid = process->pid;
	}
	return lock_take(&lock, hold);
}

bool builtins_have_symbols(void)
{
	return symbols;
}

static bool file_has_symbols(const char *path)
{
	Elf64_Ehdr header;
	Elf64_Shdr section;
	long fd = sys(SYS_openat, AT_FDCWD, path[0] ? path : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool found = false;

	if (fd < 0)
		return false;
	if (sys(SYS_pread64, fd, &header, sizeof(header), 0) == (long)sizeof(header) &&
	    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_shentsize == sizeof(section))
		for (unsigned i = 0; i < header.e_shnum && i < SECTIONS && !found; i++)
			found = sys(SYS_pread64, fd, &section, sizeof(section), header.e_shoff + i * sizeof(section)) ==
			        (long)sizeof(section) && section.sh_type == SHT_SYMTAB;
	sys(SYS_close, fd);
	return found;
}

/* The module's address for one in a copy. */
static uintptr_t original_of(uintptr_t address)
{
	for (uint32_t i = 0; i < COPIES; i++)
		if (address >= copies[i].range.start && address < copies[i].range.end)
			return address - copies[i].distance;
	return address;
}

static void part_add(uintptr_t start, uintptr_t end)
{
	if (start < module.start || end > module.end)
		return;
	for (uint32_t i = 0; i < part_count; i++) {
		if (start >= parts[i].start && end <= parts[i].end)
			return;
		if (start >= parts[i].end && start - parts[i].end < GAP) {
			parts[i].end = end;
			return;
		}
	}
	if (part_count < PARTS)
		parts[part_count++] = (struct range){start, end};
}

void builtins_interpreter(uintptr_t start, uintptr_t end)
{
	struct lock_hold hold;
	uintptr_t moved;

	/* Isolates tell side by side, each on its own thread. */
	if (!enter(&hold))
		return;
	moved = original_of(start) - start;
	part_add(start + moved, end + moved);
	lock_give(&lock, &hold);
}

void builtins_told(void)
{
	struct lock_hold hold;

	if (!enter(&hold))
		return;
	for (uint32_t i = 0; i < part_count; i++) {
		stack_interpreter(parts[i].start, parts[i].end);
		for (uint32_t j = 0; j < COPIES; j++)
			if (copies[j].range.end && parts[i].start + copies[j].distance >= copies[j].range.start &&
			    parts[i].end + copies[j].distance <= copies[j].range.end)
				stack_interpreter(parts[i].start + copies[j].distance, parts[i].end + copies[j].distance);
	}
	lock_give(&lock, &hold);
}

void builtins_unmapped(uintptr_t start, uintptr_t end)
{
	struct lock_hold hold;

	if (!enter(&hold))
		return;
	for (uint32_t i = 0; i < COPIES; i++) {
		struct range copy = copies[i].range;

		if (!copy.end || copy.start >= end || copy.end <= start)
			continue;
		copies[i].range.end = 0;
		builtins_copies--;
		stack_interpreter_gone(copy.start, copy.end);
		code_raise(copy.start, copy.end);
		modules_record_copy_gone(copy.start, copy.end);
	}
	lock_give(&lock, &hold);
}

/* ---- the second copy ------------------------------------------------------------------------------------------- */

struct mapping {
	uintptr_t start, end;
	bool executable;
	uint64_t offset;             /* in the file */
	const char *file;            /* device and inode, to the end of the number; */
	size_t file_length;
};

static uint64_t hexadecimal(const char **at)
{
	uint64_t value = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* A line of /proc/self/maps: "start-end rwxp offset device inode path". */
static struct mapping mapping_read(const char *line)
{
	struct mapping mapping = {.start = hexadecimal(&line)};

	line += *line == '-';
	mapping.end = hexadecimal(&line);
	if (strnlen(line, 6) < 6)
		return mapping;
	mapping.executable = line[3] == 'x';
	line += 6;
	mapping.offset = hexadecimal(&line);
	line += *line == ' ';
	mapping.file = line;
	line += strcspn(line, " \n");
	line += *line == ' ';
	line += strcspn(line, " \n");
	mapping.file_length = (size_t)(line - mapping.file);
	return mapping;
}

static const char *line_after(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static bool is_same_file(const struct mapping *a, const struct mapping *b)
{
	return a->file && b->file && a->file_length == b->file_length && memcmp(a->file, b->file, a->file_length) == 0;
}

/* The mapping of the module's own that has this one's part of the file. */
static struct mapping original_mapping(const char *maps, const struct mapping *copy)
{
	for (const char *line = maps; *line; line = line_after(line)) {
		struct mapping mapping = mapping_read(line);

		if (mapping.executable && mapping.start >= module.start && mapping.end <= module.end &&
		    is_same_file(&mapping, copy) && copy->offset - mapping.offset < mapping.end - mapping.start)
			return mapping;
	}
	return (struct mapping){0};
}

static void copy_found(const struct mapping *original, const struct mapping *found)
{
	struct copy copy = {.range = {found->start, found->end},
		.distance = (found->start - found->offset) - (original->start - original->offset)};
	struct copy *free = NULL;
	bool mixed = false;          /* its addresses are not of one generation */

	for (uint32_t i = 0; i < COPIES; i++) {
		if (copies[i].range.end && copies[i].range.start == copy.range.start)
			return;
		if (!copies[i].range.end)
			free = &copies[i];
	}
	if (!free) {
		meta_warn("V8 has more copies of its builtins than are followed: frames in the others have no names");
		return;
	}
	*free = copy;
	builtins_copies++;
	for (uintptr_t page = copy.range.start; page < copy.range.end; page += PAGE)
		mixed |= stack_generation(page) != stack_generation(copy.range.start);
	if (mixed)
		code_raise(copy.range.start, copy.range.end);
	modules_record_copy(inside_v8, copy.range.start, copy.range.end, copy.distance);
}

static void copies_find(const char *maps)
{
	for (const char *line = maps; *line; line = line_after(line)) {
		struct mapping mapping = mapping_read(line), original;

		if (!mapping.executable || (mapping.start >= module.start && mapping.start < module.end))
			continue;
		original = original_mapping(maps, &mapping);
		if (original.file)
			copy_found(&original, &mapping);
	}
}

void builtins_find(const void *inside)
{
	struct dl_find_object found;
	struct lock_hold hold;
	long maps;

	if (!enter(&hold))
		return;
	if (!inside_v8 && _dl_find_object((void *)inside, &found) == 0 &&
	    modules_range((uintptr_t)inside, &module.start, &module.end)) {
		inside_v8 = (uintptr_t)inside;
		symbols = file_has_symbols(found.dlfo_link_map->l_name);
	}
	maps = sys(SYS_mmap, 0, MAPS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (inside_v8 && !(maps < 0 && maps > -4096)) {
		if (identity_read("/proc/self/maps", (char *)maps, MAPS_BYTES) > 0)
			copies_find((const char *)maps);
		sys(SYS_munmap, maps, MAPS_BYTES);
	}
	lock_give(&lock, &hold);
}
