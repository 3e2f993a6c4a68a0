/*
 * sample.c: see sample.h. Samples cost what reading the mappings costs, some 0.2 ms in node, more where there are
 * many or much is resident. They are counted by the clock of the thread that takes them, and stay below a share of
 * the process's CPU time, whatever asks for them; and the more there are of them the rarer they become, those at marks,
 * too: of what marks every second, or in a loop, a recording does not keep growing by megabytes.
 */
#include "record/sample.h"

#include <errno.h>
#include <time.h>

#include "lock.h"
#include "record/areas.h"
#include "record/thread.h"
#include "record/usage.h"
#include "record/vtables.h"
#include "sys.h"

#define SHARE        250             /* one part in so many of the process's CPU time … */
#define SHARE_ALL    100             /* … and with marks and the last sample */
#define FIRST_NS     500000          /* what the first one costs at most, before it is known */
#define MARKS_APART  20000000        /* ticks: some milliseconds; what marks more often is sampled now and then */
#define LOOK_NS      200000000       /* from one look at RSS to the next */
#define INTERVAL_NS  500000000       /* from one sample to the next at first, while each mark has one; */
#define SAMPLES_EACH 64              /* both doubled after so many, whatever asked for them, */
#define BYTES_EACH   (1u << 20)      /* and after so many bytes of them; */
#define DOUBLINGS_MOST 16            /* at most so often */
#define PEAK_SHARE   16              /* a new peak is one part in so many above the last … */
#define PEAK_LEAST   (256u << 10)    /* … and so many bytes */

struct sampler {
	struct lock lock;        /* guards the rest */
	struct areas *areas;
	uint64_t cost_ns;        /* of all samples and looks so far */
	uint64_t last_ns;        /* of the last sample */
	uint64_t look_ns;        /* when to look at RSS again */
	uint64_t sample_ns;      /* when to take the next sample */
	uint64_t peak;           /* RSS at the last peak, bytes */
	uint64_t bytes;          /* of all samples so far */
	uint32_t samples, marks; /* taken: all; at marks */
	uint32_t marks_skip;     /* so many marks to come are not sampled */
	uint64_t marks_from;     /* ticks; marks before are not sampled */
};

static uint64_t cpu_ns(int clock)
{
	struct timespec time = {0};

	sys(SYS_clock_gettime, clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct sampler *sampler_get(void)
{
	struct sampler *sampler = __atomic_load_n(&process->sampler, __ATOMIC_ACQUIRE), *none = NULL;

	if (sampler)
		return sampler;
	sampler = wiped_take(sizeof(*sampler));
	if (sampler && !__atomic_compare_exchange_n(&process->sampler, &none, sampler, false, __ATOMIC_ACQ_REL,
	                                            __ATOMIC_ACQUIRE))
		sampler = none;
	return sampler;
}

static uint32_t doublings(const struct sampler *sampler)
{
	uint64_t count = sampler->samples / SAMPLES_EACH + sampler->bytes / BYTES_EACH;

	return count < DOUBLINGS_MOST ? (uint32_t)count : DOUBLINGS_MOST;
}

static bool is_affordable(const struct sampler *sampler, enum trace_sample_reason reason, uint64_t cpu)
{
	uint64_t next = sampler->last_ns ? sampler->last_ns : FIRST_NS, cost = sampler->cost_ns + next;

	switch (reason) {
	case TRACE_SAMPLE_MARK:
		/* The first, to compare with, and others if there is then enough for the end. */
		return (library.first && !sampler->marks) || cost + next <= cpu / SHARE_ALL;
	case TRACE_SAMPLE_END:
		/* Of what was started by itself the user wants to know, however short it was. */
		return library.first || cost <= cpu / SHARE_ALL;
	default:
		return cost <= cpu / SHARE;
	}
}

/* The drain may still see it: it has its own idea of the root. */
static void complain(long error)
{
	if (error == -ENOENT)
		meta_warn("where the memory is could not be recorded to the end: /proc is not there");
	else if (error == -EACCES || error == -EPERM)
		meta_warn("where the memory is could not be recorded to the end: /proc/self may not be read");
}

/* Called with the lock held; `began`: of the thread's clock. */
static bool take(struct sampler *sampler, enum trace_sample_reason reason, uint64_t began)
{
	uint64_t cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct trace_sample head = {.cpu_ns = cpu, .cost_ns = sampler->cost_ns, .reason = (uint16_t)reason};
	long size;

	if (!is_affordable(sampler, reason, cpu))
		return false;
	if (!sampler->areas)
		sampler->areas = areas_make();
	if (!sampler->areas)
		return false;
	size = areas_write(sampler->areas, &head);
	if (size < 0) {
		complain(size);
	} else {
		usage_tell();
		sampler->samples++;
		sampler->bytes += (uint64_t)size;
	}
	sampler->last_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	if (head.rss > sampler->peak)
		sampler->peak = head.rss;
	return size >= 0;
}

static void account(struct sampler *sampler, uint64_t began)
{
	sampler->cost_ns += cpu_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	process->header->sampling_us = (uint32_t)(sampler->cost_ns / 1000);
}

void sample_take(enum trace_sample_reason reason)
{
	struct sampler *sampler;
	struct lock_hold hold;
	uint64_t began;

	if (library.filtered || thread_is_on_other_stack() || !(sampler = sampler_get()))
		return;
	if (reason == TRACE_SAMPLE_MARK && clock_tick() < __atomic_load_n(&sampler->marks_from, __ATOMIC_RELAXED))
		return;
	if (process_is_borrowed() || !lock_take(&sampler->lock, &hold))
		return;
	began = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	if (reason == TRACE_SAMPLE_MARK && sampler->marks_skip) {
		sampler->marks_skip--;
	} else if (take(sampler, reason, began) && reason == TRACE_SAMPLE_MARK) {
		sampler->marks++;
		sampler->marks_skip = (1u << doublings(sampler)) - 1;
	}
	if (sampler->marks)
		__atomic_store_n(&sampler->marks_from, clock_tick() + MARKS_APART, __ATOMIC_RELAXED);
	account(sampler, began);
	lock_give(&sampler->lock, &hold);
	if (reason == TRACE_SAMPLE_MARK)
		vtables_take(reason);
}

/* Called with the lock held. */
static void look(struct sampler *sampler, uint64_t now, uint64_t began)
{
	uint64_t rss = areas_rss(), interval = (uint64_t)INTERVAL_NS << doublings(sampler);
	bool peak = rss > sampler->peak + sampler->peak / PEAK_SHARE && rss > sampler->peak + PEAK_LEAST;

	/* A peak does not wait for its turn, but takes it. */
	sampler->look_ns = now + (interval / 4 > LOOK_NS ? interval / 4 : LOOK_NS);
	if (now < sampler->sample_ns && !peak)
		return;
	if (take(sampler, peak ? TRACE_SAMPLE_PEAK : TRACE_SAMPLE_RATE, began))
		sampler->sample_ns = now + interval;
}

void sample_now_and_then(uint64_t now)
{
	struct sampler *sampler;
	struct lock_hold hold;
	uint64_t began;

	if (library.filtered || !(sampler = sampler_get()) || now < sampler->look_ns)
		return;
	if (!sampler->look_ns) { /* what has just begun changes faster than it can be told */
		sampler->look_ns = now + LOOK_NS;
		return;
	}
	if (!lock_take(&sampler->lock, &hold))
		return;
	began = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	look(sampler, now, began);
	account(sampler, began);
	lock_give(&sampler->lock, &hold);
}
