/*
 * directory.h: finding, making and holding the recording directory.
 */
#ifndef PROBE_DIRECTORY_H
#define PROBE_DIRECTORY_H

#include "library.h"

/*
 * Sets library.dir, dir_fd, dir_device, dir_inode and first. 0, or −errno: nothing can be recorded (library.dir then
 * says what was tried).
 */
int directory_start(char *const *environment) HIDDEN;

#endif
