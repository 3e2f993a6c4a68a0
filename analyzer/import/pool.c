/* pool.c: see pool.h. */
#include "import/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "util.h"

#define THREADS_MOST 4           /* the caller's own work takes a quarter of all time */

struct pool {
	pthread_mutex_t lock;    /* protects what follows, and the jobs' states */
	pthread_cond_t changed;  /* a job waits, or is done, or all is over */
	struct job *first, *last; /* the queue; NULL: it is empty */
	bool      over;
	pthread_t threads[THREADS_MOST];
	size_t    count;
};

/* With the lock held, which is let go meanwhile. */
static void run(struct pool *pool, struct job *job)
{
	job->state = JOB_RUNS;
	pthread_mutex_unlock(&pool->lock);
	job->work(job);
	pthread_mutex_lock(&pool->lock);
	job->state = JOB_DONE;
	pthread_cond_broadcast(&pool->changed);
}

static void unlink_job(struct pool *pool, struct job *job)
{
	struct job *before = NULL;

	for (struct job *at = pool->first; at != job; at = at->next)
		before = at;
	*(before ? &before->next : &pool->first) = job->next;
	if (pool->last == job)
		pool->last = before;
}

static void *serve(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->lock);
	while (!pool->over) {
		struct job *job = pool->first;

		if (!job) {
			pthread_cond_wait(&pool->changed, &pool->lock);
			continue;
		}
		unlink_job(pool, job);
		run(pool, job);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

struct pool *pool_open(void)
{
	struct pool *pool = xcalloc(1, sizeof *pool);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	while (pool->count < THREADS_MOST && (long)pool->count < cores &&
	       pthread_create(&pool->threads[pool->count], NULL, serve, pool) == 0)
		pool->count++;
	return pool;
}

void pool_close(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->over = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	while (pool->count)
		pthread_join(pool->threads[--pool->count], NULL);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void pool_begin(struct pool *pool, struct job *job)
{
	pthread_mutex_lock(&pool->lock);
	job->state = JOB_WAITS;
	job->next = NULL;
	*(pool->last ? &pool->last->next : &pool->first) = job;
	pool->last = job;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

void pool_wait(struct pool *pool, struct job *job)
{
	pthread_mutex_lock(&pool->lock);
	if (job->state == JOB_WAITS) {
		unlink_job(pool, job);
		run(pool, job);
	}
	while (job->state == JOB_RUNS)
		pthread_cond_wait(&pool->changed, &pool->lock);
	job->state = JOB_IDLE;
	pthread_mutex_unlock(&pool->lock);
}
