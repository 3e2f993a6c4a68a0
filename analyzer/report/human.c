/* human.c: sizes, counts and shares; see human.h. Touches nothing. */
#include "human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *human_bytes(char *buffer, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	/* 1023.96 KiB would be printed as 1024.0 KiB. */
	for (; unit < 6 && value >= (unit ? 1023.95 : 1024); unit++)
		value /= 1024;
	snprintf(buffer, HUMAN_SIZE, "%.*f %s", unit ? 1 : 0, value, units[unit]);
	return buffer;
}

const char *human_count(char *buffer, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *to = buffer;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buffer;
}

const char *human_share(char *buffer, uint64_t part, uint64_t of)
{
	double percent = of ? 100.0 * (double)part / (double)of : 0;

	if (part >= of)
		strcpy(buffer, of ? "100 %" : "0 %");
	else if (percent >= 99.95)
		strcpy(buffer, "> 99.9 %");
	else if (part && percent < 0.05)
		strcpy(buffer, "< 0.1 %");
	else
		snprintf(buffer, HUMAN_SIZE, part ? "%.1f %%" : "0 %%", percent);
	return buffer;
}

/* Three digits, but whole seconds. */
const char *human_time(char *buffer, uint64_t ns)
{
	static const char *const units[] = {"ns", "µs", "ms", "s"};
	double value = (double)ns;
	size_t unit = 0;

	for (; unit < 3 && value >= (unit ? 999.5 : 1000); unit++)
		value /= 1000;
	if (value >= 999.5)
		strcat((human_count(buffer, (uint64_t)(value + 0.5)), buffer), " s");
	else
		snprintf(buffer, HUMAN_SIZE, "%.*f %s", !unit ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[unit]);
	return buffer;
}
