/*
 * verdicts.h: the verdict on each process of a view, with names: what heap/verdict.h asks is gathered from model and
 * names (verdicts.c), and what it answers is said in words (verdict_words.c).
 */
#ifndef PROBE_VERDICTS_H
#define PROBE_VERDICTS_H

#include "heap/verdict.h"
#include "report/view.h"

/* Fills view_process.verdict and view.worst_process. Names are asked for only of what may have grown. */
void verdicts_make(struct view *view);

/* The evidence in words: sentences for a person, escaped. To be freed. */
char *verdict_words(struct view_process *process, const struct verdict_facts *facts,
                    const struct verdict_evidence *evidence);

const char *verdict_name(enum verdict_kind kind); /* the JSON report's word */

#endif
