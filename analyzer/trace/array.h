/* array.h: arrays that grow by one. */
#ifndef PROBE_ARRAY_H
#define PROBE_ARRAY_H

#include "util.h"

/* Makes room for one more behind the `count` elements of `array`: sizes are powers of two, so none is stored. */
#define array_room(array, count) ((array) = array_room_((array), (count), sizeof *(array)))

static inline void *array_room_(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return xreallocarray(array, count ? count * 2 : 1, size);
}

#endif
