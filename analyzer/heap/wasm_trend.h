/* wasm_trend.h: how linear memories grow from mark to mark. */
#ifndef PROBE_WASM_TREND_H
#define PROBE_WASM_TREND_H

#include "model.h"

/* Judges each memory of a process that is complete, by the instants since it is there. */
void wasm_trend(struct process_info *process);

#endif
