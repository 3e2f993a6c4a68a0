/*
 * ledger.h: what a part of a ledger is called, for a person and in JSON.
 */
#ifndef PROBE_REPORT_LEDGER_H
#define PROBE_REPORT_LEDGER_H

#include "report/json_rows.h"

/* "live malloc blocks", "file", …: the word for a kind of part. */
const char *ledger_kind_name(enum ledger_kind kind);

/*
 * Of a process with less than so many bytes resident, nearly all of them the C library's and libprobe's, a person is
 * told nothing.
 */
#define LEDGER_TOLD (16u << 20)

/* The ledger of a process's end, or the last before; NULL: there is none. */
const struct ledger *ledger_of_end(const struct process_info *process);

/* The LEDGER object, null if there is none. */
json_t *json_ledger(const struct view_process *process);

#endif
