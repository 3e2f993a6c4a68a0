/* path.c: see path.h. Touches no file. */
#include "names/path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static int hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

char *path_unescape(const char *text, size_t size)
{
	char *result = xmalloc(size + 1), *to = result;

	for (size_t i = 0; i < size; i++) {
		int high = -1, low = -1;

		if (text[i] == '%' && size - i > 2) {
			high = hex(text[i + 1]);
			low = hex(text[i + 2]);
		}
		*to = text[i];
		if (high >= 0 && low >= 0 && (high || low)) {
			*to = (char)(high << 4 | low);
			i += 2;
		}
		to++;
	}
	*to = '\0';
	return result;
}

char *path_of_url(const char *url, size_t size)
{
	static const char scheme[] = "file:///";
	size_t end = sizeof(scheme) - 1;

	if (size < end || memcmp(url, scheme, end) != 0)
		return NULL;
	while (end < size && url[end] != '?' && url[end] != '#')
		end++;
	return path_unescape(url + 7, end - 7);
}

/* Has it a scheme, "webpack://", "node:"? One letter is none. */
static bool is_url(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return length > 1 && text[length] == ':';
}

/* Takes "." and ".." out of an absolute path, in place. */
static void normalize(char *path)
{
	char *to = path;

	for (const char *at = path; *at;) {
		size_t length = strcspn(at + 1, "/") + 1; /* a slash and a part */

		if (length == 3 && at[1] == '.' && at[2] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (length > 1 && !(length == 2 && at[1] == '.')) {
			memmove(to, at, length);
			to += length;
		}
		at += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

char *path_resolve(const char *base, const char *root, const char *source)
{
	size_t length = strlen(root);
	bool own = *source == '/' || is_url(source);
	char *joined = own ? xstrdup(source)
	                   : xasprintf("%s%s%s", root, length && root[length - 1] != '/' ? "/" : "", source);
	char *path = path_of_url(joined, strlen(joined)), *whole;

	if (!path && is_url(joined))
		return joined;
	if (!path) {
		path = joined;
		joined = NULL;
	}
	free(joined);
	whole = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", base, path);
	free(path);
	if (*whole == '/')
		normalize(whole);
	return whole;
}
