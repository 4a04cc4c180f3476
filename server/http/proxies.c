/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proxies.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t\r\n"
#define V4_BITS 96 /* in front of an IPv4 address */

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* ---- addresses ------------------------------------------------------------------------------ */

static bool read_address(const char *text, uint8_t ret_address[static 16], bool *ret_v4)
{
    *ret_v4 = inet_pton(AF_INET, text, ret_address + sizeof(v4_prefix)) == 1;
    if (*ret_v4) {
        memcpy(ret_address, v4_prefix, sizeof(v4_prefix));
        return true;
    }
    return inet_pton(AF_INET6, text, ret_address) == 1;
}

static void write_address(const uint8_t address[static 16],
                          char ret_text[static PROXIES_ADDRESS_SIZE])
{
    if (memcmp(address, v4_prefix, sizeof(v4_prefix)) == 0)
        (void)inet_ntop(AF_INET, address + sizeof(v4_prefix), ret_text, PROXIES_ADDRESS_SIZE);
    else
        (void)inet_ntop(AF_INET6, address, ret_text, PROXIES_ADDRESS_SIZE);
}

static bool is_within(const uint8_t address[static 16], const struct proxies_network *network)
{
    unsigned whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    uint8_t mask = (uint8_t)(0xff00U >> rest);

    return memcmp(address, network->address, whole) == 0 &&
           (rest == 0 || (address[whole] & mask) == (network->address[whole] & mask));
}

static bool is_trusted(const struct proxies *proxies, const uint8_t address[static 16])
{
    for (size_t i = 0; i < proxies->count; i++)
        if (is_within(address, &proxies->networks[i]))
            return true;
    return false;
}

/* ---- the option ----------------------------------------------------------------------------- */

static bool read_network(char *word, struct proxies_network *ret_network)
{
    struct proxies_network network;
    char *slash = strchr(word, '/');
    unsigned long bits;
    char *end = NULL;
    bool v4;

    if (slash)
        *slash = '\0';
    if (!read_address(word, network.address, &v4))
        return false;
    bits = v4 ? 32 : 128;
    if (slash) {
        if (slash[1] < '0' || slash[1] > '9')
            return false;
        unsigned long given = strtoul(slash + 1, &end, 10);
        if (*end || given > bits)
            return false;
        bits = given;
    }
    network.bits = (unsigned)bits + (v4 ? V4_BITS : 0);
    *ret_network = network;
    return true;
}

bool proxies_parse(const char *text, struct proxies *ret_proxies)
{
    const char *cursor = text ? text : "";

    ret_proxies->count = 0;
    for (cursor += strspn(cursor, SEPARATORS); *cursor; cursor += strspn(cursor, SEPARATORS)) {
        size_t length = strcspn(cursor, SEPARATORS);
        char word[PROXIES_ADDRESS_SIZE + 4];

        if (length >= sizeof(word) || ret_proxies->count == PROXIES_MAX)
            return false;
        memcpy(word, cursor, length);
        word[length] = '\0';
        if (!read_network(word, &ret_proxies->networks[ret_proxies->count]))
            return false;
        ret_proxies->count++;
        cursor += length;
    }
    return true;
}

const char *proxies_header_name(const struct proxies *proxies)
{
    return proxies->header == PROXIES_FORWARDED ? "Forwarded" : "X-Forwarded-For";
}

/* ---- what a proxy said ---------------------------------------------------------------------- */

struct span {
    const char *start;
    size_t length;
};

static struct span trim(struct span span)
{
    while (span.length > 0 && strchr(" \t", *span.start)) {
        span.start++;
        span.length--;
    }
    while (span.length > 0 && strchr(" \t", span.start[span.length - 1]))
        span.length--;
    return span;
}

/* Takes the part behind the last divider away from the end. Quotes are not looked into: an address
 * in them holds no divider, and whatever else does is not believed. */
static struct span take_last(struct span *list, char divider)
{
    struct span last = {list->start, list->length};

    for (size_t i = list->length; i > 0; i--) {
        if (list->start[i - 1] != divider)
            continue;
        last = (struct span){list->start + i, list->length - i};
        list->length = i - 1;
        return trim(last);
    }
    list->length = 0;
    return trim(last);
}

/* The value of for= in an element of Forwarded; empty where there is none. */
static struct span find_for(struct span element)
{
    while (element.length > 0) {
        struct span pair = take_last(&element, ';');

        if (pair.length > 4 && strncasecmp(pair.start, "for=", 4) == 0) {
            struct span value = {pair.start + 4, pair.length - 4};

            if (value.length >= 2 && *value.start == '"' && value.start[value.length - 1] == '"')
                value = (struct span){value.start + 1, value.length - 2};
            return value;
        }
    }
    return element;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" */
static bool read_node(struct span node, uint8_t ret_address[static 16])
{
    char text[PROXIES_ADDRESS_SIZE + 10];
    char *start = text;
    char *colon;
    bool v4;

    if (node.length == 0 || node.length >= sizeof(text))
        return false;
    memcpy(text, node.start, node.length);
    text[node.length] = '\0';
    colon = strchr(text, ':');
    if (*text == '[') {
        char *bracket = strchr(text, ']');

        if (!bracket || (bracket[1] && bracket[1] != ':'))
            return false;
        *bracket = '\0';
        start++;
    } else if (colon && !strchr(colon + 1, ':')) {
        *colon = '\0';
    }
    return read_address(start, ret_address, &v4);
}

void proxies_resolve(const struct proxies *proxies, const char *const *values, size_t count,
                     char address[static PROXIES_ADDRESS_SIZE])
{
    uint8_t client[16];
    bool v4;

    if (!read_address(address, client, &v4) || !is_trusted(proxies, client))
        return;
    while (count > 0) {
        struct span list = {values[count - 1], strlen(values[count - 1])};

        count--;
        while (list.length > 0) {
            struct span last = take_last(&list, ',');

            if (proxies->header == PROXIES_FORWARDED)
                last = find_for(last);
            if (!read_node(last, client))
                return;
            write_address(client, address);
            if (!is_trusted(proxies, client))
                return;
        }
    }
}
