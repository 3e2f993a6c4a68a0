/* protobuf.c: see protobuf.h. Touches nothing. */
#include "export/protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

static void make_room(struct message *message, size_t size)
{
	if (message->capacity - message->size >= size)
		return;
	message->capacity = message->capacity * 2 + size + 64;
	message->bytes = xreallocarray(message->bytes, message->capacity, 1);
}

void message_varint(struct message *message, uint64_t value)
{
	make_room(message, 10);
	while (value >= 0x80) {
		message->bytes[message->size++] = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	message->bytes[message->size++] = (unsigned char)value;
}

void message_number(struct message *message, unsigned field, uint64_t value)
{
	if (!value)
		return;
	message_varint(message, field << 3 | WIRE_VARINT);
	message_varint(message, value);
}

void message_bytes(struct message *message, unsigned field, const void *bytes, size_t size)
{
	message_varint(message, field << 3 | WIRE_BYTES);
	message_varint(message, size);
	make_room(message, size);
	if (size)
		memcpy(message->bytes + message->size, bytes, size);
	message->size += size;
}

void message_message(struct message *message, unsigned field, struct message *inner)
{
	message_bytes(message, field, inner->bytes, inner->size);
	inner->size = 0;
}

void message_free(struct message *message)
{
	free(message->bytes);
}
