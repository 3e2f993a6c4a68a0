/*
 * hot_join.c: rows of one stack become one: of several recordings, or of code that a runtime made more than once. See hot.h.
 * Names are asked for once a frame, and not once a row.
 */
#include <stdlib.h>
#include <string.h>

#include "report/by_type.h"
#include "report/hot.h"
#include "util.h"

struct keyed {
	struct node_hash hash;    /* equal: the same stack, and type */
	size_t   process;         /* as of the row */
	size_t   row;             /* index */
};

static int by_hash(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;

	if (a->hash.high != b->hash.high)
		return a->hash.high < b->hash.high ? -1 : 1;
	if (a->hash.low != b->hash.low)
		return a->hash.low < b->hash.low ? -1 : 1;
	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static struct keyed key_of(const struct hot *hot, size_t row)
{
	struct view_process *process = &hot->view->processes[hot->rows[row].process];
	char *type = claimed_type(process, &hot->rows[row].site->claims);
	struct keyed keyed = {join_type(join_hash(process, hot->rows[row].stack, true), type), hot->rows[row].process, row};

	free(type);
	return keyed;
}

/* The first of the rows, which are in order of their values, stands for all. */
static void join(struct hot *hot, const struct keyed *keyed, size_t count)
{
	struct hot_row *into = &hot->rows[keyed[0].row];
	struct churn_site *churn = NULL;

	for (size_t i = 1; i < count; i++)
		into = keyed[i].row < (size_t)(into - hot->rows) ? &hot->rows[keyed[i].row] : into;
	into->joined = true;
	into->process_count = 1;
	if (count > 1 && into->churn) {
		churn = &hot->churns[hot->churn_count++];
		*churn = *into->churn;
	}
	for (size_t i = 0; i < count; i++) {
		const struct hot_row *row = &hot->rows[keyed[i].row];

		into->process_count += i && keyed[i].process != keyed[i - 1].process;
		if (row == into)
			continue;
		into->value += row->value;
		hot_add_counts(&into->counts, &row->counts);
		if (churn)
			hot_add_churn(churn, row->churn);
	}
	if (churn)
		into->churn = churn;
}

void hot_join(struct hot *hot)
{
	struct keyed *keyed = xcalloc(hot->row_count, sizeof(*keyed));
	size_t kept = 0;

	hot->churns = hot_needs_churn(hot->options) ? xcalloc(hot->row_count, sizeof(*hot->churns)) : NULL;
	for (size_t i = 0; i < hot->row_count; i++)
		keyed[i] = key_of(hot, i);
	if (hot->row_count)
		qsort(keyed, hot->row_count, sizeof(*keyed), by_hash);
	for (size_t i = 0, next; i < hot->row_count; i = next) {
		for (next = i + 1; next < hot->row_count && keyed[next].hash.low == keyed[i].hash.low &&
		                   keyed[next].hash.high == keyed[i].hash.high; next++)
			;
		join(hot, &keyed[i], next - i);
	}
	for (size_t i = 0; i < hot->row_count; i++)
		if (hot->rows[i].joined)
			hot->rows[kept++] = hot->rows[i];
	hot->row_count = kept;
	free(keyed);
}
