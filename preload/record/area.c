/*
 * area.c: the process's shared file.
 *
 * Slabs are allocated on disk before they are mapped: a hole in a mapping on a full disk would be a SIGBUS in the
 * program. No descriptor is kept (the drain has its own, in its own table): the file is opened again for each slab.
 * The mappings are MADV_DONTFORK.
 */
#include "area.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lock.h"
#include "record/ring.h"
#include "text.h"

#define FIRST_SLAB (128u << 10)
#define NEXT_SLAB  (1u << 20)
#define SLABS_MAX  4096
#define IMAGES_MAX 100000

struct slab {
	char    *memory;         /* where it is mapped */
	uint64_t offset;         /* in the file */
	size_t   size;           /* bytes */
};

struct area {
	struct lock lock;        /* guards the rest */
	char     name[STEM_SIZE + 16]; /* STEM.shared */
	char     stem[STEM_SIZE];
	uint64_t file_size;      /* bytes, allocated and mapped */
	size_t   used;           /* bytes carved from the slab in use */
	uint32_t current;        /* the slab in use; later ones are reserved */
	uint32_t slabs;          /* how many there are */
	bool     unshared;       /* slabs are anonymous memory, area_flush writes them */
	bool     trimmed;        /* the process is at its end: not a byte more than is asked for */
	struct slab slab[SLABS_MAX];
};

const char *area_stem(void)
{
	return process->area->stem;
}

bool area_is_unshared(void)
{
	return process->area->unshared;
}

struct trace_process *area_header(void)
{
	return (struct trace_process *)process->area->slab[0].memory;
}

static bool descriptor_is_directory(int fd)
{
	struct stat status;

	return fd >= 0 && sys(SYS_fstat, fd, &status) == 0 && status.st_dev == library.dir_device &&
	       status.st_ino == library.dir_inode;
}

/* After a chroot the same path may be another directory. */
static bool path_is_directory(void)
{
	struct stat status;

	return sys(SYS_newfstatat, AT_FDCWD, library.dir, &status, 0) == 0 && status.st_dev == library.dir_device &&
	       status.st_ino == library.dir_inode;
}

int area_open_directory(void)
{
	if (!path_is_directory())
		return -ENOENT;
	return (int)sys(SYS_openat, AT_FDCWD, library.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int area_open_file(int dir, const char *name, int flags)
{
	size_t size = strlen(library.dir) + strlen(name) + 2;
	char *path;

	flags |= O_CLOEXEC | O_NOFOLLOW;
	if (dir < 0 && descriptor_is_directory(library.dir_fd))
		dir = library.dir_fd;
	if (dir >= 0)
		return (int)sys(SYS_openat, dir, name, flags, 0600);
	/* By path, since the program may have one descriptor left and no more. */
	if (!path_is_directory())
		return -ENOENT;
	path = __builtin_alloca(size); /* not PATH_MAX: the thread's stack may be small */
	text_format(path, size, "%s/%s", library.dir, name);
	return (int)sys(SYS_openat, AT_FDCWD, path, flags, 0600);
}

bool area_limit_allows(uint64_t size)
{
	struct rlimit limit;

	return sys(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	       size <= limit.rlim_cur;
}

static long allocate_on_disk(int fd, uint64_t offset, size_t size)
{
	static const char zeros[4096];
	long result = sys(SYS_fallocate, fd, 0, offset, size);

	if (result != -EOPNOTSUPP && result != -ENOSYS)
		return result;
	for (size_t done = 0; done < size; done += sizeof(zeros)) {
		result = sys(SYS_pwrite64, fd, zeros, sizeof(zeros), offset + done);
		if (result != (long)sizeof(zeros))
			return result < 0 ? result : -ENOSPC;
	}
	return 0;
}

/* Adds a slab at the end of the file. Called with the lock held, or before anybody else can know the area. */
static long slab_add(struct area *area, size_t size, int fd)
{
	long memory = -ENODEV, result;

	if (area->slabs == SLABS_MAX)
		return -ENOSPC;
	if (!area_limit_allows(area->file_size + size))
		return -EFBIG;
	result = allocate_on_disk(fd, area->file_size, size);
	if (result < 0)
		return result;
	if (!area->unshared)
		memory = sys(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, area->file_size);
	if (memory == -ENODEV || memory == -EINVAL || memory == -EACCES) {
		/* A file system that cannot map shared files. */
		if (area->slabs && !area->unshared)
			return memory;
		area->unshared = true;
		memory = sys(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	if (memory < 0 && memory > -4096)
		return memory;
	sys(SYS_madvise, memory, size, MADV_DONTFORK);
	area->slab[area->slabs] = (struct slab){(char *)memory, area->file_size, size};
	area->file_size += size;
	__atomic_store_n(&area->slabs, area->slabs + 1, __ATOMIC_RELEASE);
	return 0;
}

static struct trace_extent *extent_carve(struct area *area, enum trace_extent_kind kind, size_t bytes)
{
	struct slab *slab = &area->slab[area->current];
	struct trace_extent *extent;

	while (area->used + bytes > slab->size) {
		if (area->current + 1 == area->slabs)
			return NULL;
		area->current++;
		area->used = 0;
		slab = &area->slab[area->current];
	}
	extent = (struct trace_extent *)(slab->memory + area->used);
	extent->kind = kind;
	extent->offset = slab->offset + area->used;
	extent->size = bytes;
	__atomic_store_n(&extent->magic, TRACE_EXTENT_MAGIC, __ATOMIC_RELEASE);
	area->used += bytes;
	return extent;
}

int area_start(const char *stem, uint32_t *image)
{
	struct area *area = wiped_take(sizeof(*area));
	int fd = -EEXIST;
	long result;

	if (!area)
		return -ENOMEM;
	for (uint32_t i = 0; fd == -EEXIST && i < IMAGES_MAX; i++) {
		text_format(area->stem, sizeof(area->stem), "%s-%u", stem, i);
		text_format(area->name, sizeof(area->name), "%s.shared", area->stem);
		fd = area_open_file(-1, area->name, O_RDWR | O_CREAT | O_EXCL);
		*image = i;
	}
	if (fd < 0)
		return fd;
	result = slab_add(area, FIRST_SLAB, fd);
	sys(SYS_close, fd);
	if (result < 0)
		return (int)result;
	process->area = area;
	extent_carve(area, TRACE_EXTENT_PROCESS, TRACE_EXTENT_ALIGN);
	return 0;
}

/* Called with the lock held. */
static bool slab_more(struct area *area, size_t bytes, int fd)
{
	int own = -1;
	long result;

	if (fd < 0) {
		if (library.filtered)
			return false;
		fd = own = area_open_file(-1, area->name, O_RDWR);
		if (fd < 0)
			return false;
	}
	result = slab_add(area, bytes > NEXT_SLAB || area->trimmed ? bytes : NEXT_SLAB, fd);
	if (result < 0 && bytes < NEXT_SLAB)
		result = slab_add(area, bytes, fd);
	if (own >= 0)
		sys(SYS_close, own);
	return result == 0;
}

struct trace_extent *area_take(enum trace_extent_kind kind, size_t bytes)
{
	struct area *area = process->area;
	struct trace_extent *extent = NULL;
	struct lock_hold hold;

	bytes = (bytes + TRACE_EXTENT_ALIGN - 1) & ~(size_t)(TRACE_EXTENT_ALIGN - 1);
	if (!area || !lock_take(&area->lock, &hold))
		return NULL;
	extent = extent_carve(area, kind, bytes);
	if (!extent && slab_more(area, bytes, -1))
		extent = extent_carve(area, kind, bytes);
	lock_give(&area->lock, &hold);
	return extent;
}

bool area_reserve(size_t bytes, int fd)
{
	struct area *area = process->area;
	struct lock_hold hold;
	size_t room;
	bool enough;

	if (!area || !lock_take(&area->lock, &hold))
		return false;
	room = area->slab[area->current].size - area->used;
	for (uint32_t i = area->current + 1; i < area->slabs; i++)
		room += area->slab[i].size;
	enough = room >= bytes || slab_more(area, bytes, fd);
	lock_give(&area->lock, &hold);
	return enough;
}

bool area_slab(uint32_t i, uintptr_t *start, size_t *bytes)
{
	struct area *area = process->area;

	if (i >= __atomic_load_n(&area->slabs, __ATOMIC_ACQUIRE))
		return false;
	*start = (uintptr_t)area->slab[i].memory;
	*bytes = area->slab[i].size;
	return true;
}

void area_flush(int fd)
{
	struct area *area = process->area;
	int own = -1;

	if (!area || !area->unshared)
		return;
	if (fd < 0) {
		if (library.filtered)
			return;
		fd = own = area_open_file(-1, area->name, O_RDWR);
		if (fd < 0)
			return;
	}
	/* Later slabs first: what an earlier one refers to is then there. */
	for (uint32_t i = __atomic_load_n(&area->slabs, __ATOMIC_ACQUIRE); i-- > 0;) {
		struct slab *slab = &area->slab[i];
		size_t size = i == area->current ? area->used : slab->size;

		if (i <= area->current)
			sys(SYS_pwrite64, fd, slab->memory, size, slab->offset);
	}
	if (own >= 0)
		sys(SYS_close, own);
}

void area_trim(void)
{
	struct area *area = process->area;
	struct trace_ring *ring;
	struct lock_hold hold;
	int fd;

	if (area->unshared || library.filtered)
		return;
	fd = area_open_file(-1, area->name, O_RDWR);
	if (fd < 0)
		return;
	if (lock_take(&area->lock, &hold)) {
		struct slab *slab = &area->slab[area->current];

		/* Never touched again: room is carved below `size` only, and later slabs begin at file_size. */
		if (sys(SYS_ftruncate, fd, slab->offset + area->used) == 0) {
			slab->size = area->used;
			area->slabs = area->current + 1;
			area->file_size = slab->offset + area->used;
			area->trimmed = true;
		}
		lock_give(&area->lock, &hold);
	}
	while ((ring = ring_take_free()))
		sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		    ring->extent.offset + TRACE_EXTENT_ALIGN, ring->extent.size - TRACE_EXTENT_ALIGN);
	sys(SYS_close, fd);
}
