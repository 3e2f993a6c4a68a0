/* file.c: maps the files of a recording; see file.h. */
#include "trace/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define AROUND 65536             /* bytes of a file: what the kernel reads together */

bool file_map(int dir, const char *name, struct bytes *bytes)
{
	/* O_NONBLOCK: a pipe of that name must not hold us up. */
	int error, fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	void *data;

	*bytes = (struct bytes){0};
	if (fd < 0)
		return false;
	if (fstat(fd, &status) < 0)
		goto failed;
	if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
		goto failed;
	}
	if (status.st_size > 0) {
		data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (data == MAP_FAILED)
			goto failed;
		*bytes = (struct bytes){data, (size_t)status.st_size, true};
	}
	close(fd);
	return true;
failed:
	error = errno;
	close(fd);
	errno = error;
	return false;
}

void file_unmap(struct bytes *bytes)
{
	if (bytes->size)
		munmap((void *)(uintptr_t)bytes->data, bytes->size);
	*bytes = (struct bytes){0};
}

/* A page that is read brings its neighbours into memory, which may have been forgotten before: so they are once more. */
void file_forget(struct bytes bytes, size_t from, size_t size)
{
	size_t end = from + size;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), data = (uintptr_t)bytes.data;

	from -= from < AROUND ? from : AROUND;
	if (bytes.mapped)
		madvise((void *)((data + from) & ~(page - 1)), end - from + ((data + from) & (page - 1)), MADV_DONTNEED);
}
