/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "base/error.h"
#include "http/router.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Lists by keyset cursors: ?limit=1..1000 and ?after=<cursor>, answered with {"items","next"}.
 *
 * A cursor is the key of the last item of the page before, in URL-safe base64: opaque to clients,
 * and stable while items come and go. A handler asks the database for limit + 1 items: the one too
 * many tells that there is a next page.
 */

#define PAGE_LIMIT_DEFAULT 100
#define PAGE_LIMIT_MAX 1000
#define PAGE_KEY_MAX 1280 /* bytes of a key: a search may be sorted by a tag */

enum {
    PAGE_E_REFUSED = 1, /* the reply holds the problem; the handler returns 0 */
};

struct page {
    int64_t limit;
    const char *after; /* the key, or NULL: from the start; in the request's arena */
    int64_t after_id;  /* where keys are numbers; 0: from the start */
};

/* For lists whose key is a text. */
int page_parse(const struct call *call, struct page *ret_page, struct reply *reply) MUST_CHECK;

/* For lists whose key is a positive number. */
int page_parse_id(const struct call *call, struct page *ret_page, struct reply *reply) MUST_CHECK;

/*
 * Answers 200 with a page. Takes items, an array of at most limit items. next_key is the key of
 * the last of them where there are more (at most PAGE_KEY_MAX bytes), else NULL.
 */
void page_reply(struct reply *reply, json_t *items, const char *next_key);
void page_reply_id(struct reply *reply, json_t *items, bool more, int64_t last_id);
/* With other members beside "items" and "next"; takes them, an object. */
void page_reply_id_with(struct reply *reply, json_t *items, bool more, int64_t last_id,
                        json_t *beside);

#endif
