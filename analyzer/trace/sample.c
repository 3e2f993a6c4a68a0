/* sample.c: see sample.h. */
#include "trace/sample.h"

#include <stdlib.h>

#include "trace/array.h"

#define PAGES_END (1ull << 40)   /* more than any address space has */

static bool number(struct payload *payload, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && payload->left; shift += 7) {
		uint8_t byte = *payload->at;

		payload->at++;
		payload->left--;
		*value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return true;
	}
	return false;
}

static bool read_runs(struct sample *sample, struct sample_area *area, struct payload *payload)
{
	uint64_t count, at = area->start, skip, length, before = 0;

	if (!number(payload, &count) || count > payload->left / 2)
		return false;
	area->first_run = (uint32_t)sample->run_count;
	for (; area->run_count < count; area->run_count++) {
		if (!number(payload, &skip) || !number(payload, &length) || skip > PAGES_END || length > PAGES_END)
			return false;
		at += skip * TRACE_PAGE;
		if (!length || at > area->end || length * TRACE_PAGE > area->end - at ||
		    sample->run_count >= UINT32_MAX)
			return false;
		array_room(sample->runs, sample->run_count);
		sample->runs[sample->run_count++] = (struct sample_run){at, at + length * TRACE_PAGE, before};
		at += length * TRACE_PAGE;
		before += length * TRACE_PAGE;
	}
	return before == area->resident;
}

static bool read_name(struct sample *sample, struct sample_area *area, struct payload *payload)
{
	uint64_t length;

	if (!number(payload, &length) || length > payload->left || sample->text_size + length >= UINT32_MAX)
		return false;
	area->name = (uint32_t)sample->text_size;
	sample->text = xreallocarray(sample->text, sample->text_size + length + 1, 1);
	payload_take(payload, sample->text + sample->text_size, length);
	sample->text[sample->text_size + length] = '\0';
	sample->text_size += length + 1;
	return true;
}

static bool read_area(struct sample *sample, struct payload *payload, uint64_t *previous)
{
	uint64_t step, pages, resident = 0, start;
	struct sample_area area = {0};
	uint8_t what;

	if (!payload_take(payload, &what, 1) || !number(payload, &step) || !number(payload, &pages))
		return false;
	area.kind = what & TRACE_AREA_KIND;
	area.protection = what >> TRACE_AREA_PROTECTION & 7;
	start = *previous + (step >> 1 ^ -(step & 1));
	if (start >= PAGES_END || !pages || pages > PAGES_END - start || area.kind >= TRACE_AREA_KINDS)
		return false;
	*previous = start + pages;
	area.start = start * TRACE_PAGE;
	area.end = *previous * TRACE_PAGE;
	if (area.kind >= TRACE_CLAIM_OWN) {
		array_room(sample->claims, sample->claim_count);
		sample->claims[sample->claim_count++] = area;
		return true;
	}
	if (!number(payload, &resident) || resident > pages ||
	    (sample->area_count && area.start < sample->areas[sample->area_count - 1].end))
		return false;
	area.resident = resident * TRACE_PAGE;
	if (what & TRACE_AREA_RUNS && !read_runs(sample, &area, payload))
		return false;
	if (area.kind == TRACE_AREA_FILE && !read_name(sample, &area, payload))
		return false;
	array_room(sample->areas, sample->area_count);
	sample->areas[sample->area_count++] = area;
	return true;
}

static bool read_areas(struct sample *sample, struct payload *payload, uint32_t count)
{
	uint64_t previous = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!read_area(sample, payload, &previous))
			return false;
	return true;
}

void sample_free(struct sample *sample)
{
	free(sample->areas);
	free(sample->claims);
	free(sample->runs);
	free(sample->text);
	*sample = (struct sample){0};
}

bool sample_record(struct process_info *process, const struct trace_record *record, struct payload payload)
{
	struct sample *sample = process->sample_count ? &process->samples[process->sample_count - 1] : NULL;
	struct trace_sample head;
	bool good;

	/* What else may be of the same sample is not known either. */
	if (!payload_take(&payload, &head, sizeof head) || head.rss > ADDRESSES_END)
		head = (struct trace_sample){.flags = TRACE_SAMPLE_MORE, .count = UINT32_MAX};
	if (!sample || sample->whole) {
		array_room(process->samples, process->sample_count);
		sample = &process->samples[process->sample_count++];
		*sample = (struct sample){.head = head};
	}
	sample->tick = record->tick;
	good = sample->broken || read_areas(sample, &payload, head.count);
	if (!good) {
		sample_free(sample);
		sample->broken = true;
	}
	sample->whole = !(head.flags & TRACE_SAMPLE_MORE);
	if (sample->whole && sample->broken)
		process->sample_count--;
	return good;
}

static int by_tick(const void *left, const void *right)
{
	const struct sample *a = left, *b = right;

	return (a->tick > b->tick) - (a->tick < b->tick);
}

void sample_finish(struct process_info *process)
{
	if (process->sample_count && !process->samples[process->sample_count - 1].whole)
		sample_free(&process->samples[--process->sample_count]);
	if (process->sample_count)
		qsort(process->samples, process->sample_count, sizeof *process->samples, by_tick);
}

/* Bytes resident in an area up to `at`. */
static uint64_t resident_below(const struct sample *sample, const struct sample_area *area, uint64_t at)
{
	const struct sample_run *runs = sample->runs + area->first_run;
	uint32_t low = 0, high = area->run_count;

	if (!area->run_count) {
		if (area->resident == area->end - area->start)
			return at - area->start;
		return (uint64_t)((double)area->resident * (double)(at - area->start) /
		                  (double)(area->end - area->start));
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (runs[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == area->run_count)
		return area->resident;
	return runs[low].before + (at > runs[low].start ? at - runs[low].start : 0);
}

uint64_t sample_resident(const struct sample *sample, const struct sample_area *area, uint64_t start, uint64_t end)
{
	if (start < area->start)
		start = area->start;
	if (end > area->end)
		end = area->end;
	return start < end ? resident_below(sample, area, end) - resident_below(sample, area, start) : 0;
}
