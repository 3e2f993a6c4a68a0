/*
 * shape.h: types as debug information has them: what they are called, how large they are, what lies at an offset in
 * them, what a pointer points to. Any bytes at all may stand in debug information: whatever goes from entry to entry has
 * a bound.
 *
 * Names are written as a demangler writes them (`unsigned long`, `char const*`, `ns::Box<int>`), without `struct`, so
 * that the same type has one name whichever compiler, language and evidence it comes from. A struct goes by its own
 * name; one without any by the typedef of it. A typedef of anything else keeps its name (`int64_t`), unless it is a
 * class's member (`value_type`).
 */
#ifndef PROBE_TYPES_SHAPE_H
#define PROBE_TYPES_SHAPE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "names/cache.h"

#define SHAPE_ALTERNATIVES 4  /* of what lies at one offset: a union's members */

/* Where types of one file are declared and defined. */
struct shapes {               /* all zero but for dwarf: ready */
	Dwarf    *dwarf;          /* not owned; NULL: there is none */
	struct cache scopes;      /* by the address of a type's entry: what stands before its name, owned */
	struct cache read;        /* by the address of a unit's entry: its scopes were read */
	struct cache definitions; /* by whole name: struct shape_definition, owned */
	bool      defined;        /* they were looked for */
	struct shape_class *classes; /* by size (shape_by_size.c); owned; NULL until looked for */
	size_t    class_count;
	bool      collected;      /* they were looked for */
	size_t    left;           /* entries that may still be looked at, of one question that branches */
};

void shapes_free(struct shapes *shapes);

/* What a type is without typedef, const and their kind; of a class that is only declared, its definition if there is
 * one. False: void, or damage. */
bool shape_strip(struct shapes *shapes, const Dwarf_Die *type, Dwarf_Die *bare);

/* The type of an entry, integrated from where it is abstract. False: void. */
bool shape_type_of(Dwarf_Die *die, Dwarf_Die *type);

/* Of an entry that stands for a type in a unit of its own, that type takes its place. */
void shape_whole(Dwarf_Die *type);

/* Bytes of the class that is defined under a whole name ("ns::Box<int>"); 0 unknown. */
uint64_t shape_size_of_class(struct shapes *shapes, const char *name);

/* What a pointer or reference points to. False: it is neither, or to void or to a function. */
bool shape_target(struct shapes *shapes, const Dwarf_Die *type, Dwarf_Die *target);

/* Bytes; 0 unknown. */
uint64_t shape_size(struct shapes *shapes, const Dwarf_Die *type);

/*
 * The pointers that lie at an offset in a type, themselves or in members of members: what they point to. Returns how
 * many; beyond SHAPE_ALTERNATIVES none.
 */
size_t shape_pointers_at(struct shapes *shapes, const Dwarf_Die *type, uint64_t offset,
                         Dwarf_Die targets[SHAPE_ALTERNATIVES]);

/* Is there an array at an offset in a type? */
bool shape_is_array_at(struct shapes *shapes, const Dwarf_Die *type, uint64_t offset);

/* Does a class begin with one of another, as a base or a member? */
bool shape_begins_with(struct shapes *shapes, const Dwarf_Die *outer, const Dwarf_Die *inner);

/*
 * The class whose table of virtual functions a class begins with because it begins with such an object, which is a member;
 * to be freed. NULL: with its own, or none.
 */
char *shape_first_table(struct shapes *shapes, const Dwarf_Die *outer);

/* Is there a class of `size` bytes that begins with one of `inner`? */
bool shape_has_larger(struct shapes *shapes, const Dwarf_Die *inner, uint64_t size);

/* Is there a class of another name, not the Rust library's and not generic, that is laid out as the one of this name is? */
bool shape_has_twin(struct shapes *shapes, const char *name);

/* What else is to be known of a type before it is believed. */
struct shape_traits {
	bool is_class;            /* a struct, class or union */
	bool is_text;             /* char, a byte: what anything is cast to */
	bool is_number;           /* another number, or a pointer */
	bool has_tail;            /* its last member is an array that may be longer … */
	uint64_t tail;            /* … or not be there, from this byte on */
	bool is_polymorphic;      /* it has a table of virtual functions */
};

struct shape_traits shape_traits(struct shapes *shapes, const Dwarf_Die *type);

/* What elements an array consists of; the type itself if it is none. */
Dwarf_Die shape_element(struct shapes *shapes, const Dwarf_Die *type);

/* The name, to be freed; NULL: it has none. */
char *shape_name(struct shapes *shapes, const Dwarf_Die *type);

#endif
