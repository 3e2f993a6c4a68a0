"""What libprobe.so shows to the program that it is loaded into: it needs libc alone and defines the wrapped functions
alone. Any other name would take the place of the program's own; any other library would be loaded into it."""
import itertools
import re

import harness
from harness import PROBE_LIB, run

harness.need("readelf")

NEW = [f"_Zn{a}{rest}" for a in "aw" for rest in ("m", "mRKSt9nothrow_t", "mSt11align_val_t",
                                                 "mSt11align_val_tRKSt9nothrow_t")]
DELETE = [f"_Zd{a}Pv{rest}" for a in "al" for rest in ("", "m", "RKSt9nothrow_t", "St11align_val_t",
                                                      "mSt11align_val_t", "St11align_val_tRKSt9nothrow_t")]
WRAPPED = set(itertools.chain(
    "malloc calloc realloc reallocarray free cfree posix_memalign aligned_alloc memalign valloc pvalloc "
    "malloc_usable_size free_sized free_aligned_sized".split(), NEW, DELETE,
    "mmap mmap64 munmap mremap mprotect madvise brk sbrk".split(),
    "fork _Fork vfork clone daemon posix_spawn posix_spawnp execve execveat execv execvp execvpe execl execle execlp "
    "fexecve system popen wait waitpid wait3 wait4 waitid".split(),
    "pthread_create __libc_start_main exit _exit _Exit quick_exit".split(),
    "dlopen dlmopen dlclose".split(),
    "close closefrom close_range dup2 dup3".split(),
    # What could get hold of the signal of CPU timers.
    "sigaction signal bsd_signal sysv_signal __sysv_signal sigset sigignore siginterrupt sigprocmask pthread_sigmask sigwait "
    "sigwaitinfo sigtimedwait signalfd sigaltstack".split(),
    # Calls that demand a single thread, that take away what the drain needs, or that are raw.
    "unshare setns chroot setuid seteuid setreuid setresuid prctl syscall".split(),
    # Not a libc's: what include/probe.h calls, and what node calls of an addon.
    "probe_library_mark probe_library_type probe_library_alloc probe_library_free probe_library_pool_free".split()))

dynamic = run(["readelf", "-dW", PROBE_LIB]).out.decode()
needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
assert set(needed) <= {"libc.so.6", "ld-linux-x86-64.so.2"}, f"libprobe.so needs {needed}"
assert "libc.so.6" in needed, dynamic
assert "TEXTREL" not in dynamic and "BIND_NOW" in dynamic, dynamic

defined = set()
for line in run(["readelf", "--dyn-syms", "-W", PROBE_LIB]).out.decode().splitlines():
    words = line.split()
    if len(words) == 8 and words[0].rstrip(":").isdigit() and words[6] != "UND":
        defined.add(words[7].split("@")[0])
assert not defined - WRAPPED, f"libprobe.so defines what is not wrapped: {sorted(defined - WRAPPED)}"
assert not WRAPPED - defined, f"libprobe.so does not wrap {sorted(WRAPPED - defined)}"
