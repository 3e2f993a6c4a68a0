/*
 * pair.c DEPTH THREADS WARM PAIRS [VARY [LIVE]]: WARM and then PAIRS malloc/free pairs in each of THREADS threads,
 * DEPTH frames deep (a function each, as in real programs), with the VARY newest frames changing from pair to pair,
 * among LIVE blocks that stay alive. Prints the nanoseconds that PAIRS took. Built with and without frame pointers.
 */
#include "work.h"

typedef void step(struct work *work, uint64_t choices, unsigned left);

/* The newest frames: which of two functions each is, is chosen anew for every pair. */
static step turn_left, turn_right;
static step *const turns[2] = {turn_left, turn_right};

#define TURN(name, bytes)                                                      \
	FRAME static void name(struct work *work, uint64_t choices, unsigned left) \
	{                                                                      \
		char room[bytes];                                              \
		USE(room);                                                     \
		if (left == 1)                                                 \
			pair(work);                                            \
		else                                                           \
			turns[choices & 1](work, choices >> 1, left - 1);      \
		KEEP_FRAME();                                                  \
	}
TURN(turn_left, 24)
TURN(turn_right, 88)

FRAME static void frame_01(struct work *work)
{
	if (!work->vary)
		for (uint64_t i = 0; i < work->pairs; i++)
			pair(work);
	else
		for (uint64_t i = 0; i < work->pairs; i++) {
			uint64_t choices = next_random(work) >> 20;

			turns[choices & 1](work, choices >> 1, work->vary);
		}
	KEEP_FRAME();
}

/* The older frames: frame_NN calls the one below it, and is that many frames deep when frame_01 allocates. */
#define OLDER(number, below)                             \
	FRAME static void frame_##number(struct work *work) \
	{                                                \
		char room[1##number % 7 * 16 + 8];       \
		USE(room);                               \
		frame_##below(work);                     \
		KEEP_FRAME();                            \
	}
#define TEN(tens, before)                                                                            \
	OLDER(tens##0, before##9) OLDER(tens##1, tens##0) OLDER(tens##2, tens##1) OLDER(tens##3, tens##2) \
	OLDER(tens##4, tens##3) OLDER(tens##5, tens##4) OLDER(tens##6, tens##5) OLDER(tens##7, tens##6)   \
	OLDER(tens##8, tens##7) OLDER(tens##9, tens##8)
OLDER(02, 01) OLDER(03, 02) OLDER(04, 03) OLDER(05, 04) OLDER(06, 05) OLDER(07, 06) OLDER(08, 07) OLDER(09, 08)
TEN(1, 0) TEN(2, 1) TEN(3, 2) TEN(4, 3) TEN(5, 4) OLDER(60, 59)

#define NAMES(tens)                                                                                    \
	frame_##tens##0, frame_##tens##1, frame_##tens##2, frame_##tens##3, frame_##tens##4, frame_##tens##5, \
	frame_##tens##6, frame_##tens##7, frame_##tens##8, frame_##tens##9
static void (*const frames[])(struct work *) = {
	NULL, frame_01, frame_02, frame_03, frame_04, frame_05, frame_06, frame_07, frame_08, frame_09,
	NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), frame_60,
};

int main(int argc, char **argv)
{
	struct work work = {0};

	if (argc < 5 || argc > 7)
		return 2;
	work.depth = (unsigned)atoi(argv[1]);
	work.warm_up = strtoull(argv[3], NULL, 10);
	work.pairs = strtoull(argv[4], NULL, 10);
	work.vary = argc > 5 ? (unsigned)atoi(argv[5]) : 0;
	work.live = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
	if (work.depth <= work.vary || work.depth - work.vary >= sizeof(frames) / sizeof(frames[0]) || work.vary > 32)
		return 2;
	work.body = frames[work.depth - work.vary];
	return work_run(&work, (unsigned)atoi(argv[2]));
}
