/*
 * json_rows.h: the objects that the JSON report consists of, one at a time; inside report/ only.
 */
#ifndef PROBE_JSON_ROWS_H
#define PROBE_JSON_ROWS_H

#include <jansson.h>

#include "report/stack.h"

/* New references; they exit when memory is out. */
json_t *json_checked(json_t *value);
json_t *json_number(uint64_t value);
json_t *json_text(const char *text); /* invalid UTF-8 replaced; NULL: null */
json_t *json_texts(const char *const *texts, size_t count);
void json_set(json_t *object, const char *key, json_t *value); /* takes `value` */

json_t *json_recording(const struct recording *recording);
json_t *json_process(const struct view *view, struct view_process *process);
/* What is made of a process, the frame to blame, and which script's function called it, if it is WebAssembly's. */
json_t *json_verdict(struct view_process *process);
/* json_logs.c: an imported log. */
json_t *json_log(const struct view_process *process);
json_t *json_mark(const struct process_info *process, const struct mark *mark);
/* Trend, slope and how sure they are, into the object of what grows. */
void json_growth(json_t *object, const struct growth *growth);
/* Where growth was measured; null: nowhere. */
json_t *json_instants(const struct process_info *process);
const char *instants_name(enum instants_kind kind);
json_t *json_totals(const struct view *view);
/* Counts the names in its stack. */
json_t *json_site(const struct view *view, const struct view_site *site, struct name_sum *names);
/* One of view.held: bytes and blocks are what workers held until they ended. */
json_t *json_held(const struct view *view, const struct view_site *site, struct name_sum *names);
/* One of view.garbage: bytes and blocks are what was freed. */
json_t *json_garbage(const struct view *view, const struct view_site *site, struct name_sum *names);
/* One of view.pending: bytes and blocks are what only pending finalizers hold. */
json_t *json_pending(const struct view *view, const struct view_site *site, struct name_sum *names);
/* Sets "stack" and "stack_end" of `object`; counts the names. */
void json_stack(json_t *object, struct view_process *process, struct node_id stack, struct name_sum *names);
json_t *json_time(const struct process_info *process, uint64_t tick); /* of the host's clock */
/* json_wasm.c: a linear memory. Counts the names in its stacks. */
json_t *json_wasm_memory(struct view_process *process, const struct wasm_memory *memory, struct name_sum *names);
/* json_wasm_heap.c: what is inside it; null: nothing was told. And the growths that it was refused, by stack. */
json_t *json_wasm_heap(const struct view_process *process, const struct wasm_memory *memory);
json_t *json_wasm_refused(struct view_process *process, const struct wasm_memory *memory, struct name_sum *names);
/* json_pending.c: "stack" is where the registry was made. Counts the names in its stacks. */
json_t *json_unfinalized(struct view_process *process, const struct unfinalized *objects, struct name_sum *names);
json_t *json_frame(struct view_process *process, const struct stack_frame *frame);
json_t *json_names(const struct name_sum *names);
struct block_type;
struct type_sum;
/* json_types.c: sets "type", "type_evidence" and "owner" of a site; a row of by_type. */
void json_block_type(json_t *object, const struct block_type *is);
json_t *json_type_sum(const struct type_sum *sum, enum domain domain);
json_t *json_group(const struct view *view, const struct view_group *group, enum domain domain);
struct suppression;
/* NULL: one of the list that comes with probe, which hid nothing. */
json_t *json_suppression(const struct suppression *row);

#endif
