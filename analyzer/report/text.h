/*
 * text.h: the parts of the report that a person reads. Each prints one section; report_text and leaks_text put them
 * together.
 */
#ifndef PROBE_REPORT_TEXT_H
#define PROBE_REPORT_TEXT_H

#include "report/page.h"
#include "report/stack.h"
#include "report/view.h"

#define TOP_DEFAULT 10

struct text_options {
	enum domain domain;       /* whose leaks are listed */
	size_t   top;             /* sites, modules, processes in a list at most */
	bool     whole_stacks;    /* every frame, else the first few and no plumbing */
};

enum leaks_by { BY_SITE, BY_TYPE, BY_MODULE, BY_PROCESS };

void report_text(const struct page *page, const struct view *view, const struct text_options *options);
void leaks_text(const struct page *page, const struct view *view, const struct text_options *options,
                enum leaks_by by);

/* The recordings that all this is of. */
void text_source(const struct page *page, const struct view *view);

/* ---- text_answer.c ------------------------------------------------------------------------------------------- */

/* What was alive, when, and who keeps most of it. */
void text_answer(const struct page *page, const struct view *view, enum domain domain);
/* Allocations, frees, peak. */
void text_totals(const struct page *page, const struct view *view);

/* ---- suppress_text.c ------------------------------------------------------------------------------------------ */

/* How much was suppressed, and by what. */
void text_suppressed(const struct page *page, const struct view *view, enum domain domain);

/* ---- text_process.c ------------------------------------------------------------------------------------------ */

/* The tree of processes. */
void text_processes(const struct page *page, const struct view *view);
/* "node (pid 4711)", escaped. To be freed. */
char *text_process(const struct view_process *process);
/* "exit 0", "SIGKILL", "exec", …; in a buffer of 24. */
const char *text_end(char buffer[24], const struct view_process *process);

/* ---- text_sites.c -------------------------------------------------------------------------------------------- */

/* Leaks by site, with stacks; counts the names of what it prints. */
void text_sites(const struct page *page, const struct view *view, const struct text_options *options,
                struct name_sum *names);
/* The frames of a stack, all or those that matter; counts their names. */
void text_stack(const struct page *page, struct view_process *process, struct node_id stack, bool whole,
                struct name_sum *names);
/* "leak.c:12", "libc.so.6+0x2724a", "0x7f00…": the best that is known of where a frame is. Not escaped. To be freed. */
char *text_place(struct view_process *process, const struct stack_frame *at);
/* "retain, leak.c:12": the frame to blame. Escaped. To be freed. */
char *text_blame(struct view_process *process, struct node_id stack);
/* Of a WebAssembly function to blame: the script's function that called it, likewise; NULL: there is none. */
char *text_caller(struct view_process *process, struct node_id stack);

/* ---- text_workers.c ------------------------------------------------------------------------------------------ */

/* What workers held until they ended. */
void text_workers(const struct page *page, const struct view *view, const struct text_options *options);

/* ---- text_collected.c ---------------------------------------------------------------------------------------- */

/* Where garbage was collected before the leaks were taken, and where not. */
void text_collected(const struct page *page, const struct view *view);

/* ---- text_garbage.c ------------------------------------------------------------------------------------------ */

/* What the collection at the end freed: garbage, or what a script's top level held. */
void text_garbage(const struct page *page, const struct view *view, const struct text_options *options);

/* ---- text_pending.c ------------------------------------------------------------------------------------------ */

/* Objects that are gone, and whose finalizers had no turn. */
void text_pending(const struct page *page, const struct view *view);

/* ---- text_growth.c ------------------------------------------------------------------------------------------- */

/*
 * The sites of a domain that are not suppressed. What surely grows from mark to mark comes first, fastest first: a small
 * leak matters more than a large table. Then the others, largest first. To be freed.
 */
const struct view_site **text_growth_order(const struct view *view, enum domain domain, size_t *count, size_t *leading);
/* "grows 1.2 KiB per mark (sure)", "kept once", "steady" or "". To be freed. */
char *text_growth(const struct view *view, const struct view_site *site);
/* At which marks growth was measured. */
void text_measured(const struct page *page, const struct view *view);

/* ---- text_groups.c ------------------------------------------------------------------------------------------- */

void text_modules(const struct page *page, const struct view *view, const struct text_options *options);
void text_by_process(const struct page *page, const struct view *view, const struct text_options *options);
/* What lies in other domains. */
void text_elsewhere(const struct page *page, const struct view *view, enum domain domain);

/* ---- text_types.c -------------------------------------------------------------------------------------------- */

/* By type; `only_known`: nothing if none is known. */
void text_by_type(const struct page *page, const struct view *view, const struct text_options *options,
                  bool only_known);
/* A line on what lies in a site's blocks and what they belong to, and one on why; nothing if it is unknown. */
struct block_type;
void text_type(const struct page *page, const struct block_type *is, size_t indent, bool evidence);

/* ---- text_wasm.c --------------------------------------------------------------------------------------------- */

/* The linear memories and who made them grow; nothing if there are none. Counts the names of what it prints. */
void text_wasm(const struct page *page, const struct view *view, const struct text_options *options,
               struct name_sum *names);

/* ---- text_inside.c ------------------------------------------------------------------------------------------- */

/* Of one memory: what its bytes are, whether its blocks add up, who tells of them; nothing if nobody does. */
void text_inside(const struct page *page, struct view_process *process, const struct wasm_memory *memory);
/* Modules whose blocks are not told, and blocks of which no memory is known. */
void text_unwatched(const struct page *page, const struct view *view);

/* ---- text_ledger.c ------------------------------------------------------------------------------------------- */

/* What is resident at the end of the largest process, part by part. */
void text_ledger(const struct page *page, const struct view *view);

/* ---- text_logs.c --------------------------------------------------------------------------------------------- */

/* Of a view that consists of imported logs: the answer and all sections, and then how far to trust them. */
void report_logs_text(const struct page *page, const struct view *view, const struct text_options *options);
void leaks_logs_text(const struct page *page, const struct view *view, const struct text_options *options,
                     enum leaks_by by);
void trust_logs_text(const struct page *page, const struct view *view);
/* Among processes: the sections, and what is to be said of the logs where it is told how far to trust the report. */
void text_logs(const struct page *page, const struct view *view, const struct text_options *options);
void text_log_trust(const struct page *page, const struct view *view);
bool text_is_log_finding(const struct finding *finding);
/* False: it is none of a log's. */
bool text_log_finding(const struct page *page, const struct finding *finding);

/* ---- text_trust.c -------------------------------------------------------------------------------------------- */

/* What was lost, repaired, unknown, not followed. */
void text_trust(const struct page *page, const struct view *view, const struct name_sum *names);
/* The same, as far as it is of CPU samples. */
void text_trust_cpu(const struct page *page, const struct view *view, const struct name_sum *names);

#endif
