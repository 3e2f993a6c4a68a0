/*
 * identity.h: which process this is: host boot id, pid namespace, pid, start time. From /proc; what is not there is
 * 0.
 */
#ifndef PROBE_IDENTITY_H
#define PROBE_IDENTITY_H

#include "library.h"

void identity_boot(uint8_t boot_id[16]) HIDDEN;
uint64_t identity_pid_namespace(void) HIDDEN;

/* Start time, clock ticks since boot, of a process; `pid` 0 is the calling one. Its parent, if that is asked for. */
uint64_t identity_start_ticks(uint32_t pid, uint32_t *parent) HIDDEN;

/* Reads a small file whole, up to size − 1 bytes, and ends it with NUL. Its length, or −errno. */
long identity_read(const char *path, char *buffer, size_t size) HIDDEN;

#endif
