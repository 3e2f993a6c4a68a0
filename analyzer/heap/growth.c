/* growth.c: see growth.h. */
#include "heap/growth.h"

#include <math.h>
#include <stdlib.h>

#define SIGNIFICANT  2.576       /* of a normal deviate: 0.5 % on one side */
#define TESTED_LEAST 10          /* marks that the test needs */
#define KEPT_LEAST   6           /* … where there is no noise */
#define CUT_LEAST    4           /* marks that are left after a warm-up */
#define EVEN_MOST    3.0         /* the largest step, of the smallest, where there is no test */
#define STEPS_LEAST  3
#define STRAY_MOST   0.2         /* how far the floor may be from a straight line, in rises, where marks are few and uneven */
#define STEP_MOST    0.6         /* share of one step in the whole rise */
#define EARLY_LEAST  0.15        /* share of the first half in the rise */
#define LATE_LEAST   0.25        /* rate of the last third, of the rate before; */
#define LATE_LATER   0.5         /* after a warm-up: what dies away does so at every scale */
#define SLOWED_MOST  2.0         /* rate before a later stretch, of the rate in it */
#define FALL_MOST    0.6         /* how far values may fall, in rises; */
#define FALL_LATER   0.2         /* after a warm-up that was cut */
#define DOUBLED_LEAST 4          /* steps of a buffer that grows by a factor */
#define FACTOR_LEAST 1.2
#define FACTOR_MOST  4.5
#define FILLED_EVEN  2.5         /* rate at which such a buffer was filled before, of its last rate */
#define OVERDUE_MOST 1.25        /* the time since its last step, of what it takes to fill it */
#define STILL_MOST   0.25        /* how far what is kept may ever have fallen, of what is there at the end */
#define ALONG_LEAST  0.25        /* slope of what is alive, of the slope of what is kept */

/* A series, not longer than is looked at. */
struct points {
	size_t   count;
	double   mark[GROWTH_POINTS]; /* its number */
	double   value[GROWTH_POINTS]; /* at it */
	double   floor[GROWTH_POINTS]; /* the least from there to the end */
	double   end;
	bool     kept;           /* of what was kept: there is no noise */
	bool     uneven;         /* some marks are farther from each other than others */
};

/* A stretch of marks, up to the last, in which a series grows. */
struct stretch {
	size_t   from;           /* the first of them */
	size_t   steps;          /* rises of the floor in it */
	double   rise;           /* of the floor */
	double   fall;           /* the largest of the values */
};

static void take(struct points *points, struct series series)
{
	size_t count = series.count < GROWTH_POINTS ? series.count : GROWTH_POINTS;

	points->kept = points->uneven = false;
	points->count = count;
	points->end = (double)series.end;
	for (size_t i = 0; i < count; i++) {
		size_t at = count < series.count ? (i + 1) * series.count / count - 1 : i;

		points->mark[i] = series.marks ? series.marks[at] : (double)at;
		points->value[i] = (double)series.values[at];
		points->uneven = points->uneven || (i > 1 && points->mark[i] - points->mark[i - 1] !=
		                                             points->mark[1] - points->mark[0]);
	}
	for (size_t i = count; i-- > 0;) {
		double after = i + 1 < count ? points->floor[i + 1] : points->end;

		points->floor[i] = points->value[i] < after ? points->value[i] : after;
	}
}

/* The normal deviate of the test of Mann and Kendall, of the values from `from` on. */
static double deviate(const struct points *points, size_t from)
{
	double score = 0, n = (double)(points->count - from), variance = n * (n - 1) * (2 * n + 5);

	for (size_t i = from; i < points->count; i++) {
		double equal = 1;
		bool first = true;

		for (size_t j = from; j < points->count; j++) {
			if (j > i)
				score += (points->value[j] > points->value[i]) - (points->value[j] < points->value[i]);
			if (j != i && points->value[j] == points->value[i]) {
				equal++;
				first = first && j > i;
			}
		}
		if (first)
			variance -= equal * (equal - 1) * (2 * equal + 5);
	}
	return variance > 0 && score > 0 ? (score - 1) / sqrt(variance / 18) : 0;
}

/* How far the values fall below one before them, at most, from `from` to the end. */
static double largest_fall(const struct points *points, size_t from)
{
	double most = 0, fall = 0;

	for (size_t i = from; i < points->count; i++) {
		most = i == from || points->value[i] > most ? points->value[i] : most;
		fall = most - points->value[i] > fall ? most - points->value[i] : fall;
	}
	return from < points->count ? fmax(fall, most - points->end) : 0;
}

/* The floor at the last mark that is not after `mark`. */
static double floor_at(const struct points *points, size_t from, double mark)
{
	size_t i = from;

	while (i + 1 < points->count && points->mark[i + 1] <= mark)
		i++;
	return points->floor[i];
}

/* Did it grow much faster just before this stretch than in it? Then it dies away. */
static bool slowed(const struct points *points, size_t from, double rise)
{
	double start = points->mark[from], length = points->mark[points->count - 1] - start;
	double before = points->floor[from] - floor_at(points, 0, start - length / 2);

	return before > SLOWED_MOST * rise / 2;
}

/* How far the floor is from the straight line through its ends, at most. */
static double largest_stray(const struct points *points, size_t from)
{
	size_t last = points->count - 1;
	double rate = (points->floor[last] - points->floor[from]) / (points->mark[last] - points->mark[from]), most = 0;

	for (size_t i = from; i < last; i++)
		most = fmax(most, fabs(points->floor[i] - points->floor[from] - rate * (points->mark[i] - points->mark[from])));
	return most;
}

static bool grows(const struct points *points, size_t from, double fall, struct stretch *stretch)
{
	size_t last = points->count - 1, count = points->count - from;
	double first = points->floor[from], rise = points->floor[last] - first, largest = 0, smallest = rise;
	double span = points->mark[last] - points->mark[from], late;

	*stretch = (struct stretch){.from = from, .rise = rise, .fall = fall};
	if (!(rise > 0))
		return false;
	for (size_t i = from; i < last; i++) {
		double step = points->floor[i + 1] - points->floor[i];

		stretch->steps += step > 0;
		largest = fmax(largest, step);
		smallest = fmin(smallest, step);
	}
	if (fall > rise * (from ? FALL_LATER : FALL_MOST))
		return false;
	if (count < TESTED_LEAST && points->uneven && !points->kept)
		return stretch->steps >= STEPS_LEAST && fall <= FALL_LATER * rise &&
		       largest_stray(points, from) <= STRAY_MOST * rise;
	if (count < KEPT_LEAST || (count < TESTED_LEAST && !points->kept))
		return smallest > 0 && largest <= (points->kept ? STEP_MOST * rise : EVEN_MOST * smallest);
	if (stretch->steps < STEPS_LEAST || largest > STEP_MOST * rise)
		return false;
	if (floor_at(points, from, points->mark[from] + span / 2) - first < EARLY_LEAST * rise)
		return false;
	late = points->floor[last] - floor_at(points, from, points->mark[from] + span * 2 / 3);
	if (late < (from ? LATE_LATER : LATE_LEAST) * (rise - late) / 2)
		return false;
	return points->kept || deviate(points, from) >= SIGNIFICANT;
}

/* The first stretch in which the series grows. Falls count from the shortest warm-up on: a saw fell before, too. */
static bool find_stretch(const struct points *points, struct stretch *stretch)
{
	size_t n = points->count, shortest = (n + 4) / 5;
	const size_t starts[] = {0, shortest, (n + 2) / 3, (n + 1) / 2, (2 * n + 2) / 3};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		size_t from = starts[i];

		if (from && from + CUT_LEAST > n)
			break;
		if (grows(points, from, largest_fall(points, from < shortest ? from : shortest), stretch) &&
		    (from <= shortest || !slowed(points, from, stretch->rise)))
			return true;
	}
	return false;
}

/*
 * Does one buffer grow by a factor whenever it is full, and is it being filled at a rate that does not fall? Its steps are
 * few, and each is farther from the one before: what tells it from a table that is full is that the next is not overdue.
 */
static bool doubles(const struct points *points, struct stretch *stretch, double *rate)
{
	double full[DOUBLED_LEAST], when[DOUBLED_LEAST]; /* the last steps, the latest first: what was full, and when */
	size_t last = points->count - 1, steps = 0;
	double now = fmin(points->floor[last], points->end);

	if (points->count < TESTED_LEAST || !(now >= points->floor[last]))
		return false;
	for (size_t i = last; i > 0 && steps < DOUBLED_LEAST; i--) {
		double before = points->floor[i - 1], after = points->floor[i];

		if (after == before)
			continue;
		if (!(after >= FACTOR_LEAST * before && after <= FACTOR_MOST * before))
			return false;
		full[steps] = before;
		when[steps++] = points->mark[i];
	}
	if (steps < DOUBLED_LEAST)
		return false;
	*rate = (full[0] - full[1]) / (when[0] - when[1]);
	for (size_t i = 1; i + 1 < steps; i++)
		if ((full[i] - full[i + 1]) / (when[i] - when[i + 1]) > FILLED_EVEN * *rate)
			return false;
	*stretch = (struct stretch){.steps = steps, .rise = now - points->floor[0], .fall = largest_fall(points, 0)};
	return stretch->fall <= FALL_LATER * stretch->rise &&
	       points->mark[last] - when[0] <= 1 + OVERDUE_MOST * (now - full[0]) / *rate;
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double slope(const struct points *points, size_t from)
{
	static _Thread_local double slopes[GROWTH_POINTS * GROWTH_POINTS / 2];
	size_t last = points->count - 1, count = 0;
	double half = (points->mark[last] - points->mark[from]) / 2;

	for (size_t i = from; i < points->count; i++)
		for (size_t j = i + 1; j < points->count; j++)
			if (points->mark[j] > points->mark[i] && points->mark[j] - points->mark[i] >= half)
				slopes[count++] = (points->value[j] - points->value[i]) /
				                  (points->mark[j] - points->mark[i]);
	if (!count)
		return 0;
	qsort(slopes, count, sizeof *slopes, by_value);
	return (slopes[count / 2] + slopes[(count - 1) / 2]) / 2;
}

/* Each step of growth could be the last: three say less than ten; and what also falls may be a slow coming and going. */
static double sure_of_growth(const struct stretch *stretch)
{
	return (1 - pow(0.5, (double)stretch->steps)) * (1 - stretch->fall / stretch->rise / 2);
}

static struct growth growing(const struct points *points, const struct stretch *stretch, double rate)
{
	return (struct growth){
		.trend = TREND_GROWING, .bytes_per_mark = rate,
		.confidence = sure_of_growth(stretch), .marks = (uint32_t)points->count,
		.from = (uint32_t)points->mark[stretch->from],
	};
}

/* Filled and kept, or coming and going. The longer nothing was added, the surer. */
static struct growth not_growing(const struct points *points)
{
	size_t still = 0;
	double last = points->floor[points->count - 1];

	while (still + 1 < points->count && points->floor[points->count - 2 - still] == last)
		still++;
	if (points->end > last)
		still = 0;
	if (points->end > 0 && largest_fall(points, 0) <= STILL_MOST * points->end)
		return (struct growth){.trend = TREND_ONCE, .confidence = (double)still / (double)(still + 2),
		                       .marks = (uint32_t)points->count};
	return (struct growth){.trend = TREND_STEADY,
	                       .confidence = (double)points->count / (double)(points->count + 2),
	                       .marks = (uint32_t)points->count};
}

struct growth growth_judge(struct series series)
{
	struct points points;
	struct stretch stretch;
	double rate;

	take(&points, series);
	if (points.count < GROWTH_MARKS_LEAST)
		return (struct growth){.marks = (uint32_t)points.count};
	if (find_stretch(&points, &stretch))
		return growing(&points, &stretch, slope(&points, stretch.from));
	if (doubles(&points, &stretch, &rate))
		return growing(&points, &stretch, rate);
	return not_growing(&points);
}

struct growth growth_judge_kept(struct series live, struct series kept)
{
	struct points alive, stayed;
	struct stretch stretch;
	double rate;

	take(&alive, live);
	if (alive.count < GROWTH_MARKS_LEAST)
		return (struct growth){.marks = (uint32_t)alive.count};
	kept.end = kept.values[kept.count - 1];
	take(&stayed, kept);
	stayed.kept = true;
	/* Blocks that stay cannot fall; that others were freed at once shows in what was alive. */
	if (find_stretch(&stayed, &stretch)) {
		double early = floor_at(&stayed, 0, (stayed.mark[0] + stayed.mark[stayed.count - 1]) / 2) -
		               stayed.floor[0];
		bool even = stretch.from == 0 && early >= 0.35 * stretch.rise;

		if ((even || largest_fall(&alive, 0) <= stretch.rise / 2) &&
		    slope(&alive, stretch.from) >= ALONG_LEAST * slope(&stayed, stretch.from))
			return growing(&stayed, &stretch, slope(&stayed, stretch.from));
	}
	if (find_stretch(&alive, &stretch))
		return growing(&alive, &stretch, slope(&alive, stretch.from));
	if (doubles(&alive, &stretch, &rate))
		return growing(&alive, &stretch, rate);
	return not_growing(&alive);
}

bool growth_is_possible(size_t changes, size_t marks)
{
	return changes >= STEPS_LEAST || marks < TESTED_LEAST;
}

struct growth growth_judge_still(struct series live)
{
	struct points points;

	take(&points, live);
	if (points.count < GROWTH_MARKS_LEAST)
		return (struct growth){.marks = (uint32_t)points.count};
	return not_growing(&points);
}

double growth_slope(struct series series, uint32_t from)
{
	struct points points;
	size_t first = 0;

	take(&points, series);
	while (first < points.count && points.mark[first] < from)
		first++;
	return first + 1 < points.count ? slope(&points, first) : 0;
}

void growth_join(struct growth *into, const struct growth *part)
{
	static const int weight[] = {[TREND_UNKNOWN] = 0, [TREND_STEADY] = 1, [TREND_ONCE] = 2, [TREND_GROWING] = 3};
	bool heavier = weight[part->trend] > weight[into->trend];

	if (heavier || (part->trend == into->trend && part->confidence > into->confidence)) {
		into->confidence = part->confidence;
		into->marks = part->marks;
		into->from = part->from;
	}
	if (heavier)
		into->trend = part->trend;
	into->bytes_per_mark += part->bytes_per_mark;
	into->blocks_per_mark += part->blocks_per_mark;
}
