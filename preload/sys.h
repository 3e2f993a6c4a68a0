/*
 * sys.h: system calls without libc. They never touch errno, never pass through a wrapper and need no thread-local
 * storage, so the library may use them at any instant and the drain, which is no pthread, may use nothing else.
 * They return what the kernel returns: a value, or −errno in [−4095, −1].
 */
#ifndef PROBE_SYS_H
#define PROBE_SYS_H

#include <stdint.h>
#include <sys/syscall.h>

static inline long sys6(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
}

#define SYS_PICK(a, b, c, d, e, f, g, name, ...) name
#define SYS0(n)                sys6(n, 0, 0, 0, 0, 0, 0)
#define SYS1(n, a)             sys6(n, (long)(a), 0, 0, 0, 0, 0)
#define SYS2(n, a, b)          sys6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS3(n, a, b, c)       sys6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS4(n, a, b, c, d)    sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS5(n, a, b, c, d, e) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS6(n, a, b, c, d, e, f) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* sys(SYS_getpid), sys(SYS_close, fd), … : up to six arguments, pointers and integers alike. */
#define sys(...) SYS_PICK(__VA_ARGS__, SYS6, SYS5, SYS4, SYS3, SYS2, SYS1, SYS0)(__VA_ARGS__)

#endif
