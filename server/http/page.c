/* SPDX-License-Identifier: Apache-2.0 */
#include "http/page.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "crypto/text.h"
#include "http/problems.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR_SIZE TEXT_BASE64_SIZE(PAGE_KEY_MAX)

/* Standard base64 with the alphabet for URLs and without padding (RFC 4648, 5). */
static void cursor_encode(const char *key, char ret_cursor[static CURSOR_SIZE])
{
    assert(strlen(key) <= PAGE_KEY_MAX);
    text_base64((const uint8_t *)key, strlen(key), ret_cursor);
    for (char *c = ret_cursor; *c; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
    }
    ret_cursor[strcspn(ret_cursor, "=")] = '\0';
}

static bool cursor_decode(const char *cursor, char ret_key[static PAGE_KEY_MAX + 1])
{
    char text[CURSOR_SIZE + 4];
    size_t length = strlen(cursor);
    size_t size;

    if (length == 0 || length >= CURSOR_SIZE || strpbrk(cursor, "+/="))
        return false;
    memcpy(text, cursor, length + 1);
    for (char *c = text; *c; c++) {
        if (*c == '-')
            *c = '+';
        else if (*c == '_')
            *c = '/';
    }
    while (length % 4 != 0)
        text[length++] = '=';
    text[length] = '\0';
    if (!text_unbase64(text, (uint8_t *)ret_key, PAGE_KEY_MAX, &size))
        return false;
    ret_key[size] = '\0';
    return size > 0 && strlen(ret_key) == size && utf8_valid(ret_key, size);
}

static bool number_parse(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || *end || number < min || number > max)
        return false;
    *ret_number = number;
    return true;
}

static int refuse_cursor(struct reply *reply)
{
    reply_problem(reply, &problems_invalid_field,
                  "after: not a cursor of this list; use 'next' of the page before");
    return PAGE_E_REFUSED;
}

int page_parse(const struct call *call, struct page *ret_page, struct reply *reply)
{
    const char *limit = request_query(call->request, "limit");
    const char *after = request_query(call->request, "after");
    struct page page = {.limit = PAGE_LIMIT_DEFAULT};
    char key[PAGE_KEY_MAX + 1];

    if (limit && !number_parse(limit, 1, PAGE_LIMIT_MAX, &page.limit)) {
        reply_problem(reply, &problems_invalid_field, "limit: a number from 1 to %d expected",
                      PAGE_LIMIT_MAX);
        return PAGE_E_REFUSED;
    }
    if (after) {
        if (!cursor_decode(after, key))
            return refuse_cursor(reply);
        page.after = arena_strdup(call->arena, key);
    }
    *ret_page = page;
    return 0;
}

int page_parse_id(const struct call *call, struct page *ret_page, struct reply *reply)
{
    struct page page;
    int r;

    r = page_parse(call, &page, reply);
    if (r)
        return r;
    if (page.after && !number_parse(page.after, 1, INT64_MAX, &page.after_id))
        return refuse_cursor(reply);
    *ret_page = page;
    return 0;
}

static json_t *encode(json_t *items, const char *next_key)
{
    char cursor[CURSOR_SIZE] = "";

    if (next_key)
        cursor_encode(next_key, cursor);
    return json_pack("{s:o, s:s?}", "items", items, "next", next_key ? cursor : NULL);
}

void page_reply(struct reply *reply, json_t *items, const char *next_key)
{
    reply_json(reply, 200, encode(items, next_key));
}

void page_reply_id(struct reply *reply, json_t *items, bool more, int64_t last_id)
{
    page_reply_id_with(reply, items, more, last_id, json_object());
}

void page_reply_id_with(struct reply *reply, json_t *items, bool more, int64_t last_id,
                        json_t *beside)
{
    json_auto_t *members = beside;
    char key[32];
    json_t *root;

    (void)snprintf(key, sizeof(key), "%lld", (long long)last_id);
    root = encode(items, more ? key : NULL);
    (void)json_object_update(root, members);
    reply_json(reply, 200, root);
}
