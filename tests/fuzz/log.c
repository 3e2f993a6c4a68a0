/*
 * log.c: any bytes as an allocation log. However it is cut into blocks, the same lines mean the same; what a line says is
 * within bounds; and ids go in and out of the tables as they do of a list.
 */
#include <stdlib.h>
#include <string.h>

#include "import/ids.h"
#include "import/log_line.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_line(const struct log_block *block, const struct log_line *line)
{
	const struct log_key *key;

	require(line->number < block->line_count && line->size <= LOG_SIZE_MOST && line->op <= LOG_MEMORY);
	if (line->op == LOG_MEMORY)
		return;
	require(line->key < block->key_count);
	key = &block->keys[line->key];
	require(!key->why && key->op == (enum log_op)line->op);
	require(!memchr(key->type.at, 0, key->type.size));
	if (line->op == LOG_ALLOCATE)
		require(key->file.size && !memchr(key->file.at, 0, key->file.size));
}

static int same_text(struct log_text a, struct log_text b)
{
	return a.size == b.size && !memcmp(a.at, b.at, a.size);
}

static void same_line(const struct log_block *a, const struct log_line *x, const struct log_block *b,
                      const struct log_line *y, uint32_t before)
{
	require(x->number == before + y->number && x->size == y->size && x->op == y->op);
	if (x->op == LOG_MEMORY)
		return;
	require(x->id == y->id && same_text(a->keys[x->key].type, b->keys[y->key].type));
	if (x->op == LOG_ALLOCATE)
		require(same_text(a->keys[x->key].file, b->keys[y->key].file) && a->keys[x->key].line == b->keys[y->key].line &&
		        a->keys[x->key].column == b->keys[y->key].column);
}

/* Text that ends where memory does. */
static void read_block(struct log_block *block, char **copy, const uint8_t *text, size_t size)
{
	*copy = xmalloc(size ? size : 1);
	if (size)
		memcpy(*copy, text, size);
	block->text = *copy;
	block->size = size;
	log_block_read(block);
	for (size_t i = 0; i < block->count; i++)
		check_line(block, &block->lines[i]);
	for (size_t i = 0; i < block->bad_count && i < LOG_BAD_MOST; i++)
		require(block->bad[i].why && *block->bad[i].text.at == '@' && *log_why(block->bad[i].why));
	require(block->count + block->bad_count + block->is_torn == block->records);
}

static bool any(const void *context, uint32_t what)
{
	(void)context;
	return what == 1;
}

static void ids(const struct log_block *block)
{
	struct log_live live;
	struct id_set set;
	uint64_t inside = 0;

	log_live_open(&live);
	id_set_open(&set);
	for (size_t i = 0; i < block->count; i++) {
		const struct log_line *line = &block->lines[i];
		struct log_block_entry *entry;

		if (line->op == LOG_MEMORY)
			continue;
		if (line->op == LOG_ALLOCATE) {
			log_live_add(&live, (struct log_block_entry){line->id, line->size, i, 1 + line->key % 2, 0});
			id_set_add(&set, line->id, i);
			inside++;
			continue;
		}
		entry = log_live_find(&live, line->id);
		require(!entry || id_set_has(&set, line->id));
		if (entry) {
			require(log_live_take(&live, entry, line->size, any, NULL).id == line->id);
			inside--;
		}
	}
	require(live.count <= inside);
	id_set_gaps(&set);
	id_set_free(&set);
	log_live_free(&live);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct log_block whole, first, second; /* used again, as in an import */
	size_t cut = size / 2, at = 0;
	char *copies[3];

	while (cut && input[cut - 1] != '\n')
		cut--;
	read_block(&whole, &copies[0], input, size);
	ids(&whole);
	read_block(&first, &copies[1], input, cut);
	read_block(&second, &copies[2], input + cut, size - cut);
	require(whole.records == first.records + second.records && whole.count == first.count + second.count &&
	        whole.bad_count == first.bad_count + second.bad_count && whole.is_torn == second.is_torn &&
	        whole.is_doubtful == second.is_doubtful && !first.is_torn && !first.is_doubtful);
	for (size_t i = 0; i < first.count; i++)
		same_line(&whole, &whole.lines[at++], &first, &first.lines[i], 0);
	for (size_t i = 0; i < second.count; i++)
		same_line(&whole, &whole.lines[at++], &second, &second.lines[i], first.line_count);
	for (size_t i = 0; i < 3; i++)
		free(copies[i]);
	return 0;
}
