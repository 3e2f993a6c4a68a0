/*
 * verdicts.h: the verdict on each process of a view, with names: what heap/verdict.h asks is gathered from model and
 * names (verdicts.c; by line in verdict_lines.c, of a runtime in verdict_runtime.c), and what it answers is said in words
 * (verdict_words.c).
 */
#ifndef PROBE_VERDICTS_H
#define PROBE_VERDICTS_H

#include "heap/history.h"
#include "heap/verdict.h"
#include "report/view.h"

/* Fills view_process.verdict and view.worst_process. Names are asked for only of what may have grown. */
void verdicts_make(struct view *view);

/* The evidence in words: sentences for a person, escaped. To be freed. */
char *verdict_words(struct view_process *process, const struct verdict_facts *facts,
                    const struct verdict_evidence *evidence);

const char *verdict_name(enum verdict_kind kind); /* the JSON report's word */

/* ---- for verdicts.c; `sum` is room to work in ------------------------------------------------------------------- */

/* The lines that may have grown; to be freed. `suppressed` becomes true if something that grows is. */
struct verdict_site *verdict_lines(const struct view *view, struct view_process *process, struct history_sum *sum,
                                   size_t *line_count, bool *suppressed);
/* The linear memories, in their order, of which all that made them grow is suppressed; to be freed. */
bool *verdict_hidden_memories(const struct view *view, struct view_process *process, bool *suppressed);
enum whose verdict_whose(struct view_process *process, const struct site *site);

/* How many isolates are alive, at each mark. */
struct growth verdict_isolates(const struct process_info *info);
/* The stack of a script's line that made most threads; index TRACE_STACK_NONE: none did. */
struct node_id verdict_maker(struct view_process *process);
/*
 * What the objects of that isolate take, of those alive, which grew most, as V8 told at marks and after collections; what
 * is garbage among them is gone by the next collection. False: it told too little to judge by.
 */
bool verdict_objects(const struct process_info *info, struct verdict_facts *facts);
/*
 * What V8 maps, the pages of its heaps, up to the last mark: the collection at the end moves what is left to other pages.
 */
void verdict_pages(struct view_process *process, struct history_sum *sum, struct verdict_facts *facts);

#endif
