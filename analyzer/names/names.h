/*
 * names.h: from a node of a call tree to what a person calls it. For one thread at a time.
 */
#ifndef PROBE_NAMES_H
#define PROBE_NAMES_H

#include "model.h"

struct names;

/* Opens nothing yet: modules are read when first asked for. `recording` must outlive it. */
struct names *names_open(const struct recording *recording);
/*
 * The same, sharing files and what they say with the names of another recording, NULL none: each file is read once for all.
 * What frames point to is valid until the last of them is closed, and all their recordings must outlive that.
 */
struct names *names_open_beside(const struct recording *recording, const struct names *other);
void names_close(struct names *names);

/*
 * The frames of one node (one address): the innermost inlined function first, the real one last; at least one, of
 * kind FRAME_UNKNOWN with module and address if nothing is known. Owned by `names`, cached, valid until names_close.
 */
size_t names_resolve(struct names *names, struct process_id process, struct node_id node,
                     const struct frame **frames);

/*
 * The class whose table of virtual functions has this number in the process (struct site), NULL unknown. Owned by `names`,
 * cached, valid until names_close.
 */
const char *names_class(struct names *names, struct process_id process, uint32_t vtable);

/*
 * Bytes of an object of that class, 0 unknown. False: its blocks have more in them, as the counts of what std::make_shared made.
 */
bool names_class_size(struct names *names, struct process_id process, uint32_t vtable, uint64_t *size);

/*
 * What kept functions without names so far: sentences for a person, without full stop, about modules that changed on
 * disk, are gone, cannot be read. Owned by `names`, valid until the next call or names_close.
 */
size_t names_problems(struct names *names, const char *const **sentences);

struct binary;

/*
 * The file of the module that a node lies in, opened, and the node's own address in it, as it was recorded: a return
 * address, or the address itself if `exact`. NULL: it lies in none, or the file is not there. Owned by `names`.
 */
struct binary *names_binary(struct names *names, struct process_id process, struct node_id node, uint64_t *vaddr,
                            bool *exact);

/* As names_open, with another place for separate debug files than /usr/lib/debug. `debug_root` must outlive it. */
struct names *names_open_with(const struct recording *recording, const char *debug_root);

#endif
