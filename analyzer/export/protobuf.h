/* protobuf.h: messages of protocol buffers, field by field. */
#ifndef PROBE_EXPORT_PROTOBUF_H
#define PROBE_EXPORT_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

struct message { unsigned char *bytes; size_t size, capacity; }; /* all zero: empty; owned */

void message_varint(struct message *message, uint64_t value);
/* A number; 0 is the default, and left out. */
void message_number(struct message *message, unsigned field, uint64_t value);
void message_bytes(struct message *message, unsigned field, const void *bytes, size_t size);
/* The message `inner`, which is emptied. */
void message_message(struct message *message, unsigned field, struct message *inner);
void message_free(struct message *message);

#endif
