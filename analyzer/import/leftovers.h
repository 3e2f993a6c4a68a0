/* leftovers.h: files of an import that did not end: whoever is stopped removes its own, and the next those of the dead. */
#ifndef PROBE_IMPORT_LEFTOVERS_H
#define PROBE_IMPORT_LEFTOVERS_H

#define LEFTOVER_NAME 40         /* bytes that a name needs */

/* The name that a file of this process has in the directory until all of it is written. */
void leftovers_name(char name[LEFTOVER_NAME], const char *what);

/* Removes files with such names whose process is no more. */
void leftovers_sweep(int dir_fd);

/*
 * From now on a signal that ends this process removes what has such a name first, and then `made_dir`, unless NULL, if
 * there is nothing else in it. Of one import at a time; nothing is copied.
 */
void leftovers_guard(int dir_fd, const char *const names[2], const char *made_dir);
void leftovers_release(void);

#endif
