/*
 * options.h: what the user asked for, from the environment, into `library`.
 */
#ifndef PROBE_OPTIONS_H
#define PROBE_OPTIONS_H

#include "library.h"

/* Reads the PROBE_ variables but PROBE_OUT. A value that makes no sense goes to library.complaint. */
void options_read(char *const *environment) HIDDEN;

/* The environment that the program was started with, or has now; NULL if it cannot be had. */
char *const *options_environment(void) HIDDEN;

#endif
