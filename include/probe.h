/*
 * probe.h: what a program may tell a recording about itself.
 *
 * Header-only: there is nothing to link. Where libprobe.so is not preloaded every call is a test of a null pointer.
 * All functions may be called from any thread, at any time, also in signal handlers.
 */
#ifndef PROBE_H
#define PROBE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Exported by libprobe.so; not to be called directly. */
extern void probe_library_mark(const char *label) __attribute__((weak));

/*
 * Puts a mark into the recording: a named instant, such as "proof 3 done". The label is copied; of one longer than
 * 255 bytes, the first 255.
 */
static inline void probe_mark(const char *label)
{
	void (*mark)(const char *);

#ifdef __x86_64__
	/*
	 * From the table that the loader fills: in code that is not position-independent the linker would take the
	 * plain name, which nothing defines yet, to be null for good.
	 */
	__asm__(".weak probe_library_mark\n\t"
	        "mov{q}\t{probe_library_mark@GOTPCREL(%%rip), %0|%0, qword ptr probe_library_mark@GOTPCREL[rip]}"
	        : "=r"(mark));
#else
	mark = probe_library_mark;
#endif
	if (mark)
		mark(label);
}

#ifdef __cplusplus
}
#endif

#endif
