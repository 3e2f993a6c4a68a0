/* extent.c: see extent.h. */
#include "trace/extent.h"

#include <string.h>

#include "probe/trace.h"

static bool read_header(struct bytes file, size_t at, struct trace_extent *header)
{
	if (at > file.size || file.size - at < sizeof *header)
		return false;
	memcpy(header, file.data + at, sizeof *header);
	return true;
}

/* A header proves itself by naming its own offset; no event and no node can look like one (their bytes differ). */
static bool fits(const struct trace_extent *header, size_t at)
{
	return header->kind >= TRACE_EXTENT_PROCESS && header->kind <= TRACE_EXTENT_RING && header->offset == at &&
	       header->size >= TRACE_EXTENT_ALIGN && header->size % TRACE_EXTENT_ALIGN == 0 && header->reserved == 0;
}

static bool is_extent(struct bytes file, size_t at, struct trace_extent *header)
{
	return read_header(file, at, header) && header->magic == TRACE_EXTENT_MAGIC && fits(header, at);
}

/* Unused, or a header whose writer died before its last store. */
static bool is_blank(const struct trace_extent *header, size_t at)
{
	return header->magic == 0 && (fits(header, at) || header->kind == 0 || header->size == 0) &&
	       header->reserved == 0 && (header->offset == 0 || header->offset == at);
}

bool extent_next(struct bytes file, size_t *at, struct extent *extent, struct damage *damage)
{
	struct trace_extent header, other;
	bool damaged = false;
	size_t size;

	for (; read_header(file, *at, &header); *at += TRACE_EXTENT_ALIGN) {
		if (header.magic == TRACE_EXTENT_MAGIC && fits(&header, *at))
			goto found;
		if (!damaged && !is_blank(&header, *at)) {
			damage_add(damage, ".shared", *at, "no extent where one should begin");
			damaged = true;
		}
	}
	return false;
found:
	size = file.size - *at;
	if (header.size > size)
		damage_add(damage, ".shared", *at, "the extent is cut by the end of the file");
	else
		size = header.size;
	/* A damaged size must not hide the extents behind it. */
	for (size_t next = TRACE_EXTENT_ALIGN; next < size; next += TRACE_EXTENT_ALIGN)
		if (is_extent(file, *at + next, &other)) {
			damage_add(damage, ".shared", *at, "the extent is larger than its place");
			size = next;
		}
	*extent = (struct extent){header.kind, *at, file.data + *at, size};
	*at += size;
	if (*at % TRACE_EXTENT_ALIGN)
		*at = file.size;
	return true;
}
