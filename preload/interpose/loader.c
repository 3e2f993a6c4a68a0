/*
 * loader.c: dlopen, dlmopen and dlclose. What they change is recorded when they return. Constructors run inside, and
 * may do anything, so nothing is held meanwhile.
 *
 * The loader looks at its caller (the return address) to know whose RUNPATH and $ORIGIN a name without a slash is
 * looked up by. With a wrapper in between that would be libprobe.so, so where it matters the real function is called
 * such that it sees an address of the caller's module.
 */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "interpose/follow.h"
#include "interpose/modules.h"
#include "interpose/next.h"
#include "node/inject.h"
#include "text.h"

void *call_as(void *function, const void *a, const void *b, const void *c, const void *ret) HIDDEN;

/* A module that calls dlopen. */
struct caller {
	uintptr_t address;           /* the return address of the wrapper */
	const unsigned char *ret;    /* a return instruction in the same module; NULL none was found */
	bool special;                /* its search path differs from that of libprobe.so */
	bool first;                  /* the next module is the program */
};

static bool is_in(const struct dl_phdr_info *info, const ElfW(Phdr) *header, uintptr_t address)
{
	return header->p_type == PT_LOAD && address - (info->dlpi_addr + header->p_vaddr) < header->p_memsz;
}

/*
 * Best is a return behind `xor %eax, %eax`: what unwinds there finds, by the rules for the instruction before it,
 * that nothing but the return address is on the stack.
 */
static const unsigned char *find_ret(const unsigned char *from, size_t size)
{
	const unsigned char *best = memmem(from, size, "\x31\xc0\xc3", 3);

	return best ? best + 2 : memchr(from, 0xc3, size);
}

/* Called by dl_iterate_phdr. */
static int look(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct caller *caller = argument;
	bool program = caller->first, calls = false, runpath = false, rpath = false, no_default = false;

	(void)size;
	caller->first = false;
	for (int i = 0; i < info->dlpi_phnum; i++)
		calls |= is_in(info, &info->dlpi_phdr[i], caller->address);
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		const char *start = (const char *)(info->dlpi_addr + header->p_vaddr);

		if (header->p_type == PT_DYNAMIC) {
			for (const ElfW(Dyn) *d = (const ElfW(Dyn) *)start; d->d_tag != DT_NULL; d++) {
				runpath |= d->d_tag == DT_RUNPATH;
				rpath |= d->d_tag == DT_RPATH;
				no_default |= d->d_tag == DT_FLAGS_1 && (d->d_un.d_val & DF_1_NODEFLIB);
			}
		} else if (calls && header->p_type == PT_LOAD && (header->p_flags & (PF_R | PF_X)) == (PF_R | PF_X) &&
		           !caller->ret) {
			caller->ret = find_ret((const unsigned char *)start, header->p_filesz);
		}
	}
	/* An RPATH counts for the libraries below its module too. The program's counts for all, also for ours. */
	caller->special |= calls && (runpath || no_default);
	caller->special |= rpath && (calls || !program);
	return 0;
}

/* Where return addresses are on a second stack (CET), ours would not match. */
static bool shadow_stack(void)
{
	uint64_t pointer = 0;

	__asm__ volatile("rdsspq %0" : "+r"(pointer));
	return pointer != 0;
}

/* The address that the real function shall see as its caller's; NULL: a plain call does the same. */
static const void *pose_as(const char *file, uintptr_t address)
{
	struct caller caller = {.address = address, .first = true};

	if (!file || !file[0] || (strchr(file, '/') && !strchr(file, '$')) || shadow_stack())
		return NULL;
	REAL(dl_iterate_phdr)(look, &caller);
	/* $ORIGIN is the caller's folder, whatever its search path is. */
	return caller.special || strchr(file, '$') ? caller.ret : NULL;
}

static void warn(const char *file, const char *why)
{
	char text[512];

	text_format(text, sizeof(text), "%s %s, so what it allocates is not recorded", file, why);
	meta_warn(text);
}

/* The calling thread is inside the loader: its constructors run, and it owns the loader's lock. */
static void loading(int step)
{
	struct thread *thread = process_start() ? thread_state() : NULL;

	if (thread)
		thread->loading += (uint32_t)step;
}

PUBLIC void *dlopen(const char *file, int mode)
{
	const void *ret = pose_as(file, (uintptr_t)__builtin_return_address(0));
	void *handle;

	inject_asked(file);
	loading(1);
	if (ret)
		handle = call_as((void *)REAL(dlopen), file, (const void *)(long)mode, NULL, ret);
	else
		handle = REAL(dlopen)(file, mode);
	loading(-1);
	modules_refresh();
	if (handle)
		operators_refresh();
	if (handle && file && (mode & RTLD_DEEPBIND) && !(mode & RTLD_NOLOAD))
		warn(file, "was loaded with RTLD_DEEPBIND");
	return handle;
}

PUBLIC void *dlmopen(Lmid_t namespace, const char *file, int mode)
{
	const void *ret = pose_as(file, (uintptr_t)__builtin_return_address(0));
	struct link_map *map = NULL;
	void *handle;

	loading(1);
	if (ret)
		handle = call_as((void *)REAL(dlmopen), (const void *)namespace, file, (const void *)(long)mode, ret);
	else
		handle = REAL(dlmopen)(namespace, file, mode);
	loading(-1);
	modules_refresh();
	if (!handle || namespace == LM_ID_BASE)
		return handle;
	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map) {
		modules_record_namespace(map);
		warn(map->l_name, "was loaded into a namespace of its own (dlmopen)");
	}
	return handle;
}

PUBLIC int dlclose(void *handle)
{
	int result = REAL(dlclose)(handle);

	modules_refresh();
	return result;
}
