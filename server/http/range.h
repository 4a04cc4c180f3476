/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Byte ranges (RFC 9110, 14) and the conditions on entity tags that go with them (13.1). Pure. */

/* More ranges than this, or ranges that together are longer than the whole, are refused. */
#define RANGE_MAX 16

struct range {
    uint64_t first;
    uint64_t length; /* at least 1 */
};

enum {
    RANGE_E_NONE = 1,          /* no such header, not bytes, malformed: answer with the whole */
    RANGE_E_UNSATISFIABLE = 2, /* 416 */
};

/*
 * header     the value of Range, or NULL
 * size       of the representation
 * ret_count  ranges that can be satisfied, in the order asked for
 *
 * Returns 0 (at least one range), RANGE_E_NONE or RANGE_E_UNSATISFIABLE.
 */
int range_parse(const char *header, uint64_t size, struct range ret_ranges[static RANGE_MAX],
                size_t *ret_count);

/* If-Range: whether Range counts. Strong comparison; a date never matches, as we send none. */
bool range_applies(const char *if_range, const char *etag);

/* If-None-Match and If-Match: whether a list of entity tags, or "*", has this one. Strong
 * comparison leaves out weak tags. */
bool range_etag_in(const char *list, const char *etag, bool strong);

#endif
