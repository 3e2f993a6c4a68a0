/* pool.h: work that other threads do meanwhile. A thread that waits for a job does it itself, if nobody has begun it. */
#ifndef PROBE_IMPORT_POOL_H
#define PROBE_IMPORT_POOL_H

#include <stdbool.h>

enum job_state { JOB_IDLE, JOB_WAITS, JOB_RUNS, JOB_DONE };

struct job {                     /* part of what is worked on; all zero: idle */
	void   (*work)(struct job *job);
	enum job_state state;    /* the pool's */
	struct job *next;        /* in its queue */
};

struct pool;

/* One thread a core, but for the caller's; it does not matter if there are none. */
struct pool *pool_open(void);
/* After the last job that was begun has been waited for. */
void pool_close(struct pool *pool);

/* The job must be idle. */
void pool_begin(struct pool *pool, struct job *job);
/* Until it is done, and idle again; at once if it was never begun. */
void pool_wait(struct pool *pool, struct job *job);

#endif
