/*
 * report_model.h: a recording made by hand, with names made by hand, for the tests of the reports.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "report/view.h"

/* One process, three sites. All static: nothing to free. */
struct recording *model_leak(void);

/*
 * npm test: npm, its sh, which becomes node by exec, two workers of it; names from all over the world, a killed
 * process, lost events, unknown frames, stacks cut and broken off, findings, warnings.
 */
struct recording *model_tree(void);

/* A script in node: JavaScript in all tiers, eval, a builtin, wasm, the interpreter, and what none could name. */
struct recording *model_script(void);

/* What node keeps of its start, sites of even bytes, beside what a program keeps, odd ones. */
struct recording *model_startup(void);

/* Of another model the first process, whose stacks were sampled, too, in two threads; the first takes most. */
struct recording *model_sampled(struct recording *of);

/* A process with 60 children, of which the 50th crashed, and two that claim to be each other's parent. */
struct recording *model_crowd(void);

/* Nothing leaked. */
struct recording *model_clean(void);

/* The same, but its files are damaged, and one process left an empty one. */
struct recording *model_damaged(void);

/* Nothing leaked, files are whole, but one process left an empty one. */
struct recording *model_not_recorded(void);

/* What names_problems is to say; NULL ends. */
extern const char *model_problems[];

/* Calls of names_resolve so far: who does not show a stack need not ask for its names. */
extern size_t model_resolved;

#endif
