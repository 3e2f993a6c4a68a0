/* inherit.c: see inherit.h. */
#include "heap/inherit.h"

#include <stdlib.h>

#include "trace/array.h"

void inherit_init(struct inherit *inherit, struct totals *totals)
{
	*inherit = (struct inherit){.totals = totals};
	table_init(&inherit->freed);
}

void inherit_free(struct inherit *inherit)
{
	table_free(&inherit->freed);
	free(inherit->asks);
	free(inherit->children);
	free(inherit->open);
	*inherit = (struct inherit){0};
}

void inherit_link(struct inherit *child, struct inherit *parent, uint64_t before, uint64_t after)
{
	child->parent = parent;
	child->before = before;
	child->after = after < before ? before : after;
	array_room(parent->children, parent->child_count);
	parent->children[parent->child_count++] = child;
}

static void ask(struct inherit *inherit, uint64_t address, struct totals *asker)
{
	array_room(inherit->asks, inherit->ask_count);
	inherit->asks[inherit->ask_count++] = (struct query){.address = address, .asker = asker};
}

void inherit_ask(struct inherit *inherit, uint64_t address)
{
	bool asked = false;

	if (inherit->parent)
		table_insert(&inherit->freed, address, &asked);
	if (!inherit->parent || asked) /* a block can be inherited once */
		inherit->totals->unmatched_frees++;
	else
		ask(inherit, address, inherit->totals);
}

static int by_fork(const void *left, const void *right)
{
	const struct inherit *a = *(struct inherit *const *)left, *b = *(struct inherit *const *)right;

	return (a->before > b->before) - (a->before < b->before);
}

static int by_address(const void *left, const void *right)
{
	const struct query *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

void inherit_begin(struct inherit *inherit)
{
	if (inherit->child_count)
		qsort(inherit->children, inherit->child_count, sizeof(struct inherit *), by_fork);
	inherit->open = xcalloc(inherit->child_count, sizeof(struct inherit *));
}

uint64_t inherit_next(const struct inherit *inherit)
{
	uint64_t next = UINT64_MAX;

	if (inherit->next_child < inherit->child_count)
		next = inherit->children[inherit->next_child]->before;
	for (size_t i = 0; i < inherit->open_count; i++)
		if (inherit->open[i]->after < next)
			next = inherit->open[i]->after;
	return next;
}

static void begin_fork(struct inherit *inherit, struct inherit *child, const struct table *live,
	const struct table *pending)
{
	if (!child->ask_count)
		return;
	qsort(child->asks, child->ask_count, sizeof *child->asks, by_address);
	for (size_t i = 0; i < child->ask_count; i++) {
		struct query *query = &child->asks[i];

		query->answered = table_find(live, query->address) != NULL;
		query->gone = table_find(&inherit->freed, query->address) || table_find(pending, query->address);
	}
	inherit->open[inherit->open_count++] = child;
}

static void end_fork(struct inherit *inherit, struct inherit *child)
{
	for (size_t i = 0; i < child->ask_count; i++) {
		const struct query *query = &child->asks[i];

		if (query->answered)
			query->asker->inherited_frees++;
		else if (inherit->parent && !query->gone)
			ask(inherit, query->address, query->asker);
		else
			query->asker->unmatched_frees++;
	}
	free(child->asks);
	child->asks = NULL;
	child->ask_count = 0;
}

void inherit_instant(struct inherit *inherit, uint64_t tick, const struct table *live, const struct table *pending)
{
	while (inherit->next_child < inherit->child_count && inherit->children[inherit->next_child]->before < tick)
		begin_fork(inherit, inherit->children[inherit->next_child++], live, pending);
	for (size_t i = 0; i < inherit->open_count;) {
		struct inherit *child = inherit->open[i];

		if (child->after >= tick) {
			i++;
			continue;
		}
		end_fork(inherit, child);
		inherit->open[i] = inherit->open[--inherit->open_count];
	}
}

void inherit_birth(struct inherit *inherit, uint64_t address)
{
	for (size_t i = 0; i < inherit->open_count; i++) {
		struct inherit *child = inherit->open[i];
		size_t low = 0, high = child->ask_count;

		while (low < high) { /* the first that asks for this address or a greater one */
			size_t middle = low + (high - low) / 2;

			if (child->asks[middle].address < address)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < child->ask_count && child->asks[low].address == address; low++)
			child->asks[low].answered = true;
	}
}
