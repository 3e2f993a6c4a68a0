/*
 * path.h: paths and URLs of scripts and their sources.
 */
#ifndef PROBE_NAMES_PATH_H
#define PROBE_NAMES_PATH_H

#include <stddef.h>

/* %41 becomes A, %00 stays; `size` bytes of `text`. To be freed. */
char *path_unescape(const char *text, size_t size);

/* The path that a file:// URL means, without query and fragment; NULL if it is none. To be freed. */
char *path_of_url(const char *url, size_t size);

/*
 * A source of a source map: `source` under `root` (both may be relative, absolute, or URLs), relative to the folder
 * `base`. To be freed.
 */
char *path_resolve(const char *base, const char *root, const char *source);

#endif
