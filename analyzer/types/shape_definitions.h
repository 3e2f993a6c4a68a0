/* shape_definitions.h: between shape.c and shape_name.c. */
#ifndef PROBE_TYPES_SHAPE_DEFINITIONS_H
#define PROBE_TYPES_SHAPE_DEFINITIONS_H

#include "types/shape.h"

/* What stands before the name of a type: "ns::Outer::", ""; NULL: nothing is known of it. */
const char *shape_scope(struct shapes *shapes, Dwarf_Die *type);

/* Puts the definition of a class that is only declared there in its place, if some unit has one. */
void shape_definition(struct shapes *shapes, Dwarf_Die *class);

/* Is it a typedef that is a class's member? */
bool shape_is_member(struct shapes *shapes, Dwarf_Die *type);

#endif
