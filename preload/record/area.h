/*
 * area.h: the process's shared file: STEM.shared, mapped piece by piece (slabs), from which extents are carved.
 */
#ifndef PROBE_AREA_H
#define PROBE_AREA_H

#include "library.h"

#define STEM_SIZE 64

/*
 * Creates STEM.shared for this process in the recording directory, with a first slab, and sets process->area. The
 * stem's image number is the first that is free. Returns 0 or −errno. `stem` is without the image number.
 */
int area_start(const char *stem, uint32_t *image) HIDDEN;

/* The process extent: only for area_start's caller. */
struct trace_process *area_header(void) HIDDEN;

/* STEM, for the log's name. */
const char *area_stem(void) HIDDEN;

/*
 * Opens NAME in the recording directory: in the open directory `dir`, or, if that is −1, by the descriptor that is held
 * or by path. A descriptor or −errno. area_open_directory gives such a `dir`, or −errno.
 */
int area_open_file(int dir, const char *name, int flags) HIDDEN;
int area_open_directory(void) HIDDEN;

/*
 * Sees to it that `bytes` more can be carved without a system call; `fd` is STEM.shared, or −1: it is opened for the
 * purpose. For the drain, which does it ahead of need, and before a filter forbids it.
 */
bool area_reserve(size_t bytes, int fd) HIDDEN;

/* Where the file system cannot map shared files: writes what lies in memory to the file. Otherwise nothing. */
void area_flush(int fd) HIDDEN;
bool area_is_unshared(void) HIDDEN;

/* Whether RLIMIT_FSIZE lets a file grow to `size` bytes: what is above is answered with SIGXFSZ, which kills. */
bool area_limit_allows(uint64_t size) HIDDEN;

/* The slab number `i`, as it is mapped; false: there are not that many. */
bool area_slab(uint32_t i, uintptr_t *start, size_t *bytes) HIDDEN;

/*
 * At the process's end: gives the disk back what was reserved and not used, and the events of free rings. Whoever needs
 * room still finds it.
 */
void area_trim(void) HIDDEN;

#endif
