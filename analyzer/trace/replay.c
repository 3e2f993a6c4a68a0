/*
 * replay.c: replays all images of a recording with a few threads. An image waits for its fork children, whose
 * questions it answers (heap/inherit.h); nothing else is shared, so the result does not depend on the order.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "trace/image.h"
#include "util.h"

#define WORKERS_MOST 16

struct pool {
	pthread_mutex_t lock;    /* protects what follows, and waits_for of the images */
	pthread_cond_t changed;  /* an image is ready, or all are done */
	struct image *images;    /* not owned */
	struct image **ready;    size_t ready_count; /* a stack; owned */
	size_t   left;           /* images not yet done */
	int      dir;            /* the recording */
};

static struct image *parent_of(const struct image *image)
{
	struct inherit *parent = image->inherit.parent;

	return parent ? (struct image *)((char *)parent - offsetof(struct image, inherit)) : NULL;
}

static void *work(void *argument)
{
	struct pool *pool = argument;

	pthread_mutex_lock(&pool->lock);
	while (pool->left) {
		struct image *image, *parent;

		if (!pool->ready_count) {
			pthread_cond_wait(&pool->changed, &pool->lock);
			continue;
		}
		image = pool->ready[--pool->ready_count];
		pthread_mutex_unlock(&pool->lock);
		image_replay_files(image, pool->dir);
		pthread_mutex_lock(&pool->lock);
		pool->left--;
		parent = parent_of(image);
		if (parent && --parent->waits_for == 0)
			pool->ready[pool->ready_count++] = parent;
		pthread_cond_broadcast(&pool->changed);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

void replay_all(struct image *images, size_t count, int dir, bool parallel)
{
	struct pool pool = {.images = images, .left = count, .dir = dir};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t workers[WORKERS_MOST];
	size_t worker_count = 0;

	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
	pool.ready = xcalloc(count, sizeof *pool.ready);
	for (size_t i = 0; i < count; i++)
		images[i].waits_for = images[i].inherit.child_count;
	for (size_t i = count; i > 0; i--)
		if (images[i - 1].waits_for == 0)
			pool.ready[pool.ready_count++] = &images[i - 1];
	/* This thread works too, so it does not matter if others cannot be had. */
	while (parallel && worker_count + 1 < (size_t)(cores > 0 ? cores : 1) && worker_count < WORKERS_MOST &&
	       worker_count + 1 < count && pthread_create(&workers[worker_count], NULL, work, &pool) == 0)
		worker_count++;
	work(&pool);
	while (worker_count)
		pthread_join(workers[--worker_count], NULL);
	free(pool.ready);
	pthread_cond_destroy(&pool.changed);
	pthread_mutex_destroy(&pool.lock);
}
