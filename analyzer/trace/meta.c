/* meta.c: the records of a STEM.shared; see shared.h. */
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "trace/code.h"
#include "trace/extent.h"
#include "trace/log_record.h"
#include "trace/payload.h"
#include "trace/sample.h"
#include "trace/shared.h"
#include "trace/unfinalized.h"
#include "trace/usage.h"
#include "trace/vtable_record.h"
#include "trace/wasm_record.h"

/* No process has more modules at once; bounds the search for the one that an UNLOAD means. */
#define MODULES_AT_ONCE 8192

static void read_argv(struct process_info *process, struct payload payload)
{
	size_t count = 0;

	if (process->argv)
		return;
	while (payload.left) {
		size_t length = strnlen((const char *)payload.at, payload.left);
		struct payload argument = {payload.at, length};

		array_room(process->argv, count);
		process->argv[count++] = payload_text(&argument);
		length += length < payload.left; /* its NUL */
		payload.at += length;
		payload.left -= length;
	}
	array_room(process->argv, count);
	process->argv[count] = NULL;
}

static bool read_module(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_module module;
	struct module *entry;

	if (!payload_take(&payload, &module, sizeof module) || module.build_id_size > payload.left ||
	    module.start > module.end)
		return false;
	array_room(process->modules, process->module_count);
	entry = &process->modules[process->module_count++];
	*entry = (struct module){
		.build_id_size = module.build_id_size, .generation = module.generation, .bias = module.bias,
		.start = module.start, .end = module.end, .loaded = tick, .unloaded = UINT64_MAX,
	};
	if (module.build_id_size) {
		entry->build_id = xmalloc(module.build_id_size);
		payload_take(&payload, entry->build_id, module.build_id_size);
	}
	entry->path = payload_text(&payload);
	return true;
}

static bool read_unload(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_module module;
	size_t oldest = process->module_count > MODULES_AT_ONCE ? process->module_count - MODULES_AT_ONCE : 0;

	if (!payload_take(&payload, &module, sizeof module))
		return false;
	for (size_t i = process->module_count; i > oldest; i--) {
		struct module *entry = &process->modules[i - 1];

		if (entry->start == module.start && entry->unloaded == UINT64_MAX) {
			entry->unloaded = tick;
			break;
		}
	}
	return true; /* of a module that was loaded before the library was: nothing to end */
}

static bool read_thread(struct process_info *process, struct payload payload)
{
	struct trace_thread thread;

	if (!payload_take(&payload, &thread, sizeof thread))
		return false;
	array_room(process->threads, process->thread_count);
	process->threads[process->thread_count++] = (struct thread_info){
		.stream = {thread.stream}, .tid = thread.tid, .lane = thread.lane, .name = payload_text(&payload),
		.creator = {thread.creator},
	};
	return true;
}

static bool read_child(struct process_info *process, struct payload payload, uint16_t type, uint64_t tick)
{
	struct child_note note = {.type = type, .tick = tick};

	if (!payload_take(&payload, &note.child, sizeof note.child))
		return false;
	note.path = payload_text(&payload);
	array_room(process->children, process->child_count);
	process->children[process->child_count++] = note;
	return true;
}

static bool read_collected(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct collected collected = {.tick = tick};

	if (!payload_take(&payload, &collected.record, sizeof collected.record) || !collected.record.isolate ||
	    collected.record.why < TRACE_COLLECTED_ENDING || collected.record.why > TRACE_COLLECTED_BUSY)
		return false;
	array_room(process->collections, process->collection_count);
	process->collections[process->collection_count++] = collected;
	return true;
}

static bool read_runtime_heap(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct runtime_heap heap = {.tick = tick};

	if (!payload_take(&payload, &heap.record, sizeof heap.record) || !heap.record.isolate ||
	    heap.record.collected > 1 || heap.record.used > ADDRESSES_END || heap.record.total > ADDRESSES_END)
		return false;
	array_room(process->runtime_heaps, process->runtime_heap_count);
	process->runtime_heaps[process->runtime_heap_count++] = heap;
	return true;
}

static bool read_declared(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_wasm_memory memory;

	if (!payload_take(&payload, &memory, sizeof memory))
		return false;
	array_room(process->declared, process->declared_count);
	process->declared[process->declared_count++] = (struct wasm_declared){
		.tick = tick, .address = memory.address, .maximum_bytes = memory.maximum_bytes,
		.shared = memory.flags & TRACE_WASM_SHARED,
	};
	return true;
}

static bool read_type(struct process_info *process, struct payload payload)
{
	struct trace_type type;

	if (!payload_take(&payload, &type, sizeof type) || !type.id || type.id > TRACE_TYPES_MOST || !payload.left)
		return false;
	if (type.id >= process->type_name_count) {
		process->type_names = xreallocarray(process->type_names, type.id + 1, sizeof(char *));
		while (process->type_name_count <= type.id)
			process->type_names[process->type_name_count++] = NULL;
	}
	if (!process->type_names[type.id])
		process->type_names[type.id] = payload_text(&payload);
	return true;
}

static bool read_limits(struct process_info *process, struct payload payload)
{
	struct trace_limits limits;

	if (!payload_take(&payload, &limits, sizeof limits))
		return false;
	free(process->limits.group_path);
	process->limits = (struct limits){
		.told = true, .address_space = limits.address_space, .address_space_used = limits.address_space_used,
		.group = limits.group, .group_path = payload_text(&payload),
	};
	return true;
}

static bool read_record(struct process_info *process, struct code_reader *code, const struct trace_record *record,
                        struct payload payload)
{
	switch (record->type) {
	case TRACE_RECORD_EXE:
		free(process->exe);
		process->exe = payload_text(&payload);
		return true;
	case TRACE_RECORD_ARGV:
		read_argv(process, payload);
		return true;
	case TRACE_RECORD_MODULE:
		return read_module(process, payload, record->tick);
	case TRACE_RECORD_UNLOAD:
		return read_unload(process, payload, record->tick);
	case TRACE_RECORD_THREAD:
		return read_thread(process, payload);
	case TRACE_RECORD_CHILD:
	case TRACE_RECORD_WAITED:
	case TRACE_RECORD_EXEC:
		return read_child(process, payload, record->type, record->tick);
	case TRACE_RECORD_MARK:
		array_room(process->marks, process->mark_count);
		process->marks[process->mark_count++] = (struct mark){payload_text(&payload), record->tick};
		return true;
	case TRACE_RECORD_WARNING:
		array_room(process->warnings, process->warning_count);
		process->warnings[process->warning_count++] = payload_text(&payload);
		return true;
	case TRACE_RECORD_WASM_MEMORY:
		return read_declared(process, payload, record->tick);
	case TRACE_RECORD_JITDUMP:
		array_room(process->jitdumps, process->jitdump_count);
		process->jitdumps[process->jitdump_count++] = payload_text(&payload);
		return true;
	case TRACE_RECORD_SUPPRESSIONS:
		array_room(process->suppressions, process->suppression_count);
		process->suppressions[process->suppression_count++] = payload_text(&payload);
		return true;
	case TRACE_RECORD_SAMPLE:
		return sample_record(process, record, payload);
	case TRACE_RECORD_TYPE:
		return read_type(process, payload);
	case TRACE_RECORD_VTABLE:
	case TRACE_RECORD_VTABLES:
		return vtable_record(process, record, payload);
	case TRACE_RECORD_LIMITS:
		return read_limits(process, payload);
	case TRACE_RECORD_CODE:
	case TRACE_RECORD_MOVED:
	case TRACE_RECORD_LINES:
	case TRACE_RECORD_RUNTIME:
		return code_record(code, record, payload);
	case TRACE_RECORD_COLLECTED:
		return read_collected(process, payload, record->tick);
	case TRACE_RECORD_RUNTIME_HEAP:
		return read_runtime_heap(process, payload, record->tick);
	case TRACE_RECORD_WASM_HEAP:
	case TRACE_RECORD_WASM_REFUSED:
	case TRACE_RECORD_WASM_UNWATCHED:
		return wasm_record(process, record, payload);
	case TRACE_RECORD_LOG:
	case TRACE_RECORD_LOG_SITE:
	case TRACE_RECORD_FINDING:
		return log_record(process, record, payload);
	case TRACE_RECORD_PENDING:
		return unfinalized_record(process, payload, record->tick);
	case TRACE_RECORD_USAGE:
	case TRACE_RECORD_CPU:
		return usage_record(process, record, payload);
	}
	return false;
}

static void read_extent(struct process_info *process, struct code_reader *code, const struct extent *extent,
                        struct damage *damage)
{
	const struct trace_meta *meta = (const void *)extent->data;
	size_t room, used, at = 0;
	struct trace_record record;

	if (extent->size < sizeof *meta)
		return;
	room = extent->size - sizeof *meta;
	used = __atomic_load_n(&meta->used, __ATOMIC_ACQUIRE);
	if (used > room) {
		damage_add(damage, ".shared", extent->offset, "more records than there is room for");
		used = room;
	}
	for (; used - at >= sizeof record; at += record.size) {
		uint64_t offset = extent->offset + sizeof *meta + at;
		struct payload payload = {extent->data + sizeof *meta + at + sizeof record, 0};

		memcpy(&record, extent->data + sizeof *meta + at, sizeof record);
		if (record.size % 8 || record.size > used - at || record.padding > 7 ||
		    record.size < sizeof record + record.padding) {
			damage_add(damage, ".shared", offset, "no record where one should begin");
			return;
		}
		payload.left = record.size - sizeof record - record.padding;
		if (!read_record(process, code, &record, payload))
			damage_add(damage, ".shared", offset, "the record cannot be understood");
	}
}

static int by_tick(const void *left, const void *right)
{
	const struct child_note *a = left, *b = right;

	return (a->tick > b->tick) - (a->tick < b->tick);
}

static int by_time(const void *left, const void *right)
{
	const struct runtime_heap *a = left, *b = right;

	return (a->tick > b->tick) - (a->tick < b->tick);
}

static int by_stream(const void *left, const void *right)
{
	const struct thread_info *a = left, *b = right;

	return (a->stream.index > b->stream.index) - (a->stream.index < b->stream.index);
}

void shared_meta(struct bytes file, struct process_info *process, struct damage *damage)
{
	struct code_reader code = {.process = process};
	struct extent extent;
	size_t at = 0;

	while (extent_next(file, &at, &extent, NULL))
		if (extent.kind == TRACE_EXTENT_META)
			read_extent(process, &code, &extent, damage);
	code_finish(&code, damage);
	sample_finish(process);
	if (!process->exe)
		process->exe = xstrdup("");
	if (!process->argv)
		process->argv = xcalloc(1, sizeof *process->argv);
	/* Almost in order as they are; glibc's qsort is a merge sort and keeps the order of equals. */
	if (process->child_count)
		qsort(process->children, process->child_count, sizeof *process->children, by_tick);
	if (process->runtime_heap_count)
		qsort(process->runtime_heaps, process->runtime_heap_count, sizeof *process->runtime_heaps, by_time);
	if (process->thread_count)
		qsort(process->threads, process->thread_count, sizeof *process->threads, by_stream);
}
