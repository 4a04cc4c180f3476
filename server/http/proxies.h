/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_PROXIES_H
#define HTTP_PROXIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which address a request really comes from, where reverse proxies are in between. Only what a
 * trusted proxy said counts, and of that only the end: each proxy appends whom it saw, so the list
 * is read from its end up to the first address that is no trusted proxy. What stands before it was
 * sent by who knows whom.
 */

#define PROXIES_MAX 64          /* networks */
#define PROXIES_ADDRESS_SIZE 46 /* INET6_ADDRSTRLEN */

enum proxies_header {
    PROXIES_X_FORWARDED_FOR,
    PROXIES_FORWARDED, /* RFC 7239 */
};

struct proxies {
    enum proxies_header header; /* the one that the proxies write; the other is never believed */
    size_t count;               /* 0: nobody is trusted */
    struct proxies_network {
        uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
        unsigned bits;
    } networks[PROXIES_MAX];
};

/* Reads "127.0.0.1, 10.0.0.0/8, fd00::/8"; blanks and commas divide. NULL and "" are nobody.
 * Returns false where something else stands there, or there are too many. */
bool proxies_parse(const char *text, struct proxies *ret_proxies);

/* The header's name. */
const char *proxies_header_name(const struct proxies *proxies);

/*
 * Replaces the address of the peer by that of the client, both numeric.
 *
 * values  of all headers of that name, in the order in which they came
 */
void proxies_resolve(const struct proxies *proxies, const char *const *values, size_t count,
                     char address[static PROXIES_ADDRESS_SIZE]);

#endif
