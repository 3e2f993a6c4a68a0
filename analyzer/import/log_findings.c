/* log_findings.c: see log_findings.h. */
#include "import/log_findings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define TEXT_MOST      100        /* bytes of a line in an example */
#define SEQUENCE_LEAST 64u        /* ids: fewer are no evidence that they are not counted up */

static const char *name_of(enum log_finding finding)
{
	static const char *const names[LOG_FINDINGS] = {
		[LOG_FOUND_ALLOCATED_TWICE] = "allocated-twice", [LOG_FOUND_DROPPED_TWICE] = "dropped-twice",
		[LOG_FOUND_NEVER_ALLOCATED] = "dropped-never-allocated",
		[LOG_FOUND_DROPPED_OTHERWISE] = "dropped-otherwise", [LOG_FOUND_GAP] = "id-gap",
		[LOG_FOUND_NO_SEQUENCE] = "no-sequence", [LOG_FOUND_UNPARSABLE] = "unparsable",
		[LOG_FOUND_CUT_SHORT] = "cut-short",
	};

	return names[finding];
}

char *log_place_of(const struct log_findings *findings, uint64_t line)
{
	size_t file = findings->file_count;

	while (file > 1 && findings->files[file - 1].first_line >= line)
		file--;
	return xasprintf("%s:%" PRIu64, findings->files[file - 1].name, line - findings->files[file - 1].first_line);
}

void log_found(struct log_findings *findings, enum log_finding finding, uint64_t times, char *example)
{
	for (size_t i = 0; example && i < LOG_EXAMPLES; i++)
		if (!findings->found[finding].examples[i]) {
			findings->found[finding].examples[i] = example;
			example = NULL;
		}
	free(example);
	findings->found[finding].count += times;
}

bool log_wants_example(const struct log_findings *findings, enum log_finding finding)
{
	return !findings->found[finding].examples[LOG_EXAMPLES - 1];
}

void log_found_line(struct log_findings *findings, enum log_finding finding, uint64_t line, enum log_why why,
                    struct log_text text)
{
	char *at, *example = NULL;
	int shown = (int)(text.size > TEXT_MOST ? TEXT_MOST : text.size);

	while (shown && (text.at[shown - 1] == '\r' || text.at[shown - 1] == ' '))
		shown--;
	if (log_wants_example(findings, finding)) {
		at = log_place_of(findings, line);
		example = xasprintf("%s: %s%s%.*s%s", at, log_why(why), shown ? ": " : "", shown, text.at,
		                    text.size > TEXT_MOST ? "…" : "");
		free(at);
	}
	log_found(findings, finding, 1, example);
}

void log_found_gaps(struct log_findings *findings, const struct id_gaps *gaps)
{
	if (gaps->ids >= SEQUENCE_LEAST && gaps->runs > gaps->ids / 2) {
		log_found(findings, LOG_FOUND_NO_SEQUENCE, 1,
		      xasprintf("%" PRIu64 " ids from %" PRIu64 " to %" PRIu64 " are not counted up: whether some are "
		                "missing cannot be told", gaps->ids, gaps->lowest, gaps->highest));
		return;
	}
	for (size_t i = 0; i < gaps->runs && i < sizeof gaps->gaps / sizeof *gaps->gaps; i++) {
		const struct id_gap *gap = &gaps->gaps[i];
		uint64_t first = gap->from < gap->to ? gap->from : gap->to, last = gap->from + gap->to - first;
		char *from = log_place_of(findings, first), *to = log_place_of(findings, last);

		log_found(findings, LOG_FOUND_GAP, 0,
		      gap->first == gap->last
		              ? xasprintf("%s: id %" PRIu64 " is missing; those next to it are between here and %s", from, gap->first, to)
		              : xasprintf("%s: ids %" PRIu64 " to %" PRIu64 " are missing; those next to them are between here and %s", from,
		                          gap->first, gap->last, to));
		free(from);
		free(to);
	}
	findings->found[LOG_FOUND_GAP].count = gaps->missing;
}

static void write_finding(const struct log_findings *findings, enum log_finding finding, struct writer *writer)
{
	struct trace_finding head = {findings->found[finding].count};
	const char *name = name_of(finding);
	size_t size = strlen(name) + 1, at = size;
	char *texts;

	for (size_t i = 0; i < LOG_EXAMPLES && findings->found[finding].examples[i]; i++)
		size += strlen(findings->found[finding].examples[i]) + 1;
	texts = xmalloc(size);
	memcpy(texts, name, at);
	for (size_t i = 0; i < LOG_EXAMPLES && findings->found[finding].examples[i]; i++) {
		size_t length = strlen(findings->found[finding].examples[i]) + 1;

		memcpy(texts + at, findings->found[finding].examples[i], length);
		at += length;
	}
	writer_record(writer, TRACE_RECORD_FINDING, &head, sizeof head, texts, size);
	free(texts);
}

size_t log_findings_kinds(const struct log_findings *findings)
{
	size_t kinds = 0;

	for (size_t i = 0; i < LOG_FINDINGS; i++)
		kinds += findings->found[i].count != 0;
	return kinds;
}

void log_findings_write(const struct log_findings *findings, struct writer *writer)
{
	for (enum log_finding finding = 0; finding < LOG_FINDINGS; finding++)
		if (findings->found[finding].count)
			write_finding(findings, finding, writer);
}

void log_findings_free(struct log_findings *findings)
{
	for (size_t i = 0; i < LOG_FINDINGS; i++)
		for (size_t j = 0; j < LOG_EXAMPLES; j++)
			free(findings->found[i].examples[j]);
	free(findings->files);
	*findings = (struct log_findings){0};
}
