/*
 * allocation_log.c: see allocation_log.h. Blocks of the files are read here and understood by the pool, a few at a time;
 * in their order they are put together.
 */
#include "import/allocation_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "import/log_check.h"
#include "report/human.h"
#include "util.h"

#define BLOCK  (8u << 20)        /* bytes read at once; a longer line is no record */
#define BLOCKS 4                 /* under way at once */
#define BOM    "\xef\xbb\xbf"    /* editors put it before the first line; it is none of its bytes */

struct block_job {
	struct job job;          /* first: a job is cast to this */
	struct log_block block;
	char     *buffer;        /* owned; BLOCK bytes */
	const char *file;        /* the block is the first of this one; NULL: it is not the first */
	bool      used;          /* it is under way */
};

struct import {
	struct pool *pool;
	struct writer *writer;
	struct log_check check;
	struct block_job blocks[BLOCKS];
	size_t    oldest, count; /* of those under way */
	XXH3_state_t *digest;
	uint64_t  realtime_ns;   /* of the youngest file */
};

static void read_block(struct job *job)
{
	log_block_read(&((struct block_job *)job)->block);
}

/* On a terminal: how far it is; NULL: it is over. */
static void show_progress(const struct log_check *check)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (check)
		fprintf(stderr, "\r\033[K%s lines, %s blocks alive", COUNT(check->sums.lines), COUNT(check->live_blocks));
	else
		fputs("\r\033[K", stderr);
}

/* Puts the oldest block under way together with what came before. */
static void finish_oldest(struct import *import)
{
	struct block_job *block = &import->blocks[import->oldest];

	pool_wait(import->pool, &block->job);
	if (block->file)
		log_check_file(&import->check, block->file);
	log_check_block(&import->check, &block->block);
	show_progress(&import->check);
	import->oldest = (import->oldest + 1) % BLOCKS;
	import->count--;
}

static struct block_job *free_block(struct import *import)
{
	if (import->count == BLOCKS)
		finish_oldest(import);
	return &import->blocks[(import->oldest + import->count) % BLOCKS];
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static const char *shown_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!strcmp(file, "-"))
		return "standard input";
	return slash && slash[1] ? slash + 1 : file;
}

/* Reads until the buffer, which has `size` bytes already, is full, or the file ends. -1: an error. */
static ssize_t fill(int file, char *buffer, size_t size)
{
	while (size < BLOCK) {
		ssize_t got = read(file, buffer + size, BLOCK - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		size += (size_t)got;
	}
	return (ssize_t)size;
}

/* Takes out what belongs to a line that began in an earlier block. Gives the bytes that are left. */
static size_t skip_rest(char *buffer, size_t size, bool *skipping)
{
	char *newline = memchr(buffer, '\n', size);

	if (!newline)
		return 0;
	*skipping = false;
	size -= (size_t)(newline + 1 - buffer);
	memmove(buffer, newline + 1, size);
	return size;
}

static bool read_file(struct import *import, int file, const char *name)
{
	const char *first = shown_name(name);
	struct block_job *block = free_block(import);
	size_t size = 0;                 /* bytes of a line whose beginning was read */
	bool skipping = false, ended = false;

	while (!ended) {
		ssize_t got = fill(file, block->buffer, size);
		struct block_job *next;
		const char *newline;
		size_t whole;

		if (got < 0) {
			warn("%s:", name);
			return false;
		}
		XXH3_128bits_update(import->digest, block->buffer + size, (size_t)got - size);
		ended = got < BLOCK;
		size = skipping ? skip_rest(block->buffer, (size_t)got, &skipping) : (size_t)got;
		if (skipping)
			continue;
		newline = ended || !size ? NULL : memrchr(block->buffer, '\n', size);
		whole = newline ? (size_t)(newline + 1 - block->buffer) : size;
		block->block.is_cut = skipping = !ended && !newline && size == BLOCK;
		if (!ended && !newline && !skipping)
			continue; /* a rest of a long line was taken out, and left room */
		block->block.text = block->buffer;
		block->block.size = whole;
		if (first && whole >= strlen(BOM) && !memcmp(block->buffer, BOM, strlen(BOM))) {
			block->block.text += strlen(BOM);
			block->block.size -= strlen(BOM);
		}
		block->file = first;
		first = NULL;
		import->count++;
		pool_begin(import->pool, &block->job);
		if (ended)
			break;
		next = free_block(import);
		size -= whole;
		memmove(next->buffer, block->buffer + whole, size);
		block = next;
	}
	return true;
}

static bool open_and_read(struct import *import, const char *name)
{
	bool standard = !strcmp(name, "-");
	int file = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	bool good;

	if (file < 0) {
		warn("%s:", name);
		return false;
	}
	if (fstat(file, &status) == 0) {
		uint64_t changed = (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec;

		if (S_ISREG(status.st_mode) && changed > import->realtime_ns)
			import->realtime_ns = changed;
	}
	good = read_file(import, file, name);
	if (!standard)
		close(file);
	return good;
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */

/* The log in place of an executable, and the files in place of arguments. */
static void write_names(struct import *import, const char *const *files, size_t count)
{
	size_t size = 0;
	char *names, *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(files[i]) + 1;
	names = at = xmalloc(size);
	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, files[i]) + 1;
	writer_record(import->writer, TRACE_RECORD_EXE, NULL, 0, shown_name(files[0]), strlen(shown_name(files[0])));
	writer_record(import->writer, TRACE_RECORD_ARGV, NULL, 0, names, size);
	free(names);
}

static void summarize(const struct log_check *check, struct log_summary *summary)
{
	*summary = (struct log_summary){
		.lines = check->sums.lines, .records = check->sums.records, .allocs = check->sums.allocs,
		.drops = check->sums.drops, .understood = check->sums.allocs + check->sums.drops + check->sums.memory_lines,
		.live_blocks = check->live_blocks, .live_bytes = check->live_bytes,
		.findings = log_findings_kinds(&check->findings),
	};
}

static bool finish(struct import *import, struct writer *writer)
{
	XXH128_canonical_t digest;
	struct writer_source source = {.realtime_ns = import->realtime_ns, .last_tick = import->check.sums.lines};

	XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(import->digest));
	memcpy(source.digest, digest.digest, sizeof source.digest);
	return writer_close(writer, &source);
}

bool allocation_log_import(const char *const *files, size_t count, const char *dir, const int64_t *growth,
                           struct log_summary *summary)
{
	struct import import = {.pool = pool_open()};
	bool good = true;

	import.writer = writer_open(dir, import.pool);
	if (!import.writer) {
		pool_close(import.pool);
		return false;
	}
	import.digest = XXH3_createState();
	if (!import.digest)
		fatal(3, "out of memory");
	XXH3_128bits_reset(import.digest);
	log_check_open(&import.check, import.writer);
	for (size_t i = 0; i < BLOCKS; i++) {
		import.blocks[i].job.work = read_block;
		import.blocks[i].buffer = xmalloc(BLOCK);
	}
	for (size_t i = 0; good && i < count; i++)
		good = open_and_read(&import, files[i]);
	while (import.count)
		finish_oldest(&import);
	show_progress(NULL);
	if (good) {
		write_names(&import, files, count);
		log_check_end(&import.check, growth);
		summarize(&import.check, summary);
		good = finish(&import, import.writer);
	} else {
		writer_abandon(import.writer);
	}
	log_check_free(&import.check);
	for (size_t i = 0; i < BLOCKS; i++) {
		log_block_free(&import.blocks[i].block);
		free(import.blocks[i].buffer);
	}
	XXH3_freeState(import.digest);
	pool_close(import.pool);
	return good;
}
