/*
 * human.h: numbers as a person reads them. The macros format into a buffer of the enclosing block.
 */
#ifndef PROBE_HUMAN_H
#define PROBE_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 40

#define BYTES(n)        human_bytes((char[HUMAN_SIZE]){0}, n)
#define COUNT(n)        human_count((char[HUMAN_SIZE]){0}, n)
#define SHARE(part, of) human_share((char[HUMAN_SIZE]){0}, part, of)
#define TIME(ns)        human_time((char[HUMAN_SIZE]){0}, ns)

const char *human_bytes(char *buffer, uint64_t bytes);            /* "512 B", "96.0 KiB" */
const char *human_count(char *buffer, uint64_t count);            /* "1,204,311" */
const char *human_share(char *buffer, uint64_t part, uint64_t of); /* "98.2 %"; "100 %" and "0 %" are exact */
const char *human_time(char *buffer, uint64_t ns);                /* "512 ns", "4.20 ms", "12.3 s", "1,204 s" */

/* "block" or "blocks"; for printf: "%s %s" of COUNT(n) and PLURAL(n, "block", "blocks"). */
#define PLURAL(n, one, many) ((n) == 1 ? (one) : (many))

#endif
