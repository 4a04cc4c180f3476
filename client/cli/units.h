/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Quantities as people read them. */

#define UNITS_SIZE 64

/* "512 B", "1.5 KiB", "12.3 MiB". */
void units_bytes(uint64_t bytes, char ret_text[static UNITS_SIZE]);

/* The two largest units: "340 us", "12 ms", "4.2 s", "3 min 5 s", "2 h 10 min", "12 d 3 h". */
void units_duration(int64_t duration_us, char ret_text[static UNITS_SIZE]);

/*
 * An RFC 3339 time, absolute and relative to now: "2026-01-02 03:04:05 UTC (3 min ago)", or
 * "(in 2 h 10 min)". Beyond 60 days the relative part is left out. "never" where text is NULL; a
 * text that is no time is copied as it is, cut to the size.
 */
void units_when(const char *text, int64_t now_ms, char ret_text[static UNITS_SIZE]);

/* As units_when for a table's cell: "3 min ago" within 60 days, else "2026-01-02". */
void units_when_short(const char *text, int64_t now_ms, char ret_text[static UNITS_SIZE]);

#endif
