/*
 * next.c: looking up the functions behind ours.
 *
 * The heap's are needed at the first malloc of the process, and dlsym may itself allocate: what it asks for meanwhile
 * comes from a small arena. Blocks of the arena are recorded like all others and never given back.
 */
#include "interpose/next.h"

#include <elf.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <string.h>

#include "interpose/follow.h"
#include "interpose/modules.h"

#define ARENA_BYTES (64u << 10)

static char arena[ARENA_BYTES] __attribute__((aligned(16)));
static size_t arena_used;
static int looking_up;

static bool in_arena(const void *p)
{
	return (uintptr_t)p - (uintptr_t)arena < ARENA_BYTES;
}

/* Each block is preceded by 16 bytes that begin with its size. */
static void *arena_take(size_t alignment, size_t size)
{
	size_t header = alignment < 16 ? 16 : alignment;
	size_t room = (size + header + 2 * alignment + 15) & ~15ull;
	size_t start = size < ARENA_BYTES && alignment <= 4096
		? __atomic_fetch_add(&arena_used, room, __ATOMIC_RELAXED) : ARENA_BYTES;
	uintptr_t p = ((uintptr_t)arena + start + header + alignment - 1) & ~(alignment - 1);

	if (start + room > ARENA_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	((size_t *)p)[-2] = size;
	return (void *)p;
}

static void arena_aware_free(void *p);
static void *arena_aware_realloc(void *p, size_t size);
static size_t arena_aware_usable_size(void *p);
static void (*real_free)(void *);
static void *(*real_realloc)(void *, size_t);
static size_t (*real_usable_size)(void *);

static void look_up(void)
{
	struct next_heap found;
	int error = errno;

	__atomic_store_n(&looking_up, 1, __ATOMIC_RELEASE);
	found.malloc = next_symbol("malloc");
	found.calloc = next_symbol("calloc");
	found.realloc = real_realloc = next_symbol("realloc");
	found.free = real_free = next_symbol("free");
	found.memalign = next_symbol("memalign");
	found.aligned_alloc = next_symbol("aligned_alloc");
	found.posix_memalign = next_symbol("posix_memalign");
	found.valloc = next_symbol("valloc");
	found.pvalloc = next_symbol("pvalloc");
	found.malloc_usable_size = real_usable_size = next_symbol("malloc_usable_size");
	if (arena_used) { /* else these checks cost nothing */
		found.free = arena_aware_free;
		found.realloc = arena_aware_realloc;
		found.malloc_usable_size = arena_aware_usable_size;
	}
	next = found;
	__atomic_store_n(&looking_up, 0, __ATOMIC_RELEASE);
	errno = error;
}

static bool ready(void)
{
	if (__atomic_load_n(&looking_up, __ATOMIC_ACQUIRE))
		return false;
	look_up();
	return true;
}

static void *first_malloc(size_t size)
{
	return ready() ? next.malloc(size) : arena_take(16, size);
}

static void *first_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (ready())
		return next.calloc(count, size);
	return __builtin_mul_overflow(count, size, &bytes) ? NULL : arena_take(16, bytes);
}

static void *first_realloc(void *p, size_t size)
{
	return ready() ? next.realloc(p, size) : arena_aware_realloc(p, size);
}

static void first_free(void *p)
{
	if (ready())
		next.free(p);
	else
		arena_aware_free(p);
}

static void *first_memalign(size_t alignment, size_t size)
{
	return ready() ? next.memalign(alignment, size) : arena_take(alignment, size);
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
	return ready() ? next.aligned_alloc(alignment, size) : arena_take(alignment, size);
}

static int first_posix_memalign(void **p, size_t alignment, size_t size)
{
	if (ready())
		return next.posix_memalign(p, alignment, size);
	*p = arena_take(alignment, size);
	return *p ? 0 : ENOMEM;
}

static void *first_valloc(size_t size)
{
	return ready() ? next.valloc(size) : arena_take(4096, size);
}

static void *first_pvalloc(size_t size)
{
	return ready() ? next.pvalloc(size) : arena_take(4096, (size + 4095) & ~4095ull);
}

static size_t first_usable_size(void *p)
{
	return ready() ? next.malloc_usable_size(p) : arena_aware_usable_size(p);
}

struct next_heap next = {
	.malloc = first_malloc, .calloc = first_calloc, .realloc = first_realloc, .free = first_free,
	.memalign = first_memalign, .aligned_alloc = first_aligned_alloc, .posix_memalign = first_posix_memalign,
	.valloc = first_valloc, .pvalloc = first_pvalloc, .malloc_usable_size = first_usable_size,
};

static void arena_aware_free(void *p)
{
	if (!in_arena(p) && real_free)
		real_free(p);
}

static void *arena_aware_realloc(void *p, size_t size)
{
	void *fresh;
	size_t old;

	if (p && !in_arena(p))
		return real_realloc ? real_realloc(p, size) : NULL;
	fresh = next.malloc(size);
	if (p && fresh) {
		old = ((size_t *)p)[-2];
		memcpy(fresh, p, old < size ? old : size);
	}
	return fresh;
}

static size_t arena_aware_usable_size(void *p)
{
	if (p && in_arena(p))
		return ((size_t *)p)[-2];
	return p && real_usable_size ? real_usable_size(p) : 0;
}

void *next_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (!symbol)
		dlerror();
	return symbol;
}

/* The entries of all files, put together by the linker. */
extern struct next_entry __start_probe_next[] HIDDEN, __stop_probe_next[] HIDDEN;

void next_start(void)
{
	for (struct next_entry *entry = __start_probe_next; entry < __stop_probe_next; entry++)
		if (!*entry->slot)
			*entry->slot = next_symbol(entry->name);
}

/*
 * A handle of the caller's module is needed: that of a mere dependency has no search list of its own before somebody
 * opens it, and dlsym on its link map would fault (glibc 2.36, do_lookup_x).
 */
void *next_symbol_for(const char *name, uintptr_t pc)
{
	void *symbol = next_symbol(name), *module;
	struct dl_find_object object;

	if (symbol || _dl_find_object((void *)pc, &object) != 0)
		return symbol;
	module = REAL(dlopen)(object.dlfo_link_map->l_name, RTLD_LAZY | RTLD_NOLOAD);
	if (module) {
		symbol = dlsym(module, name);
		REAL(dlclose)(module); /* the caller keeps it loaded */
	}
	if (!symbol)
		dlerror();
	return symbol;
}

size_t next_symbol_size(void *function)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (!dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return 0;
	return symbol->st_size;
}

bool next_is_libc(void)
{
	uintptr_t start, end;

	return modules_range((uintptr_t)gnu_get_libc_version, &start, &end) && (uintptr_t)next.malloc - start < end - start;
}
