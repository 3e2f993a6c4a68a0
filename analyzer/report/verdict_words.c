/* verdict_words.c: the evidence of a verdict, as sentences; see verdicts.h. Reads names. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "heap/limits.h"
#include "report/human.h"
#include "report/text.h"
#include "report/verdicts.h"
#include "util.h"

#define RATE(bytes, more, facts) rate((char[RATE_SIZE]){0}, bytes, more, facts)
#define RATE_SIZE 80
#define HELD_LEAST 1048576       /* bytes */

/* ---- words ---------------------------------------------------------------------------------------------------- */

static void say(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(FILE *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
}

static uint64_t whole(double value)
{
	return value < 1 ? 0 : value > 9e18 ? (uint64_t)9e18 : (uint64_t)(value + 0.5);
}

/* Do its marks mean something to the program, or only so much time? */
static bool is_timed(const struct verdict_facts *facts)
{
	return facts->process->instants.kind == INSTANTS_SLICES || facts->process->instants.kind == INSTANTS_PERIODIC;
}

static double seconds_per_mark(const struct verdict_facts *facts)
{
	const struct instants *instants = &facts->process->instants;
	uint32_t marks = instants->count ? instants->numbers[instants->count - 1] - instants->numbers[0] : 0;

	return marks ? facts->run_ns / 1e9 / marks : 0;
}

/* "4.0 KiB from mark to mark", "1.2 MiB more a second" */
static const char *rate(char *buffer, double per_mark, const char *more, const struct verdict_facts *facts)
{
	double seconds = seconds_per_mark(facts);

	if (facts->process->instants.kind == INSTANTS_COLLECTIONS)
		snprintf(buffer, RATE_SIZE, "%s%s from one gc() to the next", BYTES(whole(per_mark)), more);
	else if (is_timed(facts) && seconds > 0)
		snprintf(buffer, RATE_SIZE, "%s%s a second", BYTES(whole(per_mark / seconds)), more);
	else
		snprintf(buffer, RATE_SIZE, "%s%s from mark to mark", BYTES(whole(per_mark)), more);
	return buffer;
}

/* How it was looked at: "over 30 marks", "over 2.4 seconds" */
static void say_span(FILE *out, const struct verdict_facts *facts)
{
	const struct instants *instants = &facts->process->instants;

	if (is_timed(facts))
		say(out, "over %.1f seconds", facts->run_ns / 1e9);
	else
		say(out, "over %s %s", COUNT(instants->marks),
		    instants->kind == INSTANTS_COLLECTIONS ? "collections" : "marks");
}

/* "at this rate after 969 more marks" */
static void say_when(FILE *out, double room, double per_mark, const struct verdict_facts *facts)
{
	double marks = per_mark > 0 ? room / per_mark : 0, seconds = marks * seconds_per_mark(facts);

	if (!is_timed(facts))
		say(out, "at this rate after %s more marks", COUNT(verdict_marks(room, per_mark)));
	else if (seconds < 300)
		say(out, "at this rate after %s more seconds", COUNT(whole(seconds)));
	else if (seconds < 36000)
		say(out, "at this rate after %s more minutes", COUNT(whole(seconds / 60)));
	else
		say(out, "at this rate after %s more hours", COUNT(whole(seconds / 3600)));
}

/*
 * When the process as a whole is at a limit, if that is before it has `room` bytes more, which another limit leaves it
 * (INFINITY: there is none). `reserved`: see limits.h.
 */
static void say_process_limit(FILE *out, const struct verdict_facts *facts, double per_mark, double room, bool reserved)
{
	struct limit limit = limits_nearest(facts->process, reserved);
	const char *before = isinf(room) ? "" : "Before that ";

	if (limit.kind == LIMIT_NONE || per_mark <= 0 || limit.room >= room)
		return;
	if (limit.kind == LIMIT_UNKNOWN) {
		if (isinf(room))
			say(out, " Whether its control group has a limit is not known: there is none under /sys/fs/cgroup.");
		return;
	}
	if (limit.kind == LIMIT_GROUP)
		say(out, " %s%s limit of its control group, %s, is reached ", before, *before ? "the" : "The",
		    BYTES(limit.bytes));
	else
		say(out, " %s%s limit of address space (RLIMIT_AS), %s, is reached ", before, *before ? "its" : "Its",
		    BYTES(limit.bytes));
	say_when(out, limit.room, per_mark, facts);
	say(out, ".");
}

static void say_place(FILE *out, struct view_process *process, struct node_id stack)
{
	char *place = text_blame(process, stack), *caller = text_caller(process, stack);

	say(out, "%s%s%s", place, caller ? ", called by " : "", caller ? caller : "");
	free(place);
	free(caller);
}

/* ---- leaks ---------------------------------------------------------------------------------------------------- */

/* How far a memory is from its limit: " It has 17 MiB now; its maximum, 4 GiB, is reached after 12 more marks." */
static void say_limit(FILE *out, const struct verdict_facts *facts, const struct wasm_memory *memory)
{
	uint64_t room = verdict_room(memory);

	say(out, " It has %s now; %s, %s, is reached ", BYTES(memory->bytes),
	    memory->maximum_bytes ? "its maximum" : "the limit of every memory", BYTES(memory->bytes + room));
	say_when(out, (double)room, memory->trend.bytes_per_mark, facts);
	say(out, ".");
	say_process_limit(out, facts, memory->trend.bytes_per_mark, (double)room, true);
}

static void say_memory(FILE *out, struct view_process *process, const struct verdict_facts *facts,
                       const struct wasm_memory *memory)
{
	say(out, "A leak: wasm memory %u grows by %s, ", memory->id, RATE(memory->trend.bytes_per_mark, "", facts));
	say_span(out, facts);
	if (memory->growth_count) {
		say(out, ". It is grown by ");
		say_place(out, process, memory->growth[0].stack);
	}
	say(out, ".");
	say_limit(out, facts, memory);
}

static void say_site(FILE *out, struct view_process *process, const struct verdict_facts *facts,
                     const struct verdict_evidence *evidence)
{
	const struct verdict_site *site = evidence->site;
	uint64_t blocks = whole(site->growth.blocks_per_mark);

	say(out, "A leak: ");
	say_place(out, process, site->stack);
	say(out, " keeps %s", RATE(site->growth.bytes_per_mark, " more", facts));
	if (!is_timed(facts) && blocks)
		say(out, ", in %s %s", COUNT(blocks), PLURAL(blocks, "block", "blocks"));
	say(out, ", ");
	say_span(out, facts);
	say(out, ". At the end it held %s in %s %s%s.", BYTES(site->live_bytes), COUNT(site->live_blocks),
	    site->domain == DOMAIN_MAP ? PLURAL(site->live_blocks, "mapping", "mappings")
	                               : PLURAL(site->live_blocks, "block", "blocks"),
	    site->domain == DOMAIN_WASM_HEAP ? " inside linear memory" : "");
	if (evidence->around) {
		say(out, " Wasm memory %u grows with it, by %s.", evidence->around->id,
		    RATE(evidence->around->trend.bytes_per_mark, "", facts));
		say_limit(out, facts, evidence->around);
		if (evidence->around->let_go)
			say(out, " The script's top level held it, and was over when the last collection came: in a "
			    "program that runs on it would stay.");
	} else if (site->domain != DOMAIN_WASM_HEAP && site->domain != DOMAIN_WASM_MEMORY) {
		say_process_limit(out, facts, site->growth.bytes_per_mark + evidence->others_per_mark, INFINITY, false);
	}
	if (site->garbage_bytes > site->live_bytes / 2)
		say(out, " The script's top level held them, and was over when the last collection came: in a program that runs "
		    "on they would stay.");
}

#define WAITING_SHARE 100            /* of a site's blocks, so many at most to one object that waits for a finalizer */

/* What such objects own in turn counts as alive: it may be just what grows. */
static void say_waiting(FILE *out, const struct verdict_facts *facts, const struct verdict_site *site)
{
	const struct process_info *process = facts->process;
	uint64_t waiting = 0;

	for (size_t i = 0; i < process->unfinalized_count; i++)
		waiting += process->unfinalized[i].count;
	if (site->domain == DOMAIN_WASM_HEAP && waiting > site->live_blocks / WAITING_SHARE)
		say(out, " But %s %s gone whose finalizer had no turn of the event loop. If these blocks are what %s, it is no "
		    "leak: give the loop a turn in each round to know.", COUNT(waiting),
		    PLURAL(waiting, "object is", "objects are"), PLURAL(waiting, "it owns", "they own"));
}

static void say_beside(FILE *out, const struct verdict_facts *facts, const struct verdict_evidence *evidence)
{
	if (evidence->others)
		say(out, " %s more %s, by %s together.", COUNT(evidence->others),
		    PLURAL(evidence->others, "line grows", "lines grow"), RATE(evidence->others_per_mark, "", facts));
	if (evidence->site)
		say_waiting(out, facts, evidence->site);
	if (evidence->library_rise >= LIBRARY_LEAST && evidence->site && evidence->site->whose == WHOSE_OWN)
		say(out, " With it grew what node's own threads keep for it, by %s.",
		    BYTES(whole(evidence->library_rise)));
}

static void say_workers(FILE *out, struct view_process *process, const struct verdict_facts *facts,
                        const struct verdict_evidence *evidence)
{
	bool known = facts->maker.index != TRACE_STACK_NONE;
	char *place = known ? text_blame(process, facts->maker) :
	              evidence->site ? text_blame(process, evidence->site->stack) : NULL;

	say(out, "A leak: worker threads are not ended. ");
	if (is_timed(facts))
		say(out, "There are more and more of them, ");
	else
		say(out, "From mark to mark there are more, by %.3g, ", facts->isolates.bytes_per_mark);
	say_span(out, facts);
	say(out, ".");
	if (place)
		say(out, " %s makes them%s.", place, known ? "" : ", or grows with them");
	free(place);
}

/* ---- what is none --------------------------------------------------------------------------------------------- */

static void say_runtime(FILE *out, const struct verdict_facts *facts)
{
	say(out, "V8's heap grows: JavaScript objects take %s, ",
	    RATE(facts->runtime.bytes_per_mark, " more", facts));
	say_span(out, facts);
	say(out, ", and %s at the end%s.", BYTES(facts->runtime_bytes), facts->collected && !facts->garbage ? " after a collection" : "");
	if (facts->runtime_limit > facts->runtime_bytes) {
		say(out, " Their limit, %s, is reached ", BYTES(facts->runtime_limit));
		say_when(out, (double)(facts->runtime_limit - facts->runtime_bytes), facts->runtime.bytes_per_mark,
		         facts);
		say(out, ".");
	}
	say_process_limit(out, facts, facts->runtime.bytes_per_mark,
	                  facts->runtime_limit ? (double)facts->runtime_limit - (double)facts->runtime_bytes : INFINITY,
	                  false);
	say(out, " Native memory does not grow as much. Which objects these are is told by a heap snapshot: "
	    "v8.writeHeapSnapshot(), or node --heapsnapshot-near-heap-limit=1.");
}

static void say_retained(FILE *out, const struct verdict_evidence *evidence)
{
	const struct ledger *ledger = evidence->ledger;
	const struct ledger_part *largest = NULL;
	uint64_t arenas = 0;

	for (size_t i = 0; i < ledger->part_count; i++) {
		const struct ledger_part *part = &ledger->parts[i];

		if (part->kind != LEDGER_RETAINED || !part->trimmable)
			continue;
		arenas++;
		if (!largest || part->trimmable > largest->trimmable)
			largest = part;
	}
	say(out, "No leak: malloc keeps memory that is free. Of %s resident %s is free in %s of its arenas, and malloc_trim "
	    "would give back %s", BYTES(ledger->rss_bytes), BYTES(evidence->retained), COUNT(arenas),
	    BYTES(evidence->trimmable));
	if (largest)
		say(out, ", %s of it in %s", BYTES(largest->trimmable), largest->name);
	/* One arena holds most: it is not their number. */
	if (largest && largest->trimmable > evidence->trimmable / 2)
		say(out, ". MALLOC_TRIM_THRESHOLD_=131072 in the environment gives back more, and so does another "
		    "allocator, such as jemalloc.");
	else
		say(out, ". MALLOC_ARENA_MAX=2 in the environment makes them fewer, and another allocator, such as "
		    "jemalloc, gives back more.");
}

static void say_cache(FILE *out, struct view_process *process, const struct verdict_facts *facts,
                      const struct verdict_evidence *evidence)
{
	const struct verdict_site *site = evidence->site;
	const struct instants *instants = &facts->process->instants;
	char *place = text_blame(process, site->stack);

	say(out, "No leak: what grew has levelled off. %s keeps %s in %s %s, of %s allocated, and no more since ", place,
	    BYTES(site->live_bytes), COUNT(site->live_blocks), PLURAL(site->live_blocks, "block", "blocks"),
	    COUNT(site->allocs));
	if (is_timed(facts))
		say(out, "it was filled, after %.1f of %.1f seconds.",
		    (double)(site->filled_mark + 1) * seconds_per_mark(facts), facts->run_ns / 1e9);
	else
		say(out, "mark %s of %s.", COUNT(site->filled_mark + 1), COUNT(instants->marks));
	free(place);
}

static void say_none(FILE *out, struct view_process *where, const struct verdict_facts *facts,
                     const struct verdict_evidence *evidence)
{
	const struct process_info *process = facts->process;
	uint64_t held = 0;

	if (process->totals.allocs && !process->totals.live_blocks) {
		say(out, "No leak: nothing is left of what was allocated.");
		return;
	}
	say(out, "No leak was seen: nothing %sgrows, ", facts->suppressed ? "else " : "");
	say_span(out, facts);
	say(out, ". What is alive was filled once, or comes and goes.");
	for (size_t i = 0; i < process->site_count; i++)
		held += process->sites[i].domain == DOMAIN_HEAP ? process->sites[i].garbage.held_bytes : 0;
	if (held >= HELD_LEAST)
		say(out, " But variables of scripts held %s until these had ended (see what the collection freed): end "
		    "by process.exit() to see whether that grows.", BYTES(held));
	else if (evidence->untold) {
		say(out, " But ");
		say_place(out, where, evidence->untold->stack);
		say(out, " made %s that the collection at the end freed, the first that looked at it: garbage, or held by a "
		    "script's top level until then. End by process.exit() to see.", BYTES(evidence->untold->untold_bytes));
	}
}

static void say_unknown(FILE *out, struct view_process *process, const struct verdict_facts *facts,
                        const struct verdict_evidence *evidence)
{
	const struct instants *instants = &facts->process->instants;

	if (facts->process->header.flags & TRACE_PROCESS_OWN_HEAP) {
		say(out, "Whether it leaks is not known: it brings an allocator of its own, which is not seen.");
		return;
	}
	if (facts->incomplete && !evidence->seems) {
		say(out, "Whether it leaks is not known: its record is not complete.");
		return;
	}
	if (evidence->seems) {
		say(out, "It is not sure that this leaks: ");
		say_place(out, process, evidence->seems->stack);
		say(out, " keeps %s, ", RATE(evidence->seems->growth.bytes_per_mark, " more", facts));
		say_span(out, facts);
	}
	if (evidence->may_be_garbage) {
		say(out, ", but no garbage collection was seen at the end. Let the program end by itself, or call gc() each "
		    "round (node --expose-gc).");
		return;
	}
	if (evidence->seems)
		say(out, ".");
	else if (evidence->is_short)
		say(out, "What grows cannot be told: the run took less than half a second and has no marks.");
	else
		say(out, "What grows cannot be told: there are only %s %s.", COUNT(instants->marks),
		    PLURAL(instants->marks, "mark", "marks"));
	say(out, " Ten rounds of the same work, each with a mark (%s), would tell.",
	    facts->has_runtime ? "globalThis.probe?.mark()" : "probe_mark()");
}

char *verdict_words(struct view_process *process, const struct verdict_facts *facts,
                    const struct verdict_evidence *evidence)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		fatal(3, "out of memory");
	switch (evidence->kind) {
	case VERDICT_LEAK:
		if (evidence->workers)
			say_workers(out, process, facts, evidence);
		else if (evidence->memory)
			say_memory(out, process, facts, evidence->memory);
		else
			say_site(out, process, facts, evidence);
		if (!evidence->workers)
			say_beside(out, facts, evidence);
		break;
	case VERDICT_RUNTIME_HEAP:
		say_runtime(out, facts);
		break;
	case VERDICT_RETAINED:
		say_retained(out, evidence);
		break;
	case VERDICT_CACHE:
		say_cache(out, process, facts, evidence);
		break;
	case VERDICT_NONE:
		say_none(out, process, facts, evidence);
		break;
	case VERDICT_UNKNOWN:
		say_unknown(out, process, facts, evidence);
	}
	if (fclose(out))
		fatal(3, "out of memory");
	return text;
}
