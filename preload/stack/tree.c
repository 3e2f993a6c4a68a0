/*
 * tree.c: the call tree. A node is written once, into an extent of the recording, and found again through an index in
 * wiped memory.
 *
 * The index is a trie: a slot for each parent's id, and below it, in tables of 8, the hash of (parent, address,
 * generation). By the parent first, because the nodes of a new stack have successive parents, most of which have one
 * child: their slots lie side by side, where the hash would scatter them over the caches. The slots are made as there
 * are nodes, in parts. A slot goes from empty to a node to a table and never back, each time by one compare-and-swap, so
 *   - a key has one place at any time: the first slot on its path that is no table. Two threads that insert the same
 *     key meet there; one wins, the other finds the winner's node. No stack gets two nodes;
 *   - nobody waits for anybody: a thread killed or interrupted anywhere leaves an empty slot, a node or a table, all
 *     of them complete. At worst a node or a table that nobody refers to is left over;
 *   - growth is local: nothing is ever copied but the one entry that moves down into its new table.
 * A node's fields are stored before the swap that publishes it, and its id is taken after its parent's was published,
 * from one counter: a parent's id is always the smaller one.
 */
#include "stack.h"

#define TABLE_SLOTS 8u
#define TABLE_BITS  3
#define TABLE_BYTES (TABLE_SLOTS * sizeof(uint64_t))
#define TABLES_TAKEN (16u << 10)     /* bytes, at a time */
#define HASHES      4                /* hashes used one after the other before a path is given up */
#define RETRY       1024             /* captures between two requests for room, once one was refused */

#define FIRST_NODES 4096u            /* slots of the first extent; they double up to LAST_NODES */
#define LAST_NODES  16384u           /* not more: on the average half of the last one stays empty */
#define HEADER_NODES (sizeof(struct trace_tree) / sizeof(struct trace_node))
_Static_assert(sizeof(struct trace_tree) % sizeof(struct trace_node) == 0, "a header takes the room of whole nodes");

struct key {
	uint64_t address;
	uint32_t parent;
	uint32_t generation;
};

/*
 * Slots of the node space are laid over the extents, headers included, so a slot's place needs no division. Extents 0 and
 * 1 have FIRST_NODES, 2 twice as many, and those from LAST_EXTENT on LAST_NODES.
 */
#define LAST_EXTENT 3u

static inline unsigned extent_of(uint64_t slot)
{
	if (slot >= LAST_NODES)
		return LAST_EXTENT - 1 + (unsigned)(slot / LAST_NODES);
	return slot < FIRST_NODES ? 0 : 32 - (unsigned)__builtin_clz((uint32_t)slot / FIRST_NODES);
}

static inline uint64_t extent_start(unsigned extent)
{
	if (extent >= LAST_EXTENT)
		return (uint64_t)(extent - LAST_EXTENT + 1) * LAST_NODES;
	return extent ? (uint64_t)FIRST_NODES << (extent - 1) : 0;
}

static inline uint64_t extent_nodes(unsigned extent)
{
	if (extent >= LAST_EXTENT)
		return LAST_NODES;
	return extent ? (uint64_t)FIRST_NODES << (extent - 1) : FIRST_NODES;
}

static inline struct trace_node *node_at(struct stack_process *tree, uint32_t id)
{
	uint64_t slot = (uint64_t)id - 1;
	unsigned extent = extent_of(slot);
	struct trace_tree *base = __atomic_load_n(&tree->extents[extent], __ATOMIC_ACQUIRE);

	return (struct trace_node *)base + (slot - extent_start(extent));
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

static uint64_t hash(const struct key *key, unsigned nth)
{
	return mix(key->address + mix((uint64_t)key->parent << 32 ^ key->generation ^ (uint64_t)nth << 60));
}

/* Makes an extent, unless another thread was faster. False: there is no room. */
static __attribute__((noinline)) bool extent_make(struct stack_process *tree, unsigned extent)
{
	struct trace_tree *made, *none = NULL;

	if (extent >= TREE_EXTENTS)
		return false;
	if (__atomic_load_n(&tree->retry, __ATOMIC_RELAXED)) {
		__atomic_sub_fetch(&tree->retry, 1, __ATOMIC_RELAXED);
		return false;
	}
	made = (struct trace_tree *)area_take(TRACE_EXTENT_TREE, extent_nodes(extent) * sizeof(struct trace_node));
	if (!made) {
		__atomic_store_n(&tree->retry, RETRY, __ATOMIC_RELAXED);
		return false;
	}
	made->first = (uint32_t)(extent_start(extent) + HEADER_NODES + 1);
	__atomic_store_n(&made->capacity, (uint32_t)(extent_nodes(extent) - HEADER_NODES), __ATOMIC_RELEASE);
	if (!__atomic_compare_exchange_n(&tree->extents[extent], &none, made, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_ACQUIRE))
		__atomic_store_n(&made->capacity, 0, __ATOMIC_RELEASE); /* the other one's is used: this one stays
		                                                         * empty */
	return true;
}

/* A new node, not yet in the index; 0: no room. */
static uint32_t node_make(struct stack_process *tree, const struct key *key)
{
	struct trace_node *node;
	uint64_t slot, within;
	unsigned extent;

	do {
		extent = extent_of(__atomic_load_n(&tree->next, __ATOMIC_ACQUIRE));
		/* Asked before the slot is taken, so that a full disk does not use up the ids. */
		if (extent >= TREE_EXTENTS ||
		    (!__atomic_load_n(&tree->extents[extent], __ATOMIC_ACQUIRE) && !extent_make(tree, extent)))
			return 0;
		slot = __atomic_fetch_add(&tree->next, 1, __ATOMIC_ACQ_REL);
		extent = extent_of(slot);
		within = slot - extent_start(extent);
	} while (within < HEADER_NODES);
	if (extent >= TREE_EXTENTS ||
	    (!__atomic_load_n(&tree->extents[extent], __ATOMIC_ACQUIRE) && !extent_make(tree, extent)))
		return 0;
	/* Early, and by the one thread that took this very slot, so that threads seldom make the same one. */
	if (within == extent_nodes(extent) / 4 * 3 && extent + 1 < TREE_EXTENTS &&
	    !__atomic_load_n(&tree->extents[extent + 1], __ATOMIC_ACQUIRE))
		extent_make(tree, extent + 1);
	node = node_at(tree, (uint32_t)(slot + 1));
	node->parent = key->parent;
	node->generation = key->generation;
	__atomic_store_n(&node->address, key->address, __ATOMIC_RELEASE);
	return (uint32_t)(slot + 1);
}

static uint64_t *table_make(struct stack_lane *lane)
{
	uint8_t *table = lane->spare;

	if (table) {
		lane->spare = NULL;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		__builtin_memset(table, 0, TABLE_BYTES);
		return (uint64_t *)table;
	}
	if (lane->tables == lane->tables_end) {
		uint8_t *taken = wiped_take(TABLES_TAKEN);

		if (!taken)
			return NULL;
		/* Equal while they change: a capture that is left here wastes what it took, no more. */
		lane->tables = lane->tables_end = taken;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		lane->tables_end = taken + TABLES_TAKEN;
	}
	table = lane->tables;
	lane->tables = table + TABLE_BYTES;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return (uint64_t *)table;
}

/*
 * An entry of the index: bit 0 set: a node, id above it, and 31 bits of its hash on top, which choose the slots below the
 * root's: so a node that makes room for another one need not be looked at, far away as it lies. Else a table's address.
 */
#define ENTRY_HASH 33
static inline uint64_t entry_of(uint32_t id, uint64_t first_hash)
{
	return first_hash >> ENTRY_HASH << ENTRY_HASH | (uint64_t)id << 1 | 1;
}

/* Makes a part of the root, unless another thread was faster: then what was taken stays unused. */
static __attribute__((noinline)) uint64_t *root_make(struct stack_process *tree, uint32_t part)
{
	uint64_t *made, *none = NULL;

	if (part >= TREE_ROOTS || !(made = wiped_take(sizeof(*made) << TREE_ROOT_BITS)))
		return NULL;
	if (__atomic_compare_exchange_n(&tree->roots[part], &none, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return made;
	return none;
}

/* Where the children of a node are looked for first; NULL: there is no memory. */
static inline uint64_t *root_slot(struct stack_process *tree, uint32_t parent)
{
	uint32_t part = parent >> TREE_ROOT_BITS;
	uint64_t *root = likely(part < TREE_ROOTS) ? __atomic_load_n(&tree->roots[part], __ATOMIC_ACQUIRE) : NULL;

	if (unlikely(!root) && !(root = root_make(tree, part)))
		return NULL;
	return &root[parent & ((1u << TREE_ROOT_BITS) - 1)];
}

uint32_t tree_intern(struct stack_process *tree, struct stack_lane *lane, uint32_t parent, uint64_t address,
	uint32_t generation)
{
	const struct key key = {.address = address, .parent = parent, .generation = generation};
	const uint64_t first_hash = hash(&key, 0);
	uint64_t bits = first_hash >> ENTRY_HASH;
	uint64_t *slot = root_slot(tree, parent);
	unsigned left = 64 - ENTRY_HASH, nth = 0; /* bits left of the nth hash */
	uint32_t made = 0;

	if (unlikely(!slot))
		return TRACE_STACK_NONE;
	for (;;) {
		uint64_t entry = __atomic_load_n(slot, __ATOMIC_ACQUIRE), other_bits, *table;
		bool in_entry = nth == 0 && left >= TABLE_BITS; /* the bits that choose the next slot */
		struct key other = {0};
		uint32_t id;

		if (entry == 0) {
			if (!made && !(made = node_make(tree, &key)))
				return TRACE_STACK_NONE;
			if (__atomic_compare_exchange_n(slot, &entry, entry_of(made, first_hash), false,
			                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				return made;
		}
		if (!(entry & 1)) {
			if (left < TABLE_BITS) {
				if (++nth == HASHES)
					return TRACE_STACK_NONE;
				bits = hash(&key, nth);
				left = 64;
			}
			slot = (uint64_t *)entry + (bits & (TABLE_SLOTS - 1));
			bits >>= TABLE_BITS;
			left -= TABLE_BITS;
			continue;
		}
		id = (uint32_t)(entry >> 1);
		if (!in_entry || entry >> ENTRY_HASH == first_hash >> ENTRY_HASH) {
			const struct trace_node *node = node_at(tree, id);

			other = (struct key){.address = node->address, .parent = node->parent,
			                     .generation = node->generation};
			if (other.address == address && other.parent == parent && other.generation == generation) {
				/* Another thread was faster: ours was never used. */
				if (made)
					__atomic_store_n(&node_at(tree, made)->address, 0, __ATOMIC_RELAXED);
				return id;
			}
		}
		/* Another key: it moves down by one table. The table is of the hash that the next step will use. */
		if (left < TABLE_BITS && nth + 1 == HASHES)
			return TRACE_STACK_NONE;
		if (in_entry)
			other_bits = entry >> (64 - left);
		else
			other_bits = left < TABLE_BITS ? hash(&other, nth + 1) : hash(&other, nth) >> (64 - left);
		table = table_make(lane);
		if (!table)
			return TRACE_STACK_NONE;
		table[other_bits & (TABLE_SLOTS - 1)] = entry;
		if (!__atomic_compare_exchange_n(slot, &entry, (uint64_t)table, false, __ATOMIC_ACQ_REL,
		                                 __ATOMIC_ACQUIRE))
			lane->spare = (uint8_t *)table;
	}
}

uint32_t tree_parent(struct stack_process *tree, uint32_t node)
{
	return node_at(tree, node)->parent;
}
