/*
 * directory.h: finding and making the recording directory.
 */
#ifndef PROBE_DIRECTORY_H
#define PROBE_DIRECTORY_H

#include "library.h"

/*
 * Sets library.dir, dir_device, dir_inode and first; holds nothing open. 0, or −errno: nothing can be recorded
 * (library.dir then says what was tried).
 */
int directory_start(char *const *environment) HIDDEN;

/* Opens library.dir and holds it, as library.dir_fd: before its path can no longer be reached (chroot). */
void directory_keep(void) HIDDEN;

#endif
