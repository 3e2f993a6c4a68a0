/*
 * mixed.cc DEPTH THREADS WARM PAIRS: as pair.c, but the way down leads through libc and libstdc++, which keep no
 * frame pointers: qsort and its comparison, a stream's flush and its buffer, std::function. DEPTH counts their frames
 * too.
 */
#include <functional>
#include <ostream>

#include "work.h"

static void descend(struct work *work, unsigned left, unsigned turn);

/* What qsort's comparison and the stream's buffer are to call: one way down at a time in a thread. */
static thread_local struct work *on_the_way;
static thread_local unsigned frames_left, next_turn;

FRAME static int compare(const void *, const void *)
{
	descend(on_the_way, frames_left, next_turn);
	KEEP_FRAME();
	return 0;
}

struct buffer : std::streambuf {
	FRAME int sync() override
	{
		descend(on_the_way, frames_left, next_turn);
		KEEP_FRAME();
		return 0;
	}
};

FRAME static void bottom(struct work *work)
{
	for (uint64_t i = 0; i < work->pairs; i++)
		pair(work);
	KEEP_FRAME();
}

FRAME static void through_qsort(struct work *work, unsigned left, unsigned turn)
{
	int two[2] = {0, 1};

	on_the_way = work;
	frames_left = left;
	next_turn = turn;
	qsort(two, 2, sizeof(two[0]), compare);
	KEEP_FRAME();
}

FRAME static void through_stream(struct work *work, unsigned left, unsigned turn)
{
	buffer into;
	std::ostream stream(&into);

	on_the_way = work;
	frames_left = left;
	next_turn = turn;
	stream.flush();
	KEEP_FRAME();
}

FRAME static void through_function(const std::function<void()> &next)
{
	next();
	KEEP_FRAME();
}

/* Each way down by turns, while there is room for its frames. */
FRAME static void descend(struct work *work, unsigned left, unsigned turn)
{
	if (left < 2)
		bottom(work);
	else if (turn % 3 == 0 && left > 5)
		through_qsort(work, left - 5, turn + 1); /* this frame, through_qsort, two of libc's, compare */
	else if (turn % 3 == 1 && left > 4)
		through_stream(work, left - 4, turn + 1); /* this frame, through_stream, flush, sync */
	else if (turn % 3 == 2 && left > 3)
		through_function([=] { descend(work, left - 3, turn + 1); });
	else
		descend(work, left - 1, turn + 1);
	KEEP_FRAME();
}

int main(int argc, char **argv)
{
	struct work work = {};

	if (argc != 5)
		return 2;
	work.depth = (unsigned)atoi(argv[1]);
	work.warm_up = strtoull(argv[3], NULL, 10);
	work.pairs = strtoull(argv[4], NULL, 10);
	work.body = [](struct work *self) { descend(self, self->depth, 0); };
	return work_run(&work, (unsigned)atoi(argv[2]));
}
