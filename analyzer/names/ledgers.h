/*
 * ledgers.h: the parts of ledgers (heap/ledger.h) that only the names of functions tell apart.
 */
#ifndef PROBE_NAMES_LEDGERS_H
#define PROBE_NAMES_LEDGERS_H

#include "names/names.h"

/*
 * Of all ledgers of a recording: live blocks that back ArrayBuffers are told from others, what V8 mapped for its heap, its
 * code and WebAssembly's memories from what else was mapped, and mappings are named by their sites.
 */
void names_ledgers(struct recording *recording, struct names *names);

#endif
