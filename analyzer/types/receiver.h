/*
 * receiver.h: what a block is by who receives the pointer to it: evidence `debuginfo`. The follower (follow.h) says where
 * the pointer comes to in the function that called for memory; what it is there is held against the size of the block. A
 * function that hands the pointer on as void *, or as bytes, is an allocator: then its caller is asked.
 *
 * How sure it is, best first: a table of virtual functions that is stored into the block; a constructor that is called
 * with it, inlined or not; a variable; a member, element or global; the type that the function returns; a parameter of an
 * inlined function, of a called one, of a declared one. A type larger than the block is no answer, one that leaves a
 * remainder the last choice, for a header with an array behind it is common.
 *
 * A class that is smaller than the block may be an element of an array, a header, or what a larger class begins with. It is
 * an array where operator new[] was asked, or where the code asks for a multiple; a number of bytes that stands in the code
 * is none. It is none of them, as far as can be told, where a class of the block's size begins with it, or operator new was
 * asked for one object: which class that is cannot be told by its size, for compilers leave out of debug information what
 * nothing but a sizeof speaks of.
 */
#ifndef PROBE_TYPES_RECEIVER_H
#define PROBE_TYPES_RECEIVER_H

#include "names/demangle.h"
#include "types/follow.h"

struct receiver_sizes {       /* of the blocks, bytes */
	uint64_t  smallest, largest; /* largest 0: unknown */
	uint8_t   family;         /* enum trace_family: which functions were asked for them */
	bool      is_array;       /* something else tells that they are arrays of what receives them */
};

struct receiver_call {
	struct binary *binary;    /* opened; NULL: nothing is known of it, and no frame further out is asked */
	uint64_t  vaddr;          /* return address in it */
};

struct received {
	char     *type;           /* owned by the caller; NULL: unknown */
	char     *first;          /* the class of the member that it begins with, if that has virtual functions; as `type` */
	uint64_t  size;           /* bytes of one, of which each block has a whole number; 0 unknown */
	uint64_t  before;         /* bytes of the block before the first one: an array's count, an allocator's header */
	enum claim_why why;
	size_t    call;           /* which of the calls told */
	bool      is_open;        /* the blocks are several, or one with something behind it */
};

/* The calls by which a block was allocated, innermost first. */
struct received receive(struct demangler *demangler, const struct receiver_call *calls, size_t count,
                        struct receiver_sizes sizes);

/* Bytes of the class of this name, by a binary's debug information; 0 unknown. */
uint64_t class_size(struct binary *binary, const char *name);

/* The same by what its functions hand to operator delete; `vaddr`: of the first one in its table. */
uint64_t class_size_deleted(struct binary *binary, uint64_t vaddr);

/* Is there another class whose members lie where this one's do? Of a language without templates in its names. */
bool class_has_twin(struct binary *binary, const char *name);

#endif
