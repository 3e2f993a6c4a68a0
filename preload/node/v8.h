/*
 * v8.h: the few things of V8 that are used, as they are in node 20, 22 and 24 (V8 11.3, 12.4, 13.6: include/v8-callbacks.h,
 * v8-isolate.h, v8-script.h). All are part of its public interface, found by their C++ names when the library
 * is loaded.
 */
#ifndef PROBE_V8_H
#define PROBE_V8_H

#include <stddef.h>
#include <stdint.h>

#include "library.h"

enum v8_event_type {
	V8_CODE_ADDED, V8_CODE_MOVED, V8_CODE_REMOVED, V8_LINE, V8_LINES_START, V8_LINES_END,
};

enum v8_code_type { V8_BYTE_CODE, V8_JIT_CODE, V8_WASM_CODE };

enum v8_position_type { V8_POSITION, V8_STATEMENT_POSITION };

struct v8_event {                     /* v8::JitCodeEvent */
	uint32_t type;               /* enum v8_event_type */
	uint32_t code_type;          /* enum v8_code_type */
	void    *code_start;
	size_t   code_size;          /* bytes */
	void    *script;             /* v8::Local<v8::UnboundScript>, of code from JavaScript; else NULL */
	void    *user_data;
	void    *wasm_source;
	union {
		struct { const char *text; size_t length; } name; /* ADDED; no NUL at its end */
		struct { size_t offset, position; uint32_t type; } line; /* LINE: in the code, in the source */
		void *new_start;     /* MOVED */
	};
	void    *isolate;
};
_Static_assert(sizeof(struct v8_event) == 80 && offsetof(struct v8_event, isolate) == 72, "v8-callbacks.h");

#define V8_SCAVENGED        1         /* v8::kGCTypeScavenge */
#define V8_COLLECTED_FULL   4         /* v8::kGCTypeMarkSweepCompact */
#define V8_MARKING_BEGINS   8         /* v8::kGCTypeIncrementalMarking */
#define V8_COLLECTED_FORCED 4         /* v8::kGCCallbackFlagForced: gc() was called */

struct v8_heap {                      /* v8::HeapStatistics, with room for what may be appended to it */
	size_t total, executable, physical, available, used, limit, malloced, external, peak_malloced;
	size_t rest[23];
};

#define V8_EXISTING 1                 /* v8::kJitCodeEventEnumExisting */

/*
 * Weak, so that the loader looks for them when it loads this library: dlsym of what is not there allocates, for its
 * message, and the heap may not be ready.
 */
#define V8_FUNCTION(type, name, symbol, ...) extern type name(__VA_ARGS__) __asm__(symbol) __attribute__((weak))

struct v8 {
	void *(*current)(void);      /* v8::Isolate::TryGetCurrent: the thread's isolate or NULL */
	void  (*interrupt)(void *isolate, void (*callback)(void *isolate, void *data), void *data);
	void  (*set_handler)(void *isolate, int options, void (*handler)(const struct v8_event *event));
	int   (*line_of)(void *script, int position);   /* from 0; −1 unknown; NULL: V8 has it not */
	int   (*column_of)(void *script, int position); /* the same */
	uintptr_t start, end;                           /* of the file that V8 is in */
};
extern struct v8 v8 HIDDEN;           /* read-only after node_start; set_handler NULL: no V8, or not enough of it */

#endif
