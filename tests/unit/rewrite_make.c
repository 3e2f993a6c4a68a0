/*
 * rewrite_make.c: see rewrite_make.h.
 */
#include "rewrite_make.h"

#include <stdlib.h>
#include <string.h>

int make_pieces;

static void *map(void *context, size_t bytes)
{
	(void)context;
	make_pieces++;
	return calloc(1, bytes);
}

static void unmap(void *context, void *memory, size_t bytes)
{
	(void)context;
	(void)bytes;
	make_pieces--;
	free(memory);
}

void make_start(struct made *made)
{
	static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

	memcpy(made->bytes, header, sizeof(header));
	made->size = sizeof(header);
}

void make_section(struct made *made, uint8_t id, const void *content, size_t size)
{
	made->bytes[made->size++] = id;
	made->bytes[made->size++] = (uint8_t)(size & 127) | 128;
	made->bytes[made->size++] = (uint8_t)(size >> 7);
	memcpy(made->bytes + made->size, content, size);
	made->size += size;
}

static size_t put_export(uint8_t *at, const char *name, uint8_t function)
{
	size_t length = strlen(name);

	at[0] = (uint8_t)length;
	memcpy(at + 1, name, length);
	at[length + 1] = 0;
	at[length + 2] = function;
	return length + 3;
}

void make_allocator(struct made *made, const char *malloc_name, const char *free_name)
{
	static const uint8_t types[] = {2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0}, functions[] = {2, 0, 1},
		memories[] = {1, 0, 1}, code[] = {2, 4, 0, 0x20, 0, 0x0b, 2, 0, 0x0b};
	uint8_t exports[256] = {2};
	size_t size = 1;

	make_start(made);
	make_section(made, 1, types, sizeof(types));
	make_section(made, 3, functions, sizeof(functions));
	make_section(made, 5, memories, sizeof(memories));
	size += put_export(exports + size, malloc_name, 0);
	size += put_export(exports + size, free_name, 1);
	make_section(made, 7, exports, size);
	make_section(made, 10, code, sizeof(code));
}

bool make_read(struct rewrite *rewrite, const struct made *made)
{
	*rewrite = (struct rewrite){.arena.memory = {.map = map, .unmap = unmap}};
	return rewrite_read(rewrite, made->bytes, made->size);
}
