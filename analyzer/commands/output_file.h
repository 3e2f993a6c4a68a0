/*
 * output_file.h: a file, or a folder of files, that is there whole or not at all. What is written stands aside, without a
 * name where the file system can do that, so that nothing is left of it if probe is killed; it takes its place at the end.
 */
#ifndef PROBE_OUTPUT_FILE_H
#define PROBE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct output_file {
	FILE    *file;            /* to write to */
	char    *path;            /* where it is to be; symbolic links followed; owned */
	char    *aside;           /* where it is until then; NULL: it has no name, or is written in place; owned */
	bool     in_place;        /* a pipe, a device: what was written cannot be taken back */
};

/* False: a message was printed. */
bool output_file_open(struct output_file *output, const char *path);
/* Puts it into its place if it is `good` and could be written. False: it could not, and a message was printed. */
bool output_file_close(struct output_file *output, bool good);

struct output_folder {
	char    *path;            /* where it is to be; owned */
	char    *aside;           /* where files are to be written; owned */
};

/* `path` must not be there, or be empty. False: a message was printed. */
bool output_folder_open(struct output_folder *output, const char *path);
/* As above. */
bool output_folder_close(struct output_folder *output, bool good);

#endif
