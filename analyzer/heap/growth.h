/*
 * growth.h: does a number grow from mark to mark, was it filled once, or does it come and go? Judges any series: what a
 * site keeps, the size of a linear memory, resident memory. Reads nothing but the series.
 *
 * The method. What counts is the *floor*: at each mark the least value from there to the end, so that garbage that is
 * collected now and then, noise, and what is given back before the end are no growth. A series grows if, from some mark
 * on (the first; or after a warm-up of a fifth, a third, half, two thirds of the marks),
 *   - its values have a trend by the test of Mann and Kendall, at 0.5 %, ties corrected;
 *   - the floor rises in at least three steps, of which none is more than 60 % of the whole: a table that is filled
 *     once, however late, is no growth;
 *   - it rises in the first half of the marks, and in the last third at a quarter of the rate of before or more (half,
 *     after a warm-up; and just before, it rose at most twice as fast): a cache whose growth dies away has levelled off;
 *   - the values never fell by more than 60 % of that rise: of a saw, the last tooth alone is no growth, nor is a slow
 *     coming and going.
 * Or it is one buffer that is filled evenly and grows by a factor when it is full, so that its steps come ever more seldom:
 * four such steps, between which it was filled at a rate that did not fall, and the next is not overdue.
 * With fewer than ten marks the test has no power: there the floor must rise at every mark, and evenly; or, if the marks
 * have other distances from each other (what a runtime tells of its heap, when it has collected), in at least three steps
 * that stay near a straight line.
 *
 * The slope is the median of the slopes of all pairs of marks that are at least half of that stretch apart: Theil's with
 * the pairs left out that tell least, so that growth in bursts (at every tenth mark) has its rate, not 0. Exact where
 * growth is even.
 *
 * Sources: H. B. Mann, Nonparametric tests against trend, Econometrica 13 (1945) 245-259; M. G. Kendall, Rank
 * Correlation Methods, 4th ed. (1975), ch. 4 (ties); H. Theil, A rank-invariant method of linear and polynomial
 * regression analysis, Indagationes Mathematicae 12 (1950) 85-91. How often it errs is pinned by reader_growth_test.c.
 */
#ifndef PROBE_GROWTH_H
#define PROBE_GROWTH_H

#include "model.h"

#define GROWTH_POINTS 128        /* of a series that are looked at; of a longer one so many, evenly */
#define GROWTH_MARKS_LEAST 3     /* fewer tell nothing */

struct series {
	const uint64_t *values;  /* at each mark, in order of time */
	const uint32_t *marks;   /* their numbers, each larger than the one before; NULL: 0, 1, 2, … */
	size_t   count;
	uint64_t end;            /* at the end, or where it was last known */
};

/*
 * The growth of a series. bytes_per_mark is in whatever unit the values have, blocks_per_mark is 0. The trend is UNKNOWN
 * where marks are fewer than GROWTH_MARKS_LEAST.
 */
struct growth growth_judge(struct series series);

/*
 * The same where it is known, too, what of `live` at each mark was still there at the end (`kept`; kept.end is not looked
 * at): blocks that stay have no noise. Growth of `kept` counts if `live` goes along: a cache that replaces its entries
 * keeps young ones only, and has the size that it had.
 */
struct growth growth_judge_kept(struct series live, struct series kept);

/* Can what changed at so many of so many marks grow at all? */
bool growth_is_possible(size_t changes, size_t marks);

/* The same where it cannot. */
struct growth growth_judge_still(struct series live);

/* The slope of a series over its last `from` … marks, as above; for a second quantity of what was judged. */
double growth_slope(struct series series, uint32_t from);

/*
 * Of the parts of one whole, judged apart, such as the same site in several processes: slopes are added up, the trend is
 * the one that matters most.
 */
void growth_join(struct growth *into, const struct growth *part);

#endif
