/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include <stdbool.h>
#include <stdint.h>

/* Entity tags that are numbers ("7"), as desired states have. */

/* With the quotes and the NUL. */
#define ETAG_NUMBER_SIZE 22

/* number is not negative. */
void etag_print_number(int64_t number, char ret_tag[static ETAG_NUMBER_SIZE]);

/* Whether If-None-Match (RFC 9110, 13.1.2) lists the number: weak comparison, or "*". */
bool etag_lists_number(const char *header, int64_t number);

/*
 * The number of If-Match where it names exactly one strong tag ("7"). Returns false, leaving
 * ret_number, where it is anything else; "*" is for the caller to know.
 */
bool etag_parse_number(const char *header, int64_t *ret_number);

#endif
