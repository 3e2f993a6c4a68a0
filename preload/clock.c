/*
 * clock.c: the trace's clock. The time stamp counter where it is invariant, the same on all cores (CPUID 0x80000007,
 * EDX bit 8; Intel SDM 3B 18.17, AMD APM 3 E.4.7), and the kernel itself trusts it; CLOCK_MONOTONIC elsewhere.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "sys.h"

uint32_t clock_kind = TRACE_CLOCK_NS;
bool clock_fenced;

/*
 * libc's clock_gettime makes no system call, but another preload may have taken it over (libfaketime): it serves where
 * system calls are too slow, because the clock is read for each event, or forbidden.
 */
static struct timespec read_clock(clockid_t id)
{
	struct timespec now = {0};

	if (clock_kind == TRACE_CLOCK_NS || library.filtered)
		clock_gettime(id, &now);
	else
		sys(SYS_clock_gettime, id, &now);
	return now;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now = read_clock(CLOCK_MONOTONIC);

	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_realtime_ns(void)
{
	struct timespec now = read_clock(CLOCK_REALTIME);

	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The kernel drops the TSC as its clock source when it sees cores or sockets disagree. */
static bool kernel_trusts_tsc(void)
{
	static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char name[16] = "";
	long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return true; /* no /sys in many containers: CPUID decides */
	long n = sys(SYS_read, fd, name, sizeof(name) - 1);
	sys(SYS_close, fd);
	return n >= 3 && (memcmp(name, "tsc", 3) == 0 || memcmp(name, "kvm", 3) == 0 || memcmp(name, "hyp", 3) == 0);
}

void clock_start(void)
{
	unsigned a, b, c, d;

	if (__get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1 << 8) && kernel_trusts_tsc())
		clock_kind = TRACE_CLOCK_TSC;
}

/*
 * Of three readings, the one whose monotonic clock was read in the least time: an interrupt in between would tear the
 * two values apart. The monotonic value is stored last, so a kill leaves no half anchor.
 */
void clock_anchor(struct trace_anchor *anchor)
{
	uint64_t best = UINT64_MAX, tick = 0, ns = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_tick();
		uint64_t now = clock_monotonic_ns();
		uint64_t after = clock_tick();

		if (after - before < best) {
			best = after - before;
			tick = before + (after - before) / 2;
			ns = now;
		}
	}
	__atomic_store_n(&anchor->monotonic_ns, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&anchor->tick, clock_kind == TRACE_CLOCK_NS ? ns : tick, __ATOMIC_RELEASE);
	__atomic_store_n(&anchor->monotonic_ns, ns, __ATOMIC_RELEASE);
}
